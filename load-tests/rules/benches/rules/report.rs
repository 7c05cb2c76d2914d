//! Figures with units, goals met and missed; printed and written to `bench/rules.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::engines::{self, Engines};
use crate::measure::Times;
use crate::memory::Memory;
use crate::processes::{self, Machine};
use crate::stock::{Rejudge, Run};
use crate::swap::Swaps;
use crate::verdicts::{self, Verdicts};

/// A batch in a module against the same batch natively.
const RATIO_MAX: f64 = 2.0;
/// A swap's pause at p99.9.
const PAUSE_MAX_MS: f64 = 1.0;
/// Five million filings on two cores.
const NATION_MAX_S: f64 = 30.0;
/// Against other engines.
const FASTER_MIN: f64 = 5.0;

/// One goal.
#[derive(Debug, Serialize)]
pub struct Goal {
    /// What is wanted.
    pub wanted: String,
    /// What was measured.
    pub measured: String,
    /// Whether that is enough.
    pub is_met: bool,
}

/// The figures of one run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Goals of the parts that ran.
    pub goals: Vec<Goal>,
    /// By province and mix.
    pub verdicts: Option<BTreeMap<String, Verdicts>>,
    /// By module.
    pub memory: Option<BTreeMap<String, Memory>>,
    /// The swap under load.
    pub swaps: Option<Swaps>,
    /// The stock judged again.
    pub rejudge: Option<Rejudge>,
    /// Other engines.
    pub engines: Option<Engines>,
    /// The machine.
    pub machine: Machine,
    /// Processes that wanted a core when the run began, on average of a minute.
    pub load_before: f64,
}

impl Report {
    /// Without figures.
    pub fn new() -> Self {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            goals: Vec::new(),
            verdicts: None,
            memory: None,
            swaps: None,
            rejudge: None,
            engines: None,
            machine: processes::machine(),
            load_before: load.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default(),
        }
    }

    /// Holds the figures against the goals.
    pub fn judge_goals(&mut self) {
        let mut goals = Vec::new();
        let mut goal = |wanted: String, measured: String, is_met: bool| goals.push(Goal { wanted, measured, is_met });
        for (name, figures) in self.verdicts.iter().flatten() {
            let ratio = figures.batch_to_native;
            goal(
                format!("WASM in batch at most {RATIO_MAX} times native, {name}"),
                format!("{ratio:.2}"),
                ratio <= RATIO_MAX,
            );
        }
        if let Some(swaps) = &self.swaps {
            let pause = swaps.pause_p999_ms;
            goal(
                format!("swap pause under {PAUSE_MAX_MS} ms at p99.9"),
                format!("{pause:.3} ms"),
                pause < PAUSE_MAX_MS,
            );
            let bad = swaps.failed + swaps.mixed;
            goal("no failed and no mixed verdict".to_owned(), bad.to_string(), bad == 0);
        }
        if let Some(rejudge) = &self.rejudge {
            let time = rejudge.on_record.five_million_s;
            goal(
                format!("5 million filings again within {NATION_MAX_S} s on two cores"),
                format!("{time:.1} s"),
                time <= NATION_MAX_S,
            );
        }
        for (engine, faster) in self.engines.iter().flat_map(|engines| &engines.times_faster) {
            goal(
                format!("at least {FASTER_MIN} times faster than {engine}"),
                format!("{faster:.1}"),
                *faster >= FASTER_MIN,
            );
        }
        self.goals = goals;
    }

    /// Prints the figures.
    pub fn print(&self) {
        for (name, figures) in self.verdicts.iter().flatten() {
            println!(
                "\n{name}: µs per verdict ({} bytes and {:.2} findings per order)",
                figures.bytes_per_order, figures.findings_per_order
            );
            heading();
            verdicts::WAYS.iter().for_each(|way| row(way, figures.ways.get(way)));
            println!("  WASM batch / native batch: {:.2}", figures.batch_to_native);
        }
        if let Some(memory) = &self.memory {
            println!(
                "\n  {:<14} {:>11} {:>9} {:>17} {:>16} {:>22}",
                "module", "file KiB", "load ms", "loaded res. KiB", "linear mem. KiB", "instance resident KiB"
            );
            for (name, of) in memory {
                println!(
                    "  {name:<14} {:>11.0} {:>9.0} {:>17.0} {:>16.0} {:>22.0}",
                    of.module_kib, of.load_ms, of.module_resident_kib, of.linear_kib, of.instance_resident_kib
                );
            }
        }
        if let Some(engines) = &self.engines {
            println!(
                "\nthe same findings: {} orders, {} findings of {} kinds; µs per verdict of the book (all its rules) and of \
                 the engines (only these)",
                engines.orders_compared, engines.findings_compared, engines.rules_compared
            );
            heading();
            engines::WAYS.iter().for_each(|way| row(way, engines.ways.get(way)));
            for (engine, faster) in &engines.times_faster {
                println!("  the WASM batch is {faster:.1} times faster than {engine}");
            }
        }
        self.swaps.iter().for_each(print_swaps);
        self.rejudge.iter().for_each(print_rejudge);
        println!(
            "\n  goals, on {} cores with {:.1} other processes at the beginning",
            self.machine.cores, self.load_before
        );
        for goal in &self.goals {
            println!("  {:<7} {:<64} {}", if goal.is_met { "met" } else { "MISSED" }, goal.wanted, goal.measured);
        }
    }

    /// Writes the figures into the folder of the benchmarks.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let file = folder.join("rules.json");
        std::fs::write(&file, serde_json::to_string_pretty(self)?)?;
        println!("\n  figures: {}", file.display());
        Ok(())
    }
}

fn heading() {
    println!("  {:<34} {:>9} {:>8} {:>8} {:>8} {:>9}", "way", "count", "mean", "p50", "p99", "p99.9");
}

fn row(name: &str, times: Option<&Times>) {
    if let Some(times) = times {
        println!(
            "  {name:<34} {:>9} {:>8.2} {:>8.2} {:>8.2} {:>9.2}",
            times.count, times.mean_us, times.p50_us, times.p99_us, times.p999_us
        );
    }
}

fn print_swaps(swaps: &Swaps) {
    println!(
        "\n{} swaps ({} with loading the module) beside {} verdicts of two threads; µs",
        swaps.swaps, swaps.loads, swaps.verdicts
    );
    heading();
    row("verdict around a swap", Some(&swaps.around_swaps));
    row("verdict around a pretended swap", Some(&swaps.without_swaps));
    row("the swap itself", Some(&swaps.swap));
    println!(
        "  pause at p99.9: {:.3} ms; failed verdicts: {}; mixed verdicts: {}",
        swaps.pause_p999_ms, swaps.failed, swaps.mixed
    );
}

fn print_rejudge(rejudge: &Rejudge) {
    println!(
        "\nicpctl rules rejudge: {} filings in {:.0} MB, {} newly violate something",
        rejudge.filings, rejudge.stock_mb, rejudge.newly_violating
    );
    println!(
        "  {:<34} {:>8} {:>11} {:>8} {:>9} {:>14}",
        "compared with", "s", "filings/s", "CPU s", "peak MB", "5 million: s"
    );
    let print = |name: &str, run: &Run| {
        println!(
            "  {name:<34} {:>8.1} {:>11.0} {:>8.1} {:>9.0} {:>14.1}",
            run.time_s, run.filings_per_s, run.cpu_s, run.peak_mb, run.five_million_s
        );
    };
    print("the findings on record", &rejudge.on_record);
    print("the edition before", &rejudge.against_module);
}
