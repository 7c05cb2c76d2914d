//! What changed in an order since it was last handed in.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Api;
use super::auth::Caller;
use super::openapi::parameters::OrderPath;
use super::openapi::refusals::Missing;
use super::orders::find;
use super::params::Path;
use super::problem::{Kind, Problem};
use crate::amendment::Changed;
use crate::materials::store::{self as materials_store, MaterialRow};
use crate::{amendment, store};

/// The routes of changes.
pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(changes))
}

/// What changed in an order.
#[derive(Serialize, ToSchema)]
struct Changes {
    /// The submission that it is compared with; null before the first one, and where no reviewer has decided before.
    since: Option<Since>,
    /// Version of the order that was compared.
    version: i64,
    /// Fields that differ, in the order of the form.
    changes: Vec<Changed>,
    /// Materials that are others since.
    materials: Vec<ChangedMaterial>,
}

/// A submission.
#[derive(Serialize, ToSchema)]
struct Since {
    /// Version of the order after it.
    version: i64,
    /// Which one, from 1.
    attempt: i32,
    /// When.
    at: DateTime<Utc>,
}

/// What changed since the last submission while the applicant works on the order; once it is handed in again, since the
/// one that a reviewer decided on last: what was returned before a reviewer saw it, nobody needs to compare with.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}/changes",
    tag = "orders",
    params(OrderPath),
    responses((status = 200, description = "The changes.", body = Changes), Missing)
)]
async fn changes(State(api): State<Api>, caller: Caller, Path(id): Path<String>) -> Result<Json<Changes>, Problem> {
    let stored = find(&api, &caller, &id).await?;
    let pool = &api.bus.context().pool;
    let base = match stored.order.phase.is_open() {
        true => store::last_submission(pool, stored.id).await?,
        false => store::decided_submission(pool, stored.id).await?,
    };
    let version = stored.order.version;
    let Some(base) = base else {
        return Ok(Json(Changes { since: None, version, changes: Vec::new(), materials: Vec::new() }));
    };
    api.seen(&caller, &stored, "content.viewed", json!({ "changes": true })).await?;
    let before = api.read_filing(&stored, &base.content)?;
    let changes = amendment::differences(&before, &api.filing(&stored)?)
        .map_err(|error| Problem::new(Kind::Internal, format!("The versions cannot be compared: {error}.")))?;
    let since = Since { version: base.version, attempt: base.attempt, at: base.at };
    let materials = materials(&api, stored.id, base.at).await?;
    Ok(Json(Changes { since: Some(since), version, changes, materials }))
}

/// A material that is another one since.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedMaterial {
    /// What it shows.
    kind: String,
    /// Index of the service; 0 for the organiser's materials.
    service: i32,
    /// When it came, or was taken out.
    at: DateTime<Utc>,
    /// SHA-256 of the one in its place before; absent where there was none, or it is not kept any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// SHA-256 of the one that is there now; absent where there is none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// What was uploaded or taken out since, with what stood there then.
async fn materials(api: &Api, order_id: Uuid, since: DateTime<Utc>) -> Result<Vec<ChangedMaterial>, Problem> {
    let rows = api.reads.materials(order_id).await?;
    let replaced = materials_store::replaced(&api.bus.context().pool, order_id).await?;
    let is_same_place =
        |one: &MaterialRow, other: &MaterialRow| one.kind == other.kind && one.service_index == other.service_index;
    let former: Vec<_> =
        replaced.into_iter().filter(|former| former.row.uploaded_at <= since && former.replaced_at > since).collect();
    let removed =
        former.iter().filter(|former| !rows.iter().any(|row| is_same_place(row, &former.row))).map(|former| {
            ChangedMaterial {
                kind: former.row.kind.clone(),
                service: former.row.service_index,
                at: former.replaced_at,
                before: Some(hex::encode(&former.row.sha256)),
                after: None,
            }
        });
    let uploaded = rows.iter().filter(|row| row.uploaded_at > since).map(|row| {
        let before = former.iter().find(|former| is_same_place(row, &former.row));
        ChangedMaterial {
            kind: row.kind.clone(),
            service: row.service_index,
            at: row.uploaded_at,
            before: before.map(|former| hex::encode(&former.row.sha256)),
            after: Some(hex::encode(&row.sha256)),
        }
    });
    Ok(uploaded.chain(removed).collect())
}
