//! What applicants get wrong; each is found by the book, mostly as one finding. Mistakes of the same group are never made in one order.

use icp_rules_sdk::book::ProvinceBook;
use icp_rules_sdk::{Date, EnterpriseStatus, InternetService, Material, Person, PhoneUse};

use crate::cases::{Case, citizen};

/// One mistake.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// What is wrong.
    pub name: &'static str,
    /// The part of the order that it touches.
    pub group: &'static str,
    /// Makes it.
    pub make: fn(&mut Case),
}

const fn fault(group: &'static str, name: &'static str, make: fn(&mut Case)) -> Fault {
    Fault { name, group, make }
}

/// Mistakes of companies.
pub fn of_company(book: &ProvinceBook) -> Vec<Fault> {
    let mut all = COMPANY.to_vec();
    all.extend_from_slice(EVERYBODY);
    if !book.address_same_city.value.is_empty() {
        all.push(fault("address", "postal address in another city", |case| {
            case.0.organiser.address.city_code +=
                if case.0.organiser.address.city_code % 1000 == 300 { 100 } else { 200 };
        }));
        all.push(fault("name", "a college that is none", |case| of_service(case, |service| service.name += "学院")));
        all.push(fault("commitment", "an old commitment", |case| {
            of_material(case, "commitment", |material| material.issued = Some(Date::new(2026, 3, 2)));
        }));
    }
    all
}

/// Mistakes of persons.
pub fn of_person() -> Vec<Fault> {
    let mut all = EVERYBODY.to_vec();
    all.push(fault("name", "a forum of a person", |case| {
        of_service(case, |service| service.name = "榆溪论坛".to_owned())
    }));
    all
}

const COMPANY: &[Fault] = &[
    fault("code", "check character of the credit code", |case| swap_last(&mut case.0.organiser.certificate.number)),
    fault("licence", "licence that ends soon", |case| {
        case.0.organiser.certificate.valid_to = Some(Date::new(2026, 12, 24));
    }),
    fault("first person", "check character of P1's identity number", |case| {
        swap_last(&mut case.0.organiser.principal.id.number);
    }),
    fault("first person", "P1's document that ends soon", |case| {
        case.0.organiser.principal.id.valid_to = Some(Date::new(2026, 12, 24));
    }),
    fault("second person", "a person in charge of 15 years", |case| {
        of_person_in_charge(case, |person| person.id.number = citizen(440_305, 2011, 3, 77).unwrap_or_default());
    }),
    fault("second person", "a person in charge of 17 years", |case| {
        of_person_in_charge(case, |person| person.id.number = citizen(440_305, 2009, 3, 77).unwrap_or_default());
    }),
    fault("address", "address without a door", |case| {
        let detail = &mut case.0.organiser.address.detail;
        *detail = detail.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default().to_owned();
    }),
    fault("register", "another name in the register", |case| {
        of_register(case, |answer| answer.name = Some("示例榆溪旧名有限公司".to_owned()));
    }),
    fault("standing", "licence revoked", |case| {
        of_register(case, |answer| answer.status = Some(EnterpriseStatus::Revoked));
    }),
    fault("register address", "another address in the register", |case| {
        of_register(case, |answer| answer.address = Some("示例区示例小路7号".to_owned()));
    }),
    fault("representative", "P1 is not the legal representative", |case| {
        of_register(case, |answer| answer.legal_representative = Some("示榆溪".to_owned()));
    }),
    fault("mobile", "a mobile that is none", |case| case.0.organiser.principal.mobile = "12800000001".to_owned()),
    fault("mobile", "a mobile that gets no SMS", |case| case.0.organiser.principal.mobile = "17000000001".to_owned()),
    fault("mobile", "two persons with one mobile", |case| {
        let mobile = case.0.organiser.principal.mobile.clone();
        of_person_in_charge(case, |person| person.mobile = mobile);
    }),
    fault("mobile", "a mobile of another organiser", |case| {
        let mobile = case.0.organiser.principal.mobile.clone();
        case.1.phone_uses.push(PhoneUse { mobile, other_organisers: 3, province_code: None });
    }),
    fault("e-mail", "two persons with one e-mail", |case| {
        let email = case.0.organiser.principal.email.clone();
        of_person_in_charge(case, |person| person.email = email);
    }),
    fault("mobile", "an emergency phone that is the mobile", |case| {
        let person = &mut case.0.organiser.principal;
        person.emergency_phone = Some(person.mobile.clone());
    }),
    fault("name", "a word of the state", |case| of_service(case, |service| service.name.insert_str(0, "中国"))),
    fault("name", "a sensitive word", |case| of_service(case, |service| service.name += "廉政")),
    fault("name", "another region", |case| of_service(case, |service| service.name.insert_str(0, "黑龙江"))),
    fault("name", "a word that needs a licence", |case| of_service(case, |service| service.name += "影视")),
    fault("domain number", "two domains", |case| {
        of_service(case, |service| service.domains.push("specimen-second.cn".to_owned()));
    }),
    fault("content", "content without a remark", |case| of_service(case, |service| service.contents = vec![24])),
    fault("content", "content that needs a licence", |case| of_service(case, |service| service.contents = vec![13])),
    fault("media type", "a picture of another kind", |case| {
        of_material(case, "organiser-certificate", |material| material.media_type = "image/heic".to_owned());
    }),
];

const EVERYBODY: &[Fault] = &[
    fault("second person", "P2's document that ends soon", |case| {
        of_person_in_charge(case, |person| person.id.valid_to = Some(Date::new(2026, 12, 24)));
    }),
    fault("e-mail", "an e-mail that is none", |case| {
        of_person_in_charge(case, |person| person.email = "example.com".to_owned());
    }),
    fault("domain", "domain not real-named", |case| {
        case.1.domains.iter_mut().for_each(|answer| answer.real_named = Some(false));
    }),
    fault("domain", "domain that ends soon", |case| {
        case.1.domains.iter_mut().for_each(|answer| answer.expires = Some(Date::new(2027, 1, 2)));
    }),
    fault("holder", "domain of a stranger", |case| {
        case.1.domains.iter_mut().for_each(|answer| answer.holder_name = Some("示例枫桥旧友有限公司".to_owned()));
    }),
    fault("home", "home page elsewhere", |case| {
        of_service(case, |service| service.home_url = Some("www.specimen-elsewhere.cn".to_owned()));
    }),
    fault("access", "server outside the mainland", |case| {
        of_service(case, |service| service.access.server_places = vec![13])
    }),
    fault("face", "no picture of the capture", |case| {
        case.1.materials.iter_mut().for_each(|list| list.retain(|material| material.kind != "service-principal-face"));
    }),
    fault("size", "a picture too large", |case| {
        of_material(case, "organiser-principal-id", |material| material.size_bytes = 6_000_000);
    }),
];

fn of_service(case: &mut Case, change: impl FnOnce(&mut InternetService)) {
    if let Some(service) = case.0.services.first_mut() {
        change(service);
    }
}

fn of_person_in_charge(case: &mut Case, change: impl FnOnce(&mut Person)) {
    of_service(case, |service| change(&mut service.principal));
}

fn of_register(case: &mut Case, change: impl FnOnce(&mut icp_rules_sdk::EnterpriseAnswer)) {
    if let Some(answer) = case.1.enterprise.as_mut() {
        change(answer);
    }
}

fn of_material(case: &mut Case, kind: &str, change: impl FnOnce(&mut Material)) {
    if let Some(material) = case.1.materials.iter_mut().flatten().find(|material| material.kind == kind) {
        change(material);
    }
}

fn swap_last(number: &mut String) {
    let other = if number.pop() == Some('7') { '8' } else { '7' };
    number.push(other);
}
