//! A service without a purpose: a bus with a database of its own.

use async_trait::async_trait;
use icp_bus::{Bus, Consumer, Delivery, Effects, Failure, Handler, Outgoing};
use icp_kit::ServiceContext;
use icp_testkit::{NatsServer, shared};
use serde::Deserialize;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate::Migrator::DEFAULT;

#[derive(Deserialize)]
struct NoSettings {}

pub(crate) struct Node {
    pub(crate) bus: Bus,
    shutdown: CancellationToken,
}

impl Node {
    pub(crate) async fn start(nats: &NatsServer, settings: &str) -> Self {
        let database = shared().await.unwrap().fresh_database("bus").await.unwrap();
        Self::on_database(nats, &database.url, settings).await
    }

    pub(crate) async fn on_database(nats: &NatsServer, database_url: &str, settings: &str) -> Self {
        Self::on_urls(&nats.url(), database_url, settings).await
    }

    pub(crate) async fn on_urls(nats_url: &str, database_url: &str, settings: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = format!("[database]\nurl = \"{database_url}\"\n[nats]\nurl = \"{nats_url}\"\n{settings}");
        std::fs::write(file.path(), text).unwrap();
        let loaded = icp_kit::config::load::<NoSettings>("node", "[node]\n", Some(file.path())).unwrap();
        let shutdown = CancellationToken::new();
        let context = ServiceContext::connect("node", loaded.common, shutdown.clone()).await.unwrap().unwrap();
        let bus = Bus::start(&context, &MIGRATIONS).await.unwrap();
        sqlx::query("create table if not exists seen (number bigint not null)").execute(&context.pool).await.unwrap();
        Self { bus, shutdown }
    }

    pub(crate) fn consume(&self) {
        self.bus.consume(Consumer { name: "node-numbers", filter: "icp.task.node.>" }, Numbers);
    }

    /// Numbers that were handled, each as often as it was.
    pub(crate) async fn seen(&self) -> Vec<i64> {
        sqlx::query_scalar("select number from seen order by number").fetch_all(&self.bus.context().pool).await.unwrap()
    }

    pub(crate) async fn send(&self, numbers: std::ops::Range<u64>) {
        let mut effects = Effects::new();
        for number in numbers {
            effects.send(task(number));
        }
        let tx = self.bus.begin().await.unwrap();
        self.bus.commit(tx, effects).await.unwrap();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// A task that carries a number in the only field of a message that has one.
pub(crate) fn task(number: u64) -> Outgoing {
    let message = icp_proto::ops::RepublishResponse { messages: number };
    Outgoing::task("node", "count", Uuid::nil(), &message)
}

/// The number that a task carries.
pub(crate) fn number(payload: &[u8]) -> Result<i64, String> {
    let message: icp_proto::ops::RepublishResponse =
        prost::Message::decode(payload).map_err(|error: prost::DecodeError| error.to_string())?;
    i64::try_from(message.messages).map_err(|error| error.to_string())
}

/// Writes down every number; refuses 13 for ever.
struct Numbers;

#[async_trait]
impl Handler for Numbers {
    type Message = i64;

    fn decode(&self, _kind: &str, payload: &[u8]) -> Result<i64, String> {
        number(payload)
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<i64>],
        _effects: &mut Effects,
    ) -> Result<(), Failure> {
        let numbers: Vec<i64> = batch.iter().map(|delivery| delivery.message).collect();
        if numbers.contains(&13) {
            return Err(Failure::Discard("13 is unlucky".to_owned()));
        }
        sqlx::query("insert into seen (number) select unnest($1::bigint[])").bind(numbers).execute(connection).await?;
        Ok(())
    }
}
