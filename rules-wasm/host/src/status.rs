//! What each host tells the bus: which modules it runs, what it refused and why, what its shadows found. The tools
//! read it; no host depends on another one's.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_nats::jetstream::{self, kv};
use chrono::NaiveDate;
use futures::StreamExt;
use icp_domain::Province;
use icp_rules_sdk::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::buckets;
use crate::host::today_in_china;
use crate::module::LoadError;
use crate::publish::{PublishError, bus};
use crate::shadow::{ModuleName, ShadowReport};
use crate::signature::Release;

/// An unchanged status is told again this often, so that a living host can be told from a dead one.
const REPEAT_EVERY: Duration = Duration::from_secs(60);

/// In place of a province's letters: that a host is there at all.
pub const PRESENCE: &str = "host";

/// How a province stands on one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStatus {
    /// The host.
    pub host: String,
    /// The module that it judges with.
    pub active: Option<ModuleName>,
    /// When that module became active there, seconds since 1970.
    pub since_unix_s: u64,
    /// The release that the bus names but this host refused.
    pub refused: Option<Refusal>,
    /// The candidate that judges beside it.
    pub shadow: Option<ModuleName>,
    /// The candidate that this host refused.
    pub shadow_refused: Option<Refusal>,
    /// The release of a plan that it holds ready.
    #[serde(default)]
    pub planned: Option<ModuleName>,
    /// The release of a plan that it refused.
    #[serde(default)]
    pub planned_refused: Option<Refusal>,
    /// Under [`PRESENCE`]: the day, as its clock has it.
    #[serde(default)]
    pub today: Option<NaiveDate>,
}

/// A release that a host refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What was refused.
    pub release: Release,
    /// At which step and why.
    pub error: LoadError,
}

/// The report of one host on one run of a shadow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostReport {
    /// The host.
    pub host: String,
    /// Number of the run: every time that a candidate is named begins a new one.
    pub run: u64,
    /// What was found.
    pub report: ShadowReport,
}

/// The statuses of all living hosts by the letters of the province; under [`PRESENCE`] one of every host, also of those
/// that have nothing to say about any province yet.
///
/// # Errors
/// When the bus refuses.
pub async fn statuses(jetstream: &jetstream::Context) -> Result<BTreeMap<String, Vec<HostStatus>>, PublishError> {
    read_all(&buckets::status(jetstream).await?, |_| true).await
}

/// The day by the hosts' clock, which the sandbox may have moved; the earliest where they differ, and this machine's
/// where there are none.
///
/// # Errors
/// When the bus refuses.
pub async fn today(jetstream: &jetstream::Context) -> Result<Date, PublishError> {
    let bucket = buckets::status(jetstream).await?;
    let mut hosts: BTreeMap<String, Vec<HostStatus>> = read_all(&bucket, |group| group == PRESENCE).await?;
    let days = hosts.remove(PRESENCE).unwrap_or_default().into_iter().filter_map(|host| host.today);
    Ok(days.min().map_or_else(today_in_china, Date::from))
}

/// The reports on the last run of a province's shadow, merged over all hosts; none when no host has one. Where hosts
/// have compared other modules than the first one, theirs are left out and their number is told beside it.
///
/// # Errors
/// When the bus refuses.
pub async fn merged_report(
    jetstream: &jetstream::Context,
    province: Province,
) -> Result<Option<MergedReport>, PublishError> {
    let mut all: BTreeMap<String, Vec<HostReport>> =
        read_all(&buckets::report(jetstream).await?, |group| group == province.letters()).await?;
    let mut reports = all.remove(province.letters()).unwrap_or_default();
    let Some(run) = reports.iter().map(|report| report.run).max() else { return Ok(None) };
    reports.retain(|report| report.run == run);
    // The measure of most orders is the measure; a host that is behind with a swap has another one.
    reports.sort_by_key(|report| std::cmp::Reverse(report.report.judged));
    let mut reports = reports.into_iter();
    let Some(first) = reports.next() else { return Ok(None) };
    let mut merged = MergedReport { hosts: vec![first.host], left_out: Vec::new(), report: first.report };
    for next in reports {
        if next.report.compares_as(&merged.report) {
            merged.report.merge(&next.report);
            merged.hosts.push(next.host);
        } else {
            merged.left_out.push(next.host);
        }
    }
    Ok(Some(merged))
}

/// The reports of several hosts as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MergedReport {
    /// Whose reports it holds.
    pub hosts: Vec<String>,
    /// Hosts that compared other modules.
    pub left_out: Vec<String>,
    /// The sum.
    pub report: ShadowReport,
}

/// What was told under the groups that are wanted: a group is what stands before the first dot of a key.
async fn read_all<T: DeserializeOwned>(
    bucket: &kv::Store,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, Vec<T>>, PublishError> {
    let mut keys = bucket.keys().await.map_err(bus("list what the hosts told"))?;
    let mut values: BTreeMap<String, Vec<T>> = BTreeMap::new();
    while let Some(key) = keys.next().await {
        let key = key.map_err(bus("list what the hosts told"))?;
        let group = key.split('.').next().unwrap_or_default();
        if !is_wanted(group) {
            continue;
        }
        let Some(value) = bucket.get(&key).await.map_err(bus("read what the hosts told"))? else { continue };
        // A host of another version may tell more or less than this one understands.
        let Ok(value) = serde_json::from_slice(&value) else { continue };
        values.entry(group.to_owned()).or_default().push(value);
    }
    Ok(values)
}

/// Tells the bus what changed, and what has not changed for a while.
pub(crate) struct Teller {
    bucket: kv::Store,
    repeat_every: Option<Duration>,
    told: BTreeMap<String, (Vec<u8>, Instant)>,
}

impl Teller {
    /// Statuses are repeated: they fade away with their host.
    pub(crate) async fn of_status(jetstream: &jetstream::Context) -> Result<Self, PublishError> {
        let bucket = buckets::status(jetstream).await?;
        Ok(Self { bucket, repeat_every: Some(REPEAT_EVERY), told: BTreeMap::new() })
    }

    /// Reports are told when they change.
    pub(crate) async fn of_reports(jetstream: &jetstream::Context) -> Result<Self, PublishError> {
        Ok(Self { bucket: buckets::report(jetstream).await?, repeat_every: None, told: BTreeMap::new() })
    }

    pub(crate) async fn tell<T: Serialize>(&mut self, group: &str, host: &str, value: &T) -> Result<(), PublishError> {
        let key = format!("{group}.{host}");
        let bytes = serde_json::to_vec(value).map_err(PublishError::Json)?;
        let is_fresh = |at: &Instant| self.repeat_every.is_none_or(|every| at.elapsed() < every);
        if self.told.get(&key).is_some_and(|(told, at)| *told == bytes && is_fresh(at)) {
            return Ok(());
        }
        self.bucket.put(&key, bytes.clone().into()).await.map_err(bus("tell what this host runs"))?;
        self.told.insert(key, (bytes, Instant::now()));
        Ok(())
    }
}

pub(crate) fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
