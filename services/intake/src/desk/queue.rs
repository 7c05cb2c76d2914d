//! What waits for a decision, the longest wait first, and who has claimed what.
//!
//! A review that began later is never due earlier, so the sequence by age is the sequence by the provider's own target as
//! well: what is overdue stands first. A claim keeps two reviewers from doing the same work. It changes nothing about the order, runs
//! out by itself, and counts only for the review in which it was made.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgPool, Row as _};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::auth::{Caller, Role};
use crate::store::{self, StoredOrder};

/// Whose claims a list is narrowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nobody has claimed it.
    No,
    /// This reviewer has.
    By(String),
    /// Somebody has.
    Yes,
}

/// Where the next page goes on: behind this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    since: DateTime<Utc>,
    id: Uuid,
}

impl Cursor {
    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('.')?;
        // Postgres knows no times as long ago as a negative number could name.
        let since = DateTime::from_timestamp_micros(micros.parse::<i64>().ok().filter(|micros| *micros >= 0)?)?;
        Some(Self { since, id: Uuid::parse_str(id).ok()? })
    }

    /// The text form, for the caller to hand back.
    pub fn to_text(self) -> String {
        format!("{}.{}", self.since.timestamp_micros(), self.id)
    }
}

/// What the queue is narrowed to.
#[derive(Debug, Default)]
pub struct QueueFilter {
    /// Only this province.
    pub province: Option<String>,
    /// Only with, or without, a claim.
    pub claimed: Option<Claimed>,
    /// Only what stands behind.
    pub behind: Option<Cursor>,
}

/// A claim on an order.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, ToSchema)]
#[schema(as = ReviewClaim)]
pub struct Claim {
    /// Who has it.
    pub reviewer: String,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// An order that waits for a decision.
#[derive(Debug)]
pub struct Waiting {
    /// The order.
    pub stored: StoredOrder,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// When it was handed in last.
    pub submitted_at: DateTime<Utc>,
    /// Who has claimed it.
    pub claim: Option<Claim>,
}

impl Waiting {
    /// The place of this entry in the queue.
    pub fn cursor(&self) -> Cursor {
        Cursor { since: self.since, id: self.stored.id }
    }
}

/// What became of the wish to claim.
#[derive(Debug, PartialEq, Eq)]
pub enum Claiming {
    /// The claim is the caller's.
    Claimed(Claim),
    /// Somebody else's claim holds.
    Held(Claim),
    /// The order does not wait for a decision.
    NotWaiting,
}

/// A page of the queue.
pub async fn page(
    pool: &PgPool,
    filter: &QueueFilter,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Waiting>, sqlx::Error> {
    // Each condition stands only where it is asked for, so that the index of the queue, or of its province, is used.
    let province = if filter.province.is_some() { "and orders.province = $2" } else { "and $2::text is null" };
    let behind = match filter.behind {
        Some(_) => "and (orders.phase_since, orders.id) > ($3, $4)",
        None => "and $3::timestamptz is null and $4::uuid is null",
    };
    let (claimed, reviewer) = match &filter.claimed {
        None => ("and $5::text is null", None),
        Some(Claimed::No) => ("and claim.reviewer is null and $5::text is null", None),
        Some(Claimed::Yes) => ("and claim.reviewer is not null and $5::text is null", None),
        Some(Claimed::By(reviewer)) => ("and claim.reviewer = $5", Some(reviewer)),
    };
    let query = format!(
        "{}where orders.phase = 'provider_review' {province} {behind} {claimed}\n\
         order by orders.phase_since, orders.id limit $6",
        include_str!("../../queries/review_queue.sql")
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(now)
        .bind(&filter.province)
        .bind(filter.behind.map(|cursor| cursor.since))
        .bind(filter.behind.map(|cursor| cursor.id))
        .bind(reviewer)
        .bind(limit)
        .fetch_all(pool)
        .await?;
    rows.iter()
        .map(|row| {
            let reviewer: Option<String> = row.try_get("reviewer")?;
            let until: Option<DateTime<Utc>> = row.try_get("until")?;
            Ok(Waiting {
                stored: store::read(row)?,
                since: row.try_get("phase_since")?,
                submitted_at: row.try_get("submitted_at")?,
                claim: reviewer.zip(until).map(|(reviewer, until)| Claim { reviewer, until }),
            })
        })
        .collect()
}

/// Claims an order for `minutes`, or makes the reviewer's own claim last longer.
pub async fn claim(
    pool: &PgPool,
    order_id: Uuid,
    reviewer: &str,
    now: DateTime<Utc>,
    minutes: u32,
) -> Result<Claiming, sqlx::Error> {
    let until = now + TimeDelta::minutes(minutes.into());
    let claimed = sqlx::query(include_str!("../../queries/claim_review.sql"))
        .bind(order_id)
        .bind(reviewer)
        .bind(now)
        .bind(until)
        .execute(pool)
        .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claiming::Claimed(Claim { reviewer: reviewer.to_owned(), until }));
    }
    Ok(holder(pool, order_id, now).await?.map_or(Claiming::NotWaiting, Claiming::Held))
}

/// Whoever has claimed an order that waits for a decision.
pub async fn holder(pool: &PgPool, order_id: Uuid, now: DateTime<Utc>) -> Result<Option<Claim>, sqlx::Error> {
    let claim: Option<(String, DateTime<Utc>)> = sqlx::query_as(include_str!("../../queries/review_claim.sql"))
        .bind(order_id)
        .bind(now)
        .fetch_optional(pool)
        .await?;
    Ok(claim.map(|(reviewer, until)| Claim { reviewer, until }))
}

/// Gives a claim back: a reviewer its own, a supervisor anybody's.
pub async fn release(pool: &PgPool, order_id: Uuid, caller: &Caller, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let whose = (caller.role != Role::Supervisor).then_some(caller.name.as_str());
    sqlx::query(include_str!("../../queries/release_review.sql"))
        .bind(order_id)
        .bind(whose)
        .bind(now)
        .bind(&caller.name)
        .bind(caller.role.as_str())
        .execute(pool)
        .await?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text_form() {
        let cursor = Cursor { since: "2026-11-22T01:02:03.456789Z".parse().unwrap(), id: Uuid::now_v7() };
        assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
        for text in ["", "1", "x.y", "1.2"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}
