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
        if let Err(error) = erase_old(&relay).await {
            tracing::warn!(error = %super::uploader::chain(&error), "old files cannot be erased; trying again");
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

/// Rows whose objects are removed in one go.
const ROWS_AT_ONCE: i64 = 500;

async fn erase_old(relay: &Relay) -> Result<(), RoundError> {
    let context = relay.bus.context();
    let retention = &relay.config.retention;
    let before = |days: u32| context.clock.now().checked_sub_days(Days::new(days.into())).unwrap_or_default();
    let downloads = store::erase_old_downloads(&context.pool, before(retention.downloaded_days)).await?;
    let mut uploads = 0;
    loop {
        let old = store::old_uploads(&context.pool, before(retention.uploaded_days), ROWS_AT_ONCE).await?;
        if old.is_empty() {
            break;
        }
        let (ids, objects): (Vec<i64>, Vec<Option<String>>) = old.into_iter().unzip();
        remove(relay, &objects.into_iter().flatten().collect::<Vec<_>>()).await?;
        store::erase_uploads(&context.pool, &ids).await?;
        uploads += ids.len();
    }
    if uploads > 0 || downloads > 0 {
        tracing::info!(uploads, downloads, "old files were erased");
    }
    Ok(())
}

async fn remove_own_objects(relay: &Relay) -> Result<(), RoundError> {
    let pool = &relay.bus.context().pool;
    loop {
        let left = store::left_objects(pool, ROWS_AT_ONCE).await?;
        if left.is_empty() {
            return Ok(());
        }
        let (ids, objects): (Vec<i64>, Vec<Vec<String>>) = left.into_iter().unzip();
        remove(relay, &objects.concat()).await?;
        store::forget_objects(pool, &ids).await?;
    }
}

async fn remove(relay: &Relay, objects: &[String]) -> Result<(), RoundError> {
    for object in objects {
        relay.materials.delete(object).await.map_err(PictureError::Store)?;
    }
    Ok(())
}
