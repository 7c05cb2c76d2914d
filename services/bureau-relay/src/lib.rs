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

use anyhow::Context as _;
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
    let keyring = context.keyring.clone();
    // Without intake's key nobody would learn why the bureau refused.
    keyring.seal(facts::WORDS_FOR, "", &icp_proto::bureau::Words::default())?;
    let materials = context.require_materials()?;
    let bus = Bus::start(&context, &MIGRATIONS).await?;
    let mut relays = Vec::new();
    for config in config.by_account().context("the accounts of [relay] cannot be used")? {
        let name = config.account.name.clone();
        store::ensure_account(&context.pool, &name).await?;
        let account = config.account.load().with_context(|| format!("the relay's account `{name}` cannot be used"))?;
        let bureau = client::Bureau::new(account, config.dialect.clone(), &config.calls)?;
        relays.push(tasks::Relay {
            bus: bus.clone(),
            vault: vault.clone(),
            keyring: keyring.clone(),
            materials: materials.clone(),
            config: Arc::new(config),
            bureau,
            wake: Arc::default(),
        });
    }
    let relays = tasks::Relays::new(relays).context("the relay has no account")?;

    bus.work(tasks::preparer::Preparer { relays: relays.clone() });
    bus.consume(consumers::SUBMIT, consumers::SubmitHandler { relays: relays.clone(), clock: context.clock.clone() });
    bus.consume(
        consumers::WITHDRAW,
        consumers::WithdrawHandler { relays: relays.clone(), clock: context.clock.clone() },
    );
    bus.work(tasks::inquirer::Inquirer { relays: relays.clone() });
    bus.consume(consumers::QUERY, consumers::QueryHandler { relays: relays.clone(), clock: context.clock.clone() });
    context.spawn(tasks::sweeper::run(relays.main().clone()));
    for relay in relays.iter() {
        context.spawn(tasks::account::run(relay.clone()));
    }
    let settings = relays.main().config.press.clone();
    context.spawn(async move {
        if let Err(error) = settings.press().check(&settings.font_file).await {
            tracing::error!(%error, "no slip can be printed here: orders that have one wait until it can");
        }
    });

    let mut parts = Parts::default();
    parts.grpc.add_service(icp_bus::operations::service(&bus));
    Ok(parts)
}
