//! What a bureau says about a filing, from several messages to one outcome.
//!
//! An upload is only *taken*; what becomes of its filings comes later, in several rows, in any order,
//! and possibly more than once. [`facts_of`] turns a download into facts keyed by what they are about,
//! [`evolve`] folds them into a filing's [`Reply`], and [`Reply::outcome`] says when it is final:
//! approved once the bureau passed it *and* its numbers are known, rejected at the first refusal.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::expectation::{Awaits, Expectation};
use crate::wire::download::{Block, BureauReview, FiledRecord, OperationResult, ResultCode};

/// 管局审核通过
pub const CODE_PASSED: u32 = 1001;
/// 管局审核拒绝
pub const CODE_REFUSED: u32 = 1002;
/// The first of the codes that say that the document as a whole was wrong; 5001 is a fault against the schema.
pub const CODE_SCHEMA_FAULT: u32 = 5001;
/// Czlx of a new filing (新增备案).
const OPERATION_NEW_FILING: u32 = 1;

/// How results are read; differs between bureaus, so it is configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyRules {
    /// Codes that inform and decide nothing (1060 slip stored, 1062 address matches).
    pub informational_codes: Vec<u32>,
    /// Parts of texts by which a return after the SMS window is recognised.
    pub sms_timeout_texts: Vec<String>,
}

/// What a fact is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The request of this operation (Czlx) that has this key.
    Request(u32, String),
    /// An organiser and its services, by any of our ids and of the bureau's names for them.
    Record {
        /// Our ids of its parts.
        isp_ids: Vec<i64>,
        /// Ids and numbers of the bureau.
        names: Vec<String>,
    },
    /// All filings of the upload with this entry name (results 50xx without a subject).
    UploadFile(String),
    /// Something that the relay cannot match to a filing.
    Unmatched(String),
}

/// One thing said about a filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The bureau passed it.
    Passed,
    /// The bureau refused it.
    Refused(Vec<ResultCode>),
    /// The bureau said something that decides nothing.
    Noted(Vec<ResultCode>),
    /// It is in the bureau's data, with these ids and numbers.
    Filed(FiledRecord),
}

/// Everything said about one filing so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// Which of its requests the bureau passed.
    pub passed_requests: BTreeSet<usize>,
    /// Filing number of the organiser.
    pub organiser_number: Option<String>,
    /// The bureau's id of the organiser.
    pub organiser_id: Option<i64>,
    /// Filing numbers of the services, in the order of the filing.
    pub service_numbers: Vec<Option<String>>,
    /// The bureau's ids of the services, in the order of the filing.
    pub service_ids: Vec<Option<i64>>,
    /// The bureau's ids of their accesses through this provider, in the order of the filing.
    pub access_ids: Vec<Option<i64>>,
    /// Codes with which it was refused.
    pub refusals: Vec<ResultCode>,
}

/// What an approved filing touched, by the bureau's names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approval {
    /// 主体备案号
    pub organiser_number: String,
    /// In the order of the filing's services.
    pub service_numbers: Vec<String>,
    /// Ztid; `None` where unknown.
    pub organiser_id: Option<i64>,
    /// Wzid, in the order of the filing's services.
    pub service_ids: Vec<Option<i64>>,
    /// Jrid, in the order of the filing's services.
    pub access_ids: Vec<Option<i64>>,
}

/// The end of a filing at the bureau.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has its numbers.
    Approved(Approval),
    /// It goes back to the applicant.
    Rejected {
        /// Why.
        results: Vec<ResultCode>,
        /// The ministry's SMS was not confirmed in time.
        sms_timeout: bool,
    },
}

impl Reply {
    /// The outcome, once it is final.
    pub fn outcome(&self, expected: &Expectation, rules: &ReplyRules) -> Option<Outcome> {
        if !self.refusals.is_empty() {
            let sms_timeout = self
                .refusals
                .iter()
                .any(|result| rules.sms_timeout_texts.iter().any(|part| result.text.contains(part.as_str())));
            return Some(Outcome::Rejected { results: self.refusals.clone(), sms_timeout });
        }
        let all_passed = (0..expected.requests.len()).all(|request| self.passed_requests.contains(&request));
        if !all_passed || !self.has(expected) {
            return None;
        }
        // What is on record keeps its number unless the bureau says another.
        let organiser_number = self.organiser_number.clone().or_else(|| expected.organiser.number.clone())?;
        let mut approval = Approval {
            organiser_number,
            organiser_id: self.organiser_id.or(expected.organiser.bureau_id),
            ..Approval::default()
        };
        for (index, awaited) in expected.services.iter().enumerate() {
            let number = self.service_numbers.get(index).cloned().flatten();
            approval.service_numbers.push(number.or_else(|| awaited.service.number.clone())?);
            let id = |ids: &[Option<i64>]| ids.get(index).copied().flatten();
            approval.service_ids.push(id(&self.service_ids).or(awaited.service.bureau_id));
            approval.access_ids.push(id(&self.access_ids).or(awaited.access.bureau_id));
        }
        Some(Outcome::Approved(approval))
    }

    /// What is kept of it: officers write freely in their texts, so these go with the outcome.
    pub fn without_words(&self) -> Self {
        let codes = self.refusals.iter().map(|result| ResultCode { text: String::new(), ..result.clone() });
        Self { refusals: codes.collect(), ..self.clone() }
    }

    /// With which codes it was refused.
    pub fn refusal_codes(&self) -> BTreeSet<u32> {
        self.refusals.iter().map(|result| result.code).collect()
    }

    /// Whether the filed data that the filing cannot do without has come.
    fn has(&self, expected: &Expectation) -> bool {
        match expected.awaits {
            Awaits::Nothing => true,
            Awaits::Organiser => self.organiser_number.is_some(),
            Awaits::Services => {
                let count = expected.services.len();
                self.service_numbers.len() == count && self.service_numbers.iter().all(Option::is_some)
            }
            Awaits::Accesses => expected.services.iter().enumerate().all(|(index, awaited)| {
                awaited.access.isp_id.is_none() || self.access_ids.get(index).is_some_and(Option::is_some)
            }),
        }
    }
}

/// Folds a fact about one of the subjects of a filing into its reply. `isp_id` is the provider's own number at the
/// bureau, which tells its accesses from those of other providers.
///
/// The same fact twice, and facts in another order, lead to the same reply.
pub fn evolve(mut reply: Reply, subject: &Subject, fact: &Fact, expected: &Expectation, isp_id: i64) -> Reply {
    match fact {
        Fact::Passed => {
            let passed = expected.requests.iter().enumerate().filter(|(_, request)| match subject {
                Subject::Request(operation, key) => request.operation == *operation && request.keys.contains(key),
                _ => false,
            });
            reply.passed_requests.extend(passed.map(|(index, _)| index));
        }
        Fact::Refused(codes) => {
            reply.refusals.extend(codes.iter().cloned());
            reply.refusals.sort();
            reply.refusals.dedup();
        }
        Fact::Noted(_) => {}
        Fact::Filed(record) => note_filed(&mut reply, record, expected, isp_id),
    }
    reply
}

fn note_filed(reply: &mut Reply, record: &FiledRecord, expected: &Expectation, isp_id: i64) {
    let services = expected.services.len();
    reply.service_numbers.resize(services, None);
    reply.service_ids.resize(services, None);
    reply.access_ids.resize(services, None);
    if expected.organiser.is(&record.organiser) {
        keep(Some(&mut reply.organiser_number), record.organiser.number.clone());
        keep(Some(&mut reply.organiser_id), record.organiser.bureau_id);
    }
    for (index, awaited) in expected.services.iter().enumerate() {
        let Some(filed) = record.services.iter().find(|filed| awaited.service.is(&filed.service)) else { continue };
        keep(reply.service_numbers.get_mut(index), filed.service.number.clone());
        keep(reply.service_ids.get_mut(index), filed.service.bureau_id);
        let mut own = filed.accesses.iter().filter(|access| access.provider.is_none_or(|provider| provider == isp_id));
        let access = match awaited.access.isp_id {
            Some(_) => own.find(|access| awaited.access.is(&access.part)),
            None => own.next(),
        };
        keep(reply.access_ids.get_mut(index), access.and_then(|access| access.part.bureau_id));
    }
}

/// Remembers what was said; silence takes nothing back.
fn keep<T>(slot: Option<&mut Option<T>>, said: Option<T>) {
    if let (Some(slot), Some(said)) = (slot, said) {
        *slot = Some(said);
    }
}

/// Everything that a download says, keyed by what it is about, in document order.
pub fn facts_of(blocks: &[Block], rules: &ReplyRules) -> Vec<(Subject, Fact)> {
    let mut facts = Vec::new();
    for block in blocks {
        match block {
            Block::Results(results) => {
                facts.extend(results.iter().map(|result| (subject_of(result), verdict_of(result, rules))));
            }
            Block::Reviews(reviews) => facts.extend(reviews.iter().filter_map(fact_of_review)),
            Block::Filed(records) => facts.extend(records.iter().map(fact_of_record)),
            Block::Removed(_) | Block::Other { .. } => {}
        }
    }
    facts
}

fn verdict_of(result: &OperationResult, rules: &ReplyRules) -> Fact {
    let is_informational = |code: u32| rules.informational_codes.contains(&code);
    let refusals: Vec<ResultCode> =
        result.codes.iter().filter(|code| code.code != CODE_PASSED && !is_informational(code.code)).cloned().collect();
    if !refusals.is_empty() {
        Fact::Refused(refusals)
    } else if result.codes.iter().any(|code| code.code == CODE_PASSED) {
        Fact::Passed
    } else {
        Fact::Noted(result.codes.clone())
    }
}

fn subject_of(result: &OperationResult) -> Subject {
    if let Some(subject) = &result.subject {
        return Subject::Request(result.operation.unwrap_or(OPERATION_NEW_FILING), subject.clone());
    }
    let file = result.codes.iter().filter(|code| code.code / 1000 == 5).find_map(|code| upload_name_in(&code.text));
    match file {
        Some(name) => Subject::UploadFile(name),
        None => Subject::Unmatched(format!("Czlx {:?} without Bs", result.operation)),
    }
}

fn fact_of_review(review: &BureauReview) -> Option<(Subject, Fact)> {
    let operation = review.operation.unwrap_or(OPERATION_NEW_FILING);
    let subject = match &review.record {
        Some(key) => Subject::Request(operation, key.clone()),
        None => Subject::Unmatched(format!("GJSHS Czlx {operation} without Jlid")),
    };
    let fact = match review.passed? {
        true => Fact::Passed,
        false => {
            let text = review.opinion.clone().unwrap_or_default();
            Fact::Refused(vec![ResultCode { code: CODE_REFUSED, text, field: String::new() }])
        }
    };
    Some((subject, fact))
}

fn fact_of_record(record: &FiledRecord) -> (Subject, Fact) {
    let parts = || {
        let services = record.services.iter();
        let services = services
            .flat_map(|filed| std::iter::once(&filed.service).chain(filed.accesses.iter().map(|access| &access.part)));
        std::iter::once(&record.organiser).chain(services)
    };
    let subject = Subject::Record {
        isp_ids: parts().filter_map(|part| part.isp_id).collect(),
        names: parts()
            .flat_map(|part| part.bureau_id.map(|id| id.to_string()).into_iter().chain(part.number.clone()))
            .collect(),
    };
    (subject, Fact::Filed(record.clone()))
}

/// Name of the zip entry of an upload, by which result 5001 names the file: letters and digits only.
pub fn upload_entry_name(isp_id: i64, sequence: u32) -> String {
    format!("{isp_id}s{sequence}")
}

/// The first name of the form of [`upload_entry_name`] in a text.
fn upload_name_in(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| {
        let (isp_id, sequence) = word.split_once('s')?;
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        (is_number(isp_id) && is_number(sequence)).then(|| word.to_owned())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;
    use crate::expectation::{AwaitedPart, AwaitedService, Request};
    use crate::wire::download::{self, FiledAccess, FiledPart, FiledService};

    const ISP_ID: i64 = 330_000_000_001;

    /// A first filing with one service.
    fn expected() -> Expectation {
        let new = |isp_id| AwaitedPart { isp_id: Some(isp_id), ..AwaitedPart::default() };
        Expectation {
            organiser: new(1001),
            services: vec![AwaitedService { service: new(2001), access: new(4001) }],
            requests: vec![Request { operation: 1, keys: vec!["1001".into()] }],
            awaits: Awaits::Services,
        }
    }

    fn rules() -> ReplyRules {
        ReplyRules { informational_codes: vec![1060, 1062], sms_timeout_texts: vec!["短信核验超时".into()] }
    }

    fn code(code: u32, text: &str) -> ResultCode {
        ResultCode { code, text: text.into(), field: String::new() }
    }

    fn reply_to(documents: &[&str]) -> Reply {
        let mut reply = Reply::default();
        for document in documents {
            for (subject, fact) in facts_of(&download::read(document.as_bytes()).unwrap(), &rules()) {
                reply = evolve(reply, &subject, &fact, &expected(), ISP_ID);
            }
        }
        reply
    }

    const RESULT: &str = include_str!("wire/golden/result.xml");
    const FILED: &str = include_str!("wire/golden/filed.xml");

    fn utf8(document: &str) -> String {
        document.replace("GBK", "UTF-8")
    }

    #[test]
    fn approval_needs_the_decision_and_the_numbers_in_any_order() {
        let (result, filed) = (utf8(RESULT), utf8(FILED));
        assert_eq!(reply_to(&[&result]).outcome(&expected(), &rules()), None);
        assert_eq!(reply_to(&[&filed]).outcome(&expected(), &rules()), None);
        let approved = Some(Outcome::Approved(Approval {
            organiser_number: "浙ICP备00000001号".into(),
            service_numbers: vec!["浙ICP备00000001号-1".into()],
            organiser_id: Some(900_001),
            service_ids: vec![Some(910_001)],
            access_ids: vec![Some(930_001)],
        }));
        assert_eq!(reply_to(&[&result, &filed]).outcome(&expected(), &rules()), approved);
        assert_eq!(reply_to(&[&filed, &result, &result, &filed]).outcome(&expected(), &rules()), approved);
    }

    #[test]
    fn numbers_of_every_service_are_needed() {
        let mut expected = expected();
        expected.services.push(AwaitedService::default());
        let mut reply = Reply { passed_requests: [0].into(), organiser_number: Some("n".into()), ..Reply::default() };
        reply.service_numbers = vec![Some("n-1".into()), None];
        assert_eq!(reply.outcome(&expected, &rules()), None);
    }

    fn filed_access(isp_id: Option<i64>, bureau_id: i64, provider: i64) -> FiledAccess {
        let part = FiledPart { isp_id, bureau_id: Some(bureau_id), number: None };
        FiledAccess { part, provider: Some(provider), addresses: vec![] }
    }

    #[test]
    fn every_access_must_pass_and_only_our_own_counts() {
        let on_record = |number: &str| AwaitedPart { isp_id: None, bureau_id: None, number: Some(number.to_owned()) };
        let new = |isp_id| AwaitedPart { isp_id: Some(isp_id), ..AwaitedPart::default() };
        let expected = Expectation {
            organiser: on_record("n"),
            services: vec![
                AwaitedService { service: on_record("n-1"), access: new(41) },
                AwaitedService { service: on_record("n-2"), access: new(42) },
            ],
            requests: vec![
                Request { operation: 3, keys: vec!["41".into(), "n-1".into()] },
                Request { operation: 3, keys: vec!["42".into(), "n-2".into()] },
            ],
            awaits: Awaits::Accesses,
        };
        let pass = |operation, key: &str| (Subject::Request(operation, key.to_owned()), Fact::Passed);
        let service = |number: &str, id, accesses| FiledService {
            service: FiledPart { isp_id: None, bureau_id: Some(id), number: Some(number.to_owned()) },
            domains: vec![],
            accesses,
        };
        let record = FiledRecord {
            organiser: FiledPart { isp_id: None, bureau_id: Some(90), number: Some("n".into()) },
            services: vec![
                service("n-1", 91, vec![filed_access(None, 70, 7), filed_access(Some(41), 71, ISP_ID)]),
                service("n-2", 92, vec![filed_access(Some(42), 72, ISP_ID)]),
            ],
            ..FiledRecord::default()
        };
        let filed = (Subject::Unmatched(String::new()), Fact::Filed(record));
        let mut reply = Reply::default();
        let mut after = |(subject, fact): (Subject, Fact)| {
            reply = evolve(reply.clone(), &subject, &fact, &expected, ISP_ID);
            reply.outcome(&expected, &rules())
        };
        assert_eq!(after(pass(3, "41")), None);
        assert_eq!(after(pass(4, "42")), None, "another operation");
        assert_eq!(after(pass(3, "n-2")), None, "the ids are not known yet");
        let approval = Approval {
            organiser_number: "n".into(),
            service_numbers: vec!["n-1".into(), "n-2".into()],
            organiser_id: Some(90),
            service_ids: vec![Some(91), Some(92)],
            access_ids: vec![Some(71), Some(72)],
        };
        assert_eq!(after(filed), Some(Outcome::Approved(approval)));
    }

    #[test]
    fn a_change_of_place_takes_the_new_number_and_a_cancellation_the_old() {
        let organiser = AwaitedPart { isp_id: None, bureau_id: Some(90), number: Some("浙n".into()) };
        let mut expected = Expectation {
            organiser,
            services: vec![],
            requests: vec![Request { operation: 4, keys: vec!["90".into(), "浙n".into()] }],
            awaits: Awaits::Organiser,
        };
        let passed = Reply { passed_requests: [0].into(), ..Reply::default() };
        assert_eq!(passed.outcome(&expected, &rules()), None);
        let record = FiledRecord {
            organiser: FiledPart { isp_id: None, bureau_id: Some(90), number: Some("粤n".into()) },
            ..FiledRecord::default()
        };
        let moved =
            evolve(passed.clone(), &Subject::UploadFile(String::new()), &Fact::Filed(record), &expected, ISP_ID);
        let number = |reply: &Reply, expected: &Expectation| match reply.outcome(expected, &rules()) {
            Some(Outcome::Approved(approval)) => approval.organiser_number,
            other => panic!("{other:?}"),
        };
        assert_eq!(number(&moved, &expected), "粤n");
        expected.awaits = Awaits::Nothing;
        assert_eq!(number(&passed, &expected), "浙n");
    }

    #[test]
    fn verdicts() {
        let with = |codes: Vec<ResultCode>| OperationResult {
            codes,
            operation: Some(1),
            subject: Some("1001".into()),
            remark: None,
        };
        let table = [
            (vec![code(1001, "")], Fact::Passed),
            (vec![code(1001, ""), code(1062, "")], Fact::Passed),
            (vec![code(1060, "")], Fact::Noted(vec![code(1060, "")])),
            (vec![code(1002, "x")], Fact::Refused(vec![code(1002, "x")])),
            (vec![code(1062, ""), code(1020, "y")], Fact::Refused(vec![code(1020, "y")])),
            (vec![code(1001, ""), code(1006, "z")], Fact::Refused(vec![code(1006, "z")])),
            (vec![], Fact::Noted(vec![])),
        ];
        for (codes, expected) in table {
            assert_eq!(verdict_of(&with(codes.clone()), &rules()), expected, "{codes:?}");
        }
    }

    #[test]
    fn subjects() {
        let with = |operation, subject: Option<&str>, text: &str| {
            subject_of(&OperationResult {
                codes: vec![code(5001, text)],
                operation,
                subject: subject.map(str::to_owned),
                remark: None,
            })
        };
        let request = |operation, key: &str| Subject::Request(operation, key.to_owned());
        assert_eq!(with(Some(1), Some("1001"), ""), request(1, "1001"));
        assert_eq!(with(None, Some("1001"), ""), request(1, "1001"));
        assert_eq!(with(Some(2), Some("浙ICP备1号"), ""), request(2, "浙ICP备1号"));
        let name = upload_entry_name(330_000_000_001, 12);
        assert_eq!(with(None, None, &format!("XSD校验失败：{name}.xml 第3行")), Subject::UploadFile(name));
        assert!(matches!(with(None, None, "beianinfo.xml"), Subject::Unmatched(_)));
    }

    #[test]
    fn an_sms_timeout_is_recognised_by_its_text() {
        let document = "<DownloadData><ICP><BAJG><GJSHS><Gjsh><Shjg>0</Shjg><Shyj>短信核验超时，自动退回</Shyj><Czlx>1</Czlx><Jlid>1001</Jlid></Gjsh></GJSHS></BAJG></ICP></DownloadData>";
        let outcome = reply_to(&[document]).outcome(&expected(), &rules()).unwrap();
        assert_eq!(
            outcome,
            Outcome::Rejected { results: vec![code(1002, "短信核验超时，自动退回")], sms_timeout: true }
        );
        let document = document.replace("短信核验超时，自动退回", "材料不清");
        let Some(Outcome::Rejected { sms_timeout, .. }) = reply_to(&[&document]).outcome(&expected(), &rules()) else {
            panic!("not rejected")
        };
        assert!(!sms_timeout);
    }

    proptest! {
        /// Repeated and reordered facts lead to the same reply.
        #[test]
        fn order_and_repetition_change_nothing(order in prop::collection::vec(0_usize..4, 1..12)) {
            let filed = FiledRecord {
                organiser: FiledPart { isp_id: Some(1001), bureau_id: Some(9), number: Some("n".into()) },
                services: vec![FiledService {
                    service: FiledPart { isp_id: Some(2001), bureau_id: Some(8), number: Some("n-1".into()) },
                    domains: vec![],
                    accesses: vec![filed_access(Some(4001), 7, ISP_ID)],
                }],
                ..FiledRecord::default()
            };
            let subject = Subject::Request(1, "1001".into());
            let facts = [
                Fact::Passed,
                Fact::Filed(filed),
                Fact::Noted(vec![code(1060, "")]),
                Fact::Refused(vec![code(1006, "a"), code(1002, "b")]),
            ];
            let fold = |order: &[usize]| {
                order.iter().fold(Reply::default(), |r, i| evolve(r, &subject, &facts[*i], &expected(), ISP_ID))
            };
            let forward = fold(&order);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            sorted.dedup();
            let once = fold(&sorted);
            prop_assert_eq!(forward, once);
        }
    }
}
