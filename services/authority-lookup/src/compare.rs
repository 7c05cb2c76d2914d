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

/// What an answer says: of each field that it speaks about, and what is wrong.
struct Compared {
    verdicts: Vec<(String, Verdict)>,
    wrongs: Vec<Wrong>,
}

impl Compared {
    /// The same about every field of a question.
    fn all(question: &Question, verdict: Verdict, faults: &[Fault]) -> Self {
        let fields = || question.fields.iter();
        Self {
            verdicts: fields().map(|field| (field.clone(), verdict)).collect(),
            wrongs: faults.iter().flat_map(|fault| fields().map(|field| (*fault, field.clone()))).collect(),
        }
    }
}

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
        let compared = match given {
            Some(given) => compare(subject, question, &given.answer, limits),
            None => Compared::all(question, Verdict::Unavailable, &[silence(authority)]),
        };
        if let Some(given) = given {
            report.keep(question, &given.answer);
        }
        if let (Some(_), Some(count)) = (given, report.answered.get_mut(authority as usize)) {
            *count += 1;
        }
        for (field, verdict) in compared.verdicts {
            report.results.push(FieldResult {
                authority,
                field,
                verdict,
                reference: given.map(|given| given.answer.reference().to_owned()).unwrap_or_default(),
                asked_at: given.map(|given| given.asked_at),
            });
        }
        for (fault, field) in compared.wrongs {
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
    compare(subject, question, answer, limits).wrongs.is_empty()
}

fn compare(subject: &LookupSubject, question: &Question, answer: &Answer, limits: &Limits) -> Compared {
    match (question.query.authority(), answer) {
        (Authority::Enterprise, Answer::Enterprise(answer)) => compare_enterprise(subject, question, answer),
        (Authority::Citizen, Answer::Citizen(answer)) => compare_citizen(question, answer),
        (Authority::Domain, Answer::Domain(answer)) => compare_domain(subject, question, answer, limits),
        (authority, _) => Compared::all(question, Verdict::Unavailable, &[silence(authority)]),
    }
}

/// Each declared field has a verdict of its own: another legal representative or address says nothing against the
/// number. The state of the enterprise is no field of the form; it is a finding alone.
fn compare_enterprise(subject: &LookupSubject, question: &Question, answer: &EnterpriseAnswer) -> Compared {
    if !answer.found {
        return Compared::all(question, Verdict::NotFound, &[faults::ENTERPRISE_UNKNOWN]);
    }
    let mut wrongs = Vec::new();
    let mut wrong = |fault: Fault, field: &str| wrongs.push((fault, field.to_owned()));
    let is_name = is_named(answer.name.as_deref(), &subject.organiser_name);
    if !is_name {
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
    let is_representative = is_named(answer.legal_representative.as_deref(), principal);
    if !is_representative {
        wrong(faults::NOT_LEGAL_REPRESENTATIVE, "organiser.principal.name");
    }
    let declared_address = subject.organiser_certificate.as_ref().map_or("", |certificate| &certificate.address);
    let registered_address = answer.registered_address.as_deref().unwrap_or("");
    let is_both_known = !declared_address.is_empty() && !registered_address.is_empty();
    let is_address = is_both_known.then(|| is_same_name(declared_address, registered_address));
    if is_address == Some(false) {
        wrong(faults::ENTERPRISE_ADDRESS, "organiser.certificate.address");
    }
    // A number that is registered under another name is another's number.
    let numbers = question.fields.iter().map(|field| (field.clone(), verdict(is_name)));
    let others = [
        ("organiser.name", Some(is_name)),
        ("organiser.principal.name", Some(is_representative)),
        ("organiser.certificate.address", is_address),
    ];
    let others = others.into_iter().filter_map(|(field, agrees)| Some((field.to_owned(), verdict(agrees?))));
    Compared { verdicts: numbers.chain(others).collect(), wrongs }
}

fn compare_citizen(question: &Question, answer: &CitizenAnswer) -> Compared {
    match (answer.is_match, answer.found) {
        (true, _) => Compared::all(question, Verdict::Match, &[]),
        (false, Some(false)) => Compared::all(question, Verdict::NotFound, &[faults::CITIZEN_UNKNOWN]),
        (false, _) => Compared::all(question, Verdict::Mismatch, &[faults::CITIZEN_MISMATCH]),
    }
}

fn compare_domain(subject: &LookupSubject, question: &Question, answer: &DomainAnswer, limits: &Limits) -> Compared {
    if !answer.found {
        return Compared::all(question, Verdict::NotFound, &[faults::DOMAIN_UNKNOWN]);
    }
    let declared_number = subject.organiser_certificate.as_ref().map_or("", |certificate| &certificate.number);
    let is_holder = is_named(answer.holder.as_deref(), &subject.organiser_name)
        && is_numbered(answer.holder_certificate_number.as_deref(), declared_number);
    let least = limits.today.checked_add_months(Months::new(limits.least_domain_months_left));
    let lasts = matches!((answer.expires_on, least), (Some(last), Some(least)) if last > least);
    let wrongs: Vec<Fault> = [
        (answer.real_name_verified == Some(true), faults::DOMAIN_NOT_REAL_NAMED),
        (answer.registrar_approved == Some(true), faults::DOMAIN_REGISTRAR),
        (is_holder, faults::DOMAIN_HOLDER),
        (lasts, faults::DOMAIN_EXPIRES),
    ]
    .into_iter()
    .filter(|(holds, _)| !holds)
    .map(|(_, fault)| fault)
    .collect();
    Compared::all(question, verdict(wrongs.is_empty()), &wrongs)
}

fn verdict(agrees: bool) -> Verdict {
    if agrees { Verdict::Match } else { Verdict::Mismatch }
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
