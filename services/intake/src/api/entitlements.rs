//! Entitlements over REST: operators issue and revoke, holders grant, applicants bind.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use icp_bus::Effects;
use icp_domain::{Filing, Finding};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::Caller;
use super::openapi::parameters::OrderPath;
use super::openapi::refusals::{Fields, InPhase, JsonBody, Missing};
use super::orders::{find as find_order, page_limit};
use super::params::{Path, Query};
use super::problem::{FieldError, Kind, Problem};
use super::{Api, body};
use crate::audit::{self, Entry};
use crate::entitlements::store::{self, Binding, Entitlement, EntitlementEvent, Issue, ListFilter};
use crate::entitlements::{self, EntitlementStatus, generate_code, needed, normal_code};
use crate::paging::last_of_full;

const TEXT_MAX: usize = 128;
const CODE_END_CHARACTERS: usize = 5;
/// The field of the digest of a code.
const CODE_FIELD: &str = "entitlement-code";

/// The routes of entitlements.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(issue, list))
        .routes(routes!(query))
        .routes(routes!(grant))
        .routes(routes!(show))
        .routes(routes!(revoke))
        .routes(routes!(of_order))
        .routes(routes!(bind, unbind))
}

/// What is issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EntitlementOrder)]
pub struct IssueBody {
    /// Account that may use them.
    #[schema(min_length = 1, max_length = 128)]
    account: String,
    /// Product that they come with, one of `intake.entitlements.products`.
    #[schema(example = "cloud-server")]
    product: String,
    /// Server, or other resource, that they are issued for.
    #[schema(min_length = 1, max_length = 128)]
    resource: String,
    /// How many; as many as the product has where nothing is said.
    #[schema(minimum = 1)]
    count: Option<u32>,
    /// When they end, unless they are used before; never where nothing is said.
    expires_at: Option<DateTime<Utc>>,
}

/// Entitlements that were issued.
#[derive(Serialize, ToSchema)]
struct Issued {
    /// With their codes, which are not shown again.
    entitlements: Vec<IssuedEntitlement>,
}

/// A new entitlement.
#[derive(Serialize, ToSchema)]
struct IssuedEntitlement {
    /// Its id.
    id: Uuid,
    /// Its code; whoever has it can bind it.
    #[schema(pattern = "^([2-9A-HJ-NP-Z]{5}-){3}[2-9A-HJ-NP-Z]{5}$")]
    code: String,
}

/// Issues codes for a server. They are shown this once.
#[utoipa::path(
    post,
    path = "/v1/entitlements",
    tag = "entitlements",
    request_body(content = IssueBody, example = json!({
        "account": "a", "product": "cloud-server", "resource": "server-1", "count": 2
    })),
    responses((status = 201, description = "The codes.", body = Issued), JsonBody)
)]
async fn issue(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    request: Body,
) -> Result<(StatusCode, Json<Issued>), Problem> {
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
            let detail = json!({ "account": order.account, "product": order.product, "resource": order.resource });
            let entry = |id: &Uuid| Entry::of(&caller, now, "entitlement.issued", format!("entitlement {id}"), &detail);
            audit::store::record(&mut *tx, &ids.iter().map(entry).collect::<Vec<_>>()).await?;
            api.carry_out(&mut tx, &caller, "/v1/entitlements").await?;
            api.bus.commit(tx, Effects::new()).await?;
            let issued = ids.into_iter().zip(codes).map(|(id, code)| IssuedEntitlement { id, code });
            Ok((StatusCode::CREATED, Json(Issued { entitlements: issued.collect() })))
        }
        Err(had) => {
            let reason = format!("this server has had {had} of {max}");
            Err(Problem::field("count", &reason, "ask for fewer; codes that were used up do not come back"))
        }
    }
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only those that this account may use; applicants see their own account's whatever they ask for.
    account: Option<String>,
    /// Only those that stand here.
    #[param(inline)]
    status: Option<EntitlementStatus>,
    /// Only those of this product.
    product: Option<String>,
    /// Only those of this server.
    resource: Option<String>,
    /// Only those behind this one: `next_after` of the page before.
    after: Option<Uuid>,
    /// Entitlements in the page, 1 to 200 (`intake.max_page`); 50 where nothing is said.
    #[param(minimum = 1)]
    limit: Option<i64>,
}

/// An entitlement (备案服务号).
#[derive(Serialize, ToSchema)]
struct EntitlementView {
    #[serde(flatten)]
    entitlement: Entitlement,
    /// The number that clouds give the status: 0 unbound, 1 bound, 2 filed, 3 invalid, 4 in filing.
    #[schema(maximum = 4)]
    status_code: Option<u8>,
}

/// A page of entitlements.
#[derive(Serialize, ToSchema)]
struct EntitlementPage {
    /// Oldest first.
    entitlements: Vec<EntitlementView>,
    /// Give it as `after` for the next page; null on the last one.
    next_after: Option<Uuid>,
}

/// A page of entitlements, oldest first. Applicants see those of their account.
#[utoipa::path(
    get,
    path = "/v1/entitlements",
    tag = "entitlements",
    params(ListQuery),
    responses((status = 200, description = "A page.", body = EntitlementPage), Fields)
)]
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<EntitlementPage>, Problem> {
    let limit = page_limit(&api, query.limit)?;
    let accounts = match query.account {
        Some(account) if !caller.may_see(&account) => return Err(not_yours()),
        Some(account) => Some(vec![account]),
        None => caller.accounts().map(<[String]>::to_vec),
    };
    let (product, resource, after) = (query.product, query.resource, query.after);
    let status = query.status.map(EntitlementStatus::as_str);
    let filter = ListFilter { accounts, status, product, resource, code_index: None, after };
    let found = store::list(&api.bus.context().pool, &filter, api.clock.now(), limit).await?;
    let next_after = last_of_full(&found, limit).map(|last| last.id);
    Ok(Json(EntitlementPage { entitlements: views(found), next_after }))
}

/// A code.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EntitlementCode)]
pub struct CodeBody {
    /// As it was issued; small letters and other dashes are understood.
    code: String,
}

/// How the entitlement with this code stands.
#[utoipa::path(
    post,
    path = "/v1/entitlements/query",
    tag = "entitlements",
    request_body(content = CodeBody, example = json!({"code": "7KQ2M-9XW4T-B3HND-V6RPC"})),
    responses((status = 200, description = "The entitlement.", body = EntitlementView), JsonBody, Missing)
)]
async fn query(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<EntitlementView>, Problem> {
    let asked: CodeBody = body::json(&headers, request, api.config.max_body_bytes).await?;
    let accounts = caller.accounts().map(<[String]>::to_vec);
    let filter = ListFilter { accounts, code_index: Some(index(&api, &asked.code)), ..ListFilter::default() };
    let found = store::list(&api.bus.context().pool, &filter, api.clock.now(), 1).await?;
    found.into_iter().next().map(|found| Json(view(found))).ok_or_else(none_found)
}

/// An entitlement with what happened to it.
#[derive(Serialize, ToSchema)]
struct EntitlementRecord {
    #[serde(flatten)]
    entitlement: EntitlementView,
    /// Oldest first.
    history: Vec<EntitlementEvent>,
}

/// An entitlement with its history.
#[utoipa::path(
    get,
    path = "/v1/entitlements/{id}",
    tag = "entitlements",
    params(("id" = Uuid, Path, description = "Id of the entitlement.")),
    responses((status = 200, description = "The entitlement.", body = EntitlementRecord), Missing)
)]
async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<EntitlementRecord>, Problem> {
    let found = find(&api, &caller, &id).await?;
    let history = store::history(&api.bus.context().pool, found.id).await?;
    Ok(Json(EntitlementRecord { entitlement: view(found), history }))
}

/// What is handed on, and to whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EntitlementGrant)]
pub struct GrantBody {
    /// Unbound entitlements, 1 to 20 (`intake.entitlements.grant_max`).
    #[schema(min_items = 1)]
    ids: Vec<Uuid>,
    /// The account that shall have them.
    #[schema(min_length = 1, max_length = 128)]
    to_account: String,
}

/// What was handed on.
#[derive(Serialize, ToSchema)]
struct Granted {
    /// The entitlements.
    granted: Vec<Uuid>,
    /// The account that has them now.
    to_account: String,
}

/// Hands unbound entitlements on to another account, all or none.
#[utoipa::path(
    post,
    path = "/v1/entitlements/grant",
    tag = "entitlements",
    request_body(content = GrantBody, example = json!({
        "ids": ["0199c0de-0000-7000-8000-000000000001"], "to_account": "b"
    })),
    responses((status = 200, description = "They were handed on.", body = Granted), JsonBody)
)]
async fn grant(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<Granted>, Problem> {
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
    let mut tx = api.bus.begin().await?;
    let now = api.clock.now();
    let granted = store::grant(&mut tx, &ids, (caller.accounts(), to), &caller.name, now).await?;
    if granted.len() != ids.len() {
        let missing: Vec<String> = ids.iter().filter(|id| !granted.contains(id)).map(|id| id.to_string()).collect();
        let reason = format!("{} cannot be handed on", missing.join(", "));
        return Err(Problem::field(
            "ids",
            &reason,
            "name entitlements of your account that are unbound; nothing was changed",
        ));
    }
    let detail = json!({ "to_account": to });
    let entry = |id: &Uuid| Entry::of(&caller, now, "entitlement.granted", format!("entitlement {id}"), &detail);
    audit::store::record(&mut *tx, &ids.iter().map(entry).collect::<Vec<_>>()).await?;
    api.carry_out(&mut tx, &caller, "/v1/entitlements").await?;
    api.bus.commit(tx, Effects::new()).await?;
    Ok(Json(Granted { granted: ids, to_account: to.to_owned() }))
}

/// Why an entitlement is revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EntitlementRevocation)]
pub struct RevokeBody {
    /// In words.
    #[schema(min_length = 1, max_length = 128)]
    reason: String,
}

/// Makes an entitlement invalid, unless its service is on the way or on record.
#[utoipa::path(
    post,
    path = "/v1/entitlements/{id}/revoke",
    tag = "entitlements",
    params(("id" = Uuid, Path, description = "Id of the entitlement.")),
    request_body(content = RevokeBody, example = json!({"reason": "the server was given back"})),
    responses((status = 200, description = "The entitlement.", body = EntitlementView), JsonBody, Missing, InPhase)
)]
async fn revoke(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<EntitlementView>, Problem> {
    let wanted: RevokeBody = body::json(&headers, request, api.config.max_body_bytes).await?;
    if wanted.reason.trim().is_empty() || wanted.reason.chars().count() > TEXT_MAX {
        return Err(Problem::field("reason", "is empty or too long", "say why, in at most 128 characters"));
    }
    let found = find(&api, &caller, &id).await?;
    let now = api.clock.now();
    let mut tx = api.bus.begin().await?;
    if !store::revoke(&mut tx, found.id, &wanted.reason, &caller.name, now).await? {
        let detail = "Only what is unbound or bound can be revoked; withdraw the order or deregister the service.";
        return Err(Problem::new(Kind::WrongPhase, detail));
    }
    // The reason is in the operator's own words: it stays in the history of the entitlement.
    let entry = Entry::of(&caller, now, "entitlement.revoked", format!("entitlement {}", found.id), &json!({}));
    audit::store::record(&mut *tx, &[entry]).await?;
    api.carry_out(&mut tx, &caller, &format!("/v1/entitlements/{}", found.id)).await?;
    api.bus.commit(tx, Effects::new()).await?;
    Ok(Json(view(find(&api, &caller, &id).await?)))
}

/// The entitlements of an order.
#[derive(Serialize, ToSchema)]
struct EntitlementsOfOrder {
    /// Indexes of the services that need one: those that the order connects.
    needed: Vec<i32>,
    /// What is bound.
    entitlements: Vec<EntitlementView>,
}

/// Which services of the order need an entitlement, and what is bound.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/entitlements",
    tag = "entitlements",
    params(OrderPath),
    responses((status = 200, description = "What is needed and bound.", body = EntitlementsOfOrder), Missing)
)]
async fn of_order(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<EntitlementsOfOrder>, Problem> {
    let stored = find_order(&api, &caller, &id).await?;
    let filing = api.filing(&stored)?;
    let found = store::of_order(&api.bus.context().pool, stored.id, api.clock.now()).await?;
    Ok(Json(EntitlementsOfOrder { needed: needed(&filing), entitlements: views(found) }))
}

/// Binds a code to a service of an open order. Needs no `If-Match`.
///
/// Another code that was bound to the service comes free; one that the bureau has had with the order is used up.
#[utoipa::path(
    put,
    path = "/v1/orders/{id}/entitlements/{service}",
    tag = "entitlements",
    params(OrderPath, ("service" = u32, Path, description = "Index of the service, from 0.")),
    request_body(content = CodeBody, example = json!({"code": "7KQ2M-9XW4T-B3HND-V6RPC"})),
    responses(
        (status = 200, description = "What is needed and bound.", body = EntitlementsOfOrder),
        JsonBody, Missing
    )
)]
async fn bind(
    State(api): State<Api>,
    caller: Caller,
    Path((id, service)): Path<(String, String)>,
    headers: HeaderMap,
    request: Body,
) -> Result<Json<EntitlementsOfOrder>, Problem> {
    let stored = find_order(&api, &caller, &id).await?;
    let filing = api.filing(&stored)?;
    let service_index = needed(&filing).into_iter().find(|index| index.to_string() == service);
    let service_index = service_index.ok_or_else(|| {
        Problem::field("service", "is no service that this order connects", "count its services from 0")
    })?;
    let wanted: CodeBody = body::json(&headers, request, api.config.max_body_bytes).await?;
    let code_index = index(&api, &wanted.code);
    let binding = Binding { code_index: &code_index, account: &stored.account, order_id: stored.id, service_index };
    let now = api.clock.now();
    let mut tx = api.bus.begin().await?;
    if !store::bind(&mut tx, &binding, &caller.name, now).await? {
        return Err(Problem::field(
            "code",
            "cannot be bound: it is not one of your account's, is used, has expired, or the order is not open",
            "see GET /v1/entitlements?status=unbound for those that can",
        ));
    }
    let detail = json!({ "service": service_index });
    let entry = Entry::of(&caller, now, "entitlement.bound", format!("order {}", stored.id), &detail);
    audit::store::record(&mut *tx, &[entry]).await?;
    api.carry_out(&mut tx, &caller, &format!("/v1/orders/{}/entitlements", stored.id)).await?;
    api.bus.commit(tx, Effects::new()).await?;
    let found = store::of_order(&api.bus.context().pool, stored.id, api.clock.now()).await?;
    Ok(Json(EntitlementsOfOrder { needed: needed(&filing), entitlements: views(found) }))
}

/// Frees what is bound to a service of an open order.
#[utoipa::path(
    delete,
    path = "/v1/orders/{id}/entitlements/{service}",
    tag = "entitlements",
    params(OrderPath, ("service" = u32, Path, description = "Index of the service, from 0.")),
    responses((status = 204, description = "Nothing is bound to it any more."), Missing)
)]
async fn unbind(
    State(api): State<Api>,
    caller: Caller,
    Path((id, service)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let stored = find_order(&api, &caller, &id).await?;
    let service_index: i32 = service.parse().map_err(|_| none_found())?;
    let now = api.clock.now();
    let mut tx = api.bus.begin().await?;
    if !store::unbind(&mut tx, stored.id, service_index, &caller.name, now).await? {
        return Err(none_found());
    }
    let detail = json!({ "service": service_index });
    let entry = Entry::of(&caller, now, "entitlement.released", format!("order {}", stored.id), &detail);
    audit::store::record(&mut *tx, &[entry]).await?;
    api.carry_out(&mut tx, &caller, &format!("/v1/orders/{}/entitlements", stored.id)).await?;
    api.bus.commit(tx, Effects::new()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Api {
    /// Indexes of the services that need an entitlement, where that is demanded.
    pub fn entitled(&self, filing: &Filing) -> Vec<i32> {
        if self.config.entitlements.required { needed(filing) } else { Vec::new() }
    }

    /// Services of an order that need a valid entitlement and have none, as findings.
    pub async fn unentitled(&self, order_id: Uuid, filing: &Filing) -> Result<Vec<Finding>, Problem> {
        let needed = self.entitled(filing);
        if needed.is_empty() {
            return Ok(Vec::new());
        }
        let held = store::of_order(&self.bus.context().pool, order_id, self.clock.now()).await?;
        let is_held = |service: &i32| held.iter().any(|one| one.service_index == Some(*service) && one.is_valid());
        let missing: Vec<i32> = needed.into_iter().filter(|service| !is_held(service)).collect();
        Ok(entitlements::missing(order_id, &missing))
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

fn views(found: Vec<Entitlement>) -> Vec<EntitlementView> {
    found.into_iter().map(view).collect()
}

fn view(entitlement: Entitlement) -> EntitlementView {
    let status_code = EntitlementStatus::parse(&entitlement.status).map(EntitlementStatus::code);
    EntitlementView { entitlement, status_code }
}

fn not_yours() -> Problem {
    Problem::field("account", "is not an account of yours", "leave it out to see all that are")
}

fn none_found() -> Problem {
    Problem::new(Kind::NotFound, "Check the id or code; entitlements of other accounts are not shown.")
}
