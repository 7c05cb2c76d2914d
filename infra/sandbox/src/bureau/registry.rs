//! The bureau's filings and what happens to them. No I/O: each step takes the time and returns
//! the effects, which [`super::Bureau`] carries out.
//!
//! `received → validating → awaiting_sms → under_review → approved | rejected`, or
//! `returned_sms_timeout | returned_sms_wrong` from `awaiting_sms`, or `rejected` from
//! `validating` when a check fails. Where nobody is asked, `awaiting_sms` is left out; the end of an access is
//! `approved` at once, without a review.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::conflicts::{self, OpenRequests};
use super::on_record::{Applied, Correction, Found, OnRecord, Targets};
use super::records::{self, Answer};
use super::request::{AnswerKeys, Operation, Receiver, Request};
use super::upload_file::UploadedRecord;
use super::xml::Element;
use super::{Finding, SmsTexts, Step};

/// Wrong entries on the ministry's page that are forgiven; the next one returns the filing.
pub const WRONG_ENTRIES_FORGIVEN: u32 = 5;

/// Number of a filing in this bureau.
pub type FilingId = usize;

/// Where a filing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It came with an accepted file.
    Received,
    /// The automatic checks run.
    Validating,
    /// The ministry's SMS were sent.
    AwaitingSms,
    /// The bureau looks at it.
    UnderReview,
    /// Done, with filing numbers.
    Approved,
    /// Refused by the checks or by the bureau.
    Rejected,
    /// Returned because an SMS was not answered in time.
    ReturnedSmsTimeout,
    /// Returned because of too many wrong entries.
    ReturnedSmsWrong,
}

/// One change of state.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// The state it came to.
    pub state: State,
    /// When, on the sandbox's clock.
    pub at: DateTime<Utc>,
}

/// A filing as anyone may see it.
#[derive(Debug, Clone, Serialize)]
pub struct Filing {
    /// Number in this bureau.
    pub id: FilingId,
    /// Letters of the province whose bureau took it.
    pub bureau: String,
    /// Number of the file it came with.
    pub data_sequence: u32,
    /// What was asked.
    pub operation: Operation,
    /// The key of the record in its results.
    pub correlation_key: Option<String>,
    /// Its domains.
    pub domains: Vec<String>,
    /// How many verification slips came with it.
    pub slips: usize,
    /// Where it stands.
    pub state: State,
    /// Result codes that were sent.
    pub results: Vec<Finding>,
    /// Number of the organiser, then of each website.
    pub filing_numbers: Vec<String>,
    /// Every change of state.
    pub history: Vec<Change>,
    #[serde(skip)]
    account: usize,
    #[serde(skip)]
    open: Option<Open>,
}

/// What is only needed until a filing is closed.
#[derive(Debug, Clone)]
struct Open {
    request: Arc<Request>,
    operation_type: Option<u8>,
    keys: AnswerKeys,
    targets: Targets,
    codes: Vec<SentCode>,
    wrong_entries: u32,
    deadline: Option<DateTime<Utc>>,
    findings: Vec<Finding>,
}

#[derive(Debug, Clone)]
struct SentCode {
    mobile: String,
    code: String,
    id_tail: String,
    passed: bool,
}

/// What the bureau has to do after a step.
#[derive(Debug)]
pub enum Effect {
    /// Send the ministry's SMS.
    SendSms {
        /// To whom.
        receiver: Receiver,
        /// The code in it.
        code: String,
    },
    /// Take a further step after the delay of its kind.
    Schedule(Step),
    /// Put results into the provider's downloads, together.
    Reply {
        /// Index of the account.
        account: usize,
        /// The results.
        answers: Vec<Answer>,
    },
    /// Tell another provider, if it has an account here.
    Notify {
        /// Its number.
        isp_id: u64,
        /// What it is told.
        answers: Vec<Answer>,
    },
}

/// What the ministry's page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PageResult {
    /// Everybody has answered.
    Completed,
    /// This one has answered, somebody else has not.
    WaitingForOthers,
    /// One of the three entries is wrong.
    NotFound,
    /// Nothing waits for this mobile.
    NothingPending,
    /// One wrong entry too many: the filing was returned.
    Returned,
}

/// How a scripted review ends.
#[derive(Debug, Clone)]
pub struct ScriptedRejection {
    /// Result code.
    pub code: u32,
    /// Text.
    pub text: String,
}

/// All filings and their indexes.
pub struct Registry {
    filings: Vec<Filing>,
    by_domain: HashMap<String, Vec<FilingId>>,
    open: OpenRequests,
    on_record: OnRecord,
    codes: HashMap<(String, String), FilingId>,
    waiting_by_mobile: HashMap<String, BTreeSet<FilingId>>,
    deadlines: BTreeSet<(DateTime<Utc>, FilingId)>,
    rejections: HashMap<String, VecDeque<ScriptedRejection>>,
    sms_window: TimeDelta,
    seed: u64,
}

impl Registry {
    /// An empty registry.
    pub fn new(sms_window: TimeDelta, seed: u64) -> Self {
        Self {
            filings: Vec::new(),
            by_domain: HashMap::new(),
            open: OpenRequests::default(),
            on_record: OnRecord::default(),
            codes: HashMap::new(),
            waiting_by_mobile: HashMap::new(),
            deadlines: BTreeSet::new(),
            rejections: HashMap::new(),
            sms_window,
            seed,
        }
    }

    /// Takes the records of an accepted file.
    pub fn receive(
        &mut self,
        account: usize,
        bureau: &str,
        data_sequence: u32,
        records: Vec<UploadedRecord>,
        now: DateTime<Utc>,
    ) -> Vec<Effect> {
        let first = self.filings.len();
        for record in records {
            let id = self.filings.len();
            let request = record.request;
            index_domains(&mut self.by_domain, id, &request.domains);
            self.filings.push(Filing {
                id,
                bureau: bureau.to_owned(),
                data_sequence,
                operation: request.operation,
                correlation_key: record.keys.results.first().cloned(),
                domains: request.domains.clone(),
                slips: request.slips,
                state: State::Received,
                results: Vec::new(),
                filing_numbers: Vec::new(),
                history: vec![Change { state: State::Received, at: now }],
                account,
                open: Some(Open {
                    request: Arc::from(request),
                    operation_type: record.operation_type,
                    keys: record.keys,
                    targets: Targets::default(),
                    codes: Vec::new(),
                    wrong_entries: 0,
                    deadline: None,
                    findings: record.findings,
                }),
            });
        }
        vec![Effect::Schedule(Step::Check { account, filings: first..self.filings.len() })]
    }

    /// The automatic checks: refuses, sends the codes, or passes on what nobody is asked about.
    pub fn check(&mut self, id: FilingId, now: DateTime<Utc>) -> Vec<Effect> {
        let Some(open) = self.enter(id, State::Validating, now) else {
            return Vec::new();
        };
        let findings = open.findings.clone();
        let request = open.request.clone();
        if !findings.is_empty() {
            return self.close(id, State::Rejected, findings, now);
        }
        let targets = match self.on_record.resolve(&request) {
            Ok(targets) => targets,
            Err(findings) => return self.close(id, State::Rejected, findings, now),
        };
        self.note_domains(id, &targets);
        let findings = conflicts::findings(&self.on_record, &self.open, &request, &targets);
        if !findings.is_empty() {
            return self.close(id, State::Rejected, findings, now);
        }
        let receivers = conflicts::receivers(&self.on_record, &request, &targets);
        self.open.enter(id, &request, &targets);
        if let Some(open) = self.open_filing(id) {
            open.targets = targets;
        }
        if request.operation == Operation::CancelAccess {
            return self.approve(id, now);
        }
        if receivers.is_empty() {
            self.enter(id, State::UnderReview, now);
            return vec![Effect::Schedule(Step::Review { filing: id })];
        }
        self.send_codes(id, &receivers, now)
    }

    /// A record that names no domain is found by those of the services that it is about.
    fn note_domains(&mut self, id: FilingId, targets: &Targets) {
        let Some(filing) = self.filings.get_mut(id).filter(|filing| filing.domains.is_empty()) else { return };
        let mut services = targets.services.clone();
        if services.is_empty() {
            let organiser = targets.organiser.and_then(|id| self.on_record.organiser(id));
            services = organiser.map(|it| it.services.clone()).unwrap_or_default();
        }
        let services = services.iter().filter_map(|id| self.on_record.service(*id));
        filing.domains = services.flat_map(|it| it.domains.iter().cloned()).collect();
        index_domains(&mut self.by_domain, id, &filing.domains);
    }

    fn send_codes(&mut self, id: FilingId, receivers: &[Receiver], now: DateTime<Utc>) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut codes = Vec::new();
        for (position, receiver) in receivers.iter().enumerate() {
            let code = self.fresh_code(id, position, &receiver.mobile);
            self.codes.insert((receiver.mobile.clone(), code.clone()), id);
            self.waiting_by_mobile.entry(receiver.mobile.clone()).or_default().insert(id);
            codes.push(SentCode {
                mobile: receiver.mobile.clone(),
                code: code.clone(),
                id_tail: receiver.id_tail.clone(),
                passed: false,
            });
            effects.push(Effect::SendSms { receiver: receiver.clone(), code });
        }
        let deadline = now + self.sms_window;
        if let Some(open) = self.enter(id, State::AwaitingSms, now) {
            open.codes = codes;
            open.deadline = Some(deadline);
            self.deadlines.insert((deadline, id));
        }
        effects
    }

    /// Six digits that no other waiting filing has for this mobile.
    fn fresh_code(&self, id: FilingId, position: usize, mobile: &str) -> String {
        let mut mixed = mix(self.seed ^ mix(id as u64) ^ mix(position as u64 + 1).rotate_left(32));
        loop {
            let code = format!("{:06}", mixed % 1_000_000);
            if !self.codes.contains_key(&(mobile.to_owned(), code.clone())) {
                return code;
            }
            mixed = mix(mixed);
        }
    }

    /// An entry on the ministry's page.
    pub fn confirm(
        &mut self,
        mobile: &str,
        code: &str,
        id_tail: &str,
        texts: &SmsTexts,
        now: DateTime<Utc>,
    ) -> (PageResult, Vec<Effect>) {
        let newest = self.waiting_by_mobile.get(mobile).and_then(|waiting| waiting.last().copied());
        let Some(newest) = newest else {
            return (PageResult::NothingPending, Vec::new());
        };
        let named = self.codes.get(&(mobile.to_owned(), code.to_owned()));
        let id = named.copied().unwrap_or(newest);
        let Some(open) = self.open_filing(id) else {
            return (PageResult::NothingPending, Vec::new());
        };
        let matching = open
            .codes
            .iter_mut()
            .find(|sent| sent.mobile == mobile && sent.code == code && sent.id_tail.eq_ignore_ascii_case(id_tail));
        let Some(matching) = matching else {
            open.wrong_entries += 1;
            if open.wrong_entries <= WRONG_ENTRIES_FORGIVEN {
                return (PageResult::NotFound, Vec::new());
            }
            let finding = Finding::new(1999, texts.wrong.clone());
            let effects = self.close(id, State::ReturnedSmsWrong, vec![finding], now);
            return (PageResult::Returned, effects);
        };
        matching.passed = true;
        let all_passed = open.codes.iter().all(|sent| sent.passed);
        self.stop_waiting_for(id, mobile, code);
        if !all_passed {
            return (PageResult::WaitingForOthers, Vec::new());
        }
        let deadline = self.open_filing(id).and_then(|open| open.deadline.take());
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, id));
        }
        self.enter(id, State::UnderReview, now);
        let review = Effect::Schedule(Step::Review { filing: id });
        (PageResult::Completed, vec![review])
    }

    /// The bureau's decision: approval, unless a rejection is scripted for one of the domains.
    pub fn review(&mut self, id: FilingId, now: DateTime<Utc>) -> Vec<Effect> {
        let Some(filing) = self.filings.get(id) else {
            return Vec::new();
        };
        if filing.state != State::UnderReview {
            return Vec::new();
        }
        let rejections = &mut self.rejections;
        let scripted = filing.domains.iter().find_map(|domain| rejections.get_mut(domain)?.pop_front());
        match scripted {
            Some(rejection) => {
                let finding = Finding::new(rejection.code, rejection.text);
                self.close(id, State::Rejected, vec![finding], now)
            }
            None => self.approve(id, now),
        }
    }

    fn approve(&mut self, id: FilingId, now: DateTime<Utc>) -> Vec<Effect> {
        let Some(open) = self.open_filing(id) else {
            return Vec::new();
        };
        let (request, targets) = (open.request.clone(), open.targets.clone());
        let (operation_type, keys) = (open.operation_type, open.keys.clone());
        let applied = self.apply(&request, &targets, now);
        let Some(filing) = self.filings.get_mut(id) else {
            return Vec::new();
        };
        let passed = Finding::new(1001, "管局审核通过");
        let mut answers = records::result_rows(operation_type, &keys, std::slice::from_ref(&passed));
        if filing.state == State::UnderReview {
            answers.extend(records::review_rows(operation_type, &keys, "审核通过", true, now));
        }
        answers.extend(applied.filed.as_ref().map(records::filed));
        filing.filing_numbers = applied.numbers;
        let mut effects = vec![Effect::Reply { account: filing.account, answers }];
        effects.extend(
            applied.removals.into_iter().map(|(kind, removed, isp_id)| Effect::Notify {
                isp_id,
                answers: vec![records::removed(kind, removed)],
            }),
        );
        self.finish(id, State::Approved, vec![passed], now);
        effects
    }

    fn apply(&mut self, request: &Request, targets: &Targets, now: DateTime<Utc>) -> Applied {
        use Operation as O;
        let record = &mut self.on_record;
        let organiser = targets.organiser.unwrap_or(0);
        match request.operation {
            O::AddFiling => record.file(request, now),
            O::AddService => record.add_services(organiser, request),
            O::AddAccess => record.add_accesses(targets, request),
            O::ChangeFiling | O::ChangeOrganiser | O::ChangeService | O::ChangeAccess => {
                record.change(targets, request, now)
            }
            O::MigrateService => record.migrate(targets, request),
            O::DeregisterOrganiser => record.remove_organiser(organiser, request.isp_id),
            O::DeregisterService => {
                record.remove_service(targets.services.first().copied().unwrap_or(0), request.isp_id)
            }
            O::CancelAccess => record.remove_access(targets.access.unwrap_or(0)),
        }
    }

    /// Puts a record there that some provider filed earlier: nobody is asked, nothing is answered.
    pub fn seed(&mut self, request: &Request, now: DateTime<Utc>) -> Result<Applied, Vec<Finding>> {
        let findings = conflicts::findings(&self.on_record, &self.open, request, &Targets::default());
        if findings.is_empty() { Ok(self.on_record.file(request, now)) } else { Err(findings) }
    }

    /// The filed data of the organiser with this number.
    pub fn filed_data(&self, number: &str) -> Option<Element> {
        self.on_record.filed_data(number)
    }

    /// Puts names right, and tells who is sent the record again.
    pub fn correct(&mut self, number: &str, correction: &Correction) -> Result<(u64, Element), String> {
        self.on_record.correct(number, correction)?;
        self.on_record.resent(number).ok_or_else(|| format!("{number} is not on record"))
    }

    /// Closes a filing with results that are not an approval.
    fn close(&mut self, id: FilingId, state: State, findings: Vec<Finding>, now: DateTime<Utc>) -> Vec<Effect> {
        let Some(filing) = self.filings.get(id) else {
            return Vec::new();
        };
        let account = filing.account;
        let open = filing.open.as_ref();
        let operation_type = open.and_then(|open| open.operation_type);
        let keys = open.map(|open| open.keys.clone()).unwrap_or_default();
        let mut answers = records::result_rows(operation_type, &keys, &findings);
        if filing.state == State::UnderReview {
            let opinion = findings.first().map_or("", |finding| finding.text.as_str());
            answers.extend(records::review_rows(operation_type, &keys, opinion, false, now));
        }
        self.finish(id, state, findings, now);
        vec![Effect::Reply { account, answers }]
    }

    /// Leaves every index of open filings and forgets what only an open filing needs.
    fn finish(&mut self, id: FilingId, state: State, results: Vec<Finding>, now: DateTime<Utc>) {
        self.enter(id, state, now);
        let Some(filing) = self.filings.get_mut(id) else {
            return;
        };
        filing.results = results;
        let Some(open) = filing.open.take() else {
            return;
        };
        self.open.leave(id, &open.request, &open.targets);
        if let Some(deadline) = open.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        for sent in open.codes.iter().filter(|sent| !sent.passed) {
            self.stop_waiting_for(id, &sent.mobile, &sent.code);
        }
    }

    fn stop_waiting_for(&mut self, id: FilingId, mobile: &str, code: &str) {
        self.codes.remove(&(mobile.to_owned(), code.to_owned()));
        if let Some(waiting) = self.waiting_by_mobile.get_mut(mobile) {
            waiting.remove(&id);
            if waiting.is_empty() {
                self.waiting_by_mobile.remove(mobile);
            }
        }
    }

    fn open_filing(&mut self, id: FilingId) -> Option<&mut Open> {
        self.filings.get_mut(id)?.open.as_mut()
    }

    fn enter(&mut self, id: FilingId, state: State, now: DateTime<Utc>) -> Option<&mut Open> {
        let filing = self.filings.get_mut(id)?;
        filing.state = state;
        filing.history.push(Change { state, at: now });
        filing.open.as_mut()
    }

    /// Returns every filing whose SMS window has passed.
    pub fn expire(&mut self, texts: &SmsTexts, now: DateTime<Utc>) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some((deadline, id)) = self.deadlines.first().copied() {
            if deadline > now {
                break;
            }
            self.deadlines.pop_first();
            let finding = Finding::new(1999, texts.timeout.clone());
            effects.extend(self.close(id, State::ReturnedSmsTimeout, vec![finding], now));
        }
        effects
    }

    /// When the next SMS window ends.
    pub fn next_deadline(&self) -> Option<DateTime<Utc>> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Rejects the next filing with this domain that comes to review.
    pub fn script_rejection(&mut self, domain: &str, rejection: ScriptedRejection) {
        let scripted = self.rejections.entry(domain.to_lowercase()).or_default();
        scripted.push_back(rejection);
    }

    /// The codes and id tails that a mobile still has to enter.
    pub fn waiting_codes(&self, mobile: &str) -> Vec<(String, String)> {
        let waiting = self.waiting_by_mobile.get(mobile).into_iter().flatten();
        waiting
            .filter_map(|id| self.filings.get(*id)?.open.as_ref())
            .flat_map(|open| open.codes.iter())
            .filter(|sent| sent.mobile == mobile && !sent.passed)
            .map(|sent| (sent.code.clone(), sent.id_tail.clone()))
            .collect()
    }

    /// The newest filings, newest first.
    pub fn newest(&self, limit: usize) -> Vec<Filing> {
        self.filings.iter().rev().take(limit).cloned().collect()
    }

    /// How many filings there are.
    pub fn len(&self) -> usize {
        self.filings.len()
    }

    /// Whether nothing was ever received.
    pub fn is_empty(&self) -> bool {
        self.filings.is_empty()
    }

    /// Every filing with this domain, oldest first.
    pub fn with_domain(&self, domain: &str) -> Vec<Filing> {
        let ids = self.by_domain.get(&domain.to_lowercase());
        ids.into_iter().flatten().filter_map(|id| self.filings.get(*id).cloned()).collect()
    }

    /// Whether a domain is on record.
    pub fn domain_on_record(&self, domain: &str) -> Option<Found> {
        self.on_record.find_domain(domain)
    }

    /// Whether an organiser is on record.
    pub fn organiser_on_record(&self, kind: u32, number: &str) -> Option<Found> {
        self.on_record.find_certificate(kind, number)
    }
}

fn index_domains(index: &mut HashMap<String, Vec<FilingId>>, id: FilingId, domains: &[String]) {
    let distinct: HashSet<&String> = domains.iter().collect();
    for domain in distinct {
        index.entry(domain.clone()).or_default().push(id);
    }
}

/// SplitMix64: spreads neighbouring numbers over the whole range.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
