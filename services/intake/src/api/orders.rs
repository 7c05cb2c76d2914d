//! Orders as the applicant works on them.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use icp_domain::{Filing, OrderType, Province, Severity};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::Caller;
use super::openapi::parameters::{IfMatch, OrderPath};
use super::openapi::refusals::{Fields, InPhase, JsonBody, Missing, Versioned};
use super::params::{Path, Query};
use super::problem::{Kind, Problem};
use super::view::{HistoryLine, OrderView, history_line, with_etag};
use super::{Api, body};
use crate::check::{Checked, Examination};
use crate::commands::Subject;
use crate::order::{Command, Phase};
use crate::paging::last_of_full;
use crate::registered::RegisteredEnterprise;
use crate::store::{ListFilter, StoredOrder};
use crate::{check, content, store};

/// The routes of orders.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(show, amend))
        .routes(routes!(check_filing))
        .routes(routes!(check))
        .routes(routes!(submit))
        .routes(routes!(withdraw))
        .routes(routes!(history))
}

/// What a new order rests on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CreateQuery {
    /// Id of the determination that found its type: province, nature, certificate, and domain or name of the app are
    /// frozen then.
    #[param(value_type = Option<Uuid>)]
    determination: Option<String>,
}

/// Creates a draft from a filing.
#[utoipa::path(
    post,
    path = "/v1/orders",
    tag = "orders",
    params(CreateQuery),
    request_body = Filing,
    responses(
        (status = 201, description = "The draft.", body = OrderView, headers(
            ("ETag" = String, description = "Version, for `If-Match`."),
            ("Location" = String, description = "Path of the order."),
        )),
        JsonBody, Missing
    )
)]
async fn create(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<CreateQuery>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
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

/// An order: phase, what it waits for and since when, findings, numbers, content.
///
/// Operators, supervisors and auditors see no content. A look of a reviewer at content is recorded in the audit trail.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    tag = "orders",
    params(OrderPath),
    responses(
        (status = 200, description = "The order.", body = OrderView, headers(("ETag" = String, description = "Version, for `If-Match`."))),
        Missing
    )
)]
async fn show(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    // Others see how an order stands, not what it declares.
    if !caller.may_read_content() {
        return Ok(with_etag(&stored, None));
    }
    let (stored, filing) = view_content(&api, &caller, stored).await?;
    Ok(with_etag(&stored, Some(filing)))
}

/// The order with the own words of whoever returned it, and what it declares, for a caller who may read that; the look
/// is recorded first.
pub(super) async fn view_content(
    api: &Api,
    caller: &Caller,
    stored: StoredOrder,
) -> Result<(StoredOrder, Filing), Problem> {
    api.seen(caller, &stored, "content.viewed", json!({ "version": stored.order.version })).await?;
    let filing = api.filing(&stored)?;
    Ok((api.with_words(stored)?, filing))
}

/// Replaces the content; only in `draft` and `returned`.
#[utoipa::path(
    put,
    path = "/v1/orders/{id}",
    tag = "orders",
    params(OrderPath, IfMatch),
    request_body = Filing,
    responses(
        (status = 200, description = "The order.", body = OrderView, headers(("ETag" = String, description = "Version, for `If-Match`."))),
        JsonBody, Missing, Versioned, InPhase
    )
)]
async fn amend(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    let stored = find_as_read(&api, &caller, &id, &headers).await?;
    let filing = read_filing(&api, &headers, request_body).await?;
    let stored = api.amend(&caller, stored, &filing).await?;
    Ok(with_etag(&stored, Some(filing)))
}

/// Everything that can be said about a filing.
#[derive(Serialize, ToSchema)]
struct CheckAnswer {
    /// Whether the order may be submitted as it is.
    may_be_submitted: bool,
    /// Version of the province's rule module; null while none is in force.
    rules_version: Option<String>,
    /// SHA-256 of the module.
    rules_digest: Option<String>,
    /// All findings.
    findings: Vec<Checked>,
}

/// Everything that stands in the way of a filing, told at once; nothing is stored.
///
/// Form, rules of the province, identifiers, other orders in flight, the record; entitlements and materials belong to
/// an order. `mended` is the value that a machine would put in the field.
#[utoipa::path(
    post,
    path = "/v1/orders/check",
    tag = "orders",
    request_body = Filing,
    responses((status = 200, description = "The findings.", body = CheckAnswer), JsonBody)
)]
async fn check_filing(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    let filing: Filing = body::json(&headers, request_body, api.config.max_body_bytes).await?;
    let subject = Subject { id: Uuid::nil(), account: &caller.account, materials: None, registers: None };
    let examination = api.examine(&subject, &filing).await?;
    Ok(check_answer(&filing, examination, None, true).into_response())
}

fn check_answer(
    filing: &Filing,
    examination: Examination,
    registered: Option<&RegisteredEnterprise>,
    is_open: bool,
) -> Json<CheckAnswer> {
    let verdict = examination.into_verdict();
    let findings = check::with_mended(filing, verdict.findings, registered);
    Json(CheckAnswer {
        may_be_submitted: is_open && findings.iter().all(|checked| checked.finding.severity != Severity::Block),
        rules_version: verdict.version,
        rules_digest: verdict.digest,
        findings,
    })
}

/// Everything that stands in the way of the order as it stands, materials and entitlements included; nothing is stored.
///
/// What the register of enterprises told of the organiser at the last submission is the mended value of a field that
/// says something else.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/check",
    tag = "orders",
    params(OrderPath),
    responses((status = 200, description = "The findings.", body = CheckAnswer), Missing)
)]
async fn check(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    // Mended values are values of the filing.
    let what = json!({ "version": stored.order.version, "check": true });
    api.seen(&caller, &stored, "content.viewed", what).await?;
    let filing = api.filing(&stored)?;
    let materials = api.reads.materials(stored.id).await?;
    let subject = Subject::of(&stored, &materials);
    let examination = api.examine(&subject, &filing).await?;
    let registered = api.registered(&stored).await?;
    Ok(check_answer(&filing, examination, registered.as_ref(), stored.order.phase.is_open()).into_response())
}

/// Hands the order in. A blocking rule returns it at once, with findings.
///
/// What cannot be judged as it is, is refused with every finding: fields that do not fit the form, materials that the
/// virus scanner has not let through, and with `intake.entitlements.required` services that the order connects without a
/// valid entitlement.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/submit",
    tag = "orders",
    params(OrderPath, IfMatch),
    responses(
        (status = 200, description = "The order.", body = OrderView, headers(("ETag" = String, description = "Version, for `If-Match`."))),
        Missing, Versioned, InPhase, Fields
    )
)]
async fn submit(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let stored = find_as_read(&api, &caller, &id, &headers).await?;
    let stored = api.submit(&caller, stored).await?;
    Ok(with_etag(&stored, None))
}

/// Takes the order back, as long as the bureau does not have it; a cancellation (注销) only before it is submitted.
///
/// An order in `queued` stays so until the relay has answered: its history and a notice tell which it was.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/withdraw",
    tag = "orders",
    params(OrderPath, IfMatch),
    responses(
        (status = 200, description = "The order.", body = OrderView, headers(("ETag" = String, description = "Version, for `If-Match`."))),
        Missing, Versioned, InPhase
    )
)]
async fn withdraw(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let stored = find_as_read(&api, &caller, &id, &headers).await?;
    let stored = api.apply(&caller, stored, Command::Withdraw, Default::default()).await?;
    Ok(with_etag(&stored, None))
}

/// What happened to an order.
#[derive(Serialize, ToSchema)]
struct History {
    /// The events, oldest first.
    history: Vec<HistoryLine>,
}

/// Every event of an order with time and actor, oldest first. No personal data.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/history",
    tag = "orders",
    params(OrderPath),
    responses((status = 200, description = "The events.", body = History), Missing)
)]
async fn history(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Json<History>, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let rows = store::history(&api.bus.context().pool, stored.id).await?;
    Ok(Json(History { history: rows.into_iter().map(history_line).collect() }))
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only orders of this account, one of the caller's.
    pub(super) account: Option<String>,
    /// Only orders of this type.
    #[param(inline)]
    pub(super) order_type: Option<OrderType>,
    /// Only orders in this phase.
    #[param(inline)]
    pub(super) phase: Option<Phase>,
    /// Only orders of this province.
    #[param(inline)]
    pub(super) province: Option<Province>,
    /// Only orders behind this one: `next_after` of the page before.
    pub(super) after: Option<Uuid>,
    /// Orders in the page, 1 to 200 (`intake.max_page`); 50 where nothing is said.
    #[param(minimum = 1)]
    pub(super) limit: Option<i64>,
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
struct OrderPage {
    /// Without content.
    orders: Vec<OrderView>,
    /// Give it as `after` for the next page; null on the last one.
    next_after: Option<Uuid>,
}

/// A page of orders, oldest first. Applicants see those of their account.
#[utoipa::path(
    get,
    path = "/v1/orders",
    tag = "orders",
    params(ListQuery),
    responses((status = 200, description = "A page.", body = OrderPage), Fields)
)]
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<OrderPage>, Problem> {
    let limit = page_limit(&api, query.limit)?;
    let filter = list_filter(&caller, query)?;
    let stored = store::list(&api.bus.context().pool, &filter, limit).await?;
    let next_after = last_of_full(&stored, limit).map(|last| last.id);
    let orders = stored.iter().map(|stored| OrderView::new(stored, None)).collect();
    Ok(Json(OrderPage { orders, next_after }))
}

/// What a caller's list of orders is narrowed to: applicants and resellers see those of their accounts.
pub(super) fn list_filter(caller: &Caller, query: ListQuery) -> Result<ListFilter, Problem> {
    let accounts = match query.account {
        Some(account) if !caller.may_see(&account) => {
            let remedy = "leave it out, or name an account of yours";
            return Err(Problem::field("account", "is not an account whose orders you see", remedy));
        }
        Some(account) => Some(vec![account]),
        None => caller.accounts().map(<[String]>::to_vec),
    };
    Ok(ListFilter {
        accounts,
        order_type: query.order_type,
        phase: query.phase,
        province: query.province.map(|province| province.letters().to_owned()),
        after: query.after,
    })
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

/// The same, as long as nobody has changed the version that the caller read.
pub(super) async fn find_as_read(
    api: &Api,
    caller: &Caller,
    id: &str,
    headers: &HeaderMap,
) -> Result<StoredOrder, Problem> {
    let stored = find(api, caller, id).await?;
    body::check_version(headers, &stored)?;
    Ok(stored)
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
