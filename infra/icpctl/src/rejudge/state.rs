//! How far a run has come: what is kept so that a later run can go on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::compare::Outcome;
use crate::cli::RejudgeArgs;
use crate::place;
use crate::problem::Problem;

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Filings read.
    pub filings: u64,
    /// Filings judged.
    pub judged: u64,
    /// Filings that newly violate something.
    pub violating: u64,
    /// Filings that violate less and nothing new.
    pub relieved: u64,
    /// Filings that could not be judged.
    pub unjudged: u64,
    /// Filings without a module.
    pub skipped: u64,
    /// `province rule code` → filings that newly violate it.
    pub rules: BTreeMap<String, u64>,
}

/// The progress of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The stock.
    pub stock: PathBuf,
    /// Its size.
    pub stock_bytes: u64,
    /// Digests of the judges by province.
    pub with: BTreeMap<String, String>,
    /// Digests of the measure.
    pub against: Option<BTreeMap<String, String>>,
    /// Which findings count.
    pub severity: String,
    /// Where the stock goes on.
    pub offset: u64,
    /// How long the output is.
    pub out_bytes: u64,
    /// Whether nothing is left.
    pub is_done: bool,
    /// What was counted so far.
    pub counts: Counts,
}

impl State {
    /// The beginning of a run.
    pub fn new(
        args: &RejudgeArgs,
        with: BTreeMap<String, String>,
        against: Option<BTreeMap<String, String>>,
    ) -> Result<Self, Problem> {
        let unreadable = |error: std::io::Error| {
            let what = format!("{} cannot be read", args.stock.display());
            Problem::new(what, error, "name the stock with --stock")
        };
        let stock = args.stock.canonicalize().map_err(unreadable)?;
        let stock_bytes = stock.metadata().map_err(unreadable)?.len();
        Ok(Self {
            stock,
            stock_bytes,
            with,
            against,
            severity: format!("{:?}", args.severity).to_lowercase(),
            offset: 0,
            out_bytes: 0,
            is_done: false,
            counts: Counts::default(),
        })
    }

    /// The kept progress, if it belongs to the same run as the fresh one; the fresh one when nothing is kept yet.
    pub fn resume(path: &Path, fresh: Self) -> Result<Self, Problem> {
        if !path.exists() {
            return Ok(fresh);
        }
        let remedy = "remove it to begin anew";
        let kept: Self = place::read_json(path, remedy)?;
        let differing = [
            ("the stock", (&kept.stock, kept.stock_bytes) != (&fresh.stock, fresh.stock_bytes)),
            ("the judging modules", kept.with != fresh.with),
            ("the modules to compare with", kept.against != fresh.against),
            ("the severity", kept.severity != fresh.severity),
        ];
        let differing: Vec<&str> = differing.into_iter().filter(|(_, is)| *is).map(|(what, _)| what).collect();
        if !differing.is_empty() {
            let what = format!("{} cannot be resumed", path.display());
            let why = format!("other than in that run: {}", differing.join(", "));
            return Err(Problem::new(what, why, remedy));
        }
        Ok(kept)
    }

    /// Adds what came of the next batch.
    pub fn add(&mut self, outcome: &Outcome) {
        self.offset = outcome.end_offset;
        self.out_bytes += outcome.lines.len() as u64;
        let counts = &mut self.counts;
        counts.filings += outcome.filings;
        counts.judged += outcome.judged;
        counts.violating += outcome.violating;
        counts.relieved += outcome.relieved;
        counts.unjudged += outcome.unjudged;
        counts.skipped += outcome.skipped;
        for (rule, filings) in &outcome.rules {
            *counts.rules.entry(rule.clone()).or_default() += filings;
        }
    }

    /// Keeps the progress; an interruption leaves the old or the new one, never half of it.
    pub fn keep(&self, path: &Path) -> Result<(), Problem> {
        let failed =
            |why: String| Problem::new(format!("{} cannot be written", path.display()), why, "make room and resume");
        let text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.to_string()))?;
        let beside = path.with_extension("new");
        std::fs::write(&beside, text)
            .and_then(|()| std::fs::rename(&beside, path))
            .map_err(|error| failed(error.to_string()))
    }
}
