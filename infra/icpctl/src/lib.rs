//! `icpctl`: the tool of the operator and of the rule author. Tables for people, `--json` for machines; every refusal
//! is one line with what, why and remedy, and a non-zero exit status.
//!
//! Reading order: [`cli`] (what can be asked), [`problem`] and [`output`] (what is answered), [`place`] (where things
//! are), `rules` (one file per group of verbs), `rejudge` (the whole stock against a module), `audit` (intake's audit
//! trail).

#![allow(rustdoc::invalid_html_tags)] // Help texts name places as `<file>`; clap shows them as they are.

mod audit;
mod bus;
mod cli;
mod output;
mod place;
mod problem;
mod rejudge;
mod rules;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Verb};

pub use rejudge::{OrderFile, read_frame};

/// The program: reads the command line, answers on stdout or refuses on stderr.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    // A provider that is installed already serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = match &cli.verb {
        Verb::Rules { verb } => runtime.block_on(rules::run(verb, &cli)),
        Verb::Audit { verb } => runtime.block_on(audit::run(verb, &cli)),
    };
    match answer {
        Ok(answer) => answer.print(cli.json),
        Err(problem) => problem.print(cli.json),
    }
}
