//! The service in this process against a real Postgres and a real NATS server, and a sender of facts.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use icp_bus::{Bus, Effects, Outgoing};
use icp_kit::config::{Loaded, load};
use icp_kit::sealing::generate_key_pair;
use icp_kit::{Keyring, ServiceContext};
use icp_notify::{Config, DEFAULTS, build};
use icp_proto::common::{Contact, Finding, Sealed, Severity};
use icp_proto::order::{OrderEvent, OwnWord, OwnWords};
use icp_testkit::{FreshDatabase, NatsServer, shared, wait_until};
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::gateway::{KEY, SmsGateway};
use crate::smtp::SmtpServer;

pub const BOUND: Duration = Duration::from_secs(30);
pub const NAME: &str = "张标记";
pub const MOBILE: &str = "13912340001";
pub const EMAIL: &str = "marked@applicant.example";

#[derive(Deserialize)]
struct Nothing {}

pub struct World {
    _nats: NatsServer,
    _keys: tempfile::TempDir,
    stop: CancellationToken,
    sender: Bus,
    intake: Keyring,
    pub database: FreshDatabase,
    /// The service's database.
    pub pool: PgPool,
    pub smtp: SmtpServer,
    pub gateway: SmsGateway,
}

impl World {
    pub async fn start() -> Self {
        let servers = shared().await.unwrap();
        let nats = NatsServer::start_temp().await.unwrap();
        let database = servers.fresh_database("notify").await.unwrap();
        let tester_database = servers.fresh_database("tester").await.unwrap();
        let (smtp, gateway) = tokio::join!(SmtpServer::start(), SmsGateway::start());
        let keys = tempfile::tempdir().unwrap();
        let (private_key, public_key) = key_pair(keys.path());
        let stop = CancellationToken::new();

        let own = settings(&database.url, &nats.url())
            + &format!(
                "[keys]\nprivate_key_file = \"{private_key}\"\n[jobs]\nretry_first_ms = 20\nretry_max_ms = 100\n\
                 max_attempts = 5\n[notify]\nsignature = \"示例备案\"\n[notify.smtp]\naddress = \"{}\"\ntls = \"none\"\n\
                 message_id_domain = \"test.example\"\n[notify.sms]\nurl = \"http://{}\"\nkey = \"{KEY}\"\n\
                 timeout_ms = 500\n",
                smtp.address, gateway.address
            );
        let loaded_own: Loaded<Config> = loaded("notify", DEFAULTS, &own);
        let token = stop.clone();
        tokio::spawn(async move { icp_kit::service::run("notify", loaded_own, token, build).await.unwrap() });

        // Everything that the tester sends arrives twice.
        let tester = settings(&tester_database.url, &nats.url()) + "publish_twice = true\n";
        let loaded_tester: Loaded<Nothing> = loaded("tester", "[tester]\n", &tester);
        let context = ServiceContext::connect("tester", loaded_tester.common, stop.clone()).await.unwrap().unwrap();
        let none = Migrator { migrations: Vec::new().into(), ..Migrator::DEFAULT };
        let sender = Bus::start(&context, &none).await.unwrap();
        let pool = PgPool::connect(&database.url).await.unwrap();
        let intake = Keyring::new("intake", None, &BTreeMap::from([("notify".to_owned(), public_key)])).unwrap();
        Self { _nats: nats, _keys: keys, stop, sender, intake, database, pool, smtp, gateway }
    }

    /// A contact sealed for the service.
    pub fn seal(&self, order_id: Uuid, contact: &Contact) -> Sealed {
        self.intake.seal("notify", &order_id.to_string(), contact).unwrap()
    }

    /// A fact about an order whose applicant can be reached by mail and SMS.
    pub fn order_event(&self, order_id: Uuid, version: i64, event: &str) -> OrderEvent {
        let is_returned = event == "returned";
        let finding = Finding {
            code: "V01".into(),
            severity: Severity::Block.into(),
            field: "services[0].name".into(),
            message_zh: "名称不可用".into(),
            message_en: "the name is taken".into(),
            remedy: "请更换名称".into(),
        };
        OrderEvent {
            order_id: order_id.to_string(),
            version,
            event: event.into(),
            province: "gd".into(),
            at_unix_ms: 1_790_000_000_000,
            contact: Some(self.seal(order_id, &contact())),
            findings: if is_returned { vec![finding] } else { Vec::new() },
            organiser_number: if event == "approved" { "粤ICP备2026000001号".into() } else { String::new() },
            service_numbers: if event == "approved" { vec!["粤ICP备2026000001号-1".into()] } else { Vec::new() },
            deadline_unix_ms: 0,
            words: None,
            footer_numbers: if event == "approved" { vec!["粤ICP备2026000001号".into()] } else { Vec::new() },
        }
    }

    /// What a reviewer wrote about the only finding of a returned order, sealed for this service.
    pub fn own_words(&self, order_id: Uuid, reason: &str, remedy: &str) -> Sealed {
        let word = OwnWord { finding: 0, reason: reason.into(), remedy: remedy.into() };
        self.intake.seal("notify", &order_id.to_string(), &OwnWords { words: vec![word] }).unwrap()
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

    /// Waits until no delivery waits; returns them as `notice channel state`, sorted.
    pub async fn settled(&self) -> Vec<String> {
        wait_until("deliveries to settle", BOUND, || async {
            let waiting: i64 = sqlx::query_scalar("select count(*) from deliveries where state = 'waiting'")
                .fetch_one(&self.pool)
                .await
                .map_err(|error| error.to_string())?;
            if waiting == 0 { Ok(()) } else { Err(format!("{waiting} wait")) }
        })
        .await
        .unwrap();
        sqlx::query_scalar("select notice || ' ' || channel || ' ' || state as line from deliveries order by line")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// Public events: subject and body.
    pub async fn public(&self) -> Vec<(String, serde_json::Value)> {
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("select subject, payload from outbox where subject like 'icp.pub.%' order by xid, seq")
                .fetch_all(&self.pool)
                .await
                .unwrap();
        rows.into_iter().map(|(subject, body)| (subject, serde_json::from_slice(&body).unwrap())).collect()
    }

    /// The order's journal, sorted, because two workers write it.
    pub async fn journal(&self, order_id: Uuid) -> Vec<String> {
        let mut lines: Vec<String> = sqlx::query_scalar("select what from journal where order_id = $1")
            .bind(order_id)
            .fetch_all(&self.pool)
            .await
            .unwrap();
        lines.sort();
        lines
    }

    /// Waits until everything is published; nothing may be left but jobs that were given up.
    pub async fn finish(self, given_up: i64) {
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
        let (dead, waiting, failed): (i64, i64, i64) = sqlx::query_as(
            "select (select count(*) from outbox where subject like 'icp.dead.%'),
                    (select count(*) from jobs where not failed), (select count(*) from jobs where failed)",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap();
        assert_eq!((dead, waiting, failed), (0, 0, given_up), "dead letters, waiting jobs, jobs given up");
        self.stop.cancel();
    }
}

pub fn contact() -> Contact {
    Contact { name: NAME.into(), mobile: MOBILE.into(), email: EMAIL.into() }
}

pub fn fact(event: &OrderEvent) -> Outgoing {
    Outgoing::event("order", &event.event, &event.province, &event.order_id, event)
}

fn key_pair(dir: &Path) -> (String, String) {
    let (private, public) = generate_key_pair();
    let path = dir.join("notify");
    std::fs::write(&path, private).unwrap();
    (path.display().to_string(), public)
}

fn settings(database_url: &str, nats_url: &str) -> String {
    format!("[database]\nurl = \"{database_url}\"\nmax_connections = 6\n[nats]\nurl = \"{nats_url}\"\n")
}

fn loaded<T: serde::de::DeserializeOwned>(service: &str, defaults: &str, settings: &str) -> Loaded<T> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), settings).unwrap();
    load(service, defaults, Some(file.path())).unwrap()
}
