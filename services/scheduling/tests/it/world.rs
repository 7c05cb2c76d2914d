//! The service in this process against a real Postgres and a real NATS server, and a sender of tasks.

use std::time::Duration;

use async_nats::jetstream::stream::Config as Stream;
use icp_bus::{Bus, Effects, Outgoing};
use icp_kit::ServiceContext;
use icp_kit::clock::{CLOCK_BUCKET, CLOCK_KEY};
use icp_kit::config::{Loaded, load};
use icp_proto::schedule::Fired;
use icp_schedule::{Config, DEFAULTS, build};
use icp_testkit::{FreshDatabase, NatsServer, shared, wait_until};
use prost::Message as _;
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio_util::sync::CancellationToken;

pub const BOUND: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
pub struct Nothing {}

pub struct World {
    nats: NatsServer,
    database: FreshDatabase,
    service: CancellationToken,
    tester: CancellationToken,
    sender: Bus,
    /// The service's database.
    pub pool: PgPool,
}

impl World {
    pub async fn start() -> Self {
        let servers = shared().await.unwrap();
        let nats = NatsServer::start_temp().await.unwrap();
        let database = servers.fresh_database("schedule").await.unwrap();
        let tester_database = servers.fresh_database("tester").await.unwrap();
        let tester = CancellationToken::new();
        // Everything that the tester sends arrives twice.
        let settings = settings(&tester_database.url, &nats.url()) + "publish_twice = true\n";
        let loaded: Loaded<Nothing> = loaded("tester", "[tester]\n", &settings);
        let context = ServiceContext::connect("tester", loaded.common, tester.clone()).await.unwrap().unwrap();
        let none = Migrator { migrations: Vec::new().into(), ..Migrator::DEFAULT };
        let sender = Bus::start(&context, &none).await.unwrap();
        let pool = PgPool::connect(&database.url).await.unwrap();
        let mut world = Self { nats, database, service: CancellationToken::new(), tester, sender, pool };
        world.start_service().await;
        world
    }

    pub async fn start_service(&mut self) {
        self.service = CancellationToken::new();
        let loaded: Loaded<Config> = loaded("schedule", DEFAULTS, &self.service_settings());
        let (token, failed) = (self.service.clone(), self.service.clone());
        tokio::spawn(async move {
            let _cancel_when_over = failed.drop_guard();
            icp_kit::service::run("schedule", loaded, token, build).await.unwrap();
        });
        wait_until("the service's tables", BOUND, || async {
            sqlx::query("select 1 from cron_jobs").fetch_all(&self.pool).await.map(|_| ()).map_err(|e| e.to_string())
        })
        .await
        .unwrap();
    }

    pub fn stop_service(&self) {
        self.service.cancel();
    }

    /// A second connection of the same service, without its background tasks.
    pub async fn replica(&self) -> (ServiceContext, Config) {
        let settings = settings(&self.database.url, &self.nats.url());
        let loaded: Loaded<Config> = loaded("schedule", DEFAULTS, &settings);
        let context = ServiceContext::connect("schedule", loaded.common, self.tester.clone()).await.unwrap().unwrap();
        (context, loaded.own)
    }

    fn service_settings(&self) -> String {
        // The ticker looks once a year, so that only the tests run cron jobs.
        settings(&self.database.url, &self.nats.url())
            + "[clock]\nfollow_bus = true\n[schedule]\nticker = \"0 0 0 1 1 *\"\n"
    }

    /// Sends messages, each in a transaction of its own, so that they arrive in this order.
    pub async fn send(&self, messages: impl IntoIterator<Item = Outgoing>) {
        for message in messages {
            let mut effects = Effects::new();
            effects.send(message);
            let tx = self.sender.begin().await.unwrap();
            self.sender.commit(tx, effects).await.unwrap();
        }
    }

    /// Moves every clock to this many hours ahead of the system's.
    pub async fn move_clock_to(&self, hours: i64) {
        let jetstream = &self.sender.context().jetstream;
        // Made as a stream, as the sandbox does: nats-server 2.9 does not answer what `create_key_value` asks first.
        let bucket = Stream {
            name: format!("KV_{CLOCK_BUCKET}"),
            subjects: vec![format!("$KV.{CLOCK_BUCKET}.>")],
            max_messages_per_subject: 1,
            allow_rollup: true,
            allow_direct: true,
            ..Stream::default()
        };
        jetstream.get_or_create_stream(bucket).await.unwrap();
        let bucket = jetstream.get_key_value(CLOCK_BUCKET).await.unwrap();
        bucket.put(CLOCK_KEY, (hours * 3_600_000).to_string().into()).await.unwrap();
    }

    /// Waits until this many messages were handled.
    pub async fn handled(&self, messages: i64) {
        wait_until("the messages to be handled", BOUND, || async {
            let handled: i64 = sqlx::query_scalar("select count(*) from inbox")
                .fetch_one(&self.pool)
                .await
                .map_err(|e| e.to_string())?;
            if handled == messages { Ok(()) } else { Err(format!("{handled} of {messages}")) }
        })
        .await
        .unwrap();
    }

    /// Timers that were announced, in the order of the announcements.
    pub async fn fired(&self) -> Vec<Fired> {
        let payloads: Vec<Vec<u8>> =
            sqlx::query_scalar("select payload from outbox where kind = 'icp.evt.schedule.v1.fired' order by xid, seq")
                .fetch_all(&self.pool)
                .await
                .unwrap();
        payloads.iter().map(|payload| Fired::decode(payload.as_slice()).unwrap()).collect()
    }

    /// Waits until exactly these timers were announced, in this order.
    pub async fn announced(&self, names: &[&str]) {
        wait_until("timers to fire", BOUND, || async {
            let fired: Vec<String> = self.fired().await.into_iter().map(|fired| fired.name).collect();
            if fired == names { Ok(()) } else { Err(format!("{fired:?}")) }
        })
        .await
        .unwrap();
    }

    /// Nothing may be left over: all published, no dead letters.
    pub async fn finish(self) {
        wait_until("an empty outbox", BOUND, || async {
            let left: i64 = sqlx::query_scalar(
                "select count(*) from outbox o, outbox_cursor c where (o.xid, o.seq) > (c.xid, c.seq)",
            )
            .fetch_one(&self.pool)
            .await
            .map_err(|error| error.to_string())?;
            if left == 0 { Ok(()) } else { Err(format!("{left} messages")) }
        })
        .await
        .unwrap();
        let dead: Vec<String> = sqlx::query_scalar("select subject from outbox where subject like 'icp.dead.%'")
            .fetch_all(&self.pool)
            .await
            .unwrap();
        assert!(dead.is_empty(), "{dead:?}");
        self.service.cancel();
        self.tester.cancel();
    }
}

fn settings(database_url: &str, nats_url: &str) -> String {
    format!("[database]\nurl = \"{database_url}\"\nmax_connections = 6\n[nats]\nurl = \"{nats_url}\"\n")
}

fn loaded<T: serde::de::DeserializeOwned>(service: &str, defaults: &str, settings: &str) -> Loaded<T> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), settings).unwrap();
    load(service, defaults, Some(file.path())).unwrap()
}
