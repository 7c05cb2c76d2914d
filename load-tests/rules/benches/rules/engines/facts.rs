//! An order as an engine likes it best: flat, parsed, with days as numbers and names made comparable.

use anyhow::Context as _;
use icp_rules_sdk::book::ProvinceBook;
use icp_rules_sdk::text::{is_blank, normalised};
use icp_rules_sdk::{Date, EnterpriseStatus, Person};
use serde_json::{Value, json};

use crate::cases::Case;

/// The order as the engines' input.
pub fn of((order, context): &Case) -> anyhow::Result<Value> {
    let service = order.services.first().context("an order without a service")?;
    let domain = service.domains.first().context("a service without a domain")?;
    let organiser = &order.organiser;
    let enterprise = context.enterprise.as_ref().context("no answer of the register")?;
    let registry = context.domains.iter().find(|answer| answer.domain == *domain).context("no answer on the domain")?;
    let today = context.today;
    let materials = context.materials.iter().flatten().map(|material| {
        json!({
            "kind": material.kind, "media": material.media_type, "bytes": material.size_bytes,
            "issued": material.issued.map(Date::days),
        })
    });
    Ok(json!({
        "today": today.days(),
        "today_digits": u32::from(today.year) * 10_000 + u32::from(today.month) * 100 + u32::from(today.day),
        "organiser": {
            "name": normalised(&organiser.name),
            "number": organiser.certificate.number,
            "valid_to": organiser.certificate.valid_to.map(Date::days),
            "address": normalised(organiser.certificate.address.as_deref().unwrap_or_default()),
            "province": organiser.address.province_code,
            "city": organiser.address.city_code,
            "detail": organiser.address.detail,
        },
        "p1": person(&organiser.principal),
        "p2": person(&service.principal),
        "service": {
            "name": normalised(&service.name),
            "domain": domain,
            "domains": service.domains.len(),
            "home": service.home_url,
            "contents": service.contents,
            "is_remark_blank": is_blank(service.remark.as_deref()),
            "places": service.access.server_places,
        },
        "enterprise": {
            "name": normalised(enterprise.name.as_deref().unwrap_or_default()),
            "representative": normalised(enterprise.legal_representative.as_deref().unwrap_or_default()),
            "is_active": matches!(enterprise.status, None | Some(EnterpriseStatus::Active)),
            "address": normalised(enterprise.address.as_deref().unwrap_or_default()),
        },
        "domain": {
            "real_named": registry.real_named,
            "expires": registry.expires.map(Date::days),
            "holder": normalised(registry.holder_name.as_deref().unwrap_or_default()),
        },
        "materials": materials.collect::<Vec<_>>(),
        "phones": context
            .phone_uses
            .iter()
            .map(|used| json!({ "mobile": used.mobile, "others": used.other_organisers }))
            .collect::<Vec<_>>(),
    }))
}

fn person(person: &Person) -> Value {
    json!({
        "name": normalised(&person.name),
        "number": person.id.number,
        "valid_to": person.id.valid_to.map(Date::days),
        "mobile": person.mobile,
        "emergency": person.emergency_phone,
        "email": person.email,
    })
}

/// 数据: the words and tables of the book, which the rules look into.
pub fn tables(book: &ProvinceBook) -> Value {
    let licensed = |list: &[icp_rules_sdk::book::LicensedWords]| -> Vec<Vec<&str>> {
        list.iter().map(|entry| entry.words.to_vec()).collect()
    };
    let alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    json!({
        "state_words": book.name_state_words.value,
        "sensitive_words": book.name_sensitive_words.value,
        "regions": book.name_regions.value,
        "licensed": licensed(book.licensed_words.value),
        "licensed_here": licensed(book.licensed_words_here.value),
        "segments": book.mobile_deny_segments.value,
        "cities": book.address_same_city.value.iter().map(|(code, name)| json!({ "code": code, "name": name })).collect::<Vec<_>>(),
        "door_signs": ["号", "室", "栋", "楼", "层", "组", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        "licensed_contents": book.content_licensed.value,
        "media": book.picture_media_types.value,
        "documents": DOCUMENTS,
        "citizen_weights": [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2],
        "citizen_checks": ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"],
        "code_alphabet": alphabet,
        "code_values": alphabet.chars().enumerate().map(|(value, c)| (c.to_string(), json!(value))).collect::<serde_json::Map<_, _>>(),
        "code_checks": alphabet.chars().map(String::from).collect::<Vec<_>>(),
        "code_weights": [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28],
    })
}

/// What a company hands in for its first website.
pub const DOCUMENTS: [&str; 5] =
    ["organiser-certificate", "organiser-principal-id", "service-principal-id", "service-principal-face", "commitment"];
