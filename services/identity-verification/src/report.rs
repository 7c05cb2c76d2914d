//! Checks and findings as they are collected.

use icp_proto::common::{Finding, Severity};
use icp_proto::identity::Check;
use uuid::Uuid;

/// The checks that this service makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckName {
    /// The material was handed in.
    MaterialPresent,
    /// The stored material is the uploaded one.
    MaterialIntact,
    /// Format, size and header of the picture.
    Picture,
    /// The engine can read it.
    Readable,
    /// It shows what it should.
    DocumentKind,
    /// Form and check character of a number.
    CheckDigit,
    /// A field of the document is what the form says.
    DocumentAgainstForm,
    /// The document is valid for long enough.
    ValidityLeft,
    /// The person in charge is the legal representative.
    LegalRepresentative,
    /// The live face is the one on the document.
    FaceAgainstDocument,
}

impl CheckName {
    /// The name in messages and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MaterialPresent => "material_present",
            Self::MaterialIntact => "material_intact",
            Self::Picture => "picture",
            Self::Readable => "readable",
            Self::DocumentKind => "document_kind",
            Self::CheckDigit => "check_digit",
            Self::DocumentAgainstForm => "document_against_form",
            Self::ValidityLeft => "validity_left",
            Self::LegalRepresentative => "legal_representative",
            Self::FaceAgainstDocument => "face_against_document",
        }
    }

    fn complaint(self) -> &'static str {
        match self {
            Self::MaterialPresent => "material is missing",
            Self::MaterialIntact => "stored material is lost or changed",
            Self::Picture => "picture is not usable",
            Self::Readable => "picture cannot be read",
            Self::DocumentKind => "picture shows something else",
            Self::CheckDigit => "number breaks its rules",
            Self::DocumentAgainstForm => "document differs from the form",
            Self::ValidityLeft => "document expires too soon",
            Self::LegalRepresentative => "not the legal representative",
            Self::FaceAgainstDocument => "face differs from the document",
        }
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
        });
        if let Some(finding) = finding {
            self.complaints.push(format!("{}: {}", name.complaint(), finding.field));
            self.findings.push(finding);
        }
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
            Outcome::Passed => ("documents verified", format!("{} checks passed", self.checks.len())),
            Outcome::Review => ("documents need a reviewer's look", complaints()),
            Outcome::Blocked => ("documents not accepted", complaints()),
        }
    }
}
