//! Questions about what the ministry has on record.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, Row as _};

use super::Result;

/// A question as its task brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewQuery {
    /// Its id.
    pub query_id: String,
    /// Letters of the province.
    pub province: String,
    /// Encoded `Sealed`.
    pub sealed: Vec<u8>,
}

/// Stores new questions; returns the ids of those that were not here before.
pub async fn insert_queries(
    connection: &mut PgConnection,
    account: &str,
    new: &[NewQuery],
    now: DateTime<Utc>,
) -> Result<Vec<String>> {
    sqlx::query_scalar(include_str!("../../queries/insert_status_queries.sql"))
        .bind(new.iter().map(|query| query.query_id.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|query| query.province.as_str()).collect::<Vec<_>>())
        .bind(new.iter().map(|query| query.sealed.as_slice()).collect::<Vec<_>>())
        .bind(account)
        .bind(now)
        .fetch_all(connection)
        .await
}

/// Takes turns at the bureau for so many questions, `interval_ms` apart; tells when the first is due.
pub async fn take_query_turns(
    connection: &mut PgConnection,
    account: &str,
    count: usize,
    interval_ms: u64,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    sqlx::query_scalar(include_str!("../../queries/take_query_turns.sql"))
        .bind(account)
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .bind(i64::try_from(interval_ms).unwrap_or(i64::MAX))
        .bind(now)
        .fetch_one(connection)
        .await
}

/// A question that is not answered yet: its account and the encoded `Sealed`.
pub async fn open_query(pool: &PgPool, query_id: &str) -> Result<Option<(String, Vec<u8>)>> {
    let row = sqlx::query("select account, sealed from status_queries where query_id = $1 and sealed is not null")
        .bind(query_id)
        .fetch_optional(pool)
        .await?;
    row.map(|row| Ok((row.try_get("account")?, row.try_get("sealed")?))).transpose()
}

/// Closes a question; the province to answer to, unless it was closed before.
pub async fn close_query(connection: &mut PgConnection, query_id: &str, now: DateTime<Utc>) -> Result<Option<String>> {
    sqlx::query_scalar(
        "update status_queries set sealed = null, answered_at = $2 where query_id = $1 and sealed is not null returning province",
    )
    .bind(query_id)
    .bind(now)
    .fetch_optional(connection)
    .await
}
