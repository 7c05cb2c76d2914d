//! Entitlements: issued, handed on, bound, and going the way of their orders.

use std::time::Duration;

use icp_bus::Outgoing;
use icp_domain::{OrderType, Province};
use icp_intake::archive::{self, Filed};
use icp_intake::order::{Event, Numbers, Order};
use icp_intake::store::{self, Change};
use icp_kit::Vault;
use icp_proto::{authority, identity};
use icp_testkit::filings::company_filing;
use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{APPLICANT, Answer, App, OPERATOR, OTHER, REVIEWER, id_of, path_of};

struct Issued {
    id: String,
    code: String,
}

impl App {
    async fn post_json(&self, token: &str, path: &str, body: Value) -> Answer {
        self.json(token, Method::POST, path, None, &body).await
    }

    async fn issued(&self, account: &str, resource: &str, count: u32) -> Vec<Issued> {
        let body = json!({"account": account, "product": "cloud-server", "resource": resource, "count": count});
        let answer = self.post_json(OPERATOR, "/v1/entitlements", body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let list = answer.body["entitlements"].as_array().unwrap();
        list.iter().map(|one| Issued { id: text(&one["id"]), code: text(&one["code"]) }).collect()
    }

    async fn bind(&self, token: &str, order: &str, service: u32, code: &str) -> Answer {
        self.json(token, Method::PUT, &format!("{order}/entitlements/{service}"), None, &json!({ "code": code })).await
    }

    async fn status(&self, id: &str) -> String {
        let answer = self.send(OPERATOR, Method::GET, &format!("/v1/entitlements/{id}"), None, None).await;
        answer.body["status"].as_str().unwrap().to_owned()
    }

    async fn expire(&self, id: &str) {
        sqlx::query("update entitlements set expires_at = now() - interval '1 day' where id = $1")
            .bind(Uuid::parse_str(id).unwrap())
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Waits until somebody waits for a lock that a test holds.
    async fn held_up(&self) {
        wait_until("a request to wait for the lock", Duration::from_secs(30), || async {
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            )
            .fetch_one(&self.pool)
            .await
            .unwrap();
            if waiting > 0 { Ok(()) } else { Err("nobody waits".to_owned()) }
        })
        .await
        .unwrap();
    }

    /// A draft with this code for its one service.
    async fn entitled_draft(&self, n: u32, code: &Issued) -> (String, String) {
        let (order, etag) = self.draft(n).await;
        assert_eq!(self.bind(APPLICANT, &order, 0, &code.code).await.status, 200);
        (order, etag)
    }

    /// An order with this code that waits for the reviewer.
    async fn entitled_in_review(&self, n: u32, code: &Issued) -> Answer {
        let (order, etag) = self.entitled_draft(n, code).await;
        let submitted = self.send(APPLICANT, Method::POST, &format!("{order}/submit"), Some(&etag), None).await;
        assert_eq!(submitted.body["phase"], "checking", "{}", submitted.body);
        self.checked(&order).await;
        self.wait_phase(&order, "provider_review").await
    }

    /// What the order's state machine would store, without its way there.
    async fn take_notice(&self, order: &str, events: Vec<Event>) {
        let id = Uuid::parse_str(order.rsplit('/').next().unwrap()).unwrap();
        let mut tx = self.pool.begin().await.unwrap();
        let (version, state): (i64, sqlx::types::Json<Order>) =
            sqlx::query_as("select version, state from orders where id = $1")
                .bind(id)
                .fetch_one(&mut *tx)
                .await
                .unwrap();
        let after = events.iter().fold(state.0, icp_intake::order::evolve);
        let at = chrono::Utc::now();
        let change = |from_version, after: &Order| Change {
            id,
            from_version,
            after: after.clone(),
            at,
            actor: "test".to_owned(),
            role: "applicant",
            carried_out: None,
            events: events.clone(),
            content: None,
            sealed: None,
        };
        let stale = store::save(&mut tx, &[change(version + 50, &after)]).await.unwrap();
        assert!(stale.is_empty());
        let stored = store::save(&mut tx, &[change(version, &after)]).await.unwrap();
        assert_eq!(stored.len(), 1);
        tx.commit().await.unwrap();
    }
}

const SUBMITTED: Event =
    Event::Submitted { attempt: 1, asks_sms: true, organiser_number: None, service_numbers: Vec::new() };

fn field(answer: &Answer) -> &str {
    assert_eq!(answer.status, 422, "{}", answer.body);
    answer.body["errors"][0]["field"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_are_issued_per_server_and_handed_on_while_unbound() {
    let app = App::start().await;
    let first = app.issued("a", "i-1", 3).await;
    let more = |count: u32| json!({"account": "a", "product": "cloud-server", "resource": "i-1", "count": count});
    assert_eq!(field(&app.post_json(OPERATOR, "/v1/entitlements", more(3)).await), "count", "5 per server");
    assert_eq!(app.post_json(OPERATOR, "/v1/entitlements", more(2)).await.status, 201);
    assert_eq!(field(&app.post_json(OPERATOR, "/v1/entitlements", more(1)).await), "count");
    assert_eq!(app.post_json(APPLICANT, "/v1/entitlements", more(1)).await.status, 403);
    let unknown = json!({"account": "a", "product": "toaster", "resource": "i-2"});
    assert_eq!(field(&app.post_json(OPERATOR, "/v1/entitlements", unknown).await), "product");
    let dump: Vec<String> =
        sqlx::query_scalar("select row_to_json(t)::text from entitlements t").fetch_all(&app.pool).await.unwrap();
    assert!(!dump.join(" ").contains(&first[0].code), "codes are not kept");

    let list = app.send(APPLICANT, Method::GET, "/v1/entitlements?status=unbound&limit=4", None, None).await;
    assert_eq!(list.body["entitlements"].as_array().unwrap().len(), 4);
    let next = list.body["next_after"].as_str().unwrap();
    let rest = app.send(APPLICANT, Method::GET, &format!("/v1/entitlements?after={next}"), None, None).await;
    assert_eq!(rest.body["entitlements"].as_array().unwrap().len(), 1);

    let grant = |ids: &[&str]| json!({"ids": ids, "to_account": "b"});
    assert_eq!(
        field(&app.post_json(OTHER, "/v1/entitlements/grant", grant(&[&first[0].id])).await),
        "ids",
        "not its own"
    );
    assert_eq!(app.post_json(REVIEWER, "/v1/entitlements/grant", grant(&[&first[0].id])).await.status, 403);
    let given = app.post_json(APPLICANT, "/v1/entitlements/grant", grant(&[&first[0].id, &first[1].id])).await;
    assert_eq!(given.status, 200, "{}", given.body);
    let again = app.post_json(APPLICANT, "/v1/entitlements/grant", grant(&[&first[1].id, &first[2].id])).await;
    assert_eq!(field(&again), "ids");
    let query = json!({"code": first[2].code.to_lowercase()});
    assert_eq!(
        app.post_json(APPLICANT, "/v1/entitlements/query", query.clone()).await.body["status_code"],
        0,
        "all or none"
    );
    assert_eq!(app.post_json(OTHER, "/v1/entitlements/query", query).await.status, 404);
    let of_other = app.post_json(OTHER, "/v1/entitlements/query", json!({"code": first[0].code})).await;
    assert_eq!(of_other.body["issued_to"], "a");

    let revoke = format!("/v1/entitlements/{}/revoke", first[2].id);
    assert_eq!(app.post_json(APPLICANT, &revoke, json!({"reason": "x"})).await.status, 403);
    assert_eq!(app.post_json(OPERATOR, &revoke, json!({"reason": "server returned"})).await.body["status"], "invalid");
    assert_eq!(app.post_json(OPERATOR, &revoke, json!({"reason": "twice"})).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_code_is_for_one_service_and_goes_the_way_of_its_order() {
    let app = App::start().await;
    let codes = app.issued("a", "i-1", 5).await;
    let (order, etag) = app.draft(1).await;
    assert_eq!(field(&app.bind(APPLICANT, &order, 7, &codes[0].code).await), "service");
    assert_eq!(field(&app.bind(APPLICANT, &order, 0, "22222-22222-22222-22222").await), "code");
    assert_eq!(app.bind(OTHER, &order, 0, &codes[0].code).await.status, 404);
    let bound = app.bind(APPLICANT, &order, 0, &codes[0].code).await;
    assert_eq!((bound.status, &bound.body["needed"]), (200, &json!([0])), "{}", bound.body);
    let (second, _) = app.draft(2).await;
    assert_eq!(field(&app.bind(APPLICANT, &second, 0, &codes[0].code).await), "code", "it is bound already");

    // Another code for the same service frees the first one; the second order may have it then.
    assert_eq!(app.bind(APPLICANT, &order, 0, &codes[1].code).await.status, 200);
    assert_eq!(app.bind(APPLICANT, &second, 0, &codes[0].code).await.status, 200);
    let path = format!("{second}/entitlements/0");
    assert_eq!(app.send(APPLICANT, Method::DELETE, &path, None, None).await.status, 204);
    assert_eq!(app.status(&codes[0].id).await, "unbound");

    // Withdrawn before the bureau had it: free again.
    let withdraw = format!("{order}/withdraw");
    assert_eq!(app.send(APPLICANT, Method::POST, &withdraw, Some(&etag), None).await.status, 200);
    assert_eq!(app.status(&codes[1].id).await, "unbound");

    // On its way to the bureau, and on record.
    assert_eq!(app.bind(APPLICANT, &second, 0, &codes[1].code).await.status, 200);
    app.take_notice(&second, vec![SUBMITTED, Event::Passed]).await;
    assert_eq!(app.status(&codes[1].id).await, "in_filing");
    assert_eq!(field(&app.bind(APPLICANT, &second, 0, &codes[2].code).await), "code", "the order is not open");
    let number = "粤ICP备2026000001号-1".to_owned();
    let approved = Event::Approved(Numbers {
        organiser_number: "粤ICP备2026000001号".to_owned(),
        service_numbers: vec![number.clone()],
        ..Numbers::default()
    });
    app.take_notice(&second, vec![Event::ReceivedByBureau { data_sequence: 1 }, approved]).await;
    assert_eq!(app.status(&codes[1].id).await, "filed");
    let shown = app.send(APPLICANT, Method::GET, &format!("/v1/entitlements/{}", codes[1].id), None, None).await;
    assert_eq!(shown.body["service_number"], number.as_str());
    let events: Vec<&str> =
        shown.body["history"].as_array().unwrap().iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["issued", "bound", "released", "bound", "in_filing", "filed"]);

    // Withdrawn after the bureau had it: used up.
    let (third, _) = app.draft(3).await;
    assert_eq!(app.bind(APPLICANT, &third, 0, &codes[2].code).await.status, 200);
    let carried = vec![Event::Passed, Event::ReceivedByBureau { data_sequence: 2 }];
    app.take_notice(&third, carried).await;
    let findings = Vec::new();
    app.take_notice(&third, vec![Event::Returned { by: icp_domain::Stage::Bureau, findings, amendable: None }]).await;
    assert_eq!(app.status(&codes[2].id).await, "in_filing", "it may be submitted again");
    app.take_notice(&third, vec![Event::Withdrawn]).await;
    assert_eq!(app.status(&codes[2].id).await, "invalid");

    // Approved without a number for its service, and before its receipt was told: used up all the same.
    let (fourth, _) = app.draft(4).await;
    assert_eq!(app.bind(APPLICANT, &fourth, 0, &codes[3].code).await.status, 200);
    app.take_notice(&fourth, vec![SUBMITTED, Event::Passed]).await;
    let approved = Event::Approved(Numbers::default());
    app.take_notice(&fourth, vec![Event::ReceivedByBureau { data_sequence: 0 }, approved]).await;
    assert_eq!(app.status(&codes[3].id).await, "invalid");

    // Expired before it was passed on: nothing is filed with it.
    let (fifth, _) = app.draft(5).await;
    assert_eq!(app.bind(APPLICANT, &fifth, 0, &codes[4].code).await.status, 200);
    app.expire(&codes[4].id).await;
    app.take_notice(&fifth, vec![SUBMITTED, Event::Passed]).await;
    let shown = app.send(APPLICANT, Method::GET, &format!("/v1/entitlements/{}", codes[4].id), None, None).await;
    assert_eq!((&shown.body["status"], &shown.body["reason"]), (&json!("invalid"), &json!("expired")));

    // The access of a filed service is cancelled: its code never comes back.
    let filing = company_filing(Province::Guangdong, 2);
    let outcome = |order_type, on: &str| Filed {
        order_id: Uuid::now_v7(),
        account: "a".to_owned(),
        order_type,
        province: filing.province,
        filing: icp_domain::Filing { order_type, ..filing.clone() },
        organiser_number: "粤ICP备2026000001号".to_owned(),
        service_numbers: vec![number.clone()],
        organiser_id: 0,
        service_ids: Vec::new(),
        access_ids: Vec::new(),
        at: on.parse().unwrap(),
    };
    let mut tx = app.pool.begin().await.unwrap();
    let both = [
        outcome(OrderType::FirstFiling, "2026-03-01T00:00:00Z"),
        outcome(OrderType::CancelAccess, "2026-03-02T00:00:00Z"),
    ];
    archive::apply(&mut tx, &Vault::new(&[7; 32]).unwrap(), &both).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(app.status(&codes[1].id).await, "invalid");
    assert_eq!(field(&app.bind(APPLICANT, &order, 0, &codes[1].code).await), "code");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_invalid() {
    let app = App::start().await;
    let codes = app.issued("a", "i-1", 1).await;
    sqlx::query("update entitlements set expires_at = now() - interval '1 day'").execute(&app.pool).await.unwrap();
    assert_eq!(app.status(&codes[0].id).await, "invalid");
    let list = app.send(APPLICANT, Method::GET, "/v1/entitlements?status=unbound", None, None).await;
    assert_eq!(list.body["entitlements"], json!([]));
    let (order, _) = app.draft(1).await;
    assert_eq!(field(&app.bind(APPLICANT, &order, 0, &codes[0].code).await), "code");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_they_are_demanded_nothing_is_submitted_without() {
    let app = App::start_with("[intake.entitlements]\nrequired = true\n").await;
    let codes = app.issued("a", "i-1", 1).await;
    let (order, etag) = app.draft(1).await;
    let submit = async || app.send(APPLICANT, Method::POST, &format!("{order}/submit"), Some(&etag), None).await;
    let check = async || app.post(APPLICANT, &format!("{order}/check")).await.body;
    let refused = submit().await;
    assert_eq!(field(&refused), "services[0].entitlement");
    assert!(refused.body["findings"][0]["source"]["title"].is_string(), "{}", refused.body);
    assert_eq!(check().await["may_be_submitted"], false);
    assert_eq!(app.bind(APPLICANT, &order, 0, &codes[0].code).await.status, 200);
    assert_eq!(check().await["may_be_submitted"], true);
    let submitted = submit().await;
    assert_eq!(submitted.body["phase"], "checking", "{}", submitted.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_or_expires_in_review_is_not_passed() {
    let app = App::start_with("[intake.entitlements]\nrequired = true\n").await;
    let codes = app.issued("a", "i-1", 3).await;
    let pass = json!({"decision": "pass"});
    let revoked = app.entitled_in_review(1, &codes[0]).await;
    let revoke = format!("/v1/entitlements/{}/revoke", codes[0].id);
    assert_eq!(app.post_json(OPERATOR, &revoke, json!({"reason": "the server was given back"})).await.status, 200);
    let expired = app.entitled_in_review(2, &codes[1]).await;
    app.expire(&codes[1].id).await;
    for order in [&revoked, &expired] {
        let answer = app.review(REVIEWER, order, &pass).await;
        assert_eq!((answer.status, &answer.body["code"]), (409, &json!("ICP-INTAKE-0009")), "{}", answer.body);
        assert_eq!(answer.body["findings"][0]["field"], "services[0].entitlement");
        assert_eq!(app.order(&path_of(order)).await.body["phase"], "provider_review");
    }
    let valid = app.entitled_in_review(3, &codes[2]).await;
    assert_eq!(app.review(REVIEWER, &valid, &pass).await.body["phase"], "queued");
    assert_eq!(app.status(&codes[2].id).await, "in_filing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_revoked_at_the_same_time_is_noticed() {
    let app = App::start_with("[intake.entitlements]\nrequired = true\n").await;
    let codes = app.issued("a", "i-1", 2).await;
    let revoke = async |code: &Issued| {
        let mut tx = app.pool.begin().await.unwrap();
        sqlx::query("update entitlements set status = 'invalid', order_id = null where id = $1")
            .bind(Uuid::parse_str(&code.id).unwrap())
            .execute(&mut *tx)
            .await
            .unwrap();
        tx
    };
    let waiting = app.entitled_in_review(1, &codes[0]).await;
    let pass = json!({"decision": "pass"});
    let revoking = revoke(&codes[0]).await;
    let (passed, ()) = tokio::join!(app.review(REVIEWER, &waiting, &pass), async {
        app.held_up().await;
        revoking.commit().await.unwrap();
    });
    assert_eq!((passed.status, &passed.body["code"]), (409, &json!("ICP-INTAKE-0009")), "{}", passed.body);
    assert_eq!(app.order(&path_of(&waiting)).await.body["phase"], "provider_review");

    let (order, etag) = app.entitled_draft(2, &codes[1]).await;
    let revoking = revoke(&codes[1]).await;
    let submit = format!("{order}/submit");
    let (submitted, ()) = tokio::join!(app.send(APPLICANT, Method::POST, &submit, Some(&etag), None), async {
        app.held_up().await;
        revoking.commit().await.unwrap();
    });
    assert_eq!(field(&submitted), "services[0].entitlement");
    assert_eq!(app.order(&order).await.etag, etag, "nothing was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_not_released_while_its_order_is_handed_in() {
    let app = App::start().await;
    let codes = app.issued("a", "i-1", 1).await;
    let (order, _) = app.entitled_draft(1, &codes[0]).await;
    let mut submitting = app.pool.begin().await.unwrap();
    sqlx::query("update orders set phase = 'checking' where id = $1")
        .bind(Uuid::parse_str(&id_of(&order)).unwrap())
        .execute(&mut *submitting)
        .await
        .unwrap();
    let place = format!("{order}/entitlements/0");
    let (released, ()) = tokio::join!(app.send(APPLICANT, Method::DELETE, &place, None, None), async {
        app.held_up().await;
        submitting.commit().await.unwrap();
    });
    assert_eq!((released.status, app.status(&codes[0].id).await.as_str()), (404, "bound"), "{}", released.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_code_after_the_bureaus_return_uses_the_first_one_up() {
    let app = App::start().await;
    let codes = app.issued("a", "i-1", 2).await;
    let (order, _) = app.entitled_draft(1, &codes[0]).await;
    app.take_notice(&order, vec![SUBMITTED, Event::Passed, Event::ReceivedByBureau { data_sequence: 1 }]).await;
    let findings = Vec::new();
    app.take_notice(&order, vec![Event::Returned { by: icp_domain::Stage::Bureau, findings, amendable: None }]).await;
    assert_eq!(app.bind(APPLICANT, &order, 0, &codes[0].code).await.status, 200, "it is bound there");
    assert_eq!(app.status(&codes[0].id).await, "in_filing");
    for _ in 0..2 {
        let bound = app.bind(APPLICANT, &order, 0, &codes[1].code).await;
        assert_eq!(bound.status, 200, "{}", bound.body);
    }
    let statuses = (app.status(&codes[0].id).await, app.status(&codes[1].id).await);
    assert_eq!((statuses.0.as_str(), statuses.1.as_str()), ("invalid", "bound"));
    assert_eq!(field(&app.bind(APPLICANT, &order, 0, &codes[0].code).await), "code", "it does not come back");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_service_that_is_taken_out_comes_free() {
    let app = App::start().await;
    let codes = app.issued("a", "i-1", 2).await;
    let mut filing = company_filing(Province::Guangdong, 1);
    filing.services.extend(company_filing(Province::Guangdong, 2).services);
    let created = app.post_json(APPLICANT, "/v1/orders", serde_json::to_value(&filing).unwrap()).await;
    let order = path_of(&created);
    for (service, code) in (0..).zip(&codes) {
        assert_eq!(app.bind(APPLICANT, &order, service, &code.code).await.status, 200);
    }
    filing.services.truncate(1);
    let filing = serde_json::to_value(&filing).unwrap();
    assert_eq!(app.json(APPLICANT, Method::PUT, &order, Some(&created.etag), &filing).await.status, 200);
    let statuses = (app.status(&codes[0].id).await, app.status(&codes[1].id).await);
    assert_eq!((statuses.0.as_str(), statuses.1.as_str()), ("bound", "unbound"));
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_are_not_the_providers_are_told_to_the_reviewer() {
    let system = axum::Router::new().route(
        "/base/resources/query",
        axum::routing::post(|axum::Json(asked): axum::Json<Value>| async move {
            let answers: Vec<Value> = asked["addresses"]
                .as_array()
                .unwrap()
                .iter()
                .map(|address| json!({"address": address, "is_ours": asked["account"] != "a"}))
                .collect();
            axum::Json(json!({ "answers": answers }))
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, system).await });
    let app = App::start_with(&format!("[intake.resources]\nurl = \"http://{address}/base\"\n")).await;
    let order = app.submitted(1).await;
    let id = order.rsplit('/').next().unwrap();
    let verified = identity::Verified { order_id: id.to_owned(), attempt: 1, ..Default::default() };
    let answered = authority::Answered { order_id: id.to_owned(), attempt: 1, ..Default::default() };
    app.publish(vec![
        Outgoing::event("identity", "verified", "gd", id, &verified),
        Outgoing::event("authority", "answered", "gd", id, &answered),
    ])
    .await;
    let waiting = app.wait_phase(&order, "provider_review").await;
    let findings = waiting.body["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["code"] == "A01").unwrap();
    assert_eq!(found["field"], "services[0].access.addresses[0]");
    assert_eq!(found["severity"], "review");
}
