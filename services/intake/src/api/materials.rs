//! Materials: what applicants upload as proof. Whatever arrives goes the way of [`crate::materials`].

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use icp_domain::MaterialKind;
use icp_kit::materials::MaterialError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::Caller;
use super::openapi::parameters::OrderPath;
use super::openapi::refusals::{Fields, FileBody, InPhase, Missing, Overtaken, Scanned};
use super::orders::find;
use super::params::{Path, Query};
use super::problem::{Kind, Problem};
use super::view::{OrderView, with_etag};
use super::{Api, body};
use crate::materials::facts::MaterialFacts;
use crate::materials::kinds::Limits;
use crate::materials::put::{Arrival, check_service};
use crate::materials::store::{self, MaterialRow, ReplacedMaterial, Scan};
use crate::store::StoredOrder;

/// The routes of materials.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(kinds)).routes(routes!(list)).routes(routes!(upload, download, remove))
}

/// A kind of material in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it is only read by the document")]
pub(super) struct KindPath {
    /// What it shows: a kind of `GET /v1/materials/kinds`, or one that the rules of the order's province name.
    #[param(example = "organiser-certificate")]
    kind: String,
}

/// Which service a material belongs to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MaterialQuery {
    /// Index of the service; 0 for the organiser's materials.
    #[serde(default)]
    service: u32,
}

/// Which material is looked at.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DownloadQuery {
    /// Index of the service; 0 for the organiser's materials.
    #[serde(default)]
    service: u32,
    /// SHA-256 of the material: finds one that was replaced, too.
    sha256: Option<String>,
}

/// Every kind.
#[derive(Serialize, ToSchema)]
struct MaterialKinds {
    /// In the order in which applicants are asked for them.
    kinds: Vec<KindView>,
}

/// A kind of material and what it may be.
#[derive(Serialize, ToSchema)]
struct KindView {
    /// Its name in paths.
    kind: MaterialKind,
    /// Its name in Chinese.
    title_zh: &'static str,
    /// Its name in English.
    title_en: &'static str,
    #[serde(flatten)]
    limits: Limits,
}

/// Every kind of material, with what its files may be.
#[utoipa::path(
    get,
    path = "/v1/materials/kinds",
    tag = "materials",
    responses((status = 200, description = "The kinds.", body = MaterialKinds))
)]
async fn kinds(State(api): State<Api>) -> Json<MaterialKinds> {
    let view = |kind: MaterialKind| KindView {
        kind,
        title_zh: kind.title_zh(),
        title_en: kind.title_en(),
        limits: api.inspector.kinds.of(kind.as_str()).clone(),
    };
    Json(MaterialKinds { kinds: MaterialKind::ALL.into_iter().map(view).collect() })
}

/// Uploads a file, or replaces it; only in `draft` and `returned`.
///
/// What a kind may be stands in `GET /v1/materials/kinds`; the file's own first bytes must agree with `Content-Type`.
/// Metadata of pictures (place, time, device) is left out. Needs no `If-Match`. Large files are better sent in parts:
/// `POST /v1/orders/{id}/materials/{kind}/uploads`.
#[utoipa::path(
    put,
    path = "/v1/orders/{id}/materials/{kind}",
    tag = "materials",
    params(OrderPath, KindPath, MaterialQuery),
    request_body(
        description = "The file.",
        content(("image/jpeg"), ("image/png"), ("application/pdf"), ("video/mp4"), ("video/quicktime"))
    ),
    responses(
        (status = 200, description = "The order.", body = OrderView, headers(("ETag" = String, description = "Version, for `If-Match`."))),
        FileBody, Fields, Missing, InPhase, Overtaken
    )
)]
async fn upload(
    State(api): State<Api>,
    caller: Caller,
    Path((id, kind)): Path<(String, String)>,
    Query(query): Query<MaterialQuery>,
    headers: HeaderMap,
    request_body: Body,
) -> Result<Response, Problem> {
    let (stored, kind, service_index) = place(&api, &caller, &id, &kind, &query).await?;
    let bytes_max = api.inspector.kinds.of(&kind).bytes_max;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let _room = api.inspector.room(announced.unwrap_or(bytes_max).min(bytes_max))?;
    let bytes = body::read(request_body, bytes_max).await?;
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let arrival = Arrival { kind, service_index, declared: Some(declared.to_owned()), bytes, upload: None };
    let stored = api.put_material(&caller, stored, arrival).await?;
    Ok((StatusCode::OK, with_etag(&stored, None)).into_response())
}

/// The order, and the kind and service of a material that may come to it now.
pub(super) async fn place(
    api: &Api,
    caller: &Caller,
    id: &str,
    kind: &str,
    query: &MaterialQuery,
) -> Result<(StoredOrder, String, i32), Problem> {
    let stored = find(api, caller, id).await?;
    let filing = api.filing(&stored)?;
    let kind = api.material_kind(&stored, &filing, kind).await?;
    let service_index = i32::try_from(query.service).unwrap_or(i32::MAX);
    check_service(&filing, &kind, service_index)?;
    api.check_open(&stored, &kind, service_index)?;
    Ok((stored, kind, service_index))
}

/// Takes a file back; only in `draft` and `returned`. It is kept as a replaced one until the order ends.
///
/// Needs no `If-Match`.
#[utoipa::path(
    delete,
    path = "/v1/orders/{id}/materials/{kind}",
    tag = "materials",
    params(OrderPath, KindPath, MaterialQuery),
    responses(
        (status = 200, description = "The order.", body = OrderView, headers(("ETag" = String, description = "Version, for `If-Match`."))),
        Fields, Missing, InPhase, Overtaken
    )
)]
async fn remove(
    State(api): State<Api>,
    caller: Caller,
    Path((id, kind)): Path<(String, String)>,
    Query(query): Query<MaterialQuery>,
) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let service_index = i32::try_from(query.service).unwrap_or(i32::MAX);
    let stored = api.remove_material(&caller, stored, &kind, service_index).await?;
    Ok(with_etag(&stored, None))
}

/// What was uploaded for an order.
#[derive(Serialize, ToSchema)]
struct MaterialList {
    /// What is there.
    materials: Vec<MaterialView>,
    /// What it replaced, kept until the order ends.
    replaced: Vec<MaterialView>,
}

/// A material, without its bytes.
#[derive(Debug, Serialize, ToSchema)]
struct MaterialView {
    /// What it shows.
    kind: String,
    /// Index of the service; 0 for the organiser's materials.
    service: i32,
    /// E.g. `image/jpeg`.
    media_type: String,
    /// Size, bytes.
    size_bytes: i32,
    /// SHA-256 of the file as it is kept.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    /// What was measured.
    facts: MaterialFacts,
    /// How it stands with the virus scanner.
    scan: Scan,
    /// Name of the virus.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    /// When it came.
    uploaded_at: DateTime<Utc>,
    /// Since when another one is in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_at: Option<DateTime<Utc>>,
}

impl MaterialView {
    fn new(row: MaterialRow, replaced_at: Option<DateTime<Utc>>) -> Self {
        Self {
            kind: row.kind,
            service: row.service_index,
            media_type: row.media_type,
            size_bytes: row.size_bytes,
            sha256: hex::encode(row.sha256),
            facts: row.facts,
            scan: row.scan,
            signature: row.signature,
            uploaded_at: row.uploaded_at,
            replaced_at,
        }
    }
}

/// What was uploaded, and what it replaced.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/materials",
    tag = "materials",
    params(OrderPath),
    responses((status = 200, description = "The materials.", body = MaterialList), Missing)
)]
async fn list(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Json<MaterialList>, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let rows = api.reads.materials(stored.id).await?;
    let replaced = store::replaced(&api.bus.context().pool, stored.id).await?;
    let former = |former: ReplacedMaterial| MaterialView::new(former.row, Some(former.replaced_at));
    Ok(Json(MaterialList {
        materials: rows.into_iter().map(|row| MaterialView::new(row, None)).collect(),
        replaced: replaced.into_iter().map(former).collect(),
    }))
}

/// The file, for its owner and the reviewers. The look is recorded in the audit trail.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/materials/{kind}",
    tag = "materials",
    params(OrderPath, KindPath, DownloadQuery),
    responses(
        (
            status = 200, description = "The file as it is kept.",
            content(("image/jpeg"), ("image/png"), ("application/pdf"), ("video/mp4"), ("video/quicktime"))
        ),
        Fields, Missing, Scanned
    )
)]
async fn download(
    State(api): State<Api>,
    caller: Caller,
    Path((id, kind)): Path<(String, String)>,
    Query(query): Query<DownloadQuery>,
) -> Result<Response, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let mut rows = api.reads.materials(stored.id).await?;
    if query.sha256.is_some() {
        let replaced = store::replaced(&api.bus.context().pool, stored.id).await?;
        rows.extend(replaced.into_iter().map(|ReplacedMaterial { row, .. }| row));
    }
    let is_meant = |row: &MaterialRow| {
        row.kind == kind
            && u32::try_from(row.service_index) == Ok(query.service)
            && query.sha256.as_ref().is_none_or(|digest| *digest == hex::encode(&row.sha256))
    };
    let row = rows.into_iter().find(is_meant).ok_or_else(Problem::not_uploaded)?;
    let what = serde_json::json!({"kind": row.kind, "service": query.service, "sha256": hex::encode(&row.sha256)});
    api.seen(&caller, &stored, "material.viewed", what).await?;
    let clear = api.open_material(&api.data_key(&stored)?, &row).await?;
    let headers = [
        (header::CONTENT_TYPE, row.media_type),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, clear).into_response())
}

impl From<MaterialError> for Problem {
    fn from(error: MaterialError) -> Self {
        tracing::warn!(error = %error, "the object store failed a request");
        Problem::new(Kind::Unavailable, "The object store does not answer. Nothing was lost; repeat the request.")
    }
}
