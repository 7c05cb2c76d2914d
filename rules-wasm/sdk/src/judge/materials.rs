//! Materials: what is missing, too large, of the wrong kind or too old.

use super::{Case, Findings, Rule, is_same_person};
use crate::book::{AskedFrom, Document, DocumentOf, ProvinceBook};
use crate::catalogue::{S01, V04};
use crate::{Material, Order};

/// A document that an order needs, and for which service.
pub(crate) struct Needed<'a> {
    pub(crate) document: &'a Document,
    /// `None` is the organiser.
    pub(crate) service: Option<usize>,
    /// Whether other materials of the same person serve as well.
    pub(crate) others_serve: bool,
}

/// The documents that an order needs, in the order in which they are asked for.
pub(crate) fn needed<'a>(book: &'a ProvinceBook, order: &Order) -> Vec<Needed<'a>> {
    let is_person = order.organiser.nature == super::NATURE_PERSON;
    let first = &order.organiser.principal;
    let mut list = Vec::new();
    for document in book.documents_national.iter().chain(book.documents) {
        let is_asked = match document.from {
            AskedFrom::Everybody => true,
            AskedFrom::Units => !is_person,
            AskedFrom::Persons => is_person,
        };
        if !is_asked {
            continue;
        }
        match document.of {
            DocumentOf::Organiser => list.push(Needed { document, service: None, others_serve: is_person }),
            DocumentOf::EachService => {
                list.extend(order.services.iter().enumerate().map(|(index, service)| Needed {
                    document,
                    service: Some(index),
                    others_serve: is_person || is_same_person(first, &service.principal),
                }));
            }
        }
    }
    list
}

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let Some(materials) = case.context.materials.as_deref() else { return };
    for needed in needed(case.book, case.order) {
        match materials.iter().find(|material| serves(material, &needed)) {
            None => missing(findings, &needed),
            Some(material) => age(case, findings, &needed, material),
        }
    }
    pictures(case, findings, materials);
}

fn serves(material: &Material, needed: &Needed<'_>) -> bool {
    let document = needed.document;
    let is_other = needed.others_serve && document.also_if_same_person.contains(&material.kind.as_str());
    let of_service = material.service.and_then(|index| usize::try_from(index).ok());
    let fits = of_service.is_none() || needed.service.is_none() || of_service == needed.service || is_other;
    fits && (material.kind == document.kind || is_other)
}

fn path_of(kind: &str) -> String {
    format!("materials.{kind}")
}

fn missing(findings: &mut Findings, needed: &Needed<'_>) {
    let document = needed.document;
    let of = needed.service.map(|index| format!("（第 {} 个服务）", index + 1)).unwrap_or_default();
    let (zh, en) = (document.title_zh, document.title_en);
    findings.add_with_remedy(
        V04,
        Rule::new("documents", document.severity, document.cite),
        path_of(document.kind),
        (format!("缺少材料：{zh}{of}"), format!("missing material: {en}")),
        (format!("上传{zh}"), format!("upload the {en}")),
    );
}

fn age(case: &Case<'_>, findings: &mut Findings, needed: &Needed<'_>, material: &Material) {
    let (Some(limit), Some(issued)) = (&needed.document.max_age_working_days, material.issued) else { return };
    if case.context.today.weekdays_since(issued) > i64::from(limit.value) {
        findings.add_with_remedy(
            V04,
            Rule::of("max_age_working_days", limit),
            path_of(needed.document.kind),
            (
                format!("{}落款日期 {}，超过 {} 个工作日", needed.document.title_zh, issued.iso(), limit.value),
                format!(
                    "the {} is dated {}, more than {} working days ago",
                    needed.document.title_en,
                    issued.iso(),
                    limit.value
                ),
            ),
            ("重新签署并上传", "sign it anew and upload it"),
        );
    }
}

fn pictures(case: &Case<'_>, findings: &mut Findings, materials: &[Material]) {
    let (types, size) = (&case.book.picture_media_types, &case.book.picture_bytes_max);
    for material in materials {
        if !types.value.contains(&material.media_type.as_str()) {
            findings.add(
                S01,
                Rule::of("picture_media_types", types),
                path_of(&material.kind),
                format!("图片格式须为 {}", types.value.join("、")),
                format!("pictures must be {}", types.value.join(" or ")),
            );
        }
        if material.size_bytes > size.value {
            findings.add(
                S01,
                Rule::of("picture_bytes_max", size),
                path_of(&material.kind),
                format!("图片超过 {} 字节", size.value),
                format!("the picture is larger than {} bytes", size.value),
            );
        }
    }
}
