//! What was checked of an order, one result a field, as its history keeps it: what a paper may rest on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One check of identity verification, or one answer of a register. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckResult {
    /// Name of the check or of the register.
    pub check: String,
    /// Field or material.
    pub field: String,
    /// Whether it agrees with the form.
    pub passed: bool,
    /// Whether it could not be told: neither agreement nor disagreement; `passed` is false then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// Reference to the stored result; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence: String,
}

/// How many there are, as the history counts them.
pub(super) fn count(results: &[CheckResult]) -> u32 {
    u32::try_from(results.len()).unwrap_or(u32::MAX)
}
