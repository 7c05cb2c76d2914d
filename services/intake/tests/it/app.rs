//! Intake in this process, a neighbour that publishes facts, and a caller.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use icp_bus::{Bus, Effects, Outgoing};
use icp_domain::Province;
use icp_kit::clock::{CLOCK_BUCKET, CLOCK_KEY};
use icp_kit::{Keyring, ServiceContext};
use icp_proto::common::Sealed;
use icp_proto::order::OrderEvent;
use icp_proto::{authority, bureau, identity, relay};
use icp_testkit::{NatsServer, free_port, shared, wait_until};
use prost::Message as _;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub(crate) const APPLICANT: &str = "token-of-the-applicant";
pub(crate) const OTHER: &str = "token-of-another-applicant";
pub(crate) const RESELLER: &str = "token-of-the-reseller";
pub(crate) const OTHER_RESELLER: &str = "token-of-another-reseller";
pub(crate) const REVIEWER: &str = "token-of-the-reviewer";
pub(crate) const SECOND: &str = "token-of-the-second-reviewer";
pub(crate) const OPERATOR: &str = "token-of-the-operator";
pub(crate) const SUPERVISOR: &str = "token-of-the-supervisor";
pub(crate) const AUDITOR: &str = "token-of-the-auditor";

static NO_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate::Migrator::DEFAULT;

pub(crate) struct App {
    pub(crate) base: String,
    pub(crate) grpc: String,
    pub(crate) http: reqwest::Client,
    pub(crate) neighbour: Bus,
    pub(crate) pool: sqlx::PgPool,
    /// Opens what is sealed for notification.
    pub(crate) notify: Keyring,
    /// Opens what is sealed for the relay.
    relay: Keyring,
    pub(crate) shutdown: CancellationToken,
    pub(crate) nats: NatsServer,
    pub(crate) folder: tempfile::TempDir,
}

/// What a test sees of an intake that is not ready yet.
pub(crate) struct StartingApp<'a> {
    pub(crate) base: &'a str,
    pub(crate) nats: &'a mut NatsServer,
}

pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) status: u16,
    pub(crate) etag: String,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

/// Tests ask faster than anybody else, unless the limits are what they ask about.
const NO_LIMITS: &str = "[intake.rate_limits]
address = { per_second = 0 }
applicant = { per_second = 0 }
reseller = { per_second = 0 }
reviewer = { per_second = 0 }
operator = { per_second = 0 }
supervisor = { per_second = 0 }
auditor = { per_second = 0 }
";

fn config_text(
    database: &str,
    nats: &str,
    folder: &std::path::Path,
    (http_port, grpc_port): (u16, u16),
    publics: &BTreeMap<String, String>,
    settings: &str,
) -> String {
    let publics: String = publics.iter().map(|(name, key)| format!("{name} = \"{key}\"\n")).collect();
    let folder = folder.display();
    let limits = if settings.contains("[intake.rate_limits]") { "" } else { NO_LIMITS };
    format!(
        "[service]\nhttp_listen = \"127.0.0.1:{http_port}\"\ngrpc_listen = \"127.0.0.1:{grpc_port}\"\n[database]\nurl = \"{database}\"\n[nats]\nurl = \"{nats}\"\n\
         [keys]\nprivate_key_file = \"{folder}/private\"\nkek_file = \"{folder}/kek\"\n[keys.public]\n{publics}[materials]\nroot = \"{folder}/materials\"\n\
         [intake]\ntokens_file = \"{folder}/tokens.toml\"\n\
         [intake.papers]\nprovider_name = \"示例云计算有限公司\"\npress_program = \"/bin/cat\"\n\
         {limits}{settings}"
    )
}

impl App {
    pub(crate) async fn start() -> Self {
        let nats = NatsServer::start_temp().await.unwrap();
        Self::start_on(nats, async |_| {}).await
    }

    /// Starts with these sections of the configuration, as TOML.
    pub(crate) async fn start_with(settings: &str) -> Self {
        let nats = NatsServer::start_temp().await.unwrap();
        Self::launch(nats, settings, async |_| {}).await
    }

    /// Starts on this broker; `meanwhile` runs when intake has been started and before it can be ready.
    pub(crate) async fn start_on(nats: NatsServer, meanwhile: impl AsyncFnOnce(StartingApp<'_>)) -> Self {
        Self::launch(nats, "", meanwhile).await
    }

    async fn launch(mut nats: NatsServer, settings: &str, meanwhile: impl AsyncFnOnce(StartingApp<'_>)) -> Self {
        icp_kit::service::install_crypto_provider();
        let servers = shared().await.unwrap();
        let database = servers.fresh_database("intake").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let tokens = [
            ("applicant", APPLICANT, "applicant", "a"),
            ("other", OTHER, "applicant", "b"),
            ("reseller", RESELLER, "reseller", "r"),
            ("other-reseller", OTHER_RESELLER, "reseller", "s"),
            ("reviewer", REVIEWER, "reviewer", "p"),
            ("second", SECOND, "reviewer", "p"),
            ("operator", OPERATOR, "operator", "p"),
            ("supervisor", SUPERVISOR, "supervisor", "p"),
            ("auditor", AUDITOR, "auditor", "p"),
        ]
        .map(|(name, token, role, account)| {
            format!("[[token]]\nname = \"{name}\"\ntoken = \"{token}\"\nrole = \"{role}\"\naccount = \"{account}\"\n")
        })
        .concat();
        std::fs::write(folder.path().join("tokens.toml"), tokens).unwrap();
        std::fs::write(folder.path().join("kek"), base64::engine::general_purpose::STANDARD.encode([7_u8; 32]))
            .unwrap();
        let pairs = ["identity", "authority", "notify", "sms", "relay", "intake"]
            .map(|name| (name.to_owned(), icp_kit::sealing::generate_key_pair()));
        let private = |of: &str| pairs.iter().find(|(name, _)| name == of).unwrap().1.0.clone();
        std::fs::write(folder.path().join("private"), private("intake")).unwrap();
        let keyring = |of: &str| {
            let private = base64::engine::general_purpose::STANDARD.decode(private(of)).unwrap();
            Keyring::new(of, Some(&private), &BTreeMap::new()).unwrap()
        };
        let (notify, relay) = (keyring("notify"), keyring("relay"));
        let publics: BTreeMap<String, String> =
            pairs.iter().map(|(name, (_, public))| (name.clone(), public.clone())).collect();
        let (http_port, grpc_port) = (free_port().unwrap(), free_port().unwrap());
        let file = folder.path().join("intake.toml");
        let text = config_text(&database.url, &nats.url(), folder.path(), (http_port, grpc_port), &publics, settings);
        std::fs::write(&file, text).unwrap();
        let loaded =
            icp_kit::config::load::<icp_intake::Config>(icp_intake::NAME, icp_intake::DEFAULTS, Some(&file)).unwrap();

        let shutdown = CancellationToken::new();
        let mut neighbour_common = loaded.common.clone();
        let neighbour_database = servers.fresh_database("neighbour").await.unwrap();
        neighbour_common.database.url = icp_kit::Sensitive::new(neighbour_database.url.clone());
        tokio::spawn(icp_kit::service::run(icp_intake::NAME, loaded, shutdown.clone(), icp_intake::build));
        let base = format!("http://127.0.0.1:{http_port}");
        meanwhile(StartingApp { base: &base, nats: &mut nats }).await;
        let context = ServiceContext::connect("neighbour", neighbour_common, shutdown.clone()).await.unwrap().unwrap();
        let neighbour = Bus::start(&context, &NO_MIGRATIONS).await.unwrap();
        let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
        let grpc = format!("http://127.0.0.1:{grpc_port}");
        let http = reqwest::Client::new();
        let app = Self { base, grpc, http, neighbour, pool, notify, relay, shutdown, nats, folder };
        wait_until("intake to be ready", Duration::from_secs(60), || async {
            let answer =
                app.http.get(format!("{}/readyz", app.base)).send().await.map_err(|error| error.to_string())?;
            if answer.status().is_success() { Ok(()) } else { Err(answer.text().await.unwrap_or_default()) }
        })
        .await
        .unwrap();
        app
    }

    /// Everything that lies in a folder of the object store.
    pub(crate) fn stored_files(&self, folder: &str) -> Vec<Vec<u8>> {
        let mut folders = vec![self.folder.path().join("materials").join(folder)];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(std::fs::read(path).unwrap());
                }
            }
        }
        files
    }

    pub(crate) async fn send(
        &self,
        token: &str,
        method: Method,
        path: &str,
        if_match: Option<&str>,
        body: Option<(&str, Vec<u8>)>,
    ) -> Answer {
        let headers: Vec<(&str, &str)> = if_match.map(|etag| ("if-match", etag)).into_iter().collect();
        self.send_with(token, method, path, &headers, body).await
    }

    /// Any request with any headers.
    pub(crate) async fn send_with(
        &self,
        token: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<(&str, Vec<u8>)>,
    ) -> Answer {
        self.send_to(&self.base, token, method, path, headers, body).await
    }

    /// The same to a replica.
    pub(crate) async fn send_to(
        &self,
        base: &str,
        token: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<(&str, Vec<u8>)>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{base}{path}"));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some((content_type, bytes)) = body {
            request = request.header("content-type", content_type).body(bytes);
        }
        let answer = request.send().await.unwrap();
        let header =
            |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        let (status, etag, content_type) = (answer.status().as_u16(), header("etag"), header("content-type"));
        let headers = answer.headers().clone();
        let body = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null);
        Answer { headers, status, etag, content_type, body }
    }

    pub(crate) async fn json(
        &self,
        token: &str,
        method: Method,
        path: &str,
        if_match: Option<&str>,
        body: &Value,
    ) -> Answer {
        self.send(token, method, path, if_match, Some(("application/json", body.to_string().into_bytes()))).await
    }

    /// A draft; answers its path and ETag.
    pub(crate) async fn draft(&self, n: u32) -> (String, String) {
        let filing = icp_testkit::filings::company_filing(Province::Guangdong, n);
        let created =
            self.json(APPLICANT, Method::POST, "/v1/orders", None, &serde_json::to_value(filing).unwrap()).await;
        assert_eq!(created.status, 201, "{}", created.body);
        (format!("/v1/orders/{}", created.body["id"].as_str().unwrap()), created.etag)
    }

    /// A submitted order; no rule module is active here, so it goes to the checks with a remark for the reviewer.
    pub(crate) async fn submitted(&self, n: u32) -> String {
        let (path, etag) = self.draft(n).await;
        let answer = self.send(APPLICANT, Method::POST, &format!("{path}/submit"), Some(&etag), None).await;
        assert_eq!((answer.status, answer.body["phase"].as_str()), (200, Some("checking")), "{}", answer.body);
        path
    }

    /// Orders that wait for a reviewer, in this sequence.
    pub(crate) async fn in_review(&self, numbers: std::ops::RangeInclusive<u32>) -> Vec<Answer> {
        let mut waiting = Vec::new();
        for n in numbers {
            let path = self.submitted(n).await;
            self.checked(&path).await;
            waiting.push(self.wait_phase(&path, "provider_review").await);
        }
        waiting
    }

    /// Identity verification and the registers have nothing to say about the first attempt.
    pub(crate) async fn checked(&self, path: &str) {
        let id = id_of(path);
        let verified = identity::Verified { order_id: id.clone(), attempt: 1, ..Default::default() };
        let answered = authority::Answered { order_id: id.clone(), attempt: 1, ..Default::default() };
        self.publish(vec![
            Outgoing::event("identity", "verified", "gd", &id, &verified),
            Outgoing::event("authority", "answered", "gd", &id, &answered),
        ])
        .await;
    }

    /// The bureau approves the first attempt.
    pub(crate) async fn approve(&self, path: &str) -> Answer {
        let id = id_of(path);
        let digits: String = id.chars().rev().filter(char::is_ascii_digit).take(8).collect();
        let approved = bureau::Approved {
            order_id: id.clone(),
            attempt: 1,
            province: "gd".to_owned(),
            organiser_number: format!("粤ICP备{digits}号"),
            service_numbers: vec![format!("{id}-1")],
            at_unix_ms: 1,
            ..bureau::Approved::default()
        };
        self.publish(vec![Outgoing::event("bureau", "approved", "gd", &id, &approved)]).await;
        self.wait_phase(path, "approved").await
    }

    /// The bureau takes an attempt, and nobody confirms the ministry's SMS.
    pub(crate) async fn unconfirmed(&self, path: &str, attempt: u32) -> Answer {
        let id = id_of(path);
        let received =
            bureau::Received { order_id: id.clone(), attempt, province: "gd".to_owned(), ..Default::default() };
        let rejected = bureau::Rejected {
            order_id: id.clone(),
            attempt,
            province: "gd".to_owned(),
            results: vec![bureau::ResultCode { code: 1999, field: String::new() }],
            sms_timeout: true,
            ..Default::default()
        };
        self.publish(vec![
            Outgoing::event("bureau", "received", "gd", &id, &received),
            Outgoing::event("bureau", "rejected", "gd", &id, &rejected),
        ])
        .await;
        self.wait_phase(path, "returned").await
    }

    /// Seals a message for intake, as its neighbours do.
    pub(crate) fn seal(&self, context: &str, message: &impl prost::Message) -> Option<Sealed> {
        Some(self.neighbour.context().keyring.seal("intake", context, message).unwrap())
    }

    /// The facts about orders that were published under this name, oldest first.
    pub(crate) async fn told(&self, event: &str) -> Vec<OrderEvent> {
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar("select payload from outbox where kind = $1 order by xid, seq")
            .bind(format!("icp.evt.order.v1.{event}"))
            .fetch_all(&self.pool)
            .await
            .unwrap();
        payloads.iter().map(|payload| OrderEvent::decode(payload.as_slice()).unwrap()).collect()
    }

    /// Moves the clock of an intake that follows the bus.
    pub(crate) async fn move_clock(&self, days: i64) {
        let jetstream = &self.neighbour.context().jetstream;
        // Made as a stream: `create_key_value` asks for what server 2.9 does not answer.
        jetstream
            .get_or_create_stream(async_nats::jetstream::stream::Config {
                name: format!("KV_{CLOCK_BUCKET}"),
                subjects: vec![format!("$KV.{CLOCK_BUCKET}.>")],
                max_messages_per_subject: 1,
                allow_rollup: true,
                deny_delete: true,
                ..Default::default()
            })
            .await
            .unwrap();
        let bucket = jetstream.get_key_value(CLOCK_BUCKET).await.unwrap();
        bucket.put(CLOCK_KEY, (days * 86_400_000).to_string().into()).await.unwrap();
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(token, Method::GET, path, None, None).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str) -> Answer {
        self.send(token, Method::POST, path, None, None).await
    }

    /// A reviewer decides on an order as it was read.
    pub(crate) async fn review(&self, token: &str, order: &Answer, decision: &Value) -> Answer {
        self.json(token, Method::POST, &format!("{}/review", path_of(order)), Some(&order.etag), decision).await
    }

    /// What the relay was handed last of an order.
    pub(crate) async fn sent_to_relay(&self, id: &str) -> relay::RelayFiling {
        let statement =
            "select payload from outbox where key = $1 and subject = $2 order by xid desc, seq desc limit 1";
        let payload: Vec<u8> = sqlx::query_scalar(statement)
            .bind(id)
            .bind("icp.task.relay.v1.submit")
            .fetch_one(&self.pool)
            .await
            .unwrap();
        let task = relay::Submit::decode(payload.as_slice()).unwrap();
        self.relay.open(task.filing.as_ref().unwrap(), id).unwrap()
    }

    pub(crate) async fn order(&self, path: &str) -> Answer {
        self.send(APPLICANT, Method::GET, path, None, None).await
    }

    pub(crate) async fn wait_phase(&self, path: &str, phase: &str) -> Answer {
        wait_until(&format!("{path} to be {phase}"), Duration::from_secs(30), || async {
            let answer = self.order(path).await;
            if answer.body["phase"] == phase { Ok(answer) } else { Err(answer.body.to_string()) }
        })
        .await
        .unwrap()
    }

    /// The neighbour publishes messages.
    pub(crate) async fn publish(&self, messages: Vec<Outgoing>) {
        let mut effects = Effects::new();
        messages.into_iter().for_each(|message| effects.send(message));
        let tx = self.neighbour.begin().await.unwrap();
        self.neighbour.commit(tx, effects).await.unwrap();
    }
}

/// The id at the end of an order's path.
pub(crate) fn id_of(path: &str) -> String {
    path.rsplit('/').next().unwrap().to_owned()
}

/// The path of an order that was read.
pub(crate) fn path_of(order: &Answer) -> String {
    format!("/v1/orders/{}", order.body["id"].as_str().unwrap())
}

impl Drop for App {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
