//! Request bodies with a limit, and JSON whose errors name the field.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::problem::{FieldError, Kind, Problem};
use crate::store::StoredOrder;

/// Reads a body of at most `max_bytes`.
pub async fn read(body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, max_bytes)
        .await
        .map_err(|_| Problem::new(Kind::TooLarge, format!("Send at most {max_bytes} bytes, in one piece.")))
}

/// Reads JSON; unknown fields and wrong types name their path.
pub async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body, max_bytes: usize) -> Result<T, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/json") {
        return Err(Problem::new(Kind::WrongContentType, "Send `Content-Type: application/json`."));
    }
    let bytes = read(body, max_bytes).await?;
    let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_syntax() || inner.is_eof() {
            return Problem::new(Kind::BadBody, format!("Mend the JSON: {inner}."));
        }
        let field = if path == "." { String::new() } else { path };
        Problem::fields(vec![FieldError::new(field, inner.to_string(), "see /docs for the fields of this body")])
    })?;
    deserializer.end().map_err(|error| Problem::new(Kind::BadBody, format!("Send one JSON document: {error}.")))?;
    Ok(value)
}

/// The id in the path.
pub fn order_id(text: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text).map_err(|_| Problem::no_order())
}

/// Refuses a change that was made on an older version (`If-Match`).
pub fn check_version(headers: &HeaderMap, stored: &StoredOrder) -> Result<(), Problem> {
    let given = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()).ok_or_else(|| {
        Problem::new(Kind::VersionRequired, "Send `If-Match` with the ETag that you read the order with.")
    })?;
    if given.trim().trim_start_matches("W/").trim_matches('"') == stored.order.version.to_string() {
        return Ok(());
    }
    Err(Problem::stale(stored.order.version))
}
