//! What an order needs: documents, persons to verify, SMS receivers, limits, the reviewer's checklist.
//!
//! Rules that no machine can decide are items of the checklist. They are no findings: they hold for every order
//! of their kind, so they would send each of them to review by themselves.

use crate::book::{Counting, LegalRepresentative, ProvinceBook, SmsIdTail, SmsTo};
use crate::judge::condition::{count, holds};
use crate::judge::implied::implied;
use crate::judge::materials::needed;
use crate::judge::{At, Case, is_same_person};
use crate::{
    Capabilities, ChecklistItem, Context, DocumentRequirement, Limits, Order, OrderType, Person, PersonCheck,
    PersonRequirement, RequirementsAnswer, SmsReceiver,
};

/// 证件类型 港澳居民来往内地通行证.
const KIND_PERMIT: u16 = 14;

/// What this order needs by this book, as far as the context tells.
pub fn requirements(book: &ProvinceBook, order: &Order, context: &Context) -> RequirementsAnswer {
    let case = Case::new(book, order, context);
    RequirementsAnswer {
        documents: documents(&case),
        persons: persons(&case),
        sms_receivers: sms_receivers(&case),
        limits: limits(&case),
        footer_number: book.footer_number.value,
        bureau_working_days: book.bureau_sla_wd.value,
        checklist: checklist(&case),
        capabilities: Some(Capabilities {
            new_with_change: book.new_with_change.value,
            access_with_change: book.access_with_change.value,
            migrate: book.migrate.value,
            cross_province_change: book.cross_province_change.value,
            shell_add: book.shell_subject_add.value,
        }),
    }
}

fn limits(case: &Case<'_>) -> Limits {
    let book = case.book;
    let is_person = case.is_person();
    let services_per_order = book
        .order_limits
        .value
        .iter()
        .filter(|limit| limit.order_types.is_empty() || limit.order_types.contains(&case.order.order_type))
        .filter(|limit| limit.counting == Counting::ServicesInOrder)
        .filter(|limit| {
            let filed = count(case, Counting::ServicesFiled);
            limit.if_filed_above.of(is_person).is_none_or(|above| filed.is_some_and(|filed| filed > above))
        })
        .filter_map(|limit| limit.most.of(is_person))
        .min();
    Limits {
        services_per_order,
        domains_per_website: book.domains_per_website.value,
        picture_bytes_max: book.picture_bytes_max.value,
        picture_media_types: book.picture_media_types.value.iter().map(|text| (*text).to_owned()).collect(),
        age_min: if is_person { book.min_age_person.value } else { book.min_age_unit.value },
        document_days_min: book.id_min_days.value,
        domain_days_min: book.domain_min_days.value,
    }
}

fn documents(case: &Case<'_>) -> Vec<DocumentRequirement> {
    let index = |service: Option<usize>| service.and_then(|index| u32::try_from(index).ok());
    let listed = needed(case).into_iter().map(|needed| {
        let document = needed.document;
        let same_person = if needed.others_serve { document.also_if_same_person } else { &[] };
        DocumentRequirement {
            kind: document.paper.kind.to_owned(),
            also_accepted: same_person
                .iter()
                .copied()
                .chain(document.or.iter().map(|paper| paper.kind))
                .map(str::to_owned)
                .collect(),
            service: index(needed.service),
            title_zh: document.paper.title_zh.to_owned(),
            title_en: document.paper.title_en.to_owned(),
            note_zh: document.note_zh.map(str::to_owned),
            source: document.cite.into(),
        }
    });
    let mut list: Vec<DocumentRequirement> = listed.collect();
    for demand in implied(case) {
        let Some((paper, others)) = demand.any_of.split_first() else { continue };
        let service = index(demand.service());
        if list.iter().any(|known| known.kind == paper.kind && known.service == service) {
            continue;
        }
        list.push(DocumentRequirement {
            kind: paper.kind.to_owned(),
            also_accepted: others.iter().map(|paper| paper.kind.to_owned()).collect(),
            service,
            title_zh: paper.title_zh.to_owned(),
            title_en: paper.title_en.to_owned(),
            note_zh: Some(demand.zh.to_owned()),
            source: demand.rule.cite.into(),
        });
    }
    list
}

/// Who is verified (filing-rules §1.2): P1 where the order brings or changes P1, the P2 of each service.
fn persons(case: &Case<'_>) -> Vec<PersonRequirement> {
    let order = case.order;
    let first = &order.organiser.principal;
    let mut list = Vec::new();
    if case.scope.organiser {
        let mut checks = vec![PersonCheck::Document, PersonCheck::CitizenRegister];
        if !case.is_person() && case.book.lr_mode.value != LegalRepresentative::Free {
            checks.push(PersonCheck::LegalRepresentative);
        }
        list.push(PersonRequirement { field: At::Principal.to_string(), checks });
    }
    if case.scope.services {
        for (index, service) in order.services.iter().enumerate() {
            let mut checks = vec![PersonCheck::Document, PersonCheck::Face];
            if !is_same_person(first, &service.principal) || !case.scope.organiser {
                checks.push(PersonCheck::CitizenRegister);
            }
            list.push(PersonRequirement { field: At::ServicePrincipal(index).to_string(), checks });
        }
    }
    list
}

/// By the table of the book; one mobile is one receiver. A change of nothing but remarks asks nobody.
fn sms_receivers(case: &Case<'_>) -> Vec<SmsReceiver> {
    let order_type = case.order.order_type;
    let to = case
        .book
        .sms_receivers
        .value
        .iter()
        .find(|(of_type, _)| *of_type == order_type)
        .map_or(SmsTo::Both, |(_, to)| *to);
    let is_change = matches!(order_type, OrderType::ChangeOrganiser | OrderType::ChangeService | OrderType::ChangeBoth);
    if to == SmsTo::Nobody || is_change && changes_only_remarks(case) {
        return Vec::new();
    }
    let mut list: Vec<SmsReceiver> = Vec::new();
    for (at, person) in case.persons() {
        let is_meant = match (to, at) {
            (SmsTo::Nobody, _) => false,
            (SmsTo::Both, _) => true,
            (SmsTo::Organiser, at) => at == At::Principal,
            (SmsTo::Services | SmsTo::ServicesOnRecord, at) => at != At::Principal,
        };
        let mobile = mobile_of(case, to, at, person);
        if is_meant && list.iter().all(|receiver| receiver.mobile != mobile) {
            list.push(SmsReceiver {
                field: at.to_string(),
                mobile: mobile.to_owned(),
                id_tail_zh: id_tail(case, person),
            });
        }
    }
    list
}

fn mobile_of<'p>(case: &Case<'p>, to: SmsTo, at: At, person: &'p Person) -> &'p str {
    let At::ServicePrincipal(index) = at else { return &person.mobile };
    let service = case.order.services.get(index).filter(|_| to == SmsTo::ServicesOnRecord);
    service
        .and_then(|service| case.recorded(service))
        .and_then(|recorded| recorded.principal_mobile.as_deref())
        .unwrap_or(&person.mobile)
}

fn id_tail(case: &Case<'_>, person: &Person) -> Option<String> {
    let text = match (person.id.kind, case.book.sms_idtail_variant.value) {
        (KIND_PERMIT, SmsIdTail::FrontNumber) => "填写通行证正面证件号码后六位",
        (KIND_PERMIT, SmsIdTail::NumberOnBack) => "填写通行证背面港澳身份证号码后六位，如“567（8）”，括号为全角",
        _ => return None,
    };
    Some(text.to_owned())
}

fn changes_only_remarks(case: &Case<'_>) -> bool {
    let is_remark =
        |path: &String| path == "organiser.remark" || path.starts_with("services[") && path.ends_with("].remark");
    case.context.changed.as_deref().is_some_and(|changed| changed.iter().all(is_remark))
}

fn checklist(case: &Case<'_>) -> Vec<ChecklistItem> {
    let book = case.book;
    book.review_items_national
        .iter()
        .chain(book.review_items)
        .filter(|item| holds(case, &item.when, None))
        .map(|item| ChecklistItem {
            code: item.code.id.to_owned(),
            name: item.name.to_owned(),
            field: item.field.to_owned(),
            text_zh: item.text_zh.to_owned(),
            text_en: item.text_en.to_owned(),
            source: item.cite.into(),
        })
        .collect()
}
