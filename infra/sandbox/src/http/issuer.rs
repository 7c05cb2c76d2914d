//! The issuer of tokens: discovery, keys, tokens.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answers::{Json, Problem};
use crate::issuer::KeyFailure;
use crate::world::World;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/issuer/.well-known/openid-configuration", get(discovery))
        .route("/issuer/jwks", get(keys))
        .route("/issuer/token", post(token))
        .route("/issuer/keys/rotate", post(rotate))
}

async fn discovery(State(world): State<Arc<World>>) -> Json<Value> {
    Json(world.issuer.discovery())
}

async fn keys(State(world): State<Arc<World>>) -> Json<Value> {
    Json(world.issuer.published())
}

/// A token request of RFC 6749 §4.3 or §4.4.
#[derive(Deserialize)]
struct TokenRequest {
    grant_type: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

async fn token(
    State(world): State<Arc<World>>,
    request: Result<Form<TokenRequest>, FormRejection>,
) -> Result<Response, Problem> {
    let Ok(Form(request)) = request else { return Ok(refusal(StatusCode::BAD_REQUEST, "invalid_request")) };
    let (name, password) = match request.grant_type.as_str() {
        "client_credentials" => (request.client_id, request.client_secret),
        "password" => (request.username, request.password),
        _ => return Ok(refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type")),
    };
    let (Some(name), Some(password)) = (name, password) else {
        return Ok(refusal(StatusCode::BAD_REQUEST, "invalid_request"));
    };
    match world.issuer.token(&name, &password)? {
        Some(token) => Ok(([(header::CACHE_CONTROL, "no-store")], Json(token)).into_response()),
        None => Ok(refusal(StatusCode::BAD_REQUEST, "invalid_grant")),
    }
}

async fn rotate(State(world): State<Arc<World>>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({ "kid": world.issuer.rotate()? })))
}

fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

impl From<KeyFailure> for Problem {
    fn from(KeyFailure: KeyFailure) -> Self {
        Problem::new(500, "the issuer's key does not work")
    }
}
