//! Bad input has a clear answer that names the field and the remedy, and changes nothing.

use icp_domain::Province;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, Answer, App, OPERATOR, OTHER, REVIEWER};

fn filing(n: u32) -> Value {
    serde_json::to_value(icp_testkit::filings::company_filing(Province::Guangdong, n)).unwrap()
}

pub(crate) fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.content_type, "application/problem+json");
    assert_eq!(answer.body["code"], code, "{}", answer.body);
    for member in ["type", "title", "detail"] {
        assert!(answer.body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {}", answer.body);
    }
}

pub(crate) fn named_field(answer: &Answer) -> &str {
    let error = &answer.body["errors"][0];
    assert!(error["remedy"].as_str().is_some_and(|text| !text.is_empty()), "{}", answer.body);
    error["field"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_in_the_shape_of_a_body_is_named_at_once() {
    let app = App::start().await;
    let path = app.submitted(1).await;
    app.checked(&path).await;
    let waiting = app.wait_phase(&path, "provider_review").await;
    let review = format!("{path}/review");
    for (token, route, etag, body, expected) in [
        (APPLICANT, "/v1/keys", None, json!({"nme": "x", "role": 7}), &["name", "nme", "role"][..]),
        (OPERATOR, "/v1/entitlements", None, json!({"count": "x"}), &["account", "count", "product", "resource"]),
        (APPLICANT, "/v1/determinations", None, json!({"kind": 1}), &["certificate", "kind", "nature", "province"]),
        (
            REVIEWER,
            review.as_str(),
            Some(waiting.etag.as_str()),
            json!({"decision": "return", "findings": [{"field": 1}, {"x": 1}]}),
            &["findings[0].code", "findings[0].field", "findings[1].code", "findings[1].field", "findings[1].x"],
        ),
    ] {
        let answer = app.json(token, Method::POST, route, etag, &body).await;
        assert_problem(&answer, 422, "ICP-INTAKE-0002");
        let errors = answer.body["errors"].as_array().unwrap();
        let fields: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(fields, expected, "{route}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_is_not_well_formed_names_the_field() {
    let app = App::start().await;
    let create = async |body: Value| app.json(APPLICANT, Method::POST, "/v1/orders", None, &body).await;

    let mut unknown = filing(1);
    unknown["services"][0]["colour"] = json!("red");
    let answer = create(unknown).await;
    assert_problem(&answer, 422, "ICP-INTAKE-0002");
    assert_eq!(named_field(&answer), "services[0].colour");

    let mut wrong_type = filing(1);
    wrong_type["organiser"]["nature"] = json!("enterprise");
    assert_eq!(named_field(&create(wrong_type).await), "organiser.nature");

    let mut no_service = filing(1);
    no_service["services"] = json!([]);
    assert_eq!(named_field(&create(no_service).await), "services");

    let mut bad_address = filing(1);
    bad_address["services"][0]["access"]["addresses"][0] = json!("2001:db8::1");
    assert_eq!(named_field(&create(bad_address).await), "services[0].access.addresses[0]");

    let mut bad_domain = filing(1);
    bad_domain["services"][0]["domains"][0] = json!("https://example.cn/");
    assert_eq!(named_field(&create(bad_domain).await), "services[0].domains[0]");

    let mut two_faults = filing(1);
    two_faults["organiser"]["name"] = json!("");
    two_faults["services"][0]["principal"]["email"] = json!("nobody");
    assert_eq!(create(two_faults).await.body["errors"].as_array().unwrap().len(), 2, "all faults are told at once");

    let send = async |content_type: &str, bytes: Vec<u8>| {
        app.send(APPLICANT, Method::POST, "/v1/orders", None, Some((content_type, bytes))).await
    };
    assert_problem(&send("application/json", b"{\"order_type\": ".to_vec()).await, 400, "ICP-INTAKE-0001");
    assert_problem(&send("application/json", vec![b' '; 300_000]).await, 413, "ICP-INTAKE-0012");
    assert_problem(&send("text/plain", filing(1).to_string().into_bytes()).await, 415, "ICP-INTAKE-0013");

    let stored: i64 = sqlx::query_scalar("select count(*) from orders").fetch_one(&app.pool).await.unwrap();
    assert_eq!(stored, 0, "nothing of it was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_so() {
    let app = App::start().await;
    let (path, etag) = app.draft(1).await;
    let get = async |token: &str, path: &str| app.send(token, Method::GET, path, None, None).await;
    assert_problem(&get("", &path).await, 401, "ICP-INTAKE-0003");
    assert_problem(&get("nonsense", &path).await, 401, "ICP-INTAKE-0003");
    // Another tenant's order does not exist for a caller, whatever it asks.
    for (method, suffix) in [
        (Method::GET, ""),
        (Method::GET, "/history"),
        (Method::GET, "/materials"),
        (Method::POST, "/check"),
        (Method::POST, "/submit"),
        (Method::POST, "/withdraw"),
        (Method::GET, "/materials/organiser-certificate"),
    ] {
        let answer = app.send(OTHER, method, &format!("{path}{suffix}"), Some(&etag), None).await;
        assert_problem(&answer, 404, "ICP-INTAKE-0005");
    }
    let list = get(OTHER, "/v1/orders").await;
    assert_eq!(list.body["orders"], json!([]));
    assert_problem(&get(APPLICANT, "/v1/review").await, 403, "ICP-INTAKE-0004");
    let decision = json!({"decision": "pass"});
    let review = format!("{path}/review");
    assert_problem(&app.json(APPLICANT, Method::POST, &review, Some(&etag), &decision).await, 403, "ICP-INTAKE-0004");
    let create = app.json(REVIEWER, Method::POST, "/v1/orders", None, &filing(2)).await;
    assert_problem(&create, 403, "ICP-INTAKE-0004");
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_out_of_order_and_stale_versions_are_refused() {
    let app = App::start().await;
    let (path, etag) = app.draft(1).await;
    let submit = format!("{path}/submit");
    let post = async |path: &str, etag: Option<&str>| app.send(APPLICANT, Method::POST, path, etag, None).await;

    assert_problem(&post(&submit, None).await, 428, "ICP-INTAKE-0011");
    assert_problem(&post(&submit, Some("\"99\"")).await, 412, "ICP-INTAKE-0010");
    let decision = json!({"decision": "pass"});
    let early = app.json(REVIEWER, Method::POST, &format!("{path}/review"), Some(&etag), &decision).await;
    assert_problem(&early, 409, "ICP-INTAKE-0008");

    let submitted = post(&submit, Some(&etag)).await;
    assert_eq!(submitted.status, 200, "{}", submitted.body);
    assert_problem(&post(&submit, Some(&etag)).await, 412, "ICP-INTAKE-0010");
    assert_problem(&post(&submit, Some(&submitted.etag)).await, 409, "ICP-INTAKE-0008");
    let amend = app.json(APPLICANT, Method::PUT, &path, Some(&submitted.etag), &filing(1)).await;
    assert_problem(&amend, 409, "ICP-INTAKE-0008");
    let tasks: i64 = sqlx::query_scalar("select count(*) from outbox where subject = 'icp.task.identity.v1.verify'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(tasks, 1, "the second submit sent nothing");

    let missing = format!("/v1/orders/{}", uuid::Uuid::now_v7());
    for unknown in [missing.as_str(), "/v1/orders/not-an-id"] {
        assert_problem(&app.order(unknown).await, 404, "ICP-INTAKE-0005");
    }
    assert_problem(&app.order("/v2/orders").await, 404, "ICP-INTAKE-0006");
    let wrong_method = app.send(APPLICANT, Method::DELETE, &path, None, None).await;
    assert_problem(&wrong_method, 405, "ICP-INTAKE-0007");
    assert_eq!(wrong_method.headers["allow"], "GET, PUT");
    assert_eq!(named_field(&app.order("/v1/orders?limit=100000").await), "limit");
    assert_eq!(named_field(&app.order("/v1/orders?phase=asleep").await), "phase");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_submits_of_one_version_have_one_winner() {
    let app = App::start().await;
    let (path, etag) = app.draft(1).await;
    let submit = format!("{path}/submit");
    let attempts = (0..8).map(|_| app.send(APPLICANT, Method::POST, &submit, Some(&etag), None));
    let statuses: Vec<u16> = futures::future::join_all(attempts).await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 409 | 412)), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn materials_are_pictures_within_limits() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let put = async |kind: &str, content_type: &str, bytes: Vec<u8>| {
        app.send(APPLICANT, Method::PUT, &format!("{path}/materials/{kind}"), None, Some((content_type, bytes))).await
    };
    let filing = icp_testkit::filings::company_filing(Province::Guangdong, 1);
    let (kind, picture) = icp_testkit::specimen::materials(&filing).swap_remove(0);
    assert_problem(&put("passport", "image/jpeg", picture.clone()).await, 422, "ICP-INTAKE-0002");
    assert_problem(&put(kind.as_str(), "image/jpeg", b"%PDF-1.7".to_vec()).await, 415, "ICP-INTAKE-0013");
    assert_problem(&put(kind.as_str(), "image/png", picture.clone()).await, 415, "ICP-INTAKE-0013");
    assert_problem(&put(kind.as_str(), "image/jpeg", vec![0xFF; 5_000_000]).await, 413, "ICP-INTAKE-0012");
    let no_service = put(&format!("{}?service=3", kind.as_str()), "image/jpeg", picture.clone()).await;
    assert_eq!(named_field(&no_service), "service");

    assert_eq!(put(kind.as_str(), "image/jpeg", picture.clone()).await.status, 200);
    let list = app.order(&format!("{path}/materials")).await;
    assert_eq!(list.body["materials"][0]["size_bytes"], picture.len());
    let raw = app
        .http
        .get(format!("{}{path}/materials/{}", app.base, kind.as_str()))
        .bearer_auth(REVIEWER)
        .send()
        .await
        .unwrap();
    assert_eq!(raw.bytes().await.unwrap(), picture, "a reviewer sees the picture as it was uploaded");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_names_every_error_code() {
    let app = App::start().await;
    let page = app.http.get(format!("{}/docs", app.base)).send().await.unwrap().text().await.unwrap();
    for kind in icp_intake::api::problem::Kind::ALL {
        assert!(page.contains(&format!("id=\"{}\"", kind.describe().0)), "{kind:?}");
    }
}
