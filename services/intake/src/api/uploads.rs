//! Uploads in parts by the tus protocol 1.0.0: core, creation, expiration, checksum and termination.
//!
//! The last part is taken only together with the whole file: when the file is refused, the upload ends with the reason;
//! when something does not answer, the last part is sent again.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use icp_kit::DataKey;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Api;
use super::auth::Caller;
use super::materials::{KindPath, MaterialQuery, place};
use super::openapi::parameters::OrderPath;
use super::openapi::refusals::{Fields, InPhase, Missing, OpenUpload, OtherMethod, Part, SpeaksTus};
use super::orders::find;
use super::params::{Path, Query};
use super::problem::{Kind, Problem};
use crate::materials::inspect::too_large;
use crate::materials::uploads::{self, Upload};
use crate::store::StoredOrder;

mod appending;
pub mod checksum;

use appending::Appending;
use checksum::Checksum;

/// The version of the protocol that is spoken here.
const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,expiration,checksum,termination";
const PART_TYPE: &str = "application/offset+octet-stream";

pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
pub(super) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// The routes of uploads.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(offer))
        .routes(routes!(show, append, terminate, overridden))
        .layer(middleware::from_fn(speak))
}

/// An upload in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it is only read by the document")]
struct UploadPath {
    /// Id of the upload.
    id: Uuid,
}

/// The version of the protocol.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it is only read by the document")]
struct Version {
    /// `1.0.0`.
    #[param(rename = "Tus-Resumable", pattern = "^1\\.0\\.0$", example = "1.0.0")]
    version: String,
}

/// What is to be uploaded.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it is only read by the document")]
struct Creation {
    /// Size of the file, bytes.
    #[param(rename = "Upload-Length", minimum = 1, example = 1048576)]
    length: i64,
    /// Pairs of a key and a base64 value; `filetype` is the media type, nothing else is read.
    #[param(rename = "Upload-Metadata", example = "filetype aW1hZ2UvanBlZw==")]
    metadata: Option<String>,
}

/// Where a part begins.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it is only read by the document")]
struct PartHeaders {
    /// What `HEAD` answers as `Upload-Offset`.
    #[param(rename = "Upload-Offset", minimum = 0, example = 0)]
    offset: i64,
    /// `sha1` or `sha256` and the digest of this request's bytes in base64.
    #[param(rename = "Upload-Checksum", example = "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=")]
    checksum: Option<String>,
}

/// Refuses other versions of the protocol, and names this one in every answer.
async fn speak(request: Request, next: Next) -> Response {
    let is_spoken = request.headers().get(TUS_RESUMABLE).is_some_and(|version| version == VERSION);
    let mut response = if is_spoken || request.method() == axum::http::Method::OPTIONS {
        next.run(request).await
    } else {
        let detail = format!("Send `Tus-Resumable: {VERSION}`.");
        let mut refused = Problem::new(Kind::WrongTusVersion, detail).into_response();
        refused.headers_mut().insert(TUS_VERSION, HeaderValue::from_static(VERSION));
        refused
    };
    response.headers_mut().insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

/// What of the upload protocol is spoken here.
#[utoipa::path(
    options,
    path = "/v1/uploads",
    tag = "materials",
    responses((
        status = 204, description = "Versions, extensions and limits.",
        headers(
            ("Tus-Version" = String, description = "Versions."),
            ("Tus-Extension" = String, description = "Extensions."),
            ("Tus-Max-Size" = i64, description = "Largest file of any kind, bytes."),
            ("Tus-Checksum-Algorithm" = String, description = "Algorithms of checksums.")
        )
    ))
)]
async fn offer(State(api): State<Api>) -> Response {
    let headers = [
        (TUS_VERSION, VERSION.to_owned()),
        (TUS_EXTENSION, EXTENSIONS.to_owned()),
        (TUS_MAX_SIZE, api.inspector.kinds.bytes_max().to_string()),
        (TUS_CHECKSUM_ALGORITHM, checksum::ALGORITHMS.to_owned()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Begins an upload in parts (tus 1.0.0: creation, expiration, checksum, termination); only in `draft` and `returned`.
///
/// The upload is then filled with `PATCH`; the part that completes it makes the file a material, or is refused with the
/// reason.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/materials/{kind}/uploads",
    operation_id = "create_upload",
    tag = "materials",
    params(OrderPath, KindPath, MaterialQuery, Version, Creation),
    responses(
        (
            status = 201, description = "The upload.",
            headers(
                ("Location" = String, description = "Where its parts go."),
                ("Upload-Offset" = i64, description = "Bytes that are there: 0."),
                ("Upload-Expires" = String, description = "When it is given up.")
            )
        ),
        Fields, Missing, InPhase, SpeaksTus
    )
)]
async fn create(
    State(api): State<Api>,
    caller: Caller,
    Path((id, kind)): Path<(String, String)>,
    Query(query): Query<MaterialQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (stored, kind, service_index) = place(&api, &caller, &id, &kind, &query).await?;
    let length_bytes = length(&headers)?;
    let bytes_max = api.inspector.kinds.of(&kind).bytes_max;
    if usize::try_from(length_bytes).map_or(true, |length| length > bytes_max) {
        return Err(too_large(&kind, bytes_max));
    }
    let (id, now) = (Uuid::now_v7(), api.clock.now());
    let settings = &api.config.materials.uploads;
    let upload = Upload {
        id,
        order_id: stored.id,
        kind,
        service_index,
        media_type: media_type(&headers)?,
        length_bytes,
        received_bytes: 0,
        key: api.data_key(&stored)?.encrypt(id.as_bytes(), DataKey::generate().expose())?,
        created_at: now,
        expires_at: Upload::expiry(settings, now),
        finished_at: None,
    };
    if !uploads::create(&api.bus.context().pool, &upload, settings.per_order_max).await? {
        let reason = format!("are too many: the order has {} that are not complete", settings.per_order_max);
        return Err(Problem::field("uploads", &reason, "complete or delete one of them first"));
    }
    let headers = [
        (header::LOCATION, format!("/v1/uploads/{id}")),
        (UPLOAD_EXPIRES, http_date(&upload)),
        (UPLOAD_OFFSET, "0".to_owned()),
    ];
    Ok((StatusCode::CREATED, headers).into_response())
}

/// How many bytes are there.
#[utoipa::path(
    head,
    path = "/v1/uploads/{id}",
    operation_id = "show_upload",
    tag = "materials",
    params(UploadPath, Version),
    responses(
        (
            status = 200, description = "Where it stands.",
            headers(
                ("Upload-Offset" = i64, description = "Bytes that are there."),
                ("Upload-Length" = i64, description = "Bytes of the whole file."),
                ("Upload-Expires" = String, description = "When it is given up.")
            )
        ),
        OpenUpload
    )
)]
async fn show(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let (upload, _) = find_upload(&api, &caller, &id).await?;
    let headers = [
        (UPLOAD_OFFSET, upload.received_bytes.to_string()),
        (UPLOAD_LENGTH, upload.length_bytes.to_string()),
        (UPLOAD_EXPIRES, http_date(&upload)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((StatusCode::OK, headers).into_response())
}

/// The bytes that follow. The last of them are taken only together with the whole file: when it is refused, the upload
/// is over; when something does not answer, send them again.
#[utoipa::path(
    patch,
    path = "/v1/uploads/{id}",
    operation_id = "append_to_upload",
    tag = "materials",
    params(UploadPath, Version, PartHeaders),
    request_body(description = "The bytes.", content_type = "application/offset+octet-stream"),
    responses(
        (
            status = 204, description = "They are there.",
            headers(
                ("Upload-Offset" = i64, description = "Bytes that are there now."),
                ("Upload-Expires" = String, description = "When it is given up.")
            )
        ),
        OpenUpload, Part
    )
)]
async fn append(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let (upload, stored) = find_upload(&api, &caller, &id).await?;
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if content_type != PART_TYPE.as_bytes() {
        return Err(Problem::new(Kind::WrongContentType, format!("Send `Content-Type: {PART_TYPE}`.")));
    }
    let offset = number(&headers, &UPLOAD_OFFSET)?
        .ok_or_else(|| Problem::field("Upload-Offset", "is missing", "send the offset that HEAD answers"))?;
    if offset != upload.received_bytes {
        return Err(appending::wrong_offset(upload.received_bytes));
    }
    if upload.finished_at.is_some() {
        return Ok(progress(&upload, offset, None));
    }
    let checksum = Checksum::of(&headers)?;
    let appending = Appending::start(&api, &upload, &stored)?;
    let (received, changed) = appending.run(&caller, stored, body, checksum).await?;
    Ok(progress(&upload, received, changed.as_ref()))
}

fn progress(upload: &Upload, received: i64, changed: Option<&StoredOrder>) -> Response {
    let headers = [(UPLOAD_OFFSET, received.to_string()), (UPLOAD_EXPIRES, http_date(upload))];
    let mut response = (StatusCode::NO_CONTENT, headers).into_response();
    let etag = changed.and_then(|stored| format!("\"{}\"", stored.order.version).parse().ok());
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// Gives an upload up. What has become a material stays one.
#[utoipa::path(
    delete,
    path = "/v1/uploads/{id}",
    operation_id = "give_up_upload",
    tag = "materials",
    params(UploadPath, Version),
    responses((status = 204, description = "It is over."), OpenUpload)
)]
async fn terminate(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    let (upload, _) = find_upload(&api, &caller, &id).await?;
    drop_upload(&api, upload.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PATCH`, `HEAD` or `DELETE` as `X-HTTP-Method-Override`, for callers that can send nothing else.
#[utoipa::path(
    post,
    path = "/v1/uploads/{id}",
    operation_id = "override_upload_method",
    tag = "materials",
    params(
        UploadPath,
        Version,
        ("X-HTTP-Method-Override" = String, Header, description = "`PATCH`, `HEAD` or `DELETE`.", example = "DELETE")
    ),
    request_body(description = "As with the method.", content_type = "application/offset+octet-stream"),
    responses(
        (status = 200, description = "As with `HEAD`."),
        (status = 204, description = "As with `PATCH` or `DELETE`."),
        OtherMethod, OpenUpload, Part
    )
)]
async fn overridden(
    api: State<Api>,
    caller: Caller,
    id: Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    match headers.get(METHOD_OVERRIDE).map(HeaderValue::as_bytes) {
        Some(b"PATCH") => append(api, caller, id, headers, body).await,
        Some(b"DELETE") => terminate(api, caller, id).await,
        Some(b"HEAD") => show(api, caller, id).await,
        _ => {
            Err(Problem::new(Kind::MethodNotAllowed, "Send PATCH, HEAD or DELETE, or one as `X-HTTP-Method-Override`."))
        }
    }
}

/// An upload of the caller's, with its order. One that is over is gone.
async fn find_upload(api: &Api, caller: &Caller, id: &str) -> Result<(Upload, StoredOrder), Problem> {
    let gone = || Problem::new(Kind::UploadGone, "It has expired, was given up, or never was. Create a new upload.");
    let id = Uuid::parse_str(id).map_err(|_| gone())?;
    let upload = uploads::find(&api.bus.context().pool, id).await?.ok_or_else(gone)?;
    let stored = find(api, caller, &upload.order_id.to_string()).await.map_err(|problem| match problem.kind() {
        Kind::NotFound => gone(),
        _ => problem,
    })?;
    if upload.expires_at <= api.clock.now() {
        return Err(gone());
    }
    Ok((upload, stored))
}

async fn drop_upload(api: &Api, id: Uuid) -> Result<(), Problem> {
    api.materials.delete_all(&uploads::folder(id)).await?;
    Ok(uploads::forget(&api.bus.context().pool, id).await?)
}

/// `Upload-Length`, which must be known from the start.
pub fn length(headers: &HeaderMap) -> Result<i64, Problem> {
    let remedy = "send the size of the file in bytes";
    if headers.contains_key(UPLOAD_DEFER_LENGTH) {
        return Err(Problem::field("Upload-Defer-Length", "is not supported", remedy));
    }
    match number(headers, &UPLOAD_LENGTH)? {
        None => Err(Problem::field("Upload-Length", "is missing", remedy)),
        Some(0) => Err(Problem::field("Upload-Length", "is 0: there is nothing to upload", remedy)),
        Some(length) => Ok(length),
    }
}

/// The number in a header.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| Problem::field(name.as_str(), "is not a number of bytes", "send digits only"))
}

/// The media type in `Upload-Metadata`; nothing else of it is read or kept, above all not the name of the file.
pub fn media_type(headers: &HeaderMap) -> Result<String, Problem> {
    let invalid = || {
        let remedy = "send pairs of a key and a base64 value, separated by commas, e.g. `filetype aW1hZ2UvanBlZw==`";
        Problem::field("Upload-Metadata", "cannot be read", remedy)
    };
    let Some(value) = headers.get(UPLOAD_METADATA) else { return Ok(String::new()) };
    for pair in value.to_str().map_err(|_| invalid())?.split(',') {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        if key == "filetype" {
            let text = BASE64.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let is_media_type = |text: &String| text.len() <= 100 && text.bytes().all(|byte| byte.is_ascii_graphic());
            return text.filter(is_media_type).ok_or_else(invalid);
        }
    }
    Ok(String::new())
}

/// When an upload ends, as HTTP writes times.
fn http_date(upload: &Upload) -> String {
    upload.expires_at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
