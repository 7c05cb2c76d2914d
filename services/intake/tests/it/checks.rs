//! A dry run says everything that stands in the way, and stores nothing.

use icp_domain::{OrderType, Province};
use icp_testkit::filings::{company_filing, filing_of_type};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, Answer, App, OTHER, REVIEWER, path_of};
use crate::types::approved_filing;

fn findings(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let findings = answer.body["findings"].as_array().unwrap();
    findings.iter().map(|finding| (text(finding, "code"), text(finding, "field"))).collect()
}

async fn check(app: &App, token: &str, filing: &Value) -> Answer {
    app.json(token, Method::POST, "/v1/orders/check", None, filing).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filing_is_checked_before_there_is_an_order() {
    let app = App::start().await;
    let mut filing = serde_json::to_value(company_filing(Province::Guangdong, 1)).unwrap();
    filing["services"][0]["domains"][0] = json!("http://specimen-gd-0001.cn/");
    filing["organiser"]["principal"]["mobile"] = json!("１３８００１３８０００");
    let answer = check(&app, APPLICANT, &filing).await;
    let found = findings(&answer);
    // No module is active here: R00 asks for a reviewer.
    let expected = [("F01", "services[0].domains[0]"), ("R00", ""), ("T02", "organiser.principal.mobile")];
    assert_eq!(found, expected.map(|(code, field)| (code.to_owned(), field.to_owned())));
    assert_eq!(answer.body["may_be_submitted"], false);
    assert_eq!(answer.body["findings"][0]["mended"], "specimen-gd-0001.cn");
    assert_eq!(answer.body["findings"][2]["mended"], "13800138000");
    let stored: i64 = sqlx::query_scalar("select count(*) from orders").fetch_one(&app.pool).await.unwrap();
    assert_eq!(stored, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_record_here_stands_in_the_way() {
    let app = App::start().await;
    approved_filing(&app, 1).await;
    let again = serde_json::to_value(company_filing(Province::Guangdong, 1)).unwrap();
    let found = findings(&check(&app, APPLICANT, &again).await);
    for (code, field) in [("S07", "organiser.certificate.number"), ("D06", "services[0].domains[0]")] {
        assert!(found.contains(&(code.to_owned(), field.to_owned())), "{found:?}");
    }
    let change = serde_json::to_value(filing_of_type(OrderType::ChangeService, Province::Guangdong, 1)).unwrap();
    let own = check(&app, APPLICANT, &change).await;
    assert_eq!(own.body["may_be_submitted"], true, "{}", own.body);
    let foreign = check(&app, OTHER, &change).await;
    assert_eq!(foreign.body["may_be_submitted"], false, "{}", foreign.body);

    let created = app.json(OTHER, Method::POST, "/v1/orders", None, &change).await;
    let path = format!("/v1/orders/{}", created.body["id"].as_str().unwrap());
    let checked = app.send(OTHER, Method::POST, &format!("{path}/check"), None, None).await;
    assert!(findings(&checked).contains(&("S07".to_owned(), "organiser.number".to_owned())));
    let submitted = app.send(OTHER, Method::POST, &format!("{path}/submit"), Some(&created.etag), None).await;
    assert_eq!(submitted.body["phase"], "returned", "nobody changes another account's record");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_named_by_numbers_that_stand() {
    let app = App::start().await;
    approved_filing(&app, 1).await;
    let about = |order_type, number: &str| {
        let mut filing = filing_of_type(order_type, Province::Guangdong, 1);
        filing.services[0].number = Some(number.to_owned());
        serde_json::to_value(filing).unwrap()
    };
    let named = ("S07".to_owned(), "services[0].number".to_owned());
    let own = check(&app, APPLICANT, &about(OrderType::CancelAccess, "粤ICP备20000001号-1")).await;
    assert!(!findings(&own).contains(&named) && own.body["may_be_submitted"] == true, "{}", own.body);
    let unknown = check(&app, APPLICANT, &about(OrderType::CancelAccess, "粤ICP备20000001号-7")).await;
    assert!(findings(&unknown).contains(&named) && unknown.body["may_be_submitted"] == true, "{}", unknown.body);

    // Another account does not take the service to an organiser of its own.
    app.filed_by("b", 2, "粤ICP备20000002号").await;
    let mut migration = filing_of_type(OrderType::Migrate, Province::Guangdong, 2);
    migration.services[0].number = Some("粤ICP备20000001号-1".to_owned());
    migration.services[0].domains = company_filing(Province::Guangdong, 1).services[0].domains.clone();
    let migration = serde_json::to_value(migration).unwrap();
    let taken = check(&app, OTHER, &migration).await;
    assert!(findings(&taken).contains(&named) && taken.body["may_be_submitted"] == false, "{}", taken.body);

    sqlx::query("update archive_services set is_connected = false where account = 'a'")
        .execute(&app.pool)
        .await
        .unwrap();
    let away = check(&app, APPLICANT, &about(OrderType::ChangeAccess, "粤ICP备20000001号-1")).await;
    assert!(findings(&away).contains(&named) && away.body["may_be_submitted"] == false, "{}", away.body);
    sqlx::query("update archive_services set status = 'deregistered' where account = 'a'")
        .execute(&app.pool)
        .await
        .unwrap();
    let gone = check(&app, APPLICANT, &about(OrderType::ChangeService, "粤ICP备20000001号-1")).await;
    assert!(findings(&gone).contains(&named) && gone.body["may_be_submitted"] == false, "{}", gone.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_in_one_organisers_orders_at_a_time() {
    let app = App::start().await;
    let first = app.in_review(1..=1).await.remove(0);
    let mut filing = company_filing(Province::Guangdong, 2);
    filing.services[0].domains = company_filing(Province::Guangdong, 1).services[0].domains.clone();
    let filing = serde_json::to_value(filing).unwrap();
    let conflict = ("D06".to_owned(), "services[0].domains[0]".to_owned());
    let checked = check(&app, OTHER, &filing).await;
    assert!(findings(&checked).contains(&conflict), "{}", checked.body);
    assert_eq!(checked.body["may_be_submitted"], false);
    let created = app.json(OTHER, Method::POST, "/v1/orders", None, &filing).await;
    let path = format!("/v1/orders/{}", created.body["id"].as_str().unwrap());
    let submitted = app.send(OTHER, Method::POST, &format!("{path}/submit"), Some(&created.etag), None).await;
    assert_eq!(submitted.body["phase"], "returned", "{}", submitted.body);
    assert!(!submitted.body["findings"].to_string().contains(first.body["id"].as_str().unwrap()));

    // The first one meets neither itself nor the one that came back.
    let own = app.post(APPLICANT, &format!("{}/check", path_of(&first))).await;
    assert!(!findings(&own).contains(&conflict), "{}", own.body);
    assert_eq!(app.review(REVIEWER, &first, &json!({"decision": "pass"})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_orders_that_came_in_with_one_domain_at_the_same_time_none_is_passed() {
    let app = App::start().await;
    let orders = app.in_review(1..=2).await;
    // As if both had been submitted before either was seen.
    let domains = company_filing(Province::Guangdong, 2).services[0].domains.clone();
    sqlx::query("update orders set domains = $1 where id = $2")
        .bind(domains)
        .bind(uuid::Uuid::parse_str(orders[0].body["id"].as_str().unwrap()).unwrap())
        .execute(&app.pool)
        .await
        .unwrap();
    let refused = app.review(REVIEWER, &orders[1], &json!({"decision": "pass"})).await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("ICP-INTAKE-0009")), "{}", refused.body);
    let codes: Vec<&str> =
        refused.body["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"D06"), "{codes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_check_blocks_is_not_handed_in_either() {
    let app = App::start().await;
    let mut filing = serde_json::to_value(company_filing(Province::Guangdong, 1)).unwrap();
    filing["organiser"]["principal"]["emergency_phone"] = json!("12345");
    let created = app.json(APPLICANT, Method::POST, "/v1/orders", None, &filing).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = path_of(&created);
    let field = "organiser.principal.emergency_phone".to_owned();
    let checked = app.post(APPLICANT, &format!("{path}/check")).await;
    assert_eq!(checked.body["may_be_submitted"], false);
    assert!(findings(&checked).contains(&("T04".to_owned(), field.clone())), "{}", checked.body);
    let submitted = app.send(APPLICANT, Method::POST, &format!("{path}/submit"), Some(&created.etag), None).await;
    assert_eq!(submitted.body["phase"], "returned", "{}", submitted.body);
    assert!(findings(&submitted).contains(&("T04".to_owned(), field)), "{}", submitted.body);
}
