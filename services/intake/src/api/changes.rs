//! What changed in an order since it was last handed in.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::Api;
use super::auth::{Caller, Role};
use super::orders::find;
use super::problem::{Kind, Problem};
use crate::{amendment, store};

/// `GET /v1/orders/{id}/changes`: against the last submission while the applicant works on it, afterwards against the
/// one before, which the last decision was about.
pub async fn changes(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    if caller.role == Role::Operator {
        return Err(Problem::new(Kind::Forbidden, "Operators do not see filings."));
    }
    let stored = find(&api, &caller, &id).await?;
    let skipped = if stored.order.phase.is_open() { 0 } else { 1 };
    let base = store::submission(&api.bus.context().pool, stored.id, skipped).await?;
    let Some(base) = base else {
        return Ok(
            Json(serde_json::json!({ "since": null, "version": stored.order.version, "changes": [] })).into_response()
        );
    };
    let before = api.read_filing(&stored, &base.content)?;
    let changes = amendment::differences(&before, &api.filing(&stored)?)
        .map_err(|error| Problem::new(Kind::Internal, format!("The versions cannot be compared: {error}.")))?;
    Ok(Json(serde_json::json!({
        "since": { "version": base.version, "attempt": base.attempt, "at": base.at },
        "version": stored.order.version,
        "changes": changes,
    }))
    .into_response())
}
