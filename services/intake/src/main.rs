//! The intake service: REST for applicants and reviewers, gRPC for operators.

use std::process::ExitCode;

fn main() -> ExitCode {
    icp_kit::service::main(icp_intake::NAME, icp_intake::DEFAULTS, icp_intake::build)
}
