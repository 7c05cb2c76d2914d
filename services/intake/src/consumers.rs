//! Facts of the other services move orders on.

use std::collections::HashMap;

use async_trait::async_trait;
use icp_bus::{Delivery, Effects, Failure, Handler};
use icp_domain::Stage;
use icp_kit::{Clock, Vault};
use icp_proto::{authority, bureau, identity};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::archive::{self, Filed};
use crate::order::{BureauResult, Command, Event, decide, evolve};
use crate::reactions::{Attachments, finding_from, react};
use crate::store::{self, Change};

/// Turns facts of one kind of service into commands.
#[derive(Debug, Clone)]
pub struct Answers {
    /// Whose facts, as the history names the actor.
    pub actor: &'static str,
    /// Business time.
    pub clock: Clock,
    /// Opens the content of orders that are approved, for the archive.
    pub vault: Vault,
}

/// A fact about one order.
#[derive(Debug, Clone)]
pub struct Fact {
    order_id: Uuid,
    command: Command,
}

#[async_trait]
impl Handler for Answers {
    type Message = Option<Fact>;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<Self::Message, String> {
        let fact = match kind {
            "icp.evt.identity.v1.verified" => identity_fact(read(payload)?)?,
            "icp.evt.authority.v1.answered" => authority_fact(read(payload)?)?,
            "icp.evt.bureau.v1.received" => {
                let message: bureau::Received = read(payload)?;
                let command =
                    Command::BureauReceived { attempt: message.attempt, data_sequence: message.data_sequence };
                Fact { order_id: order_id(&message.order_id)?, command }
            }
            "icp.evt.bureau.v1.approved" => {
                let message: bureau::Approved = read(payload)?;
                let order_id = order_id(&message.order_id)?;
                let (organiser_number, service_numbers) = (message.organiser_number, message.service_numbers);
                let command = Command::BureauApproved { attempt: message.attempt, organiser_number, service_numbers };
                Fact { order_id, command }
            }
            "icp.evt.bureau.v1.rejected" => bureau_rejection(read(payload)?)?,
            // Facts that do not concern the life of an order.
            _ => return Ok(None),
        };
        Ok(Some(fact))
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<Self::Message>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let ids: Vec<Uuid> = batch.iter().filter_map(|d| d.message.as_ref()).map(|fact| fact.order_id).collect();
        let mut orders = store::load_for_update(connection, &ids).await?;
        let mut changes: HashMap<Uuid, Change> = HashMap::new();
        let mut filed = Vec::new();
        for delivery in batch {
            let Some(fact) = &delivery.message else { continue };
            let stored = orders
                .get_mut(&fact.order_id)
                .ok_or_else(|| Failure::Discard(format!("order {} is not known here", fact.order_id)))?;
            let events = decide(&stored.order, fact.command.clone())
                .map_err(|rejection| Failure::Discard(rejection.to_string()))?;
            if events.is_empty() {
                continue;
            }
            let change = changes.entry(stored.id).or_insert_with(|| Change {
                id: stored.id,
                from_version: stored.order.version,
                after: stored.order.clone(),
                at: now,
                actor: self.actor.to_owned(),
                events: Vec::new(),
                content: None,
                sealed: None,
            });
            stored.order = events.iter().fold(stored.order.clone(), evolve);
            change.after = stored.order.clone();
            effects.set_cause(delivery.traceparent.clone());
            react(effects, stored, &events, now, Attachments::default());
            if events.iter().any(|event| matches!(event, Event::Approved { .. })) {
                filed.push(Filed::of(&self.vault, stored, now)?);
            }
            change.events.extend(events);
        }
        if changes.is_empty() {
            return Ok(());
        }
        let changes: Vec<Change> = changes.into_values().collect();
        if store::save(connection, &changes).await?.len() != changes.len() {
            return Err(Failure::Retry("an order changed at the same time".to_owned()));
        }
        if !filed.is_empty() {
            archive::apply(connection, &self.vault, &filed).await?;
        }
        Ok(())
    }
}

fn identity_fact(message: identity::Verified) -> Result<Fact, String> {
    let command = Command::IdentityAnswered {
        attempt: message.attempt,
        checks: u32::try_from(message.checks.len()).unwrap_or(u32::MAX),
        findings: message.findings.into_iter().map(|f| finding_from(f, Stage::Identity)).collect(),
    };
    Ok(Fact { order_id: order_id(&message.order_id)?, command })
}

fn authority_fact(message: authority::Answered) -> Result<Fact, String> {
    let command = Command::AuthorityAnswered {
        attempt: message.attempt,
        answers: u32::try_from(message.answers.len()).unwrap_or(u32::MAX),
        findings: message.findings.into_iter().map(|f| finding_from(f, Stage::Authority)).collect(),
    };
    Ok(Fact { order_id: order_id(&message.order_id)?, command })
}

fn bureau_rejection(message: bureau::Rejected) -> Result<Fact, String> {
    let results = message.results.into_iter().map(|r| BureauResult { code: r.code, text: r.text }).collect();
    let command = Command::BureauRejected { attempt: message.attempt, results, sms_timeout: message.sms_timeout };
    Ok(Fact { order_id: order_id(&message.order_id)?, command })
}

fn read<M: prost::Message + Default>(payload: &[u8]) -> Result<M, String> {
    M::decode(payload).map_err(|error| format!("the body is not a {}: {error}", std::any::type_name::<M>()))
}

fn order_id(text: &str) -> Result<Uuid, String> {
    Uuid::parse_str(text).map_err(|_| "order_id is not a UUID".to_owned())
}
