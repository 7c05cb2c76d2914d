//! Keys of machines over REST: holders make their own, those who work for the provider make others'. Nobody makes a key
//! that may do more than its maker answers for: who operates does not review, and who audits is alone.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use icp_bus::Effects;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::{Caller, Role};
use super::openapi::refusals::{Fields, JsonBody, Missing};
use super::orders::page_limit;
use super::params::{Path, Query};
use super::problem::{FieldError, Kind, Problem};
use super::{Api, body};
use crate::access::api_keys::{self, ApiKey, KeyFilter, NewKey, ShownKey};
use crate::audit::{self, Entry};
use crate::paging::last_of_full;

const TEXT_MAX: usize = 128;

/// The routes of keys.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_keys, create_key)).routes(routes!(revoke))
}

/// What is wanted of a new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyBody {
    /// What its holder calls it, 1 to 128 characters.
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// Account that it works for: operators, supervisors and auditors say which, everybody else's key works for their
    /// own.
    account: Option<String>,
    /// Its role. Operators make keys of applicants, resellers and operators, supervisors those of reviewers and
    /// supervisors, auditors those of auditors; everybody else's key has their own.
    role: Option<Role>,
    /// When it ends, at most `intake.keys.days_max` days from now, which is what nothing said means too.
    expires_at: Option<DateTime<Utc>>,
}

/// A new key, with the key itself.
#[derive(Debug, Serialize, ToSchema)]
struct CreatedKey {
    /// Shown this once.
    key: String,
    #[serde(flatten)]
    about: ApiKey,
}

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
struct KeyPage {
    /// Keys without their secrets.
    keys: Vec<ApiKey>,
    /// Give it as `after` for the next page; null on the last one.
    next_after: Option<Uuid>,
}

/// Makes a key for a machine. It is shown this once.
#[utoipa::path(
    post,
    path = "/v1/keys",
    tag = "keys",
    request_body(content = KeyBody, example = json!({ "name": "nightly import" })),
    responses((status = 201, description = "The key.", body = CreatedKey), JsonBody)
)]
async fn create_key(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let wanted: KeyBody = body::json(&headers, request, api.config.max_body_bytes).await?;
    let (limits, now) = (&api.config.keys, api.clock.now());
    let (account, role) = whose(&caller, &wanted)?;
    let latest = now + TimeDelta::days(limits.days_max);
    let expires_at = wanted.expires_at.unwrap_or(latest);
    let mut errors = Vec::new();
    if wanted.name.trim().is_empty() || wanted.name.chars().count() > TEXT_MAX {
        errors.push(FieldError::new("name", "is empty or too long", format!("give 1 to {TEXT_MAX} characters")));
    }
    if expires_at <= now || expires_at > latest {
        let remedy = format!("give a time within the next {} days, or none", limits.days_max);
        errors.push(FieldError::new("expires_at", "is past or too late", remedy));
    }
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let (key, text) = ShownKey::generate();
    let new = NewKey {
        name: wanted.name.trim(),
        account: &account,
        role,
        created_by: &caller.name,
        made_by_provider: caller.is_of_provider(),
        expires_at,
    };
    let mut tx = api.bus.begin().await?;
    let made = api_keys::insert(&mut tx, &key, &new, limits.per_account_max, now).await?;
    let about = made.ok_or_else(|| {
        let reason = format!("has {} keys in force", limits.per_account_max);
        Problem::field("account", &reason, "revoke those that are not used: GET /v1/keys")
    })?;
    let detail = serde_json::json!({ "account": account, "role": role.as_str(), "expires_at": expires_at });
    let entry = Entry::of(&caller, now, "key.created", format!("key {}", about.id), &detail);
    audit::store::record(&mut *tx, &[entry]).await?;
    api.carry_out(&mut tx, &caller, "/v1/keys").await?;
    api.bus.commit(tx, Effects::new()).await?;
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(CreatedKey { key: text, about }))
        .into_response())
}

/// For which account, and in which role, the key shall work.
fn whose(caller: &Caller, wanted: &KeyBody) -> Result<(String, Role), Problem> {
    if let Some(own) = caller.own_account() {
        if wanted.account.as_ref().is_some_and(|account| account != own) {
            return Err(Problem::field("account", "is not your own", "leave it out"));
        }
        if wanted.role.is_some_and(|role| role != caller.role) {
            return Err(Problem::field("role", "is not your own", "leave it out"));
        }
        return Ok((own.to_owned(), caller.role));
    }
    let account = wanted.account.as_deref().map(str::trim).unwrap_or_default();
    let mut errors = Vec::new();
    if account.is_empty() || account.chars().count() > TEXT_MAX {
        errors.push(FieldError::new("account", "is empty or too long", format!("give 1 to {TEXT_MAX} characters")));
    }
    let may_be = roles_made_by(caller.role);
    match wanted.role.filter(|role| may_be.contains(role)) {
        Some(role) if errors.is_empty() => Ok((account.to_owned(), role)),
        Some(_) => Err(Problem::fields(errors)),
        None => {
            let reason = if wanted.role.is_some() { "is not for you to give" } else { "is missing" };
            let names: Vec<&str> = may_be.iter().map(|role| role.as_str()).collect();
            errors.push(FieldError::new("role", reason, format!("say one of {}", names.join(", "))));
            Err(Problem::fields(errors))
        }
    }
}

/// Roles of the keys that a role makes.
fn roles_made_by(role: Role) -> &'static [Role] {
    match role {
        Role::Applicant | Role::Reseller => &[Role::Applicant, Role::Reseller],
        Role::Operator => &[Role::Applicant, Role::Reseller, Role::Operator],
        Role::Supervisor => &[Role::Reviewer, Role::Supervisor],
        Role::Auditor => &[Role::Auditor],
        Role::Reviewer | Role::Policy => &[],
    }
}

/// Roles of the keys that a caller sees and revokes; operators close every door.
fn roles_seen_by(role: Role) -> Option<&'static [Role]> {
    (role != Role::Operator).then(|| roles_made_by(role))
}

/// What a list of keys is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct KeyQuery {
    /// Only keys of this account.
    account: Option<String>,
    /// `next_after` of the page before.
    after: Option<Uuid>,
    /// Keys in the page, 1 to 200 (`intake.max_page`); 50 where nothing is said.
    #[param(minimum = 1)]
    limit: Option<i64>,
}

/// A page of keys without their secrets, oldest first, revoked ones among them.
#[utoipa::path(
    get,
    path = "/v1/keys",
    tag = "keys",
    params(KeyQuery),
    responses((status = 200, description = "A page.", body = KeyPage), Fields)
)]
async fn list_keys(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<KeyQuery>,
) -> Result<Json<KeyPage>, Problem> {
    let limit = page_limit(&api, query.limit)?;
    let own = caller.own_account();
    let account = match (query.account, own) {
        (Some(account), Some(own)) if account != own => {
            return Err(Problem::field("account", "is not your own", "leave it out"));
        }
        (account, own) => account.or_else(|| own.map(str::to_owned)),
    };
    let filter = KeyFilter { account, roles: roles_seen_by(caller.role), after: query.after };
    let keys = api_keys::list(&api.bus.context().pool, &filter, limit).await?;
    let next_after = last_of_full(&keys, limit).map(|last| last.id);
    Ok(Json(KeyPage { keys, next_after }))
}

/// Revokes a key: it is not accepted any more.
#[utoipa::path(
    delete,
    path = "/v1/keys/{id}",
    tag = "keys",
    params(("id" = Uuid, Path, description = "Id of the key.")),
    responses((status = 204, description = "It is revoked."), Missing)
)]
async fn revoke(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let missing = || Problem::new(Kind::NotFound, "Check the id; keys of other accounts are not shown.");
    let id = Uuid::parse_str(&id).map_err(|_| missing())?;
    let found = api_keys::load_all(&api.bus.context().pool, &[id]).await?.into_iter().next().ok_or_else(missing)?;
    let is_seen = roles_seen_by(caller.role).is_none_or(|roles| roles.iter().any(|role| role.as_str() == found.role));
    if !is_seen || caller.own_account().is_some_and(|own| own != found.account) {
        return Err(missing());
    }
    let now = api.clock.now();
    let mut tx = api.bus.begin().await?;
    api_keys::revoke(&mut tx, id, now).await?;
    let detail = serde_json::json!({ "account": found.account, "role": found.role });
    let entry = Entry::of(&caller, now, "key.revoked", format!("key {id}"), &detail);
    audit::store::record(&mut *tx, &[entry]).await?;
    api.carry_out(&mut tx, &caller, "/v1/keys").await?;
    api.bus.commit(tx, Effects::new()).await?;
    Ok(StatusCode::NO_CONTENT)
}
