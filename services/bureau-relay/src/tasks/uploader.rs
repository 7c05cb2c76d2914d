//! Brings waiting records to the bureau, one file at a time.
//!
//! A round looks for the open file or makes one, and takes it through [`crate::upload_file::step`] until it is at
//! the bureau or must wait. Every state is stored before the next thing happens, so a round may end
//! anywhere, also by a crash, and the next one goes on.

use std::time::Duration;

use icp_bus::Effects;
use icp_kit::materials::MaterialError;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Relay, RoundError};
use crate::batch::{Waiting, records_for_next_file};
use crate::client::CallError;
use crate::facts;
use crate::record::{PictureError, Record};
use crate::reply::upload_entry_name;
use crate::results;
use crate::sequence::Sequence;
use crate::store::{self, FileRow, NewFile, StoredRecord};
use crate::submission;
use crate::upload_file::{FileState, Next, Observation, Step, StopReason, step};
use crate::wire::answer::{CodeClass, MsgCode};
use crate::wire::block::assemble;
use crate::wire::envelope::{md5_base64, zip_one};

/// Most calls with one file in a round; after them it waits, so that a bureau that answers nonsense is not
/// called in a hot loop.
const SENDS_PER_ROUND: u32 = 2;

enum Progress {
    /// A file arrived; look for the next at once.
    Delivered,
    /// Nothing to do.
    Idle,
    /// Records wait for company.
    WaitForMore,
    /// The bureau does not take it now.
    Later,
    /// A person must act.
    Stopped,
}

/// Works until the process stops or loses the account.
pub async fn run(relay: &Relay) {
    let timing = &relay.config.timing;
    let company = Duration::from_millis(relay.config.batch.max_wait_ms.clamp(20, 250));
    let mut failures = 0_u32;
    loop {
        let progress = match round(relay).await {
            Ok(progress) => progress,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "the uploader was interrupted; trying again");
                Progress::Later
            }
        };
        match progress {
            Progress::Delivered => failures = 0,
            Progress::Idle => {
                failures = 0;
                tokio::select! {
                    // It rings just before the commit, and others may follow: look a little later.
                    () = relay.wake.notified() => tokio::time::sleep(company).await,
                    () = tokio::time::sleep(Duration::from_millis(timing.idle_check_ms)) => {}
                }
            }
            Progress::WaitForMore => tokio::time::sleep(company).await,
            Progress::Later => {
                failures = failures.saturating_add(1);
                tokio::time::sleep(relay.retry_wait(failures)).await;
            }
            Progress::Stopped => tokio::time::sleep(relay.stopped_wait()).await,
        }
    }
}

/// The error with its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

async fn round(relay: &Relay) -> Result<Progress, RoundError> {
    let pool = &relay.bus.context().pool;
    if let Some(file) = store::open_file(pool, relay.account()).await? {
        return deliver(relay, file).await;
    }
    let waiting = store::waiting(pool, relay.account(), relay.config.batch.max_filings.max(1) + 1).await?;
    if waiting.is_empty() {
        return Ok(Progress::Idle);
    }
    let sizes: Vec<Waiting> = waiting.iter().map(|(_, record)| *record).collect();
    let count = records_for_next_file(&sizes, &relay.config.batch, chrono::Utc::now());
    if count == 0 {
        return Ok(Progress::WaitForMore);
    }
    let account = store::account(pool, relay.account()).await?;
    let Some(last_accepted) = account.last_accepted else {
        return take_over_counter(relay).await;
    };
    let ids: Vec<i64> = waiting.iter().take(count).map(|(id, _)| *id).collect();
    write_down(relay, last_accepted.next()?, &ids).await?;
    match store::open_file(pool, relay.account()).await? {
        Some(file) => deliver(relay, file).await,
        // A record left the queue instead; look again.
        None => Ok(Progress::Delivered),
    }
}

/// A new database asks the bureau how far its account is, before the first upload.
async fn take_over_counter(relay: &Relay) -> Result<Progress, RoundError> {
    let answer = match relay.bureau.last_upload().await {
        Ok(answer) => answer,
        Err(error) => return Ok(lost(&error)),
    };
    match answer.last {
        Some(last) => {
            let counter = Sequence::from_last_accepted(last.sequence)
                .ok_or_else(|| RoundError::State(format!("the bureau's counter is {}", last.sequence)))?;
            tracing::info!(counter = counter.value(), "the bureau's upload counter is taken over");
            store::adopt_counter(&relay.bus.context().pool, relay.account(), counter).await?;
            Ok(Progress::Delivered)
        }
        None => refused_query(relay, answer.status.code).await,
    }
}

/// Records of a file with their pictures.
type Readable = Vec<(Record, Vec<Vec<u8>>)>;

/// Packs records and writes the file down together with the move of its filings.
async fn write_down(relay: &Relay, sequence: Sequence, ids: &[i64]) -> Result<(), RoundError> {
    let context = relay.bus.context();
    let stored = store::records(&context.pool, ids).await?;
    let Some(records) = read_records(relay, &stored).await? else {
        return Ok(());
    };
    let isp_id = relay.bureau.account().isp_id;
    let interface = relay.config.dialect.interface;
    let entry_name = upload_entry_name(isp_id, sequence.value());
    let packed = tokio::task::spawn_blocking(move || {
        let pieces: Vec<_> = records.iter().map(|(record, pictures)| (record.block, record.pieces(pictures))).collect();
        let document = assemble(interface, &pieces, isp_id);
        let container = zip_one(&format!("{entry_name}.xml"), &document)?;
        Ok::<_, RoundError>((entry_name, Sha256::digest(&document).to_vec(), md5_base64(&container), container))
    });
    let packed = packed.await.map_err(|error| RoundError::State(format!("packing ended: {error}")))??;
    let (entry_name, document_sha256, container_hash, container) = packed;
    // A name of its own, so that no other process can overwrite what this row tells of.
    let object = format!("uploads/{}/{sequence}-{}", relay.account(), Uuid::now_v7().simple());
    let stored = relay.materials.put(&object, &container).await.map_err(PictureError::Store)?;
    let wrapped_key = relay.vault.wrap(&stored.key, file_context(relay.account(), sequence.value()).as_bytes())?;
    let file = NewFile { sequence, entry_name, container_hash, document_sha256, wrapped_key, object };
    let mut tx = relay.bus.begin().await?;
    let Some(orders) = store::insert_file(&mut tx, relay.account(), &file, ids, context.clock.now()).await? else {
        relay.materials.delete(&file.object).await.map_err(PictureError::Store)?;
        return Err(RoundError::State("a filing left the queue while its file was packed".to_owned()));
    };
    let mut effects = Effects::new();
    for order in &orders {
        let why = format!("upload {sequence} with {} filings", orders.len());
        effects.journal(order.order_id, "packed for the bureau", why);
    }
    relay.bus.commit(tx, effects).await?;
    Ok(())
}

/// Opens records and reads their pictures. A record whose picture is lost leaves the queue, and there is no file
/// this time.
async fn read_records(relay: &Relay, stored: &[StoredRecord]) -> Result<Option<Readable>, RoundError> {
    let mut records = Vec::with_capacity(stored.len());
    for record in stored {
        let key = relay.vault.unwrap_key(&record.wrapped_key, record.context.as_bytes())?;
        let clear = key.decrypt(record.context.as_bytes(), &record.cipher)?;
        let parsed: Record = serde_json::from_slice(&clear)
            .map_err(|error| RoundError::State(format!("a record is not readable: {error}")))?;
        records.push(parsed);
    }
    let reads: Vec<_> = records.iter().map(|record| record.read_pictures(&relay.materials)).collect();
    let reads = futures::future::join_all(reads).await;
    let mut readable = Vec::with_capacity(records.len());
    let mut lost = Vec::new();
    for ((stored, record), pictures) in stored.iter().zip(records).zip(reads) {
        match pictures {
            Ok(pictures) => readable.push((record, pictures)),
            Err(PictureError::Lost(object)) => lost.push((stored, object)),
            Err(error) => return Err(error.into()),
        }
    }
    if lost.is_empty() {
        return Ok(Some(readable));
    }
    let mut refused = Vec::with_capacity(lost.len());
    for (record, object) in lost {
        tracing::error!(order.id = %record.order.order_id, object, "a picture is gone from the object store");
        refused.push((record.id, &record.order, vec![submission::lost_picture()]));
    }
    let mut tx = relay.bus.begin().await?;
    let mut effects = Effects::new();
    results::refuse(&mut tx, &refused, &relay.keyring, relay.bus.context().clock.now(), &mut effects).await?;
    relay.bus.commit(tx, effects).await?;
    Ok(None)
}

fn file_context(account: &str, sequence: u32) -> String {
    format!("upload/{account}/{sequence}")
}

/// The content of a file; `None` when it was erased or is lost.
async fn container_of(relay: &Relay, file: &FileRow) -> Result<Option<Vec<u8>>, RoundError> {
    let Some(wrapped) = &file.wrapped_key else { return Ok(None) };
    let context = file_context(relay.account(), file.sequence.value());
    let key = relay.vault.unwrap_key(wrapped, context.as_bytes())?;
    if let Some(cipher) = &file.container_cipher {
        return Ok(Some(key.decrypt(context.as_bytes(), cipher)?));
    }
    let Some(object) = &file.object else { return Ok(None) };
    match relay.materials.get(object, key.expose()).await {
        Ok(container) => Ok(Some(container)),
        Err(MaterialError::NotFound(_)) => Ok(None),
        Err(error) => Err(PictureError::Store(error).into()),
    }
}

async fn deliver(relay: &Relay, file: FileRow) -> Result<Progress, RoundError> {
    let Some(container) = container_of(relay, &file).await? else {
        let reason = format!("the content of upload {} is gone from the object store", file.sequence);
        return stop(relay, Some(&file), &reason).await;
    };
    let mut stored = file.state;
    let mut answer: Option<String> = None;
    let mut current = decide(stored, &file, &Observation::Resumed)?;
    let mut sends = 0;
    loop {
        if matches!(current.next, Next::Finished) {
            return accept(relay, &file, stored, answer.as_deref()).await;
        }
        if let Next::Split(code) = current.next {
            return split(relay, &file, stored, code).await;
        }
        if current.state != stored {
            move_to(relay, &file, stored, current.state, answer.as_deref()).await?;
            stored = current.state;
        }
        let observation = match current.next {
            Next::Send if sends == SENDS_PER_ROUND => return Ok(Progress::Later),
            Next::Send => {
                sends += 1;
                Observation::SendStarts
            }
            Next::AwaitAnswer => {
                let (observation, text) = send(relay, &file, &container).await;
                answer = Some(text);
                observation
            }
            Next::AskLastUpload => match relay.bureau.last_upload().await {
                Err(error) => return Ok(lost(&error)),
                Ok(reply) => match reply.last {
                    None => return refused_query(relay, reply.status.code).await,
                    Some(last) => {
                        let same_content =
                            relay.bureau.is_same_content(&last, &file.container_hash, &file.document_sha256);
                        answer = Some(format!("the bureau's last upload is {}", last.sequence));
                        Observation::LastUpload { sequence: last.sequence, same_content }
                    }
                },
            },
            Next::ResendEarlier(ref numbers) => {
                if let Err(reason) = resend(relay, numbers).await? {
                    return stop(relay, Some(&file), &reason).await;
                }
                Observation::Resumed
            }
            Next::WaitAndSend(code) => {
                tracing::warn!(%code, sequence = file.sequence.value(), "the bureau does not take the upload now");
                return Ok(Progress::Later);
            }
            Next::Stop(ref reason) => return stop(relay, Some(&file), &reason.to_string()).await,
            Next::Finished | Next::Split(_) => return Ok(Progress::Delivered),
        };
        current = decide(stored, &file, &observation)?;
    }
}

fn decide(state: FileState, file: &FileRow, observation: &Observation) -> Result<Step, RoundError> {
    step(state, file.sequence, file.filings, observation).map_err(|error| RoundError::State(error.to_string()))
}

async fn send(relay: &Relay, file: &FileRow, container: &[u8]) -> (Observation, String) {
    match relay.bureau.upload(file.sequence.value(), container, &file.container_hash).await {
        Ok(answer) => {
            let text = format!("{} {}", answer.status.code, answer.status.text);
            (Observation::Answered(answer), text)
        }
        Err(error) => {
            tracing::warn!(error = %chain(&error), sequence = file.sequence.value(), "the answer to an upload was lost; the bureau is asked what it took");
            (Observation::Lost, format!("no answer: {}", chain(&error)))
        }
    }
}

/// Sends earlier files again, in order. What becomes of them shows in the answer to the open file, so lost
/// answers need no care here. `Err` says why a person must act.
async fn resend(relay: &Relay, numbers: &[u32]) -> Result<Result<(), String>, RoundError> {
    for number in numbers {
        let file = store::accepted_file(&relay.bus.context().pool, relay.account(), *number).await?;
        let content = match &file {
            Some(file) => container_of(relay, file).await?.map(|container| (file, container)),
            None => None,
        };
        let Some((file, container)) = content else {
            return Ok(Err(format!("the bureau misses upload {number}, which is not stored here any more")));
        };
        tracing::warn!(sequence = number, "the bureau misses an upload; it is sent again as stored");
        let (observation, _) = send(relay, file, &container).await;
        if let Observation::Answered(answer) = observation
            && matches!(answer.status.code.class(), CodeClass::OperatorAlarm | CodeClass::Bug)
        {
            return Ok(Err(StopReason::Code(answer.status.code).to_string()));
        }
    }
    Ok(Ok(()))
}

async fn move_to(
    relay: &Relay,
    file: &FileRow,
    from: FileState,
    to: FileState,
    answer: Option<&str>,
) -> Result<(), RoundError> {
    let mut tx = relay.bus.begin().await?;
    if !store::set_file_state(&mut tx, file.id, from, to, answer).await? {
        return Err(RoundError::State(format!("upload {} was moved by another process", file.sequence)));
    }
    tx.commit().await?;
    Ok(())
}

async fn accept(relay: &Relay, file: &FileRow, from: FileState, answer: Option<&str>) -> Result<Progress, RoundError> {
    let now = relay.bus.context().clock.now();
    let mut tx = relay.bus.begin().await?;
    let accepted = store::accept_file(&mut tx, relay.account(), file, from, answer.unwrap_or_default(), now).await?;
    let Some(orders) = accepted else {
        return Err(RoundError::State(format!("upload {} or its counter was moved by another process", file.sequence)));
    };
    let mut effects = Effects::new();
    for order in &orders {
        effects.set_cause(order.traceparent.clone());
        effects.send(facts::received(order, i64::from(file.sequence.value()), now));
        effects.journal(order.order_id, "taken by the bureau", format!("upload {}", file.sequence));
    }
    relay.bus.commit(tx, effects).await?;
    tracing::info!(sequence = file.sequence.value(), filings = file.filings, "upload accepted");
    Ok(Progress::Delivered)
}

async fn split(relay: &Relay, file: &FileRow, from: FileState, code: MsgCode) -> Result<Progress, RoundError> {
    let mut tx = relay.bus.begin().await?;
    let answer = code.to_string();
    if !store::set_file_state(&mut tx, file.id, from, FileState::Refused, Some(&answer)).await? {
        return Err(RoundError::State(format!("upload {} was moved by another process", file.sequence)));
    }
    let mut effects = Effects::new();
    for order_id in store::release_file(&mut tx, file.id).await? {
        effects.journal(order_id, "waits for an upload of its own", answer.clone());
    }
    relay.bus.commit(tx, effects).await?;
    Ok(Progress::Delivered)
}

fn lost(error: &CallError) -> Progress {
    tracing::warn!(error = %chain(error), "the bureau cannot be asked for its last upload; trying again");
    Progress::Later
}

async fn refused_query(relay: &Relay, code: MsgCode) -> Result<Progress, RoundError> {
    match code.class() {
        CodeClass::OperatorAlarm | CodeClass::Bug => stop(relay, None, &StopReason::Code(code).to_string()).await,
        _ => {
            tracing::warn!(%code, "the bureau does not tell its last upload now");
            Ok(Progress::Later)
        }
    }
}

/// Remembers why the queue stands and calls a person, once per reason.
async fn stop(relay: &Relay, file: Option<&FileRow>, reason: &str) -> Result<Progress, RoundError> {
    let context = relay.bus.context();
    if store::set_stopped(&context.pool, relay.account(), reason, context.clock.now()).await? {
        tracing::error!(account = relay.account(), reason, "uploads are stopped until the cause is removed");
        let mut effects = Effects::new();
        if let Some(file) = file {
            for order_id in store::orders_in_file(&context.pool, file.id).await? {
                effects.journal(order_id, "upload stopped", reason);
            }
        }
        let tx = relay.bus.begin().await?;
        relay.bus.commit(tx, effects).await?;
    }
    Ok(Progress::Stopped)
}
