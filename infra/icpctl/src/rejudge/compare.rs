//! Judging a batch, and what is new in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use icp_domain::Province;
use icp_rules_host::{Answers, Held};
use icp_rules_sdk::judge::BriefFinding;
use icp_rules_sdk::{Finding, Severity};
use serde_json::json;

use super::stock::{Batch, Part};
use crate::cli::Weight;
use crate::rules::{Loaded, Local};

/// Instances that wait for the next batch; more than these end with their batch.
const IDLE_MAX: usize = 16;

/// What judges, and what it is compared with.
pub struct Judges<'a> {
    /// The judges.
    pub with: Modules<'a>,
    /// The measure; without it the findings on record are.
    pub against: Option<Modules<'a>>,
    /// Lighter findings do not count.
    pub severity: Severity,
}

/// Modules with instances that go from batch to batch, so that nobody gives their memory back and asks for it again.
pub struct Modules<'a> {
    local: &'a Local,
    modules: &'a BTreeMap<Province, Loaded>,
    idle: Mutex<Vec<(Province, Held<'a>)>>,
}

impl From<Weight> for Severity {
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Advise => Self::Advise,
            Weight::Review => Self::Review,
            Weight::Block => Self::Block,
        }
    }
}

/// What came of a batch.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Where the next batch begins in the stock.
    pub end_offset: u64,
    /// Filings in it.
    pub filings: u64,
    /// Those that were judged.
    pub judged: u64,
    /// Those that newly violate something.
    pub violating: u64,
    /// Those that violate less and nothing new.
    pub relieved: u64,
    /// Those that could not be judged.
    pub unjudged: u64,
    /// Those without a module.
    pub skipped: u64,
    /// `province rule code` → filings that newly violate it.
    pub rules: BTreeMap<String, u64>,
    /// Lines of JSON for the output.
    pub lines: String,
}

impl Judges<'_> {
    /// Provinces that can be judged.
    pub fn provinces(&self) -> BTreeSet<Province> {
        let has_measure =
            |province: &&Province| self.against.as_ref().is_none_or(|against| against.modules.contains_key(*province));
        self.with.modules.keys().filter(has_measure).copied().collect()
    }

    /// Judges all filings of a batch.
    pub fn judge(&self, batch: Batch) -> Outcome {
        let mut outcome = Outcome {
            end_offset: batch.end_offset,
            filings: batch.skipped,
            skipped: batch.skipped,
            ..Outcome::default()
        };
        for part in &batch.parts {
            self.judge_part(part, &mut outcome);
        }
        outcome
    }

    fn judge_part(&self, part: &Part, outcome: &mut Outcome) {
        let after = self.with.judge(part);
        let before = self.against.as_ref().map(|against| against.judge(part));
        let before = before.as_ref().map(Judged::lists);
        let mut entries: Vec<(usize, Entry<'_>)> = Vec::new();
        for (at, judged) in after.lists().into_iter().enumerate() {
            outcome.filings += 1;
            let findings = match judged {
                Ok(findings) => findings,
                Err(reason) => {
                    outcome.unjudged += 1;
                    entries.push((at, Entry::Unjudged(reason)));
                    continue;
                }
            };
            outcome.judged += 1;
            let (new, is_relieved) = match before.as_ref().and_then(|before| before.get(at)) {
                Some(Ok(before)) => self.difference(before, findings),
                // What the measure could not judge has no measure.
                Some(Err(_)) | None => self.beyond_record(part.recorded.get(at).and_then(Option::as_ref), findings),
            };
            if new.is_empty() {
                outcome.relieved += u64::from(is_relieved);
            } else {
                outcome.violating += 1;
                entries.push((at, Entry::Violates(new)));
            }
        }
        if !entries.is_empty() {
            self.tell(part, &entries, outcome);
        }
    }

    /// Counts and writes what is new; only now somebody reads the texts, so these filings are judged with them.
    fn tell(&self, part: &Part, entries: &[(usize, Entry<'_>)], outcome: &mut Outcome) {
        let letters = part.province.letters();
        let violating = entries.iter().filter(|(_, entry)| matches!(entry, Entry::Violates(_)));
        let mut texts = self.with.texts(part, violating.map(|(at, _)| *at)).into_iter();
        for (at, entry) in entries {
            let id = part.ids.get(*at);
            let new = match entry {
                Entry::Unjudged(reason) => {
                    line(outcome, json!({ "id": id, "province": letters, "unjudged": reason }));
                    continue;
                }
                Entry::Violates(new) => new,
            };
            let rules: BTreeSet<String> =
                new.iter().map(|finding| format!("{letters} {} {}", finding.rule, finding.code)).collect();
            for rule in rules {
                *outcome.rules.entry(rule).or_default() += 1;
            }
            let full = texts.next().unwrap_or_default();
            let listed: Vec<_> = new
                .iter()
                .map(|finding| {
                    let text = full.iter().find(|full| is_same(&BriefFinding::from(*full), finding));
                    json!({
                        "code": finding.code, "rule": finding.rule, "severity": finding.severity,
                        "field": finding.field, "message_zh": text.map(|text| &text.message_zh),
                    })
                })
                .collect();
            line(outcome, json!({ "id": id, "province": letters, "newly_violates": listed }));
        }
    }

    fn counts(&self, finding: &BriefFinding<'_>) -> bool {
        weight(finding.severity) >= weight(self.severity)
    }

    /// Findings that are new or heavier than before, and whether any has gone. The lists are short.
    fn difference<'f>(
        &self,
        before: &[BriefFinding<'_>],
        mut after: Vec<BriefFinding<'f>>,
    ) -> (Vec<BriefFinding<'f>>, bool) {
        let is_gone = |old: &BriefFinding<'_>| self.counts(old) && !after.iter().any(|finding| is_same(old, finding));
        let is_relieved = before.iter().any(is_gone);
        let was_lighter =
            |old: &BriefFinding<'_>, finding: &BriefFinding<'_>| weight(old.severity) < weight(finding.severity);
        after.retain(|finding| {
            let mut olds = before.iter().filter(|old| is_same(old, finding));
            self.counts(finding) && olds.all(|old| was_lighter(old, finding))
        });
        (after, is_relieved)
    }

    /// Findings that are not on record, and whether any on record has gone.
    fn beyond_record<'f>(
        &self,
        recorded: Option<&BTreeSet<String>>,
        mut after: Vec<BriefFinding<'f>>,
    ) -> (Vec<BriefFinding<'f>>, bool) {
        let recorded = || recorded.into_iter().flatten();
        let is_key = |key: &str, finding: &BriefFinding<'_>| {
            key.split_once(' ').is_some_and(|(code, field)| code == finding.code && field == finding.field)
        };
        let is_relieved = recorded().any(|key| !after.iter().any(|finding| is_key(key, finding)));
        after.retain(|finding| self.counts(finding) && !recorded().any(|key| is_key(key, finding)));
        (after, is_relieved)
    }
}

/// What a part came to.
enum Judged {
    /// The answer to all of it.
    Whole(Answers),
    /// One by one.
    Each(Vec<Result<Answers, String>>),
}

impl Judged {
    /// The findings of each filing, or why it was not judged.
    fn lists(&self) -> Vec<Result<Vec<BriefFinding<'_>>, &str>> {
        match self {
            Self::Whole(answers) => answers.lists().map(Ok).collect(),
            Self::Each(each) => each.iter().map(|one| one.as_ref().map(only_list).map_err(String::as_str)).collect(),
        }
    }
}

/// The findings of an answer to one filing.
fn only_list(answers: &Answers) -> Vec<BriefFinding<'_>> {
    answers.lists().next().unwrap_or_default()
}

/// What is told of a filing.
enum Entry<'f> {
    Unjudged(&'f str),
    Violates(Vec<BriefFinding<'f>>),
}

impl<'a> Modules<'a> {
    /// Nothing is alive yet.
    pub fn new(local: &'a Local, modules: &'a BTreeMap<Province, Loaded>) -> Self {
        Self { local, modules, idle: Mutex::new(Vec::new()) }
    }

    /// Judges all cases; where the whole batch fails, one by one, so that one filing spoils no other.
    fn judge(&self, part: &Part) -> Judged {
        let Some(loaded) = self.modules.get(&part.province) else {
            return Judged::Each(part.ids.iter().map(|_| Err(String::from("the province has no module"))).collect());
        };
        if let Ok(answers) = self.in_held(loaded, &part.cases, part.ids.len()) {
            return Judged::Whole(answers);
        }
        let one = |at| self.local.host.judge_encoded_with(&loaded.module, part.case(at), 1);
        Judged::Each((0..part.ids.len()).map(one).collect())
    }

    /// The findings of some filings with their texts.
    fn texts(&self, part: &Part, places: impl Iterator<Item = usize>) -> Vec<Vec<Finding>> {
        let Some(loaded) = self.modules.get(&part.province) else { return Vec::new() };
        let (mut cases, mut count) = (Vec::new(), 0);
        for at in places {
            cases.extend_from_slice(part.case(at));
            count += 1;
        }
        if count == 0 {
            return Vec::new();
        }
        // They were judged just now; should it fail this time, the finding is told without its text.
        self.local.host.judge_batch_with(&loaded.module, &cases, count).unwrap_or_default()
    }

    fn in_held(&self, loaded: &'a Loaded, cases: &[u8], count: usize) -> Result<Answers, String> {
        let province = loaded.province;
        let idle = {
            let mut idle = self.idle();
            idle.iter().position(|(of, _)| *of == province).map(|place| idle.swap_remove(place).1)
        };
        let mut held = idle.map_or_else(|| self.local.host.hold(&loaded.module), Ok)?;
        let answers = held.judge_encoded(cases, count);
        let mut idle = self.idle();
        if !held.is_spent() && idle.len() < IDLE_MAX {
            idle.push((province, held));
        }
        answers
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Province, Held<'a>)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same(one: &BriefFinding<'_>, other: &BriefFinding<'_>) -> bool {
    (one.rule, one.code, &one.field) == (other.rule, other.code, &other.field)
}

fn weight(severity: Severity) -> u8 {
    match severity {
        Severity::Advise => 0,
        Severity::Review => 1,
        Severity::Block => 2,
    }
}

fn line(outcome: &mut Outcome, value: serde_json::Value) {
    // Writing to a string cannot fail.
    let _ = writeln!(outcome.lines, "{value}");
}
