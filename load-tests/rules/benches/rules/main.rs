//! `cargo xtask bench rules`: what the bureaus' rules cost as WebAssembly modules.
//!
//! Reading order: [`cases`] and [`faults`] make complete orders, [`verdicts`] judges them natively and in modules,
//! [`memory`] weighs modules and instances, [`swap`] swaps under full load, [`stock`] runs `icpctl rules rejudge` over a
//! generated stock, [`engines`] judges the same orders with two rule engines, [`report`] tells figures and goals.

mod cases;
mod engines;
mod faults;
mod measure;
mod memory;
mod modules;
#[path = "../../../src/processes.rs"]
#[allow(dead_code)] // The other benchmarks use all of it.
mod processes;
mod report;
mod stock;
mod swap;
mod verdicts;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use icp_rules_host::{Host, HostConfig};
use icp_rules_sdk::Date;

use crate::cases::Generator;
use crate::report::Report;

/// What the bureaus' rules cost as WebAssembly modules, natively, and in other rule engines
#[derive(Parser)]
#[command(name = "cargo xtask bench rules")]
struct Arguments {
    /// Filings of the generated stock that is judged again
    #[arg(long, default_value_t = 1_000_000)]
    filings: u64,
    /// Swaps under load
    #[arg(long, default_value_t = 2_000)]
    swaps: u64,
    /// Rounds of each measurement of verdicts
    #[arg(long, default_value_t = 4)]
    rounds: usize,
    /// Only these parts; the others' figures stay away [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Verdicts,
    Memory,
    Swap,
    Rejudge,
    Engines,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let is_wanted = |part: Part| arguments.only.is_empty() || arguments.only.contains(&part);
    let folder = PathBuf::from(std::env::var_os("ICP_WORK_DIR").context("run it with `cargo xtask bench rules`")?);

    println!("the orders are made and proved");
    let books = [&icp_rules_gd::BOOK, &icp_rules_js::BOOK, &icp_rules_sc::BOOK, &icp_rules_zj::BOOK];
    let generators: Vec<Generator> = books.into_iter().map(Generator::new).collect::<Result<_, _>>()?;
    for generator in &generators {
        generator.prove()?;
    }
    let guangdong = generators.first().context("no province")?;
    let host = host()?;
    let mut report = Report::new();
    if is_wanted(Part::Memory) {
        println!("modules and instances are weighed");
        report.memory = Some(memory::measure(&host, &generators)?);
    }
    if is_wanted(Part::Verdicts) {
        println!("verdicts are measured");
        report.verdicts = Some(verdicts::measure(&host, &generators, arguments.rounds)?);
    }
    if is_wanted(Part::Engines) {
        println!("the engines are compared and measured");
        report.engines = Some(engines::measure(&host, guangdong, arguments.rounds)?);
    }
    if is_wanted(Part::Swap) {
        println!("{} swaps happen under load", arguments.swaps);
        report.swaps = Some(swap::measure(&host, guangdong, arguments.swaps)?);
    }
    if is_wanted(Part::Rejudge) {
        println!("a stock of {} filings is made and judged again", arguments.filings);
        report.rejudge = Some(stock::measure(guangdong, arguments.filings, &folder)?);
    }
    report.judge_goals();
    report.print();
    report.write(&folder)
}

/// A host with all its limits; it asks for no signature, because nobody signs modules that were just built.
fn host() -> anyhow::Result<std::sync::Arc<Host>> {
    let config = HostConfig { signature_required: false, ..HostConfig::default() };
    Ok(Host::with_today(config, || Date::new(2026, 11, 20))?)
}
