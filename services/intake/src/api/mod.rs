//! The REST API. Handlers translate and call; what an order may do is decided in [`crate::order`].

mod archive;
mod audit;
pub mod auth;
mod body;
mod changes;
mod determinations;
mod docs;
mod entitlements;
mod materials;
mod orders;
mod outlook;
pub mod papers;
pub mod problem;
mod review;
mod statistics;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use icp_bus::{Bus, Group};
use icp_kit::{Clock, Materials, Vault};
use icp_rules_host::Host;
use tracing::Instrument as _;

use crate::Config;
use crate::audit::Recorder;
use crate::desk::deadline::Deadlines;
use crate::entitlements::resources::Resources;
use crate::idle::Plan;
use crate::reads::Reads;
use crate::writes::OrderWrites;
use auth::Tokens;
use problem::{Kind, Problem};

/// What the handlers work with.
#[derive(Clone)]
pub struct Api {
    /// Outbox and database.
    pub bus: Bus,
    /// Reads that share queries.
    pub reads: Reads,
    /// Writes that share transactions.
    pub writes: Group<OrderWrites>,
    /// Business time.
    pub clock: Clock,
    /// Encryption at rest.
    pub vault: Vault,
    /// Object store.
    pub materials: Materials,
    /// Records looks at personal data.
    pub audit: Recorder,
    /// When idle orders are reminded of, and end.
    pub idle: Plan,
    /// Rule modules.
    pub rules: Arc<Host>,
    /// Deadlines of the provider's review.
    pub deadlines: Arc<Deadlines>,
    /// Accepted tokens.
    pub tokens: Tokens,
    /// Limits.
    pub config: Arc<Config>,
    /// The provider's own servers and addresses.
    pub resources: Resources,
    /// Largest accepted material, bytes.
    pub max_material_bytes: usize,
}

/// The routes.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/", get(docs::index))
        .route("/docs", get(docs::page))
        .route("/v1/orders", post(orders::create).get(orders::list))
        .route("/v1/orders/{id}", get(orders::show).put(orders::amend))
        .route("/v1/orders/{id}/check", post(orders::check))
        .route("/v1/orders/{id}/submit", post(orders::submit))
        .route("/v1/orders/{id}/withdraw", post(orders::withdraw))
        .route("/v1/orders/{id}/history", get(orders::history))
        .route("/v1/orders/{id}/review", post(review::decide))
        .route("/v1/orders/{id}/claim", post(review::claim))
        .route("/v1/orders/{id}/release", post(review::release))
        .route("/v1/orders/{id}/materials", get(materials::list))
        .route("/v1/orders/{id}/materials/{kind}", put(materials::upload).get(materials::download))
        .route("/v1/review", get(review::queue))
        .route("/v1/review/reasons", get(review::reasons))
        .route("/v1/statistics", get(statistics::statistics))
        .route("/v1/statistics/monthly", get(statistics::monthly))
        .route("/v1/audit", get(audit::export))
        .route("/v1/rules", get(review::rules))
        .route("/v1/whitelist/{domain}", get(review::whitelist))
        .route("/v1/orders/{id}/consent", post(orders::consent))
        .route("/v1/orders/{id}/requirements", get(outlook::requirements))
        .route("/v1/orders/{id}/calendar", get(outlook::calendar))
        .route("/v1/orders/{id}/calendar.ics", get(outlook::calendar_ics))
        .route("/v1/orders/{id}/changes", get(changes::changes))
        .route("/v1/orders/check", post(orders::check_filing))
        .route("/v1/determinations", post(determinations::ask))
        .route("/v1/determinations/{id}", get(determinations::show))
        .merge(archive::routes())
        .merge(entitlements::routes())
        .route("/v1/orders/{id}/papers", get(papers::list))
        .route("/v1/orders/{id}/papers/{kind}", get(papers::show))
        .method_not_allowed_fallback(async || {
            Problem::new(Kind::MethodNotAllowed, "See /docs for the methods of each path.")
        })
        .fallback(async || Problem::new(Kind::NoSuchPath, "See /docs for the paths."))
        .layer(middleware::from_fn(trace))
        .with_state(api)
}

/// Continues the caller's trace.
async fn trace(request: Request, next: Next) -> Response {
    let traceparent = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let span = tracing::info_span!("request", method = %request.method());
    icp_kit::telemetry::set_parent(&span, traceparent);
    next.run(request).instrument(span).await.into_response()
}
