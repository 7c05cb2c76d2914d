//! What an order still needs, as a checklist: what the province's module demands against what is there. What no bureau
//! hears of is demanded by the description of its type alone.

use icp_domain::{Description, Finding, FindingSource, MaterialKind, Severity};
use icp_rules_sdk::{self as sdk, PersonCheck, RequirementsAnswer};
use serde::Serialize;
use utoipa::ToSchema;

use crate::check::sources;
use crate::materials::path_of;
use crate::materials::store::{MaterialRow, Scan};
use crate::order::{Order, Phase};

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RequirementStatus)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is there, or was answered.
    Done,
    /// It is still to come.
    Missing,
}

/// The checklist of an order.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Checklist {
    /// Fields of the form that must be right, the entitlement of each service where one is demanded, and whatever else a
    /// finding blocks or asks a reviewer to look at.
    pub fields: Vec<Field>,
    /// Documents to upload.
    pub documents: Vec<Document>,
    /// Persons to verify.
    pub persons: Vec<Person>,
    /// Persons whom the ministry asks by SMS.
    pub sms_receivers: Vec<SmsReceiver>,
    /// Working days that the bureau may take.
    pub bureau_working_days: u32,
    /// What the province limits; absent where no bureau hears of the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// What the province leaves to the reviewer's judgement.
    pub reviewed: Vec<Reviewed>,
}

/// What a province limits.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RequirementLimits)]
pub struct Limits {
    /// Services in one order; absent: as many as the type allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services_per_order: Option<u32>,
    /// Domains of one website.
    pub domains_per_website: u32,
    /// Size of a picture, bytes.
    pub picture_bytes_max: u64,
    /// Media types of pictures.
    pub picture_media_types: Vec<String>,
    /// Least age of persons in charge, years.
    pub age_min: u8,
    /// Days that a document must still be valid.
    pub document_days_min: u32,
    /// Days that a domain must still be registered.
    pub domain_days_min: u32,
}

impl From<&sdk::Limits> for Limits {
    fn from(limits: &sdk::Limits) -> Self {
        Self {
            services_per_order: limits.services_per_order,
            domains_per_website: limits.domains_per_website,
            picture_bytes_max: limits.picture_bytes_max,
            picture_media_types: limits.picture_media_types.clone(),
            age_min: limits.age_min,
            document_days_min: limits.document_days_min,
            domain_days_min: limits.domain_days_min,
        }
    }
}

/// What only a reviewer can decide.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ReviewedRequirement)]
pub struct Reviewed {
    /// Code of the catalogue that a breach would have.
    pub code: String,
    /// Path of the field.
    pub field: String,
    /// The bureau's wording.
    pub text_zh: String,
    /// In English.
    pub text_en: String,
}

impl From<&sdk::ChecklistItem> for Reviewed {
    fn from(item: &sdk::ChecklistItem) -> Self {
        let sdk::ChecklistItem { code, field, text_zh, text_en, .. } = item.clone();
        Self { code, field, text_zh, text_en }
    }
}

/// A part of the form.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RequiredField)]
pub struct Field {
    /// Its path.
    pub field: String,
    /// Missing as long as a finding on it blocks; what the form does not ask for is listed as long as a finding blocks it
    /// or asks a reviewer to look.
    pub status: Status,
}

/// A document.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RequiredDocument)]
pub struct Document {
    /// Kind of material.
    pub kind: String,
    /// Kinds that serve as well.
    pub also_accepted: Vec<String>,
    /// Service that it is for; absent: the organiser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<u32>,
    /// Chinese title.
    pub title_zh: String,
    /// English title.
    pub title_en: String,
    /// The bureau's wishes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note_zh: Option<String>,
    /// Whether one of the kinds was uploaded, and no virus scan keeps it back.
    pub status: Status,
}

/// A person to verify.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RequiredPerson)]
pub struct Person {
    /// Path of the person.
    pub field: String,
    /// Each check.
    pub checks: Vec<Check>,
}

/// One check of a person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RequiredCheck)]
pub struct Check {
    /// `document`, `face`, `citizen_register` or `legal_representative`.
    pub check: &'static str,
    /// For document and face: whether the picture is there; for registers: whether they have answered.
    pub status: Status,
}

/// A person whom the ministry asks by SMS.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SmsReceiver {
    /// Path of the person.
    pub field: String,
    /// What to enter as the end of the identity number, where it is not simply its last six characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_tail_zh: Option<String>,
    /// Done once the bureau has decided: before, nobody tells.
    pub status: Status,
}

/// What a type asks for of which no bureau hears: the documents of who must prove to be the organiser.
pub fn of_description(row: &Description) -> RequirementsAnswer {
    if !row.verified.include_organiser() {
        return RequirementsAnswer::default();
    }
    let FindingSource { title, as_of, .. } = sources::ORDER_TYPES.into();
    let source = sdk::Source { title, as_of, confidence: sdk::Confidence::High };
    let document = |kind: MaterialKind| sdk::DocumentRequirement {
        kind: kind.as_str().to_owned(),
        also_accepted: Vec::new(),
        service: None,
        title_zh: kind.title_zh().to_owned(),
        title_en: kind.title_en().to_owned(),
        note_zh: None,
        source: source.clone(),
    };
    let principal =
        sdk::PersonRequirement { field: "organiser.principal".to_owned(), checks: vec![PersonCheck::Document] };
    RequirementsAnswer {
        documents: [MaterialKind::OrganiserCertificate, MaterialKind::OrganiserPrincipalId].map(document).into(),
        persons: vec![principal],
        ..RequirementsAnswer::default()
    }
}

/// The checklist; `fields` are the paths of the form, `findings` what an examination says.
pub fn checklist(
    answer: &RequirementsAnswer,
    order: &Order,
    materials: &[MaterialRow],
    fields: Vec<String>,
    findings: &[Finding],
) -> Checklist {
    let is_there = |kinds: &[&str], service: Option<u32>| {
        materials.iter().any(|row| {
            let fits = service.is_none_or(|service| u32::try_from(row.service_index) == Ok(service));
            fits && matches!(row.scan, Scan::Off | Scan::Clean) && kinds.contains(&row.kind.as_str())
        })
    };
    let is_blocked = |field: &String| {
        findings.iter().any(|finding| finding.severity == Severity::Block && is_within(&finding.field, field))
    };
    let documents = answer.documents.iter().map(|document| {
        let kinds: Vec<&str> =
            std::iter::once(&document.kind).chain(&document.also_accepted).map(String::as_str).collect();
        Document {
            status: status(is_there(&kinds, document.service)),
            kind: document.kind.clone(),
            also_accepted: document.also_accepted.clone(),
            service: document.service,
            title_zh: document.title_zh.clone(),
            title_en: document.title_en.clone(),
            note_zh: document.note_zh.clone(),
        }
    });
    let have_registers_answered = order.attempt > 0 && order.authority_answered;
    let persons = answer.persons.iter().map(|person| {
        let service = service_of(&person.field);
        let document =
            if service.is_some() { MaterialKind::ServicePrincipalId } else { MaterialKind::OrganiserPrincipalId };
        let check = |check: &PersonCheck| match check {
            PersonCheck::Document => ("document", is_there(&[document.as_str()], service)),
            PersonCheck::Face => ("face", is_there(&[MaterialKind::ServicePrincipalFace.as_str()], service)),
            PersonCheck::CitizenRegister => ("citizen_register", have_registers_answered),
            PersonCheck::LegalRepresentative => ("legal_representative", have_registers_answered),
        };
        let checks = person.checks.iter().map(check);
        Person {
            field: person.field.clone(),
            checks: checks.map(|(check, is_done)| Check { check, status: status(is_done) }).collect(),
        }
    });
    let is_decided = matches!(order.phase, Phase::Approved | Phase::Cancelled);
    let sms_receivers = answer.sms_receivers.iter().map(|receiver| SmsReceiver {
        field: receiver.field.clone(),
        id_tail_zh: receiver.id_tail_zh.clone(),
        status: status(is_decided),
    });
    let documents: Vec<Document> = documents.collect();
    let mut fields: Vec<Field> =
        fields.into_iter().map(|field| Field { status: status(!is_blocked(&field)), field }).collect();
    for finding in findings.iter().filter(|finding| finding.severity >= Severity::Review) {
        let path = &finding.field;
        let is_listed = fields.iter().any(|listed| is_within(path, &listed.field))
            || documents.iter().any(|listed| is_within(path, &path_of(&listed.kind)));
        if !path.is_empty() && !is_listed {
            fields.push(Field { field: path.clone(), status: Status::Missing });
        }
    }
    Checklist {
        fields,
        documents,
        persons: persons.collect(),
        sms_receivers: sms_receivers.collect(),
        bureau_working_days: answer.bureau_working_days,
        limits: order.description().bureau.map(|_| Limits::from(&answer.limits)),
        reviewed: answer.checklist.iter().map(Reviewed::from).collect(),
    }
}

/// Whether a path is `part` or lies in it.
fn is_within(path: &str, part: &str) -> bool {
    path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn service_of(path: &str) -> Option<u32> {
    path.strip_prefix("services[")?.split_once(']')?.0.parse().ok()
}

fn status(is_done: bool) -> Status {
    if is_done { Status::Done } else { Status::Missing }
}

#[cfg(test)]
mod tests;
