//! Resellers: an account that acts for the accounts of its customers.
//!
//! An operator links accounts that exist; a reseller makes new ones, whose names begin with its own and a colon, so
//! that nobody can make an account that is somebody else's.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;

/// A customer's account, linked to a reseller.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct LinkedAccount {
    /// The customer's account.
    pub account: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; absent where no end is known.
    pub until: Option<DateTime<Utc>>,
}

/// Customers' accounts of resellers now: (reseller, account).
pub async fn accounts_of_all(
    pool: &PgPool,
    resellers: &[String],
    now: DateTime<Utc>,
) -> Result<Vec<(String, String)>, sqlx::Error> {
    sqlx::query_as(
        "select distinct reseller, account from reseller_accounts \
         where reseller = any($1) and since <= $2 and (until is null or until > $2)",
    )
    .bind(resellers)
    .bind(now)
    .fetch_all(pool)
    .await
}

/// A page of the accounts that are linked to a reseller now, by name.
pub async fn list(
    pool: &PgPool,
    reseller: &str,
    after: Option<&str>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<LinkedAccount>, sqlx::Error> {
    sqlx::query_as(
        "select distinct on (account) account, since, until from reseller_accounts \
         where reseller = $1 and since <= $2 and (until is null or until > $2) and ($3::text is null or account > $3) \
         order by account, since limit $4",
    )
    .bind(reseller)
    .bind(now)
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// The name of an account that a reseller makes.
pub fn account_name(reseller: &str, name: &str) -> String {
    format!("{reseller}:{name}")
}

/// Links an account that the reseller makes now; tells whether it is new. One that was ever linked is not: it may
/// have left its reseller.
pub async fn create(
    connection: &mut PgConnection,
    reseller: &str,
    account: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    lock(connection, account).await?;
    let made = sqlx::query(
        "insert into reseller_accounts (reseller, account, since) \
         select $1, $2, $3 where not exists (select from reseller_accounts where account = $2)",
    )
    .bind(reseller)
    .bind(account)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(made.rows_affected() == 1)
}

/// Links an account to a reseller, or sets another end; answers the link.
pub async fn link(
    connection: &mut PgConnection,
    reseller: &str,
    account: &str,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<LinkedAccount, sqlx::Error> {
    lock(connection, account).await?;
    let changed = sqlx::query_as(
        "update reseller_accounts set until = $3 \
         where reseller = $1 and account = $2 and since <= $4 and (until is null or until > $4) \
         returning account, since, until",
    )
    .bind(reseller)
    .bind(account)
    .bind(until)
    .bind(now)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(changed) = changed {
        return Ok(changed);
    }
    sqlx::query_as(
        "insert into reseller_accounts (reseller, account, since, until) values ($1, $2, $3, $4) \
         on conflict on constraint reseller_accounts_pk do update set until = excluded.until \
         returning account, since, until",
    )
    .bind(reseller)
    .bind(account)
    .bind(now)
    .bind(until)
    .fetch_one(connection)
    .await
}

/// Ends a link; tells whether there was one.
pub async fn unlink(
    connection: &mut PgConnection,
    reseller: &str,
    account: &str,
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    lock(connection, account).await?;
    let ended = sqlx::query(
        "update reseller_accounts set until = $3 \
         where reseller = $1 and account = $2 and (until is null or until > $3)",
    )
    .bind(reseller)
    .bind(account)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// Changes of one account's links wait for each other.
async fn lock(connection: &mut PgConnection, account: &str) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('reseller_accounts ' || $1, 0))")
        .bind(account)
        .execute(connection)
        .await
        .map(drop)
}
