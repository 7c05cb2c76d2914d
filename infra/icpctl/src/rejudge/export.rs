//! The stock as intake hands it out: over its API, with a reviewer's token, because filings are personal data and only
//! intake can read them.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use icp_domain::Stage;
use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::output::Answer;
use crate::place;
use crate::problem::Problem;

/// Orders in one page.
const PAGE: usize = 50;
/// Filings that are asked for at the same time.
const AT_ONCE: usize = 8;

#[derive(Deserialize)]
struct Page {
    orders: Vec<Listed>,
    next_after: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

/// An order as the API shows it, as far as it is used here.
#[derive(Deserialize)]
struct Filed {
    id: String,
    findings: Vec<icp_domain::Finding>,
    #[serde(default)]
    service_numbers: Vec<String>,
    filing: Option<Value>,
}

/// Writes all approved orders of a province, or of all, as lines of a stock.
pub async fn export(
    cli: &Cli,
    url: Option<&str>,
    token_file: Option<&Path>,
    out: &Path,
    province: Option<&str>,
) -> Result<Answer, Problem> {
    let demo = place::demo(cli.root.as_deref());
    let of_demo = demo.as_ref().map(|demo| demo.services.intake.http.as_str());
    let url = url.or(of_demo).ok_or_else(|| {
        Problem::new("no intake is named", "no demo is running here", "give --intake <url> or set ICP_INTAKE_URL")
    })?;
    let of_demo = demo.as_ref().map(|demo| demo.reviewer_token.as_path());
    let token_file = token_file
        .or(of_demo)
        .ok_or_else(|| Problem::new("no token is named", "no demo is running here", "give --token-file <file>"))?;
    let token = place::read(token_file, "name the file with the token of a reviewer")?;
    let intake = Intake {
        url: url.trim_end_matches('/').to_owned(),
        token: String::from_utf8_lossy(&token).trim().to_owned(),
        http: reqwest::Client::new(),
    };
    let written = |error: std::io::Error| {
        Problem::new(format!("{} cannot be written", out.display()), error, "choose another place")
    };
    // Personal data: for this user alone.
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(out).map_err(written)?;
    let mut file = BufWriter::new(file);
    let (mut filings, mut after) = (0_u64, None::<String>);
    loop {
        let mut path = format!("/v1/orders?phase=approved&limit={PAGE}");
        for (key, value) in [("province", province), ("after", after.as_deref())] {
            if let Some(value) = value {
                path += &format!("&{key}={value}");
            }
        }
        let page: Page = intake.get(&path).await?;
        let asked = page.orders.iter().map(|listed| intake.filed(&listed.id));
        let lines: Vec<Value> = futures::stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        for line in lines {
            writeln!(file, "{line}").map_err(written)?;
            filings += 1;
        }
        match page.next_after {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    file.flush().map_err(written)?;
    let text =
        format!("{filings} filings are in {}; it holds personal data: remove it when it is judged", out.display());
    Ok(Answer::new(text, json!({ "filings": filings, "file": out })))
}

struct Intake {
    url: String,
    token: String,
    http: reqwest::Client,
}

impl Intake {
    async fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        let what = || format!("intake does not hand out {path}");
        let remedy = "check the address and the reviewer's token";
        let answer = loop {
            let answer = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token).send().await;
            let answer = answer.map_err(|error| Problem::new(what(), error, remedy))?;
            if answer.status() != StatusCode::TOO_MANY_REQUESTS {
                break answer;
            }
            let seconds = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            tokio::time::sleep(Duration::from_secs(seconds.unwrap_or(1))).await;
        };
        let status = answer.status();
        let text = answer.bytes().await.map_err(|error| Problem::new(what(), error, remedy))?;
        if !status.is_success() {
            return Err(Problem::new(what(), format!("it answered {status}"), remedy));
        }
        serde_json::from_slice(&text).map_err(|error| Problem::new(what(), error, "use the icpctl of its version"))
    }

    async fn filed(&self, id: &str) -> Result<Value, Problem> {
        let filed: Filed = self.get(&format!("/v1/orders/{id}")).await?;
        let filing = filed.filing.ok_or_else(|| {
            let why = "the token's role may not read filings";
            Problem::new(format!("intake does not hand out the filing of {id}"), why, "use the token of a reviewer")
        })?;
        // Only what the rules found: the other stages are not judged again.
        let of_rules = filed.findings.iter().filter(|finding| finding.stage == Stage::Rules);
        let findings: Vec<String> = of_rules
            .map(|finding| {
                let severity = format!("{:?}", finding.severity).to_lowercase();
                format!("{severity} {} {}", finding.code, finding.field)
            })
            .collect();
        let name = if filed.service_numbers.is_empty() { filed.id } else { filed.service_numbers.join(",") };
        Ok(json!({ "id": name, "filing": filing, "findings": findings }))
    }
}
