//! Orders of other types than first filings: each takes the steps that its description names.

use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use icp_bus::Outgoing;
use icp_domain::{OrderType, Province};
use icp_intake::archive::carried;
use icp_proto::schedule::Fired;
use icp_proto::{authority, bureau, common, identity};
use icp_testkit::filings::{company_filing, filing_of_type};
use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::json;

use crate::app::{APPLICANT, Answer, App, OTHER, REVIEWER};

struct Order<'a> {
    app: &'a App,
    token: &'static str,
    id: String,
    path: String,
    etag: String,
}

impl<'a> Order<'a> {
    async fn submitted(app: &'a App, token: &'static str, filing: &icp_domain::Filing) -> (Order<'a>, Answer) {
        let body = serde_json::to_value(filing).unwrap();
        let created = app.json(token, Method::POST, "/v1/orders", None, &body).await;
        assert_eq!(created.status, 201, "{}", created.body);
        let id = created.body["id"].as_str().unwrap().to_owned();
        let mut order = Order { app, token, path: format!("/v1/orders/{id}"), id, etag: created.etag };
        let answer = order.post("submit").await;
        (order, answer)
    }

    async fn post(&mut self, verb: &str) -> Answer {
        let path = format!("{}/{verb}", self.path);
        let answer = self.app.send(self.token, Method::POST, &path, Some(&self.etag), None).await;
        assert_eq!(answer.status, 200, "{verb}: {}", answer.body);
        self.etag.clone_from(&answer.etag);
        answer
    }

    async fn pass(&mut self) -> Answer {
        let (path, decision) = (format!("{}/review", self.path), json!({"decision": "pass"}));
        let etag = self.app.send(REVIEWER, Method::GET, &self.path, None, None).await.etag;
        let answer = self.app.json(REVIEWER, Method::POST, &path, Some(&etag), &decision).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    /// Subjects of the tasks that the order sent to those who work on it, in their sequence.
    async fn tasks(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select subject from outbox where key = $1 and subject like 'icp.task.%' \
             and subject not like 'icp.task.schedule.%' order by id",
        )
        .bind(&self.id)
        .fetch_all(&self.app.pool)
        .await
        .unwrap()
    }

    fn approval(&self, organiser_number: &str, service_numbers: &[&str]) -> Outgoing {
        let message = bureau::Approved {
            order_id: self.id.clone(),
            attempt: 1,
            province: "gd".to_owned(),
            organiser_number: organiser_number.to_owned(),
            service_numbers: service_numbers.iter().map(|number| (*number).to_owned()).collect(),
            organiser_id: 11,
            service_ids: vec![12],
            access_ids: vec![13],
            ..bureau::Approved::default()
        };
        Outgoing::event("bureau", "approved", "gd", &self.id, &message)
    }

    /// The relay's answer to a withdrawal.
    fn withdrawal(&self, is_withdrawn: bool) -> Outgoing {
        let message = bureau::WithdrawalAnswered {
            order_id: self.id.clone(),
            attempt: 1,
            province: "gd".to_owned(),
            is_withdrawn,
            at_unix_ms: 1,
        };
        Outgoing::event("bureau", "withdrawal_answered", "gd", &self.id, &message)
    }

    /// Waits until this is the last event; answers the ETag then.
    async fn wait_event(&self, event: &str) -> String {
        wait_until(&format!("{event} of {}", self.path), Duration::from_secs(30), || async {
            let history = self.app.order(&format!("{}/history", self.path)).await;
            let last = history.body["history"].as_array().unwrap().last().unwrap().clone();
            if last["event"]["event"] == event { Ok(()) } else { Err(last.to_string()) }
        })
        .await
        .unwrap();
        self.app.order(&self.path).await.etag
    }

    fn checked(&self) -> Vec<Outgoing> {
        let (order_id, attempt) = (self.id.clone(), 1);
        let verified = identity::Verified { order_id: order_id.clone(), attempt, ..Default::default() };
        let answered = authority::Answered { order_id, attempt, ..Default::default() };
        vec![
            Outgoing::event("identity", "verified", "gd", &self.id, &verified),
            Outgoing::event("authority", "answered", "gd", &self.id, &answered),
        ]
    }
}

/// A first filing of the applicant, approved under the numbers of [`filing_of_type`].
pub(crate) async fn approved_filing(app: &App, n: u32) {
    approved_filing_in(app, Province::Guangdong, n).await;
}

/// The same in this province; the path of the order, and the number of its service.
pub(crate) async fn approved_filing_in(app: &App, province: Province, n: u32) -> (String, String) {
    let filing = filing_of_type(OrderType::FirstFiling, province, n);
    let numbered = filing_of_type(OrderType::ChangeService, province, n);
    let (mut order, _) = Order::submitted(app, APPLICANT, &filing).await;
    app.publish(order.checked()).await;
    app.wait_phase(&order.path, "provider_review").await;
    order.pass().await;
    let (organiser, service) = (numbered.organiser.number.unwrap(), numbered.services[0].number.clone().unwrap());
    app.publish(vec![order.approval(&organiser, &[&service])]).await;
    app.wait_phase(&order.path, "approved").await;
    (order.path.clone(), service)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_is_cancelled_without_checks_and_without_an_sms() {
    let app = App::start().await;
    approved_filing(&app, 1).await;
    let filing = filing_of_type(OrderType::CancelAccess, Province::Guangdong, 1);
    let (mut order, submitted) = Order::submitted(&app, APPLICANT, &filing).await;
    assert_eq!(submitted.body["phase"], "provider_review", "nobody is verified: {}", submitted.body);
    let refused = app.send(APPLICANT, Method::POST, &format!("{}/withdraw", order.path), Some(&order.etag), None).await;
    assert_eq!(refused.status, 409, "a cancellation is not taken back once it is handed in");
    assert_eq!(order.pass().await.body["phase"], "queued");
    app.publish(vec![order.approval("", &[])]).await;
    let end = app.wait_phase(&order.path, "cancelled").await;
    assert_eq!(end.body["organiser_number"], filing.organiser.number.as_deref().unwrap());
    assert_eq!(end.body["service_numbers"][0], filing.services[0].number.as_deref().unwrap());
    assert_eq!(order.tasks().await, ["icp.task.relay.v1.submit"]);
    let notice = app.order(&format!("{}/papers/completion-notice", order.path)).await;
    let title = notice.body["paper"]["data"]["title"].as_str();
    assert_eq!((notice.status, title), (200, Some("取消接入完成通知")), "{}", notice.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_access_is_not_verified_but_asked_by_sms() {
    let app = App::start().await;
    approved_filing(&app, 1).await;
    let filing = filing_of_type(OrderType::ChangeAccess, Province::Guangdong, 1);
    let (mut order, submitted) = Order::submitted(&app, APPLICANT, &filing).await;
    assert_eq!(submitted.body["phase"], "provider_review", "{}", submitted.body);
    order.pass().await;
    app.publish(vec![order.approval("", &[])]).await;
    app.wait_phase(&order.path, "approved").await;
    let tasks = ["icp.task.relay.v1.submit", "icp.task.sms.v1.open", "icp.task.sms.v1.close"];
    assert_eq!(order.tasks().await, tasks);
    let ids: serde_json::Value = sqlx::query_scalar(
        "select event->'ids' from order_history where order_id = $1 and event->>'event' = 'approved'",
    )
    .bind(uuid::Uuid::parse_str(&order.id).unwrap())
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(ids, json!({"organiser": 11, "services": [12], "accesses": [13]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_transferred_when_its_holder_consents_and_not_before() {
    let app = App::start().await;
    approved_filing(&app, 1).await;
    let filing = filing_of_type(OrderType::Transfer, Province::Guangdong, 1);
    let (order, submitted) = Order::submitted(&app, OTHER, &filing).await;
    assert_eq!(submitted.body["waits_for"], "The account that holds the record consents.");
    let consent = format!("{}/consent", order.path);
    let by = async |token| app.send(token, Method::POST, &consent, None, None).await;
    assert_eq!(by(OTHER).await.status, 404, "nobody takes a record by agreeing with itself");
    assert_eq!(by(REVIEWER).await.status, 403);
    let agreed = by(APPLICANT).await;
    assert_eq!((agreed.status, agreed.body["phase"].as_str()), (200, Some("approved")), "{}", agreed.body);
    assert_eq!(by(APPLICANT).await.status, 404, "the record is no longer its own");
    assert_eq!(order.tasks().await, Vec::<String>::new(), "nothing goes to the bureau");
}

/// A transfer of the applicant's record to the other account, as it was submitted.
async fn transfer(app: &App) -> (Order<'_>, Answer) {
    approved_filing(app, 1).await;
    let mut filing = filing_of_type(OrderType::Transfer, Province::Guangdong, 1);
    filing.organiser.principal.mobile = "13912345678".to_owned();
    Order::submitted(app, OTHER, &filing).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_holder_of_a_record_sees_who_asks_for_it_and_may_keep_it() {
    let app = App::start().await;
    let (mut order, _) = transfer(&app).await;
    let asked = app.get(APPLICANT, "/v1/transfers").await;
    let line = &asked.body["transfers"][0];
    assert_eq!((&line["order_id"], &line["account"]), (&json!(order.id), &json!("b")), "{}", asked.body);
    assert_eq!(line["organiser_number"], "粤ICP备20000001号");
    assert!(line["expires_at"].as_str() > line["since"].as_str(), "{line}");
    let [told] = app.told("consent_asked").await.try_into().unwrap();
    let contact: common::Contact = app.notify.open(told.contact.as_ref().unwrap(), &order.id).unwrap();
    let record = company_filing(Province::Guangdong, 1).organiser;
    assert_eq!((contact.name, contact.mobile), (record.principal.name, record.principal.mobile), "not who asks");
    assert_eq!(told.organiser_number, "粤ICP备20000001号");
    let expires_at: DateTime<Utc> = line["expires_at"].as_str().unwrap().parse().unwrap();
    assert!((expires_at.timestamp_millis() - told.deadline_unix_ms).abs() < 5000, "{line}");
    assert_eq!(app.get(OTHER, "/v1/transfers").await.body["transfers"], json!([]), "who asks holds nothing");
    let refuse = format!("{}/refuse", order.path);
    assert_eq!(app.post(OTHER, &refuse).await.status, 404);
    let kept = app.post(APPLICANT, &refuse).await;
    assert_eq!((kept.status, kept.body["phase"].as_str()), (200, Some("returned")), "{}", kept.body);
    assert_eq!(app.post(APPLICANT, &refuse).await.status, 409, "it is answered");
    assert_eq!(app.get(APPLICANT, "/v1/transfers").await.body["transfers"], json!([]));
    let returned = app.get(OTHER, &order.path).await;
    assert_eq!(returned.body["findings"][0]["field"], "organiser.number", "{}", returned.body);
    order.etag = returned.etag;
    assert_eq!(order.post("submit").await.body["phase"], "checking", "it may ask again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_stays_while_an_order_about_it_is_in_flight() {
    let app = App::start().await;
    let (first, _) = transfer(&app).await;
    let change = filing_of_type(OrderType::ChangeAccess, Province::Guangdong, 1);
    let (mut change, submitted) = Order::submitted(&app, APPLICANT, &change).await;
    assert_eq!(submitted.body["phase"], "provider_review", "a transfer that waits stops nobody: {}", submitted.body);
    let consent = format!("{}/consent", first.path);
    let refused = app.post(APPLICANT, &consent).await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("ICP-INTAKE-0009")), "{}", refused.body);
    assert_eq!(refused.body["findings"][0]["code"], "S06");
    assert_eq!(app.get(OTHER, &first.path).await.body["phase"], "checking", "it waits on");
    let second = filing_of_type(OrderType::Transfer, Province::Guangdong, 1);
    let (_, returned) = Order::submitted(&app, OTHER, &second).await;
    assert_eq!((&returned.body["phase"], &returned.body["findings"][0]["code"]), (&json!("returned"), &json!("S06")));

    // It counts by the number too, where the certificate is another one by now.
    sqlx::query("update orders set organiser_index = $1 where id = $2")
        .bind(vec![7_u8; 32])
        .bind(uuid::Uuid::parse_str(&change.id).unwrap())
        .execute(&app.pool)
        .await
        .unwrap();
    assert_eq!(app.post(APPLICANT, &consent).await.body["findings"][0]["code"], "S06");
    change.post("withdraw").await;
    assert_eq!(app.post(APPLICANT, &consent).await.body["phase"], "approved");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_stays_while_a_service_of_it_is_on_its_way_to_another_organiser() {
    let app = App::start().await;
    for n in [1, 2] {
        approved_filing(&app, n).await;
    }
    let mut migration = filing_of_type(OrderType::Migrate, Province::Guangdong, 2);
    migration.services[0].number = Some("粤ICP备20000001号-1".to_owned());
    migration.services[0].domains = company_filing(Province::Guangdong, 1).services[0].domains.clone();
    let (_, submitted) = Order::submitted(&app, APPLICANT, &migration).await;
    assert_eq!(submitted.body["phase"], "checking", "{}", submitted.body);
    let transfer = filing_of_type(OrderType::Transfer, Province::Guangdong, 1);
    let (_, returned) = Order::submitted(&app, OTHER, &transfer).await;
    assert_eq!((&returned.body["phase"], &returned.body["findings"][0]["code"]), (&json!("returned"), &json!("S06")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_names_the_certificate_of_the_record() {
    let app = App::start().await;
    approved_filing(&app, 1).await;
    let mut filing = filing_of_type(OrderType::Transfer, Province::Guangdong, 1);
    filing.organiser.certificate = company_filing(Province::Guangdong, 2).organiser.certificate;
    let (_, submitted) = Order::submitted(&app, OTHER, &filing).await;
    assert_eq!(submitted.body["phase"], "returned");
    let fields: Vec<&str> = submitted.body["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["organiser.certificate.number"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_nobody_answers_expires() {
    let app = App::start().await;
    let (order, _) = transfer(&app).await;
    let later = (Utc::now() + Days::new(46)).timestamp_millis();
    let fired =
        Fired { owner: "intake".to_owned(), key: order.id.clone(), fired_at_unix_ms: later, ..Fired::default() };
    app.publish(vec![Outgoing::event("schedule", "fired", "intake", &order.id, &fired)]).await;
    wait_until("the transfer to expire", Duration::from_secs(30), || async {
        let answer = app.get(OTHER, &order.path).await;
        if answer.body["phase"] == "expired" { Ok(()) } else { Err(answer.body.to_string()) }
    })
    .await
    .unwrap();
    let late = app.post(APPLICANT, &format!("{}/consent", order.path)).await;
    assert_eq!((late.status, late.body["code"].as_str()), (409, Some("ICP-INTAKE-0008")), "{}", late.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_claimed_with_the_papers_of_its_organiser() {
    let app = App::start().await;
    let filing = filing_of_type(OrderType::Claim, Province::Guangdong, 1);
    let (mut order, submitted) = Order::submitted(&app, APPLICANT, &filing).await;
    assert_eq!(submitted.body["waits_for"], "Identity verification answers.");
    app.publish(order.checked()).await;
    let waiting = app.wait_phase(&order.path, "provider_review").await;
    let findings = &waiting.body["findings"];
    assert_eq!((&findings[0]["field"], &findings[0]["severity"]), (&json!("organiser.number"), &json!("review")));
    let end = order.pass().await;
    assert_eq!(end.body["phase"], "approved");
    assert_eq!(end.body["organiser_number"], filing.organiser.number.as_deref().unwrap());
    assert_eq!(order.tasks().await, ["icp.task.identity.v1.verify"]);
    let papers = app.order(&format!("{}/papers", order.path)).await.body;
    assert_eq!(papers["papers"][0]["title"], "备案认领完成通知", "{papers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_of_the_organiser_are_taken_where_the_order_names_no_service() {
    let app = App::start().await;
    let filing = filing_of_type(OrderType::Claim, Province::Guangdong, 1);
    let created =
        app.json(APPLICANT, Method::POST, "/v1/orders", None, &serde_json::to_value(filing).unwrap()).await.body;
    let path = format!("/v1/orders/{}/materials/organiser-certificate", created["id"].as_str().unwrap());
    let (_, picture) = icp_testkit::specimen::materials(&company_filing(Province::Guangdong, 1)).swap_remove(0);
    let upload = async |path: &str| {
        let request = app.http.put(format!("{}{path}", app.base)).bearer_auth(APPLICANT);
        request.header("content-type", "image/jpeg").body(picture.clone()).send().await.unwrap().status()
    };
    assert_eq!(upload(&path).await, 200);
    assert_eq!(upload(&format!("{path}?service=1")).await, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_organiser_takes_its_connected_services_along_to_the_bureau() {
    let app = App::start().await;
    approved_filing(&app, 1).await;
    let vault = icp_kit::Vault::new(&[7; 32]).unwrap();
    let reported = async |order_type| {
        let filing = filing_of_type(order_type, Province::Guangdong, 1);
        carried::with_services(&app.pool, &vault, &filing).await.unwrap().services
    };
    let on_record = filing_of_type(OrderType::ChangeService, Province::Guangdong, 1).services;
    assert_eq!(reported(OrderType::ChangeOrganiser).await, on_record);
    assert_eq!(reported(OrderType::DeregisterOrganiser).await, []);

    let cancelled = filing_of_type(OrderType::CancelAccess, Province::Guangdong, 1);
    let (mut order, _) = Order::submitted(&app, APPLICANT, &cancelled).await;
    order.pass().await;
    app.publish(vec![order.approval("", &[])]).await;
    app.wait_phase(&order.path, "cancelled").await;
    assert_eq!(reported(OrderType::ChangeOrganiser).await, [], "nothing is connected here any more");
    assert_eq!(reported(OrderType::CancelAccess).await, cancelled.services, "other orders are told as they are");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_order_is_withdrawn_by_the_relay_or_not_at_all() {
    let app = App::start().await;
    let (mut order, _) =
        Order::submitted(&app, APPLICANT, &filing_of_type(OrderType::FirstFiling, Province::Guangdong, 1)).await;
    app.publish(order.checked()).await;
    app.wait_phase(&order.path, "provider_review").await;
    order.etag = order.pass().await.etag;
    let asked = order.post("withdraw").await;
    assert_eq!(asked.body["phase"], "queued", "the relay has it: {}", asked.body);
    assert!(asked.body["waits_for"].as_str().unwrap().contains("takes it back"), "{}", asked.body);
    assert_eq!(order.post("withdraw").await.etag, asked.etag, "it is asked once");
    assert_eq!(order.tasks().await.last().unwrap(), "icp.task.relay.v1.withdraw");

    // Too late: what the bureau says counts.
    app.publish(vec![order.withdrawal(false), order.withdrawal(false)]).await;
    order.etag = order.wait_event("withdrawal_too_late").await;
    let too_late = app.told("withdrawal_too_late").await;
    assert_eq!(too_late.len(), 1, "told once, though the relay answered twice");
    assert!(too_late[0].contact.is_some(), "the applicant is told");
    app.publish(vec![order.approval("粤ICP备20000001号", &["粤ICP备20000001号-1"]), order.withdrawal(true)]).await;
    app.wait_phase(&order.path, "approved").await;

    // In time: the order is over, and an answer to nothing changes nothing.
    let (mut other, _) =
        Order::submitted(&app, APPLICANT, &filing_of_type(OrderType::FirstFiling, Province::Guangdong, 2)).await;
    app.publish(other.checked()).await;
    app.wait_phase(&other.path, "provider_review").await;
    other.etag = other.pass().await.etag;
    other.post("withdraw").await;
    app.publish(vec![other.withdrawal(true), other.withdrawal(true)]).await;
    let end = app.wait_phase(&other.path, "withdrawn").await;
    assert_eq!(app.told("withdrawn").await.len(), 1, "{}", end.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_an_order_does_not_change() {
    let app = App::start().await;
    let (path, etag) = app.draft(1).await;
    let other = filing_of_type(OrderType::AddService, Province::Guangdong, 1);
    let answer = app.json(APPLICANT, Method::PUT, &path, Some(&etag), &serde_json::to_value(other).unwrap()).await;
    assert_eq!((answer.status, answer.body["errors"][0]["field"].as_str()), (422, Some("order_type")));
}
