//! The words of notices: one template for each notice and channel, compiled in.
//!
//! A mail's first line is its subject. Chinese comes first, as the law's language; an English line follows.

use minijinja::value::Serde;
use minijinja::{Environment, Error, UndefinedBehavior};
use serde::Serialize;

use crate::channel::Channel;
use crate::notice::{Notice, Values};

/// Longest SMS that gateways join: ten parts of 67 characters.
const SMS_MAX_CHARACTERS: usize = 670;

const TEMPLATES: [(&str, &str); 22] = [
    ("submitted.mail", include_str!("templates/submitted.mail.txt")),
    ("returned.mail", include_str!("templates/returned.mail.txt")),
    ("returned.sms", include_str!("templates/returned.sms.txt")),
    ("queued.mail", include_str!("templates/queued.mail.txt")),
    ("at_bureau.mail", include_str!("templates/at_bureau.mail.txt")),
    ("at_bureau.sms", include_str!("templates/at_bureau.sms.txt")),
    ("approved.mail", include_str!("templates/approved.mail.txt")),
    ("approved.sms", include_str!("templates/approved.sms.txt")),
    ("cancelled.mail", include_str!("templates/cancelled.mail.txt")),
    ("withdrawn.mail", include_str!("templates/withdrawn.mail.txt")),
    ("withdrawal_too_late.mail", include_str!("templates/withdrawal_too_late.mail.txt")),
    ("withdrawal_too_late.sms", include_str!("templates/withdrawal_too_late.sms.txt")),
    ("consent_asked.mail", include_str!("templates/consent_asked.mail.txt")),
    ("consent_asked.sms", include_str!("templates/consent_asked.sms.txt")),
    ("reminder.mail", include_str!("templates/reminder.mail.txt")),
    ("expired.mail", include_str!("templates/expired.mail.txt")),
    ("public_security.mail", include_str!("templates/public_security.mail.txt")),
    ("public_security.sms", include_str!("templates/public_security.sms.txt")),
    ("window_opened.sms", include_str!("templates/window_opened.sms.txt")),
    ("window_reminder.mail", include_str!("templates/window_reminder.mail.txt")),
    ("window_reminder.sms", include_str!("templates/window_reminder.sms.txt")),
    ("window_expired.sms", include_str!("templates/window_expired.sms.txt")),
];

/// A mail's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailText {
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// The compiled templates.
#[derive(Debug)]
pub struct Wording {
    templates: Environment<'static>,
    signature: String,
}

#[derive(Serialize)]
struct Context<'a> {
    name: &'a str,
    signature: &'a str,
    #[serde(flatten)]
    values: &'a Values,
}

impl Wording {
    /// Compiles the templates; a value that a template names and does not get is an error.
    pub fn new(signature: &str) -> Result<Self, Error> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, source) in TEMPLATES {
            templates.add_template(name, source)?;
        }
        Ok(Self { templates, signature: signature.to_owned() })
    }

    /// Whether there are words for this notice and channel.
    pub fn has(&self, notice: Notice, channel: Channel) -> bool {
        self.templates.get_template(&template_name(notice, channel)).is_ok()
    }

    /// A mail to a person of this name.
    pub fn mail(&self, notice: Notice, name: &str, values: &Values) -> Result<MailText, Error> {
        let text = self.render(notice, Channel::Mail, name, values)?;
        let (subject, body) = text.split_once('\n').unwrap_or((text.as_str(), ""));
        Ok(MailText { subject: subject.trim().to_owned(), body: body.trim_start().to_owned() })
    }

    /// An SMS to a person of this name, cut to what gateways take.
    pub fn sms(&self, notice: Notice, name: &str, values: &Values) -> Result<String, Error> {
        let text = self.render(notice, Channel::Sms, name, values)?;
        Ok(text.trim().chars().take(SMS_MAX_CHARACTERS).collect())
    }

    fn render(&self, notice: Notice, channel: Channel, name: &str, values: &Values) -> Result<String, Error> {
        let context = Context { name, signature: &self.signature, values };
        self.templates.get_template(&template_name(notice, channel))?.render(Serde(context))
    }
}

fn template_name(notice: Notice, channel: Channel) -> String {
    format!("{}.{}", notice.as_str(), channel.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::notice::ToldFinding;

    fn values() -> Values {
        Values {
            order_id: "01940000-0000-7000-8000-000000000000".into(),
            province: "gd".into(),
            organiser_number: "粤ICP备2026000001号".into(),
            service_numbers: vec!["粤ICP备2026000001号-1".into(), "粤ICP备2026000001号-2".into()],
            footer_numbers: vec!["粤ICP备2026000001号".into()],
            findings: vec![ToldFinding {
                place: 0,
                own_reason: "与营业执照不一致".into(),
                code: "V01".into(),
                field: "services[0].name".into(),
                field_zh: "第1个服务的名称".into(),
                reason_zh: "名称不可用".into(),
                reason_en: "the name is taken".into(),
                remedy: "请更换名称".into(),
            }],
            deadline_zh: "11月22日 09:30".into(),
            deadline_en: "2026-11-22 09:30".into(),
        }
    }

    #[test]
    fn every_template_renders_with_full_and_with_empty_values() {
        let wording = Wording::new("示例备案").unwrap();
        for (name, _) in TEMPLATES {
            let (notice, channel) = name.split_once('.').unwrap();
            let notice = Notice::parse(notice).unwrap();
            for values in [values(), Values::default()] {
                if channel == "mail" {
                    let mail = wording.mail(notice, "张三", &values).unwrap();
                    assert!(!mail.subject.is_empty() && !mail.subject.contains('\n'), "{name}");
                    assert!(mail.body.starts_with("张三，您好"), "{name}: {}", mail.body);
                    assert!(mail.body.trim_end().ends_with("示例备案"), "{name}: {}", mail.body);
                } else {
                    let text = wording.sms(notice, "张三", &values).unwrap();
                    assert!(text.starts_with("【示例备案】") && !text.contains('\n'), "{name}: {text}");
                    assert!(text.chars().count() < SMS_MAX_CHARACTERS, "{name}");
                }
            }
        }
    }

    #[test]
    fn a_returned_order_names_field_reason_and_remedy() {
        let wording = Wording::new("示例备案").unwrap();
        let body = wording.mail(Notice::Returned, "张三", &values()).unwrap().body;
        for part in [
            "第1个服务的名称 services[0].name",
            "V01",
            "名称不可用",
            "the name is taken",
            "请更换名称",
            "与营业执照不一致",
        ] {
            assert!(body.contains(part), "{part} in {body}");
        }
        assert!(!body.contains("Please sign in to see why"));
        let without = wording.mail(Notice::Returned, "张三", &Values::default()).unwrap().body;
        assert!(without.contains("Please sign in to see why"));
    }

    #[test]
    fn an_approval_names_each_number_and_shows_only_what_the_province_wants_shown() {
        const LINK: &str = "<a href=\"https://beian.miit.gov.cn/\" target=\"_blank\" rel=\"noopener noreferrer\">";
        let wording = Wording::new("示例备案").unwrap();
        let body = wording.mail(Notice::Approved, "张三", &values()).unwrap().body;
        assert!(values().service_numbers.iter().all(|number| body.contains(number)), "{body}");
        assert!(body.contains(&format!("{LINK}粤ICP备2026000001号</a>")), "{body}");
        assert!(body.contains("11月22日 09:30") && body.contains("beian.mps.gov.cn"), "{body}");
        let no_term = Values { deadline_zh: String::new(), deadline_en: String::new(), ..values() };
        let without = wording.mail(Notice::Approved, "张三", &no_term).unwrap().body;
        assert!(!without.contains("公安"), "{without}");
        assert_eq!(body.matches(LINK).count(), 1, "{body}");
        let sms = wording.sms(Notice::Approved, "张三", &values()).unwrap();
        assert!(sms.contains("粤ICP备2026000001号-1等2项"), "{sms}");
        assert!(sms.contains("首页底部显示“粤ICP备2026000001号”并链接"), "{sms}");
    }

    #[test]
    fn an_approval_guesses_no_footer() {
        let wording = Wording::new("示例备案").unwrap();
        let unknown = Values { footer_numbers: Vec::new(), ..values() };
        let body = wording.mail(Notice::Approved, "张三", &unknown).unwrap().body;
        assert!(!body.contains("<a href") && body.contains("sign in to see which"), "{body}");
        let sms = wording.sms(Notice::Approved, "张三", &unknown).unwrap();
        assert!(sms.contains("请登录平台查看"), "{sms}");
        let of_organiser = Values { service_numbers: Vec::new(), ..unknown };
        let body = wording.mail(Notice::Approved, "张三", &of_organiser).unwrap().body;
        assert!(!body.contains("首页"), "nothing is shown anew: {body}");
    }

    #[test]
    fn a_reminder_names_its_deadline() {
        let wording = Wording::new("示例备案").unwrap();
        let sms = wording.sms(Notice::WindowReminder, "张三", &values()).unwrap();
        assert!(sms.contains("11月22日 09:30") && sms.contains("2026-11-22 09:30"), "{sms}");
        let mail = wording.mail(Notice::Reminder, "张三", &values()).unwrap().body;
        assert!(mail.contains("11月22日 09:30") && mail.contains("2026-11-22 09:30"), "{mail}");
        let mail = wording.mail(Notice::PublicSecurity, "张三", &values()).unwrap().body;
        let sms = wording.sms(Notice::PublicSecurity, "张三", &values()).unwrap();
        for text in [mail, sms] {
            assert!(text.contains("11月22日 09:30") && text.contains("粤ICP备2026000001号-1"), "{text}");
        }
    }
}
