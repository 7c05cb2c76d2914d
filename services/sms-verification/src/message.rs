//! Messages from the bus as commands to windows, and the names of timers.

use chrono::{DateTime, Datelike as _, Utc};
use icp_domain::Province;
use icp_proto::common::Sealed;
use icp_proto::schedule::Fired;
use icp_proto::sms::{Close, Open};
use prost::Message as _;
use uuid::Uuid;

use crate::window::{Command, Reason};

/// Name of the timer of the deadline.
pub const EXPIRE_TIMER: &str = "expire";

/// Later years are a fault of the sender.
const YEAR_MAX: i32 = 9_999;

/// A command with what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Instruction {
    /// The order.
    pub order_id: Uuid,
    /// Which submission to the bureau.
    pub attempt: u32,
    /// What is wanted.
    pub command: Command,
    /// Who must confirm and where (open only).
    pub opening: Option<Opening>,
    /// When the sender acted, if it says so. A moved clock may have reached it earlier than this service.
    pub at: Option<DateTime<Utc>>,
}

/// What only an open task brings.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// Province whose bureau decides.
    pub province: Province,
    /// `SmsPersons`, sealed for this service.
    pub persons: Sealed,
}

/// Why a message can never be handled.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not protobuf of this type.
    #[error("the body is not the message that its type names")]
    Malformed(#[from] prost::DecodeError),
    /// A type that this service does not take.
    #[error("`{0}` is not for this service")]
    UnknownType(String),
    /// A field that cannot be used.
    #[error("{0} is missing or unusable")]
    Field(&'static str),
}

/// Reads a message by its CloudEvents type.
pub fn read(kind: &str, payload: &[u8]) -> Result<Instruction, MessageError> {
    match kind {
        "icp.task.sms.v1.open" => open(Open::decode(payload)?),
        "icp.task.sms.v1.close" => close(Close::decode(payload)?),
        "icp.evt.schedule.v1.fired" => fired(&Fired::decode(payload)?),
        other => Err(MessageError::UnknownType(other.to_owned())),
    }
}

fn open(message: Open) -> Result<Instruction, MessageError> {
    let opened_at = time(message.opened_at_unix_ms, "opened_at_unix_ms")?;
    let opening = Opening {
        province: Province::parse(&message.province).ok_or(MessageError::Field("province"))?,
        persons: message.persons.ok_or(MessageError::Field("persons"))?,
    };
    Ok(Instruction {
        order_id: order_id(&message.order_id)?,
        attempt: attempt(message.attempt)?,
        command: Command::Open { opened_at },
        opening: Some(opening),
        at: None,
    })
}

fn close(message: Close) -> Result<Instruction, MessageError> {
    let reason = Reason::parse(&message.reason).ok_or(MessageError::Field("reason"))?;
    Ok(Instruction {
        order_id: order_id(&message.order_id)?,
        attempt: attempt(message.attempt)?,
        command: Command::Close(reason),
        opening: None,
        at: None,
    })
}

fn fired(message: &Fired) -> Result<Instruction, MessageError> {
    let (order, number) = message.key.split_once('/').ok_or(MessageError::Field("key"))?;
    Ok(Instruction {
        order_id: order_id(order)?,
        attempt: attempt(number.parse().map_err(|_| MessageError::Field("key"))?)?,
        command: timer_command(&message.name).ok_or(MessageError::Field("name"))?,
        opening: None,
        at: Some(time(message.fired_at_unix_ms.max(message.due_at_unix_ms), "fired_at_unix_ms")?),
    })
}

fn order_id(text: &str) -> Result<Uuid, MessageError> {
    Uuid::parse_str(text).map_err(|_| MessageError::Field("order_id"))
}

/// Attempts are stored as integers of 32 bits with a sign.
fn attempt(number: u32) -> Result<u32, MessageError> {
    if i32::try_from(number).is_ok() { Ok(number) } else { Err(MessageError::Field("attempt")) }
}

/// A time that can be reckoned with: hours are added to it.
fn time(unix_ms: i64, field: &'static str) -> Result<DateTime<Utc>, MessageError> {
    let time = DateTime::from_timestamp_millis(unix_ms).filter(|time| (-YEAR_MAX..=YEAR_MAX).contains(&time.year()));
    time.ok_or(MessageError::Field(field))
}

/// Key under which the timers of one window are kept.
pub fn timer_key(order_id: Uuid, attempt: u32) -> String {
    format!("{order_id}/{attempt}")
}

/// Name of a reminder's timer, e.g. `reminder_6h`.
pub fn reminder_timer(hours: u32) -> String {
    format!("reminder_{hours}h")
}

fn timer_command(name: &str) -> Option<Command> {
    if name == EXPIRE_TIMER {
        return Some(Command::Expire);
    }
    let hours = name.strip_prefix("reminder_")?.strip_suffix('h')?.parse().ok()?;
    Some(Command::Remind { hours })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const ORDER: &str = "01940000-0000-7000-8000-000000000000";

    #[test]
    fn a_fired_timer_finds_its_window() {
        let order_id = Uuid::parse_str(ORDER).unwrap();
        for (name, command) in
            [(reminder_timer(6), Command::Remind { hours: 6 }), (EXPIRE_TIMER.to_owned(), Command::Expire)]
        {
            let message = Fired {
                key: timer_key(order_id, 3),
                name,
                due_at_unix_ms: 5,
                fired_at_unix_ms: 7,
                ..Default::default()
            };
            let instruction = read("icp.evt.schedule.v1.fired", &message.encode_to_vec()).unwrap();
            assert_eq!((instruction.order_id, instruction.attempt), (order_id, 3));
            assert_eq!(instruction.command, command);
            assert_eq!(instruction.at, DateTime::from_timestamp_millis(7));
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let open = |change: fn(&mut Open)| {
            let mut message = Open {
                order_id: ORDER.into(),
                attempt: 1,
                province: "gd".into(),
                persons: Some(Sealed::default()),
                ..Default::default()
            };
            change(&mut message);
            read("icp.task.sms.v1.open", &message.encode_to_vec()).map_err(|error| error.to_string())
        };
        assert!(open(|_| {}).is_ok());
        for (result, field) in [
            (open(|m| m.order_id.clear()), "order_id"),
            (open(|m| m.attempt = u32::MAX), "attempt"),
            (open(|m| m.province = "xx".into()), "province"),
            (open(|m| m.persons = None), "persons"),
            (open(|m| m.opened_at_unix_ms = i64::MAX), "opened_at_unix_ms"),
            (open(|m| m.opened_at_unix_ms = DateTime::<Utc>::MAX_UTC.timestamp_millis()), "opened_at_unix_ms"),
        ] {
            assert!(result.unwrap_err().contains(field), "{field}");
        }
        let close = Close { order_id: ORDER.into(), attempt: 1, reason: "because".into() };
        assert!(read("icp.task.sms.v1.close", &close.encode_to_vec()).unwrap_err().to_string().contains("reason"));
        assert!(read("icp.task.sms.v1.resend", b"").unwrap_err().to_string().contains("resend"));
        assert!(matches!(read("icp.task.sms.v1.open", b"\xff"), Err(MessageError::Malformed(_))));
    }
}
