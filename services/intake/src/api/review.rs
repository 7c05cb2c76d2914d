//! The provider's review (初审), the modules in force, and the whitelist.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use icp_domain::{Filing, Province};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::openapi::parameters::{IfMatch, OrderPath};
use super::openapi::refusals::{Claimable, Deciding, Fields, JsonBody, Judged, Missing, Versioned};
use super::orders::{find, find_as_read, page_limit};
use super::params::{Path, Query};
use super::problem::{FieldError, Kind, Problem};
use super::view::{OrderView, with_etag};
use super::{Api, body};
use crate::amendment;
use crate::archive::lookup;
use crate::desk::deadline::Deadline;
use crate::desk::queue::{self, Claim, Claimed, Claiming, Cursor, QueueFilter, Waiting};
use crate::desk::reasons::{self, Reason};
use crate::desk::words::Words;
use crate::order::{Command, Phase, Rejection};
use crate::paging::last_of_full;
use crate::store::StoredOrder;

/// Reasons in one decision at most.
const REASONS_MAX: usize = 50;
/// Characters of a field's path, or of a reviewer's words about one field, at most.
const WORDS_MAX: usize = 500;

/// The routes of the review, the rules in force and the whitelist.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(decide))
        .routes(routes!(resubmit))
        .routes(routes!(claim))
        .routes(routes!(release))
        .routes(routes!(queue))
        .routes(routes!(reasons))
        .routes(routes!(rules))
        .routes(routes!(whitelist))
}

/// The reviewer's decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// Goes on to the bureau, or to the second reviewer.
    Pass,
    /// Goes back with reasons.
    Return {
        /// At least one, at most 50.
        #[schema(min_items = 1, max_items = 50)]
        findings: Vec<GivenReason>,
        /// Nothing but the fields that the findings name may be amended.
        #[serde(default)]
        only_named: bool,
    },
}

/// Why an order is returned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenReason {
    /// Code of the catalogue, e.g. `N01`.
    #[schema(pattern = "^[A-Z][0-9]{2}$")]
    pub(super) code: String,
    /// Path of the field or material, e.g. `services[0].name` or `materials.commitment`; empty for the whole order.
    #[schema(max_length = 500)]
    pub(super) field: String,
    /// What is wrong, in the reviewer's words; without them the catalogue speaks. Kept encrypted.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub(super) reason: String,
    /// What to do, in the reviewer's words.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub(super) remedy: String,
}

/// Decides on an order in `provider_review`: it goes on to the bureau, or back with reasons.
///
/// With `intake.review.second_opinion` the first pass of two is recorded, and another reviewer decides as well. With
/// `intake.review.claim_required` the order must be claimed.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/review",
    tag = "review",
    params(OrderPath, IfMatch),
    request_body(content = Decision, examples(
        ("return" = (value = json!({
            "decision": "return", "only_named": true,
            "findings": [{"code": "N01", "field": "services[0].name", "reason": "名称过短", "remedy": "请使用全称"}]
        }))),
        ("pass" = (value = json!({"decision": "pass"})))
    )),
    responses(
        (status = 200, description = "The order.", body = OrderView, headers(("ETag" = String, description = "Version, for `If-Match`."))),
        JsonBody, Missing, Versioned, Deciding
    )
)]
async fn decide(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    let stored = find_as_read(&api, &caller, &id, &headers).await?;
    let decision: Decision = body::json(&headers, request_body, api.config.max_body_bytes).await?;
    Ok(with_etag(&decide_on(&api, &caller, stored, decision).await?, None))
}

/// Hands an order in again that came back only because nobody confirmed the ministry's SMS (短信核验超时): unchanged
/// since, it goes to the bureau without checks and review.
///
/// The rules judge it once more. What was amended is submitted by the applicant instead.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/resubmit",
    tag = "review",
    params(OrderPath, IfMatch),
    responses(
        (status = 200, description = "The order.", body = OrderView, headers(("ETag" = String, description = "Version, for `If-Match`."))),
        Missing, Versioned, Judged
    )
)]
async fn resubmit(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let stored = find_as_read(&api, &caller, &id, &headers).await?;
    Ok(with_etag(&api.resubmit(&caller, stored).await?, None))
}

/// A reviewer's decision on an order as it was read.
pub(super) async fn decide_on(
    api: &Api,
    caller: &Caller,
    stored: StoredOrder,
    decision: Decision,
) -> Result<StoredOrder, Problem> {
    require_claim(api, caller, &stored).await?;
    let stored = match decision {
        Decision::Pass => api.pass(caller, stored).await?,
        Decision::Return { findings, only_named } => {
            let mut errors = faults(&findings);
            errors.extend(unknown_fields(api, &stored, &findings).await?);
            if !errors.is_empty() {
                return Err(Problem::fields(errors));
            }
            let (command, own) = returning(findings, only_named);
            api.return_in_words(caller, stored, command, &own).await?
        }
    };
    // The decision stands: a claim that cannot be given back now runs out by itself.
    if let Err(error) = queue::release(&api.bus.context().pool, stored.id, caller, api.clock.now()).await {
        tracing::warn!(%error, order.id = %stored.id, "a claim is left to run out");
    }
    api.with_words(stored)
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

/// The command that returns an order, and the reviewer's words about each finding.
pub fn returning(given: Vec<GivenReason>, only_named: bool) -> (Command, Vec<Words>) {
    let mut findings = Vec::with_capacity(given.len());
    let mut words = Vec::with_capacity(given.len());
    for reason in given {
        if let Some(known) = reasons::find(&reason.code) {
            findings.push(known.at(reason.field));
            words.push(Words { reason: reason.reason, remedy: reason.remedy });
        }
    }
    let command = if only_named { Command::ReturnForFields(findings) } else { Command::Return(findings) };
    (command, words)
}

/// Reasons whose field the order does not have. Own words belong elsewhere: paths are kept in clear.
async fn unknown_fields(api: &Api, stored: &StoredOrder, given: &[GivenReason]) -> Result<Vec<FieldError>, Problem> {
    let filing = api.filing(stored)?;
    let mut errors = Vec::new();
    for (index, reason) in given.iter().enumerate().take(REASONS_MAX) {
        let is_known = reason.field.is_empty()
            || amendment::is_field(&filing, &reason.field)
                .map_err(|error| Problem::new(Kind::Internal, format!("The order cannot be read: {error}.")))?
            || is_material(api, stored, &filing, &reason.field).await?;
        if !is_known {
            let remedy = "give a path of the order such as services[0].name or materials.commitment, or nothing";
            errors.push(FieldError::new(format!("findings[{index}].field"), "is not a field of the order", remedy));
        }
    }
    Ok(errors)
}

/// Whether a path names materials: `materials`, `materials.<kind>` or `materials.<kind>[<service>]`.
async fn is_material(api: &Api, stored: &StoredOrder, filing: &Filing, path: &str) -> Result<bool, Problem> {
    if path == "materials" {
        return Ok(true);
    }
    let Some(named) = path.strip_prefix("materials.") else { return Ok(false) };
    let (kind, service) = match named.split_once('[') {
        None => (named, None),
        Some((kind, service)) => (kind, Some(service)),
    };
    // The organiser's materials are those of service 0, also where there is no service.
    let mut services = 0..filing.services.len().max(1);
    if service.is_some_and(|service| !services.any(|index| service == format!("{index}]"))) {
        return Ok(false);
    }
    match api.material_kind(stored, filing, kind).await {
        Ok(known) => Ok(known == kind),
        Err(problem) if problem.kind() == Kind::InvalidFields => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// Every fault of the reasons at once.
pub fn faults(given: &[GivenReason]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if given.len() > REASONS_MAX {
        errors.push(FieldError::new("findings", "has too many entries", format!("give at most {REASONS_MAX}")));
    }
    for (index, reason) in given.iter().enumerate() {
        let at = |name: &str| format!("findings[{index}].{name}");
        if reasons::find(&reason.code).is_none() {
            errors.push(FieldError::new(at("code"), "is not in the catalogue", "use a code of GET /v1/review/reasons"));
        }
        for (name, text) in [("reason", &reason.reason), ("remedy", &reason.remedy)] {
            if text.chars().count() > WORDS_MAX {
                let remedy = format!("give at most {WORDS_MAX} characters");
                errors.push(FieldError::new(at(name), "is too long", remedy));
            }
        }
    }
    errors
}

/// The catalogue.
#[derive(Serialize, ToSchema)]
struct Reasons {
    /// Every reason, in the sequence of the catalogue.
    reasons: &'static [Reason],
}

/// The catalogue of reasons for returning an order.
#[utoipa::path(
    get,
    path = "/v1/review/reasons",
    tag = "review",
    responses((status = 200, description = "The catalogue.", body = Reasons))
)]
async fn reasons() -> Json<Reasons> {
    Json(Reasons { reasons: reasons::ALL })
}

/// Makes an order in `provider_review` the caller's to decide, for `intake.review.claim_minutes`; again makes it longer.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/claim",
    tag = "review",
    params(OrderPath),
    responses((status = 200, description = "The claim.", body = Claim), Missing, Claimable)
)]
async fn claim(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Json<Claim>, Problem> {
    Ok(Json(claim_order(&api, &caller, &id).await?))
}

/// Claims an order for a reviewer.
pub(super) async fn claim_order(api: &Api, caller: &Caller, id: &str) -> Result<Claim, Problem> {
    let stored = find(api, caller, id).await?;
    let (pool, minutes) = (&api.bus.context().pool, api.config.review.claim_minutes);
    match queue::claim(pool, stored.id, &caller.name, api.clock.now(), minutes).await? {
        Claiming::Claimed(claim) => Ok(claim),
        Claiming::Held(claim) => Err(held(&claim)),
        Claiming::NotWaiting => {
            let rejection = Rejection::WrongPhase { phase: stored.order.phase, allowed: "provider_review" };
            Err(rejection.into())
        }
    }
}

/// Gives the caller's claim back; supervisors give back anybody's.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/release",
    tag = "review",
    params(OrderPath),
    responses((status = 204, description = "The caller has no claim on it."), Missing)
)]
async fn release(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    release_order(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a claim back.
pub(super) async fn release_order(api: &Api, caller: &Caller, id: &str) -> Result<(), Problem> {
    let stored = find(api, caller, id).await?;
    Ok(queue::release(&api.bus.context().pool, stored.id, caller, api.clock.now()).await?)
}

/// Whose claims the queue is narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClaimedBy {
    No,
    Yes,
    Me,
}

/// What the queue is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct QueueQuery {
    /// Only orders of this province.
    #[param(inline)]
    pub(super) province: Option<Province>,
    /// Only orders without a claim, with one, or with one of the caller's.
    #[param(inline)]
    pub(super) claimed: Option<ClaimedBy>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
    /// Orders in the page, 1 to 200 (`intake.max_page`); 50 where nothing is said.
    #[param(minimum = 1)]
    pub(super) limit: Option<i64>,
}

/// A page of what waits for a decision.
#[derive(Serialize, ToSchema)]
struct Queue {
    /// What is overdue stands first.
    orders: Vec<Entry>,
    /// Give it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// An order that waits for a decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderInReview)]
struct Entry {
    #[serde(flatten)]
    order: OrderView,
    /// Since when it waits.
    in_review_since: DateTime<Utc>,
    #[serde(flatten)]
    deadline: Deadline,
    /// Who has claimed it; null while nobody has.
    claim: Option<Claim>,
    /// Who passed it first, while a second reviewer must decide as well.
    first_pass: Option<String>,
}

/// A page of what waits for a decision; what is overdue stands first.
#[utoipa::path(
    get,
    path = "/v1/review",
    tag = "review",
    params(QueueQuery),
    responses((status = 200, description = "A page.", body = Queue), Fields)
)]
async fn queue(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<QueueQuery>,
) -> Result<Json<Queue>, Problem> {
    let (waiting, next_cursor) = queue_page(&api, &caller, query).await?;
    let orders = waiting
        .into_iter()
        .map(|(entry, deadline)| Entry {
            deadline,
            in_review_since: entry.since,
            first_pass: entry.stored.order.first_pass.clone(),
            order: OrderView::new(&entry.stored, None),
            claim: entry.claim,
        })
        .collect();
    Ok(Json(Queue { orders, next_cursor }))
}

/// A page of the queue, and where the next one begins.
pub(super) async fn queue_page(
    api: &Api,
    caller: &Caller,
    query: QueueQuery,
) -> Result<(Vec<(Waiting, Deadline)>, Option<String>), Problem> {
    let claimed = query.claimed.map(|claimed| match claimed {
        ClaimedBy::No => Claimed::No,
        ClaimedBy::Yes => Claimed::Yes,
        ClaimedBy::Me => Claimed::By(caller.name.clone()),
    });
    let unknown = || Problem::field("cursor", "is none of ours", "use next_cursor of a page");
    let behind = query.cursor.map(|text| Cursor::parse(&text).ok_or_else(unknown)).transpose()?;
    let limit = page_limit(api, query.limit)?;
    let province = query.province.map(|province| province.letters().to_owned());
    let filter = QueueFilter { province, claimed, behind };
    let now = api.clock.now();
    let waiting = queue::page(&api.bus.context().pool, &filter, now, limit).await?;
    let next_cursor = last_of_full(&waiting, limit).map(|last| last.cursor().to_text());
    let waiting = waiting.into_iter().map(|entry| {
        let deadline = api.deadlines.of(entry.submitted_at, entry.since, now);
        (entry, deadline)
    });
    Ok((waiting.collect(), next_cursor))
}

/// The modules in force.
#[derive(Serialize, ToSchema)]
struct Modules {
    /// One per province that has one.
    modules: Vec<ModuleInForce>,
}

/// The rule module of a province.
#[derive(Serialize, ToSchema)]
struct ModuleInForce {
    /// The province.
    province: Province,
    /// Version of the module.
    version: String,
    /// SHA-256 of the module.
    digest: String,
}

/// The rule module in force per province.
#[utoipa::path(
    get,
    path = "/v1/rules",
    tag = "review",
    responses((status = 200, description = "The modules.", body = Modules))
)]
async fn rules(State(api): State<Api>) -> Json<Modules> {
    let modules = Province::ALL
        .iter()
        .filter_map(|province| api.rules.active(*province).map(|module| (province, module)))
        .map(|(province, module)| ModuleInForce {
            province: *province,
            version: module.version().to_owned(),
            digest: module.digest.clone(),
        })
        .collect();
    Json(Modules { modules })
}

/// A domain that may be served.
#[derive(Serialize, ToSchema)]
struct Whitelisted {
    /// In A-label form.
    domain: String,
    /// Always true: a domain that may not be served is 404.
    filed: bool,
    /// Number of the service (服务备案号).
    service_number: String,
    /// Number of the organiser (主体备案号).
    organiser_number: String,
    /// Letters of the province.
    #[schema(value_type = Province)]
    province: String,
    /// When it was filed.
    approved_at: DateTime<Utc>,
}

/// Whether a domain may be served, and under which number. A filing covers the names below its registrable domain.
#[utoipa::path(
    get,
    path = "/v1/whitelist/{domain}",
    tag = "archive",
    params(("domain" = String, Path, description = "A domain name such as `example.cn`.")),
    responses((status = 200, description = "It may be served.", body = Whitelisted), Missing, Fields)
)]
async fn whitelist(State(api): State<Api>, Path(domain): Path<String>) -> Result<Json<Whitelisted>, Problem> {
    let name = icp_domain::names::DomainName::parse(&domain)
        .map_err(|error| Problem::field("domain", &error.to_string(), "give a domain name such as example.cn"))?;
    let pool = &api.bus.context().pool;
    let found = lookup::served(pool, &[name.ascii(), name.registrable().ascii()]).await?;
    let filed =
        found.ok_or_else(|| Problem::new(Kind::NotFound, "This domain is not filed here: it must not be served."))?;
    Ok(Json(Whitelisted {
        domain: name.ascii().to_owned(),
        filed: true,
        service_number: filed.service_number,
        organiser_number: filed.organiser_number,
        province: filed.province,
        approved_at: filed.filed_at,
    }))
}
