//! Passes clean orders of low risk by policy. When an order comes to review, its fact on the bus makes a job, and the
//! job judges the order as a reviewer's pass would. What the policy does not allow waits for a reviewer, untouched.

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use icp_bus::{Delivery, Effects, Failure, Handler, Job, JobError, NewJob, Worker};
use icp_domain::OrderType;
use icp_proto::order as order_proto;
use prost::Message as _;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::policy::{Case, Policy};
use crate::api::Api;
use crate::api::auth::{Caller, Role};
use crate::order::Phase;

const KIND: &str = "review.automatic";

/// Turns the facts of orders that came to review into jobs.
#[derive(Debug)]
pub struct ReviewRequests;

#[async_trait]
impl Handler for ReviewRequests {
    type Message = Uuid;

    fn decode(&self, _kind: &str, payload: &[u8]) -> Result<Uuid, String> {
        let message = order_proto::OrderEvent::decode(payload).map_err(|error| format!("no OrderEvent: {error}"))?;
        Uuid::parse_str(&message.order_id).map_err(|_| "order_id is not a UUID".to_owned())
    }

    async fn handle(
        &self,
        _connection: &mut PgConnection,
        batch: &[Delivery<Uuid>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        for delivery in batch {
            effects.set_cause(delivery.traceparent.clone());
            let key = delivery.message.to_string();
            effects.job(NewJob { kind: KIND, key, payload: Vec::new(), run_at: Utc::now() });
        }
        Ok(())
    }
}

/// Judges orders by the policy and passes those that it allows.
pub struct AutomaticReview {
    /// What a reviewer's pass works with.
    pub api: Api,
}

#[async_trait]
impl Worker for AutomaticReview {
    type Answer = ();

    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, job: &Job) -> Result<(), JobError> {
        let id = Uuid::parse_str(&job.key).map_err(|error| JobError::GiveUp(error.to_string()))?;
        match self.review(id).await {
            Ok(is_passed) => {
                tracing::info!(order.id = %id, is_passed, "an order was judged by the policy");
                Ok(())
            }
            // Somebody was faster: the order does not wait for the policy any more.
            Err(problem) if problem.is_refusal() => Ok(()),
            Err(problem) => Err(JobError::Retry(problem.to_string())),
        }
    }

    async fn complete(&self, _: &mut PgConnection, _: &[(Job, ())], _: &mut Effects) -> Result<(), sqlx::Error> {
        Ok(())
    }
}

impl AutomaticReview {
    /// Passes the order if the policy allows; a second time, or too late, changes nothing.
    async fn review(&self, id: Uuid) -> Result<bool, crate::api::problem::Problem> {
        let api = &self.api;
        let (policy, second_opinion) = (&api.config.review.automatic, api.config.review.second_opinion);
        let waiting = api.reads.order(id).await?.filter(|stored| stored.order.phase == Phase::ProviderReview);
        let Some(stored) = waiting else { return Ok(false) };
        let filing = api.filing(&stored)?;
        let materials = api.reads.materials(id).await?;
        let verdict = api.judge(&stored, &filing, &materials).await?;
        let standing = standing(&api.bus.context().pool, &stored.account, policy, api.clock.now()).await?;
        let case = Case {
            province: filing.province,
            order_type: filing.order_type,
            findings: stored.order.findings.iter().chain(&verdict.findings).collect(),
            approved_orders: u32::try_from(standing.approved_orders).unwrap_or(u32::MAX),
            was_returned: standing.was_returned,
        };
        // A policy is no second person.
        if second_opinion.is_needed(&stored.order, &verdict) || !policy.allows(&case) {
            return Ok(false);
        }
        let caller = Caller::new(policy.actor(), Role::Policy, "");
        api.pass_judged(&caller, stored, &filing, &materials, verdict).await?;
        Ok(true)
    }
}

#[derive(Debug, sqlx::FromRow)]
struct Standing {
    approved_orders: i64,
    was_returned: bool,
}

/// How an account stands, as far as the policy asks. Only what a bureau has approved counts: a transfer needs nobody's
/// look.
async fn standing(
    pool: &PgPool,
    account: &str,
    policy: &Policy,
    now: chrono::DateTime<Utc>,
) -> Result<Standing, sqlx::Error> {
    let reported = OrderType::ALL.into_iter().filter(|order_type| order_type.description().bureau.is_some());
    sqlx::query_as(include_str!("../../queries/account_standing.sql"))
        .bind(account)
        .bind(i64::from(policy.approved_orders_min))
        .bind(now - TimeDelta::days(policy.days_without_return.into()))
        .bind(reported.map(OrderType::as_str).collect::<Vec<_>>())
        .fetch_one(pool)
        .await
}
