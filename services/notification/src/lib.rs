//! Tells people and partners what has happened to an order: mail over SMTP, SMS over a gateway, and public events
//! without personal data.
//!
//! Reading order: [`fact`] (bus in), [`notice`] and [`field_name`] (what is said about a fact), [`channel`] and [`wording`] (how),
//! [`consumers`] (one transaction per batch), [`delivery`] (a job that waits to be sent), [`mail`] and [`sms`]
//! (the two workers), [`store`] (the only SQL), [`config`]. This crate knows nothing of the order's life cycle.

pub mod channel;
pub mod config;
pub mod consumers;
pub mod delivery;
pub mod fact;
pub mod field_name;
pub mod mail;
pub mod notice;
pub mod sms;
pub mod store;
pub mod wording;

use std::sync::Arc;

use icp_bus::{Bus, Consumer};
use icp_kit::{Parts, ServiceContext};
use sqlx::migrate::Migrator;

pub use config::Config;

/// Every key of `[notify]` with its meaning.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Builds the service on its connections.
pub async fn build(context: ServiceContext, config: Config) -> anyhow::Result<Parts> {
    let wording = Arc::new(wording::Wording::new(&config.signature)?);
    let channels = Arc::new(channel::Channels::new(&config.channels, &wording)?);
    let mailer = mail::Mailer::new(&config.smtp)?;
    let gateway = sms::Gateway::new(&config.sms)?;

    let bus = Bus::start(&context, &MIGRATIONS).await?;
    let notices = consumers::Notices::new(context.clock.clone(), channels);
    bus.consume(Consumer { name: "notify-orders", filter: "icp.evt.order.v1.>" }, notices.clone());
    bus.consume(Consumer { name: "notify-sms", filter: "icp.evt.sms.v1.>" }, notices);
    bus.work(mail::MailWorker::new(context.clone(), wording.clone(), mailer));
    bus.work(sms::SmsWorker::new(context.clone(), wording, gateway));

    let mut parts = Parts::default();
    parts.grpc.add_service(icp_bus::operations::service(&bus));
    Ok(parts)
}
