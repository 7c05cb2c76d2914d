//! Files of operators and rule authors, and what hosts of rule modules fetch from the bus.

use chrono::{DateTime, NaiveDate};
use icp_domain::{Calendar, Severity};
use icp_intake::bureau_results::{BureauResults, Told};
use icp_rules_host::Release;
use icp_rules_sdk::batch::judge;
use icp_rules_sdk::national::NATIONAL;
use icp_rules_sdk::vector::Vector;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Outcome, company, named};

/// The first line names the file: `calendar` of working days, `bureau-results`, `cron` (a line of the configuration),
/// `stock-frame` (a filing of the compact stock), `vectors` and `release` of a stored rule module.
pub fn file(input: &[u8]) -> Outcome {
    let (kind, rest) = named(input);
    let text = String::from_utf8_lossy(rest);
    match kind {
        "calendar" => calendar(&text),
        "bureau-results" => bureau_results(&text),
        "cron" => cron(&text),
        "stock-frame" => stock_frame(rest),
        "vectors" => reads_back::<Vec<Vector>>(rest),
        "release" => reads_back::<Release>(rest),
        _ => Outcome::Refused,
    }
}

/// So many working days later is a working day, and counting back gives the same.
fn calendar(text: &str) -> Outcome {
    const DAYS: u32 = 5;
    let calendar: Result<Calendar, _> = toml::from_str(text);
    if let (Ok(calendar), Some(day)) = (&calendar, NaiveDate::from_ymd_opt(2026, 9, 30)) {
        let due = calendar.working_days_after(day, DAYS);
        assert!(due > day && calendar.is_working_day(due), "{due}");
        assert_eq!(calendar.working_days_between(day, due), DAYS as usize);
    }
    Outcome::of(&calendar)
}

/// Whatever a bureau answers becomes something that the applicant must mend, with a code and a remedy.
fn bureau_results(text: &str) -> Outcome {
    let table: Result<BureauResults, _> = toml::from_str(text);
    if let Ok(table) = &table {
        let told = |code, text: &str| Told { code, field: String::new(), text: String::from(text) };
        let results = [told(1002, "网站名称不规范；手机号码有误"), told(u32::MAX, "")];
        let findings = table.findings(&results, false, company());
        assert!(!findings.is_empty(), "a refusal without a finding");
        assert!(findings.iter().all(|(finding, _)| finding.severity == Severity::Block));
    }
    Outcome::of(&table)
}

fn cron(text: &str) -> Outcome {
    let after = DateTime::UNIX_EPOCH;
    let next = icp_schedule::cron::next_occurrence(text.trim(), after);
    assert!(next.as_ref().is_ok_and(|next| *next > after) || next.is_err());
    Outcome::of(&next)
}

fn stock_frame(frame: &[u8]) -> Outcome {
    match icpctl::read_frame(frame) {
        Ok((_, _, case)) => Outcome::of(&judge(&NATIONAL, case)),
        Err(_) => Outcome::Refused,
    }
}

fn reads_back<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Outcome {
    let read: Result<T, _> = serde_json::from_slice(bytes);
    if let Ok(value) = &read {
        let written = serde_json::to_value(value).unwrap_or_default();
        let again =
            serde_json::from_value::<T>(written.clone()).ok().and_then(|again| serde_json::to_value(again).ok());
        assert_eq!(again, Some(written), "what was written reads otherwise");
    }
    Outcome::of(&read)
}
