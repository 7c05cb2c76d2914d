//! Figures, for supervisors, operators and reviewers.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{Datelike, NaiveDate};
use icp_domain::Province;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::openapi::refusals::Fields;
use super::params::Query;
use super::problem::Problem;
use crate::china;
use crate::statistics::figures::{self, Flow, Open, ReasonCount, Span, Stay};
use crate::statistics::monthly::{self, Line};

/// Years that figures are asked about.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=9999;

/// The routes of figures.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(statistics)).routes(routes!(monthly))
}

/// What is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FiguresQuery {
    /// First day, in China; the first of the month of `until` where nothing is said.
    from: Option<NaiveDate>,
    /// Last day, in China; today where nothing is said. At most 366 days (`intake.statistics.max_days`) are asked about.
    until: Option<NaiveDate>,
    /// Only this province.
    #[param(inline)]
    province: Option<Province>,
}

/// Which report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MonthlyQuery {
    /// Month in China.
    #[param(pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$", example = "2026-11")]
    month: String,
    /// JSON, or CSV with Chinese headings for spreadsheets.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// Form of the report.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    Csv,
}

/// Figures about orders.
#[derive(Serialize, ToSchema)]
struct Figures {
    /// First day.
    from: NaiveDate,
    /// Last day.
    until: NaiveDate,
    /// What is open now, by province, phase and age.
    open: Vec<Open>,
    /// What happened, by month and province, with a line of all provinces.
    flow: Vec<Flow>,
    /// Why orders were returned.
    reasons: Vec<ReasonCount>,
    /// How long orders took.
    time_in_phase: Vec<Stay>,
}

/// Figures: open orders, what happened, reasons for returns, time in each phase. No personal data.
#[utoipa::path(
    get,
    path = "/v1/statistics",
    tag = "statistics",
    params(FiguresQuery),
    responses((status = 200, description = "The figures.", body = Figures), Fields)
)]
async fn statistics(State(api): State<Api>, Query(query): Query<FiguresQuery>) -> Result<Json<Figures>, Problem> {
    let now = api.clock.now();
    let today = china::day(now);
    let until = query.until.unwrap_or(today);
    let from = query.from.or_else(|| until.with_day(1)).unwrap_or(until);
    let max_days = api.config.statistics.max_days;
    if !YEARS.contains(&from.year()) || !YEARS.contains(&until.year()) {
        return Err(Problem::field("from", "is out of range", "ask for days since 2000"));
    }
    if from > until || (until - from).num_days() >= max_days {
        return Err(Problem::field("from", "is out of range", &format!("ask for 1 to {max_days} days up to `until`")));
    }
    let span = Span { from, until, province: query.province.map(|province| province.letters().to_owned()) };
    let pool = &api.bus.context().pool;
    let open = figures::open(pool, span.province.as_deref(), now).await?;
    Ok(Json(Figures {
        from,
        until,
        open,
        flow: figures::flow(pool, &span).await?,
        reasons: figures::reasons(pool, &span).await?,
        time_in_phase: figures::stays(pool, &span).await?,
    }))
}

/// The work report of a month.
#[derive(Serialize, ToSchema)]
struct MonthlyReport {
    /// The month.
    month: String,
    /// One per province that something happened in, and one for all.
    lines: Vec<Line>,
}

/// The work report of a month (ICP备案工作月报).
#[utoipa::path(
    get,
    path = "/v1/statistics/monthly",
    tag = "statistics",
    params(MonthlyQuery),
    responses(
        (status = 200, description = "The report.", content(
            (MonthlyReport = "application/json"),
            (String = "text/csv")
        )),
        Fields
    )
)]
async fn monthly(State(api): State<Api>, Query(query): Query<MonthlyQuery>) -> Result<Response, Problem> {
    let (from, until) = monthly::days_of(&query.month)
        .filter(|(from, _)| YEARS.contains(&from.year()))
        .ok_or_else(|| Problem::field("month", "is no month", "give it as 2026-11"))?;
    let span = Span { from, until, province: None };
    let lines = monthly::report(&api.bus.context().pool, &span).await?;
    if query.format == Format::Json {
        return Ok(Json(MonthlyReport { month: query.month, lines }).into_response());
    }
    let disposition = format!("attachment; filename=\"icp-{}.csv\"", query.month);
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, monthly::csv(&lines)).into_response())
}
