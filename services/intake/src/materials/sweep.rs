//! What is done later, and what is removed: takes no input, so a restart and normal running are the same. Every process
//! of the service runs it; each step may be done twice.

use std::time::Duration;

use icp_kit::materials::MaterialError;

use super::scan::{Scanner, Verdict};
use super::{store, uploads};
use crate::api::Api;

/// Rows that one step handles at most; what is left waits for the next round.
const BATCH: i64 = 100;

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
        if let Err(error) = round(&api).await {
            tracing::warn!(%error, "materials were not swept to the end; the next round tries again");
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// One round: scans what waits, removes what is infected, outlived or over.
pub async fn round(api: &Api) -> Result<(), SweepError> {
    scan_waiting(api).await?;
    remove_infected(api).await?;
    forget_outlived(api).await?;
    drop_expired(api).await
}

async fn scan_waiting(api: &Api) -> Result<(), SweepError> {
    let pool = &api.bus.context().pool;
    let Some(scanner) = &api.scanner else {
        return Ok(store::scan_nothing(pool).await?);
    };
    for waiting in store::unscanned(pool, BATCH).await? {
        if !scan_one(api, scanner.as_ref(), &waiting).await? {
            break;
        }
    }
    Ok(())
}

/// Scans one material; false when the scanner does not answer.
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
    let objects = store::outlived(pool, BATCH).await?;
    for object in &objects {
        api.materials.delete(object).await?;
    }
    if !objects.is_empty() {
        store::forget_replaced(pool, &objects).await?;
    }
    Ok(())
}

async fn drop_expired(api: &Api) -> Result<(), SweepError> {
    let pool = &api.bus.context().pool;
    for id in uploads::expired(pool, api.clock.now(), BATCH).await? {
        api.materials.delete_all(&uploads::folder(id)).await?;
        uploads::forget(pool, id).await?;
    }
    Ok(())
}
