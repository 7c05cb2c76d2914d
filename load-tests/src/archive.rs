//! The archive at the size of a large provider: filled through intake's own code, asked over intake's REST API.
//!
//! Only Postgres, NATS and intake run. The contents are sealed as real ones are, a key per organiser.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use hdrhistogram::Histogram;
use icp_demo::WorldOptions;
use icp_domain::Province;
use icp_domain::identifiers::FilingNumber;
use icp_intake::archive::{self, Filed};
use icp_kit::Vault;
use icp_testkit::filings::{DISTINCT_FILINGS, company_filing};
use icp_testkit::{NatsOptions, NatsServer, Postgres, PostgresOptions, Program, free_port, wait_until};
use reqwest::Client;
use serde_json::Value;
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::archive_report::ArchiveReport;
use crate::processes;
use crate::report::Latency;

/// Longest request that is told apart, microseconds (one minute).
const LONGEST_US: u64 = 60_000_000;
const READY_BOUND: Duration = Duration::from_secs(120);
const BATCH: u32 = 500;
const TOKEN: &str = "benchmark-reviewer-token";
const RESELLER_TOKEN: &str = "benchmark-reseller-token";
/// Every tenth record belongs to one account.
const RESELLER_SHARE: u32 = 10;
/// The key-encryption key of this run; its data are synthetic and gone afterwards.
const KEK: [u8; 32] = [42; 32];
const KEK_BASE64: &str = "KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=";

/// `cargo xtask bench archive`
#[derive(Debug, Clone, Args)]
pub struct ArchiveArguments {
    /// Services in the archive
    #[arg(long, default_value_t = 1_000_000)]
    pub services: u32,
    /// Requests of each kind
    #[arg(long, default_value_t = 2000)]
    pub requests: u32,
    /// Clients that ask at the same time
    #[arg(long, default_value_t = 4)]
    pub clients: u32,
    /// Batches that are entered at the same time
    #[arg(long, default_value_t = 2)]
    pub loaders: u32,
}

/// One question; `n` chooses what it is about.
#[derive(Debug, Clone, Copy)]
struct Question {
    name: &'static str,
    token: &'static str,
    path: fn(n: u32) -> String,
    /// Whether the page after the first is asked for as well.
    turns_pages: bool,
}

const QUESTIONS: [Question; 10] = {
    const fn one(name: &'static str, path: fn(u32) -> String) -> Question {
        Question { name, token: TOKEN, path, turns_pages: false }
    }
    const fn pages(name: &'static str, token: &'static str, path: fn(u32) -> String) -> Question {
        Question { name, token, path, turns_pages: true }
    }
    [
        one("record by number", |n| format!("/v1/archive/services/{}", service_number(n))),
        one("search by number", |n| format!("/v1/archive/services?number={}", organiser_number(n))),
        one("search by domain", |n| format!("/v1/archive/services?domain=www.{}", domain(n))),
        one("search by whole name", |n| format!("/v1/archive/services?name={}", name(n))),
        one("search by beginning of a name", |n| format!("/v1/archive/services?name={}", beginning(n))),
        one("search by certificate", |n| format!("/v1/archive/services?certificate={}", certificate(n))),
        one("whitelist", |n| format!("/v1/whitelist/{}", domain(n))),
        pages("list, all", TOKEN, |n| format!("/v1/archive/services?name={}", beginning(n))),
        pages("list, a province", TOKEN, |n| format!("/v1/archive/services?province={}", province(n).letters())),
        pages("list, a large account", RESELLER_TOKEN, |_| "/v1/archive/services?limit=50".to_owned()),
    ]
};

/// Runs the benchmark.
pub async fn run(arguments: &ArchiveArguments) -> anyhow::Result<()> {
    let provinces = u32::try_from(Province::ALL.len()).unwrap_or(1);
    let most = DISTINCT_FILINGS * provinces;
    anyhow::ensure!((1..=most).contains(&arguments.services), "--services: give 1 to {most}");
    let options = WorldOptions::from_environment()?;
    let folder = options.work_dir.join("archive-world");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    icp_kit::service::install_crypto_provider();
    println!("Postgres, NATS and intake are started");
    let postgres = Postgres::start(&folder.join("postgres"), PostgresOptions::durable()).await?;
    let mut nats = NatsServer::start(&folder.join("nats"), NatsOptions::default()).await?;
    let url = postgres.create_database("icp_intake").await?;
    let http = Client::builder().timeout(Duration::from_secs(60)).build()?;
    let (mut intake, base) = start_intake(&options.bin_dir, &folder, &url, &nats, &http).await?;
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(arguments.loaders + 2).connect(&url).await?;

    println!("{} services are entered", arguments.services);
    let start = Instant::now();
    load(&pool, arguments).await?;
    let load_s = start.elapsed().as_secs_f64();
    for statement in ["vacuum analyze", "checkpoint"] {
        sqlx::raw_sql(statement).execute(&pool).await?;
    }
    let bytes: i64 = sqlx::query_scalar("select pg_database_size(current_database())").fetch_one(&pool).await?;
    let services: i64 = sqlx::query_scalar("select count(*) from archive_services").fetch_one(&pool).await?;

    println!("{} requests of each kind are sent", arguments.requests);
    let mut steps = BTreeMap::new();
    for question in QUESTIONS {
        // The first tenth warms connections, plans and pages.
        ask_all(&http, &base, question, arguments, arguments.requests / 10).await?;
        let histogram = ask_all(&http, &base, question, arguments, arguments.requests).await?;
        steps.insert(question.name.to_owned(), Latency::of(&histogram));
    }
    let report = ArchiveReport {
        services: services.unsigned_abs(),
        load_s,
        loaded_per_s: services as f64 / load_s,
        database_mb: bytes as f64 / 1e6,
        clients: arguments.clients,
        build: if cfg!(debug_assertions) { "debug" } else { "release" },
        steps,
        intake: intake.pid().map(processes::usage).unwrap_or_default(),
        machine: processes::machine(),
    };
    report.print();
    report.write(&options.work_dir)?;
    intake.stop().await?;
    pool.close().await;
    nats.stop().await?;
    postgres.stop().await
}

async fn start_intake(
    bin_dir: &Path,
    folder: &Path,
    database: &str,
    nats: &NatsServer,
    http: &Client,
) -> anyhow::Result<(Program, String)> {
    let (kek, tokens) = (folder.join("kek"), folder.join("tokens.toml"));
    std::fs::write(&kek, KEK_BASE64)?;
    let entry = |name: &str, token: &str, role: &str| {
        format!("[[token]]\nname = \"{name}\"\ntoken = \"{token}\"\nrole = \"{role}\"\naccount = \"{name}\"\n")
    };
    std::fs::write(&tokens, entry("reviewer", TOKEN, "reviewer") + &entry("reseller", RESELLER_TOKEN, "applicant"))?;
    let (http_port, grpc_port) = (free_port()?, free_port()?);
    let settings = [
        ("SERVICE__HTTP_LISTEN", format!("127.0.0.1:{http_port}")),
        ("SERVICE__GRPC_LISTEN", format!("127.0.0.1:{grpc_port}")),
        ("DATABASE__URL", database.to_owned()),
        ("NATS__URL", nats.url()),
        ("KEYS__KEK_FILE", kek.display().to_string()),
        ("MATERIALS__ROOT", folder.join("materials").display().to_string()),
        ("INTAKE__TOKENS_FILE", tokens.display().to_string()),
        // What is measured is the archive, not the limits of clients.
        ("INTAKE__RATE_LIMITS__APPLICANT__PER_SECOND", "0".to_owned()),
        ("INTAKE__RATE_LIMITS__REVIEWER__PER_SECOND", "0".to_owned()),
        ("TELEMETRY__LOG", "warn".to_owned()),
    ];
    let variables = settings.into_iter().map(|(key, value)| (format!("ICP_INTAKE__{key}"), value)).collect();
    let mut intake = Program::start(&bin_dir.join("icp-intake"), Vec::new(), variables, &folder.join("intake.log"))?;
    let base = format!("http://127.0.0.1:{http_port}");
    let ready = format!("{base}/readyz");
    let waited = wait_until("icp-intake to be ready", READY_BOUND, || {
        let request = http.get(&ready).send();
        let is_running = intake.is_running();
        async move {
            if !is_running {
                return Err("the process has ended".to_owned());
            }
            match request.await {
                Ok(answer) if answer.status().is_success() => Ok(()),
                Ok(answer) => Err(answer.text().await.unwrap_or_default()),
                Err(error) => Err(error.to_string()),
            }
        }
    });
    waited.await.with_context(|| format!("icp-intake printed:\n{}", intake.last_lines()))?;
    Ok((intake, base))
}

/// Enters first filings, batch by batch, as approvals do.
async fn load(pool: &PgPool, arguments: &ArchiveArguments) -> anyhow::Result<()> {
    let vault = Arc::new(Vault::new(&KEK)?);
    let mut loaders = JoinSet::new();
    for loader in 0..arguments.loaders.max(1) {
        let (pool, vault, arguments) = (pool.clone(), vault.clone(), arguments.clone());
        loaders.spawn(async move {
            let step = BATCH * arguments.loaders.max(1);
            for begin in (loader * BATCH..arguments.services).step_by(step as usize) {
                let batch: Vec<Filed> = (begin..(begin + BATCH).min(arguments.services)).map(outcome).collect();
                let mut tx = pool.begin().await?;
                archive::apply(&mut tx, &vault, &batch).await?;
                tx.commit().await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(loader) = loaders.join_next().await {
        loader??;
    }
    Ok(())
}

fn outcome(n: u32) -> Filed {
    let filing = company_filing(province(n), place(n));
    let account = if n.is_multiple_of(RESELLER_SHARE) { "reseller".to_owned() } else { format!("account-{}", n / 100) };
    Filed {
        order_id: uuid::Uuid::now_v7(),
        account,
        order_type: filing.order_type,
        province: filing.province,
        organiser_number: organiser_number(n),
        service_numbers: vec![service_number(n)],
        organiser_id: i64::from(n) + 1,
        service_ids: vec![i64::from(n) + 1],
        access_ids: vec![i64::from(n) + 1],
        at: std::time::SystemTime::now().into(),
        filing,
    }
}

/// Provinces in turn; within one, the filings share nothing.
fn province(n: u32) -> Province {
    let count = Province::ALL.len();
    Province::ALL.get(n as usize % count).copied().unwrap_or(Province::Guangdong)
}

fn place(n: u32) -> u32 {
    n / u32::try_from(Province::ALL.len()).unwrap_or(1)
}

fn organiser_number(n: u32) -> String {
    let serial = format!("2026{:06}", place(n));
    FilingNumber::of_organiser(province(n), &serial).map(|number| number.as_str()).unwrap_or_default()
}

fn service_number(n: u32) -> String {
    format!("{}-1", organiser_number(n))
}

fn domain(n: u32) -> String {
    company_filing(province(n), place(n)).services.into_iter().flat_map(|service| service.domains).collect()
}

fn name(n: u32) -> String {
    company_filing(province(n), place(n)).services.into_iter().map(|service| service.name).collect()
}

/// The first four characters of a name: thousands have them.
fn beginning(n: u32) -> String {
    name(n).chars().take(4).collect()
}

fn certificate(n: u32) -> String {
    company_filing(province(n), place(n)).organiser.certificate.number
}

/// Asks one question about records all over the archive, from several clients.
async fn ask_all(
    http: &Client,
    base: &str,
    question: Question,
    arguments: &ArchiveArguments,
    count: u32,
) -> anyhow::Result<Histogram<u64>> {
    let mut clients = JoinSet::new();
    for client in 0..arguments.clients.max(1) {
        let (http, base, arguments) = (http.clone(), base.to_owned(), arguments.clone());
        clients.spawn(async move {
            let mut histogram = Histogram::<u64>::new_with_bounds(1, LONGEST_US, 3)?;
            for request in (client..count).step_by(arguments.clients.max(1) as usize) {
                // Multiples of a large odd number meet the records in no sequence that the database keeps.
                let n = (u64::from(request) * 2_654_435_761 % u64::from(arguments.services)) as u32;
                let path = (question.path)(n);
                let answer = ask(&http, &base, question.token, &path, &mut histogram).await?;
                if question.turns_pages
                    && let Some(cursor) = answer.get("next_cursor").and_then(Value::as_str)
                {
                    let glue = if path.contains('?') { '&' } else { '?' };
                    let next = format!("{path}{glue}cursor={cursor}");
                    ask(&http, &base, question.token, &next, &mut histogram).await?;
                }
            }
            anyhow::Ok(histogram)
        });
    }
    let mut all = Histogram::new_with_bounds(1, LONGEST_US, 3)?;
    while let Some(client) = clients.join_next().await {
        all.add(client??)?;
    }
    Ok(all)
}

async fn ask(
    http: &Client,
    base: &str,
    token: &str,
    path: &str,
    histogram: &mut Histogram<u64>,
) -> anyhow::Result<Value> {
    let start = Instant::now();
    let answer = http.get(format!("{base}{path}")).bearer_auth(token).send().await?;
    let status = answer.status();
    let bytes = answer.bytes().await?;
    histogram.saturating_record(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    if !status.is_success() {
        bail!("{path} answered {status}: {body}");
    }
    if body.get("services").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        bail!("{path} found nothing");
    }
    Ok(body)
}
