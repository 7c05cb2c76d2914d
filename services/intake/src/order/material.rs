//! What an order remembers of a material that came to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A material that comes to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaterialChange {
    /// Text form of its kind.
    pub kind: String,
    /// Service that it belongs to.
    pub service: u32,
    /// Whether it replaces another one.
    pub replaced: bool,
}
