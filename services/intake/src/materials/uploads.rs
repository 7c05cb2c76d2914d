//! Files that come in parts: where each stands, in Postgres; its bytes, encrypted, in the object store.
//!
//! A part counts when its row is committed; an object without a row is removed when its upload is over. The last part
//! is never a row: with it the file is whole and becomes a material, or the caller sends it again.

use chrono::{DateTime, TimeDelta, Utc};
use icp_kit::materials::MaterialError;
use icp_kit::{DataKey, Materials};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

/// The section `[intake.materials.uploads]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadsConfig {
    /// Hours after its creation in which an upload must be complete.
    pub expiry_hours: u32,
    /// Bytes that are kept together: what a connection that breaks may lose at most.
    pub part_bytes: usize,
    /// Unfinished uploads of one order at most.
    pub per_order_max: i64,
}

/// An upload.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Upload {
    /// Its id.
    pub id: Uuid,
    /// The order that it is for.
    pub order_id: Uuid,
    /// Kind of the material.
    pub kind: String,
    /// Service that the material belongs to.
    pub service_index: i32,
    /// Media type as the caller declared it; empty: it did not.
    pub media_type: String,
    /// Bytes of the whole file.
    pub length_bytes: i64,
    /// Bytes that are there.
    pub received_bytes: i64,
    /// Key of its parts, encrypted under the order's data key.
    pub key: Vec<u8>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it ends if it is not complete.
    pub expires_at: DateTime<Utc>,
    /// When the file became a material.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A part that lies in the object store.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Part {
    /// Where in the file it begins.
    pub start_byte: i64,
    /// Its size.
    pub size_bytes: i32,
    /// Its location.
    pub object: String,
}

impl Upload {
    /// When an upload that is created now ends.
    pub fn expiry(config: &UploadsConfig, now: DateTime<Utc>) -> DateTime<Utc> {
        now + TimeDelta::hours(config.expiry_hours.into())
    }

    /// Stores bytes that begin at a place of the file; they do not count before [`append`].
    pub async fn keep(
        &self,
        materials: &Materials,
        key: &DataKey,
        start_byte: i64,
        bytes: &[u8],
    ) -> Result<Part, MaterialError> {
        let object = format!("{}/{start_byte}-{}", folder(self.id), Uuid::now_v7().simple());
        materials.put_with(&object, key, bytes).await?;
        Ok(Part { start_byte, size_bytes: i32::try_from(bytes.len()).unwrap_or(i32::MAX), object })
    }
}

/// Where the parts of an upload lie.
pub fn folder(upload: Uuid) -> String {
    format!("uploads/{upload}")
}

/// Reads parts in their sequence, as far as they are one behind the other.
pub async fn read(materials: &Materials, key: &DataKey, parts: &[Part]) -> Result<Vec<u8>, MaterialError> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend(materials.get(&part.object, key.expose()).await?);
    }
    Ok(bytes)
}

/// Stores a new upload, unless the order has as many unfinished ones as it may; tells whether it did.
pub async fn create(pool: &PgPool, upload: &Upload, per_order_max: i64) -> Result<bool, sqlx::Error> {
    let created = sqlx::query(include_str!("../../queries/materials/create_upload.sql"))
        .bind(upload.id)
        .bind(upload.order_id)
        .bind(&upload.kind)
        .bind(upload.service_index)
        .bind(&upload.media_type)
        .bind(upload.length_bytes)
        .bind(&upload.key)
        .bind(upload.created_at)
        .bind(upload.expires_at)
        .bind(per_order_max)
        .execute(pool)
        .await?;
    Ok(created.rows_affected() == 1)
}

/// An upload.
pub async fn find(pool: &PgPool, id: Uuid) -> Result<Option<Upload>, sqlx::Error> {
    sqlx::query_as(
        "select id, order_id, kind, service_index, media_type, length_bytes, received_bytes, key, created_at, \
         expires_at, finished_at from uploads where id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await
}

/// The parts of an upload that count, in their sequence.
pub async fn parts(pool: &PgPool, id: Uuid) -> Result<Vec<Part>, sqlx::Error> {
    sqlx::query_as("select start_byte, size_bytes, object from upload_parts where upload_id = $1 order by start_byte")
        .bind(id)
        .fetch_all(pool)
        .await
}

/// Appends parts if the upload still stands at `from` bytes; tells where it stands then, or nothing if somebody else
/// was faster.
pub async fn append(pool: &PgPool, id: Uuid, from: i64, parts: &[Part]) -> Result<Option<i64>, sqlx::Error> {
    if parts.is_empty() {
        return Ok(Some(from));
    }
    let received = from + parts.iter().map(|part| i64::from(part.size_bytes)).sum::<i64>();
    let appended = sqlx::query(include_str!("../../queries/materials/append_upload.sql"))
        .bind(id)
        .bind(from)
        .bind(received)
        .bind(parts.iter().map(|part| part.start_byte).collect::<Vec<_>>())
        .bind(parts.iter().map(|part| part.size_bytes).collect::<Vec<_>>())
        .bind(parts.iter().map(|part| part.object.as_str()).collect::<Vec<_>>())
        .execute(pool)
        .await?;
    Ok((appended.rows_affected() > 0).then_some(received))
}

/// Forgets an upload with its parts.
pub async fn forget(pool: &PgPool, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("delete from uploads where id = $1").bind(id).execute(pool).await.map(drop)
}

/// Uploads that are over.
pub async fn expired(pool: &PgPool, now: DateTime<Utc>, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select id from uploads where expires_at <= $1 order by expires_at limit $2")
        .bind(now)
        .bind(limit)
        .fetch_all(pool)
        .await
}
