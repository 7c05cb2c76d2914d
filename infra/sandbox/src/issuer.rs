//! An OpenID Connect issuer for development: invented people with passwords, tokens signed with ES256.
//!
//! Its keys are new at each start. Times in tokens are real time, also after the sandbox's clock was moved.

use std::str::FromStr;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING as ES256, EcdsaKeyPair, KeyPair as _};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::SandboxError;
use crate::lock::hold;

/// Keys that are published at most: the one that signs, and the one before.
const KEYS_MAX: usize = 2;
/// A point of P-256 that is not compressed: a mark, x, y.
const POINT_BYTES: usize = 65;

/// Somebody whom the issuer knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSpec {
    /// Name, in tokens the subject.
    pub name: String,
    /// Password.
    pub password: String,
    /// Role in the platform.
    pub role: String,
    /// Account in the platform.
    pub account: String,
}

/// Why a user in the configuration is refused.
#[derive(Debug, thiserror::Error)]
#[error("user `{0}`: expected name:password:role:account")]
pub struct UserSpecError(String);

impl FromStr for UserSpec {
    type Err = UserSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<String> = text.splitn(4, ':').map(str::to_owned).collect();
        match <[String; 4]>::try_from(parts) {
            Ok([name, password, role, account]) if !name.is_empty() && !password.is_empty() => {
                Ok(Self { name, password, role, account })
            }
            _ => Err(UserSpecError(text.to_owned())),
        }
    }
}

impl std::fmt::Display for UserSpec {
    /// The flag's form, so that the defaults appear in `--help`; the sandbox has no real secrets.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}:{}:{}", self.name, self.password, self.role, self.account)
    }
}

/// Those whom an issuer knows when nobody is named: one of each role.
pub(crate) fn default_users() -> Vec<UserSpec> {
    [
        ("applicant", "applicant", "demo"),
        ("reseller", "reseller", "reseller"),
        ("reviewer", "reviewer", "provider"),
        ("supervisor", "supervisor", "provider"),
        ("operator", "operator", "provider"),
        ("auditor", "auditor", "provider"),
    ]
    .map(|(name, role, account)| UserSpec {
        name: name.to_owned(),
        password: "sandbox-password".to_owned(),
        role: role.to_owned(),
        account: account.to_owned(),
    })
    .to_vec()
}

struct SigningKey {
    id: String,
    pair: EcdsaKeyPair,
}

pub(crate) struct Issuer {
    url: String,
    audience: String,
    token_seconds: u64,
    users: Vec<UserSpec>,
    random: SystemRandom,
    /// The last one signs.
    keys: Mutex<Vec<SigningKey>>,
}

/// A token as it is handed out.
#[derive(Debug, Serialize)]
pub(crate) struct Token {
    pub(crate) access_token: String,
    token_type: &'static str,
    expires_in: u64,
}

/// The key or the signature could not be made.
#[derive(Debug)]
pub(crate) struct KeyFailure;

impl Issuer {
    pub(crate) fn new(
        url: String,
        audience: String,
        token_seconds: u64,
        users: Vec<UserSpec>,
    ) -> Result<Self, SandboxError> {
        let issuer = Self { url, audience, token_seconds, users, random: SystemRandom::new(), keys: Mutex::default() };
        issuer.rotate().map_err(|KeyFailure| SandboxError::IssuerKey)?;
        Ok(issuer)
    }

    /// Signs with a new key from now on; the former one stays published.
    pub(crate) fn rotate(&self) -> Result<String, KeyFailure> {
        let document = EcdsaKeyPair::generate_pkcs8(&ES256, &self.random).map_err(|_| KeyFailure)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ES256, document.as_ref(), &self.random).map_err(|_| KeyFailure)?;
        let point = pair.public_key().as_ref();
        let id = BASE64_URL.encode(point.get(1..13).ok_or(KeyFailure)?);
        let mut keys = hold(&self.keys);
        keys.push(SigningKey { id: id.clone(), pair });
        let surplus = keys.len().saturating_sub(KEYS_MAX);
        keys.drain(..surplus);
        Ok(id)
    }

    pub(crate) fn discovery(&self) -> Value {
        let url = &self.url;
        json!({
            "issuer": url,
            "token_endpoint": format!("{url}/token"),
            "jwks_uri": format!("{url}/jwks"),
            "grant_types_supported": ["client_credentials", "password"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "claims_supported": ["sub", "icp_role", "icp_account"],
        })
    }

    pub(crate) fn published(&self) -> Value {
        let keys: Vec<Value> = hold(&self.keys).iter().filter_map(SigningKey::published).collect();
        json!({ "keys": keys })
    }

    /// A token for who knows the password of a user; `None` for everybody else.
    pub(crate) fn token(&self, name: &str, password: &str) -> Result<Option<Token>, KeyFailure> {
        let Some(user) = self.users.iter().find(|user| user.name == name && user.password == password) else {
            return Ok(None);
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| KeyFailure)?.as_secs();
        let claims = json!({
            "iss": self.url, "sub": user.name, "aud": self.audience, "iat": now, "nbf": now,
            "exp": now + self.token_seconds, "icp_role": user.role, "icp_account": user.account,
        });
        let keys = hold(&self.keys);
        let key = keys.last().ok_or(KeyFailure)?;
        let header = json!({ "typ": "JWT", "alg": "ES256", "kid": key.id });
        let part = |part: &Value| BASE64_URL.encode(part.to_string());
        let message = format!("{}.{}", part(&header), part(&claims));
        let signature = key.pair.sign(&self.random, message.as_bytes()).map_err(|_| KeyFailure)?;
        let access_token = format!("{message}.{}", BASE64_URL.encode(signature));
        Ok(Some(Token { access_token, token_type: "Bearer", expires_in: self.token_seconds }))
    }
}

impl SigningKey {
    fn published(&self) -> Option<Value> {
        let point: &[u8; POINT_BYTES] = self.pair.public_key().as_ref().try_into().ok()?;
        let (x, y) = point.get(1..)?.split_at_checked(POINT_BYTES / 2)?;
        Some(json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": BASE64_URL.encode(x), "y": BASE64_URL.encode(y),
        }))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_four_parts() {
        let spec: UserSpec = "anna:secret:applicant:shop:7".parse().unwrap();
        assert_eq!((spec.name.as_str(), spec.account.as_str()), ("anna", "shop:7"));
        assert_eq!(spec.to_string().parse::<UserSpec>().unwrap(), spec);
        for bad in ["", "anna", "anna:secret:applicant", ":secret:applicant:shop", "anna::applicant:shop"] {
            assert!(bad.parse::<UserSpec>().is_err(), "{bad}");
        }
    }
}
