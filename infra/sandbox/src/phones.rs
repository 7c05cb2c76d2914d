//! Phones: what they received from the ministry and from the provider, and whether the people
//! who own them answer the ministry.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::lock::hold;

const KEPT_PER_PHONE: usize = 100;
const KEPT_PER_PHONE_QUIET: usize = 1;
/// References whose repetition is still recognised.
const KEPT_REFERENCES: usize = 200_000;

/// Who sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sender {
    Ministry,
    Provider,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct PhoneMessage {
    pub(crate) message_id: String,
    pub(crate) from: Sender,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    pub(crate) received_at: DateTime<Utc>,
}

/// What the gateway does with a message of the provider.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Accepted {
    New { message_id: String },
    Repeated { message_id: String },
    OtherContent,
}

/// What the gateway does wrong for the next calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatewayFault {
    /// HTTP status instead of an answer; without it the answer is right, only late.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    #[serde(default = "once")]
    pub(crate) times: u32,
    #[serde(default)]
    pub(crate) delay_ms: u64,
}

fn once() -> u32 {
    1
}

pub(crate) struct PhoneNetwork {
    kept_per_phone: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phones: HashMap<String, VecDeque<PhoneMessage>>,
    sent: HashMap<String, SentMessage>,
    sent_order: VecDeque<String>,
    next_id: u64,
    silent_by_default: bool,
    answers: HashMap<String, bool>,
    faults: VecDeque<GatewayFault>,
}

struct SentMessage {
    message_id: String,
    to: String,
    text: String,
}

impl State {
    fn put(&mut self, kept: usize, to: &str, message: PhoneMessage) {
        let inbox = self.phones.entry(to.to_owned()).or_default();
        inbox.push_back(message);
        while inbox.len() > kept {
            inbox.pop_front();
        }
    }

    fn new_message_id(&mut self) -> String {
        self.next_id += 1;
        format!("sms-{:08}", self.next_id)
    }
}

impl PhoneNetwork {
    pub(crate) fn new(quiet: bool) -> Self {
        let kept_per_phone = if quiet { KEPT_PER_PHONE_QUIET } else { KEPT_PER_PHONE };
        Self { kept_per_phone, state: Mutex::default() }
    }

    pub(crate) fn deliver_from_ministry(&self, to: &str, text: String, now: DateTime<Utc>) {
        let mut state = hold(&self.state);
        let message = PhoneMessage {
            message_id: state.new_message_id(),
            from: Sender::Ministry,
            text,
            reference: None,
            received_at: now,
        };
        state.put(self.kept_per_phone, to, message);
    }

    /// Idempotent on `reference`.
    pub(crate) fn deliver_from_provider(&self, to: &str, text: &str, reference: &str, now: DateTime<Utc>) -> Accepted {
        let mut state = hold(&self.state);
        if let Some(sent) = state.sent.get(reference) {
            if sent.to != to || sent.text != text {
                return Accepted::OtherContent;
            }
            return Accepted::Repeated { message_id: sent.message_id.clone() };
        }
        let message_id = state.new_message_id();
        let sent = SentMessage { message_id: message_id.clone(), to: to.to_owned(), text: text.to_owned() };
        state.sent.insert(reference.to_owned(), sent);
        state.sent_order.push_back(reference.to_owned());
        if state.sent_order.len() > KEPT_REFERENCES
            && let Some(oldest) = state.sent_order.pop_front()
        {
            state.sent.remove(&oldest);
        }
        let message = PhoneMessage {
            message_id: message_id.clone(),
            from: Sender::Provider,
            text: text.to_owned(),
            reference: Some(reference.to_owned()),
            received_at: now,
        };
        state.put(self.kept_per_phone, to, message);
        Accepted::New { message_id }
    }

    pub(crate) fn add_fault(&self, fault: GatewayFault) {
        hold(&self.state).faults.push_back(fault);
    }

    /// The fault that the present call meets, if any; counts it.
    pub(crate) fn take_fault(&self) -> Option<GatewayFault> {
        let mut state = hold(&self.state);
        state.faults.retain(|fault| fault.times > 0);
        let fault = state.faults.front_mut()?;
        fault.times -= 1;
        Some(fault.clone())
    }

    /// Oldest first.
    pub(crate) fn inbox(&self, mobile: &str) -> Vec<PhoneMessage> {
        let state = hold(&self.state);
        let inbox = state.phones.get(mobile);
        inbox.into_iter().flatten().cloned().collect()
    }

    /// Whether the owner of the phone answers the ministry's SMS.
    pub(crate) fn answers(&self, mobile: &str) -> bool {
        let state = hold(&self.state);
        let own = state.answers.get(mobile).copied();
        own.unwrap_or(!state.silent_by_default)
    }

    pub(crate) fn set_answers(&self, mobile: &str, answers: bool) {
        hold(&self.state).answers.insert(mobile.to_owned(), answers);
    }

    /// For everybody who was not named.
    pub(crate) fn set_default_answers(&self, answers: bool) {
        hold(&self.state).silent_by_default = !answers;
    }
}
