//! The provider's own system of servers and addresses: does an address belong to the provider, and until when?
//!
//! The bureau compares the address that is filed with those of the provider (filing-rules A01). Without a configured
//! system nothing is asked and nothing is found.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use icp_domain::{Filing, Finding, Part, Severity, Stage};
use icp_kit::Sensitive;
use icp_kit::answer::{self, AnswerError};
use reqwest::{Client, Url};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::check::sources;

/// Largest answer that is read, bytes.
const ANSWER_MAX_BYTES: usize = 1 << 20;

/// The section `[intake.resources]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourcesConfig {
    /// Base address of the provider's system; empty asks nobody.
    pub url: String,
    /// Bearer token; empty sends none.
    pub key: Sensitive<String>,
    /// Longest wait for an answer, milliseconds.
    pub timeout_ms: u64,
    /// Days that the provider must still have an address for.
    pub least_days_left: u32,
}

/// What the provider's system says of an address or range.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ResourceAnswer {
    /// The address as it was asked.
    pub address: String,
    /// Whether it belongs to the provider and to the account.
    pub is_ours: bool,
    /// Until when the account has it; absent for no end.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// No answer came.
    #[error("the provider's system cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It broke off, or is too long.
    #[error("the answer of the provider's system cannot be read")]
    Unreadable(#[source] AnswerError),
    /// It refused.
    #[error("the provider's system answered with status {0}")]
    Refused(u16),
    /// Something else came.
    #[error("the provider's system answers something else")]
    Malformed(#[source] serde_json::Error),
}

/// The provider's system.
#[async_trait]
pub trait ResourceSystem: Send + Sync {
    /// What it says of addresses that an account declares.
    async fn ask(&self, account: &str, addresses: &[&str]) -> Result<Vec<ResourceAnswer>, ResourceError>;
}

/// Asks over HTTP: `POST <url>/resources/query` with `{"account", "addresses"}`, answered by
/// `{"answers": [{"address", "is_ours", "until"}]}`.
#[derive(Debug, Clone)]
pub struct HttpResourceSystem {
    http: Client,
    url: Url,
    key: Sensitive<String>,
}

impl HttpResourceSystem {
    /// The configured system, if one is.
    pub fn of(config: &ResourcesConfig) -> anyhow::Result<Option<Self>> {
        if config.url.is_empty() {
            return Ok(None);
        }
        let base = Url::parse(&config.url).map_err(|error| anyhow::anyhow!("intake.resources.url: {error}"))?;
        anyhow::ensure!(
            matches!(base.scheme(), "http" | "https") && base.has_host(),
            "intake.resources.url must begin with http:// or https://"
        );
        let mut url = base;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["resources", "query"]);
        }
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_millis(config.timeout_ms))
            .build()?;
        Ok(Some(Self { http, url, key: config.key.clone() }))
    }
}

#[derive(Deserialize)]
struct Answers {
    answers: Vec<ResourceAnswer>,
}

/// Reads the body of an answer.
pub fn read(body: &[u8]) -> Result<Vec<ResourceAnswer>, serde_json::Error> {
    serde_json::from_slice::<Answers>(body).map(|read| read.answers)
}

#[async_trait]
impl ResourceSystem for HttpResourceSystem {
    async fn ask(&self, account: &str, addresses: &[&str]) -> Result<Vec<ResourceAnswer>, ResourceError> {
        let unreachable = |error: reqwest::Error| ResourceError::Unreachable(error.without_url());
        let mut request = self.http.post(self.url.clone()).json(&json!({ "account": account, "addresses": addresses }));
        if !self.key.expose().is_empty() {
            request = request.bearer_auth(self.key.expose());
        }
        let answer = request.send().await.map_err(unreachable)?;
        if !answer.status().is_success() {
            return Err(ResourceError::Refused(answer.status().as_u16()));
        }
        let body = answer::bytes(answer, ANSWER_MAX_BYTES).await.map_err(ResourceError::Unreadable)?;
        read(&body).map_err(ResourceError::Malformed)
    }
}

/// The provider's system with what is demanded of its answers. Cheap to clone.
#[derive(Clone)]
pub struct Resources {
    system: Option<Arc<dyn ResourceSystem>>,
    least_left: TimeDelta,
}

impl Resources {
    /// The configured system, or nobody.
    pub fn of(config: &ResourcesConfig) -> anyhow::Result<Self> {
        let system = HttpResourceSystem::of(config)?.map(|system| Arc::new(system) as Arc<dyn ResourceSystem>);
        Ok(Self { system, least_left: TimeDelta::days(i64::from(config.least_days_left)) })
    }

    /// What a reviewer must know about the addresses that an order connects or changes.
    pub async fn findings(&self, account: &str, filing: &Filing, now: DateTime<Utc>) -> Vec<Finding> {
        let access = filing.order_type.description().access;
        let Some(system) = self.system.as_ref().filter(|_| matches!(access, Part::New | Part::Changed)) else {
            return Vec::new();
        };
        let addresses: Vec<&str> =
            filing.services.iter().flat_map(|service| service.access.addresses.iter().map(String::as_str)).collect();
        let answers = match system.ask(account, &addresses).await {
            Ok(answers) => answers,
            Err(error) => {
                tracing::warn!(%error, "the addresses of an order could not be compared");
                return vec![unanswered()];
            }
        };
        compare(filing, &answers, now + self.least_left)
    }
}

/// The addresses of a filing that the provider does not have for the account until `least`, by the system's answers.
pub fn compare(filing: &Filing, answers: &[ResourceAnswer], least: DateTime<Utc>) -> Vec<Finding> {
    let answers: HashMap<&str, &ResourceAnswer> =
        answers.iter().map(|answer| (answer.address.as_str(), answer)).collect();
    let mut findings = Vec::new();
    for (index, service) in filing.services.iter().enumerate() {
        for (place, address) in service.access.addresses.iter().enumerate() {
            let field = format!("services[{index}].access.addresses[{place}]");
            findings.extend(match answers.get(address.as_str()) {
                Some(answer) if !answer.is_ours => Some(foreign(field)),
                Some(answer) => answer.until.filter(|until| *until < least).map(|_| ends_soon(field)),
                None => Some(foreign(field)),
            });
        }
    }
    findings
}

fn finding(field: String, message_zh: &str, message_en: &str, remedy: &str) -> Finding {
    Finding {
        code: "A01".to_owned(),
        // Judged anew whenever the rules are.
        stage: Stage::Rules,
        severity: Severity::Review,
        field,
        message_zh: message_zh.to_owned(),
        message_en: message_en.to_owned(),
        remedy: remedy.to_owned(),
        source: Some(sources::RESOURCES.into()),
    }
}

fn foreign(field: String) -> Finding {
    finding(
        field,
        "该IP不属于本接入商或该账号",
        "the address does not belong to this provider and account",
        "give an address of a server that the account has here",
    )
}

fn ends_soon(field: String) -> Finding {
    finding(
        field,
        "该IP所属资源即将到期或已到期",
        "the account has the address for too short a time, or no more",
        "renew the server, then submit again",
    )
}

fn unanswered() -> Finding {
    finding(
        String::new(),
        "接入商资源系统暂未应答，须人工核对IP",
        "the provider's system of servers did not answer",
        "compare the addresses by hand",
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use icp_domain::{OrderType, Province};

    /// Knows some addresses, or is away.
    struct Pretended(Option<Vec<(&'static str, Option<&'static str>)>>);

    #[async_trait]
    impl ResourceSystem for Pretended {
        async fn ask(&self, _account: &str, addresses: &[&str]) -> Result<Vec<ResourceAnswer>, ResourceError> {
            let known = self.0.as_ref().ok_or(ResourceError::Refused(503))?;
            Ok(addresses
                .iter()
                .map(|address| {
                    let found = known.iter().find(|(ours, _)| ours == address);
                    let until = found.and_then(|(_, until)| until.map(|until| until.parse().unwrap()));
                    ResourceAnswer { address: (*address).to_owned(), is_ours: found.is_some(), until }
                })
                .collect())
        }
    }

    async fn fields(system: Option<Pretended>, order_type: OrderType) -> Vec<String> {
        let system = system.map(|system| Arc::new(system) as Arc<dyn ResourceSystem>);
        let resources = Resources { system, least_left: TimeDelta::days(30) };
        let mut filing = icp_testkit::filings::company_filing(Province::Guangdong, 1);
        filing.order_type = order_type;
        filing.services[0].access.addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(str::to_owned).to_vec();
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        let findings = resources.findings("a", &filing, now).await;
        assert!(findings.iter().all(|finding| finding.severity == Severity::Review));
        findings.into_iter().map(|finding| finding.field).collect()
    }

    #[tokio::test]
    async fn foreign_and_ending_addresses_are_for_the_reviewer() {
        let known = || Some(Pretended(Some(vec![("192.0.2.1", None), ("192.0.2.2", Some("2026-03-20T00:00:00Z"))])));
        let found = fields(known(), OrderType::FirstFiling).await;
        assert_eq!(found, ["services[0].access.addresses[1]", "services[0].access.addresses[2]"]);
        assert_eq!(fields(known(), OrderType::ChangeAccess).await.len(), 2);
        assert_eq!(fields(known(), OrderType::ChangeService).await.len(), 0, "the access stays as it is");
        assert_eq!(fields(Some(Pretended(None)), OrderType::FirstFiling).await, [""], "an unknown answer is no pass");
        assert_eq!(fields(None, OrderType::FirstFiling).await.len(), 0, "nobody is configured");
    }
}
