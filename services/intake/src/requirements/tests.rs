#![allow(clippy::unwrap_used)]

use icp_domain::{OrderType, Province, Stage};
use icp_rules_sdk as sdk;
use icp_testkit::filings::{company_filing, filing_of_type};

use super::*;

fn document(kind: &str, also: &[&str], service: Option<u32>) -> sdk::DocumentRequirement {
    sdk::DocumentRequirement {
        kind: kind.to_owned(),
        also_accepted: also.iter().map(|kind| (*kind).to_owned()).collect(),
        service,
        title_zh: "示例".to_owned(),
        title_en: "example".to_owned(),
        note_zh: None,
        source: sdk::Source { title: String::new(), as_of: String::new(), confidence: sdk::Confidence::High },
    }
}

fn row(kind: &str, service_index: i32) -> MaterialRow {
    MaterialRow { kind: kind.to_owned(), service_index, ..MaterialRow::default() }
}

fn answer() -> RequirementsAnswer {
    RequirementsAnswer {
        documents: vec![
            document("organiser-certificate", &["organiser-principal-id"], None),
            document("commitment", &[], Some(1)),
        ],
        persons: vec![sdk::PersonRequirement {
            field: "services[1].principal".to_owned(),
            checks: vec![PersonCheck::Document, PersonCheck::Face, PersonCheck::CitizenRegister],
        }],
        sms_receivers: vec![sdk::SmsReceiver {
            field: "organiser.principal".to_owned(),
            mobile: "13000000000".to_owned(),
            id_tail_zh: None,
        }],
        ..RequirementsAnswer::default()
    }
}

fn statuses(list: &Checklist) -> Vec<Status> {
    let documents = list.documents.iter().map(|document| document.status);
    let checks = list.persons.iter().flat_map(|person| &person.checks).map(|check| check.status);
    documents.chain(checks).chain(list.sms_receivers.iter().map(|receiver| receiver.status)).collect()
}

#[test]
fn the_list_follows_the_draft() {
    use Status::{Done, Missing};
    let mut order = Order::default();
    let list = |order: &Order, rows: &[MaterialRow]| statuses(&checklist(&answer(), order, rows, Vec::new(), &[]));
    assert_eq!(list(&order, &[]), [Missing; 6]);
    let mut rows = vec![row("organiser-principal-id", 0), row("service-principal-id", 0), row("commitment", 0)];
    assert_eq!(list(&order, &rows), [Done, Missing, Missing, Missing, Missing, Missing], "of another service");
    rows.extend([row("commitment", 1), row("service-principal-id", 1), row("service-principal-face", 1)]);
    assert_eq!(list(&order, &rows), [Done, Done, Done, Done, Missing, Missing]);
    order.attempt = 1;
    order.authority_answered = true;
    assert_eq!(list(&order, &rows), [Done, Done, Done, Done, Done, Missing]);
    order.phase = Phase::Approved;
    assert_eq!(list(&order, &rows), [Done; 6]);
}

#[test]
fn a_material_that_waits_for_the_virus_scan_is_not_there() {
    let mut rows = [row("organiser-certificate", 0)];
    for (scan, expected) in [
        (Scan::Off, Status::Done),
        (Scan::Clean, Status::Done),
        (Scan::Pending, Status::Missing),
        (Scan::Infected, Status::Missing),
    ] {
        rows[0].scan = scan;
        let list = checklist(&answer(), &Order::default(), &rows, Vec::new(), &[]);
        assert_eq!(list.documents[0].status, expected, "{scan:?}");
    }
}

#[test]
fn what_no_bureau_hears_of_is_demanded_by_its_type() {
    for order_type in OrderType::ALL.into_iter().filter(|order_type| order_type.description().bureau.is_none()) {
        let row = order_type.description();
        assert!(!row.verified.include_services(), "{order_type:?} would need the documents of services, too");
        let order = Order { order_type, ..Order::default() };
        let list = checklist(&of_description(row), &order, &[], Vec::new(), &[]);
        let kinds: Vec<&str> = list.documents.iter().map(|document| document.kind.as_str()).collect();
        let proved: &[&str] =
            if row.verified.include_organiser() { &["organiser-certificate", "organiser-principal-id"] } else { &[] };
        assert_eq!((kinds.as_slice(), list.persons.len()), (proved, proved.len() / 2), "{order_type:?}");
        assert_eq!((list.limits, list.sms_receivers, list.bureau_working_days), (None, Vec::new(), 0));
    }
}

#[test]
fn limits_and_what_is_left_to_the_reviewer_are_told() {
    let item = sdk::ChecklistItem {
        code: "N02".to_owned(),
        name: "name_fits".to_owned(),
        field: "services[0].name".to_owned(),
        text_zh: "名称与内容相符".to_owned(),
        text_en: "the name fits the content".to_owned(),
        source: sdk::Source { title: String::new(), as_of: String::new(), confidence: sdk::Confidence::High },
    };
    let limits = sdk::Limits { age_min: 18, services_per_order: Some(5), ..sdk::Limits::default() };
    let answer = RequirementsAnswer { limits, checklist: vec![item], ..answer() };
    let list = checklist(&answer, &Order::default(), &[], Vec::new(), &[]);
    let limits = list.limits.unwrap();
    assert_eq!((limits.age_min, limits.services_per_order), (18, Some(5)));
    assert_eq!((list.reviewed[0].code.as_str(), list.reviewed[0].field.as_str()), ("N02", "services[0].name"));
}

#[test]
fn a_field_is_missing_as_long_as_a_finding_on_it_blocks() {
    let finding = |field: &str, severity| Finding {
        code: "F01".to_owned(),
        stage: Stage::Rules,
        severity,
        field: field.to_owned(),
        message_zh: String::new(),
        message_en: String::new(),
        remedy: String::new(),
        source: None,
    };
    let findings = [
        finding("services[0].domains[0]", Severity::Block),
        finding("organiser.name", Severity::Advise),
        finding("services[0].name_of_something", Severity::Block),
        finding("organiser.principal.emergency_phone", Severity::Block),
        finding("organiser.principal.emergency_phone", Severity::Review),
        finding("organiser.investor", Severity::Review),
        finding("organiser.remark", Severity::Advise),
        finding("materials.organiser-certificate", Severity::Review),
        finding("", Severity::Review),
    ];
    let paths = crate::content::fields(&company_filing(Province::Guangdong, 1));
    let list = checklist(&answer(), &Order::default(), &[], paths, &findings);
    let missing: Vec<&str> =
        list.fields.iter().filter(|field| field.status == Status::Missing).map(|field| field.field.as_str()).collect();
    assert_eq!(
        missing,
        [
            "services[0].domains",
            "services[0].name_of_something",
            "organiser.principal.emergency_phone",
            "organiser.investor"
        ]
    );
}

#[test]
fn the_fields_are_those_of_the_type() {
    let fields = |order_type| crate::content::fields(&filing_of_type(order_type, Province::Guangdong, 1));
    let first = fields(OrderType::FirstFiling);
    assert!(first.contains(&"services[0].access.addresses".to_owned()));
    assert!(!first.contains(&"organiser.number".to_owned()));
    let cancelled = fields(OrderType::CancelAccess);
    for field in ["organiser.number", "services[0].number", "cancellation"] {
        assert!(cancelled.contains(&field.to_owned()), "{field}");
    }
    assert!(!cancelled.contains(&"services[0].access.addresses".to_owned()));
}
