//! The public-security filing (公安联网备案): whoever opens a site or an app files it with the police as well, within 30
//! days of the opening (filing-rules §3).
//!
//! It is reckoned from the approval, the earliest day on which a new service may open. Only orders that bring new
//! services to the ministry begin a term: a change leaves a service's domains as they are or takes some away, and what
//! comes here by an access, a claim or a transfer was opened elsewhere, nobody here knows when.

use chrono::{DateTime, Days, NaiveDate, Utc};
use icp_bus::Outgoing;
use icp_domain::{OrderType, Part};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::china;
use crate::idle;
use crate::order::{Event, Phase};
use crate::reactions;
use crate::store::StoredOrder;

/// Facts and timers of the reminders, the first one first.
const REMINDERS: [&str; 2] = ["public_security_first", "public_security_last"];

/// The section `[intake.public_security]`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicSecurityTerm {
    /// Days after the opening within which the filing is due.
    pub days: u32,
    /// So many days before the end the contact is reminded.
    pub reminder_days_before: [u32; 2],
}

impl PublicSecurityTerm {
    /// The last day for what an order of this type opened at a time; none where it opens nothing new.
    pub fn last_day(&self, order_type: OrderType, approved_at: DateTime<Utc>) -> Option<NaiveDate> {
        if order_type.description().services != Part::New {
            return None;
        }
        china::day(approved_at).checked_add_days(Days::new(self.days.into()))
    }

    /// When the term of an approved order ends.
    pub fn end(&self, order_type: OrderType, approved_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.last_day(order_type, approved_at).map(china::end)
    }

    /// When the term that one of these events begins will end.
    pub fn begun(&self, order_type: OrderType, events: &[Event], at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let is_approved = events.iter().any(|event| matches!(event, Event::Approved(_)));
        self.end(order_type, at).filter(|_| is_approved)
    }

    /// The task that sets the timers of the reminders: at the time of the day of the approval.
    pub fn timers(&self, order_id: Uuid, approved_at: DateTime<Utc>) -> Outgoing {
        let after = |before: u32| approved_at + Days::new(self.days.saturating_sub(before).into());
        let [first, last] = REMINDERS;
        let [before_first, before_last] = self.reminder_days_before;
        idle::timers(order_id, &[(first, after(before_first)), (last, after(before_last))])
    }

    /// The reminder of a fired timer; none where the order is not, or no longer, one of which somebody is reminded.
    pub fn reminder(&self, stored: &StoredOrder, timer: &str, now: DateTime<Utc>) -> Option<Outgoing> {
        if stored.order.phase != Phase::Approved {
            return None;
        }
        // Nothing changes an order that is approved.
        let end = self.end(stored.order.order_type, stored.updated_at)?;
        let name = REMINDERS.into_iter().find(|name| *name == timer)?;
        Some(reactions::public_security_reminder(stored, name, now, end))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use icp_proto::schedule::SetTimers;
    use prost::Message as _;

    use super::*;
    use crate::order::Numbers;

    pub(crate) const PLAN: PublicSecurityTerm = PublicSecurityTerm { days: 30, reminder_days_before: [7, 1] };

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn only_new_services_are_filed_with_the_police() {
        // Half past midnight in China.
        let approved_at = time("2026-03-01T16:30:00Z");
        let opens: Vec<OrderType> =
            OrderType::ALL.into_iter().filter(|of_type| PLAN.end(*of_type, approved_at).is_some()).collect();
        assert_eq!(opens, [OrderType::FirstFiling, OrderType::AddService, OrderType::AddServiceElsewhere]);
        assert_eq!(PLAN.last_day(OrderType::FirstFiling, approved_at).unwrap().to_string(), "2026-04-01");
        assert_eq!(PLAN.end(OrderType::FirstFiling, approved_at), Some(time("2026-04-01T16:00:00Z")));
    }

    #[test]
    fn the_term_begins_with_the_approval() {
        let at = time("2026-03-01T02:00:00Z");
        let begun = |event: Event| PLAN.begun(OrderType::AddService, &[event], at);
        assert_eq!(begun(Event::Approved(Numbers::default())), PLAN.end(OrderType::AddService, at));
        assert_eq!(begun(Event::ReceivedByBureau { data_sequence: 1 }), None);
    }

    #[test]
    fn both_reminders_have_their_timers() {
        let set = SetTimers::decode(PLAN.timers(Uuid::nil(), time("2026-03-01T02:00:00Z")).payload).unwrap();
        let at = |unix_ms: i64| DateTime::from_timestamp_millis(unix_ms).unwrap();
        let timers: Vec<_> = set.timers.into_iter().map(|timer| (timer.name, at(timer.fire_at_unix_ms))).collect();
        let expected = [("first", "2026-03-24T02:00:00Z"), ("last", "2026-03-30T02:00:00Z")];
        assert_eq!(timers, expected.map(|(name, at)| (format!("public_security_{name}"), time(at))));
    }
}
