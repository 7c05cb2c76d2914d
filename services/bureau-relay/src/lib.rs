//! The bureau relay: the only service that talks to a communications bureau (管局).
//!
//! Reading order: [`filing`] (what is handed over), [`wire`] (the ministry's formats), the pure ideas
//! [`sequence`], [`upload_file`], [`batch`], [`expectation`], [`reply`] and [`image_fit`], then [`submission`] (from task to
//! record), [`store`] (the only SQL), [`results`], [`facts`], [`client`], [`consumers`] and [`tasks`].
//! This crate must never know the life cycle of an order, nor the tables of another service.

pub mod batch;
pub mod client;
pub mod config;
pub mod consumers;
pub mod expectation;
pub mod facts;
pub mod filing;
pub mod image_fit;
pub mod record;
pub mod reply;
pub mod results;
pub mod sequence;
pub mod store;
pub mod submission;
pub mod tasks;
pub mod upload_file;
pub mod wire;

use std::sync::Arc;

use icp_bus::Bus;
use icp_kit::{Parts, ServiceContext};

pub use config::{Config, DEFAULTS};

/// Name of the service.
pub const NAME: &str = "relay";

/// The service's own migrations.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Starts everything that the relay does in the background and returns what it serves.
pub async fn build(context: ServiceContext, config: Config) -> anyhow::Result<Parts> {
    let vault = context.require_vault()?;
    let materials = context.require_materials()?;
    let bus = Bus::start(&context, &MIGRATIONS).await?;
    store::ensure_account(&context.pool, &config.account.name).await?;

    let account = config.account.load()?;
    let bureau = client::Bureau::new(account, config.dialect.clone(), &config.calls)?;
    let relay =
        tasks::Relay { bus: bus.clone(), vault, materials, config: Arc::new(config), bureau, wake: Arc::default() };

    bus.work(tasks::preparer::Preparer { relay: relay.clone(), keyring: context.keyring.clone() });
    bus.consume(
        consumers::SUBMIT,
        consumers::SubmitHandler { account: relay.account().to_owned(), clock: context.clock.clone() },
    );
    bus.work(tasks::inquirer::Inquirer { relay: relay.clone(), keyring: context.keyring.clone() });
    bus.consume(
        consumers::QUERY,
        consumers::QueryHandler {
            account: relay.account().to_owned(),
            interval_ms: relay.config.timing.query_interval_ms,
            clock: context.clock.clone(),
        },
    );
    context.spawn(tasks::sweeper::run(relay.clone()));
    context.spawn(tasks::account::run(relay));

    let mut parts = Parts::default();
    parts.grpc.add_service(icp_bus::operations::service(&bus));
    Ok(parts)
}
