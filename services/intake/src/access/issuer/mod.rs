//! Tokens of people: signed by an OpenID Connect issuer, checked against its published keys.
//!
//! Keys are fetched at the start and once in a while ([`IssuerKeys`]), and again when a token names one that is not
//! known, but not more often than `refetch_seconds`. An issuer that does not answer lets nobody in whose key is not
//! known already; everybody else goes on.
//!
//! Times in tokens are real time, not business time.

pub mod keys;
pub mod signatures;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use icp_kit::ServiceContext;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::api::auth::Role;
use keys::FetchError;
pub use keys::{IssuerKeys, Key};

/// Characters of a name or an account in a token at most.
const CLAIM_MAX: usize = 128;

/// The section `[intake.oidc]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The issuer, as it stands in the tokens; empty accepts no tokens of people.
    pub issuer: String,
    /// Who the tokens must be for.
    pub audience: String,
    /// Claim with the caller's name, for histories and the audit trail.
    pub name_claim: String,
    /// Claim with the role.
    pub role_claim: String,
    /// Claim with the account.
    pub account_claim: String,
    /// Seconds by which clocks may differ.
    pub leeway_seconds: u64,
    /// Seconds after which the issuer's keys are fetched again.
    pub refresh_seconds: u64,
    /// Seconds between two fetches for keys that are not known, at least.
    pub refetch_seconds: u64,
    /// Longest wait for the issuer, milliseconds.
    pub timeout_ms: u64,
    /// Tokens whose signature need not be checked again, at most.
    pub remembered_max: usize,
}

/// Who a token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Name for histories and the audit trail.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Account.
    pub account: String,
}

/// Why a token does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not valid; the text is for its holder.
    #[error("{0}")]
    Refused(String),
    /// Its key is not known, and the issuer does not answer.
    #[error("the issuer of tokens does not answer")]
    Unreachable,
}

fn refused(reason: impl Into<String>) -> TokenError {
    TokenError::Refused(reason.into())
}

/// The issuer whose tokens are accepted. Cheap to clone.
#[derive(Clone)]
pub struct Issuer {
    config: Arc<OidcConfig>,
    keys: IssuerKeys,
    checked: Arc<Mutex<Checked>>,
}

/// Tokens whose signature was checked, by their digest, under one edition of the keys.
#[derive(Default)]
struct Checked {
    edition: u64,
    tokens: HashMap<[u8; 32], (Person, i64)>,
}

impl Issuer {
    /// The configured issuer, if one is.
    pub fn of(config: &OidcConfig) -> anyhow::Result<Option<Self>> {
        if config.issuer.is_empty() {
            return Ok(None);
        }
        signatures::install();
        let keys = IssuerKeys::new(config)?;
        Ok(Some(Self { config: Arc::new(config.clone()), keys, checked: Arc::default() }))
    }

    /// Fetches the keys now and once in a while, until the service stops.
    pub fn start(&self, context: &ServiceContext) {
        let (keys, shutdown) = (self.keys.clone(), context.shutdown.clone());
        context.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = keys.refresh() => {}
            }
        });
    }

    /// Who a token speaks for.
    pub async fn verify(&self, token: &str) -> Result<Person, TokenError> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(person) = self.remembered(&digest) {
            return Ok(person);
        }
        let header = header(token)?;
        let edition = self.keys.edition();
        let key = self.key(&header).await?;
        let claims = self.config.claims(token, &key)?;
        let person = self.config.person(&claims)?;
        // Behind `exp` by the leeway it is checked again, and refused.
        let until = claims.get("exp").and_then(Value::as_f64).unwrap_or_default();
        self.remember(edition, digest, person.clone(), until as i64);
        Ok(person)
    }

    async fn key(&self, header: &Header) -> Result<Key, TokenError> {
        match self.keys.find(header).await {
            Ok(Some(key)) => Ok(key),
            Ok(None) => Err(refused("The token is signed with a key that the issuer does not have; sign in again.")),
            Err(FetchError) => Err(TokenError::Unreachable),
        }
    }

    fn remembered(&self, digest: &[u8; 32]) -> Option<Person> {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let (person, until) = checked.tokens.get(digest)?;
        let holds = checked.edition == self.keys.edition() && Utc::now().timestamp() < *until;
        holds.then(|| person.clone())
    }

    fn remember(&self, edition: u64, digest: [u8; 32], person: Person, until: i64) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        match checked.edition.cmp(&edition) {
            // Checked with keys that have been replaced meanwhile.
            Ordering::Greater => return,
            Ordering::Less => *checked = Checked { edition, tokens: HashMap::new() },
            Ordering::Equal => {}
        }
        if checked.tokens.len() >= self.config.remembered_max {
            checked.tokens.clear();
        }
        checked.tokens.insert(digest, (person, until));
    }
}

/// The header of a token that is signed in a way that is accepted here.
pub fn header(token: &str) -> Result<Header, TokenError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| refused("This is no token that can be read."))?;
    if signatures::ACCEPTED.contains(&header.alg) {
        return Ok(header);
    }
    let names = signatures::ACCEPTED.map(|algorithm| format!("{algorithm:?}")).join(", ");
    Err(refused(format!("The token is signed with {:?}; {names} are accepted.", header.alg)))
}

impl OidcConfig {
    /// The claims of a token that this key has signed and whose time, issuer and audience are right.
    pub fn claims(&self, token: &str, key: &Key) -> Result<Value, TokenError> {
        let mut validation = Validation::new(key.algorithm);
        validation.leeway = self.leeway_seconds;
        validation.validate_nbf = true;
        validation.set_issuer(&[self.issuer.as_str()]);
        validation.set_audience(&[self.audience.as_str()]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let read = jsonwebtoken::decode::<Value>(token, &key.decoding, &validation);
        read.map(|token| token.claims).map_err(|error| refused(self.explain(error.kind())))
    }

    fn explain(&self, kind: &ErrorKind) -> String {
        match kind {
            ErrorKind::ExpiredSignature => "The token has expired; sign in again.".to_owned(),
            ErrorKind::ImmatureSignature => "The token is not valid yet; check the clocks.".to_owned(),
            ErrorKind::InvalidAudience => {
                format!("The token is for somebody else; ask for the audience `{}`.", self.audience)
            }
            ErrorKind::InvalidIssuer => format!("The token is of another issuer than {}.", self.issuer),
            ErrorKind::MissingRequiredClaim(claim) => format!("The token has no usable claim `{claim}`."),
            ErrorKind::InvalidSignature => "The signature of the token does not fit.".to_owned(),
            _ => "This is no token that can be read.".to_owned(),
        }
    }

    /// Who the claims of a token speak for.
    pub fn person(&self, claims: &Value) -> Result<Person, TokenError> {
        let text = |name: &str| match claim(claims, name).and_then(Value::as_str) {
            Some(text) if is_name(text) => Ok(text.to_owned()),
            _ => Err(refused(format!("The token has no usable claim `{name}`; ask the operator for one."))),
        };
        let roles = claim(claims, &self.role_claim);
        let named: Vec<&str> = match roles {
            Some(Value::String(role)) => vec![role.as_str()],
            Some(Value::Array(roles)) => roles.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut known = named.into_iter().filter_map(Role::parse);
        let (Some(role), None) = (known.next(), known.next()) else {
            let claim = &self.role_claim;
            let names = Role::ALL.map(Role::as_str).join(", ");
            return Err(refused(format!("The claim `{claim}` of the token must name one role of: {names}.")));
        };
        Ok(Person { name: text(&self.name_claim)?, role, account: text(&self.account_claim)? })
    }
}

/// Names and accounts are stored and shown.
fn is_name(text: &str) -> bool {
    (1..=CLAIM_MAX).contains(&text.chars().count()) && !text.contains(char::is_control)
}

/// A claim by its name, or by a JSON pointer such as `/realm_access/roles`.
fn claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    if name.starts_with('/') { claims.pointer(name) } else { claims.get(name) }
}
