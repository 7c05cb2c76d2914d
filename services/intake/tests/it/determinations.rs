//! The type of an order is found from the archive and the ministry, and frozen in the order.

use std::time::Duration;

use icp_bus::Outgoing;
use icp_domain::{OrderType, Province, ServiceKind};
use icp_proto::{bureau, relay};
use icp_testkit::filings::{company_filing, filing_of_type};
use icp_testkit::wait_until;
use prost::Message as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, Answer, App, OTHER};
use crate::archive::{ORGANISER, OTHER_ORGANISER, on_android, on_record, outcome};
use crate::types::approved_filing;

async fn ask(app: &App, body: &Value) -> Answer {
    app.json(APPLICANT, Method::POST, "/v1/determinations", None, body).await
}

fn about(filing: &icp_domain::Filing) -> Value {
    json!({
        "province": "gd",
        "nature": filing.organiser.nature,
        "certificate": {"kind": filing.organiser.certificate.kind, "number": filing.organiser.certificate.number},
        "domain": filing.services[0].domains[0],
    })
}

/// The ministry answers the query about this part of a determination; a domain is that of the organiser's `-1`.
async fn answer(app: &App, determination: &Answer, about: &str, organiser_number: &str, code: u32) {
    let id = uuid::Uuid::parse_str(determination.body["id"].as_str().unwrap()).unwrap();
    let query: uuid::Uuid =
        sqlx::query_scalar("select query_id from determination_queries where determination_id = $1 and about = $2")
            .bind(id)
            .bind(about)
            .fetch_one(&app.pool)
            .await
            .unwrap();
    let message = bureau::StatusAnswered {
        query_id: query.to_string(),
        province: "gd".to_owned(),
        code,
        is_filed: !organiser_number.is_empty(),
        organiser_number: organiser_number.to_owned(),
        service_number: if about == "domain" { format!("{organiser_number}-1") } else { String::new() },
        words: app.seal(&query.to_string(), &bureau::Words { texts: vec!["系统维护，请张三处理".to_owned()] }),
        ..Default::default()
    };
    let fact = Outgoing::event("bureau", "status_answered", "gd", query, &message);
    app.publish(vec![fact.clone(), fact]).await;
}

async fn settled(app: &App, determination: &Answer) -> Answer {
    let path = format!("/v1/determinations/{}", determination.body["id"].as_str().unwrap());
    wait_until("the determination to be answered", Duration::from_secs(30), || async {
        let answer = app.order(&path).await;
        if answer.body["status"] == "pending" { Err(answer.body.to_string()) } else { Ok(answer) }
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_keeps_what_its_determination_was_asked_about() {
    let app = App::start().await;
    let filing = company_filing(Province::Guangdong, 1);
    let asked = ask(&app, &about(&filing)).await;
    assert_eq!((asked.status, asked.body["status"].as_str()), (202, Some("pending")), "{}", asked.body);
    let payloads: Vec<Vec<u8>> =
        sqlx::query_scalar("select payload from outbox where subject = 'icp.task.relay.v1.query'")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    let queries: Vec<relay::Query> =
        payloads.iter().map(|payload| relay::Query::decode(payload.as_slice()).unwrap()).collect();
    assert_eq!(queries.len(), 2, "organiser and domain are asked about");
    assert!(queries.iter().all(|query| query.condition.as_ref().unwrap().recipient == "relay"));

    let id = asked.body["id"].as_str().unwrap();
    let create = format!("/v1/orders?determination={id}");
    let early = app.json(APPLICANT, Method::POST, &create, None, &serde_json::to_value(&filing).unwrap()).await;
    assert_eq!((early.status, early.body["errors"][0]["field"].as_str()), (422, Some("order_type")));

    answer(&app, &asked, "domain", "", 0).await;
    let mut order = filing_of_type(OrderType::AddServiceElsewhere, Province::Guangdong, 1);
    let number = order.organiser.number.clone().unwrap();
    answer(&app, &asked, "organiser", &number, 0).await;
    let found = settled(&app, &asked).await;
    assert_eq!(found.body["order_type"], "add_service_elsewhere", "{}", found.body);
    assert_eq!(found.body["organiser_number"], number.as_str());
    let other = app.send(OTHER, Method::GET, &format!("/v1/determinations/{id}"), None, None).await;
    assert_eq!(other.status, 404);

    let wrong_type = app.json(APPLICANT, Method::POST, &create, None, &serde_json::to_value(&filing).unwrap()).await;
    assert_eq!(wrong_type.body["errors"][0]["remedy"], "give that type", "{}", wrong_type.body);
    let mut wrong_number = order.clone();
    wrong_number.organiser.number = Some("粤ICP备20000009号".to_owned());
    let wrong_number = serde_json::to_value(&wrong_number).unwrap();
    let refused = app.json(APPLICANT, Method::POST, &create, None, &wrong_number).await;
    assert_eq!((refused.status, refused.body["errors"][0]["field"].as_str()), (422, Some("organiser.number")));
    assert_eq!(refused.body["errors"][0]["remedy"], format!("give {number}"));
    let created = app.json(APPLICANT, Method::POST, &create, None, &serde_json::to_value(&order).unwrap()).await;
    assert_eq!(created.status, 201, "{}", created.body);
    sqlx::query("update determinations set created_at = created_at - interval '8 days'")
        .execute(&app.pool)
        .await
        .unwrap();
    let late = app.json(APPLICANT, Method::POST, &create, None, &serde_json::to_value(&order).unwrap()).await;
    assert_eq!((late.status, late.body["errors"][0]["field"].as_str()), (422, Some("determination")), "{}", late.body);

    let path = format!("/v1/orders/{}", created.body["id"].as_str().unwrap());
    order.services[0].domains = vec!["another-specimen.cn".to_owned()];
    let amend = async |etag: &str, body: &icp_domain::Filing| {
        app.json(APPLICANT, Method::PUT, &path, Some(etag), &serde_json::to_value(body).unwrap()).await
    };
    let frozen = amend(&created.etag, &order).await;
    assert_eq!((frozen.status, frozen.body["errors"][0]["field"].as_str()), (422, Some("services[0].domains")));
    assert_eq!(frozen.body["errors"][0]["remedy"], "withdraw and begin anew");
    order = filing_of_type(OrderType::AddServiceElsewhere, Province::Guangdong, 1);
    order.services[0].name = "示例改名".to_owned();
    assert_eq!(amend(&created.etag, &order).await.status, 200, "everything else may be amended");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_ministry_could_not_give_is_no_answer() {
    let app = App::start().await;
    let filing = company_filing(Province::Guangdong, 1);
    let asked = ask(&app, &about(&filing)).await;
    answer(&app, &asked, "domain", "", 0).await;
    answer(&app, &asked, "organiser", "", 17).await;
    let found = settled(&app, &asked).await;
    assert_eq!((found.body["status"].as_str(), found.body["code"].as_u64()), (Some("unanswered"), Some(17)));
    assert_eq!(found.body["text"], "系统维护，请张三处理");
    let stored: Vec<String> =
        sqlx::query_scalar("select answer::text from determination_queries").fetch_all(&app.pool).await.unwrap();
    assert!(stored.len() == 2 && stored.iter().all(|answer| !answer.contains("张三")), "{stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_cannot_be_asked_names_the_field() {
    let app = App::start().await;
    let mut both = about(&company_filing(Province::Guangdong, 1));
    both["app"] = json!("示例商城");
    both["certificate"]["number"] = json!(" ");
    let answer = ask(&app, &both).await;
    let fields: Vec<&str> =
        answer.body["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!((answer.status, fields), (422, vec!["certificate.number", "domain"]));
    let sent: i64 = sqlx::query_scalar("select count(*) from outbox").fetch_one(&app.pool).await.unwrap();
    assert_eq!(sent, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_order_in_flight_stands_in_the_way() {
    let app = App::start().await;
    app.submitted(1).await;
    let asked = ask(&app, &about(&company_filing(Province::Guangdong, 1))).await;
    answer(&app, &asked, "domain", "", 0).await;
    answer(&app, &asked, "organiser", "", 0).await;
    let found = settled(&app, &asked).await;
    assert_eq!(found.body["status"], "blocked");
    assert_eq!(found.body["findings"][0]["code"], "S06");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_another_account_asks_for_stands_in_nobodys_way() {
    let app = App::start().await;
    approved_filing(&app, 1).await;
    let transfer = filing_of_type(OrderType::Transfer, Province::Guangdong, 1);
    let body = serde_json::to_value(&transfer).unwrap();
    let created = app.json(OTHER, Method::POST, "/v1/orders", None, &body).await;
    let submit = format!("/v1/orders/{}/submit", created.body["id"].as_str().unwrap());
    let waiting = app.send(OTHER, Method::POST, &submit, Some(&created.etag), None).await;
    assert_eq!(waiting.body["phase"], "checking", "{}", waiting.body);
    let mut question = about(&company_filing(Province::Guangdong, 1));
    question["domain"] = json!("specimen-second.cn");
    let asked = ask(&app, &question).await;
    answer(&app, &asked, "domain", "", 0).await;
    answer(&app, &asked, "organiser", &transfer.organiser.number.unwrap(), 0).await;
    let found = settled(&app, &asked).await;
    assert_eq!(found.body["order_type"], "add_service", "{}", found.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_in_another_organisers_order_stands_in_the_way_while_that_is_in_flight() {
    let app = App::start().await;
    let mut theirs = company_filing(Province::Guangdong, 2);
    let ours = company_filing(Province::Guangdong, 1);
    theirs.services[0].domains = vec!["specimen-both.cn".to_owned()];
    theirs.services[0].home_url = Some("www.specimen-both.cn".to_owned());
    let body = serde_json::to_value(&theirs).unwrap();
    let draft = app.json(OTHER, Method::POST, "/v1/orders", None, &body).await;
    assert_eq!(draft.status, 201, "{}", draft.body);
    let path = format!("/v1/orders/{}", draft.body["id"].as_str().unwrap());
    let mut question = about(&ours);
    question["domain"] = json!("Specimen-Both.CN");
    let determined = async || {
        let asked = ask(&app, &question).await;
        answer(&app, &asked, "domain", "", 0).await;
        answer(&app, &asked, "organiser", "", 0).await;
        settled(&app, &asked).await.body
    };
    assert_eq!(determined().await["order_type"], "first_filing", "a draft is nobody's business yet");
    let submitted = app.send(OTHER, Method::POST, &format!("{path}/submit"), Some(&draft.etag), None).await;
    assert_eq!(submitted.body["phase"], "checking", "{}", submitted.body);
    let blocked = determined().await;
    let finding = &blocked["findings"][0];
    assert_eq!((&finding["code"], &finding["field"]), (&json!("D06"), &json!("domain")), "{blocked}");
    assert!(finding["remedy"].as_str().unwrap().contains("withdrawn"), "{finding}");
    let withdrawn = app.send(OTHER, Method::POST, &format!("{path}/withdraw"), Some(&submitted.etag), None).await;
    assert_eq!(withdrawn.body["phase"], "withdrawn");
    assert_eq!(determined().await["order_type"], "first_filing");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_its_access_was_cancelled_a_website_is_connected_again() {
    let app = App::start().await;
    let number = app.filed(1, ORGANISER).await;
    let determined = async || {
        let asked = ask(&app, &about(&company_filing(Province::Guangdong, 1))).await;
        answer(&app, &asked, "domain", ORGANISER, 0).await;
        answer(&app, &asked, "organiser", ORGANISER, 0).await;
        settled(&app, &asked).await.body
    };
    assert_eq!(determined().await["findings"][0]["code"], "S05", "it is connected");
    let filing = on_record(1, ORGANISER, &number);
    app.enter(&[outcome(OrderType::CancelAccess, filing, ORGANISER, &[&number], 2)]).await;
    let again = determined().await;
    assert_eq!(again["order_type"], "continue_access", "{again}");
    assert_eq!((&again["organiser_number"], &again["service_number"]), (&json!(ORGANISER), &json!(number)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_looked_for_in_the_archive() {
    let app = App::start().await;
    app.filed(1, ORGANISER).await;
    app.filed(2, OTHER_ORGANISER).await;
    let number = format!("{ORGANISER}-2A");
    let mut filing = on_record(1, ORGANISER, &number);
    let service = &mut filing.services[0];
    service.kind = ServiceKind::App;
    service.name = "示例应用".to_owned();
    service.domains.clear();
    service.app_platforms = vec![on_android(&[])];
    let added = {
        let mut added = filing.clone();
        added.services[0].number = None;
        added
    };
    app.enter(&[outcome(OrderType::AddService, added, ORGANISER, &[&number], 2)]).await;
    let determined = async |n: u32, name: &str, more: Value| {
        let mut question = about(&company_filing(Province::Guangdong, n));
        let question = question.as_object_mut().unwrap();
        question.remove("domain");
        question.insert("app".to_owned(), json!(name));
        question.extend(more.as_object().unwrap().clone());
        let asked = ask(&app, &Value::Object(question.clone())).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        let organiser = if n == 1 { ORGANISER } else { OTHER_ORGANISER };
        answer(&app, &asked, "organiser", organiser, 0).await;
        settled(&app, &asked).await.body
    };
    let package = json!({"package": "cn.specimen.app"});
    for (n, name, more, field) in [
        (1, "示例应用", json!({}), "app"),
        (1, "示例应用", json!({"kind": "app"}), "app"),
        (1, "另一个名称", package.clone(), "app"),
        (2, "另一个名称", package.clone(), "package"),
    ] {
        let blocked = determined(n, name, more.clone()).await;
        assert_eq!(blocked["findings"][0]["field"], field, "{n} {name} {more}: {blocked}");
    }
    for (n, name, more) in
        [(1, "另一个名称", json!({})), (1, "示例应用", json!({"kind": "quick_app"})), (2, "示例应用", json!({}))]
    {
        let open = determined(n, name, more.clone()).await;
        assert_eq!(open["order_type"], "add_service", "{n} {name} {more}: {open}");
    }
    app.enter(&[outcome(OrderType::CancelAccess, filing, ORGANISER, &[&number], 3)]).await;
    let again = determined(1, "示例应用", json!({})).await;
    assert_eq!(
        (&again["order_type"], &again["service_number"]),
        (&json!("continue_access"), &json!(number)),
        "{again}"
    );
    let mut wrong = about(&company_filing(Province::Guangdong, 1));
    wrong["kind"] = json!("website");
    wrong["package"] = json!("cn.specimen.app");
    let refused = ask(&app, &wrong).await;
    let fields: Vec<&str> =
        refused.body["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!((refused.status, fields), (422, vec!["kind", "package"]));
}
