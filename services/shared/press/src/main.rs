//! Reads a print job from standard input, writes the paper to standard output. With `--check [font file]` it only says
//! whether it could.
//!
//! Exit status 0: the paper. 3: the paper cannot be printed here, and standard error says why in one line. 4: its own
//! words cannot be printed, and standard error is an [`icp_papers::Refusal`] as JSON. Anything else is a defect.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// The job was understood, but the paper cannot be printed here.
const REFUSED: u8 = 3;
/// The words of the paper cannot be printed.
const UNPRINTABLE: u8 = 4;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "--check") {
        let font_file = arguments.next().map(PathBuf::from);
        return match icp_press::Press::open(font_file.as_deref()) {
            Ok(_) => ExitCode::SUCCESS,
            Err(error) => fail(REFUSED, &error.to_string()),
        };
    }
    let mut text = String::new();
    let job = match std::io::stdin().read_to_string(&mut text).map(|_| serde_json::from_str(&text)) {
        Ok(Ok(job)) => job,
        Ok(Err(error)) => return fail(1, &format!("standard input holds no print job: {error}")),
        Err(error) => return fail(1, &format!("standard input cannot be read: {error}")),
    };
    match icp_press::print(&job) {
        Ok(file) => match std::io::stdout().write_all(&file) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(1, &format!("the paper cannot be handed on: {error}")),
        },
        Err(error) => match error.refusal().map(|refusal| serde_json::to_string(&refusal)) {
            Some(Ok(refusal)) => fail(UNPRINTABLE, &refusal),
            _ => fail(REFUSED, &error.to_string()),
        },
    }
}

fn fail(status: u8, reason: &str) -> ExitCode {
    eprintln!("{reason}");
    ExitCode::from(status)
}
