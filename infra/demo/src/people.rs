//! The demo's people: they sign in at the sandbox's issuer of tokens.

use anyhow::Context as _;
use serde::Deserialize;

/// Password of everybody whom the sandbox knows.
const PASSWORD: &str = "sandbox-password";

/// Tokens of the demo's people.
#[derive(Debug, Clone)]
pub struct People {
    /// Writes and submits.
    pub applicant: String,
    /// Decides.
    pub reviewer: String,
}

impl People {
    /// Everybody signs in.
    pub async fn sign_in(http: &reqwest::Client, sandbox_url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            applicant: sign_in(http, sandbox_url, "applicant").await?,
            reviewer: sign_in(http, sandbox_url, "reviewer").await?,
        })
    }
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

async fn sign_in(http: &reqwest::Client, sandbox_url: &str, name: &str) -> anyhow::Result<String> {
    let form = format!("grant_type=password&username={name}&password={PASSWORD}");
    let request = http.post(format!("{sandbox_url}/issuer/token")).body(form);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await?;
    let token: Token = answer.error_for_status().with_context(|| format!("{name} cannot sign in"))?.json().await?;
    Ok(token.access_token)
}
