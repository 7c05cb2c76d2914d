//! The sandbox's clock: real time plus an offset that only grows. With NATS, the offset is in the
//! key-value bucket `icp_clock` under `offset_ms` (decimal text), where the services follow it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_nats::jetstream::{self, kv};
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use tokio::sync::Mutex;

/// Name of the bucket that the services follow.
pub const BUCKET: &str = "icp_clock";
/// Key of the offset in the bucket.
pub const OFFSET_KEY: &str = "offset_ms";

const NATS_TIMEOUT: Duration = Duration::from_secs(10);
const BEIJING_SECONDS_EAST: i32 = 8 * 3600;

/// Why the clock could not be moved or shared.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// NATS was not reached in time.
    #[error("NATS did not answer within {} s", NATS_TIMEOUT.as_secs())]
    Timeout,
    /// NATS refused the connection.
    #[error("cannot connect to NATS: {0}")]
    Connect(String),
    /// The bucket could not be made, read or written.
    #[error("the bucket {BUCKET} failed: {0}")]
    Bucket(String),
    /// The step is negative or would overflow.
    #[error("the clock moves forward only, by 0 to 10 years at a time")]
    Step,
}

/// Real time plus an offset.
pub struct Clock {
    offset_ms: AtomicI64,
    /// Held while the offset changes, so that the bucket and the process agree.
    bucket: Mutex<Option<kv::Store>>,
}

impl Clock {
    /// Starts at the offset in the bucket, when there is one.
    pub async fn start(nats_url: Option<&str>) -> Result<Self, ClockError> {
        let Some(url) = nats_url else {
            return Ok(Self { offset_ms: AtomicI64::new(0), bucket: Mutex::new(None) });
        };
        let (bucket, offset_ms) = within_timeout(open_bucket(url)).await?;
        Ok(Self { offset_ms: AtomicI64::new(offset_ms), bucket: Mutex::new(Some(bucket)) })
    }

    /// The sandbox's time.
    pub fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::milliseconds(self.offset_ms())
    }

    /// The sandbox's time as clocks in China show it.
    pub fn now_in_beijing(&self) -> DateTime<FixedOffset> {
        in_beijing(self.now())
    }

    /// How far the clock is ahead of real time.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Acquire)
    }

    /// Moves the clock forward. When the offset cannot be shared, nothing moves.
    pub async fn advance(&self, step_ms: i64) -> Result<i64, ClockError> {
        const TEN_YEARS_MS: i64 = 10 * 366 * 86_400_000;
        if !(0..=TEN_YEARS_MS).contains(&step_ms) {
            return Err(ClockError::Step);
        }
        let bucket = self.bucket.lock().await;
        let offset_ms = self
            .offset_ms()
            .checked_add(step_ms)
            .filter(|offset_ms| *offset_ms < 100 * TEN_YEARS_MS)
            .ok_or(ClockError::Step)?;
        if let Some(bucket) = bucket.as_ref() {
            within_timeout(write_offset(bucket, offset_ms)).await?;
        }
        self.offset_ms.store(offset_ms, Ordering::Release);
        Ok(offset_ms)
    }
}

/// A moment as clocks in China show it (UTC+8, no summer time).
pub fn in_beijing(moment: DateTime<Utc>) -> DateTime<FixedOffset> {
    let zone = FixedOffset::east_opt(BEIJING_SECONDS_EAST);
    moment.with_timezone(&zone.unwrap_or_else(|| chrono::Offset::fix(&Utc)))
}

async fn within_timeout<T>(work: impl Future<Output = Result<T, ClockError>>) -> Result<T, ClockError> {
    tokio::time::timeout(NATS_TIMEOUT, work).await.map_err(|_| ClockError::Timeout)?
}

async fn open_bucket(url: &str) -> Result<(kv::Store, i64), ClockError> {
    let client = async_nats::ConnectOptions::new()
        .name("icp-sandbox")
        .connect(url)
        .await
        .map_err(|error| ClockError::Connect(error.to_string()))?;
    let context = jetstream::new(client);
    // Made as a stream: `create_key_value` first asks for the account's limits in a form that
    // server 2.9 does not answer.
    let stream = jetstream::stream::Config {
        name: format!("KV_{BUCKET}"),
        subjects: vec![format!("$KV.{BUCKET}.>")],
        max_messages_per_subject: 1,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        discard: jetstream::stream::DiscardPolicy::New,
        num_replicas: 1,
        ..jetstream::stream::Config::default()
    };
    let made = context.get_or_create_stream(stream).await;
    made.map_err(as_bucket)?;
    let bucket = context.get_key_value(BUCKET).await.map_err(as_bucket)?;
    let stored = bucket.get(OFFSET_KEY).await.map_err(as_bucket)?;
    let offset_ms = stored.and_then(|value| String::from_utf8_lossy(&value).trim().parse().ok()).unwrap_or(0);
    write_offset(&bucket, offset_ms).await?;
    Ok((bucket, offset_ms))
}

async fn write_offset(bucket: &kv::Store, offset_ms: i64) -> Result<(), ClockError> {
    let text = offset_ms.to_string();
    bucket.put(OFFSET_KEY, text.into()).await.map_err(as_bucket)?;
    Ok(())
}

fn as_bucket(error: impl std::fmt::Display) -> ClockError {
    ClockError::Bucket(error.to_string())
}
