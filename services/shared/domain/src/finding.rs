//! Findings: what a rule, a check, a reviewer or the bureau has to say about one field of an order.

use serde::{Deserialize, Serialize};

/// How much a finding weighs: `advise` stops nothing, at `review` a reviewer must look, `block` must be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know; nothing stops.
    Advise,
    /// A reviewer must look at it.
    Review,
    /// The order cannot go on until it is mended.
    Block,
}

/// Who found it: the `rules` of the province, `identity` verification, a register (`authority`), the provider's
/// `review` (初审), or the `bureau` (管局).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The rule module of the province.
    Rules,
    /// Identity verification: documents, faces.
    Identity,
    /// A register: enterprises, citizens, domains.
    Authority,
    /// The provider's reviewer (初审).
    Review,
    /// The bureau (管局) or the ministry.
    Bureau,
}

/// Where a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FindingSource {
    /// The document or page.
    pub title: String,
    /// Its date, as precise as known, e.g. `2019-04-22` or `2019`.
    pub as_of: String,
    /// `high`, `medium` or `low`.
    pub confidence: String,
}

/// One finding: stable code, field, reason, remedy, source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Stable code of the catalogue (filing-rules §9), e.g. `N01`.
    pub code: String,
    /// Who found it.
    pub stage: Stage,
    /// How much it weighs.
    pub severity: Severity,
    /// Path of the field, e.g. `services[0].name`.
    pub field: String,
    /// Reason in Chinese.
    pub message_zh: String,
    /// Reason in English.
    pub message_en: String,
    /// What to do about it.
    pub remedy: String,
    /// Where the rule comes from, when it is a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<FindingSource>,
}
