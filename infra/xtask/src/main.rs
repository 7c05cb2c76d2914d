//! The one tool of the repository: `cargo demo` and `cargo xtask <verb>`.
//!
//! It stays small enough to compile in seconds, because every first command on a fresh machine begins with it.
//! What needs the platform's own crates (the demo's story, the load generator) is a program of its own that this
//! tool builds and runs.

#![allow(rustdoc::invalid_html_tags)] // Help texts name places as `<out>`; clap shows them as they are.

mod ci;
mod fuzz;
mod mutate;
mod platform;
mod rules;
mod setup;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::workspace::Workspace;

/// The one tool of the repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what the platform needs on this machine, or say exactly what is missing
    ///
    /// Needed: the Postgres server binaries, nats-server 2.9 or newer, and Rust's wasm32-unknown-unknown target.
    /// As root, missing Debian packages are installed with apt; otherwise the command to type is printed and the
    /// exit status is 1. No database and no broker of the machine is touched: the platform starts its own.
    Setup {
        /// Only look; install nothing
        #[arg(long)]
        check: bool,
    },
    /// Work on the rule modules of the bureaus
    Rules {
        #[command(subcommand)]
        verb: RulesVerb,
    },
    /// Carry real orders through the whole platform, from a draft to a filing number
    ///
    /// Does the set-up, builds the rule modules, the services and the sandbox, starts all of them on free ports under
    /// the target directory, and tells what happens. Stays up until Ctrl-C unless --exit is given.
    Demo(DemoArgs),
    /// Run every test of the workspace, with the set-up that they need
    ///
    /// Does the set-up, builds the rule modules and every binary (the system tests run them as processes), then runs
    /// `cargo test --workspace` with the given arguments, for example a part of a test's name.
    Test {
        /// Passed to `cargo test --workspace`, e.g. `outbox` or `-p icp-relay sequence` or `-- --nocapture`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Run what continuous integration runs: format, clippy, tidy, documentation, tests
    ///
    /// Each step is shown with the time it took; the failed ones are named again at the end.
    Ci {
        /// Stop at the first step that fails
        #[arg(long)]
        fail_fast: bool,
    },
    /// Measure the platform with a release build, with the machine's ceilings in the same run
    ///
    /// `flow` carries orders end to end through the real processes.
    ///
    /// `archive` fills the archive with a million filed services and asks it over HTTP.
    ///
    /// `rules` judges complete orders of several provinces natively and in the rule modules (fresh instance, reused
    /// instance, batch), swaps a module under full load, judges a million filings again with icpctl, and compares
    /// with two rule engines. It builds only what it needs; the first build takes minutes, because the engines are
    /// built nowhere else.
    ///
    /// The figures are printed and written to bench/<name>.json in the target directory. Arguments after the name go
    /// to the benchmark: try `cargo xtask bench rules --help`.
    Bench {
        /// Which benchmark: `flow`, `archive` or `rules`
        name: String,
        /// Passed to the benchmark
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Give the parsers of outside input millions of inputs, and keep what breaks one
    ///
    /// Builds the fuzzer with the compiler that builds the platform; the first build takes minutes. An input that breaks
    /// a target is kept beside its seeds in load-tests/fuzz/seeds, where the ordinary tests find it.
    Fuzz {
        /// Only this target, e.g. `filing` [default: all of them, one after another]
        target: Option<String>,
        /// How long each target is fuzzed, seconds
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// Check what the compiler does not: file sizes, left-over markers, manifests, documents against the tree
    Tidy,
}

#[derive(Subcommand)]
enum RulesVerb {
    /// Compile every province's rules to a WASM component, with a manifest of versions and digests
    ///
    /// Every folder of rules-wasm/provinces is one province. Its editions are named in the crate's manifest under
    /// [package.metadata.bureau]. Each becomes <out>/<province>-<version>.wasm, and <out>/manifest.json lists them.
    Build {
        /// Where the components go [default: rules in the target directory]
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
        /// Only this province, e.g. `gd`; the modules of the others stay as they are
        #[arg(long, value_name = "LETTERS")]
        province: Option<String>,
    },
    /// Change every parameter of every province's book in turn, and fail where no vector notices
    ///
    /// Bools are flipped, numbers moved by one, choices replaced, entries of lists, documents and conditions left out,
    /// weights changed. Each changed book is judged natively by all vectors of its province, the national ones
    /// included. A survivor is a parameter that needs a vector; a change that no order can show is named in the
    /// province's mutants.json, with the reason.
    Mutate {
        /// Only this province, e.g. `gd`; may be given several times
        #[arg(long, value_name = "LETTERS")]
        province: Vec<String>,
    },
}

#[derive(Args)]
struct DemoArgs {
    /// Leave when the orders have reached their ends, instead of staying up until Ctrl-C
    #[arg(long)]
    exit: bool,
    /// Carry this many generated orders as well
    #[arg(long, value_name = "N")]
    orders: Option<u32>,
    /// Passed on to the demo as they are
    #[arg(last = true)]
    more: Vec<String>,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(exit) => exit,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let workspace = Workspace::of_current_dir()?;
    match cli.verb {
        Verb::Setup { check: true } => setup::check().map(|()| ExitCode::SUCCESS),
        Verb::Setup { check: false } => setup::ensure().map(|()| ExitCode::SUCCESS),
        Verb::Rules { verb: RulesVerb::Build { out, province } } => {
            setup::ensure_wasm_target()?;
            let out = out.unwrap_or_else(|| workspace.rules_dir());
            match province {
                Some(province) => rules::build_one(&workspace, &out, &province)?,
                None => rules::build(&workspace, &out)?,
            }
            Ok(ExitCode::SUCCESS)
        }
        Verb::Rules { verb: RulesVerb::Mutate { province } } => {
            mutate::run(&workspace, &province).map(|()| ExitCode::SUCCESS)
        }
        Verb::Demo(args) => platform::demo(&workspace, &demo_arguments(&args)),
        Verb::Test { args } => platform::test(&workspace, &args).map(|()| ExitCode::SUCCESS),
        Verb::Ci { fail_fast } => ci::run(&workspace, fail_fast),
        Verb::Bench { name, args } => platform::bench(&workspace, &name, &args),
        Verb::Fuzz { target, seconds } => fuzz::fuzz(&workspace, target.as_deref(), seconds),
        Verb::Tidy => tidy::run(&workspace.root).map(|()| ExitCode::SUCCESS),
    }
}

fn demo_arguments(args: &DemoArgs) -> Vec<String> {
    let mut words = Vec::new();
    if args.exit {
        words.push("--exit".to_owned());
    }
    if let Some(orders) = args.orders {
        words.push("--orders".to_owned());
        words.push(orders.to_string());
    }
    words.extend(args.more.iter().cloned());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn demo_hands_its_arguments_on() {
        let words = ["xtask", "demo", "--exit", "--orders", "12", "--", "--seed", "7"];
        let Verb::Demo(args) = Cli::parse_from(words).verb else {
            panic!("`demo` was understood as another verb");
        };
        assert_eq!(demo_arguments(&args), ["--exit", "--orders", "12", "--seed", "7"]);
    }

    #[test]
    fn bench_leaves_the_options_to_the_load_generator() {
        let words = ["xtask", "bench", "flow", "--rate", "50", "--help"];
        let Verb::Bench { name, args } = Cli::parse_from(words).verb else {
            panic!("`bench` was understood as another verb");
        };
        assert_eq!(name, "flow");
        assert_eq!(args, ["--rate", "50", "--help"]);
    }
}
