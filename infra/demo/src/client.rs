//! The REST API as an applicant or a reviewer uses it.

use std::time::Duration;

use anyhow::{Context as _, bail};
use icp_domain::{Filing, MaterialKind};
use icp_testkit::wait_until;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::orders::OrderInput;

/// Bound of the wait for the ministry's answer to a question.
const ANSWER_BOUND: Duration = Duration::from_secs(60);

/// A caller of the API.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    token: String,
    http: reqwest::Client,
}

/// An answer: status, ETag, body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// ETag, if there is one.
    pub etag: Option<String>,
    /// Content type.
    pub content_type: String,
    /// JSON body; null if it is none.
    pub body: Value,
}

impl Answer {
    /// The body of a success; otherwise an error with the problem.
    pub fn ok(self) -> anyhow::Result<Value> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        bail!("{}: {}", self.status, self.body)
    }
}

impl Client {
    /// A caller with a token.
    pub fn new(base: &str, token: &str, http: reqwest::Client) -> Self {
        Self { base: base.to_owned(), token: token.to_owned(), http }
    }

    /// Any request.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        if_match: Option<&str>,
        body: Option<(&str, Vec<u8>)>,
    ) -> anyhow::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(version) = if_match {
            request = request.header("if-match", version);
        }
        if let Some((content_type, bytes)) = body {
            request = request.header("content-type", content_type).body(bytes);
        }
        let answer = request.send().await.with_context(|| format!("{path} got no answer"))?;
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let (status, etag) = (answer.status(), header("etag"));
        let content_type = header("content-type").unwrap_or_default();
        let bytes = answer.bytes().await?;
        Ok(Answer { status, etag, content_type, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    /// A paper of an order, in the form that is accepted; what comes must be of that form.
    pub async fn paper(&self, id: &str, kind: &str, media_type: &str) -> anyhow::Result<Vec<u8>> {
        let path = format!("/v1/orders/{id}/papers/{kind}");
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let answer =
            request.header("accept", media_type).send().await.with_context(|| format!("{path} got no answer"))?;
        let status = answer.status();
        let content_type = answer.headers().get("content-type").cloned();
        let bytes = answer.bytes().await?;
        if !status.is_success() {
            bail!("{path}: {status}: {}", String::from_utf8_lossy(&bytes));
        }
        if content_type.as_ref().is_none_or(|given| given != media_type) {
            bail!("{path} is {content_type:?} instead of {media_type}");
        }
        Ok(bytes.to_vec())
    }

    /// A JSON request.
    pub async fn json(
        &self,
        method: Method,
        path: &str,
        if_match: Option<&str>,
        body: &Value,
    ) -> anyhow::Result<Answer> {
        self.send(method, path, if_match, Some(("application/json", serde_json::to_vec(body)?))).await
    }

    /// Asks of which type an order must be; answers what was found as soon as the ministry has answered.
    pub async fn determine(&self, question: &Value) -> anyhow::Result<Value> {
        let asked = self.json(Method::POST, "/v1/determinations", None, question).await?.ok()?;
        let path = format!("/v1/determinations/{}", asked["id"].as_str().context("no id")?);
        wait_until("the ministry to tell what is on record", ANSWER_BOUND, || async {
            let answer = self.send(Method::GET, &path, None, None).await.map_err(|error| error.to_string())?;
            if answer.body["status"] == "pending" { Err("pending".to_owned()) } else { Ok(answer) }
        })
        .await?
        .ok()
    }

    /// Creates a draft, where it was determined of the type that was found; answers its id.
    pub async fn create(&self, filing: &Filing, determination: Option<&str>) -> anyhow::Result<String> {
        let path = determination.map_or("/v1/orders".to_owned(), |id| format!("/v1/orders?determination={id}"));
        let created = self.json(Method::POST, &path, None, &serde_json::to_value(filing)?).await?.ok();
        let created = created.with_context(|| format!("{} was not created", filing.order_type.as_str()))?;
        Ok(created["id"].as_str().context("no id")?.to_owned())
    }

    /// The documents that the checklist of an order misses, each with the service that it is for.
    pub async fn missing_documents(&self, id: &str) -> anyhow::Result<Vec<(MaterialKind, usize)>> {
        let checklist = self.send(Method::GET, &format!("/v1/orders/{id}/requirements"), None, None).await?.ok()?;
        let documents = checklist["documents"].as_array().into_iter().flatten();
        let missing = documents.filter(|document| document["status"] == "missing");
        let known = missing.map(|document| {
            let kind = document["kind"].as_str().and_then(MaterialKind::parse);
            let service = document["service"].as_u64().unwrap_or(0);
            Ok((kind.with_context(|| format!("there is no picture of {document}"))?, usize::try_from(service)?))
        });
        known.collect()
    }

    /// Creates a draft with its materials; answers the id and the ETag.
    pub async fn draft(&self, input: &OrderInput) -> anyhow::Result<(String, String)> {
        let id = self.create(&input.filing, None).await.with_context(|| input.name.clone())?;
        let mut etag = None;
        for (kind, picture) in &input.materials {
            let answer = self.upload(&id, *kind, 0, picture.clone()).await?;
            etag = answer.etag.clone();
            answer.ok().with_context(|| format!("{} of {} was refused", kind.as_str(), input.name))?;
        }
        Ok((id, etag.context("no ETag")?))
    }

    /// Uploads a JPEG for the service with this index, or for the organiser.
    pub async fn upload(
        &self,
        id: &str,
        kind: MaterialKind,
        service: usize,
        picture: Vec<u8>,
    ) -> anyhow::Result<Answer> {
        let path = format!("/v1/orders/{id}/materials/{}?service={service}", kind.as_str());
        self.send(Method::PUT, &path, None, Some(("image/jpeg", picture))).await
    }

    /// Submits an order as it was read.
    pub async fn submit(&self, id: &str, etag: &str) -> anyhow::Result<Value> {
        self.send(Method::POST, &format!("/v1/orders/{id}/submit"), Some(etag), None).await?.ok()
    }

    /// Replaces the content; answers the new ETag.
    pub async fn amend(&self, id: &str, etag: &str, filing: &Filing) -> anyhow::Result<String> {
        let answer =
            self.json(Method::PUT, &format!("/v1/orders/{id}"), Some(etag), &serde_json::to_value(filing)?).await?;
        let etag = answer.etag.clone();
        answer.ok()?;
        etag.context("no ETag")
    }

    /// The order now, with its ETag.
    pub async fn order(&self, id: &str) -> anyhow::Result<(Value, String)> {
        let answer = self.send(Method::GET, &format!("/v1/orders/{id}"), None, None).await?;
        let etag = answer.etag.clone().unwrap_or_default();
        Ok((answer.ok()?, etag))
    }

    /// The rules' judgement of a draft.
    pub async fn check(&self, id: &str) -> anyhow::Result<Value> {
        self.send(Method::POST, &format!("/v1/orders/{id}/check"), None, None).await?.ok()
    }

    /// The reviewer passes the order.
    pub async fn pass(&self, id: &str, etag: &str) -> anyhow::Result<Value> {
        let decision = serde_json::json!({"decision": "pass"});
        self.json(Method::POST, &format!("/v1/orders/{id}/review"), Some(etag), &decision).await?.ok()
    }

    /// Waits until the order is in one of these phases.
    pub async fn wait_phase(&self, id: &str, phases: &[&str], bound: Duration) -> anyhow::Result<(Value, String)> {
        wait_until(&format!("order {id} to be {}", phases.join(" or ")), bound, || async {
            let (order, etag) = self.order(id).await.map_err(|error| error.to_string())?;
            let phase = order["phase"].as_str().unwrap_or_default();
            if phases.contains(&phase) {
                Ok((order, etag))
            } else {
                Err(format!("phase {phase}: {}", order["findings"]))
            }
        })
        .await
    }
}
