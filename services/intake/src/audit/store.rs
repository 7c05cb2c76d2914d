//! The SQL of the audit trail; entries about changes are written by the statements that make them.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgExecutor, PgPool, Row as _};
use uuid::Uuid;

use super::Entry;
use super::chain::{Hash, Head, Linked};

/// Any number that nothing else in this database uses.
const LINKING_LOCK: i64 = 0x6963_705f_6175_6469;

/// Stores entries that tell of no change.
pub async fn record<'e>(executor: impl PgExecutor<'e>, entries: &[Entry]) -> Result<(), sqlx::Error> {
    fn all<'a, T>(entries: &'a [Entry], of: impl Fn(&'a Entry) -> T) -> Vec<T> {
        entries.iter().map(of).collect()
    }
    sqlx::query(include_str!("../../queries/audit_record.sql"))
        .bind(all(entries, |entry| entry.at))
        .bind(all(entries, |entry| entry.actor.as_str()))
        .bind(all(entries, |entry| entry.role.as_str()))
        .bind(all(entries, |entry| entry.action.as_str()))
        .bind(all(entries, |entry| entry.object.as_str()))
        .bind(all(entries, |entry| entry.detail.as_str()))
        .execute(executor)
        .await
        .map(drop)
}

/// Makes the transaction the only one that links, until it ends; tells whether it is.
pub async fn lock(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select pg_try_advisory_xact_lock($1)").bind(LINKING_LOCK).fetch_one(connection).await
}

/// Takes entries that wait to be linked, in their sequence.
pub async fn take(connection: &mut PgConnection, limit: i64) -> Result<Vec<Entry>, sqlx::Error> {
    let rows = sqlx::query(include_str!("../../queries/audit_take.sql")).bind(limit).fetch_all(connection).await?;
    let mut taken: Vec<(i64, Entry)> =
        rows.iter().map(|row| Ok((row.try_get("id")?, entry(row)?))).collect::<Result<_, sqlx::Error>>()?;
    taken.sort_unstable_by_key(|(id, _)| *id);
    Ok(taken.into_iter().map(|(_, entry)| entry).collect())
}

/// The end of the trail.
pub async fn head(connection: &mut PgConnection) -> Result<Head, sqlx::Error> {
    let row: Option<(i64, Hash)> = sqlx::query_as("select seq, hash from audit_trail order by seq desc limit 1")
        .fetch_optional(connection)
        .await?;
    Ok(row.map_or(Head::START, |(seq, hash)| Head { seq, hash }))
}

/// Appends to the trail.
pub async fn append(connection: &mut PgConnection, links: &[Linked]) -> Result<(), sqlx::Error> {
    fn all<'a, T>(links: &'a [Linked], of: impl Fn(&'a Linked) -> T) -> Vec<T> {
        links.iter().map(of).collect()
    }
    sqlx::query(include_str!("../../queries/audit_link.sql"))
        .bind(all(links, |link| link.seq))
        .bind(all(links, |link| link.entry.at))
        .bind(all(links, |link| link.entry.actor.as_str()))
        .bind(all(links, |link| link.entry.role.as_str()))
        .bind(all(links, |link| link.entry.action.as_str()))
        .bind(all(links, |link| link.entry.object.as_str()))
        .bind(all(links, |link| link.entry.detail.as_str()))
        .bind(all(links, |link| link.previous.as_slice()))
        .bind(all(links, |link| link.hash.as_slice()))
        .execute(connection)
        .await
        .map(drop)
}

/// A page of the trail, behind the entry `after`.
pub async fn page(pool: &PgPool, after: i64, limit: i64) -> Result<Vec<Linked>, sqlx::Error> {
    let rows =
        sqlx::query(include_str!("../../queries/audit_page.sql")).bind(after).bind(limit).fetch_all(pool).await?;
    rows.iter()
        .map(|row| {
            Ok(Linked {
                seq: row.try_get("seq")?,
                entry: entry(row)?,
                previous: row.try_get("previous")?,
                hash: row.try_get("hash")?,
            })
        })
        .collect()
}

/// The first event of an order since the entry `since` that has no entry in the trail: its order and version. The entry
/// was removed before it was linked. With `since` 0: since the trail began.
pub async fn unrecorded(pool: &PgPool, since: i64) -> Result<Option<(Uuid, i64)>, sqlx::Error> {
    let from: Option<DateTime<Utc>> =
        sqlx::query_scalar("select at from audit_trail where seq = $1").bind(since.max(1)).fetch_optional(pool).await?;
    let Some(from) = from else { return Ok(None) };
    sqlx::query_as(include_str!("../../queries/audit_unrecorded.sql")).bind(from).fetch_optional(pool).await
}

/// The head that was published last, and its day.
pub async fn last_anchor(pool: &PgPool) -> Result<Option<(NaiveDate, Head)>, sqlx::Error> {
    let row: Option<(NaiveDate, i64, Hash)> =
        sqlx::query_as("select day, seq, hash from audit_anchors order by day desc limit 1")
            .fetch_optional(pool)
            .await?;
    Ok(row.map(|(day, seq, hash)| (day, Head { seq, hash })))
}

/// Notes the head of a day; tells whether the day had none.
pub async fn anchor(connection: &mut PgConnection, day: NaiveDate, head: Head) -> Result<bool, sqlx::Error> {
    let noted =
        sqlx::query("insert into audit_anchors (day, seq, hash) values ($1, $2, $3) on conflict (day) do nothing")
            .bind(day)
            .bind(head.seq)
            .bind(head.hash.as_slice())
            .execute(connection)
            .await?;
    Ok(noted.rows_affected() == 1)
}

fn entry(row: &PgRow) -> Result<Entry, sqlx::Error> {
    let at: DateTime<Utc> = row.try_get("at")?;
    Ok(Entry {
        at,
        actor: row.try_get("actor")?,
        role: row.try_get("role")?,
        action: row.try_get("action")?,
        object: row.try_get("object")?,
        detail: row.try_get("detail")?,
    })
}
