//! A program of the platform as a process: a service, the sandbox.

use std::path::{Path, PathBuf};

use anyhow::Context;

pub use crate::supervised::free_port;
use crate::supervised::{ServerCommand, Supervised, end_of_log};

/// A running program. It stops when this value is dropped or the process ends.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    process: Option<Supervised>,
}

impl Program {
    /// Starts a program; what it prints goes to the end of `log`.
    pub fn start(
        path: &Path,
        arguments: Vec<String>,
        environment: Vec<(String, String)>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let mut program = Self { path: path.to_owned(), arguments, environment, log: log.to_owned(), process: None };
        program.launch()?;
        Ok(program)
    }

    fn launch(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(self.path.is_file(), "{} is not built", self.path.display());
        let process = Supervised::start(ServerCommand {
            program: &self.path,
            arguments: self.arguments.iter().map(Into::into).collect(),
            stop_signal: "TERM",
            run_as: None,
            environment: self.environment.clone(),
            log: &self.log,
            remove_with_owner: None,
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Supervised::is_running)
    }

    /// Stops it in order (`SIGTERM`).
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        match self.process.take() {
            Some(mut process) => process.stop().await,
            None => Ok(()),
        }
    }

    /// Kills it (`kill -9`).
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill().await,
            None => Ok(()),
        }
    }

    /// Starts it again after it was stopped, was killed, or ended by itself.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        self.launch().with_context(|| format!("{} could not be started again", self.path.display()))
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().and_then(Supervised::pid)
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The last lines of its output, for error messages.
    pub fn last_lines(&self) -> String {
        end_of_log(&self.log)
    }
}
