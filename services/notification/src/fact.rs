//! Facts from the bus, with the identity by which a repeated one is known.

use icp_proto::common::Sealed;
use icp_proto::order::OrderEvent;
use icp_proto::sms::WindowEvent;
use prost::Message as _;
use uuid::Uuid;

use crate::notice;

const ORDER_KIND: &str = "icp.evt.order.v1.";
const WINDOW_KIND: &str = "icp.evt.sms.v1.";

/// Something that has happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// To an order.
    Order(Box<OrderEvent>),
    /// To the ministry's SMS window of an order.
    Window(WindowEvent),
}

/// A fact with its checked address.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The order.
    pub order_id: Uuid,
    /// The fact.
    pub fact: Fact,
}

impl Told {
    /// Reads a message by its CloudEvents type.
    pub fn read(kind: &str, payload: &[u8]) -> Result<Self, String> {
        let malformed = |error: prost::DecodeError| error.to_string();
        let (fact, order_id, event, province) = if let Some(event) = kind.strip_prefix(ORDER_KIND) {
            let message = OrderEvent::decode(payload).map_err(malformed)?;
            let (order_id, province) = (message.order_id.clone(), message.province.clone());
            (Fact::Order(Box::new(OrderEvent { event: event.to_owned(), ..message })), order_id, event, province)
        } else if let Some(event) = kind.strip_prefix(WINDOW_KIND) {
            let message = WindowEvent::decode(payload).map_err(malformed)?;
            let (order_id, province) = (message.order_id.clone(), message.province.clone());
            (Fact::Window(WindowEvent { event: event.to_owned(), ..message }), order_id, event, province)
        } else {
            return Err(format!("`{kind}` is not for this service"));
        };
        // Both become tokens of a public subject.
        let is_token = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if !is_token(event) || !is_token(&province) {
            return Err("event and province must be small letters".to_owned());
        }
        let order_id = Uuid::parse_str(&order_id).map_err(|_| "order_id is not a UUID".to_owned())?;
        Ok(Self { order_id, fact })
    }

    /// What and which: two messages with the same answer tell the same fact.
    pub fn identity(&self) -> (String, i64) {
        match &self.fact {
            Fact::Order(event) => (format!("order/{}", event.event), event.version),
            Fact::Window(event) => (format!("sms/{}/{}", event.event, event.reminder_hours), i64::from(event.attempt)),
        }
    }

    /// Who is told, sealed for this service.
    pub fn contacts(&self) -> &[Sealed] {
        match &self.fact {
            Fact::Order(event) => event.contact.as_slice(),
            Fact::Window(event) => &event.contacts,
        }
    }

    /// Own words of whoever returned the order, sealed for this service.
    pub fn words(&self) -> Option<&Sealed> {
        match &self.fact {
            Fact::Order(event) => event.words.as_ref(),
            Fact::Window(_) => None,
        }
    }

    /// What partners see of it: nothing about SMS windows and reminders, and no personal data.
    pub fn public(&self) -> Option<serde_json::Value> {
        let Fact::Order(event) = &self.fact else {
            return None;
        };
        if notice::is_reminder(&event.event) {
            return None;
        }
        let at = chrono::DateTime::from_timestamp_millis(event.at_unix_ms)
            .map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        let mut json = serde_json::json!({
            "order_id": self.order_id,
            "event": event.event,
            "version": event.version,
            "at": at,
            "province": event.province,
        });
        if let Some(fields) = json.as_object_mut() {
            if !event.organiser_number.is_empty() {
                fields.insert("organiser_number".to_owned(), event.organiser_number.clone().into());
            }
            if !event.service_numbers.is_empty() {
                fields.insert("service_numbers".to_owned(), event.service_numbers.clone().into());
            }
            if !event.footer_numbers.is_empty() {
                fields.insert("footer_numbers".to_owned(), event.footer_numbers.clone().into());
            }
            if !event.findings.is_empty() {
                let findings: Vec<serde_json::Value> = event
                    .findings
                    .iter()
                    .map(|finding| serde_json::json!({"code": finding.code, "field": finding.field}))
                    .collect();
                fields.insert("findings".to_owned(), findings.into());
            }
        }
        Some(json)
    }

    /// Letters of the province.
    pub fn province(&self) -> &str {
        match &self.fact {
            Fact::Order(event) => &event.province,
            Fact::Window(event) => &event.province,
        }
    }

    /// Name of the fact.
    pub fn event(&self) -> &str {
        match &self.fact {
            Fact::Order(event) => &event.event,
            Fact::Window(event) => &event.event,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use icp_proto::common::Finding;

    use super::*;

    const ORDER: &str = "01940000-0000-7000-8000-000000000000";

    fn event() -> OrderEvent {
        OrderEvent {
            order_id: ORDER.into(),
            version: 7,
            event: "returned".into(),
            province: "gd".into(),
            at_unix_ms: 1_700_000_000_000,
            contact: Some(Sealed { recipient: "notify".into(), ..Sealed::default() }),
            findings: vec![Finding {
                code: "V01".into(),
                field: "services[0].name".into(),
                message_zh: "名称不可用".into(),
                message_en: "the name is taken".into(),
                remedy: "choose another".into(),
                ..Finding::default()
            }],
            ..OrderEvent::default()
        }
    }

    #[test]
    fn partners_see_codes_and_fields_only() {
        let told = Told::read("icp.evt.order.v1.returned", &event().encode_to_vec()).unwrap();
        let expected = serde_json::json!({
            "order_id": ORDER, "event": "returned", "version": 7, "at": "2023-11-14T22:13:20.000Z", "province": "gd",
            "findings": [{"code": "V01", "field": "services[0].name"}],
        });
        assert_eq!(told.public().unwrap(), expected);
        assert_eq!(told.identity(), ("order/returned".to_owned(), 7));
        assert_eq!(told.contacts().len(), 1);
    }

    #[test]
    fn partners_see_nothing_of_sms_windows() {
        let event = WindowEvent {
            order_id: ORDER.into(),
            province: "gd".into(),
            attempt: 2,
            reminder_hours: 6,
            ..WindowEvent::default()
        };
        let told = Told::read("icp.evt.sms.v1.reminder_due", &event.encode_to_vec()).unwrap();
        assert_eq!(told.public(), None);
        assert_eq!(told.identity(), ("sms/reminder_due/6".to_owned(), 2));
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let with = |kind: &str, change: fn(&mut OrderEvent)| {
            let mut event = event();
            change(&mut event);
            Told::read(kind, &event.encode_to_vec())
        };
        assert!(with("icp.evt.order.v1.returned", |e| e.order_id = "7".into()).is_err());
        assert!(with("icp.evt.order.v1.returned", |e| e.province = "*".into()).is_err());
        assert!(with("icp.evt.order.v1.a.b", |_| {}).is_err());
        assert!(with("icp.evt.bureau.v1.approved", |_| {}).is_err());
        assert!(Told::read("icp.evt.order.v1.returned", b"\xff").is_err());
    }
}
