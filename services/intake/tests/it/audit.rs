//! The audit trail: nothing is done or seen without an entry, nothing of it changes unseen, and no crash tears it.

use std::process::{Child, Command};
use std::time::Duration;

use icp_intake::audit::chain::Head;
use icp_intake::audit::trail::{check, link};
use icp_intake::audit::{Entry, store};
use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::app::{APPLICANT, AUDITOR, App, OPERATOR, OTHER, REVIEWER, path_of};

/// Tells a process of this test which database it links in.
const CHILD: &str = "ICP_TEST_AUDIT_DATABASE";

pub(crate) async fn all_linked(pool: &PgPool) {
    wait_until("all entries to be linked", Duration::from_secs(30), || async {
        let waiting: i64 = sqlx::query_scalar("select count(*) from audit_pending")
            .fetch_one(pool)
            .await
            .map_err(|error| error.to_string())?;
        if waiting == 0 { Ok(()) } else { Err(format!("{waiting} wait")) }
    })
    .await
    .unwrap();
}

pub(crate) async fn trail(app: &App, after: i64) -> Vec<Value> {
    let url = format!("{}/v1/audit?after={after}", app.base);
    let text = app.http.get(url).bearer_auth(AUDITOR).send().await.unwrap().text().await.unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn entries(count: usize, actor: &str) -> Vec<Entry> {
    let entry = |n| Entry {
        at: chrono::Utc::now(),
        actor: actor.to_owned(),
        role: "reviewer".to_owned(),
        action: "content.viewed".to_owned(),
        object: format!("order {n}"),
        detail: "{}".to_owned(),
    };
    (0..count).map(entry).collect()
}

/// Rewrites history as the owner of the database could.
async fn forge(pool: &PgPool, change: &'static str) {
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("set local session_replication_role = replica").execute(&mut *tx).await.unwrap();
    assert_eq!(sqlx::query(change).execute(&mut *tx).await.unwrap().rows_affected(), 1, "{change}");
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_or_sees_something_stands_in_the_trail() {
    let app = App::start().await;
    let order = app.in_review(1..=1).await.remove(0);
    let path = path_of(&order);
    let picture =
        icp_testkit::specimen::materials(&icp_testkit::filings::company_filing(icp_domain::Province::Guangdong, 1))
            .swap_remove(0);
    let material = format!("{path}/materials/{}", picture.0.as_str());
    app.post(REVIEWER, &format!("{path}/claim")).await;
    assert_eq!(app.get(REVIEWER, &path).await.status, 200);
    assert_eq!(app.get(REVIEWER, &material).await.status, 404, "nothing was uploaded, so nothing was seen");
    assert_eq!(app.get(OPERATOR, &path).await.status, 200, "operators see no personal data");
    assert_eq!(app.post(REVIEWER, &format!("{path}/check")).await.status, 200, "mended values are personal data");
    assert_eq!(app.post(APPLICANT, &format!("{path}/check")).await.status, 200);
    let decision = json!({"decision": "return", "findings": [{"code": "V04", "field": ""}]});
    let returned = app.review(REVIEWER, &order, &decision).await;
    let body = Some(("image/jpeg", picture.1));
    assert_eq!(app.send(APPLICANT, Method::PUT, &material, Some(&returned.etag), body).await.status, 200);
    assert_eq!(app.get(REVIEWER, &material).await.status, 200);
    all_linked(&app.pool).await;

    let lines = trail(&app, 0).await;
    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    let told: Vec<String> = lines
        .iter()
        .filter(|line| line["role"] != "service")
        .map(|line| format!("{} {} {}", text(line, "role"), text(line, "actor"), text(line, "action")))
        .collect();
    let expected = [
        "applicant applicant order.created",
        "applicant applicant order.submitted",
        "applicant applicant order.rules_judged",
        "reviewer reviewer review.claimed",
        "reviewer reviewer content.viewed",
        "reviewer reviewer content.viewed",
        "reviewer reviewer order.returned",
        "reviewer reviewer review.released",
        "applicant applicant order.amended",
        "reviewer reviewer material.viewed",
    ];
    assert_eq!(told, expected);
    assert!(lines.iter().all(|line| text(line, "object") == format!("order {}", order.body["id"].as_str().unwrap())));
    assert!(lines.iter().any(|line| line["role"] == "service" && line["action"] == "order.identity_verified"));
    // The trail vouches for the history: what stands there is what was hashed.
    let vouched: i64 = sqlx::query_scalar(
        "select count(*) from order_history history join audit_trail trail
         on trail.object = 'order ' || history.order_id and trail.detail::jsonb->>'version' = history.version::text
         and trail.detail::jsonb->>'sha256' = encode(sha256(convert_to(history.event::text, 'UTF8')), 'hex')",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    let events: i64 = sqlx::query_scalar("select count(*) from order_history").fetch_one(&app.pool).await.unwrap();
    assert_eq!(vouched, events);

    let page = trail(&app, lines.len() as i64 - 2).await;
    assert_eq!(page, lines[lines.len() - 2..]);
    assert_eq!(app.get(REVIEWER, "/v1/audit").await.status, 403);
    assert_eq!(app.get(OPERATOR, "/v1/audit?limit=0").await.body["errors"][0]["field"], "limit");
}

/// Actions of the trail with their actors, objects without their ids, and what their details say, but for orders.
async fn told(app: &App) -> Vec<String> {
    all_linked(&app.pool).await;
    let text = |line: &Value, field: &str| line[field].as_str().unwrap().to_owned();
    let lines = trail(app, 0).await.into_iter().filter(|line| !text(line, "action").starts_with("order."));
    lines
        .map(|line| {
            let object = text(&line, "object").split(' ').next().unwrap().to_owned();
            let detail: Value = serde_json::from_str(&text(&line, "detail")).unwrap();
            format!("{} {} {object} {detail}", text(&line, "actor"), text(&line, "action"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_imports_and_questions_stand_in_the_trail_and_no_personal_data() {
    let app = App::start().await;
    let filing = icp_testkit::filings::company_filing(icp_domain::Province::Guangdong, 1);
    let wanted = json!({"account": "b", "product": "cloud-server", "resource": "i-1", "count": 2});
    let issued = app.json(OPERATOR, Method::POST, "/v1/entitlements", None, &wanted).await;
    let id = |place: usize| issued.body["entitlements"][place]["id"].as_str().unwrap().to_owned();
    let grant = json!({"ids": [id(0)], "to_account": "a"});
    assert_eq!(app.json(OTHER, Method::POST, "/v1/entitlements/grant", None, &grant).await.status, 200);
    let revoke = format!("/v1/entitlements/{}/revoke", id(1));
    let reason = json!({"reason": "Zhang San has left"});
    assert_eq!(app.json(OPERATOR, Method::POST, &revoke, None, &reason).await.status, 200);
    let (path, _) = app.draft(1).await;
    let bound = format!("{path}/entitlements/0");
    let code = json!({ "code": issued.body["entitlements"][0]["code"] });
    assert_eq!(app.json(APPLICANT, Method::PUT, &bound, None, &code).await.status, 200);
    assert_eq!(app.send(APPLICANT, Method::DELETE, &bound, None, None).await.status, 204);
    let rows = Some(("application/x-ndjson", format!("{}\n", json!(filing)).into_bytes()));
    assert_eq!(app.send(APPLICANT, Method::POST, "/v1/imports", None, rows).await.status, 202);
    let certificate = &filing.organiser.certificate;
    let asked = json!({
        "province": "gd", "nature": filing.organiser.nature, "domain": filing.services[0].domains[0],
        "certificate": {"kind": certificate.kind, "number": certificate.number},
    });
    assert_eq!(app.json(APPLICANT, Method::POST, "/v1/determinations", None, &asked).await.status, 202);
    let export = format!("/v1/exports/archive?province=gd&name=Zhang&certificate={}", certificate.number);
    assert_eq!(app.get(REVIEWER, &export).await.status, 200);
    assert_eq!(app.get(REVIEWER, "/v1/exports/orders?phase=draft").await.status, 200);

    let told = told(&app).await;
    let expected = [
        r#"operator entitlement.issued entitlement {"account":"b","product":"cloud-server","resource":"i-1"}"#,
        r#"operator entitlement.issued entitlement {"account":"b","product":"cloud-server","resource":"i-1"}"#,
        r#"other entitlement.granted entitlement {"to_account":"a"}"#,
        r#"operator entitlement.revoked entitlement {}"#,
        r#"applicant entitlement.bound order {"service":0}"#,
        r#"applicant entitlement.released order {"service":0}"#,
        r#"applicant import.received import {"account":"a","format":"ndjson","rows":1}"#,
        r#"applicant determination.asked determination {"account":"a","province":"gd"}"#,
    ];
    assert_eq!(told[..expected.len()], expected);
    let exported = &told[expected.len()..];
    assert_eq!(exported.len(), 2, "{told:?}");
    for (line, filter) in [
        (&exported[0], r#""by_certificate":true"#),
        (&exported[0], r#""by_name":true"#),
        (&exported[0], r#""province":"gd""#),
        (&exported[1], r#""phase":"draft""#),
    ] {
        assert!(line.contains(filter), "{line}: {filter}");
    }
    let all = told.concat();
    assert!(!all.contains("Zhang") && !all.contains(&certificate.number), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_with_a_key_that_the_provider_made_is_recorded() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let key = async |token: &str, body: Value| {
        let made = app.json(token, Method::POST, "/v1/keys", None, &body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["key"].as_str().unwrap().to_owned()
    };
    let own = key(APPLICANT, json!({"name": "own"})).await;
    let of_provider = key(OPERATOR, json!({"name": "x", "account": "a", "role": "applicant"})).await;
    let in_turn = key(of_provider.as_str(), json!({"name": "y"})).await;
    for (key, looks) in [(&own, 0), (&of_provider, 1), (&in_turn, 2)] {
        assert_eq!(app.get(key, &path).await.status, 200);
        let told = told(&app).await;
        assert_eq!(told.iter().filter(|line| line.contains("content.viewed order")).count(), looks, "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_any_entry_is_refused_and_one_by_force_is_found() {
    let app = App::start().await;
    store::record(&app.pool, &entries(20, "reviewer")).await.unwrap();
    all_linked(&app.pool).await;
    for change in [
        "update audit_trail set actor = 'x' where seq = 7",
        "delete from audit_trail where seq = 20",
        "truncate audit_trail",
        "update audit_pending set actor = 'x'",
        "truncate audit_pending",
        "delete from audit_anchors",
    ] {
        let refused = sqlx::query(change).execute(&app.pool).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{change}: {refused}");
    }
    let checked = async || check(&app.pool, Head::START, 6).await.unwrap();
    let head = checked().await.unwrap();
    assert_eq!(head.seq, 20);
    for (change, undo, expected) in [
        (
            "update audit_trail set actor = 'x' where seq = 7",
            "update audit_trail set actor = 'reviewer' where seq = 7",
            7,
        ),
        ("update audit_trail set detail = '[]' where seq = 1", "update audit_trail set detail = '{}' where seq = 1", 1),
        ("update audit_trail set seq = 30 where seq = 12", "update audit_trail set seq = 12 where seq = 30", 13),
        (
            "update audit_trail set at = at + interval '1 us' where seq = 20",
            "update audit_trail set at = at - interval '1 us' where seq = 20",
            20,
        ),
    ] {
        forge(&app.pool, change).await;
        assert_eq!(checked().await, Err(expected), "{change}");
        forge(&app.pool, undo).await;
        assert_eq!(checked().await, Ok(head), "{undo}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_is_published_once_a_day_and_never_of_a_broken_trail() {
    let app = App::start_with("[clock]\nfollow_bus = true\n").await;
    let anchors = async || {
        let days: Vec<(chrono::NaiveDate, i64)> =
            sqlx::query_as("select day, seq from audit_anchors order by day").fetch_all(&app.pool).await.unwrap();
        days
    };
    store::record(&app.pool, &entries(3, "reviewer")).await.unwrap();
    all_linked(&app.pool).await;
    // At its start the service found an empty trail, which is nothing to anchor, or these entries already.
    let early = anchors().await.len();
    assert!(early <= 1);
    let wait_anchors = async |count: usize| {
        wait_until("heads to be published", Duration::from_secs(30), || async {
            let anchors = anchors().await;
            if anchors.len() == count { Ok(anchors) } else { Err(format!("{anchors:?}")) }
        })
        .await
        .unwrap()
    };
    app.move_clock(1).await;
    assert_eq!(wait_anchors(early + 1).await[early].1, 3);
    let published: i64 =
        sqlx::query_scalar("select count(*) from outbox where subject = 'icp.evt.audit.v1.anchored.intake'")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(usize::try_from(published).unwrap(), early + 1);

    store::record(&app.pool, &entries(2, "reviewer")).await.unwrap();
    all_linked(&app.pool).await;
    forge(&app.pool, "update audit_trail set actor = 'x' where seq = 4").await;
    app.move_clock(2).await;
    let mut drafts = 0;
    loop {
        drafts += 1;
        let (path, _) = app.draft(drafts).await;
        let created: chrono::DateTime<chrono::Utc> =
            app.order(&path).await.body["created_at"].as_str().unwrap().parse().unwrap();
        if created > chrono::Utc::now() + chrono::TimeDelta::hours(47) {
            break;
        }
    }
    // The clock has moved. The second of two further steps begins after the first one has looked at the trail.
    for _ in 0..2 {
        store::record(&app.pool, &entries(1, "reviewer")).await.unwrap();
        all_linked(&app.pool).await;
    }
    assert_eq!(anchors().await.len(), early + 1, "a broken trail gets no head");
    forge(&app.pool, "update audit_trail set actor = 'reviewer' where seq = 4").await;
    app.move_clock(3).await;
    assert_eq!(wait_anchors(early + 2).await[early + 1].1, 5 + 2 + i64::from(drafts));
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_and_linkers_side_by_side_make_one_chain() {
    let app = App::start().await;
    let writers = (0..8).map(|writer| {
        let pool = app.pool.clone();
        async move {
            for _ in 0..20 {
                store::record(&pool, &entries(5, &format!("writer {writer}"))).await.unwrap();
            }
        }
    });
    let linkers = (0..4).map(|_| {
        let pool = app.pool.clone();
        async move {
            for _ in 0..40 {
                link(&pool, 7).await.unwrap();
            }
        }
    });
    tokio::join!(futures::future::join_all(writers), futures::future::join_all(linkers));
    all_linked(&app.pool).await;
    assert_eq!(check(&app.pool, Head::START, 100).await.unwrap().unwrap().seq, 800);
    // Each writer's entries stand in the sequence in which it wrote them.
    let disordered: i64 = sqlx::query_scalar(
        "select count(*) from (select at < lag(at) over (partition by actor order by seq) is_early from audit_trail) t
         where is_early",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(disordered, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linker_that_is_killed_leaves_no_gap_and_no_double() {
    if let Ok(url) = std::env::var(CHILD) {
        let pool = PgPool::connect(&url).await.unwrap();
        loop {
            link(&pool, 3).await.unwrap();
        }
    }
    let servers = icp_testkit::shared().await.unwrap();
    let database = servers.fresh_database("intake").await.unwrap();
    let pool = PgPool::connect(&database.url).await.unwrap();
    sqlx::migrate!().run(&pool).await.unwrap();
    let start = || -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "audit::a_linker_that_is_killed_leaves_no_gap_and_no_double"])
            .env(CHILD, &database.url)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let linked =
        async || -> i64 { sqlx::query_scalar("select count(*) from audit_trail").fetch_one(&pool).await.unwrap() };
    let mut written = 0;
    for round in 0..12_u64 {
        let mut child = start();
        let before = linked().await;
        for _ in 0..40 {
            store::record(&pool, &entries(5, "reviewer")).await.unwrap();
            written += 5;
        }
        wait_until("the process to link", Duration::from_secs(30), || async {
            let linked = linked().await;
            if linked > before { Ok(()) } else { Err(format!("{linked} linked")) }
        })
        .await
        .unwrap();
        // Rounds end at different places of the linker's steps.
        tokio::time::sleep(Duration::from_micros(1_700 * round)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let waits: i64 = sqlx::query_scalar("select count(*) from audit_pending").fetch_one(&pool).await.unwrap();
    assert!(waits > 0, "the kills came too late to prove anything");
    // The database may not know yet that the last process is gone, and its lock holds as long.
    wait_until("the rest to be linked", Duration::from_secs(30), || async {
        link(&pool, 500).await.map_err(|error| error.to_string())?;
        if linked().await == written { Ok(()) } else { Err(format!("{} of {written}", linked().await)) }
    })
    .await
    .unwrap();
    assert_eq!(check(&pool, Head::START, 100).await.unwrap().unwrap().seq, written);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_removed_before_it_is_linked_is_missed() {
    let app = App::start_with("[intake.audit]\nlink_every_ms = 3600000\n").await;
    let (path, etag) = app.draft(1).await;
    link(&app.pool, 100).await.unwrap();
    assert_eq!(store::unrecorded(&app.pool, 0).await.unwrap(), None);
    app.send(APPLICANT, Method::POST, &format!("{path}/withdraw"), Some(&etag), None).await;
    assert_eq!(store::unrecorded(&app.pool, 0).await.unwrap(), None, "what waits is not missed");
    let removed = sqlx::query("delete from audit_pending where action = 'order.withdrawn'");
    assert_eq!(removed.execute(&app.pool).await.unwrap().rows_affected(), 1);
    link(&app.pool, 100).await.unwrap();
    assert!(check(&app.pool, Head::START, 100).await.unwrap().is_ok(), "every link holds");
    let missed = store::unrecorded(&app.pool, 0).await.unwrap();
    assert_eq!(missed, Some((crate::app::id_of(&path).parse().unwrap(), 2)));
}
