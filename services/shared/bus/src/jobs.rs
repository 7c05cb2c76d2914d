//! Steps that call the outside world: claimed with a lease, run outside of any transaction, completed together.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use icp_kit::config::JobsSection;
use sqlx::PgConnection;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::effects::Effects;
use crate::{Bus, crash};

/// Longest sleep between looks at the table when no job is due and nothing wakes the worker.
const IDLE_CHECK: Duration = Duration::from_secs(3);

/// A claimed job.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Job {
    /// Number of the job.
    pub id: i64,
    /// What it is about.
    pub key: String,
    /// What the worker needs.
    pub payload: Vec<u8>,
    /// Attempts so far, this one included.
    pub attempts: i32,
    /// Trace context to hand on with [`Effects::set_cause`].
    pub traceparent: Option<String>,
}

/// Why a job did not get its answer.
#[derive(Debug)]
pub enum JobError {
    /// The outside did not answer, or its answer is unknown: try again later.
    Retry(String),
    /// It can never work: the job is given up and shown in the backlog.
    GiveUp(String),
}

/// Does the jobs of one kind.
#[async_trait]
pub trait Worker: Send + Sync + 'static {
    /// What the outside answered.
    type Answer: Send + Sync + 'static;

    /// Kind of jobs.
    fn kind(&self) -> &'static str;

    /// Calls the outside. May run twice for one job, so the effect outside must be repeatable.
    async fn run(&self, job: &Job) -> Result<Self::Answer, JobError>;

    /// Records answers; commits together with the removal of the jobs.
    async fn complete(
        &self,
        connection: &mut PgConnection,
        answered: &[(Job, Self::Answer)],
        effects: &mut Effects,
    ) -> Result<(), sqlx::Error>;

    /// Records that a job was given up; commits together with that mark.
    async fn given_up(
        &self,
        _connection: &mut PgConnection,
        _job: &Job,
        _reason: &str,
        _effects: &mut Effects,
    ) -> Result<(), sqlx::Error> {
        Ok(())
    }
}

pub(crate) async fn run<W: Worker>(bus: Bus, worker: Arc<W>) {
    let shutdown = bus.context.shutdown.clone();
    while !shutdown.is_cancelled() {
        let wake = bus.jobs_wake.notified();
        tokio::pin!(wake);
        wake.as_mut().enable();
        let begin = Instant::now();
        let wait = match round(&bus, &worker).await {
            Ok(0) => idle_wait(&bus, worker.kind()).await,
            Ok(claimed) => {
                let claim = usize::try_from(bus.context.common.jobs.claim).unwrap_or(usize::MAX);
                icp_kit::linger(claimed, claim, begin.elapsed(), bus.context.common.nats.linger()).await;
                Duration::ZERO
            }
            Err(error) => {
                tracing::warn!(worker = worker.kind(), %error, "jobs cannot be read; trying again");
                Duration::from_secs(1)
            }
        };
        if wait.is_zero() {
            continue;
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = wake => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

async fn idle_wait(bus: &Bus, kind: &str) -> Duration {
    let next: Result<Option<DateTime<Utc>>, _> = sqlx::query_scalar(
        "select min(greatest(run_at, coalesce(leased_until, run_at))) from jobs where kind = $1 and not failed",
    )
    .bind(kind)
    .fetch_one(&bus.context.pool)
    .await;
    match next {
        Ok(Some(at)) => {
            (at - Utc::now()).to_std().unwrap_or(Duration::from_millis(5)).clamp(Duration::from_millis(5), IDLE_CHECK)
        }
        _ => IDLE_CHECK,
    }
}

/// Claims and does what is due; tells how many jobs.
async fn round<W: Worker>(bus: &Bus, worker: &Arc<W>) -> Result<usize, sqlx::Error> {
    let settings = &bus.context.common.jobs;
    let jobs: Vec<Job> = sqlx::query_as(include_str!("../queries/jobs_claim.sql"))
        .bind(worker.kind())
        .bind(settings.claim)
        .bind(Utc::now() + TimeDelta::milliseconds(settings.lease_ms))
        .bind(Utc::now())
        .fetch_all(&bus.context.pool)
        .await?;
    let claimed = jobs.len();
    if claimed > 0 {
        crash::point("after a claim");
    }
    let begin = Instant::now();
    // Tasks of their own: a job that waits for the pool must go on while the answers of others are written.
    let mut running = JoinSet::new();
    let permits = Arc::new(Semaphore::new(settings.concurrency.max(1)));
    for job in jobs {
        let (worker, permits) = (worker.clone(), permits.clone());
        running.spawn(async move {
            let _permit = permits.acquire().await;
            let span = tracing::info_span!("job", kind = worker.kind());
            icp_kit::telemetry::set_parent(&span, job.traceparent.as_deref());
            let result = worker.run(&job).instrument(span).await;
            (job, result)
        });
    }
    while let Some(first) = running.join_next().await {
        // Answers of jobs that run side by side are recorded in one transaction.
        icp_kit::linger(running.len(), usize::MAX, begin.elapsed(), bus.context.common.nats.linger()).await;
        let ended = std::iter::once(first).chain(std::iter::from_fn(|| running.try_join_next()));
        let mut answered = Vec::new();
        // A job that panicked keeps its lease and is tried again when the lease ends.
        for (job, result) in ended.flatten().collect::<Vec<_>>() {
            match result {
                Ok(answer) => answered.push((job, answer)),
                Err(JobError::Retry(reason)) if job.attempts < settings.max_attempts => {
                    postpone(bus, worker.kind(), &job, &reason, settings).await?;
                }
                Err(JobError::Retry(reason) | JobError::GiveUp(reason)) => {
                    give_up(bus, worker.as_ref(), &job, &reason).await?;
                }
            }
        }
        complete(bus, worker.as_ref(), answered).await?;
    }
    Ok(claimed)
}

async fn complete<W: Worker>(bus: &Bus, worker: &W, mut answered: Vec<(Job, W::Answer)>) -> Result<(), sqlx::Error> {
    if answered.is_empty() {
        return Ok(());
    }
    crash::point("after the jobs");
    let ids: Vec<i64> = answered.iter().map(|(job, _)| job.id).collect();
    let mut tx = bus.begin().await?;
    // A job whose lease ran out may have been completed by another worker: then that one's answer counts.
    let deleted: HashSet<i64> = sqlx::query_scalar("delete from jobs where id = any($1) and not failed returning id")
        .bind(&ids)
        .fetch_all(&mut *tx)
        .await?
        .into_iter()
        .collect();
    answered.retain(|(job, _)| deleted.contains(&job.id));
    if answered.len() != ids.len() {
        let dropped = ids.len() - answered.len();
        tracing::warn!(worker = worker.kind(), dropped, "leases ran out before the jobs were done; others did them");
    }
    if answered.is_empty() {
        return Ok(());
    }
    let mut effects = Effects::new();
    worker.complete(&mut tx, &answered, &mut effects).await?;
    crash::point("after a completion");
    bus.commit(tx, effects).await
}

async fn postpone(bus: &Bus, kind: &str, job: &Job, reason: &str, settings: &JobsSection) -> Result<(), sqlx::Error> {
    let doublings = u32::try_from(job.attempts - 1).unwrap_or(0).min(20);
    let wait_ms = settings.retry_first_ms.saturating_mul(1 << doublings).min(settings.retry_max_ms);
    tracing::warn!(worker = kind, attempts = job.attempts, wait_ms, reason, "job is tried again later");
    let run_at = Utc::now() + TimeDelta::milliseconds(i64::try_from(wait_ms).unwrap_or(i64::MAX));
    sqlx::query("update jobs set run_at = $2, leased_until = null, last_error = $3 where id = $1")
        .bind(job.id)
        .bind(run_at)
        .bind(reason)
        .execute(&bus.context.pool)
        .await?;
    Ok(())
}

async fn give_up<W: Worker>(bus: &Bus, worker: &W, job: &Job, reason: &str) -> Result<(), sqlx::Error> {
    tracing::error!(worker = worker.kind(), attempts = job.attempts, reason, "job was given up");
    let mut tx = bus.begin().await?;
    sqlx::query("update jobs set failed = true, leased_until = null, last_error = $2 where id = $1")
        .bind(job.id)
        .bind(reason)
        .execute(&mut *tx)
        .await?;
    let mut effects = Effects::new();
    worker.given_up(&mut tx, job, reason, &mut effects).await?;
    bus.commit(tx, effects).await
}
