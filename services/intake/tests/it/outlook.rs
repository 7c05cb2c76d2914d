//! What an order still needs, until when, and how long it will take.

use icp_domain::Province;
use icp_testkit::filings::company_filing;
use reqwest::Method;

use crate::app::{APPLICANT, App, OTHER};
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
async fn requirements_without_rules_are_not_made_up() {
    let app = App::start().await;
    let (path, _) = app.draft(1).await;
    let answer = app.send(APPLICANT, Method::GET, &format!("{path}/requirements"), None, None).await;
    assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("ICP-INTAKE-0014")), "{}", answer.body);
}
