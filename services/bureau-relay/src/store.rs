//! The relay's tables; the only SQL of the service. See `migrations/0101_relay.sql`.

mod bureau_records;
mod objects;
mod results;
mod status_queries;
mod withdrawals;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Row as _};
use uuid::Uuid;

use crate::batch::Waiting;
use crate::expectation::Expectation;
use crate::filing::FilingIds;
use crate::sequence::Sequence;
use crate::upload_file::FileState;

pub use bureau_records::{RemovedRecord, forget_record, forget_removal, known_ids, remember_records};
pub use objects::{erase_uploads, forget_objects, left_objects, old_uploads};
pub use results::{
    StoredReply, SubjectKeys, SubmissionRow, release_submission, store_replies, submissions_for_results,
};
pub use status_queries::{NewQuery, close_query, insert_queries, open_query, take_query_turns};
pub use withdrawals::{dissolve_files, leave_objects, withdraw};

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

/// A submission whose record is not written yet: its order, its account and the encoded `Sealed`. `None` when it is.
pub async fn unprepared(pool: &PgPool, id: i64) -> Result<Option<(OrderRef, String, Vec<u8>)>> {
    let row = sqlx::query(
        "select order_id, attempt, province, traceparent, account, sealed from submissions where id = $1 and state = 'preparing' and sealed is not null",
    )
    .bind(id)
    .fetch_optional(pool)
    .await?;
    row.map(|row| Ok((OrderRef::read(&row)?, row.try_get("account")?, row.try_get("sealed")?))).transpose()
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
    /// What must be heard about it.
    pub expected: Expectation,
    /// Records of the schema in it.
    pub records: i32,
    /// Wrapped data key.
    pub wrapped_key: Vec<u8>,
    /// The record under that key.
    pub record_cipher: Vec<u8>,
    /// Bytes of the record in a document, its pictures included.
    pub record_bytes: i32,
    /// Objects that the relay itself put into the object store for it.
    pub own_objects: Vec<String>,
}

/// What became of a record that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It waits for an upload.
    Waits,
    /// The submission has one already.
    Already,
    /// Another submission about the same record at the bureau waits for its result.
    Occupied,
}

/// Stores records, their ids and the keys of their results; tells what became of each.
pub async fn store_records(
    connection: &mut PgConnection,
    records: &[(i64, &PreparedRecord)],
    now: DateTime<Utc>,
) -> Result<Vec<Stored>> {
    let stored = update_records(connection, records, now).await?;
    let new: Vec<(i64, &PreparedRecord)> = records.iter().filter(|(id, _)| stored.contains(id)).copied().collect();
    let mut occupied = insert_request_keys(connection, &new).await?;
    if new.len() > 1 && !occupied.is_empty() {
        // What held a key may have been another one of these that did not get its own: they try in turn.
        let again: Vec<_> = new.iter().filter(|(id, _)| occupied.contains(id)).copied().collect();
        occupied.clear();
        for record in again {
            occupied.extend(insert_request_keys(connection, &[record]).await?);
        }
    }
    insert_parts(connection, new.iter().filter(|(id, _)| !occupied.contains(id))).await?;
    let became = |id: &i64| match (stored.contains(id), occupied.contains(id)) {
        (false, _) => Stored::Already,
        (true, true) => Stored::Occupied,
        (true, false) => Stored::Waits,
    };
    Ok(records.iter().map(|(id, _)| became(id)).collect())
}

/// The submissions that had no record before.
async fn update_records(
    connection: &mut PgConnection,
    records: &[(i64, &PreparedRecord)],
    now: DateTime<Utc>,
) -> Result<HashSet<i64>> {
    let of = |record: &PreparedRecord| {
        Ok((serde_json::to_string(&record.expected)?, serde_json::to_string(&record.own_objects)?))
    };
    let texts: serde_json::Result<Vec<(String, String)>> = records.iter().map(|(_, record)| of(record)).collect();
    let (expected, own_objects): (Vec<String>, Vec<String>) =
        texts.map_err(|error| sqlx::Error::Encode(error.into()))?.into_iter().unzip();
    let rows: Vec<i64> = sqlx::query_scalar(include_str!("../queries/store_records.sql"))
        .bind(records.iter().map(|(id, _)| *id).collect::<Vec<i64>>())
        .bind(records.iter().map(|(_, record)| record.wrapped_key.as_slice()).collect::<Vec<&[u8]>>())
        .bind(records.iter().map(|(_, record)| record.record_cipher.as_slice()).collect::<Vec<&[u8]>>())
        .bind(records.iter().map(|(_, record)| record.record_bytes).collect::<Vec<i32>>())
        .bind(expected)
        .bind(own_objects)
        .bind(records.iter().map(|(_, record)| record.records).collect::<Vec<i32>>())
        .bind(now)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Notes the keys of the results of submissions. Those of which another one holds a key get none; they are answered.
async fn insert_request_keys(
    connection: &mut PgConnection,
    records: &[(i64, &PreparedRecord)],
) -> Result<HashSet<i64>> {
    let mut keys: Vec<(i64, i32, &str)> = Vec::new();
    for (id, record) in records {
        for request in &record.expected.requests {
            let operation = i32::try_from(request.operation).unwrap_or(i32::MAX);
            keys.extend(request.keys.iter().map(|key| (*id, operation, key.as_str())));
        }
    }
    // Requests that share a number (V5.0) share its key.
    keys.sort_unstable();
    keys.dedup();
    let inserted: Vec<i64> = sqlx::query_scalar(include_str!("../queries/insert_request_keys.sql"))
        .bind(keys.iter().map(|(id, _, _)| *id).collect::<Vec<i64>>())
        .bind(keys.iter().map(|(_, operation, _)| *operation).collect::<Vec<i32>>())
        .bind(keys.iter().map(|(_, _, key)| *key).collect::<Vec<&str>>())
        .fetch_all(&mut *connection)
        .await?;
    let mut missing: HashMap<i64, usize> = HashMap::new();
    for (id, _, _) in &keys {
        *missing.entry(*id).or_default() += 1;
    }
    for id in &inserted {
        missing.entry(*id).and_modify(|keys| *keys -= 1);
    }
    let occupied: Vec<i64> = missing.into_iter().filter(|(_, keys)| *keys > 0).map(|(id, _)| id).collect();
    if !occupied.is_empty() {
        sqlx::query("delete from request_keys where submission_id = any($1)")
            .bind(&occupied)
            .execute(connection)
            .await?;
    }
    Ok(occupied.into_iter().collect())
}

async fn insert_parts<'r>(
    connection: &mut PgConnection,
    records: impl Iterator<Item = &'r (i64, &'r PreparedRecord)>,
) -> Result<()> {
    let (mut isp_ids, mut submissions, mut kinds, mut services) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, record) in records {
        for (isp_id, kind, index) in record.ids.parts() {
            isp_ids.push(isp_id);
            submissions.push(*id);
            kinds.push(kind.as_str());
            services.push(i32::try_from(index).unwrap_or(i32::MAX));
        }
    }
    sqlx::query(include_str!("../queries/insert_parts.sql"))
        .bind(isp_ids)
        .bind(submissions)
        .bind(kinds)
        .bind(services)
        .execute(connection)
        .await?;
    Ok(())
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
            let records: i32 = row.try_get("records")?;
            let waiting = Waiting {
                bytes: usize::try_from(bytes).unwrap_or(0),
                records: usize::try_from(records).unwrap_or(1),
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
    /// Where the container lies under that key; `None` when it was erased.
    pub object: Option<String>,
    /// The container under that key, of files from before containers lay in the object store.
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
            object: row.try_get("object")?,
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
    /// Where the container lies under that key.
    pub object: String,
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
        .bind(&file.object)
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

/// Erases downloaded files older than this; tells how many.
pub async fn erase_old_downloads(pool: &PgPool, before: DateTime<Utc>) -> Result<u64> {
    let erased = sqlx::query(include_str!("../queries/erase_downloads.sql")).bind(before).execute(pool).await?;
    Ok(erased.rows_affected())
}

fn sequence(number: i64, column: &'static str) -> Result<Sequence> {
    u32::try_from(number).ok().and_then(Sequence::from_last_accepted).ok_or_else(|| unusable(column))
}

fn unusable(column: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(format!("the column {column} has an unusable value").into())
}
