//! The ministry's SMS check: each person in charge must confirm a code within 24 hours, or the filing comes back.
//!
//! The ministry sends the codes and takes the confirmations; this service keeps the window, has people reminded, and
//! says when the time is over. Whether it was confirmed is only known from what the bureau does next.
//!
//! Reading order: [`window`] (pure), [`message`] (bus in), [`store`] (the only SQL), [`windows`] (one transaction:
//! read, decide, write, tell), [`config`]. This crate knows nothing of the order's life cycle and sends no SMS.

pub mod config;
pub mod message;
pub mod store;
pub mod window;
pub mod windows;

use icp_bus::{Bus, Consumer};
use icp_kit::{Parts, ServiceContext};
use icp_proto::common::Contact;
use sqlx::migrate::Migrator;

pub use config::Config;

/// Every key of `[sms]` with its meaning.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Builds the service on its connections.
pub async fn build(context: ServiceContext, config: Config) -> anyhow::Result<Parts> {
    let plan = config.plan()?;
    // Fails now, with the name of the setting, and not at the first order.
    context.keyring.seal(windows::CONTACTS_FOR, "", &Contact::default())?;

    let bus = Bus::start(&context, &MIGRATIONS).await?;
    let handler = windows::Windows::new(context.clock.clone(), context.keyring.clone(), plan);
    bus.consume(Consumer { name: "sms-tasks", filter: "icp.task.sms.v1.*" }, handler.clone());
    bus.consume(Consumer { name: "sms-timers", filter: "icp.evt.schedule.v1.fired.sms" }, handler);

    let mut parts = Parts::default();
    parts.grpc.add_service(icp_bus::operations::service(&bus));
    Ok(parts)
}
