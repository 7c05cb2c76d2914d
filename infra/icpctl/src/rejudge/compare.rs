//! Judging a batch, and what is new in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use icp_domain::Province;
use icp_rules_sdk::{Finding, Severity};
use serde_json::json;

use super::stock::{Batch, Part};
use crate::cli::Weight;
use crate::rules::{Loaded, Local};

/// What judges, and what it is compared with.
pub struct Judges<'a> {
    /// Runs the modules.
    pub local: &'a Local,
    /// The judges.
    pub with: &'a BTreeMap<Province, Loaded>,
    /// The measure; without it the findings on record are.
    pub against: Option<&'a BTreeMap<Province, Loaded>>,
    /// Lighter findings do not count.
    pub severity: Severity,
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

type Judged = Result<Vec<Finding>, String>;

impl Judges<'_> {
    /// Provinces that can be judged.
    pub fn provinces(&self) -> BTreeSet<Province> {
        let has_measure = |province: &&Province| self.against.is_none_or(|against| against.contains_key(*province));
        self.with.keys().filter(has_measure).copied().collect()
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
        let after = self.findings(self.with, part);
        let before = self.against.map(|against| self.findings(against, part));
        for (at, judged) in after.into_iter().enumerate() {
            let (Some(id), Some(recorded)) = (part.ids.get(at), part.recorded.get(at)) else { continue };
            outcome.filings += 1;
            let findings = match judged {
                Ok(findings) => findings,
                Err(reason) => {
                    outcome.unjudged += 1;
                    line(outcome, json!({ "id": id, "province": part.province.letters(), "unjudged": reason }));
                    continue;
                }
            };
            outcome.judged += 1;
            let before = before.as_ref().and_then(|before| before.get(at));
            let (new, is_relieved) = match before {
                Some(Ok(before)) => self.difference(before, &findings),
                // What the measure could not judge has no measure.
                Some(Err(_)) | None => self.beyond_record(recorded.as_ref(), &findings),
            };
            if new.is_empty() {
                outcome.relieved += u64::from(is_relieved);
                continue;
            }
            outcome.violating += 1;
            let rules: BTreeSet<String> = new
                .iter()
                .map(|finding| format!("{} {} {}", part.province.letters(), finding.rule, finding.code))
                .collect();
            for rule in rules {
                *outcome.rules.entry(rule).or_default() += 1;
            }
            let listed: Vec<_> = new
                .iter()
                .map(|finding| {
                    json!({
                        "code": finding.code, "rule": finding.rule, "severity": finding.severity,
                        "field": finding.field, "message_zh": finding.message_zh,
                    })
                })
                .collect();
            line(outcome, json!({ "id": id, "province": part.province.letters(), "newly_violates": listed }));
        }
    }

    /// The findings of each case; where the whole batch fails, one by one, so that one filing spoils no other.
    fn findings(&self, modules: &BTreeMap<Province, Loaded>, part: &Part) -> Vec<Judged> {
        let Some(loaded) = modules.get(&part.province) else {
            return part.ids.iter().map(|_| Err(String::from("the province has no module"))).collect();
        };
        let host = &self.local.host;
        if let Ok(lists) = host.judge_batch_with(&loaded.module, &part.cases, part.ids.len()) {
            return lists.into_iter().map(Ok).collect();
        }
        let mut start = 0;
        let one = |end: &usize| {
            let case = part.cases.get(start..*end).unwrap_or_default();
            start = *end;
            host.judge_batch_with(&loaded.module, case, 1).map(|lists| lists.into_iter().flatten().collect())
        };
        part.ends.iter().map(one).collect()
    }

    fn counts(&self, finding: &Finding) -> bool {
        weight(finding.severity) >= weight(self.severity)
    }

    /// Findings that are new or heavier than before, and whether any has gone.
    fn difference<'f>(&self, before: &[Finding], after: &'f [Finding]) -> (Vec<&'f Finding>, bool) {
        let key = |finding: &Finding| (finding.rule.clone(), finding.code.clone(), finding.field.clone());
        let old: BTreeMap<_, _> = before.iter().map(|finding| (key(finding), weight(finding.severity))).collect();
        let is_new = |finding: &&Finding| {
            self.counts(finding) && old.get(&key(finding)).is_none_or(|old| *old < weight(finding.severity))
        };
        let present: BTreeSet<_> = after.iter().map(key).collect();
        let is_gone = before.iter().any(|finding| self.counts(finding) && !present.contains(&key(finding)));
        (after.iter().filter(is_new).collect(), is_gone)
    }

    /// Findings that are not on record, and whether any on record has gone.
    fn beyond_record<'f>(&self, recorded: Option<&BTreeSet<String>>, after: &'f [Finding]) -> (Vec<&'f Finding>, bool) {
        let key = |finding: &Finding| format!("{} {}", finding.code, finding.field);
        let is_new = |finding: &&Finding| {
            self.counts(finding) && recorded.is_none_or(|recorded| !recorded.contains(&key(finding)))
        };
        let present: BTreeSet<String> = after.iter().map(key).collect();
        let is_gone = recorded.is_some_and(|recorded| recorded.iter().any(|key| !present.contains(key)));
        (after.iter().filter(is_new).collect(), is_gone)
    }
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
