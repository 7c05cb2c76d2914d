use chrono::{DateTime, Utc};
use icp_domain::{Filing, Finding, Province, Severity, Stage};
use icp_testkit::filings::{company_filing, person_filing};
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::*;

const ORDER: Uuid = Uuid::from_u128(7);
const HERE: Submission = Submission { order_id: ORDER, attempt: 2 };

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
}

fn proof(kind: EvidenceKind, check: &str, field: &str) -> Evidence {
    let (check, field, id) = (check.to_owned(), field.to_owned(), format!("{kind:?}-{field}"));
    Evidence { submission: HERE, kind, check, field, outcome: Outcome::Passed, id, at: noon() }
}

/// Everything that the slip of this order could ask for.
fn complete(filing: &Filing) -> Vec<Evidence> {
    let order = SlipOrder { filing, service: 0 };
    let mut all = vec![proof(EvidenceKind::Reviewer, "passed", ""), proof(EvidenceKind::Rules, "judged", "")];
    for demand in SlipField::ALL.into_iter().flat_map(|field| field.demands(order)) {
        if demand.kind != EvidenceKind::Reviewer {
            all.push(proof(demand.kind, demand.check.unwrap_or("enterprise"), &demand.field));
        }
    }
    all
}

fn filings() -> [Filing; 3] {
    let mut with_approval = company_filing(Province::Jiangsu, 3);
    with_approval.services[0].pre_approvals =
        vec![icp_domain::PreApproval { category: 3, number: "教审〔2025〕1号".to_owned() }];
    [company_filing(Province::Guangdong, 1), person_filing(Province::Zhejiang, 2), with_approval]
}

fn slip(filing: &Filing, evidence: &[Evidence]) -> Result<Slip, PaperError> {
    Slip::fill(SlipOrder { filing, service: 0 }, HERE, evidence, "示例云计算有限公司", day())
}

#[test]
fn complete_evidence_ticks_every_box_and_every_tick_names_its_proof() {
    for filing in filings() {
        let slip = slip(&filing, &complete(&filing)).unwrap();
        assert_eq!(slip.ticks().iter().map(Tick::field).collect::<Vec<_>>(), SlipField::ALL);
        assert!(slip.ticks().iter().all(|tick| !tick.evidence().is_empty()));
        let attached: Value = serde_json::from_str(slip.paper().attachment()).unwrap();
        assert_eq!(attached["ticks"].as_array().unwrap().len(), SlipField::ALL.len());
        assert_eq!(attached["wording"]["is_official"], false);
    }
}

#[test]
fn no_field_is_ticked_without_a_demand() {
    for filing in filings() {
        for field in SlipField::ALL {
            assert!(!field.demands(SlipOrder { filing: &filing, service: 0 }).is_empty(), "{field:?}");
        }
    }
}

#[test]
fn without_the_reviewer_there_is_no_slip() {
    let [filing, ..] = filings();
    let mut evidence = complete(&filing);
    evidence.retain(|e| e.kind != EvidenceKind::Reviewer);
    assert!(matches!(slip(&filing, &evidence), Err(PaperError::NotReviewed { attempt: 2 })));
    evidence.push(Evidence { submission: Submission { attempt: 1, ..HERE }, ..proof(EvidenceKind::Reviewer, "", "") });
    assert!(matches!(slip(&filing, &evidence), Err(PaperError::NotReviewed { attempt: 2 })));
}

#[test]
fn an_open_question_of_the_rules_is_settled_by_the_reviewer_but_an_objection_is_not() {
    let [filing, ..] = filings();
    let order = SlipOrder { filing: &filing, service: 0 };
    let finding = |severity| Finding {
        code: "N01".to_owned(),
        stage: Stage::Rules,
        severity,
        field: "services[0].name".to_owned(),
        message_zh: String::new(),
        message_en: String::new(),
        remedy: String::new(),
        source: None,
    };
    let review = proof(EvidenceKind::Reviewer, "passed", "");
    let tick = |severity| {
        let mut evidence = Evidence::of_rules(HERE, Some("digest"), &[finding(severity)], noon());
        evidence.push(review.clone());
        Tick::new(SlipField::NameProper, order, HERE, &evidence)
    };
    let kinds = |tick: &Tick| tick.evidence().iter().map(|proof| proof.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&tick(Severity::Advise).unwrap()), [EvidenceKind::Reviewer, EvidenceKind::Rules]);
    assert_eq!(kinds(&tick(Severity::Review).unwrap()), [EvidenceKind::Reviewer]);
    assert_eq!(tick(Severity::Block), Err(Unproved::Contrary { field: "services[0].name".to_owned() }));
    assert!(Evidence::of_rules(HERE, None, &[], noon()).is_empty());
}

#[test]
fn the_pledge_of_guangdong_is_its_own() {
    let texts = [Province::Guangdong, Province::Zhejiang].map(|province| {
        let filing = company_filing(province, 1);
        let slip = slip(&filing, &complete(&filing)).unwrap();
        slip.paper().content()["pledges"][1]["text"].as_str().unwrap().to_owned()
    });
    assert!(texts[0].contains("广东") && !texts[1].contains("广东"));
}

/// What may go wrong with one recorded result.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    Missing,
    OtherAttempt,
    OtherOrder,
    Failed,
    Open,
    OtherKind,
    OtherCheck,
    OtherField,
    Contradicted,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    use Mishap::{Contradicted, Failed, Missing, Open, OtherAttempt, OtherCheck, OtherField, OtherKind, OtherOrder};
    prop::sample::select(vec![
        Missing,
        OtherAttempt,
        OtherOrder,
        Failed,
        Open,
        OtherKind,
        OtherCheck,
        OtherField,
        Contradicted,
    ])
}

fn apply(mishap: Mishap, at: usize, evidence: &mut Vec<Evidence>) {
    let Some(hit) = evidence.get_mut(at) else { return };
    match mishap {
        Mishap::Missing => drop(evidence.remove(at)),
        Mishap::OtherAttempt => hit.submission.attempt = 1,
        Mishap::OtherOrder => hit.submission.order_id = Uuid::from_u128(8),
        Mishap::Failed => hit.outcome = Outcome::Failed,
        Mishap::Open => hit.outcome = Outcome::Open,
        Mishap::OtherKind => hit.kind = EvidenceKind::Rules,
        Mishap::OtherCheck => hit.check = "picture".to_owned(),
        Mishap::OtherField => hit.field.push_str("[9]"),
        Mishap::Contradicted => {
            let contrary = Evidence { outcome: Outcome::Failed, ..hit.clone() };
            evidence.push(contrary);
        }
    }
}

/// Said without the code under test: one path is the other, or the start of it.
fn related(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short.is_empty()
        || long == short
        || long.starts_with(&format!("{short}."))
        || long.starts_with(&format!("{short}["))
}

/// Said without the code under test: every demand is met by a passed result of this submission, and nothing of it
/// speaks against the field.
fn is_proved(demand: &Demand, evidence: &[Evidence]) -> bool {
    let ours: Vec<&Evidence> = evidence.iter().filter(|e| e.submission == HERE).collect();
    let met = ours.iter().any(|e| {
        e.kind == demand.kind
            && e.outcome == Outcome::Passed
            && demand.check.is_none_or(|check| check == e.check)
            && (e.field == demand.field || (e.field.is_empty() && e.kind == EvidenceKind::Reviewer))
    });
    met && !ours.iter().any(|e| e.outcome == Outcome::Failed && related(&e.field, &demand.field))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn no_set_of_evidence_makes_a_false_tick(
        which in 0_usize..3,
        mishaps in prop::collection::vec((any::<prop::sample::Index>(), mishap()), 0..8),
    ) {
        let filing = &filings()[which];
        let order = SlipOrder { filing, service: 0 };
        let mut evidence = complete(filing);
        for (place, mishap) in mishaps {
            let at = place.index(evidence.len());
            apply(mishap, at, &mut evidence);
        }
        for field in SlipField::ALL {
            if Tick::new(field, order, HERE, &evidence).is_ok() {
                for demand in field.demands(order) {
                    prop_assert!(is_proved(&demand, &evidence), "{field:?} is ticked without {demand:?}");
                }
            }
        }
        if let Ok(slip) = slip(filing, &evidence) {
            check_printed(&slip)?;
        }
    }
}

/// What is printed ticks no more than the ticks say, and each printed tick has a note that is printed too.
fn check_printed(slip: &Slip) -> Result<(), TestCaseError> {
    let content = slip.paper().content();
    let notes = content["notes"].as_array().unwrap().len();
    let rows_of_blocks = content["blocks"].as_array().unwrap().iter().flat_map(|b| b["rows"].as_array().unwrap());
    let mut proved_rows = 0;
    for row in content["head"].as_array().unwrap().iter().chain(rows_of_blocks) {
        let numbers = row["notes"].as_array().unwrap();
        let claims =
            row["choices"].as_array().unwrap().iter().any(|choice| choice["ticked"] == true && choice["label"] != "否");
        prop_assert!(!claims || !numbers.is_empty(), "{row} claims without a note");
        prop_assert!(numbers.iter().all(|number| (1..=notes).contains(&(number.as_u64().unwrap() as usize))));
        proved_rows += usize::from(!numbers.is_empty());
    }
    // 前置审批 has two rows for one tick; 座机 and the unit's certificate may have none.
    prop_assert!(proved_rows <= slip.ticks().len() + 1);
    Ok(())
}
