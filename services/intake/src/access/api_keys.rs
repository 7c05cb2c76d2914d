//! Keys of machines: `icp_<id>_<secret>`. They are shown once; the database has the hash of the secret.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::auth::Role;

const PREFIX: &str = "icp_";
const SECRET_BYTES: usize = 32;
/// How exactly it is told when a key was used last: not every request writes.
const LAST_USED_STEP: TimeDelta = TimeDelta::minutes(1);

/// The section `[intake.keys]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// Days that a key lives at most.
    pub days_max: i64,
    /// Keys in force that one account has at most.
    pub per_account_max: i64,
}

/// A key as its holder shows it.
#[derive(Debug, PartialEq, Eq)]
pub struct ShownKey {
    /// Id of the key.
    pub id: Uuid,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
}

impl ShownKey {
    /// Reads the text form; `None` where the text is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let has_form = id.len() == 32 && secret.len() == 2 * SECRET_BYTES;
        let id = Uuid::try_parse(id).ok().filter(|_| has_form)?;
        Some(Self { id, secret_hash: Sha256::digest(secret.as_bytes()).into() })
    }

    /// A new key, and its text form.
    pub fn generate() -> (Self, String) {
        let secret = hex::encode(rand::random::<[u8; SECRET_BYTES]>());
        let id = Uuid::now_v7();
        let text = format!("{PREFIX}{}_{secret}", id.simple());
        (Self { id, secret_hash: Sha256::digest(secret.as_bytes()).into() }, text)
    }
}

/// A key without its secret.
#[derive(Debug, Clone, Serialize, sqlx::FromRow, ToSchema)]
pub struct ApiKey {
    /// Id.
    pub id: Uuid,
    /// What its holder calls it.
    pub name: String,
    /// Account that it works for.
    pub account: String,
    /// Role, e.g. `applicant`.
    pub role: String,
    /// Name of the caller who made it.
    pub created_by: String,
    /// Whether somebody of the provider made it, or a key that was made so.
    pub made_by_provider: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was used last, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    secret_hash: Vec<u8>,
}

impl ApiKey {
    /// What is wrong with a key that is shown; `None` where it holds.
    pub fn fault(&self, shown: &ShownKey, now: DateTime<Utc>) -> Option<&'static str> {
        if self.secret_hash != shown.secret_hash {
            return Some("This key is not known; ask for a new one.");
        }
        if self.revoked_at.is_some() {
            return Some("This key was revoked; ask for a new one.");
        }
        (self.expires_at <= now).then_some("This key has expired; ask for a new one.")
    }

    /// Whether it is time to note that it was used.
    pub fn is_use_due(&self, now: DateTime<Utc>) -> bool {
        self.last_used_at.is_none_or(|last| now - last >= LAST_USED_STEP)
    }
}

const COLUMNS: &str = "id, name, account, role, created_by, made_by_provider, created_at, expires_at, last_used_at, \
                       revoked_at, secret_hash";

/// A key that is made.
#[derive(Debug, Clone, Copy)]
pub struct NewKey<'a> {
    /// What its holder calls it.
    pub name: &'a str,
    /// Account that it works for.
    pub account: &'a str,
    /// Role.
    pub role: Role,
    /// Name of the caller who makes it.
    pub created_by: &'a str,
    /// Whether that is somebody of the provider, or a key that was made so.
    pub made_by_provider: bool,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Stores a key, unless its account has `limit` keys in force; `None` then.
pub async fn insert(
    connection: &mut PgConnection,
    key: &ShownKey,
    new: &NewKey<'_>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Option<ApiKey>, sqlx::Error> {
    // Two requests for the last place wait for each other.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('api_keys ' || $1, 0))")
        .bind(new.account)
        .execute(&mut *connection)
        .await?;
    let query = format!(
        "insert into api_keys \
         (id, secret_hash, name, account, role, created_by, created_at, expires_at, made_by_provider) \
         select $1, $2, $3, $4, $5, $6, $7, $8, $10 where (select count(*) from api_keys \
         where account = $4 and revoked_at is null and expires_at > $7) < $9 returning {COLUMNS}"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(key.id)
        .bind(key.secret_hash.as_slice())
        .bind(new.name)
        .bind(new.account)
        .bind(new.role.as_str())
        .bind(new.created_by)
        .bind(now)
        .bind(new.expires_at)
        .bind(limit)
        .bind(new.made_by_provider)
        .fetch_optional(connection)
        .await
}

/// Keys by their ids.
pub async fn load_all(pool: &PgPool, ids: &[Uuid]) -> Result<Vec<ApiKey>, sqlx::Error> {
    let query = format!("select {COLUMNS} from api_keys where id = any($1)");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(ids).fetch_all(pool).await
}

/// What a list of keys is narrowed to.
#[derive(Debug, Default)]
pub struct KeyFilter {
    /// Only this account's.
    pub account: Option<String>,
    /// Only keys of these roles.
    pub roles: Option<&'static [Role]>,
    /// Only what follows this id.
    pub after: Option<Uuid>,
}

/// A page of keys, oldest first.
pub async fn list(pool: &PgPool, filter: &KeyFilter, limit: i64) -> Result<Vec<ApiKey>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from api_keys \
         where ($1::text is null or account = $1) and ($2::text[] is null or role = any($2)) \
         and ($3::uuid is null or id > $3) order by id limit $4"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(&filter.account)
        .bind(filter.roles.map(|roles| roles.iter().map(|role| role.as_str()).collect::<Vec<_>>()))
        .bind(filter.after)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// Revokes a key; a second time changes nothing.
pub async fn revoke(connection: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("update api_keys set revoked_at = coalesce(revoked_at, $2) where id = $1")
        .bind(id)
        .bind(now)
        .execute(connection)
        .await
        .map(drop)
}

/// Notes that a key was used.
pub async fn used(pool: &PgPool, id: Uuid, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("update api_keys set last_used_at = $2 where id = $1 and coalesce(last_used_at < $2, true)")
        .bind(id)
        .bind(now)
        .execute(pool)
        .await
        .map(drop)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_and_nothing_else_does() {
        let (key, text) = ShownKey::generate();
        assert_eq!(ShownKey::parse(&text), Some(key));
        let (id, secret) = text.strip_prefix(PREFIX).unwrap().split_once('_').unwrap();
        for other in [
            String::new(),
            id.to_owned(),
            format!("icp_{id}"),
            format!("icp_{id}_"),
            format!("icp_{id}_{}", &secret[1..]),
            format!("icp_{}_{secret}", &id[1..]),
            format!("ICP_{id}_{secret}"),
        ] {
            assert_eq!(ShownKey::parse(&other), None, "{other}");
        }
    }
}
