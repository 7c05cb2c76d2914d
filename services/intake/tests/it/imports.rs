//! Imports: good, bad and repeated rows, charsets, limits, other tenants, several replicas, and a process that is
//! killed between two batches.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use encoding_rs::GB18030;
use icp_domain::{Filing, Province};
use icp_intake::imports::columns::{COLUMNS, REFERENCE, cells};
use icp_intake::sheet;
use icp_testkit::filings::company_filing;
use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::app::{APPLICANT, Answer, App, OPERATOR, OTHER};
use crate::bad_input::{assert_problem, named_field};
use crate::replicas::{Replica, place, wait_ready};

const BOUND: Duration = Duration::from_secs(60);
const NDJSON: &str = "application/x-ndjson";

fn filing(n: u32) -> Filing {
    company_filing(Province::Guangdong, n)
}

fn lines(filings: impl IntoIterator<Item = u32>) -> Vec<u8> {
    filings.into_iter().map(|n| format!("{}\n", json!(filing(n)))).collect::<String>().into_bytes()
}

async fn import(app: &App, base: &str, content_type: &str, body: Vec<u8>) -> Answer {
    app.send_to(base, APPLICANT, Method::POST, "/v1/imports", &[], Some((content_type, body))).await
}

async fn imported(app: &App, content_type: &str, body: Vec<u8>) -> String {
    let answer = import(app, &app.base, content_type, body).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!((&answer.body["state"], &answer.body["account"]), (&json!("running"), &json!("a")));
    path_of(&answer)
}

fn path_of(answer: &Answer) -> String {
    format!("/v1/imports/{}", answer.body["id"].as_str().unwrap())
}

async fn ended(app: &App, base: &str, path: &str) -> Value {
    wait_until("the import to end", BOUND, || async {
        let answer = app.send_to(base, APPLICANT, Method::GET, path, &[], None).await;
        if answer.body["state"] == "ended" { Ok(answer.body) } else { Err(answer.body.to_string()) }
    })
    .await
    .unwrap()
}

async fn count(app: &App, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&app.pool).await.unwrap()
}

/// Text of a download, with its content type.
async fn download(app: &App, path: &str) -> (String, String) {
    let answer = app.http.get(format!("{}{path}", app.base)).bearer_auth(APPLICANT).send().await.unwrap();
    let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
    (content_type, answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_becomes_a_draft_or_is_told_why_not() {
    let app = App::start_with("[intake.imports]\nbatch_rows = 2\n").await;
    let mut nameless = filing(3);
    nameless.organiser.name = String::new();
    nameless.services.clear();
    let rows = [
        json!(filing(1)).to_string(),
        json!({ "reference": "客户甲", "filing": filing(2) }).to_string(),
        json!({ "reference": "客户甲", "filing": filing(2) }).to_string(),
        String::new(),
        "{\"order_type\": ".to_owned(),
        json!({ "reference": "c", "filing": nameless }).to_string(),
        json!({ "filing": filing(4) }).to_string(),
    ];
    let path = imported(&app, NDJSON, rows.join("\n").into_bytes()).await;
    let end = ended(&app, &app.base, &path).await;
    let counts = ["rows", "waiting", "created", "failed"].map(|name| end[name].as_i64().unwrap());
    assert_eq!(counts, [6, 0, 3, 3], "{end}");

    let report = app.get(APPLICANT, &format!("{path}/rows")).await.body;
    let states: Vec<_> = report["rows"].as_array().unwrap().iter().map(|row| (&row["row"], &row["state"])).collect();
    let states = serde_json::to_value(states).unwrap();
    let expected = json!([[1, "created"], [2, "created"], [3, "failed"], [5, "failed"], [6, "failed"], [7, "created"]]);
    assert_eq!(states, expected);
    let row = |index: usize| &report["rows"][index];
    assert_eq!((&row(1)["reference"], &row(2)["reference"]), (&json!("客户甲"), &json!("客户甲")));
    assert_eq!(row(2)["errors"][0]["field"], "reference", "{}", row(2));
    assert!(row(2)["errors"][0]["reason"].as_str().unwrap().contains("row 2"), "{}", row(2));
    let fields: Vec<_> = row(4)["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["organiser.name", "services"], "everything at once");
    for index in [2, 3, 4] {
        for error in row(index)["errors"].as_array().unwrap() {
            assert!(["reason", "remedy"].iter().all(|part| !error[part].as_str().unwrap().is_empty()), "{error}");
        }
    }

    // The draft is an order like every other, and it is the account's.
    let order = format!("/v1/orders/{}", row(1)["order_id"].as_str().unwrap());
    let draft = app.order(&order).await;
    assert_eq!((draft.body["phase"].as_str(), &draft.body["filing"]), (Some("draft"), &json!(filing(2))));
    assert_problem(&app.get(OTHER, &order).await, 404, "ICP-INTAKE-0005");
    let timers = "select count(*) from outbox where subject = 'icp.task.schedule.v1.set'";
    assert_eq!(count(&app, timers).await, 3, "each draft has its timer");

    // Pages, states, and the same for a spreadsheet.
    let failed = app.get(APPLICANT, &format!("{path}/rows?state=failed&after=3&limit=1")).await.body;
    assert_eq!((&failed["rows"][0]["row"], &failed["next_after"]), (&json!(5), &json!(5)));
    assert_eq!(named_field(&app.get(APPLICANT, &format!("{path}/rows?state=lost")).await), "state");
    let (content_type, text) = download(&app, &format!("{path}/rows.csv?state=failed")).await;
    assert_eq!(content_type, "text/csv; charset=utf-8");
    assert_eq!(text.lines().count(), 1 + 1 + 1 + 2, "a line per fault: {text}");
    assert!(text.starts_with("\u{feff}row,reference,state,order_id,field,reason,remedy\r\n"), "{text}");

    // Nothing of it is anybody else's.
    for (token, status) in [(OTHER, 404), (OPERATOR, 403), ("", 401)] {
        for suffix in ["", "/rows", "/rows.csv"] {
            assert_eq!(app.get(token, &format!("{path}{suffix}")).await.status, status, "{token} {suffix}");
        }
    }
    assert_eq!(app.get(OTHER, "/v1/imports").await.body["imports"], json!([]));
    assert_eq!(app.get(APPLICANT, "/v1/imports").await.body["imports"][0]["id"], end["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_of_rows_is_never_in_clear() {
    // Nobody takes jobs: the rows stay as they came.
    let app = App::start_with("[jobs]\nclaim = 0\n").await;
    let declared = filing(1);
    let body = json!({ "reference": "reference-of-a-customer", "filing": declared }).to_string();
    imported(&app, NDJSON, body.into_bytes()).await;
    let stored: Vec<Vec<u8>> =
        sqlx::query_scalar("select content from import_rows").fetch_all(&app.pool).await.unwrap();
    let tables = "select coalesce(string_agg(t::text, ''), '') from (select imports::text as t from imports \
                  union all select import_rows::text from import_rows union all select jobs::text from jobs \
                  union all select convert_from(payload, 'UTF8') from jobs) as all_rows";
    let text: String = sqlx::query_scalar(tables).fetch_one(&app.pool).await.unwrap();
    let principal = &declared.organiser.principal;
    for secret in ["reference-of-a-customer", &declared.organiser.name, &principal.mobile, &principal.id.number] {
        let bytes = secret.as_bytes();
        assert!(!text.contains(secret), "{secret}");
        assert!(stored.iter().all(|row| !row.windows(bytes.len()).any(|window| window == bytes)), "{secret}");
    }
}

/// A table with these headings and filings.
fn table(headings: impl Iterator<Item = &'static str>, rows: &[(&str, Filing)]) -> String {
    let mut text = sheet::line(headings);
    for (reference, filing) in rows {
        let flat = cells(filing, filing.services.first());
        text.push_str(&sheet::line([(*reference).to_owned()].into_iter().chain(flat)));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_is_read_in_utf_8_and_gb18030_with_headings_of_both_kinds() {
    let app = App::start().await;
    let (content_type, template) = download(&app, "/v1/imports/template.csv").await;
    assert_eq!(content_type, "text/csv; charset=utf-8");
    let (_, template_zh) = download(&app, "/v1/imports/template.csv?headings=zh").await;
    let columns = || std::iter::once(&REFERENCE).chain(&COLUMNS);

    let mut odd = filing(2);
    odd.services[0].contents.clear();
    let with_paths = table(columns().map(|column| column.path), &[("甲", filing(1)), ("", odd)]);
    assert_eq!(with_paths.lines().next().unwrap(), template.trim_start_matches('\u{feff}').trim_end());
    let path = imported(&app, "text/csv", format!("\u{feff}{with_paths}").into_bytes()).await;
    let end = ended(&app, &app.base, &path).await;
    assert_eq!((&end["created"], &end["failed"], &end["format"]), (&json!(1), &json!(1), &json!("csv")));
    let rows = app.get(APPLICANT, &format!("{path}/rows")).await.body;
    assert_eq!((&rows["rows"][0]["row"], &rows["rows"][0]["reference"]), (&json!(2), &json!("甲")));
    assert_eq!(rows["rows"][1]["errors"][0]["field"], "services[0].contents", "{rows}");

    let in_chinese = table(columns().map(|column| column.name_zh), &[("乙", filing(3))]);
    assert_eq!(in_chinese.lines().next().unwrap(), template_zh.trim_start_matches('\u{feff}').trim_end());
    let path = imported(&app, "text/csv; charset=GB18030", GB18030.encode(&in_chinese).0.into_owned()).await;
    ended(&app, &app.base, &path).await;
    let rows = app.get(APPLICANT, &format!("{path}/rows")).await.body;
    let order = app.order(&format!("/v1/orders/{}", rows["rows"][0]["order_id"].as_str().unwrap())).await;
    assert_eq!(order.body["filing"], json!(filing(3)), "{rows}");

    // The same bytes under a false name.
    let path = imported(&app, "text/csv", table(columns().map(|column| column.path), &[("a", filing(4))]).into_bytes());
    ended(&app, &app.base, &path.await).await;
    let false_name: Vec<u8> = [
        table(columns().map(|column| column.path), &[]).into_bytes(),
        GB18030.encode(&table(std::iter::empty(), &[("丙", filing(5))])).0.into_owned(),
    ]
    .concat();
    let path = imported(&app, "text/csv; charset=utf-8", false_name).await;
    ended(&app, &app.base, &path).await;
    let rows = app.get(APPLICANT, &format!("{path}/rows")).await.body;
    assert_eq!(rows["rows"][0]["state"], "failed", "{rows}");
    assert!(rows.to_string().contains("bytes of another charset"), "{rows}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_import_is_refused_as_a_whole() {
    // Nobody takes jobs: an import that was taken runs on.
    let app =
        App::start_with("[jobs]\nclaim = 0\n[intake.imports]\nmax_bytes = 20000\nmax_rows = 3\nmax_running = 2\n");
    let app = app.await;
    let refuse = async |content_type: &str, body: Vec<u8>| import(&app, &app.base, content_type, body).await;
    assert_problem(&refuse("application/json", lines([1])).await, 415, "ICP-INTAKE-0013");
    assert_problem(&refuse("text/csv; charset=big5", lines([1])).await, 415, "ICP-INTAKE-0013");
    assert_problem(&refuse(NDJSON, vec![b' '; 20_001]).await, 413, "ICP-INTAKE-0012");
    assert_eq!(named_field(&refuse(NDJSON, b"\n \n".to_vec()).await), "body");
    assert_eq!(named_field(&refuse(NDJSON, lines(1..=4)).await), "body");
    assert_eq!(named_field(&refuse("text/csv", b"colour\nred\n".to_vec()).await), "colour");
    let other_role = app.send(OPERATOR, Method::POST, "/v1/imports", None, Some((NDJSON, lines([1])))).await;
    assert_problem(&other_role, 403, "ICP-INTAKE-0004");
    assert_eq!(count(&app, "select count(*) from imports").await, 0);

    let attempts = (0..6).map(|n| import(&app, &app.base, NDJSON, lines([n])));
    let mut statuses: Vec<u16> = futures::future::join_all(attempts).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 202, 429, 429, 429, 429], "no more than two run at once");
    let other = app.send(OTHER, Method::POST, "/v1/imports", None, Some((NDJSON, lines([9])))).await;
    assert_eq!(other.status, 202, "another account's imports do not count");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_the_rows_and_old_reports_are_erased() {
    let settings = "[jobs]\nclaim = 2\n[intake.imports]\nbatch_rows = 1\nkeep_days = 0\n";
    let app = App::start_with(settings).await;
    let replica = Replica::start(&app, "").await;
    let path = imported(&app, NDJSON, lines(0..60)).await;
    let end = ended(&app, &replica.base, &path).await;
    assert_eq!((&end["created"], &end["failed"]), (&json!(60), &json!(0)), "{end}");
    assert_eq!(count(&app, "select count(*) from orders").await, 60);
    assert_eq!(count(&app, "select count(distinct order_id) from import_rows").await, 60);
    assert_eq!(count(&app, "select count(*) from import_rows where content is not null").await, 0);

    let later = imported(&app, NDJSON, lines([61])).await;
    ended(&app, &app.base, &later).await;
    assert_problem(&app.get(APPLICANT, &path).await, 404, "ICP-INTAKE-0005");
    assert_eq!(count(&app, "select count(*) from orders").await, 61, "the drafts stay");
}

const IMPATIENT: &str = "[jobs]\nclaim = 1\nlease_ms = 700\n[intake.imports]\nbatch_rows = 2\n";
/// The batch in which the process ends, before its transaction does.
const DEADLY_BATCH: u32 = 3;
static BATCHES: AtomicU32 = AtomicU32::new(0);

fn kill_in_the_middle(place: &'static str) {
    if place == "after a completion" && BATCHES.fetch_add(1, Ordering::SeqCst) + 1 == DEADLY_BATCH {
        std::process::abort();
    }
}

/// The process that is killed; run by the test below.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "is run by the test below, as a process of its own"]
async fn the_intake_that_is_killed() {
    let config = std::env::var("ICP_KILLED_CONFIG").unwrap();
    icp_bus::crash::set_hook(kill_in_the_middle);
    let loaded = icp_kit::config::load::<icp_intake::Config>(
        icp_intake::NAME,
        icp_intake::DEFAULTS,
        Some(std::path::Path::new(&config)),
    );
    let shutdown = CancellationToken::new();
    icp_kit::service::run(icp_intake::NAME, loaded.unwrap(), shutdown, icp_intake::build).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_between_batches_loses_and_repeats_no_row() {
    let app = App::start().await;
    // Only its database and its broker are needed.
    app.shutdown.cancel();
    wait_until("the first intake to stop", BOUND, || async {
        match app.http.get(format!("{}/healthz", app.base)).send().await {
            Ok(_) => Err("it still answers".to_owned()),
            Err(_) => Ok(()),
        }
    })
    .await
    .unwrap();

    let doomed = place(&app, IMPATIENT);
    let mut process = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "imports::the_intake_that_is_killed", "--ignored", "--nocapture"])
        .env("ICP_KILLED_CONFIG", &doomed.config)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    wait_ready(&app, &doomed.base).await;
    let answer = import(&app, &doomed.base, NDJSON, [lines(0..11), b"nonsense\n".to_vec()].concat()).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let path = path_of(&answer);
    let exit = tokio::time::timeout(BOUND, process.wait()).await.expect("the process lives on").unwrap();
    assert!(!exit.success(), "{exit}");
    assert_eq!(count(&app, "select count(*) from orders").await, 4, "two batches were committed, the third was not");
    assert_eq!(count(&app, "select count(*) from import_rows where state = 'waiting'").await, 8);

    let successor = Replica::start(&app, IMPATIENT).await;
    let end = ended(&app, &successor.base, &path).await;
    assert_eq!((&end["created"], &end["failed"]), (&json!(11), &json!(1)), "{end}");
    assert_eq!(count(&app, "select count(*) from orders").await, 11);
    assert_eq!(count(&app, "select count(distinct order_id) from import_rows").await, 11);
    assert_eq!(count(&app, "select count(*) from jobs").await, 0);
}
