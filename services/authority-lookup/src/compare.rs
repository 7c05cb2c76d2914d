//! What registers answered, compared with what the form says. Pure: same input, same report.

use chrono::{Months, NaiveDate};
use icp_domain::names::{comparable_name, is_same_name};
use icp_proto::authority::LookupSubject;

use crate::answer::{Answer, CitizenAnswer, DomainAnswer, EnterpriseAnswer, EnterpriseStatus, Given};
use crate::catalogue::{self as faults, Fault};
use crate::question::{Authority, Question};
use crate::report::{FieldResult, Report, Verdict};

/// Parameters of the comparison.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Today in Beijing.
    pub today: NaiveDate,
    /// A domain must stay registered for more than so many months.
    pub least_domain_months_left: u32,
}

/// Something wrong, and where.
type Wrong = (Fault, String);

/// Judges a submission: each question with its answer, or none when the register stayed silent.
pub fn judge(
    subject: &LookupSubject,
    answers: &[(&Question, Option<&Given>)],
    unanswerable: &[String],
    limits: &Limits,
) -> Report {
    let mut report = Report::default();
    for (question, given) in answers {
        let authority = question.query.authority();
        let (verdict, wrongs) = match given {
            Some(given) => compare(subject, question, &given.answer, limits),
            None => (Verdict::Unavailable, about_all(question, silence(authority))),
        };
        if let Some(given) = given {
            report.keep(question, &given.answer);
        }
        if let (Some(_), Some(count)) = (given, report.answered.get_mut(authority as usize)) {
            *count += 1;
        }
        for field in &question.fields {
            report.results.push(FieldResult {
                authority,
                field: field.clone(),
                verdict,
                reference: given.map(|given| given.answer.reference().to_owned()).unwrap_or_default(),
                asked_at: given.map(|given| given.asked_at),
            });
        }
        for (fault, field) in wrongs {
            report.add(&fault, field);
        }
    }
    for field in unanswerable {
        report.add(&faults::CITIZEN_UNANSWERABLE, field);
    }
    report
}

/// Whether an answer finds nothing wrong, so that it may be used again for a while.
pub fn is_favourable(subject: &LookupSubject, question: &Question, answer: &Answer, limits: &Limits) -> bool {
    compare(subject, question, answer, limits).1.is_empty()
}

fn compare(subject: &LookupSubject, question: &Question, answer: &Answer, limits: &Limits) -> (Verdict, Vec<Wrong>) {
    match (question.query.authority(), answer) {
        (Authority::Enterprise, Answer::Enterprise(answer)) => compare_enterprise(subject, question, answer),
        (Authority::Citizen, Answer::Citizen(answer)) => compare_citizen(question, answer),
        (Authority::Domain, Answer::Domain(answer)) => compare_domain(subject, question, answer, limits),
        (authority, _) => (Verdict::Unavailable, about_all(question, silence(authority))),
    }
}

fn compare_enterprise(
    subject: &LookupSubject,
    question: &Question,
    answer: &EnterpriseAnswer,
) -> (Verdict, Vec<Wrong>) {
    if !answer.found {
        return (Verdict::NotFound, about_all(question, faults::ENTERPRISE_UNKNOWN));
    }
    let mut wrongs = Vec::new();
    let mut wrong = |fault: Fault, field: &str| wrongs.push((fault, field.to_owned()));
    if !is_named(answer.name.as_deref(), &subject.organiser_name) {
        wrong(faults::ENTERPRISE_NAME, "organiser.name");
    }
    match answer.status {
        Some(EnterpriseStatus::Active) => {}
        Some(EnterpriseStatus::Revoked | EnterpriseStatus::Cancelled) => {
            wrong(faults::ENTERPRISE_GONE, "organiser.certificate.number");
        }
        Some(EnterpriseStatus::Abnormal | EnterpriseStatus::Unknown) | None => {
            wrong(faults::ENTERPRISE_ABNORMAL, "organiser.certificate.number");
        }
    }
    let principal = subject.organiser_principal.as_ref().map_or("", |principal| &principal.name);
    if !is_named(answer.legal_representative.as_deref(), principal) {
        wrong(faults::NOT_LEGAL_REPRESENTATIVE, "organiser.principal.name");
    }
    let declared_address = subject.organiser_certificate.as_ref().map_or("", |certificate| &certificate.address);
    let registered_address = answer.registered_address.as_deref().unwrap_or("");
    let is_both_known = !declared_address.is_empty() && !registered_address.is_empty();
    if is_both_known && !is_same_name(declared_address, registered_address) {
        wrong(faults::ENTERPRISE_ADDRESS, "organiser.certificate.address");
    }
    (verdict(&wrongs), wrongs)
}

fn compare_citizen(question: &Question, answer: &CitizenAnswer) -> (Verdict, Vec<Wrong>) {
    match (answer.is_match, answer.found) {
        (true, _) => (Verdict::Match, Vec::new()),
        (false, Some(false)) => (Verdict::NotFound, about_all(question, faults::CITIZEN_UNKNOWN)),
        (false, _) => (Verdict::Mismatch, about_all(question, faults::CITIZEN_MISMATCH)),
    }
}

fn compare_domain(
    subject: &LookupSubject,
    question: &Question,
    answer: &DomainAnswer,
    limits: &Limits,
) -> (Verdict, Vec<Wrong>) {
    if !answer.found {
        return (Verdict::NotFound, about_all(question, faults::DOMAIN_UNKNOWN));
    }
    let mut wrongs = Vec::new();
    if answer.real_name_verified != Some(true) {
        wrongs.extend(about_all(question, faults::DOMAIN_NOT_REAL_NAMED));
    }
    if answer.registrar_approved != Some(true) {
        wrongs.extend(about_all(question, faults::DOMAIN_REGISTRAR));
    }
    let declared_number = subject.organiser_certificate.as_ref().map_or("", |certificate| &certificate.number);
    let is_holder = is_named(answer.holder.as_deref(), &subject.organiser_name)
        && is_numbered(answer.holder_certificate_number.as_deref(), declared_number);
    if !is_holder {
        wrongs.extend(about_all(question, faults::DOMAIN_HOLDER));
    }
    let least = limits.today.checked_add_months(Months::new(limits.least_domain_months_left));
    let lasts = matches!((answer.expires_on, least), (Some(last), Some(least)) if last > least);
    if !lasts {
        wrongs.extend(about_all(question, faults::DOMAIN_EXPIRES));
    }
    (verdict(&wrongs), wrongs)
}

fn verdict(wrongs: &[Wrong]) -> Verdict {
    if wrongs.is_empty() { Verdict::Match } else { Verdict::Mismatch }
}

/// The same fault about each field of a question.
fn about_all(question: &Question, fault: Fault) -> Vec<Wrong> {
    question.fields.iter().map(|field| (fault, field.clone())).collect()
}

fn silence(authority: Authority) -> Fault {
    match authority {
        Authority::Enterprise => faults::ENTERPRISE_SILENT,
        Authority::Citizen => faults::CITIZEN_SILENT,
        Authority::Domain => faults::DOMAIN_SILENT,
    }
}

/// Names that are empty agree with nothing.
fn is_named(registered: Option<&str>, declared: &str) -> bool {
    registered.is_some_and(|registered| !declared.is_empty() && is_same_name(registered, declared))
}

fn is_numbered(registered: Option<&str>, declared: &str) -> bool {
    registered.is_some_and(|registered| {
        !declared.is_empty() && comparable_name(registered).eq_ignore_ascii_case(&comparable_name(declared))
    })
}

#[cfg(test)]
mod tests;
