//! Figures with units, printed and written to `bench/<name>.json`.

use std::collections::BTreeMap;
use std::path::Path;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::pictures::PictureFigures;
use crate::processes::{Machine, Usage};

/// Share of the cores that is in use when nothing else holds a run up.
const SATURATED: f64 = 0.85;

/// Latency of one step, milliseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Latency {
    /// How often the step was taken.
    pub count: u64,
    /// Median.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// Longest.
    pub max_ms: f64,
}

impl Latency {
    /// From a histogram of microseconds.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let ms = |us: u64| us as f64 / 1000.0;
        Self {
            count: histogram.len(),
            p50_ms: ms(histogram.value_at_quantile(0.5)),
            p99_ms: ms(histogram.value_at_quantile(0.99)),
            max_ms: ms(histogram.max()),
        }
    }
}

/// The figures of one run of `bench flow`.
#[derive(Debug, Serialize)]
pub struct FlowReport {
    /// Orders that reached approval.
    pub orders: u64,
    /// Orders in flight, or the arrival rate per second.
    pub load: String,
    /// Time from the first draft to the last approval, seconds.
    pub time_s: f64,
    /// Orders per second.
    pub orders_per_s: f64,
    /// Latencies by step.
    pub steps: BTreeMap<String, Latency>,
    /// Durable steps per order: requests stored, messages handled, jobs recorded.
    pub durable_steps_per_order: f64,
    /// Writing transactions per order, all services: what is left of the steps after batching.
    pub write_transactions_per_order: f64,
    /// Rows written per order, all services.
    pub rows_written_per_order: f64,
    /// Acknowledged publishes per order.
    pub publishes_per_order: f64,
    /// Mean size of an outbox payload, bytes.
    pub mean_payload_bytes: f64,
    /// The pictures that came with the orders.
    pub pictures: PictureFigures,
    /// Ceiling: commits per second.
    pub ceiling_commits_per_s: f64,
    /// Ceiling: acknowledged publishes per second.
    pub ceiling_publishes_per_s: f64,
    /// Orders per second if nothing but a commit per durable step and the publishes cost time.
    pub ceiling_orders_per_s: f64,
    /// Orders per second divided by that.
    pub ratio_to_ceiling: f64,
    /// The same with the transactions that are left after batching.
    pub batched_ceiling_orders_per_s: f64,
    /// Orders per second divided by that.
    pub ratio_to_batched_ceiling: f64,
    /// The services at rest, before the load.
    pub at_rest: BTreeMap<String, Usage>,
    /// The processes after the load; CPU seconds are those of the load alone.
    pub under_load: BTreeMap<String, Usage>,
    /// CPU seconds of all processes per order.
    pub cpu_s_per_order: f64,
    /// The machine.
    pub machine: Machine,
}

impl FlowReport {
    /// Prints the figures.
    pub fn print(&self) {
        println!("\n{} orders end to end in {:.1} s ({})", self.orders, self.time_s, self.load);
        println!("  {:>8.1} orders/s", self.orders_per_s);
        println!("\n  {:<34} {:>8} {:>10} {:>10} {:>10}", "step", "count", "p50 ms", "p99 ms", "max ms");
        for (name, latency) in &self.steps {
            println!(
                "  {name:<34} {:>8} {:>10.1} {:>10.1} {:>10.1}",
                latency.count, latency.p50_ms, latency.p99_ms, latency.max_ms
            );
        }
        println!(
            "\n  per order: {:.1} durable steps in {:.2} writing transactions, {:.1} rows written, {:.1} acknowledged publishes of {:.0} bytes",
            self.durable_steps_per_order,
            self.write_transactions_per_order,
            self.rows_written_per_order,
            self.publishes_per_order,
            self.mean_payload_bytes
        );
        println!(
            "  pictures: {:.1} per order, {:.1} kB and {:.0} kilopixels each, checked in {:.2} ms of one core; {:.1} ms per megapixel",
            self.pictures.per_order,
            self.pictures.mean_bytes / 1000.0,
            self.pictures.mean_pixels / 1000.0,
            self.pictures.check_ms,
            self.pictures.check_ms_per_megapixel
        );
        println!(
            "  ceilings in this run: {:.0} commits/s, {:.0} acknowledged publishes/s",
            self.ceiling_commits_per_s, self.ceiling_publishes_per_s
        );
        println!(
            "  ceiling with a commit per durable step: {:.0} orders/s; ratio {:.3}",
            self.ceiling_orders_per_s, self.ratio_to_ceiling
        );
        println!(
            "  ceiling with the transactions as batched: {:.0} orders/s; ratio {:.3}",
            self.batched_ceiling_orders_per_s, self.ratio_to_batched_ceiling
        );
        println!("\n  {:<12} {:>10} {:>12} {:>12} {:>10}", "process", "CPU s", "at rest MB", "share MB", "peak MB");
        for (name, usage) in &self.under_load {
            let rest = self.at_rest.get(name).cloned().unwrap_or_default();
            println!(
                "  {name:<12} {:>10.2} {:>12.1} {:>12.1} {:>10.1}",
                usage.cpu_s, rest.resident_mb, rest.proportional_mb, usage.peak_mb
            );
        }
        let sum = |pick: fn(&Usage) -> f64| self.at_rest.values().map(pick).sum::<f64>();
        println!(
            "  the seven services at rest: {:.0} MB resident, {:.0} MB as proportional share",
            sum(|u| u.resident_mb),
            sum(|u| u.proportional_mb)
        );
        let cores = self.machine.cores as f64;
        let busy = self.cpu_s_per_order * self.orders_per_s;
        let limit = if busy > SATURATED * cores { "they are the limit" } else { "the limit is elsewhere" };
        println!("  {:.1} CPU ms per order over all processes", self.cpu_s_per_order * 1000.0);
        println!("  {busy:.2} of {cores} cores busy on average, with the start and the end of the run: {limit}");
    }

    /// Writes the figures beside the working folder.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let file = folder.join("flow.json");
        std::fs::write(&file, serde_json::to_string_pretty(self)?)?;
        println!("\n  figures: {}", file.display());
        Ok(())
    }
}
