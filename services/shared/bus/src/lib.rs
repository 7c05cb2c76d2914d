//! Messages between services that survive crashes: outbox, inbox, consumers, jobs, dead letters, journal.
//!
//! A handler changes state, and names its [`Effects`] (messages, jobs, journal entries); all of it commits in
//! one Postgres transaction together with the mark that the message was handled. The outbox publisher then
//! brings the messages to JetStream. Postgres is the truth: the bus can be lost and filled again from the outbox.
//!
//! Reading order: [`message`], [`effects`], [`publisher`], [`consumer`], [`group`], [`jobs`], [`topology`], [`operations`].
//! This crate knows nothing of filings.

pub mod consumer;
#[doc(hidden)]
pub mod crash;
pub mod effects;
pub mod group;
pub mod jobs;
pub mod message;
pub mod operations;
pub mod publisher;
pub mod topology;

use std::sync::Arc;

use icp_kit::ServiceContext;
use sqlx::migrate::Migrator;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use tokio::sync::Notify;

pub use consumer::{Consumer, Delivery, Failure, Handler};
pub use effects::{Effects, NewJob};
pub use group::{Group, Writes};
pub use jobs::{Job, JobError, Worker};
pub use message::Outgoing;

static MIGRATOR: Migrator = sqlx::migrate!();

/// The bus as a service sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    context: ServiceContext,
    outbox_wake: Arc<Notify>,
    jobs_wake: Arc<Notify>,
}

impl Bus {
    /// Prepares tables (the bus's and the service's own), sets up the streams and starts the publisher.
    ///
    /// The service's own migrations are numbered from 0101, so that both sets live in one history.
    pub async fn start(context: &ServiceContext, own_migrations: &Migrator) -> anyhow::Result<Self> {
        migrate(&context.pool, own_migrations).await?;
        let bus = Self { context: context.clone(), outbox_wake: Arc::default(), jobs_wake: Arc::default() };
        if let Err(error) = topology::ensure_streams(&context.jetstream, context.common.nats.replicas).await {
            tracing::warn!(%error, "streams are not set up yet; the publisher tries again");
        }
        context.spawn(publisher::run(bus.clone()));
        Ok(bus)
    }

    /// The service that this bus belongs to.
    pub fn context(&self) -> &ServiceContext {
        &self.context
    }

    /// Opens a transaction.
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.context.pool.begin().await
    }

    /// Writes the effects into the transaction, commits, and wakes the publisher and the workers.
    pub async fn commit(&self, mut tx: Transaction<'static, Postgres>, effects: Effects) -> Result<(), sqlx::Error> {
        let wakes = self.write(&mut tx, effects).await?;
        crash::point("before a commit");
        tx.commit().await?;
        crash::point("after a commit");
        wakes.ring(self);
        Ok(())
    }

    async fn write(&self, connection: &mut PgConnection, effects: Effects) -> Result<Wakes, sqlx::Error> {
        let wakes = Wakes { outbox: effects.has_messages(), jobs: effects.has_jobs() };
        effects.write(connection, self.context.clock.now()).await?;
        Ok(wakes)
    }

    /// Starts a durable consumer.
    pub fn consume<H: Handler>(&self, consumer: Consumer, handler: H) {
        self.context.spawn(consumer::run(self.clone(), consumer, Arc::new(handler)));
    }

    /// Starts a worker for the jobs of one kind.
    pub fn work<W: Worker>(&self, worker: W) {
        self.context.spawn(jobs::run(self.clone(), Arc::new(worker)));
    }
}

struct Wakes {
    outbox: bool,
    jobs: bool,
}

impl Wakes {
    fn ring(&self, bus: &Bus) {
        if self.outbox {
            bus.outbox_wake.notify_one();
        }
        if self.jobs {
            bus.jobs_wake.notify_waiters();
        }
    }
}

/// Applies the bus's migrations and a service's own to its database.
pub async fn migrate(pool: &PgPool, own_migrations: &Migrator) -> Result<(), sqlx::migrate::MigrateError> {
    let shared = |migrator: &Migrator| Migrator {
        migrations: migrator.migrations.clone(),
        ignore_missing: true,
        ..Migrator::DEFAULT
    };
    shared(&MIGRATOR).run(pool).await?;
    shared(own_migrations).run(pool).await
}
