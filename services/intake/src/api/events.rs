//! The events of an order as they happen, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::future;
use futures::stream::{self, StreamExt as _};
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Api;
use super::auth::Caller;
use super::openapi::parameters::OrderPath;
use super::openapi::refusals::{Fields, Missing};
use super::orders::find;
use super::params::Path;
use super::problem::{Kind, Problem};
use super::view::history_line;
use crate::live::{self, Place, Told};
use crate::store::StoredOrder;

const LAST_EVENT_ID: &str = "last-event-id";
/// How long a client waits before it opens a stream that has ended again.
const RETRY: Duration = Duration::from_secs(2);

/// The routes of events.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Where a stream begins.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code)] // It documents the header; the handler reads it itself.
struct LastEventId {
    /// The `id` of the last event that the client has got.
    #[param(rename = "Last-Event-ID", minimum = 0, example = 3)]
    last_event_id: Option<i64>,
}

/// The events of an order as they happen (server-sent events): the history behind `Last-Event-ID`, then what comes.
///
/// `id` is the version of the order, `event` the name of the event, `data` a line of the history. The stream ends with
/// the event `ended`, whose `data` names the phase. 204 where nothing is left to wait for: do not open it again.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/events",
    tag = "orders",
    params(OrderPath, LastEventId),
    responses(
        (status = 200, description = "The stream.", body = String, content_type = "text/event-stream"),
        (status = 204, description = "The order is over, and the client has got everything."),
        Missing, Fields
    )
)]
async fn events(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let after = last_event(&headers)?;
    if stored.order.is_over() && after >= stored.order.version {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let place = take_place(&api, &stored)?;
    let heartbeat = Duration::from_millis(api.config.streams.heartbeat_ms.max(1));
    let told = live::events(api, place, after).filter_map(|told| {
        // A client opens a stream that ended early again, behind what it has got.
        future::ready(told.inspect_err(|problem| tracing::warn!(%problem, "a stream of events ended early")).ok())
    });
    let told = told.map(|told| Ok::<Event, Infallible>(event(told)));
    let hello = stream::iter([Ok(Event::default().retry(RETRY))]);
    let sse = Sse::new(hello.chain(told)).keep_alive(KeepAlive::new().interval(heartbeat));
    // Proxies shall not hold events back.
    Ok(([("x-accel-buffering", "no")], sse).into_response())
}

/// A place to wait for the order, if there is one left.
pub(super) fn take_place(api: &Api, stored: &StoredOrder) -> Result<Place, Problem> {
    api.live.place(stored.id, stored.order.version).ok_or_else(|| {
        let detail = "This process serves as many streams as it may (`intake.streams.max_open`). Try again shortly, or \
                      read GET /v1/orders/{id}/history.";
        Problem::new(Kind::Unavailable, detail)
    })
}

/// The version behind which the stream begins.
pub fn last_event(headers: &HeaderMap) -> Result<i64, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(0) };
    let version = value.to_str().ok().and_then(|text| text.trim().parse::<i64>().ok()).filter(|version| *version >= 0);
    version.ok_or_else(|| {
        let remedy = "send the `id` of the last event that you have got, or leave the header out";
        Problem::field("Last-Event-ID", "is not the id of an event", remedy)
    })
}

fn event(told: Told) -> Event {
    match told {
        Told::Event(row) => {
            let (id, name) = (row.version.to_string(), row.name().to_owned());
            let line = serde_json::to_string(&history_line(row)).unwrap_or_default();
            Event::default().id(id).event(name).data(line)
        }
        Told::Ended(phase) => Event::default().event("ended").data(json!({ "phase": phase.as_str() }).to_string()),
    }
}
