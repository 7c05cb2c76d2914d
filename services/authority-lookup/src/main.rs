//! Authority look-up: compares what an order declares with the registers of enterprises, citizens and domains.

use std::process::ExitCode;

fn main() -> ExitCode {
    icp_kit::service::main("authority", icp_authority::DEFAULTS, icp_authority::build)
}
