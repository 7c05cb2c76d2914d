//! The bureau relay as a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    icp_kit::service::main(icp_relay::NAME, icp_relay::DEFAULTS, icp_relay::build)
}
