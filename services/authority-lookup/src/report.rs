//! Results and findings as they are collected.

use chrono::{DateTime, Utc};
use icp_proto::authority::{DomainFacts, EnterpriseFacts, EnterpriseRecord};
use icp_proto::common::{Finding, Severity};

use crate::answer::{Answer, EnterpriseStatus};
use crate::catalogue::Fault;
use crate::question::{Authority, Query, Question};

/// What a register's answer means for one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The register agrees with the form.
    Match,
    /// It does not.
    Mismatch,
    /// It does not know what was asked about.
    NotFound,
    /// It did not answer.
    Unavailable,
}

impl Verdict {
    /// The text in messages and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::NotFound => "not_found",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What a register says about one field, with its provenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldResult {
    /// Which register.
    pub authority: Authority,
    /// Field that was asked about.
    pub field: String,
    /// What the answer means.
    pub verdict: Verdict,
    /// The register's reference number; empty without an answer.
    pub reference: String,
    /// When it was asked; none without an answer.
    pub asked_at: Option<DateTime<Utc>>,
}

/// What the register of enterprises says of an organiser; none where it does not know the number. Personal data.
pub fn enterprise_record(question: &Question, answer: &Answer) -> Option<EnterpriseRecord> {
    let (Query::Enterprise { uscc }, Answer::Enterprise(answer)) = (&question.query, answer) else { return None };
    let name = answer.name.clone().filter(|_| answer.found)?;
    let address = answer.registered_address.clone().unwrap_or_default();
    Some(EnterpriseRecord { certificate_number: uscc.clone(), name, address })
}

/// How a look-up ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The registers agree with the form.
    Agree,
    /// A reviewer must look at it.
    Review,
    /// The applicant must mend it.
    Blocked,
}

impl Outcome {
    /// The text in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Review => "review",
            Self::Blocked => "blocked",
        }
    }
}

/// All that a look-up says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// What the registers say, field by field.
    pub results: Vec<FieldResult>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What the register of enterprises knows.
    pub enterprise: Option<EnterpriseFacts>,
    /// What the registries of domains know.
    pub domains: Vec<DomainFacts>,
    /// How many questions each authority answered, in the order of [`Authority::ALL`].
    pub answered: [usize; 3],
    complaints: Vec<String>,
}

impl Report {
    /// Records something wrong about a field.
    pub fn add(&mut self, fault: &Fault, field: impl Into<String>) {
        let field = field.into();
        self.complaints.push(format!("{}: {field}", fault.reason()));
        self.findings.push(fault.at(field));
    }

    /// Keeps what a register knows, without personal data.
    pub fn keep(&mut self, question: &Question, answer: &Answer) {
        match (&question.query, answer) {
            (Query::Enterprise { .. }, Answer::Enterprise(answer)) => {
                let status = match answer.status {
                    Some(EnterpriseStatus::Active) => "active",
                    Some(EnterpriseStatus::Abnormal) => "abnormal",
                    Some(EnterpriseStatus::Revoked) => "revoked",
                    Some(EnterpriseStatus::Cancelled) => "deregistered",
                    Some(EnterpriseStatus::Unknown) | None => "",
                };
                self.enterprise =
                    Some(EnterpriseFacts { found: answer.found, status: status.to_owned(), record: None });
            }
            (Query::Domain { name }, Answer::Domain(answer)) => self.domains.push(DomainFacts {
                domain: name.clone(),
                found: answer.found,
                real_named: answer.real_name_verified,
                expires_on: answer.expires_on.map(|day| day.to_string()).unwrap_or_default(),
                registrar_approved: answer.registrar_approved,
            }),
            _ => {}
        }
    }

    /// How it ended, by the heaviest finding.
    pub fn outcome(&self) -> Outcome {
        match self.findings.iter().map(Finding::severity).max() {
            Some(Severity::Block) => Outcome::Blocked,
            Some(Severity::Review) => Outcome::Review,
            _ => Outcome::Agree,
        }
    }

    /// The line for the journal: what, why.
    pub fn journal_line(&self) -> (&'static str, String) {
        let complaints = || self.complaints.join("; ");
        match self.outcome() {
            Outcome::Agree => ("registers agree", self.counted()),
            Outcome::Review => ("registers need a reviewer's look", complaints()),
            Outcome::Blocked => ("registers do not agree", complaints()),
        }
    }

    /// E.g. `enterprise, 2 citizens, 1 domain`.
    fn counted(&self) -> String {
        let parts: Vec<String> = Authority::ALL
            .into_iter()
            .zip(self.answered)
            .filter(|(_, count)| *count > 0)
            .map(|(authority, count)| match (authority, count) {
                (Authority::Enterprise, 1) => authority.as_str().to_owned(),
                (_, 1) => format!("1 {}", authority.as_str()),
                _ => format!("{count} {}s", authority.as_str()),
            })
            .collect();
        parts.join(", ")
    }
}
