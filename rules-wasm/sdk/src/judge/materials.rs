//! Materials: what is missing, too large, of the wrong kind, made in the wrong way or too old.

use super::condition::holds;
use super::implied::{Implied, implied};
use super::{Case, Findings, Rule, is_same_person};
use crate::book::{Copies, Document, DocumentOf, GoodFor, Paper, paper};
use crate::catalogue::{S01, V03, V04};
use crate::{Material, MaterialForm};

/// A site plan (网站建设方案书) is a text of many pages and may come as this; limits of pictures are not for it.
const PLAN_MEDIA_TYPE: &str = "application/pdf";

/// A document that an order needs, and for which service.
pub(crate) struct Needed<'a> {
    pub(crate) document: &'a Document,
    /// `None` is the organiser.
    pub(crate) service: Option<usize>,
    /// Whether other materials of the same person serve as well.
    pub(crate) others_serve: bool,
}

/// The documents that an order needs, in the order in which they are asked for.
pub(crate) fn needed<'a>(case: &Case<'a>) -> Vec<Needed<'a>> {
    let first = &case.order.organiser.principal;
    let mut list = Vec::with_capacity(case.book.documents_national.len() + case.book.documents.len());
    for document in case.book.documents_national.iter().chain(case.book.documents) {
        match document.of {
            DocumentOf::Organiser if holds(case, &document.when, None) => {
                list.push(Needed { document, service: None, others_serve: case.is_person() });
            }
            DocumentOf::Organiser => {}
            DocumentOf::EachService => {
                let asked = |index: &usize| holds(case, &document.when, Some(*index));
                list.extend((0..case.order.services.len()).filter(asked).map(|index| {
                    Needed {
                        document,
                        service: Some(index),
                        others_serve: case.is_person()
                            || case
                                .order
                                .services
                                .get(index)
                                .is_some_and(|service| is_same_person(first, &service.principal)),
                    }
                }));
            }
        }
    }
    list
}

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    let Some(materials) = case.context.materials.as_deref() else { return };
    for demand in implied(case) {
        proof(case, findings, &demand);
    }
    for needed in needed(case) {
        match materials.iter().find(|material| serves(material, &needed)) {
            None => missing(findings, &needed),
            Some(material) => age(case, findings, &needed, material),
        }
    }
    for material in materials {
        picture(case, findings, material);
        form(case, findings, material);
    }
}

fn is_one_of(material: &Material, papers: &[Paper]) -> bool {
    papers.iter().any(|paper| paper.kind == material.kind)
}

/// A paper that follows from a parameter.
fn proof(case: &Case<'_>, findings: &mut Findings, demand: &Implied<'_>) {
    let materials = case.context.materials.as_deref().unwrap_or_default();
    let is_valid = |material: &&Material| {
        let days_left = material.valid_to.map(|valid_to| valid_to.days_since(case.context.today));
        days_left.is_none_or(|days| days >= i64::from(demand.min_days))
    };
    if materials.iter().filter(|material| is_one_of(material, demand.any_of)).any(|material| is_valid(&material)) {
        return;
    }
    let titles = |separator: &str, title: fn(&Paper) -> &'static str| {
        demand.any_of.iter().map(title).collect::<Vec<_>>().join(separator)
    };
    let (zh, en) = (titles("、", |paper| paper.title_zh), titles(", ", |paper| paper.title_en));
    let term_zh = if demand.min_days > 0 {
        format!("（剩余有效期不少于 {} 天）", demand.min_days)
    } else {
        String::new()
    };
    findings.add_with_remedy(
        demand.code,
        demand.rule,
        if demand.field == "services" { "services".to_owned() } else { demand.at.field(demand.field) },
        (format_args!("{}：{zh}{term_zh}", demand.zh), format_args!("{}: {en}", demand.en)),
        (format_args!("提供其一：{zh}"), format_args!("hand in one of: {en}")),
    );
}

fn serves(material: &Material, needed: &Needed<'_>) -> bool {
    let document = needed.document;
    let is_other = needed.others_serve && document.also_if_same_person.contains(&material.kind.as_str());
    let of_service = material.service.and_then(|index| usize::try_from(index).ok());
    let fits = of_service.is_none() || needed.service.is_none() || of_service == needed.service || is_other;
    fits && (material.kind == document.paper.kind || is_other || is_one_of(material, document.or))
}

fn path_of(kind: &str) -> String {
    format!("materials.{kind}")
}

fn missing(findings: &mut Findings, needed: &Needed<'_>) {
    let document = needed.document;
    let of = needed.service.map(|index| format!("（第 {} 个服务）", index + 1)).unwrap_or_default();
    let (zh, en) = (document.paper.title_zh, document.paper.title_en);
    findings.add_with_remedy(
        V04,
        Rule::new("documents", document.severity, document.cite),
        path_of(document.paper.kind),
        (format_args!("缺少材料：{zh}{of}"), format_args!("missing material: {en}")),
        (format_args!("上传{zh}"), format_args!("upload the {en}")),
    );
}

fn age(case: &Case<'_>, findings: &mut Findings, needed: &Needed<'_>, material: &Material) {
    let (Some(param), Some(issued)) = (&needed.document.good_for, material.issued) else { return };
    let (age, limit, unit_zh, unit_en) = match param.value {
        GoodFor::Days(days) => (case.context.today.days_since(issued), days, "天", "days"),
        GoodFor::WorkingDays(days) => (case.context.today.weekdays_since(issued), days, "个工作日", "working days"),
    };
    if age > i64::from(limit) {
        let paper = needed.document.paper;
        findings.add_with_remedy(
            V04,
            Rule::of("document_good_for", param),
            path_of(paper.kind),
            (
                format_args!("{}落款日期 {}，超过 {limit} {unit_zh}", paper.title_zh, issued.iso()),
                format_args!("the {} is dated {}, more than {limit} {unit_en} ago", paper.title_en, issued.iso()),
            ),
            ("重新签署并上传", "sign it anew and upload it"),
        );
    }
}

fn picture(case: &Case<'_>, findings: &mut Findings, material: &Material) {
    let book = case.book;
    let types = &book.picture_media_types;
    let is_video = material.kind == paper::COMMITMENT_VIDEO.kind;
    let is_plan = material.kind == paper::SITE_PLAN.kind && material.media_type == PLAN_MEDIA_TYPE;
    let is_picture = !is_video && !is_plan;
    if is_picture && !types.value.contains(&material.media_type.as_str()) {
        findings.add(
            S01,
            Rule::of("picture_media_types", types),
            path_of(&material.kind),
            format_args!("图片格式须为 {}", types.value.join("、")),
            format_args!("pictures must be {}", types.value.join(" or ")),
        );
    }
    let (name, size) = if material.kind == paper::APP_ICON.kind {
        ("app_icon_bytes_max", &book.app_icon_bytes_max)
    } else {
        ("picture_bytes_max", &book.picture_bytes_max)
    };
    if is_picture && material.size_bytes > size.value {
        findings.add(
            S01,
            Rule::of(name, size),
            path_of(&material.kind),
            format_args!("图片超过 {} 字节", size.value),
            format_args!("the picture is larger than {} bytes", size.value),
        );
    }
    let least = &book.face_min_px;
    if let (Some(width), Some(height)) = (material.width_px, material.height_px)
        && material.kind == paper::SERVICE_PRINCIPAL_FACE.kind
        && (width < least.value.0 || height < least.value.1)
    {
        findings.add(
            S01,
            Rule::of("face_min_px", least),
            path_of(&material.kind),
            format_args!("核验照片小于 {}×{} 像素", least.value.0, least.value.1),
            format_args!("the picture is smaller than {}×{} pixels", least.value.0, least.value.1),
        );
    }
}

fn form(case: &Case<'_>, findings: &mut Findings, material: &Material) {
    let book = case.book;
    let Some(form) = material.form else { return };
    let kind = material.kind.as_str();
    let is_certificate = [
        paper::ORGANISER_CERTIFICATE,
        paper::ORGANISER_PRINCIPAL_ID,
        paper::SERVICE_PRINCIPAL_ID,
        paper::SERVICE_PRINCIPAL_FACE,
        paper::REPRESENTATIVE_ID,
    ]
    .iter()
    .any(|paper| paper.kind == kind);
    if !is_certificate {
        return;
    }
    let (code, rule, zh, en) = match form {
        MaterialForm::Live => return,
        MaterialForm::Original if book.picture_live.value => (
            S01,
            Rule::of("picture_live", &book.picture_live),
            "须现场拍摄，不得从相册选取",
            "photograph it live; pictures from an album are not accepted",
        ),
        MaterialForm::Screen if book.picture_no_screen.value => (
            V03,
            Rule::of("picture_no_screen", &book.picture_no_screen),
            "不得翻拍屏幕或截屏",
            "not photographed from a screen, no screen shot",
        ),
        MaterialForm::Copy => {
            let rule = Rule::of("picture_copies", &book.picture_copies);
            match book.picture_copies.value {
                Copies::Never => (S01, rule, "不接受复印件", "copies are not accepted"),
                Copies::WithStamp => (
                    S01,
                    Rule { severity: crate::Severity::Advise, ..rule },
                    "复印件须加盖公章或按指印",
                    "a copy needs a stamp or finger print",
                ),
            }
        }
        MaterialForm::Electronic if !book.licence_electronic.value && kind == paper::ORGANISER_CERTIFICATE.kind => (
            S01,
            Rule::of("licence_electronic", &book.licence_electronic),
            "不接受电子执照",
            "electronic licences are not accepted",
        ),
        MaterialForm::Original | MaterialForm::Screen | MaterialForm::Electronic => return,
    };
    findings.add(code, rule, path_of(kind), zh, en);
}
