//! The relay's tables; the only SQL of the service. See `migrations/0101_relay.sql`.

mod objects;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row as _};
use uuid::Uuid;

use crate::batch::Waiting;
use crate::filing::FilingIds;
use crate::reply::Reply;
use crate::sequence::Sequence;
use crate::upload_file::FileState;

pub use objects::{forget_objects, left_objects};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// Which attempt of which order, and whose bureau decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRef {
    /// The order.
    pub order_id: Uuid,
    /// Its attempt, from 1.
    pub attempt: i32,
    /// Letters of the province.
    pub province: String,
    /// W3C trace context of the task.
    pub traceparent: Option<String>,
}

impl OrderRef {
    fn read(row: &PgRow) -> Result<Self> {
        Ok(Self {
            order_id: row.try_get("order_id")?,
            attempt: row.try_get("attempt")?,
            province: row.try_get("province")?,
            traceparent: row.try_get("traceparent")?,
        })
    }

    /// What encrypted data of this attempt is bound to.
    pub fn cipher_context(&self) -> String {
        submission_context(self.order_id, self.attempt)
    }
}

fn submission_context(order_id: Uuid, attempt: i32) -> String {
    format!("submission/{order_id}/{attempt}")
}

/// State of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// The counter; `None` until the bureau was asked for the first time.
    pub last_accepted: Option<Sequence>,
    /// Why the queue stands.
    pub stopped_reason: Option<String>,
}

/// Makes sure that the account has a row.
pub async fn ensure_account(pool: &PgPool, account: &str) -> Result<()> {
    sqlx::query("insert into accounts (name) values ($1) on conflict do nothing").bind(account).execute(pool).await?;
    Ok(())
}

/// Reads the account.
pub async fn account(pool: &PgPool, account: &str) -> Result<AccountRow> {
    let row = sqlx::query("select last_accepted, stopped_reason from accounts where name = $1")
        .bind(account)
        .fetch_one(pool)
        .await?;
    let last_accepted: Option<i64> = row.try_get("last_accepted")?;
    let last_accepted = last_accepted.map(|number| sequence(number, "last_accepted")).transpose()?;
    Ok(AccountRow { last_accepted, stopped_reason: row.try_get("stopped_reason")? })
}

/// Takes over the bureau's counter when the relay has none yet.
pub async fn adopt_counter(pool: &PgPool, account: &str, last: Sequence) -> Result<()> {
    sqlx::query("update accounts set last_accepted = $2 where name = $1 and last_accepted is null")
        .bind(account)
        .bind(i64::from(last.value()))
        .execute(pool)
        .await?;
    Ok(())
}

/// Records why the queue stands; tells whether this is news.
pub async fn set_stopped(pool: &PgPool, account: &str, reason: &str, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query(
        "update accounts set stopped_reason = $2, stopped_at = $3 where name = $1 and stopped_reason is distinct from $2",
    )
    .bind(account)
    .bind(reason)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A filing as its task brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubmission {
    /// Which order.
    pub order: OrderRef,
    /// Encoded `Sealed`.
    pub sealed: Vec<u8>,
}

/// Stores new submissions; returns ids and orders of those that were not here before.
pub async fn insert_submissions(
    connection: &mut PgConnection,
    account: &str,
    new: &[NewSubmission],
    now: DateTime<Utc>,
) -> Result<Vec<(i64, Uuid)>> {
    let order_ids: Vec<Uuid> = new.iter().map(|n| n.order.order_id).collect();
    let attempts: Vec<i32> = new.iter().map(|n| n.order.attempt).collect();
    let provinces: Vec<&str> = new.iter().map(|n| n.order.province.as_str()).collect();
    let traceparents: Vec<Option<&str>> = new.iter().map(|n| n.order.traceparent.as_deref()).collect();
    let sealed: Vec<&[u8]> = new.iter().map(|n| n.sealed.as_slice()).collect();
    let rows = sqlx::query(include_str!("../queries/insert_submissions.sql"))
        .bind(order_ids)
        .bind(attempts)
        .bind(provinces)
        .bind(sealed)
        .bind(account)
        .bind(now)
        .bind(traceparents)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((row.try_get("id")?, row.try_get("order_id")?))).collect()
}

/// A submission whose record is not written yet: its order and the encoded `Sealed`. `None` when it is.
pub async fn unprepared(pool: &PgPool, id: i64) -> Result<Option<(OrderRef, Vec<u8>)>> {
    let row = sqlx::query(
        "select order_id, attempt, province, traceparent, sealed from submissions where id = $1 and state = 'preparing' and sealed is not null",
    )
    .bind(id)
    .fetch_optional(pool)
    .await?;
    row.map(|row| Ok((OrderRef::read(&row)?, row.try_get("sealed")?))).transpose()
}

/// Takes ids from the sequence. Ids that are taken and not used are lost, which is harmless.
pub async fn take_isp_ids(pool: &PgPool, count: usize) -> Result<Vec<i64>> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    sqlx::query_scalar("select nextval('isp_ids') from generate_series(1, $1)").bind(count).fetch_all(pool).await
}

/// An encrypted record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedRecord {
    /// Ids of the parts.
    pub ids: FilingIds,
    /// Wrapped data key.
    pub wrapped_key: Vec<u8>,
    /// The record under that key.
    pub record_cipher: Vec<u8>,
    /// Bytes of the record in a document, its pictures included.
    pub record_bytes: i32,
    /// Objects that the relay itself put into the object store for it.
    pub own_objects: Vec<String>,
}

/// Stores a record and its ids; nothing happens when the submission already has one.
pub async fn store_record(
    connection: &mut PgConnection,
    id: i64,
    record: &PreparedRecord,
    now: DateTime<Utc>,
) -> Result<bool> {
    let service_ids: Vec<i64> = record.ids.services.iter().map(|s| s.service).collect();
    let stored = sqlx::query(include_str!("../queries/store_record.sql"))
        .bind(id)
        .bind(&record.wrapped_key)
        .bind(&record.record_cipher)
        .bind(record.record_bytes)
        .bind(service_ids)
        .bind(now)
        .bind(&record.own_objects)
        .execute(&mut *connection)
        .await?;
    if stored.rows_affected() == 0 {
        return Ok(false);
    }
    let parts = record.ids.parts();
    sqlx::query(include_str!("../queries/insert_parts.sql"))
        .bind(id)
        .bind(parts.iter().map(|(isp_id, _, _)| *isp_id).collect::<Vec<i64>>())
        .bind(parts.iter().map(|(_, kind, _)| kind.as_str()).collect::<Vec<_>>())
        .bind(parts.iter().map(|(_, _, index)| i32::try_from(*index).unwrap_or(i32::MAX)).collect::<Vec<i32>>())
        .execute(connection)
        .await?;
    Ok(true)
}

/// Records that wait for an upload, oldest first.
pub async fn waiting(pool: &PgPool, account: &str, limit: usize) -> Result<Vec<(i64, Waiting)>> {
    let rows = sqlx::query(include_str!("../queries/waiting.sql"))
        .bind(account)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    rows.iter()
        .map(|row| {
            let bytes: i32 = row.try_get("record_bytes")?;
            let waiting = Waiting {
                bytes: usize::try_from(bytes).unwrap_or(0),
                since: row.try_get("waiting_since")?,
                alone: row.try_get("alone")?,
            };
            Ok((row.try_get("id")?, waiting))
        })
        .collect()
}

/// An encrypted record with what it is bound to.
pub struct StoredRecord {
    /// Row id.
    pub id: i64,
    /// Its order.
    pub order: OrderRef,
    /// Wrapped data key.
    pub wrapped_key: Vec<u8>,
    /// The record.
    pub cipher: Vec<u8>,
    /// What both are bound to.
    pub context: String,
}

/// Encrypted records of waiting submissions, in the given order.
pub async fn records(pool: &PgPool, ids: &[i64]) -> Result<Vec<StoredRecord>> {
    let rows = sqlx::query(include_str!("../queries/records.sql")).bind(ids).fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            Ok(StoredRecord {
                id: row.try_get("id")?,
                order: OrderRef::read(row)?,
                wrapped_key: row.try_get("wrapped_key")?,
                cipher: row.try_get("record_cipher")?,
                context: submission_context(row.try_get("order_id")?, row.try_get("attempt")?),
            })
        })
        .collect()
}

/// A file that was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Row id.
    pub id: i64,
    /// Its number.
    pub sequence: Sequence,
    /// Name of the zip entry.
    pub entry_name: String,
    /// State.
    pub state: FileState,
    /// Hash as the interface wants it.
    pub container_hash: String,
    /// SHA-256 of the document inside.
    pub document_sha256: Vec<u8>,
    /// Filings inside.
    pub filings: usize,
    /// Wrapped data key; `None` when the content was erased.
    pub wrapped_key: Option<Vec<u8>>,
    /// The container under that key.
    pub container_cipher: Option<Vec<u8>>,
}

impl FileRow {
    fn read(row: &PgRow) -> Result<Self> {
        let state: String = row.try_get("state")?;
        let filings: i32 = row.try_get("filings")?;
        Ok(Self {
            id: row.try_get("id")?,
            sequence: sequence(row.try_get("sequence")?, "sequence")?,
            entry_name: row.try_get("entry_name")?,
            state: FileState::parse(&state).ok_or_else(|| unusable("state"))?,
            container_hash: row.try_get("container_hash")?,
            document_sha256: row.try_get("document_sha256")?,
            filings: usize::try_from(filings).unwrap_or(0),
            wrapped_key: row.try_get("wrapped_key")?,
            container_cipher: row.try_get("container_cipher")?,
        })
    }
}

/// A file that is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its number.
    pub sequence: Sequence,
    /// Name of the zip entry.
    pub entry_name: String,
    /// Hash as the interface wants it.
    pub container_hash: String,
    /// SHA-256 of the document inside.
    pub document_sha256: Vec<u8>,
    /// Wrapped data key.
    pub wrapped_key: Vec<u8>,
    /// The container under that key.
    pub container_cipher: Vec<u8>,
}

/// The file of the account that is still worked on.
pub async fn open_file(pool: &PgPool, account: &str) -> Result<Option<FileRow>> {
    let row = sqlx::query("select * from upload_files where account = $1 and state in ('ready', 'sending', 'unknown')")
        .bind(account)
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(FileRow::read).transpose()
}

/// An accepted file by its number.
pub async fn accepted_file(pool: &PgPool, account: &str, number: u32) -> Result<Option<FileRow>> {
    let row = sqlx::query("select * from upload_files where account = $1 and sequence = $2 and state = 'accepted'")
        .bind(account)
        .bind(i64::from(number))
        .fetch_optional(pool)
        .await?;
    row.as_ref().map(FileRow::read).transpose()
}

/// Writes a file down and puts submissions into it; `false` when one of them does not wait any more.
pub async fn insert_file(
    connection: &mut PgConnection,
    account: &str,
    file: &NewFile,
    submissions: &[i64],
    now: DateTime<Utc>,
) -> Result<Option<Vec<OrderRef>>> {
    let file_id: i64 = sqlx::query_scalar(include_str!("../queries/insert_file.sql"))
        .bind(account)
        .bind(i64::from(file.sequence.value()))
        .bind(&file.entry_name)
        .bind(&file.container_hash)
        .bind(&file.document_sha256)
        .bind(i32::try_from(submissions.len()).unwrap_or(i32::MAX))
        .bind(&file.wrapped_key)
        .bind(&file.container_cipher)
        .bind(now)
        .fetch_one(&mut *connection)
        .await?;
    let rows = sqlx::query(
        "update submissions set state = 'in_file', file_id = $1 where id = any($2) and state = 'waiting' returning order_id, attempt, province, traceparent",
    )
    .bind(file_id)
    .bind(submissions)
    .fetch_all(connection)
    .await?;
    if rows.len() != submissions.len() {
        return Ok(None);
    }
    rows.iter().map(OrderRef::read).collect::<Result<Vec<_>>>().map(Some)
}

/// Moves a file from one state to another; `false` when it is not in that state any more.
pub async fn set_file_state(
    connection: &mut PgConnection,
    id: i64,
    from: FileState,
    to: FileState,
    answer: Option<&str>,
) -> Result<bool> {
    let moved = sqlx::query(include_str!("../queries/set_file_state.sql"))
        .bind(id)
        .bind(from.as_str())
        .bind(to.as_str())
        .bind(answer)
        .execute(connection)
        .await?;
    Ok(moved.rows_affected() == 1)
}

/// Records that the bureau has the file: file, counter and filings move on together. Returns the filings that
/// were not told to be received yet; `None` when the file or the counter is not where it should be.
pub async fn accept_file(
    connection: &mut PgConnection,
    account: &str,
    file: &FileRow,
    from: FileState,
    answer: &str,
    now: DateTime<Utc>,
) -> Result<Option<Vec<OrderRef>>> {
    let moved = sqlx::query(include_str!("../queries/accept_file.sql"))
        .bind(file.id)
        .bind(account)
        .bind(i64::from(file.sequence.value()))
        .bind(now)
        .bind(answer)
        .bind(from.as_str())
        .execute(&mut *connection)
        .await?;
    if moved.rows_affected() != 1 {
        return Ok(None);
    }
    let rows = sqlx::query(include_str!("../queries/file_submissions_at_bureau.sql"))
        .bind(file.id)
        .fetch_all(connection)
        .await?;
    rows.iter().map(OrderRef::read).collect::<Result<Vec<_>>>().map(Some)
}

/// Lets the filings of a refused file wait again, each for a file of its own.
pub async fn release_file(connection: &mut PgConnection, file_id: i64) -> Result<Vec<Uuid>> {
    sqlx::query_scalar(include_str!("../queries/release_file.sql")).bind(file_id).fetch_all(connection).await
}

/// The orders in a file.
pub async fn orders_in_file(pool: &PgPool, file_id: i64) -> Result<Vec<Uuid>> {
    sqlx::query_scalar("select order_id from submissions where file_id = $1").bind(file_id).fetch_all(pool).await
}

/// A filing that results are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionRow {
    /// Row id.
    pub id: i64,
    /// Which order.
    pub order: OrderRef,
    /// State.
    pub state: String,
    /// Ids of the services in order.
    pub service_ids: Vec<i64>,
    /// Ids of all parts.
    pub isp_ids: Vec<i64>,
    /// What the bureau said so far.
    pub reply: Reply,
    /// Whether `received` was told.
    pub received_told: bool,
    /// Number, entry name and filings of its upload.
    pub file: Option<(i64, String, i32)>,
}

impl SubmissionRow {
    /// Whether the outcome is final.
    pub fn is_ended(&self) -> bool {
        matches!(self.state.as_str(), "approved" | "rejected")
    }

    fn read(row: &PgRow) -> Result<Self> {
        let reply: Option<String> = row.try_get("reply")?;
        let reply = match reply {
            None => Reply::default(),
            Some(json) => serde_json::from_str(&json).map_err(|error| sqlx::Error::Decode(error.into()))?,
        };
        let sequence: Option<i64> = row.try_get("sequence")?;
        let file = match sequence {
            None => None,
            Some(sequence) => Some((sequence, row.try_get("entry_name")?, row.try_get("filings")?)),
        };
        Ok(Self {
            id: row.try_get("id")?,
            order: OrderRef::read(row)?,
            state: row.try_get("state")?,
            service_ids: row.try_get("service_ids")?,
            isp_ids: row.try_get("isp_ids")?,
            reply,
            received_told: row.try_get("received_told")?,
            file,
        })
    }
}

/// The filings that results are about, locked until the end of the transaction.
pub async fn submissions_for_results(
    connection: &mut PgConnection,
    isp_ids: &[i64],
    entry_names: &[String],
) -> Result<Vec<SubmissionRow>> {
    let rows = sqlx::query(include_str!("../queries/submissions_for_results.sql"))
        .bind(isp_ids)
        .bind(entry_names)
        .fetch_all(connection)
        .await?;
    rows.iter().map(SubmissionRow::read).collect()
}

/// Stores what the bureau said; with `ended_at` the filing is over and its personal data is erased.
pub async fn store_reply(
    connection: &mut PgConnection,
    id: i64,
    reply: &Reply,
    state: &str,
    ended_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let json = serde_json::to_string(reply).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query(include_str!("../queries/store_reply.sql"))
        .bind(id)
        .bind(json)
        .bind(state)
        .bind(ended_at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets one filing wait again, for a file of its own.
pub async fn release_submission(connection: &mut PgConnection, id: i64, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(include_str!("../queries/release_submission.sql")).bind(id).bind(now).execute(connection).await?;
    Ok(())
}

/// Remembers the bureau's ids and numbers of a filing's parts: (our id, bureau's id, number).
pub async fn set_bureau_ids(
    connection: &mut PgConnection,
    submission_id: i64,
    said: &[(i64, Option<i64>, Option<String>)],
) -> Result<()> {
    sqlx::query(include_str!("../queries/set_bureau_ids.sql"))
        .bind(submission_id)
        .bind(said.iter().map(|(id, _, _)| *id).collect::<Vec<i64>>())
        .bind(said.iter().map(|(_, id, _)| *id).collect::<Vec<Option<i64>>>())
        .bind(said.iter().map(|(_, _, number)| number.as_deref()).collect::<Vec<Option<&str>>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// A downloaded file, encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDownload<'a> {
    /// Name as given by the bureau.
    pub file_name: &'a str,
    /// Hash as given by the bureau, and checked.
    pub hash: &'a str,
    /// Wrapped data key.
    pub wrapped_key: Vec<u8>,
    /// The document under that key.
    pub document_cipher: Vec<u8>,
    /// Names of blocks that nobody handles.
    pub unhandled: Vec<String>,
    /// Why the document could not be read.
    pub problem: Option<String>,
}

/// Stores a file; `false` when it is already here.
pub async fn insert_download(
    connection: &mut PgConnection,
    account: &str,
    file: &NewDownload<'_>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let inserted = sqlx::query(include_str!("../queries/insert_download.sql"))
        .bind(account)
        .bind(file.file_name)
        .bind(file.hash)
        .bind(&file.wrapped_key)
        .bind(&file.document_cipher)
        .bind(now)
        .bind(&file.unhandled)
        .bind(&file.problem)
        .execute(connection)
        .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Remembers that a file was acknowledged.
pub async fn set_acknowledged(pool: &PgPool, account: &str, file_name: &str, now: DateTime<Utc>) -> Result<()> {
    sqlx::query(
        "update downloads set acknowledged_at = $3 where account = $1 and file_name = $2 and acknowledged_at is null",
    )
    .bind(account)
    .bind(file_name)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(())
}

/// Erases the content of files whose time is over; tells how many uploads and downloads.
pub async fn erase_old(
    pool: &PgPool,
    uploaded_before: DateTime<Utc>,
    downloaded_before: DateTime<Utc>,
) -> Result<(u64, u64)> {
    let uploads = sqlx::query(include_str!("../queries/erase_uploads.sql")).bind(uploaded_before).execute(pool).await?;
    let downloads =
        sqlx::query(include_str!("../queries/erase_downloads.sql")).bind(downloaded_before).execute(pool).await?;
    Ok((uploads.rows_affected(), downloads.rows_affected()))
}

fn sequence(number: i64, column: &'static str) -> Result<Sequence> {
    u32::try_from(number).ok().and_then(Sequence::from_last_accepted).ok_or_else(|| unusable(column))
}

fn unusable(column: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(format!("the column {column} has an unusable value").into())
}
