//! Brings the outbox to JetStream, in commit order, at least once.
//!
//! The outbox is append-only and read by a cursor over (transaction id, sequence) below the oldest transaction
//! that is still running, so that no row can appear behind the cursor (docs/adr/0001-outbox-cursor.md).

use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::jetstream::context::PublishAckFuture;
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use crate::message::{
    HEADER_ID, HEADER_SOURCE, HEADER_SPEC_VERSION, HEADER_SUBJECT, HEADER_TIME, HEADER_TRACEPARENT, HEADER_TYPE,
};
use crate::{Bus, crash, topology};

/// Rows published side by side.
const BATCH: i64 = 512;
/// Safety net when idle: rows written by another replica that stopped before it published them.
const IDLE_CHECK: Duration = Duration::from_secs(2);
/// Wait for a running transaction that holds rows back.
const HELD_BACK: Duration = Duration::from_millis(5);

#[derive(Debug, Clone, PartialEq)]
struct Position {
    xid: String,
    seq: i64,
}

struct OutboxRow {
    position: Position,
    id: Uuid,
    subject: String,
    kind: String,
    key: String,
    traceparent: Option<String>,
    payload: Vec<u8>,
    created_at: DateTime<Utc>,
}

impl OutboxRow {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            position: Position { xid: row.try_get("xid")?, seq: row.try_get("seq")? },
            id: row.try_get("id")?,
            subject: row.try_get("subject")?,
            kind: row.try_get("kind")?,
            key: row.try_get("key")?,
            traceparent: row.try_get("traceparent")?,
            payload: row.try_get("payload")?,
            created_at: row.try_get("created_at")?,
        })
    }
}

enum Progress {
    Published(usize),
    HeldBack,
    Idle,
}

pub(crate) async fn run(bus: Bus) {
    let shutdown = bus.context.shutdown.clone();
    let mut failures: u32 = 0;
    let mut connection = None;
    loop {
        let begin = Instant::now();
        let wait = match publish_once(&bus, &mut connection).await {
            Ok(Progress::Published(rows)) => {
                failures = 0;
                if shutdown.is_cancelled() {
                    return;
                }
                icp_kit::linger(rows, BATCH as usize, begin.elapsed(), bus.context.common.nats.linger()).await;
                continue;
            }
            Ok(Progress::HeldBack) => HELD_BACK,
            Ok(Progress::Idle) => {
                failures = 0;
                IDLE_CHECK
            }
            Err(error) => {
                failures += 1;
                let wait_ms = (100 << failures.min(6)).min(5_000);
                tracing::warn!(error = %format!("{error:#}"), wait_ms, "outbox cannot be published; trying again");
                if let Err(error) =
                    topology::ensure_streams(&bus.context.jetstream, bus.context.common.nats.replicas).await
                {
                    tracing::debug!(%error, "streams cannot be set up");
                }
                Duration::from_millis(wait_ms)
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {
                // What is committed goes out now if it can; the next start does the rest.
                let _ = publish_once(&bus, &mut connection).await;
                return;
            }
            () = bus.outbox_wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// A connection of the publisher's own. Its plans use the index of the outbox from the first row on: a plan that was
/// made for an empty table would read all of a grown one.
async fn own_connection(bus: &Bus) -> Result<PgConnection, sqlx::Error> {
    let mut connection = bus.context.pool.acquire().await?.detach();
    sqlx::raw_sql("set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off")
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

async fn publish_once(bus: &Bus, own: &mut Option<PgConnection>) -> anyhow::Result<Progress> {
    let mut connection = match own.take() {
        Some(connection) => connection,
        None => own_connection(bus).await?,
    };
    let progress = publish_next(bus, &mut connection).await?;
    // After an error the connection is not used again.
    *own = Some(connection);
    Ok(progress)
}

async fn publish_next(bus: &Bus, connection: &mut PgConnection) -> anyhow::Result<Progress> {
    let rows = sqlx::query(include_str!("../queries/outbox_next.sql")).bind(BATCH).fetch_all(&mut *connection).await?;
    if rows.is_empty() {
        let waiting: bool =
            sqlx::query_scalar(include_str!("../queries/outbox_waiting.sql")).fetch_one(&mut *connection).await?;
        return Ok(if waiting { Progress::HeldBack } else { Progress::Idle });
    }
    let rows = rows.iter().map(OutboxRow::read).collect::<Result<Vec<_>, _>>()?;
    crash::point("before publishing");
    let (published, result) = publish(bus, &rows).await;
    crash::point("after publishing");
    if let Some(last) = published {
        // Another replica may have moved the cursor further; then this update finds no row, which is well.
        sqlx::query(include_str!("../queries/outbox_advance.sql"))
            .bind(&last.xid)
            .bind(last.seq)
            .execute(connection)
            .await?;
    }
    crash::point("after the cursor");
    result.map(|()| Progress::Published(rows.len()))
}

/// Publishes rows side by side; tells the last position before the first failure.
async fn publish(bus: &Bus, rows: &[OutboxRow]) -> (Option<Position>, anyhow::Result<()>) {
    let mut acknowledgements: Vec<PublishAckFuture> = Vec::with_capacity(rows.len());
    let mut failure = None;
    for row in rows {
        match send(bus, row).await {
            Ok(acknowledgement) => acknowledgements.push(acknowledgement),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    crash::point("between publishing and its acknowledgements");
    let mut last = None;
    for (row, acknowledgement) in rows.iter().zip(acknowledgements) {
        match acknowledgement.await {
            Ok(_) => last = Some(row.position.clone()),
            Err(error) => return (last, Err(error.into())),
        }
    }
    (last, failure.map_or(Ok(()), Err))
}

async fn send(bus: &Bus, row: &OutboxRow) -> anyhow::Result<PublishAckFuture> {
    let context = &bus.context;
    let payload = Bytes::copy_from_slice(&row.payload);
    if context.common.nats.publish_twice {
        let first =
            context.jetstream.publish_with_headers(row.subject.clone(), headers(context.name, row), payload.clone());
        first.await?.await?;
        return Ok(context
            .jetstream
            .publish_with_headers(row.subject.clone(), headers(context.name, row), payload)
            .await?);
    }
    let mut headers = headers(context.name, row);
    headers.insert("Nats-Msg-Id", row.id.to_string());
    Ok(context.jetstream.publish_with_headers(row.subject.clone(), headers, payload).await?)
}

fn headers(service: &str, row: &OutboxRow) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(HEADER_SPEC_VERSION, "1.0");
    headers.insert(HEADER_ID, row.id.to_string());
    headers.insert(HEADER_TYPE, row.kind.as_str());
    headers.insert(HEADER_SOURCE, format!("/icp/{service}"));
    headers.insert(HEADER_TIME, row.created_at.to_rfc3339_opts(SecondsFormat::Millis, true));
    headers.insert(HEADER_SUBJECT, row.key.as_str());
    if let Some(traceparent) = &row.traceparent {
        headers.insert(HEADER_TRACEPARENT, traceparent.as_str());
    }
    headers
}

/// Publishes again all that was written since a time, from the outbox history; tells how many messages.
pub async fn republish(bus: &Bus, since: DateTime<Utc>) -> anyhow::Result<u64> {
    topology::ensure_streams(&bus.context.jetstream, bus.context.common.nats.replicas)
        .await
        .map_err(anyhow::Error::from_boxed)?;
    let mut after = Position { xid: "0".to_owned(), seq: 0 };
    let mut messages = 0;
    loop {
        let rows = sqlx::query(include_str!("../queries/outbox_since.sql"))
            .bind(&after.xid)
            .bind(after.seq)
            .bind(since)
            .bind(BATCH)
            .fetch_all(&bus.context.pool)
            .await?;
        let rows = rows.iter().map(OutboxRow::read).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = rows.last() else {
            return Ok(messages);
        };
        after = last.position.clone();
        let (_, result) = publish(bus, &rows).await;
        result?;
        messages += rows.len() as u64;
    }
}
