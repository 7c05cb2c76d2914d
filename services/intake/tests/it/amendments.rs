//! Returned orders are amended, and what was changed is told; orders that nobody works on come to an end.

use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use icp_bus::Outgoing;
use icp_domain::Province;
use icp_proto::common::Contact;
use icp_proto::order::OrderEvent;
use icp_proto::schedule::{Fired, SetTimers};
use icp_proto::{authority, common, identity};
use icp_testkit::filings::company_filing;
use icp_testkit::wait_until;
use prost::Message as _;
use reqwest::Method;
use serde_json::json;

use crate::app::{APPLICANT, Answer, App, REVIEWER, id_of, path_of};

fn checked(id: &str, attempt: u32) -> Vec<Outgoing> {
    checks(id, attempt, Vec::new())
}

/// Both answers of the checks, with what identity verification found.
fn checks(id: &str, attempt: u32, findings: Vec<common::Finding>) -> Vec<Outgoing> {
    let verified = identity::Verified { order_id: id.to_owned(), attempt, findings, ..Default::default() };
    let answered = authority::Answered { order_id: id.to_owned(), attempt, ..Default::default() };
    vec![
        Outgoing::event("identity", "verified", "gd", id, &verified),
        Outgoing::event("authority", "answered", "gd", id, &answered),
    ]
}

/// What identity verification returns an order for.
fn blocking(field: &str) -> Vec<common::Finding> {
    let severity = common::Severity::Block.into();
    vec![common::Finding { code: "V01".to_owned(), severity, field: field.to_owned(), ..Default::default() }]
}

async fn returned(app: &App, only_named: bool) -> (String, Answer) {
    let path = app.submitted(1).await;
    app.publish(checked(&id_of(&path), 1)).await;
    let waiting = app.wait_phase(&path, "provider_review").await;
    let finding =
        json!({"code": "N01", "field": "services[0].name", "reason": "too general", "remedy": "choose another"});
    let decision = json!({"decision": "return", "findings": [finding], "only_named": only_named});
    let review = format!("{path}/review");
    let answer = app.json(REVIEWER, Method::POST, &review, Some(&waiting.etag), &decision).await;
    assert_eq!(answer.body["phase"], "returned", "{}", answer.body);
    (path, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_amended_after_a_return_is_told_field_by_field() {
    let app = App::start().await;
    let (path, order) = returned(&app, true).await;
    assert_eq!(app.order(&path).await.body["amendable"], json!(["services[0].name"]));
    let mut filing = company_filing(Province::Guangdong, 1);
    filing.organiser.remark = Some("更正".to_owned());
    filing.services[0].name = "示例改名".to_owned();
    let amend = async |filing: &icp_domain::Filing| {
        app.json(APPLICANT, Method::PUT, &path, Some(&order.etag), &serde_json::to_value(filing).unwrap()).await
    };
    let frozen = amend(&filing).await;
    assert_eq!((frozen.status, frozen.body["errors"][0]["field"].as_str()), (422, Some("organiser.remark")));
    assert_eq!(frozen.body["errors"].as_array().unwrap().len(), 1, "{}", frozen.body);
    filing.organiser.remark = None;
    let amended = amend(&filing).await;
    assert_eq!(amended.status, 200, "{}", amended.body);

    let changes = app.order(&format!("{path}/changes")).await;
    let old = company_filing(Province::Guangdong, 1).services[0].name.clone();
    let expected = json!([{"path": "services[0].name", "before": old, "after": "示例改名"}]);
    assert_eq!((&changes.body["changes"], &changes.body["since"]["attempt"]), (&expected, &json!(1)));

    let submit = format!("{path}/submit");
    let again = app.send(APPLICANT, Method::POST, &submit, Some(&amended.etag), None).await;
    assert_eq!(again.body["phase"], "checking", "{}", again.body);
    let seen = app.send(REVIEWER, Method::GET, &format!("{path}/changes"), None, None).await;
    assert_eq!(seen.body["changes"], expected, "the reviewer sees what became of the return");
    let stored: Vec<Vec<u8>> =
        sqlx::query_scalar("select content from submissions").fetch_all(&app.pool).await.unwrap();
    assert_eq!(stored.len(), 2);
    let clear = "示例改名".as_bytes();
    assert!(stored.iter().all(|content| content.windows(clear.len()).all(|part| part != clear)), "it is encrypted");
}

/// Replaces the content of an order that was read, and hands it in.
async fn hand_in_again(app: &App, path: &str, order: &Answer, filing: &icp_domain::Filing) {
    let body = serde_json::to_value(filing).unwrap();
    let amended = app.json(APPLICANT, Method::PUT, path, Some(&order.etag), &body).await;
    assert_eq!(amended.status, 200, "{}", amended.body);
    let submit = format!("{path}/submit");
    let submitted = app.send(APPLICANT, Method::POST, &submit, Some(&amended.etag), None).await;
    assert_eq!(submitted.body["phase"], "checking", "{}", submitted.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_sees_what_changed_since_a_reviewer_decided() {
    let app = App::start().await;
    let path = app.submitted(1).await;
    let id = id_of(&path);
    let seen = async || app.send(REVIEWER, Method::GET, &format!("{path}/changes"), None, None).await;
    let mut filing = company_filing(Province::Guangdong, 1);
    app.publish(checks(&id, 1, blocking("services[0].principal"))).await;
    let unseen = app.wait_phase(&path, "returned").await;
    hand_in_again(&app, &path, &unseen, &filing).await;
    app.publish(checked(&id, 2)).await;
    let waiting = app.wait_phase(&path, "provider_review").await;
    assert_eq!(seen().await.body["since"], json!(null), "no reviewer has decided yet");

    let decision = json!({"decision": "return", "findings": [{"code": "N01", "field": "services[0].name"}]});
    let returned = app.review(REVIEWER, &waiting, &decision).await;
    filing.services[0].name = "示例改名".to_owned();
    hand_in_again(&app, &path, &returned, &filing).await;
    app.publish(checks(&id, 3, blocking("organiser.remark"))).await;
    let unseen = app.wait_phase(&path, "returned").await;
    filing.organiser.remark = Some("更正".to_owned());
    hand_in_again(&app, &path, &unseen, &filing).await;
    app.publish(checked(&id, 4)).await;
    app.wait_phase(&path, "provider_review").await;
    let changes = seen().await.body;
    let mut paths: Vec<&str> =
        changes["changes"].as_array().unwrap().iter().map(|changed| changed["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!((&changes["since"]["attempt"], paths), (&json!(2), vec!["organiser.remark", "services[0].name"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_a_reviewer_froze_stay_frozen_when_the_checks_return_the_order() {
    let app = App::start().await;
    let (path, order) = returned(&app, true).await;
    let mut filing = company_filing(Province::Guangdong, 1);
    filing.services[0].name = "示例改名".to_owned();
    hand_in_again(&app, &path, &order, &filing).await;
    filing.organiser.remark = Some("更正".to_owned());
    let body = serde_json::to_value(&filing).unwrap();
    let amend = async |etag: &str| app.json(APPLICANT, Method::PUT, &path, Some(etag), &body).await;
    let under_way = app.order(&path).await;
    assert_eq!(amend(&under_way.etag).await.status, 409, "nothing is amended while it is under way");

    app.publish(checks(&id_of(&path), 2, blocking("organiser.principal"))).await;
    let again = app.wait_phase(&path, "returned").await;
    let frozen = amend(&again.etag).await;
    assert_eq!((frozen.status, &frozen.body["errors"][0]["field"]), (422, &json!("organiser.remark")));
    assert_eq!(frozen.body["errors"].as_array().unwrap().len(), 1, "{}", frozen.body);
    filing.organiser.remark = None;
    filing.organiser.principal.email = "new@example.com".to_owned();
    filing.services[0].name = "示例再改".to_owned();
    hand_in_again(&app, &path, &again, &filing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_never_handed_in_has_no_changes() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let changes = app.order(&format!("{path}/changes")).await;
    assert_eq!(changes.body, json!({"since": null, "version": 1, "changes": [], "materials": []}));
}

async fn payloads(app: &App, subject: &str) -> Vec<Vec<u8>> {
    sqlx::query_scalar("select payload from outbox where subject = $1 order by id")
        .bind(subject)
        .fetch_all(&app.pool)
        .await
        .unwrap()
}

async fn timers(app: &App) -> Vec<(String, i64)> {
    let sets = payloads(app, "icp.task.schedule.v1.set").await;
    let sets = sets.iter().map(|payload| SetTimers::decode(payload.as_slice()).unwrap());
    sets.flat_map(|set| set.timers).map(|timer| (timer.name, timer.fire_at_unix_ms)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_works_on_a_draft_reminders_then_the_end() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let id = id_of(&path);
    let since: DateTime<Utc> = app.order(&path).await.body["since"].as_str().unwrap().parse().unwrap();
    let on_day = |days: u64| (since + Days::new(days)).timestamp_millis();
    let fire = async |days: u64| {
        let fired = Fired {
            owner: "intake".to_owned(),
            key: id.clone(),
            fired_at_unix_ms: on_day(days) + 1_000,
            due_at_unix_ms: on_day(days),
            ..Fired::default()
        };
        let fact = Outgoing::event("schedule", "fired", "intake", &id, &fired);
        app.publish(vec![fact.clone(), fact]).await;
    };
    assert_eq!(timers(&app).await.len(), 1);
    fire(7).await;
    let next = wait_until("the second timer", Duration::from_secs(30), || async {
        let timers = timers(&app).await;
        if timers.len() == 2 { Ok(timers) } else { Err(format!("{timers:?}")) }
    });
    let (name, at) = next.await.unwrap().remove(1);
    assert_eq!(name, "reminder_second");
    // Postgres keeps microseconds, timers milliseconds.
    assert!((at - on_day(15)).abs() <= 1);
    let reminders = payloads(&app, "icp.evt.order.v1.reminder_first.gd").await;
    assert_eq!(reminders.len(), 1, "told once, though the timer was told twice");
    let reminder = OrderEvent::decode(reminders[0].as_slice()).unwrap();
    assert!((reminder.deadline_unix_ms - on_day(45)).abs() <= 1);
    assert_eq!(reminder.contact.unwrap().recipient, "notify", "a draft has somebody to remind, too");
    assert_eq!(app.order(&path).await.etag, "\"1\"", "a reminder is no change");

    fire(45).await;
    app.wait_phase(&path, "expired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_begins_the_term_of_the_public_security_filing() {
    let app = App::start().await;
    let path = app.in_review(1..=1).await.iter().map(path_of).next().unwrap();
    let order = app.order(&path).await;
    assert_eq!(app.review(REVIEWER, &order, &json!({"decision": "pass"})).await.status, 200);
    let approved_at: DateTime<Utc> = app.approve(&path).await.body["since"].as_str().unwrap().parse().unwrap();
    let set: Vec<String> = timers(&app).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(set, ["reminder_first", "public_security_first", "public_security_last"]);
    let calendar = app.order(&format!("{path}/calendar")).await;
    let deadline = &calendar.body["deadlines"][0];
    assert_eq!(deadline["name"], "public_security", "{}", calendar.body);
    let end: DateTime<Utc> = deadline["at"].as_str().unwrap().parse().unwrap();
    assert!((30..=31).contains(&(end - approved_at).num_days()), "{end}");
    assert_eq!(app.told("approved").await[0].deadline_unix_ms, end.timestamp_millis());

    let id = id_of(&path);
    let fired = |name: &str| {
        let at = (approved_at + Days::new(23)).timestamp_millis();
        let fired = Fired { key: id.clone(), name: name.to_owned(), fired_at_unix_ms: at, ..Fired::default() };
        Outgoing::event("schedule", "fired", "intake", &id, &fired)
    };
    // A timer from before the submission says nothing any more.
    app.publish(vec![fired("reminder_first"), fired("public_security_first")]).await;
    wait_until("the reminder", Duration::from_secs(30), || async {
        let told = app.told("public_security_first").await;
        if told.len() == 1 { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await
    .unwrap();
    let reminder = app.told("public_security_first").await.remove(0);
    assert_eq!(reminder.deadline_unix_ms, end.timestamp_millis());
    assert_eq!((reminder.service_numbers.len(), reminder.contact.unwrap().recipient.as_str()), (1, "notify"));
    assert!(app.told("reminder_first").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_an_amendment_names_is_reminded() {
    let app = App::start().await;
    let (path, order) = returned(&app, false).await;
    let mut filing = company_filing(Province::Guangdong, 1);
    filing.organiser.principal.email = "successor@example.com".to_owned();
    let amended =
        app.json(APPLICANT, Method::PUT, &path, Some(&order.etag), &serde_json::to_value(&filing).unwrap()).await;
    assert_eq!(amended.status, 200, "{}", amended.body);
    let id = id_of(&path);
    let fire = async |days: u64| {
        let at = (Utc::now() + Days::new(days)).timestamp_millis();
        let fired = Fired { owner: "intake".to_owned(), key: id.clone(), fired_at_unix_ms: at, ..Fired::default() };
        app.publish(vec![Outgoing::event("schedule", "fired", "intake", &id, &fired)]).await;
    };
    let told_at = |fact: &OrderEvent| {
        let contact: Contact = app.notify.open(fact.contact.as_ref().unwrap(), &id).unwrap();
        contact.email
    };
    fire(8).await;
    let reminder = wait_until("the reminder", Duration::from_secs(30), || async {
        app.told("reminder_first").await.pop().ok_or_else(|| "nobody was reminded".to_owned())
    });
    let reminder = reminder.await.unwrap();
    assert_eq!(told_at(&reminder), "successor@example.com");
    fire(46).await;
    app.wait_phase(&path, "expired").await;
    assert_eq!(told_at(&app.told("expired").await.pop().unwrap()), "successor@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_under_way_does_not_expire() {
    let app = App::start().await;
    let path = app.submitted(1).await;
    let id = id_of(&path);
    let later = Utc::now() + Days::new(50);
    let fired = Fired { key: id.clone(), fired_at_unix_ms: later.timestamp_millis(), ..Fired::default() };
    let other = app.draft(2).await.0;
    let other_fired = Fired { key: id_of(&other), ..fired.clone() };
    app.publish(vec![
        Outgoing::event("schedule", "fired", "intake", &id, &fired),
        Outgoing::event("schedule", "fired", "intake", id_of(&other), &other_fired),
    ])
    .await;
    app.wait_phase(&other, "expired").await;
    assert_eq!(app.order(&path).await.body["phase"], "checking");
}
