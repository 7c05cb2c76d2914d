//! Links what waits, and publishes the head once a day. Every process of the service runs this; a lock in the database
//! lets one of them link at a time.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use icp_bus::{Bus, Effects, Outgoing};
use icp_proto::audit as audit_proto;
use sqlx::PgPool;

use super::chain::{Head, Linked};
use super::{AuditConfig, store};
use crate::china;

/// Links and anchors until the service stops.
pub async fn run(bus: Bus, config: AuditConfig) {
    let context = bus.context().clone();
    let pause = Duration::from_millis(config.link_every_ms.max(1));
    let mut anchored: Option<NaiveDate> = None;
    while !context.shutdown.is_cancelled() {
        let now = context.clock.now();
        let today = china::day(now);
        match step(&bus, &config, now, anchored != Some(today)).await {
            // A full batch: there may be more.
            Ok(linked) if linked == config.link_batch => continue,
            Ok(_) => anchored = Some(today),
            Err(error) => tracing::warn!(%error, "the audit trail is not linked just now; entries wait"),
        }
        tokio::select! {
            () = context.shutdown.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn step(bus: &Bus, config: &AuditConfig, now: DateTime<Utc>, is_new_day: bool) -> Result<i64, sqlx::Error> {
    let linked = link(&bus.context().pool, config.link_batch).await?;
    if is_new_day && linked < config.link_batch {
        anchor(bus, config.max_page, now).await?;
    }
    Ok(linked)
}

/// Links entries that wait, `limit` at most; tells how many. None while another process links.
pub async fn link(pool: &PgPool, limit: i64) -> Result<i64, sqlx::Error> {
    let mut tx = pool.begin().await?;
    if !store::lock(&mut tx).await? {
        return Ok(0);
    }
    let entries = store::take(&mut tx, limit).await?;
    if entries.is_empty() {
        return Ok(0);
    }
    let mut head = store::head(&mut tx).await?;
    let mut links = Vec::with_capacity(entries.len());
    for entry in entries {
        let linked = Linked::behind(head, entry);
        head = linked.head();
        links.push(linked);
    }
    store::append(&mut tx, &links).await?;
    tx.commit().await?;
    Ok(i64::try_from(links.len()).unwrap_or(i64::MAX))
}

/// Checks the trail since the last head that was published, also that no event lacks its entry, and publishes the head
/// of today, once.
pub async fn anchor(bus: &Bus, page: i64, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let pool = &bus.context().pool;
    let today = china::day(now);
    let start = match store::last_anchor(pool).await? {
        Some((day, _)) if day >= today => return Ok(()),
        Some((_, head)) => head,
        None => Head::START,
    };
    let head = match check(pool, start, page).await? {
        Ok(head) => head,
        Err(seq) => {
            tracing::error!(seq, "the audit trail is broken: compare it with a backup; no head is published");
            return Ok(());
        }
    };
    if head.seq == 0 {
        return Ok(());
    }
    if let Some((order_id, version)) = store::unrecorded(pool, start.seq).await? {
        tracing::error!(
            order.id = %order_id,
            version,
            "an event has no entry in the audit trail: it was removed before it was linked; no head is published"
        );
        return Ok(());
    }
    let mut tx = bus.begin().await?;
    if !store::anchor(&mut tx, today, head).await? {
        return Ok(());
    }
    let message = audit_proto::Anchored {
        day: today.to_string(),
        seq: head.seq,
        hash: hex::encode(head.hash),
        at_unix_ms: now.timestamp_millis(),
    };
    let mut effects = Effects::new();
    effects.send(Outgoing::event("audit", "anchored", crate::NAME, today, &message));
    bus.commit(tx, effects).await
}

/// Follows the trail behind `head` to its end; the number of the first entry that does not follow is the error.
pub async fn check(pool: &PgPool, mut head: Head, page: i64) -> Result<Result<Head, i64>, sqlx::Error> {
    loop {
        let links = store::page(pool, head.seq, page).await?;
        let is_last = i64::try_from(links.len()).is_ok_and(|count| count < page);
        for linked in links {
            if !linked.follows(head) {
                return Ok(Err(linked.seq));
            }
            head = linked.head();
        }
        if is_last {
            return Ok(Ok(head));
        }
    }
}
