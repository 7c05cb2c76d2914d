//! Tasks from the bus: each new submission becomes a row and a job.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::Utc;
use icp_bus::{Delivery, Effects, Failure, Handler, NewJob};
use icp_domain::Province;
use icp_kit::Clock;
use icp_proto::identity::Verify;
use prost::Message as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::{self, NewVerification, SubmissionKey};
use crate::verify::{JOB_KIND, job_payload};

/// A checked task.
#[derive(Debug)]
pub struct Task {
    order_id: Uuid,
    attempt: i32,
    province: Province,
    body: Vec<u8>,
}

/// Takes `icp.task.identity.v1.verify`.
pub struct IdentityTasks {
    /// Business time.
    pub clock: Clock,
}

#[async_trait]
impl Handler for IdentityTasks {
    type Message = Task;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<Task, String> {
        if kind != "icp.task.identity.v1.verify" {
            return Err(format!("tasks of type {kind} are unknown to this version"));
        }
        let task = Verify::decode(payload).map_err(|error| error.to_string())?;
        let order_id = Uuid::parse_str(&task.order_id).map_err(|_| "order_id is not a UUID")?;
        let attempt = i32::try_from(task.attempt).ok().filter(|attempt| *attempt > 0);
        let attempt = attempt.ok_or("attempt is not a number from 1")?;
        let province = Province::parse(&task.province).ok_or("province is unknown")?;
        if task.subject.is_none() {
            return Err("the sealed subject is missing".to_owned());
        }
        Ok(Task { order_id, attempt, province, body: payload.to_vec() })
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<Task>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let mut causes: HashMap<SubmissionKey, Option<String>> = HashMap::new();
        let mut verifications = Vec::with_capacity(batch.len());
        for delivery in batch {
            let task = &delivery.message;
            let key = (task.order_id, task.attempt);
            causes.entry(key).or_insert_with(|| delivery.traceparent.clone());
            verifications.push(NewVerification { key, province: task.province.letters(), task: task.body.clone() });
        }
        let new = store::insert_verifications(connection, &verifications, self.clock.now()).await?;
        for key in new {
            effects.set_cause(causes.remove(&key).flatten());
            effects.job(NewJob {
                kind: JOB_KIND,
                key: key.0.to_string(),
                payload: job_payload(key),
                run_at: Utc::now(),
            });
        }
        Ok(())
    }
}
