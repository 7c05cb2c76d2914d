//! What an order remembers of a material that came to it, or was taken back.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A material that comes to an order, or is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaterialChange {
    /// Text form of its kind.
    pub kind: String,
    /// Service that it belongs to.
    pub service: u32,
    /// Whether it replaces another one.
    pub replaced: bool,
    /// Whether it is taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}
