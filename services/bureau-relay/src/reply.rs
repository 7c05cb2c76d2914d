//! What a bureau says about a filing, from several messages to one outcome.
//!
//! An upload is only *taken*; what becomes of its filings comes later, in several rows, in any order,
//! and possibly more than once. [`facts_of`] turns a download into facts keyed by what they are about,
//! [`evolve`] folds them into a filing's [`Reply`], and [`Reply::outcome`] says when it is final:
//! approved once the bureau passed it *and* its numbers are known, rejected at the first refusal.

use serde::{Deserialize, Serialize};

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
    /// A part with the id that we gave it.
    IspId(i64),
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
pub struct Reply {
    /// Whether the bureau passed it.
    pub passed: bool,
    /// Filing number of the organiser.
    pub organiser_number: Option<String>,
    /// Filing numbers of the services, in the order of the filing.
    pub service_numbers: Vec<Option<String>>,
    /// Codes with which it was refused.
    pub refusals: Vec<ResultCode>,
}

/// The end of a filing at the bureau.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It has its numbers.
    Approved {
        /// 主体备案号
        organiser_number: String,
        /// In the order of the filing's services.
        service_numbers: Vec<String>,
    },
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
    pub fn outcome(&self, rules: &ReplyRules) -> Option<Outcome> {
        if !self.refusals.is_empty() {
            let sms_timeout = self
                .refusals
                .iter()
                .any(|result| rules.sms_timeout_texts.iter().any(|part| result.text.contains(part.as_str())));
            return Some(Outcome::Rejected { results: self.refusals.clone(), sms_timeout });
        }
        if !self.passed {
            return None;
        }
        let organiser_number = self.organiser_number.clone()?;
        let service_numbers: Option<Vec<String>> = self.service_numbers.iter().cloned().collect();
        Some(Outcome::Approved { organiser_number, service_numbers: service_numbers? })
    }
}

/// Folds a fact into a reply. `service_ids` are the ids that we gave to the filing's services, in order.
///
/// The same fact twice, and facts in another order, lead to the same reply.
pub fn evolve(mut reply: Reply, fact: &Fact, service_ids: &[i64]) -> Reply {
    reply.service_numbers.resize(service_ids.len(), None);
    match fact {
        Fact::Passed => reply.passed = true,
        Fact::Refused(codes) => {
            reply.refusals.extend(codes.iter().cloned());
            reply.refusals.sort();
            reply.refusals.dedup();
        }
        Fact::Noted(_) => {}
        Fact::Filed(record) => {
            if let Some(number) = &record.organiser.number {
                reply.organiser_number = Some(number.clone());
            }
            for service in &record.services {
                let Some(number) = &service.service.number else { continue };
                let position = service_ids.iter().position(|id| Some(*id) == service.service.isp_id);
                if let Some(slot) = position.and_then(|index| reply.service_numbers.get_mut(index)) {
                    *slot = Some(number.clone());
                }
            }
        }
    }
    reply
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
            Block::Other { .. } => {}
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
        return match (result.operation, subject.parse()) {
            // The other operations are keyed by ids of the bureau, which may equal one of ours by chance.
            (None | Some(OPERATION_NEW_FILING), Ok(id)) => Subject::IspId(id),
            _ => Subject::Unmatched(format!("Czlx {:?}, Bs {subject}", result.operation)),
        };
    }
    let file = result.codes.iter().filter(|code| code.code / 1000 == 5).find_map(|code| upload_name_in(&code.text));
    match file {
        Some(name) => Subject::UploadFile(name),
        None => Subject::Unmatched(format!("Czlx {:?} without Bs", result.operation)),
    }
}

fn fact_of_review(review: &BureauReview) -> Option<(Subject, Fact)> {
    let subject = match (review.operation, review.record.as_deref().map(str::parse)) {
        (None | Some(OPERATION_NEW_FILING), Some(Ok(id))) => Subject::IspId(id),
        _ => Subject::Unmatched(format!("GJSHS Czlx {:?}, Jlid {:?}", review.operation, review.record)),
    };
    let fact = match review.passed? {
        true => Fact::Passed,
        false => {
            Fact::Refused(vec![ResultCode { code: CODE_REFUSED, text: review.opinion.clone().unwrap_or_default() }])
        }
    };
    Some((subject, fact))
}

fn fact_of_record(record: &FiledRecord) -> (Subject, Fact) {
    let id = record.organiser.isp_id.or_else(|| record.services.iter().find_map(|service| service.service.isp_id));
    let subject = match id {
        Some(id) => Subject::IspId(id),
        // Filings that were made elsewhere reach us too, as data of our access.
        None => Subject::Unmatched("BASJ without an id of ours".to_owned()),
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
    use crate::wire::download;

    fn rules() -> ReplyRules {
        ReplyRules { informational_codes: vec![1060, 1062], sms_timeout_texts: vec!["短信核验超时".into()] }
    }

    fn code(code: u32, text: &str) -> ResultCode {
        ResultCode { code, text: text.into() }
    }

    fn reply_to(documents: &[&str]) -> Reply {
        let mut reply = Reply::default();
        for document in documents {
            for (subject, fact) in facts_of(&download::read(document.as_bytes()).unwrap(), &rules()) {
                assert_eq!(subject, Subject::IspId(1001), "{fact:?}");
                reply = evolve(reply, &fact, &[2001]);
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
        assert_eq!(reply_to(&[&result]).outcome(&rules()), None);
        assert_eq!(reply_to(&[&filed]).outcome(&rules()), None);
        let approved = Some(Outcome::Approved {
            organiser_number: "浙ICP备00000001号".into(),
            service_numbers: vec!["浙ICP备00000001号-1".into()],
        });
        assert_eq!(reply_to(&[&result, &filed]).outcome(&rules()), approved);
        assert_eq!(reply_to(&[&filed, &result, &result, &filed]).outcome(&rules()), approved);
    }

    #[test]
    fn numbers_of_every_service_are_needed() {
        let mut reply = Reply { passed: true, organiser_number: Some("n".into()), ..Reply::default() };
        reply.service_numbers = vec![Some("n-1".into()), None];
        assert_eq!(reply.outcome(&rules()), None);
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
        assert_eq!(with(Some(1), Some("1001"), ""), Subject::IspId(1001));
        assert_eq!(with(None, Some("1001"), ""), Subject::IspId(1001));
        assert!(matches!(with(Some(4), Some("1001"), ""), Subject::Unmatched(_)));
        assert!(matches!(with(Some(2), Some("浙ICP备1号"), ""), Subject::Unmatched(_)));
        let name = upload_entry_name(330_000_000_001, 12);
        assert_eq!(with(None, None, &format!("XSD校验失败：{name}.xml 第3行")), Subject::UploadFile(name));
        assert!(matches!(with(None, None, "beianinfo.xml"), Subject::Unmatched(_)));
    }

    #[test]
    fn an_sms_timeout_is_recognised_by_its_text() {
        let document = "<DownloadData><ICP><BAJG><GJSHS><Gjsh><Shjg>0</Shjg><Shyj>短信核验超时，自动退回</Shyj><Czlx>1</Czlx><Jlid>1001</Jlid></Gjsh></GJSHS></BAJG></ICP></DownloadData>";
        let outcome = reply_to(&[document]).outcome(&rules()).unwrap();
        assert_eq!(
            outcome,
            Outcome::Rejected { results: vec![code(1002, "短信核验超时，自动退回")], sms_timeout: true }
        );
        let document = document.replace("短信核验超时，自动退回", "材料不清");
        let Some(Outcome::Rejected { sms_timeout, .. }) = reply_to(&[&document]).outcome(&rules()) else {
            panic!("not rejected")
        };
        assert!(!sms_timeout);
    }

    proptest! {
        /// Repeated and reordered facts lead to the same reply.
        #[test]
        fn order_and_repetition_change_nothing(order in prop::collection::vec(0_usize..4, 1..12)) {
            let filed = FiledRecord {
                organiser: download::FiledPart { isp_id: Some(1), bureau_id: Some(9), number: Some("n".into()) },
                services: vec![download::FiledService {
                    service: download::FiledPart { isp_id: Some(2), bureau_id: Some(8), number: Some("n-1".into()) },
                    parts: vec![],
                }],
            };
            let facts = [
                Fact::Passed,
                Fact::Filed(filed),
                Fact::Noted(vec![code(1060, "")]),
                Fact::Refused(vec![code(1006, "a"), code(1002, "b")]),
            ];
            let forward = order.iter().fold(Reply::default(), |r, i| evolve(r, &facts[*i], &[2]));
            let mut sorted = order.clone();
            sorted.sort_unstable();
            sorted.dedup();
            let once = sorted.iter().fold(Reply::default(), |r, i| evolve(r, &facts[*i], &[2]));
            prop_assert_eq!(forward, once);
        }
    }
}
