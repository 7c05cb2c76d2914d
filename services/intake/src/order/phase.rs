//! Where an order can stand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an order stands: `draft`, `checking` (identity and registers), `provider_review` (初审), `queued` (待提交管局),
/// `at_bureau` (待管局审核), `approved` (已备案), `cancelled` (已注销), `returned` (退回), `withdrawn` (撤销) or `expired`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The applicant writes.
    Draft,
    /// Identity and registers are checked.
    Checking,
    /// The provider's reviewer decides (初审).
    ProviderReview,
    /// Waits to be reported to the bureau (待提交管局).
    Queued,
    /// The bureau has it: SMS check, then review (待管局审核).
    AtBureau,
    /// Filed; the numbers are known (已备案).
    Approved,
    /// What was to be taken off the record is off it (已注销).
    Cancelled,
    /// Back with the applicant, with findings (退回).
    Returned,
    /// Withdrawn by the applicant (撤销).
    Withdrawn,
    /// Idle for too long (45 days).
    Expired,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 10] = [
        Self::Draft,
        Self::Checking,
        Self::ProviderReview,
        Self::Queued,
        Self::AtBureau,
        Self::Approved,
        Self::Cancelled,
        Self::Returned,
        Self::Withdrawn,
        Self::Expired,
    ];

    /// The text form, e.g. `provider_review`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Checking => "checking",
            Self::ProviderReview => "provider_review",
            Self::Queued => "queued",
            Self::AtBureau => "at_bureau",
            Self::Approved => "approved",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// The phase with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text)
    }

    /// Whether an order ends here.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Approved | Self::Cancelled | Self::Withdrawn | Self::Expired)
    }

    /// Whether the applicant may change the content.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Returned)
    }
}
