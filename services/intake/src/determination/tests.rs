#![allow(clippy::unwrap_used, clippy::panic)]

use icp_testkit::filings::{company_filing, filing_of_type};

use super::*;

const OURS: &str = "粤ICP备20000001号";
const THEIRS: &str = "粤ICP备20000002号";

fn filed(organiser: &str, service: &str) -> Option<Recorded> {
    Some(Recorded::Filed { organiser_number: organiser.to_owned(), service_number: service.to_owned() })
}

fn here(holder: Holder, services: i64) -> Known {
    Known { here: vec![Here { number: OURS.to_owned(), holder, services }], ..Known::default() }
}

/// The type's text, or `code way-out-word`.
fn outcome(known: &Known, organiser: Option<Recorded>, domain: Option<Recorded>) -> String {
    match determine(known, &Answers { organiser, domain: Some(domain) }) {
        Outcome::Determined { order_type, .. } => order_type.as_str().to_owned(),
        Outcome::Blocked { findings } => {
            assert!(findings.iter().all(|finding| !finding.remedy.is_empty() && !finding.field.is_empty()));
            findings[0].code.clone()
        }
        Outcome::Pending => "pending".to_owned(),
        Outcome::Unanswered { code, .. } => format!("unanswered {code}"),
    }
}

#[test]
fn the_table_of_the_filing_rules() {
    let nothing = || Some(Recorded::Nothing);
    let elsewhere = Known::default();
    let ours = here(Holder::Asking, 1);
    let ours_filed = || filed(OURS, "");
    let site = || filed(OURS, "粤ICP备20000001号-1");
    let rows = [
        (&elsewhere, nothing(), nothing(), "first_filing"),
        (&ours, ours_filed(), nothing(), "add_service"),
        (&elsewhere, ours_filed(), nothing(), "add_service_elsewhere"),
        (&elsewhere, ours_filed(), site(), "add_access"),
        (&ours, ours_filed(), site(), "continue_access"),
        (&elsewhere, nothing(), site(), "D06"),
        (&ours, ours_filed(), filed(THEIRS, "粤ICP备20000002号-1"), "D06"),
        (&elsewhere, None, nothing(), "pending"),
        (&elsewhere, nothing(), None, "pending"),
        (&elsewhere, Some(Recorded::unknown(7, None)), nothing(), "unanswered 7"),
    ];
    for (index, (known, organiser, domain, expected)) in rows.into_iter().enumerate() {
        assert_eq!(outcome(known, organiser, domain), expected, "row {index}");
    }
}

#[test]
fn what_stands_in_the_way_has_a_way_out() {
    let (ours, nothing) = (|| filed(OURS, ""), || Some(Recorded::Nothing));
    let shell = |may_add| Known { shell_may_add: may_add, ..here(Holder::Asking, 0) };
    assert_eq!(outcome(&shell(Some(false)), ours(), nothing()), "S08");
    let taken = Known { is_domain_in_flight: true, ..Known::default() };
    assert_eq!(outcome(&taken, nothing(), nothing()), "D06");
    assert_eq!(outcome(&shell(Some(true)), ours(), nothing()), "add_service");
    assert_eq!(outcome(&shell(None), ours(), nothing()), "add_service", "a reviewer looks at it");
    assert_eq!(outcome(&here(Holder::Other, 1), ours(), nothing()), "S05");
    assert_eq!(outcome(&here(Holder::Nobody, 1), ours(), nothing()), "S05");
    assert_eq!(outcome(&Known { in_flight: 1, ..Known::default() }, nothing(), nothing()), "S06");
    let connected = Known { domain_here: Some("粤ICP备20000001号-1".to_owned()), ..here(Holder::Asking, 1) };
    assert_eq!(outcome(&connected, ours(), filed(OURS, "粤ICP备20000001号-1")), "S05");
}

#[test]
fn a_record_here_that_the_ministry_does_not_know_counts_for_nothing() {
    let nothing = || Some(Recorded::Nothing);
    assert_eq!(outcome(&here(Holder::Asking, 1), nothing(), nothing()), "first_filing");
    assert_eq!(outcome(&here(Holder::Asking, 1), filed(THEIRS, ""), nothing()), "add_service_elsewhere");
}

#[test]
fn an_app_is_determined_without_a_domain() {
    let answers = Answers { organiser: Some(Recorded::Nothing), domain: None };
    let Outcome::Determined { order_type, .. } = determine(&Known::default(), &answers) else { panic!() };
    assert_eq!(order_type, OrderType::FirstFiling);
}

fn fields(errors: Vec<FieldError>) -> Vec<String> {
    errors.into_iter().map(|error| error.field).collect()
}

#[test]
fn what_decided_the_type_is_frozen_and_nothing_else() {
    let before = company_filing(Province::Guangdong, 1);
    let mut after = before.clone();
    after.organiser.name = "示例新名".to_owned();
    after.organiser.certificate.number = before.organiser.certificate.number.to_lowercase();
    after.services[0].name = "示例站".to_owned();
    assert_eq!(fields(frozen(&before, &after)), Vec::<String>::new());
    after.organiser.nature = 5;
    after.organiser.certificate.number = "91350200776049653A".to_owned();
    after.services[0].domains = vec!["other.cn".to_owned()];
    let expected = ["organiser.nature", "organiser.certificate.number", "services[0].domains"];
    assert_eq!(fields(frozen(&before, &after)), expected);
    let mut more = before.clone();
    more.services.push(filing_of_type(OrderType::FirstFiling, Province::Guangdong, 2).services.remove(0));
    assert_eq!(fields(frozen(&before, &more)), ["services[1].domains"]);
}

#[test]
fn a_filing_must_be_what_was_asked_about() {
    let filing = company_filing(Province::Guangdong, 1);
    let mut asked = Asked {
        province: Province::Guangdong,
        nature: filing.organiser.nature,
        certificate: AskedCertificate {
            kind: filing.organiser.certificate.kind,
            number: format!(" {} ", filing.organiser.certificate.number.to_lowercase()),
        },
        domain: Some(filing.services[0].domains[0].to_uppercase()),
        app: None,
    };
    assert_eq!(fields(differences(&asked, &filing)), Vec::<String>::new());
    asked.domain = Some("other.cn".to_owned());
    asked.province = Province::Zhejiang;
    assert_eq!(fields(differences(&asked, &filing)), ["province", "services[0].domains"]);
}
