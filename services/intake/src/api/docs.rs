//! The documentation that the running service serves; it needs nothing from elsewhere.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{Html, IntoResponse, Redirect, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi::page;
use super::problem::{Kind, Problem};
use super::{Api, document};

static JSON: LazyLock<Result<String, String>> =
    LazyLock::new(|| document().to_pretty_json().map_err(|error| error.to_string()));
static PAGE: LazyLock<Result<String, String>> =
    LazyLock::new(|| page::render(&document()).map_err(|error| format!("{error:#}")));

/// The routes of the documentation.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(index)).routes(routes!(page)).routes(routes!(openapi))
}

/// Leads to the documentation.
#[utoipa::path(get, path = "/", tag = "service", responses((status = 307, description = "To `/docs`.")))]
async fn index() -> Redirect {
    Redirect::temporary("/docs")
}

/// The documentation for readers.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "service",
    responses((status = 200, description = "A page that needs no other.", body = String, content_type = "text/html"))
)]
async fn page() -> Result<Response, Problem> {
    served(&PAGE).map(|page| Html(page).into_response())
}

/// The documentation for programs: OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "service",
    responses((status = 200, description = "This document.", body = Object, content_type = "application/json"))
)]
async fn openapi() -> Result<Response, Problem> {
    served(&JSON).map(|json| ([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

fn served(made: &'static LazyLock<Result<String, String>>) -> Result<&'static str, Problem> {
    made.as_deref().map_err(|error| {
        tracing::error!(error, "the documentation cannot be made");
        Problem::new(Kind::Internal, "The documentation cannot be shown; the operator has been told.")
    })
}
