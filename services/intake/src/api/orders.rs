//! Orders as the applicant works on them.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use icp_domain::{Filing, Finding, Severity};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::auth::{Caller, Role};
use super::problem::{FieldError, Kind, Problem};
use super::view::{OrderView, with_etag};
use super::{Api, body};
use crate::check::Checked;
use crate::commands::Subject;
use crate::order::{Command, Phase, RulesVerdict};
use crate::store::{ListFilter, StoredOrder};
use crate::{check, content, store};

/// What a new order rests on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateQuery {
    /// Id of the determination that found its type: what decided it is frozen then.
    determination: Option<String>,
}

/// `POST /v1/orders?determination=…`
pub async fn create(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<CreateQuery>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    caller.require(Role::Applicant)?;
    let Query(query) = query
        .map_err(|error| Problem::fields(vec![FieldError::new("query", error.body_text(), "use determination")]))?;
    let filing = read_filing(&api, &headers, request_body).await?;
    let determination = match &query.determination {
        Some(id) => Some(api.check_determined(&caller, id, &filing).await?),
        None => None,
    };
    let stored = api.create(&caller, &filing, determination).await?;
    let location = format!("/v1/orders/{}", stored.id);
    let mut response = (StatusCode::CREATED, with_etag(&stored, Some(filing))).into_response();
    if let Ok(value) = location.parse() {
        response.headers_mut().insert(header::LOCATION, value);
    }
    Ok(response)
}

/// `GET /v1/orders/{id}`
pub async fn show(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    // Operators see how an order stands, not whose it is.
    if !caller.may_read_content() {
        return Ok(with_etag(&stored, None));
    }
    api.seen(&caller, &stored, "content.viewed", format!("{{\"version\":{}}}", stored.order.version)).await?;
    let filing = api.filing(&stored)?;
    let stored = api.with_words(stored)?;
    Ok(with_etag(&stored, Some(filing)))
}

/// `PUT /v1/orders/{id}`
pub async fn amend(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    caller.require(Role::Applicant)?;
    let stored = find(&api, &caller, &id).await?;
    body::check_version(&headers, &stored)?;
    let filing = read_filing(&api, &headers, request_body).await?;
    let stored = api.amend(&caller, stored, &filing).await?;
    Ok(with_etag(&stored, Some(filing)))
}

#[derive(Serialize)]
struct CheckAnswer {
    /// Whether the order may be submitted as it is.
    may_be_submitted: bool,
    rules_version: Option<String>,
    rules_digest: Option<String>,
    findings: Vec<Checked>,
}

/// `POST /v1/orders/check`: everything that can be said about a filing; nothing is stored.
pub async fn check_filing(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    caller.require(Role::Applicant)?;
    let filing: Filing = body::json(&headers, request_body, api.config.max_body_bytes).await?;
    let subject = Subject { id: Uuid::nil(), account: &caller.account, materials: None, registers: None };
    let (verdict, recorded) = api.examine(&subject, &filing).await?;
    Ok(check_answer(&filing, verdict, recorded, true).into_response())
}

fn check_answer(filing: &Filing, verdict: RulesVerdict, recorded: Vec<Finding>, is_open: bool) -> Json<CheckAnswer> {
    let findings = check::all(filing, content::validate(filing), verdict.findings, recorded);
    Json(CheckAnswer {
        may_be_submitted: is_open && findings.iter().all(|checked| checked.finding.severity != Severity::Block),
        rules_version: verdict.version,
        rules_digest: verdict.digest,
        findings,
    })
}

/// `POST /v1/orders/{id}/check`: everything that can be said about the order as it stands; nothing is stored.
pub async fn check(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let filing = api.filing(&stored)?;
    let materials = api.reads.materials(stored.id).await?;
    let subject = Subject::of(&stored, &materials);
    let (verdict, recorded) = api.examine(&subject, &filing).await?;
    Ok(check_answer(&filing, verdict, recorded, stored.order.phase.is_open()).into_response())
}

/// `POST /v1/orders/{id}/submit`
pub async fn submit(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.require(Role::Applicant)?;
    let stored = find(&api, &caller, &id).await?;
    body::check_version(&headers, &stored)?;
    api.require_entitlements(&stored).await?;
    let stored = api.submit(&caller, stored).await?;
    Ok(with_etag(&stored, None))
}

/// `POST /v1/orders/{id}/withdraw`
pub async fn withdraw(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.require(Role::Applicant)?;
    let stored = find(&api, &caller, &id).await?;
    body::check_version(&headers, &stored)?;
    let stored = api.apply(&caller, stored, Command::Withdraw, Default::default()).await?;
    Ok(with_etag(&stored, None))
}

/// `POST /v1/orders/{id}/consent`: the account that holds the record lets it go (转移备案). It has the order's id from
/// the one who asks; to everybody else the order is not there.
pub async fn consent(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    caller.require(Role::Applicant)?;
    let stored = api.reads.order(body::order_id(&id)?).await?.ok_or_else(Problem::no_order)?;
    let record = match &stored.order.organiser_number {
        Some(number) => api.reads.organiser_by_number(number.clone()).await?,
        None => None,
    };
    if record.and_then(|record| record.account).as_deref() != Some(caller.account.as_str()) {
        return Err(Problem::no_order());
    }
    let stored = api.apply(&caller, stored, Command::Consent, Default::default()).await?;
    Ok(Json(serde_json::json!({ "id": stored.id, "phase": stored.order.phase.as_str() })).into_response())
}

/// `GET /v1/orders/{id}/history`
pub async fn history(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let rows = store::history(&api.bus.context().pool, stored.id).await?;
    let lines: Vec<_> = rows
        .into_iter()
        .map(|row| serde_json::json!({"version": row.version, "at": row.at, "actor": row.actor, "event": row.event}))
        .collect();
    Ok(Json(serde_json::json!({ "history": lines })).into_response())
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    phase: Option<String>,
    province: Option<String>,
    after: Option<Uuid>,
    limit: Option<i64>,
}

/// `GET /v1/orders`
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let account = (caller.role == Role::Applicant).then(|| caller.account.clone());
    let Query(query) = query.map_err(|error| {
        Problem::fields(vec![FieldError::new("query", error.body_text(), "use phase, province, after and limit")])
    })?;
    let phase = match &query.phase {
        None => None,
        Some(text) => Some(Phase::parse(text).ok_or_else(|| {
            let known = Phase::ALL.map(Phase::as_str).join(", ");
            Problem::fields(vec![FieldError::new("phase", "is not a phase", format!("use one of {known}"))])
        })?),
    };
    let limit = page_limit(&api, query.limit)?;
    let filter = ListFilter { account, phase, province: query.province, after: query.after };
    let orders = store::list(&api.bus.context().pool, &filter, limit).await?;
    let full = i64::try_from(orders.len()).is_ok_and(|count| count == limit);
    let next = orders.last().filter(|_| full).map(|last| last.id);
    let views: Vec<OrderView> = orders.iter().map(|stored| OrderView::new(stored, None)).collect();
    Ok(Json(serde_json::json!({ "orders": views, "next_after": next })).into_response())
}

/// How many orders a page has.
pub(super) fn page_limit(api: &Api, asked: Option<i64>) -> Result<i64, Problem> {
    let max = api.config.max_page;
    let limit = asked.unwrap_or(50);
    if (1..=max).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::field("limit", "is out of range", &format!("ask for 1 to {max}")))
}

/// The order, if the caller may see it.
pub(super) async fn find(api: &Api, caller: &Caller, id: &str) -> Result<StoredOrder, Problem> {
    let id = body::order_id(id)?;
    let stored = api.reads.order(id).await?.ok_or_else(Problem::no_order)?;
    if caller.may_see(&stored.account) { Ok(stored) } else { Err(Problem::no_order()) }
}

async fn read_filing(api: &Api, headers: &HeaderMap, request_body: Body) -> Result<Filing, Problem> {
    let filing: Filing = body::json(headers, request_body, api.config.max_body_bytes).await?;
    let errors = content::validate(&filing);
    if errors.is_empty() { Ok(filing) } else { Err(Problem::fields(errors)) }
}

impl From<icp_kit::vault::VaultError> for Problem {
    fn from(error: icp_kit::vault::VaultError) -> Self {
        tracing::error!(%error, "stored personal data cannot be read");
        Problem::new(Kind::Internal, "The stored order cannot be read; the operator has been told.")
    }
}

impl From<icp_kit::sealing::SealError> for Problem {
    fn from(error: icp_kit::sealing::SealError) -> Self {
        tracing::error!(%error, "personal data cannot be sealed");
        Problem::new(Kind::Internal, "The order cannot be handed on; the operator has been told.")
    }
}
