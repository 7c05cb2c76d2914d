//! What a test can make the bureau do: settings, and faults of the next calls.

use std::collections::HashMap;

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

/// Texts of the two automatic returns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsTexts {
    /// The window passed.
    pub timeout: String,
    /// Too many wrong entries.
    pub wrong: String,
}

/// What can be changed while the bureau runs.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// Uploads answer 901.
    pub upload_maintenance: bool,
    /// Downloads answer 902.
    pub download_maintenance: bool,
    /// Uploads outside of it answer 20. Time of day in Beijing, on the sandbox's clock.
    pub upload_window: Option<UploadWindow>,
    /// Accounts whose right to report is closed (19).
    pub closed_accounts: Vec<u64>,
    /// Files of an account that may wait for their checks; more answer 15.
    pub queued_files_max: usize,
    /// Texts of the automatic returns.
    pub sms_texts: SmsTexts,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            upload_maintenance: false,
            download_maintenance: false,
            upload_window: None,
            closed_accounts: Vec::new(),
            queued_files_max: 5000,
            sms_texts: SmsTexts {
                timeout: "短信核验超时，自动退回".to_owned(),
                wrong: "短信核验错误次数超限，自动退回".to_owned(),
            },
        }
    }
}

/// Times of day between which uploads are taken; it may span midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadWindow {
    /// First moment, `HH:MM:SS`.
    pub from: NaiveTime,
    /// First moment that is too late, `HH:MM:SS`.
    pub to: NaiveTime,
}

impl UploadWindow {
    /// Whether uploads are taken at this time of day.
    pub fn contains(self, time: NaiveTime) -> bool {
        if self.from <= self.to { self.from <= time && time < self.to } else { self.from <= time || time < self.to }
    }
}

impl std::fmt::Display for UploadWindow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (from, to) = (self.from.format("%H:%M"), self.to.format("%H:%M"));
        write!(formatter, "{from}-{to}")
    }
}

/// A change of the settings: only what is named changes.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    upload_maintenance: Option<bool>,
    download_maintenance: Option<bool>,
    upload_window: Option<UploadWindow>,
    #[serde(default)]
    clear_upload_window: bool,
    closed_accounts: Option<Vec<u64>>,
    queued_files_max: Option<usize>,
    sms_timeout_text: Option<String>,
    sms_wrong_text: Option<String>,
}

impl Settings {
    /// Applies a change.
    pub fn apply(&mut self, change: SettingsChange) {
        fn replace<T>(value: &mut T, by: Option<T>) {
            if let Some(by) = by {
                *value = by;
            }
        }
        replace(&mut self.upload_maintenance, change.upload_maintenance);
        replace(&mut self.download_maintenance, change.download_maintenance);
        if change.clear_upload_window {
            self.upload_window = None;
        }
        if change.upload_window.is_some() {
            self.upload_window = change.upload_window;
        }
        replace(&mut self.closed_accounts, change.closed_accounts);
        replace(&mut self.queued_files_max, change.queued_files_max);
        replace(&mut self.sms_texts.timeout, change.sms_timeout_text);
        replace(&mut self.sms_texts.wrong, change.sms_wrong_text);
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The call answers a code and has no effect.
    MsgCode,
    /// The call has its effect, then the connection closes without an answer.
    DropResponse,
    /// The call waits before it begins.
    Delay,
}

/// A fault of the next calls of an operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Name of the operation, e.g. `isp_upload`.
    pub operation: String,
    /// The code of [`FaultKind::MsgCode`].
    #[serde(default)]
    pub code: Option<u16>,
    /// The wait of [`FaultKind::Delay`].
    #[serde(default)]
    pub delay_ms: Option<u64>,
    /// For how many calls.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// What is missing in the fault, if anything.
    pub fn problem(&self) -> Option<&'static str> {
        const OPERATIONS: [&str; 5] =
            ["isp_upload", "isp_download", "isp_downloadack", "isp_querypreviousupload", "isp_querybeianstatus"];
        if !OPERATIONS.contains(&self.operation.as_str()) {
            return Some("`operation` is not one of the isp_ operations");
        }
        match self.kind {
            FaultKind::MsgCode if self.code.is_none() => Some("`code` is missing"),
            FaultKind::Delay if self.delay_ms.is_none() => Some("`delay_ms` is missing"),
            _ => None,
        }
    }
}

/// Faults that wait, by operation.
#[derive(Debug, Default)]
pub struct Faults(HashMap<String, Vec<Fault>>);

impl Faults {
    /// Queues a fault behind those that wait for the same operation.
    pub fn add(&mut self, fault: Fault) {
        let waiting = self.0.entry(fault.operation.clone()).or_default();
        waiting.push(fault);
    }

    /// The fault that the present call meets, if any; counts it.
    pub fn take(&mut self, operation: &str) -> Option<Fault> {
        let waiting = self.0.get_mut(operation)?;
        waiting.retain(|fault| fault.times > 0);
        let fault = waiting.first_mut()?;
        fault.times -= 1;
        Some(fault.clone())
    }

    /// Forgets every fault.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_window_may_span_midnight() {
        let time = |text: &str| text.parse::<NaiveTime>().unwrap();
        let window = |from, to| UploadWindow { from: time(from), to: time(to) };
        let day = window("08:00:00", "20:00:00");
        assert!(day.contains(time("08:00:00")) && !day.contains(time("20:00:00")));
        let night = window("22:00:00", "06:00:00");
        assert!(night.contains(time("23:00:00")) && night.contains(time("05:59:59")));
        assert!(!night.contains(time("12:00:00")));
        assert_eq!(night.to_string(), "22:00-06:00");
    }

    #[test]
    fn faults_are_counted_and_queue() {
        let fault = |code, times| Fault {
            kind: FaultKind::MsgCode,
            operation: "isp_upload".to_owned(),
            code: Some(code),
            delay_ms: None,
            times,
        };
        let mut faults = Faults::default();
        faults.add(fault(901, 2));
        faults.add(fault(15, 1));
        let mut next = || faults.take("isp_upload").and_then(|it| it.code);
        assert_eq!([next(), next(), next(), next()], [Some(901), Some(901), Some(15), None]);
    }
}
