//! Requests with an `Idempotency-Key`: the same key and request get the answer that was given first.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use tokio::sync::oneshot;
use tracing::Instrument as _;
use uuid::Uuid;

use super::auth::Caller;
use super::problem::{Kind, Problem};
use super::uploads::{TUS_RESUMABLE, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET};
use super::{Api, body};
use crate::access::keyed_requests::{self, Claim, KeptAnswer};

/// The header with the key.
pub const KEY_HEADER: &str = "idempotency-key";
const REPLAYED_HEADER: &str = "idempotency-replayed";
const KEY_MAX: usize = 255;
/// Headers of an answer that are kept with it.
const KEPT_HEADERS: [HeaderName; 6] =
    [header::CONTENT_TYPE, header::ETAG, header::LOCATION, TUS_RESUMABLE, UPLOAD_EXPIRES, UPLOAD_OFFSET];
/// Headers that say what an upload is about.
const UPLOAD_HEADERS: [HeaderName; 2] = [UPLOAD_LENGTH, UPLOAD_METADATA];

/// Handles a request unless it was handled before.
pub(super) async fn once(api: &Api, caller: Caller, request: Request, next: Next) -> Response {
    match attempt(api, caller, request, next).await {
        Ok(answer) => answer,
        Err(problem) => problem.into_response(),
    }
}

async fn attempt(api: &Api, mut caller: Caller, request: Request, next: Next) -> Result<Response, Problem> {
    let config = &api.config.idempotency;
    let key = key(request.headers())?.to_owned();
    let (mut parts, given) = request.into_parts();
    let given = body::read(given, config.max_body_bytes).await.map_err(|problem| match problem.kind() {
        Kind::TooLarge => Problem::new(
            Kind::TooLarge,
            format!(
                "With `Idempotency-Key` send at most {} bytes; leave the header out, or send a file in parts.",
                config.max_body_bytes
            ),
        ),
        _ => problem,
    })?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let digest = digest(parts.method.as_str(), target, &caller, &parts.headers, &given);
    let key_index =
        api.vault.blind_index("idempotency-key", &format!("{} {}\n{key}", caller.role.as_str(), caller.name));
    let digest = api.vault.blind_index("keyed-request", &hex::encode(digest));
    let pool = &api.bus.context().pool;
    let id = match keyed_requests::claim(pool, config, &key_index, &digest).await? {
        Claim::Yours(id) => id,
        Claim::Answered(kept) => return again(api, &kept),
        Claim::OtherRequest => return Err(Problem::key_reused()),
        Claim::AtWork(seconds) => {
            let detail = format!("Ask again with the same key; it ends within {seconds} s.");
            return Ok(with_header(Problem::new(Kind::StillAtWork, detail), header::RETRY_AFTER, "1"));
        }
        Claim::AnswerLost(location) => {
            let location = location.unwrap_or_default();
            let detail = format!("The process ended before it could answer. See what has become of it: {location}");
            return Ok(with_header(Problem::new(Kind::AnswerLost, detail), header::LOCATION, &location));
        }
    };
    caller.request = Some(id);
    parts.extensions.insert(caller);
    let request = Request::from_parts(parts, Body::from(given));
    let (send, answered) = oneshot::channel();
    let api = api.clone();
    let context = api.bus.context().clone();
    // It is carried through even if the caller hangs up: the caller will come back with the same key.
    let work = async move {
        let answer = next.run(request).await;
        // Whoever asked may be gone.
        let _ = send.send(keep(&api, id, answer).await);
    };
    context.spawn(work.in_current_span());
    answered.await.map_err(|_| Problem::new(Kind::Internal, "The request broke off; repeat it with the same key."))
}

/// The key of a request.
pub fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut keys = headers.get_all(KEY_HEADER).iter();
    let key = keys.next().and_then(|key| key.to_str().ok()).map(str::trim).unwrap_or_default();
    if key.is_empty() || key.len() > KEY_MAX || keys.next().is_some() {
        let remedy = format!("send one key of 1 to {KEY_MAX} visible ASCII characters, e.g. a UUID");
        return Err(Problem::field("Idempotency-Key", "is not a key", &remedy));
    }
    Ok(key)
}

/// What makes two requests the same: all that a handler reads.
fn digest(method: &str, target: &str, caller: &Caller, headers: &HeaderMap, given: &Bytes) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut add = |part: &[u8]| {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    };
    for part in [method, target, caller.account.as_str()] {
        add(part.as_bytes());
    }
    for name in [header::CONTENT_TYPE, header::IF_MATCH] {
        add(headers.get(name).map_or(b"", |value| value.as_bytes()));
    }
    add(given);
    // Other requests have none of these: their digests are those of former releases.
    for name in UPLOAD_HEADERS {
        if let Some(value) = headers.get(&name) {
            add(name.as_str().as_bytes());
            add(value.as_bytes());
        }
    }
    digest.finalize().into()
}

/// The answer that was given first.
fn again(api: &Api, kept: &KeptAnswer) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let mut answer = (status, kept.body(&api.vault)?).into_response();
    // Only what was kept counts, not what a body of bytes brings along.
    answer.headers_mut().clear();
    for (name, value) in &kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
    Ok(answer)
}

/// Keeps the answer of a request that was carried out; frees the key of one that was refused.
async fn keep(api: &Api, id: Uuid, answer: Response) -> Response {
    let pool = &api.bus.context().pool;
    if !answer.status().is_success() {
        if let Err(error) = keyed_requests::free(pool, id).await {
            tracing::warn!(%error, "a key stays claimed until its lease ends");
        }
        return answer;
    }
    let (parts, answered) = answer.into_parts();
    let answered = match axum::body::to_bytes(answered, usize::MAX).await {
        Ok(answered) => answered,
        Err(error) => {
            tracing::error!(%error, "an answer could not be read");
            return Problem::new(Kind::Internal, "The answer broke off; repeat the request.").into_response();
        }
    };
    let headers: Vec<(String, String)> = KEPT_HEADERS
        .iter()
        .filter_map(|name| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned())))
        .collect();
    if let Err(error) = keyed_requests::keep(pool, &api.vault, id, parts.status.as_u16(), &headers, &answered).await {
        tracing::warn!(%error, "an answer is not kept: a repetition is told that it is lost");
    }
    Response::from_parts(parts, Body::from(answered))
}

fn with_header(problem: Problem, name: HeaderName, value: &str) -> Response {
    let mut response = problem.into_response();
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

impl Api {
    /// Notes, in the transaction of a change, that the caller's keyed request is carried out and where the result is.
    /// Refuses where a repetition of the request has begun meanwhile: the transaction must not commit then.
    pub async fn carry_out(
        &self,
        connection: &mut PgConnection,
        caller: &Caller,
        location: &str,
    ) -> Result<(), Problem> {
        let Some(request) = caller.request else { return Ok(()) };
        let noted = keyed_requests::carry_out(connection, &[(request, location)]).await?;
        if noted.contains(&request) { Ok(()) } else { Err(Problem::overtaken()) }
    }
}

/// Removes answers whose time is over, until the service stops.
pub async fn clean(api: Api) {
    let context = api.bus.context();
    let pause = std::time::Duration::from_secs(api.config.idempotency.clean_every_seconds.max(1));
    while !context.shutdown.is_cancelled() {
        match keyed_requests::clean(&context.pool).await {
            Ok(removed) => tracing::debug!(removed, "kept answers whose time was over were removed"),
            Err(error) => tracing::warn!(%error, "kept answers are not cleaned up just now"),
        }
        tokio::select! {
            () = context.shutdown.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
