//! Every line of the table of routes, for every role and for another tenant's data.

use std::collections::BTreeSet;

use icp_domain::{OrderType, Province};
use icp_intake::api::access::{LINES, Line};
use icp_intake::api::auth::Role;
use icp_testkit::filings::{company_filing, filing_of_type};
use reqwest::Method;
use serde_json::json;

use crate::app::{APPLICANT, AUDITOR, Answer, App, OPERATOR, OTHER, OTHER_RESELLER, RESELLER, REVIEWER, SUPERVISOR};
use crate::types::approved_filing;

fn token(role: Role) -> &'static str {
    match role {
        Role::Applicant => APPLICANT,
        Role::Reseller => RESELLER,
        Role::Reviewer => REVIEWER,
        Role::Operator => OPERATOR,
        Role::Supervisor => SUPERVISOR,
        Role::Auditor => AUDITOR,
        Role::Policy => panic!("nobody has a token of the policy"),
    }
}

/// Headers of a step of an upload.
const TUS: [(&str, &str); 4] =
    [("tus-resumable", "1.0.0"), ("upload-length", "1000"), ("upload-offset", "0"), ("x-http-method-override", "HEAD")];

/// What account `a` has: something behind every path with a parameter.
struct Tenant {
    order: String,
    determination: String,
    entitlement: String,
    key: String,
    organiser: String,
    service: String,
    import: String,
    upload: String,
    /// Path of the calendar without a token.
    feed: String,
    /// An order whose events end.
    over: String,
}

impl Tenant {
    /// `n` chooses what is filed.
    async fn settle(app: &App, n: u32) -> Self {
        let (path, _) = app.draft(n).await;
        let filing = company_filing(Province::Guangdong, n);
        let (kind, picture) = icp_testkit::specimen::materials(&filing).swap_remove(0);
        assert_eq!(kind.as_str(), "organiser-certificate");
        let material = format!("{path}/materials/organiser-certificate");
        let body = Some(("image/jpeg", picture));
        assert_eq!(app.send(APPLICANT, Method::PUT, &material, None, body).await.status, 200);
        let upload = app.send_with(APPLICANT, Method::POST, &format!("{material}/uploads"), &TUS, None).await;
        assert_eq!(upload.status, 201, "{}", upload.body);
        let wanted = json!({"account": "a", "product": "cloud-server", "resource": format!("i-{n}"), "count": 2});
        let issued = app.json(OPERATOR, Method::POST, "/v1/entitlements", None, &wanted).await;
        let code = json!({ "code": issued.body["entitlements"][0]["code"] });
        let bound = app.json(APPLICANT, Method::PUT, &format!("{path}/entitlements/0"), None, &code).await;
        assert_eq!(bound.status, 200, "{}", bound.body);
        let certificate = &filing.organiser.certificate;
        let asked = json!({
            "province": "gd", "nature": filing.organiser.nature, "domain": filing.services[0].domains[0],
            "certificate": {"kind": certificate.kind, "number": certificate.number},
        });
        let determination = app.json(APPLICANT, Method::POST, "/v1/determinations", None, &asked).await;
        let key = app.json(APPLICANT, Method::POST, "/v1/keys", None, &json!({"name": "ci"})).await;
        let rows = Some(("application/x-ndjson", format!("{}\n", json!(filing)).into_bytes()));
        let import = app.send(APPLICANT, Method::POST, "/v1/imports", None, rows).await;
        let feed = app.send(APPLICANT, Method::PUT, &format!("{path}/calendar/feed"), None, None).await;
        approved_filing(app, n + 1).await;
        let over = app.get(APPLICANT, "/v1/orders?phase=approved").await.body["orders"][0]["id"].clone();
        let filed = filing_of_type(OrderType::ChangeService, Province::Guangdong, n + 1);
        let text = |answer: &Answer| answer.body["id"].as_str().unwrap().to_owned();
        Self {
            order: path.rsplit('/').next().unwrap().to_owned(),
            determination: text(&determination),
            entitlement: issued.body["entitlements"][1]["id"].as_str().unwrap().to_owned(),
            key: text(&key),
            import: text(&import),
            upload: upload.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned(),
            feed: feed.body["path"].as_str().unwrap().to_owned(),
            over: over.as_str().unwrap().to_owned(),
            organiser: filed.organiser.number.unwrap(),
            service: filed.services[0].number.clone().unwrap(),
        }
    }

    /// The path of a line about this tenant's data.
    fn path(&self, line: &Line) -> String {
        if line.path == "/v1/calendars/{secret}" {
            return self.feed.clone();
        }
        let (id, number) = match line.path.split('/').nth(2) {
            Some("orders") if line.path.ends_with("/events") => (&self.over, ""),
            Some("orders") => (&self.order, ""),
            Some("imports") => (&self.import, ""),
            Some("uploads") => (&self.upload, ""),
            Some("determinations") => (&self.determination, ""),
            Some("entitlements") => (&self.entitlement, ""),
            Some("keys") => (&self.key, ""),
            Some("archive") if line.path.contains("organisers") => (&self.order, self.organiser.as_str()),
            _ => (&self.order, self.service.as_str()),
        };
        let kind = if line.path.contains("papers") { "slip" } else { "organiser-certificate" };
        let pairs =
            [("{id}", id.as_str()), ("{number}", number), ("{kind}", kind), ("{service}", "0"), ("{account}", "c")];
        let path = pairs.iter().fold(line.path.to_owned(), |path, (name, value)| path.replace(name, value));
        path.replace("{reseller}", "r").replace("{domain}", "example.cn")
    }
}

async fn call(app: &App, token: &str, line: &Line, path: &str) -> Answer {
    if line.path.contains("/uploads") {
        return app.send_with(token, line.method.clone(), path, &TUS, None).await;
    }
    let body = (line.method != Method::GET).then(|| ("application/json", b"{}".to_vec()));
    app.send(token, line.method.clone(), path, None, body).await
}

/// Status and code; an answer to HEAD has no body that could tell a code.
fn refused<'a>(line: &Line, answer: &'a Answer, status: u16, code: &'a str) -> bool {
    let is_code = line.method == Method::HEAD || answer.body["code"] == code;
    answer.status == status && is_code
}

fn told(line: &Line, who: &str, answer: &Answer) -> String {
    format!("{} {} by {who}: {} {}", line.method, line.path, answer.status, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_open_to_its_roles_and_to_nobody_else() {
    let app = App::start().await;
    let tenant = Tenant::settle(&app, 1).await;
    for line in LINES.iter().filter(|line| line.roles.is_empty()) {
        let answer = call(&app, "", line, &tenant.path(line)).await;
        assert!(matches!(answer.status, 200 | 204), "{}", told(line, "nobody", &answer));
    }
    for line in LINES.iter().filter(|line| !line.roles.is_empty()) {
        let path = tenant.path(line);
        for wrong in ["", "nonsense", "a.b.c"] {
            let answer = call(&app, wrong, line, &path).await;
            assert!(refused(line, &answer, 401, "ICP-INTAKE-0003"), "{}", told(line, "nobody", &answer));
        }
        for role in Role::ALL.into_iter().filter(|role| !line.roles.contains(role)) {
            let answer = call(&app, token(role), line, &path).await;
            assert!(refused(line, &answer, 403, "ICP-INTAKE-0004"), "{}", told(line, role.as_str(), &answer));
        }
    }
    // At last, because some of these change what the tenant has.
    for line in LINES.iter().filter(|line| !line.roles.is_empty()) {
        for role in line.roles {
            let answer = call(&app, token(*role), line, &tenant.path(line)).await;
            let is_let_in = !matches!(answer.status, 401 | 403 | 405 | 429 | 500);
            let is_a_route = answer.body["code"] != "ICP-INTAKE-0006";
            assert!(is_let_in && is_a_route, "{}", told(line, role.as_str(), &answer));
        }
    }
}

/// Paths whose parameter names nothing that belongs to somebody.
const OF_NOBODY: [&str; 1] = ["/v1/whitelist/{domain}"];

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_data_is_not_there_on_any_route() {
    let app = App::start().await;
    let tenant = Tenant::settle(&app, 1).await;
    let about_somebody = |line: &&Line| line.path.contains('{') && !OF_NOBODY.contains(&line.path);
    let mut tried = BTreeSet::new();
    for line in LINES.iter().filter(about_somebody) {
        for (role, token) in [(Role::Applicant, OTHER), (Role::Reseller, OTHER_RESELLER)] {
            if !line.roles.contains(&role) {
                continue;
            }
            let answer = call(&app, token, line, &tenant.path(line)).await;
            // An upload that was never there is gone, too.
            let is_upload = line.path.starts_with("/v1/uploads/");
            let (status, code) = if is_upload { (410, "ICP-INTAKE-0046") } else { (404, "ICP-INTAKE-0005") };
            assert!(refused(line, &answer, status, code), "{}", told(line, role.as_str(), &answer));
            tried.insert((line.method.as_str(), line.path));
        }
    }
    assert!(tried.len() > 25, "{tried:?}");
    for path in [
        "/v1/orders",
        "/v1/entitlements",
        "/v1/keys",
        "/v1/archive/services",
        "/v1/archive/organisers",
        "/v1/imports",
        "/v1/transfers",
    ] {
        for token in [OTHER, OTHER_RESELLER] {
            let lists = app.get(token, path).await;
            assert_eq!(lists.status, 200);
            let entries = lists.body.as_object().unwrap().values().filter_map(|value| value.as_array());
            assert_eq!(entries.map(Vec::len).sum::<usize>(), 0, "{path}: {}", lists.body);
        }
    }
    let wanted = json!({"ids": [tenant.entitlement], "to_account": "b"});
    assert_eq!(app.json(OTHER, Method::POST, "/v1/entitlements/grant", None, &wanted).await.status, 422);

    // The same paths lead the tenant itself, and a reseller that acts for it, to what is there.
    let second = Tenant::settle(&app, 3).await;
    let link = app.send(OPERATOR, Method::PUT, "/v1/resellers/r/accounts/a", None, None).await;
    assert_eq!(link.status, 200, "{}", link.body);
    for line in LINES.iter().filter(about_somebody) {
        for (role, token, whose) in [(Role::Applicant, APPLICANT, &tenant), (Role::Reseller, RESELLER, &second)] {
            // Nobody agrees with itself to take a record; and a key is its holder's alone.
            let is_consent = ["/consent", "/refuse"].iter().any(|verb| line.path.ends_with(verb));
            let is_nobodys = is_consent || (role == Role::Reseller && line.path.contains("keys"));
            if !line.roles.contains(&role) || is_nobodys {
                continue;
            }
            let answer = call(&app, token, line, &whose.path(line)).await;
            let was_given_up = line.path.starts_with("/v1/uploads/") && line.method == Method::POST;
            let is_there = answer.status != 404 && (answer.status != 410 || was_given_up);
            assert!(is_there, "{}", told(line, role.as_str(), &answer));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_may_not_read_content_get_none() {
    let app = App::start().await;
    let tenant = Tenant::settle(&app, 1).await;
    for (token, reads) in
        [(APPLICANT, true), (REVIEWER, true), (OPERATOR, false), (SUPERVISOR, false), (AUDITOR, false)]
    {
        let order = app.get(token, &format!("/v1/orders/{}", tenant.order)).await;
        assert_eq!(order.body.get("filing").is_some(), reads, "{}", order.body);
        for (path, name) in [
            (format!("/v1/archive/organisers/{}", tenant.organiser), "organiser"),
            (format!("/v1/archive/services/{}", tenant.service), "service"),
        ] {
            let record = app.get(token, &path).await;
            assert_eq!(record.status, 200);
            assert_eq!(record.body[name].is_object(), reads, "{path}: {}", record.body);
        }
    }
}
