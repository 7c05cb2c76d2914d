//! `isp_upload` and `isp_querypreviousupload`: the sequence of accepted files, and the checks
//! before a file is accepted.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::msg_code::MsgCode;
use super::soap::SoapCall;
use super::upload_file::{self, ReadLimits, UploadedRecord};
use super::xml::Element;
use super::{Account, Bureau, Refusal, Reply, codec, expect_md5};
use crate::config::AccountSpec;
use crate::lock::hold;

/// Most missing numbers that an answer lists.
const MISSING_LISTED_MAX: u32 = 1000;
const KEPT_ENTRIES_QUIET: usize = 1000;

/// An accepted file.
#[derive(Debug, Clone, Serialize)]
pub struct UploadEntry {
    /// Its number.
    pub sequence: u32,
    /// Hash of its archive.
    pub hash: String,
    /// Name of the XML document in it.
    pub file_name: String,
    /// Records in it.
    pub records: usize,
    /// When it was accepted, in real time.
    pub accepted_at: DateTime<Utc>,
    /// How often it came again.
    pub repeats: u32,
}

/// The accepted files of an account. The numbers have no gap.
#[derive(Debug)]
pub(super) struct UploadLedger {
    entries: VecDeque<UploadEntry>,
    kept_entries: usize,
    last_sequence: u32,
    last_file: Option<LastFile>,
}

/// The last accepted file as it came.
#[derive(Debug)]
struct LastFile {
    content: Vec<u8>,
    hash: String,
    file_name: String,
    encrypt_algorithm: i64,
}

impl UploadLedger {
    pub(super) fn new(quiet: bool) -> Self {
        Self {
            entries: VecDeque::new(),
            kept_entries: if quiet { KEPT_ENTRIES_QUIET } else { usize::MAX },
            last_sequence: 0,
            last_file: None,
        }
    }

    pub(super) fn last_sequence(&self) -> u32 {
        self.last_sequence
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &UploadEntry> {
        self.entries.iter()
    }

    /// Whether the number is the next one. A repeated number with the same content is a success
    /// without effect; what the ministry's system does then is not documented.
    fn check(&mut self, sequence: i64, hash: &str) -> Result<u32, Reply> {
        let next = self.last_sequence + 1;
        let Some(sequence) = u32::try_from(sequence).ok().filter(|it| *it > 0) else {
            return Err(missing(next..=next));
        };
        if sequence > next {
            let last_listed = (sequence - 1).min(next.saturating_add(MISSING_LISTED_MAX - 1));
            return Err(missing(next..=last_listed));
        }
        if sequence == next {
            return Ok(sequence);
        }
        let first_kept = self.entries.front().map_or(0, |entry| entry.sequence);
        let position = sequence.checked_sub(first_kept).map(|it| it as usize);
        let entry = position.and_then(|position| self.entries.get_mut(position));
        match entry {
            Some(entry) if entry.hash == hash => {
                entry.repeats += 1;
                Err(MsgCode::SUCCESS.into())
            }
            _ => Err(missing(next..=next)),
        }
    }

    fn accept(&mut self, entry: UploadEntry, file: LastFile) {
        self.last_sequence = entry.sequence;
        self.last_file = Some(file);
        self.entries.push_back(entry);
        if self.entries.len() > self.kept_entries {
            self.entries.pop_front();
        }
    }
}

fn missing(sequences: std::ops::RangeInclusive<u32>) -> Reply {
    let mut list = Element::new("dataSequences");
    for sequence in sequences {
        list = list.and("dataSequence", sequence.to_string());
    }
    Reply::with(MsgCode::SEQUENCE_GAP, list)
}

/// The file of a call after it was taken out of its envelope.
struct OpenedFile {
    secret: Vec<u8>,
    file_name: String,
    records: Vec<UploadedRecord>,
}

/// Base64, decryption, hash, archive, size; then the document itself.
fn open_file(
    call: &SoapCall,
    encrypt_algorithm: i64,
    account: &AccountSpec,
    attachment_max_bytes: usize,
) -> Result<OpenedFile, MsgCode> {
    let is_encrypted = encrypt_algorithm == 1;
    let secret = codec::base64_decode(call.text("beianInfo")).ok_or(if is_encrypted {
        MsgCode::DECRYPTION
    } else {
        MsgCode::UNZIP
    })?;
    let decrypted;
    let archive = if is_encrypted {
        decrypted = codec::decrypt(&account.key, &account.iv, &secret)?;
        &decrypted
    } else {
        &secret
    };
    if codec::md5_base64(archive) != call.text("beianInfoHash") {
        return Err(MsgCode::HASH);
    }
    let (file_name, document) = codec::unzip_one(archive)?;
    let limits = ReadLimits { isp_id: account.isp_id, attachment_max_bytes, interface: account.interface };
    Ok(OpenedFile { records: upload_file::read(&file_name, &document, limits), secret, file_name })
}

impl Bureau {
    pub(super) async fn upload(&self, index: usize, account: &Account, call: SoapCall) -> Result<Reply, Refusal> {
        expect_md5(&call)?;
        let encrypt_algorithm = call.number("encryptAlgorithm")?;
        if !matches!(encrypt_algorithm, 0 | 1) {
            return Err(MsgCode::ENCRYPTION_ALGORITHM.into());
        }
        if call.number("compressionFormat")? != 0 {
            return Err(MsgCode::COMPRESSION_FORMAT.into());
        }
        self.check_opening_hours()?;

        // Held until the file is accepted: two files with one number cannot both be taken.
        let mut ledger = account.uploads.lock().await;
        let hash = call.text("beianInfoHash").to_owned();
        let sequence = ledger.check(call.number("dataSequence")?, &hash).map_err(Refusal::Code)?;
        let opened = self.open_file_aside(account, encrypt_algorithm, call).await?;
        self.check_capacity(account)?;

        let now = self.clock.now();
        let entry = UploadEntry {
            sequence,
            hash: hash.clone(),
            file_name: opened.file_name.clone(),
            records: opened.records.len(),
            accepted_at: Utc::now(),
            repeats: 0,
        };
        let file = LastFile { content: opened.secret, hash, file_name: opened.file_name, encrypt_algorithm };
        account.unchecked_files.fetch_add(1, Ordering::AcqRel);
        let province = &account.spec.province;
        let effects = hold(&self.registry).receive(index, province, sequence, opened.records, now);
        ledger.accept(entry, file);
        self.carry_out(effects);
        Ok(MsgCode::SUCCESS.into())
    }

    fn check_opening_hours(&self) -> Result<(), Refusal> {
        let settings = hold(&self.settings);
        if settings.upload_maintenance {
            return Err(MsgCode::UPLOAD_MAINTENANCE.into());
        }
        let time = self.clock.now_in_beijing().time();
        match settings.upload_window {
            Some(window) if !window.contains(time) => {
                let mut reply = Reply::plain(MsgCode::OUTSIDE_PERIOD);
                reply.message.push_str(&window.to_string());
                Err(Refusal::Code(reply))
            }
            _ => Ok(()),
        }
    }

    fn check_capacity(&self, account: &Account) -> Result<(), MsgCode> {
        let settings = hold(&self.settings);
        if settings.closed_accounts.contains(&account.spec.isp_id) {
            return Err(MsgCode::RIGHT_CLOSED);
        }
        if account.unchecked_files.load(Ordering::Acquire) >= settings.queued_files_max {
            return Err(MsgCode::QUEUE_FULL);
        }
        Ok(())
    }

    /// Opening a file of 50 MB takes long: it is done beside the tasks that serve others.
    async fn open_file_aside(
        &self,
        account: &Account,
        encrypt_algorithm: i64,
        call: SoapCall,
    ) -> Result<OpenedFile, MsgCode> {
        let spec = account.spec.clone();
        let attachment_max_bytes = self.attachment_max_bytes;
        let work = move || open_file(&call, encrypt_algorithm, &spec, attachment_max_bytes);
        let opened = tokio::task::spawn_blocking(work).await;
        opened.unwrap_or_else(|error| {
            tracing::error!(%error, "an uploaded file could not be opened");
            Err(MsgCode::OTHER)
        })
    }

    pub(super) async fn previous_upload(&self, account: &Account, call: &SoapCall) -> Result<Reply, Refusal> {
        expect_md5(call)?;
        let ledger = account.uploads.lock().await;
        let (encrypt_algorithm, file_name, content, hash) = match &ledger.last_file {
            Some(file) => (
                file.encrypt_algorithm,
                file.file_name.as_str(),
                codec::base64_in_lines(&file.content),
                file.hash.as_str(),
            ),
            None => (1, "", String::new(), ""),
        };
        let infos = Element::new("fileInfos")
            .and("hashAlgorithm", "0")
            .and("compressionFormat", "0")
            .and("encryptAlgorithm", encrypt_algorithm.to_string())
            .and("dataSequence", ledger.last_sequence.to_string())
            .and("return_FileName", file_name)
            .and("beianInfo", content)
            .and("beianInfoHash", hash);
        Ok(Reply::with(MsgCode::SUCCESS, infos))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn accept(ledger: &mut UploadLedger, sequence: u32, hash: &str) {
        let entry = UploadEntry {
            sequence,
            hash: hash.to_owned(),
            file_name: "a.xml".to_owned(),
            records: 1,
            accepted_at: Utc::now(),
            repeats: 0,
        };
        let file = LastFile {
            content: Vec::new(),
            hash: hash.to_owned(),
            file_name: "a.xml".to_owned(),
            encrypt_algorithm: 1,
        };
        ledger.accept(entry, file);
    }

    fn listed(reply: Reply) -> Vec<String> {
        assert_eq!(reply.code, MsgCode::SEQUENCE_GAP);
        let list = reply.content.unwrap();
        list.all("dataSequence").map(|it| it.text().to_owned()).collect()
    }

    #[test]
    fn the_sequence_has_no_gap() {
        let mut ledger = UploadLedger::new(false);
        assert_eq!(listed(ledger.check(3, "x").unwrap_err()), ["1", "2"]);
        assert_eq!(listed(ledger.check(0, "x").unwrap_err()), ["1"]);
        assert_eq!(listed(ledger.check(-4, "x").unwrap_err()), ["1"]);
        assert_eq!(ledger.check(1, "x").unwrap(), 1);
        let all = listed(ledger.check(i64::from(u32::MAX), "x").unwrap_err());
        assert_eq!(all.len(), MISSING_LISTED_MAX as usize);
    }

    #[test]
    fn a_repeat_succeeds_only_with_the_same_content() {
        for quiet in [false, true] {
            let mut ledger = UploadLedger::new(quiet);
            for sequence in 1..=1500 {
                accept(&mut ledger, sequence, &format!("hash {sequence}"));
            }
            let repeated = ledger.check(1400, "hash 1400").unwrap_err();
            assert_eq!(repeated.code, MsgCode::SUCCESS);
            assert_eq!(listed(ledger.check(1400, "other").unwrap_err()), ["1501"]);
            assert_eq!(ledger.check(1501, "x").unwrap(), 1501);
        }
    }
}
