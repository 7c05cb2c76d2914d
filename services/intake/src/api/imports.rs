//! Imports: many orders in one request, and the report on every row.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::auth::Caller;
use super::openapi::refusals::{Fields, FileBody, Missing};
use super::orders::page_limit;
use super::params::{Path, Query};
use super::problem::{FieldError, Kind, Problem};
use super::{Api, body};
use crate::imports::body::{Format, Limits, rows};
use crate::imports::columns::{COLUMNS, REFERENCE};
use crate::imports::drafting::report;
use crate::imports::store::{self, Import, RowState, StoredRow};
use crate::paging::last_of_full;
use crate::sheet;

/// The routes of imports.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(template))
        .routes(routes!(show))
        .routes(routes!(rows_json))
        .routes(routes!(rows_csv))
}

/// How far an import is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ImportState {
    /// Some rows wait.
    Running,
    /// Every row became a draft or was told why not.
    Ended,
}

/// An import.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Import)]
struct ImportView {
    /// Its id.
    id: Uuid,
    /// Account whose drafts its rows become.
    account: String,
    /// How far it is.
    state: ImportState,
    /// Name of the caller that handed it in.
    actor: String,
    /// `ndjson` or `csv`.
    format: String,
    /// Rows.
    rows: i32,
    /// Rows that are not read yet.
    waiting: i32,
    /// Rows that became drafts.
    created: i32,
    /// Rows that have faults.
    failed: i32,
    /// When it was stored.
    received_at: DateTime<Utc>,
    /// When its last row was done; null before.
    ended_at: Option<DateTime<Utc>>,
}

fn view(import: Import) -> ImportView {
    ImportView {
        id: import.id,
        account: import.account,
        state: if import.ended_at.is_some() { ImportState::Ended } else { ImportState::Running },
        actor: import.actor,
        format: import.format,
        rows: import.row_count,
        waiting: import.row_count - import.created - import.failed,
        created: import.created,
        failed: import.failed,
        received_at: import.received_at,
        ended_at: import.ended_at,
    }
}

/// Stores many filings at once; their rows become drafts of the account behind the request's back.
///
/// `application/x-ndjson` in UTF-8 has a filing per line, or `{"reference": "…", "filing": {…}}` with a name of your
/// own for the row. `text/csv` has a flat filing with one service per row, under the headings of the template, in UTF-8
/// or with `charset=gb18030`. At most 16 MiB (`intake.imports.max_bytes`). A row with faults holds back no other one;
/// the report tells them.
#[utoipa::path(
    post,
    path = "/v1/imports",
    tag = "imports",
    request_body(description = "The rows.", content((String = "application/x-ndjson"), (String = "text/csv"))),
    responses(
        (status = 202, description = "The rows are stored.", body = ImportView, headers(
            ("Location" = String, description = "Path of the import."),
        )),
        FileBody, Fields
    )
)]
async fn create(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = Format::of_content_type(content_type)?;
    let bytes = body::read(request_body, api.config.imports.max_bytes).await?;
    let limits = Limits { rows: api.config.imports.max_rows, row_bytes: api.config.max_body_bytes };
    let rows = rows(format, &bytes, limits)?;
    let import = api.receive(&caller, format, &rows).await?;
    let location = format!("/v1/imports/{}", import.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(view(import))).into_response())
}

/// Which headings the template has.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TemplateQuery {
    /// Paths of the fields, or their Chinese names.
    #[serde(default)]
    #[param(inline)]
    headings: Headings,
}

#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Headings {
    #[default]
    Path,
    Zh,
}

/// The headings of an import as CSV, to be filled in. Those in Chinese are taken too.
#[utoipa::path(
    get,
    path = "/v1/imports/template.csv",
    tag = "imports",
    params(TemplateQuery),
    responses((status = 200, description = "One line.", body = String, content_type = "text/csv"), Fields)
)]
async fn template(Query(query): Query<TemplateQuery>) -> Response {
    let columns = std::iter::once(&REFERENCE).chain(&COLUMNS);
    let line = match query.headings {
        Headings::Path => sheet::line(columns.map(|column| column.path)),
        Headings::Zh => sheet::line(columns.map(|column| column.name_zh)),
    };
    csv("icp-import", format!("{}{line}", sheet::MARK))
}

/// Which imports are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only imports behind this one: `next_after` of the page before.
    after: Option<Uuid>,
    /// Imports in the page, 1 to 200 (`intake.max_page`); 50 where nothing is said.
    #[param(minimum = 1)]
    limit: Option<i64>,
}

/// A page of imports.
#[derive(Serialize, ToSchema)]
struct ImportPage {
    /// Oldest first.
    imports: Vec<ImportView>,
    /// Give it as `after` for the next page; null on the last one.
    next_after: Option<Uuid>,
}

/// A page of the imports of the caller's accounts, oldest first.
#[utoipa::path(
    get,
    path = "/v1/imports",
    tag = "imports",
    params(ListQuery),
    responses((status = 200, description = "A page.", body = ImportPage), Fields)
)]
async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<ImportPage>, Problem> {
    let limit = page_limit(&api, query.limit)?;
    let imports = store::imports(&api.bus.context().pool, caller.accounts(), query.after, limit).await?;
    let next_after = last_of_full(&imports, limit).map(|last| last.id);
    Ok(Json(ImportPage { imports: imports.into_iter().map(view).collect(), next_after }))
}

/// An import in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code)] // It documents the path; handlers take the text, so that every wrong id is answered alike.
struct ImportPath {
    /// Id of the import.
    id: Uuid,
}

/// How far an import is. It is kept for 30 days after its end (`intake.imports.keep_days`).
#[utoipa::path(
    get,
    path = "/v1/imports/{id}",
    tag = "imports",
    params(ImportPath),
    responses((status = 200, description = "The import.", body = ImportView), Missing)
)]
async fn show(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Json<ImportView>, Problem> {
    Ok(Json(view(find(&api, &caller, &id).await?)))
}

/// Which rows are reported.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RowsQuery {
    /// Only rows that stand so.
    #[param(inline)]
    state: Option<RowState>,
    /// Only rows behind this number; from the first one where nothing is said.
    #[serde(default)]
    #[param(example = 0)]
    after: i32,
    /// Rows in the page: 1 to 200 (`intake.max_page`) and 50 where nothing is said; as CSV up to all of them
    /// (`intake.imports.max_rows`), which is what nothing said means.
    #[param(minimum = 1)]
    limit: Option<i64>,
}

/// A page of the report.
#[derive(Serialize, ToSchema)]
struct RowPage {
    /// In their sequence.
    rows: Vec<RowView>,
    /// Give it as `after` for the next page; null on the last one.
    next_after: Option<i32>,
}

/// What became of a row.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportRow)]
struct RowView {
    /// Number of the line on which it begins in what was handed in, from 1; empty lines and those within quotes count.
    row: i32,
    /// How it stands.
    #[schema(value_type = RowState)]
    state: String,
    /// The caller's own name of it.
    reference: Option<String>,
    /// The draft.
    order_id: Option<Uuid>,
    /// Everything that is wrong with it.
    errors: Vec<FieldError>,
}

/// A page of the report on the rows of an import.
#[utoipa::path(
    get,
    path = "/v1/imports/{id}/rows",
    tag = "imports",
    params(ImportPath, RowsQuery),
    responses((status = 200, description = "A page.", body = RowPage), Missing, Fields)
)]
async fn rows_json(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<RowsQuery>,
) -> Result<Json<RowPage>, Problem> {
    let import = find(&api, &caller, &id).await?;
    let limit = page_limit(&api, query.limit)?;
    let rows = store::rows(&api.bus.context().pool, import.id, query.state, query.after, limit).await?;
    let next_after = last_of_full(&rows, limit).map(|last| last.row_number);
    let key = api.import_key(&import)?;
    let row_view = |row: StoredRow| -> Result<RowView, Problem> {
        let report = report(&key, import.id, &row)?;
        Ok(RowView {
            row: row.row_number,
            state: row.state,
            reference: report.reference,
            order_id: row.order_id,
            errors: report.errors,
        })
    };
    Ok(Json(RowPage { rows: rows.into_iter().map(row_view).collect::<Result<_, _>>()?, next_after }))
}

/// The report on the rows of an import for a spreadsheet: a line for every fault, and one for every row without.
#[utoipa::path(
    get,
    path = "/v1/imports/{id}/rows.csv",
    tag = "imports",
    params(ImportPath, RowsQuery),
    responses((status = 200, description = "The report.", body = String, content_type = "text/csv"), Missing, Fields)
)]
async fn rows_csv(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<RowsQuery>,
) -> Result<Response, Problem> {
    let import = find(&api, &caller, &id).await?;
    let most = i64::try_from(api.config.imports.max_rows).unwrap_or(i64::MAX);
    let limit = query.limit.unwrap_or(most);
    if !(1..=most).contains(&limit) {
        return Err(Problem::field("limit", "is out of range", &format!("ask for 1 to {most}")));
    }
    let rows = store::rows(&api.bus.context().pool, import.id, query.state, query.after, limit).await?;
    let key = api.import_key(&import)?;
    let mut text = sheet::MARK.to_owned();
    text.push_str(&sheet::line(["row", "reference", "state", "order_id", "field", "reason", "remedy"]));
    for row in &rows {
        let report = report(&key, import.id, row)?;
        let number = row.row_number.to_string();
        let order_id = row.order_id.map(|id| id.to_string()).unwrap_or_default();
        let reference = report.reference.as_deref().unwrap_or_default();
        let begin = [number.as_str(), reference, row.state.as_str(), order_id.as_str()];
        if report.errors.is_empty() {
            text.push_str(&sheet::line(begin.into_iter().chain(["", "", ""])));
        }
        for error in &report.errors {
            let fault = [error.field.as_str(), error.reason.as_str(), error.remedy.as_str()];
            text.push_str(&sheet::line(begin.into_iter().chain(fault)));
        }
    }
    Ok(csv("icp-import-report", text))
}

fn csv(name: &str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, text).into_response()
}

/// The import, if the caller may see it.
async fn find(api: &Api, caller: &Caller, id: &str) -> Result<Import, Problem> {
    let missing = || Problem::new(Kind::NotFound, "Check the id; imports of other accounts are not shown.");
    let id = Uuid::parse_str(id).map_err(|_| missing())?;
    let import = store::import(&api.bus.context().pool, id).await?;
    import.filter(|import| caller.may_see(&import.account)).ok_or_else(missing)
}
