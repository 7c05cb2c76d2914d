//! The process ends between any two steps of outbox, inbox and jobs, once at each place, as `kill -9` would end it.
//!
//! A node takes tasks, does a job for each, and answers; another consumer writes the answers down. The test runs it
//! as a process of its own that aborts at the n-th place it comes by, starts it again without a crash, and looks
//! whether every task has had its effects exactly once.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use icp_bus::{Bus, Consumer, Delivery, Effects, Failure, Handler, Job, JobError, NewJob, Outgoing, Worker};
use icp_testkit::{NatsServer, shared, wait_until};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::node::{Node, number, task};

const BOUND: Duration = Duration::from_secs(60);
const TASKS: i64 = 3;
/// Impatient, so that what a dead process held comes again soon; without the broker's check for duplicates.
const SETTINGS: &str = "publish_twice = true\nack_wait_ms = 700\n[jobs]\nlease_ms = 700\n";
/// More places than a run comes by.
const PLACES_MAX: u32 = 200;
/// Fewer would mean that places were taken out.
const PLACES_MIN: u32 = 20;

static PLACES_TO_PASS: AtomicU32 = AtomicU32::new(u32::MAX);

fn crash_when_passed(place: &'static str) {
    if PLACES_TO_PASS.fetch_sub(1, Ordering::SeqCst) == 1 {
        eprintln!("crash {place}");
        std::process::abort();
    }
}

/// Notes every number under one word, and makes a job of it where it is a task.
struct Noted {
    what: &'static str,
    is_task: bool,
}

#[async_trait]
impl Handler for Noted {
    type Message = i64;

    fn decode(&self, _kind: &str, payload: &[u8]) -> Result<i64, String> {
        number(payload)
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<i64>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        for delivery in batch {
            note(connection, self.what, delivery.message).await?;
            if self.is_task {
                effects.job(NewJob {
                    kind: "answer",
                    key: String::new(),
                    payload: delivery.message.to_be_bytes().to_vec(),
                    run_at: Utc::now(),
                });
            }
        }
        Ok(())
    }
}

/// Answers a task by a message.
struct Answers;

#[async_trait]
impl Worker for Answers {
    type Answer = i64;

    fn kind(&self) -> &'static str {
        "answer"
    }

    async fn run(&self, job: &Job) -> Result<i64, JobError> {
        Ok(i64::from_be_bytes(job.payload.as_slice().try_into().unwrap()))
    }

    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, i64)],
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        for (_, number) in answered {
            note(connection, "answered", *number).await?;
            let message = icp_proto::ops::RepublishResponse { messages: number.unsigned_abs() };
            effects.send(Outgoing::event("node", "answered", "here", Uuid::nil(), &message));
        }
        Ok(())
    }
}

async fn note(connection: &mut PgConnection, what: &str, number: i64) -> Result<(), sqlx::Error> {
    sqlx::query("insert into effects (what, number) values ($1, $2)")
        .bind(what)
        .bind(number)
        .execute(connection)
        .await
        .map(drop)
}

async fn begin(bus: &Bus, round: i64) {
    let pool = &bus.context().pool;
    sqlx::query("create table if not exists effects (what text not null, number bigint not null)")
        .execute(pool)
        .await
        .unwrap();
    let mut tx = bus.begin().await.unwrap();
    let begun: i64 = sqlx::query_scalar("select count(*) from effects").fetch_one(&mut *tx).await.unwrap();
    if begun > 0 {
        return;
    }
    note(&mut tx, "begun", 0).await.unwrap();
    let mut effects = Effects::new();
    for number in round * 100..round * 100 + TASKS {
        effects.send(task(number.unsigned_abs()));
    }
    bus.commit(tx, effects).await.unwrap();
}

/// Every effect of this round so far, sorted, and whether all is done.
async fn effects_of(bus: &Bus, round: i64) -> (Vec<(String, i64)>, bool) {
    let pool = &bus.context().pool;
    let effects: Vec<(String, i64)> =
        sqlx::query_as("select what, number from effects where number / 100 = $1 order by what, number")
            .bind(round)
            .fetch_all(pool)
            .await
            .unwrap();
    let waiting: bool = sqlx::query_scalar(
        "select exists (select 1 from outbox o, outbox_cursor c where (o.xid, o.seq) > (c.xid, c.seq)) \
         or exists (select 1 from jobs)",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    let is_done = !waiting && effects.iter().filter(|(what, _)| what == "heard").count() >= TASKS as usize;
    (effects, is_done)
}

/// The process that crashes; run by the test below.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "is run by the test below, as a process of its own"]
async fn the_node_that_crashes() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let round: i64 = variable("ICP_CRASH_ROUND").parse().unwrap();
    PLACES_TO_PASS.store(variable("ICP_CRASH_AT").parse().unwrap(), Ordering::SeqCst);
    icp_bus::crash::set_hook(crash_when_passed);
    let node = Node::on_urls(&variable("ICP_CRASH_NATS"), &variable("ICP_CRASH_DATABASE"), SETTINGS).await;
    begin(&node.bus, round).await;
    node.bus
        .consume(Consumer { name: "crash-tasks", filter: "icp.task.node.>" }, Noted { what: "taken", is_task: true });
    node.bus
        .consume(Consumer { name: "crash-heard", filter: "icp.evt.node.>" }, Noted { what: "heard", is_task: false });
    node.bus.work(Answers);
    wait_until("the tasks to be done", BOUND, || async {
        let (effects, is_done) = effects_of(&node.bus, round).await;
        if is_done { Ok(()) } else { Err(format!("{effects:?}")) }
    })
    .await
    .unwrap();
}

/// Runs the node; tells the place of its crash, or `None` when it came to the end.
async fn run_node(nats: &NatsServer, database: &str, round: i64, crash_at: u32) -> Option<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "crashes::the_node_that_crashes", "--ignored", "--nocapture"])
        .env("ICP_CRASH_ROUND", round.to_string())
        .env("ICP_CRASH_AT", crash_at.to_string())
        .env("ICP_CRASH_NATS", nats.url())
        .env("ICP_CRASH_DATABASE", database)
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    if output.status.success() {
        return None;
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let place = errors.lines().find_map(|line| line.strip_prefix("crash "));
    Some(place.unwrap_or_else(|| panic!("the node failed:\n{errors}")).to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_any_two_steps_loses_and_repeats_nothing() {
    let nats = NatsServer::start_temp().await.unwrap();
    let mut places = Vec::new();
    for crash_at in 1..=PLACES_MAX {
        let database = shared().await.unwrap().fresh_database("crash").await.unwrap();
        let round = i64::from(crash_at);
        let Some(place) = run_node(&nats, &database.url, round, crash_at).await else { break };
        let again = run_node(&nats, &database.url, round, u32::MAX).await;
        assert_eq!(again, None, "the second run did not end after a crash {place}");
        let node = Node::on_urls(&nats.url(), &database.url, SETTINGS).await;
        let (effects, _) = effects_of(&node.bus, round).await;
        let numbers = round * 100..round * 100 + TASKS;
        let once = |what: &str| numbers.clone().map(|n| (what.to_owned(), n)).collect::<Vec<_>>();
        assert_eq!(effects, [once("answered"), once("heard"), once("taken")].concat(), "after a crash {place}");
        places.push(place);
    }
    assert!(places.len() >= PLACES_MIN as usize, "crashed only at {places:?}");
    assert!(places.len() < PLACES_MAX as usize, "the node never came to its end");
}
