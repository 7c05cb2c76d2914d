//! The code for the foot of a site: the filing number with a link to the ministry (filing-rules §8.1: a number that is
//! missing, wrong or without link is fined), and the reminder of the public-security filing (公安联网备案).

use std::sync::Arc;

use chrono::NaiveDate;
use icp_domain::Province;
use icp_domain::identifiers::FilingNumber;
use icp_kit::Clock;
use icp_rules_host::Host;
use icp_rules_sdk::{Context, FooterNumber, Order};
use serde::Serialize;
use utoipa::ToSchema;

use crate::order::Event;
use crate::rules::day_in_china;

/// Where the number links to.
pub const MINISTRY_URL: &str = "https://beian.miit.gov.cn/";
/// Where the public-security filing is made.
pub const PUBLIC_SECURITY_URL: &str = "https://beian.mps.gov.cn/";

/// What to put at the foot of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Footer {
    /// The number in the province's form.
    pub number: String,
    /// Where it links to.
    pub link: &'static str,
    /// Ready to be pasted.
    pub html: String,
    /// The filing that follows.
    pub public_security: PublicSecurity,
}

/// The reminder of the public-security filing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublicSecurity {
    /// Last day, for a site that opened on the day of the approval; null where it was not new when it came on record
    /// here: nobody here knows when it opened.
    pub due: Option<NaiveDate>,
    /// Where it is made.
    pub link: &'static str,
    /// The reminder in Chinese.
    pub message_zh: String,
    /// The reminder in English.
    pub message_en: String,
}

/// Asks the provinces' rule modules which number stands at the foot of a site.
#[derive(Clone)]
pub struct FooterForms {
    /// Rule modules.
    pub rules: Arc<Host>,
    /// Business time.
    pub clock: Clock,
}

impl FooterForms {
    /// The form of a province, and who says so; without an answer of its module, why there is none: a guess may cost
    /// the organiser a fine.
    pub fn of(&self, province: &str) -> Result<(FooterNumber, String), String> {
        let no_module = || format!("no rule module of {province} is active");
        let known = Province::parse(province).ok_or_else(no_module)?;
        let module = self.rules.active(known).ok_or_else(no_module)?;
        let context = Context::on(day_in_china(self.clock.now()));
        let requirements = self.rules.requirements(known, &question(province), &context)?;
        Ok((requirements.footer_number, format!("{province} {}", module.version())))
    }

    /// What stands at the foot of the sites whose approval is among these events, each number once; nothing where the
    /// module does not say.
    pub fn numbers(&self, province: &str, events: &[Event]) -> Vec<String> {
        let approved = events.iter().find_map(|event| match event {
            Event::Approved(numbers) => Some(&numbers.service_numbers),
            _ => None,
        });
        let Some(services) = approved.filter(|services| !services.is_empty()) else { return Vec::new() };
        match self.of(province) {
            Ok((form, _)) => numbers(form, services),
            Err(reason) => {
                tracing::warn!(reason, province, "the approval does not say which number the footer shows");
                Vec::new()
            }
        }
    }
}

/// The order that asks for the form: it is the province's, whatever an order says.
fn question(province: &str) -> Order {
    Order { province: province.to_owned(), ..Order::default() }
}

/// What services of these numbers show, each number once.
fn numbers(form: FooterNumber, services: &[String]) -> Vec<String> {
    let mut shown: Vec<String> = services.iter().map(|service| number(form, service)).collect();
    shown.dedup();
    shown
}

/// What a service of this number shows.
fn number(form: FooterNumber, service_number: &str) -> String {
    match form {
        FooterNumber::Service => service_number.to_owned(),
        FooterNumber::Organiser => FilingNumber::parse(service_number)
            .map_or_else(|_| service_number.to_owned(), |number| number.organiser().as_str()),
    }
}

impl Footer {
    /// For a service whose public-security filing is due within so many days of the opening, until this day if that is
    /// known.
    pub fn new(service_number: &str, form: FooterNumber, public_security_days: u32, due: Option<NaiveDate>) -> Self {
        let number = number(form, service_number);
        let html = format!(
            "<a href=\"{MINISTRY_URL}\" target=\"_blank\" rel=\"noopener noreferrer\">{}</a>",
            escaped(&number)
        );
        let days = public_security_days;
        let (by_zh, by_en) = due.map_or_else(Default::default, |due| {
            let by_en = format!(" (by {due} for a site that opened on the day of the approval)");
            (format!("（如审核通过当日开通，最迟为{due}）"), by_en)
        });
        let public_security = PublicSecurity {
            due,
            link: PUBLIC_SECURITY_URL,
            message_zh: format!(
                "请在网站开通之日起{days}日内办理公安联网备案{by_zh}，并在通过后30日内悬挂公安备案号。"
            ),
            message_en: format!(
                "Within {days} days of the opening, file with the public security bureau{by_en}, and show its number \
                 within 30 days of its approval."
            ),
        };
        Self { number, link: MINISTRY_URL, html, public_security }
    }
}

/// Text as it may stand in HTML, in attributes too.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn footer(number: &str, form: FooterNumber) -> Footer {
        Footer::new(number, form, 30, Some("2026-04-01".parse().unwrap()))
    }

    #[test]
    fn each_province_has_its_form() {
        let number = "粤ICP备2021000001号-2A";
        assert_eq!(footer(number, FooterNumber::Service).number, number);
        let of_organiser = footer(number, FooterNumber::Organiser);
        assert_eq!(of_organiser.number, "粤ICP备2021000001号");
        assert_eq!(
            of_organiser.html,
            "<a href=\"https://beian.miit.gov.cn/\" target=\"_blank\" rel=\"noopener noreferrer\">粤ICP备2021000001号</a>"
        );
    }

    #[test]
    fn a_book_answers_an_order_that_says_nothing_else() {
        let context = Context::on(icp_rules_sdk::Date::new(2026, 3, 1));
        let requirements = icp_rules_sdk::requirements::requirements;
        let national = requirements(&icp_rules_sdk::national::NATIONAL, &question("zj"), &context);
        assert_eq!(national.footer_number, FooterNumber::Service);
    }

    #[test]
    fn sites_that_show_the_same_number_show_it_once() {
        let services = ["粤ICP备2021000001号-1", "粤ICP备2021000001号-2A"].map(str::to_owned);
        assert_eq!(numbers(FooterNumber::Organiser, &services), ["粤ICP备2021000001号"]);
        assert_eq!(numbers(FooterNumber::Service, &services), services);
    }

    #[test]
    fn the_reminder_names_the_last_day_where_it_is_known() {
        let number = "粤ICP备2021000001号-1";
        let known = footer(number, FooterNumber::Service).public_security;
        assert!(known.message_zh.contains("2026-04-01") && known.message_en.contains("2026-04-01"));
        let unknown = Footer::new(number, FooterNumber::Service, 30, None).public_security;
        assert!(unknown.message_zh.contains("30日内办理公安联网备案，"), "{}", unknown.message_zh);
        assert!(!unknown.message_en.contains("by "), "{}", unknown.message_en);
    }

    #[test]
    fn nothing_breaks_out_of_the_snippet() {
        let html = footer("\"><script>'&", FooterNumber::Organiser).html;
        assert!(html.contains(">&quot;&gt;&lt;script&gt;&#39;&amp;</a>"), "{html}");
    }
}
