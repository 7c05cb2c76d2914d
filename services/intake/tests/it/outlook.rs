//! What an order still needs, until when, and how long it will take.

use chrono::{Days, Utc};
use icp_domain::Province;
use icp_testkit::filings::company_filing;
use reqwest::Method;
use serde_json::json;

use crate::app::{APPLICANT, App, OPERATOR, OTHER};
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
async fn requirements_without_rules_are_not_made_up() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let answer = app.send(APPLICANT, Method::GET, &format!("{path}/requirements"), None, None).await;
    assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("ICP-INTAKE-0014")), "{}", answer.body);
}
