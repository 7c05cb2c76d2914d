//! The service in this process, and a publisher that plays intake.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use icp_authority::{Config, DEFAULTS};
use icp_bus::{Bus, Consumer, Delivery, Effects, Failure, Handler, Outgoing};
use icp_domain::{Certificate, Filing, Person};
use icp_kit::{ServiceContext, config};
use icp_proto::authority::{Answered, EnterpriseRecord, Lookup, LookupSubject, ServiceDomains};
use icp_proto::common;
use icp_testkit::{FreshDatabase, NatsServer, shared, wait_until};
use prost::Message as _;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::registers::Registers;

pub const PATIENCE: Duration = Duration::from_secs(60);
static NO_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate::Migrator::DEFAULT;

pub struct World {
    pub intake: ServiceContext,
    pub bus: Bus,
    pub registers: Registers,
    pub database: FreshDatabase,
    /// The service's own database.
    pub pool: PgPool,
    events: Arc<Mutex<Vec<Answered>>>,
    shutdown: CancellationToken,
    _nats: NatsServer,
    _folder: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

struct Events(Arc<Mutex<Vec<Answered>>>);

#[async_trait]
impl Handler for Events {
    type Message = Answered;

    fn decode(&self, _kind: &str, payload: &[u8]) -> Result<Answered, String> {
        Answered::decode(payload).map_err(|error| error.to_string())
    }

    async fn handle(
        &self,
        _connection: &mut PgConnection,
        batch: &[Delivery<Answered>],
        _effects: &mut Effects,
    ) -> Result<(), Failure> {
        self.0.lock().unwrap().extend(batch.iter().map(|delivery| delivery.message.clone()));
        Ok(())
    }
}

impl World {
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// With more settings for `[authority]`.
    pub async fn start_with(settings: &str) -> Self {
        let shared = shared().await.unwrap();
        let (own, intakes) =
            tokio::try_join!(shared.fresh_database("authority"), shared.fresh_database("intake")).unwrap();
        let nats = NatsServer::start_temp().await.unwrap();
        let registers = Registers::default();
        let url = registers.serve().await;
        let folder = tempfile::tempdir().unwrap();
        let (private_key, public_key) = icp_kit::sealing::generate_key_pair();
        let (intakes_private_key, intakes_public_key) = icp_kit::sealing::generate_key_pair();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let private_key = file("private.key", &private_key);
        let intakes_private_key = file("intake.key", &intakes_private_key);
        let kek = file("kek.key", &BASE64.encode([9; 32]));
        let common = |database: &FreshDatabase| {
            format!(
                "[database]\nurl = {:?}\n[nats]\nurl = {:?}\npublish_twice = true\n\
                 [jobs]\nretry_first_ms = 20\nretry_max_ms = 100\nmax_attempts = 4\n",
                database.url,
                nats.url(),
            )
        };
        let sections = ["enterprise", "citizen", "domain"]
            .map(|name| format!("[authority.{name}]\nurl = {url:?}\nkey = \"key-of-{name}\"\ntimeout_ms = 2000\n"))
            .concat();
        let own_file = file(
            "authority.toml",
            &format!(
                "{}[keys]\nprivate_key_file = {private_key:?}\nkek_file = {kek:?}\n\
                 [keys.public]\nintake = {intakes_public_key:?}\n[authority]\n{settings}\n{sections}",
                common(&own)
            ),
        );
        let intake_file = file(
            "intake.toml",
            &format!(
                "{}[keys]\nprivate_key_file = {intakes_private_key:?}\n[keys.public]\nauthority = {public_key:?}\n",
                common(&intakes)
            ),
        );

        let shutdown = CancellationToken::new();
        let loaded = config::load::<Config>("authority", DEFAULTS, Some(&own_file)).unwrap();
        let token = shutdown.clone();
        tokio::spawn(async move {
            icp_kit::service::run("authority", loaded, token, icp_authority::build).await.unwrap();
        });

        let loaded = config::load::<BTreeMap<String, String>>("intake", "[intake]\n", Some(&intake_file)).unwrap();
        let intake = ServiceContext::connect("intake", loaded.common, shutdown.clone()).await.unwrap().unwrap();
        let bus = Bus::start(&intake, &NO_MIGRATIONS).await.unwrap();
        let events = Arc::new(Mutex::new(Vec::new()));
        bus.consume(Consumer { name: "intake-authority", filter: "icp.evt.authority.v1.>" }, Events(events.clone()));
        let pool = PgPool::connect(&own.url).await.unwrap();
        Self { intake, bus, registers, database: own, pool, events, shutdown, _nats: nats, _folder: folder }
    }

    /// Sends the task of one submission.
    pub async fn ask(&self, order_id: Uuid, attempt: u32, filing: &Filing) {
        let subject = subject(filing);
        let task = Lookup {
            order_id: order_id.to_string(),
            attempt,
            province: filing.province.letters().to_owned(),
            subject: Some(self.intake.keyring.seal("authority", &order_id.to_string(), &subject).unwrap()),
        };
        self.send(&[task]).await;
    }

    pub async fn send(&self, tasks: &[Lookup]) {
        let mut effects = Effects::new();
        for task in tasks {
            effects.send(Outgoing::task("authority", "lookup", &task.order_id, task));
        }
        let tx = self.bus.begin().await.unwrap();
        self.bus.commit(tx, effects).await.unwrap();
    }

    pub fn events_about(&self, order_id: Uuid) -> Vec<Answered> {
        let events = self.events.lock().unwrap();
        events.iter().filter(|event| event.order_id == order_id.to_string()).cloned().collect()
    }

    /// The answer to one submission.
    pub async fn answer(&self, order_id: Uuid, attempt: u32) -> Answered {
        wait_until("the event of a look-up", PATIENCE, || async {
            let events = self.events_about(order_id);
            let jobs: Vec<(i32, Option<String>)> =
                sqlx::query_as("select attempts, last_error from jobs").fetch_all(&self.pool).await.unwrap_or_default();
            events.into_iter().find(|event| event.attempt == attempt).ok_or_else(|| format!("jobs {jobs:?}"))
        })
        .await
        .unwrap()
    }

    /// What an answer tells intake of the enterprise.
    pub fn record(&self, answer: &Answered) -> Option<EnterpriseRecord> {
        let sealed = answer.enterprise.as_ref()?.record.as_ref()?;
        Some(self.intake.keyring.open(sealed, &answer.order_id).unwrap())
    }

    /// Looks up a filing; codes and fields of the findings.
    pub async fn findings(&self, filing: &Filing, order_id: Uuid, attempt: u32) -> Vec<String> {
        self.ask(order_id, attempt, filing).await;
        let answer = self.answer(order_id, attempt).await;
        answer.findings.into_iter().map(|finding| format!("{} {}", finding.code, finding.field)).collect()
    }

    pub async fn journal(&self, order_id: Uuid) -> Vec<String> {
        sqlx::query_scalar("select what || ': ' || why from journal where order_id = $1 order by seq")
            .bind(order_id)
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Nothing is left to do, and nothing went wrong.
    pub async fn assert_settled(&self) {
        assert_eq!(self.count("select count(*) from jobs").await, 0, "jobs are left");
        assert_eq!(self.count("select count(*) from lookups where answered_at is null").await, 0);
        assert_eq!(self.count("select count(*) from outbox where subject like 'icp.dead.%'").await, 0, "dead letters");
    }
}

pub fn subject(filing: &Filing) -> LookupSubject {
    LookupSubject {
        organiser_name: filing.organiser.name.clone(),
        organiser_nature: u32::from(filing.organiser.nature),
        organiser_certificate: Some(certificate(&filing.organiser.certificate)),
        organiser_principal: Some(person(&filing.organiser.principal)),
        service_principals: filing.services.iter().map(|service| person(&service.principal)).collect(),
        service_domains: filing
            .services
            .iter()
            .map(|service| ServiceDomains { domains: service.domains.clone(), ..Default::default() })
            .collect(),
    }
}

fn certificate(from: &Certificate) -> common::Certificate {
    common::Certificate {
        kind: u32::from(from.kind),
        number: from.number.clone(),
        address: from.address.clone().unwrap_or_default(),
        valid_to: from.valid_to.map(|day| day.to_string()).unwrap_or_default(),
        valid_from: from.valid_from.map(|day| day.to_string()).unwrap_or_default(),
    }
}

fn person(from: &Person) -> common::Person {
    common::Person {
        name: from.name.clone(),
        id: Some(certificate(&from.id)),
        mobile: from.mobile.clone(),
        email: from.email.clone(),
        ..common::Person::default()
    }
}

/// Neither as text nor as the bytes of a binary column.
pub fn assert_absent(dump: &str, personal: &str) {
    let bytes: String = personal.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!dump.contains(personal) && !dump.contains(&bytes), "personal data in clear");
}
