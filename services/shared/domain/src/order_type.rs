//! The types of filing orders (备案订单类型, filing-rules §1.2).

use serde::{Deserialize, Serialize};

/// What a filing order asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrderType {
    /// 首次备案: organiser and service are both new to the ministry.
    FirstFiling,
}

impl OrderType {
    /// The text form, e.g. `first_filing`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstFiling => "first_filing",
        }
    }
}
