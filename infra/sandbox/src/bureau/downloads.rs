//! Files that wait for a provider. Results gather until somebody downloads; what has gathered
//! by then, up to 1,000 records, becomes one file, which is sent again until it is acknowledged.

use std::collections::{HashSet, VecDeque};

use chrono::{DateTime, FixedOffset};

use super::codec;
use super::interface::Interface;
use super::records::{Answer, Section};
use crate::config::AccountSpec;

const RECORDS_MAX: usize = 1000;
/// Acknowledged names that are still recognised when they are acknowledged again.
const REMEMBERED_NAMES: usize = 10_000;

/// A file as it is sent.
#[derive(Debug, Clone)]
pub struct DownloadFile {
    /// Name, also of the entry in the archive.
    pub name: String,
    /// Hash of the archive.
    pub hash: String,
    /// Encrypted archive, base64 in lines.
    pub content: String,
}

/// The downloads of one account.
#[derive(Debug, Default)]
pub struct DownloadDesk {
    unacknowledged: Option<DownloadFile>,
    files_made: u32,
    acknowledged: HashSet<String>,
    acknowledged_order: VecDeque<String>,
}

/// What an acknowledgement did.
#[derive(Debug, PartialEq, Eq)]
pub enum Acknowledged {
    /// The file, now or earlier.
    Done,
    /// No such file was sent.
    Unknown,
}

impl DownloadDesk {
    /// The file that must be acknowledged before the next one is made.
    pub fn unacknowledged(&self) -> Option<&DownloadFile> {
        self.unacknowledged.as_ref()
    }

    /// Makes the next file.
    pub fn make(
        &mut self,
        account: &AccountSpec,
        answers: &[Answer],
        now: DateTime<FixedOffset>,
    ) -> Result<&DownloadFile, zip::result::ZipError> {
        self.files_made += 1;
        let name = format!("{}_{}_{:04}.xml", now.format("%Y%m%d%H%M%S"), account.province, self.files_made);
        let archive = codec::zip_one(&name, &account.interface.encode(&document(account.interface, answers)))?;
        let secret = codec::encrypt(&account.key, &account.iv, &archive);
        Ok(self.unacknowledged.insert(DownloadFile {
            name,
            hash: codec::md5_base64(&archive),
            content: codec::base64_in_lines(&secret),
        }))
    }

    /// Takes a receipt; a repeated one is taken again.
    pub fn acknowledge(&mut self, name: &str) -> Acknowledged {
        if let Some(file) = self.unacknowledged.take_if(|file| file.name == name) {
            self.acknowledged.insert(file.name.clone());
            self.acknowledged_order.push_back(file.name);
            if self.acknowledged_order.len() > REMEMBERED_NAMES
                && let Some(oldest) = self.acknowledged_order.pop_front()
            {
                self.acknowledged.remove(&oldest);
            }
            return Acknowledged::Done;
        }
        if self.acknowledged.contains(name) {
            return Acknowledged::Done;
        }
        Acknowledged::Unknown
    }
}

/// Takes whole groups from the front, as many as fit into one file; what is sent again has files of its own.
pub fn take_for_one_file(waiting: &mut VecDeque<Vec<Answer>>) -> Vec<Answer> {
    let mut taken: Vec<Answer> = Vec::new();
    let fits = |taken: &[Answer], group: &[Answer]| {
        taken.is_empty() || taken.len() + group.len() <= RECORDS_MAX && is_resent(taken) == is_resent(group)
    };
    while let Some(group) = waiting.pop_front_if(|group| fits(&taken, group)) {
        taken.extend(group);
    }
    taken
}

fn is_resent(answers: &[Answer]) -> bool {
    answers.iter().any(|answer| answer.section == Section::Resent)
}

fn document(interface: Interface, answers: &[Answer]) -> String {
    let section = |section: Section| {
        let records = answers.iter().filter(move |it| it.section == section);
        records.map(|it| it.xml.as_str()).collect::<String>()
    };
    let filed = section(Section::Filed);
    let results = section(Section::Result);
    let reviews = section(Section::Review);
    let mut text = String::with_capacity(filed.len() + results.len() + reviews.len() + 256);
    let (encoding, version) = (interface.encoding(), interface.version());
    text.push_str(&format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?>\r\n"));
    text.push_str(&format!("<DownloadData version=\"{version}\">"));
    if is_resent(answers) {
        let resent = section(Section::Resent);
        text.push_str(&format!("<SJTB><ICP><BASJ>{resent}</BASJ></ICP></SJTB></DownloadData>"));
        return text;
    }
    text.push_str("<ICP>");
    if !filed.is_empty() {
        text.push_str("<BASJ>");
        text.push_str(&filed);
        text.push_str("</BASJ>");
    }
    let removed = section(Section::Removed);
    if !removed.is_empty() {
        text.push_str("<ZXSJ>");
        text.push_str(&removed);
        text.push_str("</ZXSJ>");
    }
    text.push_str("<BAJG>");
    text.push_str(&results);
    if !reviews.is_empty() {
        text.push_str("<GJSHS>");
        text.push_str(&reviews);
        text.push_str("</GJSHS>");
    }
    text.push_str("</BAJG></ICP></DownloadData>");
    text
}
