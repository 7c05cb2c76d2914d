//! Erases uploaded and downloaded files after their retention, and pictures of its own after the outcome.

use std::time::Duration;

use chrono::Days;

use super::{Relay, RoundError};
use crate::record::PictureError;
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
        if let Err(error) = remove_own_objects(&relay).await {
            tracing::warn!(error = %super::uploader::chain(&error), "pictures cannot be removed; trying again");
        }
        tokio::select! {
            () = context.shutdown.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(retention.sweep_interval_ms)) => {}
        }
    }
}

/// Submissions whose objects are removed in one go.
const SUBMISSIONS_AT_ONCE: i64 = 500;

async fn remove_own_objects(relay: &Relay) -> Result<(), RoundError> {
    let pool = &relay.bus.context().pool;
    loop {
        let left = store::left_objects(pool, SUBMISSIONS_AT_ONCE).await?;
        if left.is_empty() {
            return Ok(());
        }
        for object in left.iter().flat_map(|(_, objects)| objects) {
            relay.materials.delete(object).await.map_err(PictureError::Store)?;
        }
        let ids: Vec<i64> = left.iter().map(|(id, _)| *id).collect();
        store::forget_objects(pool, &ids).await?;
    }
}
