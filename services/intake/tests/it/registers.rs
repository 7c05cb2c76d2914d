//! What the register of enterprises says of an organiser: filings begin with it, and orders are held against it.

use icp_bus::Outgoing;
use icp_domain::{Filing, Province};
use icp_proto::{authority, common};
use icp_testkit::filings::company_filing;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, Answer, App, OTHER, id_of};
use crate::facts::verified;

const NAME: &str = "示例登记有限公司";
const ADDRESS: &str = "广东省示例市登记路9号";

fn record(filing: &Filing) -> authority::EnterpriseRecord {
    let certificate_number = filing.organiser.certificate.number.clone();
    authority::EnterpriseRecord { certificate_number, name: NAME.to_owned(), address: ADDRESS.to_owned() }
}

/// The registers answer: the organiser is in its own, under another name.
fn contradicted(id: &str, record: Option<common::Sealed>) -> Outgoing {
    let name = common::Finding {
        code: "S04".to_owned(),
        severity: common::Severity::Block.into(),
        field: "organiser.name".to_owned(),
        ..common::Finding::default()
    };
    let enterprise = authority::EnterpriseFacts { found: true, status: "active".to_owned(), record };
    let message = authority::Answered {
        order_id: id.to_owned(),
        attempt: 1,
        findings: vec![name],
        enterprise: Some(enterprise),
        ..authority::Answered::default()
    };
    Outgoing::event("authority", "answered", "gd", id, &message)
}

/// An order that came back because of its organiser's name.
async fn returned(app: &App) -> (String, Answer) {
    let path = app.submitted(1).await;
    let id = id_of(&path);
    let sealed = app.seal(&id, &record(&company_filing(Province::Guangdong, 1)));
    app.publish(vec![verified(&id, 1), contradicted(&id, sealed)]).await;
    let order = app.wait_phase(&path, "returned").await;
    (path, order)
}

/// Field, code and mended value of what the register contradicts.
async fn contradictions(app: &App, path: &str) -> Vec<(String, String)> {
    let checked = app.post(APPLICANT, &format!("{path}/check")).await;
    assert_eq!(checked.status, 200, "{}", checked.body);
    let findings = checked.body["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    findings
        .filter(|finding| finding["code"] == "S04" && finding["stage"] == "authority")
        .map(|finding| (text(&finding["field"]), text(&finding["mended"])))
        .collect()
}

async fn kept(app: &App) -> Vec<Vec<u8>> {
    sqlx::query_scalar("select record from registered_enterprises").fetch_all(&app.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_registered_is_offered_to_those_who_declared_otherwise() {
    let app = App::start().await;
    let (path, _) = returned(&app).await;
    let named = |field: &str, value: &str| (field.to_owned(), value.to_owned());
    let expected = [named("organiser.name", NAME), named("organiser.certificate.address", ADDRESS)];
    assert_eq!(contradictions(&app, &path).await, expected);
    assert_eq!(app.post(OTHER, &format!("{path}/check")).await.status, 404);

    let body = json!({"order_type": "first_filing", "order_id": id_of(&path)});
    let ask = async |token: &str| app.json(token, Method::POST, "/v1/filings/prefill", None, &body).await;
    assert_eq!(ask(OTHER).await.status, 404);
    let prefilled = ask(APPLICANT).await;
    let origins = "organiser=order, services=order, organiser.name=register, organiser.certificate.address=register";
    assert_eq!(prefilled.headers["icp-prefilled"], origins, "{}", prefilled.body);
    let filing: Filing = serde_json::from_value(prefilled.body).unwrap();
    let mut mended = company_filing(Province::Guangdong, 1);
    mended.organiser.name = NAME.to_owned();
    mended.organiser.certificate.address = Some(ADDRESS.to_owned());
    assert_eq!(filing, mended, "nothing else is taken from the register");

    let records = kept(&app).await;
    assert_eq!(records.len(), 1);
    for clear in [NAME.as_bytes(), ADDRESS.as_bytes()] {
        assert!(records[0].windows(clear.len()).all(|part| part != clear), "it is encrypted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_about_the_last_attempt_counts() {
    let app = App::start().await;
    let (path, order) = returned(&app).await;
    let id = id_of(&path);
    let mut filing = company_filing(Province::Guangdong, 1);
    filing.organiser.name = NAME.to_owned();
    let body = serde_json::to_value(&filing).unwrap();
    let amended = app.json(APPLICANT, Method::PUT, &path, Some(&order.etag), &body).await;
    assert_eq!(amended.status, 200, "{}", amended.body);
    let address = ("organiser.certificate.address".to_owned(), ADDRESS.to_owned());
    assert_eq!(contradictions(&app, &path).await, [address], "the name was mended");

    let submitted = app.send(APPLICANT, Method::POST, &format!("{path}/submit"), Some(&amended.etag), None).await;
    assert_eq!(submitted.body["phase"], "checking", "{}", submitted.body);
    // The old answer comes once more; then the register stays silent about the new attempt.
    let again = app.seal(&id, &record(&filing));
    app.publish(vec![contradicted(&id, again), verified(&id, 2), crate::facts::answered(&id, 2)]).await;
    app.wait_phase(&path, "provider_review").await;
    assert_eq!(contradictions(&app, &path).await, []);
    assert_eq!(kept(&app).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_on_without_what_cannot_be_opened() {
    let app = App::start().await;
    let path = app.submitted(1).await;
    let id = id_of(&path);
    let of_another_order = app.seal("another order", &record(&company_filing(Province::Guangdong, 1)));
    app.publish(vec![verified(&id, 1), contradicted(&id, of_another_order)]).await;
    app.wait_phase(&path, "returned").await;
    assert_eq!(kept(&app).await.len(), 0);
    assert_eq!(contradictions(&app, &path).await, []);
}
