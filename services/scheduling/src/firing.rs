//! The reconciler that fires what is due. It takes no input but the table and the clock.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use icp_bus::{Bus, Effects, Outgoing};
use icp_proto::schedule::Fired;
use tokio::sync::Notify;

use crate::config::Config;
use crate::store::{self, FiredTimer};

const FAILURE_WAIT: Duration = Duration::from_secs(1);

/// Fires due timers until the service stops.
pub async fn run(bus: Bus, config: Config, timers_changed: Arc<Notify>) {
    let context = bus.context().clone();
    let safety_check = Duration::from_millis(config.safety_check_ms);
    let commit_grace = Duration::from_millis(config.commit_grace_ms);
    while !context.shutdown.is_cancelled() {
        let (next_due, check_after) = match fire_all_due(&bus, config.fire_batch).await {
            Ok(next_due) => (next_due, safety_check),
            Err(error) => {
                tracing::warn!(%error, "timers cannot be fired now; trying again");
                (None, FAILURE_WAIT)
            }
        };
        let due = async {
            match next_due {
                Some(at) => context.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = context.shutdown.cancelled() => return,
            () = due => {}
            () = tokio::time::sleep(check_after) => {}
            () = timers_changed.notified() => tokio::time::sleep(commit_grace).await,
        }
    }
}

/// Fires until nothing is due; tells when the next timer is.
async fn fire_all_due(bus: &Bus, batch: u32) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    loop {
        let next_due = store::next_due(&bus.context().pool).await?;
        if next_due.is_none_or(|at| at > bus.context().clock.now()) {
            return Ok(next_due);
        }
        let fired = fire_batch(bus, batch).await?;
        if fired == 0 {
            // Another replica holds the due rows.
            return Ok(None);
        }
    }
}

async fn fire_batch(bus: &Bus, batch: u32) -> Result<usize, sqlx::Error> {
    let now = bus.context().clock.now();
    let mut tx = bus.begin().await?;
    let fired = store::fire_due(&mut tx, now, batch).await?;
    let mut effects = Effects::new();
    for timer in &fired {
        announce(timer, now, &mut effects);
    }
    bus.commit(tx, effects).await?;
    tracing::debug!(timers = fired.len(), "timers fired");
    Ok(fired.len())
}

fn announce(timer: &FiredTimer, now: DateTime<Utc>, effects: &mut Effects) {
    let message = Fired {
        owner: timer.owner.clone(),
        key: timer.key.clone(),
        name: timer.name.clone(),
        order_id: timer.order_id.map(|id| id.to_string()).unwrap_or_default(),
        due_at_unix_ms: timer.fire_at.timestamp_millis(),
        fired_at_unix_ms: now.timestamp_millis(),
    };
    effects.set_cause(timer.traceparent.clone());
    effects.send(Outgoing::event("schedule", "fired", &timer.owner, &timer.key, &message));
    if let Some(order_id) = timer.order_id {
        effects.journal(order_id, format!("timer {} fired", timer.name), format!("{} asked for it", timer.owner));
    }
}
