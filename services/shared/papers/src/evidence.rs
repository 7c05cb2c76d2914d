//! What has been proved about a submission: the recorded results that a slip may be filled from.

use chrono::{DateTime, Utc};
use icp_domain::{Finding, Severity};
use serde::Serialize;
use uuid::Uuid;

/// One submission of one order; proof for one is no proof for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Submission {
    /// Id of the order.
    pub order_id: Uuid,
    /// Number of the submission.
    pub attempt: u32,
}

/// Who proved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A check of identity verification.
    Identity,
    /// An answer of a register.
    Authority,
    /// The verdict of the province's rules.
    Rules,
    /// The decision of the provider's reviewer (初审).
    Reviewer,
    /// The provider's policy, which passed the order without a reviewer: it has looked at nothing.
    Policy,
}

impl EvidenceKind {
    /// The name on paper.
    pub fn name_zh(self) -> &'static str {
        match self {
            Self::Identity => "身份核验",
            Self::Authority => "权威库比对",
            Self::Rules => "规则判定",
            Self::Reviewer => "人工初审",
            Self::Policy => "策略自动初审",
        }
    }

    /// Whether it is a decision of the provider (初审), by a person or not.
    pub fn is_review(self) -> bool {
        matches!(self, Self::Reviewer | Self::Policy)
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It was left to a person: neither proof nor objection.
    Open,
}

/// One recorded result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The submission that it is about.
    pub submission: Submission,
    /// Who proved it.
    pub kind: EvidenceKind,
    /// Name of the check, e.g. `document_against_form`; for registers their name, e.g. `enterprise`.
    pub check: String,
    /// Path of the field or material that was checked; empty for a result about everything declared.
    pub field: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Reference to the stored result.
    pub id: String,
    /// When it was recorded.
    pub at: DateTime<Utc>,
}

impl Evidence {
    /// What a verdict of the rules says: everything holds, except where a finding objects or asks for a person.
    ///
    /// `digest` is the digest of the module that judged. Without a module nothing is said.
    pub fn of_rules(
        submission: Submission,
        digest: Option<&str>,
        findings: &[Finding],
        at: DateTime<Utc>,
    ) -> Vec<Self> {
        let Some(digest) = digest else { return Vec::new() };
        let line = |check: &str, field: &str, outcome| Self {
            submission,
            kind: EvidenceKind::Rules,
            check: check.to_owned(),
            field: field.to_owned(),
            outcome,
            id: digest.to_owned(),
            at,
        };
        let exceptions = findings.iter().filter_map(|finding| match finding.severity {
            Severity::Advise => None,
            Severity::Review => Some(line(&finding.code, &finding.field, Outcome::Open)),
            Severity::Block => Some(line(&finding.code, &finding.field, Outcome::Failed)),
        });
        std::iter::once(line("judged", "", Outcome::Passed)).chain(exceptions).collect()
    }

    /// Whether this result concerns the field: it is about the field, a part of it, or something that holds it.
    pub fn concerns(&self, field: &str) -> bool {
        holds(&self.field, field) || holds(field, &self.field)
    }

    /// Whether this result proves the field.
    ///
    /// A check proves what it names. Only the rules and the reviewer speak about everything declared at once.
    pub fn proves(&self, field: &str) -> bool {
        let speaks_of_all = matches!(self.kind, EvidenceKind::Rules | EvidenceKind::Reviewer) && self.field.is_empty();
        self.outcome == Outcome::Passed && (speaks_of_all || self.field == field)
    }
}

/// Whether `inner` is `outer` or lies in it; the empty path holds everything.
fn holds(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A reference to one recorded result, as it is printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceRef {
    /// Who proved it.
    pub kind: EvidenceKind,
    /// Name of the check.
    pub check: String,
    /// Path of the field.
    pub field: String,
    /// Reference to the stored result.
    pub id: String,
    /// When it was recorded.
    pub at: DateTime<Utc>,
}

impl From<&Evidence> for EvidenceRef {
    fn from(evidence: &Evidence) -> Self {
        Self {
            kind: evidence.kind,
            check: evidence.check.clone(),
            field: evidence.field.clone(),
            id: evidence.id.clone(),
            at: evidence.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_holds_itself_and_what_lies_in_it() {
        for (outer, inner, expected) in [
            ("", "organiser", true),
            ("organiser", "organiser.name", true),
            ("services[0].domains", "services[0].domains[1]", true),
            ("services[1]", "services[10].name", false),
            ("organiser.name", "organiser", false),
            ("organiser.na", "organiser.name", false),
        ] {
            assert_eq!(holds(outer, inner), expected, "{outer} holds {inner}");
        }
    }
}
