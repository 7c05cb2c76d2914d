//! The keys that an issuer publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use icp_kit::answer;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::OidcConfig;

/// Largest document that an issuer may answer, bytes.
const DOCUMENT_MAX_BYTES: usize = 1 << 20;

/// A key of the issuer.
#[derive(Debug, Clone)]
pub struct Key {
    id: Option<String>,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// The key itself.
    pub(super) decoding: DecodingKey,
}

/// The issuer does not answer.
#[derive(Debug)]
pub(super) struct FetchError;

/// The keys of an issuer, fetched when they are needed. Cheap to clone.
#[derive(Clone)]
pub struct IssuerKeys {
    shared: Arc<Shared>,
}

struct Shared {
    http: Client,
    issuer: String,
    refresh_every: Duration,
    refetch_after: Duration,
    keys: ArcSwap<Vec<Key>>,
    /// Counts the sets of keys: whoever was let in by a former one is looked at again.
    edition: AtomicU64,
    last: Mutex<Option<Fetch>>,
}

struct Fetch {
    at: Instant,
    is_failed: bool,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

impl IssuerKeys {
    /// No keys yet.
    pub(super) fn new(config: &OidcConfig) -> anyhow::Result<Self> {
        let issuer = config.issuer.trim_end_matches('/').to_owned();
        trusted_address(&issuer).context("intake.oidc.issuer")?;
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_millis(config.timeout_ms))
            .build()?;
        let shared = Shared {
            http,
            issuer,
            refresh_every: Duration::from_secs(config.refresh_seconds.max(1)),
            refetch_after: Duration::from_secs(config.refetch_seconds),
            keys: ArcSwap::default(),
            edition: AtomicU64::new(0),
            last: Mutex::new(None),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Number of the set of keys in force.
    pub(super) fn edition(&self) -> u64 {
        self.shared.edition.load(Ordering::Acquire)
    }

    /// Fetches the keys now and once in a while; never ends.
    pub(super) async fn refresh(&self) {
        loop {
            let is_failed = {
                let mut last = self.shared.last.lock().await;
                self.fetch(&mut last).await
            };
            let pause = if is_failed { self.shared.refetch_after } else { self.shared.refresh_every };
            tokio::time::sleep(pause.max(Duration::from_secs(1))).await;
        }
    }

    /// The key that a token names; asks the issuer when it is not known.
    pub(super) async fn find(&self, header: &Header) -> Result<Option<Key>, FetchError> {
        if let Some(key) = self.known(header) {
            return Ok(Some(key));
        }
        let mut last = self.shared.last.lock().await;
        // Somebody else may have fetched it meanwhile.
        if let Some(key) = self.known(header) {
            return Ok(Some(key));
        }
        let is_failed = match &*last {
            Some(fetch) if fetch.at.elapsed() < self.shared.refetch_after => fetch.is_failed,
            _ => self.fetch(&mut last).await,
        };
        match self.known(header) {
            None if is_failed => Err(FetchError),
            found => Ok(found),
        }
    }

    fn known(&self, header: &Header) -> Option<Key> {
        fitting(&self.shared.keys.load(), header).cloned()
    }

    /// Fetches the keys; tells whether it failed.
    async fn fetch(&self, last: &mut Option<Fetch>) -> bool {
        let fetched = self.published().await;
        let is_failed = fetched.is_err();
        match fetched {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "the keys of the issuer of tokens were fetched");
                self.shared.keys.store(Arc::new(keys));
                self.shared.edition.fetch_add(1, Ordering::AcqRel);
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(error, "the issuer of tokens gives no keys; those that are known stay");
            }
        }
        *last = Some(Fetch { at: Instant::now(), is_failed });
        is_failed
    }

    async fn published(&self) -> anyhow::Result<Vec<Key>> {
        let issuer = &self.shared.issuer;
        let discovery = self.get(&format!("{issuer}/.well-known/openid-configuration")).await?;
        let address = address_of_keys(&discovery, issuer)?;
        read_keys(&self.get(&address).await?)
    }

    async fn get(&self, address: &str) -> anyhow::Result<Vec<u8>> {
        let answer = self.shared.http.get(address).send().await?.error_for_status()?;
        answer::bytes(answer, DOCUMENT_MAX_BYTES).await.with_context(|| address.to_owned())
    }
}

/// Where an issuer says in its discovery document that its keys are.
pub fn address_of_keys(document: &[u8], issuer: &str) -> anyhow::Result<String> {
    let discovery: Discovery = serde_json::from_slice(document).context("this is no discovery document")?;
    anyhow::ensure!(
        discovery.issuer.trim_end_matches('/') == issuer,
        "the issuer calls itself {}, not {issuer}",
        discovery.issuer
    );
    trusted_address(&discovery.jwks_uri).context("jwks_uri")?;
    Ok(discovery.jwks_uri)
}

/// The usable keys of a published set; at least one.
pub fn read_keys(document: &[u8]) -> anyhow::Result<Vec<Key>> {
    let published: Published = serde_json::from_slice(document).context("this is no set of keys")?;
    let keys: Vec<Key> = published.keys.into_iter().filter_map(usable).collect();
    anyhow::ensure!(!keys.is_empty(), "none of its keys is usable: RSA, P-256 or Ed25519, for signatures");
    Ok(keys)
}

/// The key that a token names by its id; a token without one fits if there is a single key of its kind.
pub fn fitting<'k>(keys: &'k [Key], header: &Header) -> Option<&'k Key> {
    let mut fitting = keys.iter().filter(|key| key.algorithm == header.alg).filter(|key| match &header.kid {
        Some(id) => key.id.as_ref() == Some(id),
        None => true,
    });
    let first = fitting.next()?;
    fitting.next().is_none().then_some(first)
}

/// Keys come over TLS, or from this machine.
fn trusted_address(address: &str) -> anyhow::Result<()> {
    let url = Url::parse(address)?;
    let is_here = url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"));
    anyhow::ensure!(url.scheme() == "https" || (url.scheme() == "http" && is_here), "must begin with https://");
    Ok(())
}

/// A published key, if it is one for signatures that are accepted here.
fn usable(published: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(published).ok()?;
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let (algorithm, declared) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    if jwk.common.key_algorithm.is_some_and(|given| given != declared) {
        return None;
    }
    Some(Key { decoding: DecodingKey::from_jwk(&jwk).ok()?, id: jwk.common.key_id, algorithm })
}
