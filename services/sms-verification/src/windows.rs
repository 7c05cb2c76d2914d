//! One transaction for a batch: lock and read the windows, decide, write, tell the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use icp_bus::{Delivery, Effects, Failure, Handler, Outgoing};
use icp_kit::{Clock, Keyring};
use icp_proto::common::{Contact, Sealed};
use icp_proto::schedule::{CancelTimers, SetTimers, Timer};
use icp_proto::sms::{SmsPersons, WindowEvent};
use prost::Message as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::message::{self, EXPIRE_TIMER, Instruction, Opening, reminder_timer, timer_key};
use crate::store::{self, Record};
use crate::window::{Event, Plan, State, decide, evolve};

/// The service that contacts are sealed for.
pub const CONTACTS_FOR: &str = "notify";

const TIMER_OWNER: &str = "sms";

/// Handles tasks and timers of windows.
#[derive(Clone)]
pub struct Windows {
    clock: Clock,
    keyring: Arc<Keyring>,
    plan: Plan,
}

impl Windows {
    /// Windows by this plan.
    pub fn new(clock: Clock, keyring: Arc<Keyring>, plan: Plan) -> Self {
        Self { clock, keyring, plan }
    }

    /// Applies one instruction to the known records; tells whether the order's record changed.
    fn apply(
        &self,
        records: &mut BTreeMap<Uuid, Record>,
        instruction: &Instruction,
        effects: &mut Effects,
    ) -> Result<bool, Failure> {
        let clock = self.clock.now();
        let now = instruction.at.map_or(clock, |at| at.max(clock));
        let order_id = instruction.order_id;
        let known = records.get(&order_id);
        let events =
            decide(known.map(|record| &record.window), instruction.attempt, instruction.command, now, &self.plan);
        for event in &events {
            let before = records.remove(&order_id);
            self.tell(order_id, before.as_ref(), instruction.opening.as_ref(), *event, now, effects)?;
            let after = next_record(before, instruction.opening.as_ref(), *event);
            if let Some(after) = after {
                records.insert(order_id, after);
            }
        }
        Ok(!events.is_empty())
    }

    /// Messages and journal lines of one event.
    fn tell(
        &self,
        order_id: Uuid,
        record: Option<&Record>,
        opening: Option<&Opening>,
        event: Event,
        now: DateTime<Utc>,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        match (event, record) {
            (Event::Opened { attempt, opened_at, deadline }, _) => {
                let Some(opening) = opening else {
                    return Err(Failure::Discard("an open task without persons".to_owned()));
                };
                let contacts = self.contacts(order_id, &opening.persons)?;
                let persons = match contacts.len() {
                    1 => "1 person".to_owned(),
                    count => format!("{count} persons"),
                };
                let window =
                    Facts { order_id, attempt, province: opening.province.letters(), deadline: Some(deadline) };
                effects.send(window.event("opened", now, contacts, 0));
                effects.send(self.timers(order_id, attempt, opened_at));
                effects.journal(
                    order_id,
                    format!("ministry's SMS window opened for {persons}"),
                    format!("each must confirm within {} hours", self.plan.window_hours),
                );
            }
            (Event::Superseded { attempt }, _) => effects.send(cancel_timers(order_id, attempt)),
            (Event::ReminderDue { hours }, Some(record)) => {
                let sealed = record.persons.as_deref().map(Sealed::decode).transpose();
                let Ok(Some(sealed)) = sealed else {
                    return Err(Failure::Discard("the persons of an open window are not readable".to_owned()));
                };
                let contacts = self.contacts(order_id, &sealed)?;
                effects.send(Facts::of(order_id, record).event("reminder_due", now, contacts, hours));
                effects.journal(
                    order_id,
                    format!("reminder sent out: {hours} h after the opening"),
                    "no confirmation is known yet",
                );
            }
            (Event::Expired, Some(record)) => {
                effects.send(Facts::of(order_id, record).event("expired", now, Vec::new(), 0));
                effects.journal(
                    order_id,
                    "window expired without confirmation",
                    format!("{} hours are over", self.plan.window_hours),
                );
            }
            (Event::Closed { attempt, reason }, Some(record)) if record.window.attempt == attempt => {
                effects.send(Facts::of(order_id, record).event("closed", now, Vec::new(), 0));
                if matches!(record.window.state, State::Open { .. }) {
                    effects.send(cancel_timers(order_id, attempt));
                }
                effects.journal(order_id, format!("window closed: {}", reason.as_str()), "the order has gone on");
            }
            // Closed before it was opened: the mark is kept, and there is nobody to tell.
            (Event::Closed { .. }, _) => {}
            (Event::ReminderDue { .. } | Event::Expired, None) => {}
        }
        Ok(())
    }

    /// The persons who must confirm, each sealed for notification; the same mobile counts once.
    fn contacts(&self, order_id: Uuid, persons: &Sealed) -> Result<Vec<Sealed>, Failure> {
        let context = order_id.to_string();
        let opened: SmsPersons =
            self.keyring.open(persons, &context).map_err(|error| Failure::Discard(format!("persons: {error}")))?;
        let distinct = distinct_by_mobile(opened.persons);
        if distinct.is_empty() {
            return Err(Failure::Discard("persons: nobody has a mobile".to_owned()));
        }
        distinct
            .iter()
            .map(|contact| self.keyring.seal(CONTACTS_FOR, &context, contact))
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::Retry(error.to_string()))
    }

    fn timers(&self, order_id: Uuid, attempt: u32, opened_at: DateTime<Utc>) -> Outgoing {
        let timer = |name: String, hours: u32| Timer {
            name,
            fire_at_unix_ms: (opened_at + TimeDelta::hours(hours.into())).timestamp_millis(),
        };
        let mut timers: Vec<Timer> =
            self.plan.reminder_hours.iter().map(|&hours| timer(reminder_timer(hours), hours)).collect();
        timers.push(timer(EXPIRE_TIMER.to_owned(), self.plan.window_hours));
        let key = timer_key(order_id, attempt);
        let message =
            SetTimers { owner: TIMER_OWNER.to_owned(), key: key.clone(), order_id: order_id.to_string(), timers };
        Outgoing::task("schedule", "set", key, &message)
    }
}

fn cancel_timers(order_id: Uuid, attempt: u32) -> Outgoing {
    let key = timer_key(order_id, attempt);
    Outgoing::task("schedule", "cancel", &key, &CancelTimers { owner: TIMER_OWNER.to_owned(), key: key.clone() })
}

/// What every event of a window says.
struct Facts<'a> {
    order_id: Uuid,
    attempt: u32,
    province: &'a str,
    deadline: Option<DateTime<Utc>>,
}

impl<'a> Facts<'a> {
    fn of(order_id: Uuid, record: &'a Record) -> Self {
        let deadline = match record.window.state {
            State::Open { deadline, .. } | State::Expired { deadline, .. } => Some(deadline),
            State::Closed(_) => None,
        };
        Self { order_id, attempt: record.window.attempt, province: &record.province, deadline }
    }

    fn event(&self, event: &str, now: DateTime<Utc>, contacts: Vec<Sealed>, reminder_hours: u32) -> Outgoing {
        let message = WindowEvent {
            order_id: self.order_id.to_string(),
            attempt: self.attempt,
            province: self.province.to_owned(),
            event: event.to_owned(),
            deadline_unix_ms: self.deadline.map(|at| at.timestamp_millis()).unwrap_or_default(),
            at_unix_ms: now.timestamp_millis(),
            contacts,
            reminder_hours,
        };
        Outgoing::event("sms", event, self.province, self.order_id, &message)
    }
}

/// The record after an event. Persons are kept only while somebody may have to be reminded.
fn next_record(before: Option<Record>, opening: Option<&Opening>, event: Event) -> Option<Record> {
    let window = evolve(before.as_ref().map(|record| record.window), event)?;
    let (province, persons) = match (event, opening) {
        (Event::Opened { .. }, Some(opening)) => {
            (opening.province.letters().to_owned(), Some(opening.persons.encode_to_vec()))
        }
        _ => before.map(|record| (record.province, record.persons)).unwrap_or_default(),
    };
    let is_open = matches!(window.state, State::Open { .. });
    Some(Record { window, province, persons: persons.filter(|_| is_open) })
}

fn distinct_by_mobile(persons: Vec<Contact>) -> Vec<Contact> {
    let mut seen = BTreeSet::new();
    persons
        .into_iter()
        .filter(|person| {
            let mobile = person.mobile.trim();
            !mobile.is_empty() && seen.insert(mobile.to_owned())
        })
        .collect()
}

#[async_trait]
impl Handler for Windows {
    type Message = Instruction;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<Instruction, String> {
        message::read(kind, payload).map_err(|error| error.to_string())
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<Instruction>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let order_ids: BTreeSet<Uuid> = batch.iter().map(|delivery| delivery.message.order_id).collect();
        let mut records = store::lock_and_read(connection, &order_ids).await?;
        let mut changed = BTreeSet::new();
        for delivery in batch {
            effects.set_cause(delivery.traceparent.clone());
            if self.apply(&mut records, &delivery.message, effects)? {
                changed.insert(delivery.message.order_id);
            }
        }
        records.retain(|order_id, _| changed.contains(order_id));
        store::write(connection, &records).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_mobile_counts_once() {
        let person =
            |name: &str, mobile: &str| Contact { name: name.into(), mobile: mobile.into(), email: String::new() };
        let persons = vec![
            person("甲", "13900000001"),
            person("乙", ""),
            person("丙", " 13900000001"),
            person("丁", "13900000002"),
        ];
        let names: Vec<String> = distinct_by_mobile(persons).into_iter().map(|person| person.name).collect();
        assert_eq!(names, ["甲", "丁"]);
    }
}
