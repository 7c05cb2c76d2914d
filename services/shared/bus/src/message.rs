//! Messages as they leave a service.

use bytes::Bytes;
use uuid::Uuid;

/// Header with the CloudEvents id.
pub const HEADER_ID: &str = "ce-id";
/// Header with the CloudEvents type.
pub const HEADER_TYPE: &str = "ce-type";
/// Header with the CloudEvents source.
pub const HEADER_SOURCE: &str = "ce-source";
/// Header with the CloudEvents time, RFC 3339.
pub const HEADER_TIME: &str = "ce-time";
/// Header with the CloudEvents subject: what the message is about, usually an order id.
pub const HEADER_SUBJECT: &str = "ce-subject";
/// Header with the CloudEvents version.
pub const HEADER_SPEC_VERSION: &str = "ce-specversion";
/// Header with the W3C trace context.
pub const HEADER_TRACEPARENT: &str = "traceparent";

/// A message to publish.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// UUIDv7; also the broker's deduplication id.
    pub id: Uuid,
    /// NATS subject.
    pub subject: String,
    /// CloudEvents type: the subject without the province.
    pub kind: String,
    /// What it is about, usually an order id.
    pub key: String,
    /// Encoded body.
    pub payload: Bytes,
    /// W3C trace context of the cause.
    pub traceparent: Option<String>,
}

impl Outgoing {
    /// Work for one service: `icp.task.<service>.v1.<verb>`.
    pub fn task<M: prost::Message>(service: &str, verb: &str, key: impl ToString, message: &M) -> Self {
        let subject = format!("icp.task.{service}.v1.{verb}");
        Self::new(subject.clone(), subject, key, message.encode_to_vec())
    }

    /// A fact: `icp.evt.<area>.v1.<event>.<scope>`; the scope is a province's letters or an owner.
    pub fn event<M: prost::Message>(area: &str, event: &str, scope: &str, key: impl ToString, message: &M) -> Self {
        let kind = format!("icp.evt.{area}.v1.{event}");
        Self::new(format!("{kind}.{scope}"), kind, key, message.encode_to_vec())
    }

    /// What partners may see: JSON without personal data, `icp.pub.filing.v1.<event>.<province>`.
    pub fn public(event: &str, province: &str, key: impl ToString, json: &serde_json::Value) -> Self {
        let kind = format!("icp.pub.filing.v1.{event}");
        Self::new(format!("{kind}.{province}"), kind, key, json.to_string().into_bytes())
    }

    pub(crate) fn new(subject: String, kind: String, key: impl ToString, payload: Vec<u8>) -> Self {
        Self { id: Uuid::now_v7(), subject, kind, key: key.to_string(), payload: payload.into(), traceparent: None }
    }
}
