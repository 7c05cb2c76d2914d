//! Errors as RFC 9457 problem documents: what was wrong, in which field, and what to do about it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use icp_domain::{Finding, Severity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, Type};

use crate::order::Rejection;

/// When something may be tried again of which nobody knows when it is over.
const RETRY_SECONDS: u64 = 2;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Path of the field, e.g. `services[0].name`; empty where it is the body as a whole.
    pub field: String,
    /// What is wrong.
    #[schema(min_length = 1)]
    pub reason: String,
    /// What to do.
    #[schema(min_length = 1)]
    pub remedy: String,
}

impl FieldError {
    /// A field error.
    pub fn new(field: impl Into<String>, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into(), remedy: remedy.into() }
    }
}

/// The kinds of errors, each with a stable code that is explained at `/docs#<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The body is not the expected JSON.
    BadBody,
    /// Fields are missing, unknown or out of their limits.
    InvalidFields,
    /// No token, or one that is not known.
    Unauthenticated,
    /// The token's role may not do this.
    Forbidden,
    /// What is named is not there, or belongs to somebody else.
    NotFound,
    /// No such path.
    NoSuchPath,
    /// The path exists with other methods.
    MethodNotAllowed,
    /// The order is in another phase.
    WrongPhase,
    /// The rules, or the record, block.
    Blocked,
    /// The order has changed since it was read.
    StaleVersion,
    /// `If-Match` is missing.
    VersionRequired,
    /// Another reviewer must decide, or the order must be claimed first.
    NotYours,
    /// The client made too many requests, or as much of this is done at once as may be.
    TooManyRequests,
    /// An `Idempotency-Key` was used for another request.
    KeyReused,
    /// The first request with this `Idempotency-Key` is still at work.
    StillAtWork,
    /// The request was carried out, and its answer is lost.
    AnswerLost,
    /// The body is larger than the limit.
    TooLarge,
    /// Another content type is needed.
    WrongContentType,
    /// Postgres, the object store or the bus does not answer.
    Unavailable,
    /// A defect of ours.
    Internal,
    /// The upload stands at another place.
    WrongOffset,
    /// The bytes that arrived are not those that were sent.
    WrongChecksum,
    /// The upload is over.
    UploadGone,
    /// Another version of the upload protocol.
    WrongTusVersion,
    /// The virus scanner has not let the material through.
    NotScanned,
}

impl Kind {
    /// Every kind, for the documentation.
    pub const ALL: [Self; 25] = [
        Self::BadBody,
        Self::InvalidFields,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::NoSuchPath,
        Self::MethodNotAllowed,
        Self::WrongPhase,
        Self::Blocked,
        Self::StaleVersion,
        Self::VersionRequired,
        Self::TooLarge,
        Self::WrongContentType,
        Self::Unavailable,
        Self::Internal,
        Self::NotYours,
        Self::TooManyRequests,
        Self::KeyReused,
        Self::StillAtWork,
        Self::AnswerLost,
        Self::WrongOffset,
        Self::WrongChecksum,
        Self::UploadGone,
        Self::WrongTusVersion,
        Self::NotScanned,
    ];

    /// Code, HTTP status and title.
    pub fn describe(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::BadBody => ("ICP-INTAKE-0001", StatusCode::BAD_REQUEST, "The body is not the expected JSON"),
            Self::InvalidFields => ("ICP-INTAKE-0002", StatusCode::UNPROCESSABLE_ENTITY, "Some fields are not valid"),
            Self::Unauthenticated => ("ICP-INTAKE-0003", StatusCode::UNAUTHORIZED, "A valid bearer token is needed"),
            Self::Forbidden => ("ICP-INTAKE-0004", StatusCode::FORBIDDEN, "This token's role may not do that"),
            Self::NotFound => ("ICP-INTAKE-0005", StatusCode::NOT_FOUND, "It is not there, or not yours"),
            Self::NoSuchPath => ("ICP-INTAKE-0006", StatusCode::NOT_FOUND, "There is no such path"),
            Self::MethodNotAllowed => {
                ("ICP-INTAKE-0007", StatusCode::METHOD_NOT_ALLOWED, "This path does not take that method")
            }
            Self::WrongPhase => ("ICP-INTAKE-0008", StatusCode::CONFLICT, "The order is in another phase"),
            Self::Blocked => ("ICP-INTAKE-0009", StatusCode::CONFLICT, "Findings block the order"),
            Self::StaleVersion => {
                ("ICP-INTAKE-0010", StatusCode::PRECONDITION_FAILED, "The order has changed since you read it")
            }
            Self::VersionRequired => ("ICP-INTAKE-0011", StatusCode::PRECONDITION_REQUIRED, "If-Match is needed"),
            Self::NotYours => ("ICP-INTAKE-0030", StatusCode::CONFLICT, "The order is not yours to decide"),
            Self::TooManyRequests => ("ICP-INTAKE-0040", StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Self::KeyReused => {
                ("ICP-INTAKE-0041", StatusCode::UNPROCESSABLE_ENTITY, "This Idempotency-Key is another request's")
            }
            Self::StillAtWork => {
                ("ICP-INTAKE-0042", StatusCode::CONFLICT, "The first request with this Idempotency-Key is at work")
            }
            Self::AnswerLost => {
                ("ICP-INTAKE-0043", StatusCode::CONFLICT, "The request was carried out, and its answer is lost")
            }
            Self::TooLarge => ("ICP-INTAKE-0012", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::WrongContentType => {
                ("ICP-INTAKE-0013", StatusCode::UNSUPPORTED_MEDIA_TYPE, "Another content type is needed")
            }
            Self::Unavailable => {
                ("ICP-INTAKE-0014", StatusCode::SERVICE_UNAVAILABLE, "The service cannot answer just now")
            }
            Self::Internal => ("ICP-INTAKE-0015", StatusCode::INTERNAL_SERVER_ERROR, "Something is wrong on our side"),
            Self::WrongOffset => ("ICP-INTAKE-0044", StatusCode::CONFLICT, "The upload stands at another offset"),
            Self::WrongChecksum => ("ICP-INTAKE-0045", checksum_mismatch(), "The checksum of the bytes differs"),
            Self::UploadGone => ("ICP-INTAKE-0046", StatusCode::GONE, "There is no such upload any more"),
            Self::WrongTusVersion => {
                ("ICP-INTAKE-0047", StatusCode::PRECONDITION_FAILED, "Another version of the upload protocol is needed")
            }
            Self::NotScanned => ("ICP-INTAKE-0048", StatusCode::CONFLICT, "The virus scan does not let this through"),
        }
    }
}

/// 460, the upload protocol's own status.
fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

/// An error to be answered.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    findings: Vec<Finding>,
    /// Seconds after which to try again, where they are known.
    wait_seconds: Option<u64>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (code, _, title) = self.kind.describe();
        write!(f, "{code}: {title}: {}", self.detail)
    }
}

/// Why a request was refused or could not be answered (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document {
    /// Where the code is explained, relative to this service.
    #[schema(example = "/docs#ICP-INTAKE-0002")]
    r#type: String,
    /// What the code means.
    #[schema(min_length = 1)]
    title: &'static str,
    /// HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    #[schema(schema_with = codes)]
    code: &'static str,
    /// What to do.
    #[schema(min_length = 1)]
    detail: String,
    /// Every field at fault, where fields are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// What blocks the order, where findings do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Finding>,
}

fn codes() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Stable code of the kind of error."))
        .enum_values(Some(Kind::ALL.map(|kind| kind.describe().0)))
}

impl Problem {
    /// A problem; the detail says what to do.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), findings: Vec::new(), wait_seconds: None }
    }

    /// The client must wait.
    pub fn too_many(detail: impl Into<String>, wait_seconds: u64) -> Self {
        Self { wait_seconds: Some(wait_seconds), ..Self::new(Kind::TooManyRequests, detail) }
    }

    /// What kind it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// An `Idempotency-Key` that was used for another request.
    pub fn key_reused() -> Self {
        let wrong =
            FieldError::new("Idempotency-Key", "belongs to another request", "take a new key for another request");
        Self { errors: vec![wrong], ..Self::new(Kind::KeyReused, "Take a new key for another request.") }
    }

    /// What to do.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Fields that must be mended.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Findings that block.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Seconds after which the same may succeed; none where something must be mended first.
    pub fn retry_after(&self) -> Option<u64> {
        let passes = matches!(self.kind, Kind::Unavailable | Kind::TooManyRequests);
        passes.then(|| self.wait_seconds.unwrap_or(RETRY_SECONDS))
    }

    /// A repetition of a request with an `Idempotency-Key` has begun before this one could be stored.
    pub fn overtaken() -> Self {
        let detail = "The request took too long, and its repetition is at work. Ask again with the same key.";
        Self::new(Kind::StillAtWork, detail)
    }

    /// Whether the order, as it stands, refuses what was wanted; trying again is no use.
    pub fn is_refusal(&self) -> bool {
        matches!(self.kind, Kind::WrongPhase | Kind::Blocked | Kind::StaleVersion)
    }

    /// The fields at fault.
    pub(super) fn into_fields(self) -> Vec<FieldError> {
        self.errors
    }

    /// Paths of the fields at fault.
    #[cfg(test)]
    pub(super) fn named(&self) -> impl Iterator<Item = &str> {
        self.errors.iter().map(|error| error.field.as_str())
    }

    /// Whether somebody else was faster.
    pub fn is_stale(&self) -> bool {
        self.kind == Kind::StaleVersion
    }

    /// Whether the same request may be answered otherwise a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self.kind, Kind::Unavailable | Kind::Internal | Kind::StaleVersion)
    }

    /// Fields that are not valid.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = format!("{} field(s) must be mended; nothing was stored.", errors.len());
        Self { errors, ..Self::new(Kind::InvalidFields, detail) }
    }

    /// An order that cannot be handed in as it is: what blocks it.
    pub fn refused(findings: Vec<Finding>) -> Self {
        let findings: Vec<Finding> =
            findings.into_iter().filter(|finding| finding.severity == Severity::Block).collect();
        let error = |finding: &Finding| FieldError::new(&finding.field, &finding.message_en, &finding.remedy);
        let errors = findings.iter().map(error).collect();
        Self { findings, ..Self::fields(errors) }
    }

    /// One field must be mended.
    pub fn field(field: &str, reason: &str, remedy: &str) -> Self {
        Self::fields(vec![FieldError::new(field, reason, remedy)])
    }

    /// An order that is not there, or not the caller's.
    pub fn no_order() -> Self {
        Self::new(Kind::NotFound, "Check the id; orders of other accounts are not shown.")
    }

    /// A material that is not there.
    pub fn not_uploaded() -> Self {
        Self::new(Kind::NotFound, "This material was not uploaded.")
    }

    /// The stored order is at another version than the caller's.
    pub fn stale(version: i64) -> Self {
        let detail = format!("It is at version {version} now. Read it again and repeat with its ETag.");
        Self::new(Kind::StaleVersion, detail)
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let text = rejection.to_string();
        match rejection {
            Rejection::WrongPhase { .. } => Self::new(Kind::WrongPhase, format!("{text}.")),
            Rejection::Blocked(findings) => {
                let detail = "The order goes on when these findings are mended; a reviewer returns it with them.";
                Self { findings, ..Self::new(Kind::Blocked, detail) }
            }
            Rejection::SameReviewer(_) => Self::new(Kind::NotYours, format!("{text}.")),
            Rejection::NoReason => {
                Self::field("findings", "is empty", "name at least one field with its reason and remedy")
            }
            Rejection::NoField => {
                Self::field("findings", "name no field", "with `only_named` at least one finding must name a field")
            }
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::from(std::sync::Arc::new(error))
    }
}

impl From<std::sync::Arc<sqlx::Error>> for Problem {
    fn from(error: std::sync::Arc<sqlx::Error>) -> Self {
        let kind = error.as_database_error().map(|refusal| refusal.kind());
        if kind.is_some_and(|kind| !matches!(kind, sqlx::error::ErrorKind::Other)) {
            tracing::error!(%error, "a request broke a constraint of the database");
            return Self::new(Kind::Internal, "What was asked for cannot be stored; the operator has been told.");
        }
        tracing::warn!(%error, "the database did not answer a request");
        Self::new(Kind::Unavailable, "The database does not answer. Nothing was lost; repeat the request.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, status, title) = self.kind.describe();
        let retry_after = self.retry_after();
        let document = Document {
            r#type: format!("/docs#{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: self.detail,
            errors: self.errors,
            findings: self.findings,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of the body is not read: nobody may use this connection for another request.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
