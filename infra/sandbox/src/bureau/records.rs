//! The records of a download (interface document notes §8.6): results, reviews and filed data.

use chrono::{DateTime, Datelike, Utc};

use super::Finding;
use super::new_filing::NewFiling;
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
}

/// One record that waits to be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where it goes.
    pub section: Section,
    /// The record's element.
    pub xml: String,
}

/// Numbers of an organiser and its websites.
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

    /// The number of the website at this position, from 0.
    pub fn website(&self, position: usize) -> String {
        format!("{}-{}", self.organiser, position + 1)
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

/// The filed data with the bureau's ids and numbers; this is where the provider learns them.
pub fn filed(record: &NewFiling, number: &FilingNumber, next_bureau_id: &mut u64, now: DateTime<Utc>) -> Answer {
    let mut new_id = || {
        *next_bureau_id += 1;
        next_bureau_id.to_string()
    };
    let today = in_beijing(now).format("%Y-%m-%d").to_string();
    let mut organiser = Element::new("Zt_xx");
    copy(&record.organiser, &["IspZtid"], &mut organiser);
    organiser = organiser.and("Ztid", new_id());
    let kept = ["Dwmc", "Dwxz", "Tzr", "Txdz", "Zj", "Fzr"];
    copy(&record.organiser, &kept, &mut organiser);
    organiser = organiser
        .and("Baxh", number.organiser.as_str())
        .and("Bbyhlx", "1")
        .and("Scbbsj", today.as_str())
        .and("Zjxgsj", today.as_str())
        .and("Shrxm", "沙盒审核员")
        .and("Shsj", date_and_time(now));

    let mut filing = Element::new("Baxx");
    filing.children.push(organiser);
    for (position, website) in record.websites.iter().enumerate() {
        let number = number.website(position);
        let website = filed_website(website, record.isp_id, &number, &mut new_id);
        filing.children.push(website);
    }
    answer(Section::Filed, &filing)
}

fn filed_website(website: &Element, isp_id: u64, number: &str, new_id: &mut impl FnMut() -> String) -> Element {
    let mut filed = Element::new("Wz_xx");
    copy(website, &["IspWzid"], &mut filed);
    filed = filed.and("Wzid", new_id());
    copy(website, &["Wzmc", "Nrlx", "Fwnr", "Yylb"], &mut filed);
    for domain in website.all("Ym_xx") {
        let mut entry = Element::new("Ym_xx");
        copy(domain, &["IspYmid"], &mut entry);
        entry = entry.and("Ymid", new_id());
        copy(domain, &["Ym"], &mut entry);
        filed.children.push(entry);
    }
    for access in website.all("Jr_xx") {
        let mut entry = Element::new("Jr_xx");
        copy(access, &["IspJrid"], &mut entry);
        entry = entry.and("Jrid", new_id()).and("Ispid", isp_id.to_string());
        copy(access, &["Wzfb", "Wzjrfs"], &mut entry);
        for range in access.all("Ip_xx") {
            let mut addresses = Element::new("Ip_xx");
            copy(range, &["IspIpid"], &mut addresses);
            addresses = addresses.and("Ipid", new_id());
            copy(range, &["Qsip", "Zzip"], &mut addresses);
            entry.children.push(addresses);
        }
        filed.children.push(entry);
    }
    copy(website, &["Wz_Fzr", "Syurl", "Wz_Bz"], &mut filed);
    filed.and("Baxh", number)
}

/// Copies every child with one of the names, in the order of the names.
fn copy(from: &Element, names: &[&str], to: &mut Element) {
    for name in names {
        to.children.extend(from.all(name).cloned());
    }
}

fn answer(section: Section, element: &Element) -> Answer {
    Answer { section, xml: element.to_xml() }
}

fn date_and_time(moment: DateTime<Utc>) -> String {
    in_beijing(moment).format("%Y-%m-%d %H:%M:%S").to_string()
}
