//! Facts of the other services: in order, twice, late, and about nothing that is known.

use std::time::Duration;

use icp_bus::Outgoing;
use icp_proto::{authority, bureau, identity};
use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::json;

use crate::app::{App, REVIEWER, id_of};

pub(crate) fn verified(id: &str, attempt: u32) -> Outgoing {
    let message = identity::Verified { order_id: id.to_owned(), attempt, ..Default::default() };
    Outgoing::event("identity", "verified", "gd", id, &message)
}

pub(crate) fn answered(id: &str, attempt: u32) -> Outgoing {
    let message = authority::Answered { order_id: id.to_owned(), attempt, ..Default::default() };
    Outgoing::event("authority", "answered", "gd", id, &message)
}

pub(crate) fn approved(id: &str) -> Outgoing {
    let message = bureau::Approved {
        order_id: id.to_owned(),
        attempt: 1,
        province: "gd".to_owned(),
        organiser_number: format!("粤ICP备{}号", id.chars().filter(char::is_ascii_digit).take(8).collect::<String>()),
        service_numbers: vec![format!("{id}-1")],
        at_unix_ms: 1,
        ..bureau::Approved::default()
    };
    Outgoing::event("bureau", "approved", "gd", id, &message)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life_with_every_fact_told_twice() {
    let app = App::start().await;
    let path = app.submitted(1).await;
    let id = id_of(&path);
    app.publish(vec![verified(&id, 1), verified(&id, 1), answered(&id, 1), answered(&id, 1)]).await;
    let waiting = app.wait_phase(&path, "provider_review").await;
    let review = format!("{path}/review");
    let queue = app.send(REVIEWER, Method::GET, "/v1/review", None, None).await;
    assert_eq!(queue.body["orders"][0]["id"], id.as_str());
    let passed = app.json(REVIEWER, Method::POST, &review, Some(&waiting.etag), &json!({"decision": "pass"})).await;
    assert_eq!(passed.body["phase"], "queued", "{}", passed.body);
    app.publish(vec![approved(&id), approved(&id)]).await;
    let end = app.wait_phase(&path, "approved").await;
    // Late facts of any kind change nothing.
    app.publish(vec![verified(&id, 1), answered(&id, 1), approved(&id)]).await;
    let last = app.submitted(2).await;
    app.publish(vec![verified(&id_of(&last), 1), answered(&id_of(&last), 1)]).await;
    app.wait_phase(&last, "provider_review").await;
    assert_eq!(app.order(&path).await.etag, end.etag);

    let events: Vec<String> =
        sqlx::query_scalar("select event->>'event' from order_history where order_id = $1 order by version")
            .bind(uuid::Uuid::parse_str(&id).unwrap())
            .fetch_all(&app.pool)
            .await
            .unwrap();
    // The two checks are told by two consumers: either may come first.
    let events =
        events.join(" ").replace("authority_answered identity_verified", "identity_verified authority_answered");
    let expected = "created submitted rules_judged identity_verified authority_answered review_requested rules_judged \
                    passed received_by_bureau approved";
    assert_eq!(events, expected);
    let whitelist = app.order("/v1/whitelist/www.specimen-unknown.cn").await;
    assert_eq!(whitelist.status, 404);
    let domain = end.body["domains"][0].as_str().unwrap();
    let whitelist = app.order(&format!("/v1/whitelist/www.{domain}")).await;
    assert_eq!(whitelist.body["service_number"], format!("{id}-1"), "{}", whitelist.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_an_older_attempt_changes_nothing() {
    let app = App::start().await;
    let path = app.submitted(1).await;
    let id = id_of(&path);
    app.publish(vec![verified(&id, 7), answered(&id, 7), answered(&id, 1)]).await;
    wait_until("the registers' answer to be recorded", Duration::from_secs(30), || async {
        let version = app.order(&path).await.etag;
        if version == "\"4\"" { Ok(()) } else { Err(version) }
    })
    .await
    .unwrap();
    assert_eq!(app.order(&path).await.body["phase"], "checking");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_fact_becomes_a_dead_letter_and_holds_nothing_back() {
    let app = App::start().await;
    let path = app.submitted(1).await;
    let id = id_of(&path);
    let unknown = uuid::Uuid::now_v7().to_string();
    let mut garbage = verified(&id, 1);
    garbage.payload = vec![0xFF; 8].into();
    app.publish(vec![verified(&unknown, 1), garbage, verified(&id, 1), answered(&id, 1)]).await;
    app.wait_phase(&path, "provider_review").await;
    let count = wait_until("two dead letters", Duration::from_secs(30), || async {
        let count: i64 = sqlx::query_scalar("select count(*) from outbox where subject = 'icp.dead.intake-identity'")
            .fetch_one(&app.pool)
            .await
            .map_err(|error| error.to_string())?;
        if count == 2 { Ok(count) } else { Err(format!("{count} dead letters")) }
    });
    assert_eq!(count.await.unwrap(), 2);
}
