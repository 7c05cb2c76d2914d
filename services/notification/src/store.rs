//! Facts and deliveries in Postgres.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::channel::Channel;
use crate::delivery::{Outcome, Settled};
use crate::notice::Notice;

/// Identity of a fact: order, what, version.
pub type FactId = (Uuid, String, i64);

/// Notes facts; returns the new ones, each with the newest version of its order that was known before.
pub async fn note_facts(
    connection: &mut PgConnection,
    facts: &BTreeSet<FactId>,
    now: DateTime<Utc>,
) -> Result<BTreeMap<FactId, Option<i64>>, sqlx::Error> {
    let order_ids: Vec<Uuid> = facts.iter().map(|fact| fact.0).collect();
    let whats: Vec<&str> = facts.iter().map(|fact| fact.1.as_str()).collect();
    let versions: Vec<i64> = facts.iter().map(|fact| fact.2).collect();
    let rows: Vec<(Uuid, String, i64, Option<i64>)> = sqlx::query_as(include_str!("../queries/facts_insert.sql"))
        .bind(order_ids)
        .bind(whats)
        .bind(versions)
        .bind(now)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|(order_id, what, version, newest)| ((order_id, what, version), newest)).collect())
}

/// A delivery to insert.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Its id.
    pub id: Uuid,
    /// The order.
    pub order_id: Uuid,
    /// What is told.
    pub notice: Notice,
    /// How.
    pub channel: Channel,
}

/// Inserts deliveries that wait for their workers.
pub async fn insert_deliveries(
    connection: &mut PgConnection,
    deliveries: &[NewDelivery],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = deliveries.iter().map(|d| d.id).collect();
    let order_ids: Vec<Uuid> = deliveries.iter().map(|d| d.order_id).collect();
    let notices: Vec<&str> = deliveries.iter().map(|d| d.notice.as_str()).collect();
    let channels: Vec<&str> = deliveries.iter().map(|d| d.channel.as_str()).collect();
    sqlx::query(include_str!("../queries/deliveries_insert.sql"))
        .bind(ids)
        .bind(order_ids)
        .bind(notices)
        .bind(channels)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// How a delivery ended, as stored.
#[derive(Debug, Clone)]
pub struct End<'a> {
    /// Id of the delivery.
    pub id: Uuid,
    /// `sent`, `skipped` or `failed`.
    pub state: &'static str,
    /// Id that the gateway gave.
    pub gateway_id: Option<&'a str>,
    /// Why it was not sent.
    pub reason: Option<&'a str>,
}

impl<'a> End<'a> {
    /// The end of a settled delivery.
    pub fn of(settled: &'a Settled) -> Self {
        match &settled.outcome {
            Outcome::Sent { gateway_id } => {
                Self { id: settled.id, state: "sent", gateway_id: gateway_id.as_deref(), reason: None }
            }
            Outcome::NoAddress => {
                Self { id: settled.id, state: "skipped", gateway_id: None, reason: Some("no address") }
            }
        }
    }
}

/// Records ends; returns the deliveries that were still waiting.
pub async fn settle(
    connection: &mut PgConnection,
    ends: &[End<'_>],
    now: DateTime<Utc>,
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let ids: Vec<Uuid> = ends.iter().map(|end| end.id).collect();
    let states: Vec<&str> = ends.iter().map(|end| end.state).collect();
    let gateway_ids: Vec<Option<&str>> = ends.iter().map(|end| end.gateway_id).collect();
    let reasons: Vec<Option<&str>> = ends.iter().map(|end| end.reason).collect();
    let changed: Vec<Uuid> = sqlx::query_scalar(include_str!("../queries/deliveries_settle.sql"))
        .bind(ids)
        .bind(states)
        .bind(gateway_ids)
        .bind(reasons)
        .bind(now)
        .fetch_all(connection)
        .await?;
    Ok(changed.into_iter().collect())
}
