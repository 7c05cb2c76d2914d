//! One fault at a time against answers without faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, Utc};
use icp_proto::authority::ServiceDomains;
use icp_proto::common::{Certificate, Person, Severity};

use super::*;
use crate::question::{Query, Questions};
use crate::report::Outcome;

fn person(name: &str, number: &str) -> Person {
    let id = Certificate { kind: 2, number: number.into(), ..Certificate::default() };
    Person { name: name.into(), id: Some(id), ..Person::default() }
}

fn company() -> LookupSubject {
    LookupSubject {
        organiser_name: "示例（深圳）有限公司".into(),
        organiser_nature: 4,
        organiser_certificate: Some(Certificate {
            kind: 1,
            number: "91440101MA5CJQ4N59".into(),
            address: "示例路1号".into(),
            ..Certificate::default()
        }),
        organiser_principal: Some(person("示例甲", "440308199901101512")),
        service_principals: vec![person("示例乙", "44030519901108044X"), person("示例甲", "440308199901101512")],
        service_domains: vec![
            ServiceDomains { domains: vec!["specimen-one.cn".into()], ..ServiceDomains::default() },
            ServiceDomains {
                domains: vec!["www.specimen-one.cn".into(), "specimen-two.com.cn".into()],
                ..ServiceDomains::default()
            },
        ],
    }
}

fn person_filing() -> LookupSubject {
    let applicant = person("示例丙", "33010619930521017x");
    LookupSubject {
        organiser_name: "示例丙".into(),
        organiser_nature: 5,
        organiser_certificate: applicant.id.clone(),
        organiser_principal: Some(applicant.clone()),
        service_principals: vec![applicant],
        service_domains: vec![ServiceDomains { domains: vec!["specimen-one.cn".into()], ..ServiceDomains::default() }],
    }
}

fn limits() -> Limits {
    Limits { today: NaiveDate::from_ymd_opt(2026, 11, 21).unwrap(), least_domain_months_left: 3 }
}

struct Registers {
    enterprise: EnterpriseAnswer,
    citizen: CitizenAnswer,
    domain: DomainAnswer,
}

impl Registers {
    fn agreeing_with(subject: &LookupSubject) -> Self {
        Self {
            enterprise: EnterpriseAnswer {
                found: true,
                name: Some("示例(深圳)有限公司".into()),
                legal_representative: Some("示例甲".into()),
                status: Some(EnterpriseStatus::Active),
                registered_address: Some("示例路1号".into()),
                reference: "ENT-1".into(),
            },
            citizen: CitizenAnswer { is_match: true, found: Some(true), reference: "CIT-1".into() },
            domain: DomainAnswer {
                found: true,
                registrar_approved: Some(true),
                holder: Some(subject.organiser_name.clone()),
                holder_certificate_number: Some(subject.organiser_certificate.as_ref().unwrap().number.to_lowercase()),
                real_name_verified: Some(true),
                expires_on: NaiveDate::from_ymd_opt(2027, 2, 22),
                reference: "DOM-1".into(),
            },
        }
    }

    fn answer(&self, query: &Query) -> Given {
        let answer = match query {
            Query::Enterprise { .. } => Answer::Enterprise(self.enterprise.clone()),
            Query::Citizen { .. } => Answer::Citizen(self.citizen.clone()),
            Query::Domain { .. } => Answer::Domain(self.domain.clone()),
        };
        assert!(answer.is_complete());
        Given { answer, asked_at: DateTime::<Utc>::UNIX_EPOCH }
    }
}

fn judged(subject: &LookupSubject, registers: &Registers) -> Report {
    let questions = Questions::of(subject);
    let answers: Vec<Given> = questions.asked.iter().map(|question| registers.answer(&question.query)).collect();
    let pairs: Vec<_> = questions.asked.iter().zip(answers.iter().map(Some)).collect();
    judge(subject, &pairs, &questions.unanswerable, &limits())
}

#[test]
fn each_enterprise_person_and_domain_is_asked_once() {
    let questions = Questions::of(&company());
    let fields: Vec<_> = questions.asked.iter().map(|q| (q.query.authority().as_str(), q.fields.join(" "))).collect();
    assert_eq!(
        fields,
        [
            ("enterprise", "organiser.certificate.number".to_owned()),
            ("citizen", "organiser.principal.id.number services[1].principal.id.number".to_owned()),
            ("citizen", "services[0].principal.id.number".to_owned()),
            ("domain", "services[0].domains[0] services[1].domains[0]".to_owned()),
            ("domain", "services[1].domains[1]".to_owned()),
        ]
    );
    let person = Questions::of(&person_filing());
    assert_eq!(person.asked.len(), 2);
    assert_eq!(person.asked[0].query, Query::Citizen { name: "示例丙".into(), id_number: "33010619930521017X".into() });
    assert_eq!(person.asked[0].fields.len(), 3);
}

#[test]
fn registers_that_agree_are_counted() {
    let report = judged(&company(), &Registers::agreeing_with(&company()));
    assert_eq!((report.outcome(), &report.findings), (Outcome::Agree, &vec![]));
    assert_eq!(report.journal_line(), ("registers agree", "enterprise, 2 citizens, 2 domains".to_owned()));
    // Four fields of the enterprise, two persons for three fields, two domains for three.
    assert_eq!(report.results.len(), 10);
    assert!(report.results.iter().all(|result| result.verdict == Verdict::Match && !result.reference.is_empty()));

    let report = judged(&person_filing(), &Registers::agreeing_with(&person_filing()));
    assert_eq!(report.journal_line(), ("registers agree", "1 citizen, 1 domain".to_owned()));
}

#[test]
fn what_the_register_says_is_told_of_a_number_that_it_knows() {
    use crate::report::enterprise_record;
    let mut subject = company();
    subject.organiser_certificate.as_mut().unwrap().number = " 91440101ma5cjq4n59".into();
    let mut registers = Registers::agreeing_with(&subject);
    let told = |registers: &Registers| {
        let asked = Questions::of(&subject).asked;
        let told = |question: &Question| enterprise_record(question, &registers.answer(&question.query).answer);
        asked.iter().filter_map(told).collect::<Vec<_>>()
    };
    registers.enterprise.name = Some("示例别家有限公司".into());
    let records = told(&registers);
    assert_eq!(records.len(), 1);
    let record = (records[0].certificate_number.as_str(), records[0].name.as_str(), records[0].address.as_str());
    assert_eq!(record, ("91440101MA5CJQ4N59", "示例别家有限公司", "示例路1号"));
    registers.enterprise.registered_address = None;
    assert_eq!(told(&registers)[0].address, "");
    registers.enterprise.found = false;
    assert_eq!(told(&registers), []);
}

#[test]
fn the_facts_for_the_rules_hold_no_personal_data() {
    let report = judged(&company(), &Registers::agreeing_with(&company()));
    assert_eq!(report.enterprise.as_ref().map(|facts| (facts.found, facts.status.as_str())), Some((true, "active")));
    assert_eq!(report.domains.len(), 2);
    let domain = &report.domains[0];
    let told = (domain.found, domain.real_named, domain.expires_on.as_str(), domain.registrar_approved);
    assert_eq!(told, (true, Some(true), "2027-02-22", Some(true)));
    let text = format!("{:?}{:?}", report.enterprise, report.domains);
    assert!(!text.contains("示例"), "{text}");
}

type Change = fn(&mut Registers);

const ONE_FAULT_EACH: &[(&str, Change, &str, Severity, &str, Verdict)] = &[
    (
        "unknown number",
        |r| r.enterprise.found = false,
        "S04",
        Severity::Block,
        "organiser.certificate.number",
        Verdict::NotFound,
    ),
    (
        "other name",
        |r| r.enterprise.name = Some("别家".into()),
        "S04",
        Severity::Block,
        "organiser.name",
        Verdict::Mismatch,
    ),
    (
        "revoked",
        |r| r.enterprise.status = Some(EnterpriseStatus::Revoked),
        "S04",
        Severity::Block,
        "organiser.certificate.number",
        Verdict::Match,
    ),
    (
        "cancelled",
        |r| r.enterprise.status = Some(EnterpriseStatus::Cancelled),
        "S04",
        Severity::Block,
        "organiser.certificate.number",
        Verdict::Match,
    ),
    (
        "abnormal",
        |r| r.enterprise.status = Some(EnterpriseStatus::Abnormal),
        "S04",
        Severity::Review,
        "organiser.certificate.number",
        Verdict::Match,
    ),
    (
        "state unknown to us",
        |r| r.enterprise.status = Some(EnterpriseStatus::Unknown),
        "S04",
        Severity::Review,
        "organiser.certificate.number",
        Verdict::Match,
    ),
    (
        "other representative",
        |r| r.enterprise.legal_representative = Some("别人".into()),
        "S02",
        Severity::Review,
        "organiser.principal.name",
        Verdict::Mismatch,
    ),
    (
        "other address",
        |r| r.enterprise.registered_address = Some("别处".into()),
        "S04",
        Severity::Review,
        "organiser.certificate.address",
        Verdict::Mismatch,
    ),
    (
        "unknown citizen",
        |r| r.citizen = CitizenAnswer { is_match: false, found: Some(false), reference: "C".into() },
        "V01",
        Severity::Block,
        "services[0].principal.id.number",
        Verdict::NotFound,
    ),
    (
        "another's number",
        |r| r.citizen = CitizenAnswer { is_match: false, found: None, reference: "C".into() },
        "V01",
        Severity::Block,
        "services[0].principal.id.number",
        Verdict::Mismatch,
    ),
    (
        "unregistered domain",
        |r| r.domain.found = false,
        "D01",
        Severity::Block,
        "services[0].domains[0]",
        Verdict::NotFound,
    ),
    (
        "not real-named",
        |r| r.domain.real_name_verified = Some(false),
        "D01",
        Severity::Block,
        "services[0].domains[0]",
        Verdict::Mismatch,
    ),
    (
        "other holder",
        |r| r.domain.holder = Some("别家".into()),
        "D02",
        Severity::Block,
        "services[0].domains[0]",
        Verdict::Mismatch,
    ),
    (
        "holder with another number",
        |r| r.domain.holder_certificate_number = Some("1".into()),
        "D02",
        Severity::Block,
        "services[0].domains[0]",
        Verdict::Mismatch,
    ),
    (
        "registrar not approved",
        |r| r.domain.registrar_approved = Some(false),
        "D03",
        Severity::Block,
        "services[0].domains[0]",
        Verdict::Mismatch,
    ),
    (
        "exactly three months left",
        |r| r.domain.expires_on = NaiveDate::from_ymd_opt(2027, 2, 21),
        "D04",
        Severity::Block,
        "services[0].domains[0]",
        Verdict::Mismatch,
    ),
    (
        "expired",
        |r| r.domain.expires_on = NaiveDate::from_ymd_opt(2026, 11, 20),
        "D04",
        Severity::Block,
        "services[0].domains[0]",
        Verdict::Mismatch,
    ),
];

/// A company whose principal is in charge of everything, so that each question is about few fields.
fn small_company() -> LookupSubject {
    let mut subject = company();
    subject.service_principals.truncate(1);
    subject.service_domains.truncate(1);
    subject
}

#[test]
fn a_domain_is_asked_about_under_the_field_that_holds_it() {
    let mut subject = small_company();
    subject.service_domains[0].fields = vec!["app_platforms[1].domains[0]".to_owned()];
    let asked = Questions::of(&subject).asked;
    assert_eq!(asked.last().unwrap().fields, ["services[0].app_platforms[1].domains[0]"]);
}

#[test]
fn each_fault_is_found_alone_with_its_code_and_field() {
    let subject = small_company();
    for (what, change, code, severity, field, verdict) in ONE_FAULT_EACH {
        let mut registers = Registers::agreeing_with(&subject);
        change(&mut registers);
        let report = judged(&subject, &registers);
        let own: Vec<_> = report.findings.iter().filter(|finding| finding.field == *field).collect();
        assert_eq!(own.len(), 1, "{what}: {:?}", report.findings);
        assert_eq!((own[0].code.as_str(), own[0].severity()), (*code, *severity), "{what}");
        assert!(report.findings.iter().all(|finding| finding.code == *code), "{what}: {:?}", report.findings);
        assert!(report.results.iter().any(|result| result.verdict == *verdict), "{what}");
        assert_eq!(report.outcome() == Outcome::Blocked, *severity == Severity::Block, "{what}");
        assert!(report.journal_line().1.contains(field), "{what}");
        let text = format!("{report:?}");
        for personal in ["示例甲", "示例乙", "440308199901101512", "91440101MA5CJQ4N59", "别"] {
            assert!(!text.contains(personal), "{what}: {text}");
        }
    }
}

#[test]
fn each_field_of_an_enterprise_has_its_own_verdict() {
    let subject = small_company();
    let differing = |change: Change| {
        let mut registers = Registers::agreeing_with(&subject);
        change(&mut registers);
        let report = judged(&subject, &registers);
        let of_enterprise = report.results.into_iter().filter(|result| result.authority == Authority::Enterprise);
        let differing = of_enterprise.filter(|result| result.verdict != Verdict::Match);
        differing.map(|result| result.field).collect::<Vec<_>>()
    };
    let cases: [(Change, &[&str]); 6] = [
        (|r| r.enterprise.legal_representative = Some("别人".into()), &["organiser.principal.name"]),
        (|r| r.enterprise.registered_address = Some("别处".into()), &["organiser.certificate.address"]),
        (|r| r.enterprise.status = Some(EnterpriseStatus::Abnormal), &[]),
        (|r| r.enterprise.status = Some(EnterpriseStatus::Revoked), &[]),
        (|r| r.enterprise.name = Some("别家".into()), &["organiser.certificate.number", "organiser.name"]),
        (|r| r.enterprise.found = false, &["organiser.certificate.number"]),
    ];
    for (change, expected) in cases {
        assert_eq!(differing(change), expected);
    }
}

#[test]
fn silence_is_neither_match_nor_mismatch() {
    let subject = small_company();
    let questions = Questions::of(&subject);
    let pairs: Vec<_> = questions.asked.iter().map(|question| (question, None)).collect();
    let report = judge(&subject, &pairs, &[], &limits());
    assert!(report.results.iter().all(|result| result.verdict == Verdict::Unavailable && result.asked_at.is_none()));
    assert!(report.findings.iter().all(|finding| finding.severity() == Severity::Review));
    let codes: Vec<_> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["S04", "V01", "V01", "D01"]);
    assert_eq!(report.journal_line().0, "registers need a reviewer's look");
}

#[test]
fn documents_that_no_register_knows_go_to_the_reviewer() {
    let mut subject = small_company();
    subject.service_principals[0].id.as_mut().unwrap().kind = 7;
    let report = judged(&subject, &Registers::agreeing_with(&subject));
    assert_eq!(report.outcome(), Outcome::Review);
    assert_eq!(report.findings[0].field, "services[0].principal.id.number");
}

#[test]
fn only_answers_that_find_nothing_wrong_are_favourable() {
    let subject = small_company();
    let questions = Questions::of(&subject);
    let mut registers = Registers::agreeing_with(&subject);
    let favourable = |registers: &Registers| {
        let judge = |question: &Question| {
            is_favourable(&subject, question, &registers.answer(&question.query).answer, &limits())
        };
        questions.asked.iter().map(judge).collect::<Vec<_>>()
    };
    assert_eq!(favourable(&registers), [true; 4]);
    registers.domain.real_name_verified = Some(false);
    registers.citizen.is_match = false;
    assert_eq!(favourable(&registers), [true, false, false, false]);
}

#[test]
fn an_answer_without_its_substance_is_incomplete() {
    let text = r#"{"authority":"domain","found":true,"reference":"DOM-1"}"#;
    assert!(!serde_json::from_str::<Answer>(text).unwrap().is_complete());
    let text = r#"{"authority":"domain","found":false,"reference":"DOM-1"}"#;
    assert!(serde_json::from_str::<Answer>(text).unwrap().is_complete());
    let text = r#"{"authority":"enterprise","found":true,"name":"x","legal_representative":"y","reference":"E"}"#;
    assert!(!serde_json::from_str::<Answer>(text).unwrap().is_complete());
}
