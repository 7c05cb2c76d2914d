//! Authority look-up (权威库比对): compares what an order declares with the registers of enterprises, citizens and
//! domains.
//!
//! Reading order: [`answer`] (what registers say), [`question`] (what is asked for an order), [`catalogue`],
//! [`compare`] (pure: answers against the form), [`report`], [`client`] (HTTP), `store`, `tasks` (bus in), `lookup`
//! (the job). This crate must never know the life of an order, nor see a picture.

use std::sync::Arc;

use icp_bus::{Bus, Consumer};
use icp_kit::{Parts, ServiceContext};
use icp_proto::authority::EnterpriseRecord;

pub mod answer;
pub mod catalogue;
pub mod client;
pub mod compare;
mod config;
mod lookup;
pub mod question;
pub mod report;
mod store;
pub mod tasks;

pub use config::{AuthoritySection, Config};

/// The service's own defaults, with every key documented.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Builds the service.
pub async fn build(context: ServiceContext, config: Config) -> anyhow::Result<Parts> {
    let vault = context.require_vault()?;
    // Without intake's key no filing could begin with what the register says.
    context.keyring.seal(lookup::RECORD_FOR, "", &EnterpriseRecord::default())?;
    let client = client::AuthorityClient::new(&config)?;
    let bus = Bus::start(&context, &MIGRATIONS).await?;
    bus.consume(
        Consumer { name: "authority-tasks", filter: "icp.task.authority.v1.*" },
        tasks::AuthorityTasks { clock: context.clock.clone() },
    );
    let registers = lookup::Registers { context: context.clone(), vault, client, config };
    bus.work(lookup::LookupWorker(Arc::new(registers)));
    let mut parts = Parts::default();
    parts.grpc.add_service(icp_bus::operations::service(&bus));
    Ok(parts)
}
