//! The life of a filing order, as a pure state machine: `decide` says what happens, `evolve` applies it.
//!
//! ```text
//! Draft → Checking → ProviderReview → Queued → AtBureau → Approved
//!   ↑________ Returned ←__|______________|_________|        (amended, then submitted again)
//! Draft, Checking, ProviderReview, Returned → Withdrawn;   Draft, Returned → Expired
//! ```
//!
//! No I/O, no clock. Answers of other services carry the number of the submission (attempt) that they belong to;
//! an answer to an older attempt, or one that comes twice, changes nothing.

use icp_domain::{Finding, Severity, Stage};
use serde::{Deserialize, Serialize};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The applicant writes.
    Draft,
    /// Identity and registers are checked.
    Checking,
    /// The provider's reviewer decides (初审).
    ProviderReview,
    /// Waits to be reported to the bureau (待提交管局).
    Queued,
    /// The bureau has it: SMS check, then review (待管局审核).
    AtBureau,
    /// Filed; the numbers are known (已备案).
    Approved,
    /// Back with the applicant, with findings (退回).
    Returned,
    /// Withdrawn by the applicant (撤销).
    Withdrawn,
    /// Idle for too long (45 days).
    Expired,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 9] = [
        Self::Draft,
        Self::Checking,
        Self::ProviderReview,
        Self::Queued,
        Self::AtBureau,
        Self::Approved,
        Self::Returned,
        Self::Withdrawn,
        Self::Expired,
    ];

    /// The text form, e.g. `provider_review`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Checking => "checking",
            Self::ProviderReview => "provider_review",
            Self::Queued => "queued",
            Self::AtBureau => "at_bureau",
            Self::Approved => "approved",
            Self::Returned => "returned",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// The phase with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text)
    }

    /// Whether the applicant may change the content.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Returned)
    }

    /// One sentence: what the order waits for.
    pub fn waits_for(self) -> &'static str {
        match self {
            Self::Draft => "The applicant completes the draft and submits it.",
            Self::Checking => "Identity verification and the registers answer.",
            Self::ProviderReview => "A reviewer of the provider decides.",
            Self::Queued => "The relay reports the order to the bureau.",
            Self::AtBureau => {
                "The persons in charge confirm the ministry's SMS within 24 hours, then the bureau decides."
            }
            Self::Approved => "Nothing: the filing is approved.",
            Self::Returned => "The applicant mends the findings and submits again.",
            Self::Withdrawn => "Nothing: the order was withdrawn.",
            Self::Expired => "Nothing: the order expired.",
        }
    }
}

/// The state of an order. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Where it stands.
    pub phase: Phase,
    /// Number of events so far; grows by one with each.
    pub version: i64,
    /// Number of submissions so far.
    pub attempt: u32,
    /// Whether identity verification has answered this attempt.
    pub identity_answered: bool,
    /// Whether the registers have answered this attempt.
    pub authority_answered: bool,
    /// Findings of this attempt so far, or those that returned it.
    pub findings: Vec<Finding>,
    /// Number of the organiser, once approved (主体备案号).
    pub organiser_number: Option<String>,
    /// Numbers of the services, once approved.
    pub service_numbers: Vec<String>,
    /// Who passed it first, while a second reviewer must decide as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_pass: Option<String>,
    /// The words of whoever returned it, encrypted under the order's data key, base64: see [`crate::desk::words`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// What the province's module said, as the order records it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RulesVerdict {
    /// Digest of the module; absent when no module could judge.
    pub digest: Option<String>,
    /// Version of the module.
    pub version: Option<String>,
    /// Its findings; without a verdict, one that asks for manual review.
    pub findings: Vec<Finding>,
}

impl RulesVerdict {
    /// Whether a finding blocks.
    pub fn blocks(&self) -> bool {
        blocks(&self.findings)
    }
}

/// A result code of the bureau (Jgdm) with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BureauResult {
    /// Jgdm of the interface document.
    pub code: u32,
    /// The bureau's words.
    pub text: String,
}

/// What somebody wants of an order.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // Each variant is explained; its fields are named for what they hold.
pub enum Command {
    /// The applicant changes the content or a material.
    Amend,
    /// The applicant hands it in; the rules have judged.
    Submit(RulesVerdict),
    /// The applicant takes it back.
    Withdraw,
    /// 45 idle days have passed.
    Expire,
    /// Identity verification answers.
    IdentityAnswered { attempt: u32, checks: u32, findings: Vec<Finding> },
    /// The registers answer.
    AuthorityAnswered { attempt: u32, answers: u32, findings: Vec<Finding> },
    /// The reviewer passes it; the rules have judged once more.
    Pass(RulesVerdict),
    /// The first of two reviewers passes it; the rules have judged once more.
    PassFirst { verdict: RulesVerdict, reviewer: String },
    /// The reviewer returns it with reasons.
    Return(Vec<Finding>),
    /// The reviewer returns it with reasons and with own words, which are encrypted.
    ReturnInWords { findings: Vec<Finding>, words: String },
    /// The bureau's system has taken it.
    BureauReceived { attempt: u32, data_sequence: i64 },
    /// The bureau approved it.
    BureauApproved { attempt: u32, organiser_number: String, service_numbers: Vec<String> },
    /// The bureau or the ministry returned it.
    BureauRejected { attempt: u32, results: Vec<BureauResult>, sms_timeout: bool },
}

/// What happened to an order. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(missing_docs)] // Each variant is explained; its fields are named for what they hold.
pub enum Event {
    /// The order exists.
    Created,
    /// The content or a material changed.
    Amended,
    /// Handed in.
    Submitted { attempt: u32 },
    /// The province's module judged it.
    RulesJudged(RulesVerdict),
    /// Identity verification answered.
    IdentityVerified { checks: u32, findings: Vec<Finding> },
    /// The registers answered.
    AuthorityAnswered { answers: u32, findings: Vec<Finding> },
    /// All checks are done; a reviewer is asked.
    ReviewRequested,
    /// Own words of whoever returns the order, encrypted under its data key, base64.
    Worded { words: String },
    /// Back to the applicant.
    Returned { by: Stage, findings: Vec<Finding> },
    /// The first of two reviewers passed it.
    PassedFirst { reviewer: String },
    /// The reviewer passed it.
    Passed,
    /// The bureau's system has it; 0 where only a later answer told so.
    ReceivedByBureau { data_sequence: i64 },
    /// Filed.
    Approved { organiser_number: String, service_numbers: Vec<String> },
    /// Taken back.
    Withdrawn,
    /// Idle for too long.
    Expired,
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// Not in this phase.
    #[error("the order is in phase `{}`; this is only possible in {allowed}", phase.as_str())]
    WrongPhase {
        /// Phase of the order.
        phase: Phase,
        /// Phases in which it would be possible.
        allowed: &'static str,
    },
    /// The rules block what the reviewer wanted to pass.
    #[error("the province's rules block this order")]
    Blocked(Vec<Finding>),
    /// The second opinion must be another person's.
    #[error("`{0}` has passed this order already; another reviewer must decide")]
    SameReviewer(String),
    /// A return must say why.
    #[error("a return needs at least one finding")]
    NoReason,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            phase: Phase::Draft,
            version: 0,
            attempt: 0,
            identity_answered: false,
            authority_answered: false,
            findings: Vec::new(),
            organiser_number: None,
            service_numbers: Vec::new(),
            first_pass: None,
            words: None,
        }
    }
}

impl Order {
    /// One sentence: what the order waits for.
    pub fn waits_for(&self) -> &'static str {
        match (self.phase, &self.first_pass) {
            (Phase::ProviderReview, Some(_)) => {
                "A second reviewer of the provider decides; the first one has passed it."
            }
            _ => self.phase.waits_for(),
        }
    }
}

/// What happens when `command` meets an order in state `order`.
///
/// Commands of people are refused when they do not fit; answers of other services that come late or twice are no
/// error and change nothing.
pub fn decide(order: &Order, command: Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Amend => allow(order, order.phase.is_open(), "draft or returned", || vec![Event::Amended]),
        Command::Submit(verdict) => {
            allow(order, order.phase.is_open(), "draft or returned", || submit(order.attempt + 1, verdict))
        }
        Command::Withdraw => {
            let may = order.phase.is_open() || matches!(order.phase, Phase::Checking | Phase::ProviderReview);
            allow(order, may, "draft, checking, provider_review or returned", || vec![Event::Withdrawn])
        }
        Command::Expire => Ok(if order.phase.is_open() { vec![Event::Expired] } else { Vec::new() }),
        Command::IdentityAnswered { attempt, checks, findings } => {
            if !is_awaited(order, attempt) || order.identity_answered {
                return Ok(Vec::new());
            }
            let answered = Event::IdentityVerified { checks, findings };
            Ok(after_check(order, answered, order.authority_answered, Stage::Identity))
        }
        Command::AuthorityAnswered { attempt, answers, findings } => {
            if !is_awaited(order, attempt) || order.authority_answered {
                return Ok(Vec::new());
            }
            let answered = Event::AuthorityAnswered { answers, findings };
            Ok(after_check(order, answered, order.identity_answered, Stage::Authority))
        }
        Command::Pass(verdict) => pass(order, verdict, Event::Passed),
        Command::PassFirst { verdict, reviewer } => pass(order, verdict, Event::PassedFirst { reviewer }),
        Command::Return(findings) => {
            if findings.is_empty() {
                return Err(Rejection::NoReason);
            }
            allow(order, order.phase == Phase::ProviderReview, "provider_review", || {
                vec![Event::Returned { by: Stage::Review, findings }]
            })
        }
        Command::ReturnInWords { findings, words } => decide(order, Command::Return(findings)).map(|mut events| {
            events.insert(0, Event::Worded { words });
            events
        }),
        Command::BureauReceived { attempt, data_sequence } => {
            let fits = order.phase == Phase::Queued && attempt == order.attempt;
            Ok(if fits { vec![Event::ReceivedByBureau { data_sequence }] } else { Vec::new() })
        }
        Command::BureauApproved { attempt, organiser_number, service_numbers } => {
            Ok(from_bureau(order, attempt, Event::Approved { organiser_number, service_numbers }))
        }
        Command::BureauRejected { attempt, results, sms_timeout } => {
            let findings = bureau_findings(&results, sms_timeout);
            Ok(from_bureau(order, attempt, Event::Returned { by: Stage::Bureau, findings }))
        }
    }
}

/// The state after `event`.
pub fn evolve(mut order: Order, event: &Event) -> Order {
    order.version += 1;
    match event {
        Event::Created | Event::Amended => {}
        Event::Submitted { attempt } => {
            order.phase = Phase::Checking;
            order.attempt = *attempt;
            order.identity_answered = false;
            order.authority_answered = false;
            order.findings = Vec::new();
            order.first_pass = None;
            order.words = None;
        }
        Event::RulesJudged(verdict) => {
            order.findings.retain(|finding| finding.stage != Stage::Rules);
            order.findings.extend(verdict.findings.iter().cloned());
        }
        Event::IdentityVerified { findings, .. } => {
            order.identity_answered = true;
            order.findings.extend(findings.iter().cloned());
        }
        Event::AuthorityAnswered { findings, .. } => {
            order.authority_answered = true;
            order.findings.extend(findings.iter().cloned());
        }
        Event::ReviewRequested => order.phase = Phase::ProviderReview,
        Event::Worded { words } => order.words = Some(words.clone()),
        Event::Returned { findings, .. } => {
            order.phase = Phase::Returned;
            order.findings.clone_from(findings);
            order.first_pass = None;
        }
        Event::PassedFirst { reviewer } => order.first_pass = Some(reviewer.clone()),
        Event::Passed => {
            order.phase = Phase::Queued;
            order.first_pass = None;
        }
        Event::ReceivedByBureau { .. } => order.phase = Phase::AtBureau,
        Event::Approved { organiser_number, service_numbers } => {
            order.phase = Phase::Approved;
            order.findings = Vec::new();
            order.organiser_number = Some(organiser_number.clone());
            order.service_numbers.clone_from(service_numbers);
        }
        Event::Withdrawn => order.phase = Phase::Withdrawn,
        Event::Expired => order.phase = Phase::Expired,
    }
    order
}

fn allow(
    order: &Order,
    may: bool,
    allowed: &'static str,
    events: impl FnOnce() -> Vec<Event>,
) -> Result<Vec<Event>, Rejection> {
    if may { Ok(events()) } else { Err(Rejection::WrongPhase { phase: order.phase, allowed }) }
}

fn submit(attempt: u32, verdict: RulesVerdict) -> Vec<Event> {
    let blocking = verdict.blocks().then(|| verdict.findings.clone());
    let mut events = vec![Event::Submitted { attempt }, Event::RulesJudged(verdict)];
    if let Some(findings) = blocking {
        events.push(Event::Returned { by: Stage::Rules, findings });
    }
    events
}

fn pass(order: &Order, verdict: RulesVerdict, passed: Event) -> Result<Vec<Event>, Rejection> {
    if order.phase == Phase::ProviderReview && verdict.blocks() {
        return Err(Rejection::Blocked(verdict.findings));
    }
    allow(order, order.phase == Phase::ProviderReview, "provider_review", || vec![Event::RulesJudged(verdict), passed])
}

fn is_awaited(order: &Order, attempt: u32) -> bool {
    order.phase == Phase::Checking && order.attempt == attempt
}

/// After the last check: back to the applicant with all findings at once, or on to the reviewer.
fn after_check(order: &Order, answered: Event, other_is_done: bool, stage: Stage) -> Vec<Event> {
    if !other_is_done {
        return vec![answered];
    }
    let after = evolve(order.clone(), &answered);
    let next = if blocks(&after.findings) {
        let blocking_stage =
            after.findings.iter().find(|f| f.severity == Severity::Block).map_or(stage, |finding| finding.stage);
        Event::Returned { by: blocking_stage, findings: after.findings }
    } else {
        Event::ReviewRequested
    };
    vec![answered, next]
}

/// An answer of the bureau may overtake the receipt of its file.
fn from_bureau(order: &Order, attempt: u32, answer: Event) -> Vec<Event> {
    if attempt != order.attempt {
        return Vec::new();
    }
    match order.phase {
        Phase::Queued => vec![Event::ReceivedByBureau { data_sequence: 0 }, answer],
        Phase::AtBureau => vec![answer],
        _ => Vec::new(),
    }
}

fn bureau_findings(results: &[BureauResult], sms_timeout: bool) -> Vec<Finding> {
    results
        .iter()
        .map(|result| Finding {
            code: if sms_timeout { "V05".to_owned() } else { format!("B{}", result.code) },
            stage: Stage::Bureau,
            severity: Severity::Block,
            field: String::new(),
            message_zh: result.text.clone(),
            message_en: if sms_timeout {
                "The ministry's SMS was not confirmed within 24 hours.".to_owned()
            } else {
                format!("The bureau answered with result code {}.", result.code)
            },
            remedy: if sms_timeout {
                "Submit again, and confirm the code on the ministry's page within 24 hours.".to_owned()
            } else {
                "Mend what the bureau names, then submit again.".to_owned()
            },
            source: None,
        })
        .collect()
}

fn blocks(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Block)
}

#[cfg(test)]
mod tests;
