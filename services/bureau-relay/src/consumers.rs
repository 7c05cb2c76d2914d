//! Tasks in: `icp.task.relay.v1.submit` becomes a submission that waits to be prepared, `icp.task.relay.v1.query` a
//! question that waits for its turn.

use async_trait::async_trait;
use icp_bus::{Consumer, Delivery, Effects, Failure, Handler, NewJob};
use icp_kit::Clock;
use icp_proto::relay;
use prost::Message as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::{self, NewQuery, NewSubmission, OrderRef};
use crate::tasks::{inquirer, preparer};

/// The consumer of the relay's tasks.
pub const SUBMIT: Consumer = Consumer { name: "relay-submit", filter: "icp.task.relay.v1.submit" };

/// Stores submissions and asks for their records.
pub struct SubmitHandler {
    /// Account through which they go.
    pub account: String,
    /// Business time.
    pub clock: Clock,
}

#[async_trait]
impl Handler for SubmitHandler {
    type Message = NewSubmission;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<NewSubmission, String> {
        if kind != SUBMIT.filter {
            return Err(format!("unknown task {kind}"));
        }
        let task = relay::Submit::decode(payload).map_err(|error| error.to_string())?;
        let order_id = Uuid::parse_str(&task.order_id).map_err(|_| "order_id is not a UUID".to_owned())?;
        let attempt = i32::try_from(task.attempt).map_err(|_| "attempt is out of range".to_owned())?;
        if !is_letters(&task.province) {
            return Err("province is not two letters".to_owned());
        }
        let sealed = task.filing.ok_or("filing is missing")?.encode_to_vec();
        Ok(NewSubmission { order: OrderRef { order_id, attempt, province: task.province, traceparent: None }, sealed })
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<NewSubmission>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let mut new: Vec<NewSubmission> = Vec::with_capacity(batch.len());
        for delivery in batch {
            let mut submission = delivery.message.clone();
            submission.order.traceparent = delivery.traceparent.clone();
            new.push(submission);
        }
        let stored = store::insert_submissions(connection, &self.account, &new, self.clock.now()).await?;
        for (id, order_id) in stored {
            let cause = batch.iter().find(|d| d.message.order.order_id == order_id);
            effects.set_cause(cause.and_then(|d| d.traceparent.clone()));
            effects.journal(order_id, "handed to the bureau relay", "the provider's review passed it");
            effects.job(NewJob {
                kind: preparer::KIND,
                key: order_id.to_string(),
                payload: id.to_be_bytes().to_vec(),
                run_at: chrono::Utc::now(),
            });
        }
        Ok(())
    }
}

fn is_letters(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|b| b.is_ascii_lowercase())
}

/// The consumer of status queries.
pub const QUERY: Consumer = Consumer { name: "relay-query", filter: "icp.task.relay.v1.query" };

/// Stores questions and gives each its turn.
pub struct QueryHandler {
    /// Account through which they go.
    pub account: String,
    /// Least time between two of them.
    pub interval_ms: u64,
    /// Business time.
    pub clock: Clock,
}

#[async_trait]
impl Handler for QueryHandler {
    type Message = NewQuery;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<NewQuery, String> {
        if kind != QUERY.filter {
            return Err(format!("unknown task {kind}"));
        }
        let task = relay::Query::decode(payload).map_err(|error| error.to_string())?;
        if task.query_id.is_empty() {
            return Err("query_id is missing".to_owned());
        }
        if !is_letters(&task.province) {
            return Err("province is not two letters".to_owned());
        }
        let sealed = task.condition.ok_or("condition is missing")?.encode_to_vec();
        Ok(NewQuery { query_id: task.query_id, province: task.province, sealed })
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<NewQuery>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let new: Vec<NewQuery> = batch.iter().map(|delivery| delivery.message.clone()).collect();
        let stored = store::insert_queries(connection, &self.account, &new, self.clock.now()).await?;
        if stored.is_empty() {
            return Ok(());
        }
        let now = chrono::Utc::now();
        let first = store::take_query_turns(connection, &self.account, stored.len(), self.interval_ms, now).await?;
        let interval = chrono::TimeDelta::milliseconds(i64::try_from(self.interval_ms).unwrap_or(i64::MAX / 2));
        for (turn, query_id) in (0..).zip(stored) {
            let cause = batch.iter().find(|delivery| delivery.message.query_id == query_id);
            effects.set_cause(cause.and_then(|delivery| delivery.traceparent.clone()));
            effects.job(NewJob {
                kind: inquirer::KIND,
                key: query_id.clone(),
                payload: query_id.into_bytes(),
                run_at: first + interval * turn,
            });
        }
        Ok(())
    }
}
