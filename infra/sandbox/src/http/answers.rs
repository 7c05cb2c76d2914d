//! JSON in and out: bodies are read strictly, errors are RFC 9457 problems.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
            Err(error) => Problem::new(500, error.to_string()).into_response(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Problem {
    status: u16,
    detail: String,
}

impl Problem {
    pub(crate) fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": self.detail,
        });
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, content_type, body.to_string()).into_response()
    }
}

/// A JSON body that is read whatever its content type says; errors name the field.
pub(crate) struct Strict<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Strict<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = body(request, state).await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Problem::new(422, format!("the body is not as expected: {error}")))
    }
}

/// One record or an array of records.
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OneOrMany<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = body(request, state).await?;
        let is_array = bytes.trim_ascii_start().starts_with(b"[");
        let read = if is_array {
            serde_json::from_slice(&bytes)
        } else {
            serde_json::from_slice(&bytes).map(|record| vec![record])
        };
        read.map(Self).map_err(|error| Problem::new(422, format!("the body is not as expected: {error}")))
    }
}

async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|error| Problem::new(error.status().as_u16(), error.body_text()))
}

/// A gateway's or an authority's failure: waits, then answers the status if there is one.
pub(crate) async fn fail(status: Option<u16>, delay_ms: u64) -> Result<(), Problem> {
    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    match status {
        Some(status) => Err(Problem::new(status, "a fault that was asked for")),
        None => Ok(()),
    }
}
