//! Exports: everything that a list would show, page by page from the database into one answer, as lines of JSON or as
//! CSV. Memory is bounded by a page; an answer that cannot be finished is cut off, which a client sees as an error.

mod archive;
mod orders;

use std::io;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::problem::{Kind, Problem};
use crate::audit::Entry;
use crate::sheet;

/// The section `[intake.exports]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportsConfig {
    /// Exports that one process serves at the same time.
    pub max_open: usize,
    /// Rows that are read at once.
    pub page_rows: i64,
}

/// The routes of exports.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(orders::orders)).routes(routes!(archive::archive))
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    Ndjson,
    Csv,
}

impl Format {
    /// What the query asks for, else what the client accepts, else lines of JSON.
    fn of(asked: Option<Self>, headers: &HeaderMap) -> Self {
        asked.unwrap_or_else(|| {
            let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let wants_csv = accepts.split(',').any(|accepted| accepted.trim().starts_with("text/csv"));
            if wants_csv { Self::Csv } else { Self::Ndjson }
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }
}

/// An export that may begin.
struct Begun {
    format: Format,
    with_content: bool,
    turn: OwnedSemaphorePermit,
}

/// Lets an export begin: whoever wants content must be allowed to read it, and the export is recorded first.
/// `filter` is what the export is narrowed to, without personal data.
async fn begin(
    api: &Api,
    caller: &Caller,
    what: &str,
    (format, with_content): (Format, bool),
    filter: Value,
) -> Result<Begun, Problem> {
    if with_content && !caller.may_read_content() {
        return Err(Problem::new(Kind::Forbidden, "Leave `content` out: this token's role does not read content."));
    }
    let turn = api.export_turns.clone().try_acquire_owned().map_err(|_| {
        Problem::new(
            Kind::TooManyRequests,
            "As many exports run as may (`intake.exports.max_open`); try again shortly.",
        )
    })?;
    let detail = json!({
        "content": with_content, "format": format.as_str(), "accounts": caller.accounts(), "filter": filter,
    });
    api.audit.record(Entry::of(caller, api.clock.now(), format!("{what}.exported"), what, &detail)).await?;
    Ok(Begun { format, with_content, turn })
}

/// The answer: headings where the format has them, then the pages.
fn answer<P>(begun: Begun, what: &str, headings: String, pages: P) -> Response
where
    P: Stream<Item = Result<String, Problem>> + Send + 'static,
{
    let Begun { format, turn, .. } = begun;
    let (media_type, begin) = match format {
        Format::Ndjson => ("application/x-ndjson", String::new()),
        Format::Csv => ("text/csv; charset=utf-8", format!("{}{headings}", sheet::MARK)),
    };
    let chunks = stream::iter([Ok(begin)]).chain(pages).map(move |chunk| {
        // The turn is over when the answer is, or when the client has left.
        let _turn = &turn;
        chunk.map_err(|problem: Problem| {
            tracing::warn!(%problem, "an export was cut off");
            io::Error::other("the export cannot be finished")
        })
    });
    let disposition = format!("attachment; filename=\"icp-{what}.{}\"", format.as_str());
    let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, Body::from_stream(chunks)).into_response()
}

/// One line of JSON.
fn json_line(value: &impl Serialize) -> Result<String, Problem> {
    let line = serde_json::to_string(value)
        .map_err(|error| Problem::new(Kind::Internal, format!("A line cannot be written: {error}.")))?;
    Ok(line + "\n")
}
