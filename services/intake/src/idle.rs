//! Drafts and returned orders that nobody works on, and transfers that the record's holder does not answer: reminders,
//! then the end (filing-rules §1.3).
//!
//! One timer waits per order. When it fires, what has happened meanwhile decides whether somebody is reminded, the
//! order expires, or the timer is only set anew. The timers of approved orders ([`crate::public_security`]) come here too.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Days, Utc};
use icp_bus::{Delivery, Effects, Failure, Handler, Outgoing};
use icp_domain::Filing;
use icp_kit::{Clock, Keyring, Vault};
use icp_proto::common::Sealed;
use icp_proto::schedule::{Fired, SetTimers, Timer};
use prost::Message as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::order::{Command, decide, evolve};
use crate::public_security::PublicSecurityTerm;
use crate::reactions::{self, Attachments};
use crate::store::{self, Change, StoredOrder};
use crate::{china, content};

/// Owner of the timers, as the scheduling service names it.
pub const TIMER_OWNER: &str = "intake";
/// Facts about reminders, the first one first.
const REMINDERS: [&str; 3] = ["reminder_first", "reminder_second", "reminder_last"];
const EXPIRE: &str = "expire";

/// When idle orders are reminded of, and end.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Days after which the contact is reminded.
    pub reminder_days: [u32; 3],
    /// Days after which the order expires.
    pub expiry_days: u32,
}

/// What is due for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// The reminder with this index.
    Reminder(usize),
    /// Its end.
    Expiry,
}

impl Plan {
    /// What is due at `now` for an order that changed last at `since`, and which timer comes next.
    pub fn due(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> (Due, Option<(&'static str, DateTime<Utc>)>) {
        let after = |days: u32| since + Days::new(days.into());
        let expiry = after(self.expiry_days);
        if expiry <= now {
            return (Due::Expiry, None);
        }
        let reminders = self.reminder_days.map(after);
        let passed = reminders.iter().filter(|at| **at <= now).count();
        let next = reminders
            .iter()
            .zip(REMINDERS)
            .find(|(at, _)| **at > now)
            .map_or((EXPIRE, expiry), |(at, name)| (name, *at));
        (passed.checked_sub(1).map_or(Due::Nothing, Due::Reminder), Some(next))
    }

    /// The task that sets the first timer of an order that is idle from `since` on.
    pub fn first_timer(&self, order_id: Uuid, since: DateTime<Utc>) -> Outgoing {
        let [name, ..] = REMINDERS;
        let [days, ..] = self.reminder_days;
        timers(order_id, &[(name, since + Days::new(days.into()))])
    }
}

/// The task that sets these timers of an order, in place of those that it has.
pub fn timers(order_id: Uuid, wanted: &[(&str, DateTime<Utc>)]) -> Outgoing {
    let key = order_id.to_string();
    let timer =
        |(name, at): &(&str, DateTime<Utc>)| Timer { name: (*name).to_owned(), fire_at_unix_ms: at.timestamp_millis() };
    let timers = wanted.iter().map(timer).collect();
    let message = SetTimers { owner: TIMER_OWNER.to_owned(), key: key.clone(), order_id: key.clone(), timers };
    Outgoing::task("schedule", "set", key, &message)
}

/// Handles fired timers.
#[derive(Clone)]
pub struct IdleOrders {
    /// Business time.
    pub clock: Clock,
    /// Opens the orders, whose contact may have been amended.
    pub vault: Vault,
    /// Seals their contact.
    pub keyring: Arc<Keyring>,
    /// When what is due.
    pub plan: Plan,
    /// When approved orders are reminded of the public-security filing.
    pub public_security: PublicSecurityTerm,
}

/// A timer that has fired.
#[derive(Debug, Clone)]
pub struct FiredTimer {
    order_id: Uuid,
    name: String,
    at_unix_ms: i64,
}

#[async_trait]
impl Handler for IdleOrders {
    type Message = FiredTimer;

    fn decode(&self, _kind: &str, payload: &[u8]) -> Result<Self::Message, String> {
        let fired = Fired::decode(payload).map_err(|error| format!("the body is not a Fired: {error}"))?;
        let order_id = Uuid::parse_str(&fired.key).map_err(|_| "key is not a UUID".to_owned())?;
        Ok(FiredTimer { order_id, at_unix_ms: fired.fired_at_unix_ms.max(fired.due_at_unix_ms), name: fired.name })
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<Self::Message>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let ids: Vec<Uuid> = batch.iter().map(|delivery| delivery.message.order_id).collect();
        let mut orders = store::load_for_update(connection, &ids).await?;
        let mut expired = Vec::new();
        for delivery in batch {
            let FiredTimer { order_id, name, at_unix_ms } = &delivery.message;
            let order_id = *order_id;
            let stored = orders
                .get_mut(&order_id)
                .ok_or_else(|| Failure::Discard(format!("order {order_id} is not known here")))?;
            let clock = self.clock.now();
            let now = DateTime::from_timestamp_millis(*at_unix_ms).map_or(clock, |fired_at| fired_at.max(clock));
            effects.set_cause(delivery.traceparent.clone());
            if let Some(reminder) = self.public_security.reminder(stored, name, now) {
                effects.send(reminder);
                effects.journal(order_id, "reminded of the public-security filing", name.as_str());
            }
            if !stored.order.may_expire() {
                continue;
            }
            let since = stored.updated_at;
            let (due, next) = self.plan.due(since, now);
            match due {
                Due::Nothing => {}
                Due::Reminder(index) => self.remind(stored, index, now, effects)?,
                Due::Expiry => expired.push(self.expire(stored, now, effects)?),
            }
            if let Some((name, at)) = next {
                effects.send(timers(order_id, &[(name, at)]));
            }
        }
        if expired.is_empty() {
            return Ok(());
        }
        if store::save(connection, &expired).await?.len() != expired.len() {
            return Err(Failure::Retry("an order changed at the same time".to_owned()));
        }
        Ok(())
    }
}

impl IdleOrders {
    fn remind(
        &self,
        stored: &mut StoredOrder,
        index: usize,
        now: DateTime<Utc>,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        self.seal_contact(stored)?;
        let Some(name) = REMINDERS.get(index) else { return Ok(()) };
        let expires_at = stored.updated_at + Days::new(self.plan.expiry_days.into());
        effects.send(reactions::reminder(stored, name, now, expires_at));
        effects.journal(stored.id, "reminded: nobody works on the order", end_in_words(expires_at));
        Ok(())
    }

    fn expire(&self, stored: &mut StoredOrder, now: DateTime<Utc>, effects: &mut Effects) -> Result<Change, Failure> {
        self.seal_contact(stored)?;
        let from_version = stored.order.version;
        let events = decide(&stored.order, Command::Expire).map_err(|refused| Failure::Discard(refused.to_string()))?;
        stored.order = events.iter().fold(stored.order.clone(), evolve);
        reactions::react(effects, stored, &events, now, Attachments::default());
        Ok(Change {
            id: stored.id,
            from_version,
            after: stored.order.clone(),
            at: now,
            actor: "schedule".to_owned(),
            role: "service",
            events,
            content: None,
            sealed: None,
            carried_out: None,
        })
    }

    /// Whoever the filing names now: what was sealed at the last submission may have been amended since.
    fn seal_contact(&self, stored: &mut StoredOrder) -> Result<(), Failure> {
        let unreadable =
            |error: &dyn std::fmt::Display| Failure::Discard(format!("the filing is not readable: {error}"));
        let context = stored.id.as_bytes();
        let clear = self
            .vault
            .unwrap_key(&stored.data_key, context)
            .and_then(|key| key.decrypt(context, &stored.content))
            .map_err(|error| unreadable(&error))?;
        let filing: Filing = serde_json::from_slice(&clear).map_err(|error| unreadable(&error))?;
        let sealed: Sealed = self
            .keyring
            .seal("notify", &stored.id.to_string(), &content::messages::contact(&filing))
            .map_err(|error| Failure::Retry(error.to_string()))?;
        stored.contact_sealed = Some(sealed.encode_to_vec());
        Ok(())
    }
}

fn end_in_words(expires_at: DateTime<Utc>) -> String {
    format!("it expires on {}", china::day(expires_at))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { reminder_days: [7, 15, 30], expiry_days: 45 };

    #[test]
    fn an_order_expires_on_a_day_in_china() {
        assert_eq!(end_in_words("2026-11-20T15:59:59Z".parse().unwrap()), "it expires on 2026-11-20");
        assert_eq!(end_in_words("2026-11-20T16:00:00Z".parse().unwrap()), "it expires on 2026-11-21");
    }

    #[test]
    fn each_day_has_its_reminder_and_its_next_timer() {
        let since: DateTime<Utc> = "2026-11-01T08:00:00Z".parse().unwrap();
        let at = |days: u64| since + Days::new(days);
        let rows = [
            (0, Due::Nothing, Some(("reminder_first", 7))),
            (6, Due::Nothing, Some(("reminder_first", 7))),
            (7, Due::Reminder(0), Some(("reminder_second", 15))),
            (15, Due::Reminder(1), Some(("reminder_last", 30))),
            (29, Due::Reminder(1), Some(("reminder_last", 30))),
            (30, Due::Reminder(2), Some(("expire", 45))),
            (45, Due::Expiry, None),
            (400, Due::Expiry, None),
        ];
        for (days, due, next) in rows {
            let next = next.map(|(name, days)| (name, at(days)));
            assert_eq!(PLAN.due(since, at(days)), (due, next), "after {days} days");
        }
    }
}
