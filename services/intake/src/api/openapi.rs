//! The OpenAPI document. Each handler says with `#[utoipa::path]` what it takes and answers, and is registered with
//! `routes!`, so no route is without its part of the document. What holds for many operations is added here: who may
//! call them, what everybody may be told ([`refusals`]), ids, the example of a filing. [`page`] sets it for readers.
//!
//! The document is kept as `services/intake/openapi.json`; a test compares it with the code.

pub mod page;
pub mod parameters;
pub mod refusals;
mod type_words;

use std::collections::BTreeMap;

use axum::http::Method;
use icp_domain::Filing;
use serde_json::json;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, PathItem, RefOr, Response, Schema, SecurityRequirement};
use utoipa::{IntoParams as _, OpenApi as _};

use super::access;
use super::auth::Role;
use super::problem::{Document, Kind};
use parameters::RequestKey;
use refusals::{key_of, kind_of, refused};

const BEARER: &str = "bearer";

const INTRODUCTION: &str = "\
Orders to file an internet service with the ministry (ICP备案), the provider's review, and what is on record.

Every request under `/v1`, but for the address of a calendar, carries `Authorization: Bearer <token>`: a token of your organisation's issuer, a key of a \
machine (`icp_…`), or a token that the operator gave you. A reseller may do what an applicant may, for its customers \
too; `Icp-Account: <account>` names the one that a request is for. Orders and records of other accounts are answered \
with 404. Too many requests are 429 with `Retry-After`; `RateLimit` tells what is left.

A request that changes something may carry an `Idempotency-Key`: sent again with the same key within a day it gets the \
first answer again, with `Idempotency-Replayed: true`. Every answer about one order carries an `ETag`; where an operation takes `If-Match`, send it back.

Bodies are JSON, of at most 256 KiB unless the operator set another limit (`intake.max_body_bytes`). Unknown fields \
and parameters are refused. Errors are RFC 9457 problem documents with a stable `code`, and with `errors` (field, \
reason, remedy) where fields are at fault. Times are RFC 3339 in UTC; days are days in China.

What is on record is named by its number (`organiser.number`, `services[0].number`); what is new has none. \
`cancellation` belongs to cancellations, `access` to websites and APPs, `app_platforms` to APPs, \
`mini_program_platforms` to mini-programs and quick apps. Codes are those of the ministry's tables.

`GET /healthz` and `GET /readyz` answer without a token whether the service is alive and ready to work.";

/// A valid filing. Names and numbers are made up; the check characters are right.
const FILING: &str = include_str!("openapi/filing.json");

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "ICP filing: intake", description = INTRODUCTION),
    components(schemas(Document, Filing)),
    tags(
        (name = "orders", description = "Orders (备案订单) as their applicants work on them."),
        (name = "determinations", description = "Of which type an order must be (验证备案类型)."),
        (name = "materials", description = "Pictures, papers and videos that prove what is declared (材料), in one piece or in parts (tus 1.0.0)."),
        (name = "review", description = "The provider's review (初审) and its catalogue of reasons."),
        (name = "papers", description = "Verification slip (核验单), letters and receipts of an order."),
        (name = "archive", description = "What is on record (备案库), and what follows from it."),
        (name = "imports", description = "Many orders at once (批量导入), with a report on every row."),
        (name = "exports", description = "Everything that a list would show, in one answer."),
        (name = "entitlements", description = "Codes that come with a server and entitle to a filing (备案服务号)."),
        (name = "keys", description = "Keys with which machines call."),
        (name = "resellers", description = "The accounts that resellers act for."),
        (name = "statistics", description = "Figures without personal data, and the month's work report."),
        (name = "audit", description = "Who did and saw what."),
        (name = "service", description = "This service itself.")
    )
)]
struct Base;

/// The document without operations.
pub fn base() -> OpenApi {
    Base::openapi()
}

/// Completes the document that was collected from the handlers with what the table of access says.
pub fn complete(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            rename(operation);
            let mut kinds = vec![Kind::Internal, Kind::TooManyRequests];
            if let Some(line) = access::line(&method, path).filter(|line| !line.roles.is_empty()) {
                allow(operation, line.roles);
                kinds.extend([Kind::Unauthenticated, Kind::Forbidden, Kind::Unavailable]);
                if line.is_change {
                    take_key(operation);
                    kinds.extend([Kind::InvalidFields, Kind::KeyReused, Kind::StillAtWork, Kind::AnswerLost]);
                }
            }
            if path.contains('{') {
                kinds.push(Kind::NoSuchPath);
            }
            add_refusals(&mut operation.responses.responses, &kinds);
        }
    }
    if let Some(components) = &mut document.components {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
        if let (Some(RefOr::T(Schema::Object(filing))), Ok(example)) =
            (components.schemas.get_mut("Filing"), serde_json::from_str(FILING))
        {
            filing.examples = vec![example];
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, head, options, .. } = item;
    let of_methods = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::PATCH, patch),
        (Method::HEAD, head),
        (Method::OPTIONS, options),
    ];
    of_methods.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// Handlers of several modules have the same name: the id begins with the tag.
fn rename(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next();
    if let (Some(tag), Some(name)) = (tag, &operation.operation_id) {
        operation.operation_id = Some(format!("{tag}_{name}"));
    }
}

fn allow(operation: &mut Operation, roles: &[Role]) {
    operation.security = Some(vec![SecurityRequirement::new(BEARER, [""; 0])]);
    let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let extension = ExtensionsBuilder::new().add("x-roles", json!(names)).build();
    operation.extensions.get_or_insert_default().merge(extension);
}

fn take_key(operation: &mut Operation) {
    let parameters = RequestKey::into_params(|| Some(ParameterIn::Header)).into_iter().map(RefOr::T);
    operation.parameters.get_or_insert_default().extend(parameters);
}

/// Makes one answer per status of what the handler and this module say.
fn add_refusals(responses: &mut BTreeMap<String, RefOr<Response>>, general: &[Kind]) {
    let declared: Vec<Kind> = responses.keys().filter_map(|key| kind_of(key)).collect();
    responses.retain(|key, _| kind_of(key).is_none());
    let mut kinds: Vec<Kind> = declared.iter().chain(general).copied().collect();
    kinds.sort_by_key(|kind| key_of(*kind));
    kinds.dedup();
    for same_status in kinds.chunk_by(|one, other| one.describe().1 == other.describe().1) {
        if let Some(first) = same_status.first() {
            responses.insert(first.describe().1.as_str().to_owned(), RefOr::T(refused(same_status)));
        }
    }
}
