#![allow(clippy::unwrap_used, clippy::panic)]

use icp_domain::{InternetService, OrderType, Part, Province};
use icp_testkit::filings::{company_filing, filing_of_type};

use super::conflicts::{InFlight, OnRecord, conflicts};
use super::*;
use crate::archive::lookup::{OrganiserFound, ServiceFound};
use crate::archive::record_found::RecordFound;

#[test]
fn a_machine_mends_what_it_can_and_nothing_else() {
    use super::mend::{Place, mend};
    let cases = [
        (Place::Certificate(1), "９１４４０１０１ ma5cjq4n59", Some("91440101MA5CJQ4N59")),
        (Place::Certificate(2), "44030819990110151x", Some("44030819990110151X")),
        (Place::Mobile, "+86 138-0013-8000", Some("13800138000")),
        (Place::Mobile, "8613800138000", Some("13800138000")),
        (Place::Email, " name＠example.com", Some("name@example.com")),
        (Place::Domain, "HTTPS://www.Example.cn:443/path?x=1", Some("www.example.cn")),
        (Place::Domain, "示例。中国。", Some("示例.中国")),
        (Place::Domain, "*.example.cn.", Some("example.cn")),
        (Place::Domain, "not a domain", None),
        (Place::Url, "http://www.example.cn/", Some("www.example.cn")),
        (Place::FilingNumber, "粤icp备20000001号－１", Some("粤ICP备20000001号-1")),
        (Place::FilingNumber, "粤20000001", None),
        (Place::Hexadecimal, "0A:1b 2C", Some("0A1b2C")),
        (Place::Addresses, "192.0.2.1 ～ 192.0.2.4", Some("192.0.2.1-192.0.2.4")),
        (Place::Addresses, "somewhere", None),
        (Place::Name, " 示例\u{200B}科技 ", Some("示例科技")),
    ];
    for (place, text, expected) in cases {
        assert_eq!(mend(text, place).as_deref(), expected, "{text}");
        if let Some(mended) = expected {
            assert_eq!(mend(mended, place).as_deref(), Some(mended), "mending twice changes nothing");
        }
    }
}

/// What is found where neither rules nor record have anything to say.
fn examined(filing: &Filing) -> Vec<Checked> {
    let clean = RulesVerdict { digest: None, version: None, findings: Vec::new() };
    with_mended(filing, Examination::new(filing, Vec::new(), clean).into_verdict().findings, None)
}

#[test]
fn a_right_filing_has_no_findings_of_its_own() {
    for order_type in OrderType::ALL {
        let filing = filing_of_type(order_type, Province::Guangdong, 3);
        let findings = examined(&filing);
        assert_eq!(findings, Vec::new(), "{}", order_type.as_str());
    }
}

#[test]
fn what_no_rules_can_mend_keeps_an_order_from_being_handed_in() {
    let clean = || RulesVerdict { digest: None, version: None, findings: Vec::new() };
    let mut filing = company_filing(Province::Guangdong, 3);
    let missing = || crate::entitlements::missing(uuid::Uuid::nil(), &[0]);
    assert!(Examination::new(&filing, Vec::new(), clean()).is_fit());
    assert!(!Examination::new(&filing, missing(), clean()).is_fit());
    filing.organiser.principal.emergency_phone = Some("12345".to_owned());
    let judged = Examination::new(&filing, Vec::new(), clean());
    assert!(judged.is_fit(), "a wrong number is judged as the rules judge: the order comes back with it");
    let verdict = judged.into_verdict();
    assert!(verdict.blocks());
    assert_eq!((verdict.findings[0].code.as_str(), verdict.findings.len()), ("T04", 1));
    let known = Examination::new(&filing, Vec::new(), verdict).into_verdict();
    assert_eq!(known.findings.len(), 1, "what the rules have said of a field is not said again");
    filing.services[0].name = String::new();
    let told = Examination::new(&filing, missing(), clean()).into_verdict();
    let fields: Vec<&str> = told.findings.iter().map(|finding| finding.field.as_str()).collect();
    assert_eq!(fields, ["services[0].name", "services[0].entitlement", "organiser.principal.emergency_phone"]);
}

#[test]
fn all_findings_come_at_once_and_those_a_machine_can_mend_say_how() {
    let mut filing = company_filing(Province::Guangdong, 3);
    filing.organiser.certificate.number = filing.organiser.certificate.number.to_lowercase();
    filing.organiser.principal.mobile = "138 0013 8000".to_owned();
    filing.organiser.principal.id.number = "440308199901101511".to_owned();
    filing.services[0].domains = vec!["https://example.cn/".to_owned()];
    filing.services[0].name = String::new();
    let findings = examined(&filing);
    let told: Vec<(&str, &str, Severity, Option<&str>)> = findings
        .iter()
        .map(|checked| {
            let finding = &checked.finding;
            (finding.field.as_str(), finding.code.as_str(), finding.severity, checked.mended.as_deref())
        })
        .collect();
    let number = filing.organiser.certificate.number.to_uppercase();
    let expected = [
        ("services[0].name", "F01", Severity::Block, None),
        ("services[0].domains[0]", "F01", Severity::Block, Some("example.cn")),
        ("organiser.principal.id.number", "S01", Severity::Block, None),
        ("organiser.principal.mobile", "T02", Severity::Block, Some("13800138000")),
        ("organiser.certificate.number", "F02", Severity::Advise, Some(number.as_str())),
    ];
    assert_eq!(told, expected);
    for checked in &findings {
        let Finding { message_zh, remedy, source, .. } = &checked.finding;
        assert!(!message_zh.contains(|c: char| c.is_ascii_alphabetic()), "Chinese throughout: {message_zh}");
        assert!(!remedy.is_empty() && source.is_some(), "{checked:?}");
    }
    let json = serde_json::to_value(&findings[1]).unwrap();
    assert_eq!((&json["field"], &json["mended"]), (&"services[0].domains[0]".into(), &"example.cn".into()));
}

#[test]
fn what_the_register_told_is_the_mended_value_before_any_spelling() {
    let mut filing = company_filing(Province::Guangdong, 3);
    let registered = RegisteredEnterprise {
        certificate_number: filing.organiser.certificate.number.clone(),
        name: "示例登记有限公司".to_owned(),
        address: "示例路9号".to_owned(),
    };
    filing.organiser.name = " 示例别家有限公司".to_owned();
    let known = Finding { severity: Severity::Review, ..unregistered("organiser.certificate.address") };
    let checked = with_mended(&filing, vec![known], Some(&registered));
    let told: Vec<(&str, Severity, Option<&str>)> = checked
        .iter()
        .map(|checked| (checked.finding.field.as_str(), checked.finding.severity, checked.mended.as_deref()))
        .collect();
    let expected = [
        ("organiser.certificate.address", Severity::Review, Some("示例路9号")),
        ("organiser.name", Severity::Advise, Some("示例登记有限公司")),
    ];
    assert_eq!(told, expected);
    assert_eq!(checked[1].finding.code, "S04");
    filing.organiser.certificate.number = company_filing(Province::Guangdong, 4).organiser.certificate.number;
    let other = with_mended(&filing, Vec::new(), Some(&registered));
    assert_eq!(other.len(), 1, "what is registered is about another number");
    assert_eq!((other[0].finding.code.as_str(), other[0].mended.as_deref()), ("F02", Some("示例别家有限公司")));
}

fn record(account: Option<&str>) -> OnRecord {
    let number = "粤ICP备20000003号".to_owned();
    let organiser = OrganiserFound {
        id: uuid::Uuid::nil(),
        number,
        bureau_id: None,
        province: "gd".to_owned(),
        nature: 4,
        status: "filed".to_owned(),
        account: account.map(str::to_owned),
        shares_certificate: false,
        order_id: uuid::Uuid::nil(),
        filed_at: chrono::DateTime::UNIX_EPOCH,
        updated_at: chrono::DateTime::UNIX_EPOCH,
        certificate_index: Vec::new(),
        content: None,
        data_key: None,
    };
    OnRecord { by_number: Some(RecordFound { organiser, services: Vec::new() }), ..OnRecord::default() }
}

/// A service of [`record`]'s organiser as `account` has it.
fn service(account: &str, number: &str, domains: &[String]) -> ServiceFound {
    ServiceFound {
        id: uuid::Uuid::nil(),
        organiser_id: uuid::Uuid::nil(),
        number: number.to_owned(),
        organiser_number: number.split('-').next().unwrap().to_owned(),
        bureau_id: None,
        kind: "website".to_owned(),
        name: "示例".to_owned(),
        domains: domains.to_vec(),
        province: "gd".to_owned(),
        status: "filed".to_owned(),
        is_connected: true,
        account: Some(account.to_owned()),
        order_id: uuid::Uuid::nil(),
        filed_at: chrono::DateTime::UNIX_EPOCH,
        updated_at: chrono::DateTime::UNIX_EPOCH,
        content: None,
        data_key: None,
    }
}

/// The filing's services on record in the account that orders.
fn named(filing: &Filing) -> Vec<Option<ServiceFound>> {
    let found = |declared: &InternetService| Some(service("own", declared.number.as_deref()?, &declared.domains));
    filing.services.iter().map(found).collect()
}

/// The severity of the finding about the organiser's number, if there is one.
fn weight(order_type: OrderType, record: &OnRecord) -> Option<Severity> {
    let filing = filing_of_type(order_type, Province::Guangdong, 3);
    let record = OnRecord { named: named(&filing), ..record.clone() };
    let findings = conflicts(&filing, "own", &record, &InFlight::default());
    assert!(findings.iter().all(|finding| finding.code == "S07" && !finding.remedy.is_empty()), "{findings:?}");
    findings.first().map(|finding| finding.severity)
}

#[test]
fn a_record_is_touched_by_the_account_that_holds_it_and_by_no_other() {
    let (own, other, nobody) = (record(Some("own")), record(Some("other")), record(None));
    let unknown = OnRecord::default();
    let block = Some(Severity::Block);
    for order_type in OrderType::ALL {
        let name = order_type.as_str();
        let row = order_type.description();
        let found = [&own, &other, &nobody, &unknown].map(|record| weight(order_type, record));
        let expected = match (order_type, row.organiser) {
            (OrderType::Claim, _) => [block, block, None, Some(Severity::Review)],
            (OrderType::Transfer, _) => [block, None, block, block],
            (_, Part::New) => [None; 4],
            (_, Part::OnRecordElsewhere) => {
                [Some(Severity::Review), Some(Severity::Review), Some(Severity::Review), None]
            }
            _ => [None, block, block, Some(Severity::Review)],
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_claim_is_compared_with_the_certificate_of_the_record() {
    let other = OnRecord { certificate_index: vec![7], ..record(None) };
    let findings =
        conflicts(&filing_of_type(OrderType::Claim, Province::Guangdong, 3), "own", &other, &InFlight::default());
    let told: Vec<(&str, Severity)> = findings.iter().map(|f| (f.field.as_str(), f.severity)).collect();
    assert_eq!(told, [("organiser.certificate.number", Severity::Review)]);
}

#[test]
fn an_organiser_of_another_account_brings_nothing_here_while_a_service_of_it_is_connected() {
    let connected = |account: &str, is_connected: bool| {
        let mut record = record(Some(account));
        let known = ServiceFound { is_connected, ..service(account, "粤ICP备20000003号-9", &[]) };
        record.by_number.as_mut().unwrap().services.push(known);
        record
    };
    for order_type in [OrderType::AddServiceElsewhere, OrderType::AddAccess] {
        assert_eq!(weight(order_type, &connected("other", true)), Some(Severity::Block), "{}", order_type.as_str());
        assert_eq!(weight(order_type, &connected("other", false)), Some(Severity::Review));
        assert_eq!(weight(order_type, &connected("own", true)), Some(Severity::Review));
    }
}

#[test]
fn a_record_goes_to_another_account_whole_by_its_certificate_and_while_nothing_is_on_the_way() {
    let filing = filing_of_type(OrderType::Transfer, Province::Guangdong, 3);
    let told = |record: &OnRecord, in_flight: &InFlight| {
        let findings = conflicts(&filing, "own", record, in_flight);
        findings.into_iter().map(|finding| (finding.code, finding.field, finding.severity)).collect::<Vec<_>>()
    };
    let blocks = |code: &str, field: &str| vec![(code.to_owned(), field.to_owned(), Severity::Block)];
    let (held, idle) = (record(Some("other")), InFlight::default());
    assert_eq!(told(&held, &idle), []);
    let on_the_way = InFlight { orders: 1, ..InFlight::default() };
    assert_eq!(told(&held, &on_the_way), blocks("S06", "organiser.number"));
    let changing = InFlight { of_record: true, ..InFlight::default() };
    assert_eq!(told(&held, &changing), blocks("S06", "organiser.number"), "under another certificate");
    let guessed = OnRecord { certificate_index: vec![7], ..held.clone() };
    let wrong = blocks("S07", "organiser.certificate.number");
    assert_eq!(told(&guessed, &on_the_way), wrong, "nothing else is told of the record");
    let not_empty = OnRecord { by_certificate: vec![record(Some("own")).by_number.unwrap()], ..held };
    assert_eq!(told(&not_empty, &idle), blocks("S07", "organiser.number"));
}

#[test]
fn what_is_on_record_is_not_filed_a_second_time() {
    let filing = company_filing(Province::Guangdong, 3);
    let mut known = OnRecord { by_certificate: vec![record(None).by_number.unwrap()], ..OnRecord::default() };
    known.by_domain.push(service("other", "粤ICP备20000009号-1", &filing.services[0].domains));
    let findings = conflicts(&filing, "own", &known, &InFlight::default());
    let told: Vec<(&str, &str)> = findings.iter().map(|f| (f.code.as_str(), f.field.as_str())).collect();
    assert_eq!(told, [("S07", "organiser.certificate.number"), ("D06", "services[0].domains[0]")]);
    let in_flight = InFlight { domains: filing.services[0].domains.clone(), ..InFlight::default() };
    let told = conflicts(&filing, "own", &OnRecord::default(), &in_flight);
    assert_eq!((told.len(), told[0].code.as_str(), told[0].field.as_str()), (1, "D06", "services[0].domains[0]"));
    assert_eq!(conflicts(&filing, "own", &known, &in_flight).len(), 2, "a domain is told once");
    let mut changed = filing_of_type(OrderType::ChangeService, Province::Guangdong, 3);
    changed.services[0].number = Some("粤ICP备20000009号-1".to_owned());
    let own = OnRecord { by_number: record(Some("own")).by_number, named: named(&changed), ..known };
    assert_eq!(conflicts(&changed, "own", &own, &InFlight::default()), Vec::new(), "its own domain");
}

/// What is said of the first service, by its field and weight.
fn of_service(order_type: OrderType, found: Option<ServiceFound>) -> Option<(String, Severity)> {
    let filing = filing_of_type(order_type, Province::Guangdong, 3);
    let record = OnRecord { named: vec![found], ..record(Some("own")) };
    let findings = conflicts(&filing, "own", &record, &InFlight::default());
    let about = findings.into_iter().find(|finding| finding.field.starts_with("services[0]"));
    about.map(|finding| (finding.field, finding.severity))
}

#[test]
fn a_service_is_what_its_record_says() {
    let about = |severity| Some(("services[0].number".to_owned(), severity));
    for order_type in OrderType::ALL {
        let row = order_type.description();
        let name = order_type.as_str();
        let Some(number) =
            filing_of_type(order_type, Province::Guangdong, 3).services.first().and_then(|own| own.number.clone())
        else {
            continue;
        };
        let domains = filing_of_type(order_type, Province::Guangdong, 3).services[0].domains.clone();
        let own = service("own", &number, &domains);
        assert_eq!(of_service(order_type, Some(own.clone())), None, "{name}");
        let unknown = match order_type {
            OrderType::Migrate => about(Severity::Block),
            _ if row.services == Part::OnRecordElsewhere => None,
            _ => about(Severity::Review),
        };
        assert_eq!(of_service(order_type, None), unknown, "{name}: unknown here");
        let gone = ServiceFound { status: "deregistered".to_owned(), is_connected: false, ..own.clone() };
        assert_eq!(of_service(order_type, Some(gone)), about(Severity::Block), "{name}: deregistered");
        let away = ServiceFound { is_connected: false, ..own.clone() };
        let is_about_access = matches!(row.access, Part::Changed | Part::Leaves);
        let expected = if is_about_access { about(Severity::Block) } else { None };
        assert_eq!(of_service(order_type, Some(away.clone())), expected, "{name}: not connected here");
        let foreign = ServiceFound { account: Some("other".to_owned()), ..away };
        let expected = if order_type == OrderType::Migrate { about(Severity::Block) } else { None };
        assert_eq!(of_service(order_type, Some(foreign)), expected, "{name}: another account's");
        // A migration takes the service from another organiser, but from no other account.
        let elsewhere = ServiceFound { organiser_id: uuid::Uuid::max(), ..own.clone() };
        let expected = if order_type == OrderType::Migrate { None } else { about(Severity::Block) };
        assert_eq!(of_service(order_type, Some(elsewhere)), expected, "{name}: another organiser's");
    }
}

#[test]
fn a_migration_changes_no_domain() {
    let filing = filing_of_type(OrderType::Migrate, Province::Guangdong, 3);
    let number = filing.services[0].number.clone().unwrap();
    let renamed = service("own", &number, &["specimen-another.cn".to_owned()]);
    let expected = Some(("services[0].domains".to_owned(), Severity::Block));
    assert_eq!(of_service(OrderType::Migrate, Some(renamed)), expected);
}
