//! Messages of the bus as their readers see them: headers, sealed parts, bodies by their type.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, NaiveDate, TimeDelta};
use icp_authority::compare;
use icp_authority::question::Questions;
use icp_authority::tasks::AuthorityTasks;
use icp_bus::{Delivery, Handler as _};
use icp_identity::checks::{self, Observations};
use icp_identity::tasks::IdentityTasks;
use icp_intake::consumers::{Told, told};
use icp_intake::desk::automatic::ReviewRequests;
use icp_intake::idle::{IdleOrders, Plan};
use icp_intake::public_security::PublicSecurityTerm;
use icp_kit::{Clock, Keyring, Vault};
use icp_notify::fact;
use icp_proto::authority::LookupSubject;
use icp_proto::common::{Contact, Sealed};
use icp_proto::identity::IdentitySubject;
use icp_relay::consumers::{read_query, read_submission, read_withdrawal};
use icp_schedule::tasks::TimerTasks;
use icp_sms::message::Instruction;
use icp_sms::window;
use prost::Message;

use crate::filing::write_for_bureau;
use crate::{Outcome, header_lines, named};

const CONTEXT: &str = "018f2a3b-4c5d-7e6f-8a9b-0c1d2e3f4a5b";
const TIMERS_MAX: usize = 16;

/// A message; the first line is its CloudEvents type, the name of a message that travels sealed, `headers` or `sealed`.
pub fn message(input: &[u8]) -> Outcome {
    let (kind, body) = named(input);
    match kind {
        "headers" => headers(body),
        "sealed" => sealed(body),
        "IdentitySubject" => opened(body, |subject: &IdentitySubject| {
            let limits = checks::Limits { today: NaiveDate::default(), least_months_left: 1, face_threshold: 0.8 };
            checks::judge(subject, &Observations::default(), &limits);
        }),
        "LookupSubject" => opened(body, look_up),
        "RelayFiling" => opened(body, write_for_bureau),
        _ => by_type(kind, body),
    }
}

/// What headers say fits into the columns for it.
fn headers(lines: &[u8]) -> Outcome {
    let mut headers = async_nats::HeaderMap::new();
    for (name, value) in header_lines(lines) {
        let name = std::str::from_utf8(name).ok().and_then(|name| name.parse::<async_nats::HeaderName>().ok());
        let value = std::str::from_utf8(value).ok().and_then(|value| value.parse::<async_nats::HeaderValue>().ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    let read = Delivery::of_headers(&headers);
    if let Ok(delivery) = &read {
        assert!(!delivery.kind.contains('\n') && !delivery.key.contains('\n'), "a header has more than one line");
    }
    Outcome::of(&read)
}

/// Only what was sealed for this service and order opens.
fn sealed(body: &[u8]) -> Outcome {
    static KEYRING: LazyLock<Option<Keyring>> = LazyLock::new(|| keyring("intake"));
    assert!(KEYRING.is_some(), "no keyring can be made");
    let Some(keyring) = KEYRING.as_ref() else { return Outcome::Refused };
    let contact = Contact { name: String::from("示例甲"), ..Contact::default() };
    let Ok(own) = keyring.seal("intake", CONTEXT, &contact) else { return Outcome::Refused };
    let opens = |sealed: &Sealed, context: &str| keyring.open::<Contact>(sealed, context).ok();
    assert_eq!(opens(&own, CONTEXT), Some(contact), "what was sealed does not open");
    assert_eq!(opens(&own, ""), None, "a sealed part was moved to another order");

    let read = Sealed::decode(body);
    if let Ok(given) = &read {
        let to_us = Sealed { recipient: own.recipient.clone(), key_id: own.key_id.clone(), ..given.clone() };
        assert_eq!(opens(&to_us, CONTEXT), None, "what was sealed with no key opens");
        let changed = Sealed { ciphertext: given.ciphertext.clone(), ..own };
        assert_eq!(opens(&changed, CONTEXT), None, "another ciphertext opens");
    }
    Outcome::of(&read)
}

/// A pair of keys for one service.
fn keyring(service: &str) -> Option<Keyring> {
    let (private, public) = icp_kit::sealing::generate_key_pair();
    let private = BASE64.decode(private).ok()?;
    Keyring::new(service, Some(&private), &BTreeMap::from([(service.to_owned(), public)])).ok()
}

/// A message that another service has sealed, and what its reader does first.
fn opened<M: Message + Default + PartialEq>(body: &[u8], used: impl FnOnce(&M)) -> Outcome {
    let read = M::decode(body);
    if let Ok(message) = &read {
        let again = M::decode(message.encode_to_vec().as_slice());
        assert!(again.as_ref() == Ok(message), "a message that was written reads otherwise");
        used(message);
    }
    Outcome::of(&read)
}

/// Every field that is asked about has a result, also while the registers are silent.
fn look_up(subject: &LookupSubject) {
    let questions = Questions::of(subject);
    let limits = compare::Limits { today: NaiveDate::default(), least_domain_months_left: 3 };
    let silent: Vec<_> = questions.asked.iter().map(|question| (question, None)).collect();
    let report = compare::judge(subject, &silent, &questions.unanswerable, &limits);
    let asked: usize = questions.asked.iter().map(|question| question.fields.len()).sum();
    assert_eq!(report.results.len(), asked, "a field was asked about and has no result");
    assert_eq!(report.findings.len(), asked + questions.unanswerable.len(), "a silence is no finding");
}

/// The consumers of one type of message, or of several.
struct Readers {
    identity: IdentityTasks,
    authority: AuthorityTasks,
    schedule: TimerTasks,
    keyring: Arc<Keyring>,
    idle: IdleOrders,
}

impl Readers {
    fn new() -> Option<Self> {
        let (clock, keyring) = (Clock::default(), Arc::new(keyring("intake")?));
        let vault = Vault::new(&[7; 32]).ok()?;
        let plan = Plan { reminder_days: [15, 30, 45], expiry_days: 60 };
        let public_security = PublicSecurityTerm { days: 30, reminder_days_before: [7, 1] };
        Some(Self {
            identity: IdentityTasks { clock: clock.clone() },
            authority: AuthorityTasks { clock: clock.clone() },
            schedule: TimerTasks::new(clock.clone(), TIMERS_MAX, Arc::default()),
            keyring: keyring.clone(),
            idle: IdleOrders { clock, vault, keyring, plan, public_security },
        })
    }
}

/// By everybody who takes this type.
fn by_type(kind: &str, body: &[u8]) -> Outcome {
    static READERS: LazyLock<Option<Readers>> = LazyLock::new(Readers::new);
    assert!(READERS.is_some(), "no readers can be made");
    let Some(readers) = READERS.as_ref() else { return Outcome::Refused };
    let timers = readers.schedule.decode(kind, body);
    assert!(timers.as_ref().is_ok_and(|wish| wish.timers.len() <= TIMERS_MAX) || timers.is_err());
    let submission = read_submission(kind, body);
    assert!(submission.as_ref().is_ok_and(|read| read.order.attempt >= 0) || submission.is_err());
    let is_for_intake = matches!(told(&readers.keyring, kind, body), Ok(told) if !matches!(told, Told::Nothing));
    let is_timer_of_intake = kind == "icp.evt.schedule.v1.fired" && readers.idle.decode(kind, body).is_ok();
    let is_for_desk = kind.starts_with("icp.evt.order.") && ReviewRequests.decode(kind, body).is_ok();
    Outcome::any([
        readers.identity.decode(kind, body).is_ok(),
        readers.authority.decode(kind, body).is_ok(),
        timers.is_ok(),
        submission.is_ok(),
        read_withdrawal(kind, body).is_ok(),
        read_query(kind, body).is_ok(),
        is_for_intake,
        is_timer_of_intake,
        is_for_desk,
        notice(kind, body),
        window_of(kind, body),
    ])
}

/// What becomes part of a public subject is made of small letters; the same message tells the same fact.
fn notice(kind: &str, body: &[u8]) -> bool {
    let told = fact::Told::read(kind, body);
    if let Ok(told) = &told {
        for token in [told.event(), told.province()] {
            let is_plain = token.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            assert!(is_plain && !token.is_empty(), "{token:?} cannot be a part of a subject");
        }
        let again = fact::Told::read(kind, body);
        assert!(again.is_ok_and(|again| again.identity() == told.identity() && again.public() == told.public()));
    }
    told.is_ok()
}

/// A window that is opened, and everything else that a message can say to it. A second time changes nothing.
fn window_of(kind: &str, body: &[u8]) -> bool {
    let Ok(Instruction { attempt, command, .. }) = icp_sms::message::read(kind, body) else { return false };
    let plan = window::Plan { window_hours: 24, reminder_hours: vec![1, 6, 12, 20] };
    let now = DateTime::UNIX_EPOCH + TimeDelta::hours(2);
    let opening = window::Command::Open { opened_at: DateTime::UNIX_EPOCH };
    let open = window::decide(None, attempt, opening, now, &plan).into_iter().fold(None, window::evolve);
    for before in [None, open] {
        let events = window::decide(before.as_ref(), attempt, command, now, &plan);
        let after = events.into_iter().fold(before, window::evolve);
        assert!(window::decide(after.as_ref(), attempt, command, now, &plan).is_empty(), "{command:?} happens twice");
    }
    true
}
