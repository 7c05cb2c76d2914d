//! Until when something must happen to an order, and how long its steps usually take.

pub mod ics;

use chrono::{DateTime, Days, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::desk::deadline::Deadlines as WorkingDays;
use crate::order::{Order, Phase};
use crate::public_security::PublicSecurityTerm;
use crate::store::EndsOfParts;

/// Hours in which the ministry's SMS must be confirmed (filing-rules §2.3).
const SMS_HOURS: i64 = 24;

/// Something with a term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Deadline {
    /// `idle`, `upload`, `entitlement`, `provider_review`, `sms`, `bureau` or `public_security`.
    pub name: &'static str,
    /// When it is over.
    pub at: DateTime<Utc>,
    /// In Chinese.
    pub text_zh: &'static str,
    /// What happens, or must have happened, by then.
    pub text: &'static str,
}

/// What an order's deadlines depend on.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// When it was handed in last.
    pub submitted_at: Option<DateTime<Utc>>,
    /// When the bureau's system took it.
    pub received_at: Option<DateTime<Utc>>,
    /// Days after which an idle order expires.
    pub idle_expiry_days: u32,
    /// What it has under way that ends by itself.
    pub parts: EndsOfParts,
    /// Working days that the bureau may take.
    pub bureau_working_days: u32,
    /// When the public-security filing is due.
    pub public_security: PublicSecurityTerm,
    /// The time of the question.
    pub now: DateTime<Utc>,
}

/// Every deadline that is open, the nearest first.
pub fn deadlines(order: &Order, course: &Course, working: &WorkingDays) -> Vec<Deadline> {
    let mut open = Vec::new();
    let (submitted, received) = (course.submitted_at, course.received_at);
    match order.phase {
        _ if order.may_expire() => {
            open.push(Deadline {
                name: "idle",
                at: course.updated_at + Days::new(course.idle_expiry_days.into()),
                text_zh: "订单闲置将自动失效",
                text: "the order expires unless it is worked on",
            });
            let parts = if order.phase.is_open() { course.parts } else { EndsOfParts::default() };
            open.extend(parts.upload.map(|at| Deadline {
                name: "upload",
                at,
                text_zh: "未完成的上传将失效",
                text: "an upload that is not complete is given up",
            }));
            open.extend(parts.entitlement.map(|at| Deadline {
                name: "entitlement",
                at,
                text_zh: "已绑定的备案服务号到期",
                text: "an entitlement that the order holds ends, unless the order is submitted before",
            }));
        }
        // The term runs from the submission, whoever looks at the order (filing-rules §3).
        Phase::Checking | Phase::ProviderReview if order.description().is_reviewed => {
            open.extend(submitted.map(|at| Deadline {
                name: "provider_review",
                at: working.end_of_review(at),
                text_zh: "接入商初审期限",
                text: "the provider has reviewed the order",
            }));
        }
        Phase::AtBureau => {
            open.extend(received.filter(|_| order.asks_sms).map(|at| Deadline {
                name: "sms",
                at: at + TimeDelta::hours(SMS_HOURS),
                text_zh: "工信部短信核验截止",
                text: "every person in charge has confirmed the ministry's SMS, else the order comes back",
            }));
            open.extend(received.map(|at| Deadline {
                name: "bureau",
                at: working.after(at, course.bureau_working_days),
                text_zh: "管局审核期限",
                text: "the bureau has decided",
            }));
        }
        // Nobody tells whether it was made: it is open until its term is over.
        Phase::Approved => {
            let end = course.public_security.end(order.order_type, course.updated_at);
            open.extend(end.filter(|end| *end > course.now).map(|at| Deadline {
                name: "public_security",
                at,
                text_zh: "公安联网备案截止（以审核通过当日开通计）",
                text: "the public-security filing is made, for a service that opened on the day of the approval",
            }));
        }
        _ => {}
    }
    open.sort_by_key(|deadline| deadline.at);
    open
}

/// How long a step takes in a province, from orders that have ended.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow, ToSchema)]
pub struct Estimate {
    /// `checking`, `provider_review`, `queued` or `at_bureau`.
    pub step: String,
    /// Half of the orders were faster, hours.
    pub median_hours: f64,
    /// Nine of ten orders were faster, hours.
    pub p90_hours: f64,
    /// Orders that were looked at.
    pub orders: i64,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use icp_domain::OrderType;

    use super::*;
    use crate::public_security::tests::PLAN;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn names(phase: Phase, asks_sms: bool) -> Vec<(&'static str, String)> {
        names_of(&Order { phase, asks_sms, consent_given: true, ..Order::default() }, "2026-11-20T02:00:00Z")
    }

    fn names_of(order: &Order, now: &str) -> Vec<(&'static str, String)> {
        let course = Course {
            updated_at: time("2026-11-20T02:00:00Z"),
            submitted_at: Some(time("2026-11-18T02:00:00Z")),
            received_at: Some(time("2026-11-20T02:00:00Z")),
            idle_expiry_days: 45,
            parts: EndsOfParts {
                upload: Some(time("2026-11-21T02:00:00Z")),
                entitlement: Some(time("2027-02-01T02:00:00Z")),
            },
            bureau_working_days: 20,
            public_security: PLAN,
            now: time(now),
        };
        let format = |deadline: Deadline| (deadline.name, deadline.at.format("%m-%d %H:%M").to_string());
        deadlines(order, &course, &WorkingDays::of_release()).into_iter().map(format).collect()
    }

    #[test]
    fn each_phase_has_its_terms() {
        let draft = [("upload", "11-21 02:00"), ("idle", "01-04 02:00"), ("entitlement", "02-01 02:00")];
        assert_eq!(names(Phase::Draft, false), draft.map(|(name, at)| (name, at.to_owned())));
        for phase in [Phase::Checking, Phase::ProviderReview] {
            assert_eq!(names(phase, true), [("provider_review", "11-25 02:00".to_owned())], "{phase:?}");
        }
        let (order_type, phase) = (OrderType::Transfer, Phase::Checking);
        let transfer = Order { order_type, phase, consent_given: true, ..Order::default() };
        assert_eq!(names_of(&transfer, "2026-11-20T02:00:00Z"), [], "nobody reviews it");
        let bureau = ("bureau", "12-18 02:00".to_owned());
        assert_eq!(names(Phase::AtBureau, true), [("sms", "11-21 02:00".to_owned()), bureau.clone()]);
        assert_eq!(names(Phase::AtBureau, false), [bureau], "nobody is asked");
        let unanswered = Order { phase: Phase::Checking, consent_given: false, ..Order::default() };
        assert_eq!(
            names_of(&unanswered, "2026-11-20T02:00:00Z"),
            [("idle", "01-04 02:00".to_owned())],
            "the record's holder may not answer"
        );
        assert_eq!(names(Phase::Withdrawn, true), []);
    }

    #[test]
    fn what_was_opened_anew_is_filed_with_the_police_until_the_term_is_over() {
        let approved = |order_type| Order { order_type, phase: Phase::Approved, ..Order::default() };
        let public_security = ("public_security", "12-20 16:00".to_owned());
        let first = approved(OrderType::FirstFiling);
        assert_eq!(names_of(&first, "2026-12-20T15:59:59Z"), [public_security]);
        assert_eq!(names_of(&first, "2026-12-20T16:00:00Z"), []);
        assert_eq!(names_of(&approved(OrderType::AddAccess), "2026-11-20T02:00:00Z"), [], "it was opened elsewhere");
    }
}
