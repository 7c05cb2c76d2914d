//! Who calls: bearer tokens with a role and an account, read from a file at start.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use icp_kit::Sensitive;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Api;
use super::problem::{Kind, Problem};

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Writes and submits the orders of its own account.
    Applicant,
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
    /// The text form, e.g. `reviewer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applicant => "applicant",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Supervisor => "supervisor",
            Self::Auditor => "auditor",
            Self::Policy => "policy",
        }
    }
}

/// A caller that showed a valid token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Name of the token, for the history.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Account whose orders it works on.
    pub account: String,
}

/// The accepted tokens, by their digest.
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
    /// Reads the tokens file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| anyhow::anyhow!("intake.tokens_file {}: {error}", path.display()))?;
        let file: TokensFile = toml::from_str(&text)?;
        let tokens = file.token.into_iter().map(|entry| {
            let caller = Caller { name: entry.name, role: entry.role, account: entry.account };
            (digest(entry.token.expose()), caller)
        });
        Ok(Self(Arc::new(tokens.collect())))
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

impl Caller {
    /// Whether the caller may see an order of `account`.
    pub fn may_see(&self, account: &str) -> bool {
        self.role != Role::Applicant || self.account == account
    }

    /// Whether the caller may read what an order declares: personal data.
    pub fn may_read_content(&self) -> bool {
        matches!(self.role, Role::Applicant | Role::Reviewer)
    }

    /// Refuses every other role.
    pub fn require(&self, role: Role) -> Result<(), Problem> {
        self.require_any(&[role])
    }

    /// Refuses every role that is not among these.
    pub fn require_any(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.contains(&self.role) {
            return Ok(());
        }
        let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        Err(Problem::new(Kind::Forbidden, format!("Use a token with the role {}.", names.join(" or "))))
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| Problem::new(Kind::Unauthenticated, "Send the header `Authorization: Bearer <token>`."))?;
        api.tokens
            .0
            .get(&digest(token.trim()))
            .cloned()
            .ok_or_else(|| Problem::new(Kind::Unauthenticated, "This token is not known; ask the operator for one."))
    }
}
