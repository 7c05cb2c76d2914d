//! The SQL of imports.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

/// Any number that nothing else in this database uses: locks of accounts that hand an import in.
const ACCOUNT_LOCK: i32 = 0x696d_7074;
/// Old imports that one new one erases at most.
const ERASED_AT_ONCE: i64 = 20;

/// An import.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Import {
    /// Its id.
    pub id: Uuid,
    /// Whose drafts its rows become.
    pub account: String,
    /// Name of the token that handed it in.
    pub actor: String,
    /// Its role.
    pub role: String,
    /// `ndjson` or `csv`.
    pub format: String,
    /// How many rows it has.
    pub row_count: i32,
    /// Rows that became drafts.
    pub created: i32,
    /// Rows that cannot.
    pub failed: i32,
    /// Wrapped key of its rows.
    pub data_key: Vec<u8>,
    /// When it was stored.
    pub received_at: DateTime<Utc>,
    /// When its last row was done.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A row as it is stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StoredRow {
    /// Its number.
    pub row_number: i32,
    /// How it stands.
    pub state: String,
    /// As it came, encrypted; none once it is done.
    pub content: Option<Vec<u8>>,
    /// The report, encrypted; none before it is done.
    pub report: Option<Vec<u8>>,
    /// The draft.
    pub order_id: Option<Uuid>,
}

/// How a row ended.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Its import.
    pub import_id: Uuid,
    /// Its number.
    pub row_number: i32,
    /// The report, encrypted.
    pub report: Vec<u8>,
    /// The draft; none where the row has faults.
    pub order_id: Option<Uuid>,
}

/// How a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ImportRowState)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// It is not read yet.
    Waiting,
    /// It became a draft.
    Created,
    /// It has faults.
    Failed,
}

impl RowState {
    /// The text form, e.g. `created`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Created => "created",
            Self::Failed => "failed",
        }
    }
}

const COLUMNS: &str = "id, account, actor, role, format, row_count, created, failed, data_key, received_at, ended_at";

/// Stores an import with its rows; tells whether the account may have one more running.
pub async fn insert(
    connection: &mut PgConnection,
    import: &Import,
    rows: &[(i32, Vec<u8>)],
    max_running: i64,
) -> Result<bool, sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock($1, hashtext($2))")
        .bind(ACCOUNT_LOCK)
        .bind(&import.account)
        .execute(&mut *connection)
        .await?;
    let inserted = sqlx::query(include_str!("../../queries/imports/insert.sql"))
        .bind(import.id)
        .bind(&import.account)
        .bind(&import.actor)
        .bind(&import.role)
        .bind(&import.format)
        .bind(import.row_count)
        .bind(&import.data_key)
        .bind(import.received_at)
        .bind(max_running)
        .execute(&mut *connection)
        .await?;
    if inserted.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(include_str!("../../queries/imports/insert_rows.sql"))
        .bind(import.id)
        .bind(rows.iter().map(|(number, _)| *number).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, content)| content.as_slice()).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    Ok(true)
}

/// Erases imports that ended before a time.
pub async fn erase_ended(connection: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let erased = sqlx::query(include_str!("../../queries/imports/erase.sql"))
        .bind(before)
        .bind(ERASED_AT_ONCE)
        .execute(connection)
        .await?;
    Ok(erased.rows_affected())
}

/// An import.
pub async fn import(pool: &PgPool, id: Uuid) -> Result<Option<Import>, sqlx::Error> {
    let query = format!("select {COLUMNS} from imports where id = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(id).fetch_optional(pool).await
}

/// A page of imports, oldest first; without accounts, those of all.
pub async fn imports(
    pool: &PgPool,
    accounts: Option<&[String]>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Import>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from imports where ($1::text[] is null or account = any($1)) and ($2::uuid is null or id > $2) \
         order by id limit $3"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(accounts).bind(after).bind(limit).fetch_all(pool).await
}

/// Rows of an import behind a number, in their sequence.
pub async fn rows(
    pool: &PgPool,
    import_id: Uuid,
    state: Option<RowState>,
    after: i32,
    limit: i64,
) -> Result<Vec<StoredRow>, sqlx::Error> {
    sqlx::query_as(
        "select row_number, state, content, report, order_id from import_rows \
         where import_id = $1 and ($2::text is null or state = $2) and row_number > $3 order by row_number limit $4",
    )
    .bind(import_id)
    .bind(state.map(RowState::as_str))
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// Stores how rows ended.
pub async fn finish(
    connection: &mut PgConnection,
    finished: &[Finished],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    fn all<'a, T>(finished: &'a [Finished], of: impl Fn(&'a Finished) -> T) -> Vec<T> {
        finished.iter().map(of).collect()
    }
    let state = |row: &Finished| if row.order_id.is_some() { RowState::Created } else { RowState::Failed };
    // In the sequence of their ids, so that two batches cannot lock each other out; what follows sees what was
    // committed while this waited.
    sqlx::query("select id from imports where id = any($1) order by id for update")
        .bind(all(finished, |row| row.import_id))
        .execute(&mut *connection)
        .await?;
    sqlx::query(include_str!("../../queries/imports/finish_rows.sql"))
        .bind(all(finished, |row| row.import_id))
        .bind(all(finished, |row| row.row_number))
        .bind(all(finished, |row| state(row).as_str()))
        .bind(all(finished, |row| row.report.as_slice()))
        .bind(all(finished, |row| row.order_id))
        .bind(now)
        .execute(connection)
        .await
        .map(drop)
}
