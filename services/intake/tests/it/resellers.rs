//! Resellers: they act for the accounts of their customers, as long as they are linked, and for nobody else.

use std::time::Duration;

use icp_domain::{OrderType, Province};
use icp_testkit::filings::{company_filing, filing_of_type};
use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{APPLICANT, AUDITOR, Answer, App, OPERATOR, OTHER, OTHER_RESELLER, RESELLER, REVIEWER};

impl App {
    async fn link(&self, account: &str) {
        let path = format!("/v1/resellers/r/accounts/{account}");
        assert_eq!(self.send(OPERATOR, Method::PUT, &path, None, None).await.status, 200);
    }

    /// A request of the reseller for an account.
    async fn for_account(&self, account: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.send_with(RESELLER, method, path, &[("icp-account", account)], body).await
    }

    async fn count(&self, token: &str, path: &str, list: &str) -> usize {
        self.get(token, path).await.body[list].as_array().unwrap().len()
    }
}

fn filing(n: u32) -> Value {
    serde_json::to_value(company_filing(Province::Guangdong, n)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reseller_works_for_its_customers_until_it_is_unlinked() {
    let app = App::start().await;
    let (theirs, _) = app.draft(1).await;
    assert_eq!(app.get(RESELLER, &theirs).await.status, 404);
    app.link("a").await;
    assert_eq!(app.get(RESELLER, &theirs).await.status, 200);
    assert_eq!(app.get(OTHER_RESELLER, &theirs).await.status, 404);

    // What it creates belongs to the customer that it names, and to itself where it names nobody.
    let created = app.for_account("a", Method::POST, "/v1/orders", Some(&filing(2))).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let path = format!("/v1/orders/{}", created.body["id"].as_str().unwrap());
    assert_eq!(app.get(APPLICANT, &path).await.status, 200);
    let own = app.json(RESELLER, Method::POST, "/v1/orders", None, &filing(3)).await;
    let own = format!("/v1/orders/{}", own.body["id"].as_str().unwrap());
    assert_eq!(app.get(APPLICANT, &own).await.status, 404);
    assert_eq!(app.count(RESELLER, "/v1/orders", "orders").await, 3);
    let narrowed = app.for_account("a", Method::GET, "/v1/orders", None).await;
    assert_eq!(narrowed.body["orders"].as_array().unwrap().len(), 2);
    assert_eq!(app.for_account("a", Method::GET, &own, None).await.status, 404, "for one customer it sees that one");
    let submitted = app.send(RESELLER, Method::POST, &format!("{path}/submit"), Some(&created.etag), None).await;
    assert_eq!(submitted.body["phase"], "checking", "{}", submitted.body);

    // The history says who it was.
    let history = app.get(APPLICANT, &format!("{path}/history")).await;
    assert_eq!(history.body["history"][0]["actor"], "reseller");
    let roles: Vec<String> = sqlx::query_scalar(
        "select distinct role from (select object, role, action from audit_trail union select object, role, action \
         from audit_pending) entries where object = $1 and action = any('{order.created,content.viewed}')",
    )
    .bind(format!("order {}", created.body["id"].as_str().unwrap()))
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(roles, ["reseller"]);

    for account in ["b", "nobody", ""] {
        let refused = app.for_account(account, Method::POST, "/v1/orders", Some(&filing(4))).await;
        assert_eq!((refused.status, refused.body["errors"][0]["field"].as_str()), (422, Some("Icp-Account")));
    }
    let stranger = app.send_with(APPLICANT, Method::GET, "/v1/orders", &[("icp-account", "r")], None).await;
    assert_eq!(stranger.status, 422);
    let reviewer = app.send_with(REVIEWER, Method::GET, "/v1/orders", &[("icp-account", "a")], None).await;
    assert_eq!(reviewer.status, 422);

    let unlinked = app.send(OPERATOR, Method::DELETE, "/v1/resellers/r/accounts/a", None, None).await;
    assert_eq!(unlinked.status, 204);
    for path in [&theirs, &path] {
        assert_eq!(app.get(RESELLER, path).await.status, 404);
    }
    assert_eq!(app.for_account("a", Method::GET, "/v1/orders", None).await.status, 422);
    assert_eq!(app.count(RESELLER, "/v1/orders", "orders").await, 1);
    assert_eq!(app.send(OPERATOR, Method::DELETE, "/v1/resellers/r/accounts/a", None, None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_say_whose_they_are_and_lists_are_narrowed_to_an_account_or_a_type() {
    let app = App::start().await;
    app.link("a").await;
    let customers = app.for_account("a", Method::POST, "/v1/orders", Some(&filing(1))).await;
    let own = app.json(RESELLER, Method::POST, "/v1/orders", None, &filing(2)).await;
    let transfer = filing_of_type(OrderType::Transfer, Province::Guangdong, 3);
    app.json(OTHER, Method::POST, "/v1/orders", None, &json!(transfer)).await;
    assert_eq!((&customers.body["account"], &own.body["account"]), (&json!("a"), &json!("r")));

    let listed = async |token: &str, path: &str| -> Vec<(String, String)> {
        let page = app.get(token, path).await;
        let text = |order: &Value, name: &str| order[name].as_str().unwrap().to_owned();
        let orders = page.body["orders"].as_array().unwrap_or_else(|| panic!("{path}: {}", page.body));
        orders.iter().map(|order| (text(order, "account"), text(order, "order_type"))).collect()
    };
    let line = |account: &str, order_type: &str| (account.to_owned(), order_type.to_owned());
    let first = |account| line(account, "first_filing");
    assert_eq!(listed(RESELLER, "/v1/orders").await, [first("a"), first("r")]);
    assert_eq!(listed(RESELLER, "/v1/orders?account=a").await, [first("a")]);
    assert_eq!(listed(OPERATOR, "/v1/orders?account=a").await, [first("a")], "whose it is is no content");
    assert_eq!(listed(OPERATOR, "/v1/orders?order_type=transfer").await, [line("b", "transfer")]);
    assert_eq!(listed(OPERATOR, "/v1/orders?order_type=transfer&account=a").await, []);
    for path in ["/v1/orders?account=b", "/v1/exports/orders?account=b"] {
        let foreign = app.get(RESELLER, path).await;
        assert_eq!((foreign.status, foreign.body["errors"][0]["field"].as_str()), (422, Some("account")), "{path}");
    }
    let unknown = app.get(OPERATOR, "/v1/orders?order_type=first").await;
    assert_eq!(unknown.body["errors"][0]["field"], "order_type");
}

#[tokio::test(flavor = "multi_thread")]
async fn entitlements_go_between_a_reseller_and_its_customers() {
    let app = App::start().await;
    let wanted = json!({"account": "r", "product": "cloud-server", "resource": "i-1", "count": 2});
    let issued = app.json(OPERATOR, Method::POST, "/v1/entitlements", None, &wanted).await;
    let ids: Vec<&Value> = issued.body["entitlements"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    app.link("a").await;
    let grant = json!({"ids": [ids[0]], "to_account": "a"});
    assert_eq!(app.json(RESELLER, Method::POST, "/v1/entitlements/grant", None, &grant).await.status, 200);
    assert_eq!(app.count(RESELLER, "/v1/entitlements", "entitlements").await, 2);
    assert_eq!(app.count(RESELLER, "/v1/entitlements?account=a", "entitlements").await, 1);
    assert_eq!(app.count(APPLICANT, "/v1/entitlements", "entitlements").await, 1);
    let others = app.get(RESELLER, "/v1/entitlements?account=b").await;
    assert_eq!(others.body["errors"][0]["field"], "account");
    // For one customer it has only what is that customer's.
    let back = json!({"ids": ids, "to_account": "r"});
    let refused = app.for_account("a", Method::POST, "/v1/entitlements/grant", Some(&back)).await;
    assert_eq!(refused.status, 422);
    assert_eq!(app.json(RESELLER, Method::POST, "/v1/entitlements/grant", None, &back).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reseller_makes_accounts_that_can_be_nobody_elses() {
    let app = App::start().await;
    let accounts = "/v1/resellers/r/accounts";
    let create = async |token: &str, path: &str, name: &str| {
        app.json(token, Method::POST, path, None, &json!({ "name": name })).await
    };
    let made = create(RESELLER, accounts, "shop-7").await;
    assert_eq!((made.status, &made.body["account"]), (201, &json!("r:shop-7")), "{}", made.body);
    let order = app.for_account("r:shop-7", Method::POST, "/v1/orders", Some(&filing(1))).await;
    assert_eq!(order.status, 201, "{}", order.body);
    assert_eq!(create(RESELLER, accounts, "shop-7").await.body["errors"][0]["field"], "name");
    for name in ["", "a:b", "a b", "示例", &"x".repeat(127)] {
        assert_eq!(create(RESELLER, accounts, name).await.body["errors"][0]["field"], "name", "{name}");
    }
    assert_eq!(create(RESELLER, "/v1/resellers/s/accounts", "shop-8").await.status, 404);
    assert_eq!(create(OTHER_RESELLER, accounts, "shop-8").await.status, 404);
    // Acting for a customer it does not become that customer's reseller.
    let name = json!({"name": "x"});
    let nested = app.for_account("r:shop-7", Method::POST, "/v1/resellers/r:shop-7/accounts", Some(&name)).await;
    assert_eq!(nested.status, 404);
    let key = app.for_account("r:shop-7", Method::POST, "/v1/keys", Some(&name)).await;
    assert_eq!(key.body["account"], "r");

    // A customer that has left is not taken back by making its account anew.
    let path = format!("{accounts}/r:shop-7");
    assert_eq!(app.send(OPERATOR, Method::DELETE, &path, None, None).await.status, 204);
    assert_eq!(create(RESELLER, accounts, "shop-7").await.status, 422);
    assert_eq!(app.count(RESELLER, accounts, "accounts").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_end_by_themselves_and_are_listed_in_pages() {
    let app = App::start_with("[clock]\nfollow_bus = true\n").await;
    let path = "/v1/resellers/r/accounts";
    let until = (chrono::Utc::now() + chrono::TimeDelta::days(30)).to_rfc3339();
    let link = async |account: &str, body: Value| {
        app.json(OPERATOR, Method::PUT, &format!("{path}/{account}"), None, &body).await
    };
    assert_eq!(link("a", json!({ "until": until })).await.status, 200);
    assert_eq!(link("b", json!({})).await.status, 200);
    assert_eq!(link("r", json!({})).await.body["errors"][0]["field"], "account");
    assert_eq!(link("c", json!({"until": "2020-01-01T00:00:00Z"})).await.body["errors"][0]["field"], "until");
    let first = app.get(RESELLER, &format!("{path}?limit=1")).await;
    assert_eq!((&first.body["accounts"][0]["account"], &first.body["next_after"]), (&json!("a"), &json!("a")));
    let second = app.get(RESELLER, &format!("{path}?limit=1&after=a")).await;
    assert_eq!(second.body["accounts"][0]["account"], "b");
    let (order, _) = app.draft(1).await;
    assert_eq!(app.get(RESELLER, &order).await.status, 200);
    app.move_clock(31).await;
    icp_testkit::wait_until("the link to end", std::time::Duration::from_secs(30), || async {
        let answer = app.get(RESELLER, &order).await;
        if answer.status == 404 { Ok(()) } else { Err(answer.status.to_string()) }
    })
    .await
    .unwrap();
    assert_eq!(app.count(OPERATOR, path, "accounts").await, 1);
    assert_eq!(app.get(AUDITOR, path).await.status, 403);
    assert_eq!(app.get(OTHER, path).await.status, 403);
    // An end is changed by linking again; there is one line then.
    assert_eq!(
        link("b", json!({"until": (chrono::Utc::now() + chrono::TimeDelta::days(60)).to_rfc3339()})).await.status,
        200
    );
    let lines: i64 = sqlx::query_scalar("select count(*) from reseller_accounts where account = 'b'")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(lines, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_for_a_customer_makes_drafts_of_the_customer() {
    let app = App::start().await;
    app.link("a").await;
    let rows = Some(("application/x-ndjson", format!("{}\n", filing(1)).into_bytes()));
    let headers = [("icp-account", "a")];
    let import = app.send_with(RESELLER, Method::POST, "/v1/imports", &headers, rows).await;
    assert_eq!(import.status, 202, "{}", import.body);
    let path = format!("/v1/imports/{}", import.body["id"].as_str().unwrap());
    for token in [RESELLER, APPLICANT] {
        wait_until("the import to end", Duration::from_secs(30), || async {
            let answer = app.get(token, &path).await;
            if answer.body["state"] == "ended" { Ok(()) } else { Err(answer.body.to_string()) }
        })
        .await
        .unwrap();
        assert_eq!(app.count(token, "/v1/imports", "imports").await, 1);
    }
    assert_eq!(app.get(OTHER_RESELLER, &path).await.status, 404);
    let orders = app.get(APPLICANT, "/v1/orders").await.body["orders"].clone();
    let history = app.get(APPLICANT, &format!("/v1/orders/{}/history", orders[0]["id"].as_str().unwrap())).await;
    assert_eq!(history.body["history"][0]["actor"], "reseller", "{}", history.body);
    // The same rows go out again, to who may see them and with what they declare.
    let exported = app.http.get(format!("{}/v1/exports/orders?content=true", app.base)).bearer_auth(RESELLER);
    let exported = exported.send().await.unwrap().text().await.unwrap();
    let line: Value = serde_json::from_str(exported.trim_end()).unwrap();
    assert_eq!(line["filing"], filing(1));
    let other = app.get(OTHER_RESELLER, "/v1/exports/orders").await;
    assert_eq!((other.status, other.body), (200, Value::Null), "nothing");
}
