//! Papers of an order: which fit it, when they are made, and what stands on them. The press of these tests gives the
//! job back as it came.

use icp_bus::Outgoing;
use icp_domain::{InternetService, OrderType, Province};
use icp_intake::archive::{self, Filed};
use icp_proto::{authority, identity, relay};
use icp_testkit::filings::filing_of_type;
use icp_testkit::{NatsOptions, NatsServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, Answer, App, OTHER, REVIEWER, id_of};
use crate::facts::{answered, approved, verified};
use crate::outlook::rules_of_zhejiang;
use crate::types::approved_filing_in;

async fn kinds(app: &App, path: &str) -> Vec<String> {
    let list = app.order(&format!("{path}/papers")).await;
    assert_eq!(list.status, 200, "{}", list.body);
    let papers = list.body["papers"].as_array().unwrap();
    assert!(papers.iter().all(|paper| !paper["reason"].as_str().unwrap().is_empty()));
    papers.iter().map(|paper| paper["kind"].as_str().unwrap().to_owned()).collect()
}

/// Labels of the ticked boxes of one row of a slip.
fn ticked<'a>(slip: &'a Value, label: &str) -> Vec<&'a str> {
    let blocks = slip["paper"]["data"]["body"]["blocks"].as_array().unwrap();
    let mut rows = blocks.iter().flat_map(|block| block["rows"].as_array().unwrap());
    let row = rows.find(|row| row["label"] == label).unwrap();
    let choices = row["choices"].as_array().unwrap().iter();
    choices.filter(|choice| choice["ticked"] == true).map(|choice| choice["label"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_come_with_the_life_of_the_order_and_the_slip_ticks_what_is_on_record_alone() {
    let app = App::start().await;
    let path = app.submitted(1).await;
    let id = id_of(&path);
    let letters = ["authorisation", "commitment-gd-unit", "construction-plan"];
    assert_eq!(kinds(&app, &path).await, letters);
    let get = async |kind: &str| app.order(&format!("{path}/papers/{kind}")).await;
    assert_eq!(get("slip").await.body["code"], "ICP-INTAKE-0008");
    assert_eq!(get("completion-notice").await.body["code"], "ICP-INTAKE-0008");
    assert_eq!(get("commitment-js").await.status, 404);
    assert_eq!(get("authorisation?service=1").await.body["errors"][0]["field"], "service");
    let stranger = app.send(OTHER, Method::GET, &format!("{path}/papers"), None, None).await;
    assert_eq!(stranger.status, 404);

    let letter = get("authorisation").await;
    assert_eq!((letter.status, letter.content_type.as_str()), (200, "application/pdf"), "{}", letter.body);
    let filing = icp_testkit::filings::company_filing(icp_domain::Province::Guangdong, 1);
    assert_eq!(letter.body["paper"]["data"]["author"], filing.organiser.name);
    assert_eq!(letter.body["output"], "pdf");

    app.publish(vec![verified(&id, 1), answered(&id, 1)]).await;
    let waiting = app.wait_phase(&path, "provider_review").await;
    let review = format!("{path}/review");
    let passed = app.json(REVIEWER, Method::POST, &review, Some(&waiting.etag), &json!({"decision": "pass"})).await;
    assert_eq!(passed.status, 200, "{}", passed.body);
    let for_bureau = app.sent_to_relay(&id).await.slips;
    app.publish(vec![approved(&id)]).await;
    app.wait_phase(&path, "approved").await;
    let all = [&["slip", "acceptance-receipt", "completion-notice"][..], &letters].concat();
    assert_eq!(kinds(&app, &path).await, all);

    let slip = get("slip").await;
    assert_eq!(slip.status, 200, "{}", slip.body);
    let [relay::Slip { service_index: 0, paper, .. }] = for_bureau.as_slice() else { panic!("{for_bureau:?}") };
    let paper: Value = serde_json::from_slice(paper).unwrap();
    assert_eq!(paper["data"]["body"], slip.body["paper"]["data"]["body"], "the bureau got another slip");
    // The reviewer has passed what was declared; no check of a document is on record.
    assert_eq!(ticked(&slip.body, "名称规范"), ["是"]);
    assert_eq!(ticked(&slip.body, "证件号码正确"), [""; 0]);
    assert_eq!(ticked(&slip.body, "单位证件资质"), [""; 0]);
    let picture = app
        .http
        .get(format!("{}{path}/papers/slip", app.base))
        .bearer_auth(APPLICANT)
        .header("accept", "image/jpeg")
        .send()
        .await
        .unwrap();
    assert_eq!(picture.headers()["content-type"], "image/jpeg");
    let job: Value = serde_json::from_slice(&picture.bytes().await.unwrap()).unwrap();
    assert_eq!(job["output"]["jpeg"]["limit_bytes"], 153_600);
    let notice = get("completion-notice").await;
    assert_eq!((notice.status, notice.body["code"].as_str()), (503, Some("ICP-INTAKE-0014")), "{}", notice.body);
}

/// What the reviewer is told who passes an order with as many services as one may have, each with many domains.
async fn passed_with_most_services(app: &App) -> (String, Answer) {
    let mut filing = icp_testkit::filings::company_filing(Province::Guangdong, 1);
    let service = filing.services[0].clone();
    filing.services = (0..64)
        .map(|index| InternetService {
            name: format!("示例网站{index}"),
            domains: (0..60).map(|n| format!("specimen-{index}-{n}.cn")).collect(),
            ..service.clone()
        })
        .collect();
    let declared = serde_json::to_value(filing).unwrap();
    let created = app.json(APPLICANT, Method::POST, "/v1/orders", None, &declared).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = format!("/v1/orders/{}", created.body["id"].as_str().unwrap());
    let submitted = app.send(APPLICANT, Method::POST, &format!("{path}/submit"), Some(&created.etag), None).await;
    assert_eq!(submitted.status, 200, "{}", submitted.body);
    app.checked(&path).await;
    let waiting = app.wait_phase(&path, "provider_review").await;
    let passed = app.review(REVIEWER, &waiting, &json!({"decision": "pass"})).await;
    (path, passed)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_order_goes_to_the_relay_in_one_message() {
    let app = App::start().await;
    let (path, passed) = passed_with_most_services(&app).await;
    assert_eq!(passed.status, 200, "{}", passed.body);
    let id = id_of(&path);
    assert_eq!(app.sent_to_relay(&id).await.slips.len(), 64);
    // What comes after it is published as well.
    let other = app.in_review(2..=2).await;
    assert_eq!(other.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_the_bus_cannot_carry_is_not_passed_and_holds_up_nothing() {
    let options = NatsOptions { max_payload_bytes: 300 * 1024, ..NatsOptions::default() };
    let app = App::start_on(NatsServer::start_temp_with(options).await.unwrap(), async |_| {}).await;
    let (path, refused) = passed_with_most_services(&app).await;
    assert_eq!(
        (refused.status, refused.body["errors"][0]["field"].as_str()),
        (422, Some("services")),
        "{}",
        refused.body
    );
    assert_eq!(app.order(&path).await.body["phase"], "provider_review");
    let other = app.in_review(2..=2).await;
    let passed = app.review(REVIEWER, &other[0], &json!({"decision": "pass"})).await;
    assert_eq!(passed.status, 200, "{}", passed.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_names_the_number_that_the_rules_of_the_province_want_shown() {
    let app = App::start_with("[intake.rules]\nsignature_required = false\n").await;
    let (path, _) = approved_filing_in(&app, Province::Zhejiang, 1).await;
    rules_of_zhejiang(&app).await;
    let notice = app.order(&format!("{path}/papers/completion-notice")).await;
    assert_eq!(notice.status, 200, "{}", notice.body);
    let body = &notice.body["paper"]["data"]["body"];
    assert_eq!(body["provider"], "示例云计算有限公司", "{}", notice.body);
    assert!(body.to_string().contains("标明服务备案号"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_identity_and_the_registers_found_is_ticked_field_by_field() {
    let app = App::start().await;
    let cases: [(u32, &str, &[&str]); 4] =
        [(1, "match", &["是"]), (2, "mismatch", &["否"]), (3, "not_found", &["否"]), (4, "unavailable", &[])];
    for (n, register, boxes_ticked) in cases {
        let path = app.submitted(n).await;
        let id = id_of(&path);
        let numbers = ["organiser.certificate", "organiser.principal.id", "services[0].principal.id"];
        let field = |path: &str| format!("{path}.number");
        let check = |path: &&str| identity::Check {
            name: "document_against_form".to_owned(),
            subject: field(path),
            passed: true,
            ..Default::default()
        };
        let answer = |path: &&str| authority::Answer {
            field: field(path),
            result: register.to_owned(),
            reference: "REG-1".to_owned(),
            ..Default::default()
        };
        let verified = identity::Verified {
            order_id: id.clone(),
            attempt: 1,
            checks: numbers.iter().map(check).collect(),
            findings: Vec::new(),
        };
        let answered = authority::Answered {
            order_id: id.clone(),
            attempt: 1,
            answers: numbers.iter().map(answer).collect(),
            ..Default::default()
        };
        app.publish(vec![
            Outgoing::event("identity", "verified", "gd", &id, &verified),
            Outgoing::event("authority", "answered", "gd", &id, &answered),
        ])
        .await;
        let waiting = app.wait_phase(&path, "provider_review").await;
        let decision = json!({"decision": "pass"});
        app.json(REVIEWER, Method::POST, &format!("{path}/review"), Some(&waiting.etag), &decision).await;
        let slip = app.order(&format!("{path}/papers/slip")).await;
        assert_eq!(ticked(&slip.body, "证件号码正确"), boxes_ticked, "{register}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_name_tells_the_name_on_record() {
    const ORGANISER: &str = "粤ICP备2026000001号";
    let app = App::start().await;
    let mut filing = filing_of_type(OrderType::ChangeOrganiser, Province::Guangdong, 1);
    let before = filing.organiser.name.clone();
    let filed = Filed {
        order_id: uuid::Uuid::now_v7(),
        account: "a".to_owned(),
        order_type: OrderType::FirstFiling,
        province: Province::Guangdong,
        filing: filing_of_type(OrderType::FirstFiling, Province::Guangdong, 1),
        organiser_number: ORGANISER.to_owned(),
        service_numbers: vec![format!("{ORGANISER}-1")],
        organiser_id: 0,
        service_ids: Vec::new(),
        access_ids: Vec::new(),
        at: chrono::Utc::now(),
    };
    let mut tx = app.pool.begin().await.unwrap();
    archive::apply(&mut tx, &icp_kit::Vault::new(&[7; 32]).unwrap(), &[filed]).await.unwrap();
    tx.commit().await.unwrap();
    filing.organiser.number = Some(ORGANISER.to_owned());
    filing.organiser.name = "示例更名有限公司".to_owned();
    let draft = async |token: &str| {
        let created = app.json(token, Method::POST, "/v1/orders", None, &serde_json::to_value(&filing).unwrap()).await;
        assert_eq!(created.status, 201, "{}", created.body);
        format!("/v1/orders/{}/papers/name-change-statement", created.body["id"].as_str().unwrap())
    };
    let letter = app.order(&draft(APPLICANT).await).await;
    assert_eq!(letter.status, 200, "{}", letter.body);
    let text = letter.body.to_string();
    assert!(text.contains(&before) && text.contains("示例更名有限公司"), "{text}");
    // Whose record it is not learns nothing of it.
    let stranger = app.send(OTHER, Method::GET, &draft(OTHER).await, None, None).await;
    assert_eq!((stranger.status, stranger.body["code"].as_str()), (409, Some("ICP-INTAKE-0008")), "{}", stranger.body);
}
