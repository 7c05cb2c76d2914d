//! Calls the press: one process per paper, a few at a time, within a bound.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use icp_papers::{Output, Paper, PrintJob};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::Semaphore;

use super::PapersConfig;
use crate::api::problem::{Kind, Problem};

/// Papers that are printed at the same time; each takes some 70 MB.
static PRESSES: Semaphore = Semaphore::const_new(2);
const PROGRAM: &str = "icp-press";
/// Status of the press when it refuses a paper and says why.
const REFUSED: i32 = 3;

/// The paper as a file.
pub(super) async fn print(config: &PapersConfig, paper: Paper, output: Output) -> Result<Vec<u8>, Problem> {
    let font_file = (!config.font_file.as_os_str().is_empty()).then(|| config.font_file.clone());
    let job = serde_json::to_vec(&PrintJob { paper, output, font_file }).map_err(|error| failed(&error))?;
    let limit = Duration::from_millis(config.press_timeout_ms);
    match tokio::time::timeout(limit, run(program(config), &job)).await {
        Ok(printed) => printed,
        Err(_) => Err(Problem::new(Kind::Unavailable, "The paper took too long to print. Ask again.")),
    }
}

async fn run(program: PathBuf, job: &[u8]) -> Result<Vec<u8>, Problem> {
    let _turn = PRESSES.acquire().await.map_err(|error| failed(&error))?;
    let mut press = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            tracing::error!(%error, program = %program.display(), "the press cannot be started");
            Problem::new(Kind::Unavailable, "Papers cannot be printed: the operator must install `icp-press`.")
        })?;
    if let Some(mut input) = press.stdin.take() {
        input.write_all(job).await.map_err(|error| failed(&error))?;
    }
    let printed = press.wait_with_output().await.map_err(|error| failed(&error))?;
    if printed.status.success() {
        return Ok(printed.stdout);
    }
    let reason = String::from_utf8_lossy(&printed.stderr).trim().to_owned();
    if printed.status.code() == Some(REFUSED) {
        return Err(Problem::new(Kind::Unavailable, format!("The paper is not printed: {reason}.")));
    }
    Err(failed(&reason))
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "the press failed");
    Problem::new(Kind::Internal, "The paper cannot be printed; the operator has been told.")
}

fn program(config: &PapersConfig) -> PathBuf {
    if !config.press_program.as_os_str().is_empty() {
        return config.press_program.clone();
    }
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(PROGRAM));
    beside.unwrap_or_else(|| PathBuf::from(PROGRAM))
}
