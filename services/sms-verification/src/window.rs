//! The life of one window, pure: [`decide`] says what follows from a command, [`evolve`] applies it.
//!
//! ```text
//! (none) ── open ──▶ Open ── time is over ──▶ Expired ── close ──▶ Closed
//!    │                 └────────── close ─────────────────────────▶ Closed
//!    └── close (came before its open) ──────────────────────────▶ Closed
//! a higher attempt opens again from any state; a lower attempt changes nothing
//! ```
//!
//! `Expired` is our own reckoning. The ministry's may differ by minutes, so a close with `confirmed` after it is right.

use chrono::{DateTime, TimeDelta, Utc};

/// When people are reminded and when the window ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Length of the window.
    pub window_hours: u32,
    /// Reminders, rising.
    pub reminder_hours: Vec<u32>,
}

impl Plan {
    /// When a window that was opened then is over.
    pub fn deadline(&self, opened_at: DateTime<Utc>) -> DateTime<Utc> {
        opened_at + TimeDelta::hours(self.window_hours.into())
    }

    /// Whether a later reminder was due as well.
    fn is_overtaken(&self, hours: u32, opened_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.reminder_hours.iter().any(|&later| later > hours && opened_at + TimeDelta::hours(later.into()) <= now)
    }
}

/// Why a window was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The bureau has gone on: all have confirmed.
    Confirmed,
    /// The filing came back.
    Returned,
    /// The applicant withdrew the order.
    Withdrawn,
}

impl Reason {
    /// As in messages and in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Returned => "returned",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// From a message or the table.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Confirmed, Self::Returned, Self::Withdrawn].into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Where a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// People may confirm.
    Open {
        /// When the ministry's SMS went out.
        opened_at: DateTime<Utc>,
        /// When the time is over.
        deadline: DateTime<Utc>,
        /// Hours of the newest reminder; 0 for none.
        reminded_hours: u32,
    },
    /// The time is over by our clock.
    Expired {
        /// When the ministry's SMS went out.
        opened_at: DateTime<Utc>,
        /// When the time was over.
        deadline: DateTime<Utc>,
    },
    /// It is over, one way or the other.
    Closed(Reason),
}

/// The newest window of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Which submission to the bureau it belongs to.
    pub attempt: u32,
    /// Where it stands.
    pub state: State,
}

/// What somebody wants or what has come due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// The ministry sends its SMS.
    Open {
        /// Since when.
        opened_at: DateTime<Utc>,
    },
    /// The order has gone on.
    Close(Reason),
    /// The timer of a reminder fired.
    Remind {
        /// Which reminder.
        hours: u32,
    },
    /// The timer of the deadline fired.
    Expire,
}

/// What has happened to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// People may confirm now.
    Opened {
        /// Which submission.
        attempt: u32,
        /// Since when.
        opened_at: DateTime<Utc>,
        /// Until when.
        deadline: DateTime<Utc>,
    },
    /// An open window of an earlier attempt gave way to a new one.
    Superseded {
        /// The earlier attempt.
        attempt: u32,
    },
    /// People are to be reminded.
    ReminderDue {
        /// Hours since the opening.
        hours: u32,
    },
    /// The time is over.
    Expired,
    /// The window is over.
    Closed {
        /// Which submission.
        attempt: u32,
        /// Why.
        reason: Reason,
    },
}

/// What follows from a command about `attempt`. A late, repeated or overtaken command has no events.
pub fn decide(window: Option<&Window>, attempt: u32, command: Command, now: DateTime<Utc>, plan: &Plan) -> Vec<Event> {
    let known_attempt = window.map(|w| w.attempt);
    let is_stale = known_attempt.is_some_and(|known| attempt < known);
    if is_stale {
        return Vec::new();
    }
    let state = window.filter(|w| w.attempt == attempt).map(|w| w.state);
    match (state, command) {
        (None, Command::Open { opened_at }) => {
            let opened = Event::Opened { attempt, opened_at, deadline: plan.deadline(opened_at) };
            superseded(window).into_iter().chain([opened]).collect()
        }
        (None, Command::Close(reason)) => {
            superseded(window).into_iter().chain([Event::Closed { attempt, reason }]).collect()
        }
        (Some(State::Open { .. } | State::Expired { .. }), Command::Close(reason)) => {
            vec![Event::Closed { attempt, reason }]
        }
        (Some(State::Open { opened_at, deadline, reminded_hours }), Command::Remind { hours }) => {
            let is_useful = hours > reminded_hours && now < deadline && !plan.is_overtaken(hours, opened_at, now);
            if is_useful { vec![Event::ReminderDue { hours }] } else { Vec::new() }
        }
        (Some(State::Open { deadline, .. }), Command::Expire) if now >= deadline => vec![Event::Expired],
        // A timer of a window that is over or unknown, a repeated open or close, a timer before its time.
        (None, Command::Remind { .. } | Command::Expire)
        | (Some(State::Open { .. }), Command::Open { .. } | Command::Expire)
        | (Some(State::Expired { .. }), Command::Open { .. } | Command::Remind { .. } | Command::Expire)
        | (Some(State::Closed(_)), _) => Vec::new(),
    }
}

fn superseded(window: Option<&Window>) -> Option<Event> {
    match window {
        Some(Window { attempt, state: State::Open { .. } }) => Some(Event::Superseded { attempt: *attempt }),
        _ => None,
    }
}

/// The window after an event of [`decide`]; `None` as long as nothing is known.
pub fn evolve(window: Option<Window>, event: Event) -> Option<Window> {
    match event {
        Event::Opened { attempt, opened_at, deadline } => {
            Some(Window { attempt, state: State::Open { opened_at, deadline, reminded_hours: 0 } })
        }
        Event::Closed { attempt, reason } => Some(Window { attempt, state: State::Closed(reason) }),
        Event::Superseded { .. } => window,
        Event::ReminderDue { hours } => window.map(|w| match w.state {
            State::Open { opened_at, deadline, .. } => {
                Window { state: State::Open { opened_at, deadline, reminded_hours: hours }, ..w }
            }
            State::Expired { .. } | State::Closed(_) => w,
        }),
        Event::Expired => window.map(|w| match w.state {
            State::Open { opened_at, deadline, .. } => Window { state: State::Expired { opened_at, deadline }, ..w },
            State::Expired { .. } | State::Closed(_) => w,
        }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn hour(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + hours * 3_600, 0).unwrap()
    }

    fn plan() -> Plan {
        Plan { window_hours: 24, reminder_hours: vec![1, 6, 12, 20] }
    }

    fn open(attempt: u32, reminded_hours: u32) -> Option<Window> {
        let state = State::Open { opened_at: hour(0), deadline: hour(24), reminded_hours };
        Some(Window { attempt, state })
    }

    fn expired(attempt: u32) -> Option<Window> {
        Some(Window { attempt, state: State::Expired { opened_at: hour(0), deadline: hour(24) } })
    }

    fn closed(attempt: u32, reason: Reason) -> Option<Window> {
        Some(Window { attempt, state: State::Closed(reason) })
    }

    /// State × command, one row each; the time is in hours after the opening.
    #[test]
    fn every_state_answers_every_command() {
        use Command::{Close, Expire, Remind};
        use Reason::{Confirmed, Returned, Withdrawn};
        let opening = Command::Open { opened_at: hour(0) };
        let opened = |attempt| Event::Opened { attempt, opened_at: hour(0), deadline: hour(24) };
        let ended = |attempt, reason| Event::Closed { attempt, reason };
        let reminder = |hours| Event::ReminderDue { hours };
        let superseded = |attempt| Event::Superseded { attempt };
        let table = [
            // Nothing known yet.
            (None, 1, opening, 0, vec![opened(1)]),
            (None, 1, Close(Confirmed), 0, vec![ended(1, Confirmed)]),
            (None, 1, Remind { hours: 1 }, 1, vec![]),
            (None, 1, Expire, 24, vec![]),
            // Open, same attempt.
            (open(1, 0), 1, opening, 1, vec![]),
            (open(1, 0), 1, Close(Confirmed), 1, vec![ended(1, Confirmed)]),
            (open(1, 0), 1, Close(Returned), 1, vec![ended(1, Returned)]),
            (open(1, 0), 1, Close(Withdrawn), 1, vec![ended(1, Withdrawn)]),
            (open(1, 0), 1, Remind { hours: 1 }, 1, vec![reminder(1)]),
            (open(1, 0), 1, Remind { hours: 1 }, 5, vec![reminder(1)]),
            (open(1, 1), 1, Remind { hours: 1 }, 1, vec![]),
            (open(1, 6), 1, Remind { hours: 1 }, 6, vec![]),
            (open(1, 0), 1, Remind { hours: 1 }, 13, vec![]),
            (open(1, 0), 1, Remind { hours: 12 }, 13, vec![reminder(12)]),
            (open(1, 12), 1, Remind { hours: 20 }, 24, vec![]),
            (open(1, 0), 1, Expire, 23, vec![]),
            (open(1, 0), 1, Expire, 24, vec![Event::Expired]),
            // Open, another attempt.
            (open(1, 0), 2, opening, 2, vec![superseded(1), opened(2)]),
            (open(1, 0), 2, Close(Returned), 2, vec![superseded(1), ended(2, Returned)]),
            (open(1, 0), 2, Remind { hours: 1 }, 1, vec![]),
            (open(1, 0), 2, Expire, 24, vec![]),
            (open(2, 0), 1, opening, 1, vec![]),
            (open(2, 0), 1, Close(Returned), 1, vec![]),
            (open(2, 0), 1, Remind { hours: 1 }, 1, vec![]),
            (open(2, 0), 1, Expire, 24, vec![]),
            // Expired.
            (expired(1), 1, opening, 25, vec![]),
            (expired(1), 1, Close(Returned), 25, vec![ended(1, Returned)]),
            (expired(1), 1, Close(Confirmed), 25, vec![ended(1, Confirmed)]),
            (expired(1), 1, Remind { hours: 20 }, 25, vec![]),
            (expired(1), 1, Expire, 25, vec![]),
            (expired(1), 2, opening, 25, vec![opened(2)]),
            (expired(2), 1, Close(Returned), 25, vec![]),
            // Closed.
            (closed(1, Returned), 1, opening, 1, vec![]),
            (closed(1, Returned), 1, Close(Confirmed), 1, vec![]),
            (closed(1, Returned), 1, Remind { hours: 1 }, 1, vec![]),
            (closed(1, Returned), 1, Expire, 24, vec![]),
            (closed(1, Returned), 2, opening, 1, vec![opened(2)]),
            (closed(1, Returned), 2, Close(Withdrawn), 1, vec![ended(2, Withdrawn)]),
            (closed(2, Confirmed), 1, opening, 1, vec![]),
        ];
        for (window, attempt, command, at, expected) in table {
            let events = decide(window.as_ref(), attempt, command, hour(at), &plan());
            assert_eq!(events, expected, "{window:?}, attempt {attempt}, {command:?} at {at} h");
        }
    }

    fn commands() -> impl Strategy<Value = Vec<(u32, Command, i64)>> {
        let command = prop_oneof![
            Just(Command::Open { opened_at: hour(0) }),
            prop_oneof![Just(Reason::Confirmed), Just(Reason::Returned), Just(Reason::Withdrawn)]
                .prop_map(Command::Close),
            prop_oneof![Just(1u32), Just(6), Just(12), Just(20)].prop_map(|hours| Command::Remind { hours }),
            Just(Command::Expire),
        ];
        proptest::collection::vec((1u32..4, command, 0i64..30), 0..30)
    }

    fn play(commands: &[(u32, Command, i64)]) -> (Option<Window>, Vec<Event>) {
        let mut window = None;
        let mut history = Vec::new();
        for &(attempt, command, at) in commands {
            for event in decide(window.as_ref(), attempt, command, hour(at), &plan()) {
                window = evolve(window, event);
                history.push(event);
            }
        }
        (window, history)
    }

    proptest! {
        /// The state is nothing but the replayed history.
        #[test]
        fn a_history_replays(commands in commands()) {
            let (window, history) = play(&commands);
            prop_assert_eq!(history.into_iter().fold(None, evolve), window);
        }

        /// A command that comes again at once, or at the very end, changes nothing.
        #[test]
        fn repetition_changes_nothing(mut commands in commands()) {
            commands.sort_by_key(|(_, _, at)| *at);
            let (window, history) = play(&commands);
            let twice: Vec<_> = commands.iter().flat_map(|c| [*c, *c]).collect();
            prop_assert_eq!(play(&twice), (window, history.clone()));
            let settled = |c: &&(u32, Command, i64)| matches!(c.1, Command::Open { .. } | Command::Close(_));
            for &(attempt, command, _) in commands.iter().filter(settled) {
                let again = decide(window.as_ref(), attempt, command, hour(30), &plan());
                prop_assert!(again.is_empty(), "{:?} again gave {:?}", command, again);
            }
        }

        /// In whatever order an open and a close of one attempt come, the window ends closed, and no attempt is
        /// opened, reminded of one hour, expired or closed twice.
        #[test]
        fn reordering_ends_the_same(commands in commands()) {
            let (window, history) = play(&commands);
            let newest = commands.iter().filter(|c| matches!(c.1, Command::Open { .. } | Command::Close(_))).map(|c| c.0).max();
            prop_assert_eq!(window.map(|w| w.attempt), newest);
            let is_closed = commands.iter().any(|c| Some(c.0) == newest && matches!(c.1, Command::Close(_)));
            let ended = matches!(window, Some(Window { state: State::Closed(_), .. }));
            prop_assert_eq!(ended, is_closed);
            for number in 1..4 {
                let openings = history.iter().filter(|e| matches!(e, Event::Opened { attempt, .. } if *attempt == number));
                let ends = history.iter().filter(|e| matches!(e, Event::Closed { attempt, .. } if *attempt == number));
                let (openings, ends) = (openings.count(), ends.count());
                prop_assert!(openings <= 1 && ends <= 1);
            }
        }

        /// All timers of a window that was closed are silent, whenever they fire.
        #[test]
        fn timers_after_the_close_are_silent(mut commands in commands(), at in 0i64..100, hours in 0u32..30) {
            commands.push((3, Command::Close(Reason::Returned), 30));
            let (window, _) = play(&commands);
            for attempt in 0..5 {
                for timer in [Command::Expire, Command::Remind { hours }] {
                    let events = decide(window.as_ref(), attempt, timer, hour(at), &plan());
                    prop_assert!(events.is_empty());
                }
            }
        }
    }
}
