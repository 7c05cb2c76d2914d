use chrono::{DateTime, Utc};
use icp_domain::{Filing, Finding, OrderType, Province, ServiceKind, Severity, Stage};
use icp_testkit::filings::{company_filing, filing_of_type, person_filing};
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
            all.push(proof(demand.kind, demand.check.map_or("enterprise", CheckName::as_str), &demand.field));
        }
    }
    all
}

/// Orders of every type, then first filings of other kinds.
fn filings() -> Vec<Filing> {
    let mut with_approval = company_filing(Province::Jiangsu, 3);
    with_approval.services[0].pre_approvals =
        vec![icp_domain::PreApproval { category: 3, number: "教审〔2025〕1号".to_owned() }];
    with_approval.services[0].principal.office_phone = Some("025-12345678".to_owned());
    let mut mini_program = company_filing(Province::Hubei, 4);
    mini_program.services[0].kind = ServiceKind::MiniProgram;
    mini_program.services[0].domains.clear();
    let of_types = OrderType::ALL.into_iter().map(|order_type| filing_of_type(order_type, Province::Guangdong, 1));
    of_types.chain([person_filing(Province::Zhejiang, 2), with_approval, mini_program]).collect()
}

/// A first filing, which brings everything.
fn first_filing() -> Filing {
    company_filing(Province::Guangdong, 1)
}

/// The boxes that this order is asked about.
fn asked(filing: &Filing) -> Vec<SlipField> {
    let order = SlipOrder { filing, service: 0 };
    SlipField::ALL.into_iter().filter(|field| !field.demands(order).is_empty()).collect()
}

fn slip(filing: &Filing, evidence: &[Evidence]) -> Result<Slip, PaperError> {
    Slip::fill(SlipOrder { filing, service: 0 }, HERE, evidence, "示例云计算有限公司", day())
}

/// The row of a slip with this label.
fn row(slip: &Slip, label: &str) -> Value {
    let content = slip.paper().content();
    let blocks = content["blocks"].as_array().unwrap().iter().flat_map(|block| block["rows"].as_array().unwrap());
    content["head"].as_array().unwrap().iter().chain(blocks).find(|row| row["label"] == label).unwrap().clone()
}

/// Labels of the ticked boxes of the row.
fn ticked(slip: &Slip, label: &str) -> Vec<String> {
    let row = row(slip, label);
    let choices = row["choices"].as_array().unwrap().iter().filter(|choice| choice["ticked"] == true);
    choices.map(|choice| choice["label"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn complete_evidence_ticks_every_box_that_is_asked_about_and_every_tick_names_its_proof() {
    for filing in filings().iter().filter(|filing| !filing.services.is_empty()) {
        let slip = slip(filing, &complete(filing)).unwrap();
        assert_eq!(slip.ticks().iter().map(Tick::field).collect::<Vec<_>>(), asked(filing), "{:?}", filing.order_type);
        assert!(slip.ticks().iter().all(|tick| !tick.evidence().is_empty() && tick.says() == Says::Yes));
        let attached: Value = serde_json::from_str(slip.paper().attachment()).unwrap();
        assert_eq!(attached["ticks"].as_array().unwrap().len(), slip.ticks().len());
        assert_eq!(attached["wording"]["is_official"], false);
    }
    let mut with_landline = first_filing();
    with_landline.services[0].principal.office_phone = Some("0755-12345678".to_owned());
    assert_eq!(asked(&with_landline), SlipField::ALL);
}

#[test]
fn a_row_that_nobody_is_asked_about_says_why_and_can_never_be_ticked() {
    for filing in filings() {
        let order = SlipOrder { filing: &filing, service: 0 };
        let mut evidence = complete(&first_filing());
        evidence.extend(complete(&filing));
        for field in SlipField::ALL.into_iter().filter(|field| field.demands(order).is_empty()) {
            assert!(field.remark(order).is_some(), "{:?} {field:?}", filing.order_type);
            assert_eq!(Tick::yes(field, order, HERE, &evidence), Err(Unproved::NotAsked));
            assert_eq!(Tick::no(field, order, HERE, &evidence), None);
        }
    }
}

/// Labels of rows, each with the text before or in place of its boxes.
type Texts = &'static [(&'static str, Option<&'static str>)];

#[test]
fn what_is_on_record_is_said_to_be_on_record() {
    const ORGANISER: Option<&str> = Some("主体已备案");
    const SERVICE: Option<&str> = Some("服务已备案");
    const OF_PERSON: Option<&str> = Some("主体已备案；服务负责人：");
    let cases: [(OrderType, Texts); 5] = [
        (OrderType::FirstFiling, &[("单位证件资质", None), ("证件号码正确", None)]),
        (
            OrderType::AddService,
            &[
                ("网站类型", ORGANISER),
                ("单位证件资质", ORGANISER),
                ("证件号码正确", OF_PERSON),
                ("留存证件复印件", OF_PERSON),
                ("核验材料电子留存", OF_PERSON),
                ("通信地址正确", ORGANISER),
                ("手机号码正确", None),
            ],
        ),
        (OrderType::ContinueAccess, &[("单位证件资质", ORGANISER), ("个人证件资质", None), ("名称规范", None)]),
        (OrderType::ChangeService, &[("证件号码正确", OF_PERSON), ("网络地址（IP）报备正确", Some("接入已备案"))]),
        (
            OrderType::ChangeAccess,
            &[
                ("个人证件资质", SERVICE),
                ("证件号码正确", Some("主体及服务已备案")),
                ("域名正确", SERVICE),
                ("有前置或专项审批", SERVICE),
                ("网络地址（IP）报备正确", None),
            ],
        ),
    ];
    for (order_type, rows) in cases {
        let filing = filing_of_type(order_type, Province::Guangdong, 1);
        let proved = slip(&filing, &complete(&filing)).unwrap();
        for (label, text) in rows {
            assert_eq!(row(&proved, label)["text"].as_str(), *text, "{order_type:?} {label}");
        }
        // What identity verification is not told to read leaves no 否.
        let evidence = [proof(EvidenceKind::Reviewer, "passed", "")];
        let unproved = slip(&filing, &evidence).unwrap();
        assert!(unproved.ticks().iter().all(|tick| tick.says() == Says::Yes), "{order_type:?}");
        assert_eq!(ticked(&unproved, "证件号码正确"), [""; 0], "{order_type:?}");
    }
}

#[test]
fn a_failed_check_says_no_with_its_note_and_anything_less_says_nothing() {
    let filing = first_filing();
    let of_number = |outcome| {
        let mut evidence = complete(&filing);
        let number = "organiser.certificate.number";
        let is_it = |e: &&mut Evidence| e.kind == EvidenceKind::Authority && e.field == number;
        evidence.iter_mut().find(is_it).unwrap().outcome = outcome;
        let slip = slip(&filing, &evidence).unwrap();
        let notes = row(&slip, "证件号码正确")["notes"].as_array().unwrap().len();
        (ticked(&slip, "证件号码正确"), notes)
    };
    assert_eq!(of_number(Outcome::Passed).0, ["是"]);
    assert_eq!(of_number(Outcome::Failed), (vec!["否".to_owned()], 1));
    assert_eq!(of_number(Outcome::Open), (Vec::new(), 0));
}

#[test]
fn a_differing_representative_or_address_says_nothing_about_the_number() {
    let filing = first_filing();
    for field in ["organiser.principal.name", "organiser.certificate.address"] {
        let mut evidence = complete(&filing);
        let differing = proof(EvidenceKind::Authority, "enterprise", field);
        evidence.push(Evidence { outcome: Outcome::Failed, ..differing });
        assert_eq!(ticked(&slip(&filing, &evidence).unwrap(), "证件号码正确"), ["是"], "{field}");
    }
}

#[test]
fn a_certificate_that_could_not_be_told_leaves_its_box_open_and_its_copy_kept() {
    let filing = first_filing();
    let mut evidence = complete(&filing);
    for result in evidence.iter_mut().filter(|e| e.check == CheckName::DocumentKind.as_str()) {
        result.outcome = Outcome::Open;
    }
    let slip = slip(&filing, &evidence).unwrap();
    for label in ["网站类型", "单位证件资质", "个人证件资质"] {
        assert_eq!(ticked(&slip, label), [""; 0], "{label}");
    }
    assert_eq!(ticked(&slip, "留存证件复印件"), ["是"]);
}

#[test]
fn a_pass_by_policy_makes_a_slip_that_ticks_only_what_machines_have_seen() {
    let mut filing = first_filing();
    filing.services[0].principal.office_phone = Some("0755-12345678".to_owned());
    let mut evidence = complete(&filing);
    evidence.retain(|e| e.kind != EvidenceKind::Reviewer);
    evidence.push(proof(EvidenceKind::Policy, "passed", ""));
    let slip = slip(&filing, &evidence).unwrap();
    assert_eq!(slip.review().kind, EvidenceKind::Policy);
    assert!(slip.paper().content()["notes"].to_string().contains("策略自动初审"));
    for label in [
        "手机号码正确",
        "座机号码正确",
        "电子邮箱正确",
        "通信地址正确",
        "名称规范",
        "服务内容正确",
        "有前置或专项审批",
        "审批类别",
        "网络地址（IP）报备正确",
    ] {
        assert_eq!(ticked(&slip, label), [""; 0], "{label}");
    }
    for label in ["证件号码正确", "采集并留存负责人照片", "域名正确", "核验材料电子留存"] {
        assert_eq!(ticked(&slip, label), ["是"], "{label}");
    }
}

#[test]
fn without_the_reviewer_there_is_no_slip() {
    let filing = first_filing();
    let mut evidence = complete(&filing);
    evidence.retain(|e| e.kind != EvidenceKind::Reviewer);
    assert!(matches!(slip(&filing, &evidence), Err(PaperError::NotReviewed { attempt: 2 })));
    evidence.push(Evidence { submission: Submission { attempt: 1, ..HERE }, ..proof(EvidenceKind::Reviewer, "", "") });
    assert!(matches!(slip(&filing, &evidence), Err(PaperError::NotReviewed { attempt: 2 })));
}

#[test]
fn an_open_question_of_the_rules_is_settled_by_the_reviewer_but_an_objection_is_not() {
    let filing = first_filing();
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
        Tick::yes(SlipField::NameProper, order, HERE, &evidence)
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
            && demand.check.is_none_or(|check| check.as_str() == e.check)
            && (e.field == demand.field || (e.field.is_empty() && e.kind == EvidenceKind::Reviewer))
    });
    met && !ours.iter().any(|e| e.outcome == Outcome::Failed && related(&e.field, &demand.field))
}

/// Said without the code under test: the very check that is demanded failed on the field, and nowhere passed there.
fn is_disproved(demand: &Demand, evidence: &[Evidence]) -> bool {
    let ended = |outcome: Outcome| {
        evidence.iter().any(|e| {
            e.submission == HERE
                && e.kind == demand.kind
                && demand.check.is_none_or(|check| check.as_str() == e.check)
                && e.field == demand.field
                && e.outcome == outcome
        })
    };
    ended(Outcome::Failed) && !ended(Outcome::Passed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn no_set_of_evidence_makes_a_false_tick(
        which in any::<prop::sample::Index>(),
        is_by_policy in any::<bool>(),
        mishaps in prop::collection::vec((any::<prop::sample::Index>(), mishap()), 0..8),
    ) {
        let filings = filings();
        let filing = which.get(&filings);
        let order = SlipOrder { filing, service: 0 };
        let mut evidence = complete(filing);
        if is_by_policy {
            evidence[0].kind = EvidenceKind::Policy;
        }
        for (place, mishap) in mishaps {
            let at = place.index(evidence.len().max(1));
            apply(mishap, at, &mut evidence);
        }
        for field in SlipField::ALL {
            let Some(tick) = Tick::of(field, order, HERE, &evidence) else { continue };
            let demands = field.demands(order);
            match tick.says() {
                Says::Yes => prop_assert!(
                    !demands.is_empty() && demands.iter().all(|demand| is_proved(demand, &evidence)),
                    "{field:?} says yes without {demands:?}"
                ),
                Says::No => prop_assert!(
                    demands.iter().any(|demand| is_disproved(demand, &evidence)),
                    "{field:?} says no, and nothing of {demands:?} failed"
                ),
            }
        }
        match slip(filing, &evidence) {
            Ok(slip) => check_printed(filing, &slip)?,
            Err(PaperError::NoSuchService { .. }) => prop_assert!(filing.services.is_empty()),
            Err(refusal) => prop_assert!(matches!(refusal, PaperError::NotReviewed { .. }), "{refusal}"),
        }
    }
}

/// The rows of 是 and 否, and the box that each prints. 前置审批 is not among them: it says what was declared.
const YES_OR_NO: [(&str, SlipField); 12] = [
    ("证件号码正确", SlipField::NumberCorrect),
    ("留存证件复印件", SlipField::CopiesKept),
    ("采集并留存负责人照片", SlipField::LivePhoto),
    ("手机号码正确", SlipField::Mobile),
    ("座机号码正确", SlipField::Landline),
    ("电子邮箱正确", SlipField::Email),
    ("通信地址正确", SlipField::Address),
    ("名称规范", SlipField::NameProper),
    ("服务内容正确", SlipField::ContentCorrect),
    ("网络地址（IP）报备正确", SlipField::AddressesReported),
    ("核验材料电子留存", SlipField::DocumentsKept),
    ("域名正确", SlipField::DomainCorrect),
];

/// What is printed is what the ticks say, and each printed tick, 否 too, has a note that is printed.
fn check_printed(filing: &Filing, slip: &Slip) -> Result<(), TestCaseError> {
    let content = slip.paper().content();
    let notes = content["notes"].as_array().unwrap().len();
    let rows_of_blocks = content["blocks"].as_array().unwrap().iter().flat_map(|b| b["rows"].as_array().unwrap());
    let mut proved_rows = 0;
    for row in content["head"].as_array().unwrap().iter().chain(rows_of_blocks) {
        let numbers = row["notes"].as_array().unwrap();
        let claims = row["choices"].as_array().unwrap().iter().any(|choice| choice["ticked"] == true);
        prop_assert!(!claims || !numbers.is_empty(), "{row} claims without a note");
        prop_assert!(numbers.iter().all(|number| (1..=notes).contains(&(number.as_u64().unwrap() as usize))));
        proved_rows += usize::from(!numbers.is_empty());
    }
    // 前置审批 has two rows for one tick.
    prop_assert!(proved_rows <= slip.ticks().len() + 1);
    for (label, field) in
        YES_OR_NO.into_iter().take(if filing.services[0].kind == ServiceKind::Website { 12 } else { 11 })
    {
        let said = slip.ticks().iter().find(|tick| tick.field() == field).map(Tick::says);
        let expected: &[&str] = match said {
            Some(Says::Yes) => &["是"],
            Some(Says::No) => &["否"],
            None => &[],
        };
        prop_assert_eq!(ticked(slip, label), expected, "{}", label);
    }
    let is_approval_proved = slip.ticks().iter().any(|tick| tick.field() == SlipField::PreApproval);
    let has_any = !filing.services[0].pre_approvals.is_empty();
    let approval = if has_any { "是" } else { "否" };
    prop_assert_eq!(ticked(slip, "有前置或专项审批"), if is_approval_proved { vec![approval] } else { vec![] });
    Ok(())
}
