//! What changed in an order since it was last handed in.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
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
use crate::materials::store as materials_store;
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
    api.seen(&caller, &stored, "content.viewed", r#"{"changes":true}"#.to_owned()).await?;
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
    /// When it came.
    at: DateTime<Utc>,
    /// SHA-256 of the one in its place before; absent where there was none, or it is not kept any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// SHA-256 of the one that is there now.
    after: String,
}

/// What was uploaded since, with what stood there then.
async fn materials(api: &Api, order_id: Uuid, since: DateTime<Utc>) -> Result<Vec<ChangedMaterial>, Problem> {
    let rows = api.reads.materials(order_id).await?;
    let replaced = materials_store::replaced(&api.bus.context().pool, order_id).await?;
    let changed = rows.into_iter().filter(|row| row.uploaded_at > since).map(|row| {
        let mut former = replaced.iter().filter(|former| {
            let is_same_place = former.row.kind == row.kind && former.row.service_index == row.service_index;
            is_same_place && former.row.uploaded_at <= since && former.replaced_at > since
        });
        ChangedMaterial {
            before: former.next().map(|former| hex::encode(&former.row.sha256)),
            after: hex::encode(&row.sha256),
            kind: row.kind,
            service: row.service_index,
            at: row.uploaded_at,
        }
    });
    Ok(changed.collect())
}
