//! What is counted, and the SQL that counts it.

use chrono::{DateTime, NaiveDate, Utc};
use icp_domain::Stage;
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use crate::china;
use crate::order::Phase;

/// What is asked about: days in China, the first and the last, and one province or all.
#[derive(Debug, Clone)]
pub struct Span {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub until: NaiveDate,
    /// Letters of the province.
    pub province: Option<String>,
}

/// Orders that are open, by how long they have been in their phase.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow, ToSchema)]
#[schema(as = OpenOrders)]
pub struct Open {
    /// Letters of the province.
    province: String,
    /// Their phase.
    #[schema(value_type = Phase)]
    phase: String,
    /// How long: `under_1_day`, `1_to_3_days`, `3_to_10_days`, `10_to_45_days` or `over_45_days`.
    age: String,
    /// How many.
    orders: i64,
}

/// What happened in a month.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow, ToSchema)]
#[schema(as = MonthFlow)]
pub struct Flow {
    /// Month in China, e.g. `2026-11`.
    pub month: String,
    /// Letters of the province; none for all together.
    pub province: Option<String>,
    /// Submissions.
    pub submitted: i64,
    /// Submissions that the rules returned at once.
    pub returned_by_rules: i64,
    /// Returns by identity verification or the registers.
    pub returned_by_checks: i64,
    /// Passes of the provider's review, those by policy included; a claim is carried out by its pass.
    pub passed_by_review: i64,
    /// Passes by policy.
    pub passed_by_policy: i64,
    /// Returns by the reviewer.
    pub returned_by_review: i64,
    /// Orders that the relay refused before it sent them.
    pub refused_before_sending: i64,
    /// Orders that the bureau's system took.
    pub received_by_bureau: i64,
    /// Approvals by the bureau.
    pub approved: i64,
    /// Deregistrations and cancelled accesses that the bureau carried out.
    pub cancelled: i64,
    /// Returns by the bureau.
    pub returned_by_bureau: i64,
    /// Returns because the ministry's SMS was not confirmed in time: no decision of the bureau.
    pub sms_unconfirmed: i64,
    /// Claims and transfers that were carried out; no bureau sees them.
    pub settled_here: i64,
    /// Withdrawals.
    pub withdrawn: i64,
    /// Orders that expired.
    pub expired: i64,
    /// Share of the reviewer's decisions that were passes; none without decisions.
    #[sqlx(skip)]
    pub review_pass_rate: Option<f64>,
    /// Share of the bureau's decisions that were not returns.
    #[sqlx(skip)]
    pub bureau_pass_rate: Option<f64>,
}

/// How often a code was a reason to return an order.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow, ToSchema)]
pub struct ReasonCount {
    /// Month in China, e.g. `2026-11`.
    month: String,
    /// Letters of the province.
    province: String,
    /// Who found it.
    #[schema(value_type = Stage)]
    stage: String,
    /// Code of the finding.
    code: String,
    /// Returns with it.
    returns: i64,
}

/// How long orders were in a phase that they left in a month.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow, ToSchema)]
#[schema(as = PhaseStay)]
pub struct Stay {
    /// Month in China.
    pub month: String,
    /// Letters of the province; none for all together.
    pub province: Option<String>,
    /// The phase that was left.
    #[schema(value_type = Phase)]
    pub phase: String,
    /// How many left it.
    pub orders: i64,
    /// Half of them took at most so long, hours.
    pub median_hours: f64,
    /// Nine in ten took at most so long, hours.
    pub p90_hours: f64,
}

impl Span {
    fn start(&self) -> DateTime<Utc> {
        china::start(self.from)
    }

    fn end(&self) -> DateTime<Utc> {
        china::end(self.until)
    }
}

/// What is open at `now`.
pub async fn open(pool: &PgPool, province: Option<&str>, now: DateTime<Utc>) -> Result<Vec<Open>, sqlx::Error> {
    sqlx::query_as(include_str!("../../queries/statistics_open.sql")).bind(now).bind(province).fetch_all(pool).await
}

/// What happened, with the line of all provinces behind those of each month.
pub async fn flow(pool: &PgPool, span: &Span) -> Result<Vec<Flow>, sqlx::Error> {
    let mut lines: Vec<Flow> = asked(include_str!("../../queries/statistics_flow.sql"), pool, span).await?;
    for line in &mut lines {
        line.review_pass_rate = share(line.passed_by_review, line.returned_by_review);
        line.bureau_pass_rate = share(line.approved + line.cancelled, line.returned_by_bureau);
    }
    Ok(lines)
}

/// Why orders were returned.
pub async fn reasons(pool: &PgPool, span: &Span) -> Result<Vec<ReasonCount>, sqlx::Error> {
    asked(include_str!("../../queries/statistics_reasons.sql"), pool, span).await
}

/// How long orders took.
pub async fn stays(pool: &PgPool, span: &Span) -> Result<Vec<Stay>, sqlx::Error> {
    asked(include_str!("../../queries/statistics_durations.sql"), pool, span).await
}

async fn asked<T>(query: &'static str, pool: &PgPool, span: &Span) -> Result<Vec<T>, sqlx::Error>
where
    T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    sqlx::query_as(query).bind(span.start()).bind(span.end()).bind(&span.province).fetch_all(pool).await
}

fn share(good: i64, bad: i64) -> Option<f64> {
    // Counts of a month are far below what a float holds exactly.
    #[allow(clippy::cast_precision_loss)]
    (good + bad > 0).then(|| good as f64 / (good + bad) as f64)
}
