//! The outside world for development and tests: a provincial bureau that speaks the ministry's
//! enterprise interface V3.0, the authorities that know enterprises, citizens and domains, an SMS
//! gateway with phones, a mail sink, the people who answer the ministry's SMS, an issuer of tokens, and a clock that
//! can be moved.
//!
//! It shares no code with the services, so that what it accepts is an independent reading of
//! the interface. Everything is kept in memory and is deterministic.

pub mod authorities;
pub mod bureau;
pub mod clock;
pub mod config;
mod connection;
mod error;
mod http;
pub mod issuer;
mod lock;
mod mail;
mod phones;
mod smtp;
mod timers;
mod world;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use config::{AccountSpec, Config};
pub use error::SandboxError;
use world::World;

/// A started sandbox. Dropping it stops it.
pub struct Running {
    /// Where HTTP is served: SOAP, gateways, authorities and the scripting endpoints.
    pub http: SocketAddr,
    /// Where the mail sink listens.
    pub smtp: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Stops accepting, and returns when every task has ended.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        self.tasks.shutdown().await;
    }

    /// Waits until a task ends by itself, which only a failure can cause.
    async fn failed(&mut self) {
        self.tasks.join_next().await;
    }
}

/// Binds both ports, starts every part, writes the ports file, and returns.
pub async fn start(config: Config) -> Result<Running, SandboxError> {
    let http_listener = bind(&config.http, "http").await?;
    let smtp_listener = bind(&config.smtp, "smtp").await?;
    let http = local_address(&http_listener)?;
    let smtp = local_address(&smtp_listener)?;

    let ports_file = config.ports_file.clone();
    let world = Arc::new(World::new(config, http).await?);
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(timers::run(world.clone()));
    tasks.spawn(smtp::serve(world.clone(), smtp_listener));
    tasks.spawn(http::serve(world, http_listener, stopped));

    if let Some(path) = ports_file {
        let ports = serde_json::json!({ "http": http.to_string(), "smtp": smtp.to_string() });
        let partial = path.with_extension("partial");
        let written = std::fs::write(&partial, ports.to_string()).and_then(|()| std::fs::rename(&partial, &path));
        written.map_err(|source| SandboxError::PortsFile { path, source })?;
    }
    tracing::info!(%http, %smtp, "the sandbox is ready");
    Ok(Running { http, smtp, stop, tasks })
}

/// Runs the sandbox until SIGINT or SIGTERM.
pub async fn run(config: Config) -> Result<(), SandboxError> {
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(SandboxError::Signal)?;
    let mut running = start(config).await?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(SandboxError::Signal)?,
        _ = terminate.recv() => {}
        () = running.failed() => return Err(SandboxError::TaskEnded),
    }
    running.shutdown().await;
    Ok(())
}

async fn bind(address: &str, port: &'static str) -> Result<TcpListener, SandboxError> {
    TcpListener::bind(address).await.map_err(|source| SandboxError::Bind { port, address: address.to_owned(), source })
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, SandboxError> {
    listener.local_addr().map_err(SandboxError::LocalAddress)
}
