//! What is done later, and what is removed: takes no input, so a restart and normal running are the same. Every process
//! of the service runs it; each step may be done twice.

use std::time::Duration;

use icp_kit::materials::MaterialError;

use super::scan::{Scanner, Verdict};
use super::{store, uploads};
use crate::api::Api;

/// Rows that are read at once.
const BATCH: i64 = 100;
const BATCH_ROWS: usize = BATCH as usize;
/// Files in a row that the scanner gives no answer for, until it is left alone for this round.
const FAILURES_MAX: u32 = 3;

/// What kept a round from its end.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Postgres does not answer.
    #[error("the database does not answer")]
    Database(#[from] sqlx::Error),
    /// The object store does not answer.
    #[error("the object store does not answer")]
    Store(#[from] MaterialError),
}

/// Sweeps until the service stops.
pub async fn run(api: Api) {
    let shutdown = api.bus.context().shutdown.clone();
    let pause = Duration::from_millis(api.config.materials.sweep_every_ms.max(1));
    while !shutdown.is_cancelled() {
        round(&api).await;
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One round: scans what waits, removes what is infected, outlived or over. A step that fails keeps no other waiting.
pub async fn round(api: &Api) {
    let results = [
        ("scanned", scan_waiting(api).await),
        ("cleared of infected ones", remove_infected(api).await),
        ("cleared of outlived ones", forget_outlived(api).await),
        ("cleared of uploads that are over", drop_expired(api).await),
    ];
    for (step, result) in results {
        if let Err(error) = result {
            tracing::warn!(%error, step, "materials were not swept to the end; the next round tries again");
        }
    }
}

async fn scan_waiting(api: &Api) -> Result<(), SweepError> {
    let pool = &api.bus.context().pool;
    let Some(scanner) = &api.scanner else {
        return Ok(store::scan_nothing(pool).await?);
    };
    let mut failures = 0;
    for waiting in store::unscanned(pool, BATCH).await? {
        // One file may be too much for the scanner; when several get no answer in a row, it is away.
        failures = if scan_one(api, scanner.as_ref(), &waiting).await? { 0 } else { failures + 1 };
        if failures == FAILURES_MAX {
            break;
        }
    }
    Ok(())
}

/// Scans one material; false when the scanner gives no answer.
async fn scan_one(api: &Api, scanner: &dyn Scanner, waiting: &store::Unscanned) -> Result<bool, SweepError> {
    let opened = api.vault.unwrap_key(&waiting.data_key, waiting.order_id.as_bytes());
    let key = opened.and_then(|data_key| data_key.decrypt(waiting.object.as_bytes(), &waiting.object_key));
    let key = match key {
        Ok(key) => key,
        // The order's personal data was erased: nobody can read the material any more.
        Err(error) => {
            tracing::warn!(%error, order.id = %waiting.order_id, "a material cannot be opened to be scanned");
            return Ok(true);
        }
    };
    let clear = match api.materials.get(&waiting.object, &key).await {
        Ok(clear) => clear,
        // It was replaced, and its order ended, since it was looked for.
        Err(MaterialError::NotFound(_)) => return Ok(true),
        Err(error @ MaterialError::Broken(_)) => {
            tracing::error!(%error, order.id = %waiting.order_id, "a material is damaged; it stays unscanned");
            return Ok(true);
        }
        Err(error) => return Err(error.into()),
    };
    let signature = match scanner.scan(&clear).await {
        Ok(Verdict::Clean) => None,
        Ok(Verdict::Infected(signature)) => Some(signature),
        Err(error) => {
            tracing::warn!(%error, "materials wait to be scanned for viruses");
            return Ok(false);
        }
    };
    let pool = &api.bus.context().pool;
    store::note_scan(pool, &waiting.object, signature.as_deref(), api.clock.now()).await?;
    Ok(true)
}

async fn remove_infected(api: &Api) -> Result<(), SweepError> {
    let pool = &api.bus.context().pool;
    let objects = store::infected(pool, BATCH).await?;
    for object in &objects {
        api.materials.delete(object).await?;
    }
    if !objects.is_empty() {
        store::note_erased(pool, &objects, api.clock.now()).await?;
    }
    Ok(())
}

async fn forget_outlived(api: &Api) -> Result<(), SweepError> {
    let pool = &api.bus.context().pool;
    loop {
        let objects = store::outlived(pool, BATCH).await?;
        for object in &objects {
            api.materials.delete(object).await?;
        }
        if !objects.is_empty() {
            store::forget_replaced(pool, &objects).await?;
        }
        if objects.len() < BATCH_ROWS {
            return Ok(());
        }
    }
}

async fn drop_expired(api: &Api) -> Result<(), SweepError> {
    let pool = &api.bus.context().pool;
    loop {
        let expired = uploads::expired(pool, api.clock.now(), BATCH).await?;
        let is_last = expired.len() < BATCH_ROWS;
        for id in expired {
            api.materials.delete_all(&uploads::folder(id)).await?;
            uploads::forget(pool, id).await?;
        }
        if is_last {
            return Ok(());
        }
    }
}
