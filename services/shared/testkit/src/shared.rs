//! One Postgres and one NATS server for a whole test process.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::OnceCell;

use crate::{NatsServer, Postgres, PostgresOptions};

static SHARED: OnceCell<Shared> = OnceCell::const_new();

/// The servers that the tests of this process share; started at the first call, gone when the process ends.
///
/// Tests keep apart by [`Shared::fresh_database`] and [`Shared::fresh_prefix`]. A test that stops, wipes or
/// reconfigures NATS, or that uses fixed stream names, starts its own ([`NatsServer::start_temp`]).
pub async fn shared() -> anyhow::Result<&'static Shared> {
    SHARED.get_or_try_init(Shared::start).await
}

/// See [`shared`].
#[derive(Debug)]
pub struct Shared {
    /// Fast and forgetful.
    pub postgres: Postgres,
    /// With JetStream, empty at first.
    pub nats: NatsServer,
    next: AtomicU64,
}

/// A database of a test's own.
#[derive(Debug, Clone)]
pub struct FreshDatabase {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
}

impl Shared {
    async fn start() -> anyhow::Result<Self> {
        let (postgres, nats) =
            tokio::try_join!(Postgres::start_temp(PostgresOptions::for_tests()), NatsServer::start_temp())?;
        Ok(Self { postgres, nats, next: AtomicU64::new(1) })
    }

    /// A new empty database whose name begins with `prefix` (small letters, digits, `_`).
    pub async fn fresh_database(&self, prefix: &str) -> anyhow::Result<FreshDatabase> {
        let name = self.fresh_prefix(prefix);
        let url = self.postgres.create_database(&name).await?;
        Ok(FreshDatabase { name, url })
    }

    /// A text that begins with `prefix` and is unique within these servers; usable in names of databases, streams,
    /// buckets and subjects.
    pub fn fresh_prefix(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.next.fetch_add(1, Ordering::Relaxed))
    }
}
