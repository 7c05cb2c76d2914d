//! What the relay tells the other services: `icp.evt.bureau.v1.{received,approved,rejected,
//! status_answered}.<province>`.

use chrono::{DateTime, Utc};
use icp_bus::Outgoing;
use icp_proto::bureau;

use crate::reply::Outcome;
use crate::store::OrderRef;
use crate::wire::answer::MsgCode;

const AREA: &str = "bureau";

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
pub fn ended(order: &OrderRef, outcome: &Outcome, now: DateTime<Utc>) -> Outgoing {
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
                    .map(|result| bureau::ResultCode { code: result.code, text: result.text.clone() })
                    .collect(),
                sms_timeout: *sms_timeout,
                at_unix_ms,
            };
            Outgoing::event(AREA, "rejected", &order.province, order.order_id, &message)
        }
    }
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
pub fn status_answered(query_id: &str, province: &str, answer: &StatusAnswer, now: DateTime<Utc>) -> Outgoing {
    let message = bureau::StatusAnswered {
        query_id: query_id.to_owned(),
        province: province.to_owned(),
        code: answer.code.0.into(),
        text: answer.text.clone(),
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
