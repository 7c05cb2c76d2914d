//! `cargo xtask bench <name>`: the load generator.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Benchmarks of the platform, with the machine's ceilings in the same run")]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// Carries orders end to end through the real processes
    Flow(icp_load::flow::FlowArguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Benchmark::Flow(arguments) = Arguments::parse().benchmark;
    match icp_load::flow::run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The benchmark failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
