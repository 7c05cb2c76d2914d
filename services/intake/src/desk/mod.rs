//! The desk of the provider's reviewers (初审): what waits, who has it, by when, and who may decide.
//!
//! Reading order: [`reasons`] (the catalogue that returns are worded with), [`words`] (reviewers' own words,
//! encrypted), [`deadline`] (working days), [`queue`] (what waits, and claims), [`second_opinion`] (the two-person
//! rule), [`policy`] and [`automatic`] (what may pass without a reviewer). The pure state machine of
//! [`crate::order`] knows nothing of claims and deadlines: they say who should decide, not what an order is.

pub mod automatic;
pub mod deadline;
pub mod policy;
pub mod queue;
pub mod reasons;
pub mod second_opinion;
pub mod words;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The section `[intake.review]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewConfig {
    /// Whether only the reviewer who has claimed an order may decide on it.
    pub claim_required: bool,
    /// How long a claim lasts, minutes.
    pub claim_minutes: u32,
    /// Which orders need a second reviewer to pass.
    pub second_opinion: second_opinion::SecondOpinion,
    /// Calendar of working days; empty: the one that comes with the release.
    pub calendar_file: PathBuf,
    /// Working days in which the provider wants to decide.
    pub target_working_days: u32,
    /// Working days in which the provider must have decided.
    pub legal_working_days: u32,
    /// What may pass without a reviewer.
    pub automatic: policy::Policy,
}
