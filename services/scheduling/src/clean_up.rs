//! Deletes what nobody needs any more, a batch at a time, so that no long transaction holds up the outbox.

use chrono::{DateTime, TimeDelta, Utc};
use icp_kit::ServiceContext;
use sqlx::PgPool;

use crate::config::CleanUpSection;

/// How many rows went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Fired timers.
    pub timers: u64,
    /// Marks of keys without timers.
    pub timer_sets: u64,
    /// Marks of handled messages.
    pub inbox: u64,
}

/// Cleans this service's own tables. Running it twice does no harm.
pub async fn run(
    context: &ServiceContext,
    config: &CleanUpSection,
    now: DateTime<Utc>,
) -> Result<Removed, sqlx::Error> {
    let pool = &context.pool;
    let timers_before = now - TimeDelta::days(config.keep_timers_days.into());
    // The inbox is stamped by the system's clock, not by the business clock.
    let inbox_before = Utc::now() - TimeDelta::days(config.keep_inbox_days.into());
    let batch = config.delete_batch;
    Ok(Removed {
        timers: delete(pool, include_str!("../queries/clean_timers.sql"), timers_before, batch).await?,
        timer_sets: delete(pool, include_str!("../queries/clean_timer_sets.sql"), timers_before, batch).await?,
        inbox: delete(pool, include_str!("../queries/clean_inbox.sql"), inbox_before, batch).await?,
    })
}

async fn delete(pool: &PgPool, sql: &'static str, before: DateTime<Utc>, batch: u32) -> Result<u64, sqlx::Error> {
    let mut removed = 0;
    loop {
        let gone = sqlx::query(sql).bind(before).bind(i64::from(batch)).execute(pool).await?.rows_affected();
        removed += gone;
        if gone < u64::from(batch) {
            return Ok(removed);
        }
    }
}
