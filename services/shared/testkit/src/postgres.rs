//! A private Postgres.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::home::{Home, RunAs};
use crate::supervised::{ServerCommand, Supervised, end_of_log, free_port};
use crate::wait_until;

/// Generous, because test machines may be busy.
const READY_BOUND: Duration = Duration::from_secs(60);
const PORT_ATTEMPTS: usize = 5;

/// How a private Postgres runs.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Whether a commit waits for the disk. Off for tests, on for the demo and for measurements.
    pub is_durable: bool,
    /// Memory for shared pages.
    pub shared_buffers_mb: u32,
    /// Connections over all databases.
    pub max_connections: u32,
}

impl PostgresOptions {
    /// Fast and forgetful: no fsync.
    pub fn for_tests() -> Self {
        Self { is_durable: false, shared_buffers_mb: 64, max_connections: 200 }
    }

    /// Commits survive a power cut, as in production.
    pub fn durable() -> Self {
        Self { is_durable: true, shared_buffers_mb: 256, max_connections: 200 }
    }
}

/// A running private Postgres on a free loopback port. It stops when this value is dropped or the process ends.
///
/// User `postgres`, no password, reachable from this machine only, UTF-8, locale C, time zone UTC.
#[derive(Debug)]
pub struct Postgres {
    // Dropped in this order: first the server stops, then a temporary directory goes.
    process: Mutex<Supervised>,
    home: Home,
    port: u16,
    binaries: PathBuf,
}

impl Postgres {
    /// Starts Postgres with its data below `dir`; data from an earlier run is used again.
    ///
    /// Postgres refuses root: then it runs as the system user `postgres`, and if that user cannot reach `dir`, a
    /// fresh temporary directory is used instead and a line on standard error says so.
    pub async fn start(dir: &Path, options: PostgresOptions) -> anyhow::Result<Self> {
        Self::start_in(Home::at(dir)?, options).await
    }

    /// Starts Postgres in a fresh temporary directory, which goes with it.
    pub async fn start_temp(options: PostgresOptions) -> anyhow::Result<Self> {
        Self::start_in(Home::temporary("icp-postgres-")?, options).await
    }

    async fn start_in(home: Home, options: PostgresOptions) -> anyhow::Result<Self> {
        let binaries = find_binaries()?;
        let run_as = RunAs::instead_of_root("postgres")?;
        let home = match run_as {
            Some(user) => reachable_home(home, user)?,
            None => home,
        };
        let data = home.dir().join("data");
        if !data.join("PG_VERSION").is_file() {
            initialise(&binaries, home.dir(), &data, run_as).await?;
        }
        let (process, port) = launch(&binaries, &home, &data, run_as, &options).await?;
        Ok(Self { process: Mutex::new(process), home, port, binaries })
    }

    /// Address of a database on this server; it need not exist yet.
    pub fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// Process id of the postmaster, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.lock().ok()?.pid()
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory that holds the data and `postgres.log`.
    pub fn dir(&self) -> &Path {
        self.home.dir()
    }

    /// The directory of `pg_dump` and the other programs that belong to this server.
    pub fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// Creates an empty database unless it exists, and returns its address. Names are 1 to 63 small letters,
    /// digits and `_`.
    pub async fn create_database(&self, name: &str) -> anyhow::Result<String> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        anyhow::ensure!(
            (1..=63).contains(&name.len()) && name.chars().all(is_plain),
            "`{name}` is not usable as a database name"
        );
        let mut connection = self.administrator().await?;
        let created = sqlx::query(AssertSqlSafe(format!("CREATE DATABASE \"{name}\""))).execute(&mut connection).await;
        match created {
            Ok(_) => {}
            Err(error) if is_duplicate_database(&error) => {}
            Err(error) => return Err(error).with_context(|| format!("cannot create the database {name}")),
        }
        connection.close().await.context("cannot close the connection")?;
        Ok(self.url(name))
    }

    /// All of a database as SQL text, for tests that search it.
    pub async fn dump(&self, database: &str) -> anyhow::Result<String> {
        let output = tokio::process::Command::new(self.binaries.join("pg_dump"))
            .arg("--dbname")
            .arg(self.url(database))
            .output()
            .await
            .context("cannot run pg_dump")?;
        anyhow::ensure!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).context("the dump is not UTF-8")
    }

    /// Stops the server in order (open transactions are rolled back).
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { process, home, .. } = self;
        let mut process = process.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        process.stop().await?;
        drop(process);
        drop(home);
        Ok(())
    }

    /// Freezes the server (SIGSTOP), so that its clients wait for answers that do not come.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.lock().signal("STOP")
    }

    /// Ends [`Postgres::pause`].
    pub fn resume(&self) -> anyhow::Result<()> {
        self.lock().signal("CONT")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Supervised> {
        self.process.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn administrator(&self) -> anyhow::Result<PgConnection> {
        PgConnection::connect(&self.url("postgres")).await.context("cannot connect to the private Postgres")
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/{database}")
}

fn is_duplicate_database(error: &sqlx::Error) -> bool {
    // 42P04 duplicate_database; 23505 when two creations of the same name meet.
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("42P04" | "23505"))
}

/// The directory of `postgres` and `initdb`: `ICP_POSTGRES_BIN`, the search path, or the newest installed version.
fn find_binaries() -> anyhow::Result<PathBuf> {
    let has_both = |dir: &PathBuf| dir.join("postgres").is_file() && dir.join("initdb").is_file();
    if let Some(dir) = std::env::var_os("ICP_POSTGRES_BIN").map(PathBuf::from) {
        anyhow::ensure!(has_both(&dir), "ICP_POSTGRES_BIN={} does not hold postgres and initdb", dir.display());
        return Ok(dir);
    }
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    // What is on the search path may be a link to the directory where pg_dump and the others are, too.
    let linked = std::env::split_paths(&search_path)
        .filter_map(|dir| dir.join("postgres").canonicalize().ok()?.parent().map(Path::to_path_buf))
        .find(has_both);
    if let Some(dir) = linked {
        return Ok(dir);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let dir = entry.path().join("bin");
            has_both(&dir).then_some((version, dir))
        })
        .max();
    newest
        .map(|(_, dir)| dir)
        .context("Postgres is not installed; install the package `postgresql` or set ICP_POSTGRES_BIN to the directory of `postgres` and `initdb`")
}

fn reachable_home(home: Home, user: RunAs) -> anyhow::Result<Home> {
    if user.can_use(home.dir())? {
        return Ok(home);
    }
    let other = Home::temporary("icp-postgres-")?;
    anyhow::ensure!(
        user.can_use(other.dir())?,
        "the user postgres can reach neither {} nor {}; set TMPDIR to a directory that everybody may enter",
        home.dir().display(),
        other.dir().display()
    );
    eprintln!(
        "the user postgres cannot reach {}; this run keeps its data in {}",
        home.dir().display(),
        other.dir().display()
    );
    Ok(other)
}

async fn initialise(binaries: &Path, dir: &Path, data: &Path, run_as: Option<RunAs>) -> anyhow::Result<()> {
    // Under another name first, so that an interrupted run leaves nothing that looks complete.
    let unfinished = dir.join("data.unfinished");
    let _ = std::fs::remove_dir_all(&unfinished);
    let mut command = tokio::process::Command::new(binaries.join("initdb"));
    command
        .arg("--pgdata")
        .arg(&unfinished)
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
        .current_dir("/")
        .kill_on_drop(true);
    if let Some(user) = run_as {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    let output = command.output().await.context("cannot run initdb")?;
    anyhow::ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::rename(&unfinished, data).with_context(|| format!("cannot rename to {}", data.display()))
}

async fn launch(
    binaries: &Path,
    home: &Home,
    data: &Path,
    run_as: Option<RunAs>,
    options: &PostgresOptions,
) -> anyhow::Result<(Supervised, u16)> {
    let log = home.dir().join("postgres.log");
    for _ in 0..PORT_ATTEMPTS {
        let port = free_port()?;
        let _ = std::fs::remove_file(&log);
        let mut process = Supervised::start(ServerCommand {
            program: &binaries.join("postgres"),
            arguments: arguments(data, port, options),
            stop_signal: "INT",
            run_as,
            environment: Vec::new(),
            log: &log,
            remove_with_owner: home.is_temporary().then_some(home.dir()),
        })?;
        match wait_until_ready(&mut process, port, data).await {
            Ok(()) => return Ok((process, port)),
            Err(_) if end_of_log(&log).contains("could not bind") => {}
            Err(error) => return Err(error.context(format!("Postgres did not start: {}", end_of_log(&log)))),
        }
    }
    anyhow::bail!("no free port for Postgres in {PORT_ATTEMPTS} attempts")
}

fn arguments(data: &Path, port: u16, options: &PostgresOptions) -> Vec<OsString> {
    let switch = if options.is_durable { "on" } else { "off" };
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "unix_socket_directories=".to_owned(),
        format!("max_connections={}", options.max_connections),
        format!("shared_buffers={}MB", options.shared_buffers_mb),
        format!("fsync={switch}"),
        format!("synchronous_commit={switch}"),
        format!("full_page_writes={switch}"),
        // Pages that are written whole after a checkpoint are most of the log of a young cluster.
        format!("wal_compression={switch}"),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        "jit=off".to_owned(),
    ];
    let mut arguments = vec![OsString::from("-D"), data.into()];
    for setting in settings {
        arguments.push("-c".into());
        arguments.push(setting.into());
    }
    arguments
}

async fn wait_until_ready(process: &mut Supervised, port: u16, data: &Path) -> anyhow::Result<()> {
    let process = Mutex::new(process);
    let ready = wait_until("Postgres to accept connections", READY_BOUND, || async {
        if !process.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_running() {
            return Ok(Err(anyhow::anyhow!("it ended at once")));
        }
        let mut connection = PgConnection::connect(&url(port, "postgres")).await.map_err(|error| error.to_string())?;
        // The port could have been taken by another instance in between.
        let directory: String = sqlx::query_scalar("SHOW data_directory")
            .fetch_one(&mut connection)
            .await
            .map_err(|error| error.to_string())?;
        if Path::new(&directory) == data { Ok(Ok(())) } else { Err("another instance answers".into()) }
    });
    ready.await?
}
