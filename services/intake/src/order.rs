//! The life of a filing order, as a pure state machine: `decide` says what happens, `evolve` applies it.
//!
//! ```text
//! Draft → Checking → ProviderReview → Queued → AtBureau → Approved, or Cancelled (注销, 取消接入)
//!   ↑________ Returned ←__|______________|_________|        (amended, then submitted again)
//! Draft, Checking, ProviderReview, Queued, Returned → Withdrawn;   Draft, Returned → Expired
//! Returned → Queued, where nobody confirmed the ministry's SMS and nothing was changed since
//! ```
//!
//! Once it is queued the relay has it, so a withdrawal is asked of the relay first ([`withdrawal`]). An SMS that nobody
//! confirmed is no refusal: the provider hands the order in again ([`resubmission`]).
//!
//! A transfer (转移备案) waits in `Checking` for the account that holds the record ([`consent`]), and expires there too.
//!
//! Which of these steps an order takes is said by the description of its type ([`OrderType::description`]): steps at
//! which nobody is asked are skipped, and what is not carried to the bureau is approved after the last of them.
//!
//! No I/O, no clock. Answers of other services carry the number of the submission (attempt) that they belong to;
//! an answer to an older attempt, or one that comes twice, changes nothing.

mod checked;
mod consent;
mod material;
mod outcome;
mod phase;
mod registers;
mod resubmission;
mod returns;
mod withdrawal;

use icp_domain::{Description, Finding, OrderType, Severity, Stage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use checked::CheckResult;
pub use material::MaterialChange;
pub use outcome::{BureauIds, Numbers};
pub use phase::Phase;
pub use registers::{DomainFacts, EnterpriseFacts, Registers};
pub use resubmission::SMS_UNCONFIRMED;
use returns::{return_by_reviewer, returned, still_amendable};

/// The state of an order. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// What it asks for; decides which steps it takes.
    #[serde(default = "first_filing")]
    pub order_type: OrderType,
    /// The determination that found the type; what it was asked about is frozen then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub determination: Option<Uuid>,
    /// Where it stands.
    pub phase: Phase,
    /// Number of events so far; grows by one with each.
    pub version: i64,
    /// Number of submissions so far.
    pub attempt: u32,
    /// Whether identity verification has answered this attempt, or is not asked.
    pub identity_answered: bool,
    /// Whether the registers have answered this attempt, or are not asked.
    pub authority_answered: bool,
    /// Whether the account that holds the record has consented, or need not.
    #[serde(default = "yes")]
    pub consent_given: bool,
    /// Whether the ministry asks anybody by SMS.
    #[serde(default = "yes")]
    pub asks_sms: bool,
    /// Whether the relay has it in this attempt.
    #[serde(default)]
    pub is_handed_over: bool,
    /// Whether the relay was asked to take it back, and has not answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_withdrawal_asked: bool,
    /// What the registers told in this attempt.
    #[serde(default)]
    pub registers: Registers,
    /// Findings of this attempt so far, or those that returned it.
    pub findings: Vec<Finding>,
    /// The only fields that the applicant may amend, where a reviewer's return said so: until a reviewer gets it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amendable: Option<Vec<String>>,
    /// Whether it came back only because nobody confirmed the ministry's SMS, and is what it was then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_resubmitted: bool,
    /// Number of the organiser: the one on record that the order names, or the new one (主体备案号).
    pub organiser_number: Option<String>,
    /// Numbers of the services: those on record that the order names, or the new ones.
    pub service_numbers: Vec<String>,
    /// Who passed it first, while a second reviewer must decide as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_pass: Option<String>,
    /// The words of whoever returned it, encrypted under the order's data key, base64: see [`crate::desk::words`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

// States and histories from before there were other types than first filings lack these.
fn first_filing() -> OrderType {
    OrderType::FirstFiling
}

fn yes() -> bool {
    true
}

impl Order {
    /// What its type is about.
    pub fn description(&self) -> &'static Description {
        self.order_type.description()
    }

    /// Whether nothing can happen to it any more.
    pub fn is_over(&self) -> bool {
        self.phase.is_final() && !withdrawal::is_overtaken(self)
    }

    /// Whether nobody but an account brings it on, the applicant's or the record's holder's: it expires when neither does.
    pub fn may_expire(&self) -> bool {
        self.phase.is_open() || consent::is_awaited(self)
    }

    /// The only fields that may be amended now; none where no return has named any.
    pub fn open_fields(&self) -> Option<&[String]> {
        self.amendable.as_deref().filter(|_| self.phase.is_open())
    }

    /// Whether everybody who is asked before the reviewer has answered.
    fn is_checked(&self) -> bool {
        self.identity_answered && self.authority_answered && self.consent_given
    }

    /// One sentence: what the order waits for.
    pub fn waits_for(&self) -> &'static str {
        let row = self.description();
        match self.phase {
            Phase::Draft => "The applicant completes the draft and submits it.",
            Phase::Checking if !self.consent_given => "The account that holds the record consents.",
            Phase::Checking if !row.asks_registers() => "Identity verification answers.",
            Phase::Checking if !row.verifies_identity() => "The registers answer.",
            Phase::Checking => "Identity verification and the registers answer.",
            Phase::ProviderReview if self.first_pass.is_some() => {
                "A second reviewer of the provider decides; the first one has passed it."
            }
            Phase::ProviderReview => "A reviewer of the provider decides.",
            Phase::Queued if self.is_withdrawal_asked => "The relay takes it back, or says that the bureau has it.",
            Phase::Queued => "The relay reports the order to the bureau.",
            Phase::AtBureau if self.asks_sms => {
                "The persons in charge confirm the ministry's SMS within 24 hours, then the bureau decides."
            }
            Phase::AtBureau => "The bureau decides; the ministry asks nobody by SMS.",
            Phase::Approved if row.bureau.is_none() => "Nothing: the record belongs to the account.",
            Phase::Approved => "Nothing: the filing is approved.",
            Phase::Cancelled => "Nothing: it was taken off the record.",
            Phase::Returned if self.may_be_resubmitted => {
                "The provider hands it in again, or the applicant does: nobody confirmed the ministry's SMS."
            }
            Phase::Returned => "The applicant mends the findings and submits again.",
            Phase::Withdrawn => "Nothing: the order was withdrawn.",
            Phase::Expired => "Nothing: the order expired.",
        }
    }
}

/// What the province's module said, as the order records it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
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

/// What an applicant hands in.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// What the rules say.
    pub verdict: RulesVerdict,
    /// Whether the ministry will ask anybody by SMS.
    pub asks_sms: bool,
    /// The organiser's number on record that the order names.
    pub organiser_number: Option<String>,
    /// The services' numbers on record that the order names.
    pub service_numbers: Vec<String>,
}

/// What somebody wants of an order.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // Each variant is explained; its fields are named for what they hold.
pub enum Command {
    /// The applicant changes the content.
    Amend,
    /// The applicant adds or replaces a material.
    PutMaterial(MaterialChange),
    /// The applicant takes a material back.
    RemoveMaterial(MaterialChange),
    /// The applicant hands it in; the rules have judged.
    Submit(Submission),
    /// The account that holds the record lets it go; the record was looked at once more.
    Consent(RulesVerdict),
    /// The account that holds the record keeps it.
    Refuse,
    /// The applicant takes it back.
    Withdraw,
    /// 45 idle days have passed.
    Expire,
    /// Identity verification answers.
    IdentityAnswered { attempt: u32, results: Vec<CheckResult>, findings: Vec<Finding> },
    /// The registers answer.
    AuthorityAnswered { attempt: u32, results: Vec<CheckResult>, findings: Vec<Finding>, registers: Registers },
    /// The reviewer passes it; the rules have judged once more.
    Pass(RulesVerdict),
    /// The first of two reviewers passes it; the rules have judged once more.
    PassFirst { verdict: RulesVerdict, reviewer: String },
    /// The reviewer returns it with reasons.
    Return(Vec<Finding>),
    /// The same, and nothing but the fields that the findings name may be amended.
    ReturnForFields(Vec<Finding>),
    /// The provider hands it in again after an SMS that nobody confirmed; the rules have judged once more.
    Resubmit(RulesVerdict),
    /// A command that may return the order, with the own words of who returns it, which are encrypted.
    InWords { words: String, command: Box<Command> },
    /// The bureau's system has taken it.
    BureauReceived { attempt: u32, data_sequence: i64 },
    /// The bureau approved it.
    BureauApproved { attempt: u32, numbers: Numbers },
    /// The bureau or the ministry returned it, for these reasons.
    BureauRejected { attempt: u32, findings: Vec<Finding> },
    /// The relay has taken it back, or could not.
    WithdrawalAnswered { attempt: u32, is_withdrawn: bool },
}

/// What happened to an order. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(missing_docs)] // Each variant is explained; its fields are named for what they hold.
pub enum Event {
    /// The order exists.
    Created {
        #[serde(default = "first_filing")]
        order_type: OrderType,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        determination: Option<Uuid>,
    },
    /// The content changed, or the material that is named.
    Amended {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        material: Option<MaterialChange>,
    },
    /// Handed in.
    Submitted {
        attempt: u32,
        #[serde(default = "yes")]
        asks_sms: bool,
        #[serde(default)]
        organiser_number: Option<String>,
        #[serde(default)]
        service_numbers: Vec<String>,
    },
    /// Handed in again by the provider, unchanged, after an SMS that nobody confirmed.
    Resubmitted { attempt: u32 },
    /// The province's module judged it.
    RulesJudged(RulesVerdict),
    /// Identity verification answered.
    IdentityVerified {
        checks: u32,
        findings: Vec<Finding>,
        #[serde(default)]
        results: Vec<CheckResult>,
    },
    /// The registers answered.
    AuthorityAnswered {
        answers: u32,
        findings: Vec<Finding>,
        #[serde(default)]
        registers: Registers,
        #[serde(default)]
        results: Vec<CheckResult>,
    },
    /// The account that holds the record lets it go.
    ConsentGiven,
    /// The account that holds the record keeps it.
    ConsentRefused,
    /// All checks are done; a reviewer is asked.
    ReviewRequested,
    /// Own words of whoever returns the order, encrypted under its data key, base64.
    Worded { words: String },
    /// Back to the applicant.
    Returned {
        by: Stage,
        findings: Vec<Finding>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amendable: Option<Vec<String>>,
    },
    /// The first of two reviewers passed it.
    PassedFirst { reviewer: String },
    /// The reviewer passed it.
    Passed,
    /// The bureau's system has it; 0 where only a later answer told so.
    ReceivedByBureau { data_sequence: i64 },
    /// Filed.
    Approved(Numbers),
    /// Taken off the record.
    Cancelled(Numbers),
    /// The relay is asked to take it back.
    WithdrawalRequested,
    /// It could not be taken back: the bureau's system has it, or may have it.
    WithdrawalTooLate,
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
    /// The rules, or the record, block what was to be passed.
    #[error("findings block this order")]
    Blocked(Vec<Finding>),
    /// The second opinion must be another person's.
    #[error("`{0}` has passed this order already; another reviewer must decide")]
    SameReviewer(String),
    /// A return must say why.
    #[error("a return needs at least one finding")]
    NoReason,
    /// Then nothing could be amended.
    #[error("a return that opens named fields only must name one")]
    NoField,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            order_type: OrderType::FirstFiling,
            determination: None,
            phase: Phase::Draft,
            version: 0,
            attempt: 0,
            identity_answered: false,
            authority_answered: false,
            consent_given: false,
            asks_sms: false,
            is_handed_over: false,
            is_withdrawal_asked: false,
            registers: Registers::default(),
            findings: Vec::new(),
            amendable: None,
            may_be_resubmitted: false,
            organiser_number: None,
            service_numbers: Vec::new(),
            first_pass: None,
            words: None,
        }
    }
}

/// What happens when `command` meets an order in state `order`.
///
/// Commands of people are refused when they do not fit; answers of other services that come late or twice are no
/// error and change nothing.
pub fn decide(order: &Order, command: Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Amend => amend(order, None),
        Command::PutMaterial(change) | Command::RemoveMaterial(change) => amend(order, Some(change)),
        Command::Submit(submission) => {
            allow(order, order.phase.is_open(), "draft or returned", || submit(order, submission))
        }
        Command::Consent(verdict) => consent::give(order, verdict),
        Command::Refuse => consent::refuse(order),
        Command::Withdraw => withdrawal::withdraw(order),
        Command::Expire => Ok(if order.may_expire() { vec![Event::Expired] } else { Vec::new() }),
        Command::IdentityAnswered { attempt, results, findings } => {
            if !is_awaited(order, attempt) || order.identity_answered {
                return Ok(Vec::new());
            }
            Ok(after_check(order, Event::IdentityVerified { checks: checked::count(&results), findings, results }))
        }
        Command::AuthorityAnswered { attempt, results, findings, registers } => {
            if !is_awaited(order, attempt) || order.authority_answered {
                return Ok(Vec::new());
            }
            let answers = checked::count(&results);
            Ok(after_check(order, Event::AuthorityAnswered { answers, findings, registers, results }))
        }
        Command::Pass(verdict) => pass(order, verdict, agreed(order)),
        Command::PassFirst { verdict, reviewer } => pass(order, verdict, Event::PassedFirst { reviewer }),
        Command::Return(findings) => return_by_reviewer(order, findings, None),
        Command::ReturnForFields(findings) => {
            let named =
                findings.iter().map(|finding| finding.field.clone()).filter(|field| !field.is_empty()).collect();
            return_by_reviewer(order, findings, Some(named))
        }
        Command::Resubmit(verdict) => resubmission::resubmit(order, verdict),
        Command::InWords { words, command } => decide(order, *command).map(|mut events| {
            if let Some(place) = events.iter().position(|event| matches!(event, Event::Returned { .. })) {
                events.insert(place, Event::Worded { words });
            }
            events
        }),
        Command::BureauReceived { attempt, data_sequence } => {
            let fits = attempt == order.attempt && (order.phase == Phase::Queued || withdrawal::is_overtaken(order));
            Ok(if fits { vec![Event::ReceivedByBureau { data_sequence }] } else { Vec::new() })
        }
        Command::BureauApproved { attempt, numbers } => {
            Ok(outcome::from_bureau(order, attempt, outcome::done(order, numbers)))
        }
        Command::BureauRejected { attempt, findings } => {
            Ok(outcome::from_bureau(order, attempt, returned(Stage::Bureau, findings)))
        }
        Command::WithdrawalAnswered { attempt, is_withdrawn } => {
            Ok(withdrawal::answered(order, attempt, is_withdrawn).into_iter().collect())
        }
    }
}

/// The state after `event`.
pub fn evolve(mut order: Order, event: &Event) -> Order {
    order.version += 1;
    match event {
        Event::Created { order_type, determination } => {
            order.order_type = *order_type;
            order.determination = *determination;
        }
        Event::Amended { .. } => order.may_be_resubmitted = false,
        Event::ConsentRefused => {}
        Event::Submitted { attempt, asks_sms, organiser_number, service_numbers } => {
            let row = order.description();
            order.phase = Phase::Checking;
            order.attempt = *attempt;
            order.identity_answered = !row.verifies_identity();
            order.authority_answered = !row.asks_registers();
            order.consent_given = !row.needs_consent();
            order.asks_sms = *asks_sms;
            order.is_handed_over = false;
            order.is_withdrawal_asked = false;
            order.may_be_resubmitted = false;
            order.registers = Registers::default();
            order.findings = Vec::new();
            order.organiser_number.clone_from(organiser_number);
            order.service_numbers.clone_from(service_numbers);
            order.first_pass = None;
            order.words = None;
        }
        Event::Resubmitted { attempt } => {
            order.attempt = *attempt;
            order.may_be_resubmitted = false;
            order.findings = Vec::new();
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
        Event::AuthorityAnswered { findings, registers, .. } => {
            order.authority_answered = true;
            order.registers.clone_from(registers);
            order.findings.extend(findings.iter().cloned());
        }
        Event::ConsentGiven => order.consent_given = true,
        Event::ReviewRequested => {
            order.phase = Phase::ProviderReview;
            order.amendable = None;
        }
        Event::Worded { words } => order.words = Some(words.clone()),
        Event::Returned { by, findings, amendable } => {
            order.phase = Phase::Returned;
            order.may_be_resubmitted = resubmission::is_unconfirmed(*by, findings);
            order.amendable.clone_from(amendable);
            order.is_handed_over = false;
            order.is_withdrawal_asked = false;
            order.findings.clone_from(findings);
            order.first_pass = None;
        }
        Event::PassedFirst { reviewer } => order.first_pass = Some(reviewer.clone()),
        Event::Passed => {
            order.phase = Phase::Queued;
            order.is_handed_over = true;
            order.first_pass = None;
        }
        Event::ReceivedByBureau { .. } => order.phase = Phase::AtBureau,
        Event::Approved(numbers) => {
            order.phase = Phase::Approved;
            outcome::enter(&mut order, numbers);
        }
        Event::Cancelled(numbers) => {
            order.phase = Phase::Cancelled;
            outcome::enter(&mut order, numbers);
        }
        Event::WithdrawalRequested => order.is_withdrawal_asked = true,
        Event::WithdrawalTooLate => order.is_withdrawal_asked = false,
        Event::Withdrawn => {
            order.phase = Phase::Withdrawn;
            // The relay has taken it back: the bureau never hears of it.
            order.is_handed_over &= !order.is_withdrawal_asked;
            order.is_withdrawal_asked = false;
        }
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

fn amend(order: &Order, material: Option<MaterialChange>) -> Result<Vec<Event>, Rejection> {
    allow(order, order.phase.is_open(), "draft or returned", || vec![Event::Amended { material }])
}

fn submit(order: &Order, submission: Submission) -> Vec<Event> {
    let Submission { verdict, asks_sms, organiser_number, service_numbers } = submission;
    let submitted = Event::Submitted { attempt: order.attempt + 1, asks_sms, organiser_number, service_numbers };
    let judged = Event::RulesJudged(verdict);
    let after = evolve(evolve(order.clone(), &submitted), &judged);
    let is_decided = after.is_checked() || blocks(&after.findings);
    let next = is_decided.then(|| after_all_checks(&after));
    [submitted, judged].into_iter().chain(next).collect()
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

/// An answer, and what follows when it is the last one.
fn after_check(order: &Order, answered: Event) -> Vec<Event> {
    let after = evolve(order.clone(), &answered);
    let next = after.is_checked().then(|| after_all_checks(&after));
    std::iter::once(answered).chain(next).collect()
}

/// Back to the applicant with all findings at once, or on to the reviewer, if the type has one.
fn after_all_checks(order: &Order) -> Event {
    match order.findings.iter().find(|finding| finding.severity == Severity::Block) {
        Some(blocking) => {
            let amendable = still_amendable(order);
            Event::Returned { by: blocking.stage, findings: order.findings.clone(), amendable }
        }
        None if order.description().is_reviewed => Event::ReviewRequested,
        None => agreed(order),
    }
}

/// On to the bureau, or done where the provider's own record changes alone.
fn agreed(order: &Order) -> Event {
    match order.description().bureau {
        Some(_) => Event::Passed,
        None => outcome::done(order, Numbers::default()),
    }
}

fn blocks(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Block)
}

#[cfg(test)]
mod tests;
