//! `cargo demo`: carries real orders through the whole platform and shows what happened.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use icp_demo::{World, WorldOptions, story, timeline};

#[derive(Parser)]
#[command(about = "Carries real orders through the whole platform")]
struct Arguments {
    /// Leave when the orders have reached their ends, instead of staying up until Ctrl-C
    #[arg(long)]
    exit: bool,
    /// Carry this many generated orders as well
    #[arg(long, default_value_t = 0)]
    orders: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match demo(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demo failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(arguments: &Arguments) -> anyhow::Result<()> {
    let start = Instant::now();
    let tell = move |line: String| println!("[{:>6.1} s] {line}", start.elapsed().as_secs_f64());
    tell("Postgres, NATS, the sandbox and seven services are started".to_owned());
    let world = World::start(WorldOptions::from_environment()?).await?;
    tell("all services are ready".to_owned());

    let carried = tokio::select! {
        result = story::run(&world, arguments.orders, &tell) => result,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("stopped by Ctrl-C")),
    };
    let carried = match carried {
        Ok(carried) => carried,
        Err(error) => {
            eprintln!("logs of the services: {}", world.work_dir().join("logs").display());
            world.stop().await?;
            return Err(error);
        }
    };

    for order in &carried.orders {
        println!("\n{} — {}", order.name, order.summary);
        print!("{}", timeline::render(&timeline::of_order(&world, &order.id).await?));
    }
    println!("\nEvery order ended as it should, {:.0} s after the start.", start.elapsed().as_secs_f64());
    println!("API and its documentation: {}/docs", world.url("intake"));
    println!("Sandbox (bureau, registers, phones, mail, clock): {}/", world.sandbox_url);
    for (name, service) in &world.services {
        println!("  {name:<9} health {}/readyz   gRPC {}", service.http, service.grpc);
    }
    if !arguments.exit {
        println!("Everything stays up until Ctrl-C. Tokens: sandbox-applicant-token, sandbox-reviewer-token.");
        tokio::signal::ctrl_c().await?;
        println!();
    }
    world.stop().await?;
    println!("Everything is stopped.");
    Ok(())
}
