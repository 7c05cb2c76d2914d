//! The program `icpctl`.

fn main() -> std::process::ExitCode {
    icpctl::run()
}
