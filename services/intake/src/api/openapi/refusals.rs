//! What a caller may be told instead of an answer, for the `responses(…)` of handlers:
//! `responses((status = 200, body = OrderView), NoOrder, Versioned)`.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type};

use crate::api::problem::Kind;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident: $($kind:ident)+;)+) => {$(
        $(#[$doc])*
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$(Kind::$kind),+].map(|kind| (key_of(kind), RefOr::T(Response::new("")))).into()
            }
        }
    )+};
}

refusals! {
    /// A JSON body is read.
    JsonBody: BadBody InvalidFields TooLarge WrongContentType;
    /// A file is read.
    FileBody: TooLarge WrongContentType;
    /// Parameters or fields are looked at.
    Fields: InvalidFields;
    /// What is named is not there, or not the caller's.
    Missing: NotFound;
    /// Nobody shows a token, and the database is asked.
    Public: Unavailable;
    /// `If-Match` is needed.
    Versioned: StaleVersion VersionRequired;
    /// Changes the order, which somebody else may have changed meanwhile.
    Overtaken: StaleVersion;
    /// Only in some phases.
    InPhase: WrongPhase;
    /// The virus scanner has a say.
    Scanned: NotScanned;
    /// The upload protocol is spoken.
    SpeaksTus: WrongTusVersion;
    /// The method stands in a header.
    OtherMethod: MethodNotAllowed;
    /// An upload that may be over.
    OpenUpload: UploadGone WrongTusVersion;
    /// A part of an upload, which may complete the file.
    Part: BadBody InvalidFields TooLarge WrongContentType WrongOffset WrongChecksum WrongPhase StaleVersion;
    /// The holder of a record may answer.
    Answering: WrongPhase Blocked;
    /// A reviewer may decide.
    Deciding: WrongPhase Blocked NotYours;
    /// The rules have a say about what is handed in again.
    Judged: WrongPhase Blocked;
    /// A reviewer may have claimed the order.
    Claimable: WrongPhase NotYours;
}

/// The key under which a handler declares a kind until the document is complete: several may have one status.
pub(super) fn key_of(kind: Kind) -> String {
    let (code, status, _) = kind.describe();
    format!("{} {code}", status.as_str())
}

pub(super) fn kind_of(key: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| key_of(*kind) == key)
}

/// The answer for kinds of the same status.
pub(super) fn refused(kinds: &[Kind]) -> Response {
    let meanings: Vec<String> = kinds
        .iter()
        .map(|kind| {
            let (code, _, title) = kind.describe();
            format!("`{code}` {title}.")
        })
        .collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(meanings.join(" ")).content("application/problem+json", content);
    let header = |description: &str, header_type: Type| {
        let schema = ObjectBuilder::new().schema_type(header_type);
        HeaderBuilder::new().description(Some(description)).schema(Some(schema)).build()
    };
    match kinds.first().map(|kind| kind.describe().1) {
        Some(StatusCode::UNAUTHORIZED) => response.header("WWW-Authenticate", header("`Bearer`.", Type::String)),
        Some(StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => {
            response.header("Retry-After", header("Seconds after which to try again.", Type::Integer))
        }
        _ => response,
    }
    .build()
}
