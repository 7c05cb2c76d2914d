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
use icp_domain::identifiers::FilingNumber;
use icp_domain::{AppPlatform, Filing, Platform, Province, ServiceKind};
use icp_intake::archive::mismatch::{self, BureauRecord};
use icp_intake::archive::{self, Filed};
use icp_kit::Vault;
use icp_testkit::filings::{DISTINCT_FILINGS, company_filing};
use icp_testkit::{NatsOptions, NatsServer, Postgres, PostgresOptions, Program, free_port, wait_until};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::archive_report::ArchiveReport;
use crate::processes;
use crate::report::Latency;

/// Longest request that is told apart, microseconds (one minute).
const LONGEST_US: u64 = 60_000_000;
const READY_BOUND: Duration = Duration::from_secs(120);
const BATCH: u32 = 500;
/// The goal holds from so many services on.
const FULL_SIZE: u32 = 1_000_000;
const TOKEN: &str = "benchmark-reviewer-token";
const OPERATOR_TOKEN: &str = "benchmark-operator-token";
/// An applicant with a large account.
const LARGE: &str = "large";
const LARGE_TOKEN: &str = "benchmark-large-token";
/// Every tenth organiser belongs to the large account.
const LARGE_SHARE: u32 = 10;
/// A reseller with many accounts.
const RESELLER: &str = "reseller";
const RESELLER_TOKEN: &str = "benchmark-reseller-token";
/// So many organisers, but for the large account's, share an account.
const ACCOUNT_SIZE: u32 = 100;
/// Every so many accounts one is the reseller's customer.
const CUSTOMER_SHARE: u32 = 41;
/// Every fourth organiser has an app.
const APP_SHARE: u32 = 4;
/// The last of so many organisers has several services.
const SEVERAL_SHARE: u32 = 20;
const SEVERAL: u32 = 5;
/// Of every so many organisers the bureau has another name.
const MISMATCH_SHARE: u32 = 100;
/// The key-encryption key of this run; its data are synthetic and gone afterwards.
const KEK: [u8; 32] = [42; 32];
const KEK_BASE64: &str = "KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=";

/// `cargo xtask bench archive`
#[derive(Debug, Clone, Args)]
pub struct ArchiveArguments {
    /// Services in the archive
    #[arg(long, default_value_t = FULL_SIZE)]
    pub services: u32,
    /// Drafts beside them, for the lists of orders
    #[arg(long, default_value_t = 10_000)]
    pub orders: u32,
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
    /// Where the page after the first is asked for as well: its place in the answer, and the parameter for that.
    next: Option<(&'static str, &'static str)>,
}

const QUESTIONS: [Question; 25] = {
    const fn one(name: &'static str, path: fn(u32) -> String) -> Question {
        Question { name, token: TOKEN, path, next: None }
    }
    const fn pages(name: &'static str, token: &'static str, path: fn(u32) -> String) -> Question {
        Question { name, token, path, next: Some(("next_cursor", "cursor")) }
    }
    const fn orders(name: &'static str, token: &'static str, path: fn(u32) -> String) -> Question {
        Question { name, token, path, next: Some(("next_after", "after")) }
    }
    [
        one("record by number", |n| format!("/v1/archive/services/{}", service_number(n))),
        one("search by number", |n| format!("/v1/archive/services?number={}", organiser_number(n))),
        one("record of an organiser", |n| format!("/v1/archive/organisers/{}", organiser_number(n))),
        one("record of an organiser with several", |n| {
            format!("/v1/archive/organisers/{}", organiser_number(several(n)))
        }),
        one("search by number, several services", |n| {
            format!("/v1/archive/services?number={}", organiser_number(several(n)))
        }),
        one("search by domain", |n| format!("/v1/archive/services?domain=www.{}", domain(n))),
        one("search by app", |n| format!("/v1/archive/services?app={}", package(app(n)))),
        one("search by whole name", |n| format!("/v1/archive/services?name={}", name(n))),
        one("search by beginning of a name", |n| format!("/v1/archive/services?name={}", beginning(n))),
        one("search by certificate", |n| format!("/v1/archive/services?certificate={}", certificate(n))),
        one("whitelist", |n| format!("/v1/whitelist/{}", domain(n))),
        pages("list, all", TOKEN, |n| format!("/v1/archive/services?name={}", beginning(n))),
        pages("list, a province", TOKEN, |n| format!("/v1/archive/services?province={}", province(n).letters())),
        pages("list, a province and a name", TOKEN, |n| {
            format!("/v1/archive/services?province={}&name={}", province(n).letters(), beginning(n))
        }),
        pages("list, a large account", LARGE_TOKEN, |_| "/v1/archive/services?limit=50".to_owned()),
        pages("list, a reseller", RESELLER_TOKEN, |_| "/v1/archive/services?limit=50".to_owned()),
        pages("list, a reseller and a name", RESELLER_TOKEN, |n| {
            format!("/v1/archive/services?name={}", beginning(customers(n)))
        }),
        pages("organisers, all", TOKEN, |_| "/v1/archive/organisers".to_owned()),
        pages("organisers, a beginning of a name", TOKEN, |n| {
            format!("/v1/archive/organisers?name={}", organiser_beginning(n))
        }),
        pages("organisers, a province and a name", TOKEN, |n| {
            format!("/v1/archive/organisers?province={}&name={}", province(n).letters(), organiser_beginning(n))
        }),
        pages("organisers, a large account and a name", LARGE_TOKEN, |n| {
            format!("/v1/archive/organisers?name={}", organiser_beginning(n / LARGE_SHARE * LARGE_SHARE))
        }),
        pages("mismatches", TOKEN, |_| "/v1/archive/mismatches".to_owned()),
        orders("orders, all", TOKEN, |_| "/v1/orders".to_owned()),
        orders("orders, a province", TOKEN, |n| format!("/v1/orders?phase=draft&province={}", province(n).letters())),
        orders("orders, a large account", LARGE_TOKEN, |_| "/v1/orders".to_owned()),
    ]
};

/// Runs the benchmark.
pub async fn run(arguments: &ArchiveArguments) -> anyhow::Result<()> {
    let provinces = u32::try_from(Province::ALL.len()).unwrap_or(1);
    let most = DISTINCT_FILINGS * provinces;
    anyhow::ensure!((1_000..=most).contains(&arguments.services), "--services: give 1000 to {most}");
    let (least_orders, most_orders) = (provinces, most - arguments.organisers());
    anyhow::ensure!(
        (least_orders..=most_orders).contains(&arguments.orders),
        "--orders: give {least_orders} to {most_orders}"
    );
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
    println!("{} drafts and the reseller's accounts are entered", arguments.orders);
    link_customers(&http, &base, arguments).await?;
    draft_all(&http, &base, arguments, most).await?;
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
    postgres.stop().await?;
    let missed = report.missed();
    anyhow::ensure!(
        missed.is_empty() || arguments.services < FULL_SIZE,
        "the goal is missed by: {}",
        missed.join(", ")
    );
    Ok(())
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
    let entries = [
        entry("reviewer", TOKEN, "reviewer"),
        entry("operator", OPERATOR_TOKEN, "operator"),
        entry(LARGE, LARGE_TOKEN, "applicant"),
        entry(RESELLER, RESELLER_TOKEN, "reseller"),
    ];
    std::fs::write(&tokens, entries.concat())?;
    let (http_port, grpc_port) = (free_port()?, free_port()?);
    let settings = [
        ("SERVICE__HTTP_LISTEN", format!("127.0.0.1:{http_port}")),
        ("SERVICE__GRPC_LISTEN", format!("127.0.0.1:{grpc_port}")),
        ("DATABASE__URL", database.to_owned()),
        ("NATS__URL", nats.url()),
        ("KEYS__KEK_FILE", kek.display().to_string()),
        ("MATERIALS__ROOT", folder.join("materials").display().to_string()),
        ("INTAKE__TOKENS_FILE", tokens.display().to_string()),
        ("INTAKE__PAPERS__PROVIDER_NAME", "示例接入服务有限公司".to_owned()),
        // What is measured is the archive, not the limits of clients.
        ("INTAKE__RATE_LIMITS__APPLICANT__PER_SECOND", "0".to_owned()),
        ("INTAKE__RATE_LIMITS__RESELLER__PER_SECOND", "0".to_owned()),
        ("INTAKE__RATE_LIMITS__REVIEWER__PER_SECOND", "0".to_owned()),
        ("INTAKE__RATE_LIMITS__OPERATOR__PER_SECOND", "0".to_owned()),
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

/// Enters first filings, batch by batch, as approvals do, and compares some with the bureau's store.
async fn load(pool: &PgPool, arguments: &ArchiveArguments) -> anyhow::Result<()> {
    let vault = Arc::new(Vault::new(&KEK)?);
    let mut loaders = JoinSet::new();
    for loader in 0..arguments.loaders.max(1) {
        let (pool, vault, arguments) = (pool.clone(), vault.clone(), arguments.clone());
        loaders.spawn(async move {
            let step = BATCH * arguments.loaders.max(1);
            for begin in (loader * BATCH..arguments.organisers()).step_by(step as usize) {
                let organisers = begin..(begin + BATCH).min(arguments.organisers());
                let batch: Vec<Filed> = organisers.clone().map(outcome).collect();
                let renamed = organisers.filter(|n| n.is_multiple_of(MISMATCH_SHARE));
                let renamed: Vec<BureauRecord> = renamed.map(under_another_name).collect();
                let mut tx = pool.begin().await?;
                archive::apply(&mut tx, &vault, &batch).await?;
                mismatch::compare(&mut tx, &vault, &renamed, std::time::SystemTime::now().into()).await?;
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

/// Links accounts to the reseller, as operators do.
async fn link_customers(http: &Client, base: &str, arguments: &ArchiveArguments) -> anyhow::Result<()> {
    for number in (0..arguments.organisers().div_ceil(ACCOUNT_SIZE)).step_by(CUSTOMER_SHARE as usize) {
        let url = format!("{base}/v1/resellers/{RESELLER}/accounts/{}", account(number));
        send(http.put(url).bearer_auth(OPERATOR_TOKEN).json(&json!({}))).await?;
    }
    Ok(())
}

/// Makes drafts about companies that are not on record, all in the large account.
async fn draft_all(http: &Client, base: &str, arguments: &ArchiveArguments, most: u32) -> anyhow::Result<()> {
    let mut clients = JoinSet::new();
    for client in 0..arguments.clients.max(1) {
        let (http, url, arguments) = (http.clone(), format!("{base}/v1/orders"), arguments.clone());
        clients.spawn(async move {
            for order in (client..arguments.orders).step_by(arguments.clients.max(1) as usize) {
                let n = most - 1 - order;
                let filing = company_filing(province(n), place(n));
                send(http.post(&url).bearer_auth(LARGE_TOKEN).json(&filing)).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(())
}

async fn send(request: RequestBuilder) -> anyhow::Result<()> {
    let answer = request.send().await?;
    let (url, status) = (answer.url().clone(), answer.status());
    if !status.is_success() {
        bail!("{url} answered {status}: {}", answer.text().await.unwrap_or_default());
    }
    Ok(())
}

impl ArchiveArguments {
    /// How many organisers have so many services.
    fn organisers(&self) -> u32 {
        let of_share = u64::from(SEVERAL_SHARE) - 1 + u64::from(SEVERAL);
        u32::try_from(u64::from(self.services) * u64::from(SEVERAL_SHARE) / of_share).unwrap_or(self.services)
    }
}

fn account(number: u32) -> String {
    format!("account-{number}")
}

/// The same, or the nearest before it, with several services; the first ones have none before them.
fn several(n: u32) -> u32 {
    (n / SEVERAL_SHARE).max(1) * SEVERAL_SHARE - 1
}

/// The same, or the nearest before it, with an app.
fn app(n: u32) -> u32 {
    n / APP_SHARE * APP_SHARE
}

/// The same, or one beside it, with websites.
fn website(n: u32) -> u32 {
    if n.is_multiple_of(APP_SHARE) { n.max(APP_SHARE) - 1 } else { n }
}

/// One that a customer of the reseller has, before it but for the first ones.
fn customers(n: u32) -> u32 {
    let all = ACCOUNT_SIZE * CUSTOMER_SHARE;
    n.saturating_sub(LARGE_SHARE) / all * all + 1 + n % (LARGE_SHARE - 1)
}

fn package(n: u32) -> String {
    format!("cn.specimen.app{n}")
}

/// What an organiser has filed: a website, an app or several websites.
fn filing(n: u32) -> Filing {
    let mut filing = company_filing(province(n), place(n));
    let Some(first) = filing.services.first().cloned() else { return filing };
    if n.is_multiple_of(APP_SHARE) {
        let platform = AppPlatform {
            platform: Platform::Android,
            package: package(n),
            public_key: "5a".repeat(128),
            certificate_fingerprint: "5a".repeat(16),
            domains: first.domains.clone(),
            sdk_providers: Vec::new(),
        };
        for service in &mut filing.services {
            service.kind = ServiceKind::App;
            service.app_platforms = vec![platform.clone()];
            service.domains.clear();
            service.home_url = None;
        }
    }
    if n % SEVERAL_SHARE == SEVERAL_SHARE - 1 {
        for number in 2..=SEVERAL {
            let mut service = first.clone();
            service.name.push_str(&number.to_string());
            service.domains.iter_mut().for_each(|domain| domain.insert_str(0, &format!("s{number}-")));
            filing.services.push(service);
        }
    }
    filing
}

/// An organiser as the bureau has it.
fn under_another_name(n: u32) -> BureauRecord {
    let organiser = filing(n).organiser;
    BureauRecord {
        organiser_number: organiser_number(n),
        organiser_id: 0,
        name: format!("{}（原名）", organiser.name),
        nature: organiser.nature,
        certificate_number: organiser.certificate.number,
        services: Vec::new(),
        is_whole: false,
    }
}

fn outcome(n: u32) -> Filed {
    let filing = filing(n);
    let account = if n.is_multiple_of(LARGE_SHARE) { LARGE.to_owned() } else { account(n / ACCOUNT_SIZE) };
    let service_numbers = (1..).take(filing.services.len()).map(|number| format!("{}-{number}", organiser_number(n)));
    let first_id = i64::from(n) * i64::from(SEVERAL) + 1;
    let ids: Vec<i64> = (first_id..).take(filing.services.len()).collect();
    Filed {
        order_id: uuid::Uuid::now_v7(),
        account,
        order_type: filing.order_type,
        province: filing.province,
        organiser_number: organiser_number(n),
        service_numbers: service_numbers.collect(),
        organiser_id: i64::from(n) + 1,
        service_ids: ids.clone(),
        access_ids: ids,
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

/// The first domain of a website.
fn domain(n: u32) -> String {
    let domains = filing(website(n)).services.into_iter().flat_map(|service| service.domains).next();
    domains.unwrap_or_default()
}

/// The name of the first service.
fn name(n: u32) -> String {
    filing(n).services.into_iter().map(|service| service.name).next().unwrap_or_default()
}

/// The first four characters of a name: thousands have them.
fn beginning(n: u32) -> String {
    name(n).chars().take(4).collect()
}

/// The same of an organiser's name.
fn organiser_beginning(n: u32) -> String {
    filing(n).organiser.name.chars().take(4).collect()
}

fn certificate(n: u32) -> String {
    filing(n).organiser.certificate.number
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
                let n = (u64::from(request) * 2_654_435_761 % u64::from(arguments.organisers())) as u32;
                let path = (question.path)(n);
                let answer = ask(&http, &base, question.token, &path, &mut histogram).await?;
                if let Some((place, parameter)) = question.next
                    && let Some(next) = answer.get(place).and_then(Value::as_str)
                {
                    let glue = if path.contains('?') { '&' } else { '?' };
                    let next = format!("{path}{glue}{parameter}={next}");
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
    let lists = ["services", "orders", "mismatches"].map(|name| body.get(name).and_then(Value::as_array));
    if lists.into_iter().flatten().any(Vec::is_empty) {
        bail!("{path} found nothing");
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_about_was_entered() {
        for n in [0, 1, 19, 20, 39, 40, 999, 4_100, 8_233] {
            assert_eq!(filing(several(n)).services.len(), SEVERAL as usize, "{n}");
            assert!(filing(app(n)).services.iter().all(|service| service.kind == ServiceKind::App), "{n}");
            assert!(!domain(n).is_empty() && !name(n).is_empty(), "{n}");
            let account = outcome(customers(n)).account;
            let number: u32 = account.trim_start_matches("account-").parse().unwrap();
            assert!(number.is_multiple_of(CUSTOMER_SHARE), "{n}: {account}");
            assert!(customers(n) < 1_000.max(n + 1) && several(n) < 1_000.max(n + 1), "{n}");
        }
    }

    #[test]
    fn organisers_have_as_many_services_as_asked_for() {
        let arguments = ArchiveArguments { services: 24_000, orders: 31, requests: 1, clients: 1, loaders: 1 };
        assert_eq!(arguments.organisers(), 20_000);
        let services: usize = (0..SEVERAL_SHARE).map(|n| filing(n).services.len()).sum();
        assert_eq!(services as u32 * arguments.organisers() / SEVERAL_SHARE, arguments.services);
    }
}
