//! Materials: pictures of certificates, identity documents and faces.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use icp_domain::MaterialKind;
use icp_kit::materials::MaterialError;
use serde::Deserialize;
use uuid::Uuid;

use super::auth::{Caller, Role};
use super::orders::find;
use super::problem::{FieldError, Kind, Problem};
use super::view::with_etag;
use super::{Api, body};

/// Which service a material belongs to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialQuery {
    /// Index of the service; 0 for the organiser's materials.
    #[serde(default)]
    service: u32,
}

/// `PUT /v1/orders/{id}/materials/{kind}?service=0`
pub async fn upload(
    State(api): State<Api>,
    caller: Caller,
    Path((id, kind)): Path<(String, String)>,
    Query(query): Query<MaterialQuery>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    caller.require(Role::Applicant)?;
    let kind = parse_kind(&kind)?;
    let stored = find(&api, &caller, &id).await?;
    let filing = api.filing(&stored)?;
    let service_index = i32::try_from(query.service)
        .ok()
        .filter(|index| usize::try_from(*index).is_ok_and(|index| index < filing.services.len()))
        .ok_or_else(|| {
            Problem::fields(vec![FieldError::new("service", "the order has no such service", "count from 0")])
        })?;
    let clear = body::read(request_body, api.max_material_bytes).await?;
    let media_type = media_type(&headers, &clear)?;
    let object = format!("orders/{}/{}-{}-{}", stored.id, kind.as_str(), service_index, Uuid::now_v7().simple());
    let material = api.materials.put(&object, &clear).await?;
    let stored = api.add_material(&caller, stored, kind, service_index, media_type, &clear, material).await?;
    Ok((StatusCode::OK, with_etag(&stored, None)).into_response())
}

/// `GET /v1/orders/{id}/materials`
pub async fn list(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let materials: Vec<_> = api
        .reads
        .materials(stored.id)
        .await?
        .into_iter()
        .map(|row| {
            serde_json::json!({
                "kind": row.kind, "service": row.service_index, "media_type": row.media_type,
                "size_bytes": row.size_bytes, "sha256": hex::encode(row.sha256),
            })
        })
        .collect();
    Ok(Json(serde_json::json!({ "materials": materials })).into_response())
}

/// `GET /v1/orders/{id}/materials/{kind}?service=0`: the picture, for its owner and the reviewers.
pub async fn download(
    State(api): State<Api>,
    caller: Caller,
    Path((id, kind)): Path<(String, String)>,
    Query(query): Query<MaterialQuery>,
) -> Result<Response, Problem> {
    if !caller.may_read_content() {
        return Err(Problem::new(Kind::Forbidden, "Use a token with the role applicant or reviewer."));
    }
    let kind = parse_kind(&kind)?;
    let stored = find(&api, &caller, &id).await?;
    let row = api
        .reads
        .materials(stored.id)
        .await?
        .into_iter()
        .find(|row| row.kind == kind.as_str() && u32::try_from(row.service_index) == Ok(query.service))
        .ok_or_else(|| Problem::new(Kind::NotFound, "This material was not uploaded."))?;
    let what = serde_json::json!({"kind": kind.as_str(), "service": query.service}).to_string();
    api.seen(&caller, &stored, "material.viewed", what).await?;
    let key = api.data_key(&stored)?.decrypt(row.object.as_bytes(), &row.object_key)?;
    let clear = api.materials.get(&row.object, &key).await?;
    Ok(([(header::CONTENT_TYPE, row.media_type), (header::CACHE_CONTROL, "no-store".to_owned())], clear)
        .into_response())
}

fn parse_kind(text: &str) -> Result<MaterialKind, Problem> {
    MaterialKind::parse(text).ok_or_else(|| {
        let known = MaterialKind::ALL.map(MaterialKind::as_str).join(", ");
        Problem::fields(vec![FieldError::new("kind", "is not a kind of material", format!("use one of {known}"))])
    })
}

/// The media type by the file's own first bytes, which must agree with the header.
fn media_type(headers: &HeaderMap, clear: &[u8]) -> Result<&'static str, Problem> {
    let found = if clear.starts_with(&[0xFF, 0xD8, 0xFF]) {
        "image/jpeg"
    } else if clear.starts_with(b"\x89PNG\r\n\x1a\n") {
        "image/png"
    } else {
        return Err(Problem::new(Kind::WrongContentType, "Send a JPEG or PNG picture of the original document."));
    };
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if declared == found {
        return Ok(found);
    }
    Err(Problem::new(Kind::WrongContentType, format!("The file is {found}; send `Content-Type: {found}`.")))
}

impl From<MaterialError> for Problem {
    fn from(error: MaterialError) -> Self {
        tracing::warn!(error = %error, "the object store failed a request");
        Problem::new(Kind::Unavailable, "The object store does not answer. Nothing was lost; repeat the request.")
    }
}
