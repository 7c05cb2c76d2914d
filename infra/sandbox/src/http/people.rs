//! The SMS gateway, phones, people and mailboxes.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::answers::{Json, Problem, Strict, fail};
use crate::bureau::identifiers::is_mobile;
use crate::mail::MailView;
use crate::phones::{Accepted, GatewayFault, PhoneMessage};
use crate::world::World;

/// Longest text the gateway takes, in characters: ten joined messages.
const TEXT_MAX_CHARACTERS: usize = 670;
const REFERENCE_MAX_CHARACTERS: usize = 128;

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sms/send", post(send_sms))
        .route("/sms/faults", post(add_sms_fault))
        .route("/phones/{mobile}", get(phone))
        .route("/people", post(set_person))
        .route("/mail/{address}", get(mailbox))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendSms {
    to: String,
    text: String,
    reference: String,
}

#[derive(Serialize)]
struct SmsSent {
    message_id: String,
    status: &'static str,
}

async fn send_sms(
    State(world): State<Arc<World>>,
    headers: HeaderMap,
    Strict(sms): Strict<SendSms>,
) -> Result<Json<SmsSent>, Problem> {
    let expected = format!("Bearer {}", world.config.sms_key);
    let given = headers.get(header::AUTHORIZATION);
    if given.map(|it| it.as_bytes()) != Some(expected.as_bytes()) {
        let detail = "the gateway needs Authorization: Bearer <key>";
        return Err(Problem::new(401, detail));
    }
    if let Some(fault) = world.phones.take_fault() {
        fail(fault.status, fault.delay_ms).await?;
    }
    if !is_mobile(&sms.to) {
        return Err(Problem::new(422, "`to` is not a mobile number"));
    }
    if sms.text.is_empty() || sms.text.chars().count() > TEXT_MAX_CHARACTERS {
        let detail = format!("`text` must have 1 to {TEXT_MAX_CHARACTERS} characters");
        return Err(Problem::new(422, detail));
    }
    if sms.reference.is_empty() || sms.reference.chars().count() > REFERENCE_MAX_CHARACTERS {
        let detail = format!("`reference` must have 1 to {REFERENCE_MAX_CHARACTERS} characters");
        return Err(Problem::new(422, detail));
    }
    let now = world.clock.now();
    let accepted = world.phones.deliver_from_provider(&sms.to, &sms.text, &sms.reference, now);
    match accepted {
        Accepted::New { message_id } => Ok(Json(SmsSent { message_id, status: "accepted" })),
        Accepted::Repeated { message_id } => Ok(Json(SmsSent { message_id, status: "repeated" })),
        Accepted::OtherContent => {
            let detail = "`reference` was used for another message";
            Err(Problem::new(409, detail))
        }
    }
}

async fn add_sms_fault(State(world): State<Arc<World>>, Strict(fault): Strict<GatewayFault>) -> Json<GatewayFault> {
    world.phones.add_fault(fault.clone());
    Json(fault)
}

#[derive(Serialize)]
struct Phone {
    mobile: String,
    answers: bool,
    messages: Vec<PhoneMessage>,
}

async fn phone(State(world): State<Arc<World>>, Path(mobile): Path<String>) -> Json<Phone> {
    Json(Phone { answers: world.phones.answers(&mobile), messages: world.phones.inbox(&mobile), mobile })
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Person {
    mobile: String,
    answers: bool,
}

async fn set_person(State(world): State<Arc<World>>, Strict(person): Strict<Person>) -> Result<Json<Person>, Problem> {
    if person.mobile == "*" {
        world.phones.set_default_answers(person.answers);
        return Ok(Json(person));
    }
    if !is_mobile(&person.mobile) {
        let detail = "`mobile` is neither a mobile number nor *";
        return Err(Problem::new(422, detail));
    }
    world.phones.set_answers(&person.mobile, person.answers);
    if person.answers {
        world.bureau.answer_waiting_sms(&person.mobile);
    }
    Ok(Json(person))
}

#[derive(Serialize)]
struct Mailbox {
    address: String,
    mails: Vec<MailView>,
}

async fn mailbox(State(world): State<Arc<World>>, Path(address): Path<String>) -> Json<Mailbox> {
    Json(Mailbox { mails: world.mail.mailbox(&address), address })
}
