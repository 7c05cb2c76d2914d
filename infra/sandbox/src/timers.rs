//! One task that takes every delayed step in the order in which it falls due. Real delays are
//! in real time; the SMS windows are on the sandbox's clock and are looked at after every move.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::bureau::Step;
use crate::lock::hold;
use crate::world::World;

/// The loop never sleeps longer, so that a window is never missed by a moved host clock.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Steps that wait for their moment.
#[derive(Default)]
pub(crate) struct Timers {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Default)]
struct Waiting {
    steps: BTreeMap<(Instant, u64), Step>,
    next_number: u64,
}

impl Timers {
    pub(crate) fn after_ms(&self, delay_ms: u64, step: Step) {
        let due = Instant::now() + Duration::from_millis(delay_ms);
        let mut waiting = hold(&self.waiting);
        let number = waiting.next_number;
        waiting.next_number += 1;
        let is_next = waiting.steps.first_key_value().is_none_or(|((first, _), _)| due < *first);
        waiting.steps.insert((due, number), step);
        drop(waiting);
        if is_next {
            self.changed.notify_one();
        }
    }

    /// The loop looks again, e.g. because an SMS window opened.
    pub(crate) fn look_again(&self) {
        self.changed.notify_one();
    }

    fn take_due(&self) -> Vec<Step> {
        let mut waiting = hold(&self.waiting);
        let later = waiting.steps.split_off(&(Instant::now(), u64::MAX));
        let due = std::mem::replace(&mut waiting.steps, later);
        due.into_values().collect()
    }

    fn next_due(&self) -> Option<Instant> {
        let waiting = hold(&self.waiting);
        waiting.steps.first_key_value().map(|((due, _), _)| *due)
    }
}

pub(crate) async fn run(world: Arc<World>) {
    loop {
        for step in world.timers.take_due() {
            world.bureau.take_step(step);
        }
        world.bureau.close_expired_sms_windows();
        let mut wake_up = Instant::now() + LONGEST_SLEEP;
        if let Some(due) = world.timers.next_due() {
            wake_up = wake_up.min(due);
        }
        if let Some(remaining) = world.bureau.time_until_next_sms_deadline() {
            wake_up = wake_up.min(Instant::now() + remaining);
        }
        tokio::select! {
            () = tokio::time::sleep_until(wake_up) => {}
            () = world.timers.changed.notified() => {}
        }
    }
}
