//! What an owner asks for, checked; and which of several wishes counts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use icp_proto::schedule::{CancelTimers, SetTimers};
use uuid::Uuid;

const OWNER_MAX_CHARACTERS: usize = 32;
const KEY_MAX_CHARACTERS: usize = 200;
const NAME_MAX_CHARACTERS: usize = 64;

/// One timer to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Owner's name of it.
    pub name: String,
    /// When it fires; a time in the past fires at once.
    pub fire_at: DateTime<Utc>,
}

/// What all timers of one key shall be from now on; an empty list cancels them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Service that is told.
    pub owner: String,
    /// Owner's own key.
    pub key: String,
    /// Order that the timers belong to, for the journal.
    pub order_id: Option<Uuid>,
    /// The timers.
    pub timers: Vec<Timer>,
}

/// Why a wish can never be fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The owner becomes a token of a subject.
    #[error("owner must be 1 to {OWNER_MAX_CHARACTERS} small letters, digits or `-`")]
    Owner,
    /// Empty or too long.
    #[error("key must have 1 to {KEY_MAX_CHARACTERS} characters")]
    Key,
    /// Empty, too long or given twice.
    #[error("each timer needs a name of its own with 1 to {NAME_MAX_CHARACTERS} characters")]
    Name,
    /// Outside of the calendar.
    #[error("fire_at_unix_ms is out of range")]
    Time,
    /// Not a UUID.
    #[error("order_id must be empty or a UUID")]
    OrderId,
    /// Too many at once.
    #[error("more than {0} timers for one key")]
    TooMany(usize),
}

impl Wish {
    /// Checks a set task.
    pub fn set(message: SetTimers, max_timers: usize) -> Result<Self, Refusal> {
        check_address(&message.owner, &message.key)?;
        if message.timers.len() > max_timers {
            return Err(Refusal::TooMany(max_timers));
        }
        let order_id = match message.order_id.as_str() {
            "" => None,
            text => Some(Uuid::parse_str(text).map_err(|_| Refusal::OrderId)?),
        };
        let mut names = BTreeSet::new();
        let mut timers = Vec::with_capacity(message.timers.len());
        for timer in message.timers {
            if !(1..=NAME_MAX_CHARACTERS).contains(&timer.name.chars().count()) || !names.insert(timer.name.clone()) {
                return Err(Refusal::Name);
            }
            let fire_at = DateTime::from_timestamp_millis(timer.fire_at_unix_ms).ok_or(Refusal::Time)?;
            timers.push(Timer { name: timer.name, fire_at });
        }
        Ok(Self { owner: message.owner, key: message.key, order_id, timers })
    }

    /// Checks a cancel task.
    pub fn cancel(message: CancelTimers) -> Result<Self, Refusal> {
        check_address(&message.owner, &message.key)?;
        Ok(Self { owner: message.owner, key: message.key, order_id: None, timers: Vec::new() })
    }
}

fn check_address(owner: &str, key: &str) -> Result<(), Refusal> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=OWNER_MAX_CHARACTERS).contains(&owner.len()) || !owner.chars().all(is_plain) {
        return Err(Refusal::Owner);
    }
    if !(1..=KEY_MAX_CHARACTERS).contains(&key.chars().count()) {
        return Err(Refusal::Key);
    }
    Ok(())
}

/// A wish with the message that carried it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received<'a> {
    /// Id of the message, a UUIDv7: the greater is the newer.
    pub message_id: Uuid,
    /// Trace that the timers follow from.
    pub traceparent: Option<&'a str>,
    /// What is asked for.
    pub wish: &'a Wish,
}

/// The newest wish for each key, in the order of (owner, key), so that replicas lock rows in one order.
pub fn newest_per_key<'a>(received: impl IntoIterator<Item = Received<'a>>) -> Vec<Received<'a>> {
    let mut newest: BTreeMap<(&str, &str), Received<'a>> = BTreeMap::new();
    for candidate in received {
        let address = (candidate.wish.owner.as_str(), candidate.wish.key.as_str());
        let is_newer = newest.get(&address).is_none_or(|known| known.message_id < candidate.message_id);
        if is_newer {
            newest.insert(address, candidate);
        }
    }
    newest.into_values().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use icp_proto::schedule;
    use proptest::prelude::*;

    use super::*;

    fn message(owner: &str, key: &str, order_id: &str, names: &[&str]) -> SetTimers {
        let timer = |name: &&str| schedule::Timer { name: (*name).into(), fire_at_unix_ms: 1_000 };
        SetTimers {
            owner: owner.into(),
            key: key.into(),
            order_id: order_id.into(),
            timers: names.iter().map(timer).collect(),
        }
    }

    #[test]
    fn only_wishes_that_can_be_fulfilled_are_taken() {
        let order = "01940000-0000-7000-8000-000000000000";
        let long = "k".repeat(201);
        for (given, expected) in [
            (message("sms", "k", order, &["a", "b"]), Ok(2)),
            (message("sms", "k", "", &[]), Ok(0)),
            (message("", "k", "", &["a"]), Err(Refusal::Owner)),
            (message("sms.>", "k", "", &["a"]), Err(Refusal::Owner)),
            (message("sms *", "k", "", &["a"]), Err(Refusal::Owner)),
            (message("sms", "", "", &["a"]), Err(Refusal::Key)),
            (message("sms", &long, "", &["a"]), Err(Refusal::Key)),
            (message("sms", "k", "12", &["a"]), Err(Refusal::OrderId)),
            (message("sms", "k", "", &["a", "a"]), Err(Refusal::Name)),
            (message("sms", "k", "", &[""]), Err(Refusal::Name)),
            (message("sms", "k", "", &["a", "b", "c", "d"]), Err(Refusal::TooMany(3))),
        ] {
            assert_eq!(Wish::set(given.clone(), 3).map(|wish| wish.timers.len()), expected, "{given:?}");
        }
        let mut far = message("sms", "k", "", &["a"]);
        far.timers[0].fire_at_unix_ms = i64::MAX;
        assert_eq!(Wish::set(far, 3), Err(Refusal::Time));
        assert_eq!(Wish::cancel(CancelTimers { owner: "a b".into(), key: "k".into() }), Err(Refusal::Owner));
    }

    proptest! {
        /// Whatever the order of arrival and however often: the newest message of each key counts.
        #[test]
        fn order_of_arrival_does_not_matter(arrivals in proptest::collection::vec((0u8..4, 0u8..20), 1..40)) {
            let wishes: Vec<Wish> = (0..4)
                .map(|key| Wish::cancel(CancelTimers { owner: "sms".into(), key: format!("key-{key}") }).unwrap())
                .collect();
            let received = |&(key, number): &(u8, u8)| Received {
                message_id: Uuid::from_u128(u128::from(number)),
                traceparent: None,
                wish: &wishes[usize::from(key)],
            };
            let counted = newest_per_key(arrivals.iter().map(received));
            let mut reversed = arrivals.clone();
            reversed.reverse();
            prop_assert_eq!(&counted, &newest_per_key(reversed.iter().map(received)));
            for one in &counted {
                let newest = arrivals.iter().filter(|a| wishes[usize::from(a.0)] == *one.wish).map(|a| a.1).max();
                prop_assert_eq!(newest.map(|n| Uuid::from_u128(n.into())), Some(one.message_id));
            }
        }
    }
}
