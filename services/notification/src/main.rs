//! The notification service: mails, SMS and partner events.

use std::process::ExitCode;

fn main() -> ExitCode {
    icp_kit::service::main("notify", icp_notify::DEFAULTS, icp_notify::build)
}
