//! `GET /v1/exports/orders`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use futures::stream::{self, Stream};
use icp_domain::{Filing, OrderType, Province};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::{Format, answer, begin, json_line};
use crate::api::Api;
use crate::api::auth::Caller;
use crate::api::openapi::refusals::Fields;
use crate::api::orders::{ListQuery, list_filter};
use crate::api::params::Query;
use crate::api::problem::Problem;
use crate::api::view::OrderView;
use crate::imports::columns::{self, COLUMNS};
use crate::order::Phase;
use crate::paging::last_of_full;
use crate::sheet;
use crate::store::{self, ListFilter, StoredOrder};

/// Columns of every order; with content come the service's index and the flat filing.
const HEADINGS: [&str; 13] = [
    "id",
    "version",
    "order_type",
    "phase",
    "since",
    "province",
    "attempt",
    "domains",
    "organiser_number",
    "service_numbers",
    "findings",
    "created_at",
    "account",
];

/// Columns of the flat filing that stand among [`HEADINGS`] already.
fn repeats(path: &str) -> bool {
    HEADINGS.contains(&path)
}

/// What is exported.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OrdersQuery {
    /// Only orders of this account, one of the caller's.
    account: Option<String>,
    /// Only orders of this type.
    #[param(inline)]
    order_type: Option<OrderType>,
    /// Only orders in this phase.
    #[param(inline)]
    phase: Option<Phase>,
    /// Only orders of this province.
    #[param(inline)]
    province: Option<Province>,
    /// Lines of JSON, or CSV for spreadsheets; what `Accept` says where nothing is said.
    #[param(inline)]
    format: Option<Format>,
    /// With what is declared, for applicants, resellers and reviewers; in CSV a line per service.
    #[serde(default)]
    content: bool,
}

/// Every order that the caller's list would show, oldest first, in one answer.
///
/// An answer that cannot be finished is cut off. The export is recorded in the audit trail.
#[utoipa::path(
    get,
    path = "/v1/exports/orders",
    tag = "exports",
    params(OrdersQuery),
    responses(
        (status = 200, description = "The orders.", content(
            (OrderView = "application/x-ndjson"),
            (String = "text/csv")
        )),
        Fields
    )
)]
pub(super) async fn orders(
    State(api): State<Api>,
    caller: Caller,
    headers: HeaderMap,
    Query(query): Query<OrdersQuery>,
) -> Result<Response, Problem> {
    let OrdersQuery { account, order_type, phase, province, .. } = query;
    let filter = list_filter(&caller, ListQuery { account, order_type, phase, province, after: None, limit: None })?;
    let format = Format::of(query.format, &headers);
    let asked = json!({ "phase": query.phase, "province": query.province });
    let begun = begin(&api, &caller, "orders", (format, query.content), asked).await?;
    let headings = HEADINGS.into_iter().map(str::to_owned);
    let headings = match begun.with_content {
        false => sheet::line(headings),
        true => {
            let flat = COLUMNS.iter().map(|column| column.path).filter(|path| !repeats(path)).map(str::to_owned);
            sheet::line(headings.chain(["service".to_owned()]).chain(flat))
        }
    };
    let pages = pages(api, filter, format, begun.with_content);
    Ok(answer(begun, "orders", headings, pages))
}

fn pages(
    api: Api,
    filter: ListFilter,
    format: Format,
    with_content: bool,
) -> impl Stream<Item = Result<String, Problem>> + Send + 'static {
    stream::try_unfold(Some(filter), move |filter| {
        let api = api.clone();
        async move {
            let Some(filter) = filter else { return Ok(None) };
            let limit = api.config.exports.page_rows.max(1);
            let orders = store::list(&api.bus.context().pool, &filter, limit).await?;
            let after = last_of_full(&orders, limit).map(|last| last.id);
            let mut text = String::new();
            for stored in orders {
                text.push_str(&lines(&api, stored, format, with_content)?);
            }
            Ok(Some((text, after.map(|after| ListFilter { after: Some(after), ..filter }))))
        }
    })
}

/// An order: one line of JSON, or in CSV one line per service where the content is exported.
fn lines(api: &Api, stored: StoredOrder, format: Format, with_content: bool) -> Result<String, Problem> {
    // An order whose key was erased has no content any more.
    let (stored, filing) = match with_content && !stored.data_key.is_empty() {
        true => {
            let filing = api.filing(&stored)?;
            (api.with_words(stored)?, Some(filing))
        }
        false => (stored, None),
    };
    match format {
        Format::Ndjson => json_line(&OrderView::new(&stored, filing)),
        Format::Csv if with_content => Ok(flat_lines(&stored, filing.as_ref())),
        Format::Csv => Ok(sheet::line(cells(&stored))),
    }
}

fn cells(stored: &StoredOrder) -> [String; HEADINGS.len()] {
    let order = &stored.order;
    let findings: Vec<String> =
        order.findings.iter().map(|finding| format!("{} {}", finding.code, finding.field)).collect();
    [
        stored.id.to_string(),
        order.version.to_string(),
        order.order_type.as_str().to_owned(),
        order.phase.as_str().to_owned(),
        stored.updated_at.to_rfc3339(),
        stored.province.clone(),
        order.attempt.to_string(),
        stored.domains.join(";"),
        order.organiser_number.clone().unwrap_or_default(),
        order.service_numbers.join(";"),
        findings.join(";"),
        stored.created_at.to_rfc3339(),
        stored.account.clone(),
    ]
}

fn flat_lines(stored: &StoredOrder, filing: Option<&Filing>) -> String {
    let Some(filing) = filing else {
        // Erased content: the columns stay, empty.
        let missing = COLUMNS.iter().filter(|column| !repeats(column.path)).map(|_| String::new());
        return sheet::line(cells(stored).into_iter().chain([String::new()]).chain(missing));
    };
    let line = |index: String, service| {
        let flat = COLUMNS.iter().zip(columns::cells(filing, service));
        let flat = flat.filter(|(column, _)| !repeats(column.path)).map(|(_, cell)| cell);
        sheet::line(cells(stored).into_iter().chain([index]).chain(flat))
    };
    if filing.services.is_empty() {
        return line(String::new(), None);
    }
    filing.services.iter().enumerate().map(|(index, service)| line(index.to_string(), Some(service))).collect()
}
