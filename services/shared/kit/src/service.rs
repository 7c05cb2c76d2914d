//! The life of a service process: configuration, connections that are retried until they stand,
//! health, gRPC, and an orderly stop.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use clap::Parser;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgPool};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::server::NamedService;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::ServiceExt as _;

use crate::config::{self, Common, Loaded};
use crate::unread::read_out;
use crate::{Clock, Keyring, Materials, Vault, telemetry};

/// How often gRPC health is brought up to date.
const HEALTH_EVERY: Duration = Duration::from_secs(2);

/// A pooled connection that was idle this long is tested before it is used.
const TESTED_AFTER_IDLE: Duration = Duration::from_secs(1);

/// What a running service works with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServiceContext {
    /// Name of the service, e.g. `intake`.
    pub name: &'static str,
    /// Common configuration.
    pub common: Arc<Common>,
    /// The service's own database.
    pub pool: PgPool,
    /// Connection to NATS; reconnects by itself.
    pub nats: async_nats::Client,
    /// JetStream over [`nats`](Self::nats).
    pub jetstream: async_nats::jetstream::Context,
    /// Business time.
    pub clock: Clock,
    /// Keys for sealed messages.
    pub keyring: Arc<Keyring>,
    /// Encryption at rest; absent when no key-encryption key is configured.
    pub vault: Option<Vault>,
    /// Object store of materials; absent when no folder is configured.
    pub materials: Option<Materials>,
    /// Cancelled when the service stops.
    pub shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl ServiceContext {
    /// The largest message that the broker takes from this service, bytes.
    pub fn message_bytes_max(&self) -> usize {
        self.nats.server_info().max_payload.saturating_sub(MESSAGE_HEADER_BYTES)
    }

    /// Connects to Postgres and NATS, trying again with growing waits until both stand or `shutdown` is cancelled.
    pub async fn connect(
        name: &'static str,
        common: Common,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Option<Self>> {
        install_crypto_provider();
        let keyring = Arc::new(Keyring::load(name, &common.keys)?);
        let vault = match common.keys.kek_file.as_os_str().is_empty() {
            true => None,
            false => Some(Vault::load(&common.keys.kek_file)?),
        };
        let materials = match common.materials.root.as_os_str().is_empty() {
            true => None,
            false => Some(Materials::in_folder(&common.materials.root)?),
        };
        let Some(pool) = retry("Postgres", &shutdown, || connect_postgres(&common)).await else {
            return Ok(None);
        };
        let Some(nats) = retry("NATS", &shutdown, || connect_nats(name, &common)).await else {
            return Ok(None);
        };
        let jetstream = async_nats::jetstream::new(nats.clone());
        let context = Self {
            name,
            common: Arc::new(common),
            pool,
            nats,
            jetstream,
            clock: Clock::default(),
            keyring,
            vault,
            materials,
            shutdown,
            tasks: TaskTracker::new(),
        };
        if context.common.clock.follow_bus {
            context.spawn(context.clock.clone().follow(context.jetstream.clone(), context.shutdown.clone()));
        }
        Ok(Some(context))
    }

    /// Runs a task for as long as the service; it must end soon after [`shutdown`](Self::shutdown) is cancelled.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// The vault, or an error that names the setting.
    pub fn require_vault(&self) -> anyhow::Result<Vault> {
        self.vault.clone().ok_or_else(|| anyhow::anyhow!("keys.kek_file is not set; this service stores personal data"))
    }

    /// The material store, or an error that names the setting.
    pub fn require_materials(&self) -> anyhow::Result<Materials> {
        self.materials.clone().ok_or_else(|| anyhow::anyhow!("materials.root is not set"))
    }

    /// Whether Postgres and NATS answer now; the text names the one that does not.
    pub async fn ready(&self) -> Result<(), String> {
        if self.nats.connection_state() != async_nats::connection::State::Connected {
            return Err("NATS is not connected".to_owned());
        }
        let probe = sqlx::query("select 1").execute(&self.pool);
        match tokio::time::timeout(Duration::from_secs(2), probe).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("Postgres does not answer: {error}")),
            Err(_) => Err("Postgres does not answer within 2 s".to_owned()),
        }
    }
}

/// What a service serves besides its background tasks.
#[derive(Default)]
pub struct Parts {
    /// REST routes; `/healthz` and `/readyz` are added.
    pub http: Router,
    /// gRPC services; health and reflection are added.
    pub grpc: tonic::service::RoutesBuilder,
    /// Names of the gRPC services that health tells of, besides the process as a whole.
    pub grpc_names: Vec<&'static str>,
}

impl Parts {
    /// Adds a gRPC service, and its name to what health tells of.
    pub fn serve<S>(&mut self, service: S)
    where
        S: tower::Service<Request<tonic::body::Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        self.grpc_names.push(S::NAME);
        self.grpc.add_service(service);
    }
}

/// Room for the headers of a message, which count as its bytes.
const MESSAGE_HEADER_BYTES: usize = 4096;

#[derive(Parser)]
struct Arguments {
    /// Configuration file (TOML); the environment overrides it.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Load the configuration, say whether it is good, and stop.
    #[arg(long)]
    check_config: bool,
    /// Print the configuration in force, with secrets hidden, and stop.
    #[arg(long)]
    dump_config: bool,
}

/// The `main` of every service: loads the configuration, connects, builds, serves, stops in order.
pub fn main<T, F, Fut>(name: &'static str, own_defaults: &'static str, build: F) -> ExitCode
where
    T: DeserializeOwned + Serialize + Send + 'static,
    F: FnOnce(ServiceContext, T) -> Fut + Send + 'static,
    Fut: Future<Output = anyhow::Result<Parts>> + Send,
{
    let arguments = Arguments::parse();
    let loaded = match config::load::<T>(name, own_defaults, arguments.config.as_deref()) {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("icp-{name}: {error}");
            return ExitCode::from(2);
        }
    };
    if arguments.dump_config {
        match serde_json::to_string_pretty(&loaded) {
            Ok(text) => println!("{text}"),
            Err(error) => eprintln!("icp-{name}: {error}"),
        }
        return ExitCode::SUCCESS;
    }
    if arguments.check_config {
        println!("icp-{name}: configuration is good");
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("icp-{name}: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run_until_signal(name, loaded, build)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %format!("{error:#}"), "service ended");
            eprintln!("icp-{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run_until_signal<T, F, Fut>(name: &'static str, loaded: Loaded<T>, build: F) -> anyhow::Result<()>
where
    F: FnOnce(ServiceContext, T) -> Fut,
    Fut: Future<Output = anyhow::Result<Parts>>,
{
    let _telemetry = telemetry::init(name, &loaded.common.telemetry)?;
    let shutdown = CancellationToken::new();
    tokio::spawn({
        let shutdown = shutdown.clone();
        async move {
            wait_for_signal().await;
            tracing::info!("stopping");
            shutdown.cancel();
        }
    });
    run(name, loaded, shutdown, build).await
}

/// Runs a service until `shutdown` is cancelled.
pub async fn run<T, F, Fut>(
    name: &'static str,
    loaded: Loaded<T>,
    shutdown: CancellationToken,
    build: F,
) -> anyhow::Result<()>
where
    F: FnOnce(ServiceContext, T) -> Fut,
    Fut: Future<Output = anyhow::Result<Parts>>,
{
    let Loaded { common, own } = loaded;
    let grace = Duration::from_millis(common.service.shutdown_ms);
    let http = TcpListener::bind(common.service.http_listen).await?;
    let grpc_listen = common.service.grpc_listen;
    let http_address = http.local_addr()?;
    let front = Arc::new(Front::default());
    let server = tokio::spawn({
        let (front, shutdown) = (front.clone(), shutdown.clone());
        async move {
            let app = Router::new().fallback(answer).with_state(front);
            // Limits per address ask who is at the other end.
            let app = app.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(http, app).with_graceful_shutdown(async move { shutdown.cancelled().await }).await
        }
    });

    let Some(context) = ServiceContext::connect(name, common, shutdown.clone()).await? else {
        return Ok(());
    };
    let parts = build(context.clone(), own).await?;
    let grpc_address = serve_grpc(&context, parts.grpc, parts.grpc_names, grpc_listen).await?;
    let _ = front.ready.set((context.clone(), parts.http));
    tracing::info!(%http_address, %grpc_address, "ready");

    shutdown.cancelled().await;
    context.tasks.close();
    if tokio::time::timeout(grace, context.tasks.wait()).await.is_err() {
        tracing::warn!("work in flight was cut off at shutdown; it is repeated after the next start");
    }
    let _ = tokio::time::timeout(grace, server).await;
    Ok(())
}

async fn serve_grpc(
    context: &ServiceContext,
    mut routes: tonic::service::RoutesBuilder,
    names: Vec<&'static str>,
    listen: SocketAddr,
) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let (health, health_service) = tonic_health::server::health_reporter();
    // Before anybody can ask: a service that is not told of counts as unknown.
    let first = set_health(context, &health, &names, None).await;
    context.spawn(tell_health(context.clone(), health, names, first));
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(icp_proto::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    routes.add_service(health_service).add_service(reflection);
    let router = tonic::transport::Server::builder().add_routes(routes.routes());
    let shutdown = context.shutdown.clone();
    context.spawn(async move {
        let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
        if let Err(error) = router.serve_with_incoming_shutdown(incoming, shutdown.cancelled_owned()).await {
            tracing::error!(%error, "gRPC server ended");
        }
    });
    Ok(address)
}

/// Keeps gRPC health at what `/readyz` says, for the process and for each of its services; watchers hear of changes.
async fn tell_health(context: ServiceContext, health: HealthReporter, names: Vec<&'static str>, first: ServingStatus) {
    let mut told = first;
    while context.shutdown.run_until_cancelled(tokio::time::sleep(HEALTH_EVERY)).await.is_some() {
        told = set_health(&context, &health, &names, Some(told)).await;
    }
    set_health(&context, &health, &names, Some(told)).await;
}

/// Tells the status of now, unless it was told before.
async fn set_health(
    context: &ServiceContext,
    health: &HealthReporter,
    names: &[&'static str],
    told: Option<ServingStatus>,
) -> ServingStatus {
    let is_ready = !context.shutdown.is_cancelled() && context.ready().await.is_ok();
    let status = if is_ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    if told != Some(status) {
        for name in names.iter().copied().chain([""]) {
            health.set_service_status(name, status).await;
        }
    }
    status
}

#[derive(Default)]
struct Front {
    ready: OnceLock<(ServiceContext, Router)>,
}

async fn answer(State(front): State<Arc<Front>>, request: Request) -> Response {
    let ready = front.ready.get();
    match (request.uri().path(), ready) {
        ("/healthz", _) => (StatusCode::OK, "alive\n").into_response(),
        ("/readyz", None) => (StatusCode::SERVICE_UNAVAILABLE, "starting\n").into_response(),
        ("/readyz", Some((context, _))) => match context.ready().await {
            Ok(()) => (StatusCode::OK, "ready\n").into_response(),
            Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
        },
        (_, Some((_, router))) => match router.clone().oneshot(read_out(request)).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
        (_, None) => (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::CONTENT_TYPE, "application/problem+json"), (header::RETRY_AFTER, "2")],
            r#"{"type":"about:blank","title":"Service is starting","status":503,"detail":"Postgres or NATS is not reachable yet; try again shortly."}"#,
        )
            .into_response(),
    }
}

async fn connect_postgres(common: &Common) -> Result<PgPool, String> {
    PgPoolOptions::new()
        .max_connections(common.database.max_connections)
        .min_connections(1)
        // A connection is tested only after a pause: a test before every use would double the round trips.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for >= TESTED_AFTER_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .acquire_timeout(Duration::from_secs(5))
        .connect(common.database.url.expose())
        .await
        .map_err(|error| error.to_string())
}

async fn connect_nats(name: &'static str, common: &Common) -> Result<async_nats::Client, String> {
    let servers: Vec<String> = common.nats.url.expose().split(',').map(str::to_owned).collect();
    async_nats::ConnectOptions::new()
        .name(format!("icp-{name}"))
        .connection_timeout(Duration::from_secs(5))
        .connect(servers)
        .await
        .map_err(|error| error.to_string())
}

async fn retry<T, F, Fut>(what: &str, shutdown: &CancellationToken, mut attempt: F) -> Option<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, String>>,
{
    let mut wait_ms = 250;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return None,
            result = attempt() => match result {
                Ok(value) => return Some(value),
                Err(error) => tracing::warn!(%error, wait_ms, "{what} is not reachable; trying again"),
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return None,
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
        }
        wait_ms = (wait_ms * 2).min(10_000);
    }
}

/// Chooses the TLS implementation of the process; calling it again does nothing.
pub fn install_crypto_provider() {
    // An error only means that it was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}
