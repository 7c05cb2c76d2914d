//! Valid filings, deterministic from a province and a number.
//!
//! Everything is synthetic: names say 示例 (example), e-mail addresses lie in `example.com`, IP addresses in the
//! ranges for documentation, numbers have right check characters and are made from the number `n`. Within one
//! province, different `n` below [`DISTINCT_FILINGS`] give different names, ids, phones and domains.

use chrono::{Days, NaiveDate};
use icp_domain::identifiers::{CitizenId, FilingNumber, MobileNumber, OrganisationCode, Uscc};
use icp_domain::{
    Access, Address, CERTIFICATE_BUSINESS_LICENCE, CERTIFICATE_CITIZEN_ID, Cancellation, Certificate, Filing,
    InternetService, NATURE_ENTERPRISE, NATURE_PERSON, OrderType, Organiser, Part, Person, Province, ServiceKind,
};

/// So many numbers of one province, counted from 0, share nothing.
pub const DISTINCT_FILINGS: u32 = 66_000;

/// 服务内容 单位门户网站.
const CONTENT_UNIT_PORTAL: u16 = 8;
/// 服务内容 其他.
const CONTENT_OTHER: u16 = 24;
/// 语种 simplified Chinese.
const LANGUAGE_SIMPLIFIED_CHINESE: u16 = 1;
/// 接入方式 cloud.
const ACCESS_CLOUD: u16 = 5;

const PHONES_PER_FILING: u32 = 6;
const LINES_PER_SEGMENT: u32 = 10_000;
const SEGMENTS_PER_PROVINCE: u32 = 40;

/// The first website of a company: two persons in charge, the first is the legal representative.
pub fn company_filing(province: Province, n: u32) -> Filing {
    let digits = chinese_digits(n);
    let letters = province.letters();
    let place = Place::of(province);
    let address = format!("{}示例大道{}号示例大厦{}室", place.name, n + 1, 101 + n % 20);
    let email = |who: &str| format!("{who}-{n}.{letters}@example.com");
    let person = |role: Role, name: String, who: &str| Person {
        name,
        id: citizen_certificate(place.county_code, n, role),
        mobile: mobile(province, n, role.first_phone()),
        emergency_phone: Some(mobile(province, n, role.first_phone() + 1)),
        office_phone: None,
        email: email(who),
    };
    Filing {
        order_type: OrderType::FirstFiling,
        province,
        cancellation: None,
        organiser: Organiser {
            number: None,
            name: format!("示例{digits}科技有限公司"),
            nature: NATURE_ENTERPRISE,
            certificate: Certificate {
                kind: CERTIFICATE_BUSINESS_LICENCE,
                number: credit_code(place.city_code, n),
                address: Some(address.clone()),
                valid_from: None,
                valid_to: Some(day(2049, 12, 31)),
            },
            investor: Some(format!("示例{digits}")),
            address: place.address(address),
            principal: person(Role::LegalRepresentative, format!("示例{digits}"), "representative"),
            remark: None,
        },
        services: vec![InternetService {
            number: None,
            app_platforms: Vec::new(),
            mini_program_platforms: Vec::new(),
            kind: ServiceKind::Website,
            name: format!("示例{digits}科技"),
            domains: vec![format!("specimen-{letters}-{n:04}.cn")],
            home_url: Some(format!("www.specimen-{letters}-{n:04}.cn")),
            contents: vec![CONTENT_UNIT_PORTAL],
            languages: vec![LANGUAGE_SIMPLIFIED_CHINESE],
            pre_approvals: Vec::new(),
            principal: person(Role::Employee, format!("例示{digits}"), "webmaster"),
            access: cloud_access(province, n),
            remark: None,
        }],
    }
}

/// An order of any type about [`company_filing`]: numbered, cut and reasoned as the type's description says.
#[allow(clippy::expect_used, reason = "the serial has eight digits for every n")]
pub fn filing_of_type(order_type: OrderType, province: Province, n: u32) -> Filing {
    let row = order_type.description();
    let number = FilingNumber::of_organiser(province, &format!("2{:07}", n % 10_000_000)).expect("eight digits");
    let mut filing = Filing { order_type, ..company_filing(province, n) };
    if row.organiser.is_on_record() {
        filing.organiser.number = Some(number.as_str());
    }
    if row.services == Part::Absent {
        filing.services.clear();
    }
    if row.services.is_on_record() {
        for (service, ordinal) in filing.services.iter_mut().zip(1..) {
            service.number = Some(number.with_service(ordinal, service.kind).as_str());
        }
    }
    if row.is_cancellation() {
        filing.cancellation = Some(Cancellation { reason: 1, note: None });
    }
    filing
}

/// The first website of a person, who is in charge of everything.
pub fn person_filing(province: Province, n: u32) -> Filing {
    let digits = chinese_digits(n);
    let letters = province.letters();
    let place = Place::of(province);
    let address = format!("{}示例小路{}号{}室", place.name, n + 1, 101 + n % 20);
    let certificate = citizen_certificate(place.county_code, n, Role::PrivatePerson);
    let phone = Role::PrivatePerson.first_phone();
    let person = Person {
        name: format!("示人{digits}"),
        id: certificate.clone(),
        mobile: mobile(province, n, phone),
        emergency_phone: Some(mobile(province, n, phone + 1)),
        office_phone: None,
        email: format!("person-{n}.{letters}@example.com"),
    };
    Filing {
        order_type: OrderType::FirstFiling,
        province,
        cancellation: None,
        organiser: Organiser {
            number: None,
            name: person.name.clone(),
            nature: NATURE_PERSON,
            certificate: Certificate { address: Some(address.clone()), ..certificate },
            investor: None,
            address: place.address(address),
            principal: person.clone(),
            remark: None,
        },
        services: vec![InternetService {
            number: None,
            app_platforms: Vec::new(),
            mini_program_platforms: Vec::new(),
            kind: ServiceKind::Website,
            name: format!("拾叶笔记{digits}"),
            domains: vec![format!("specimen-{letters}-p{n:04}.cn")],
            home_url: Some(format!("www.specimen-{letters}-p{n:04}.cn")),
            contents: vec![CONTENT_OTHER],
            languages: vec![LANGUAGE_SIMPLIFIED_CHINESE],
            pre_approvals: Vec::new(),
            principal: person,
            access: cloud_access(province, n),
            remark: Some("个人读书与植物观察笔记，不含经营内容".to_owned()),
        }],
    }
}

#[derive(Debug, Clone, Copy)]
enum Role {
    LegalRepresentative,
    Employee,
    PrivatePerson,
}

impl Role {
    /// Place of the role's mobile among the phones of a filing; the emergency phone follows it.
    fn first_phone(self) -> u32 {
        match self {
            Self::LegalRepresentative => 0,
            Self::Employee => 2,
            Self::PrivatePerson => 4,
        }
    }
}

/// A city and county of the province with their GB/T 2260 codes.
struct Place {
    province: Province,
    city_code: u32,
    county_code: u32,
    name: String,
}

impl Place {
    fn of(province: Province) -> Self {
        let (city_code, county_code, name) = match province {
            Province::Guangdong => (440_300, 440_305, "广东省深圳市南山区".to_owned()),
            Province::Zhejiang => (330_100, 330_106, "浙江省杭州市西湖区".to_owned()),
            // The first city of the province; 102 is a county of nearly each of them.
            other => (other.code() + 100, other.code() + 102, format!("{}示例区", other.name_zh())),
        };
        Self { province, city_code, county_code, name }
    }

    fn address(&self, detail: String) -> Address {
        Address {
            province_code: self.province.code(),
            city_code: self.city_code,
            county_code: Some(self.county_code),
            detail,
        }
    }
}

fn cloud_access(province: Province, n: u32) -> Access {
    let network = if n.is_multiple_of(2) { "192.0.2" } else { "198.51.100" };
    Access {
        methods: vec![ACCESS_CLOUD],
        server_places: vec![server_place(province)],
        addresses: vec![format!("{network}.{}", 1 + n / 2 % 254)],
    }
}

/// 服务器放置地 of the province (bureau-interface §11.9).
fn server_place(province: Province) -> u16 {
    match province {
        Province::Anhui => 1,
        Province::Beijing => 2,
        Province::Chongqing => 3,
        Province::Fujian => 4,
        Province::Guangdong => 5,
        Province::Gansu => 6,
        Province::Guangxi => 7,
        Province::Guizhou => 8,
        Province::Henan => 9,
        Province::Hubei => 10,
        Province::Hebei => 11,
        Province::Hainan => 12,
        Province::Heilongjiang => 14,
        Province::Hunan => 15,
        Province::Jilin => 16,
        Province::Jiangsu => 17,
        Province::Jiangxi => 18,
        Province::Liaoning => 19,
        Province::InnerMongolia => 21,
        Province::Ningxia => 22,
        Province::Qinghai => 23,
        Province::Sichuan => 24,
        Province::Shandong => 25,
        Province::Shanghai => 26,
        Province::Shaanxi => 27,
        Province::Shanxi => 28,
        Province::Tianjin => 29,
        Province::Xinjiang => 31,
        Province::Tibet => 32,
        Province::Yunnan => 33,
        Province::Zhejiang => 34,
    }
}

/// First seven digits of mobile numbers, the first of 40 consecutive segments that operators assigned to the
/// province (`phone.dat` of December 2023, PyPI package `phone`).
fn first_local_segment(province: Province) -> u32 {
    match province {
        Province::Beijing => 1_305_100,
        Province::Tianjin => 1_375_200,
        Province::Hebei => 1_309_100,
        Province::Shanxi => 1_313_300,
        Province::InnerMongolia => 1_317_100,
        Province::Liaoning => 1_305_000,
        Province::Jilin => 1_303_900,
        Province::Heilongjiang => 1_302_970,
        Province::Shanghai => 1_305_200,
        Province::Jiangsu => 1_301_360,
        Province::Zhejiang => 1_305_860,
        Province::Anhui => 1_308_300,
        Province::Fujian => 1_301_560,
        Province::Jiangxi => 1_309_700,
        Province::Shandong => 1_301_240,
        Province::Henan => 1_310_360,
        Province::Hubei => 1_313_560,
        Province::Hunan => 1_307_700,
        Province::Guangdong => 1_300_510,
        Province::Guangxi => 1_313_260,
        Province::Hainan => 1_387_600,
        Province::Chongqing => 1_310_100,
        Province::Sichuan => 1_308_630,
        Province::Guizhou => 1_315_800,
        Province::Yunnan => 1_310_850,
        Province::Tibet => 1_788_900,
        Province::Shaanxi => 1_315_200,
        Province::Gansu => 1_383_000,
        Province::Qinghai => 1_389_700,
        Province::Ningxia => 1_389_500,
        Province::Xinjiang => 1_313_960,
    }
}

#[allow(clippy::expect_used, reason = "the parts are in range for every n, which a test shows")]
fn mobile(province: Province, n: u32, place_in_filing: u32) -> String {
    let index = (n % DISTINCT_FILINGS) * PHONES_PER_FILING + place_in_filing;
    let segment = first_local_segment(province) + index / LINES_PER_SEGMENT % SEGMENTS_PER_PROVINCE;
    let line = u16::try_from(index % LINES_PER_SEGMENT).expect("below 10,000");
    MobileNumber::generate(segment, line).expect("a local segment and a line").as_str().to_owned()
}

#[allow(clippy::expect_used, reason = "the parts are in range for every n, which a test shows")]
fn credit_code(division: u32, n: u32) -> String {
    let organisation = OrganisationCode::generate(&format!("MAX{:05}", n % 100_000)).expect("eight characters");
    Uscc::generate("91", division, &organisation).expect("a company of a division").as_str().to_owned()
}

#[allow(clippy::expect_used, reason = "the parts are in range for every n, which a test shows")]
fn citizen_certificate(division: u32, n: u32, role: Role) -> Certificate {
    const BIRTH_DAYS: u32 = 9_000;
    let index = (n % DISTINCT_FILINGS) * 3 + role as u32;
    let birth_date = day(1970, 1, 1) + Days::new(u64::from(index % BIRTH_DAYS));
    let sequence = u16::try_from(1 + index / BIRTH_DAYS % 999).expect("below 1,000");
    let id = CitizenId::generate(division, birth_date, sequence).expect("a division, a date and a sequence number");
    Certificate {
        kind: CERTIFICATE_CITIZEN_ID,
        number: id.as_str().to_owned(),
        address: None,
        valid_from: Some(day(2019, 6, 30)),
        valid_to: Some(day(2039, 6, 30)),
    }
}

#[allow(clippy::expect_used, reason = "only called with dates that exist")]
fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date")
}

/// A number digit by digit (42 → 四二), at least two characters: names must have Chinese characters only.
fn chinese_digits(n: u32) -> String {
    const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    let text = format!("{n:02}");
    text.bytes().filter_map(|byte| DIGITS.get(usize::from(byte.wrapping_sub(b'0')))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::HashSet;

    use icp_domain::names::DomainName;
    use proptest::prelude::*;

    use super::*;

    fn check(filing: &Filing) {
        let province = filing.province;
        let today = day(2026, 1, 1);
        let organiser = &filing.organiser;
        if organiser.is_person() {
            assert_eq!(organiser.certificate.number, organiser.principal.id.number);
            assert_eq!(organiser.principal, filing.services[0].principal);
        } else {
            assert_eq!(Uscc::parse(&organiser.certificate.number).unwrap().province(), Some(province));
            let (first, second) = (&organiser.principal, &filing.services[0].principal);
            assert_ne!(first.id.number, second.id.number);
            assert_ne!(first.email, second.email);
        }
        for service in &filing.services {
            assert!(DomainName::parse(&service.domains[0]).unwrap().is_registrable());
            assert!(service.name.chars().all(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c)), "{}", service.name);
        }
        for person in [&organiser.principal, &filing.services[0].principal] {
            let id = CitizenId::parse(&person.id.number).unwrap();
            assert_eq!(id.province(), Some(province));
            assert!(id.age_on(today).unwrap() >= 18);
            MobileNumber::parse(&person.mobile).unwrap();
            MobileNumber::parse(person.emergency_phone.as_deref().unwrap()).unwrap();
        }
        let json = serde_json::to_string(filing).unwrap();
        assert_eq!(&serde_json::from_str::<Filing>(&json).unwrap(), filing);
    }

    #[test]
    fn different_numbers_share_nothing() {
        for province in [Province::Guangdong, Province::Zhejiang, Province::Tibet] {
            let mut seen = HashSet::new();
            let mut is_new = |text: String| assert!(seen.insert(text.clone()), "{text} twice");
            for n in (0..300).chain(65_000..DISTINCT_FILINGS) {
                for filing in [company_filing(province, n), person_filing(province, n)] {
                    let (first, second) = (&filing.organiser.principal, &filing.services[0].principal);
                    let count = if filing.organiser.is_person() { 1 } else { 2 };
                    for person in [first, second].into_iter().take(count) {
                        is_new(person.id.number.clone());
                        is_new(person.mobile.clone());
                        is_new(person.emergency_phone.clone().unwrap());
                        is_new(person.email.clone());
                    }
                    if count == 2 {
                        is_new(filing.organiser.name.clone());
                        is_new(filing.organiser.certificate.number.clone());
                    }
                    is_new(filing.services[0].domains[0].clone());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_filing_is_valid(province in prop::sample::select(Province::ALL.to_vec()), n in any::<u32>()) {
            let n = n % 10_000_000;
            check(&company_filing(province, n));
            check(&person_filing(province, n));
            prop_assert_eq!(company_filing(province, n), company_filing(province, n));
        }
    }
}
