//! What an order still needs, until when, and how long it will take.

use std::path::Path;
use std::time::Duration;

use chrono::{Days, Utc};
use icp_domain::{OrderType, Province};
use icp_rules_host::Release;
use icp_rules_host::publish::{announce, store};
use icp_testkit::filings::{company_filing, filing_of_type};
use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, App, OPERATOR, OTHER, path_of};
use crate::types::approved_filing;

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_and_estimates_are_told_also_to_calendars() {
    let app = App::start().await;
    let (path, _) = app.draft(2).await;
    let none = app.order(&format!("{path}/calendar")).await;
    assert_eq!(none.body["estimates"].as_array().unwrap().len(), 0, "{}", none.body);
    assert_eq!(none.body["deadlines"][0]["name"], "idle");

    approved_filing(&app, 1).await;
    let calendar = app.order(&format!("{path}/calendar")).await;
    let estimates = calendar.body["estimates"].as_array().unwrap();
    let steps: Vec<&str> = estimates.iter().map(|estimate| estimate["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["checking", "provider_review", "queued", "at_bureau"], "{}", calendar.body);
    assert!(estimates.iter().all(|estimate| estimate["orders"] == 1 && estimate["p90_hours"].as_f64().is_some()));

    let url = format!("{}{path}/calendar.ics", app.base);
    let answer = app.http.get(&url).bearer_auth(APPLICANT).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/calendar; charset=utf-8");
    let text = answer.text().await.unwrap();
    assert_eq!(text.matches("BEGIN:VEVENT").count(), 1, "{text}");
    let name = company_filing(Province::Guangdong, 2).organiser.name;
    assert!(!text.contains(&name), "a calendar holds no personal data");
    assert_eq!(app.http.get(&url).bearer_auth(OTHER).send().await.unwrap().status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_by_itself_and_the_review_that_comes_are_in_the_calendar() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let names = async |path: &str| -> Vec<String> {
        let calendar = app.order(&format!("{path}/calendar")).await;
        let deadlines = calendar.body["deadlines"].as_array().unwrap();
        deadlines.iter().map(|deadline| deadline["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&path).await, ["idle"]);
    let codes = json!({
        "account": "a", "product": "cloud-server", "resource": "i-1", "count": 1,
        "expires_at": Utc::now() + Days::new(300),
    });
    let issued = app.json(OPERATOR, Method::POST, "/v1/entitlements", None, &codes).await;
    let code = json!({"code": issued.body["entitlements"][0]["code"]});
    let bound = app.json(APPLICANT, Method::PUT, &format!("{path}/entitlements/0"), None, &code).await;
    assert!(bound.status < 300, "{}", bound.body);
    let begin = [("tus-resumable", "1.0.0"), ("upload-length", "20000")];
    let upload = format!("{path}/materials/site-plan/uploads");
    assert_eq!(app.send_with(APPLICANT, Method::POST, &upload, &begin, None).await.status, 201);
    assert_eq!(names(&path).await, ["upload", "idle", "entitlement"]);

    assert_eq!(names(&app.submitted(2).await).await, ["provider_review"], "while the checks run, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_has_an_address_without_a_token_until_it_is_revoked() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let feed = format!("{path}/calendar/feed");
    for (token, status) in [(OTHER, 404), (OPERATOR, 403)] {
        assert_eq!(app.send(token, Method::PUT, &feed, None, None).await.status, status);
    }
    let open = async || {
        let opened = app.send(APPLICANT, Method::PUT, &feed, None, None).await;
        assert_eq!(opened.status, 200, "{}", opened.body);
        opened.body["path"].as_str().unwrap().to_owned()
    };
    let read = async |path: &str| {
        let answer = app.http.get(format!("{}{path}", app.base)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let first = open().await;
    let (status, text) = read(&first).await;
    assert_eq!((status, text.matches("BEGIN:VEVENT").count()), (200, 1), "{text}");
    let name = company_filing(Province::Guangdong, 1).organiser.name;
    assert!(!text.contains(&name), "a calendar holds no personal data");
    let secret = first.rsplit('/').next().unwrap();
    assert_eq!(secret.len(), 64, "256 bits");
    let kept: String = sqlx::query_scalar("select row_to_json(feed)::text from calendar_feeds feed")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert!(!kept.contains(secret), "{kept}");

    let second = open().await;
    assert_eq!((read(&first).await.0, read(&second).await.0), (404, 200), "the former address ends");
    assert_eq!(app.send(OTHER, Method::DELETE, &feed, None, None).await.status, 404);
    assert_eq!(app.send(APPLICANT, Method::DELETE, &feed, None, None).await.status, 204);
    assert_eq!(read(&second).await.0, 404);
    let actions: Vec<String> = sqlx::query_scalar(
        "select action from (select action, object from audit_pending union all select action, object from audit_trail) \
         entries where action like 'calendar.%' and object = $1 order by action",
    )
    .bind(format!("order {}", path.rsplit('/').next().unwrap()))
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(actions, ["calendar.closed", "calendar.opened", "calendar.opened"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn requirements_without_rules_are_not_made_up() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let answer = app.send(APPLICANT, Method::GET, &format!("{path}/requirements"), None, None).await;
    assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("ICP-INTAKE-0014")), "{}", answer.body);
}

/// Makes the kept module of Zhejiang the active one.
pub(crate) async fn rules_of_zhejiang(app: &App) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules-wasm/host/tests/golden");
    let module = std::fs::read(folder.join("zj-of-contract-1.0.0.wasm")).unwrap();
    let vectors = std::fs::read(folder.join("zj-of-contract-1.0.0.vectors.json")).unwrap();
    let vectors: Vec<icp_rules_sdk::vector::Vector> = serde_json::from_slice(&vectors).unwrap();
    let release = Release::unsigned(&module, "1.0.0");
    let jetstream = &app.neighbour.context().jetstream;
    store(jetstream, Province::Zhejiang, &release, &module, &vectors).await.unwrap();
    announce(jetstream, Province::Zhejiang, &release).await.unwrap();
    wait_until("the rules of Zhejiang", Duration::from_secs(120), || async {
        let rules = app.get(APPLICANT, "/v1/rules").await.body.to_string();
        if rules.contains("\"zj\"") { Ok(()) } else { Err(rules) }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checklist_of_a_province_says_what_is_done_and_what_is_missing() {
    let app =
        App::start_with("[intake.rules]\nsignature_required = false\n[intake.entitlements]\nrequired = true\n").await;
    rules_of_zhejiang(&app).await;
    let mut filing = serde_json::to_value(company_filing(Province::Zhejiang, 1)).unwrap();
    filing["organiser"]["principal"]["emergency_phone"] = json!("12345");
    let created = app.json(APPLICANT, Method::POST, "/v1/orders", None, &filing).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = path_of(&created);
    let requirements = async || {
        let answer = app.order(&format!("{path}/requirements")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    };
    let status = |list: &Value, field: &str| {
        let fields = list["fields"].as_array().unwrap();
        fields.iter().find(|listed| listed["field"] == field).map(|listed| listed["status"].clone())
    };
    let list = requirements().await;
    assert_eq!(status(&list, "services[0].name"), Some(json!("done")), "{list}");
    for field in ["organiser.principal.emergency_phone", "services[0].entitlement"] {
        assert_eq!(status(&list, field), Some(json!("missing")), "{field}");
    }
    assert!(!list["documents"].as_array().unwrap().is_empty(), "{list}");
    assert!(list["limits"]["domains_per_website"].as_u64().unwrap() > 0, "{list}");

    let issued = json!({"account": "a", "product": "cloud-server", "resource": "i-1", "count": 1});
    let issued = app.json(OPERATOR, Method::POST, "/v1/entitlements", None, &issued).await.body;
    let code = json!({"code": issued["entitlements"][0]["code"]});
    let bound = app.json(APPLICANT, Method::PUT, &format!("{path}/entitlements/0"), None, &code).await;
    assert_eq!(bound.status, 200, "{}", bound.body);
    assert_eq!(status(&requirements().await, "services[0].entitlement"), Some(json!("done")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_needs_no_rules_of_a_province() {
    let app = App::start().await;
    let filing = filing_of_type(OrderType::Claim, Province::Guangdong, 1);
    let created = app.json(APPLICANT, Method::POST, "/v1/orders", None, &serde_json::to_value(filing).unwrap()).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let list = app.order(&format!("{}/requirements", path_of(&created))).await;
    assert_eq!(list.status, 200, "{}", list.body);
    let kinds: Vec<&Value> = list.body["documents"].as_array().unwrap().iter().map(|listed| &listed["kind"]).collect();
    assert_eq!(kinds, ["organiser-certificate", "organiser-principal-id"]);
    assert_eq!((&list.body["sms_receivers"], &list.body["limits"]), (&json!([]), &Value::Null));
}
