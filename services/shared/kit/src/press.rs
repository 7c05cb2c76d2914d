//! Calls the press, the program that sets papers: one process per paper, a few at a time, within a bound.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::Semaphore;

/// Papers that are printed at the same time by one service; each takes some 70 MB.
static PRESSES: Semaphore = Semaphore::const_new(2);
const PROGRAM: &str = "icp-press";
/// Status of the press when it cannot print here and says why.
const REFUSED: i32 = 3;
/// Status of the press when the words of the paper cannot be printed.
const UNPRINTABLE: i32 = 4;

/// The program, and how long it may take. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Press {
    program: PathBuf,
    limit: Duration,
}

/// Why a paper is not printed.
#[derive(Debug, thiserror::Error)]
pub enum PressError {
    /// The program cannot be started.
    #[error("`{program}` cannot be started: install `icp-press`, or say where it is", program = .program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It was stopped.
    #[error("the paper took longer to print than {0:?}")]
    TookTooLong(Duration),
    /// It cannot print here, e.g. for want of a font.
    #[error("{0}")]
    Refused(String),
    /// The words of the paper cannot be printed; why, as JSON.
    #[error("the words of the paper cannot be printed: {0}")]
    Unprintable(String),
    /// A defect.
    #[error("the press failed: {0}")]
    Failed(String),
}

impl Press {
    /// A press; without a program it is `icp-press` beside the running one.
    pub fn new(program: &Path, limit: Duration) -> Self {
        let beside =
            || std::env::current_exe().map_or_else(|_| PathBuf::from(PROGRAM), |own| own.with_file_name(PROGRAM));
        let program = if program.as_os_str().is_empty() { beside() } else { program.to_owned() };
        Self { program, limit }
    }

    /// The printed file. The bound is that of the printing; the wait for a turn has none.
    pub async fn print(&self, job: &impl Serialize) -> Result<Vec<u8>, PressError> {
        let job = serde_json::to_vec(job).map_err(failed)?;
        let _turn = PRESSES.acquire().await.map_err(failed)?;
        self.within_limit(&[], &job).await
    }

    /// Whether it can print here, with the font in `font_file`, or one from the usual places where that is empty.
    pub async fn check(&self, font_file: &Path) -> Result<(), PressError> {
        let check = OsStr::new("--check");
        let font_file = font_file.as_os_str();
        let arguments = if font_file.is_empty() { vec![check] } else { vec![check, font_file] };
        self.within_limit(&arguments, &[]).await.map(|_| ())
    }

    async fn within_limit(&self, arguments: &[&OsStr], input: &[u8]) -> Result<Vec<u8>, PressError> {
        let running = tokio::time::timeout(self.limit, self.run(arguments, input));
        running.await.unwrap_or(Err(PressError::TookTooLong(self.limit)))
    }

    async fn run(&self, arguments: &[&OsStr], job: &[u8]) -> Result<Vec<u8>, PressError> {
        let mut press = Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| PressError::NotStarted { program: self.program.clone(), source })?;
        if let Some(mut input) = press.stdin.take() {
            input.write_all(job).await.map_err(failed)?;
        }
        let printed = press.wait_with_output().await.map_err(failed)?;
        if printed.status.success() {
            return Ok(printed.stdout);
        }
        let reason = String::from_utf8_lossy(&printed.stderr).trim().to_owned();
        Err(match printed.status.code() {
            Some(UNPRINTABLE) => PressError::Unprintable(reason),
            Some(REFUSED) => PressError::Refused(reason),
            _ => PressError::Failed(reason),
        })
    }
}

fn failed(error: impl std::fmt::Display) -> PressError {
    PressError::Failed(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn press(directory: &Path, script: &str, limit: Duration) -> Press {
        let program = directory.join("press");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        Press::new(&program, limit)
    }

    #[tokio::test]
    async fn a_paper_is_what_the_program_writes_and_each_failure_has_its_own_meaning() {
        let directory = tempfile::tempdir().unwrap();
        let printed = press(directory.path(), "cat", LIMIT).print(&["a paper"]).await;
        assert_eq!(printed.unwrap(), br#"["a paper"]"#);
        let failing = async |script: &str| press(directory.path(), script, LIMIT).print(&"").await.unwrap_err();
        let after_reading = |status: u8| format!("cat > /dev/null; echo why >&2; exit {status}");
        assert!(matches!(failing(&after_reading(3)).await, PressError::Refused(why) if why == "why"));
        assert!(matches!(failing(&after_reading(4)).await, PressError::Unprintable(why) if why == "why"));
        assert!(matches!(failing(&after_reading(1)).await, PressError::Failed(why) if why == "why"));
        let checked = press(directory.path(), r#"test "$*" = "--check /a font" || exit 3"#, LIMIT);
        assert!(checked.check(Path::new("/a font")).await.is_ok());
        assert!(matches!(checked.check(Path::new("")).await, Err(PressError::Refused(_))));
        let slow = press(directory.path(), "exec sleep 60", Duration::from_millis(50)).print(&"").await;
        assert!(matches!(slow, Err(PressError::TookTooLong(_))));
        let absent = Press::new(&directory.path().join("absent"), LIMIT).print(&"").await;
        assert!(matches!(absent, Err(PressError::NotStarted { .. })));
    }
}
