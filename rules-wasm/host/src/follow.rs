//! Following the bus: the releases named in `icp_rules_active` become the active modules of this host, those in
//! `icp_rules_shadow` judge beside them, and the host tells the bus what it runs. A release that is planned for a day is
//! proved at once and held ready; on that day, by the host's own clock, it becomes active.
//!
//! The follower compares the whole buckets with what is active whenever something may have changed: at start,
//! at every entry of the watch, after every reconnect, and once in a while. So a lost message, a wiped bucket or
//! a bus that was away needs no path of its own. Whatever fails leaves the old module active.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream;
use futures::StreamExt;
use icp_domain::Province;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::buckets;
use crate::host::Host;
use crate::memory;
use crate::module::{LoadError, LoadStep, LoadedModule};
use crate::publish::{PublishError, announced_in, bus, fetch_from, shadowed_in};
use crate::shadow::ModuleName;
use crate::signature::Release;
use crate::status::{HostReport, HostStatus, PRESENCE, Refusal, Teller, unix_s};

/// Wait after the first failure; doubles up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(200);
/// Longest wait between two attempts.
const RETRY_MAX: Duration = Duration::from_secs(15);

/// Names that are read from the bus side by side.
const READS_MAX: usize = 16;

/// How a host follows the bus.
#[derive(Debug, Clone)]
pub struct FollowOptions {
    /// Name of this host on the bus: letters, digits, `-` and `_`; no other host may have it.
    pub host: String,
    /// The whole buckets are compared at least this often.
    pub compare_every: Duration,
    /// Changed reports of shadows are told this often.
    pub report_every: Duration,
}

impl FollowOptions {
    /// A name for this process that begins with the service's, and the usual intervals.
    pub fn of_service(name: &str) -> Self {
        Self {
            host: format!("{name}-{:08x}", rand::random::<u32>()),
            compare_every: Duration::from_secs(30),
            report_every: Duration::from_secs(5),
        }
    }
}

/// How a province stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProvinceStatus {
    /// Digest and version of the active module.
    pub active: Option<(String, String)>,
    /// The release that the bus names but that was refused.
    pub refused: Option<(Release, LoadError)>,
    /// The candidate in shadow mode that was refused.
    pub shadow_refused: Option<(Release, LoadError)>,
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
pub fn follow(host: Arc<Host>, jetstream: jetstream::Context, options: FollowOptions) -> Follower {
    let (sender, status) = watch::channel(FollowStatus::default());
    let task = tokio::spawn(async move {
        let mut known = Known { host, options, sender, provinces: BTreeMap::new() };
        let mut wait = RETRY_MIN;
        let mut has_warned = false;
        loop {
            known.switch_due();
            let error = match follow_until_broken(&mut known, &jetstream).await {
                Ok(()) => String::from("the watch ended"),
                Err(error) => error.to_string(),
            };
            if known.sender.borrow().connected {
                (wait, has_warned) = (RETRY_MIN, false);
            }
            // Once per outage; the waits in between say nothing new.
            if !has_warned {
                tracing::warn!(%error, "the rule modules cannot be followed; the active ones stay");
                has_warned = true;
            }
            known.sender.send_if_modified(|status| {
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

/// What the follower remembers over reconnects.
struct Known {
    host: Arc<Host>,
    options: FollowOptions,
    sender: watch::Sender<FollowStatus>,
    provinces: BTreeMap<&'static str, KnownProvince>,
}

#[derive(Default)]
struct KnownProvince {
    active: Option<ModuleName>,
    since_unix_s: u64,
    refused: Option<(Release, LoadError)>,
    /// The candidate that runs, or was refused, and the number of its run.
    shadow: Option<(Release, u64)>,
    shadow_refused: Option<(Release, LoadError)>,
    next: Option<Planned>,
}

/// The release of a plan: held ready, or refused.
struct Planned {
    release: Release,
    outcome: Result<LoadedModule, LoadError>,
}

impl Planned {
    fn module(&self) -> Option<ModuleName> {
        self.outcome.as_ref().ok().map(|module| ModuleName::from(&**module.info()))
    }

    fn refusal(&self) -> Option<Refusal> {
        let error = self.outcome.as_ref().err()?.clone();
        Some(Refusal { release: self.release.clone(), error })
    }
}

async fn follow_until_broken(known: &mut Known, jetstream: &jetstream::Context) -> Result<(), PublishError> {
    let objects = buckets::objects(jetstream).await?;
    let (active, shadow) = (buckets::active(jetstream).await?, buckets::shadow(jetstream).await?);
    let (mut statuses, mut reports) = (Teller::of_status(jetstream).await?, Teller::of_reports(jetstream).await?);
    // First the watch, then the comparison: a change in between is seen by one of them.
    let watching = bus::<async_nats::Error>;
    let of_active = active.watch_all().await.map_err(|error| watching("watch the active releases")(error.into()))?;
    let of_shadow = shadow.watch_all().await.map_err(|error| watching("watch the shadows")(error.into()))?;
    let mut changes = futures::stream::select(of_active, of_shadow);
    let mut compared = None::<Instant>;
    loop {
        if known.switch_due() {
            compared = None;
        }
        // Before the comparison, which may load many modules: whoever waits for all hosts must know of this one.
        let today = known.host.today().to_naive();
        let presence = HostStatus { host: known.options.host.clone(), today, ..HostStatus::default() };
        statuses.tell(PRESENCE, &known.options.host, &presence).await?;
        if known.is_plan_due() || compared.is_none_or(|at| at.elapsed() >= known.options.compare_every) {
            known.compare(&objects, &active, &shadow).await?;
            compared = Some(Instant::now());
        }
        known.tell(&mut statuses, &mut reports).await?;
        match tokio::time::timeout(known.options.report_every.min(known.options.compare_every), changes.next()).await {
            Err(_elapsed) => {}
            Ok(Some(Ok(_entry))) => compared = None,
            Ok(Some(Err(error))) => return Err(bus("watch the releases")(error)),
            Ok(None) => return Ok(()),
        }
    }
}

impl Known {
    /// Makes what the buckets name active, or shadows. A province that the bucket of active releases does not name
    /// keeps its module: an empty bucket is more likely a wiped bus than a wish.
    async fn compare(
        &mut self,
        objects: &jetstream::object_store::ObjectStore,
        active: &jetstream::kv::Store,
        shadow: &jetstream::kv::Store,
    ) -> Result<(), PublishError> {
        let names = Province::ALL.map(|province| async move {
            (province, announced_in(active, province).await, shadowed_in(shadow, province).await)
        });
        let names: Vec<_> = futures::stream::iter(names).buffered(READS_MAX).collect().await;
        for (province, announced, shadowed) in names {
            match announced {
                Ok(Some((announcement, _))) => {
                    let announcement = announcement.on(self.host.today());
                    self.take(objects, province, &announcement.release).await;
                    if let Some(previous) = &announcement.previous
                        && self.host.active(province).is_none()
                    {
                        self.fall_back(objects, province, previous).await;
                    }
                    self.hold_ready(objects, province, announcement.next).await;
                }
                Ok(None) => {}
                Err(error @ PublishError::Damaged(..)) => {
                    tracing::error!(province = province.letters(), %error, "the named release cannot be read");
                }
                Err(error) => return Err(error),
            }
            match shadowed {
                Ok(named) => self.set_shadow(objects, province, named).await,
                Err(error @ PublishError::Damaged(..)) => {
                    tracing::error!(province = province.letters(), %error, "the named shadow cannot be read");
                }
                Err(error) => return Err(error),
            }
            self.note(province);
        }
        self.sender.send_if_modified(|status| {
            let was = status.connected && status.caught_up;
            status.last_error = None;
            status.connected = true;
            status.caught_up = true;
            !was
        });
        Ok(())
    }

    fn province(&mut self, province: Province) -> &mut KnownProvince {
        self.provinces.entry(province.letters()).or_default()
    }

    /// Notes how a province stands now, for those who watch the status.
    fn note(&mut self, province: Province) {
        let active = self.host.active(province).map(|info| ModuleName::from(&*info));
        let known = self.province(province);
        if known.active != active {
            known.active = active;
            known.since_unix_s = unix_s();
        }
        let news = ProvinceStatus {
            active: known.active.clone().map(|name| (name.digest, name.version)),
            refused: known.refused.clone(),
            shadow_refused: known.shadow_refused.clone(),
        };
        if news == ProvinceStatus::default() {
            return;
        }
        self.sender.send_if_modified(|status| {
            let entry = status.provinces.entry(province.letters().to_owned()).or_default();
            std::mem::replace(entry, news.clone()) != news
        });
    }

    /// Takes one release through loading and makes it active, or remembers why not.
    async fn take(&mut self, objects: &jetstream::object_store::ObjectStore, province: Province, release: &Release) {
        let letters = province.letters();
        let is_active = self.host.active(province).is_some_and(|info| info.digest == release.digest);
        if is_active || self.host.reactivate(province, &release.digest) {
            if !is_active {
                tracing::info!(province = letters, rules.digest = %release.digest, "rule module active again");
            }
            self.province(province).refused = None;
            return;
        }
        if stays_refused(self.province(province).refused.as_ref(), release) {
            return;
        }
        let ready = self.province(province).next.take_if(|planned| planned.release == *release);
        let loaded = match ready.map(|planned| planned.outcome) {
            Some(Ok(module)) => Ok(module),
            _ => self.load(objects, province, release).await,
        };
        let outcome = loaded.map(|module| self.host.activate(module));
        self.province(province).refused = match outcome {
            Ok(_info) => {
                tracing::info!(province = letters, rules.digest = %release.digest, rules.version = %release.version, "rule module active");
                None
            }
            Err(error) => {
                tracing::error!(province = letters, rules.digest = %release.digest, %error, "rule module refused; the old one stays active");
                Some((release.clone(), error))
            }
        };
    }

    /// A host that was started after a refusal goes on with the release before, as those do that had it; the refusal
    /// stays on show.
    async fn fall_back(
        &mut self,
        objects: &jetstream::object_store::ObjectStore,
        province: Province,
        previous: &Release,
    ) {
        let refused = self.province(province).refused.take();
        self.take(objects, province, previous).await;
        self.province(province).refused = refused;
    }

    /// Activates what is held ready and whose day has come, and tells whether there was any. Needs no bus, which may be
    /// away at midnight.
    fn switch_due(&mut self) -> bool {
        let today = self.host.today();
        let mut due = Vec::new();
        for known in self.provinces.values_mut() {
            let is_due = |planned: &mut Planned| planned.outcome.is_ok() && planned.release.is_in_force(today);
            due.extend(known.next.take_if(is_due));
        }
        let is_any = !due.is_empty();
        for Planned { release, outcome } in due {
            let Ok(module) = outcome else { continue };
            let info = self.host.activate(module);
            tracing::info!(rules.digest = %release.digest, rules.version = %release.version, province = info.province.letters(), "rule module active from today");
        }
        is_any
    }

    /// Proves the release of a plan now, so that nobody waits for it on its day, nor learns then that it is refused.
    async fn hold_ready(
        &mut self,
        objects: &jetstream::object_store::ObjectStore,
        province: Province,
        planned: Option<Release>,
    ) {
        let known = self.province(province);
        let Some(release) = planned else {
            known.next = None;
            return;
        };
        let is_settled = |held: &Planned| {
            held.release == release && held.outcome.as_ref().err().is_none_or(|error| !error.is_passing())
        };
        if known.next.as_ref().is_some_and(is_settled) {
            return;
        }
        let outcome = self.load(objects, province, &release).await;
        let letters = province.letters();
        match &outcome {
            Ok(_module) => {
                tracing::info!(province = letters, rules.digest = %release.digest, rules.version = %release.version, "rule module held ready for its day");
            }
            Err(error) => {
                tracing::error!(province = letters, rules.digest = %release.digest, %error, "the rule module of a plan is refused");
            }
        }
        self.province(province).next = Some(Planned { release, outcome });
    }

    /// Whether the day of a plan has come.
    fn is_plan_due(&self) -> bool {
        let today = self.host.today();
        let mut planned = self.provinces.values().filter_map(|known| known.next.as_ref());
        planned.any(|planned| planned.release.is_in_force(today))
    }

    /// Begins, keeps or ends the shadow of a province.
    async fn set_shadow(
        &mut self,
        objects: &jetstream::object_store::ObjectStore,
        province: Province,
        named: Option<(Release, u64)>,
    ) {
        let letters = province.letters();
        let known = self.province(province);
        let is_same = known.shadow == named;
        let Some((release, run)) = named else {
            if known.shadow.take().is_some() {
                known.shadow_refused = None;
                self.host.end_shadow(province);
                tracing::info!(province = letters, "the shadow has ended");
            }
            return;
        };
        let stays_refused = stays_refused(known.shadow_refused.as_ref(), &release);
        known.shadow = Some((release.clone(), run));
        let is_active = self.host.active(province).is_some_and(|info| info.digest == release.digest);
        let runs = self.host.shadow_report(province).is_some_and(|report| report.candidate.digest == release.digest);
        if is_active || stays_refused || (is_same && runs) {
            return;
        }
        let outcome = self.load(objects, province, &release).await.map(|module| self.host.shadow(module));
        self.province(province).shadow_refused = match outcome {
            Ok(_info) => {
                tracing::info!(province = letters, rules.digest = %release.digest, rules.version = %release.version, "rule module in shadow");
                None
            }
            Err(error) => {
                tracing::error!(province = letters, rules.digest = %release.digest, %error, "the candidate of a shadow is refused");
                self.host.end_shadow(province);
                Some((release, error))
            }
        };
    }

    async fn load(
        &self,
        objects: &jetstream::object_store::ObjectStore,
        province: Province,
        release: &Release,
    ) -> Result<LoadedModule, LoadError> {
        let stored =
            fetch_from(objects, &release.digest).await.map_err(|error| LoadError::new(LoadStep::Fetch, error))?;
        let (host, release) = (Arc::clone(&self.host), release.clone());
        let load = move || {
            let loaded = host.load(province, &stored.module, &release, &stored.vectors);
            drop(stored);
            memory::give_back();
            loaded
        };
        tokio::task::spawn_blocking(load).await.unwrap_or_else(|error| Err(LoadError::new(LoadStep::Compile, error)))
    }

    /// Tells the bus how this host stands, and what its shadows found.
    async fn tell(&mut self, statuses: &mut Teller, reports: &mut Teller) -> Result<(), PublishError> {
        let host = self.options.host.clone();
        for province in Province::ALL {
            let Some(known) = self.provinces.get(province.letters()) else { continue };
            let refusal = |refused: &Option<(Release, LoadError)>| {
                refused.clone().map(|(release, error)| Refusal { release, error })
            };
            let report = self.host.shadow_report(province);
            let has_news = known.active.is_some() || known.refused.is_some() || known.shadow.is_some();
            if has_news || known.next.is_some() {
                let status = HostStatus {
                    host: host.clone(),
                    active: known.active.clone(),
                    since_unix_s: known.since_unix_s,
                    refused: refusal(&known.refused),
                    shadow: report.as_ref().map(|report| report.candidate.clone()),
                    shadow_refused: refusal(&known.shadow_refused),
                    planned: known.next.as_ref().and_then(Planned::module),
                    planned_refused: known.next.as_ref().and_then(Planned::refusal),
                    today: None,
                };
                statuses.tell(province.letters(), &host, &status).await?;
            }
            if let (Some(report), Some((_, run))) = (report, &known.shadow) {
                reports.tell(province.letters(), &host, &HostReport { host: host.clone(), run: *run, report }).await?;
            }
        }
        Ok(())
    }
}

/// What was refused for what it is stays refused; what could not be fetched, or was too slow today, is tried again.
fn stays_refused(refused: Option<&(Release, LoadError)>, release: &Release) -> bool {
    refused.is_some_and(|(refused, error)| refused == release && !error.is_passing())
}
