//! The timers in Postgres.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::wish::Received;

/// A timer that has just fired.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FiredTimer {
    /// Service that is told.
    pub owner: String,
    /// Owner's own key.
    pub key: String,
    /// Owner's name of the timer.
    pub name: String,
    /// When it was due.
    pub fire_at: DateTime<Utc>,
    /// Order that it belongs to.
    pub order_id: Option<Uuid>,
    /// Trace of the task that set it.
    pub traceparent: Option<String>,
}

/// Makes the timers what the wishes say, except where a newer wish is known already.
///
/// The wishes are of different keys.
pub async fn apply(
    connection: &mut PgConnection,
    wishes: &[Received<'_>],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let owners: Vec<&str> = wishes.iter().map(|r| r.wish.owner.as_str()).collect();
    let keys: Vec<&str> = wishes.iter().map(|r| r.wish.key.as_str()).collect();
    let message_ids: Vec<Uuid> = wishes.iter().map(|r| r.message_id).collect();
    let accepted: Vec<(String, String)> = sqlx::query_as(include_str!("../queries/sets_upsert.sql"))
        .bind(&owners)
        .bind(&keys)
        .bind(&message_ids)
        .bind(now)
        .fetch_all(&mut *connection)
        .await?;
    if accepted.is_empty() {
        return Ok(());
    }
    let (owners, keys): (Vec<&str>, Vec<&str>) = accepted.iter().map(|(o, k)| (o.as_str(), k.as_str())).unzip();
    sqlx::query(include_str!("../queries/timers_remove.sql"))
        .bind(&owners)
        .bind(&keys)
        .execute(&mut *connection)
        .await?;

    let accepted: BTreeSet<(&str, &str)> = accepted.iter().map(|(o, k)| (o.as_str(), k.as_str())).collect();
    let is_accepted = |r: &&Received<'_>| accepted.contains(&(r.wish.owner.as_str(), r.wish.key.as_str()));
    insert(connection, wishes.iter().filter(is_accepted)).await
}

async fn insert<'a>(
    connection: &mut PgConnection,
    wishes: impl Iterator<Item = &'a Received<'a>>,
) -> Result<(), sqlx::Error> {
    let mut owners: Vec<&str> = Vec::new();
    let mut keys: Vec<&str> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut times: Vec<DateTime<Utc>> = Vec::new();
    let mut order_ids: Vec<Option<Uuid>> = Vec::new();
    let mut traceparents: Vec<Option<&str>> = Vec::new();
    for received in wishes {
        for timer in &received.wish.timers {
            owners.push(&received.wish.owner);
            keys.push(&received.wish.key);
            names.push(&timer.name);
            times.push(timer.fire_at);
            order_ids.push(received.wish.order_id);
            traceparents.push(received.traceparent);
        }
    }
    if owners.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("../queries/timers_insert.sql"))
        .bind(owners)
        .bind(keys)
        .bind(names)
        .bind(times)
        .bind(order_ids)
        .bind(traceparents)
        .execute(connection)
        .await?;
    Ok(())
}

/// Marks up to `limit` due timers as fired and returns them, the earliest first.
pub async fn fire_due(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<FiredTimer>, sqlx::Error> {
    let mut fired: Vec<FiredTimer> = sqlx::query_as(include_str!("../queries/timers_fire.sql"))
        .bind(now)
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    fired.sort_by(|a, b| (a.fire_at, &a.owner, &a.key, &a.name).cmp(&(b.fire_at, &b.owner, &b.key, &b.name)));
    Ok(fired)
}

/// When the next timer is due.
pub async fn next_due(executor: impl PgExecutor<'_>) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar("select min(fire_at) from timers where fired_at is null").fetch_one(executor).await
}
