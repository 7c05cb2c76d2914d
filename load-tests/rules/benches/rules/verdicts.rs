//! What a verdict costs: natively, and in a module with all limits on.

use std::collections::BTreeMap;
use std::hint::black_box;

use anyhow::{Context as _, ensure};
use icp_rules_host::{Host, LoadedModule, Verdict};
use icp_rules_sdk::{batch, judge};
use serde::Serialize;

use crate::cases::{Case, Generator, LIVE, Mix, STOCK, encoded};
use crate::measure::{Times, median, timed};
use crate::modules;

/// Orders of one batch, as `icpctl rules rejudge` has them.
const BATCH: usize = 512;
/// Batches of one mix.
const BATCHES: usize = 8;

/// The figures of one province and mix.
#[derive(Debug, Serialize)]
pub struct Verdicts {
    /// Mean size of an order in the form of the batch, bytes.
    pub bytes_per_order: usize,
    /// Findings per order.
    pub findings_per_order: f64,
    /// Times by way of judging; those of batches are the share of one order.
    pub ways: BTreeMap<&'static str, Times>,
    /// Batch in the module against the same batch natively, the median of alternating rounds.
    pub batch_to_native: f64,
}

/// The ways in the order in which they are shown.
pub const WAYS: [&str; 7] = [
    "native, typed order",
    "native, from JSON",
    "native, from encoded order",
    "native, encoded batch",
    "WASM, encoded batch",
    "WASM, reused instance",
    "WASM, fresh instance",
];

/// Measures every province with both mixes.
pub fn measure(host: &Host, generators: &[Generator], rounds: usize) -> anyhow::Result<BTreeMap<String, Verdicts>> {
    let mut all = BTreeMap::new();
    for generator in generators {
        let letters = generator.book.province.letters();
        let module = modules::load(host, letters, generator.book.version)?.module;
        for (name, mix) in [("live", LIVE), ("stock", STOCK)] {
            let key = format!("{letters} {name}");
            let figures = of_mix(host, generator, &module, mix, rounds).with_context(|| key.clone())?;
            all.insert(key, figures);
        }
    }
    Ok(all)
}

fn of_mix(
    host: &Host,
    generator: &Generator,
    module: &LoadedModule,
    mix: Mix,
    rounds: usize,
) -> anyhow::Result<Verdicts> {
    let book = generator.book;
    let cases: Vec<Case> = generator.make_all(0, BATCH * BATCHES, mix).into_iter().map(|made| made.case).collect();
    let texts: Vec<String> = cases.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let singles: Vec<Vec<u8>> = cases.iter().map(|case| encoded([case])).collect::<Result<_, _>>()?;
    let batches: Vec<Vec<u8>> = cases.chunks(BATCH).map(encoded).collect::<Result<_, _>>()?;

    // What is measured must be the same verdict.
    let mut held = host.hold(module).map_err(anyhow::Error::msg)?;
    let mut findings = 0;
    for (chunk, bytes) in cases.chunks(BATCH).zip(&batches) {
        let native = batch::judge(book, bytes).map_err(anyhow::Error::msg)?;
        let in_module = host.judge_batch_with(module, bytes, chunk.len()).map_err(anyhow::Error::msg)?;
        ensure!(native == in_module, "the module judges a batch otherwise than the book");
        let natively = batch::judge_encoded(book, bytes).map_err(anyhow::Error::msg)?;
        let answers = host.judge_encoded_with(module, bytes, chunk.len()).map_err(anyhow::Error::msg)?;
        ensure!(natively == answers.bytes(), "the module answers a batch with other bytes than the book");
        for ((order, context), expected) in chunk.iter().zip(&native) {
            findings += expected.len();
            ensure!(judge::judge(book, order, context) == *expected, "a single order is judged otherwise");
            ensure!(held.judge(order, context).as_ref() == Ok(expected), "the reused instance judges otherwise");
        }
    }

    let mut ways: BTreeMap<&'static str, Vec<u64>> = WAYS.iter().map(|way| (*way, Vec::new())).collect();
    let mut record = |way: &'static str, time: u64| ways.entry(way).or_default().push(time);
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        for ((order, context), (text, single)) in cases.iter().zip(texts.iter().zip(&singles)) {
            record(WAYS[0], timed(|| black_box(judge::judge(book, black_box(order), context))).0);
            let from_json = || -> anyhow::Result<_> {
                let (order, context): Case = serde_json::from_str(black_box(text))?;
                Ok(black_box(judge::judge(book, &order, &context)))
            };
            record(WAYS[1], timed(from_json).0);
            record(WAYS[2], timed(|| black_box(batch::judge(book, black_box(single)))).0);
        }
        for (order, context) in &cases {
            record(WAYS[5], timed(|| black_box(held.judge(black_box(order), context))).0);
        }
        for (order, context) in &cases {
            let (time, verdict) = timed(|| host.judge_with(module, black_box(order), context));
            ensure!(matches!(verdict, Verdict::Judged { .. }), "an order was not judged");
            record(WAYS[6], time);
        }
        // In turn, so that whatever else the machine does meets both.
        for _ in 0..3 {
            let (mut natively, mut in_module) = (0, 0);
            for bytes in &batches {
                let time = timed(|| black_box(batch::judge_encoded(book, black_box(bytes)))).0;
                record(WAYS[3], time);
                natively += time;
                let time = timed(|| black_box(host.judge_encoded_with(module, black_box(bytes), BATCH))).0;
                record(WAYS[4], time);
                in_module += time;
            }
            ratios.push(in_module as f64 / natively as f64);
        }
    }
    let share = |way: &str| if way.contains("batch") { BATCH } else { 1 };
    Ok(Verdicts {
        bytes_per_order: batches.iter().map(Vec::len).sum::<usize>() / cases.len(),
        findings_per_order: findings as f64 / cases.len() as f64,
        ways: ways.into_iter().map(|(way, times)| (way, Times::of(times, share(way)))).collect(),
        batch_to_native: median(ratios),
    })
}
