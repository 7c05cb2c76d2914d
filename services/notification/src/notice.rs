//! Kinds of notices and what each says, as values for its template. Nothing in here is personal data, until the own words
//! of whoever returned an order are put in, right before the notice goes.

use chrono::{DateTime, FixedOffset};
use icp_proto::common::Severity;
use icp_proto::order::OwnWords;
use serde::{Deserialize, Serialize};

use crate::fact::Fact;
use crate::field_name;

/// China Standard Time has no summer time.
const CHINA_OFFSET_SECONDS: i32 = 8 * 3_600;

/// Facts about an order that nobody works on: `reminder_first`, `reminder_second`, `reminder_last`.
const REMINDERS: &str = "reminder_";
/// Facts about an approved order: `public_security_first`, `public_security_last`.
const PUBLIC_SECURITY_REMINDERS: &str = "public_security_";

/// Whether a fact about an order only reminds its applicant: partners are not told of it.
pub fn is_reminder(event: &str) -> bool {
    event.starts_with(REMINDERS) || event.starts_with(PUBLIC_SECURITY_REMINDERS)
}

/// What a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notice {
    /// The order has come in.
    Submitted,
    /// The order came back with findings.
    Returned,
    /// The provider looks at the order.
    ReviewRequested,
    /// The order waits for its turn at the bureau.
    Queued,
    /// The bureau has the order; codes come by SMS.
    AtBureau,
    /// The filing has its numbers.
    Approved,
    /// What was to be taken off the record is off it.
    Cancelled,
    /// The order was taken back.
    Withdrawn,
    /// The order could not be taken back: it goes on to the bureau.
    WithdrawalTooLate,
    /// The account that holds a record is asked to let it go.
    ConsentAsked,
    /// Nobody works on the order.
    Reminder,
    /// Nobody worked on the order for too long.
    Expired,
    /// What was approved must be filed with the police soon.
    PublicSecurity,
    /// A person in charge must confirm a code.
    WindowOpened,
    /// A person in charge may have forgotten to confirm.
    WindowReminder,
    /// Nobody confirmed in time.
    WindowExpired,
}

impl Notice {
    /// All kinds.
    pub const ALL: [Self; 16] = [
        Self::Submitted,
        Self::Returned,
        Self::ReviewRequested,
        Self::Queued,
        Self::AtBureau,
        Self::Approved,
        Self::Cancelled,
        Self::Withdrawn,
        Self::WithdrawalTooLate,
        Self::ConsentAsked,
        Self::Reminder,
        Self::Expired,
        Self::PublicSecurity,
        Self::WindowOpened,
        Self::WindowReminder,
        Self::WindowExpired,
    ];

    /// As in the configuration, in the table and in template names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Returned => "returned",
            Self::ReviewRequested => "review_requested",
            Self::Queued => "queued",
            Self::AtBureau => "at_bureau",
            Self::Approved => "approved",
            Self::Cancelled => "cancelled",
            Self::Withdrawn => "withdrawn",
            Self::WithdrawalTooLate => "withdrawal_too_late",
            Self::ConsentAsked => "consent_asked",
            Self::Reminder => "reminder",
            Self::Expired => "expired",
            Self::PublicSecurity => "public_security",
            Self::WindowOpened => "window_opened",
            Self::WindowReminder => "window_reminder",
            Self::WindowExpired => "window_expired",
        }
    }

    /// From the configuration or a job.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == name)
    }

    /// The notice about a fact, if people are told of it at all.
    pub fn about(fact: &Fact) -> Option<Self> {
        match fact {
            Fact::Order(event) if event.event.starts_with(REMINDERS) => Some(Self::Reminder),
            Fact::Order(event) if event.event.starts_with(PUBLIC_SECURITY_REMINDERS) => Some(Self::PublicSecurity),
            Fact::Order(event) => Self::parse(&event.event).filter(|notice| *notice < Self::WindowOpened),
            Fact::Window(event) => match event.event.as_str() {
                "opened" => Some(Self::WindowOpened),
                "reminder_due" => Some(Self::WindowReminder),
                "expired" => Some(Self::WindowExpired),
                _ => None,
            },
        }
    }
}

/// One finding as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ToldFinding {
    /// Which of the fact's findings it is, from 0.
    #[serde(default)]
    pub place: u32,
    /// Stable code.
    pub code: String,
    /// Path of the field.
    pub field: String,
    /// What people call it.
    #[serde(default)]
    pub field_zh: String,
    /// What is wrong.
    pub reason_zh: String,
    /// The same in English.
    pub reason_en: String,
    /// What whoever returned the order wrote about it.
    #[serde(default)]
    pub own_reason: String,
    /// What to do.
    pub remedy: String,
}

/// The values that templates may use, besides the recipient's name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Values {
    /// The order.
    pub order_id: String,
    /// Letters of the province.
    pub province: String,
    /// Number of the organiser.
    pub organiser_number: String,
    /// Numbers of the services.
    pub service_numbers: Vec<String>,
    /// What stands at the foot of the sites, in the province's form; empty where its rules did not say.
    #[serde(default)]
    pub footer_numbers: Vec<String>,
    /// Why it came back; advice left out.
    pub findings: Vec<ToldFinding>,
    /// Until when, China Standard Time, e.g. `11月22日 09:30`; empty where the fact names no time.
    pub deadline_zh: String,
    /// The same in English.
    pub deadline_en: String,
}

impl Values {
    /// The values of a fact.
    pub fn of(fact: &Fact) -> Self {
        match fact {
            Fact::Order(event) => Self {
                order_id: event.order_id.clone(),
                province: event.province.clone(),
                organiser_number: event.organiser_number.clone(),
                service_numbers: event.service_numbers.clone(),
                footer_numbers: event.footer_numbers.clone(),
                findings: (0..)
                    .zip(&event.findings)
                    .filter(|(_, finding)| finding.severity() != Severity::Advise)
                    .map(|(place, finding)| ToldFinding {
                        place,
                        code: finding.code.clone(),
                        field: finding.field.clone(),
                        field_zh: field_name::in_chinese(&finding.field),
                        reason_zh: finding.message_zh.clone(),
                        reason_en: finding.message_en.clone(),
                        own_reason: String::new(),
                        remedy: finding.remedy.clone(),
                    })
                    .collect(),
                deadline_zh: in_china(event.deadline_unix_ms, "%m月%d日 %H:%M"),
                deadline_en: in_china(event.deadline_unix_ms, "%Y-%m-%d %H:%M"),
            },
            Fact::Window(event) => Self {
                order_id: event.order_id.clone(),
                province: event.province.clone(),
                deadline_zh: in_china(event.deadline_unix_ms, "%m月%d日 %H:%M"),
                deadline_en: in_china(event.deadline_unix_ms, "%Y-%m-%d %H:%M"),
                ..Self::default()
            },
        }
    }
}

impl Values {
    /// The same in the words of whoever returned the order, where they say more than the catalogue.
    pub fn in_own_words(mut self, own: &OwnWords) -> Self {
        for finding in &mut self.findings {
            let Some(own) = own.words.iter().find(|word| word.finding == finding.place) else { continue };
            if !own.reason.is_empty() {
                finding.own_reason.clone_from(&own.reason);
            }
            if !own.remedy.is_empty() {
                finding.remedy.clone_from(&own.remedy);
            }
        }
        self
    }
}

fn in_china(unix_ms: i64, format: &str) -> String {
    let at = DateTime::from_timestamp_millis(unix_ms)
        .filter(|_| unix_ms != 0)
        .zip(FixedOffset::east_opt(CHINA_OFFSET_SECONDS));
    at.map(|(at, china)| at.with_timezone(&china).format(format).to_string()).unwrap_or_default()
}
