//! Erases uploaded and downloaded files after their retention.

use std::time::Duration;

use chrono::Days;

use super::Relay;
use crate::store;

/// Looks after the retention until the service stops.
pub async fn run(relay: Relay) {
    let context = relay.bus.context().clone();
    let retention = &relay.config.retention;
    loop {
        let before = |days: u32| context.clock.now().checked_sub_days(Days::new(days.into())).unwrap_or_default();
        let erased =
            store::erase_old(&context.pool, before(retention.uploaded_days), before(retention.downloaded_days));
        match erased.await {
            Ok((0, 0)) => {}
            Ok((uploads, downloads)) => tracing::info!(uploads, downloads, "old files were erased"),
            Err(error) => tracing::warn!(%error, "old files cannot be erased; trying again"),
        }
        tokio::select! {
            () = context.shutdown.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(retention.sweep_interval_ms)) => {}
        }
    }
}
