//! The records of a download (interface document notes §8.6): results, reviews and filed data.

use chrono::{DateTime, Datelike, Utc};

use super::Finding;
use super::request::AnswerKeys;
use super::xml::Element;
use crate::clock::in_beijing;

/// Part of the download document that a record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// `BAJG/Jg_xx`.
    Result,
    /// `BAJG/GJSHS/Gjsh`.
    Review,
    /// `BASJ/Baxx`.
    Filed,
    /// `ZXSJ/Zx_xx`.
    Removed,
    /// `SJTB/ICP/BASJ/Baxx`: a document of its own.
    Resent,
}

/// One record that waits to be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where it goes.
    pub section: Section,
    /// The record's element.
    pub xml: String,
}

/// Number of an organiser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilingNumber {
    /// E.g. 粤ICP备2026000001号.
    pub organiser: String,
}

impl FilingNumber {
    /// The number with this serial in the year of `now`.
    pub fn new(abbreviation: &str, serial: u32, now: DateTime<Utc>) -> Self {
        let year = in_beijing(now).year();
        Self { organiser: format!("{abbreviation}ICP备{year}{serial:06}号") }
    }
}

/// The outcome of an operation: one row with as many codes as there are findings.
pub fn result(operation_type: Option<u8>, correlation_key: Option<&str>, findings: &[Finding]) -> Answer {
    let mut row = Element::new("Jg_xx");
    for finding in findings {
        let code = Element::new("Jgxx").and("Jgdm", finding.code.to_string()).and("Dmms", finding.text.as_str());
        row.children.push(code);
    }
    if let Some(operation_type) = operation_type {
        row = row.and("Czlx", operation_type.to_string());
    }
    if let Some(key) = correlation_key {
        row = row.and("Bs", key);
    }
    answer(Section::Result, &row)
}

/// The bureau's decision.
#[derive(Debug)]
pub struct Review<'a> {
    /// `Czlx`.
    pub operation_type: Option<u8>,
    /// `Jlid`.
    pub correlation_key: Option<&'a str>,
    /// `Shyj`.
    pub opinion: &'a str,
    /// `Shjg`.
    pub passed: bool,
    /// `Shsj`.
    pub at: DateTime<Utc>,
}

/// The bureau's decision as a record.
pub fn review(review: &Review<'_>) -> Answer {
    let mut element = Element::new("Gjsh")
        .and("Shrxm", "沙盒审核员")
        .and("Shsj", date_and_time(review.at))
        .and("Shyj", review.opinion)
        .and("Shjg", if review.passed { "1" } else { "0" });
    if let Some(operation_type) = review.operation_type {
        element = element.and("Czlx", operation_type.to_string());
    }
    if let Some(key) = review.correlation_key {
        element = element.and("Jlid", key);
    }
    answer(Section::Review, &element)
}

/// One row for each key, or one without a key for a whole file.
pub fn result_rows(operation_type: Option<u8>, keys: &AnswerKeys, findings: &[Finding]) -> Vec<Answer> {
    if keys.results.is_empty() {
        return vec![result(operation_type, None, findings)];
    }
    keys.results.iter().map(|key| result(operation_type, Some(key), findings)).collect()
}

/// One review for each key.
pub fn review_rows(
    operation_type: Option<u8>,
    keys: &AnswerKeys,
    opinion: &str,
    passed: bool,
    at: DateTime<Utc>,
) -> Vec<Answer> {
    let row = |key: &String| review(&Review { operation_type, correlation_key: Some(key), opinion, passed, at });
    keys.reviews.iter().map(row).collect()
}

/// The filed data with the bureau's ids and numbers; this is where the provider learns them.
pub fn filed(record: &Element) -> Answer {
    answer(Section::Filed, record)
}

/// A whole record that is sent again.
pub fn resent(record: &Element) -> Answer {
    answer(Section::Resent, record)
}

/// A notice that a record was taken off: kind (Zxlb) and id.
pub fn removed(kind: u8, id: u64) -> Answer {
    let row =
        Element::new("Zx_xx").and("Zxlb", kind.to_string()).and("Jlid", id.to_string()).and("Bz", "其他接入商申请注销");
    answer(Section::Removed, &row)
}

fn answer(section: Section, element: &Element) -> Answer {
    Answer { section, xml: element.to_xml() }
}

/// A moment as the interface writes it: local time of China.
pub fn date_and_time(moment: DateTime<Utc>) -> String {
    in_beijing(moment).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The day of a moment in China.
pub fn today(moment: DateTime<Utc>) -> String {
    in_beijing(moment).format("%Y-%m-%d").to_string()
}
