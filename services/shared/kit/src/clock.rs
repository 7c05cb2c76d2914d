//! Time as a parameter: the system's clock, or one that the sandbox moves ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// KV bucket that carries the sandbox's clock.
pub const CLOCK_BUCKET: &str = "icp_clock";
/// Key in [`CLOCK_BUCKET`]: how far the clock is ahead of the system's, milliseconds, decimal.
pub const CLOCK_KEY: &str = "offset_ms";

/// The one source of business time in a service. Cheap to clone; clones share the offset.
#[derive(Debug, Clone)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
    moved: watch::Sender<()>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { offset_ms: Arc::default(), moved: watch::channel(()).0 }
    }
}

impl Clock {
    /// The time now, whole milliseconds.
    pub fn now(&self) -> DateTime<Utc> {
        let now = Utc::now() + TimeDelta::milliseconds(self.offset_ms.load(Ordering::Relaxed));
        DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
    }

    /// Sets how far the clock is ahead of the system's and wakes all who sleep on it.
    pub fn set_offset_ms(&self, offset_ms: i64) {
        if self.offset_ms.swap(offset_ms, Ordering::Relaxed) != offset_ms {
            self.moved.send_replace(());
        }
    }

    /// Sleeps until `due`; returns early when the clock reaches it by being moved.
    pub async fn sleep_until(&self, due: DateTime<Utc>) {
        let mut moved = self.moved.subscribe();
        loop {
            let left = (due - self.now()).to_std().unwrap_or(Duration::ZERO);
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// Follows the offset in the bus's KV store until `shutdown`; survives a lost bucket or connection.
    pub async fn follow(self, jetstream: async_nats::jetstream::Context, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            tokio::select! {
                () = shutdown.cancelled() => return,
                result = self.follow_once(&jetstream) => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "clock bucket cannot be watched yet");
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    async fn follow_once(&self, jetstream: &async_nats::jetstream::Context) -> Result<(), async_nats::Error> {
        // The sandbox makes the bucket; until then there is nothing to follow.
        let bucket = jetstream.get_key_value(CLOCK_BUCKET).await?;
        let mut entries = bucket.watch_with_history(CLOCK_KEY).await?;
        while let Some(entry) = entries.next().await {
            if let Some(offset_ms) = std::str::from_utf8(&entry?.value).ok().and_then(|t| t.trim().parse().ok()) {
                tracing::info!(offset_ms, "clock moved");
                self.set_offset_ms(offset_ms);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved() {
        let clock = Clock::default();
        let due = clock.now() + TimeDelta::hours(24);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(due).await }
        });
        tokio::task::yield_now().await;
        clock.set_offset_ms(24 * 3_600_000);
        assert!(tokio::time::timeout(Duration::from_secs(5), sleeper).await.is_ok());
        assert!(clock.now() >= due);
    }
}
