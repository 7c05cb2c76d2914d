//! The reviewers' desk: queue and claims, two reviewers, own words, and what passes by policy.

use std::time::Duration;

use icp_bus::Outgoing;
use icp_proto::bureau;
use icp_proto::order::OwnWords;
use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, Answer, App, OPERATOR, REVIEWER, SECOND, SUPERVISOR, id_of, path_of};

fn ids(queue: &Answer) -> Vec<&str> {
    queue.body["orders"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap()).collect()
}

fn assert_refused(answer: &Answer, code: &str) {
    assert_eq!((answer.status, answer.body["code"].as_str()), (409, Some(code)), "{}", answer.body);
}

/// What the database holds about orders, as text.
async fn dump(app: &App) -> String {
    let mut dump = String::new();
    for query in [
        "select coalesce(string_agg(state::text, ''), '') from orders",
        "select coalesce(string_agg(event::text, ''), '') from order_history",
        "select coalesce(string_agg(what || why, ''), '') from journal",
        "select coalesce(string_agg(encode(payload, 'escape'), ''), '') from outbox",
    ] {
        dump += &sqlx::query_scalar::<_, String>(query).fetch_one(&app.pool).await.unwrap();
    }
    dump
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_stands_by_age_and_tells_deadlines_and_claims() {
    let app = App::start().await;
    let waiting = app.in_review(1..=3).await;
    // The last one has waited since before a holiday and was handed in two days earlier; the second one is of another
    // province.
    sqlx::query(
        "update order_history set at = '2026-09-28T15:30:00Z' where order_id = $1 and event->>'event' = 'submitted'",
    )
    .bind(uuid::Uuid::parse_str(&id_of(&path_of(&waiting[2]))).unwrap())
    .execute(&app.pool)
    .await
    .unwrap();
    for (order, change) in
        [(2, "phase_since = '2026-09-30T15:30:00Z'"), (1, "province = 'zj'"), (0, "updated_at = updated_at")]
    {
        let query = format!("update orders set {change} where id = '{}'", id_of(&path_of(&waiting[order])));
        sqlx::query(sqlx::AssertSqlSafe(query)).execute(&app.pool).await.unwrap();
    }
    let all = app.get(REVIEWER, "/v1/review").await;
    let sequence = [2, 0, 1].map(|place: usize| waiting[place].body["id"].as_str().unwrap());
    assert_eq!(ids(&all), sequence);
    let oldest = &all.body["orders"][0];
    assert_eq!((&oldest["due"], &oldest["due_by_law"]), (&json!("2026-10-08"), &json!("2026-10-10")));
    assert_eq!(oldest["overdue"], true);
    assert_eq!((&oldest["order_type"], &oldest["account"]), (&json!("first_filing"), &json!("a")));
    assert_eq!(all.body["orders"][1]["overdue"], false);

    assert_eq!(ids(&app.get(SUPERVISOR, "/v1/review?province=zj").await), [sequence[2]]);
    let first = app.get(REVIEWER, "/v1/review?limit=2").await;
    assert_eq!(ids(&first), sequence[..2]);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = app.get(REVIEWER, &format!("/v1/review?limit=2&cursor={cursor}")).await;
    assert_eq!((ids(&second), &second.body["next_cursor"]), (vec![sequence[2]], &Value::Null));

    let claim = app.post(REVIEWER, &format!("{}/claim", path_of(&waiting[0]))).await;
    assert_eq!((claim.status, &claim.body["reviewer"]), (200, &json!("reviewer")), "{}", claim.body);
    let of = async |claimed: &str| app.get(REVIEWER, &format!("/v1/review?claimed={claimed}")).await;
    assert_eq!(ids(&of("me").await), [sequence[1]]);
    assert_eq!(ids(&of("yes").await), [sequence[1]]);
    assert_eq!(ids(&of("no").await), [sequence[0], sequence[2]]);
    assert_eq!(ids(&app.get(SECOND, "/v1/review?claimed=me").await), Vec::<&str>::new());
    for (query, field) in [("claimed=maybe", "claimed"), ("cursor=7", "cursor"), ("limit=0", "limit")] {
        let answer = app.get(REVIEWER, &format!("/v1/review?{query}")).await;
        assert_eq!((answer.status, &answer.body["errors"][0]["field"]), (422, &json!(field)), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_claimed_an_order_decides_where_that_is_asked_for() {
    let app = App::start_with("[intake.review]\nclaim_required = true\n").await;
    let order = app.in_review(1..=1).await.remove(0);
    let path = path_of(&order);
    let (claim, release) = (format!("{path}/claim"), format!("{path}/release"));
    let pass = json!({"decision": "pass"});
    assert_refused(&app.review(REVIEWER, &order, &pass).await, "ICP-INTAKE-0030");

    // Of all who claim at once, one has it.
    let claims = [REVIEWER, SECOND, REVIEWER, SECOND].map(|token| app.post(token, &claim));
    let answers = futures::future::join_all(claims).await;
    let holder = answers.iter().find(|answer| answer.status == 200).unwrap().body["reviewer"].clone();
    let tokens = [REVIEWER, SECOND, REVIEWER, SECOND];
    for (token, answer) in tokens.iter().zip(&answers) {
        let is_holder = (*token == REVIEWER) == (holder == "reviewer");
        assert_eq!(answer.status, if is_holder { 200 } else { 409 }, "{}", answer.body);
    }
    let (holder, other) = if holder == "reviewer" { (REVIEWER, SECOND) } else { (SECOND, REVIEWER) };
    assert_refused(&app.review(other, &order, &pass).await, "ICP-INTAKE-0030");
    assert_eq!(app.post(other, &release).await.status, 204);
    assert_refused(&app.post(other, &claim).await, "ICP-INTAKE-0030");

    // A claim that has run out, or that a supervisor gave back, holds nobody up.
    sqlx::query("update review_claims set until = claimed_at").execute(&app.pool).await.unwrap();
    assert_eq!(app.post(other, &claim).await.status, 200);
    assert_eq!(app.post(SUPERVISOR, &release).await.status, 204);
    assert_eq!(app.post(holder, &claim).await.status, 200);
    let passed = app.review(holder, &order, &pass).await;
    assert_eq!(passed.body["phase"], "queued", "{}", passed.body);
    let claims: i64 = sqlx::query_scalar("select count(*) from review_claims").fetch_one(&app.pool).await.unwrap();
    assert_eq!(claims, 0);
    assert_refused(&app.post(holder, &claim).await, "ICP-INTAKE-0008");
    assert_eq!(app.post(APPLICANT, &claim).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_of_two_reviewers_waits_for_the_second_one() {
    // No rule module is active here: every order carries a finding that a reviewer must look at.
    let app = App::start_with("[intake.review]\nsecond_opinion = \"review\"\n").await;
    let order = app.in_review(1..=1).await.remove(0);
    let pass = json!({"decision": "pass"});
    let first = app.review(REVIEWER, &order, &pass).await;
    assert_eq!((first.status, &first.body["phase"]), (200, &json!("provider_review")), "{}", first.body);
    assert!(first.body["waits_for"].as_str().unwrap().contains("second reviewer"), "{}", first.body);
    assert_eq!(app.get(SECOND, "/v1/review").await.body["orders"][0]["first_pass"], "reviewer");
    assert_refused(&app.review(REVIEWER, &first, &pass).await, "ICP-INTAKE-0030");
    let second = app.review(SECOND, &first, &pass).await;
    assert_eq!(second.body["phase"], "queued", "{}", second.body);
    let sent: i64 = sqlx::query_scalar("select count(*) from outbox where subject = 'icp.task.relay.v1.submit'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(sent, 1, "the first pass sent nothing to the bureau");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_names_reasons_of_the_catalogue_and_keeps_own_words_secret() {
    let app = App::start().await;
    let order = app.in_review(1..=1).await.remove(0);
    let reasons = app.get(REVIEWER, "/v1/review/reasons").await;
    let phone = reasons.body["reasons"].as_array().unwrap().iter().find(|reason| reason["code"] == "T01").unwrap();
    assert_eq!((&phone["message_zh"], &phone["remedy_zh"]), (&json!("电话无法接通"), &json!("保持电话畅通")));

    let unknown = json!({"decision": "return", "findings": [
        {"code": "N01", "field": "services[0].name"}, {"code": "Q77", "field": "", "reason": "x".repeat(501)},
    ]});
    let refused = app.review(REVIEWER, &order, &unknown).await;
    let fields: Vec<_> = refused.body["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["findings[1].code", "findings[1].reason"], "{}", refused.body);

    let finding = |field: &str| json!({"code": "N01", "field": field});
    let mistyped = json!({"decision": "return", "only_named": true, "findings": [
        finding("services[0].nme"), finding("organiser.remark"), finding("Zhang San"), finding("materials.selfie"),
        finding("materials.commitment"), finding("services[1].name"), finding("materials.service-principal-id[0]"),
        finding("materials.service-principal-id[1]"), finding(""),
    ]});
    let refused = app.review(REVIEWER, &order, &mistyped).await;
    let errors = refused.body["errors"].as_array().unwrap();
    let fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, [0, 2, 3, 5, 7].map(|index| format!("findings[{index}].field")), "{}", refused.body);
    let nameless = json!({"decision": "return", "only_named": true, "findings": [finding("")]});
    let refused = app.review(REVIEWER, &order, &nameless).await;
    let reason = &refused.body["errors"][0]["reason"];
    assert_eq!((refused.status, reason), (422, &json!("name no field")), "{}", refused.body);

    let words = "Zhang San of the front desk says no such firm";
    let decision = json!({"decision": "return", "findings": [
        {"code": "T01", "field": "organiser.principal.mobile", "reason": words, "remedy": "ask Li Si"},
        {"code": "N01", "field": "services[0].name"},
    ]});
    let returned = app.review(REVIEWER, &order, &decision).await;
    assert_eq!(returned.body["phase"], "returned", "{}", returned.body);
    let seen = app.order(&path_of(&order)).await;
    let findings = &seen.body["findings"];
    assert_eq!((&findings[0]["message_zh"], &findings[0]["remedy"]), (&json!(words), &json!("ask Li Si")));
    let told = app.told("returned").await.remove(0);
    let own: OwnWords = app.notify.open(told.words.as_ref().unwrap(), &told.order_id).unwrap();
    assert_eq!((own.words[0].reason.as_str(), own.words[0].remedy.as_str()), (words, "ask Li Si"));
    assert_eq!(findings[1]["message_en"], "the name of the service is not acceptable");

    let dump = dump(&app).await;
    assert!(dump.contains("T01") && !dump.contains("Zhang San") && !dump.contains("Li Si"));
    let for_operator = app.get(OPERATOR, &path_of(&order)).await;
    assert_eq!(for_operator.body["findings"][0]["message_zh"], "电话无法接通");
    assert_eq!(for_operator.body["filing"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn clean_orders_pass_by_policy_and_the_others_wait() {
    let policy = "[intake.review.automatic]\nenabled = true\nprovinces = [\"gd\"]\norder_types = [\"first_filing\"]\n\
                  no_finding_from = \"block\"\napproved_orders_min = 1\n";
    let app = App::start_with(policy).await;
    let judged = async |count: i64| {
        wait_until("the policy to have judged", Duration::from_secs(30), || async {
            let left: (i64, i64) = sqlx::query_as(
                "select (select count(*) from inbox where consumer = 'intake-automatic-review'), (select count(*) from jobs)",
            )
            .fetch_one(&app.pool)
            .await
            .map_err(|error| error.to_string())?;
            if left == (count, 0) { Ok(()) } else { Err(format!("{left:?}")) }
        })
        .await
        .unwrap();
    };
    // The account has nothing yet that a bureau has approved, only a transfer: a reviewer must pass the first one.
    let (transfer, _) = app.draft(9).await;
    sqlx::query("update orders set phase = 'approved', order_type = 'transfer' where id = $1")
        .bind(uuid::Uuid::parse_str(&id_of(&transfer)).unwrap())
        .execute(&app.pool)
        .await
        .unwrap();
    let first = app.in_review(1..=1).await.remove(0);
    judged(1).await;
    assert_eq!(app.order(&path_of(&first)).await.etag, first.etag);
    app.review(REVIEWER, &first, &json!({"decision": "pass"})).await;
    app.approve(&path_of(&first)).await;

    let second = app.submitted(2).await;
    app.checked(&second).await;
    app.wait_phase(&second, "queued").await;
    let history = app.get(APPLICANT, &format!("{second}/history")).await;
    let passed = history.body["history"].as_array().unwrap().last().unwrap();
    let actor = passed["actor"].as_str().unwrap();
    assert_eq!(passed["event"]["event"], "passed");
    assert!(actor.strip_prefix("policy ").is_some_and(|digest| digest.len() == 64), "{actor}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_hands_in_again_what_nobody_confirmed_by_sms() {
    let app = App::start().await;
    let order = app.in_review(1..=1).await.remove(0);
    let path = path_of(&order);
    let resubmit = format!("{path}/resubmit");
    let passed = app.review(REVIEWER, &order, &json!({"decision": "pass"})).await;
    let too_early = app.send(REVIEWER, Method::POST, &resubmit, Some(&passed.etag), None).await;
    assert_refused(&too_early, "ICP-INTAKE-0008");
    let returned = app.unconfirmed(&path, 1).await;
    assert!(returned.body["waits_for"].as_str().unwrap().contains("The provider hands it in again"));
    assert_eq!(app.send(APPLICANT, Method::POST, &resubmit, Some(&returned.etag), None).await.status, 403);
    assert_eq!(app.send(REVIEWER, Method::POST, &resubmit, None, None).await.status, 428);

    let again = app.send(REVIEWER, Method::POST, &resubmit, Some(&returned.etag), None).await;
    assert_eq!((again.status, &again.body["phase"], &again.body["attempt"]), (200, &json!("queued"), &json!(2)));
    let history = app.get(APPLICANT, &format!("{path}/history")).await;
    let names: Vec<_> =
        history.body["history"].as_array().unwrap().iter().map(|line| &line["event"]["event"]).collect();
    assert_eq!(names[names.len() - 4..], ["returned", "resubmitted", "rules_judged", "passed"]);
    let sent = async |subject: &str| -> i64 {
        sqlx::query_scalar("select count(*) from outbox where subject = $1")
            .bind(subject)
            .fetch_one(&app.pool)
            .await
            .unwrap()
    };
    assert_eq!((sent("icp.task.relay.v1.submit").await, sent("icp.task.identity.v1.verify").await), (2, 1));

    // The window opens again, and what the applicant has changed meanwhile goes the long way.
    let returned = app.unconfirmed(&path, 2).await;
    assert_eq!((sent("icp.task.sms.v1.open").await, sent("icp.task.sms.v1.close").await), (2, 2));
    let same = returned.body["filing"].clone();
    let amended = app.json(APPLICANT, Method::PUT, &path, Some(&returned.etag), &same).await;
    assert_eq!(amended.status, 200, "{}", amended.body);
    let changed = app.send(REVIEWER, Method::POST, &resubmit, Some(&amended.etag), None).await;
    assert_refused(&changed, "ICP-INTAKE-0008");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bureaus_words_are_shown_but_kept_secret() {
    let app = App::start().await;
    let order = app.in_review(1..=1).await.remove(0);
    let path = path_of(&order);
    app.review(REVIEWER, &order, &json!({"decision": "pass"})).await;
    let result = |code, field: &str| bureau::ResultCode { code, field: field.to_owned() };
    let texts = ["张三的网站名称冲突", "", "", "checked before sending: services[0].contents is empty"];
    let words = bureau::Words { texts: texts.map(str::to_owned).to_vec() };
    let rejected = bureau::Rejected {
        order_id: id_of(&path),
        attempt: 1,
        province: "gd".to_owned(),
        results: vec![result(1020, ""), result(1002, ""), result(1011, ""), result(5001, "services[0].contents")],
        words: app.seal(&id_of(&path), &words),
        ..Default::default()
    };
    app.publish(vec![
        Outgoing::event("bureau", "rejected", "gd", id_of(&path), &rejected),
        Outgoing::event("bureau", "rejected", "gd", id_of(&path), &rejected),
    ])
    .await;
    let returned = app.wait_phase(&path, "returned").await;
    let findings = &returned.body["findings"];
    assert_eq!(findings[0]["message_zh"], "张三的网站名称冲突");
    assert_eq!(findings[0]["message_en"], "the name of the service is taken");
    assert_eq!(findings[1]["message_zh"], "管局审核未通过");
    // Each stands at the field that its text, its code or the relay's check names; the rest at the whole order.
    let fields: Vec<&str> = findings.as_array().unwrap().iter().map(|f| f["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["services[0].name", "", "organiser.principal.mobile", "services[0].contents"]);
    assert!(findings.as_array().unwrap().iter().all(|finding| !finding["remedy"].as_str().unwrap().is_empty()));
    let told = app.told("returned").await.remove(0);
    let own: OwnWords = app.notify.open(told.words.as_ref().unwrap(), &id_of(&path)).unwrap();
    assert_eq!((own.words[0].finding, own.words[0].reason.as_str()), (0, "张三的网站名称冲突"));
    assert_eq!((told.findings.len(), told.findings[0].field.as_str()), (4, "services[0].name"));
    let dump = dump(&app).await;
    assert!(dump.contains("B1020") && !dump.contains("张三"));
    // The next submission is a new page: the old words are gone from the order.
    let submitted = app.send(APPLICANT, Method::POST, &format!("{path}/submit"), Some(&returned.etag), None).await;
    assert_eq!(submitted.body["phase"], "checking", "{}", submitted.body);
    assert!(app.order(&path).await.body["findings"].as_array().unwrap().iter().all(|f| f["stage"] != "bureau"));
}
