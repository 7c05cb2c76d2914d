//! The audit trail, for auditors and operators.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::openapi::refusals::Fields;
use super::params::Query;
use super::problem::Problem;
use crate::audit::chain::Line;
use crate::audit::store;

/// The routes of the audit trail.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(export))
}

/// Where a page begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Only entries behind this number; from the first one where nothing is said.
    #[serde(default)]
    #[param(example = 0)]
    after: i64,
    /// Entries in the page, 1 to 5,000 (`intake.audit.max_page`), which is what nothing said means too.
    #[param(minimum = 1)]
    limit: Option<i64>,
}

/// The audit trail (操作审计) behind a number, one entry of JSON a line; fewer than asked for at the end of the trail.
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "audit",
    params(AuditQuery),
    responses(
        (status = 200, description = "Lines.", body = Line<'_>, content_type = "application/x-ndjson"),
        Fields
    )
)]
async fn export(State(api): State<Api>, Query(query): Query<AuditQuery>) -> Result<Response, Problem> {
    let max = api.config.audit.max_page;
    let limit = query.limit.unwrap_or(max);
    if !(1..=max).contains(&limit) {
        return Err(Problem::field("limit", "is out of range", &format!("ask for 1 to {max} entries")));
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
