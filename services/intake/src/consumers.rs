//! Facts of the other services move orders on. What the bureau tells is read in [`bureau`].

pub mod bureau;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use icp_bus::{Delivery, Effects, Failure, Handler};
use icp_domain::Stage;
use icp_kit::{Clock, Keyring, Vault};
use icp_proto::{authority, identity};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::approval::CarriedOut;
use crate::archive;
use crate::archive::footer::FooterForms;
use crate::archive::mismatch::{self, BureauRecord};
use crate::archive::outcome::removal::Removal;
use crate::bureau_results::BureauResults;
use crate::determination::{self, Recorded};
use crate::idle::Plan;
use crate::order::{CheckResult, Command, DomainFacts, EnterpriseFacts, Event, Registers, decide, evolve};
use crate::public_security::PublicSecurityTerm;
use crate::reactions::{Attachments, finding_from, react};
use crate::registered::{self, RegisteredEnterprise};
use crate::store::{self, Change, StoredOrder};
use bureau::Rejection;

/// Turns facts of one kind of service into commands.
#[derive(Clone)]
pub struct Answers {
    /// Whose facts, as the history names the actor.
    pub actor: &'static str,
    /// Business time.
    pub clock: Clock,
    /// Opens what is carried out, for the archive, and keeps the bureau's words.
    pub vault: Vault,
    /// Opens what the relay seals for intake, and seals what notices say.
    pub keyring: Arc<Keyring>,
    /// What the bureau's codes mean.
    pub bureau_results: Arc<BureauResults>,
    /// When idle orders are reminded of.
    pub idle: Plan,
    /// Which number approved sites show.
    pub footers: FooterForms,
    /// When what was approved must be filed with the police.
    pub public_security: PublicSecurityTerm,
}

/// A fact about one order.
#[derive(Debug, Clone)]
pub struct Fact {
    order_id: Uuid,
    said: Said,
}

/// What a fact says of its order.
#[derive(Debug, Clone)]
enum Said {
    /// What the state machine understands.
    Command(Command),
    /// What the registers answer, with what that of enterprises says of the organiser.
    Registers(Command, Option<Box<RegisteredEnterprise>>),
    /// A refusal of the bureau, which has to be held against the filing first.
    Rejection(Rejection),
}

impl Fact {
    fn new(order_id: Uuid, command: Command) -> Self {
        Self { order_id, said: Said::Command(command) }
    }
}

/// What a message says to intake.
#[derive(Debug, Clone)]
pub enum Told {
    /// A fact about an order.
    Order(Fact),
    /// The ministry's answer to a query.
    Status(Uuid, Recorded),
    /// What the bureau has on record of an organiser.
    Record(Box<BureauRecord>),
    /// What the bureau took off the record.
    Removal(Removal),
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

    fn removal(&self) -> Option<Removal> {
        if let Self::Removal(removal) = self { Some(removal.clone()) } else { None }
    }

    fn record(&self) -> Option<BureauRecord> {
        if let Self::Record(record) = self { Some(record.as_ref().clone()) } else { None }
    }
}

/// Reads a message of another service.
pub fn told(keyring: &Keyring, kind: &str, payload: &[u8]) -> Result<Told, String> {
    let fact = match kind {
        "icp.evt.identity.v1.verified" => identity_fact(read(payload)?)?,
        "icp.evt.authority.v1.answered" => authority_fact(keyring, read(payload)?)?,
        _ => return bureau::read(keyring, kind, payload),
    };
    Ok(Told::Order(fact))
}

#[async_trait]
impl Handler for Answers {
    type Message = Told;

    fn decode(&self, kind: &str, payload: &[u8]) -> Result<Self::Message, String> {
        told(&self.keyring, kind, payload)
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
        // With the place of the last delivery about each: outcomes enter the archive in their sequence.
        let mut changes: HashMap<Uuid, (usize, Change)> = HashMap::new();
        let mut enterprises: HashMap<Uuid, Option<Vec<u8>>> = HashMap::new();
        for (place, delivery) in batch.iter().enumerate() {
            let Some(fact) = delivery.message.fact() else { continue };
            let stored = orders
                .get_mut(&fact.order_id)
                .ok_or_else(|| Failure::Discard(format!("order {} is not known here", fact.order_id)))?;
            let (command, attachments) = match &fact.said {
                Said::Command(command) | Said::Registers(command, _) => (command.clone(), Attachments::default()),
                Said::Rejection(rejection) => self.rejected(stored, rejection)?,
            };
            let events = decide(&stored.order, command).map_err(|rejection| Failure::Discard(rejection.to_string()))?;
            if events.is_empty() {
                continue;
            }
            if let Said::Registers(_, record) = &fact.said {
                enterprises.insert(stored.id, self.locked(stored, record.as_deref()));
            }
            let (last, change) = changes.entry(stored.id).or_insert_with(|| {
                let change = Change {
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
                };
                (place, change)
            });
            *last = place;
            stored.order = events.iter().fold(stored.order.clone(), evolve);
            change.after = stored.order.clone();
            effects.set_cause(delivery.traceparent.clone());
            let footer_numbers = self.footers.numbers(&stored.province, &events);
            let public_security_end = self.public_security.begun(stored.order.order_type, &events, now);
            if public_security_end.is_some() {
                effects.send(self.public_security.timers(stored.id, now));
            }
            let attachments = Attachments { footer_numbers, public_security_end, ..attachments };
            react(effects, stored, &events, now, attachments);
            if matches!(events.last(), Some(Event::Returned { .. })) {
                effects.send(self.idle.first_timer(stored.id, now));
            }
            if let Some(carried_out) = CarriedOut::of(stored, &events, now) {
                change.carried_out = Some(carried_out);
            }
            change.events.extend(events);
        }
        if !changes.is_empty() {
            let mut changes: Vec<(usize, Change)> = changes.into_values().collect();
            changes.sort_by_key(|(last, _)| *last);
            let changes: Vec<Change> = changes.into_iter().map(|(_, change)| change).collect();
            if store::save(connection, &changes).await?.len() != changes.len() {
                return Err(Failure::Retry("an order changed at the same time".to_owned()));
            }
            let carried_out = changes.iter().filter_map(|change| change.carried_out.as_ref());
            archive::enter(connection, &self.vault, carried_out).await?;
        }
        if !enterprises.is_empty() {
            registered::keep(connection, &enterprises).await?;
        }
        let removals: Vec<Removal> = batch.iter().filter_map(|delivery| delivery.message.removal()).collect();
        if !removals.is_empty() {
            archive::remove(connection, &self.vault, &removals).await?;
        }
        let records: Vec<BureauRecord> = batch.iter().filter_map(|delivery| delivery.message.record()).collect();
        if !records.is_empty() {
            mismatch::compare(connection, &self.vault, &records, now).await?;
        }
        Ok(())
    }
}

impl Answers {
    /// What the register of enterprises says, encrypted for the order; nothing where the order's data was erased.
    fn locked(&self, stored: &StoredOrder, record: Option<&RegisteredEnterprise>) -> Option<Vec<u8>> {
        let record = record?;
        let key = self.vault.unwrap_key(&stored.data_key, stored.id.as_bytes());
        let locked = key.and_then(|key| record.lock(&key, stored.id));
        locked.inspect_err(|error| tracing::warn!(%error, order.id = %stored.id, "the record is not kept")).ok()
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
    CheckResult {
        check: check.name,
        field: check.subject,
        passed: check.passed && !check.open,
        open: check.open,
        evidence: check.evidence,
    }
}

/// A register that stayed silent says nothing; a word that this version does not know says nothing either.
fn register_result(answer: authority::Answer) -> CheckResult {
    let (passed, open) = match answer.result.as_str() {
        "match" => (true, false),
        "mismatch" | "not_found" => (false, false),
        _ => (false, true),
    };
    CheckResult { check: answer.authority, field: answer.field, passed, open, evidence: answer.reference }
}

fn authority_fact(keyring: &Keyring, message: authority::Answered) -> Result<Fact, String> {
    let record = message.enterprise.as_ref().and_then(|facts| opened(keyring, &message.order_id, facts));
    let command = Command::AuthorityAnswered {
        attempt: message.attempt,
        results: message.answers.into_iter().map(register_result).collect(),
        findings: message.findings.into_iter().map(|f| finding_from(f, Stage::Authority)).collect(),
        registers: Registers {
            enterprise: message.enterprise.map(|facts| EnterpriseFacts { found: facts.found, status: facts.status }),
            domains: message.domains.into_iter().map(domain_facts).collect(),
        },
    };
    Ok(Fact { order_id: order_id(&message.order_id)?, said: Said::Registers(command, record.map(Box::new)) })
}

/// What cannot be opened is left out: the order goes on without it.
fn opened(keyring: &Keyring, order_id: &str, facts: &authority::EnterpriseFacts) -> Option<RegisteredEnterprise> {
    let record = keyring.open::<authority::EnterpriseRecord>(facts.record.as_ref()?, order_id);
    let record =
        record.inspect_err(|error| tracing::error!(%error, order.id = order_id, "the record cannot be opened"));
    record.ok().map(RegisteredEnterprise::from)
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

fn read<M: prost::Message + Default>(payload: &[u8]) -> Result<M, String> {
    M::decode(payload).map_err(|error| format!("the body is not a {}: {error}", std::any::type_name::<M>()))
}

fn order_id(text: &str) -> Result<Uuid, String> {
    Uuid::parse_str(text).map_err(|_| "order_id is not a UUID".to_owned())
}
