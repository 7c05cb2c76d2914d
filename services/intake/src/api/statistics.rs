//! Figures, for supervisors, operators and reviewers.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{Datelike, NaiveDate};
use icp_domain::Province;
use serde::Deserialize;

use super::Api;
use super::auth::{Caller, Role};
use super::problem::{FieldError, Problem};
use crate::china;
use crate::statistics::figures::{self, Span};
use crate::statistics::monthly;

const MAY_READ: [Role; 3] = [Role::Supervisor, Role::Operator, Role::Reviewer];

/// What is asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiguresQuery {
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    province: Option<String>,
}

/// Which report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonthlyQuery {
    month: String,
    #[serde(default)]
    format: Format,
}

/// Form of the report.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Csv,
}

/// `GET /v1/statistics?from=2026-11-01&until=2026-11-30&province=gd`: this month up to today, where nothing is said.
pub async fn statistics(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<FiguresQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    caller.require_any(&MAY_READ)?;
    let Query(query) = query.map_err(|error| {
        invalid("query", &error.body_text(), "use from and until, dates such as 2026-11-01, and province")
    })?;
    let now = api.clock.now();
    let today = china::day(now);
    let until = query.until.unwrap_or(today);
    let from = query.from.or_else(|| until.with_day(1)).unwrap_or(until);
    let max_days = api.config.statistics.max_days;
    if from > until || (until - from).num_days() >= max_days {
        return Err(invalid("from", "is out of range", &format!("ask for 1 to {max_days} days up to `until`")));
    }
    if query.province.as_deref().is_some_and(|letters| Province::parse(letters).is_none()) {
        return Err(invalid("province", "is no province", "use its letters, e.g. gd"));
    }
    let span = Span { from, until, province: query.province };
    let pool = &api.bus.context().pool;
    let open = figures::open(pool, span.province.as_deref(), now).await?;
    Ok(Json(serde_json::json!({
        "from": from,
        "until": until,
        "open": open,
        "flow": figures::flow(pool, &span).await?,
        "reasons": figures::reasons(pool, &span).await?,
        "time_in_phase": figures::stays(pool, &span).await?,
    }))
    .into_response())
}

/// `GET /v1/statistics/monthly?month=2026-11&format=csv`: the work report of a month.
pub async fn monthly(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<MonthlyQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    caller.require_any(&MAY_READ)?;
    let Query(query) =
        query.map_err(|error| invalid("query", &error.body_text(), "use month, and format: json or csv"))?;
    let (from, until) =
        monthly::days_of(&query.month).ok_or_else(|| invalid("month", "is no month", "give it as 2026-11"))?;
    let span = Span { from, until, province: None };
    let lines = monthly::report(&api.bus.context().pool, &span).await?;
    if query.format == Format::Json {
        return Ok(Json(serde_json::json!({ "month": query.month, "lines": lines })).into_response());
    }
    let disposition = format!("attachment; filename=\"icp-{}.csv\"", query.month);
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, monthly::csv(&lines)).into_response())
}

fn invalid(field: &str, reason: &str, remedy: &str) -> Problem {
    Problem::fields(vec![FieldError::new(field, reason, remedy)])
}
