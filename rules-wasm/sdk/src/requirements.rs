//! What an order needs: documents, persons to verify, SMS receivers, limits.

use crate::book::{LegalRepresentative, ProvinceBook};
use crate::judge::{is_same_person, materials};
use crate::{
    DocumentRequirement, Limits, Order, Person, PersonCheck, PersonRequirement, RequirementsAnswer, SmsReceiver,
};

/// What this order needs by this book.
pub fn requirements(book: &ProvinceBook, order: &Order) -> RequirementsAnswer {
    let is_person = order.organiser.nature == icp_domain::NATURE_PERSON;
    RequirementsAnswer {
        documents: documents(book, order),
        persons: persons(book, order, is_person),
        sms_receivers: sms_receivers(order),
        limits: Limits {
            services_per_order: book.services_per_order.value.of(is_person),
            domains_per_website: book.domains_per_website.value,
            picture_bytes_max: book.picture_bytes_max.value,
            picture_media_types: book.picture_media_types.value.iter().map(|text| (*text).to_owned()).collect(),
            age_min: if is_person { book.min_age_person.value } else { book.min_age_unit.value },
            document_days_min: book.id_min_days.value,
            domain_days_min: book.domain_min_days.value,
        },
        footer_number: book.footer_number.value,
        bureau_working_days: book.bureau_sla_wd.value,
    }
}

fn documents(book: &ProvinceBook, order: &Order) -> Vec<DocumentRequirement> {
    materials::needed(book, order)
        .into_iter()
        .map(|needed| {
            let document = needed.document;
            let also = if needed.others_serve { document.also_if_same_person } else { &[] };
            DocumentRequirement {
                kind: document.kind.to_owned(),
                also_accepted: also.iter().map(|kind| (*kind).to_owned()).collect(),
                service: needed.service.and_then(|index| u32::try_from(index).ok()),
                title_zh: document.title_zh.to_owned(),
                title_en: document.title_en.to_owned(),
                note_zh: document.note_zh.map(str::to_owned),
                source: document.cite.into(),
            }
        })
        .collect()
}

fn persons(book: &ProvinceBook, order: &Order, is_person: bool) -> Vec<PersonRequirement> {
    let first = &order.organiser.principal;
    let mut first_checks = vec![PersonCheck::Document, PersonCheck::CitizenRegister];
    if !is_person && book.lr_mode.value != LegalRepresentative::Free {
        first_checks.push(PersonCheck::LegalRepresentative);
    }
    let mut list = vec![PersonRequirement { field: String::from("organiser.principal"), checks: first_checks }];
    for (index, service) in order.services.iter().enumerate() {
        let mut checks = vec![PersonCheck::Document, PersonCheck::Face];
        if !is_same_person(first, &service.principal) {
            checks.push(PersonCheck::CitizenRegister);
        }
        list.push(PersonRequirement { field: format!("services[{index}].principal"), checks });
    }
    list
}

/// P1 and every P2; one mobile is one receiver.
fn sms_receivers(order: &Order) -> Vec<SmsReceiver> {
    let first: (String, &Person) = (String::from("organiser.principal"), &order.organiser.principal);
    let others = order
        .services
        .iter()
        .enumerate()
        .map(|(index, service)| (format!("services[{index}].principal"), &service.principal));
    let mut list: Vec<SmsReceiver> = Vec::new();
    for (field, person) in std::iter::once(first).chain(others) {
        if list.iter().all(|receiver| receiver.mobile != person.mobile) {
            list.push(SmsReceiver { field, mobile: person.mobile.clone() });
        }
    }
    list
}
