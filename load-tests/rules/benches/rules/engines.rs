//! The same rules of Guangdong in two rule engines: what an order's verdict costs there.
//!
//! Everything is in the engines' favour: they have the thirty-odd checks that the orders can break and the book has all
//! of its rules; they get values that are parsed, flattened, normalised and counted in days beforehand, and what they
//! answer is not read while they are measured. Before that their findings are compared with the book's.

mod facts;
mod rego;
mod zen;

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use anyhow::ensure;
use icp_rules_host::Host;
use icp_rules_sdk::{Finding, judge};
use serde::Serialize;

use crate::cases::{COMPANIES, Case, Generator, encoded};
use crate::measure::{Times, median, timed};
use crate::modules;

/// Orders that are judged, and compared before.
const ORDERS: usize = 1024;
/// Ways in the order in which they are shown.
pub const WAYS: [&str; 5] = [
    "native, typed order",
    "WASM, encoded batch",
    "zen-engine 2.1, compiled decision",
    "regorus 0.14, compiled to its VM",
    "regorus 0.14, interpreter",
];

/// Findings as engines give them: `code rule field`.
type Found = BTreeSet<String>;

/// The figures.
#[derive(Debug, Serialize)]
pub struct Engines {
    /// Orders whose findings were compared.
    pub orders_compared: usize,
    /// Findings in them.
    pub findings_compared: usize,
    /// Different pairs of code and rule among them.
    pub rules_compared: usize,
    /// Times by way; those of the batch are the share of one order.
    pub ways: BTreeMap<&'static str, Times>,
    /// How many times faster the module's batch is: the median of alternating rounds, by engine.
    pub times_faster: BTreeMap<&'static str, f64>,
}

/// Compares the verdicts, then measures.
pub fn measure(host: &Host, generator: &Generator, rounds: usize) -> anyhow::Result<Engines> {
    let mut cases: Vec<Case> = generator.make_all(0, ORDERS, COMPANIES).into_iter().map(|made| made.case).collect();
    all_phones_alike(&mut cases);
    let module = modules::load(host, "gd", generator.book.version)?.module;
    let batch = encoded(&cases)?;
    let in_module = host.judge_batch_with(&module, &batch, cases.len()).map_err(anyhow::Error::msg)?;

    let tables = facts::tables(generator.book);
    let inputs: Vec<serde_json::Value> = cases.iter().map(facts::of).collect::<anyhow::Result<_>>()?;
    let mut zen = zen::Zen::new(generator.book, &tables, &inputs)?;
    let mut rego = rego::Rego::new(&tables, &inputs)?;

    let (mut findings, mut rules) = (0, BTreeSet::new());
    for (place, ((order, context), of_module)) in cases.iter().zip(&in_module).enumerate() {
        let expected = judge::judge(generator.book, order, context);
        ensure!(expected == *of_module, "the module judges otherwise than the book");
        findings += expected.len();
        rules.extend(expected.iter().map(|finding| format!("{} {}", finding.code, finding.rule)));
        let expected: Found = expected.iter().map(key).collect();
        for (engine, found) in [
            ("zen-engine", zen.found(place)?),
            ("regorus (VM)", rego.found_by_vm(place)?),
            ("regorus (interpreter)", rego.found_by_interpreter(place)?),
        ] {
            ensure!(found == expected, "order {place}: {engine} found {found:?}, the book {expected:?}");
        }
    }

    let mut times: BTreeMap<&'static str, Vec<u64>> = WAYS.iter().map(|way| (*way, Vec::new())).collect();
    let mut ratios: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for _ in 0..rounds {
        let mut of_round = BTreeMap::new();
        for (order, context) in &cases {
            let (time, _) = timed(|| black_box(judge::judge(generator.book, black_box(order), context)));
            times.entry(WAYS[0]).or_default().push(time);
        }
        for _ in 0..4 {
            let (time, _) = timed(|| black_box(host.judge_encoded_with(&module, black_box(&batch), cases.len())));
            times.entry(WAYS[1]).or_default().push(time);
            of_round
                .entry(WAYS[1])
                .and_modify(|best: &mut f64| *best += time as f64 / 4.0)
                .or_insert(time as f64 / 4.0);
        }
        for place in 0..cases.len() {
            let mut record = |way: &'static str, time: u64| {
                times.entry(way).or_default().push(time);
                *of_round.entry(way).or_default() += time as f64;
            };
            record(WAYS[2], timed(|| black_box(zen.judge(place))).0);
            record(WAYS[3], timed(|| black_box(rego.judge_by_vm(place))).0);
            record(WAYS[4], timed(|| black_box(rego.judge_by_interpreter(place))).0);
        }
        let batch_time = of_round.get(WAYS[1]).copied().unwrap_or(f64::NAN);
        for way in WAYS.iter().skip(2) {
            let time = of_round.get(way).copied().unwrap_or_default();
            ratios.entry(way).or_default().push(time / batch_time);
        }
    }
    let share = |way: &str| if way == WAYS[1] { cases.len() } else { 1 };
    Ok(Engines {
        orders_compared: cases.len(),
        findings_compared: findings,
        rules_compared: rules.len(),
        ways: times.into_iter().map(|(way, times)| (way, Times::of(times, share(way)))).collect(),
        times_faster: ratios.into_iter().map(|(way, ratios)| (way, median(ratios))).collect(),
    })
}

/// Two persons of one company with a single number: more findings than a mistake makes.
fn all_phones_alike(cases: &mut [Case]) {
    for (order, _) in cases.iter_mut().step_by(97) {
        let mobile = order.organiser.principal.mobile.clone();
        order.organiser.principal.emergency_phone = Some(mobile.clone());
        for service in &mut order.services {
            service.principal.mobile.clone_from(&mobile);
            service.principal.emergency_phone = Some(mobile.clone());
        }
    }
}

fn key(finding: &Finding) -> String {
    format!("{} {} {}", finding.code, finding.rule, finding.field)
}
