//! The SMS service: keeps the ministry's 24-hour confirmation windows.

use std::process::ExitCode;

fn main() -> ExitCode {
    icp_kit::service::main("sms", icp_sms::DEFAULTS, icp_sms::build)
}
