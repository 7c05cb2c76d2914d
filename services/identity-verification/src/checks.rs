//! What was seen, compared with what the form says. Pure: same input, same report.

use chrono::{Months, NaiveDate};
use icp_domain::identifiers::{CitizenId, IdentifierError, RegistrationNumber, Uscc};
use icp_domain::names::{comparable_name, is_same_name};
use icp_domain::{CERTIFICATE_BUSINESS_LICENCE, CERTIFICATE_CITIZEN_ID, CheckName, MaterialKind};
use icp_proto::common::{Certificate, Finding};
use icp_proto::identity::IdentitySubject;
use uuid::Uuid;

use crate::catalogue::{self as faults, Fault};
use crate::engine::{DocumentFields, DocumentKind, Validity};
use crate::holder::Holder;
use crate::picture::PictureFault;
use crate::report::Report;

/// 证件类型 of residence permits (港澳居民居住证, 台湾居民居住证), whose numbers are built like a citizen id.
const RESIDENCE_PERMITS: [u32; 2] = [41, 42];
const REGISTRATION_NUMBER_LENGTH: usize = 15;

/// One material and what became of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What it should show.
    pub kind: MaterialKind,
    /// Service that it belongs to, from 0.
    pub service_index: usize,
    /// Reference to the stored evidence.
    pub evidence: Option<Uuid>,
    /// What could be seen.
    pub sight: Sight,
}

/// What could be seen of a material.
#[derive(Debug, Clone)]
pub enum Sight {
    /// It is not in the store, or not as it was uploaded.
    Lost,
    /// It is no usable picture.
    Faulty(PictureFault),
    /// The engine can read nothing.
    Unreadable,
    /// The engine read this.
    Read(DocumentFields),
}

/// A comparison of the live face with the document, for one service.
#[derive(Debug, Clone, Copy)]
pub struct FaceCompared {
    /// Service whose person in charge it is, from 0.
    pub service_index: usize,
    /// Similarity, 0 to 1; none when the engine could not see a face.
    pub similarity: Option<f32>,
    /// Reference to the stored evidence.
    pub evidence: Option<Uuid>,
}

/// Everything that is known about the pictures of one submission.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    /// The materials, in the order in which they were handed in.
    pub seen: Vec<Seen>,
    /// The face comparisons that could be made.
    pub faces: Vec<FaceCompared>,
}

/// Parameters of the comparison.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Today in Beijing.
    pub today: NaiveDate,
    /// Documents must be valid for more than so many months.
    pub least_months_left: u32,
    /// Similarity from which on two faces are one person.
    pub face_threshold: f32,
}

/// Judges a submission.
pub fn judge(subject: &IdentitySubject, observations: &Observations, limits: &Limits) -> Report {
    let mut report = Report::default();
    check_presence(subject, observations, &mut report);
    for holder in Holder::all(subject) {
        check_number(subject, holder, &mut report);
    }
    for seen in &observations.seen {
        check_material(subject, seen, limits, &mut report);
    }
    for face in &observations.faces {
        let finding = match face.similarity {
            Some(similarity) if similarity >= limits.face_threshold => None,
            Some(_) => Some(faults::FACE_DIFFERS),
            None => Some(faults::FACE_UNREADABLE),
        };
        let path = Holder::ServicePrincipal(face.service_index).path();
        report.check(CheckName::FaceAgainstDocument, &path, face.evidence, finding.map(|fault| fault.at(&path)));
    }
    report
}

/// The document to compare a face with: the first readable one of that person that shows a portrait.
pub fn portrait_document(observations: &[Seen], service_index: usize) -> Option<usize> {
    observations.iter().position(|seen| {
        seen.kind == MaterialKind::ServicePrincipalId
            && seen.service_index == service_index
            && matches!(&seen.sight, Sight::Read(fields) if fields.document != DocumentKind::CitizenIdBack)
    })
}

fn check_presence(subject: &IdentitySubject, observations: &Observations, report: &mut Report) {
    // The back of an identity card alone shows neither name nor number.
    let is_there = |kind: MaterialKind, service_index: usize| {
        observations.seen.iter().any(|seen| {
            let is_only_back =
                matches!(&seen.sight, Sight::Read(fields) if fields.document == DocumentKind::CitizenIdBack);
            seen.kind == kind && seen.service_index == service_index && !is_only_back
        })
    };
    for holder in Holder::all(subject) {
        let service_index = if let Holder::ServicePrincipal(index) = holder { index } else { 0 };
        let is_shown = is_there(holder.document_material(), service_index)
            || (holder == Holder::OrganiserPrincipal
                && is_own_principal(subject)
                && is_there(MaterialKind::OrganiserCertificate, 0));
        let path = holder.document_path();
        let finding = (!is_shown).then(|| faults::DOCUMENT_MISSING.at(&path));
        report.check(CheckName::MaterialPresent, &path, None, finding);
        if let Holder::ServicePrincipal(index) = holder {
            let path = holder.path();
            let is_shown = is_there(MaterialKind::ServicePrincipalFace, index);
            let finding = (!is_shown).then(|| faults::FACE_MISSING.at(&path));
            report.check(CheckName::MaterialPresent, &path, None, finding);
        }
    }
}

/// A person who files for herself shows one card for both.
fn is_own_principal(subject: &IdentitySubject) -> bool {
    match (Holder::Organiser.document(subject), Holder::OrganiserPrincipal.document(subject)) {
        (Some(organiser), Some(principal)) => {
            organiser.kind == principal.kind && is_same_number(&organiser.number, &principal.number)
        }
        _ => false,
    }
}

fn check_number(subject: &IdentitySubject, holder: Holder, report: &mut Report) {
    let number_path = format!("{}.number", holder.document_path());
    let Some(document) = holder.document(subject) else {
        report.check(CheckName::CheckDigit, &number_path, None, Some(faults::NUMBER_MALFORMED.at(&number_path)));
        return;
    };
    let number = comparable_name(&document.number);
    let verdict = if document.kind == u32::from(CERTIFICATE_BUSINESS_LICENCE) {
        if number.len() == REGISTRATION_NUMBER_LENGTH {
            RegistrationNumber::parse(&number).map(drop)
        } else {
            Uscc::parse(&number).map(drop)
        }
    } else if is_citizen_number(document.kind) {
        CitizenId::parse(&number).map(drop)
    } else {
        // Other kinds have no published check character (filing-rules §10.3).
        return;
    };
    let finding = verdict.err().map(|error| number_finding(&error, document.kind, &number_path));
    report.check(CheckName::CheckDigit, &number_path, None, finding);
}

fn number_finding(error: &IdentifierError, kind: u32, path: &str) -> Finding {
    let is_soft = error.is_check_character() && kind == u32::from(CERTIFICATE_BUSINESS_LICENCE);
    let fault = if is_soft { faults::CREDIT_CODE_DOUBTFUL } else { faults::NUMBER_MALFORMED };
    fault.at(path)
}

fn check_material(subject: &IdentitySubject, seen: &Seen, limits: &Limits, report: &mut Report) {
    let holder = Holder::of_material(seen.kind, seen.service_index);
    let material = match holder {
        Some(Holder::ServicePrincipal(index)) => format!("{}[{index}]", seen.kind.as_str()),
        _ => seen.kind.as_str().to_owned(),
    };
    let path = match (seen.kind, holder) {
        (MaterialKind::ServicePrincipalFace, Some(holder)) => holder.path(),
        (_, Some(holder)) => holder.document_path(),
        (_, None) => Holder::Organiser.path(),
    };
    let mut check = |name, fault: Option<Fault>| {
        report.check(name, &material, seen.evidence, fault.map(|fault| fault.at(&path)));
    };

    check(CheckName::MaterialIntact, matches!(seen.sight, Sight::Lost).then_some(faults::PICTURE_LOST));
    if matches!(seen.sight, Sight::Lost) {
        return;
    }
    if let Sight::Faulty(fault) = seen.sight {
        check(CheckName::Picture, Some(picture_fault(fault)));
        return;
    }
    check(CheckName::Picture, None);
    let Sight::Read(fields) = &seen.sight else {
        check(CheckName::Readable, Some(unreadable_fault(seen.kind)));
        return;
    };
    check(CheckName::Readable, None);
    let declared = holder.and_then(|holder| holder.document(subject));
    match fit(seen.kind, declared, fields.document) {
        Fit::Shown => check(CheckName::DocumentKind, None),
        Fit::Untold => report.leave_open(CheckName::DocumentKind, &material, seen.evidence),
        Fit::Other => return check(CheckName::DocumentKind, Some(other_document_fault(seen.kind))),
    }
    match (seen.kind, holder, declared) {
        (MaterialKind::ServicePrincipalFace, _, _) => {}
        (MaterialKind::Commitment, _, _) => {
            let is_ours = fields.name.as_ref().is_none_or(|name| is_same_name(name, &subject.organiser_name));
            let finding = (!is_ours).then(|| faults::OTHER_LETTER.at(&path));
            report.check(CheckName::DocumentAgainstForm, &material, seen.evidence, finding);
        }
        (_, Some(holder), Some(declared)) => {
            compare(subject, holder, declared, (fields, seen.evidence), limits, report);
        }
        _ => {}
    }
}

/// Compares the fields of a document with the form.
fn compare(
    subject: &IdentitySubject,
    holder: Holder,
    declared: &Certificate,
    (fields, evidence): (&DocumentFields, Option<Uuid>),
    limits: &Limits,
    report: &mut Report,
) {
    let path = holder.document_path();
    let mut check = |name, path: &str, fault: Option<Fault>| {
        report.check(name, path, evidence, fault.map(|fault| fault.at(path)));
    };
    if fields.document != DocumentKind::CitizenIdBack {
        let is_number = fields.number.as_ref().is_some_and(|number| is_same_number(number, &declared.number));
        let is_name = fields.name.as_ref().is_some_and(|name| is_same_name(name, holder.name(subject)));
        let number_path = format!("{path}.number");
        check(CheckName::DocumentAgainstForm, &number_path, (!is_number).then_some(faults::NUMBER_DIFFERS));
        check(CheckName::DocumentAgainstForm, &holder.name_path(), (!is_name).then_some(faults::NAME_DIFFERS));
    }
    if let Some(shown) = fields.valid_to {
        let validity_path = format!("{path}.valid_to");
        let is_validity = declared_validity(declared) == Some(shown);
        check(CheckName::DocumentAgainstForm, &validity_path, (!is_validity).then_some(faults::VALIDITY_DIFFERS));
        let lasts = lasts(shown, limits);
        check(CheckName::ValidityLeft, &validity_path, (!lasts).then_some(faults::EXPIRES_SOON));
    } else if let Some(validity) = declared_validity(declared) {
        let lasts = lasts(validity, limits);
        check(CheckName::ValidityLeft, &format!("{path}.valid_to"), (!lasts).then_some(faults::EXPIRES_SOON));
    }
    if let Some(address) = fields.address.as_ref().filter(|_| !declared.address.is_empty()) {
        let is_address = is_same_name(address, &declared.address);
        let address_path = format!("{path}.address");
        check(CheckName::DocumentAgainstForm, &address_path, (!is_address).then_some(faults::ADDRESS_DIFFERS));
    }
    if let Some(representative) = fields.legal_representative.as_ref().filter(|_| holder == Holder::Organiser) {
        let principal_path = Holder::OrganiserPrincipal.name_path();
        let is_principal = is_same_name(representative, Holder::OrganiserPrincipal.name(subject));
        let fault = (!is_principal).then_some(faults::NOT_LEGAL_REPRESENTATIVE);
        check(CheckName::LegalRepresentative, &principal_path, fault);
    }
}

/// Whether a picture shows the document that it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It does.
    Shown,
    /// It shows another one.
    Other,
    /// It may: the engine does not tell these documents apart.
    Untold,
}

/// What a picture of this kind shows, given the kind of document that the form names.
fn fit(material: MaterialKind, declared: Option<&Certificate>, shown: DocumentKind) -> Fit {
    let is_shown = match material {
        MaterialKind::ServicePrincipalFace => shown == DocumentKind::Face,
        MaterialKind::Commitment => shown == DocumentKind::Commitment,
        MaterialKind::OrganiserCertificate | MaterialKind::OrganiserPrincipalId | MaterialKind::ServicePrincipalId => {
            match declared.map(|document| document.kind) {
                Some(kind) if kind == u32::from(CERTIFICATE_BUSINESS_LICENCE) => shown == DocumentKind::BusinessLicence,
                Some(kind) if kind == u32::from(CERTIFICATE_CITIZEN_ID) => {
                    matches!(shown, DocumentKind::CitizenIdFront | DocumentKind::CitizenIdBack)
                }
                _ if matches!(shown, DocumentKind::Face | DocumentKind::Commitment) => false,
                _ => return Fit::Untold,
            }
        }
        _ => false,
    };
    if is_shown { Fit::Shown } else { Fit::Other }
}

fn picture_fault(fault: PictureFault) -> Fault {
    match fault {
        PictureFault::Format | PictureFault::Damaged => faults::PICTURE_FORMAT,
        PictureFault::TooHeavy | PictureFault::TooLarge => faults::PICTURE_TOO_LARGE,
        PictureFault::TooSmall => faults::PICTURE_TOO_SMALL,
    }
}

fn unreadable_fault(kind: MaterialKind) -> Fault {
    match kind {
        MaterialKind::ServicePrincipalFace => faults::FACE_UNREADABLE,
        MaterialKind::Commitment => faults::LETTER_UNREADABLE,
        _ => faults::DOCUMENT_UNREADABLE,
    }
}

fn other_document_fault(kind: MaterialKind) -> Fault {
    match kind {
        MaterialKind::ServicePrincipalFace => faults::NOT_A_FACE,
        MaterialKind::Commitment => faults::OTHER_LETTER,
        _ => faults::OTHER_DOCUMENT,
    }
}

/// What the form says: an empty date is long-term; a malformed one says nothing.
fn declared_validity(declared: &Certificate) -> Option<Validity> {
    Validity::try_from(if declared.valid_to.is_empty() { "long_term".to_owned() } else { declared.valid_to.clone() })
        .ok()
}

/// More than the least months are left (filing-rules §6.4).
fn lasts(validity: Validity, limits: &Limits) -> bool {
    match validity {
        Validity::LongTerm => true,
        Validity::Until(day) => {
            limits.today.checked_add_months(Months::new(limits.least_months_left)).is_some_and(|least| day > least)
        }
    }
}

fn is_citizen_number(kind: u32) -> bool {
    kind == u32::from(CERTIFICATE_CITIZEN_ID) || RESIDENCE_PERMITS.contains(&kind)
}

fn is_same_number(one: &str, other: &str) -> bool {
    comparable_name(one).eq_ignore_ascii_case(&comparable_name(other))
}

#[cfg(test)]
mod tests;
