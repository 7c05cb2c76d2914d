//! Until when something must happen to an order, and how long its steps usually take.

pub mod ics;

use chrono::{DateTime, Datelike, Days, TimeDelta, Utc, Weekday};
use serde::Serialize;

use crate::order::{Order, Phase};

/// Hours in which the ministry's SMS must be confirmed (filing-rules §2.3).
const SMS_HOURS: i64 = 24;
/// Working days of the provider's own review (filing-rules §3).
const PROVIDER_WORKING_DAYS: u32 = 5;

/// Something with a term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deadline {
    /// `idle`, `provider_review`, `sms` or `bureau`.
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
    /// Working days that the bureau may take.
    pub bureau_working_days: u32,
}

/// Every deadline that is open, the nearest first.
pub fn deadlines(order: &Order, course: &Course) -> Vec<Deadline> {
    let mut open = Vec::new();
    let (submitted, received) = (course.submitted_at, course.received_at);
    match order.phase {
        Phase::Draft | Phase::Returned => open.push(Deadline {
            name: "idle",
            at: course.updated_at + Days::new(course.idle_expiry_days.into()),
            text_zh: "订单闲置将自动失效",
            text: "the order expires unless it is worked on",
        }),
        Phase::ProviderReview => open.extend(submitted.map(|at| Deadline {
            name: "provider_review",
            at: after_working_days(at, PROVIDER_WORKING_DAYS),
            text_zh: "接入商初审期限",
            text: "the provider has reviewed the order",
        })),
        Phase::AtBureau => {
            open.extend(received.filter(|_| order.asks_sms).map(|at| Deadline {
                name: "sms",
                at: at + TimeDelta::hours(SMS_HOURS),
                text_zh: "工信部短信核验截止",
                text: "every person in charge has confirmed the ministry's SMS, else the order comes back",
            }));
            open.extend(received.map(|at| Deadline {
                name: "bureau",
                at: after_working_days(at, course.bureau_working_days),
                text_zh: "管局审核期限",
                text: "the bureau has decided",
            }));
        }
        Phase::Checking | Phase::Queued | Phase::Approved | Phase::Cancelled | Phase::Withdrawn | Phase::Expired => {}
    }
    open.sort_by_key(|deadline| deadline.at);
    open
}

/// The same time of the day, so many working days later. Counts Monday to Friday: the one place where a calendar of
/// holidays belongs.
fn after_working_days(mut at: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    let china = TimeDelta::hours(8);
    let mut left = days;
    while left > 0 {
        at += TimeDelta::days(1);
        if !matches!((at + china).weekday(), Weekday::Sat | Weekday::Sun) {
            left -= 1;
        }
    }
    at
}

/// How long a step takes in a province, from orders that have ended.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
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
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn names(phase: Phase, asks_sms: bool) -> Vec<(&'static str, String)> {
        let course = Course {
            updated_at: time("2026-11-20T02:00:00Z"),
            submitted_at: Some(time("2026-11-18T02:00:00Z")),
            received_at: Some(time("2026-11-20T02:00:00Z")),
            idle_expiry_days: 45,
            bureau_working_days: 20,
        };
        let order = Order { phase, asks_sms, ..Order::default() };
        let format = |deadline: Deadline| (deadline.name, deadline.at.format("%m-%d %H:%M").to_string());
        deadlines(&order, &course).into_iter().map(format).collect()
    }

    #[test]
    fn each_phase_has_its_terms() {
        assert_eq!(names(Phase::Draft, false), [("idle", "01-04 02:00".to_owned())]);
        assert_eq!(names(Phase::ProviderReview, true), [("provider_review", "11-25 02:00".to_owned())]);
        let bureau = ("bureau", "12-18 02:00".to_owned());
        assert_eq!(names(Phase::AtBureau, true), [("sms", "11-21 02:00".to_owned()), bureau.clone()]);
        assert_eq!(names(Phase::AtBureau, false), [bureau], "nobody is asked");
        assert_eq!(names(Phase::Approved, true), []);
    }

    #[test]
    fn weekends_are_those_of_china() {
        // Friday 17:00 UTC is Saturday in China.
        assert_eq!(after_working_days(time("2026-11-19T17:00:00Z"), 1), time("2026-11-22T17:00:00Z"));
        assert_eq!(after_working_days(time("2026-11-20T02:00:00Z"), 1), time("2026-11-23T02:00:00Z"));
    }
}
