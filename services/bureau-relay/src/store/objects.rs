//! What the relay itself put into the object store: pictures that it had to make smaller, and upload files.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::Result;

/// Objects of the relay's own that ended submissions left in the object store.
pub async fn left_objects(pool: &PgPool, limit: i64) -> Result<Vec<(i64, Vec<String>)>> {
    sqlx::query_as(
        "select id, own_objects from submissions where own_objects <> '{}' and ended_at is not null limit $1",
    )
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Notes that the objects of submissions are removed.
pub async fn forget_objects(pool: &PgPool, ids: &[i64]) -> Result<()> {
    sqlx::query("update submissions set own_objects = '{}' where id = any($1)").bind(ids).execute(pool).await.map(drop)
}

/// Accepted and refused files that are older than this, with where their content lies.
pub async fn old_uploads(pool: &PgPool, before: DateTime<Utc>, limit: i64) -> Result<Vec<(i64, Option<String>)>> {
    sqlx::query_as(include_str!("../../queries/old_uploads.sql")).bind(before).bind(limit).fetch_all(pool).await
}

/// Notes that the content of files is gone, and forgets its keys.
pub async fn erase_uploads(pool: &PgPool, ids: &[i64]) -> Result<()> {
    sqlx::query(include_str!("../../queries/erase_uploads.sql")).bind(ids).execute(pool).await.map(drop)
}
