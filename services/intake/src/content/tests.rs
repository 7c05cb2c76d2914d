#![allow(clippy::unwrap_used, clippy::panic)]

use icp_domain::{Access, AppPlatform, Cancellation, Filing, OrderType, Part, Platform, Province, ServiceKind};
use icp_testkit::filings::filing_of_type;

use super::*;

fn filing(order_type: OrderType) -> Filing {
    filing_of_type(order_type, Province::Guangdong, 7)
}

fn fields(filing: &Filing) -> Vec<String> {
    let errors = validate(filing);
    assert!(errors.iter().all(|error| !error.reason.is_empty() && !error.remedy.is_empty()), "{errors:?}");
    errors.into_iter().map(|error| error.field).collect()
}

#[test]
fn ranges_are_read_and_nonsense_is_not() {
    assert_eq!(ip_range("192.0.2.1").unwrap(), relay::IpRange { first: 3_221_225_985, last: 3_221_225_985 });
    assert_eq!(ip_range("192.0.2.1-192.0.2.4").unwrap().last, 3_221_225_988);
    for bad in ["", "192.0.2", "192.0.2.4-192.0.2.1", "2001:db8::1", "192.0.2.1-"] {
        assert!(ip_range(bad).is_none(), "{bad}");
    }
}

#[test]
fn every_type_has_a_form() {
    for order_type in OrderType::ALL {
        assert_eq!(fields(&filing(order_type)), Vec::<String>::new(), "{}", order_type.as_str());
    }
}

#[test]
fn numbers_on_record_are_needed_where_the_type_says_and_only_there() {
    for order_type in OrderType::ALL {
        let row = order_type.description();
        let name = order_type.as_str();
        let mut other = filing(order_type);
        other.organiser.number =
            if row.organiser == Part::New { Some("粤ICP备20000007号".to_owned()) } else { None };
        assert_eq!(fields(&other).first().unwrap(), "organiser.number", "{name}");
        let mut other = filing(order_type);
        let Some(service) = other.services.first_mut() else { continue };
        service.number = if row.services == Part::New { Some("粤ICP备20000007号-1".to_owned()) } else { None };
        assert_eq!(fields(&other), ["services[0].number"], "{name}");
    }
}

#[test]
fn numbers_fit_the_province_the_organiser_and_the_kind() {
    let change = |organiser: &str, service: &str| {
        let mut filing = filing(OrderType::ChangeService);
        filing.organiser.number = Some(organiser.to_owned());
        filing.services[0].number = Some(service.to_owned());
        fields(&filing)
    };
    assert_eq!(change("粤ICP备20000007号", "粤ICP备20000007号-12"), Vec::<String>::new());
    assert_eq!(change("粤ICP备７号", "粤ICP备20000007号-1"), ["organiser.number"]);
    assert_eq!(change("粤ICP备20000007号-1", "粤ICP备20000007号-1"), ["organiser.number", "services[0].number"]);
    assert_eq!(change("京ICP备20000007号", "京ICP备20000007号-1"), ["organiser.number"]);
    assert_eq!(change("粤ICP备20000007号", "粤ICP备20000008号-1"), ["services[0].number"]);
    assert_eq!(change("粤ICP备20000007号", "粤ICP备20000007号-2A"), ["services[0].number"]);
    assert_eq!(change("粤ICP备20000007号", "粤ICP备20000007号"), ["services[0].number"]);

    let mut twice = filing(OrderType::ChangeService);
    twice.services.push(twice.services[0].clone());
    assert_eq!(fields(&twice), ["services[1].number"]);
    let mut migrating = filing(OrderType::Migrate);
    migrating.services[0].number = Some("粤ICP备20000099号-3".to_owned());
    assert_eq!(fields(&migrating), Vec::<String>::new(), "a service comes from another organiser");
}

#[test]
fn the_number_of_services_and_the_reason_belong_to_the_type() {
    for order_type in OrderType::ALL {
        let row = order_type.description();
        let name = order_type.as_str();
        let mut services = filing(order_type);
        if row.max_services == 0 {
            services.services = filing(OrderType::FirstFiling).services;
        } else {
            services.services.clear();
        }
        assert_eq!(fields(&services).first().unwrap(), "services", "{name}");
        let mut reason = filing(order_type);
        reason.cancellation = match reason.cancellation {
            None => Some(Cancellation { reason: 1, note: None }),
            Some(_) => None,
        };
        assert_eq!(fields(&reason), ["cancellation"], "{name}");
    }
    let mut two = filing(OrderType::CancelAccess);
    two.services.push(two.services[0].clone());
    assert!(fields(&two).contains(&"services".to_owned()), "one access is cancelled at a time");
    let mut no_code = filing(OrderType::DeregisterOrganiser);
    no_code.cancellation = Some(Cancellation { reason: 0, note: None });
    assert_eq!(fields(&no_code), ["cancellation.reason"]);
}

#[test]
fn a_document_is_valid_from_a_day_before_its_last() {
    let mut filing = filing(OrderType::FirstFiling);
    let told =
        messages::relay_filing(&filing, Vec::new(), Vec::new()).organiser.unwrap().principal.unwrap().id.unwrap();
    assert_eq!((told.valid_from.as_str(), told.valid_to.as_str()), ("2019-06-30", "2039-06-30"));
    let id = &mut filing.services[0].principal.id;
    id.valid_from = id.valid_to;
    assert_eq!(fields(&filing), Vec::<String>::new());
    let id = &mut filing.services[0].principal.id;
    id.valid_from = id.valid_to.and_then(|day| day.succ_opt());
    assert_eq!(fields(&filing), ["services[0].principal.id.valid_from"]);
    filing.services[0].principal.id.valid_to = None;
    assert_eq!(fields(&filing), Vec::<String>::new(), "a long-term document has no last day");
}

fn app() -> Filing {
    let mut filing = filing(OrderType::FirstFiling);
    let service = &mut filing.services[0];
    service.kind = ServiceKind::App;
    service.domains.clear();
    service.app_platforms = vec![
        AppPlatform {
            platform: Platform::Android,
            package: "cn.example.shop_2".to_owned(),
            public_key: "9f".repeat(128),
            certificate_fingerprint: "0a".repeat(16),
            domains: vec!["a.api.example.cn".to_owned()],
            sdk_providers: vec!["示例推送".to_owned()],
        },
        AppPlatform {
            platform: Platform::Ios,
            package: "cn.example.the-shop".to_owned(),
            public_key: "9F".repeat(128),
            certificate_fingerprint: "0A".repeat(20),
            domains: Vec::new(),
            sdk_providers: Vec::new(),
        },
    ];
    filing
}

#[test]
fn numbers_are_told_to_the_bureau_as_they_are_printed() {
    let mut filing = filing(OrderType::ChangeService);
    filing.organiser.number = Some("粤icp备２０２６０００００１号".to_owned());
    filing.services[0].number = Some(" 粤ICP备2026000001号－1".to_owned());
    let told = messages::relay_filing(&filing, Vec::new(), Vec::new());
    assert_eq!(told.organiser.unwrap().number, "粤ICP备2026000001号");
    assert_eq!(told.services[0].number, "粤ICP备2026000001号-1");
}

#[test]
fn domains_of_an_app_are_its_platforms() {
    let mut filing = app();
    filing.services[0].app_platforms[1].domains = vec!["EXAMPLE.cn".to_owned()];
    assert_eq!(domains(&filing), ["a.api.example.cn", "example.cn"]);
    let asked = messages::lookup_subject(&filing).service_domains.remove(0);
    assert_eq!(asked.domains, ["a.api.example.cn", "example.cn"]);
    assert_eq!(asked.fields, ["app_platforms[0].domains[0]", "app_platforms[1].domains[0]"]);
    let told = messages::relay_filing(&filing, Vec::new(), Vec::new()).services.remove(0);
    assert_eq!(told.domains, [""; 0], "the bureau is told them with the platforms");
    assert_eq!(told.app_platforms[0].domains, ["a.api.example.cn"]);
}

#[test]
fn an_app_is_known_by_its_platforms() {
    assert_eq!(fields(&app()), Vec::<String>::new());
    let broken = |break_it: &dyn Fn(&mut AppPlatform)| {
        let mut filing = app();
        break_it(&mut filing.services[0].app_platforms[0]);
        let fields = fields(&filing);
        assert_eq!(fields.len(), 1, "{fields:?}");
        fields.into_iter().next().unwrap().trim_start_matches("services[0].app_platforms[0].").to_owned()
    };
    assert_eq!(broken(&|app| app.package = "shop".to_owned()), "package");
    assert_eq!(broken(&|app| app.package = "cn.2example".to_owned()), "package");
    assert_eq!(broken(&|app| app.package = "cn..shop".to_owned()), "package");
    assert_eq!(broken(&|app| app.public_key = "30".repeat(16)), "public_key");
    assert_eq!(broken(&|app| app.certificate_fingerprint = "0a".repeat(20)), "certificate_fingerprint");
    assert_eq!(broken(&|app| app.certificate_fingerprint = "0g".repeat(16)), "certificate_fingerprint");
    assert_eq!(broken(&|app| app.domains = vec!["x.a.api.example.cn".to_owned()]), "domains[0]");
    assert_eq!(broken(&|app| app.sdk_providers = vec![" ".to_owned()]), "sdk_providers[0]");

    let mut twice = app();
    let again = twice.services[0].app_platforms[0].clone();
    twice.services[0].app_platforms.push(again);
    assert_eq!(fields(&twice), ["services[0].app_platforms[2]"]);
    let mut none = app();
    none.services[0].app_platforms.clear();
    assert_eq!(fields(&none), ["services[0].app_platforms"]);
}

#[test]
fn features_belong_to_the_kind_of_service() {
    let mut website = app();
    website.services[0].kind = ServiceKind::Website;
    website.services[0].domains = vec!["example.cn".to_owned()];
    assert_eq!(fields(&website), ["services[0].app_platforms"]);
    for kind in [ServiceKind::MiniProgram, ServiceKind::QuickApp] {
        let mut program = filing(OrderType::FirstFiling);
        program.services[0].kind = kind;
        assert_eq!(fields(&program), ["services[0].mini_program_platforms"]);
        program.services[0].mini_program_platforms = vec![1];
        assert_eq!(fields(&program), Vec::<String>::new());
    }
}

#[test]
fn mini_programs_and_quick_apps_have_no_access_of_their_own() {
    for (kind, letter) in [(ServiceKind::MiniProgram, 'X'), (ServiceKind::QuickApp, 'K')] {
        let mut program = filing(OrderType::FirstFiling);
        let service = &mut program.services[0];
        (service.kind, service.mini_program_platforms, service.access) = (kind, vec![1], Access::default());
        assert_eq!(fields(&program), Vec::<String>::new());
        assert!(super::fields(&program).iter().all(|field| !field.contains("access")), "none is asked for");
        let mut json = serde_json::to_value(&program).unwrap();
        json["services"][0].as_object_mut().unwrap().remove("access");
        assert_eq!(serde_json::from_value::<Filing>(json).unwrap(), program);
        for order_type in [OrderType::ChangeAccess, OrderType::CancelAccess] {
            let mut about = filing(order_type);
            about.services[0].kind = kind;
            about.services[0].number = Some(format!("粤ICP备20000007号-1{letter}"));
            assert_eq!(fields(&about), ["services[0].kind"], "{}", order_type.as_str());
        }
    }
}

#[test]
fn what_leaves_needs_no_access_data_and_what_stays_connected_does() {
    let mut cancelled = filing(OrderType::CancelAccess);
    let mut changed = filing(OrderType::ChangeAccess);
    for filing in [&mut cancelled, &mut changed] {
        filing.services[0].access.addresses.clear();
        filing.services[0].contents.clear();
    }
    assert_eq!(fields(&cancelled), Vec::<String>::new());
    assert_eq!(fields(&changed), ["services[0].access.addresses"]);
}

fn mobiles(persons: icp_proto::sms::SmsPersons) -> Vec<String> {
    persons.persons.into_iter().map(|person| person.mobile).collect()
}

#[test]
fn the_province_says_who_is_asked_by_sms_else_the_type() {
    let added = filing(OrderType::AddService);
    let (first, second) = (&added.organiser.principal.mobile, &added.services[0].principal.mobile);
    assert_eq!(mobiles(messages::sms_persons(&added, None)), [first.as_str(), second.as_str()]);
    let recorded = icp_rules_sdk::SmsReceiver {
        field: "services[0].principal".to_owned(),
        mobile: "13000000000".to_owned(),
        id_tail_zh: None,
    };
    assert_eq!(mobiles(messages::sms_persons(&added, Some(std::slice::from_ref(&recorded)))), ["13000000000"]);
    assert_eq!(mobiles(messages::sms_persons(&added, Some(&[]))), Vec::<String>::new(), "a change of a remark");
    let cancelled = filing(OrderType::CancelAccess);
    assert_eq!(mobiles(messages::sms_persons(&cancelled, Some(&[recorded]))), Vec::<String>::new());
}

#[test]
fn identity_sees_only_those_whom_the_type_has_verified() {
    for order_type in OrderType::ALL {
        let filing = filing(order_type);
        let materials = icp_domain::MaterialKind::ALL
            .map(|kind| icp_proto::common::Material { kind: kind.as_str().to_owned(), ..Default::default() });
        let subject = messages::identity_subject(&filing, materials.to_vec());
        let verified = order_type.description().verified;
        assert_eq!(subject.organiser_principal.is_some(), verified.include_organiser(), "{}", order_type.as_str());
        assert_eq!(!subject.service_principals.is_empty(), verified.include_services(), "{}", order_type.as_str());
        let pictures =
            1 + if verified.include_organiser() { 2 } else { 0 } + if verified.include_services() { 2 } else { 0 };
        assert_eq!(subject.materials.len(), pictures);
    }
}
