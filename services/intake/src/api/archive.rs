//! The archive over REST. Applicants see the records of their own account; operators see no personal data.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use icp_domain::names::DomainName;
use icp_domain::{Cancellation, OrderType, Province};
use icp_rules_sdk::{Context, FooterNumber, Order};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{Caller, Role};
use super::orders::page_limit;
use super::problem::{Kind, Problem};
use super::{Api, body};
use crate::archive::ArchiveError;
use crate::archive::footer::Footer;
use crate::archive::lookup::{self, OrganiserFound, ServiceFound};
use crate::archive::mismatch;
use crate::archive::prefill::{self, PrefillError, Wanted};
use crate::archive::record::{CERTIFICATE_FIELD, certificate_key};
use crate::archive::search::{self, Cursor, Search};
use crate::rules::day_in_china;

/// The routes of the archive.
pub fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/archive/organisers/{number}", get(organiser))
        .route("/v1/archive/services", get(services))
        .route("/v1/archive/services/{number}", get(service))
        .route("/v1/archive/services/{number}/footer", get(footer))
        .route("/v1/archive/mismatches", get(mismatches))
        .route("/v1/filings/prefill", post(prefill_filing))
}

/// `GET /v1/archive/organisers/{number}`
async fn organiser(State(api): State<Api>, caller: Caller, Path(number): Path<String>) -> Result<Response, Problem> {
    let pool = &api.bus.context().pool;
    let found = lookup::organiser(pool, &number).await?.filter(|found| sees(&caller, found.account.as_deref()));
    let found: OrganiserFound = found.ok_or_else(no_record)?;
    let search = Search { number: Some(found.number.clone()), ..Search::default() };
    let ((services, next), numbers, history) = tokio::try_join!(
        search::services(pool, &search, api.config.max_page),
        lookup::numbers(pool, found.id),
        lookup::organiser_history(pool, found.id),
    )?;
    let content = if reads_content(&caller) { found.open(&api.vault)? } else { None };
    let mut answer = object(&found);
    answer.insert("organiser".to_owned(), json!(content));
    answer.insert("services".to_owned(), json!(services));
    answer.insert("next_cursor".to_owned(), json!(next.map(|cursor| cursor.to_text())));
    answer.insert("numbers".to_owned(), json!(numbers));
    answer.insert("history".to_owned(), json!(history));
    Ok(Json(answer).into_response())
}

/// `GET /v1/archive/services/{number}`
async fn service(State(api): State<Api>, caller: Caller, Path(number): Path<String>) -> Result<Response, Problem> {
    let pool = &api.bus.context().pool;
    let found = find_service(&api, &caller, &number).await?;
    let ids = [found.id];
    let (accesses, numbers, history) = tokio::try_join!(
        lookup::accesses(pool, &ids),
        lookup::numbers(pool, found.id),
        lookup::service_history(pool, found.id),
    )?;
    let content = if reads_content(&caller) { found.open(&api.vault, &accesses)? } else { None };
    let mut answer = object(&found);
    answer.insert("service".to_owned(), json!(content));
    answer.insert("accesses".to_owned(), json!(accesses));
    answer.insert("numbers".to_owned(), json!(numbers));
    answer.insert("history".to_owned(), json!(history));
    Ok(Json(answer).into_response())
}

/// What a list of services is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchQuery {
    number: Option<String>,
    domain: Option<String>,
    app: Option<String>,
    name: Option<String>,
    certificate: Option<String>,
    province: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET /v1/archive/services`
async fn services(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<SearchQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    const REMEDY: &str = "use number, domain, app, name, certificate, province, cursor and limit";
    let Query(query) = query.map_err(|error| Problem::field("query", &error.body_text(), REMEDY))?;
    let limit = page_limit(&api, query.limit)?;
    let domain = match query.domain.as_deref().map(DomainName::parse) {
        None => None,
        Some(Ok(domain)) => Some(domain),
        Some(Err(error)) => {
            return Err(Problem::field("domain", &error.to_string(), "give a domain name such as example.cn"));
        }
    };
    if let Some(letters) = &query.province {
        Province::parse(letters)
            .ok_or_else(|| Problem::field("province", "is not a province", "give its letters, e.g. gd"))?;
    }
    let index = query.certificate.map(|number| api.vault.blind_index(CERTIFICATE_FIELD, &certificate_key(&number)));
    let search = Search {
        account: (caller.role == Role::Applicant).then(|| caller.account.clone()),
        number: query.number,
        domain,
        app: query.app,
        name: query.name,
        certificate_index: index,
        province: query.province,
        after: cursor(query.cursor.as_deref())?,
    };
    let (services, next) = search::services(&api.bus.context().pool, &search, limit).await?;
    Ok(Json(json!({ "services": services, "next_cursor": next.map(|cursor| cursor.to_text()) })).into_response())
}

/// `GET /v1/archive/services/{number}/footer`: JSON, or the snippet alone for `Accept: text/html`.
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
    let (form, source) = footer_form(&api, &found).await?;
    let footer = Footer::new(&found.number, form, found.filed_at);
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.split(',').any(|accepted| accepted.trim().starts_with("text/html")) {
        return Ok(Html(footer.html).into_response());
    }
    let mut answer = object(&footer);
    answer.insert("source".to_owned(), json!(source));
    Ok(Json(answer).into_response())
}

/// Which number the province wants in the footer, and who says so.
async fn footer_form(api: &Api, found: &ServiceFound) -> Result<(FooterNumber, String), Problem> {
    const NATIONAL: (FooterNumber, &str) = (FooterNumber::Service, "national practice; no rule module answered");
    let national = || (NATIONAL.0, NATIONAL.1.to_owned());
    let Some(province) = Province::parse(&found.province) else { return Ok(national()) };
    let Some(module) = api.rules.active(province) else { return Ok(national()) };
    let pool = &api.bus.context().pool;
    let organiser = match lookup::organiser(pool, &found.organiser_number).await? {
        Some(organiser) => organiser.open(&api.vault)?,
        None => None,
    };
    let (Some(organiser), Some(service)) = (organiser, found.open(&api.vault, &[])?) else { return Ok(national()) };
    let order_type = OrderType::ChangeService;
    let filing = icp_domain::Filing { order_type, province, organiser, services: vec![service], cancellation: None };
    let context = Context::on(day_in_china(api.clock.now()));
    Ok(match api.rules.requirements(province, &Order::from(&filing), &context) {
        Ok(requirements) => (requirements.footer_number, format!("{} {}", province.letters(), module.version())),
        Err(reason) => {
            tracing::warn!(
                reason,
                province = province.letters(),
                "the module did not say which number the footer shows"
            );
            national()
        }
    })
}

/// What a list of mismatches is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MismatchQuery {
    kind: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET /v1/archive/mismatches`
async fn mismatches(
    State(api): State<Api>,
    caller: Caller,
    query: Result<Query<MismatchQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    if caller.role == Role::Applicant {
        return Err(Problem::new(Kind::Forbidden, "Mismatches are for reviewers and operators."));
    }
    let Query(query) =
        query.map_err(|error| Problem::field("query", &error.body_text(), "use kind, cursor and limit"))?;
    let limit = page_limit(&api, query.limit)?;
    if query.kind.as_deref().is_some_and(|kind| !mismatch::KINDS.contains(&kind)) {
        return Err(Problem::field(
            "kind",
            "is not a kind of mismatch",
            &format!("use one of {}", mismatch::KINDS.join(", ")),
        ));
    }
    let after = cursor(query.cursor.as_deref())?;
    let pool = &api.bus.context().pool;
    let (found, next) = mismatch::list(pool, query.kind.as_deref(), after.as_ref(), limit).await?;
    Ok(Json(json!({ "mismatches": found, "next_cursor": next.map(|cursor| cursor.to_text()) })).into_response())
}

/// What an order shall be about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PrefillBody {
    order_type: OrderType,
    organiser_number: String,
    #[serde(default)]
    service_numbers: Vec<String>,
    cancellation: Option<Cancellation>,
}

/// `POST /v1/filings/prefill`: the filing of an order about what is on record.
async fn prefill_filing(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    caller.require(Role::Applicant)?;
    let wanted: PrefillBody = body::json(&headers, request_body, api.config.max_body_bytes).await?;
    let wanted = Wanted {
        order_type: wanted.order_type,
        organiser_number: wanted.organiser_number,
        service_numbers: wanted.service_numbers,
        cancellation: wanted.cancellation,
    };
    let filing = prefill::prefill(&api.bus.context().pool, &api.vault, &caller.account, &wanted).await?;
    Ok(Json(filing).into_response())
}

async fn find_service(api: &Api, caller: &Caller, number: &str) -> Result<ServiceFound, Problem> {
    let found = lookup::services(&api.bus.context().pool, &[number.to_owned()]).await?;
    found.into_iter().find(|found| sees(caller, found.account.as_deref())).ok_or_else(no_record)
}

fn sees(caller: &Caller, account: Option<&str>) -> bool {
    caller.role != Role::Applicant || account == Some(caller.account.as_str())
}

fn reads_content(caller: &Caller) -> bool {
    caller.role != Role::Operator
}

fn object(value: &impl serde::Serialize) -> serde_json::Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(object)) => object,
        _ => serde_json::Map::new(),
    }
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
