//! Starts Postgres, NATS, the sandbox, the seven services and the rule modules; stops them when it is dropped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use icp_rules_host::SigningKey;
use icp_testkit::{NatsOptions, NatsServer, Postgres, PostgresOptions, Program, free_port, wait_until};
use serde::Deserialize;
use sqlx::Connection as _;

use crate::people::People;

/// The seven services, by the names of their configuration sections.
pub const SERVICES: [&str; 7] = ["intake", "identity", "authority", "sms", "relay", "notify", "schedule"];

/// Token of the applicant that holds even without the issuer of tokens.
pub const APPLICANT_TOKEN: &str = "sandbox-applicant-token";
/// Token of the reviewer that holds even without the issuer of tokens.
pub const REVIEWER_TOKEN: &str = "sandbox-reviewer-token";
/// Token of another applicant, whose orders nobody else may see.
pub const OTHER_TOKEN: &str = "sandbox-other-applicant-token";
/// Token of the demo's operator.
pub const OPERATOR_TOKEN: &str = "sandbox-operator-token";

/// Requests of one client that nobody makes: what is measured here is the platform, not its limits.
const UNLIKELY: &str = "1000000";
/// Number of the provider at the bureau of Guangdong, which speaks interface V3.0 and takes the orders of every other
/// province too.
pub const ISP_ID_V3: u64 = 440_000_000_001;
/// Number of the provider at the bureau of Zhejiang, which speaks interface V5.0.
pub const ISP_ID_V5: u64 = 330_000_000_001;

// What the sandbox's bureaus issued to the provider.
const BUREAU_USER: &str = "sandbox";
const BUREAU_PASSWORD: &str = "sandbox-password";
const BUREAU_KEY: &str = "ABCDEFGHIJKLMNOP";
const BUREAU_IV: &str = "0102030405060708";
/// File of the reviewer's token in the working folder, for `icpctl`.
const REVIEWER_TOKEN_FILE: &str = "keys/reviewer.token";

const READY_BOUND: Duration = Duration::from_secs(90);

/// How the world is set up.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// Folder of the binaries.
    pub bin_dir: PathBuf,
    /// Folder of the rule modules and their manifest.
    pub rules_dir: PathBuf,
    /// Working folder, made anew.
    pub work_dir: PathBuf,
    /// Whether commits wait for the disk.
    pub is_durable: bool,
    /// How long the sandbox's bureau and people take for each step, milliseconds.
    pub sandbox_delay_ms: u64,
    /// How often the relay asks the bureau for results, milliseconds.
    pub download_interval_ms: u64,
    /// How long the relay waits for more filings before it uploads, milliseconds.
    pub upload_wait_ms: u64,
    /// Whether the slip of each service goes to the bureau.
    pub sends_slips: bool,
    /// More settings for every service: (SECTION__KEY, value).
    pub settings: Vec<(String, String)>,
    /// More flags for the sandbox.
    pub sandbox_flags: Vec<String>,
}

impl WorldOptions {
    /// From the environment that `cargo xtask` sets: ICP_BIN_DIR, ICP_RULES_DIR, ICP_WORK_DIR.
    pub fn from_environment() -> anyhow::Result<Self> {
        let folder = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .with_context(|| format!("{name} is not set; start this through `cargo xtask`"))
        };
        Ok(Self {
            bin_dir: folder("ICP_BIN_DIR")?,
            rules_dir: folder("ICP_RULES_DIR")?,
            work_dir: folder("ICP_WORK_DIR")?,
            is_durable: true,
            sandbox_delay_ms: 300,
            download_interval_ms: 1000,
            upload_wait_ms: 100,
            sends_slips: true,
            settings: Vec::new(),
            sandbox_flags: Vec::new(),
        })
    }
}

#[derive(Deserialize)]
struct Ports {
    http: String,
    smtp: String,
}

/// A running service.
#[derive(Debug)]
pub struct Service {
    /// Its process.
    pub program: Program,
    /// Base address of REST and health.
    pub http: String,
    /// Base address of gRPC.
    pub grpc: String,
}

/// Everything that runs.
#[derive(Debug)]
pub struct World {
    // Dropped in this order: services first, then the sandbox, then the servers.
    /// The services by name.
    pub services: BTreeMap<&'static str, Service>,
    sandbox: Program,
    /// Base address of the sandbox.
    pub sandbox_url: String,
    /// Who has signed in.
    pub people: People,
    /// The broker.
    pub nats: NatsServer,
    /// The database server.
    pub postgres: Postgres,
    /// Client for sandbox and health.
    pub http: reqwest::Client,
    pub(crate) options: WorldOptions,
    pub(crate) signing_key: SigningKey,
}

impl World {
    /// Starts everything and waits until all of it is ready.
    pub async fn start(options: WorldOptions) -> anyhow::Result<Self> {
        icp_kit::service::install_crypto_provider();
        let work_dir = options.work_dir.clone();
        if work_dir.exists() {
            std::fs::remove_dir_all(&work_dir).with_context(|| format!("cannot clear {}", work_dir.display()))?;
        }
        for folder in ["keys", "logs"] {
            std::fs::create_dir_all(work_dir.join(folder))?;
        }
        let durability = if options.is_durable { PostgresOptions::durable() } else { PostgresOptions::for_tests() };
        let (postgres_dir, nats_dir) = (work_dir.join("postgres"), work_dir.join("nats"));
        let (postgres, nats) = tokio::try_join!(
            Postgres::start(&postgres_dir, durability),
            NatsServer::start(&nats_dir, NatsOptions::default()),
        )?;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
        let (sandbox, ports) = start_sandbox(&options, &nats).await?;
        let sandbox_url = format!("http://{}", ports.http);

        let signing_key = SigningKey::generate("sandbox");
        let key_file = work_dir.join("keys").join("rules.key");
        std::fs::write(&key_file, signing_key.to_file())?;
        let environment = Environment::write(&work_dir)?;
        let mut services = BTreeMap::new();
        for name in SERVICES {
            create_role_and_database(&postgres, name).await?;
            let (http_port, grpc_port) = (free_port()?, free_port()?);
            let mut variables = environment.of(name, &options, &postgres, &nats, (http_port, grpc_port));
            variables.extend(own_settings(name, &options, &work_dir, &ports, &signing_key));
            let log = work_dir.join("logs").join(format!("{name}.log"));
            let program = Program::start(&options.bin_dir.join(format!("icp-{name}")), Vec::new(), variables, &log)?;
            let service = Service {
                program,
                http: format!("http://127.0.0.1:{http_port}"),
                grpc: format!("http://127.0.0.1:{grpc_port}"),
            };
            services.insert(name, service);
        }
        let people = People::sign_in(&http, &sandbox_url).await?;
        let mut world = Self { services, sandbox, sandbox_url, people, nats, postgres, http, options, signing_key };
        for name in SERVICES {
            world.wait_ready(name).await?;
        }
        world.write_addresses(&key_file)?;
        Ok(world)
    }

    /// Tells the tools where everything is; `icpctl` reads it.
    fn write_addresses(&self, key_file: &Path) -> anyhow::Result<()> {
        let services: BTreeMap<&str, serde_json::Value> = self
            .services
            .iter()
            .map(|(name, service)| (*name, serde_json::json!({ "http": service.http, "grpc": service.grpc })))
            .collect();
        let addresses = serde_json::json!({
            "nats": self.nats.url(), "sandbox": self.sandbox_url, "services": services, "rules_key": key_file,
            "reviewer_token": self.options.work_dir.join(REVIEWER_TOKEN_FILE),
        });
        std::fs::write(self.addresses_file(), serde_json::to_vec_pretty(&addresses)?)?;
        Ok(())
    }

    fn addresses_file(&self) -> PathBuf {
        self.options.work_dir.join("addresses.json")
    }

    /// Waits until a service is ready.
    pub async fn wait_ready(&mut self, name: &str) -> anyhow::Result<()> {
        let service = self.services.get_mut(name).with_context(|| format!("no service {name}"))?;
        let url = format!("{}/readyz", service.http);
        let http = self.http.clone();
        let what = format!("icp-{name} to be ready");
        let waited = wait_until(&what, READY_BOUND, || {
            let request = http.get(&url).send();
            let running = service.program.is_running();
            async move {
                if !running {
                    return Err("the process has ended".to_owned());
                }
                match request.await {
                    Ok(answer) if answer.status().is_success() => Ok(()),
                    Ok(answer) => Err(answer.text().await.unwrap_or_default().trim().to_owned()),
                    Err(error) => Err(error.to_string()),
                }
            }
        });
        waited.await.with_context(|| format!("icp-{name} printed:\n{}", service.program.last_lines()))
    }

    /// Kills a service and starts it again.
    pub async fn kill_and_restart(&mut self, name: &str) -> anyhow::Result<()> {
        let service = self.services.get_mut(name).with_context(|| format!("no service {name}"))?;
        service.program.kill().await?;
        service.program.start_again()
    }

    /// Address of a service's REST.
    pub fn url(&self, name: &str) -> &str {
        self.services.get(name).map_or("", |service| service.http.as_str())
    }

    /// Sends JSON to the sandbox.
    pub async fn sandbox_post(&self, path: &str, body: serde_json::Value) -> anyhow::Result<serde_json::Value> {
        let answer = self.http.post(format!("{}{path}", self.sandbox_url)).json(&body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("sandbox {path} answered {status}: {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(serde_json::Value::Null))
    }

    /// Asks the sandbox.
    pub async fn sandbox_get(&self, path: &str) -> anyhow::Result<serde_json::Value> {
        let answer = self.http.get(format!("{}{path}", self.sandbox_url)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Process id of the sandbox.
    pub fn sandbox_pid(&self) -> Option<u32> {
        self.sandbox.pid()
    }

    /// The working folder.
    pub fn work_dir(&self) -> &Path {
        &self.options.work_dir
    }

    /// Stops everything in order: services, sandbox, broker, database.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        // Whoever reads it later must not look for what is gone.
        let _ = std::fs::remove_file(self.addresses_file());
        let stops = self.services.values_mut().map(|service| service.program.stop());
        for result in futures::future::join_all(stops).await {
            result?;
        }
        self.sandbox.stop().await?;
        self.nats.stop().await?;
        self.postgres.stop().await
    }
}

/// Where the vectors of the rule modules are.
async fn start_sandbox(options: &WorldOptions, nats: &NatsServer) -> anyhow::Result<(Program, Ports)> {
    let ports_file = options.work_dir.join("sandbox-ports.json");
    let delay = options.sandbox_delay_ms.to_string();
    let mut flags: Vec<String> = Vec::new();
    let pairs = [
        ("--nats-url", nats.url()),
        ("--ports-file", ports_file.display().to_string()),
        ("--bureau-check-ms", delay.clone()),
        ("--sms-answer-ms", delay.clone()),
        ("--bureau-review-ms", delay),
        ("--account", account("gd", ISP_ID_V3, "V3.0")),
        ("--account", account("zj", ISP_ID_V5, "V5.0")),
    ];
    for (flag, value) in pairs {
        flags.push(flag.to_owned());
        flags.push(value);
    }
    flags.extend(options.sandbox_flags.iter().cloned());
    let log = options.work_dir.join("logs").join("sandbox.log");
    let sandbox = Program::start(&options.bin_dir.join("icp-sandbox"), flags, Vec::new(), &log)?;
    let waited = wait_until("the sandbox to be ready", READY_BOUND, || {
        let text = std::fs::read_to_string(&ports_file).map_err(|error| error.to_string());
        async move { text.and_then(|text| serde_json::from_str::<Ports>(&text).map_err(|error| error.to_string())) }
    });
    let ports = waited.await.with_context(|| format!("the sandbox printed:\n{}", sandbox.last_lines()))?;
    Ok((sandbox, ports))
}

/// An account in the form of the sandbox's flag.
fn account(province: &str, isp_id: u64, interface: &str) -> String {
    format!("{province}:{isp_id}:{BUREAU_USER}:{BUREAU_PASSWORD}:{BUREAU_KEY}:{BUREAU_IV}:{interface}")
}

async fn create_role_and_database(postgres: &Postgres, name: &str) -> anyhow::Result<()> {
    let database = format!("icp_{name}");
    postgres.create_database(&database).await?;
    let mut connection = sqlx::PgConnection::connect(&postgres.url("postgres")).await?;
    for statement in [
        format!("create role {database} login"),
        format!("alter database {database} owner to {database}"),
        format!("revoke connect on database {database} from public"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Keys and tokens, made anew for each world.
struct Environment {
    keys: PathBuf,
    public: BTreeMap<&'static str, String>,
}

impl Environment {
    fn write(work_dir: &Path) -> anyhow::Result<Self> {
        let keys = work_dir.join("keys");
        let mut public = BTreeMap::new();
        for name in SERVICES {
            let (private_key, public_key) = icp_kit::sealing::generate_key_pair();
            std::fs::write(keys.join(format!("{name}.hpke")), private_key)?;
            std::fs::write(keys.join(format!("{name}.kek")), BASE64.encode(rand::random::<[u8; 32]>()))?;
            public.insert(name, public_key);
        }
        std::fs::write(keys.join("bureau.password"), BUREAU_PASSWORD)?;
        std::fs::write(keys.join("bureau.key"), BUREAU_KEY)?;
        std::fs::write(keys.join("bureau.iv"), BUREAU_IV)?;
        let tokens = [
            ("applicant", APPLICANT_TOKEN, "applicant", "demo"),
            ("other", OTHER_TOKEN, "applicant", "other"),
            ("reviewer", REVIEWER_TOKEN, "reviewer", "provider"),
            ("operator", OPERATOR_TOKEN, "operator", "provider"),
        ];
        let file: String = tokens
            .iter()
            .map(|(name, token, role, account)| {
                format!(
                    "[[token]]\nname = \"{name}\"\ntoken = \"{token}\"\nrole = \"{role}\"\naccount = \"{account}\"\n"
                )
            })
            .collect();
        std::fs::write(keys.join("tokens.toml"), file)?;
        std::fs::write(work_dir.join(REVIEWER_TOKEN_FILE), REVIEWER_TOKEN)?;
        Ok(Self { keys, public })
    }

    fn of(
        &self,
        name: &str,
        options: &WorldOptions,
        postgres: &Postgres,
        nats: &NatsServer,
        (http_port, grpc_port): (u16, u16),
    ) -> Vec<(String, String)> {
        let database = format!("postgres://icp_{name}@127.0.0.1:{}/icp_{name}", postgres.port());
        let mut settings = vec![
            ("SERVICE__HTTP_LISTEN".to_owned(), format!("127.0.0.1:{http_port}")),
            ("SERVICE__GRPC_LISTEN".to_owned(), format!("127.0.0.1:{grpc_port}")),
            ("DATABASE__URL".to_owned(), database),
            ("NATS__URL".to_owned(), nats.url()),
            ("KEYS__PRIVATE_KEY_FILE".to_owned(), self.keys.join(format!("{name}.hpke")).display().to_string()),
            ("KEYS__KEK_FILE".to_owned(), self.keys.join(format!("{name}.kek")).display().to_string()),
            ("MATERIALS__ROOT".to_owned(), options.work_dir.join("materials").display().to_string()),
            ("CLOCK__FOLLOW_BUS".to_owned(), "true".to_owned()),
        ];
        settings.extend(
            self.public.iter().map(|(other, key)| (format!("KEYS__PUBLIC__{}", other.to_uppercase()), key.clone())),
        );
        settings.extend(options.settings.iter().cloned());
        settings.into_iter().map(|(key, value)| (format!("ICP_{}__{key}", name.to_uppercase()), value)).collect()
    }
}

fn own_settings(
    name: &str,
    options: &WorldOptions,
    work_dir: &Path,
    ports: &Ports,
    signing_key: &SigningKey,
) -> Vec<(String, String)> {
    let sandbox = format!("http://{}", ports.http);
    let keys = work_dir.join("keys");
    let pairs: Vec<(&str, String)> = match name {
        "intake" => vec![
            ("INTAKE__OIDC__ISSUER", format!("{sandbox}/issuer")),
            ("INTAKE__RATE_LIMITS__APPLICANT__PER_SECOND", UNLIKELY.to_owned()),
            ("INTAKE__RATE_LIMITS__APPLICANT__BURST", UNLIKELY.to_owned()),
            ("INTAKE__RATE_LIMITS__REVIEWER__PER_SECOND", UNLIKELY.to_owned()),
            ("INTAKE__RATE_LIMITS__REVIEWER__BURST", UNLIKELY.to_owned()),
            ("INTAKE__TOKENS_FILE", keys.join("tokens.toml").display().to_string()),
            ("INTAKE__RULES__KEYS__SANDBOX", signing_key.trusted().public_key_hex),
            ("INTAKE__PAPERS__PROVIDER_NAME", "示例接入服务有限公司".to_owned()),
            ("INTAKE__PAPERS__SLIPS_TO_BUREAU", options.sends_slips.to_string()),
        ],
        "identity" => vec![("IDENTITY__ENGINE", "sandbox".to_owned())],
        "authority" => vec![
            ("AUTHORITY__ENTERPRISE__URL", sandbox.clone()),
            ("AUTHORITY__CITIZEN__URL", sandbox.clone()),
            ("AUTHORITY__DOMAIN__URL", sandbox),
        ],
        "relay" => vec![
            ("RELAY__ACCOUNT__ENDPOINT", sandbox.clone()),
            ("RELAY__ACCOUNT__ISP_ID", ISP_ID_V3.to_string()),
            ("RELAY__ACCOUNT__USER_NAME", BUREAU_USER.to_owned()),
            ("RELAY__ACCOUNT__PASSWORD_FILE", keys.join("bureau.password").display().to_string()),
            ("RELAY__ACCOUNT__CONTENT_KEY_FILE", keys.join("bureau.key").display().to_string()),
            ("RELAY__ACCOUNT__CONTENT_IV_FILE", keys.join("bureau.iv").display().to_string()),
            ("RELAY__ACCOUNTS__ZJ__PROVINCES", "[\"zj\"]".to_owned()),
            ("RELAY__ACCOUNTS__ZJ__INTERFACE", "V5.0".to_owned()),
            ("RELAY__ACCOUNTS__ZJ__ENDPOINT", sandbox),
            ("RELAY__ACCOUNTS__ZJ__ISP_ID", ISP_ID_V5.to_string()),
            ("RELAY__ACCOUNTS__ZJ__USER_NAME", BUREAU_USER.to_owned()),
            ("RELAY__ACCOUNTS__ZJ__PASSWORD_FILE", keys.join("bureau.password").display().to_string()),
            ("RELAY__ACCOUNTS__ZJ__CONTENT_KEY_FILE", keys.join("bureau.key").display().to_string()),
            ("RELAY__ACCOUNTS__ZJ__CONTENT_IV_FILE", keys.join("bureau.iv").display().to_string()),
            ("RELAY__TIMING__DOWNLOAD_INTERVAL_MS", options.download_interval_ms.to_string()),
            ("RELAY__TIMING__RETRY_FIRST_MS", "200".to_owned()),
            ("RELAY__BATCH__MAX_WAIT_MS", options.upload_wait_ms.to_string()),
        ],
        "notify" => vec![
            ("NOTIFY__SMTP__ADDRESS", ports.smtp.clone()),
            ("NOTIFY__SMTP__TLS", "none".to_owned()),
            ("NOTIFY__SMS__URL", sandbox),
            ("NOTIFY__SMS__KEY", "sandbox-sms-key".to_owned()),
        ],
        _ => Vec::new(),
    };
    pairs.into_iter().map(|(key, value)| (format!("ICP_{}__{key}", name.to_uppercase()), value)).collect()
}
