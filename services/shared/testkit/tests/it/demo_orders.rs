//! The orders under `infra/demo/orders` are what they claim to be.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use icp_domain::identifiers::{CitizenId, MobileNumber, Uscc};
use icp_domain::names::DomainName;
use icp_domain::{Filing, MaterialKind, Province};
use icp_testkit::specimen;

const ORDERS: [&str; 5] =
    ["a-company-guangdong", "b-person-zhejiang", "c-forbidden-name", "d-bureau-rejects-once", "e-sms-window-passes"];

fn folder(order: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../infra/demo/orders").join(order)
}

fn filing(order: &str, file: &str) -> Filing {
    let text = std::fs::read_to_string(folder(order).join(file)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{order}/{file}: {error}"))
}

#[test]
fn their_numbers_have_right_check_characters_and_are_nobody_elses() {
    let mut seen = HashSet::new();
    let mut is_new = |text: &str| assert!(seen.insert(text.to_owned()), "{text} twice");
    for order in ORDERS {
        let filing = filing(order, "order.json");
        let organiser = &filing.organiser;
        let mut persons = vec![&organiser.principal];
        if organiser.is_person() {
            assert_eq!(organiser.principal, filing.services[0].principal, "{order}");
            assert_eq!(organiser.certificate.number, organiser.principal.id.number, "{order}");
        } else {
            persons.push(&filing.services[0].principal);
            assert_eq!(Uscc::parse(&organiser.certificate.number).unwrap().province(), Some(filing.province));
            is_new(&organiser.certificate.number);
        }
        for person in persons {
            let id = CitizenId::parse(&person.id.number).unwrap();
            assert_eq!(id.province(), Some(filing.province), "{order}");
            is_new(&person.id.number);
            is_new(&person.email);
            for phone in [&person.mobile, person.emergency_phone.as_ref().unwrap()] {
                MobileNumber::parse(phone).unwrap();
                is_new(phone);
            }
        }
        for domain in filing.services.iter().flat_map(|service| &service.domains) {
            assert!(DomainName::parse(domain).unwrap().is_registrable(), "{order}");
            is_new(domain);
        }
    }
}

#[test]
fn their_pictures_agree_with_them() {
    for order in ORDERS {
        let filing = filing(order, "order.json");
        for kind in specimen::kinds(&filing) {
            let path = folder(order).join(format!("{}.jpg", kind.as_str()));
            let picture = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!((20_000..90_000).contains(&picture.len()), "{}: {} bytes", path.display(), picture.len());
            assert_eq!(comment(&picture), specimen::fields(kind, &filing), "{}", path.display());
        }
        assert_eq!(
            specimen::kinds(&filing).contains(&MaterialKind::Commitment),
            filing.province == Province::Guangdong
        );
    }
}

/// The fields in the first comment segment.
fn comment(jpeg: &[u8]) -> serde_json::Value {
    let mark = specimen::SPECIMEN_MARK.as_bytes();
    let start = jpeg.windows(mark.len()).position(|window| window == mark).expect("a specimen comment");
    let length = usize::from(u16::from_be_bytes([jpeg[start - 2], jpeg[start - 1]])) - 2;
    serde_json::from_slice(&jpeg[start + mark.len()..start + length]).unwrap()
}

#[test]
fn each_tells_its_story() {
    let [a, b, c, d, e] = ORDERS.map(|order| filing(order, "order.json"));
    for company in [&a, &d, &e] {
        assert_eq!(company.province, Province::Guangdong);
        assert!(!company.organiser.is_person());
        assert_ne!(company.organiser.principal.mobile, company.services[0].principal.mobile);
    }
    for person in [&b, &c] {
        assert_eq!(person.province, Province::Zhejiang);
        assert!(person.organiser.is_person());
    }
    assert!(c.services[0].name.contains("工作室"), "forbidden for persons in Zhejiang");
    assert!(!b.services[0].name.contains("工作室"));

    let amended = filing(ORDERS[3], "amended.json");
    assert_ne!(amended, d);
    let mut mended = d.clone();
    mended.services[0].name.clone_from(&amended.services[0].name);
    mended.services[0].home_url.clone_from(&amended.services[0].home_url);
    mended.services[0].remark.clone_from(&amended.services[0].remark);
    assert_eq!(mended, amended, "only the service's name, home page and remark are amended");
}
