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
    /// Fills the archive with filed services and asks it over HTTP
    Archive(icp_load::archive::ArchiveArguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().benchmark {
        Benchmark::Flow(arguments) => icp_load::flow::run(&arguments).await,
        Benchmark::Archive(arguments) => icp_load::archive::run(&arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The benchmark failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
