//! Checks and findings as they are collected.

use icp_domain::CheckName;
use icp_proto::common::{Finding, Severity};
use icp_proto::identity::Check;
use uuid::Uuid;

/// What the journal says when the check fails.
fn complaint(name: CheckName) -> &'static str {
    match name {
        CheckName::MaterialPresent => "material is missing",
        CheckName::MaterialIntact => "stored material is lost or changed",
        CheckName::Picture => "picture is not usable",
        CheckName::Readable => "picture cannot be read",
        CheckName::DocumentKind => "picture shows something else",
        CheckName::CheckDigit => "number breaks its rules",
        CheckName::DocumentAgainstForm => "document differs from the form",
        CheckName::ValidityLeft => "document expires too soon",
        CheckName::LegalRepresentative => "not the legal representative",
        CheckName::FaceAgainstDocument => "face differs from the document",
    }
}

/// How a verification ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was found.
    Passed,
    /// A reviewer must look at it.
    Review,
    /// The applicant must mend it.
    Blocked,
}

impl Outcome {
    /// The text in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Review => "review",
            Self::Blocked => "blocked",
        }
    }
}

/// All that a verification says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Each check with its result.
    pub checks: Vec<Check>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    complaints: Vec<String>,
}

impl Report {
    /// Records a check: it passed when there is no finding.
    pub fn check(
        &mut self,
        name: CheckName,
        subject: impl Into<String>,
        evidence: Option<Uuid>,
        finding: Option<Finding>,
    ) {
        let subject = subject.into();
        self.checks.push(Check {
            name: name.as_str().to_owned(),
            subject: subject.clone(),
            passed: finding.is_none(),
            evidence: evidence.map(|id| id.to_string()).unwrap_or_default(),
            open: false,
        });
        if let Some(finding) = finding {
            self.complaints.push(format!("{}: {}", complaint(name), finding.field));
            self.findings.push(finding);
        }
    }

    /// Records a check that could not be told: neither passed nor failed, and nothing to mend.
    pub fn leave_open(&mut self, name: CheckName, subject: impl Into<String>, evidence: Option<Uuid>) {
        self.checks.push(Check {
            name: name.as_str().to_owned(),
            subject: subject.into(),
            passed: false,
            evidence: evidence.map(|id| id.to_string()).unwrap_or_default(),
            open: true,
        });
    }

    /// How it ended, by the heaviest finding.
    pub fn outcome(&self) -> Outcome {
        match self.findings.iter().map(Finding::severity).max() {
            Some(Severity::Block) => Outcome::Blocked,
            Some(Severity::Review) => Outcome::Review,
            _ => Outcome::Passed,
        }
    }

    /// The line for the journal: what, why.
    pub fn journal_line(&self) -> (&'static str, String) {
        let complaints = || self.complaints.join("; ");
        match self.outcome() {
            Outcome::Passed => {
                let passed = self.checks.iter().filter(|check| check.passed).count();
                ("documents verified", format!("{passed} checks passed"))
            }
            Outcome::Review => ("documents need a reviewer's look", complaints()),
            Outcome::Blocked => ("documents not accepted", complaints()),
        }
    }
}
