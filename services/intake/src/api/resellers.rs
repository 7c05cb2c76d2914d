//! Resellers and the accounts of their customers over REST.

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use icp_bus::Effects;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::openapi::refusals::{Fields, JsonBody, Missing};
use super::orders::page_limit;
use super::params::{Path, Query};
use super::problem::{Kind, Problem};
use super::{Api, body};
use crate::access::resellers::{self, LinkedAccount};
use crate::audit;
use crate::paging::last_of_full;

const TEXT_MAX: usize = 128;

/// The routes of resellers.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_accounts, create_account)).routes(routes!(link, unlink))
}

/// A reseller in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document reads it")]
struct ResellerPath {
    /// The reseller's account.
    reseller: String,
}

/// A customer's account of a reseller in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only the document reads it")]
struct CustomerPath {
    /// The reseller's account.
    reseller: String,
    /// The customer's account.
    account: String,
}

/// What a list of accounts is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AccountQuery {
    /// `next_after` of the page before.
    after: Option<String>,
    /// Accounts in the page, 1 to 200 (`intake.max_page`); 50 where nothing is said.
    #[param(minimum = 1)]
    limit: Option<i64>,
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
struct AccountPage {
    /// The accounts, by name.
    accounts: Vec<LinkedAccount>,
    /// Give it as `after` for the next page; null on the last one.
    next_after: Option<String>,
}

/// The accounts that a reseller acts for now.
#[utoipa::path(
    get,
    path = "/v1/resellers/{reseller}/accounts",
    tag = "resellers",
    params(ResellerPath, AccountQuery),
    responses((status = 200, description = "A page.", body = AccountPage), Missing, Fields)
)]
async fn list_accounts(
    State(api): State<Api>,
    caller: Caller,
    Path(reseller): Path<String>,
    Query(query): Query<AccountQuery>,
) -> Result<Json<AccountPage>, Problem> {
    require_own(&caller, &reseller)?;
    let limit = page_limit(&api, query.limit)?;
    let (pool, now) = (&api.bus.context().pool, api.clock.now());
    let accounts = resellers::list(pool, &reseller, query.after.as_deref(), limit, now).await?;
    let next_after = last_of_full(&accounts, limit).map(|last| last.account.clone());
    Ok(Json(AccountPage { accounts, next_after }))
}

/// The name of a new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountBody {
    /// Letters, digits, `-`, `_` and `.`; the account is `<reseller>:<name>`, of at most 128 characters.
    #[schema(pattern = "^[0-9A-Za-z._-]+$")]
    name: String,
}

/// Makes a new account of a customer, `<reseller>:<name>`.
#[utoipa::path(
    post,
    path = "/v1/resellers/{reseller}/accounts",
    tag = "resellers",
    params(ResellerPath),
    request_body(content = AccountBody, example = json!({ "name": "customer-1" })),
    responses((status = 201, description = "The account.", body = LinkedAccount), JsonBody, Missing)
)]
async fn create_account(
    State(api): State<Api>,
    caller: Caller,
    Path(reseller): Path<String>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    require_own(&caller, &reseller)?;
    let wanted: AccountBody = body::json(&headers, request, api.config.max_body_bytes).await?;
    let account = resellers::account_name(&reseller, &wanted.name);
    let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    if wanted.name.is_empty() || !wanted.name.chars().all(is_plain) || account.chars().count() > TEXT_MAX {
        let remedy =
            format!("give letters, digits, `-`, `_` and `.`; with your own name {TEXT_MAX} characters at most");
        return Err(Problem::field("name", "is not the name of an account", &remedy));
    }
    let now = api.clock.now();
    let mut tx = api.bus.begin().await?;
    if !resellers::create(&mut tx, &reseller, &account, now).await? {
        return Err(Problem::field("name", "is taken, now or formerly", "give another one"));
    }
    let change = Change { reseller: &reseller, account: &account, until: None };
    commit(&api, tx, &caller, "account.created", &change, now).await?;
    let created = LinkedAccount { account, since: now, until: None };
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

/// How long an account is linked.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkBody {
    /// Until when; no end where nothing is said.
    until: Option<DateTime<Utc>>,
}

/// Links an account: the reseller acts for it from now on. Without a body there is no end.
#[utoipa::path(
    put,
    path = "/v1/resellers/{reseller}/accounts/{account}",
    tag = "resellers",
    params(CustomerPath),
    request_body(content = Option<LinkBody>, example = json!({})),
    responses((status = 200, description = "The link.", body = LinkedAccount), JsonBody)
)]
async fn link(
    State(api): State<Api>,
    caller: Caller,
    Path((reseller, account)): Path<(String, String)>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<LinkedAccount>, Problem> {
    let wanted: LinkBody = match request.is_end_stream() {
        true => LinkBody::default(),
        false => body::json(&headers, request, api.config.max_body_bytes).await?,
    };
    let now = api.clock.now();
    for (field, text) in [("reseller", &reseller), ("account", &account)] {
        if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
            return Err(Problem::field(field, "is empty or too long", "give 1 to 128 characters"));
        }
    }
    if reseller == account {
        return Err(Problem::field("account", "is the reseller's own", "name a customer's"));
    }
    if wanted.until.is_some_and(|until| until <= now) {
        return Err(Problem::field("until", "is past", "give a time to come, or none"));
    }
    let mut tx = api.bus.begin().await?;
    let linked = resellers::link(&mut tx, &reseller, &account, wanted.until, now).await?;
    let change = Change { reseller: &reseller, account: &account, until: wanted.until };
    commit(&api, tx, &caller, "account.linked", &change, now).await?;
    Ok(Json(linked))
}

/// Ends a link: the reseller acts for the account no longer.
#[utoipa::path(
    delete,
    path = "/v1/resellers/{reseller}/accounts/{account}",
    tag = "resellers",
    params(CustomerPath),
    responses((status = 204, description = "The link has ended."), Missing)
)]
async fn unlink(
    State(api): State<Api>,
    caller: Caller,
    Path((reseller, account)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let now = api.clock.now();
    let mut tx = api.bus.begin().await?;
    if !resellers::unlink(&mut tx, &reseller, &account, now).await? {
        return Err(Problem::new(Kind::NotFound, "Check the names: the account is not linked to this reseller."));
    }
    let change = Change { reseller: &reseller, account: &account, until: Some(now) };
    commit(&api, tx, &caller, "account.unlinked", &change, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A reseller sees its own customers only.
fn require_own(caller: &Caller, reseller: &str) -> Result<(), Problem> {
    if caller.own_account().is_none_or(|own| own == reseller) {
        return Ok(());
    }
    Err(Problem::new(Kind::NotFound, "Check the name; other resellers are not shown."))
}

#[derive(Serialize)]
struct Change<'a> {
    reseller: &'a str,
    account: &'a str,
    until: Option<DateTime<Utc>>,
}

/// Commits a change with its entry in the audit trail.
async fn commit(
    api: &Api,
    mut tx: sqlx::Transaction<'static, sqlx::Postgres>,
    caller: &Caller,
    action: &str,
    change: &Change<'_>,
    at: DateTime<Utc>,
) -> Result<(), Problem> {
    let detail = serde_json::to_value(change).unwrap_or_default();
    let entry = audit::Entry::of(caller, at, action, format!("account {}", change.account), &detail);
    audit::store::record(&mut *tx, &[entry]).await?;
    api.carry_out(&mut tx, caller, &format!("/v1/resellers/{}/accounts", change.reseller)).await?;
    Ok(api.bus.commit(tx, Effects::new()).await?)
}
