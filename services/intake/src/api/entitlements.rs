//! Entitlements over REST: operators issue and revoke, holders grant, applicants bind.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use icp_bus::Effects;
use icp_domain::Filing;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::auth::{Caller, Role};
use super::orders::{find as find_order, page_limit};
use super::problem::{FieldError, Kind, Problem};
use super::{Api, body};
use crate::entitlements::store::{self, Binding, Entitlement, Issue, ListFilter};
use crate::entitlements::{EntitlementStatus, generate_code, needed, normal_code};
use crate::store::StoredOrder;

const TEXT_MAX: usize = 128;
const CODE_END_CHARACTERS: usize = 5;
/// The field of the digest of a code.
const CODE_FIELD: &str = "entitlement-code";

/// The routes of entitlements.
pub fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/entitlements", post(issue).get(list))
        .route("/v1/entitlements/query", post(query))
        .route("/v1/entitlements/grant", post(grant))
        .route("/v1/entitlements/{id}", get(show))
        .route("/v1/entitlements/{id}/revoke", post(revoke))
        .route("/v1/orders/{id}/entitlements", get(of_order))
        .route("/v1/orders/{id}/entitlements/{service}", put(bind).delete(unbind))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueBody {
    account: String,
    product: String,
    resource: String,
    count: Option<u32>,
    expires_at: Option<DateTime<Utc>>,
}

/// `POST /v1/entitlements`: new codes for a server. They are shown this once.
async fn issue(State(api): State<Api>, caller: Caller, headers: HeaderMap, request: Body) -> Result<Response, Problem> {
    caller.require(Role::Operator)?;
    let wanted: IssueBody = body::json(&headers, request, api.config.max_body_bytes).await?;
    let now = api.clock.now();
    let mut errors = Vec::new();
    for (field, text) in [("account", &wanted.account), ("resource", &wanted.resource)] {
        if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
            errors.push(FieldError::new(field, "is empty or too long", format!("give 1 to {TEXT_MAX} characters")));
        }
    }
    let products = &api.config.entitlements.products;
    let max = products.get(&wanted.product).copied();
    if max.is_none() {
        let known = products.keys().cloned().collect::<Vec<_>>().join(", ");
        errors.push(FieldError::new("product", "is not configured", format!("use one of {known}")));
    }
    let (max, count) = (max.unwrap_or(0), wanted.count.unwrap_or(max.unwrap_or(0)));
    if max > 0 && (count == 0 || count > max) {
        errors.push(FieldError::new("count", "is out of range", format!("ask for 1 to {max}")));
    }
    if wanted.expires_at.is_some_and(|expires_at| expires_at <= now) {
        errors.push(FieldError::new("expires_at", "is past", "give a time to come, or none"));
    }
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let codes: Vec<String> = (0..count).map(|_| generate_code()).collect();
    let order = Issue {
        account: &wanted.account,
        product: &wanted.product,
        resource: &wanted.resource,
        expires_at: wanted.expires_at,
        codes: codes.iter().map(|code| (index(&api, code), code_end(code))).collect(),
        max,
    };
    let mut tx = api.bus.begin().await?;
    match store::issue(&mut tx, &order, &caller.name, now).await? {
        Ok(ids) => {
            api.bus.commit(tx, Effects::new()).await?;
            let issued: Vec<Value> =
                ids.iter().zip(&codes).map(|(id, code)| json!({ "id": id, "code": code })).collect();
            Ok((StatusCode::CREATED, Json(json!({ "entitlements": issued }))).into_response())
        }
        Err(had) => {
            let reason = format!("this server has had {had} of {max}");
            Err(Problem::field("count", &reason, "ask for fewer; codes that were used up do not come back"))
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    account: Option<String>,
    status: Option<String>,
    product: Option<String>,
    resource: Option<String>,
    after: Option<Uuid>,
    limit: Option<i64>,
}

/// `GET /v1/entitlements`
async fn list(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    const REMEDY: &str = "use account, status, product, resource, after and limit";
    let Query(query) = query.map_err(|error| Problem::field("query", &error.body_text(), REMEDY))?;
    let status = match query.status.as_deref().map(EntitlementStatus::parse) {
        None => None,
        Some(Some(status)) => Some(status.as_str()),
        Some(None) => {
            return Err(Problem::field("status", "is no status", "use unbound, bound, filed, invalid or in_filing"));
        }
    };
    let limit = page_limit(&api, query.limit)?;
    let account = if caller.role == Role::Applicant { Some(caller.account) } else { query.account };
    let (product, resource, after) = (query.product, query.resource, query.after);
    let filter = ListFilter { account, status, product, resource, code_index: None, after };
    let found = store::list(&api.bus.context().pool, &filter, api.clock.now(), limit).await?;
    let is_full = i64::try_from(found.len()).is_ok_and(|count| count == limit);
    let next = found.last().filter(|_| is_full).map(|last| last.id);
    Ok(Json(json!({ "entitlements": views(&found), "next_after": next })).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeBody {
    code: String,
}

/// `POST /v1/entitlements/query`: how the one with this code stands.
async fn query(State(api): State<Api>, caller: Caller, headers: HeaderMap, request: Body) -> Result<Response, Problem> {
    let asked: CodeBody = body::json(&headers, request, api.config.max_body_bytes).await?;
    let account = (caller.role == Role::Applicant).then(|| caller.account.clone());
    let filter = ListFilter { account, code_index: Some(index(&api, &asked.code)), ..ListFilter::default() };
    let found = store::list(&api.bus.context().pool, &filter, api.clock.now(), 1).await?;
    found.first().map(|found| Json(view(found)).into_response()).ok_or_else(none_found)
}

/// `GET /v1/entitlements/{id}`
async fn show(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let found = find(&api, &caller, &id).await?;
    let history = store::history(&api.bus.context().pool, found.id).await?;
    let mut answer = view(&found);
    if let Value::Object(fields) = &mut answer {
        fields.insert("history".to_owned(), json!(history));
    }
    Ok(Json(answer).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantBody {
    ids: Vec<Uuid>,
    to_account: String,
}

/// `POST /v1/entitlements/grant`: hands unbound ones on to another account, all or none.
async fn grant(State(api): State<Api>, caller: Caller, headers: HeaderMap, request: Body) -> Result<Response, Problem> {
    if caller.role == Role::Reviewer {
        return Err(Problem::new(Kind::Forbidden, "The holder or an operator hands entitlements on."));
    }
    let wanted: GrantBody = body::json(&headers, request, api.config.max_body_bytes).await?;
    let max = api.config.entitlements.grant_max;
    let mut ids = wanted.ids;
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || ids.len() > max {
        return Err(Problem::field("ids", &format!("holds {} ids", ids.len()), &format!("name 1 to {max}")));
    }
    let to = wanted.to_account.trim();
    if to.is_empty() || to.chars().count() > TEXT_MAX {
        return Err(Problem::field("to_account", "is empty or too long", "name the account that shall have them"));
    }
    let holder = (caller.role == Role::Applicant).then_some(caller.account.as_str());
    let mut tx = api.bus.begin().await?;
    let granted = store::grant(&mut tx, &ids, (holder, to), &caller.name, api.clock.now()).await?;
    if granted.len() != ids.len() {
        let missing: Vec<String> = ids.iter().filter(|id| !granted.contains(id)).map(|id| id.to_string()).collect();
        let reason = format!("{} cannot be handed on", missing.join(", "));
        return Err(Problem::field(
            "ids",
            &reason,
            "name entitlements of your account that are unbound; nothing was changed",
        ));
    }
    api.bus.commit(tx, Effects::new()).await?;
    Ok(Json(json!({ "granted": ids, "to_account": to })).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeBody {
    reason: String,
}

/// `POST /v1/entitlements/{id}/revoke`
async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    caller.require(Role::Operator)?;
    let wanted: RevokeBody = body::json(&headers, request, api.config.max_body_bytes).await?;
    if wanted.reason.trim().is_empty() || wanted.reason.chars().count() > TEXT_MAX {
        return Err(Problem::field("reason", "is empty or too long", "say why, in at most 128 characters"));
    }
    let found = find(&api, &caller, &id).await?;
    let mut tx = api.bus.begin().await?;
    if !store::revoke(&mut tx, found.id, &wanted.reason, &caller.name, api.clock.now()).await? {
        let detail = "Only what is unbound or bound can be revoked; withdraw the order or deregister the service.";
        return Err(Problem::new(Kind::WrongPhase, detail));
    }
    api.bus.commit(tx, Effects::new()).await?;
    Ok(Json(view(&find(&api, &caller, &id).await?)).into_response())
}

/// `GET /v1/orders/{id}/entitlements`: which services of the order need one, and what is bound.
async fn of_order(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find_order(&api, &caller, &id).await?;
    let filing = api.filing(&stored)?;
    let found = store::of_order(&api.bus.context().pool, stored.id, api.clock.now()).await?;
    Ok(Json(json!({ "needed": needed(&filing), "entitlements": views(&found) })).into_response())
}

/// `PUT /v1/orders/{id}/entitlements/{service}`: binds a code to a service of an open order.
async fn bind(
    State(api): State<Api>,
    caller: Caller,
    Path((id, service)): Path<(String, String)>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    caller.require(Role::Applicant)?;
    let stored = find_order(&api, &caller, &id).await?;
    let filing = api.filing(&stored)?;
    let service_index = needed(&filing).into_iter().find(|index| index.to_string() == service);
    let service_index = service_index.and_then(|index| i32::try_from(index).ok()).ok_or_else(|| {
        Problem::field("service", "is no service that this order connects", "count its services from 0")
    })?;
    let wanted: CodeBody = body::json(&headers, request, api.config.max_body_bytes).await?;
    let code_index = index(&api, &wanted.code);
    let binding = Binding { code_index: &code_index, account: &stored.account, order_id: stored.id, service_index };
    let mut tx = api.bus.begin().await?;
    if !store::bind(&mut tx, &binding, &caller.name, api.clock.now()).await? {
        return Err(Problem::field(
            "code",
            "cannot be bound: it is not one of your account's, is used, has expired, or the order is not open",
            "see GET /v1/entitlements?status=unbound for those that can",
        ));
    }
    api.bus.commit(tx, Effects::new()).await?;
    let found = store::of_order(&api.bus.context().pool, stored.id, api.clock.now()).await?;
    Ok(Json(json!({ "needed": needed(&filing), "entitlements": views(&found) })).into_response())
}

/// `DELETE /v1/orders/{id}/entitlements/{service}`: frees what is bound to a service of an open order.
async fn unbind(
    State(api): State<Api>,
    caller: Caller,
    Path((id, service)): Path<(String, String)>,
) -> Result<Response, Problem> {
    caller.require(Role::Applicant)?;
    let stored = find_order(&api, &caller, &id).await?;
    let service_index: i32 = service.parse().map_err(|_| none_found())?;
    let mut tx = api.bus.begin().await?;
    if !store::unbind(&mut tx, stored.id, service_index, &caller.name, api.clock.now()).await? {
        return Err(none_found());
    }
    api.bus.commit(tx, Effects::new()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Api {
    /// Refuses to submit an order while a service that it connects has no entitlement, where that is demanded.
    pub async fn require_entitlements(&self, stored: &StoredOrder) -> Result<(), Problem> {
        if !self.config.entitlements.required {
            return Ok(());
        }
        let filing: Filing = self.filing(stored)?;
        let found = store::of_order(&self.bus.context().pool, stored.id, self.clock.now()).await?;
        let has_one = |index: usize| {
            found.iter().any(|held| {
                held.service_index.and_then(|held| usize::try_from(held).ok()) == Some(index)
                    && matches!(held.status.as_str(), "bound" | "in_filing")
            })
        };
        let errors: Vec<FieldError> = needed(&filing)
            .into_iter()
            .filter(|index| !has_one(*index))
            .map(|index| {
                let remedy = format!("bind a code with PUT /v1/orders/{}/entitlements/{index}", stored.id);
                FieldError::new(format!("services[{index}].entitlement"), "is missing or has expired", remedy)
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
    }
}

async fn find(api: &Api, caller: &Caller, id: &str) -> Result<Entitlement, Problem> {
    let id = Uuid::parse_str(id).map_err(|_| none_found())?;
    let found = store::find(&api.bus.context().pool, id, api.clock.now()).await?;
    found.filter(|found| caller.may_see(&found.account)).ok_or_else(none_found)
}

fn index(api: &Api, code: &str) -> Vec<u8> {
    api.vault.blind_index(CODE_FIELD, &normal_code(code))
}

fn code_end(code: &str) -> String {
    let start = code.len().saturating_sub(CODE_END_CHARACTERS);
    code.get(start..).unwrap_or_default().to_owned()
}

fn views(found: &[Entitlement]) -> Vec<Value> {
    found.iter().map(view).collect()
}

fn view(found: &Entitlement) -> Value {
    let mut value = json!(found);
    if let Value::Object(fields) = &mut value {
        fields.insert(
            "status_code".to_owned(),
            json!(EntitlementStatus::parse(&found.status).map(EntitlementStatus::code)),
        );
    }
    value
}

fn none_found() -> Problem {
    Problem::new(Kind::NotFound, "Check the id or code; entitlements of other accounts are not shown.")
}
