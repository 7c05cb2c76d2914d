//! The service in this process against a real Postgres and a real NATS server, and a sender of messages.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use icp_bus::{Bus, Effects, Outgoing};
use icp_kit::config::{Loaded, load};
use icp_kit::sealing::{generate_key_pair, read_key_file};
use icp_kit::{Keyring, ServiceContext};
use icp_proto::sms::WindowEvent;
use icp_sms::{Config, DEFAULTS, build};
use icp_testkit::{FreshDatabase, NatsServer, shared, wait_until};
use prost::Message;
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const BOUND: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Nothing {}

pub struct World {
    _nats: NatsServer,
    _keys: tempfile::TempDir,
    stop: CancellationToken,
    sender: Bus,
    pub database: FreshDatabase,
    /// The service's database.
    pub pool: PgPool,
    /// Seals for the service, as intake does.
    pub intake: Keyring,
    /// Opens what the service seals for notification.
    pub notify: Keyring,
}

impl World {
    pub async fn start() -> Self {
        let servers = shared().await.unwrap();
        let nats = NatsServer::start_temp().await.unwrap();
        let database = servers.fresh_database("sms").await.unwrap();
        let tester_database = servers.fresh_database("tester").await.unwrap();
        let keys = tempfile::tempdir().unwrap();
        let (sms_key, sms_public) = key_pair(keys.path(), "sms");
        let (notify_key, notify_public) = key_pair(keys.path(), "notify");
        let stop = CancellationToken::new();

        let own = settings(&database.url, &nats.url())
            + &format!("[keys]\nprivate_key_file = \"{sms_key}\"\n[keys.public]\nnotify = \"{notify_public}\"\n");
        let loaded: Loaded<Config> = loaded("sms", DEFAULTS, &own);
        let token = stop.clone();
        tokio::spawn(async move { icp_kit::service::run("sms", loaded, token, build).await.unwrap() });

        // Everything that the tester sends arrives twice.
        let tester = settings(&tester_database.url, &nats.url()) + "publish_twice = true\n";
        let common = load_common(&tester);
        let context = ServiceContext::connect("tester", common, stop.clone()).await.unwrap().unwrap();
        let none = Migrator { migrations: Vec::new().into(), ..Migrator::DEFAULT };
        let sender = Bus::start(&context, &none).await.unwrap();
        let pool = PgPool::connect(&database.url).await.unwrap();
        Self {
            _nats: nats,
            stop,
            sender,
            database,
            pool,
            intake: Keyring::new("intake", None, &BTreeMap::from([("sms".to_owned(), sms_public)])).unwrap(),
            notify: Keyring::new("notify", Some(&read_key_file(Path::new(&notify_key)).unwrap()), &BTreeMap::new())
                .unwrap(),
            _keys: keys,
        }
    }

    /// Sends messages in this order.
    pub async fn send(&self, messages: impl IntoIterator<Item = Outgoing>) {
        for message in messages {
            let mut effects = Effects::new();
            effects.send(message);
            let tx = self.sender.begin().await.unwrap();
            self.sender.commit(tx, effects).await.unwrap();
        }
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

    /// The messages of a type that the service has sent, in their order.
    pub async fn sent<M: Message + Default>(&self, kind_pattern: &str) -> Vec<M> {
        let payloads: Vec<Vec<u8>> =
            sqlx::query_scalar("select payload from outbox where kind like $1 order by xid, seq")
                .bind(kind_pattern)
                .fetch_all(&self.pool)
                .await
                .unwrap();
        payloads.iter().map(|payload| M::decode(payload.as_slice()).unwrap()).collect()
    }

    /// Names of the window events so far.
    pub async fn events(&self) -> Vec<String> {
        let events: Vec<WindowEvent> = self.sent("icp.evt.sms.v1.%").await;
        events.into_iter().map(|event| format!("{} {}", event.attempt, event.event)).collect()
    }

    pub async fn journal(&self, order_id: Uuid) -> Vec<String> {
        sqlx::query_scalar("select what from journal where order_id = $1 order by at, seq")
            .bind(order_id)
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// Waits until everything is published; returns the reasons of dead letters.
    pub async fn finish(self) -> Vec<String> {
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
        let dead: Vec<Vec<u8>> = sqlx::query_scalar("select payload from outbox where subject like 'icp.dead.%'")
            .fetch_all(&self.pool)
            .await
            .unwrap();
        self.stop.cancel();
        dead.into_iter().map(|letter| String::from_utf8(letter).unwrap()).collect()
    }
}

fn key_pair(dir: &Path, name: &str) -> (String, String) {
    let (private, public) = generate_key_pair();
    let path = dir.join(name);
    std::fs::write(&path, private).unwrap();
    (path.display().to_string(), public)
}

fn settings(database_url: &str, nats_url: &str) -> String {
    format!("[database]\nurl = \"{database_url}\"\nmax_connections = 6\n[nats]\nurl = \"{nats_url}\"\n")
}

fn load_common(settings: &str) -> icp_kit::Common {
    let loaded: Loaded<Nothing> = loaded("tester", "[tester]\n", settings);
    loaded.common
}

fn loaded<T: serde::de::DeserializeOwned>(service: &str, defaults: &str, settings: &str) -> Loaded<T> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), settings).unwrap();
    load(service, defaults, Some(file.path())).unwrap()
}
