//! Takes files from the bureau: download, verify, store and process in one transaction, then acknowledge.
//!
//! A file that is not acknowledged comes again, so processing happens once per (file name, hash) and an
//! acknowledgement that is lost does no harm. A file that fails its hash is never acknowledged.

use std::time::Duration;

use icp_bus::Effects;
use icp_kit::DataKey;

use super::uploader::chain;
use super::{Relay, RoundError};
use crate::facts;
use crate::reply::facts_of;
use crate::results::{self, Reader};
use crate::store::{self, NewDownload};
use crate::wire::answer::{CodeClass, MsgCode};
use crate::wire::download::{self, Block, Removal};
use crate::wire::envelope::{PackedFile, UnpackedFile};

enum Progress {
    /// There may be more; ask again at once.
    More,
    /// Nothing waits at the bureau.
    Nothing,
    /// Try again later.
    Later,
    /// A person must act.
    Stopped,
}

/// Works until the process stops or loses the account.
pub async fn run(relay: &Relay) {
    let mut failures = 0_u32;
    loop {
        let progress = match round(relay).await {
            Ok(progress) => progress,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "the downloader was interrupted; trying again");
                Progress::Later
            }
        };
        match progress {
            Progress::More => failures = 0,
            Progress::Nothing => {
                failures = 0;
                let interval = relay.config.timing.download_interval_ms;
                tokio::time::sleep(Duration::from_millis(interval)).await;
            }
            Progress::Later => {
                failures = failures.saturating_add(1);
                tokio::time::sleep(relay.retry_wait(failures)).await;
            }
            Progress::Stopped => tokio::time::sleep(relay.stopped_wait()).await,
        }
    }
}

async fn round(relay: &Relay) -> Result<Progress, RoundError> {
    let answer = match relay.bureau.download().await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(error = %chain(&error), "a download failed; trying again");
            return Ok(Progress::Later);
        }
    };
    let code = answer.status.code;
    match (code.class(), answer.file) {
        (CodeClass::Success, Some(file)) => take(relay, &file).await,
        (CodeClass::Success | CodeClass::NothingWaiting, _) => Ok(Progress::Nothing),
        (class, _) => Ok(refused(class, code)),
    }
}

fn refused(class: CodeClass, code: MsgCode) -> Progress {
    match class {
        CodeClass::OperatorAlarm | CodeClass::Bug => {
            tracing::error!(%code, "the bureau refuses downloads; results do not arrive until the cause is removed");
            Progress::Stopped
        }
        _ => {
            tracing::warn!(%code, "the bureau hands nothing out now");
            Progress::Later
        }
    }
}

async fn take(relay: &Relay, file: &PackedFile) -> Result<Progress, RoundError> {
    let unpacked = match file.unpack(&relay.bureau.account().content_key) {
        Ok(unpacked) => unpacked,
        Err(error) => {
            tracing::error!(error = %chain(&error), file = file.file_name, "a download cannot be unpacked; it is not acknowledged and comes again");
            return Ok(Progress::Later);
        }
    };
    process(relay, &file.file_name, &unpacked).await?;
    let answer = match relay.bureau.acknowledge(&file.file_name).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(error = %chain(&error), "the answer to an acknowledgement was lost; the file may come again");
            return Ok(Progress::Later);
        }
    };
    let code = answer.status.code;
    if code.class() != CodeClass::Success {
        return Ok(refused(code.class(), code));
    }
    let context = relay.bus.context();
    store::set_acknowledged(&context.pool, relay.account(), &file.file_name, context.clock.now()).await?;
    // Code 1 says that this was the last one.
    Ok(if code == MsgCode(1) { Progress::Nothing } else { Progress::More })
}

fn removals_of(block: &Block) -> &[Removal] {
    match block {
        Block::Removed(removals) => removals,
        _ => &[],
    }
}

/// Stores a file and does what it says, once.
async fn process(relay: &Relay, file_name: &str, file: &UnpackedFile) -> Result<(), RoundError> {
    let now = relay.bus.context().clock.now();
    let (blocks, problem) = match download::read(&file.entry.document) {
        Ok(blocks) => (blocks, None),
        Err(error) => {
            // It is what the bureau sent: kept for a person, and out of the way of the next files.
            tracing::error!(error = %chain(&error), file = file_name, "a download cannot be read; it is stored for an operator");
            (Vec::new(), Some(chain(&error)))
        }
    };
    let unhandled: Vec<String> = blocks
        .iter()
        .filter_map(|block| match block {
            Block::Other { name, .. } => Some(name.clone()),
            _ => None,
        })
        .collect();
    let key = DataKey::generate();
    let context = format!("download/{}/{file_name}", relay.account());
    let row = NewDownload {
        file_name,
        hash: &file.hash,
        wrapped_key: relay.vault.wrap(&key, context.as_bytes())?,
        document_cipher: key.encrypt(context.as_bytes(), &file.entry.document)?,
        unhandled,
        problem,
    };
    let mut tx = relay.bus.begin().await?;
    if !store::insert_download(&mut tx, relay.account(), &row, now).await? {
        tracing::debug!(file = file_name, "a download came again");
        return Ok(());
    }
    let rules = &relay.config.replies;
    let isp_id = relay.bureau.account().isp_id;
    let reader = Reader { account: relay.account(), isp_id, rules, keyring: &relay.keyring };
    let mut effects = Effects::new();
    let facts = facts_of(&blocks, rules);
    let applied = results::apply(&mut tx, &facts, &reader, now, &mut effects).await?;
    for removal in blocks.iter().flat_map(removals_of) {
        let removed = store::forget_removal(&mut tx, relay.account(), removal).await?;
        // An access of another provider concerns nobody here.
        for record in removed.iter().filter(|record| record.is_own) {
            match facts::removed(record, removal.bureau_id, now) {
                Some(told) => effects.send(told),
                None => {
                    let (kind, id) = (&record.kind, removal.bureau_id);
                    tracing::warn!(file = file_name, kind, id, "a removal is not told: its number is not known")
                }
            }
        }
    }
    for record in applied.records {
        match facts::recorded(&relay.keyring, record, isp_id, now) {
            Some(told) => effects.send(told),
            None => {
                let number = &record.on_record.number;
                tracing::warn!(file = file_name, number, "a record is not compared: no such number")
            }
        }
    }
    relay.bus.commit(tx, effects).await?;
    if !applied.strange.is_empty() {
        tracing::warn!(
            file = file_name,
            count = applied.strange.len(),
            "results of the bureau belong to no filing of this relay"
        );
    }
    if !row.unhandled.is_empty() {
        tracing::info!(file = file_name, blocks = ?row.unhandled, "blocks were stored that nobody handles yet");
    }
    Ok(())
}
