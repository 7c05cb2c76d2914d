//! Following the bus: the releases named in `icp_rules_active` become the active modules of this host.
//!
//! The follower compares the whole bucket with what is active whenever something may have changed: at start,
//! at every entry of the watch, after every reconnect, and once in a while. So a lost message, a wiped bucket or
//! a bus that was away needs no path of its own. Whatever fails leaves the old module active.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use futures::StreamExt;
use icp_domain::Province;
use icp_rules_sdk::vector::Vector;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::host::Host;
use crate::module::{LoadError, LoadStep};
use crate::publish::{PublishError, active, bus, objects, vectors_object};
use crate::signature::Release;

/// Wait after the first failure; doubles up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(200);
/// Longest wait between two attempts.
const RETRY_MAX: Duration = Duration::from_secs(15);
/// The whole bucket is compared at least this often, unless asked otherwise.
const COMPARE_EVERY: Duration = Duration::from_secs(30);

/// How a province stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProvinceStatus {
    /// Digest and version of the active module.
    pub active: Option<(String, String)>,
    /// The release that the bus names but that was refused.
    pub refused: Option<(Release, LoadError)>,
}

/// How the follower stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowStatus {
    /// Whether the bus answers.
    pub connected: bool,
    /// Why the bus could not be followed the last time; none while it is.
    pub last_error: Option<String>,
    /// Whether the bucket was read completely at least once: only then a missing module is really missing.
    pub caught_up: bool,
    /// Provinces by their letters.
    pub provinces: BTreeMap<String, ProvinceStatus>,
}

/// A running follower; it ends when this is dropped.
#[derive(Debug)]
pub struct Follower {
    status: watch::Receiver<FollowStatus>,
    task: JoinHandle<()>,
}

impl Follower {
    /// How it stands, now and at every change.
    pub fn status(&self) -> watch::Receiver<FollowStatus> {
        self.status.clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts to follow. Retries for ever with a growing wait.
pub fn follow(host: Arc<Host>, jetstream: jetstream::Context) -> Follower {
    follow_comparing_every(host, jetstream, COMPARE_EVERY)
}

/// As [`follow`], with another interval between two comparisons of the whole bucket.
pub fn follow_comparing_every(host: Arc<Host>, jetstream: jetstream::Context, compare_every: Duration) -> Follower {
    let (sender, status) = watch::channel(FollowStatus::default());
    let task = tokio::spawn(async move {
        let mut wait = RETRY_MIN;
        let mut has_warned = false;
        loop {
            let error = match follow_until_broken(&host, &jetstream, &sender, compare_every).await {
                Ok(()) => String::from("the watch ended"),
                Err(error) => error.to_string(),
            };
            if sender.borrow().connected {
                (wait, has_warned) = (RETRY_MIN, false);
            }
            // Once per outage; the waits in between say nothing new.
            if !has_warned {
                tracing::warn!(%error, "the rule modules cannot be followed; the active ones stay");
                has_warned = true;
            }
            sender.send_if_modified(|status| {
                let is_same = status.last_error.replace(error.clone()).as_ref() == Some(&error);
                let was_connected = std::mem::replace(&mut status.connected, false);
                was_connected || !is_same
            });
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_MAX);
        }
    });
    Follower { status, task }
}

async fn follow_until_broken(
    host: &Arc<Host>,
    jetstream: &jetstream::Context,
    sender: &watch::Sender<FollowStatus>,
    compare_every: Duration,
) -> Result<(), PublishError> {
    let objects = objects(jetstream).await?;
    let bucket = active(jetstream).await?;
    // First the watch, then the comparison: a change in between is seen by one of them.
    let mut changes = bucket.watch_all().await.map_err(bus("watch the active releases"))?;
    loop {
        compare(host, &objects, &bucket, sender).await?;
        match tokio::time::timeout(compare_every, changes.next()).await {
            Err(_elapsed) => {}
            Ok(Some(Ok(_entry))) => {}
            Ok(Some(Err(error))) => return Err(bus("watch the active releases")(error)),
            Ok(None) => return Ok(()),
        }
    }
}

/// Makes what the bucket names active. A province that the bucket does not name keeps its module: an empty
/// bucket is more likely a wiped bus than a wish.
async fn compare(
    host: &Arc<Host>,
    objects: &jetstream::object_store::ObjectStore,
    bucket: &jetstream::kv::Store,
    sender: &watch::Sender<FollowStatus>,
) -> Result<(), PublishError> {
    for province in Province::ALL {
        let entry = bucket.get(province.letters()).await.map_err(bus("read the active releases"))?;
        let Some(value) = entry else { continue };
        let outcome = match serde_json::from_slice::<Release>(&value) {
            Err(error) => {
                tracing::error!(province = province.letters(), %error, "the named release cannot be read");
                continue;
            }
            Ok(release) => take(host, objects, province, &release, sender).await?,
        };
        sender.send_if_modified(|status| {
            let entry = status.provinces.entry(province.letters().to_owned()).or_default();
            let news = ProvinceStatus { active: active_of(host, province), refused: outcome };
            std::mem::replace(entry, news.clone()) != news
        });
    }
    sender.send_if_modified(|status| {
        let was = status.connected && status.caught_up;
        status.last_error = None;
        status.connected = true;
        status.caught_up = true;
        !was
    });
    Ok(())
}

fn active_of(host: &Host, province: Province) -> Option<(String, String)> {
    host.active(province).map(|info| (info.digest.clone(), info.version().to_owned()))
}

/// Takes one release through loading; answers with the refusal, if any. Errors are those of the bus.
async fn take(
    host: &Arc<Host>,
    objects: &jetstream::object_store::ObjectStore,
    province: Province,
    release: &Release,
    sender: &watch::Sender<FollowStatus>,
) -> Result<Option<(Release, LoadError)>, PublishError> {
    if host.active(province).is_some_and(|info| info.digest == release.digest) {
        return Ok(None);
    }
    let known = sender.borrow().provinces.get(province.letters()).and_then(|status| status.refused.clone());
    // What was refused for what it is stays refused; what could not be fetched is tried again.
    if let Some((refused, error)) = known.filter(|(refused, error)| refused == release && error.step != LoadStep::Fetch)
    {
        return Ok(Some((refused, error)));
    }
    let outcome = match fetch(objects, release).await {
        Err(reason) => Err(LoadError::new(LoadStep::Fetch, reason)),
        Ok((module, vectors)) => load(host, province, release.clone(), module, vectors).await,
    };
    match outcome {
        Ok(()) => {
            tracing::info!(province = province.letters(), rules.digest = %release.digest, rules.version = %release.version, "rule module active");
            Ok(None)
        }
        Err(error) => {
            tracing::error!(province = province.letters(), rules.digest = %release.digest, %error, "rule module refused; the old one stays active");
            Ok(Some((release.clone(), error)))
        }
    }
}

async fn fetch(
    objects: &jetstream::object_store::ObjectStore,
    release: &Release,
) -> Result<(Vec<u8>, Vec<Vector>), String> {
    let module = read(objects, &release.digest).await?;
    let vectors = match read(objects, &vectors_object(&release.digest)).await {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| format!("the vectors cannot be read: {error}"))?,
        Err(_missing) => Vec::new(),
    };
    Ok((module, vectors))
}

async fn read(objects: &jetstream::object_store::ObjectStore, name: &str) -> Result<Vec<u8>, String> {
    let mut object = objects.get(name).await.map_err(|error| format!("{name}: {error}"))?;
    let mut bytes = Vec::new();
    object.read_to_end(&mut bytes).await.map_err(|error| format!("{name}: {error}"))?;
    Ok(bytes)
}

async fn load(
    host: &Arc<Host>,
    province: Province,
    release: Release,
    module: Vec<u8>,
    vectors: Vec<Vector>,
) -> Result<(), LoadError> {
    let host = Arc::clone(host);
    tokio::task::spawn_blocking(move || {
        let module = host.load(province, &module, &release, &vectors)?;
        host.activate(module);
        Ok(())
    })
    .await
    .unwrap_or_else(|error| Err(LoadError::new(LoadStep::Compile, error)))
}
