//! Orders end to end: draft, materials, submission, checks, review, bureau, approval.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use futures::StreamExt as _;
use hdrhistogram::Histogram;
use icp_demo::orders::{self, OrderInput};
use icp_demo::story::Actors;
use icp_demo::world::SERVICES;
use icp_demo::{World, WorldOptions};
use icp_proto::order::OrderEvent;
use prost::Message as _;
use tokio::sync::{Semaphore, mpsc};

use crate::ceilings;
use crate::pictures::{self, Pictures};
use crate::processes::{self, Usage};
use crate::report::{FlowReport, Latency};

/// Longest step that is told apart, microseconds (one hour).
const LONGEST_STEP_US: u64 = 3_600_000_000;
const STEP_BOUND: Duration = Duration::from_secs(180);

/// `cargo xtask bench flow`
#[derive(Debug, Clone, Args)]
pub struct FlowArguments {
    /// Orders to carry
    #[arg(long, default_value_t = 6000)]
    pub orders: u32,
    /// Orders in flight at the same time (closed loop)
    #[arg(long, default_value_t = 800)]
    pub concurrency: usize,
    /// Orders that arrive per second, whatever is in flight (open loop; overrides --concurrency)
    #[arg(long)]
    pub rate: Option<f64>,
    /// Orders before the measurement
    #[arg(long, default_value_t = 1000)]
    pub warm_up: u32,
    /// Pictures that come with the orders
    #[arg(long, value_enum, default_value_t = Pictures::Smallest)]
    pub pictures: Pictures,
    /// A setting of every service for this run, e.g. NATS__LINGER_MS=0
    #[arg(long = "set", value_name = "SECTION__KEY=VALUE")]
    pub settings: Vec<String>,
    /// Seconds for each ceiling
    #[arg(long, default_value_t = 5)]
    pub ceiling_seconds: u64,
}

/// A fact as the load generator saw it: event, version, when.
type Seen = (String, i64, Instant);

#[derive(Clone, Default)]
struct Waiting(Arc<Mutex<HashMap<String, mpsc::UnboundedSender<Seen>>>>);

impl Waiting {
    fn register(&self, id: &str) -> mpsc::UnboundedReceiver<Seen> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), sender);
        receiver
    }

    fn tell(&self, event: OrderEvent) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.get(&event.order_id) {
            let is_end = event.event == "approved" || event.event == "returned";
            // A receiver that is gone has failed and said why.
            let _ = sender.send((event.event, event.version, Instant::now()));
            if is_end {
                waiting.remove(&event.order_id);
            }
        }
    }
}

#[derive(Clone, Default)]
struct Steps(Arc<Mutex<BTreeMap<&'static str, Histogram<u64>>>>);

impl Steps {
    fn record(&self, step: &'static str, time: Duration) {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !steps.contains_key(step)
            && let Ok(histogram) = Histogram::new_with_bounds(1, LONGEST_STEP_US, 3)
        {
            steps.insert(step, histogram);
        }
        if let Some(histogram) = steps.get_mut(step) {
            histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        }
    }

    fn report(&self) -> BTreeMap<String, Latency> {
        let steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        steps.iter().map(|(name, histogram)| ((*name).to_owned(), Latency::of(histogram))).collect()
    }
}

/// Runs the benchmark.
pub async fn run(arguments: &FlowArguments) -> anyhow::Result<()> {
    let mut options = WorldOptions::from_environment()?;
    let bench_folder = options.work_dir.clone();
    options.work_dir = bench_folder.join("flow-world");
    options.sandbox_delay_ms = 0;
    options.sends_slips = arguments.pictures == Pictures::Specimens;
    options.sandbox_flags = vec!["--quiet".to_owned()];
    options.settings = vec![("TELEMETRY__LOG".to_owned(), "warn".to_owned())];
    for setting in &arguments.settings {
        let (key, value) = setting.split_once('=').context("--set takes SECTION__KEY=VALUE")?;
        options.settings.push((key.to_owned(), value.to_owned()));
    }
    println!("the platform is started (release build, durable commits)");
    let world = World::start(options).await?;
    world.activate_rules("gd", "1.0.0").await?;
    world.activate_rules("zj", "1.0.0").await?;
    let pids = service_pids(&world);
    let at_rest: BTreeMap<String, Usage> =
        pids.iter().map(|(name, pid)| (name.clone(), processes::usage(*pid))).collect();

    let all = arguments.orders + arguments.warm_up;
    let mut inputs: Vec<OrderInput> = (1..=all).map(orders::generated).collect();
    if arguments.pictures == Pictures::Smallest {
        pictures::shrink(&mut inputs)?;
    }
    for chunk in inputs.chunks(1000) {
        let filings: Vec<_> = chunk.iter().map(|input| &input.filing).collect();
        for (path, records) in orders::register_records(&filings) {
            world.sandbox_post(path, records).await?;
        }
    }
    let waiting = Waiting::default();
    listen(&world, waiting.clone()).await?;
    let actors = Actors::of(&world);
    let (warm_up, measured) = inputs.split_at(arguments.warm_up as usize);
    carry_all(&actors, &waiting, &Steps::default(), warm_up, arguments).await.context("warm-up")?;
    analyze(&world).await?;

    println!("{} orders are carried", measured.len());
    let before = Counters::read(&world).await?;
    let cpu_before = cpu(&world, &pids);
    let steps = Steps::default();
    let start = Instant::now();
    carry_all(&actors, &waiting, &steps, measured, arguments).await?;
    let time_s = start.elapsed().as_secs_f64();
    let cpu_after = cpu(&world, &pids);
    let after = Counters::read(&world).await?;
    let mean_payload_bytes = mean_payload(&world).await?;

    println!("the ceilings are measured");
    let ceiling_time = Duration::from_secs(arguments.ceiling_seconds);
    let payload = mean_payload_bytes as usize;
    let commits_per_s = ceilings::postgres_commits_per_s(&world, payload, ceiling_time).await?;
    let publishes_per_s = ceilings::jetstream_publishes_per_s(&world, payload, ceiling_time).await?;

    let orders = measured.len() as f64;
    let per_order = |now: u64, then: u64| now.saturating_sub(then) as f64 / orders;
    let steps_done = per_order(after.durable_steps, before.durable_steps);
    let transactions = per_order(after.write_transactions, before.write_transactions);
    let rows = per_order(after.rows, before.rows);
    let publishes = per_order(after.publishes, before.publishes);
    let ceiling = |writes: f64| 1.0 / (writes / commits_per_s + publishes / publishes_per_s);
    let mut under_load = BTreeMap::new();
    for (name, cpu_s) in cpu_after {
        let usage = pids.get(&name).map(|pid| processes::usage(*pid)).unwrap_or_default();
        let used = cpu_s - cpu_before.get(&name).copied().unwrap_or_default();
        under_load.insert(name, Usage { cpu_s: used, ..usage });
    }
    let report = FlowReport {
        orders: measured.len() as u64,
        load: arguments.rate.map_or_else(
            || format!("{} in flight", arguments.concurrency),
            |rate| format!("{rate} arriving per second"),
        ),
        time_s,
        orders_per_s: orders / time_s,
        steps: steps.report(),
        durable_steps_per_order: steps_done,
        write_transactions_per_order: transactions,
        rows_written_per_order: rows,
        publishes_per_order: publishes,
        mean_payload_bytes,
        pictures: pictures::figures(measured)?,
        ceiling_commits_per_s: commits_per_s,
        ceiling_publishes_per_s: publishes_per_s,
        ceiling_orders_per_s: ceiling(steps_done),
        ratio_to_ceiling: orders / time_s / ceiling(steps_done),
        batched_ceiling_orders_per_s: ceiling(transactions),
        ratio_to_batched_ceiling: orders / time_s / ceiling(transactions),
        at_rest,
        cpu_s_per_order: under_load.values().map(|usage| usage.cpu_s).sum::<f64>() / orders,
        under_load,
        machine: processes::machine(),
    };
    report.print();
    report.write(&bench_folder)?;
    world.stop().await
}

fn service_pids(world: &World) -> BTreeMap<String, u32> {
    world.services.iter().filter_map(|(name, service)| Some(((*name).to_owned(), service.program.pid()?))).collect()
}

fn cpu(world: &World, pids: &BTreeMap<String, u32>) -> BTreeMap<String, f64> {
    let mut all: BTreeMap<String, f64> =
        pids.iter().map(|(name, pid)| (name.clone(), processes::usage(*pid).cpu_s)).collect();
    let others = [("~sandbox", world.sandbox_pid()), ("~postgres", world.postgres.pid()), ("~nats", world.nats.pid())];
    for (name, pid) in others {
        if let Some(pid) = pid {
            all.insert(name.to_owned(), processes::tree_cpu_s(pid));
        }
    }
    all.insert("~load".to_owned(), processes::usage(std::process::id()).cpu_s);
    all
}

/// Order facts as they pass on the bus.
async fn listen(world: &World, waiting: Waiting) -> anyhow::Result<()> {
    let nats = async_nats::ConnectOptions::new().subscription_capacity(1 << 20).connect(world.nats.url()).await?;
    let mut facts = nats.subscribe("icp.evt.order.v1.>").await?;
    nats.flush().await?;
    tokio::spawn(async move {
        while let Some(message) = facts.next().await {
            if let Ok(event) = OrderEvent::decode(message.payload) {
                waiting.tell(event);
            }
        }
        drop(nats);
    });
    Ok(())
}

async fn carry_all(
    actors: &Actors,
    waiting: &Waiting,
    steps: &Steps,
    inputs: &[OrderInput],
    arguments: &FlowArguments,
) -> anyhow::Result<()> {
    let permits = Arc::new(Semaphore::new(if arguments.rate.is_some() {
        inputs.len().max(1)
    } else {
        arguments.concurrency.max(1)
    }));
    let start = Instant::now();
    let mut tasks = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.iter().enumerate() {
        if let Some(rate) = arguments.rate {
            let due = start + Duration::from_secs_f64(index as f64 / rate);
            tokio::time::sleep_until(due.into()).await;
        }
        let permit = permits.clone().acquire_owned().await?;
        let (actors, waiting, steps, input) = (actors.clone(), waiting.clone(), steps.clone(), input.clone());
        tasks.push(tokio::spawn(async move {
            let result = carry(&actors, &waiting, &steps, &input).await.with_context(|| input.name.clone());
            drop(permit);
            result
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn carry(actors: &Actors, waiting: &Waiting, steps: &Steps, input: &OrderInput) -> anyhow::Result<()> {
    let begin = Instant::now();
    let (id, etag) = actors.applicant.draft(input).await?;
    steps.record("1 draft and materials (REST)", begin.elapsed());
    let mut facts = waiting.register(&id);
    let before_submit = Instant::now();
    actors.applicant.submit(&id, &etag).await?;
    steps.record("2 submit (REST, rules)", before_submit.elapsed());

    let (version, checked) = await_fact(&mut facts, "review_requested").await?;
    steps.record("3 identity and registers", checked - before_submit);
    let before_pass = Instant::now();
    actors.reviewer.pass(&id, &format!("\"{version}\"")).await?;
    steps.record("4 review (REST, rules)", before_pass.elapsed());
    let (_, at_bureau) = await_fact(&mut facts, "at_bureau").await?;
    steps.record("5 relay to the bureau", at_bureau.saturating_duration_since(before_pass));
    let (_, approved) = await_fact(&mut facts, "approved").await?;
    steps.record("6 bureau, SMS, numbers", approved - at_bureau);
    steps.record("7 whole order", approved - begin);
    Ok(())
}

async fn await_fact(facts: &mut mpsc::UnboundedReceiver<Seen>, wanted: &str) -> anyhow::Result<(i64, Instant)> {
    loop {
        let (event, version, at) = tokio::time::timeout(STEP_BOUND, facts.recv())
            .await
            .with_context(|| format!("no `{wanted}` within {} s", STEP_BOUND.as_secs()))?
            .with_context(|| format!("the order ended before `{wanted}`"))?;
        if event == wanted {
            return Ok((version, at));
        }
        anyhow::ensure!(event != "returned", "returned instead of `{wanted}`");
    }
}

/// Brings the planner's statistics up to date, as autovacuum does every minute: the run is to measure tables that have
/// grown, not plans that were made for empty ones.
async fn analyze(world: &World) -> anyhow::Result<()> {
    for service in SERVICES {
        let pool = sqlx::PgPool::connect(&world.postgres.url(&format!("icp_{service}"))).await?;
        sqlx::query("analyze").execute(&pool).await?;
        pool.close().await;
    }
    Ok(())
}

struct Counters {
    durable_steps: u64,
    write_transactions: u64,
    rows: u64,
    publishes: u64,
}

impl Counters {
    async fn read(world: &World) -> anyhow::Result<Self> {
        // Statistics reach the views when the backends are idle for a moment.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let pool = sqlx::PgPool::connect(&world.postgres.url("postgres")).await?;
        let next: String =
            sqlx::query_scalar("select pg_snapshot_xmax(pg_current_snapshot())::text").fetch_one(&pool).await?;
        let rows: i64 = sqlx::query_scalar(
            "select coalesce(sum(tup_inserted + tup_updated + tup_deleted), 0)::bigint from pg_stat_database where datname like 'icp\\_%'",
        )
        .fetch_one(&pool)
        .await?;
        let jetstream = async_nats::jetstream::new(async_nats::connect(world.nats.url()).await?);
        let mut publishes = 0;
        for stream in icp_bus::topology::streams(1) {
            publishes += jetstream.get_stream(&stream.name).await?.info().await?.state.last_sequence;
        }
        Ok(Self {
            durable_steps: durable_steps(world).await?,
            write_transactions: next.parse()?,
            rows: rows.unsigned_abs(),
            publishes,
        })
    }
}

/// What had to be on disk before anybody went on: requests stored, messages handled, jobs recorded.
async fn durable_steps(world: &World) -> anyhow::Result<u64> {
    let mut steps = 0_i64;
    for service in SERVICES {
        let pool = sqlx::PgPool::connect(&world.postgres.url(&format!("icp_{service}"))).await?;
        let handled: i64 = sqlx::query_scalar("select count(*) from inbox").fetch_one(&pool).await?;
        let done: i64 = sqlx::query_scalar("select n_tup_del from pg_stat_user_tables where relname = 'jobs'")
            .fetch_one(&pool)
            .await?;
        steps += handled + done;
        if service == "intake" {
            let requests: i64 = sqlx::query_scalar(
                "select count(distinct (order_id, at)) from order_history where actor not in ('identity', 'authority', 'bureau')",
            )
            .fetch_one(&pool)
            .await?;
            steps += requests;
        }
        pool.close().await;
    }
    Ok(steps.unsigned_abs())
}

async fn mean_payload(world: &World) -> anyhow::Result<f64> {
    let (mut bytes, mut messages) = (0_i64, 0_i64);
    for service in SERVICES {
        let pool = sqlx::PgPool::connect(&world.postgres.url(&format!("icp_{service}"))).await?;
        let row: (i64, i64) =
            sqlx::query_as("select coalesce(sum(octet_length(payload)), 0)::bigint, count(*) from outbox")
                .fetch_one(&pool)
                .await?;
        bytes += row.0;
        messages += row.1;
        pool.close().await;
    }
    Ok(bytes as f64 / messages.max(1) as f64)
}
