//! Jobs: tried again, given up, taken over.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use icp_bus::{Bus, Effects, Job, JobError, NewJob, Worker};
use icp_testkit::{NatsServer, wait_until};
use sqlx::PgConnection;
use tokio::sync::Barrier;

use crate::node::Node;

const BOUND: Duration = Duration::from_secs(30);
const QUICK: &str = "[jobs]\nretry_first_ms = 20\nretry_max_ms = 40\nmax_attempts = 4\nlease_ms = 400\n";

/// The outside world fails as often as the payload says; 255 is never answered.
struct Flaky {
    calls: Arc<AtomicI32>,
}

#[async_trait]
impl Worker for Flaky {
    type Answer = i64;

    fn kind(&self) -> &'static str {
        "flaky"
    }

    async fn run(&self, job: &Job) -> Result<i64, JobError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let failures = i32::from(job.payload[0]);
        if failures == 255 {
            // The first call never comes back within the lease.
            if call == 0 {
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
            return Ok(1);
        }
        if job.attempts <= failures { Err(JobError::Retry("not yet".to_owned())) } else { Ok(job.attempts.into()) }
    }

    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, i64)],
        _effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        let numbers: Vec<i64> = answered.iter().map(|(_, answer)| *answer).collect();
        sqlx::query("insert into seen (number) select unnest($1::bigint[])").bind(numbers).execute(connection).await?;
        Ok(())
    }
}

async fn with_jobs(node: &Node, failures: &[u8]) {
    let mut effects = Effects::new();
    for count in failures {
        effects.job(NewJob { kind: "flaky", key: String::new(), payload: vec![*count], run_at: Utc::now() });
    }
    let tx = node.bus.begin().await.unwrap();
    node.bus.commit(tx, effects).await.unwrap();
}

async fn wait_numbers(node: &Node, expected: Vec<i64>) {
    wait_until("the jobs' answers", BOUND, || async {
        let seen = node.seen().await;
        if seen == expected { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_tried_again_until_the_outside_answers_and_given_up_at_last() {
    let nats = NatsServer::start_temp().await.unwrap();
    let node = Node::start(&nats, QUICK).await;
    node.bus.work(Flaky { calls: Arc::default() });
    with_jobs(&node, &[0, 2, 9]).await;
    wait_numbers(&node, vec![1, 3]).await;
    wait_until("the third to be given up", BOUND, || async {
        let failed: Vec<(i32, String)> = sqlx::query_as("select attempts, last_error from jobs where failed")
            .fetch_all(&node.bus.context().pool)
            .await
            .map_err(|error| error.to_string())?;
        if failed == [(4, "not yet".to_owned())] { Ok(()) } else { Err(format!("{failed:?}")) }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_worker_hangs_is_taken_over_and_counts_once() {
    let nats = NatsServer::start_temp().await.unwrap();
    let node = Node::start(&nats, QUICK).await;
    let calls = Arc::new(AtomicI32::new(0));
    // Two workers, as two replicas would have.
    node.bus.work(Flaky { calls: calls.clone() });
    node.bus.work(Flaky { calls: calls.clone() });
    with_jobs(&node, &[255]).await;
    wait_numbers(&node, vec![1]).await;
    tokio::time::sleep(Duration::from_millis(3200)).await;
    assert_eq!(node.seen().await, vec![1], "the late answer was dropped");
    assert!(calls.load(Ordering::SeqCst) >= 2);
}

/// Each job is done in the end; the one whose payload is 1 by another worker, after its lease ran out here.
struct Overtaken {
    bus: Bus,
    calls: Arc<AtomicI32>,
    together: Arc<Barrier>,
}

#[async_trait]
impl Worker for Overtaken {
    type Answer = i64;

    fn kind(&self) -> &'static str {
        "flaky"
    }

    async fn run(&self, job: &Job) -> Result<i64, JobError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if job.payload == [1] {
            sqlx::query("delete from jobs where id = $1").bind(job.id).execute(&self.bus.context().pool).await.unwrap();
        }
        self.together.wait().await;
        Ok(job.payload[0].into())
    }

    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, i64)],
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        Flaky { calls: Arc::default() }.complete(connection, answered, effects).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_another_worker_did_takes_no_other_answer_with_it() {
    let nats = NatsServer::start_temp().await.unwrap();
    let node = Node::start(&nats, QUICK).await;
    with_jobs(&node, &[1, 2, 3]).await;
    let calls = Arc::new(AtomicI32::new(0));
    node.bus.work(Overtaken { bus: node.bus.clone(), calls: calls.clone(), together: Arc::new(Barrier::new(3)) });
    wait_numbers(&node, vec![2, 3]).await;
    assert_eq!(calls.load(Ordering::SeqCst), 3, "nothing was done twice");
}
