//! A server process that cannot outlive its owner.
//!
//! The server is the child of a watchdog shell (`watchdog.sh`), which holds the reading end of a pipe. When the
//! writing end closes, because [`Supervised`] was dropped, the process exited or was killed with `kill -9`, the
//! watchdog stops the server. This needs neither `unsafe` code (`PR_SET_PDEATHSIG`) nor pid files, and signals
//! exactly the process that was started. The watchdog has its own process group, so Ctrl-C at the terminal does
//! not take the servers away before their clients have ended.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::home::RunAs;

const WATCHDOG: &str = include_str!("watchdog.sh");

/// How long a server may take to stop before it is killed. The watchdog has the same bound.
const STOP_BOUND: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);

/// Ports that are handed out: Linux gives connections those from 32768 on.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Processes with neighbouring ids begin at places so far apart.
const SPREAD: u32 = 211;

/// What to run.
pub(crate) struct ServerCommand<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<OsString>,
    /// Signal for an orderly stop, e.g. `TERM`.
    pub(crate) stop_signal: &'static str,
    pub(crate) run_as: Option<RunAs>,
    /// Added to the environment of this process.
    pub(crate) environment: Vec<(String, String)>,
    /// Output of the server goes to the end of this file.
    pub(crate) log: &'a Path,
    /// Removed by the watchdog when the owner has gone without stopping the server.
    pub(crate) remove_with_owner: Option<&'a Path>,
}

/// A running server under its watchdog.
#[derive(Debug)]
pub(crate) struct Supervised {
    watchdog: Child,
    signals: Option<ChildStdin>,
    stop_signal: &'static str,
}

impl Supervised {
    pub(crate) fn start(server: ServerCommand<'_>) -> anyhow::Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(server.log)
            .with_context(|| format!("cannot open {}", server.log.display()))?;
        let mut command = Command::new("sh");
        command
            .args(["-c", WATCHDOG, "watchdog", server.stop_signal])
            .arg(server.remove_with_owner.unwrap_or(Path::new("")))
            .arg(server.program)
            .args(server.arguments)
            .envs(server.environment)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().context("cannot share the log file")?)
            .stderr(log);
        if let Some(user) = server.run_as {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        let mut watchdog = command.spawn().context("cannot start sh")?;
        let signals = watchdog.stdin.take();
        Ok(Self { watchdog, signals, stop_signal: server.stop_signal })
    }

    /// Whether the server still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.watchdog.try_wait(), Ok(None))
    }

    /// Process id of the server itself, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        let watchdog = self.watchdog.id().to_string();
        std::fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // "pid (name) state parent …"; the name may hold blanks and parentheses.
            let (before, after) = stat.rsplit_once(')')?;
            let is_child = after.split_whitespace().nth(1)? == watchdog;
            let is_watcher = before.ends_with("(sh") || before.ends_with("(dash") || before.ends_with("(bash");
            (is_child && !is_watcher).then_some(pid)
        })
    }

    /// Sends a signal (`KILL`, `STOP`, `CONT`, …) to the server.
    pub(crate) fn signal(&mut self, name: &str) -> anyhow::Result<()> {
        let signals = self.signals.as_mut().context("the server has been stopped")?;
        writeln!(signals, "{name}").context("the server's watchdog is gone")
    }

    /// Stops the server in order, or kills it after a bound, and waits until it is gone.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        if self.is_running() {
            // A watchdog that ended in this moment is what is wanted.
            let _ = self.signal(self.stop_signal);
            let _ = self.signal("CONT");
        }
        if !self.has_ended_within(STOP_BOUND).await {
            self.kill().await?;
        }
        Ok(())
    }

    /// Kills the server (`kill -9`) and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        if self.is_running() {
            let _ = self.signal("KILL");
        }
        anyhow::ensure!(self.has_ended_within(STOP_BOUND).await, "the server does not end");
        Ok(())
    }

    async fn has_ended_within(&mut self, bound: Duration) -> bool {
        let deadline = Instant::now() + bound;
        while self.is_running() {
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.signals = None;
        let deadline = Instant::now() + STOP_BOUND;
        while self.is_running() && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
    }
}

/// A loopback port that is free at this moment. It lies below those that connections get by themselves, so that no
/// connection takes it before its server does; and two processes seldom ask for the same one.
pub fn free_port() -> anyhow::Result<u16> {
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(SPREAD)));
    for _ in PORTS {
        let place = NEXT.fetch_add(1, Ordering::Relaxed) % u32::from(PORTS.end - PORTS.start);
        let port = PORTS.start + u16::try_from(place).unwrap_or_default();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no loopback port from {} to {} is free", PORTS.start, PORTS.end - 1)
}

/// The first of these that is a file: the path in an environment variable, `name` on the search path, `name` in
/// one of the directories.
pub(crate) fn find_program(variable: &str, name: &str, directories: &[&Path]) -> Option<std::path::PathBuf> {
    if let Some(path) = std::env::var_os(variable).map(std::path::PathBuf::from) {
        return path.is_file().then_some(path);
    }
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&search_path)
        .chain(directories.iter().map(|directory| directory.to_path_buf()))
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

/// The last lines of a log, for error messages.
pub(crate) fn end_of_log(log: &Path) -> String {
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(8).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
