//! Errors as RFC 9457 problem documents: what was wrong, in which field, and what to do about it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use icp_domain::Finding;
use serde::Serialize;

use crate::order::Rejection;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Path of the field, e.g. `services[0].name`.
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
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
    /// No such order, or it belongs to somebody else.
    NotFound,
    /// No such path.
    NoSuchPath,
    /// The path exists with other methods.
    MethodNotAllowed,
    /// The order is in another phase.
    WrongPhase,
    /// The rules block.
    Blocked,
    /// The order has changed since it was read.
    StaleVersion,
    /// `If-Match` is missing.
    VersionRequired,
    /// Another reviewer must decide, or the order must be claimed first.
    NotYours,
    /// The body is larger than the limit.
    TooLarge,
    /// Another content type is needed.
    WrongContentType,
    /// Postgres, the object store or the bus does not answer.
    Unavailable,
    /// A defect of ours.
    Internal,
}

impl Kind {
    /// Every kind, for the documentation.
    pub const ALL: [Self; 16] = [
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
    ];

    /// Code, HTTP status and title.
    pub fn describe(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::BadBody => ("ICP-INTAKE-0001", StatusCode::BAD_REQUEST, "The body is not the expected JSON"),
            Self::InvalidFields => ("ICP-INTAKE-0002", StatusCode::UNPROCESSABLE_ENTITY, "Some fields are not valid"),
            Self::Unauthenticated => ("ICP-INTAKE-0003", StatusCode::UNAUTHORIZED, "A valid bearer token is needed"),
            Self::Forbidden => ("ICP-INTAKE-0004", StatusCode::FORBIDDEN, "This token's role may not do that"),
            Self::NotFound => ("ICP-INTAKE-0005", StatusCode::NOT_FOUND, "There is no such order"),
            Self::NoSuchPath => ("ICP-INTAKE-0006", StatusCode::NOT_FOUND, "There is no such path"),
            Self::MethodNotAllowed => {
                ("ICP-INTAKE-0007", StatusCode::METHOD_NOT_ALLOWED, "This path does not take that method")
            }
            Self::WrongPhase => ("ICP-INTAKE-0008", StatusCode::CONFLICT, "The order is in another phase"),
            Self::Blocked => ("ICP-INTAKE-0009", StatusCode::CONFLICT, "The province's rules block the order"),
            Self::StaleVersion => {
                ("ICP-INTAKE-0010", StatusCode::PRECONDITION_FAILED, "The order has changed since you read it")
            }
            Self::VersionRequired => ("ICP-INTAKE-0011", StatusCode::PRECONDITION_REQUIRED, "If-Match is needed"),
            Self::NotYours => ("ICP-INTAKE-0030", StatusCode::CONFLICT, "The order is not yours to decide"),
            Self::TooLarge => ("ICP-INTAKE-0012", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::WrongContentType => {
                ("ICP-INTAKE-0013", StatusCode::UNSUPPORTED_MEDIA_TYPE, "Another content type is needed")
            }
            Self::Unavailable => {
                ("ICP-INTAKE-0014", StatusCode::SERVICE_UNAVAILABLE, "The service cannot answer just now")
            }
            Self::Internal => ("ICP-INTAKE-0015", StatusCode::INTERNAL_SERVER_ERROR, "Something is wrong on our side"),
        }
    }
}

/// An error to be answered.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    findings: Vec<Finding>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (code, _, title) = self.kind.describe();
        write!(f, "{code}: {title}: {}", self.detail)
    }
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    findings: &'a [Finding],
}

impl Problem {
    /// A problem; the detail says what to do.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), findings: Vec::new() }
    }

    /// Whether the order, as it stands, refuses what was wanted; trying again is no use.
    pub fn is_refusal(&self) -> bool {
        matches!(self.kind, Kind::WrongPhase | Kind::Blocked | Kind::StaleVersion)
    }

    /// Fields that are not valid.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = format!("{} field(s) must be mended; nothing was stored.", errors.len());
        Self { kind: Kind::InvalidFields, detail, errors, findings: Vec::new() }
    }

    /// One field must be mended.
    pub fn field(field: &str, reason: &str, remedy: &str) -> Self {
        Self::fields(vec![FieldError::new(field, reason, remedy)])
    }

    /// An order that is not there, or not the caller's.
    pub fn no_order() -> Self {
        Self::new(Kind::NotFound, "Check the id; orders of other accounts are not shown.")
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
                let detail = "Return the order to the applicant with these findings.".to_owned();
                Self { kind: Kind::Blocked, detail, errors: Vec::new(), findings }
            }
            Rejection::SameReviewer(_) => Self::new(Kind::NotYours, format!("{text}.")),
            Rejection::NoReason => Self::fields(vec![FieldError::new(
                "findings",
                "is empty",
                "name at least one field with its reason and remedy",
            )]),
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
        tracing::warn!(%error, "the database did not answer a request");
        Self::new(Kind::Unavailable, "The database does not answer. Nothing was lost; repeat the request.")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (code, status, title) = self.kind.describe();
        let document = Document {
            r#type: format!("/docs#{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: &self.detail,
            errors: &self.errors,
            findings: &self.findings,
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
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
