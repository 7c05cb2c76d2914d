//! Durable timers for the other services, and cron jobs.
//!
//! A service asks for timers by task messages and is told by an event when one fires. Timers live in Postgres;
//! a reconciler fires what is due and sleeps until the next, so a restart and a moved clock are nothing special.
//!
//! Reading order: [`wish`] (what owners ask for), [`tasks`] (bus in), [`store`] (the only SQL), [`firing`], [`cron`],
//! [`clean_up`]. This crate knows nothing of what the timers are for.

pub mod clean_up;
pub mod config;
pub mod cron;
pub mod firing;
pub mod store;
pub mod tasks;
pub mod wish;

use std::sync::Arc;

use icp_bus::{Bus, Consumer};
use icp_kit::{Parts, ServiceContext};
use sqlx::migrate::Migrator;
use tokio::sync::Notify;

pub use config::Config;

/// Every key of `[schedule]` with its meaning.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Builds the service on its connections.
pub async fn build(context: ServiceContext, config: Config) -> anyhow::Result<Parts> {
    config.check()?;
    let bus = Bus::start(&context, &MIGRATIONS).await?;
    let timers_changed = Arc::new(Notify::new());
    bus.consume(
        Consumer { name: "schedule-tasks", filter: "icp.task.schedule.v1.*" },
        tasks::TimerTasks::new(context.clock.clone(), config.max_timers_per_key, timers_changed.clone()),
    );
    context.spawn(firing::run(bus.clone(), config.clone(), timers_changed));
    cron::start(&context, &config).await?;

    let mut parts = Parts::default();
    parts.grpc.add_service(icp_bus::operations::service(&bus));
    Ok(parts)
}
