//! Tasks in: `icp.task.relay.v1.submit` becomes a submission that waits to be prepared, `icp.task.relay.v1.withdraw`
//! takes it back while its file is not on its way, `icp.task.relay.v1.query` becomes a question that waits for its turn.

use async_trait::async_trait;
use icp_bus::{Consumer, Delivery, Effects, Failure, Handler, NewJob};
use icp_kit::Clock;
use icp_proto::relay;
use prost::Message as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::facts;
use crate::store::{self, NewQuery, NewSubmission, OrderRef};
use crate::tasks::{Relays, inquirer, preparer};

/// The consumer of the relay's tasks.
pub const SUBMIT: Consumer = Consumer { name: "relay-submit", filter: "icp.task.relay.v1.submit" };

/// Stores submissions and asks for their records.
pub struct SubmitHandler {
    /// The accounts through which they go.
    pub relays: Relays,
    /// Business time.
    pub clock: Clock,
}

/// Reads a task to submit.
pub fn read_submission(kind: &str, payload: &[u8]) -> Result<NewSubmission, String> {
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

#[async_trait]
impl Handler for SubmitHandler {
    type Message = NewSubmission;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<NewSubmission, String> {
        read_submission(kind, payload)
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<NewSubmission>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        for relay in self.relays.iter() {
            let is_of_it = |delivery: &&Delivery<NewSubmission>| {
                self.relays.of_province(&delivery.message.order.province).account() == relay.account()
            };
            let traced = |delivery: &Delivery<NewSubmission>| {
                let mut submission = delivery.message.clone();
                submission.order.traceparent.clone_from(&delivery.traceparent);
                submission
            };
            let new: Vec<NewSubmission> = batch.iter().filter(is_of_it).map(traced).collect();
            if new.is_empty() {
                continue;
            }
            let interface = relay.config.dialect.interface.as_str();
            for (id, order_id) in store::insert_submissions(connection, relay.account(), &new, self.clock.now()).await?
            {
                let cause = batch.iter().find(|d| d.message.order.order_id == order_id);
                effects.set_cause(cause.and_then(|d| d.traceparent.clone()));
                let why = format!("for account {}, interface {interface}", relay.account());
                effects.journal(order_id, "handed to the bureau relay", why);
                effects.job(NewJob {
                    kind: preparer::KIND,
                    key: order_id.to_string(),
                    payload: id.to_be_bytes().to_vec(),
                    run_at: chrono::Utc::now(),
                });
            }
        }
        Ok(())
    }
}

/// The consumer of withdrawals.
pub const WITHDRAW: Consumer = Consumer { name: "relay-withdraw", filter: "icp.task.relay.v1.withdraw" };

/// Takes attempts back, and tells whether it could. A withdrawal may overtake its submission.
pub struct WithdrawHandler {
    /// The accounts through which they would go.
    pub relays: Relays,
    /// Business time.
    pub clock: Clock,
}

/// Reads a task to withdraw.
pub fn read_withdrawal(kind: &str, payload: &[u8]) -> Result<OrderRef, String> {
    if kind != WITHDRAW.filter {
        return Err(format!("unknown task {kind}"));
    }
    let task = relay::Withdraw::decode(payload).map_err(|error| error.to_string())?;
    let order_id = Uuid::parse_str(&task.order_id).map_err(|_| "order_id is not a UUID".to_owned())?;
    let attempt = i32::try_from(task.attempt).map_err(|_| "attempt is out of range".to_owned())?;
    if !is_letters(&task.province) {
        return Err("province is not two letters".to_owned());
    }
    Ok(OrderRef { order_id, attempt, province: task.province, traceparent: None })
}

#[async_trait]
impl Handler for WithdrawHandler {
    type Message = OrderRef;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<OrderRef, String> {
        read_withdrawal(kind, payload)
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<OrderRef>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let orders: Vec<&OrderRef> = batch.iter().map(|delivery| &delivery.message).collect();
        for order_id in store::dissolve_files(connection, &orders).await? {
            effects.journal(order_id, "waits for another upload", "a filing in its file is withdrawn");
        }
        let accounts: Vec<&str> =
            orders.iter().map(|order| self.relays.of_province(&order.province).account()).collect();
        let withdrawn = store::withdraw(connection, &orders, &accounts, now).await?;
        for delivery in batch {
            let order = &delivery.message;
            let is_withdrawn = withdrawn.contains(&(order.order_id, order.attempt));
            effects.set_cause(delivery.traceparent.clone());
            effects.send(facts::withdrawal_answered(order, is_withdrawn, now));
            let (what, why) = if is_withdrawn {
                ("taken back before the upload", "the bureau never hears of it")
            } else {
                ("not taken back", "it is on its way to the bureau, or was there")
            };
            effects.journal(order.order_id, what, why);
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
    /// The accounts through which they go.
    pub relays: Relays,
    /// Business time.
    pub clock: Clock,
}

/// Reads a question to the bureau.
pub fn read_query(kind: &str, payload: &[u8]) -> Result<NewQuery, String> {
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

#[async_trait]
impl Handler for QueryHandler {
    type Message = NewQuery;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<NewQuery, String> {
        read_query(kind, payload)
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<NewQuery>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        for relay in self.relays.iter() {
            let is_of_it = |query: &&NewQuery| self.relays.of_province(&query.province).account() == relay.account();
            let new: Vec<NewQuery> = batch.iter().map(|delivery| &delivery.message).filter(is_of_it).cloned().collect();
            let stored = store::insert_queries(connection, relay.account(), &new, self.clock.now()).await?;
            if stored.is_empty() {
                continue;
            }
            let (now, interval_ms) = (chrono::Utc::now(), relay.config.timing.query_interval_ms);
            let first = store::take_query_turns(connection, relay.account(), stored.len(), interval_ms, now).await?;
            let interval = chrono::TimeDelta::milliseconds(i64::try_from(interval_ms).unwrap_or(i64::MAX / 2));
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
        }
        Ok(())
    }
}
