//! What there must be for a valid request to every operation: orders in each phase, records, codes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use icp_domain::{OrderType, Province};
use icp_testkit::filings::{company_filing, filing_of_type};
use icp_testkit::wait_until;
use reqwest::Method;
use serde_json::{Value, json};

use super::document::Operation;
use super::request::{Body, Request};
use crate::app::{APPLICANT, AUDITOR, App, OPERATOR, OTHER, RESELLER, REVIEWER, SECOND, SUPERVISOR, id_of, path_of};
use crate::outlook::rules_of_zhejiang;
use crate::types::{approved_filing, approved_filing_in};

/// Callers by the name of their token.
pub(super) const TOKENS: [(&str, &str); 8] = [
    ("reseller", RESELLER),
    ("applicant", APPLICANT),
    ("another applicant", OTHER),
    ("reviewer", REVIEWER),
    ("another reviewer", SECOND),
    ("operator", OPERATOR),
    ("supervisor", SUPERVISOR),
    ("auditor", AUDITOR),
];

const ROWS: &str = "application/x-ndjson";

/// The province whose rule module is active.
const RULED: Province = Province::Zhejiang;
const PAPER: &str = "GET /v1/orders/{id}/papers/{kind}";

/// Companies whose filings are approved; the second one's in the province whose rules are loaded.
const ON_RECORD: u32 = 1;
const ON_RECORD_RULED: u32 = 2;

/// The running service with a filing on record.
pub(super) struct World<'a> {
    app: &'a App,
    /// An order that was approved, in a province whose rules are loaded.
    approved: String,
    /// Number of its service.
    ruled_service: String,
    /// An import that has ended.
    import: String,
    next: AtomicU32,
}

impl<'a> World<'a> {
    pub(super) async fn seeded(app: &'a App) -> Self {
        approved_filing(app, ON_RECORD).await;
        // Its province says which number is shown at the foot of the site.
        let (approved, ruled_service) = approved_filing_in(app, RULED, ON_RECORD_RULED).await;
        rules_of_zhejiang(app).await;
        let mut world =
            Self { app, approved: id_of(&approved), ruled_service, import: String::new(), next: AtomicU32::new(100) };
        let rows = world.rows();
        let rows = Some((ROWS, rows.bytes));
        let import = app.send(APPLICANT, Method::POST, "/v1/imports", None, rows).await;
        assert_eq!(import.status, 202, "{}", import.body);
        world.import = text(&import.body["id"]);
        world.imports_ended().await;
        world
    }

    /// A body of an import: a row that is good and one that is not.
    fn rows(&self) -> Body {
        let good = serde_json::to_value(company_filing(Province::Guangdong, self.n())).unwrap();
        Body { content_type: Some(ROWS.to_owned()), bytes: format!("{good}\n{{}}\n").into_bytes() }
    }

    /// An account has few imports that run at the same time.
    async fn imports_ended(&self) {
        wait_until("every import to end", Duration::from_secs(60), || async {
            let imports = self.app.get(APPLICANT, "/v1/imports?limit=200").await.body["imports"].clone();
            let has_ended = imports.as_array().unwrap().iter().all(|import| import["state"] == "ended");
            if has_ended { Ok(()) } else { Err(imports.to_string()) }
        })
        .await
        .unwrap();
    }

    /// A request that succeeds. What it changes was made for it.
    pub(super) async fn request(&self, operation: &Operation) -> Request {
        let key = operation.key.as_str();
        let example = operation.json_example();
        let mut body = self.body(key).await.or(example).map(|value| Body::of_json(&value)).or_else(|| file(key));
        if key == "POST /v1/imports" {
            self.imports_ended().await;
            body = Some(self.rows());
        }
        let mut request = Request {
            base: self.app.base.clone(),
            method: operation.method.clone(),
            path: operation.path.clone(),
            parts: Vec::new(),
            query: Vec::new(),
            headers: Vec::new(),
            body,
        };
        if !operation.is_public() {
            request.headers.push(("authorization".to_owned(), format!("Bearer {}", token(key))));
        }
        if operation.path.contains("/uploads") {
            let headers = [("tus-resumable", "1.0.0"), ("upload-length", "1000"), ("upload-offset", "0")];
            request.headers.extend(headers.map(|(name, value)| (name.to_owned(), value.to_owned())));
            request.headers.push(("x-http-method-override".to_owned(), "HEAD".to_owned()));
        }
        if key == "GET /v1/statistics/monthly" {
            request.query.push(("month".to_owned(), "2026-11".to_owned()));
        }
        if operation.path.contains('{') {
            request.parts = self.parts(key, &mut request.body).await;
        }
        if operation.parameters().iter().any(|parameter| parameter.name == "If-Match") {
            let id = &request.parts[0].1;
            let order = self.app.get(REVIEWER, &format!("/v1/orders/{id}")).await;
            request.headers.push(("if-match".to_owned(), order.etag));
        }
        request
    }

    /// More requests that succeed: one for each form of the answer, and for each paper of an order.
    pub(super) async fn variants(&self, operation: &Operation) -> Vec<(String, Request)> {
        let media_types = operation.media_types();
        if media_types.len() < 2 {
            return Vec::new();
        }
        let mut kinds = vec![None];
        if operation.key == PAPER {
            let list = self.app.order(&format!("/v1/orders/{}/papers", self.approved)).await;
            kinds = list.body["papers"].as_array().unwrap().iter().map(|paper| Some(text(&paper["kind"]))).collect();
            assert!(kinds.len() > 3, "slip, receipts and letters: {}", list.body);
        }
        let mut variants = Vec::new();
        for kind in kinds {
            for media_type in media_types.iter().copied() {
                let mut request = self.request(operation).await;
                request.set_header("accept", Some(media_type));
                if let Some(kind) = &kind {
                    request.parts.retain(|(name, _)| name != "kind");
                    request.parts.push(("kind".to_owned(), kind.clone()));
                }
                variants.push((format!("{} as {media_type}", kind.as_deref().unwrap_or("the answer")), request));
            }
        }
        variants
    }

    fn n(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Bodies that name what is there.
    async fn body(&self, key: &str) -> Option<Value> {
        match key {
            "POST /v1/filings/prefill" => {
                let (organiser, service) = numbers();
                Some(json!({
                    "order_type": "change_service", "organiser_number": organiser, "service_numbers": [service]
                }))
            }
            "POST /v1/entitlements" => {
                let resource = format!("server-{}", self.n());
                Some(json!({"account": "a", "product": "cloud-server", "resource": resource, "count": 2}))
            }
            "POST /v1/entitlements/query" | "PUT /v1/orders/{id}/entitlements/{service}" => {
                Some(json!({ "code": self.entitlement().await["code"] }))
            }
            "POST /v1/entitlements/grant" => {
                Some(json!({ "ids": [self.entitlement().await["id"]], "to_account": "b" }))
            }
            "POST /v1/resellers/{reseller}/accounts" => Some(json!({ "name": format!("shop-{}", self.n()) })),
            _ => None,
        }
    }

    async fn parts(&self, key: &str, body: &mut Option<Body>) -> Vec<(String, String)> {
        let part = |name: &str, value: String| vec![(name.to_owned(), value)];
        let (organiser, service) = numbers();
        match key {
            "GET /v1/determinations/{id}" => {
                let question = json!({
                    "province": "gd", "nature": 4, "domain": "specimen.cn",
                    "certificate": {"kind": 1, "number": company_filing(Province::Guangdong, 0).organiser.certificate.number},
                });
                let asked = self.app.json(APPLICANT, Method::POST, "/v1/determinations", None, &question).await;
                part("id", text(&asked.body["id"]))
            }
            "GET /v1/entitlements/{id}" | "POST /v1/entitlements/{id}/revoke" => {
                part("id", text(&self.entitlement().await["id"]))
            }
            "GET /v1/archive/organisers/{number}" => part("number", organiser),
            "GET /v1/calendars/{secret}" => {
                let path = format!("/v1/orders/{}/calendar/feed", self.draft().await);
                let opened = self.app.send(APPLICANT, Method::PUT, &path, None, None).await;
                part("secret", text(&opened.body["path"]).rsplit('/').next().unwrap().to_owned())
            }
            "GET /v1/archive/services/{number}" => part("number", service),
            "GET /v1/archive/services/{number}/footer" => part("number", self.ruled_service.clone()),
            "GET /v1/whitelist/{domain}" => {
                part("domain", company_filing(Province::Guangdong, ON_RECORD).services[0].domains[0].clone())
            }
            // The events of an order that is over have an end.
            "GET /v1/orders/{id}/papers" | "GET /v1/orders/{id}/events" => part("id", self.approved.clone()),
            "GET /v1/resellers/{reseller}/accounts" | "POST /v1/resellers/{reseller}/accounts" => {
                part("reseller", "r".to_owned())
            }
            "PUT /v1/resellers/{reseller}/accounts/{account}" => {
                [part("reseller", "r".to_owned()), part("account", format!("c-{}", self.n()))].concat()
            }
            "DELETE /v1/resellers/{reseller}/accounts/{account}" => {
                let account = format!("d-{}", self.n());
                let path = format!("/v1/resellers/r/accounts/{account}");
                assert_eq!(self.app.send(OPERATOR, Method::PUT, &path, None, None).await.status, 200);
                [part("reseller", "r".to_owned()), part("account", account)].concat()
            }
            "DELETE /v1/keys/{id}" => {
                let made = self.app.json(RESELLER, Method::POST, "/v1/keys", None, &json!({ "name": "ci" })).await;
                part("id", text(&made.body["id"]))
            }
            _ if key.contains("/v1/imports/{id}") => part("id", self.import.clone()),
            PAPER => [part("id", self.approved.clone()), part("kind", "slip".to_owned())].concat(),
            "GET /v1/orders/{id}/requirements" => {
                let filing = serde_json::to_value(company_filing(RULED, self.n())).unwrap();
                let created = self.app.json(APPLICANT, Method::POST, "/v1/orders", None, &filing).await;
                part("id", text(&created.body["id"]))
            }
            "POST /v1/orders/{id}/consent" | "POST /v1/orders/{id}/refuse" => {
                let filing = filing_of_type(OrderType::Transfer, Province::Guangdong, self.on_record_anew().await);
                part("id", self.submitted(OTHER, &serde_json::to_value(filing).unwrap()).await)
            }
            "POST /v1/orders/{id}/review" | "POST /v1/orders/{id}/claim" | "POST /v1/orders/{id}/release" => {
                let n = self.n();
                let waiting = self.app.in_review(n..=n).await;
                part("id", path_of(&waiting[0]).rsplit('/').next().unwrap().to_owned())
            }
            "POST /v1/orders/{id}/resubmit" => {
                let n = self.n();
                let waiting = self.app.in_review(n..=n).await.remove(0);
                let path = path_of(&waiting);
                self.app.review(REVIEWER, &waiting, &json!({"decision": "pass"})).await;
                self.app.unconfirmed(&path, 1).await;
                part("id", id_of(&path))
            }
            "GET /v1/orders/{id}/materials/{kind}"
            | "PUT /v1/orders/{id}/materials/{kind}"
            | "DELETE /v1/orders/{id}/materials/{kind}" => {
                let id = self.draft().await;
                let filing = company_filing(Province::Guangdong, 0);
                let (kind, picture) = icp_testkit::specimen::materials(&filing).swap_remove(0);
                let path = format!("/v1/orders/{id}/materials/{}", kind.as_str());
                if !key.starts_with("PUT") {
                    let picture = Some(("image/jpeg", picture));
                    let uploaded = self.app.send(APPLICANT, Method::PUT, &path, None, picture).await;
                    assert_eq!(uploaded.status, 200, "{}", uploaded.body);
                } else {
                    *body = Some(Body { content_type: Some("image/jpeg".to_owned()), bytes: picture });
                }
                [part("id", id), part("kind", kind.as_str().to_owned())].concat()
            }
            "POST /v1/orders/{id}/materials/{kind}/uploads" => {
                [part("id", self.draft().await), part("kind", "site-plan".to_owned())].concat()
            }
            _ if key.contains("/v1/uploads/{id}") => part("id", self.upload().await),
            "DELETE /v1/orders/{id}/entitlements/{service}" => {
                let (id, code) = (self.draft().await, self.entitlement().await["code"].clone());
                let path = format!("/v1/orders/{id}/entitlements/0");
                let bound = self.app.json(APPLICANT, Method::PUT, &path, None, &json!({ "code": code })).await;
                assert_eq!(bound.status, 200, "{}", bound.body);
                [part("id", id), part("service", "0".to_owned())].concat()
            }
            "PUT /v1/orders/{id}/entitlements/{service}" => {
                [part("id", self.draft().await), part("service", "0".to_owned())].concat()
            }
            _ => part("id", self.draft().await),
        }
    }

    /// An upload that waits for its bytes.
    async fn upload(&self) -> String {
        let path = format!("/v1/orders/{}/materials/site-plan/uploads", self.draft().await);
        let headers = [("tus-resumable", "1.0.0"), ("upload-length", "1000")];
        let created = self.app.send_with(APPLICANT, Method::POST, &path, &headers, None).await;
        assert_eq!(created.status, 201, "{}", created.body);
        created.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }

    async fn draft(&self) -> String {
        self.app.draft(self.n()).await.0.rsplit('/').next().unwrap().to_owned()
    }

    /// A company of its own on record.
    async fn on_record_anew(&self) -> u32 {
        let n = self.n();
        approved_filing(self.app, n).await;
        n
    }

    async fn submitted(&self, token: &str, filing: &Value) -> String {
        let created = self.app.json(token, Method::POST, "/v1/orders", None, filing).await;
        assert_eq!(created.status, 201, "{}", created.body);
        let id = text(&created.body["id"]);
        let path = format!("/v1/orders/{id}/submit");
        let submitted = self.app.send(token, Method::POST, &path, Some(&created.etag), None).await;
        assert_eq!(submitted.status, 200, "{}", submitted.body);
        id
    }

    async fn entitlement(&self) -> Value {
        let resource = format!("server-{}", self.n());
        let wanted = json!({"account": "a", "product": "cloud-server", "resource": resource, "count": 1});
        let issued = self.app.json(OPERATOR, Method::POST, "/v1/entitlements", None, &wanted).await;
        assert_eq!(issued.status, 201, "{}", issued.body);
        issued.body["entitlements"][0].clone()
    }
}

/// Who may call it; applicants, unless it is said here.
fn token(key: &str) -> &'static str {
    match key {
        "POST /v1/entitlements"
        | "POST /v1/entitlements/{id}/revoke"
        | "PUT /v1/resellers/{reseller}/accounts/{account}"
        | "DELETE /v1/resellers/{reseller}/accounts/{account}" => OPERATOR,
        "GET /v1/resellers/{reseller}/accounts" | "POST /v1/resellers/{reseller}/accounts" | "DELETE /v1/keys/{id}" => {
            RESELLER
        }
        "GET /v1/audit" => AUDITOR,
        "GET /v1/statistics" | "GET /v1/statistics/monthly" => SUPERVISOR,
        "GET /v1/review"
        | "GET /v1/archive/mismatches"
        | "POST /v1/orders/{id}/review"
        | "POST /v1/orders/{id}/resubmit"
        | "POST /v1/orders/{id}/claim"
        | "POST /v1/orders/{id}/release" => REVIEWER,
        _ => APPLICANT,
    }
}

/// A place for the picture, which is made with the order that it belongs to; bytes of an upload.
fn file(key: &str) -> Option<Body> {
    match key {
        "PUT /v1/orders/{id}/materials/{kind}" => Some(Body { content_type: None, bytes: Vec::new() }),
        "PATCH /v1/uploads/{id}" => {
            let content_type = Some("application/offset+octet-stream".to_owned());
            Some(Body { content_type, bytes: vec![7; 100] })
        }
        _ => None,
    }
}

/// Numbers of the organiser and the service on record.
fn numbers() -> (String, String) {
    let filing = filing_of_type(OrderType::ChangeService, Province::Guangdong, ON_RECORD);
    (filing.organiser.number.unwrap(), filing.services[0].number.clone().unwrap())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
