//! Addresses of calendars. Calendar programs send no tokens: whoever knows an address reads the deadlines of its order,
//! and nothing else. It is shown once; the database has the hash of its secret.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

const SECRET_BYTES: usize = 32;

/// A new secret.
pub fn generate() -> String {
    hex::encode(rand::random::<[u8; SECRET_BYTES]>())
}

/// What is kept of a secret. It needs no salt: nobody guesses 256 random bits.
fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Gives an order's calendar an address; the one that it had is no more.
pub async fn put(
    connection: &mut PgConnection,
    order_id: Uuid,
    secret: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into calendar_feeds (order_id, secret_hash, created_at) values ($1, $2, $3) \
         on conflict (order_id) do update set secret_hash = excluded.secret_hash, created_at = excluded.created_at",
    )
    .bind(order_id)
    .bind(hash(secret))
    .bind(now)
    .execute(connection)
    .await
    .map(drop)
}

/// Revokes the address of an order's calendar; a second time changes nothing.
pub async fn remove(connection: &mut PgConnection, order_id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("delete from calendar_feeds where order_id = $1").bind(order_id).execute(connection).await.map(drop)
}

/// The order whose calendar has this secret.
pub async fn order_of(pool: &PgPool, secret: &str) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select order_id from calendar_feeds where secret_hash = $1")
        .bind(hash(secret))
        .fetch_optional(pool)
        .await
}
