//! Figures: counted from a history whose every figure is known.

use serde_json::{Value, json};

use crate::app::{APPLICANT, AUDITOR, App, OPERATOR, REVIEWER, SUPERVISOR, id_of};

/// Gives a draft a history: hours after the beginning of March 2026 in China, actor, event.
async fn give_history(app: &App, n: u32, province: &str, events: &[(f64, &str, Value)]) {
    let (path, _) = app.draft(n).await;
    let id = uuid::Uuid::parse_str(&id_of(&path)).unwrap();
    sqlx::query("update orders set province = $2 where id = $1")
        .bind(id)
        .bind(province)
        .execute(&app.pool)
        .await
        .unwrap();
    sqlx::query("delete from order_history where order_id = $1").bind(id).execute(&app.pool).await.unwrap();
    for (version, (hours, actor, event)) in (1_i64..).zip(events) {
        sqlx::query(
            "insert into order_history (order_id, version, at, actor, event)
             values ($1, $2, '2026-02-28T16:00:00Z'::timestamptz + $3 * interval '1 hour', $4, $5)",
        )
        .bind(id)
        .bind(version)
        .bind(hours)
        .bind(actor)
        .bind(event)
        .execute(&app.pool)
        .await
        .unwrap();
    }
}

fn event(name: &str) -> Value {
    json!({"event": name})
}

fn returned(by: &str, codes: &[&str]) -> Value {
    let findings: Vec<Value> = codes.iter().map(|code| json!({"code": code, "severity": "block"})).collect();
    json!({"event": "returned", "by": by, "findings": findings})
}

async fn known_history(app: &App) {
    let advised = json!({"event": "returned", "by": "review", "findings": [
        {"code": "N01", "severity": "block"}, {"code": "N01", "severity": "block"}, {"code": "T02", "severity": "advise"},
    ]});
    give_history(
        app,
        1,
        "gd",
        &[
            (0.0, "a", event("created")),
            (1.0, "a", event("submitted")),
            (1.0, "a", event("rules_judged")),
            (2.0, "authority", event("review_requested")),
            (6.0, "reviewer", advised),
            (8.0, "a", event("submitted")),
            (9.0, "identity", event("review_requested")),
            (11.0, "reviewer", event("passed")),
            (12.0, "bureau", event("received_by_bureau")),
            (60.0, "bureau", event("approved")),
        ],
    )
    .await;
    give_history(
        app,
        2,
        "zj",
        &[
            (0.0, "a", event("created")),
            (10.0, "a", event("submitted")),
            (10.0, "a", returned("rules", &["N01", "D05"])),
            (12.0, "a", event("submitted")),
            (13.0, "identity", event("review_requested")),
            (13.5, "policy 00", event("passed")),
            (14.0, "bureau", event("received_by_bureau")),
            // The last second of March in China, and the first of April.
            (31.0 * 24.0 - 1.0 / 3600.0, "bureau", returned("bureau", &["B1020"])),
            (31.0 * 24.0, "a", event("withdrawn")),
        ],
    )
    .await;
    let in_bureau = |end: Value| {
        vec![
            (0.0, "a", event("created")),
            (1.0, "a", event("submitted")),
            (1.0, "a", event("review_requested")),
            (2.0, "reviewer", event("passed")),
            (3.0, "bureau", event("received_by_bureau")),
            (28.0, "bureau", end),
        ]
    };
    let not_sent = [&in_bureau(Value::Null)[..4], &[(3.0, "bureau", returned("bureau", &["B5001"]))]].concat();
    let claimed = [&in_bureau(Value::Null)[..3], &[(2.0, "policy 00", event("approved"))]].concat();
    let consent = [(5.0, "b", event("consent_given")), (5.0, "b", event("approved"))];
    let transferred = [&in_bureau(Value::Null)[..2], &consent].concat();
    // What is handed in again after an SMS that nobody confirmed is not reviewed again.
    let again = ["resubmitted", "rules_judged", "passed"].map(|name| (29.0, "reviewer", event(name)));
    let mut unconfirmed = in_bureau(returned("bureau", &["V05"]));
    unconfirmed.extend(again);
    unconfirmed.push((30.0, "bureau", event("received_by_bureau")));
    for (n, events) in (3..).zip([in_bureau(event("cancelled")), unconfirmed, not_sent, claimed, transferred]) {
        give_history(app, n, "js", &events).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_a_known_history_is_right() {
    let app = App::start().await;
    known_history(&app).await;
    let march = app.get(SUPERVISOR, "/v1/statistics?from=2026-03-01&until=2026-03-31").await;
    assert_eq!(march.status, 200, "{}", march.body);
    let flow = march.body["flow"].as_array().unwrap();
    assert_eq!(
        flow.iter().map(|line| line["province"].clone()).collect::<Vec<_>>(),
        [json!("gd"), json!("js"), json!("zj"), Value::Null]
    );
    let columns = |line: &Value| -> Vec<i64> {
        [
            "submitted",
            "returned_by_rules",
            "returned_by_checks",
            "passed_by_review",
            "passed_by_policy",
            "returned_by_review",
            "refused_before_sending",
            "received_by_bureau",
            "approved",
            "cancelled",
            "returned_by_bureau",
            "sms_unconfirmed",
            "settled_here",
            "withdrawn",
            "expired",
        ]
        .map(|column| line[column].as_i64().unwrap())
        .to_vec()
    };
    assert_eq!(columns(&flow[0]), [2, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0]);
    // A deregistration, an SMS that nobody confirmed, a refusal of the relay, a claim by policy, a transfer.
    assert_eq!(columns(&flow[1]), [5, 0, 0, 4, 1, 0, 1, 3, 0, 1, 0, 1, 2, 0, 0]);
    assert_eq!(columns(&flow[2]), [2, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(columns(&flow[3]), [9, 1, 0, 6, 2, 1, 1, 5, 1, 1, 1, 1, 2, 0, 0]);
    assert_eq!((&flow[0]["review_pass_rate"], &flow[2]["bureau_pass_rate"]), (&json!(0.5), &json!(0.0)));
    assert_eq!(flow[1]["bureau_pass_rate"], 1.0, "only the bureau's decisions count");
    let april = app.get(OPERATOR, "/v1/statistics?from=2026-04-01&until=2026-04-01&province=zj").await;
    assert_eq!(columns(&april.body["flow"][0]), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);

    let reasons: Vec<String> = march.body["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("{} {} {} {}", line["province"], line["stage"], line["code"], line["returns"]))
        .collect();
    let expected = [
        "gd review N01 1",
        "js bureau B5001 1",
        "js bureau V05 1",
        "zj bureau B1020 1",
        "zj rules D05 1",
        "zj rules N01 1",
    ];
    assert_eq!(reasons.iter().map(|line| line.replace('"', "")).collect::<Vec<_>>(), expected);

    let stay = |province: Value, phase: &str| {
        let stays = march.body["time_in_phase"].as_array().unwrap();
        let stay = stays.iter().find(|stay| stay["province"] == province && stay["phase"] == phase).unwrap().clone();
        (stay["orders"].as_i64().unwrap(), stay["median_hours"].as_f64().unwrap(), stay["p90_hours"].as_f64().unwrap())
    };
    // Reviews took 4 and 2 hours.
    assert_eq!(stay(json!("gd"), "provider_review"), (2, 3.0, 3.8));
    assert_eq!(stay(json!("gd"), "checking"), (2, 1.0, 1.0));
    assert_eq!(stay(json!("zj"), "checking"), (1, 1.0, 1.0));
    assert_eq!(stay(json!("zj"), "provider_review"), (1, 0.5, 0.5));
    // Only the transfer waited for an answer there; all the others went to the reviewer as they came in.
    assert_eq!(stay(json!("js"), "checking"), (1, 4.0, 4.0));
    assert_eq!(stay(json!("js"), "provider_review"), (4, 1.0, 1.0));
    assert_eq!(stay(Value::Null, "provider_review").0, 7);
    assert_eq!(stay(json!("js"), "queued"), (4, 1.0, 1.0));
    assert_eq!(stay(json!("js"), "at_bureau"), (2, 25.0, 25.0));
    assert_eq!(stay(json!("zj"), "returned"), (1, 2.0, 2.0));
    assert_eq!(stay(json!("gd"), "at_bureau").1, 48.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_monthly_report_is_for_machines_and_spreadsheets() {
    let app = App::start().await;
    known_history(&app).await;
    let json = app.get(REVIEWER, "/v1/statistics/monthly?month=2026-03").await;
    assert_eq!((json.body["lines"].as_array().unwrap().len(), &json.body["lines"][3]["approved"]), (4, &json!(1)));
    let url = format!("{}/v1/statistics/monthly?month=2026-03&format=csv", app.base);
    let answer = app.http.get(url).bearer_auth(OPERATOR).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let bytes = answer.bytes().await.unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}月份,省份,提交,"));
    assert_eq!(lines[1], "2026-03,广东,2,0,0,1,0,1,0,1,1,0,0,0,0,0,0,50.00%,100.00%,3.0,48.0");
    assert_eq!(lines[2], "2026-03,江苏,5,0,0,4,1,0,1,3,0,1,0,1,2,0,0,100.00%,100.00%,1.0,25.0");
    assert!(lines[4].starts_with("2026-03,合计,9,"), "{text}");
    assert!(lines.iter().take(5).all(|line| line.matches(',').count() == 20), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn estimates_rest_on_the_orders_that_ended_last_and_on_what_was_checked() {
    let app = App::start().await;
    // The order that was begun last ended first.
    for (n, checked_hours, ended_at) in [(1, 7.0, "2026-03-20"), (2, 3.0, "2026-03-10")] {
        let events = [
            (0.0, "a", event("created")),
            (1.0, "a", event("submitted")),
            (1.0, "a", returned("rules", &["N01"])),
            (2.0, "a", event("submitted")),
            (2.0 + checked_hours, "identity", event("review_requested")),
            (12.0, "reviewer", event("passed")),
        ];
        give_history(&app, n, "gd", &events).await;
        let ended = "update orders set phase = 'approved', phase_since = $1::timestamptz where phase = 'draft'";
        sqlx::query(ended).bind(ended_at).execute(&app.pool).await.unwrap();
    }
    let checking = async |orders_max: i64| -> (i64, f64) {
        sqlx::query_as::<_, (String, f64, f64, i64)>(include_str!("../../queries/estimates.sql"))
            .bind("gd")
            .bind(orders_max)
            .fetch_all(&app.pool)
            .await
            .unwrap()
            .into_iter()
            .find_map(|(step, median_hours, _, orders)| (step == "checking").then_some((orders, median_hours)))
            .unwrap()
    };
    assert_eq!(checking(1).await, (1, 7.0));
    assert_eq!(checking(2).await, (2, 5.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn open_orders_are_told_by_age_and_only_to_those_who_lead() {
    let app = App::start().await;
    for (n, days) in [(1, 0), (2, 5), (3, 5), (4, 60)] {
        let (path, _) = app.draft(n).await;
        let query = "update orders set phase_since = phase_since - $2 * interval '1 day' where id = $1";
        let id = uuid::Uuid::parse_str(&id_of(&path)).unwrap();
        sqlx::query(query).bind(id).bind(f64::from(days)).execute(&app.pool).await.unwrap();
    }
    let open = |age: &str, orders: i64| json!({"province": "gd", "phase": "draft", "age": age, "orders": orders});
    let figures = app.get(REVIEWER, "/v1/statistics").await;
    assert_eq!(
        figures.body["open"],
        json!([open("under_1_day", 1), open("3_to_10_days", 2), open("over_45_days", 1)]),
        "{}",
        figures.body
    );
    for token in [APPLICANT, AUDITOR] {
        assert_eq!(app.get(token, "/v1/statistics").await.status, 403);
        assert_eq!(app.get(token, "/v1/statistics/monthly?month=2026-03").await.status, 403);
    }
    for (query, field) in [
        ("?from=2026-03-02&until=2026-03-01", "from"),
        ("?from=2024-01-01&until=2026-03-01", "from"),
        ("?from=yesterday", "from"),
        ("?province=xx", "province"),
        ("/monthly?month=2026-13", "month"),
        ("/monthly?month=2026-03&format=pdf", "format"),
    ] {
        let answer = app.get(REVIEWER, &format!("/v1/statistics{query}")).await;
        assert_eq!((answer.status, &answer.body["errors"][0]["field"]), (422, &json!(field)), "{}", answer.body);
    }
}
