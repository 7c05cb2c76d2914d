//! One fault at a time against a submission without faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, Utc};
use icp_domain::{Filing, Person as FilingPerson, Province};
use icp_papers::{Evidence, EvidenceKind, SlipField, SlipOrder, Submission, Tick};
use icp_proto::common::{Person, Severity};
use icp_testkit::{filings, specimen};

use super::*;
use crate::report::Outcome;

fn certificate(from: &icp_domain::Certificate) -> Certificate {
    Certificate {
        kind: u32::from(from.kind),
        number: from.number.clone(),
        address: from.address.clone().unwrap_or_default(),
        valid_to: from.valid_to.map(|day| day.to_string()).unwrap_or_default(),
        valid_from: from.valid_from.map(|day| day.to_string()).unwrap_or_default(),
    }
}

fn person(from: &FilingPerson) -> Person {
    Person { name: from.name.clone(), id: Some(certificate(&from.id)), ..Person::default() }
}

fn subject(filing: &Filing) -> IdentitySubject {
    IdentitySubject {
        organiser_name: filing.organiser.name.clone(),
        organiser_nature: u32::from(filing.organiser.nature),
        organiser_certificate: Some(certificate(&filing.organiser.certificate)),
        organiser_principal: Some(person(&filing.organiser.principal)),
        service_principals: filing.services.iter().map(|service| person(&service.principal)).collect(),
        materials: Vec::new(),
    }
}

fn observations(filing: &Filing) -> Observations {
    let seen = specimen::kinds(filing)
        .into_iter()
        .map(|kind| Seen {
            kind,
            service_index: 0,
            evidence: Some(Uuid::nil()),
            sight: Sight::Read(serde_json::from_value(specimen::fields(kind, filing)).unwrap()),
        })
        .collect();
    let face = FaceCompared { service_index: 0, similarity: Some(0.97), evidence: Some(Uuid::nil()) };
    Observations { seen, faces: vec![face] }
}

fn limits() -> Limits {
    Limits { today: NaiveDate::from_ymd_opt(2026, 11, 21).unwrap(), least_months_left: 3, face_threshold: 0.8 }
}

struct World {
    subject: IdentitySubject,
    observations: Observations,
    limits: Limits,
}

impl World {
    fn sight(&mut self, kind: MaterialKind) -> &mut Sight {
        &mut self.observations.seen.iter_mut().find(|seen| seen.kind == kind).unwrap().sight
    }

    fn fields(&mut self, kind: MaterialKind) -> &mut DocumentFields {
        match self.sight(kind) {
            Sight::Read(fields) => fields,
            other => panic!("{other:?}"),
        }
    }

    fn certificate(&mut self) -> &mut Certificate {
        self.subject.organiser_certificate.as_mut().unwrap()
    }

    fn service_id(&mut self) -> &mut Certificate {
        self.subject.service_principals[0].id.as_mut().unwrap()
    }
}

fn company() -> World {
    let filing = filings::company_filing(Province::Guangdong, 5);
    World { subject: subject(&filing), observations: observations(&filing), limits: limits() }
}

fn judged(world: &World) -> Report {
    judge(&world.subject, &world.observations, &world.limits)
}

#[test]
fn an_honest_submission_passes() {
    for filing in [
        filings::company_filing(Province::Guangdong, 1),
        filings::company_filing(Province::Zhejiang, 2),
        filings::person_filing(Province::Guangdong, 3),
        filings::person_filing(Province::Zhejiang, 4),
    ] {
        let report = judge(&subject(&filing), &observations(&filing), &limits());
        assert_eq!(report.findings, [], "{:?}", filing.organiser.nature);
        assert!(report.checks.iter().all(|check| check.passed));
        assert_eq!(report.outcome(), Outcome::Passed);
        assert_eq!(report.journal_line(), ("documents verified", format!("{} checks passed", report.checks.len())));
    }
}

use MaterialKind::{Commitment, OrganiserCertificate, OrganiserPrincipalId, ServicePrincipalFace, ServicePrincipalId};

type Change = fn(&mut World);

const ONE_FAULT_EACH: &[(&str, Change, &str, Severity, &str)] = &[
    (
        "number on the id",
        |w| w.fields(ServicePrincipalId).number = Some("440305199001011234".into()),
        "S01",
        Severity::Block,
        "services[0].principal.id.number",
    ),
    (
        "no number on the id",
        |w| w.fields(OrganiserPrincipalId).number = None,
        "S01",
        Severity::Block,
        "organiser.principal.id.number",
    ),
    (
        "name on the id",
        |w| w.fields(ServicePrincipalId).name = Some("别人".into()),
        "S01",
        Severity::Block,
        "services[0].principal.name",
    ),
    (
        "validity on the id",
        |w| w.fields(ServicePrincipalId).valid_to = Some(Validity::LongTerm),
        "S01",
        Severity::Block,
        "services[0].principal.id.valid_to",
    ),
    (
        "number on the licence",
        |w| w.fields(OrganiserCertificate).number = Some("91350200776049653A".into()),
        "S01",
        Severity::Block,
        "organiser.certificate.number",
    ),
    (
        "name on the licence",
        |w| w.fields(OrganiserCertificate).name = Some("示例有限公司".into()),
        "S01",
        Severity::Block,
        "organiser.name",
    ),
    (
        "address on the licence",
        |w| w.fields(OrganiserCertificate).address = Some("别处".into()),
        "S04",
        Severity::Review,
        "organiser.certificate.address",
    ),
    (
        "another legal representative",
        |w| w.fields(OrganiserCertificate).legal_representative = Some("别人".into()),
        "S02",
        Severity::Review,
        "organiser.principal.name",
    ),
    (
        "licence instead of an id",
        |w| w.fields(ServicePrincipalId).document = DocumentKind::BusinessLicence,
        "S01",
        Severity::Block,
        "services[0].principal.id",
    ),
    (
        "id instead of a licence",
        |w| w.fields(OrganiserCertificate).document = DocumentKind::CitizenIdFront,
        "S01",
        Severity::Block,
        "organiser.certificate",
    ),
    (
        "id instead of a face",
        |w| w.fields(ServicePrincipalFace).document = DocumentKind::CitizenIdFront,
        "V03",
        Severity::Block,
        "services[0].principal",
    ),
    (
        "unreadable licence",
        |w| *w.sight(OrganiserCertificate) = Sight::Unreadable,
        "S01",
        Severity::Block,
        "organiser.certificate",
    ),
    (
        "unreadable face",
        |w| *w.sight(ServicePrincipalFace) = Sight::Unreadable,
        "V03",
        Severity::Block,
        "services[0].principal",
    ),
    ("unreadable letter", |w| *w.sight(Commitment) = Sight::Unreadable, "V04", Severity::Block, "organiser"),
    ("another's letter", |w| w.fields(Commitment).name = Some("别人".into()), "V04", Severity::Block, "organiser"),
    (
        "lost picture",
        |w| *w.sight(OrganiserPrincipalId) = Sight::Lost,
        "S01",
        Severity::Block,
        "organiser.principal.id",
    ),
    (
        "no picture format",
        |w| *w.sight(ServicePrincipalId) = Sight::Faulty(PictureFault::Format),
        "S01",
        Severity::Block,
        "services[0].principal.id",
    ),
    (
        "other face",
        |w| w.observations.faces[0].similarity = Some(0.79),
        "V01",
        Severity::Block,
        "services[0].principal",
    ),
    (
        "no face to compare",
        |w| w.observations.faces[0].similarity = None,
        "V03",
        Severity::Block,
        "services[0].principal",
    ),
    (
        "no licence handed in",
        |w| w.observations.seen.retain(|seen| seen.kind != OrganiserCertificate),
        "S01",
        Severity::Block,
        "organiser.certificate",
    ),
    (
        "no face handed in",
        |w| w.observations.seen.retain(|seen| seen.kind != ServicePrincipalFace),
        "S01",
        Severity::Block,
        "services[0].principal",
    ),
    (
        "only the back of an id",
        |w| w.fields(ServicePrincipalId).document = DocumentKind::CitizenIdBack,
        "S01",
        Severity::Block,
        "services[0].principal.id",
    ),
];

#[test]
fn each_fault_is_found_alone_with_its_code_and_field() {
    for (what, change, code, severity, field) in ONE_FAULT_EACH {
        let mut world = company();
        change(&mut world);
        let report = judged(&world);
        let found: Vec<_> = report.findings.iter().map(|f| (f.code.as_str(), f.severity(), f.field.as_str())).collect();
        assert_eq!(found, [(*code, *severity, *field)], "{what}");
        assert_eq!(report.checks.iter().filter(|check| !check.passed).count(), 1, "{what}");
        assert_eq!(report.outcome() == Outcome::Blocked, *severity == Severity::Block, "{what}");
        assert!(report.journal_line().1.contains(field), "{what}");
    }
}

#[test]
fn numbers_are_checked_before_any_picture() {
    type Case = (Change, Option<(&'static str, Severity)>);
    let cases: &[Case] = &[
        // A code in real use that fails its check character, and one with a typing error in its form.
        (|w| set_licence(w, "91350203M0001QAY9B"), Some(("S04", Severity::Review))),
        (|w| set_licence(w, "91350203M0001QAY9"), Some(("S01", Severity::Block))),
        (|w| set_licence(w, "110108000000016"), None),
        (|w| set_service_id(w, 2, "440308199901101513"), Some(("S01", Severity::Block))),
        (|w| set_service_id(w, 2, "440308199901101512"), None),
        (|w| set_service_id(w, 41, "810000199408230022"), Some(("S01", Severity::Block))),
        (|w| set_service_id(w, 7, "E12345678"), None),
    ];
    for (index, (change, expected)) in cases.iter().enumerate() {
        let mut world = company();
        change(&mut world);
        let report = judged(&world);
        let found = report.findings.first().map(|finding| (finding.code.as_str(), finding.severity()));
        assert_eq!((found, report.findings.len()), (*expected, usize::from(expected.is_some())), "case {index}");
    }
}

/// Form and document both name this number.
fn set_licence(world: &mut World, number: &str) {
    world.certificate().number = number.into();
    world.fields(OrganiserCertificate).number = Some(number.into());
}

fn set_service_id(world: &mut World, kind: u32, number: &str) {
    world.service_id().kind = kind;
    world.service_id().number = number.into();
    world.fields(ServicePrincipalId).number = Some(number.into());
}

#[test]
fn more_than_three_months_must_be_left() {
    for (valid_to, passes) in [("2027-02-22", true), ("2027-02-21", false), ("2026-11-20", false), ("", true)] {
        let mut world = company();
        world.service_id().valid_to = valid_to.into();
        world.fields(ServicePrincipalId).valid_to =
            Some(Validity::try_from(if valid_to.is_empty() { "long_term" } else { valid_to }.to_owned()).unwrap());
        let report = judged(&world);
        assert_eq!(report.findings.is_empty(), passes, "{valid_to}");
        // The form alone is judged where the picture does not show the validity.
        world.fields(ServicePrincipalId).valid_to = None;
        assert_eq!(judged(&world).findings, report.findings, "{valid_to}");
    }
}

#[test]
fn names_and_numbers_are_compared_as_people_read_them() {
    let mut world = company();
    let name = world.subject.organiser_name.clone();
    world.fields(OrganiserCertificate).name = Some(format!(" {name}\u{200B}"));
    let number = world.service_id().number.to_lowercase();
    world.fields(ServicePrincipalId).number = Some(format!(" {number}"));
    assert_eq!(judged(&world).findings, []);
}

#[test]
fn a_person_who_files_for_herself_may_show_one_card() {
    let filing = filings::person_filing(Province::Zhejiang, 5);
    let mut observations = observations(&filing);
    observations.seen.retain(|seen| seen.kind != OrganiserPrincipalId);
    assert_eq!(judge(&subject(&filing), &observations, &limits()).findings, []);
    observations.seen.retain(|seen| seen.kind != OrganiserCertificate);
    assert_eq!(judge(&subject(&filing), &observations, &limits()).findings.len(), 2);
}

/// Whether the slip ticks the box, when the checks of the report are all that is on record.
fn is_ticked(filing: &Filing, report: &Report, field: SlipField) -> bool {
    let submission = Submission { order_id: Uuid::nil(), attempt: 1 };
    let evidence: Vec<Evidence> = report
        .checks
        .iter()
        .map(|check| Evidence {
            submission,
            kind: EvidenceKind::Identity,
            check: check.name.clone(),
            field: check.subject.clone(),
            outcome: match (check.open, check.passed) {
                (true, _) => icp_papers::Outcome::Open,
                (false, true) => icp_papers::Outcome::Passed,
                (false, false) => icp_papers::Outcome::Failed,
            },
            id: String::new(),
            at: DateTime::<Utc>::UNIX_EPOCH,
        })
        .collect();
    Tick::of(field, SlipOrder { filing, service: 0 }, submission, &evidence).is_some()
}

#[test]
fn a_certificate_has_its_box_ticked_only_where_the_engine_saw_that_very_kind() {
    let kinds: Vec<u16> = (0..100).filter(|kind| icp_papers::codes::certificate(*kind).is_some()).collect();
    assert!(kinds.len() > 30, "{kinds:?}");
    let boxes = [
        (SlipField::UnitCertificate, CERTIFICATE_BUSINESS_LICENCE, "organiser.certificate"),
        (SlipField::PersonCertificate, CERTIFICATE_CITIZEN_ID, "services[0].principal.id"),
    ];
    for kind in kinds {
        let mut filing = filings::company_filing(Province::Guangdong, 5);
        filing.organiser.certificate.kind = kind;
        filing.services[0].principal.id.kind = kind;
        let report = judge(&subject(&filing), &observations(&filing), &limits());
        for (field, shown, path) in boxes {
            assert_eq!(is_ticked(&filing, &report, field), kind == shown, "{kind} {field:?}");
            // Licence and identity card are told from each other; any other document is neither proved nor refused.
            let is_told = kind == CERTIFICATE_BUSINESS_LICENCE || kind == CERTIFICATE_CITIZEN_ID;
            let is_refused = report.findings.iter().any(|finding| finding.field == path);
            assert_eq!(is_refused, is_told && kind != shown, "{kind} {path}");
            // The copy of what could not be told is kept all the same.
            assert_eq!(is_ticked(&filing, &report, SlipField::CopiesKept), !is_told, "{kind}");
        }
    }
}

#[test]
fn a_document_of_another_kind_is_compared_and_a_face_in_its_place_refused() {
    let mut world = company();
    world.service_id().kind = 7;
    let report = judged(&world);
    assert_eq!((report.outcome(), report.checks.iter().filter(|check| check.open).count()), (Outcome::Passed, 1));
    world.fields(ServicePrincipalId).name = Some("别人".into());
    assert_eq!(judged(&world).findings[0].field, "services[0].principal.name");
    world.fields(ServicePrincipalId).document = DocumentKind::Face;
    assert_eq!(judged(&world).findings[0].field, "services[0].principal.id");
}

#[test]
fn each_service_has_its_own_person() {
    let mut world = company();
    let second = world.subject.organiser_principal.clone().unwrap();
    world.subject.service_principals.push(second);
    let fields: Vec<_> = judged(&world).findings.into_iter().map(|finding| finding.field).collect();
    assert_eq!(fields, ["services[1].principal.id", "services[1].principal"]);
}

#[test]
fn an_empty_submission_is_refused_without_panic() {
    let report = judge(&IdentitySubject::default(), &Observations::default(), &limits());
    assert_eq!(report.outcome(), Outcome::Blocked);
}

#[test]
fn nothing_personal_stands_in_a_report() {
    let filing = filings::company_filing(Province::Guangdong, 5);
    for (_, change, ..) in ONE_FAULT_EACH {
        let mut world = company();
        change(&mut world);
        let text = format!("{:?}", judged(&world));
        for person in [&filing.organiser.principal, &filing.services[0].principal] {
            assert!(!text.contains(&person.name) && !text.contains(&person.id.number));
        }
        assert!(!text.contains(&filing.organiser.certificate.number) && !text.contains("别人"));
    }
}
