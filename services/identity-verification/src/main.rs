//! Identity verification: compares documents and faces with what an order declares.

use std::process::ExitCode;

fn main() -> ExitCode {
    icp_kit::service::main("identity", icp_identity::DEFAULTS, icp_identity::build)
}
