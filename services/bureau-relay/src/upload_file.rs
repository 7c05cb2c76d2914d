//! The life of one upload file, as a pure state machine.
//!
//! A file is written down, with its number and bytes, before the bureau hears of it. From then on each
//! observation (an answer, a lost answer, a restart, what the bureau says it took last) gives the next
//! state and what to do next. An answer that was lost is *unknown*: it becomes known only by asking the
//! bureau for its last upload, never by guessing. That, with one writer per account and a number that
//! only moves on acceptance, is what makes every filing reach the bureau exactly once.
//!
//! ```text
//!          send            taken
//!  Ready ───────▶ Sending ───────▶ Accepted
//!    ▲  ▲            │ lost ▲          ▲
//!    │  └─ refused ──┤      │          │ last upload = this
//!    │     for now   ▼      │ restart  │
//!    └─ not there ─ Unknown ◀──────────┘      Sending ── refused as a file ──▶ Refused
//! ```

use crate::sequence::Sequence;
use crate::wire::answer::{CodeClass, MsgCode, UploadAnswer};

/// State of a file, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Written down; the bureau does not have it.
    Ready,
    /// A call is on its way; stored before the call, so a crash is seen as a lost answer.
    Sending,
    /// A call was made and nobody knows what became of it.
    Unknown,
    /// The bureau has it.
    Accepted,
    /// The bureau will never take it in this form; its number is free again.
    Refused,
}

impl FileState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Ready, Self::Sending, Self::Unknown, Self::Accepted, Self::Refused];

    /// The text form used in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }

    /// The state with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the file still has to be worked on.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Ready | Self::Sending | Self::Unknown)
    }
}

/// What was learnt about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// The worker starts, or comes back to the file.
    Resumed,
    /// The call is about to be made.
    SendStarts,
    /// The bureau answered.
    Answered(UploadAnswer),
    /// There was no readable answer: time-out, broken connection, fault, nonsense.
    Lost,
    /// The bureau said which upload it took last.
    LastUpload {
        /// Its number; 0 = none.
        sequence: u32,
        /// Whether its content is that of our file.
        same_content: bool,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Call the bureau with the file.
    Send,
    /// Wait for the answer of the call.
    AwaitAnswer,
    /// Ask the bureau for its last upload.
    AskLastUpload,
    /// Try again later; the queue is closed or full.
    WaitAndSend(MsgCode),
    /// Send these earlier files again, as stored, then this one.
    ResendEarlier(Vec<u32>),
    /// Put the filings back and send them in smaller files.
    Split(MsgCode),
    /// Stop the account's queue and call a person.
    Stop(StopReason),
    /// Nothing; the file is at the bureau.
    Finished,
}

/// Why an account's queue stops until a person acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// The bureau refuses the account or the form of the call.
    Code(MsgCode),
    /// The bureau took an upload with this number that is not ours: somebody else uses the account.
    ForeignUpload(u32),
}

impl std::fmt::Display for StopReason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "the bureau answered {code}"),
            Self::ForeignUpload(number) => write!(
                formatter,
                "the bureau's last upload is number {number} with a content that this relay did not send"
            ),
        }
    }
}

/// A state and what to do in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state to store.
    pub state: FileState,
    /// What to do once it is stored.
    pub next: Next,
}

/// An observation that cannot be made in a state: a programming error or a second writer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a file that is {state:?} cannot see {observation}")]
pub struct ImpossibleObservation {
    state: FileState,
    observation: String,
}

/// Decides about a file with number `sequence` and `filings` records.
pub fn step(
    state: FileState,
    sequence: Sequence,
    filings: usize,
    observation: &Observation,
) -> Result<Step, ImpossibleObservation> {
    let stay = |next| Step { state, next };
    let to = |state, next| Step { state, next };
    Ok(match (state, observation) {
        (FileState::Ready, Observation::Resumed) => stay(Next::Send),
        (FileState::Sending | FileState::Unknown, Observation::Resumed) | (FileState::Sending, Observation::Lost) => {
            to(FileState::Unknown, Next::AskLastUpload)
        }
        (FileState::Ready, Observation::SendStarts) => to(FileState::Sending, Next::AwaitAnswer),
        (FileState::Sending, Observation::Answered(answer)) => after_answer(answer, sequence, filings),
        (FileState::Unknown, Observation::LastUpload { sequence: last, same_content }) => {
            after_last_upload(sequence, *last, *same_content)
        }
        (FileState::Unknown, Observation::Lost) => stay(Next::AskLastUpload),
        (FileState::Accepted, Observation::Resumed) => stay(Next::Finished),
        (state, observation) => {
            return Err(ImpossibleObservation { state, observation: format!("{observation:?}") });
        }
    })
}

fn after_answer(answer: &UploadAnswer, sequence: Sequence, filings: usize) -> Step {
    let code = answer.status.code;
    let (state, next) = match code.class() {
        CodeClass::Success => (FileState::Accepted, Next::Finished),
        CodeClass::RetryLater => (FileState::Ready, Next::WaitAndSend(code)),
        CodeClass::FixOrder => {
            let earlier: Vec<u32> =
                answer.missing.iter().copied().filter(|number| *number < sequence.value()).collect();
            // A gap at our number or behind it says that the bureau counts differently from us.
            if earlier.is_empty() {
                (FileState::Unknown, Next::AskLastUpload)
            } else {
                (FileState::Ready, Next::ResendEarlier(earlier))
            }
        }
        CodeClass::Bug if code == MsgCode::FILE_TOO_LARGE && filings > 1 => (FileState::Refused, Next::Split(code)),
        CodeClass::OperatorAlarm | CodeClass::Bug => (FileState::Ready, Next::Stop(StopReason::Code(code))),
        CodeClass::NothingWaiting | CodeClass::Unclear => (FileState::Unknown, Next::AskLastUpload),
    };
    Step { state, next }
}

fn after_last_upload(sequence: Sequence, last: u32, same_content: bool) -> Step {
    let ours = sequence.value();
    let (state, next) = if last == ours && same_content {
        (FileState::Accepted, Next::Finished)
    } else if last >= ours {
        (FileState::Unknown, Next::Stop(StopReason::ForeignUpload(last)))
    } else if last + 1 == ours {
        (FileState::Ready, Next::Send)
    } else {
        // The bureau lost uploads that it had accepted (a restored backup): it gets them again.
        (FileState::Ready, Next::ResendEarlier((last + 1..ours).collect()))
    };
    Step { state, next }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::wire::answer::Status;

    fn seq(value: u32) -> Sequence {
        Sequence::from_last_accepted(value).unwrap()
    }

    fn answered(code: u16, missing: &[u32]) -> Observation {
        Observation::Answered(UploadAnswer {
            status: Status { code: MsgCode(code), text: String::new() },
            missing: missing.to_vec(),
        })
    }

    #[test]
    fn state_by_observation() {
        use FileState::*;
        let last = |sequence, same_content| Observation::LastUpload { sequence, same_content };
        let code = MsgCode;
        type Row = (FileState, Observation, Option<(FileState, Next)>);
        let table: Vec<Row> = vec![
            (Ready, Observation::Resumed, Some((Ready, Next::Send))),
            (Ready, Observation::SendStarts, Some((Sending, Next::AwaitAnswer))),
            (Ready, Observation::Lost, None),
            (Ready, answered(0, &[]), None),
            (Ready, last(7, true), None),
            (Sending, Observation::Resumed, Some((Unknown, Next::AskLastUpload))),
            (Sending, Observation::Lost, Some((Unknown, Next::AskLastUpload))),
            (Sending, Observation::SendStarts, None),
            (Sending, last(7, true), None),
            (Sending, answered(0, &[]), Some((Accepted, Next::Finished))),
            (Sending, answered(901, &[]), Some((Ready, Next::WaitAndSend(code(901))))),
            (Sending, answered(15, &[]), Some((Ready, Next::WaitAndSend(code(15))))),
            (Sending, answered(20, &[]), Some((Ready, Next::WaitAndSend(code(20))))),
            (Sending, answered(14, &[5, 6]), Some((Ready, Next::ResendEarlier(vec![5, 6])))),
            (Sending, answered(14, &[6, 7]), Some((Ready, Next::ResendEarlier(vec![6])))),
            (Sending, answered(14, &[8]), Some((Unknown, Next::AskLastUpload))),
            (Sending, answered(5, &[]), Some((Ready, Next::Stop(StopReason::Code(code(5)))))),
            (Sending, answered(7, &[]), Some((Ready, Next::Stop(StopReason::Code(code(7)))))),
            (Sending, answered(18, &[]), Some((Refused, Next::Split(code(18))))),
            (Sending, answered(999, &[]), Some((Unknown, Next::AskLastUpload))),
            (Sending, answered(555, &[]), Some((Unknown, Next::AskLastUpload))),
            (Unknown, Observation::Resumed, Some((Unknown, Next::AskLastUpload))),
            (Unknown, Observation::Lost, Some((Unknown, Next::AskLastUpload))),
            (Unknown, Observation::SendStarts, None),
            (Unknown, answered(0, &[]), None),
            (Unknown, last(7, true), Some((Accepted, Next::Finished))),
            (Unknown, last(7, false), Some((Unknown, Next::Stop(StopReason::ForeignUpload(7))))),
            (Unknown, last(8, true), Some((Unknown, Next::Stop(StopReason::ForeignUpload(8))))),
            (Unknown, last(6, false), Some((Ready, Next::Send))),
            (Unknown, last(4, false), Some((Ready, Next::ResendEarlier(vec![5, 6])))),
            (Accepted, Observation::Resumed, Some((Accepted, Next::Finished))),
            (Accepted, Observation::SendStarts, None),
            (Refused, Observation::Resumed, None),
            (Refused, Observation::SendStarts, None),
        ];
        for (state, observation, expected) in table {
            let found = step(state, seq(7), 2, &observation).ok().map(|s| (s.state, s.next));
            assert_eq!(found, expected, "{state:?} sees {observation:?}");
        }
        let single = step(Sending, seq(7), 1, &answered(18, &[])).unwrap();
        assert_eq!(single.next, Next::Stop(StopReason::Code(code(18))), "one filing cannot be split");
    }

    #[test]
    fn states_have_stable_text_forms() {
        for state in FileState::ALL {
            assert_eq!(FileState::parse(state.as_str()), Some(state));
        }
        assert_eq!(FileState::parse("?"), None);
    }

    /// A bureau that keeps the rules of the interface: takes the next number only.
    #[derive(Default)]
    struct ModelBureau {
        taken: Vec<u32>,
    }

    impl ModelBureau {
        fn last(&self) -> u32 {
            u32::try_from(self.taken.len()).unwrap()
        }
        fn upload(&mut self, sequence: u32, content: u32) -> Observation {
            let next = self.last() + 1;
            if sequence == next {
                self.taken.push(content);
                return answered(0, &[]);
            }
            let missing: Vec<u32> = if sequence > next { (next..sequence).collect() } else { vec![next] };
            answered(14, &missing)
        }
    }

    /// What the relay has on disk; everything else is lost in a crash.
    #[derive(Default)]
    struct Disk {
        last_accepted: u32,
        files: BTreeMap<u32, (u32, FileState)>,
        unsent: Vec<u32>,
    }

    /// Faults that the world may put between the relay and the bureau.
    #[derive(Debug, Clone, Copy)]
    enum Fault {
        None,
        RequestLost,
        AnswerLost,
        Closed,
        Unclear,
        CrashBeforeCall,
        CrashAfterCall,
        BureauForgets,
    }

    fn run_one(disk: &mut Disk, bureau: &mut ModelBureau, fault: Fault) {
        let open = disk.files.iter().find(|(_, (_, state))| state.is_open()).map(|(n, f)| (*n, *f));
        let (number, (content, state)) = match open {
            Some((number, file)) => (number, file),
            None => {
                if disk.unsent.is_empty() {
                    return;
                }
                let number = seq(disk.last_accepted).next().unwrap().value();
                let content = disk.unsent.remove(0);
                disk.files.insert(number, (content, FileState::Ready));
                (number, (content, FileState::Ready))
            }
        };
        let mut at = step(state, seq(number), 1, &Observation::Resumed).unwrap();
        for _ in 0..6 {
            disk.files.insert(number, (content, at.state));
            let observation = match &at.next {
                Next::Send => Observation::SendStarts,
                Next::AwaitAnswer => {
                    if matches!(fault, Fault::CrashBeforeCall) {
                        return;
                    }
                    match fault {
                        Fault::RequestLost => Observation::Lost,
                        Fault::Closed => answered(901, &[]),
                        Fault::Unclear => answered(999, &[]),
                        Fault::AnswerLost => {
                            bureau.upload(number, content);
                            Observation::Lost
                        }
                        Fault::CrashAfterCall => {
                            bureau.upload(number, content);
                            return;
                        }
                        Fault::None | Fault::CrashBeforeCall | Fault::BureauForgets => bureau.upload(number, content),
                    }
                }
                Next::AskLastUpload => Observation::LastUpload {
                    sequence: bureau.last(),
                    same_content: bureau.taken.last() == Some(&content),
                },
                Next::ResendEarlier(numbers) => {
                    for earlier in numbers {
                        let (old, _) = disk.files[earlier];
                        bureau.upload(*earlier, old);
                    }
                    Observation::Resumed
                }
                Next::WaitAndSend(_) => return,
                Next::Finished => {
                    let counter = seq(disk.last_accepted).accept(seq(number)).unwrap();
                    disk.last_accepted = counter.value();
                    return;
                }
                Next::Stop(reason) => panic!("stopped: {reason}"),
                Next::Split(_) => panic!("split"),
            };
            at = step(at.state, seq(number), 1, &observation).unwrap();
        }
    }

    proptest! {
        /// Whatever is lost, closed or killed between any two steps: in the end the bureau has every
        /// filing exactly once, in order, without a gap.
        #[test]
        fn every_filing_arrives_once_under_any_interleaving(faults in prop::collection::vec(0_u8..8, 0..60)) {
            let filings: Vec<u32> = (100..108).collect();
            let mut disk = Disk { unsent: filings.clone(), ..Disk::default() };
            let mut bureau = ModelBureau::default();
            for fault in faults {
                let fault = match fault {
                    0 => Fault::RequestLost,
                    1 => Fault::AnswerLost,
                    2 => Fault::Closed,
                    3 => Fault::Unclear,
                    4 => Fault::CrashBeforeCall,
                    5 => Fault::CrashAfterCall,
                    6 => Fault::BureauForgets,
                    _ => Fault::None,
                };
                // A restored backup loses accepted uploads, but only while none is in flight.
                let in_flight = disk.files.values().any(|(_, state)| state.is_open());
                if matches!(fault, Fault::BureauForgets) && !in_flight {
                    bureau.taken.pop();
                }
                run_one(&mut disk, &mut bureau, fault);
                let numbers: Vec<u32> = disk.files.keys().copied().collect();
                let gapless: Vec<u32> = (1..=u32::try_from(numbers.len()).unwrap()).collect();
                prop_assert_eq!(numbers, gapless);
            }
            for _ in 0..20 {
                run_one(&mut disk, &mut bureau, Fault::None);
            }
            // A loss after the last upload shows only when the next one is sent.
            disk.unsent.push(999);
            run_one(&mut disk, &mut bureau, Fault::None);
            let mut expected = filings;
            expected.push(999);
            prop_assert_eq!(bureau.taken, expected);
        }
    }
}
