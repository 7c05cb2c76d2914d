//! Cron jobs: the ticker only says when to look; due times and claims are in Postgres.
//!
//! Only one replica does an occurrence, because the claim is a lock held until the job is done. Occurrences
//! that were missed while no replica ran, or that a moved clock skipped, are made up for by one run.

use std::str::FromStr as _;

use chrono::{DateTime, FixedOffset, Utc};
use icp_kit::ServiceContext;
use tokio_cron_scheduler::{Job, JobScheduler};

use crate::clean_up;
use crate::config::Config;

const CLEAN_UP: &str = "clean-up";
/// China Standard Time has no summer time.
const CHINA_OFFSET_SECONDS: i32 = 8 * 3_600;

/// Why a cron job was not done; it stays due.
#[derive(Debug, thiserror::Error)]
pub enum CronError {
    /// The schedule has no further occurrence, or is none.
    #[error("schedule `{schedule}` cannot be followed")]
    Schedule {
        /// As configured.
        schedule: String,
        /// What is wrong with it.
        source: croner::errors::CronError,
    },
    /// Postgres did not do it.
    #[error("the database did not do its part")]
    Database(#[from] sqlx::Error),
}

/// Registers the jobs, does what was missed, and starts the ticker.
pub async fn start(context: &ServiceContext, config: &Config) -> anyhow::Result<()> {
    let now = context.clock.now();
    let schedule = &config.clean_up.schedule;
    sqlx::query(include_str!("../queries/cron_register.sql"))
        .bind(CLEAN_UP)
        .bind(schedule)
        .bind(next_occurrence(schedule, now)?)
        .execute(&context.pool)
        .await?;
    look(context, config).await;

    let mut ticker = JobScheduler::new().await?;
    let (job_context, job_config) = (context.clone(), config.clone());
    let job = Job::new_async(config.ticker.as_str(), move |_, _| {
        let (context, config) = (job_context.clone(), job_config.clone());
        Box::pin(async move { look(&context, &config).await })
    })?;
    ticker.add(job).await?;
    ticker.start().await?;
    let shutdown = context.shutdown.clone();
    context.spawn(async move {
        shutdown.cancelled().await;
        if let Err(error) = ticker.shutdown().await {
            tracing::debug!(%error, "ticker did not stop in order");
        }
    });
    Ok(())
}

async fn look(context: &ServiceContext, config: &Config) {
    match run_if_due(context, config).await {
        Ok(Some(removed)) => tracing::info!(?removed, "nightly clean-up is done"),
        Ok(None) => {}
        Err(error) => tracing::warn!(error = ?error, "a cron job was not done; it stays due"),
    }
}

/// Does the clean-up if an occurrence is due and no other replica is at it.
pub async fn run_if_due(context: &ServiceContext, config: &Config) -> Result<Option<clean_up::Removed>, CronError> {
    let now = context.clock.now();
    let mut claim = context.pool.begin().await?;
    let is_claimed: bool =
        sqlx::query_scalar(include_str!("../queries/cron_claim.sql")).bind(CLEAN_UP).fetch_one(&mut *claim).await?;
    if !is_claimed {
        return Ok(None);
    }
    let due: Option<DateTime<Utc>> = sqlx::query_scalar(include_str!("../queries/cron_due.sql"))
        .bind(CLEAN_UP)
        .bind(now)
        .fetch_optional(&mut *claim)
        .await?;
    if due.is_none() {
        return Ok(None);
    }
    let removed = clean_up::run(context, &config.clean_up, now).await?;
    sqlx::query(include_str!("../queries/cron_done.sql"))
        .bind(CLEAN_UP)
        .bind(now)
        .bind(next_occurrence(&config.clean_up.schedule, now)?)
        .execute(&mut *claim)
        .await?;
    claim.commit().await?;
    Ok(Some(removed))
}

/// The first occurrence after a time; schedules are in China Standard Time.
pub fn next_occurrence(schedule: &str, after: DateTime<Utc>) -> Result<DateTime<Utc>, CronError> {
    let refused = |source| CronError::Schedule { schedule: schedule.to_owned(), source };
    let cron = croner::Cron::from_str(schedule).map_err(refused)?;
    match FixedOffset::east_opt(CHINA_OFFSET_SECONDS) {
        Some(china) => cron
            .find_next_occurrence(&after.with_timezone(&china), false)
            .map(|at| at.with_timezone(&Utc))
            .map_err(refused),
        None => cron.find_next_occurrence(&after, false).map_err(refused),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn occurrences_are_in_china_standard_time() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc);
        for (schedule, after, expected) in [
            ("0 30 3 * * *", "2026-11-21T00:00:00Z", "2026-11-21T19:30:00Z"),
            ("0 30 3 * * *", "2026-11-21T19:30:00Z", "2026-11-22T19:30:00Z"),
            ("30 3 * * *", "2026-11-21T19:29:59Z", "2026-11-21T19:30:00Z"),
            ("0 0 0 1 * *", "2026-11-21T00:00:00Z", "2026-11-30T16:00:00Z"),
        ] {
            assert_eq!(next_occurrence(schedule, at(after)).unwrap(), at(expected), "{schedule} after {after}");
        }
        assert!(next_occurrence("every night", at("2026-11-21T00:00:00Z")).is_err());
    }
}
