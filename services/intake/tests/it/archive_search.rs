//! How services and organisers on record are found: by what is searched for, and by numbers and domains however they are
//! written.

use icp_domain::{Filing, OrderType, Province, ServiceKind};
use icp_intake::archive::{self, Filed, record_found};
use icp_testkit::filings::company_filing;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{APPLICANT, Answer, App, OPERATOR, OTHER, REVIEWER};
use crate::archive::{ORGANISER, OTHER_ORGANISER, events, on_android, on_record, outcome, vault};

fn numbers(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["services"].as_array().unwrap().iter().map(|service| service["number"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_found_by_what_is_known_of_them() {
    let app = App::start().await;
    let filings: Vec<Filing> = (0..7).map(|n| company_filing(Province::Guangdong, n)).collect();
    let batch: Vec<Filed> = (0..7)
        .map(|n| {
            let organiser = format!("粤ICP备202600010{n}号");
            let number = format!("{organiser}-1");
            let mut filed = outcome(OrderType::FirstFiling, filings[n].clone(), &organiser, &[&number], 1);
            filed.account = if n == 6 { "b".to_owned() } else { "a".to_owned() };
            filed
        })
        .collect();
    app.enter(&batch).await;
    let find = async |token: &str, query: &str| app.read(token, &format!("/v1/archive/services?{query}")).await;
    let third = "粤ICP备2026000103号-1";
    let domain = &filings[3].services[0].domains[0];
    let certificate = filings[3].organiser.certificate.number.to_lowercase();
    for query in [
        format!("number={third}"),
        "number=粤ICP备2026000103号".to_owned(),
        format!("domain={domain}"),
        format!("domain=deep.www.{domain}"),
        format!("certificate={certificate}"),
        format!("name={}", filings[3].services[0].name),
        format!("province=gd&name={}&certificate={certificate}", filings[3].services[0].name),
    ] {
        assert_eq!(numbers(&find(REVIEWER, &query).await), [third], "{query}");
    }
    assert_eq!(numbers(&find(REVIEWER, &format!("certificate={certificate}&province=zj")).await), [""; 0]);
    assert_eq!(numbers(&find(OTHER, &format!("certificate={certificate}")).await), [""; 0], "another account's record");
    assert_eq!(numbers(&find(OTHER, "").await), ["粤ICP备2026000106号-1"]);

    let mut seen = Vec::new();
    let mut query = "name=示例&limit=3".to_owned();
    loop {
        let page = find(APPLICANT, &query).await;
        seen.extend(numbers(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        query = format!("name=示例&limit=3&cursor={cursor}");
    }
    let mut expected: Vec<String> = (0..6).map(|n| format!("粤ICP备202600010{n}号-1")).collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected, "pages hold every record once");

    for (query, field) in [
        ("colour=red", "colour"),
        ("domain=https://x.cn/", "domain"),
        ("province=xx", "province"),
        ("limit=0", "limit"),
        ("cursor=nonsense", "cursor"),
    ] {
        let answer = find(REVIEWER, query).await;
        assert_eq!((answer.status, answer.body["errors"][0]["field"].as_str()), (422, Some(field)), "{query}");
    }
    let path = format!("/v1/archive/services/{third}");
    let for_operator = app.read(OPERATOR, &path).await;
    assert_eq!((for_operator.status, &for_operator.body["service"]), (200, &Value::Null), "operators see no persons");
    assert!(app.read(APPLICANT, &path).await.body["service"]["principal"]["name"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn organisers_are_found_without_services_too() {
    let app = App::start().await;
    let batch: Vec<Filed> = (0..4)
        .map(|n| {
            let organiser = format!("粤ICP备202600020{n}号");
            let filing = company_filing(Province::Guangdong, n);
            let mut filed = outcome(OrderType::FirstFiling, filing, &organiser, &[&format!("{organiser}-1")], 1);
            filed.account = if n == 3 { "b".to_owned() } else { "a".to_owned() };
            filed
        })
        .collect();
    app.enter(&batch).await;
    let (shell, number) = ("粤ICP备2026000201号", "粤ICP备2026000201号-1");
    app.enter(&[outcome(OrderType::DeregisterService, on_record(1, shell, number), shell, &[number], 2)]).await;
    let find = async |token: &str, query: &str| app.read(token, &format!("/v1/archive/organisers?{query}")).await;
    let listed = |answer: &Answer| {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let organisers = answer.body["organisers"].as_array().unwrap();
        organisers.iter().map(|organiser| organiser["number"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let certificate = company_filing(Province::Guangdong, 1).organiser.certificate.number.to_lowercase();
    for query in [
        format!("number={shell}"),
        format!("certificate={certificate}"),
        format!("certificate={certificate}&province=gd"),
    ] {
        let found = find(REVIEWER, &query).await;
        assert_eq!(listed(&found), [shell], "{query}");
        assert_eq!(found.body["organisers"][0]["services"], 0);
        assert_eq!(listed(&find(OTHER, &query).await), [""; 0], "another account's record");
    }
    assert_eq!(listed(&find(REVIEWER, &format!("number={shell}&province=zj")).await), [""; 0]);
    assert_eq!(listed(&find(OTHER, "").await), ["粤ICP备2026000203号"]);
    let first = find(APPLICANT, "limit=2").await;
    assert_eq!(listed(&first), ["粤ICP备2026000200号", shell]);
    assert_eq!(first.body["organisers"][0]["services"], 1);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = find(APPLICANT, &format!("limit=2&cursor={cursor}")).await;
    assert_eq!((listed(&second), &second.body["next_cursor"]), (vec!["粤ICP备2026000202号".to_owned()], &Value::Null));
    for (query, field) in
        [("names=x", "names"), ("province=xx", "province"), ("limit=0", "limit"), ("cursor=x", "cursor")]
    {
        let answer = find(REVIEWER, query).await;
        assert_eq!((answer.status, answer.body["errors"][0]["field"].as_str()), (422, Some(field)), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_found_by_the_beginning_of_their_name_and_persons_are_not() {
    let app = App::start().await;
    let named = |n: u32, name: &str| {
        let organiser = format!("粤ICP备202600030{n}号");
        let mut filing = company_filing(Province::Guangdong, n);
        filing.organiser.name = name.to_owned();
        outcome(OrderType::FirstFiling, filing, &organiser, &[&format!("{organiser}-1")], 1)
    };
    let mut person = named(4, "示例云某");
    person.filing.organiser.nature = icp_domain::NATURE_PERSON;
    let batch = [named(1, "示例云科技有限公司"), named(2, "示例云（北京）有限公司"), named(3, "别家有限公司"), person];
    app.enter(&batch).await;
    let find = async |token: &str, query: &str| app.read(token, &format!("/v1/archive/organisers?{query}")).await;
    let names = |answer: &Answer| {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let organisers = answer.body["organisers"].as_array().unwrap();
        organisers.iter().map(|organiser| organiser["name"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>()
    };
    let all = ["示例云科技有限公司", "示例云（北京）有限公司", "别家有限公司", "-"];
    assert_eq!(names(&find(REVIEWER, "").await), all, "by number");
    let both = ["示例云（北京）有限公司", "示例云科技有限公司"];
    let found = names(&find(REVIEWER, "name=示例云").await);
    assert_eq!(found, both, "by name");
    assert_eq!(names(&find(REVIEWER, "name=示例云(北").await), both[..1], "in whatever width it is typed");
    assert_eq!(names(&find(REVIEWER, "name=示例云&province=zj").await), [""; 0]);
    assert_eq!(names(&find(OTHER, "name=示例云").await), [""; 0], "another account's records");
    let first = find(REVIEWER, "name=示例云&limit=1").await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = find(REVIEWER, &format!("name=示例云&limit=1&cursor={cursor}")).await;
    assert_eq!([names(&first), names(&second)].concat(), both);

    // A record from before the names were entered, then one whose unit has another name.
    sqlx::query("update archive_organisers set name = null, name_key = null").execute(&app.pool).await.unwrap();
    assert_eq!(names(&find(REVIEWER, "name=示例云").await), [""; 0]);
    assert_eq!(archive::completion::enter_names_of_units(&app.pool, &vault()).await.unwrap(), 3);
    assert_eq!(archive::completion::enter_names_of_units(&app.pool, &vault()).await.unwrap(), 0);
    assert_eq!(names(&find(REVIEWER, "name=示例云").await), both);
    let mut renamed = on_record(3, "粤ICP备2026000303号", "粤ICP备2026000303号-1");
    renamed.organiser.name = "示例云改名有限公司".to_owned();
    app.enter(&[outcome(OrderType::ChangeOrganiser, renamed, "粤ICP备2026000303号", &[], 2)]).await;
    assert_eq!(names(&find(REVIEWER, "name=示例云改").await), ["示例云改名有限公司"]);
    assert_eq!(names(&find(REVIEWER, "name=别家").await), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_found_by_either_abbreviation_of_its_province() {
    let app = App::start().await;
    let (given, typed) = ("蜀ICP备2026000001号", "川ICP备2026000001号");
    let number = app.filed(1, given).await;
    let typed_number = format!("{typed}-1");
    assert_eq!(app.organiser(typed).await["number"], given, "shown as the bureau gave it");
    assert_eq!(app.service(&typed_number).await["number"], number.as_str());
    for query in [typed, typed_number.as_str()] {
        let found = app.read(REVIEWER, &format!("/v1/archive/services?number={query}")).await;
        assert_eq!(numbers(&found), [number.as_str()]);
    }
    let by_number = record_found::by_number(&app.pool, &[typed.to_owned()]).await.unwrap();
    assert_eq!(by_number[0][0].organiser.number, given);
    let body = json!({"order_type": "change_service", "organiser_number": typed, "service_numbers": [typed_number]});
    let prefilled = app.json(APPLICANT, Method::POST, "/v1/filings/prefill", None, &body).await;
    assert_eq!(prefilled.body["services"][0]["number"], number.as_str(), "{}", prefilled.body);

    let mut changed = on_record(1, typed, &typed_number);
    changed.services[0].name = "示例新名".to_owned();
    app.enter(&[outcome(OrderType::ChangeService, changed, typed, &[&typed_number], 2)]).await;
    let service = app.service(&number).await;
    assert_eq!((&service["number"], &service["name"]), (&json!(number), &json!("示例新名")));
    assert_eq!(events(&service), ["filed", "connected", "changed"], "it has its number still");
    let records: i64 =
        sqlx::query_scalar("select count(*) from archive_organisers").fetch_one(&app.pool).await.unwrap();
    assert_eq!(records, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_from_before_they_had_a_key_are_found_by_it() {
    let database = icp_testkit::shared().await.unwrap().fresh_database("intake").await.unwrap();
    let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
    let now = sqlx::migrate!();
    let before: Vec<_> = now.iter().filter(|migration| migration.version < 171).cloned().collect();
    icp_bus::migrate(&pool, &sqlx::migrate::Migrator::with_migrations(before)).await.unwrap();
    let id = Uuid::now_v7();
    for statement in [
        "insert into archive_organisers (id, number, province, nature, certificate_index, status, order_id, filed_at, \
         updated_at) values ($1, '川ICP备2026000001号', 'sc', 4, '', 'filed', $1, now(), now())",
        "insert into archive_numbers (number, record_id, is_service, since, until) values \
         ('蜀ICP备2026000001号', $1, false, now() - interval '1 day', now()), \
         ('川ICP备2026000001号', $1, false, now(), null)",
        "insert into archive_differences (organiser_number, service_number, field, archived, at_bureau, found_at) \
         select '川ICP备2026000001号', '川ICP备2026000001号-1', 'name', 'a', 'b', now() where $1::uuid is not null",
    ] {
        sqlx::query(statement).bind(id).execute(&pool).await.unwrap();
    }
    icp_bus::migrate(&pool, &now).await.unwrap();
    let found = archive::lookup::organiser(&pool, "蜀ICP备2026000001号").await.unwrap().unwrap();
    assert_eq!((found.id, found.number.as_str()), (id, "川ICP备2026000001号"));
    let known = archive::lookup::numbers(&pool, id).await.unwrap();
    assert_eq!((known.len(), known[0].until), (1, None));
    let differences: Vec<(String, String)> =
        sqlx::query_as("select organiser_number, service_number from archive_differences")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(differences, [("蜀ICP备2026000001号".to_owned(), "蜀ICP备2026000001号-1".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn domains_of_an_app_are_found_served_and_shared_with_its_organisers_website() {
    let app = App::start().await;
    app.filed(1, ORGANISER).await;
    let shared = company_filing(Province::Guangdong, 1).services[0].domains[0].clone();
    let about_app = |n: u32, organiser: Option<&str>| {
        let mut filing = company_filing(Province::Guangdong, n);
        filing.organiser.number = organiser.map(str::to_owned);
        let service = &mut filing.services[0];
        service.kind = ServiceKind::App;
        service.name = format!("示例应用{n}");
        service.domains.clear();
        service.home_url = None;
        service.app_platforms = vec![on_android(&[&shared, "api.specimen-app.cn"])];
        filing
    };
    let number = format!("{ORGANISER}-2A");
    app.enter(&[outcome(OrderType::AddService, about_app(1, Some(ORGANISER)), ORGANISER, &[&number], 2)]).await;
    let found = app.read(APPLICANT, "/v1/archive/services?domain=api.specimen-app.cn").await;
    assert_eq!(numbers(&found), [number.as_str()]);
    assert!(app.may_be_served("api.specimen-app.cn").await);
    let duplicates = async || app.read(REVIEWER, "/v1/archive/mismatches?kind=domain").await.body["mismatches"].clone();
    assert_eq!(duplicates().await, json!([]), "the organiser's own");

    let conflicts = async |filing: Filing| {
        let body = serde_json::to_value(filing).unwrap();
        let checked = app.json(APPLICANT, Method::POST, "/v1/orders/check", None, &body).await;
        assert_eq!(checked.status, 200, "{}", checked.body);
        let findings = checked.body["findings"].as_array().unwrap().clone();
        let of_domains = findings.into_iter().filter(|finding| finding["code"] == "D06");
        of_domains.map(|finding| finding["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let of_order = |order_type, filing| Filing { order_type, ..filing };
    let mut again = of_order(OrderType::AddService, about_app(1, Some(ORGANISER)));
    again.services[0].app_platforms = vec![on_android(&[&shared])];
    assert_eq!(conflicts(again).await, [""; 0], "an app may use the domain of its organiser's website");
    let theirs = of_order(OrderType::FirstFiling, about_app(2, None));
    let fields = ["services[0].app_platforms[0].domains[0]", "services[0].app_platforms[0].domains[1]"];
    assert_eq!(conflicts(theirs.clone()).await, fields);
    let other = format!("{OTHER_ORGANISER}-1A");
    app.enter(&[outcome(OrderType::FirstFiling, theirs, OTHER_ORGANISER, &[&other], 3)]).await;
    let listed = duplicates().await;
    let domains: Vec<&Value> = listed.as_array().unwrap().iter().map(|duplicate| &duplicate["archived"]).collect();
    assert_eq!(domains, [&json!("api.specimen-app.cn"), &json!(shared)], "{listed}");

    // APPs from before their domains were kept.
    sqlx::query("delete from archive_domains where service_id in (select id from archive_services where kind = 'app')")
        .execute(&app.pool)
        .await
        .unwrap();
    assert!(!app.may_be_served("api.specimen-app.cn").await);
    assert_eq!(archive::completion::enter_domains_of_apps(&app.pool, &vault()).await.unwrap(), 2);
    assert_eq!(archive::completion::enter_domains_of_apps(&app.pool, &vault()).await.unwrap(), 0);
    assert!(app.may_be_served("api.specimen-app.cn").await);
}
