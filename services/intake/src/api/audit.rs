//! The audit trail, for auditors and operators.

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Api;
use super::auth::{Caller, Role};
use super::problem::{FieldError, Problem};
use crate::audit::store;

/// Where a page begins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    #[serde(default)]
    after: i64,
    limit: Option<i64>,
}

/// `GET /v1/audit?after=0`: entries behind a number, as lines of JSON; fewer than asked for at the end of the trail.
pub async fn export(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<AuditQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    caller.require_any(&[Role::Auditor, Role::Operator])?;
    let invalid =
        |field: &str, reason: &str, remedy: String| Problem::fields(vec![FieldError::new(field, reason, remedy)]);
    let Query(query) = query.map_err(|error| invalid("query", &error.body_text(), "use after and limit".to_owned()))?;
    let max = api.config.audit.max_page;
    let limit = query.limit.unwrap_or(max);
    if !(1..=max).contains(&limit) {
        return Err(invalid("limit", "is out of range", format!("ask for 1 to {max} entries")));
    }
    let links = store::page(&api.bus.context().pool, query.after, limit).await?;
    let mut lines = Vec::new();
    for linked in &links {
        if serde_json::to_writer(&mut lines, &linked.line()).is_ok() {
            lines.push(b'\n');
        }
    }
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}
