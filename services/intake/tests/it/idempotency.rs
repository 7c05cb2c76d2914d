//! Requests with an `Idempotency-Key` are carried out once: when they come together, when they come again, and when
//! the process dies between the change and its answer.

use icp_domain::Province;
use icp_intake::access::keyed_requests::{self, Claim, IdempotencyConfig};
use icp_testkit::filings::company_filing;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, Answer, App, OPERATOR, OTHER, RESELLER};

fn filing(n: u32) -> Value {
    serde_json::to_value(company_filing(Province::Guangdong, n)).unwrap()
}

impl App {
    async fn keyed(&self, token: &str, path: &str, key: &str, body: &Value) -> Answer {
        let body = Some(("application/json", body.to_string().into_bytes()));
        self.send_with(token, Method::POST, path, &[("idempotency-key", key)], body).await
    }

    async fn orders(&self) -> i64 {
        sqlx::query_scalar("select count(*) from orders").fetch_one(&self.pool).await.unwrap()
    }
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or_default())
}

fn is_replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_many_times_at_once_is_carried_out_once() {
    let app = App::start().await;
    for round in 0..5 {
        let (key, body) = (format!("round-{round}"), filing(round + 1));
        let attempts = (0..8).map(|_| app.keyed(APPLICANT, "/v1/orders", &key, &body));
        let answers = futures::future::join_all(attempts).await;
        assert!(answers.iter().any(|answer| answer.status == 201 && !is_replayed(answer)));
        for answer in &answers {
            match answer.status {
                201 => {}
                409 => {
                    assert_eq!(code(answer).1, "ICP-INTAKE-0042", "{}", answer.body);
                    assert!(answer.headers.contains_key("retry-after"));
                }
                _ => panic!("{} {}", answer.status, answer.body),
            }
        }
        assert_eq!(app.orders().await, i64::from(round) + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_comes_twice_is_one_however_large() {
    // Nobody takes jobs: what would run twice stays to be seen.
    let app = App::start_with("[jobs]\nclaim = 0\n[intake.imports]\nmax_rows = 20000\n").await;
    // Larger than any other body, and within the limits of imports.
    let row = format!("{}\n", filing(1));
    let rows = row.repeat(9_000_000 / row.len());
    let hand_in = async || {
        let body = Some(("application/x-ndjson", rows.clone().into_bytes()));
        app.send_with(APPLICANT, Method::POST, "/v1/imports", &[("idempotency-key", "nightly")], body).await
    };
    let first = hand_in().await;
    assert_eq!(first.status, 202, "{}", first.body);
    let again = hand_in().await;
    assert!(is_replayed(&again), "{} {}", again.status, again.body);
    assert_eq!((again.status, &again.body, &again.headers["location"]), (202, &first.body, &first.headers["location"]));
    let imports: i64 = sqlx::query_scalar("select count(*) from imports").fetch_one(&app.pool).await.unwrap();
    assert_eq!(imports, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_gets_the_first_answer_and_another_request_none() {
    let app = App::start().await;
    let first = app.keyed(APPLICANT, "/v1/orders", "k-1", &filing(1)).await;
    let again = app.keyed(APPLICANT, "/v1/orders", "k-1", &filing(1)).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert!(!is_replayed(&first) && is_replayed(&again));
    assert_eq!((&first.body, &first.etag, &first.content_type), (&again.body, &again.etag, &again.content_type));
    assert_eq!(first.headers["location"], again.headers["location"]);
    assert_eq!(code(&app.keyed(APPLICANT, "/v1/orders", "k-1", &filing(2)).await), (422, "ICP-INTAKE-0041"));
    assert_eq!(code(&app.keyed(APPLICANT, "/v1/determinations", "k-1", &filing(1)).await), (422, "ICP-INTAKE-0041"));
    assert_eq!(app.keyed(OTHER, "/v1/orders", "k-1", &filing(1)).await.status, 201, "a key is its caller's");
    assert_eq!(app.orders().await, 2);

    let body = filing(1);
    let name = body["organiser"]["name"].as_str().unwrap();
    let kept: String = sqlx::query_scalar(
        "select string_agg(encode(answer, 'escape') || headers::text || coalesce(location, ''), '') from keyed_requests",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert!(first.body.to_string().contains(name) && !kept.contains(name), "the answer is kept encrypted");

    // A transition, too: the second submission of a version would be refused.
    let (path, etag) = app.draft(3).await;
    let submit = async || {
        let headers = [("idempotency-key", "k-2"), ("if-match", etag.as_str())];
        app.send_with(APPLICANT, Method::POST, &format!("{path}/submit"), &headers, None).await
    };
    let (submitted, repeated) = (submit().await, submit().await);
    assert_eq!((submitted.status, repeated.status), (200, 200), "{}", repeated.body);
    assert_eq!(submitted.body, repeated.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_begun_twice_is_one_and_another_one_needs_another_key() {
    const PDF: &str = "filetype YXBwbGljYXRpb24vcGRm";
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let begin = async |length: &str, metadata: &str| {
        let headers = [
            ("idempotency-key", "k-1"),
            ("tus-resumable", "1.0.0"),
            ("upload-length", length),
            ("upload-metadata", metadata),
        ];
        app.send_with(APPLICANT, Method::POST, &format!("{path}/materials/site-plan/uploads"), &headers, None).await
    };
    let (first, again) = (begin("20000", PDF).await, begin("20000", PDF).await);
    assert_eq!((first.status, again.status), (201, 201), "{} {}", first.body, again.body);
    assert!(!is_replayed(&first) && is_replayed(&again));
    for header in ["location", "tus-resumable", "upload-expires", "upload-offset"] {
        assert_eq!(first.headers[header], again.headers[header], "{header}");
    }
    for (length, metadata) in [("20001", PDF), ("20000", "filetype aW1hZ2UvcG5n")] {
        assert_eq!(code(&begin(length, metadata).await), (422, "ICP-INTAKE-0041"), "{length} {metadata}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_refused_leaves_its_key_free() {
    let app = App::start().await;
    let mut wrong = filing(1);
    wrong["organiser"]["name"] = json!("");
    assert_eq!(app.keyed(APPLICANT, "/v1/orders", "k-1", &wrong).await.status, 422);
    assert_eq!(app.keyed(APPLICANT, "/v1/orders", "k-1", &filing(1)).await.status, 201);

    let (path, etag) = app.draft(2).await;
    let submit = async |etag: &str| {
        let headers = [("idempotency-key", "k-2"), ("if-match", etag)];
        app.send_with(APPLICANT, Method::POST, &format!("{path}/submit"), &headers, None).await
    };
    assert_eq!(submit("\"99\"").await.status, 412);
    let answer = submit(&etag).await;
    assert_eq!((answer.status, is_replayed(&answer)), (200, false), "{}", answer.body);

    for key in ["", " ", &"x".repeat(256)] {
        let answer = app.keyed(APPLICANT, "/v1/orders", key, &filing(4)).await;
        assert_eq!(
            (answer.status, answer.body["errors"][0]["field"].as_str()),
            (422, Some("Idempotency-Key")),
            "{key}"
        );
    }
    let before: i64 = sqlx::query_scalar("select count(*) from keyed_requests").fetch_one(&app.pool).await.unwrap();
    assert_eq!(app.keyed(APPLICANT, "/v1/orders/check", "k-3", &filing(4)).await.status, 200);
    let after: i64 = sqlx::query_scalar("select count(*) from keyed_requests").fetch_one(&app.pool).await.unwrap();
    assert_eq!(before, after, "what changes nothing is asked anew");
}

/// As if the process had died behind the commit: the change is there, its answer is not.
async fn lose_answers(app: &App) {
    let lost = sqlx::query(
        "update keyed_requests set status = null, headers = null, answer = null, data_key = null, \
         leased_until = now() - interval '1 second'",
    );
    lost.execute(&app.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_answer_was_lost_is_not_made_again() {
    let app = App::start().await;
    let order = app.keyed(APPLICANT, "/v1/orders", "k-1", &filing(1)).await;
    lose_answers(&app).await;
    let repeated = app.keyed(APPLICANT, "/v1/orders", "k-1", &filing(1)).await;
    assert_eq!(code(&repeated), (409, "ICP-INTAKE-0043"));
    assert_eq!(repeated.headers["location"], order.headers["location"]);
    assert_eq!(app.orders().await, 1);

    // Everything that makes something new notes itself with its change.
    let filing = company_filing(Province::Guangdong, 1);
    let certificate = &filing.organiser.certificate;
    let about = json!({
        "province": "gd", "nature": filing.organiser.nature, "domain": "example.cn",
        "certificate": {"kind": certificate.kind, "number": certificate.number},
    });
    let codes = json!({"account": "a", "product": "cloud-server", "resource": "i-1", "count": 1});
    for (token, path, body, table) in [
        (APPLICANT, "/v1/determinations", about, "determinations"),
        (OPERATOR, "/v1/entitlements", codes, "entitlements"),
        (APPLICANT, "/v1/keys", json!({"name": "ci"}), "api_keys"),
        (RESELLER, "/v1/resellers/r/accounts", json!({"name": "shop"}), "reseller_accounts"),
    ] {
        let first = app.keyed(token, path, path, &body).await;
        assert!(matches!(first.status, 201 | 202), "{path}: {}", first.body);
        lose_answers(&app).await;
        assert_eq!(code(&app.keyed(token, path, path, &body).await), (409, "ICP-INTAKE-0043"), "{path}");
        let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&app.pool).await.unwrap(), 1, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_broke_off_is_taken_over_and_its_late_change_is_refused() {
    let app = App::start().await;
    let config =
        |lease_seconds| IdempotencyConfig { keep_hours: 24, lease_seconds, max_body_bytes: 0, clean_every_seconds: 0 };
    let claim = async |lease: u32, digest: &[u8]| {
        keyed_requests::claim(&app.pool, &config(lease), b"key", digest).await.unwrap()
    };
    let carry_out = async |id: uuid::Uuid| {
        let mut tx = app.pool.begin().await.unwrap();
        let noted = keyed_requests::carry_out(&mut tx, &[(id, "/v1/orders/1")]).await.unwrap();
        tx.commit().await.unwrap();
        noted.contains(&id)
    };
    let Claim::Yours(first) = claim(0, b"request").await else { panic!("the key was free") };
    assert!(matches!(claim(0, b"other request").await, Claim::OtherRequest));
    let Claim::Yours(second) = claim(60, b"request").await else { panic!("the lease of the first is over") };
    assert!(matches!(claim(60, b"request").await, Claim::AtWork(_)), "the second has a lease");
    assert!(!carry_out(first).await, "the first comes too late");
    assert!(carry_out(second).await);
    assert!(matches!(claim(0, b"request").await, Claim::AtWork(_)), "its answer may still come");
    sqlx::query("update keyed_requests set leased_until = now()").execute(&app.pool).await.unwrap();
    assert!(matches!(claim(0, b"request").await, Claim::AnswerLost(Some(path)) if path == "/v1/orders/1"));

    // After its time the key is as good as new, and lines that nobody asks for are removed.
    sqlx::query("update keyed_requests set expires_at = now()").execute(&app.pool).await.unwrap();
    assert!(matches!(claim(0, b"other request").await, Claim::Yours(_)));
    sqlx::query("update keyed_requests set expires_at = now()").execute(&app.pool).await.unwrap();
    assert_eq!(keyed_requests::clean(&app.pool).await.unwrap(), 1);
}
