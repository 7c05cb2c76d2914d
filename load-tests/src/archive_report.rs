//! The figures of `bench archive`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::processes::{Machine, Usage};
use crate::report::Latency;

/// No question may take longer at the 99th percentile, milliseconds.
const GOAL_P99_MS: f64 = 50.0;

/// The figures of one run.
#[derive(Debug, Serialize)]
pub struct ArchiveReport {
    /// Services in the archive.
    pub services: u64,
    /// Time to enter them, seconds.
    pub load_s: f64,
    /// Services entered per second.
    pub loaded_per_s: f64,
    /// Size of the database, MB.
    pub database_mb: f64,
    /// Clients that asked at the same time.
    pub clients: u32,
    /// How the load generator was built; intake comes from the same place.
    pub build: &'static str,
    /// Latencies by question.
    pub steps: BTreeMap<String, Latency>,
    /// Intake after the questions.
    pub intake: Usage,
    /// The machine.
    pub machine: Machine,
}

impl ArchiveReport {
    /// The questions that miss the goal.
    pub fn missed(&self) -> Vec<&str> {
        let missing = self.steps.iter().filter(|(_, latency)| !is_met(latency));
        missing.map(|(name, _)| name.as_str()).collect()
    }

    /// Prints the figures.
    pub fn print(&self) {
        println!(
            "\n{} services, {:.0} MB, entered in {:.0} s ({:.0} per second, {} build)",
            self.services, self.database_mb, self.load_s, self.loaded_per_s, self.build
        );
        println!("\n  {:<34} {:>8} {:>10} {:>10} {:>10}", "question", "count", "p50 ms", "p99 ms", "max ms");
        for (name, latency) in &self.steps {
            let verdict = if is_met(latency) { "" } else { "  misses the goal" };
            println!(
                "  {name:<34} {:>8} {:>10.1} {:>10.1} {:>10.1}{verdict}",
                latency.count, latency.p50_ms, latency.p99_ms, latency.max_ms
            );
        }
        println!("\n  goal: p99 below {GOAL_P99_MS} ms with {} clients", self.clients);
        println!("  intake: {:.1} CPU s, {:.0} MB at most", self.intake.cpu_s, self.intake.peak_mb);
    }

    /// Writes the figures beside the working folder.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let file = folder.join("archive.json");
        std::fs::write(&file, serde_json::to_string_pretty(self)?)?;
        println!("\n  figures: {}", file.display());
        Ok(())
    }
}

fn is_met(latency: &Latency) -> bool {
    latency.p99_ms < GOAL_P99_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_question_that_is_too_slow_misses_the_goal() {
        let latency = |p99_ms| Latency { count: 100, p50_ms: 1.0, p99_ms, max_ms: 900.0 };
        let mut report = ArchiveReport {
            services: 1,
            load_s: 1.0,
            loaded_per_s: 1.0,
            database_mb: 1.0,
            clients: 1,
            build: "debug",
            steps: BTreeMap::from([("whitelist".to_owned(), latency(GOAL_P99_MS - 0.1))]),
            intake: Usage::default(),
            machine: crate::processes::machine(),
        };
        assert!(report.missed().is_empty());
        report.steps.insert("search by app".to_owned(), latency(GOAL_P99_MS));
        assert_eq!(report.missed(), ["search by app"]);
    }
}
