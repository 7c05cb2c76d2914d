//! The scheduling service: durable timers and cron jobs.

use std::process::ExitCode;

fn main() -> ExitCode {
    icp_kit::service::main("schedule", icp_schedule::DEFAULTS, icp_schedule::build)
}
