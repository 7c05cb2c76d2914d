//! The archive over REST. Applicants and resellers see the records of their accounts; only they and reviewers see
//! personal data.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{Html, IntoResponse, Response};
use icp_domain::names::DomainName;
use icp_domain::{Cancellation, Filing, InternetService, OrderType, Organiser, Province};
use icp_rules_sdk::FooterNumber;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::Caller;
use super::openapi::refusals::{Fields, JsonBody, Missing};
use super::orders::{find as find_order, page_limit, view_content};
use super::params::{Path, Query};
use super::problem::{Kind, Problem};
use super::{Api, body};
use crate::archive::ArchiveError;
use crate::archive::footer::Footer;
use crate::archive::lookup::{self, AccessFound, HistoryFound, NumberFound, OrganiserFound, ServiceFound};
use crate::archive::mismatch::{self, Mismatch, MismatchKind};
use crate::archive::prefill::{self, PrefillError, Wanted};
use crate::archive::record::{CERTIFICATE_FIELD, certificate_key};
use crate::archive::reuse::reuse;
use crate::archive::search::{self, Cursor, Listed, OrganiserListed, OrganiserSearch, Search};

/// The routes of the archive.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(organiser))
        .routes(routes!(organisers))
        .routes(routes!(services))
        .routes(routes!(service))
        .routes(routes!(footer))
        .routes(routes!(mismatches))
        .routes(routes!(prefill_filing))
}

/// What is declared of an organiser, for those who may read it; a look that is not its applicant's is recorded.
pub(super) async fn open_organiser(
    api: &Api,
    caller: &Caller,
    found: &OrganiserFound,
) -> Result<Option<Organiser>, Problem> {
    if !caller.may_read_content() {
        return Ok(None);
    }
    api.record_seen(caller, &found.number).await?;
    Ok(found.open(&api.vault)?)
}

/// The same of a service.
pub(super) async fn open_service(
    api: &Api,
    caller: &Caller,
    found: &ServiceFound,
    accesses: &[AccessFound],
) -> Result<Option<InternetService>, Problem> {
    if !caller.may_read_content() {
        return Ok(None);
    }
    api.record_seen(caller, &found.number).await?;
    Ok(found.open(&api.vault, accesses)?)
}

/// An organiser on record with all that belongs to it.
#[derive(Serialize, ToSchema)]
struct OrganiserRecord {
    #[serde(flatten)]
    found: OrganiserFound,
    /// Its data; null for operators, and where it was erased or is not complete yet.
    organiser: Option<Organiser>,
    /// Its services, the first 200 (`intake.max_page`).
    services: Vec<Listed>,
    /// Where the list of its services goes on: `cursor` of `GET /v1/archive/services` with its `number`.
    next_cursor: Option<String>,
    /// Numbers that it has or had, oldest first.
    numbers: Vec<NumberFound>,
    /// What happened to it and its services, oldest first, the latest 500.
    history: Vec<HistoryFound>,
}

/// An organiser (主体) on record, its services, numbers and history. Former numbers find it too.
///
/// Applicants see the records of their account; operators see no personal data.
#[utoipa::path(
    get,
    path = "/v1/archive/organisers/{number}",
    tag = "archive",
    params(("number" = String, Path, description = "主体备案号, e.g. `粤ICP备2021000001号`.")),
    responses((status = 200, description = "The record.", body = OrganiserRecord), Missing)
)]
async fn organiser(
    State(api): State<Api>,
    caller: Caller,
    Path(number): Path<String>,
) -> Result<Json<OrganiserRecord>, Problem> {
    let pool = &api.bus.context().pool;
    let found = find_organiser(&api, &caller, &number).await?;
    let search = Search { number: Some(found.number.clone()), ..Search::default() };
    let ((services, next), numbers, history) = tokio::try_join!(
        search::services(pool, &search, api.config.max_page),
        lookup::numbers(pool, found.id),
        lookup::organiser_history(pool, found.id),
    )?;
    let organiser = open_organiser(&api, &caller, &found).await?;
    let next_cursor = next.map(|cursor| cursor.to_text());
    Ok(Json(OrganiserRecord { found, organiser, services, next_cursor, numbers, history }))
}

/// What a list of organisers is narrowed to; everything that is given must fit.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OrganiserQuery {
    /// Number of the organiser; former numbers too.
    #[param(example = "粤ICP备2021000001号")]
    number: Option<String>,
    /// Number of its certificate.
    certificate: Option<String>,
    /// Beginning of a unit's name; persons are not found by theirs.
    name: Option<String>,
    /// Only this province.
    #[param(inline)]
    province: Option<Province>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Organisers in the page, 1 to 200 (`intake.max_page`); 50 where nothing is said.
    #[param(minimum = 1)]
    limit: Option<i64>,
}

/// A page of organisers on record.
#[derive(Serialize, ToSchema)]
struct OrganiserPage {
    /// By number; by name where one is searched for.
    organisers: Vec<OrganiserListed>,
    /// Give it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// A page of organisers (主体) on record, by number, those without services too. Applicants see those of their account.
#[utoipa::path(
    get,
    path = "/v1/archive/organisers",
    tag = "archive",
    params(OrganiserQuery),
    responses((status = 200, description = "A page.", body = OrganiserPage), Fields)
)]
async fn organisers(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<OrganiserQuery>,
) -> Result<Json<OrganiserPage>, Problem> {
    let limit = page_limit(&api, query.limit)?;
    let search = OrganiserSearch {
        accounts: caller.accounts().map(<[String]>::to_vec),
        number: query.number,
        certificate_index: query.certificate.map(|number| certificate_index(&api, &number)),
        name: query.name,
        province: query.province.map(|province| province.letters().to_owned()),
        after: cursor(query.cursor.as_deref())?,
    };
    let (organisers, next) = search::organisers(&api.bus.context().pool, &search, limit).await?;
    Ok(Json(OrganiserPage { organisers, next_cursor: next.map(|cursor| cursor.to_text()) }))
}

fn certificate_index(api: &Api, number: &str) -> Vec<u8> {
    api.vault.blind_index(CERTIFICATE_FIELD, &certificate_key(number))
}

/// A service on record with all that belongs to it.
#[derive(Serialize, ToSchema)]
struct ServiceRecord {
    #[serde(flatten)]
    found: ServiceFound,
    /// Its data; null for operators, and where it was erased or is not complete yet.
    service: Option<InternetService>,
    /// Its accesses through this provider, oldest first.
    accesses: Vec<AccessFound>,
    /// Numbers that it has or had, oldest first.
    numbers: Vec<NumberFound>,
    /// What happened to it, oldest first, the latest 500.
    history: Vec<HistoryFound>,
}

/// A service (互联网信息服务) on record, its accesses, numbers and history. Former numbers find it too.
#[utoipa::path(
    get,
    path = "/v1/archive/services/{number}",
    tag = "archive",
    params(("number" = String, Path, description = "服务备案号, e.g. `粤ICP备2021000001号-1`.")),
    responses((status = 200, description = "The record.", body = ServiceRecord), Missing)
)]
async fn service(
    State(api): State<Api>,
    caller: Caller,
    Path(number): Path<String>,
) -> Result<Json<ServiceRecord>, Problem> {
    let pool = &api.bus.context().pool;
    let found = find_service(&api, &caller, &number).await?;
    let ids = [found.id];
    let (accesses, numbers, history) = tokio::try_join!(
        lookup::accesses(pool, &ids),
        lookup::numbers(pool, found.id),
        lookup::service_history(pool, found.id),
    )?;
    let service = open_service(&api, &caller, &found, &accesses).await?;
    Ok(Json(ServiceRecord { found, service, accesses, numbers, history }))
}

/// What a list of services is narrowed to; everything that is given must fit.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Number of a service, or of an organiser for all of its services; former numbers too.
    #[param(example = "粤ICP备2021000001号")]
    pub(super) number: Option<String>,
    /// A domain: services that have it, names below it, or the registrable domain above it.
    #[param(example = "example.cn")]
    pub(super) domain: Option<String>,
    /// Package name or bundle id of an APP.
    pub(super) app: Option<String>,
    /// Beginning of the service's name.
    pub(super) name: Option<String>,
    /// Number of the organiser's certificate.
    pub(super) certificate: Option<String>,
    /// Only this province.
    #[param(inline)]
    pub(super) province: Option<Province>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
    /// Services in the page, 1 to 200 (`intake.max_page`); 50 where nothing is said.
    #[param(minimum = 1)]
    pub(super) limit: Option<i64>,
}

/// A page of services on record.
#[derive(Serialize, ToSchema)]
struct ServicePage {
    /// By name.
    services: Vec<Listed>,
    /// Give it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// A page of services on record, by name. Applicants see those of their account.
#[utoipa::path(
    get,
    path = "/v1/archive/services",
    tag = "archive",
    params(SearchQuery),
    responses((status = 200, description = "A page.", body = ServicePage), Fields)
)]
async fn services(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Json<ServicePage>, Problem> {
    let limit = page_limit(&api, query.limit)?;
    let search = search_of(&api, &caller, query)?;
    let (services, next) = search::services(&api.bus.context().pool, &search, limit).await?;
    Ok(Json(ServicePage { services, next_cursor: next.map(|cursor| cursor.to_text()) }))
}

/// What a caller's list of services is narrowed to: applicants and resellers see those of their accounts.
pub(super) fn search_of(api: &Api, caller: &Caller, query: SearchQuery) -> Result<Search, Problem> {
    let domain = match query.domain.as_deref().map(DomainName::parse) {
        None => None,
        Some(Ok(domain)) => Some(domain),
        Some(Err(error)) => {
            return Err(Problem::field("domain", &error.to_string(), "give a domain name such as example.cn"));
        }
    };
    let index = query.certificate.map(|number| certificate_index(api, &number));
    Ok(Search {
        accounts: caller.accounts().map(<[String]>::to_vec),
        number: query.number,
        domain,
        app: query.app,
        name: query.name,
        certificate_index: index,
        province: query.province.map(|province| province.letters().to_owned()),
        after: cursor(query.cursor.as_deref())?,
    })
}

/// What to put at the foot of a site, and who says so.
#[derive(Serialize, ToSchema)]
struct FooterOfSite {
    #[serde(flatten)]
    footer: Footer,
    /// The rule module that says which number is shown.
    source: String,
}

/// The code for the foot of the site, and until when the public-security filing (公安联网备案) is due; with
/// `Accept: text/html` the code alone. 503 while the province's module, which says what number is shown, is not loaded.
#[utoipa::path(
    get,
    path = "/v1/archive/services/{number}/footer",
    tag = "archive",
    params(("number" = String, Path, description = "服务备案号, e.g. `粤ICP备2021000001号-1`.")),
    responses(
        (status = 200, description = "The footer.", content(
            (FooterOfSite = "application/json"),
            (String = "text/html")
        )),
        Missing
    )
)]
async fn footer(
    State(api): State<Api>,
    caller: Caller,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = find_service(&api, &caller, &number).await?;
    if found.status != "filed" {
        return Err(Problem::new(Kind::NotFound, "This service is no longer on record: its number must not be shown."));
    }
    let (form, source) = footer_form(&api, &found.province)?;
    let history = lookup::service_history(&api.bus.context().pool, found.id).await?;
    // What was not known here before came on record here as new, or from elsewhere: its order says which.
    let filed_by = history
        .iter()
        .find(|line| line.event == "filed")
        .and_then(|line| OrderType::parse(line.order_type.as_deref()?));
    let public_security = api.config.public_security;
    let due = filed_by.and_then(|order_type| public_security.last_day(order_type, found.filed_at));
    let footer = Footer::new(&found.number, form, public_security.days, due);
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.split(',').any(|accepted| accepted.trim().starts_with("text/html")) {
        return Ok(Html(footer.html).into_response());
    }
    Ok(Json(FooterOfSite { footer, source }).into_response())
}

/// Which number the province wants in the footer, and who says so.
pub(super) fn footer_form(api: &Api, province: &str) -> Result<(FooterNumber, String), Problem> {
    api.footers.of(province).map_err(|reason| {
        tracing::warn!(reason, province, "the footer's form is not known");
        let detail = "The province's rules say which number the footer shows, and they are not loaded; ask again, or \
                      ask the operator. A wrong number is fined.";
        Problem::new(Kind::Unavailable, detail)
    })
}

/// What a list of mismatches is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MismatchQuery {
    /// Only this kind.
    #[param(inline)]
    kind: Option<MismatchKind>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Mismatches in the page, 1 to 200 (`intake.max_page`); 50 where nothing is said.
    #[param(minimum = 1)]
    limit: Option<i64>,
}

/// A page of mismatches.
#[derive(Serialize, ToSchema)]
struct MismatchPage {
    /// What does not fit.
    mismatches: Vec<Mismatch>,
    /// Give it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// A page of what does not fit: duplicates in the archive, and differences to what the bureau has.
#[utoipa::path(
    get,
    path = "/v1/archive/mismatches",
    tag = "archive",
    params(MismatchQuery),
    responses((status = 200, description = "A page.", body = MismatchPage), Fields)
)]
async fn mismatches(State(api): State<Api>, Query(query): Query<MismatchQuery>) -> Result<Json<MismatchPage>, Problem> {
    let limit = page_limit(&api, query.limit)?;
    let after = cursor(query.cursor.as_deref())?;
    let pool = &api.bus.context().pool;
    let (found, next) = mismatch::list(pool, query.kind, after.as_ref(), limit).await?;
    Ok(Json(MismatchPage { mismatches: found, next_cursor: next.map(|cursor| cursor.to_text()) }))
}

/// What an order shall be about: a record, or what an earlier order declares.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PrefillQuestion)]
pub struct PrefillBody {
    /// Type of the order.
    order_type: OrderType,
    /// The organiser on record.
    #[schema(example = "粤ICP备2021000001号")]
    organiser_number: Option<String>,
    /// Its services that the order is about.
    #[serde(default)]
    service_numbers: Vec<String>,
    /// Instead of a record, an earlier order, however it stands.
    order_id: Option<Uuid>,
    /// Why they are cancelled; only for cancellations.
    cancellation: Option<Cancellation>,
}

/// The filing of an order about what is on record, or of one that begins with what an earlier order declares, ready to
/// be changed and handed in.
///
/// A record belongs to the account that holds it: order in the name of that account. Of an earlier order is left out
/// what its outcome has used up: services that are on record are not filed again, what has left the record cannot be
/// named. Name and certificate address of an organiser whose data the order brings are those that the register of
/// enterprises told, where it was asked about that earlier order. Materials always stay with their order.
#[utoipa::path(
    post,
    path = "/v1/filings/prefill",
    tag = "archive",
    request_body(content = PrefillBody, example = json!({
        "order_type": "change_service", "organiser_number": "粤ICP备2021000001号",
        "service_numbers": ["粤ICP备2021000001号-1"]
    })),
    responses(
        (status = 200, description = "The filing.", body = Filing, headers(
            ("Icp-Prefilled" = String, description = "Where each part comes from, e.g. `organiser=record, services=left-out`: `record`, `order`, `register`, `request`, or `left-out`, which is for you to write."),
        )),
        JsonBody, Missing
    )
)]
async fn prefill_filing(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    let wanted: PrefillBody = body::json(&headers, request_body, api.config.max_body_bytes).await?;
    let prefilled = match (wanted.organiser_number, wanted.order_id) {
        (Some(organiser_number), None) => {
            let PrefillBody { order_type, service_numbers, cancellation, .. } = wanted;
            let wanted = Wanted { order_type, organiser_number, service_numbers, cancellation };
            let accounts = caller.accounts().unwrap_or_default();
            let prefilled = prefill::prefill(&api.bus.context().pool, &api.vault, accounts, &wanted).await?;
            let number = prefilled.filing.organiser.number.as_deref().unwrap_or(&wanted.organiser_number);
            api.record_seen(&caller, number).await?;
            prefilled
        }
        (None, Some(_)) if !wanted.service_numbers.is_empty() => {
            let remedy = "leave it out: an earlier order brings its own services";
            return Err(Problem::field("service_numbers", "is only for records", remedy));
        }
        (None, Some(order)) => {
            let stored = find_order(&api, &caller, &order.to_string()).await?;
            let (stored, earlier) = view_content(&api, &caller, stored).await?;
            let prefilled = reuse(earlier, &stored.order, wanted.order_type, wanted.cancellation);
            match api.registered(&stored).await? {
                Some(registered) => prefilled.with_registered(&registered),
                None => prefilled,
            }
        }
        _ => {
            let remedy = "name either a record by its organiser_number, or an earlier order by its order_id";
            return Err(Problem::field("organiser_number", "is needed, unless order_id is given", remedy));
        }
    };
    let origins = [(HeaderName::from_static("icp-prefilled"), prefilled.told())];
    Ok((origins, Json(prefilled.filing)).into_response())
}

pub(super) async fn find_organiser(api: &Api, caller: &Caller, number: &str) -> Result<OrganiserFound, Problem> {
    let found = lookup::organiser(&api.bus.context().pool, number).await?;
    found.filter(|found| caller.may_see_held(found.account.as_deref())).ok_or_else(no_record)
}

pub(super) async fn find_service(api: &Api, caller: &Caller, number: &str) -> Result<ServiceFound, Problem> {
    let found = lookup::services(&api.bus.context().pool, &[number.to_owned()]).await?;
    found.into_iter().find(|found| caller.may_see_held(found.account.as_deref())).ok_or_else(no_record)
}

fn cursor(text: Option<&str>) -> Result<Option<Cursor>, Problem> {
    let wrong = || {
        Problem::field("cursor", "is not a cursor of this list", "give the next_cursor of the page before, unchanged")
    };
    text.map(|text| Cursor::parse(text).ok_or_else(wrong)).transpose()
}

fn no_record() -> Problem {
    Problem::new(Kind::NotFound, "Check the number; records of other accounts are not shown.")
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Database(error) => error.into(),
            ArchiveError::Vault(error) => error.into(),
            ArchiveError::Content(error) => {
                tracing::error!(%error, "an archived content is not readable");
                Problem::new(Kind::Internal, "The record cannot be read; the operator has been told.")
            }
        }
    }
}

impl From<PrefillError> for Problem {
    fn from(error: PrefillError) -> Self {
        match error {
            PrefillError::Fields(errors) => Problem::fields(errors),
            PrefillError::Archive(error) => error.into(),
        }
    }
}
