//! Parameters that many operations take, for the `params(…)` of handlers.

use utoipa::IntoParams;
use uuid::Uuid;

/// An order in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OrderPath {
    /// Id of the order.
    pub id: Uuid,
}

/// The version that a change is made on.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IfMatch {
    /// The `ETag` that the order was read with.
    #[param(rename = "If-Match", example = "\"3\"")]
    pub if_match: String,
}

/// A request that changes something once, however often it is sent.
#[derive(IntoParams)]
pub struct RequestKey {
    /// A name of your own for this request, at most 255 visible characters: sent again, it gets the first answer.
    #[param(rename = "Idempotency-Key", example = "order-2026-0001")]
    pub idempotency_key: Option<String>,
}
