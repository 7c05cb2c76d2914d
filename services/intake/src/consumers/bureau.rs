//! What the relay tells of the bureau: receipts, decisions, answers to questions, and what is on record there.

use chrono::DateTime;
use icp_bus::Failure;
use icp_domain::{Filing, Finding};
use icp_kit::{DataKey, Keyring};
use icp_proto::{bureau, common};
use uuid::Uuid;

use super::{Answers, Fact, Said, Told, order_id, read as decoded};
use crate::archive::mismatch::{BureauRecord, BureauService};
use crate::archive::outcome::removal::{Removal, Removed};
use crate::bureau_results;
use crate::desk::words::{self, Words};
use crate::determination::Recorded;
use crate::order::{BureauIds, Command, Numbers};
use crate::reactions::Attachments;
use crate::store::StoredOrder;

/// A refusal as it came.
#[derive(Debug, Clone)]
pub(super) struct Rejection {
    attempt: u32,
    results: Vec<bureau_results::Told>,
    sms_timeout: bool,
}

/// Reads a fact of the relay.
pub(super) fn read(keyring: &Keyring, kind: &str, payload: &[u8]) -> Result<Told, String> {
    let fact = match kind {
        "icp.evt.bureau.v1.received" => {
            let message: bureau::Received = decoded(payload)?;
            let command = Command::BureauReceived { attempt: message.attempt, data_sequence: message.data_sequence };
            Fact::new(order_id(&message.order_id)?, command)
        }
        "icp.evt.bureau.v1.approved" => {
            let message: bureau::Approved = decoded(payload)?;
            let order_id = order_id(&message.order_id)?;
            let ids = BureauIds {
                organiser: message.organiser_id,
                services: message.service_ids,
                accesses: message.access_ids,
            };
            let numbers =
                Numbers { organiser_number: message.organiser_number, service_numbers: message.service_numbers, ids };
            Fact::new(order_id, Command::BureauApproved { attempt: message.attempt, numbers })
        }
        "icp.evt.bureau.v1.rejected" => rejection(keyring, decoded(payload)?)?,
        "icp.evt.bureau.v1.withdrawal_answered" => {
            let message: bureau::WithdrawalAnswered = decoded(payload)?;
            let command = Command::WithdrawalAnswered { attempt: message.attempt, is_withdrawn: message.is_withdrawn };
            Fact::new(order_id(&message.order_id)?, command)
        }
        "icp.evt.bureau.v1.status_answered" => {
            let message: bureau::StatusAnswered = decoded(payload)?;
            let query = Uuid::parse_str(&message.query_id).map_err(|_| "query_id is not a UUID".to_owned())?;
            return Ok(Told::Status(query, recorded(message)));
        }
        "icp.evt.bureau.v1.recorded" => {
            let message: bureau::Recorded = decoded(payload)?;
            let sealed = message.record.ok_or("record is missing")?;
            let record = keyring.open(&sealed, &message.record_id).map_err(|error| error.to_string())?;
            return Ok(Told::Record(Box::new(bureau_record(record)?)));
        }
        "icp.evt.bureau.v1.removed" => return removal(decoded(payload)?).map(Told::Removal),
        // Facts that do not concern intake.
        _ => return Ok(Told::Nothing),
    };
    Ok(Told::Order(fact))
}

fn rejection(keyring: &Keyring, message: bureau::Rejected) -> Result<Fact, String> {
    let mut texts = Vec::new();
    if let Some(sealed) = &message.words {
        match keyring.open::<bureau::Words>(sealed, &message.order_id) {
            Ok(words) => texts = words.texts,
            // The applicant learns the codes; the words are in the bureau's download, which the relay keeps.
            Err(error) => tracing::error!(%error, order.id = message.order_id, "the bureau's words cannot be opened"),
        }
    }
    let mut texts = texts.into_iter();
    let results = message.results.into_iter().map(|result| bureau_results::Told {
        code: result.code,
        field: result.field,
        text: texts.next().unwrap_or_default(),
    });
    let rejection =
        Rejection { attempt: message.attempt, results: results.collect(), sms_timeout: message.sms_timeout };
    Ok(Fact { order_id: order_id(&message.order_id)?, said: Said::Rejection(rejection) })
}

impl Answers {
    /// The command of a refusal: findings on the fields that it names, and the bureau's words, encrypted for the order
    /// and sealed for the notice.
    pub(super) fn rejected(
        &self,
        stored: &StoredOrder,
        rejection: &Rejection,
    ) -> Result<(Command, Attachments), Failure> {
        let later = |error: &dyn std::fmt::Display| Failure::Retry(error.to_string());
        let context = stored.id.as_bytes();
        let key = self.vault.unwrap_key(&stored.data_key, context).map_err(|error| later(&error))?;
        let filing = filing(&key, stored).map_err(|error| Failure::Retry(error.to_string()))?;
        let found = self.bureau_results.findings(&rejection.results, rejection.sms_timeout, &filing);
        let (findings, texts): (Vec<Finding>, Vec<String>) = found.into_iter().unzip();
        let own: Vec<Words> = texts.into_iter().map(|reason| Words { reason, ..Words::default() }).collect();
        let command = Command::BureauRejected { attempt: rejection.attempt, findings };
        let command = match words::lock(&key, stored.id, &own).map_err(|error| later(&error))? {
            Some(words) => Command::InWords { words, command: Box::new(command) },
            None => command,
        };
        let words = words::for_notice(&self.keyring, stored.id, &own).map_err(|error| later(&error))?;
        Ok((command, Attachments { words, ..Attachments::default() }))
    }
}

fn filing(key: &DataKey, stored: &StoredOrder) -> anyhow::Result<Filing> {
    Ok(serde_json::from_slice(&key.decrypt(stored.id.as_bytes(), &stored.content)?)?)
}

fn recorded(message: bureau::StatusAnswered) -> Recorded {
    match (message.code, message.is_filed) {
        (0, true) => {
            Recorded::Filed { organiser_number: message.organiser_number, service_number: message.service_number }
        }
        (0, false) => Recorded::Nothing,
        (code, _) => Recorded::unknown(code, message.words.as_ref()),
    }
}

fn removal(message: bureau::Removed) -> Result<Removal, String> {
    Ok(Removal {
        what: Removed::parse(&message.kind).ok_or("kind is none of organiser, service and access")?,
        number: message.number,
        bureau_id: message.bureau_id,
        at: DateTime::from_timestamp_millis(message.at_unix_ms).ok_or("at_unix_ms is out of range")?,
    })
}

fn bureau_record(message: bureau::OrganiserRecord) -> Result<BureauRecord, String> {
    let nature = u16::try_from(message.nature).map_err(|_| "nature is out of range".to_owned())?;
    let services = message.services.into_iter().map(|service| BureauService {
        number: service.number,
        id: service.id,
        name: service.name,
        domains: service.domains,
        addresses: service.addresses,
    });
    Ok(BureauRecord {
        organiser_number: message.number,
        organiser_id: message.id,
        name: message.name,
        nature,
        certificate_number: message.certificate.map(|common::Certificate { number, .. }| number).unwrap_or_default(),
        services: services.collect(),
        is_whole: message.is_whole,
    })
}
