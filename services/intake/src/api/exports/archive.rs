//! `GET /v1/exports/archive`.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use futures::stream::{self, Stream};
use icp_domain::{Filing, InternetService, OrderType, Organiser, Province};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{Format, answer, begin, json_line};
use crate::api::Api;
use crate::api::archive::{SearchQuery, search_of};
use crate::api::auth::Caller;
use crate::api::openapi::refusals::Fields;
use crate::api::params::Query;
use crate::api::problem::Problem;
use crate::archive::lookup;
use crate::archive::search::{self, Listed, Search};
use crate::imports::columns::{self, COLUMNS, Column};
use crate::sheet;

const HEADINGS: [&str; 10] = [
    "number",
    "organiser_number",
    "kind",
    "name",
    "domains",
    "province",
    "status",
    "is_connected",
    "account",
    "filed_at",
];

/// Columns of the flat filing that are about a record.
fn is_of_record(column: &Column) -> bool {
    column.path.starts_with("organiser.") || column.path.starts_with("services[0].")
}

/// What is exported.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ArchiveQuery {
    /// Number of a service, or of an organiser for all of its services; former numbers too.
    #[param(example = "粤ICP备2021000001号")]
    number: Option<String>,
    /// A domain: services that have it, names below it, or the registrable domain above it.
    #[param(example = "example.cn")]
    domain: Option<String>,
    /// Package name or bundle id of an APP.
    app: Option<String>,
    /// Beginning of the service's name.
    name: Option<String>,
    /// Number of the organiser's certificate.
    certificate: Option<String>,
    /// Only this province.
    #[param(inline)]
    province: Option<Province>,
    /// Lines of JSON, or CSV for spreadsheets; what `Accept` says where nothing is said.
    #[param(inline)]
    format: Option<Format>,
    /// With what is declared, for applicants, resellers and reviewers.
    #[serde(default)]
    content: bool,
}

/// A service on record with what is declared of it.
#[derive(Serialize, ToSchema)]
#[schema(as = ArchiveLine)]
struct Line {
    #[serde(flatten)]
    listed: Listed,
    /// What is declared of its organiser; only where content was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    organiser: Option<Organiser>,
    /// What is declared of it; only where content was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<InternetService>,
}

/// Every service on record that the caller's list would show, by name, in one answer.
///
/// An answer that cannot be finished is cut off. The export is recorded in the audit trail.
#[utoipa::path(
    get,
    path = "/v1/exports/archive",
    tag = "exports",
    params(ArchiveQuery),
    responses(
        (status = 200, description = "The services.", content(
            (Line = "application/x-ndjson"),
            (String = "text/csv")
        )),
        Fields
    )
)]
pub(super) async fn archive(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Query(query): Query<ArchiveQuery>,
) -> Result<Response, Problem> {
    let format = Format::of(query.format, &headers);
    let wanted = SearchQuery {
        number: query.number,
        domain: query.domain,
        app: query.app,
        name: query.name,
        certificate: query.certificate,
        province: query.province,
        cursor: None,
        limit: None,
    };
    // Names and certificates may be a person's: only that they were given is told.
    let asked = json!({
        "number": wanted.number, "domain": wanted.domain, "app": wanted.app, "by_name": wanted.name.is_some(),
        "by_certificate": wanted.certificate.is_some(), "province": wanted.province,
    });
    let search = search_of(&api, &caller, wanted)?;
    let begun = begin(&api, &caller, "archive", (format, query.content), asked).await?;
    let flat = COLUMNS.iter().filter(|column| begun.with_content && is_of_record(column)).map(|column| column.path);
    let headings = sheet::line(HEADINGS.into_iter().chain(flat));
    let pages = pages(api, search, format, begun.with_content);
    Ok(answer(begun, "archive", headings, pages))
}

fn pages(
    api: Api,
    search: Search,
    format: Format,
    with_content: bool,
) -> impl Stream<Item = Result<String, Problem>> + Send + 'static {
    stream::try_unfold(Some(search), move |search| {
        let api = api.clone();
        async move {
            let Some(search) = search else { return Ok(None) };
            let limit = api.config.exports.page_rows.max(1);
            let (listed, next) = search::services(&api.bus.context().pool, &search, limit).await?;
            let mut declared = if with_content { declared(&api, &listed).await? } else { HashMap::new() };
            let mut text = String::new();
            for listed in listed {
                let (organiser, service) = declared.remove(&listed.number).unwrap_or_default();
                let line = Line { listed, organiser, service };
                text.push_str(&match format {
                    Format::Ndjson => json_line(&line)?,
                    Format::Csv => flat_line(line, with_content),
                });
            }
            Ok(Some((text, next.map(|next| Search { after: Some(next), ..search }))))
        }
    })
}

type Declared = (Option<Organiser>, Option<InternetService>);

/// What is declared of the services of a page, by their numbers.
async fn declared(api: &Api, listed: &[Listed]) -> Result<HashMap<String, Declared>, Problem> {
    let pool = &api.bus.context().pool;
    let numbers: Vec<String> = listed.iter().map(|listed| listed.number.clone()).collect();
    let organiser_numbers: Vec<String> = listed.iter().map(|listed| listed.organiser_number.clone()).collect();
    let (services, organisers) =
        tokio::try_join!(lookup::services(pool, &numbers), lookup::organisers(pool, &organiser_numbers))?;
    let ids: Vec<_> = services.iter().map(|service| service.id).collect();
    let accesses = lookup::accesses(pool, &ids).await?;
    let mut declared = HashMap::new();
    for service in services {
        let organiser = organisers.iter().find(|organiser| organiser.id == service.organiser_id);
        let organiser = organiser.map(|organiser| organiser.open(&api.vault)).transpose()?.flatten();
        let content = service.open(&api.vault, &accesses)?;
        declared.insert(service.number, (organiser, content));
    }
    Ok(declared)
}

fn flat_line(line: Line, with_content: bool) -> String {
    let Line { listed, organiser, service } = line;
    let cells = [
        listed.number.clone(),
        listed.organiser_number.clone(),
        listed.kind.clone(),
        listed.name.clone(),
        listed.domains.join(";"),
        listed.province.clone(),
        listed.status.clone(),
        listed.is_connected.to_string(),
        listed.account.clone().unwrap_or_default(),
        listed.filed_at.to_rfc3339(),
    ];
    if !with_content {
        return sheet::line(cells);
    }
    let (Some(organiser), Some(province)) = (organiser, Province::parse(&listed.province)) else {
        // Erased content: the columns stay, empty.
        let missing = COLUMNS.iter().filter(|column| is_of_record(column)).map(|_| String::new());
        return sheet::line(cells.into_iter().chain(missing));
    };
    let order_type = OrderType::ChangeService;
    let filing = Filing { order_type, province, organiser, services: Vec::new(), cancellation: None };
    let flat = COLUMNS.iter().zip(columns::cells(&filing, service.as_ref()));
    let flat = flat.filter(|(column, _)| is_of_record(column)).map(|(_, cell)| cell);
    sheet::line(cells.into_iter().chain(flat))
}
