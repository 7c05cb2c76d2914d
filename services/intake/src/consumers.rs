//! Facts of the other services move orders on.

use std::collections::HashMap;

use async_trait::async_trait;
use icp_bus::{Delivery, Effects, Failure, Handler};
use icp_domain::Stage;
use icp_kit::vault::VaultError;
use icp_kit::{Clock, Vault};
use icp_proto::{authority, bureau, identity};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::approval::CarriedOut;
use crate::archive;
use crate::desk::words::{self, Words};
use crate::determination::{self, Recorded};
use crate::idle::Plan;
use crate::order::{
    BureauIds, CheckResult, Command, DomainFacts, EnterpriseFacts, Event, Numbers, Registers, decide, evolve,
};
use crate::reactions::{Attachments, finding_from, react};
use crate::store::{self, Change, StoredOrder};

/// Turns facts of one kind of service into commands.
#[derive(Debug, Clone)]
pub struct Answers {
    /// Whose facts, as the history names the actor.
    pub actor: &'static str,
    /// Business time.
    pub clock: Clock,
    /// Opens what is carried out, for the archive, and keeps the bureau's words.
    pub vault: Vault,
    /// When idle orders are reminded of.
    pub idle: Plan,
}

/// A fact about one order.
#[derive(Debug, Clone)]
pub struct Fact {
    order_id: Uuid,
    command: Command,
    /// The bureau's own words, one entry per finding of the command.
    words: Vec<Words>,
}

impl Fact {
    fn new(order_id: Uuid, command: Command) -> Self {
        Self { order_id, command, words: Vec::new() }
    }
}

/// What a message says to intake.
#[derive(Debug, Clone)]
pub enum Told {
    /// A fact about an order.
    Order(Fact),
    /// The ministry's answer to a query.
    Status(Uuid, Recorded),
    /// Nothing that concerns it.
    Nothing,
}

impl Told {
    fn fact(&self) -> Option<&Fact> {
        if let Self::Order(fact) = self { Some(fact) } else { None }
    }

    fn status(&self) -> Option<(Uuid, Recorded)> {
        if let Self::Status(query, recorded) = self { Some((*query, recorded.clone())) } else { None }
    }
}

#[async_trait]
impl Handler for Answers {
    type Message = Told;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<Self::Message, String> {
        let fact = match kind {
            "icp.evt.identity.v1.verified" => identity_fact(read(payload)?)?,
            "icp.evt.authority.v1.answered" => authority_fact(read(payload)?)?,
            "icp.evt.bureau.v1.received" => {
                let message: bureau::Received = read(payload)?;
                let command =
                    Command::BureauReceived { attempt: message.attempt, data_sequence: message.data_sequence };
                Fact::new(order_id(&message.order_id)?, command)
            }
            "icp.evt.bureau.v1.approved" => {
                let message: bureau::Approved = read(payload)?;
                let order_id = order_id(&message.order_id)?;
                let ids = BureauIds {
                    organiser: message.organiser_id,
                    services: message.service_ids,
                    accesses: message.access_ids,
                };
                let numbers = Numbers {
                    organiser_number: message.organiser_number,
                    service_numbers: message.service_numbers,
                    ids,
                };
                let command = Command::BureauApproved { attempt: message.attempt, numbers };
                Fact::new(order_id, command)
            }
            "icp.evt.bureau.v1.rejected" => bureau_rejection(read(payload)?)?,
            "icp.evt.bureau.v1.status_answered" => {
                let message: bureau::StatusAnswered = read(payload)?;
                let query = Uuid::parse_str(&message.query_id).map_err(|_| "query_id is not a UUID".to_owned())?;
                return Ok(Told::Status(query, recorded(message)));
            }
            // Facts that do not concern the life of an order.
            _ => return Ok(Told::Nothing),
        };
        Ok(Told::Order(fact))
    }

    async fn handle(
        &self,
        connection: &mut PgConnection,
        batch: &[Delivery<Self::Message>],
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let now = self.clock.now();
        let answers: Vec<(Uuid, Recorded)> = batch.iter().filter_map(|d| d.message.status()).collect();
        if !answers.is_empty() {
            determination::store::answer(connection, &answers).await?;
        }
        let ids: Vec<Uuid> = batch.iter().filter_map(|d| d.message.fact()).map(|fact| fact.order_id).collect();
        let mut orders = store::load_for_update(connection, &ids).await?;
        let mut changes: HashMap<Uuid, Change> = HashMap::new();
        for delivery in batch {
            let Some(fact) = delivery.message.fact() else { continue };
            let stored = orders
                .get_mut(&fact.order_id)
                .ok_or_else(|| Failure::Discard(format!("order {} is not known here", fact.order_id)))?;
            let command = self.command(stored, fact).map_err(|error| Failure::Retry(error.to_string()))?;
            let events = decide(&stored.order, command).map_err(|rejection| Failure::Discard(rejection.to_string()))?;
            if events.is_empty() {
                continue;
            }
            let change = changes.entry(stored.id).or_insert_with(|| Change {
                id: stored.id,
                from_version: stored.order.version,
                after: stored.order.clone(),
                at: now,
                actor: self.actor.to_owned(),
                role: "service",
                events: Vec::new(),
                content: None,
                sealed: None,
                carried_out: None,
            });
            stored.order = events.iter().fold(stored.order.clone(), evolve);
            change.after = stored.order.clone();
            effects.set_cause(delivery.traceparent.clone());
            react(effects, stored, &events, now, Attachments::default());
            if matches!(events.last(), Some(Event::Returned { .. })) {
                effects.send(self.idle.first_timer(stored.id, now));
            }
            if let Some(carried_out) = CarriedOut::of(stored, &events, now) {
                change.carried_out = Some(carried_out);
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
        let carried_out = changes.iter().filter_map(|change| change.carried_out.as_ref());
        archive::enter(connection, &self.vault, carried_out).await?;
        Ok(())
    }
}

impl Answers {
    /// The command of a fact, with the bureau's words encrypted for the order.
    fn command(&self, stored: &StoredOrder, fact: &Fact) -> Result<Command, VaultError> {
        if fact.words.is_empty() {
            return Ok(fact.command.clone());
        }
        let key = self.vault.unwrap_key(&stored.data_key, stored.id.as_bytes())?;
        Ok(match words::lock(&key, stored.id, &fact.words)? {
            Some(words) => Command::InWords { words, command: Box::new(fact.command.clone()) },
            None => fact.command.clone(),
        })
    }
}

fn identity_fact(message: identity::Verified) -> Result<Fact, String> {
    let command = Command::IdentityAnswered {
        attempt: message.attempt,
        results: message.checks.into_iter().map(check_result).collect(),
        findings: message.findings.into_iter().map(|f| finding_from(f, Stage::Identity)).collect(),
    };
    Ok(Fact::new(order_id(&message.order_id)?, command))
}

fn check_result(check: identity::Check) -> CheckResult {
    CheckResult { check: check.name, field: check.subject, passed: check.passed, evidence: check.evidence }
}

fn register_result(answer: authority::Answer) -> CheckResult {
    let passed = answer.result == "match";
    CheckResult { check: answer.authority, field: answer.field, passed, evidence: answer.reference }
}

fn authority_fact(message: authority::Answered) -> Result<Fact, String> {
    let command = Command::AuthorityAnswered {
        attempt: message.attempt,
        results: message.answers.into_iter().map(register_result).collect(),
        findings: message.findings.into_iter().map(|f| finding_from(f, Stage::Authority)).collect(),
        registers: Registers {
            enterprise: message.enterprise.map(|facts| EnterpriseFacts { found: facts.found, status: facts.status }),
            domains: message.domains.into_iter().map(domain_facts).collect(),
        },
    };
    Ok(Fact::new(order_id(&message.order_id)?, command))
}

fn domain_facts(facts: authority::DomainFacts) -> DomainFacts {
    DomainFacts {
        domain: facts.domain,
        found: facts.found,
        real_named: facts.real_named,
        expires_on: facts.expires_on.parse().ok(),
        registrar_approved: facts.registrar_approved,
    }
}

fn bureau_rejection(message: bureau::Rejected) -> Result<Fact, String> {
    let codes = message.results.iter().map(|result| result.code).collect();
    let command = Command::BureauRejected { attempt: message.attempt, codes, sms_timeout: message.sms_timeout };
    let words = message.results.into_iter().map(|result| Words { reason: result.text, ..Words::default() }).collect();
    Ok(Fact { words, ..Fact::new(order_id(&message.order_id)?, command) })
}

fn recorded(message: bureau::StatusAnswered) -> Recorded {
    match (message.code, message.is_filed) {
        (0, true) => {
            Recorded::Filed { organiser_number: message.organiser_number, service_number: message.service_number }
        }
        (0, false) => Recorded::Nothing,
        (code, _) => Recorded::Unknown { code, text: message.text },
    }
}

fn read<M: prost::Message + Default>(payload: &[u8]) -> Result<M, String> {
    M::decode(payload).map_err(|error| format!("the body is not a {}: {error}", std::any::type_name::<M>()))
}

fn order_id(text: &str) -> Result<Uuid, String> {
    Uuid::parse_str(text).map_err(|_| "order_id is not a UUID".to_owned())
}
