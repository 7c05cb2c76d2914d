//! Shadow mode: a candidate judges the same live orders as the active module, on a thread of its own. The verdict
//! of the active module never waits for it; what does not fit into the bounded queue is dropped and counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use icp_rules_sdk::{Context, Finding, Order, Severity};
use serde::{Deserialize, Serialize};

use crate::config::HostConfig;
use crate::engine::Clock;
use crate::module::{LoadedModule, ModuleInfo};

/// Digest and version of a module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleName {
    /// SHA-256 of the module, hexadecimal.
    pub digest: String,
    /// Version of the rule book.
    pub version: String,
}

impl From<&ModuleInfo> for ModuleName {
    fn from(info: &ModuleInfo) -> Self {
        Self { digest: info.digest.clone(), version: info.version().to_owned() }
    }
}

/// How often a rule said something else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleDifference {
    /// Findings that only the candidate has.
    pub appeared: u64,
    /// Findings that only the active module has.
    pub vanished: u64,
    /// Findings of both with another severity.
    pub severity_changed: u64,
}

/// What a candidate said otherwise than the active module. Holds no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowReport {
    /// Whose findings are the measure.
    pub active: ModuleName,
    /// Whose findings are compared with it.
    pub candidate: ModuleName,
    /// Orders that both judged.
    pub judged: u64,
    /// Orders with the same findings.
    pub same: u64,
    /// Orders with other findings.
    pub differing: u64,
    /// Orders that the candidate could not judge.
    pub unjudged: u64,
    /// Orders that were not compared because the shadow was behind.
    pub dropped: u64,
    /// What differs, by rule.
    pub rules: BTreeMap<String, RuleDifference>,
    /// Ids of some differing orders.
    pub examples: Vec<String>,
}

impl ShadowReport {
    /// Adds the report of another host, unless it compares other modules.
    pub fn merge(&mut self, other: &Self) {
        if !self.compares_as(other) {
            return;
        }
        self.judged += other.judged;
        self.same += other.same;
        self.differing += other.differing;
        self.unjudged += other.unjudged;
        self.dropped += other.dropped;
        for (rule, difference) in &other.rules {
            let sum = self.rules.entry(rule.clone()).or_default();
            sum.appeared += difference.appeared;
            sum.vanished += difference.vanished;
            sum.severity_changed += difference.severity_changed;
        }
        let new = other.examples.iter().filter(|id| !self.examples.contains(id)).cloned().collect::<Vec<_>>();
        self.examples.extend(new);
    }

    /// Whether the other report compares the same two modules.
    pub fn compares_as(&self, other: &Self) -> bool {
        (&self.active, &self.candidate) == (&other.active, &other.candidate)
    }

    fn count(&mut self, order_id: &str, active: &[Finding], candidate: &[Finding], examples_max: usize) {
        self.judged += 1;
        let differences = compare(active, candidate);
        if differences.is_empty() {
            self.same += 1;
            return;
        }
        self.differing += 1;
        for (rule, difference) in differences {
            let sum = self.rules.entry(rule).or_default();
            sum.appeared += difference.appeared;
            sum.vanished += difference.vanished;
            sum.severity_changed += difference.severity_changed;
        }
        if !order_id.is_empty() && self.examples.len() < examples_max && !self.examples.iter().any(|id| id == order_id)
        {
            self.examples.push(order_id.to_owned());
        }
    }
}

/// What differs between two lists of findings, by rule. Two findings are the same when rule, code and field are;
/// their words and their order do not count.
pub fn compare(before: &[Finding], after: &[Finding]) -> BTreeMap<String, RuleDifference> {
    let keyed = |findings: &[Finding]| -> BTreeMap<(String, String, String), Severity> {
        let key = |finding: &Finding| (finding.rule.clone(), finding.code.clone(), finding.field.clone());
        findings.iter().map(|finding| (key(finding), finding.severity)).collect()
    };
    let mut differences: BTreeMap<String, RuleDifference> = BTreeMap::new();
    let (before, after) = (keyed(before), keyed(after));
    for (key, severity) in &before {
        match after.get(key) {
            None => differences.entry(key.0.clone()).or_default().vanished += 1,
            Some(other) if other != severity => differences.entry(key.0.clone()).or_default().severity_changed += 1,
            Some(_) => {}
        }
    }
    for key in after.keys().filter(|key| !before.contains_key(*key)) {
        differences.entry(key.0.clone()).or_default().appeared += 1;
    }
    differences
}

/// A candidate beside the active module of its province.
pub(crate) struct Shadow {
    candidate: LoadedModule,
    examples_max: usize,
    offered: AtomicU64,
    dropped: AtomicU64,
    report: Mutex<ShadowReport>,
}

impl Shadow {
    pub(crate) fn new(candidate: LoadedModule, examples_max: usize) -> Self {
        let report = ShadowReport { candidate: ModuleName::from(&*candidate.info), ..ShadowReport::default() };
        Self {
            candidate,
            examples_max,
            offered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            report: Mutex::new(report),
        }
    }

    pub(crate) fn digest(&self) -> &str {
        &self.candidate.info.digest
    }

    pub(crate) fn report(&self) -> ShadowReport {
        let report = self.report.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ShadowReport { dropped: self.dropped.load(Ordering::Relaxed), ..report }
    }

    /// Spreads the share evenly over the orders.
    fn is_sampled(&self, share_percent: u64) -> bool {
        let number = self.offered.fetch_add(1, Ordering::Relaxed);
        (number + 1) * share_percent / 100 > number * share_percent / 100
    }

    fn judge(&self, case: &Case, clock: &Clock) {
        let answer = self.candidate.judge(&case.order, &case.context, clock);
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        if report.active.digest != case.active.digest {
            // Another module has become the measure: what was counted says nothing about it.
            *report = ShadowReport {
                active: ModuleName::from(&*case.active),
                candidate: report.candidate.clone(),
                ..ShadowReport::default()
            };
        }
        match answer {
            Ok((findings, _)) => report.count(&case.order_id, &case.findings, &findings, self.examples_max),
            Err(_trap) => report.unjudged += 1,
        }
    }
}

struct Case {
    shadow: Arc<Shadow>,
    order_id: String,
    order: Order,
    context: Context,
    findings: Vec<Finding>,
    active: Arc<ModuleInfo>,
}

/// The one thread on which all shadows of a host judge. It ends with the host.
pub(crate) struct ShadowThread {
    queue: mpsc::Sender<Case>,
    waiting: Arc<AtomicUsize>,
    waiting_max: usize,
    share_percent: u64,
}

impl ShadowThread {
    pub(crate) fn start(config: &HostConfig, clock: Arc<Clock>) -> std::io::Result<Self> {
        let (queue, cases) = mpsc::channel::<Case>();
        let waiting = Arc::new(AtomicUsize::new(0));
        let of_thread = Arc::clone(&waiting);
        std::thread::Builder::new().name("rules-shadow".to_owned()).spawn(move || {
            for case in cases {
                case.shadow.judge(&case, &clock);
                of_thread.fetch_sub(1, Ordering::SeqCst);
            }
        })?;
        let share_percent = u64::from(config.shadow_share_percent.min(100));
        Ok(Self { queue, waiting, waiting_max: config.shadow_queue_max, share_percent })
    }

    /// Hands a judged order to the shadow; drops it when too many wait already.
    pub(crate) fn offer(
        &self,
        shadow: Arc<Shadow>,
        order_id: &str,
        order: &Order,
        context: &Context,
        findings: &[Finding],
        active: &Arc<ModuleInfo>,
    ) {
        if !shadow.is_sampled(self.share_percent) {
            return;
        }
        if self.waiting.fetch_add(1, Ordering::SeqCst) >= self.waiting_max {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            shadow.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let case = Case {
            shadow,
            order_id: order_id.to_owned(),
            order: order.clone(),
            context: context.clone(),
            findings: findings.to_vec(),
            active: Arc::clone(active),
        };
        if self.queue.send(case).is_err() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
