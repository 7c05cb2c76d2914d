//! What the relay tells the other services: `icp.evt.bureau.v1.{received,approved,rejected,withdrawal_answered,
//! status_answered,recorded,removed}.<province>`. Words of the bureau and its records are sealed for intake.

use chrono::{DateTime, Utc};
use icp_bus::Outgoing;
use icp_domain::identifiers::FilingNumber;
use icp_kit::Keyring;
use icp_proto::common::{Certificate, Sealed};
use icp_proto::{bureau, relay};
use uuid::Uuid;

use crate::reply::Outcome;
use crate::store::{OrderRef, RemovedRecord};
use crate::wire::answer::MsgCode;
use crate::wire::download::FiledRecord;

const AREA: &str = "bureau";
/// Who reads the bureau's words.
pub const WORDS_FOR: &str = "intake";

/// The bureau has the upload with this number.
pub fn received(order: &OrderRef, data_sequence: i64, now: DateTime<Utc>) -> Outgoing {
    let message = bureau::Received {
        order_id: order.order_id.to_string(),
        attempt: attempt_of(order),
        province: order.province.clone(),
        data_sequence,
        at_unix_ms: now.timestamp_millis(),
    };
    Outgoing::event(AREA, "received", &order.province, order.order_id, &message)
}

/// The filing has its end at the bureau.
pub fn ended(keyring: &Keyring, order: &OrderRef, outcome: &Outcome, now: DateTime<Utc>) -> Outgoing {
    let at_unix_ms = now.timestamp_millis();
    match outcome {
        Outcome::Approved(approval) => {
            // 0 says that an id is not known.
            let known = |ids: &[Option<i64>]| ids.iter().map(|id| id.unwrap_or(0)).collect();
            let message = bureau::Approved {
                order_id: order.order_id.to_string(),
                attempt: attempt_of(order),
                province: order.province.clone(),
                organiser_number: approval.organiser_number.clone(),
                service_numbers: approval.service_numbers.clone(),
                at_unix_ms,
                organiser_id: approval.organiser_id.unwrap_or(0),
                service_ids: known(&approval.service_ids),
                access_ids: known(&approval.access_ids),
            };
            Outgoing::event(AREA, "approved", &order.province, order.order_id, &message)
        }
        Outcome::Rejected { results, sms_timeout } => {
            let message = bureau::Rejected {
                order_id: order.order_id.to_string(),
                attempt: attempt_of(order),
                province: order.province.clone(),
                results: results
                    .iter()
                    .map(|result| bureau::ResultCode { code: result.code, field: result.field.clone() })
                    .collect(),
                sms_timeout: *sms_timeout,
                at_unix_ms,
                words: sealed(
                    keyring,
                    &order.order_id.to_string(),
                    results.iter().map(|result| result.text.clone()).collect(),
                ),
            };
            Outgoing::event(AREA, "rejected", &order.province, order.order_id, &message)
        }
    }
}

/// The attempt will never reach the bureau, or it is too late.
pub fn withdrawal_answered(order: &OrderRef, is_withdrawn: bool, now: DateTime<Utc>) -> Outgoing {
    let message = bureau::WithdrawalAnswered {
        order_id: order.order_id.to_string(),
        attempt: attempt_of(order),
        province: order.province.clone(),
        is_withdrawn,
        at_unix_ms: now.timestamp_millis(),
    };
    Outgoing::event(AREA, "withdrawal_answered", &order.province, order.order_id, &message)
}

/// What the bureau has on record of an organiser; none where its number is none of a province, or it cannot be sealed.
pub fn recorded(keyring: &Keyring, filed: &FiledRecord, isp_id: i64, now: DateTime<Utc>) -> Option<Outgoing> {
    let record = &filed.on_record;
    let province = FilingNumber::parse(&record.number).ok()?.province().letters();
    let services = record.services.iter().filter(|service| service.is_connected_by(isp_id));
    let content = bureau::OrganiserRecord {
        number: record.number.clone(),
        id: record.id.unwrap_or(0),
        name: record.name.clone(),
        nature: record.nature,
        certificate: Some(Certificate {
            kind: record.certificate_kind,
            number: record.certificate_number.clone(),
            ..Certificate::default()
        }),
        services: services
            .map(|service| bureau::ServiceRecord {
                number: service.number.clone(),
                id: service.id.unwrap_or(0),
                name: service.name.clone(),
                domains: service.domains.clone(),
                addresses: service.addresses_by(isp_id).map(|(first, last)| relay::IpRange { first, last }).collect(),
            })
            .collect(),
        is_whole: filed.is_resent,
    };
    let record_id = Uuid::now_v7().to_string();
    let message = bureau::Recorded {
        record: Some(keyring.seal(WORDS_FOR, &record_id, &content).ok()?),
        record_id: record_id.clone(),
        province: province.to_owned(),
        at_unix_ms: now.timestamp_millis(),
    };
    Some(Outgoing::event(AREA, "recorded", province, record_id, &message))
}

/// The bureau took a record off; none where its number is not known or none of a province.
pub fn removed(record: &RemovedRecord, bureau_id: i64, now: DateTime<Utc>) -> Option<Outgoing> {
    let number = record.number.as_deref()?;
    let province = FilingNumber::parse(number).ok()?.province().letters();
    let message = bureau::Removed {
        province: province.to_owned(),
        kind: record.kind.clone(),
        number: number.to_owned(),
        bureau_id,
        at_unix_ms: now.timestamp_millis(),
    };
    Some(Outgoing::event(AREA, "removed", province, bureau_id, &message))
}

/// Words for intake. The key is there since the start; if it fails all the same, the codes are told without words, which
/// stay in the download.
fn sealed(keyring: &Keyring, context: &str, texts: Vec<String>) -> Option<Sealed> {
    if texts.iter().all(String::is_empty) {
        return None;
    }
    keyring
        .seal(WORDS_FOR, context, &bureau::Words { texts })
        .inspect_err(|error| tracing::error!(%error, "the bureau's words are not told"))
        .ok()
}

/// What is known after a status query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusAnswer {
    /// `msg_code`; 0 means that the rest is the ministry's answer.
    pub code: MsgCode,
    /// Text of the call, or why there is no answer.
    pub text: String,
    /// Whether it is filed.
    pub is_filed: bool,
    /// Number of the organiser.
    pub organiser_number: Option<String>,
    /// Number of the service, for a domain.
    pub service_number: Option<String>,
}

impl StatusAnswer {
    /// There is no answer, for a reason that has no code of its own.
    pub fn unknown(reason: &str) -> Self {
        let text = reason.to_owned();
        Self { code: MsgCode::OTHER, text, is_filed: false, organiser_number: None, service_number: None }
    }
}

/// The answer to a status query.
pub fn status_answered(
    keyring: &Keyring,
    query_id: &str,
    province: &str,
    answer: &StatusAnswer,
    now: DateTime<Utc>,
) -> Outgoing {
    let is_answer = answer.code == MsgCode(0);
    let message = bureau::StatusAnswered {
        query_id: query_id.to_owned(),
        province: province.to_owned(),
        code: answer.code.0.into(),
        words: if is_answer { None } else { sealed(keyring, query_id, vec![answer.text.clone()]) },
        is_filed: answer.is_filed,
        organiser_number: answer.organiser_number.clone().unwrap_or_default(),
        service_number: answer.service_number.clone().unwrap_or_default(),
        at_unix_ms: now.timestamp_millis(),
    };
    Outgoing::event(AREA, "status_answered", province, query_id, &message)
}

fn attempt_of(order: &OrderRef) -> u32 {
    u32::try_from(order.attempt).unwrap_or(0)
}
