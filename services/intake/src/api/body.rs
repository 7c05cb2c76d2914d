//! Request bodies with a limit, and JSON whose errors name the field.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::problem::{Kind, Problem};
use super::shape;
use crate::store::StoredOrder;

/// Reads a body of at most `max_bytes`.
pub async fn read(body: Body, max_bytes: usize) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, max_bytes)
        .await
        .map_err(|_| Problem::new(Kind::TooLarge, format!("Send at most {max_bytes} bytes, in one piece.")))
}

/// Reads the JSON of a request; everything that is wrong with its shape is named.
pub async fn json<T: DeserializeOwned + ToSchema>(
    headers: &HeaderMap,
    body: Body,
    max_bytes: usize,
) -> Result<T, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(Kind::WrongContentType, "Send `Content-Type: application/json`."));
    }
    shape::read(&read(body, max_bytes).await?)
}

/// Reads one JSON document; the first unknown field or wrong type names its path.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_syntax() || inner.is_eof() {
            return Problem::new(Kind::BadBody, format!("Mend the JSON: {inner}."));
        }
        let field = if path == "." { String::new() } else { path };
        Problem::field(&field, &inner.to_string(), "see /docs for the fields of this body")
    })?;
    deserializer.end().map_err(|error| Problem::new(Kind::BadBody, format!("Send one JSON document: {error}.")))?;
    match nul_field(bytes) {
        Some(field) => Err(Problem::field(&field, "holds the character U+0000", "leave it out")),
        None => Ok(value),
    }
}

/// The field whose text holds U+0000, which Postgres takes in no text. JSON can only write it as an escape.
fn nul_field(bytes: &[u8]) -> Option<String> {
    const ESCAPE: &[u8] = br"\u0000";
    if !bytes.windows(ESCAPE.len()).any(|window| window == ESCAPE) {
        return None;
    }
    let mut found = None;
    walk(String::new(), &serde_json::from_slice(bytes).ok()?, &mut |path, text| {
        if text.contains('\0') && found.is_none() {
            found = Some(path.to_owned());
        }
    });
    found
}

fn walk(path: String, value: &Value, look: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => look(&path, text),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| walk(format!("{path}[{index}]"), item, look));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            walk(path, field, look);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The id in the path.
pub fn order_id(text: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text).map_err(|_| Problem::no_order())
}

/// The version that a change was made on, without the marks of an ETag (`If-Match`).
pub fn if_match(headers: &HeaderMap) -> Result<&str, Problem> {
    let given = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()).ok_or_else(|| {
        Problem::new(Kind::VersionRequired, "Send `If-Match` with the ETag that you read the order with.")
    })?;
    Ok(given.trim().trim_start_matches("W/").trim_matches('"'))
}

/// Refuses a change that was made on an older version.
pub fn check_version(headers: &HeaderMap, stored: &StoredOrder) -> Result<(), Problem> {
    if if_match(headers)? == stored.order.version.to_string() {
        return Ok(());
    }
    Err(Problem::stale(stored.order.version))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_u0000_names_its_field() {
        let problem = parse::<Value>(br#"{"a": {"b": ["x", "y\u0000z"]}}"#).unwrap_err();
        assert_eq!(problem.named().collect::<Vec<_>>(), ["a.b[1]"]);
        assert!(parse::<Value>(br#"{"a": "a backslash and digits: \\u0000"}"#).is_ok());
    }
}
