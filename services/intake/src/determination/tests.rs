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
    let taken = Known { is_domain_in_flight: true, ..Known::default() };
    assert_eq!(outcome(&taken, nothing(), nothing()), "D06");
    assert_eq!(outcome(&here(Holder::Other, 1), ours(), nothing()), "S05");
    assert_eq!(outcome(&here(Holder::Nobody, 1), ours(), nothing()), "S05");
    assert_eq!(outcome(&Known { in_flight: 1, ..Known::default() }, nothing(), nothing()), "S06");
    let connected = Known { domain_here: Some("粤ICP备20000001号-1".to_owned()), ..here(Holder::Asking, 1) };
    assert_eq!(outcome(&connected, ours(), filed(OURS, "粤ICP备20000001号-1")), "S05");
    let in_zhejiang = Known { province: Some(Province::Zhejiang), ..here(Holder::Asking, 1) };
    assert_eq!(outcome(&in_zhejiang, ours(), nothing()), "S03");
    assert_eq!(outcome(&in_zhejiang, nothing(), nothing()), "first_filing");
    let in_guangdong = Known { province: Some(Province::Guangdong), ..here(Holder::Asking, 1) };
    assert_eq!(outcome(&in_guangdong, ours(), nothing()), "add_service");
}

#[test]
fn no_service_here_is_a_note_and_no_shell() {
    let notes = |may_add, services| {
        let known = Known { shell_may_add: may_add, ..here(Holder::Asking, services) };
        let answers = Answers { organiser: filed(OURS, ""), domain: Some(Some(Recorded::Nothing)) };
        let Outcome::Determined { order_type, findings, .. } = determine(&known, &answers) else { panic!() };
        assert_eq!(order_type, OrderType::AddService);
        assert!(findings.iter().all(|finding| finding.severity == Severity::Advise && !finding.remedy.is_empty()));
        findings.into_iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(notes(Some(false), 0), ["S08"]);
    assert_eq!((notes(Some(false), 1), notes(Some(true), 0), notes(None, 0)), (vec![], vec![], vec![]));
}

#[test]
fn an_app_here_counts_by_its_organiser_and_its_access() {
    let app = |organiser: &str, is_connected| AppHere {
        number: format!("{organiser}-2A"),
        organiser_number: organiser.to_owned(),
        is_connected,
    };
    let asked = |known: &Known, organiser| {
        let answers = Answers { organiser: Some(organiser), domain: None };
        match determine(known, &answers) {
            Outcome::Determined { order_type, service_number, .. } => {
                format!("{} {}", order_type.as_str(), service_number.unwrap_or_default())
            }
            Outcome::Blocked { findings } => format!("{} {}", findings[0].code, findings[0].field),
            other => panic!("{other:?}"),
        }
    };
    let known = |app_here| Known { app_here: Some(app_here), ..here(Holder::Asking, 1) };
    let ours = || filed(OURS, "").unwrap();
    assert_eq!(asked(&known(app(OURS, false)), ours()), format!("continue_access {OURS}-2A"));
    assert_eq!(asked(&known(app(OURS, true)), ours()), "S05 app");
    assert_eq!(asked(&known(app(THEIRS, true)), ours()), "S05 package");
    assert_eq!(asked(&known(app(THEIRS, false)), Recorded::Nothing), "S05 package");
    assert_eq!(asked(&known(app(OURS, true)), Recorded::Nothing), "first_filing ", "the ministry does not know it");
}

#[test]
fn an_order_has_the_numbers_that_were_found() {
    let mut filing = filing_of_type(OrderType::AddAccess, Province::Guangdong, 1);
    let (organiser, service) = (filing.organiser.number.clone().unwrap(), filing.services[0].number.clone().unwrap());
    let others = |filing: &Filing| fields(other_numbers(Some(&organiser), Some(&service), filing));
    assert_eq!(others(&filing), Vec::<String>::new());
    filing.organiser.number = Some(organiser.replace("备", " 备"));
    assert_eq!(others(&filing), Vec::<String>::new(), "however they are written");
    filing.organiser.number = Some(THEIRS.to_owned());
    filing.services[0].number = None;
    assert_eq!(others(&filing), ["organiser.number", "services[0].number"]);
    assert_eq!(fields(other_numbers(None, None, &filing)), Vec::<String>::new());
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
        kind: None,
        package: None,
    };
    assert_eq!(fields(differences(&asked, &filing)), Vec::<String>::new());
    asked.domain = Some("other.cn".to_owned());
    asked.province = Province::Zhejiang;
    assert_eq!(fields(differences(&asked, &filing)), ["province", "services[0].domains"]);
    asked.province = Province::Guangdong;
    asked.domain = None;
    asked.app = Some(filing.services[0].name.clone());
    assert_eq!(fields(differences(&asked, &filing)), ["services[0].name"], "it is a website");
    asked.kind = Some(ServiceKind::QuickApp);
    let quick_app = |kind| {
        let mut filing = filing.clone();
        filing.services[0].kind = kind;
        filing
    };
    assert_eq!(fields(differences(&asked, &quick_app(ServiceKind::QuickApp))), Vec::<String>::new());
    assert_eq!(fields(differences(&asked, &quick_app(ServiceKind::App))), ["services[0].name"]);
    asked.kind = None;
    asked.package = Some("cn.example.other".to_owned());
    assert_eq!(fields(differences(&asked, &quick_app(ServiceKind::App))), ["services[0].name"]);
}
