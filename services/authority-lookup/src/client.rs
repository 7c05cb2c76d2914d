//! Asks the authorities over HTTP.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Url};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::answer::Answer;
use crate::config::{AuthoritySection, Config};
use crate::question::{Authority, Query};

/// No answer is longer.
const LONGEST_ANSWER_BYTES: usize = 64 * 1024;

/// Why there is no answer. Nothing is known then: neither match nor mismatch.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The authority cannot be reached or is too slow.
    #[error("the {authority} authority cannot be reached")]
    Unreachable {
        /// Which one.
        authority: &'static str,
        /// What happened on the way, without the address (it may hold what was asked).
        #[source]
        source: reqwest::Error,
    },
    /// The authority answers with an error status.
    #[error("the {authority} authority answers with status {status}")]
    Refused {
        /// Which one.
        authority: &'static str,
        /// HTTP status.
        status: u16,
    },
    /// The answer is not as agreed.
    #[error("the answer of the {authority} authority is not as agreed")]
    Malformed {
        /// Which one.
        authority: &'static str,
    },
}

/// One client for all authorities; connections are kept.
#[derive(Debug)]
pub struct AuthorityClient {
    http: Client,
    enterprise: Endpoint,
    citizen: Endpoint,
    domain: Endpoint,
}

#[derive(Debug)]
struct Endpoint {
    base: Url,
    settings: AuthoritySection,
    permits: Semaphore,
}

impl AuthorityClient {
    /// A client for the configured addresses.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true)
            .build()?;
        Ok(Self {
            http,
            enterprise: Endpoint::new(config, Authority::Enterprise)?,
            citizen: Endpoint::new(config, Authority::Citizen)?,
            domain: Endpoint::new(config, Authority::Domain)?,
        })
    }

    /// Asks one question.
    pub async fn ask(&self, query: &Query) -> Result<Answer, AskError> {
        match query {
            Query::Enterprise { uscc } => {
                let request = self.http.post(self.enterprise.url(&["enterprise", "query"]));
                let request = request.json(&json!({ "uscc": uscc }));
                self.enterprise.send(Authority::Enterprise, request).await
            }
            Query::Citizen { name, id_number } => {
                let request = self.http.post(self.citizen.url(&["citizen", "verify"]));
                let request = request.json(&json!({ "name": name, "id_number": id_number }));
                self.citizen.send(Authority::Citizen, request).await
            }
            Query::Domain { name } => {
                let request = self.http.get(self.domain.url(&["domain", name]));
                self.domain.send(Authority::Domain, request).await
            }
        }
    }
}

impl Endpoint {
    fn new(config: &Config, authority: Authority) -> anyhow::Result<Self> {
        let settings = config.section(authority).clone();
        let name = authority.as_str();
        anyhow::ensure!(!settings.url.is_empty(), "authority.{name}.url is not set; give the base address");
        let base = Url::parse(&settings.url).map_err(|error| anyhow::anyhow!("authority.{name}.url: {error}"))?;
        anyhow::ensure!(
            matches!(base.scheme(), "http" | "https") && base.has_host(),
            "authority.{name}.url must begin with http:// or https://"
        );
        let permits = Semaphore::new(settings.concurrency.max(1));
        Ok(Self { base, settings, permits })
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("authority").extend(path);
        }
        url
    }

    async fn send(&self, asked: Authority, request: RequestBuilder) -> Result<Answer, AskError> {
        let authority = asked.as_str();
        let malformed = || AskError::Malformed { authority };
        let unreachable = |source: reqwest::Error| AskError::Unreachable { authority, source: source.without_url() };
        // The semaphore is never closed.
        let _permit = self.permits.acquire().await.map_err(|_| malformed())?;
        let key = self.settings.key.expose();
        let request = if key.is_empty() { request } else { request.bearer_auth(key) };
        let timeout = Duration::from_millis(self.settings.timeout_ms);
        let mut response = request.timeout(timeout).send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(AskError::Refused { authority, status: response.status().as_u16() });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > LONGEST_ANSWER_BYTES {
                return Err(malformed());
            }
            body.extend_from_slice(&chunk);
        }
        Answer::read(asked, &body).ok_or_else(malformed)
    }
}
