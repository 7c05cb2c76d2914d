//! What follows from the events of an order: messages to the other services and lines of the journal.

use chrono::{DateTime, Utc};
use icp_bus::{Effects, Outgoing};
use icp_domain::{Finding, Severity, Stage};
use icp_proto::common::Sealed;
use icp_proto::{authority, common, identity, order as order_proto, relay, sms};
use prost::Message as _;

use crate::order::{Event, Numbers, Order, Phase, RulesVerdict};
use crate::rules;
use crate::store::StoredOrder;

/// Sealed data that the events of a person's command carry on; answers of services carry none.
#[derive(Debug, Default)]
pub struct Attachments {
    /// `IdentitySubject`, sealed for "identity".
    pub identity: Option<Sealed>,
    /// `LookupSubject`, sealed for "authority".
    pub authority: Option<Sealed>,
    /// `RelayFiling`, sealed for "relay".
    pub relay: Option<Sealed>,
    /// `OwnWords` of whoever returns the order, sealed for "notify".
    pub words: Option<Sealed>,
    /// What stands at the foot of the sites that are approved.
    pub footer_numbers: Vec<String>,
    /// When the public-security filing of the services that are approved is due.
    pub public_security_end: Option<DateTime<Utc>>,
    /// Who is asked for consent to a transfer.
    pub holder: Option<Holder>,
}

/// The account that holds a record which a transfer asks for.
#[derive(Debug)]
pub struct Holder {
    /// `Contact` of the record, sealed for "notify".
    pub contact: Sealed,
    /// Until when it may answer.
    pub answers_until: DateTime<Utc>,
}

/// Adds what follows from `events`; `stored.order` is the state after them.
pub fn react(
    effects: &mut Effects,
    stored: &StoredOrder,
    events: &[Event],
    at: DateTime<Utc>,
    attachments: Attachments,
) {
    let order = &stored.order;
    let first_version = order.version - i64::try_from(events.len()).unwrap_or(0) + 1;
    for (event, version) in events.iter().zip(first_version..) {
        let (what, why) = journal_line(event);
        if !what.is_empty() {
            effects.journal(stored.id, what, why);
        }
        if let Some(name) = public_name(event, order) {
            effects.send(order_event(stored, event, name, (version, at), &attachments));
        }
        if let (Event::Submitted { .. }, Some(holder)) = (event, &attachments.holder) {
            effects.send(consent_asked(stored, (version, at), holder));
        }
        send_tasks(effects, stored, event, at, &attachments);
    }
}

/// The fact that nobody works on an order; `expires_at` is when it ends.
pub fn reminder(stored: &StoredOrder, name: &str, at: DateTime<Utc>, expires_at: DateTime<Utc>) -> Outgoing {
    let message = reminding(stored, name, at, expires_at);
    Outgoing::event("order", name, &stored.province, stored.id, &message)
}

/// The fact that the public-security filing of an approved order is due soon; `end` is when its term ends.
pub fn public_security_reminder(stored: &StoredOrder, name: &str, at: DateTime<Utc>, end: DateTime<Utc>) -> Outgoing {
    let message = order_proto::OrderEvent {
        organiser_number: stored.order.organiser_number.clone().unwrap_or_default(),
        service_numbers: stored.order.service_numbers.clone(),
        ..reminding(stored, name, at, end)
    };
    Outgoing::event("order", name, &stored.province, stored.id, &message)
}

fn reminding(stored: &StoredOrder, name: &str, at: DateTime<Utc>, deadline: DateTime<Utc>) -> order_proto::OrderEvent {
    order_proto::OrderEvent {
        order_id: stored.id.to_string(),
        version: stored.order.version,
        event: name.to_owned(),
        province: stored.province.clone(),
        at_unix_ms: at.timestamp_millis(),
        contact: decode(stored.contact_sealed.as_deref()),
        deadline_unix_ms: deadline.timestamp_millis(),
        ..order_proto::OrderEvent::default()
    }
}

fn consent_asked(stored: &StoredOrder, (version, at): (i64, DateTime<Utc>), holder: &Holder) -> Outgoing {
    let name = "consent_asked";
    let message = order_proto::OrderEvent {
        version,
        contact: Some(holder.contact.clone()),
        organiser_number: stored.order.organiser_number.clone().unwrap_or_default(),
        ..reminding(stored, name, at, holder.answers_until)
    };
    Outgoing::event("order", name, &stored.province, stored.id, &message)
}

fn send_tasks(
    effects: &mut Effects,
    stored: &StoredOrder,
    event: &Event,
    at: DateTime<Utc>,
    attachments: &Attachments,
) {
    let order_id = stored.id.to_string();
    let province = stored.province.clone();
    let attempt = stored.order.attempt;
    match event {
        Event::Submitted { attempt, .. } if stored.order.phase != Phase::Returned => {
            let row = stored.order.description();
            let verify = identity::Verify {
                order_id: order_id.clone(),
                attempt: *attempt,
                province: province.clone(),
                subject: attachments.identity.clone(),
            };
            let lookup = authority::Lookup {
                order_id: order_id.clone(),
                attempt: *attempt,
                province,
                subject: attachments.authority.clone(),
            };
            if row.verifies_identity() {
                effects.send(Outgoing::task("identity", "verify", &order_id, &verify));
            }
            if row.asks_registers() {
                effects.send(Outgoing::task("authority", "lookup", &order_id, &lookup));
            }
        }
        Event::Passed => {
            let submit =
                relay::Submit { order_id: order_id.clone(), attempt, province, filing: attachments.relay.clone() };
            effects.send(Outgoing::task("relay", "submit", &order_id, &submit));
        }
        Event::WithdrawalRequested => {
            let withdraw = relay::Withdraw { order_id: order_id.clone(), attempt, province };
            effects.send(Outgoing::task("relay", "withdraw", &order_id, &withdraw));
        }
        Event::ReceivedByBureau { .. } if stored.order.asks_sms => {
            let open = sms::Open {
                order_id: order_id.clone(),
                attempt,
                province,
                persons: decode(stored.persons_sealed.as_deref()),
                opened_at_unix_ms: at.timestamp_millis(),
            };
            effects.send(Outgoing::task("sms", "open", &order_id, &open));
        }
        Event::Approved(_) | Event::Cancelled(_) if stored.order.asks_sms => {
            effects.send(close_sms(&order_id, attempt, "confirmed"));
        }
        Event::Returned { by: Stage::Bureau, .. } if stored.order.asks_sms => {
            effects.send(close_sms(&order_id, attempt, "returned"));
        }
        _ => {}
    }
}

fn close_sms(order_id: &str, attempt: u32, reason: &str) -> Outgoing {
    let close = sms::Close { order_id: order_id.to_owned(), attempt, reason: reason.to_owned() };
    Outgoing::task("sms", "close", order_id, &close)
}

fn decode(sealed: Option<&[u8]>) -> Option<Sealed> {
    sealed.and_then(|bytes| Sealed::decode(bytes).ok())
}

fn public_name(event: &Event, after: &Order) -> Option<&'static str> {
    match event {
        Event::Submitted { .. } if after.phase != Phase::Returned => Some("submitted"),
        Event::Returned { .. } => Some("returned"),
        Event::ReviewRequested => Some("review_requested"),
        Event::Passed => Some("queued"),
        Event::ReceivedByBureau { .. } => Some("at_bureau"),
        Event::Approved(_) => Some("approved"),
        Event::Cancelled(_) => Some("cancelled"),
        Event::Withdrawn => Some("withdrawn"),
        Event::WithdrawalTooLate => Some("withdrawal_too_late"),
        Event::Expired => Some("expired"),
        _ => None,
    }
}

fn order_event(
    stored: &StoredOrder,
    event: &Event,
    name: &str,
    (version, at): (i64, DateTime<Utc>),
    attachments: &Attachments,
) -> Outgoing {
    let numbers = match event {
        Event::Approved(numbers) | Event::Cancelled(numbers) => numbers.clone(),
        _ => Numbers::default(),
    };
    let (findings, words) = match event {
        Event::Returned { findings, .. } => (findings.iter().map(finding_message).collect(), attachments.words.clone()),
        _ => (Vec::new(), None),
    };
    let (footer_numbers, deadline) = match event {
        Event::Approved(_) => (attachments.footer_numbers.clone(), attachments.public_security_end),
        _ => (Vec::new(), None),
    };
    let message = order_proto::OrderEvent {
        order_id: stored.id.to_string(),
        version,
        event: name.to_owned(),
        province: stored.province.clone(),
        at_unix_ms: at.timestamp_millis(),
        contact: decode(stored.contact_sealed.as_deref()),
        findings,
        organiser_number: numbers.organiser_number,
        service_numbers: numbers.service_numbers,
        deadline_unix_ms: deadline.map_or(0, |deadline| deadline.timestamp_millis()),
        words,
        footer_numbers,
    };
    Outgoing::event("order", name, &stored.province, stored.id, &message)
}

/// A finding as a message.
pub fn finding_message(finding: &Finding) -> common::Finding {
    let severity = match finding.severity {
        Severity::Advise => common::Severity::Advise,
        Severity::Review => common::Severity::Review,
        Severity::Block => common::Severity::Block,
    };
    common::Finding {
        code: finding.code.clone(),
        severity: severity.into(),
        field: finding.field.clone(),
        message_zh: finding.message_zh.clone(),
        message_en: finding.message_en.clone(),
        remedy: finding.remedy.clone(),
    }
}

/// A finding of another service.
pub fn finding_from(message: common::Finding, stage: Stage) -> Finding {
    let severity = match message.severity() {
        common::Severity::Advise => Severity::Advise,
        // An unspecified severity must not let anything pass unseen.
        common::Severity::Review | common::Severity::Unspecified => Severity::Review,
        common::Severity::Block => Severity::Block,
    };
    Finding {
        code: message.code,
        stage,
        severity,
        field: message.field,
        message_zh: message.message_zh,
        message_en: message.message_en,
        remedy: message.remedy,
        source: None,
    }
}

fn journal_line(event: &Event) -> (String, String) {
    let line = |what: &str, why: String| (what.to_owned(), why);
    match event {
        Event::Created { .. } => line("draft created", String::new()),
        Event::Amended { material: None } => line("draft changed", String::new()),
        Event::Amended { material: Some(change) } => {
            let what = match (change.removed, change.replaced) {
                (true, _) => "material taken back",
                (false, true) => "material replaced",
                (false, false) => "material uploaded",
            };
            line(what, format!("{} of service {}", change.kind, change.service))
        }
        Event::Submitted { attempt, .. } => line("submitted", format!("attempt {attempt}")),
        Event::Resubmitted { attempt } => {
            line("handed in again by the provider", format!("attempt {attempt}: nobody had confirmed the SMS"))
        }
        Event::RulesJudged(verdict) => line("rules judged", rules_reason(verdict)),
        Event::IdentityVerified { checks, findings, .. } => {
            line("identity verified", format!("{checks} checks{}", found(findings)))
        }
        Event::AuthorityAnswered { answers, findings, .. } => {
            line("registers answered", format!("{answers} answers{}", found(findings)))
        }
        Event::ConsentGiven => line("consent given", "by the account that holds the record".to_owned()),
        Event::ConsentRefused => line("consent refused", "by the account that holds the record".to_owned()),
        Event::ReviewRequested => line("waits for the provider's review", "all checks are done".to_owned()),
        Event::Returned { by, findings, .. } => {
            line("returned to the applicant", format!("by {}{}", stage_name(*by), found(findings)))
        }
        Event::Worded { .. } => line("", String::new()),
        Event::PassedFirst { .. } => line("passed by the first reviewer", "a second one decides".to_owned()),
        Event::Passed => line("passed by the reviewer", "queued for the bureau".to_owned()),
        Event::ReceivedByBureau { .. } => line("at the bureau", "its system has taken the file".to_owned()),
        Event::Approved(numbers) => line("approved", numbered(numbers)),
        Event::Cancelled(numbers) => line("taken off the record", numbered(numbers)),
        Event::WithdrawalRequested => line("to be withdrawn", "the relay is asked".to_owned()),
        Event::WithdrawalTooLate => line("not withdrawn", "it is on its way to the bureau".to_owned()),
        Event::Withdrawn => line("withdrawn", "by the applicant".to_owned()),
        Event::Expired => line("expired", "idle for 45 days".to_owned()),
    }
}

fn numbered(numbers: &Numbers) -> String {
    let Numbers { organiser_number, service_numbers, .. } = numbers;
    if service_numbers.is_empty() {
        return organiser_number.clone();
    }
    format!("{organiser_number}: {}", service_numbers.join(", "))
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Rules => "the rules",
        Stage::Identity => "identity verification",
        Stage::Authority => "the registers",
        Stage::Review => "the reviewer",
        Stage::Bureau => "the bureau",
    }
}

fn rules_reason(verdict: &RulesVerdict) -> String {
    match &verdict.version {
        Some(version) => format!("module {version}{}", found(&verdict.findings)),
        None if verdict.findings.iter().any(|finding| finding.code == rules::CODE_UNJUDGED) => {
            "no module could judge; manual review".to_owned()
        }
        None => format!("the bureau's rules do not concern it{}", found(&verdict.findings)),
    }
}

/// Codes and fields of findings, e.g. `; N01 services[0].name (block)`.
fn found(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let severity = match finding.severity {
            Severity::Advise => "advise",
            Severity::Review => "review",
            Severity::Block => "block",
        };
        let field = if finding.field.is_empty() { String::new() } else { format!(" {}", finding.field) };
        text.push_str(&format!("; {}{field} ({severity})", finding.code));
    }
    text
}
