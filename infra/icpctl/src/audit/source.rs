//! Intake, which hands the trail out page by page.

use std::path::Path;

use crate::place;
use crate::problem::Problem;

/// A running intake.
pub struct Intake {
    url: String,
    token: String,
    http: reqwest::Client,
}

impl Intake {
    /// Intake at an address, with the token in a file.
    pub fn new(url: &str, token_file: &Path) -> Result<Self, Problem> {
        let token = place::read(token_file, "name the file with the token of an auditor or operator")?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            token: String::from_utf8_lossy(&token).trim().to_owned(),
            http: reqwest::Client::new(),
        })
    }

    /// The next lines behind a number; none at the end of the trail.
    pub async fn page(&self, after: u64) -> Result<String, Problem> {
        let url = format!("{}/v1/audit?after={after}", self.url);
        let remedy = "check the address and the token of the auditor";
        let failed = |why: String| Problem::new("intake does not hand out its audit trail", why, remedy);
        let answer =
            self.http.get(url).bearer_auth(&self.token).send().await.map_err(|error| failed(error.to_string()))?;
        if !answer.status().is_success() {
            return Err(failed(format!("it answered {}", answer.status())));
        }
        answer.text().await.map_err(|error| failed(error.to_string()))
    }
}
