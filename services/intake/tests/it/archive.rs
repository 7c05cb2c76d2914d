//! The archive: what outcomes of every order type do to it, and how it is read.

use chrono::{DateTime, Utc};
use icp_domain::{AppPlatform, Cancellation, Filing, OrderType, Platform, Province, ServiceKind};
use icp_intake::archive::{self, Filed, record_found};
use icp_kit::Vault;
use icp_testkit::filings::company_filing;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{APPLICANT, Answer, App, OPERATOR, OTHER, RESELLER, REVIEWER, id_of};

pub(crate) const ORGANISER: &str = "粤ICP备2026000001号";
pub(crate) const OTHER_ORGANISER: &str = "粤ICP备2026000002号";

/// The vault of the running intake.
pub(crate) fn vault() -> Vault {
    Vault::new(&[7; 32]).unwrap()
}

pub(crate) fn day(day: u32) -> DateTime<Utc> {
    format!("2026-03-{day:02}T02:00:00Z").parse().unwrap()
}

pub(crate) fn outcome(order_type: OrderType, filing: Filing, organiser: &str, services: &[&str], on: u32) -> Filed {
    Filed {
        order_id: Uuid::now_v7(),
        account: "a".to_owned(),
        order_type,
        province: filing.province,
        filing: Filing { order_type, ..filing },
        organiser_number: organiser.to_owned(),
        service_numbers: services.iter().map(|number| (*number).to_owned()).collect(),
        organiser_id: 0,
        service_ids: Vec::new(),
        access_ids: Vec::new(),
        at: day(on),
    }
}

/// The filing as an order about the record has it: with its numbers.
pub(crate) fn on_record(n: u32, organiser: &str, service: &str) -> Filing {
    let mut filing = company_filing(Province::Guangdong, n);
    filing.organiser.number = Some(organiser.to_owned());
    filing.services[0].number = Some(service.to_owned());
    filing
}

/// An APP on its platform.
pub(crate) fn on_android(domains: &[&str]) -> AppPlatform {
    AppPlatform {
        platform: Platform::Android,
        package: "cn.specimen.app".to_owned(),
        public_key: "9f".repeat(128),
        certificate_fingerprint: "0a".repeat(16),
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
        sdk_providers: Vec::new(),
    }
}

impl App {
    pub(crate) async fn enter(&self, outcomes: &[Filed]) {
        let mut tx = self.pool.begin().await.unwrap();
        archive::apply(&mut tx, &vault(), outcomes).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A first filing of company `n`; its numbers are the organiser's and its `-1`.
    pub(crate) async fn filed(&self, n: u32, organiser: &str) -> String {
        self.filed_by("a", n, organiser).await
    }

    /// The same for this account.
    pub(crate) async fn filed_by(&self, account: &str, n: u32, organiser: &str) -> String {
        let number = format!("{organiser}-1");
        let filing = company_filing(Province::Guangdong, n);
        let filed = outcome(OrderType::FirstFiling, filing, organiser, &[&number], 1);
        self.enter(&[Filed { account: account.to_owned(), ..filed }]).await;
        number
    }

    pub(crate) async fn read(&self, token: &str, path: &str) -> Answer {
        self.send(token, Method::GET, path, None, None).await
    }

    pub(crate) async fn service(&self, number: &str) -> Value {
        let answer = self.read(REVIEWER, &format!("/v1/archive/services/{number}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    pub(crate) async fn organiser(&self, number: &str) -> Value {
        let answer = self.read(REVIEWER, &format!("/v1/archive/organisers/{number}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    pub(crate) async fn may_be_served(&self, domain: &str) -> bool {
        self.read(APPLICANT, &format!("/v1/whitelist/{domain}")).await.status == 200
    }

    /// Everything that is clear in the archive.
    async fn picture(&self) -> Vec<String> {
        let mut picture = Vec::new();
        for query in [
            "select row_to_json(t)::text from (select id, number, bureau_id, province, nature, certificate_index, \
             shares_certificate, account, status, order_id, updated_at from archive_organisers) t",
            "select row_to_json(t)::text from (select id, organiser_id, number, bureau_id, kind, name, account, status, \
             is_connected, order_id, updated_at from archive_services) t",
            "select row_to_json(t)::text from archive_domains t",
            "select row_to_json(t)::text from archive_apps t",
            "select row_to_json(t)::text from archive_accesses t",
            "select row_to_json(t)::text from archive_numbers t",
            "select row_to_json(t)::text from archive_history t",
        ] {
            let mut rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&self.pool).await.unwrap();
            rows.sort();
            picture.extend(rows);
        }
        picture
    }
}

pub(crate) fn events(record: &Value) -> Vec<&str> {
    record["history"].as_array().unwrap().iter().map(|line| line["event"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_type_leaves_its_mark_and_twice_is_once() {
    let app = App::start().await;
    let number = format!("{ORGANISER}-1");
    let first = company_filing(Province::Guangdong, 1);
    let domain = first.services[0].domains[0].clone();
    let mut filed = outcome(OrderType::FirstFiling, first, ORGANISER, &[&number], 1);
    (filed.organiser_id, filed.service_ids, filed.access_ids) = (11, vec![21], vec![31]);
    let mut all = vec![filed];

    // Added services: an app beside the website, with domain and package of its own.
    let app_number = format!("{ORGANISER}-2A");
    let mut added = company_filing(Province::Guangdong, 1);
    added.organiser.number = Some(ORGANISER.to_owned());
    let service = &mut added.services[0];
    service.kind = ServiceKind::App;
    service.name = "示例应用".to_owned();
    service.domains = vec!["specimen-app.cn".to_owned()];
    service.app_platforms = vec![on_android(&[])];
    all.push(outcome(OrderType::AddService, added, ORGANISER, &[&app_number], 2));

    let mut changed = on_record(1, ORGANISER, &number);
    changed.services[0].name = "示例新名".to_owned();
    changed.services[0].domains = vec!["specimen-changed.cn".to_owned()];
    all.push(outcome(OrderType::ChangeService, changed, ORGANISER, &[&number], 3));

    let mut moved = on_record(1, ORGANISER, &number);
    moved.services[0].access.addresses = vec!["203.0.113.9".to_owned()];
    let mut access = outcome(OrderType::ChangeAccess, moved, ORGANISER, &[&number], 4);
    access.access_ids = vec![32];
    all.push(access);

    let mut renamed = on_record(1, ORGANISER, &number);
    renamed.organiser.name = "示例改名有限公司".to_owned();
    renamed.services.clear();
    all.push(outcome(OrderType::ChangeOrganiser, renamed, ORGANISER, &[], 5));

    for outcome in &all {
        app.enter(std::slice::from_ref(outcome)).await;
    }
    let picture = app.picture().await;
    app.enter(&all).await;
    assert_eq!(app.picture().await, picture, "told twice, the outcomes changed something");

    let website = app.service(&number).await;
    assert_eq!(events(&website), ["filed", "connected", "changed", "access_changed"]);
    assert_eq!(website["service"]["name"], "示例新名");
    assert_eq!(website["service"]["access"]["addresses"], json!(["203.0.113.9"]), "the access of today");
    assert_eq!(website["service"]["number"], number.as_str());
    assert_eq!((&website["bureau_id"], &website["is_connected"]), (&json!(21), &json!(true)));
    let accesses = website["accesses"].as_array().unwrap();
    assert_eq!((&accesses[0]["bureau_id"], &accesses[1]["bureau_id"]), (&json!(31), &json!(32)));
    assert_eq!(accesses[0]["until"], accesses[1]["since"]);
    assert!(!app.may_be_served(&domain).await, "the domain was changed away");
    assert!(app.may_be_served("www.specimen-changed.cn").await);
    let organiser = app.organiser(ORGANISER).await;
    assert_eq!(organiser["organiser"]["name"], "示例改名有限公司");
    assert_eq!(organiser["services"].as_array().unwrap().len(), 2);
    assert_eq!(organiser["account"], "a");

    // What goes: access of the app, then the app, then everything.
    let about_app = || {
        let mut filing = on_record(1, ORGANISER, &app_number);
        filing.services[0].kind = ServiceKind::App;
        filing.services[0].domains = vec!["specimen-app.cn".to_owned()];
        filing.cancellation = Some(Cancellation { reason: 1, note: None });
        filing
    };
    assert!(app.may_be_served("specimen-app.cn").await);
    app.enter(&[outcome(OrderType::CancelAccess, about_app(), ORGANISER, &[&app_number], 6)]).await;
    assert!(!app.may_be_served("specimen-app.cn").await, "its access was cancelled");
    let disconnected = app.service(&app_number).await;
    assert_eq!((&disconnected["status"], &disconnected["is_connected"]), (&json!("filed"), &json!(false)));
    app.enter(&[outcome(OrderType::ContinueAccess, about_app(), ORGANISER, &[&app_number], 7)]).await;
    assert!(app.may_be_served("specimen-app.cn").await, "it is connected again");
    app.enter(&[outcome(OrderType::DeregisterService, about_app(), ORGANISER, &[&app_number], 8)]).await;
    let gone = app.service(&app_number).await;
    assert_eq!(events(&gone)[events(&gone).len() - 2..], ["disconnected", "deregistered"]);
    assert!(!app.may_be_served("specimen-app.cn").await);
    let mut whole = on_record(1, ORGANISER, &number);
    whole.services.clear();
    app.enter(&[outcome(OrderType::DeregisterOrganiser, whole, ORGANISER, &[], 9)]).await;
    assert!(!app.may_be_served("specimen-changed.cn").await);
    assert_eq!(app.organiser(ORGANISER).await["status"], "deregistered");
    assert_eq!(app.service(&number).await["status"], "deregistered");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_change_hands_numbers_and_organisers() {
    let app = App::start().await;
    let number = app.filed(1, ORGANISER).await;
    let about = |n: u32, organiser: &str| {
        let mut filing = on_record(n, organiser, &number);
        filing.services.clear();
        filing
    };

    // A place change gives the organiser a new number; its services keep their ordinals.
    let moved = about(1, ORGANISER);
    let new_organiser = "浙ICP备2026000009号";
    app.enter(&[outcome(OrderType::ChangeOrganiser, moved, new_organiser, &[], 2)]).await;
    let new_number = format!("{new_organiser}-1");
    let service = app.service(&number).await;
    assert_eq!(service["number"], new_number.as_str(), "found by its former number");
    let known: Vec<&str> =
        service["numbers"].as_array().unwrap().iter().map(|known| known["number"].as_str().unwrap()).collect();
    assert_eq!(known, [number.as_str(), new_number.as_str()]);
    assert_eq!(service["numbers"][0]["until"], service["numbers"][1]["since"]);
    assert_eq!(app.organiser(ORGANISER).await["number"], new_organiser);

    // Transfer to another account, which names the former number: the first one sees it no more.
    let mut transfer = outcome(OrderType::Transfer, about(1, ORGANISER), ORGANISER, &[], 3);
    transfer.account = "b".to_owned();
    app.enter(&[transfer]).await;
    let organisers: Vec<String> =
        sqlx::query_scalar("select number from archive_organisers").fetch_all(&app.pool).await.unwrap();
    assert_eq!(organisers, [new_organiser], "the record is the same, and keeps its number of today");
    let path = format!("/v1/archive/services/{new_number}");
    assert_eq!(app.read(APPLICANT, &path).await.status, 404);
    assert_eq!(app.read(OTHER, &path).await.status, 200);

    // A record that is held cannot be claimed; one that nobody holds can.
    app.enter(&[outcome(OrderType::Claim, about(1, new_organiser), new_organiser, &[], 4)]).await;
    assert_eq!(app.organiser(new_organiser).await["account"], "b");
    sqlx::query("update archive_organisers set account = null").execute(&app.pool).await.unwrap();
    app.enter(&[outcome(OrderType::Claim, about(1, new_organiser), new_organiser, &[], 5)]).await;
    assert_eq!(app.organiser(new_organiser).await["account"], "a");
    assert_eq!(app.read(APPLICANT, &path).await.status, 200);

    // Migration: the service moves to another organiser under a new number, and stays connected.
    app.filed(2, OTHER_ORGANISER).await;
    let mut migration = on_record(2, OTHER_ORGANISER, &new_number);
    migration.services[0].domains = vec!["specimen-moved.cn".to_owned()];
    let taken = format!("{OTHER_ORGANISER}-2");
    app.enter(&[outcome(OrderType::Migrate, migration, OTHER_ORGANISER, &[&taken], 6)]).await;
    let service = app.service(&taken).await;
    assert_eq!(service["organiser_number"], OTHER_ORGANISER);
    assert_eq!(
        service["service"]["domains"],
        json!(["specimen-moved.cn"]),
        "its content is readable under the new key"
    );
    assert_eq!(service["is_connected"], true);
    assert_eq!(events(&service), ["filed", "connected", "renumbered", "moved", "renumbered", "changed"]);
    assert_eq!(app.organiser(new_organiser).await["services"], json!([]), "the former organiser is a shell");

    // Accesses and additions of organisers that were filed elsewhere.
    let elsewhere = "粤ICP备2026000003号";
    let from_elsewhere = format!("{elsewhere}-4");
    app.enter(&[outcome(OrderType::AddAccess, on_record(3, elsewhere, &from_elsewhere), elsewhere, &[], 7)]).await;
    assert_eq!(events(&app.service(&from_elsewhere).await), ["filed", "connected"]);
    let fourth = "粤ICP备2026000004号";
    let mut added = company_filing(Province::Guangdong, 4);
    added.organiser.number = Some(fourth.to_owned());
    app.enter(&[outcome(OrderType::AddServiceElsewhere, added, fourth, &["粤ICP备2026000004号-7"], 7)]).await;
    assert_eq!(app.service("粤ICP备2026000004号-7").await["account"], "a");
    let mut both = on_record(4, fourth, "粤ICP备2026000004号-7");
    both.organiser.name = "示例两改有限公司".to_owned();
    both.services[0].name = "示例两改".to_owned();
    app.enter(&[outcome(OrderType::ChangeBoth, both, fourth, &["粤ICP备2026000004号-7"], 8)]).await;
    assert_eq!(app.organiser(fourth).await["organiser"]["name"], "示例两改有限公司");
    assert_eq!(app.service("粤ICP备2026000004号-7").await["name"], "示例两改");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_begin_with_what_is_on_record() {
    let app = App::start().await;
    let number = app.filed(1, ORGANISER).await;
    let ask = async |token: &str, order_type: &str, services: &[&str]| {
        let body = json!({"order_type": order_type, "organiser_number": ORGANISER, "service_numbers": services});
        app.json(token, Method::POST, "/v1/filings/prefill", None, &body).await
    };
    for order_type in ["change_service", "change_both", "change_access", "deregister_service", "cancel_access"] {
        let answer = ask(APPLICANT, order_type, &[&number]).await;
        assert_eq!(answer.status, 200, "{order_type}: {}", answer.body);
        let filing: Filing = serde_json::from_value(answer.body).unwrap();
        let mut expected = on_record(1, ORGANISER, &number);
        expected.order_type = OrderType::parse(order_type).unwrap();
        assert_eq!(filing, expected);
    }
    for order_type in ["add_service", "continue_access", "change_organiser", "deregister_organiser", "transfer"] {
        let answer = ask(APPLICANT, order_type, &[]).await;
        assert_eq!(answer.status, 200, "{order_type}: {}", answer.body);
        assert_eq!(answer.body["organiser"]["number"], ORGANISER);
        assert_eq!(answer.body.get("services"), None);
    }
    let unknown = format!("{ORGANISER}-9");
    for (token, order_type, services, field) in [
        (APPLICANT, "first_filing", vec![], "order_type"),
        (APPLICANT, "add_access", vec![], "order_type"),
        (APPLICANT, "change_service", vec![], "service_numbers"),
        (APPLICANT, "change_organiser", vec![number.as_str()], "service_numbers"),
        (APPLICANT, "change_service", vec![number.as_str(), unknown.as_str()], "service_numbers[1]"),
        (APPLICANT, "cancel_access", vec![number.as_str(), unknown.as_str()], "service_numbers"),
        (OTHER, "change_service", vec![number.as_str()], "organiser_number"),
    ] {
        let answer = ask(token, order_type, &services).await;
        assert_eq!((answer.status, answer.body["errors"][0]["field"].as_str()), (422, Some(field)), "{}", answer.body);
    }
    // A reseller, for the accounts that it acts for, whether it names one or not.
    assert_eq!(ask(RESELLER, "change_service", &[&number]).await.status, 422);
    assert_eq!(app.send(OPERATOR, Method::PUT, "/v1/resellers/r/accounts/a", None, None).await.status, 200);
    let for_reseller = ask(RESELLER, "change_service", &[&number]).await;
    assert_eq!(for_reseller.status, 200, "{}", for_reseller.body);
    assert_eq!(for_reseller.headers["icp-prefilled"], "organiser=record, services=record");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_begin_with_what_an_earlier_one_declares() {
    let app = App::start().await;
    let (path, etag) = app.draft(7).await;
    let ask = async |token: &str, more: Value| {
        let mut body = json!({"order_type": "first_filing", "order_id": id_of(&path)});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.json(token, Method::POST, "/v1/filings/prefill", None, &body).await
    };
    assert_eq!(app.send(APPLICANT, Method::POST, &format!("{path}/withdraw"), Some(&etag), None).await.status, 200);
    let answer = ask(APPLICANT, json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["icp-prefilled"], "organiser=order, services=order");
    let filing: Filing = serde_json::from_value(answer.body.clone()).unwrap();
    assert_eq!(filing, company_filing(Province::Guangdong, 7));
    assert_eq!(app.json(APPLICANT, Method::POST, "/v1/orders", None, &answer.body).await.status, 201);
    assert_eq!(ask(OTHER, json!({})).await.status, 404, "another account's");
    for (more, field) in [
        (json!({"organiser_number": ORGANISER}), "organiser_number"),
        (json!({"order_id": null}), "organiser_number"),
        (json!({"service_numbers": ["粤ICP备2026000001号-1"]}), "service_numbers"),
    ] {
        let answer = ask(APPLICANT, more).await;
        assert_eq!((answer.status, answer.body["errors"][0]["field"].as_str()), (422, Some(field)), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_record_reaches_the_rules_that_judge_by_it() {
    let app = App::start().await;
    let number = app.filed(1, ORGANISER).await;
    let found = record_found::by_number(&app.pool, &["粤ICP备9号".to_owned(), ORGANISER.to_owned()]).await.unwrap();
    assert!(found[0].is_empty() && found[1].len() == 1, "each question has its answer");
    let index = vault()
        .blind_index("organiser-certificate", &company_filing(Province::Guangdong, 1).organiser.certificate.number);
    let by_certificate = record_found::by_certificate(&app.pool, &[index]).await.unwrap();
    assert_eq!(by_certificate[0][0].organiser.number, ORGANISER);
    let record = found[1][0].open(&vault()).unwrap().unwrap();
    assert_eq!((record.services[0].0.number.as_deref(), record.services[0].1), (Some(number.as_str()), day(1)));

    let mut filing = on_record(1, ORGANISER, &number);
    filing.order_type = OrderType::AddService;
    filing.services[0].domains = vec!["specimen-second.cn".to_owned()];
    let context = |filing: &Filing, record| {
        let facts = icp_intake::rules::Facts {
            order_id: Uuid::nil(),
            materials: None,
            filed: None,
            record,
            other_orders_in_flight: 0,
            registers: None,
            now: day(2),
        };
        icp_intake::rules::context(filing, &facts)
    };
    let judged = |filing: &Filing, record| {
        let order = icp_rules_sdk::Order::from(filing);
        let findings =
            icp_rules_sdk::judge::judge(&icp_rules_sdk::national::NATIONAL, &order, &context(filing, record));
        findings.into_iter().map(|finding| (finding.rule, finding.field)).collect::<Vec<_>>()
    };
    let by_record = ("add_match".to_owned(), "organiser.principal.name".to_owned());
    assert!(!judged(&filing, Some(&record)).contains(&by_record), "it is as on record");
    filing.organiser.principal.name = "示例某".to_owned();
    assert!(judged(&filing, Some(&record)).contains(&by_record), "{:?}", judged(&filing, Some(&record)));
    assert!(!judged(&filing, None).contains(&by_record), "without the record nobody notices");
    filing.order_type = OrderType::FirstFiling;
    assert!(judged(&filing, Some(&record)).iter().any(|(rule, _)| rule == "already_on_record"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_footer_is_not_guessed_without_the_provinces_rules() {
    let app = App::start().await;
    let number = app.filed(1, ORGANISER).await;
    let path = format!("/v1/archive/services/{number}/footer");
    let footer = app.read(APPLICANT, &path).await;
    assert_eq!((footer.status, footer.body["code"].as_str()), (503, Some("ICP-INTAKE-0014")), "{}", footer.body);
    assert!(!footer.body.to_string().contains(&number), "Guangdong shows the organiser's number: {}", footer.body);
    assert_eq!(app.read(OTHER, &path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_filed_before_there_was_an_archive_is_in_it() {
    let database = icp_testkit::shared().await.unwrap().fresh_database("intake").await.unwrap();
    let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
    let now = sqlx::migrate!();
    let before: Vec<_> = now.iter().filter(|migration| migration.version < 120).cloned().collect();
    icp_bus::migrate(&pool, &sqlx::migrate::Migrator::with_migrations(before)).await.unwrap();

    let (id, filing) = (Uuid::now_v7(), company_filing(Province::Guangdong, 1));
    let key = icp_kit::DataKey::generate();
    let content = key.encrypt(id.as_bytes(), &serde_json::to_vec(&filing).unwrap()).unwrap();
    let number = format!("{ORGANISER}-1");
    let mut order = icp_intake::order::Order { phase: icp_intake::order::Phase::Approved, ..Default::default() };
    order.organiser_number = Some(ORGANISER.to_owned());
    order.service_numbers = vec![number.clone()];
    sqlx::query(
        "insert into orders (id, account, province, order_type, version, phase, attempt, state, domains, \
         organiser_index, content, data_key, created_at, updated_at) \
         values ($1, 'a', 'gd', 'first_filing', 1, 'approved', 1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(id)
    .bind(sqlx::types::Json(&order))
    .bind(&filing.services[0].domains)
    .bind(vec![1_u8])
    .bind(content)
    .bind(vault().wrap(&key, id.as_bytes()).unwrap())
    .bind(day(1))
    .execute(&pool)
    .await
    .unwrap();
    sqlx::query("insert into filed_services values ($1, $2, $3, 0, 'gd', $4, $5)")
        .bind(&number)
        .bind(ORGANISER)
        .bind(id)
        .bind(&filing.services[0].domains)
        .bind(day(1))
        .execute(&pool)
        .await
        .unwrap();
    icp_bus::migrate(&pool, &now).await.unwrap();

    let domain = filing.services[0].domains[0].as_str();
    let served = archive::lookup::served(&pool, &[domain]).await.unwrap();
    assert_eq!(served.unwrap().service_number, number, "the whitelist has no gap");
    assert_eq!(archive::completion::run(&pool, &vault()).await.unwrap(), 1);
    assert_eq!(archive::completion::run(&pool, &vault()).await.unwrap(), 0, "nothing is left to do");
    let found = archive::lookup::services(&pool, std::slice::from_ref(&number)).await.unwrap();
    let accesses = archive::lookup::accesses(&pool, &[found[0].id]).await.unwrap();
    let service = found[0].open(&vault(), &accesses).unwrap().unwrap();
    let mut expected = filing.services[0].clone();
    expected.number = Some(number);
    assert_eq!(service, expected);
    let organiser = archive::lookup::organiser(&pool, ORGANISER).await.unwrap().unwrap();
    assert_eq!(organiser.open(&vault()).unwrap().unwrap().name, filing.organiser.name);
    assert!(archive::lookup::served(&pool, &[domain]).await.unwrap().is_some());
}
