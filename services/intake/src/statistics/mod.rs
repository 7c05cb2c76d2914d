//! Figures about orders: what is open, what happened, why orders were returned and how long they took. They are counted
//! from states and history when somebody asks, so they need no upkeep and cannot disagree with the orders. No personal
//! data.
//!
//! Reading order: [`figures`] (what is counted, with its SQL), [`monthly`] (the work report of a month).

pub mod figures;
pub mod monthly;

use serde::{Deserialize, Serialize};

/// The section `[intake.statistics]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatisticsConfig {
    /// Days that one question may span at most.
    pub max_days: i64,
}
