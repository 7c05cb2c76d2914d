//! The REST API, and gRPC for back offices. Who may call what stands in [`access`]. Handlers translate and call; what an order may do is decided in
//! [`crate::order`].

pub mod access;
pub mod archive;
mod audit;
pub mod auth;
pub mod body;
mod changes;
pub mod determinations;
mod docs;
pub mod entitlements;
pub mod events;
pub mod exports;
pub mod grpc;
pub mod idempotency;
mod imports;
pub mod keys;
mod materials;
pub mod openapi;
mod orders;
mod outlook;
pub mod papers;
mod params;
pub mod problem;
pub mod rate_limits;
pub mod resellers;
pub mod review;
mod shape;
mod statistics;
mod transfers;
pub mod uploads;
mod view;

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use icp_bus::{Bus, Group};
use icp_kit::{Clock, Materials, Vault};
use icp_rules_host::Host;
use tokio::sync::Semaphore;
use tracing::Instrument as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::Config;
use crate::access::issuer::Issuer;
use crate::archive::footer::FooterForms;
use crate::audit::Recorder;
use crate::desk::deadline::Deadlines;
use crate::entitlements::resources::Resources;
use crate::idle::Plan;
use crate::live::Live;
use crate::materials::inspect::Inspector;
use crate::materials::scan::Scanner;
use crate::reads::Reads;
use crate::writes::OrderWrites;
use auth::Tokens;
use problem::{Kind, Problem};
use rate_limits::RateLimits;

/// What the handlers work with. Cheap to clone, as is done several times for every request.
#[derive(Clone)]
pub struct Api(Arc<ApiParts>);

impl Api {
    /// Of these parts.
    pub fn new(parts: ApiParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for Api {
    type Target = ApiParts;

    fn deref(&self) -> &ApiParts {
        &self.0
    }
}

/// The parts of an [`Api`].
pub struct ApiParts {
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
    /// Which number approved sites show.
    pub footers: FooterForms,
    /// Deadlines of the provider's review.
    pub deadlines: Arc<Deadlines>,
    /// Tokens of the tokens file.
    pub tokens: Tokens,
    /// The issuer of people's tokens, where there is one.
    pub issuer: Option<Issuer>,
    /// How many requests a client may make.
    pub rate_limits: RateLimits,
    /// Limits.
    pub config: Arc<Config>,
    /// Wakes who waits for events of an order.
    pub live: Live,
    /// Exports that may still begin.
    pub export_turns: Arc<Semaphore>,
    /// The provider's own servers and addresses.
    pub resources: Resources,
    /// Checks files that arrive.
    pub inspector: Arc<Inspector>,
    /// The virus scanner, where there is one.
    pub scanner: Option<Arc<dyn Scanner>>,
}

/// Every route, with its part of the document; who may call each stands in [`access::LINES`].
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::base())
        .merge(docs::routes())
        .merge(orders::routes())
        .merge(transfers::routes())
        .merge(events::routes())
        .merge(outlook::routes())
        .merge(changes::routes())
        .merge(determinations::routes())
        .merge(materials::routes())
        .merge(uploads::routes())
        .merge(review::routes())
        .merge(papers::routes())
        .merge(archive::routes())
        .merge(entitlements::routes())
        .merge(imports::routes())
        .merge(exports::routes())
        .merge(keys::routes())
        .merge(resellers::routes())
        .merge(statistics::routes())
        .merge(audit::routes())
}

/// The OpenAPI document of the routes.
pub fn document() -> OpenApi {
    openapi::complete(routes().into_openapi())
}

/// The routes behind their guard.
pub fn router(api: Api) -> Router {
    Router::from(routes())
        .fallback(async || Problem::new(Kind::NoSuchPath, "See /docs for the paths."))
        .layer(middleware::from_fn_with_state(api.clone(), access::guard))
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
