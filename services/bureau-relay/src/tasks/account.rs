//! The right to speak for the account: one process at a time, by an advisory lock of Postgres that ends
//! with its connection. The upload counter stays right even when two processes believe to hold it for a
//! moment (one open file, moves from a known state only); the lock keeps them from working against each other.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};

use super::{Relay, downloader, uploader};

/// Runs uploader and downloader whenever this process holds the account, until the service stops.
pub async fn run(relay: Relay) {
    let shutdown = relay.bus.context().shutdown.clone();
    let pause = Duration::from_millis(relay.config.timing.idle_check_ms);
    loop {
        match acquire(&relay).await {
            Ok(Some(lock)) => {
                tracing::info!(account = relay.account(), "this process speaks for the account");
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = uploader::run(&relay) => {}
                    () = downloader::run(&relay) => {}
                    () = lost(lock, pause) => {
                        tracing::warn!(account = relay.account(), "the account's lock was lost; working again once it is held");
                    }
                }
            }
            Ok(None) => tracing::debug!(account = relay.account(), "another process speaks for the account"),
            Err(error) => tracing::warn!(%error, "the account's lock cannot be asked for; trying again"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn acquire(relay: &Relay) -> Result<Option<PgConnection>, sqlx::Error> {
    let mut connection = relay.bus.context().pool.acquire().await?.detach();
    let is_held: bool = sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended('icp-relay/' || $1, 0))")
        .bind(relay.account())
        .fetch_one(&mut connection)
        .await?;
    Ok(is_held.then_some(connection))
}

/// Returns when the lock's connection is gone.
async fn lost(mut lock: PgConnection, pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
        if lock.ping().await.is_err() {
            return;
        }
    }
}
