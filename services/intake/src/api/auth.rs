//! Who calls, and for which accounts: a person with a token of the issuer, a machine with a key, or a token of the
//! tokens file.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use icp_kit::Sensitive;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use super::problem::{Kind, Problem};
use crate::access::api_keys::{self, ShownKey};
use crate::access::issuer::{Person, TokenError};

/// Names the account that a reseller acts for.
pub const ACCOUNT_HEADER: &str = "icp-account";

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Writes and submits the orders of its own account.
    Applicant,
    /// Does so for the accounts of its customers, too.
    Reseller,
    /// Sees all orders and decides.
    Reviewer,
    /// Sees all orders, but no content.
    Operator,
    /// Leads the reviewers: sees all orders and the figures, but no content.
    Supervisor,
    /// Reads the audit trail; sees orders, but no content.
    Auditor,
    /// The policy that lets clean orders pass; nobody has a token with it.
    #[serde(skip)]
    Policy,
}

impl Role {
    /// Every role that a caller can have.
    pub const ALL: [Self; 6] =
        [Self::Applicant, Self::Reseller, Self::Reviewer, Self::Operator, Self::Supervisor, Self::Auditor];

    /// The text form, e.g. `reviewer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applicant => "applicant",
            Self::Reseller => "reseller",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Supervisor => "supervisor",
            Self::Auditor => "auditor",
            Self::Policy => "policy",
        }
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// A caller that showed a valid token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Name of the token, the person or the key, for the history.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Account that it works for: what it creates belongs to it.
    pub account: String,
    /// The request with an `Idempotency-Key` that it makes, if it has one.
    pub request: Option<Uuid>,
    /// Its own account, also where it works for a customer's.
    own_account: String,
    /// Accounts whose data it sees; none is every account.
    accounts: Option<Arc<[String]>>,
    /// Whether it is a machine with a key that somebody of the provider made.
    has_key_of_provider: bool,
}

impl Caller {
    /// A caller that works for its own account.
    pub fn new(name: impl Into<String>, role: Role, account: impl Into<String>) -> Self {
        let account = account.into();
        let accounts = matches!(role, Role::Applicant | Role::Reseller).then(|| Arc::from([account.clone()]));
        Self {
            name: name.into(),
            role,
            own_account: account.clone(),
            account,
            request: None,
            accounts,
            has_key_of_provider: false,
        }
    }

    /// Whether the caller may see what belongs to an account.
    pub fn may_see(&self, account: &str) -> bool {
        self.accounts().is_none_or(|own| own.iter().any(|own| own == account))
    }

    /// Whether the caller may see a record; one that nobody holds is for those who see all.
    pub fn may_see_held(&self, account: Option<&str>) -> bool {
        account.map_or(self.accounts.is_none(), |account| self.may_see(account))
    }

    /// The accounts that lists are narrowed to; none is every account.
    pub fn accounts(&self) -> Option<&[String]> {
        self.accounts.as_deref()
    }

    /// The account that is the caller's own, whomever it works for; none for those who work for the provider.
    pub fn own_account(&self) -> Option<&str> {
        self.accounts.as_ref().map(|_| self.own_account.as_str())
    }

    /// Whether keys that it makes are those of the provider.
    pub fn is_of_provider(&self) -> bool {
        self.accounts.is_none() || self.has_key_of_provider
    }

    /// Whether its looks at personal data are recorded: everybody's, but for an account that looks at its own.
    pub fn is_watched(&self) -> bool {
        self.role != Role::Applicant || self.has_key_of_provider
    }

    /// Whether the caller may read what an order declares: personal data.
    pub fn may_read_content(&self) -> bool {
        matches!(self.role, Role::Applicant | Role::Reseller | Role::Reviewer)
    }
}

/// The tokens of the tokens file, by their digest: for development, and for the day when the issuer is away.
#[derive(Debug, Clone, Default)]
pub struct Tokens(Arc<HashMap<[u8; 32], Caller>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokensFile {
    #[serde(default)]
    token: Vec<TokenEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenEntry {
    name: String,
    token: Sensitive<String>,
    role: Role,
    account: String,
}

impl Tokens {
    /// Reads the tokens file; without a path there are none.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        if path.as_os_str().is_empty() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| anyhow::anyhow!("intake.tokens_file {}: {error}", path.display()))?;
        Self::parse(&text)
    }

    /// Reads the text of a tokens file.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let file: TokensFile = toml::from_str(text)?;
        let tokens = file.token.into_iter().map(|entry| {
            let caller = Caller::new(entry.name, entry.role, entry.account);
            (Sha256::digest(entry.token.expose().as_bytes()).into(), caller)
        });
        Ok(Self(Arc::new(tokens.collect())))
    }

    fn find(&self, token: &str) -> Option<&Caller> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.0.get(&digest)
    }
}

impl Api {
    /// Who sends these headers, and for which accounts.
    pub async fn caller_of(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| unauthenticated("Send the header `Authorization: Bearer <token>`."))?;
        let account = match headers.get(ACCOUNT_HEADER) {
            None => None,
            Some(value) => Some(std::str::from_utf8(value.as_bytes()).map_err(|_| not_an_account())?),
        };
        self.caller(token, account).await
    }

    /// Who shows this token; `account` is the one that it names to act for.
    pub async fn caller(&self, token: &str, account: Option<&str>) -> Result<Caller, Problem> {
        let token = token.trim();
        let caller = if let Some(caller) = self.tokens.find(token) {
            caller.clone()
        } else if let Some(shown) = ShownKey::parse(token) {
            self.machine(&shown).await?
        } else {
            self.person(token).await?
        };
        self.acting_for(caller, account).await
    }

    async fn person(&self, token: &str) -> Result<Caller, Problem> {
        let has_form = token.bytes().filter(|byte| *byte == b'.').count() == 2;
        let Some(issuer) = self.issuer.as_ref().filter(|_| has_form) else {
            return Err(unauthenticated("This token is not known; ask the operator for one."));
        };
        match issuer.verify(token).await {
            Ok(Person { name, role, account }) => Ok(Caller::new(name, role, account)),
            Err(TokenError::Refused(reason)) => Err(unauthenticated(reason)),
            Err(TokenError::Unreachable) => {
                let detail = "The issuer of tokens does not answer, and the key of this token is not known here yet.";
                Err(Problem::new(Kind::Unavailable, detail))
            }
        }
    }

    async fn machine(&self, shown: &ShownKey) -> Result<Caller, Problem> {
        let now = self.clock.now();
        let key = self.reads.api_key(shown.id).await?;
        let key = key.ok_or_else(|| unauthenticated("This key is not known; ask for a new one."))?;
        if let Some(fault) = key.fault(shown, now) {
            return Err(unauthenticated(fault));
        }
        let role = Role::parse(&key.role).ok_or_else(|| unauthenticated("This key has no role that is known."))?;
        if key.is_use_due(now) {
            api_keys::used(&self.bus.context().pool, key.id, now).await?;
        }
        let caller = Caller::new(format!("key {}", key.id), role, key.account);
        Ok(Caller { has_key_of_provider: key.made_by_provider, ..caller })
    }

    /// The caller with the accounts that it acts for now.
    async fn acting_for(&self, mut caller: Caller, account: Option<&str>) -> Result<Caller, Problem> {
        if caller.role == Role::Reseller {
            let mut accounts = self.reads.reseller_accounts(caller.account.clone(), self.clock.now()).await?;
            accounts.push(caller.account.clone());
            caller.accounts = Some(accounts.into());
        }
        let Some(account) = account else { return Ok(caller) };
        if !caller.accounts().is_some_and(|own| own.iter().any(|own| own == account)) {
            return Err(not_an_account());
        }
        account.clone_into(&mut caller.account);
        caller.accounts = Some(Arc::from([account.to_owned()]));
        Ok(caller)
    }
}

fn unauthenticated(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Unauthenticated, detail)
}

fn not_an_account() -> Problem {
    let remedy = "leave it out, or name an account of GET /v1/resellers/{reseller}/accounts";
    Problem::field("Icp-Account", "is not an account that you act for", remedy)
}

/// The caller that [`super::access::guard`] has let in.
impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| unauthenticated("Nobody has been let in here."))
    }
}
