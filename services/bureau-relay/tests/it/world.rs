//! The relay with its own database and broker, and the messages around it.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use icp_kit::{Keyring, Materials, ServiceContext};
use icp_proto::{bureau, common, relay};
use icp_testkit::{FreshDatabase, NatsServer, shared, wait_until};
use prost::Message as _;
use sqlx::{PgPool, Row as _};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::fake_bureau::{FakeBureau, ISP_ID, IV, KEY, PASSWORD};

pub const BOUND: Duration = Duration::from_secs(60);
/// Marks personal data, so that a search for it means something.
pub const MARK: &str = "MARKED-PERSONAL";

pub struct World {
    pub bureau: FakeBureau,
    pub database: FreshDatabase,
    pub pool: PgPool,
    nats: NatsServer,
    jetstream: async_nats::jetstream::Context,
    folder: PathBuf,
    materials: Materials,
    intake: Keyring,
    life: Option<tokio::runtime::Runtime>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Received(bureau::Received),
    Approved(bureau::Approved),
    Rejected(bureau::Rejected),
    Answered(bureau::StatusAnswered),
    WithdrawalAnswered(bureau::WithdrawalAnswered),
    Recorded(bureau::Recorded),
    Removed(bureau::Removed),
}

impl World {
    pub async fn start() -> Self {
        Self::with_bureau(|_| {}).await
    }

    /// A running relay, with a bureau that was set up before.
    pub async fn with_bureau(set_up: impl FnOnce(&FakeBureau)) -> Self {
        let bureau = FakeBureau::start().await;
        set_up(&bureau);
        let endpoint = bureau.url.clone();
        let account = format!("isp_id = {ISP_ID}\nuser_name = \"u\"\n");
        Self::with_account(bureau, PASSWORD, &format!("endpoint = {endpoint:?}\n{account}")).await
    }

    /// A running relay with these lines in `[relay.account]` and behind it.
    pub async fn with_account(bureau: FakeBureau, password: &str, account: &str) -> Self {
        let database = shared().await.unwrap().fresh_database("relay").await.unwrap();
        let nats = NatsServer::start_temp().await.unwrap();
        let folder = std::env::temp_dir().join(format!("icp-relay-{}", Uuid::now_v7()));
        std::fs::create_dir_all(&folder).unwrap();
        let (private, public) = icp_kit::sealing::generate_key_pair();
        let (intakes_private, intakes_public) = icp_kit::sealing::generate_key_pair();
        std::fs::write(folder.join("private"), private).unwrap();
        std::fs::write(folder.join("kek"), BASE64.encode([7_u8; 32])).unwrap();
        std::fs::write(folder.join("password"), password).unwrap();
        let configuration = format!(
            "[database]\nurl = {url:?}\n[nats]\nurl = {nats:?}\n\
             [keys]\nprivate_key_file = {private:?}\nkek_file = {kek:?}\n[keys.public]\nintake = {intakes_public:?}\n\
             [materials]\nroot = {root:?}\n\
             [jobs]\nretry_first_ms = 20\nretry_max_ms = 50\nlease_ms = 1000\nmax_attempts = 1000\n\
             [relay.account]\npassword_file = {password:?}\ncontent_key = {KEY:?}\ncontent_iv = {IV:?}\n{account}\
             [relay.press]\nprogram = {press:?}\n\
             [relay.calls]\ntimeout_ms = 5000\n\
             [relay.batch]\nmax_filings = 3\nmax_wait_ms = 100\n\
             [relay.timing]\ndownload_interval_ms = 30\nretry_first_ms = 10\nretry_max_ms = 50\nstopped_retry_ms = 200\nidle_check_ms = 50\n\
             [relay.retention]\nsweep_interval_ms = 200\n",
            url = database.url,
            nats = nats.url(),
            private = folder.join("private"),
            kek = folder.join("kek"),
            root = folder.join("materials"),
            password = folder.join("password"),
            press = folder.join("press"),
        );
        std::fs::write(folder.join("picture"), jpeg()).unwrap();
        install_press(&folder, "cat picture");
        std::fs::write(folder.join("config.toml"), configuration).unwrap();
        let publics = BTreeMap::from([("relay".to_owned(), public)]);
        let jetstream = async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap());
        let mut world = Self {
            materials: Materials::in_folder(&folder.join("materials")).unwrap(),
            intake: Keyring::new("intake", Some(&BASE64.decode(intakes_private).unwrap()), &publics).unwrap(),
            pool: PgPool::connect(&database.url).await.unwrap(),
            jetstream,
            bureau,
            database,
            nats,
            folder,
            life: None,
        };
        world.live().await;
        world
    }

    /// From now on this script prints; it is told no job.
    pub fn press(&self, script: &str) {
        install_press(&self.folder, script);
    }

    /// Starts the relay as if its process had just begun.
    pub async fn live(&mut self) {
        self.life = Some(self.another().await);
    }

    /// A further process of the relay, until it is dropped.
    pub async fn another(&self) -> tokio::runtime::Runtime {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let file = self.folder.join("config.toml");
        let started = runtime.spawn(async move {
            let loaded =
                icp_kit::config::load::<icp_relay::Config>(icp_relay::NAME, icp_relay::DEFAULTS, Some(&file)).unwrap();
            let context = ServiceContext::connect(icp_relay::NAME, loaded.common, CancellationToken::new())
                .await
                .unwrap()
                .unwrap();
            icp_relay::build(context, loaded.own).await.unwrap();
        });
        started.await.unwrap();
        runtime
    }

    /// Kills the relay: every task ends at the await point where it happens to be.
    pub fn kill(&mut self) {
        if let Some(runtime) = self.life.take() {
            runtime.shutdown_background();
        }
    }

    /// Publishes a task and returns its order.
    pub async fn submit(&self, organiser: &str) -> Uuid {
        let order_id = Uuid::now_v7();
        let task = self.task(order_id, 1, |filing| filing.organiser.as_mut().unwrap().name = organiser.into()).await;
        self.publish(Uuid::now_v7(), &task).await;
        order_id
    }

    pub async fn task(
        &self,
        order_id: Uuid,
        attempt: u32,
        change: impl FnOnce(&mut relay::RelayFiling),
    ) -> relay::Submit {
        let mut filing = filing();
        for (kind, index) in [("organiser-certificate", 0), ("service-principal-id", 0), ("commitment", 0)] {
            let object = format!("{order_id}/{kind}");
            let stored = self.materials.put(&object, &jpeg()).await.unwrap();
            filing.materials.push(common::Material {
                kind: kind.into(),
                service_index: index,
                object,
                key: stored.key.expose().to_vec(),
                sha256: stored.sha256.to_vec(),
            });
        }
        change(&mut filing);
        let sealed = self.intake.seal("relay", &order_id.to_string(), &filing).unwrap();
        relay::Submit { order_id: order_id.to_string(), attempt, province: "zj".into(), filing: Some(sealed) }
    }

    /// A task whose organiser's certificate is this picture.
    pub async fn task_with_picture(&self, order_id: Uuid, picture: Vec<u8>) -> relay::Submit {
        let object = format!("{order_id}/large");
        let stored = self.materials.put(&object, &picture).await.unwrap();
        self.task(order_id, 1, |filing| {
            let material = filing.materials.first_mut().unwrap();
            material.object = object;
            material.key = stored.key.expose().to_vec();
            material.sha256 = stored.sha256.to_vec();
        })
        .await
    }

    /// Where the object store is.
    pub fn materials_folder(&self) -> PathBuf {
        self.folder.join("materials")
    }

    pub async fn publish(&self, id: Uuid, task: &relay::Submit) {
        self.send_task("icp.task.relay.v1.submit", id, &task.order_id, task.encode_to_vec()).await;
    }

    /// Publishes the task that takes an attempt back, under this message id.
    pub async fn withdraw(&self, id: Uuid, order_id: Uuid, attempt: u32) {
        let task = relay::Withdraw { order_id: order_id.to_string(), attempt, province: "zj".into() };
        self.send_task("icp.task.relay.v1.withdraw", id, &task.order_id, task.encode_to_vec()).await;
    }

    /// Whether each withdrawal of an order was in time, so many answers.
    pub async fn wait_for_withdrawals(&self, order_id: Uuid, count: usize) -> Vec<bool> {
        wait_until("the answer to a withdrawal", BOUND, || async {
            let answers = self.events().await.into_iter().filter_map(|event| match event {
                Event::WithdrawalAnswered(it) if it.order_id == order_id.to_string() => Some(it.is_withdrawn),
                _ => None,
            });
            let answers: Vec<bool> = answers.collect();
            if answers.len() == count { Ok(answers) } else { Err(format!("{answers:?}")) }
        })
        .await
        .unwrap()
    }

    /// The bureau's words, as intake reads them.
    pub fn words_of(&self, rejected: &bureau::Rejected) -> Vec<String> {
        let words: bureau::Words = self.intake.open(rejected.words.as_ref().unwrap(), &rejected.order_id).unwrap();
        assert_eq!(words.texts.len(), rejected.results.len());
        words.texts
    }

    /// Why a status query was not answered.
    pub fn reason_of(&self, answer: &bureau::StatusAnswered) -> String {
        let words: bureau::Words = self.intake.open(answer.words.as_ref().unwrap(), &answer.query_id).unwrap();
        words.texts.concat()
    }

    /// What the bureau has on record, as intake reads it.
    pub fn record_of(&self, recorded: &bureau::Recorded) -> bureau::OrganiserRecord {
        self.intake.open(recorded.record.as_ref().unwrap(), &recorded.record_id).unwrap()
    }

    /// Publishes the task of a status query and returns its id.
    pub async fn ask(&self, condition: relay::StatusCondition) -> String {
        let query_id = Uuid::now_v7().to_string();
        let condition = Some(self.intake.seal("relay", &query_id, &condition).unwrap());
        let task = relay::Query { query_id: query_id.clone(), province: "gd".into(), condition };
        for id in [Uuid::now_v7(), Uuid::now_v7()] {
            self.send_task("icp.task.relay.v1.query", id, &query_id, task.encode_to_vec()).await;
        }
        query_id
    }

    async fn send_task(&self, subject: &'static str, id: Uuid, about: &str, payload: Vec<u8>) {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("ce-id", id.to_string());
        headers.insert("ce-type", subject);
        headers.insert("ce-subject", about);
        let sent = self.jetstream.publish_with_headers(subject, headers, payload.into()).await.unwrap();
        sent.await.unwrap();
    }

    /// Everything that the relay told others, in the order of its outbox.
    pub async fn events(&self) -> Vec<Event> {
        let rows =
            sqlx::query("select kind, payload from outbox order by xid, seq").fetch_all(&self.pool).await.unwrap();
        rows.iter()
            .map(|row| {
                let payload: Vec<u8> = row.get("payload");
                match row.get::<String, _>("kind").as_str() {
                    "icp.evt.bureau.v1.received" => {
                        Event::Received(bureau::Received::decode(payload.as_slice()).unwrap())
                    }
                    "icp.evt.bureau.v1.approved" => {
                        Event::Approved(bureau::Approved::decode(payload.as_slice()).unwrap())
                    }
                    "icp.evt.bureau.v1.rejected" => {
                        Event::Rejected(bureau::Rejected::decode(payload.as_slice()).unwrap())
                    }
                    "icp.evt.bureau.v1.status_answered" => {
                        Event::Answered(bureau::StatusAnswered::decode(payload.as_slice()).unwrap())
                    }
                    "icp.evt.bureau.v1.withdrawal_answered" => {
                        Event::WithdrawalAnswered(bureau::WithdrawalAnswered::decode(payload.as_slice()).unwrap())
                    }
                    "icp.evt.bureau.v1.recorded" => {
                        Event::Recorded(bureau::Recorded::decode(payload.as_slice()).unwrap())
                    }
                    "icp.evt.bureau.v1.removed" => Event::Removed(bureau::Removed::decode(payload.as_slice()).unwrap()),
                    other => panic!("unexpected message {other}: {}", String::from_utf8_lossy(&payload)),
                }
            })
            .collect()
    }

    /// Waits until every submission has its end, and returns all events.
    pub async fn wait_for_ends(&self, filings: usize) -> Vec<Event> {
        wait_until("every filing to have its end", BOUND, || async {
            let states: Vec<String> = sqlx::query_scalar("select state from submissions")
                .fetch_all(&self.pool)
                .await
                .map_err(|e| e.to_string())?;
            let ended =
                states.iter().filter(|state| matches!(state.as_str(), "approved" | "rejected" | "withdrawn")).count();
            if ended == filings && states.len() == filings { Ok(()) } else { Err(format!("{states:?}")) }
        })
        .await
        .unwrap();
        self.events().await
    }

    pub async fn wait_for_stop(&self) -> String {
        wait_until("the queue to stop", BOUND, || async {
            let reason: Option<String> = sqlx::query_scalar("select stopped_reason from accounts")
                .fetch_one(&self.pool)
                .await
                .map_err(|e| e.to_string())?;
            reason.ok_or_else(|| "not stopped".to_owned())
        })
        .await
        .unwrap()
    }

    /// Waits for the answer to a status query.
    pub async fn wait_for_answer(&self, query_id: &str) -> bureau::StatusAnswered {
        wait_until("the answer to a status query", BOUND, || async {
            let answers = self.events().await.into_iter().filter_map(|event| match event {
                Event::Answered(answer) if answer.query_id == query_id => Some(answer),
                _ => None,
            });
            let answers: Vec<_> = answers.collect();
            assert!(answers.len() < 2, "answered twice");
            answers.into_iter().next().ok_or_else(|| "no answer".to_owned())
        })
        .await
        .unwrap()
    }

    /// Everything in the database, as text.
    pub async fn dump(&self) -> String {
        shared().await.unwrap().postgres.dump(&self.database.name).await.unwrap()
    }

    /// What must hold at the end of every test: the bureau has every filing once, without a gap.
    pub fn assert_gapless_and_once(&self) {
        self.bureau.with(|bureau| {
            let numbers: Vec<u32> = bureau.taken.iter().map(|upload| upload.sequence).collect();
            let first = bureau.first_sequence + 1;
            let expected: Vec<u32> = (first..).take(numbers.len()).collect();
            assert_eq!(numbers, expected);
            let mut ids: Vec<i64> = bureau.taken.iter().flat_map(|u| u.filings.iter().map(|f| f.0)).collect();
            let all = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all, "a filing arrived twice");
        });
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
        let _ = &self.nats;
    }
}

pub fn received_of(events: &[Event]) -> Vec<&bureau::Received> {
    events.iter().filter_map(|e| if let Event::Received(r) = e { Some(r) } else { None }).collect()
}

pub fn approved_of(events: &[Event]) -> Vec<&bureau::Approved> {
    events.iter().filter_map(|e| if let Event::Approved(a) = e { Some(a) } else { None }).collect()
}

pub fn rejected_of(events: &[Event]) -> Vec<&bureau::Rejected> {
    events.iter().filter_map(|e| if let Event::Rejected(r) = e { Some(r) } else { None }).collect()
}

/// Puts a press there that runs this script, where the file `picture` is.
fn install_press(folder: &Path, script: &str) {
    let made = folder.join("press-in-the-making");
    let folder_name = folder.display();
    std::fs::write(&made, format!("#!/bin/sh\ncat > /dev/null\ncd '{folder_name}'\n{script}\n")).unwrap();
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::rename(made, folder.join("press")).unwrap();
}

fn jpeg() -> Vec<u8> {
    let mut bytes = Vec::new();
    image::DynamicImage::new_rgb8(64, 64).write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Jpeg).unwrap();
    bytes
}

fn person(name: &str, mobile: &str) -> common::Person {
    common::Person {
        name: format!("{MARK}-{name}"),
        id: Some(common::Certificate { kind: 2, number: format!("{MARK}-ID"), ..Default::default() }),
        mobile: mobile.into(),
        office_phone: "0571-00000000".into(),
        email: "a@example.cn".into(),
        ..Default::default()
    }
}

fn filing() -> relay::RelayFiling {
    relay::RelayFiling {
        organiser: Some(relay::RelayOrganiser {
            name: "示例".into(),
            nature: 4,
            certificate: Some(common::Certificate {
                kind: 1,
                number: "91330000EXAMPLE001".into(),
                address: "示例路1号".into(),
                ..Default::default()
            }),
            province_code: 330_000,
            city_code: 330_100,
            county_code: 330_108,
            address_detail: "示例路1号".into(),
            principal: Some(person("甲", "13000000000")),
            ..Default::default()
        }),
        services: vec![relay::RelayService {
            kind: "website".into(),
            name: "示例网站".into(),
            domains: vec!["example.cn".into()],
            home_url: "www.example.cn".into(),
            contents: vec![8],
            languages: vec![1],
            principal: Some(person("乙", "13000000001")),
            access_methods: vec![5],
            server_places: vec![34],
            addresses: vec![relay::IpRange { first: 3_221_225_985, last: 3_221_225_985 }],
            ..Default::default()
        }],
        materials: vec![],
        ..Default::default()
    }
}
