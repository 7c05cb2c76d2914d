//! gRPC for back offices (`icp.intake.v1`). It translates and calls what the REST handlers call: the same callers, the
//! same rights, the same limits.

mod archive;
mod orders;
mod review;
mod status;

use axum::http::Method;
use icp_domain::Province;
use icp_kit::Parts;
use icp_proto::intake::archive_server::ArchiveServer;
use icp_proto::intake::orders_server::OrdersServer;
use icp_proto::intake::review_server::ReviewServer;
use serde::{Deserialize, Serialize};
use tonic::Request;

use super::auth::Caller;
use super::problem::{Kind, Problem};
use super::{Api, access};

/// The section `[intake.grpc]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcConfig {
    /// Largest message that a caller may send, bytes.
    pub request_bytes_max: usize,
    /// Largest message that is answered, bytes.
    pub answer_bytes_max: usize,
}

/// Adds the services.
pub fn serve(parts: &mut Parts, api: &Api) {
    let GrpcConfig { request_bytes_max, answer_bytes_max } = api.config.grpc;
    let orders = OrdersServer::new(orders::OrdersApi(api.clone()));
    parts.serve(orders.max_decoding_message_size(request_bytes_max).max_encoding_message_size(answer_bytes_max));
    let review = ReviewServer::new(review::ReviewApi(api.clone()));
    parts.serve(review.max_decoding_message_size(request_bytes_max).max_encoding_message_size(answer_bytes_max));
    let archive = ArchiveServer::new(archive::ArchiveApi(api.clone()));
    parts.serve(archive.max_decoding_message_size(request_bytes_max).max_encoding_message_size(answer_bytes_max));
}

/// Who calls, where it may call the REST route that answers the same, and is within its limits.
async fn caller<M: Sync>(api: &Api, request: &Request<M>, method: Method, path: &str) -> Result<Caller, Problem> {
    let unknown = || Problem::new(Kind::NoSuchPath, "See the reflection of this service for its calls.");
    let line = access::line(&method, path).ok_or_else(unknown)?;
    let peer = request.remote_addr().map(|peer| peer.ip());
    let (_, caller) = access::admit(api, line, request.metadata().as_ref(), peer).await;
    caller
}

/// A text of a message. No text of ours holds U+0000, and Postgres takes none that does.
fn text(field: &str, text: String) -> Result<String, Problem> {
    match text.contains('\0') {
        true => Err(Problem::field(field, "holds the character U+0000", "leave it out")),
        false => Ok(text),
    }
}

/// A text of a message; empty means that it was left out.
fn given(field: &str, value: String) -> Result<Option<String>, Problem> {
    text(field, value).map(|text| (!text.is_empty()).then_some(text))
}

/// The field `province` of a message; empty means that it was left out.
fn province(letters: &str) -> Result<Option<Province>, Problem> {
    if letters.is_empty() {
        return Ok(None);
    }
    let unknown = || Problem::field("province", "is not a province", "give its letters, e.g. gd");
    Province::parse(letters).map(Some).ok_or_else(unknown)
}

/// A page's size; 0 means that it was left out.
fn page_size(limit: i32) -> Option<i64> {
    (limit != 0).then_some(i64::from(limit))
}
