//! Exports: more rows than a page, only what the caller may see, and nothing that a spreadsheet would reckon with.

use icp_domain::{OrderType, Province};
use icp_testkit::filings::company_filing;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, AUDITOR, App, OPERATOR, OTHER, REVIEWER};
use crate::archive::outcome;
use crate::bad_input::{assert_problem, named_field};

const SMALL_PAGES: &str = "[intake.exports]\npage_rows = 2\nmax_open = 1\n";

struct Download {
    status: u16,
    content_type: String,
    text: String,
}

impl Download {
    fn lines(&self) -> Vec<Value> {
        assert_eq!((self.status, self.content_type.as_str()), (200, "application/x-ndjson"), "{}", self.text);
        self.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Rows of the table by their headings.
    fn table(&self) -> Vec<std::collections::HashMap<String, String>> {
        assert_eq!((self.status, self.content_type.as_str()), (200, "text/csv; charset=utf-8"), "{}", self.text);
        let text = self.text.strip_prefix('\u{feff}').expect("the mark of UTF-8");
        csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
    }
}

async fn download(app: &App, token: &str, path: &str, accept: &str) -> Download {
    let request = app.http.get(format!("{}/v1/exports/{path}", app.base)).bearer_auth(token);
    let answer = request.header("accept", accept).send().await.unwrap();
    let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    Download { status: answer.status().as_u16(), content_type, text: answer.text().await.unwrap() }
}

async fn drafted(app: &App, token: &str, filing: &icp_domain::Filing) -> String {
    let created = app.json(token, Method::POST, "/v1/orders", None, &json!(filing)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    created.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_come_in_many_pages_and_to_those_who_may_see_them() {
    let app = App::start_with(SMALL_PAGES).await;
    let mut own = Vec::new();
    for n in 1..=5 {
        own.push(drafted(&app, APPLICANT, &company_filing(Province::Guangdong, n)).await);
    }
    let elsewhere = company_filing(Province::Zhejiang, 6);
    let foreign = drafted(&app, OTHER, &elsewhere).await;
    let ids = |download: Download| -> Vec<String> {
        download.lines().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
    };

    let exported = download(&app, APPLICANT, "orders", "*/*").await;
    assert!(
        exported.lines().iter().all(|line| line["filing"].is_null()),
        "content is only given where it is asked for"
    );
    assert_eq!(ids(exported), own);
    assert_eq!(ids(download(&app, OTHER, "orders", "*/*").await), std::slice::from_ref(&foreign));
    assert_eq!(ids(download(&app, OPERATOR, "orders?phase=draft&province=zj", "*/*").await), [foreign]);
    assert_eq!(download(&app, REVIEWER, "orders", "*/*").await.lines().len(), 6);
    assert_eq!(download(&app, APPLICANT, "orders?phase=approved", "*/*").await.text, "");
    let of_account = download(&app, OPERATOR, "orders?account=b&order_type=first_filing", "text/csv").await.table();
    let accounts: Vec<_> = of_account.iter().map(|row| (row["account"].as_str(), row["order_type"].as_str())).collect();
    assert_eq!(accounts, [("b", "first_filing")]);

    let with_content = download(&app, APPLICANT, "orders?content=true", "*/*").await.lines();
    assert_eq!(with_content[4]["filing"], json!(company_filing(Province::Guangdong, 5)));
    let table = download(&app, APPLICANT, "orders?content=true", "text/csv").await.table();
    assert_eq!(table.len(), 5);
    let declared = company_filing(Province::Guangdong, 3);
    let row = &table[2];
    assert_eq!((row["id"].as_str(), row["service"].as_str(), row["phase"].as_str()), (own[2].as_str(), "0", "draft"));
    assert_eq!(row["organiser.principal.mobile"], declared.organiser.principal.mobile);
    assert_eq!(row["services[0].domains"], declared.services[0].domains[0]);

    for refused in [OPERATOR, AUDITOR] {
        let answer = app.get(refused, "/v1/exports/orders?content=true").await;
        assert_problem(&answer, 403, "ICP-INTAKE-0004");
    }
    assert_problem(&app.get("", "/v1/exports/orders").await, 401, "ICP-INTAKE-0003");
    assert_eq!(named_field(&app.get(APPLICANT, "/v1/exports/orders?format=xml").await), "format");
    assert_eq!(named_field(&app.get(APPLICANT, "/v1/exports/orders?phase=asleep").await), "phase");
    assert_eq!(named_field(&app.get(APPLICANT, "/v1/exports/orders?account=b").await), "account");

    // Each export is one entry, however many orders it has; what was refused is none.
    let entries: Vec<(String, String, String)> = sqlx::query_as(
        "select actor, action, detail from (select * from audit_pending union all \
         select seq, at, actor, role, action, object, detail from audit_trail) entries where action = 'orders.exported'",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(entries.len(), 8, "{entries:?}");
    let told = entries.iter().filter(|(actor, _, detail)| actor == "applicant" && detail.contains("\"content\":true"));
    assert_eq!(told.count(), 2, "{entries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spreadsheet_reckons_with_nothing_that_somebody_declared() {
    let app = App::start().await;
    let mut filing = company_filing(Province::Guangdong, 1);
    filing.organiser.name = "=HYPERLINK(\"http://example.com\",\"a\")".to_owned();
    filing.organiser.remark = Some("@SUM(1+1)".to_owned());
    filing.organiser.principal.office_phone = Some("+86-755-12345678".to_owned());
    let id = drafted(&app, APPLICANT, &filing).await;
    let exported = download(&app, APPLICANT, "orders?format=csv&content=true", "*/*").await;
    let row = &exported.table()[0];
    assert_eq!(row["organiser.name"], format!("'{}", filing.organiser.name));
    assert_eq!(row["organiser.remark"], "'@SUM(1+1)");
    assert_eq!(row["organiser.principal.office_phone"], "'+86-755-12345678");

    // The same cells are taken back as they were.
    let flat: Vec<(&String, &String)> =
        row.iter().filter(|(heading, _)| icp_intake::imports::columns::find(heading).is_some()).collect();
    let body = icp_intake::sheet::line(flat.iter().map(|(heading, _)| heading.as_str()))
        + &icp_intake::sheet::line(flat.iter().map(|(_, cell)| cell.trim_start_matches('\'')));
    let taken = app.send(APPLICANT, Method::POST, "/v1/imports", None, Some(("text/csv", body.into_bytes()))).await;
    assert_eq!(taken.status, 202, "{}", taken.body);
    let orders = icp_testkit::wait_until("the second draft", std::time::Duration::from_secs(30), || async {
        let orders = app.get(APPLICANT, &format!("/v1/orders?after={id}")).await.body["orders"].clone();
        if orders.as_array().is_some_and(|orders| orders.len() == 1) { Ok(orders) } else { Err(orders.to_string()) }
    })
    .await
    .unwrap();
    let again = app.order(&format!("/v1/orders/{}", orders[0]["id"].as_str().unwrap())).await;
    assert_eq!(again.body["filing"], json!(filing));

    // What was erased leaves its columns empty: every row has as many.
    sqlx::query("update orders set data_key = '' where id = $1::uuid").bind(&id).execute(&app.pool).await.unwrap();
    let exported = download(&app, APPLICANT, "orders?format=csv&content=true", "*/*").await.table();
    assert_eq!((exported[0]["id"].as_str(), exported[0]["organiser.name"].as_str()), (id.as_str(), ""));
    assert_eq!(exported[0].len(), exported[1].len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_is_exported_with_and_without_content() {
    let app = App::start_with(SMALL_PAGES).await;
    let mut numbers = Vec::new();
    for n in 1..=5_u32 {
        numbers.push(app.filed(n, &format!("粤ICP备202600000{n}号")).await);
    }
    let foreign = "粤ICP备2026000009号";
    let mut entered =
        outcome(OrderType::FirstFiling, company_filing(Province::Guangdong, 9), foreign, &[&format!("{foreign}-1")], 1);
    entered.account = "b".to_owned();
    app.enter(&[entered]).await;

    let mut own: Vec<String> = download(&app, APPLICANT, "archive", "*/*")
        .await
        .lines()
        .iter()
        .map(|line| line["number"].as_str().unwrap().to_owned())
        .collect();
    own.sort();
    assert_eq!(own, numbers);
    let all = download(&app, OPERATOR, "archive", "*/*").await.lines();
    assert_eq!(all.len(), 6);
    assert!(all.iter().all(|line| line["organiser"].is_null() && line["service"].is_null()));
    assert_problem(&app.get(OPERATOR, "/v1/exports/archive?content=true").await, 403, "ICP-INTAKE-0004");

    let declared = company_filing(Province::Guangdong, 9);
    let other = download(&app, OTHER, "archive?content=true", "*/*").await.lines();
    assert_eq!(other.len(), 1);
    assert_eq!(other[0]["organiser"]["principal"], json!(declared.organiser.principal));
    assert_eq!(other[0]["service"]["name"], json!(declared.services[0].name));
    let table = download(&app, OTHER, "archive?content=true&format=csv", "*/*").await.table();
    assert_eq!(table[0]["organiser.certificate.number"], declared.organiser.certificate.number);
    let by_domain = format!("archive?domain={}", declared.services[0].domains[0]);
    assert_eq!(download(&app, REVIEWER, &by_domain, "*/*").await.lines().len(), 1);
    assert_eq!(download(&app, APPLICANT, &by_domain, "*/*").await.text, "");
    assert_eq!(named_field(&app.get(APPLICANT, "/v1/exports/archive?domain=..").await), "domain");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_exports_run_than_may() {
    let app = App::start_with(SMALL_PAGES).await;
    drafted(&app, APPLICANT, &company_filing(Province::Guangdong, 1)).await;
    // Enough that the answer does not fit into what the network holds while nobody reads it.
    sqlx::query(
        "insert into orders (id, account, province, order_type, version, phase, attempt, state, domains, \
         organiser_index, content, data_key, created_at, updated_at, phase_since) \
         select gen_random_uuid(), account, province, order_type, version, phase, attempt, \
         jsonb_set(state, '{organiser_number}', to_jsonb(repeat('x', 100000))), domains, organiser_index, content, \
         data_key, created_at, updated_at, phase_since from orders, generate_series(1, 400) \
         where id = (select id from orders limit 1)",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let url = format!("{}/v1/exports/orders", app.base);
    let mut running = app.http.get(&url).bearer_auth(APPLICANT).send().await.unwrap();
    assert!(running.chunk().await.unwrap().is_some());
    assert_problem(&app.get(OTHER, "/v1/exports/orders").await, 429, "ICP-INTAKE-0040");
    drop(running);
    icp_testkit::wait_until("the turn to be over", std::time::Duration::from_secs(30), || async {
        match app.get(OTHER, "/v1/exports/orders").await.status {
            200 => Ok(()),
            status => Err(status.to_string()),
        }
    })
    .await
    .unwrap();
}
