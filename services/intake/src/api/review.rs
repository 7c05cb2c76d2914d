//! The provider's review (初审), the modules in force, and the whitelist.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use icp_domain::Province;
use serde::{Deserialize, Serialize};

use super::auth::{Caller, Role};
use super::orders::{find, page_limit};
use super::problem::{FieldError, Kind, Problem};
use super::view::{OrderView, with_etag};
use super::{Api, body};
use crate::archive::lookup;
use crate::desk::deadline::Deadline;
use crate::desk::queue::{self, Claim, Claimed, Claiming, Cursor, QueueFilter};
use crate::desk::reasons;
use crate::desk::words::{self, Words};
use crate::order::{Command, Phase, Rejection};
use crate::store::StoredOrder;

/// Reasons in one decision at most.
const REASONS_MAX: usize = 50;
/// Characters of a field's path, or of a reviewer's words about one field, at most.
const WORDS_MAX: usize = 500;

/// The reviewer's decision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, tag = "decision", rename_all = "snake_case")]
enum Decision {
    /// Goes on to the bureau, or to the second reviewer.
    Pass,
    /// Goes back with reasons.
    Return {
        /// At least one.
        findings: Vec<GivenReason>,
        /// Nothing but the fields that the findings name may be amended.
        #[serde(default)]
        only_named: bool,
    },
}

/// Why an order is returned.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenReason {
    /// Code of the catalogue, e.g. `N01`.
    code: String,
    /// Path of the field.
    field: String,
    /// What is wrong, in the reviewer's words; without them the catalogue speaks. Kept encrypted.
    #[serde(default)]
    reason: String,
    /// What to do, in the reviewer's words.
    #[serde(default)]
    remedy: String,
}

/// `POST /v1/orders/{id}/review`
pub async fn decide(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    caller.require(Role::Reviewer)?;
    let stored = find(&api, &caller, &id).await?;
    body::check_version(&headers, &stored)?;
    let decision: Decision = body::json(&headers, request_body, api.config.max_body_bytes).await?;
    require_claim(&api, &caller, &stored).await?;
    let stored = match decision {
        Decision::Pass => api.pass(&caller, stored).await?,
        Decision::Return { findings, only_named } => {
            let command = returning(&api, &stored, findings, only_named)?;
            api.apply(&caller, stored, command, Default::default()).await?
        }
    };
    // The decision stands: a claim that cannot be given back now runs out by itself.
    if let Err(error) = queue::release(&api.bus.context().pool, stored.id, &caller, api.clock.now()).await {
        tracing::warn!(%error, order.id = %stored.id, "a claim is left to run out");
    }
    Ok(with_etag(&api.with_words(stored)?, None))
}

/// Refuses who has not claimed the order, where that is asked for.
async fn require_claim(api: &Api, caller: &Caller, stored: &StoredOrder) -> Result<(), Problem> {
    if !api.config.review.claim_required || stored.order.phase != Phase::ProviderReview {
        return Ok(());
    }
    match queue::holder(&api.bus.context().pool, stored.id, api.clock.now()).await? {
        Some(claim) if claim.reviewer == caller.name => Ok(()),
        Some(claim) => Err(held(&claim)),
        None => Err(Problem::new(Kind::NotYours, "Claim it first: POST /v1/orders/{id}/claim.")),
    }
}

fn held(claim: &Claim) -> Problem {
    let detail = format!("`{}` has claimed it until {}; take another one.", claim.reviewer, claim.until.to_rfc3339());
    Problem::new(Kind::NotYours, detail)
}

/// The command that returns an order: codes in clear, words encrypted.
fn returning(api: &Api, stored: &StoredOrder, given: Vec<GivenReason>, only_named: bool) -> Result<Command, Problem> {
    let errors = faults(&given);
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let mut findings = Vec::with_capacity(given.len());
    let mut words = Vec::with_capacity(given.len());
    for reason in given {
        if let Some(known) = reasons::find(&reason.code) {
            findings.push(known.at(reason.field));
            words.push(Words { reason: reason.reason, remedy: reason.remedy });
        }
    }
    let command = if only_named { Command::ReturnForFields(findings) } else { Command::Return(findings) };
    Ok(match words::lock(&api.data_key(stored)?, stored.id, &words)? {
        Some(words) => Command::InWords { words, command: Box::new(command) },
        None => command,
    })
}

/// Every fault of the reasons at once.
fn faults(given: &[GivenReason]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if given.len() > REASONS_MAX {
        errors.push(FieldError::new("findings", "has too many entries", format!("give at most {REASONS_MAX}")));
    }
    for (index, reason) in given.iter().enumerate() {
        let at = |name: &str| format!("findings[{index}].{name}");
        if reasons::find(&reason.code).is_none() {
            errors.push(FieldError::new(at("code"), "is not in the catalogue", "use a code of GET /v1/review/reasons"));
        }
        for (name, text) in [("field", &reason.field), ("reason", &reason.reason), ("remedy", &reason.remedy)] {
            if text.chars().count() > WORDS_MAX {
                let remedy = format!("give at most {WORDS_MAX} characters");
                errors.push(FieldError::new(at(name), "is too long", remedy));
            }
        }
    }
    errors
}

/// `GET /v1/review/reasons`: the catalogue of reasons for returning an order.
pub async fn reasons(_caller: Caller) -> Response {
    Json(serde_json::json!({ "reasons": reasons::ALL })).into_response()
}

/// `POST /v1/orders/{id}/claim`: the order is the caller's to decide, for a while; again makes it longer.
pub async fn claim(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    caller.require(Role::Reviewer)?;
    let stored = find(&api, &caller, &id).await?;
    let (pool, minutes) = (&api.bus.context().pool, api.config.review.claim_minutes);
    match queue::claim(pool, stored.id, &caller.name, api.clock.now(), minutes).await? {
        Claiming::Claimed(claim) => Ok(Json(claim).into_response()),
        Claiming::Held(claim) => Err(held(&claim)),
        Claiming::NotWaiting => {
            let rejection = Rejection::WrongPhase { phase: stored.order.phase, allowed: "provider_review" };
            Err(rejection.into())
        }
    }
}

/// `POST /v1/orders/{id}/release`: gives the caller's claim back; supervisors give back anybody's.
pub async fn release(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    caller.require_any(&[Role::Reviewer, Role::Supervisor])?;
    let stored = find(&api, &caller, &id).await?;
    queue::release(&api.bus.context().pool, stored.id, &caller, api.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What the queue is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueQuery {
    province: Option<String>,
    claimed: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// An order that waits for a decision.
#[derive(Debug, Serialize)]
struct Entry {
    #[serde(flatten)]
    order: OrderView,
    in_review_since: DateTime<Utc>,
    #[serde(flatten)]
    deadline: Deadline,
    claim: Option<Claim>,
    first_pass: Option<String>,
}

/// `GET /v1/review`: what waits for a decision; what is overdue stands first.
pub async fn queue(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<QueueQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    caller.require_any(&[Role::Reviewer, Role::Supervisor])?;
    let invalid =
        |field: &str, reason: &str, remedy: &str| Problem::fields(vec![FieldError::new(field, reason, remedy)]);
    let Query(query) =
        query.map_err(|error| invalid("query", &error.body_text(), "use province, claimed, cursor and limit"))?;
    let claimed = match query.claimed.as_deref() {
        None => None,
        Some("no") => Some(Claimed::No),
        Some("yes") => Some(Claimed::Yes),
        Some("me") => Some(Claimed::By(caller.name.clone())),
        Some(_) => return Err(invalid("claimed", "is not understood", "use no, yes or me")),
    };
    let behind = match query.cursor.as_deref() {
        None => None,
        Some(text) => {
            Some(Cursor::parse(text).ok_or_else(|| invalid("cursor", "is none of ours", "use next_cursor of a page"))?)
        }
    };
    let limit = page_limit(&api, query.limit)?;
    let filter = QueueFilter { province: query.province, claimed, behind };
    let now = api.clock.now();
    let waiting = queue::page(&api.bus.context().pool, &filter, now, limit).await?;
    let is_full = i64::try_from(waiting.len()).is_ok_and(|count| count == limit);
    let next = waiting.last().filter(|_| is_full).map(|last| last.cursor().to_text());
    let entries: Vec<Entry> = waiting
        .into_iter()
        .map(|entry| Entry {
            deadline: api.deadlines.of(entry.since, now),
            in_review_since: entry.since,
            first_pass: entry.stored.order.first_pass.clone(),
            order: OrderView::new(&entry.stored, None),
            claim: entry.claim,
        })
        .collect();
    Ok(Json(serde_json::json!({ "orders": entries, "next_cursor": next })).into_response())
}

/// `GET /v1/rules`: the module in force per province.
pub async fn rules(State(api): State<Api>, _caller: Caller) -> Response {
    let modules: Vec<_> = Province::ALL
        .iter()
        .filter_map(|province| api.rules.active(*province).map(|module| (province, module)))
        .map(|(province, module)| {
            serde_json::json!({"province": province.letters(), "version": module.version(), "digest": module.digest})
        })
        .collect();
    Json(serde_json::json!({ "modules": modules })).into_response()
}

/// `GET /v1/whitelist/{domain}`: whether a domain may be served, and under which number.
pub async fn whitelist(
    State(api): State<Api>,
    _caller: Caller,
    Path(domain): Path<String>,
) -> Result<Response, Problem> {
    let name = icp_domain::names::DomainName::parse(&domain).map_err(|error| {
        Problem::fields(vec![FieldError::new("domain", error.to_string(), "give a domain name such as example.cn")])
    })?;
    let pool = &api.bus.context().pool;
    // A filing covers the names below its registrable domain.
    match lookup::served(pool, &[name.ascii(), name.registrable().ascii()]).await? {
        Some(filed) => Ok(Json(serde_json::json!({
            "domain": name.ascii(),
            "filed": true,
            "service_number": filed.service_number,
            "organiser_number": filed.organiser_number,
            "province": filed.province,
            "approved_at": filed.filed_at,
        }))
        .into_response()),
        None => Err(Problem::new(Kind::NotFound, "This domain is not filed here: it must not be served.")),
    }
}
