//! Tasks from other services: set and cancel timers.

use std::sync::Arc;

use async_trait::async_trait;
use icp_bus::{Delivery, Effects, Failure, Handler};
use icp_kit::Clock;
use prost::Message as _;
use sqlx::PgConnection;
use tokio::sync::Notify;

use crate::store;
use crate::wish::{Received, Wish, newest_per_key};

/// Handles `icp.task.schedule.v1.*`.
pub struct TimerTasks {
    clock: Clock,
    max_timers_per_key: usize,
    timers_changed: Arc<Notify>,
}

impl TimerTasks {
    /// Rings `timers_changed` when timers were set.
    pub fn new(clock: Clock, max_timers_per_key: usize, timers_changed: Arc<Notify>) -> Self {
        Self { clock, max_timers_per_key, timers_changed }
    }
}

#[async_trait]
impl Handler for TimerTasks {
    type Message = Wish;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<Wish, String> {
        let wish = match kind {
            "icp.task.schedule.v1.set" => {
                let message = icp_proto::schedule::SetTimers::decode(payload).map_err(|error| error.to_string())?;
                Wish::set(message, self.max_timers_per_key)
            }
            "icp.task.schedule.v1.cancel" => {
                Wish::cancel(icp_proto::schedule::CancelTimers::decode(payload).map_err(|error| error.to_string())?)
            }
            other => return Err(format!("`{other}` is not a task of this service")),
        };
        wish.map_err(|refusal| refusal.to_string())
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<Wish>],
        _effects: &mut Effects,
    ) -> Result<(), Failure> {
        let received = batch.iter().map(|delivery| Received {
            message_id: delivery.id,
            traceparent: delivery.traceparent.as_deref(),
            wish: &delivery.message,
        });
        let newest = newest_per_key(received);
        store::apply(connection, &newest, self.clock.now()).await?;
        if newest.iter().any(|received| !received.wish.timers.is_empty()) {
            // Rung before the commit; the reconciler waits a moment before it looks.
            self.timers_changed.notify_one();
        }
        Ok(())
    }
}
