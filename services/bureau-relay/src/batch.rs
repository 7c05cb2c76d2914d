//! Which waiting records go into the next upload, and when.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::wire::block::DOCUMENT_OVERHEAD_BYTES;
use crate::wire::envelope::{MAX_RECORDS, MAX_XML_BYTES};

/// Limits of one upload; the interface's own limits hold in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchLimits {
    /// Most filings in one upload (interface: 1,000).
    pub max_filings: usize,
    /// Most bytes of XML in one upload (interface: 50 MB).
    pub max_bytes: usize,
    /// How long a filing waits for others before it is sent with what is there.
    pub max_wait_ms: u64,
}

/// A record that waits to be uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Bytes of its XML.
    pub bytes: usize,
    /// Records of the schema in it: V3.0 reports each access alone.
    pub records: usize,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// It must go alone, because a file with it was refused as a whole.
    pub alone: bool,
}

/// How many of the records (oldest first) go into an upload now; 0 = wait for more.
pub fn records_for_next_file(waiting: &[Waiting], limits: &BatchLimits, now: DateTime<Utc>) -> usize {
    let max_count = limits.max_filings.max(1);
    let max_bytes = limits.max_bytes.min(MAX_XML_BYTES).saturating_sub(DOCUMENT_OVERHEAD_BYTES);
    let Some(oldest) = waiting.first() else { return 0 };
    if oldest.alone {
        return 1;
    }
    let mut count = 0;
    let (mut bytes, mut records) = (0_usize, 0_usize);
    for record in waiting.iter().take(max_count) {
        bytes = bytes.saturating_add(record.bytes);
        records = records.saturating_add(record.records);
        if record.alone || (count > 0 && (bytes > max_bytes || records > MAX_RECORDS)) {
            break;
        }
        count += 1;
    }
    let is_full = count == max_count || count < waiting.len();
    let wait = Duration::from_millis(limits.max_wait_ms);
    let waited_long_enough = (now - oldest.since).to_std().is_ok_and(|waited| waited >= wait);
    if is_full || waited_long_enough { count } else { 0 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    fn record(bytes: usize, seconds: i64) -> Waiting {
        Waiting { bytes, records: 1, since: at(seconds), alone: false }
    }

    #[test]
    fn table() {
        let limits = BatchLimits { max_filings: 3, max_bytes: 1_000 + 256, max_wait_ms: 5_000 };
        let alone = Waiting { alone: true, ..record(10, 0) };
        let cases: [(&str, Vec<Waiting>, i64, usize); 9] = [
            ("nothing waits", vec![], 0, 0),
            ("too young and too few", vec![record(10, 0), record(10, 1)], 4, 0),
            ("the oldest has waited", vec![record(10, 0), record(10, 1)], 5, 2),
            ("full by count", vec![record(10, 0); 4], 0, 3),
            ("exactly full", vec![record(10, 0); 3], 0, 3),
            ("full by bytes", vec![record(600, 0), record(600, 0)], 0, 1),
            ("one record may be larger than the setting", vec![record(5_000, 0)], 5, 1),
            ("a record that must go alone", vec![alone, record(10, 0)], 0, 1),
            ("a record before one that must go alone", vec![record(10, 0), alone], 0, 1),
        ];
        for (what, waiting, now, expected) in cases {
            assert_eq!(records_for_next_file(&waiting, &limits, at(now)), expected, "{what}");
        }
    }

    #[test]
    fn the_limits_of_the_interface_hold_whatever_is_set() {
        let limits = BatchLimits { max_filings: 5_000, max_bytes: usize::MAX, max_wait_ms: 0 };
        assert_eq!(records_for_next_file(&vec![record(10, 0); 2_000], &limits, at(0)), 1_000);
        let many_records = vec![Waiting { records: 64, ..record(10, 0) }; 2_000];
        assert_eq!(records_for_next_file(&many_records, &limits, at(0)), 15);
        let large = vec![record(20 * 1024 * 1024, 0); 3];
        assert_eq!(records_for_next_file(&large, &limits, at(0)), 2);
    }
}
