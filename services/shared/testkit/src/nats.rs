//! A private NATS server with JetStream.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;

use crate::home::Home;
use crate::supervised::{ServerCommand, Supervised, end_of_log, find_program, free_port};
use crate::wait_until;

const READY_BOUND: Duration = Duration::from_secs(30);
const PORT_ATTEMPTS: usize = 5;

/// How a private NATS server runs.
#[derive(Debug, Clone)]
pub struct NatsOptions {
    /// Largest message.
    pub max_payload_bytes: u64,
    /// Largest sum of all streams on disk.
    pub max_store_mb: u64,
    /// More configuration in the server's own language, e.g. accounts.
    pub extra_configuration: String,
}

impl Default for NatsOptions {
    fn default() -> Self {
        // nats-server's own default.
        Self { max_payload_bytes: 1024 * 1024, max_store_mb: 4096, extra_configuration: String::new() }
    }
}

/// A private NATS server on a free loopback port. It stops when this value is dropped or the process ends.
#[derive(Debug)]
pub struct NatsServer {
    // Dropped in this order: first the server stops, then a temporary directory goes.
    process: Option<Supervised>,
    home: Home,
    port: u16,
    program: PathBuf,
    options: NatsOptions,
}

impl NatsServer {
    /// Starts a server with its store below `dir`; a store from an earlier run is used again.
    pub async fn start(dir: &Path, options: NatsOptions) -> anyhow::Result<Self> {
        Self::start_in(Home::at(dir)?, options).await
    }

    /// Starts a server in a fresh temporary directory, which goes with it. Takes some 50 ms: a test may have its own.
    pub async fn start_temp() -> anyhow::Result<Self> {
        Self::start_temp_with(NatsOptions::default()).await
    }

    /// The same with these options.
    pub async fn start_temp_with(options: NatsOptions) -> anyhow::Result<Self> {
        Self::start_in(Home::temporary("icp-nats-")?, options).await
    }

    async fn start_in(home: Home, options: NatsOptions) -> anyhow::Result<Self> {
        let places = [Path::new("/usr/sbin"), Path::new("/usr/local/bin"), Path::new("/usr/local/sbin")];
        let program = find_program("ICP_NATS_SERVER", "nats-server", &places).context(
            "nats-server is not installed; install the package `nats-server` or set ICP_NATS_SERVER to the program",
        )?;
        let mut server = Self { process: None, home, port: 0, program, options };
        let mut last_error = anyhow::anyhow!("not tried");
        for _ in 0..PORT_ATTEMPTS {
            server.port = free_port()?;
            match server.launch().await {
                Ok(()) => return Ok(server),
                Err(error) if end_of_log(&server.log()).contains("address already in use") => last_error = error,
                Err(error) => return Err(error),
            }
        }
        Err(last_error.context(format!("no free port for nats-server in {PORT_ATTEMPTS} attempts")))
    }

    /// Process id of the server, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().and_then(Supervised::pid)
    }

    /// Address for clients.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory that holds the configuration, the store and `nats.log`.
    pub fn dir(&self) -> &Path {
        self.home.dir()
    }

    /// The directory of JetStream's files, for tests that search them.
    pub fn store(&self) -> PathBuf {
        self.home.dir().join("store")
    }

    /// Stops the server in order; [`NatsServer::restart`] starts it again with its store.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        match self.process.as_mut() {
            Some(process) => process.stop().await?,
            None => return Ok(()),
        }
        self.process = None;
        Ok(())
    }

    /// Kills the server (`kill -9`); [`NatsServer::restart`] starts it again with its store.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        match self.process.as_mut() {
            Some(process) => process.kill().await?,
            None => return Ok(()),
        }
        self.process = None;
        Ok(())
    }

    /// Stops the server if it runs and starts it on the same port with the same store.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        self.launch().await
    }

    /// Stops the server, loses all that it stored, and starts it on the same port.
    pub async fn wipe(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        std::fs::remove_dir_all(self.store()).context("cannot remove the store")?;
        self.launch().await
    }

    /// Freezes the server (SIGSTOP), so that its clients wait for answers that do not come.
    pub fn pause(&mut self) -> anyhow::Result<()> {
        self.process.as_mut().context("the server is stopped")?.signal("STOP")
    }

    /// Ends [`NatsServer::pause`].
    pub fn resume(&mut self) -> anyhow::Result<()> {
        self.process.as_mut().context("the server is stopped")?.signal("CONT")
    }

    fn log(&self) -> PathBuf {
        self.home.dir().join("nats.log")
    }

    /// A name that tells this server from any other that could answer on the port.
    fn name(&self) -> String {
        format!("icp-private-{}-{}", std::process::id(), self.port)
    }

    fn configuration(&self) -> String {
        let Self { port, options, .. } = self;
        format!(
            "server_name: \"{name}\"\nlisten: \"127.0.0.1:{port}\"\nmax_payload: {max_payload}\n\
             jetstream {{\n  store_dir: \"{store}\"\n  max_memory_store: 268435456\n  max_file_store: {max_store}\n}}\n{extra}\n",
            name = self.name(),
            max_payload = options.max_payload_bytes,
            store = self.store().display(),
            max_store = options.max_store_mb * 1024 * 1024,
            extra = options.extra_configuration,
        )
    }

    async fn launch(&mut self) -> anyhow::Result<()> {
        let configuration = self.home.dir().join("nats.conf");
        std::fs::create_dir_all(self.store()).context("cannot create the store")?;
        std::fs::write(&configuration, self.configuration()).context("cannot write nats.conf")?;
        let log = self.log();
        let _ = std::fs::remove_file(&log);
        let mut process = Supervised::start(ServerCommand {
            program: &self.program,
            arguments: vec!["--config".into(), configuration.into()],
            stop_signal: "TERM",
            run_as: None,
            environment: Vec::new(),
            log: &log,
            remove_with_owner: self.home.is_temporary().then_some(self.home.dir()),
        })?;
        wait_until_ready(&mut process, self.port, &self.name())
            .await
            .map_err(|error| error.context(format!("nats-server did not start: {}", end_of_log(&log))))?;
        self.process = Some(process);
        Ok(())
    }
}

async fn wait_until_ready(process: &mut Supervised, port: u16, name: &str) -> anyhow::Result<()> {
    let process = std::sync::Mutex::new(process);
    let ready = wait_until("nats-server to greet", READY_BOUND, || async {
        if !process.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_running() {
            return Ok(Err(anyhow::anyhow!("it ended at once")));
        }
        let greeting = greeting(port).await.map_err(|error| error.to_string())?;
        let text = |key: &str| greeting.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        if text("server_name") != name {
            return Err(format!("the server {} answers", text("server_name")));
        }
        if greeting.get("jetstream").and_then(serde_json::Value::as_bool) != Some(true) {
            return Err("JetStream is not ready".into());
        }
        Ok(Ok(()))
    });
    ready.await?
}

/// The server's first line: `INFO {json}`.
async fn greeting(port: u16) -> anyhow::Result<serde_json::Value> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await?;
    let json = line.strip_prefix("INFO ").context("no greeting")?;
    Ok(serde_json::from_str(json)?)
}
