//! Calls the press: one process per paper, a few at a time, within a bound.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use icp_domain::Filing;
use icp_papers::{Output, Paper, PrintJob, Refusal};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::Semaphore;

use super::PapersConfig;
use crate::api::problem::{Kind, Problem};

/// Papers that are printed at the same time; each takes some 70 MB.
static PRESSES: Semaphore = Semaphore::const_new(2);
const PROGRAM: &str = "icp-press";
/// Status of the press when it cannot print here and says why.
const REFUSED: i32 = 3;
/// Status of the press when the words of the paper cannot be printed; it writes a [`Refusal`].
const UNPRINTABLE: i32 = 4;

/// The paper, which is about this filing, as a file.
pub(super) async fn print(
    config: &PapersConfig,
    filing: &Filing,
    paper: Paper,
    output: Output,
) -> Result<Vec<u8>, Problem> {
    let font_file = (!config.font_file.as_os_str().is_empty()).then(|| config.font_file.clone());
    let job = serde_json::to_vec(&PrintJob { paper, output, font_file }).map_err(|error| failed(&error))?;
    let limit = Duration::from_millis(config.press_timeout_ms);
    match tokio::time::timeout(limit, run(program(config), filing, &job)).await {
        Ok(printed) => printed,
        Err(_) => Err(Problem::new(Kind::Unavailable, "The paper took too long to print. Ask again.")),
    }
}

async fn run(program: PathBuf, filing: &Filing, job: &[u8]) -> Result<Vec<u8>, Problem> {
    let _turn = PRESSES.acquire().await.map_err(|error| failed(&error))?;
    let mut press = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            tracing::error!(%error, program = %program.display(), "the press cannot be started");
            Problem::new(Kind::Unavailable, "Papers cannot be printed: the operator must install `icp-press`.")
        })?;
    if let Some(mut input) = press.stdin.take() {
        input.write_all(job).await.map_err(|error| failed(&error))?;
    }
    let printed = press.wait_with_output().await.map_err(|error| failed(&error))?;
    if printed.status.success() {
        return Ok(printed.stdout);
    }
    let reason = String::from_utf8_lossy(&printed.stderr).trim().to_owned();
    if printed.status.code() == Some(UNPRINTABLE) {
        let refusal = serde_json::from_str(&reason).map_err(|error| failed(&error))?;
        return Err(unprintable(filing, refusal));
    }
    if printed.status.code() == Some(REFUSED) {
        return Err(Problem::new(Kind::Unavailable, format!("The paper is not printed: {reason}.")));
    }
    Err(failed(&reason))
}

/// Names the field whose words the press cannot print.
fn unprintable(filing: &Filing, refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NoGlyph { character } => {
            let reason = format!("the paper cannot print `{character}` (U+{:04X})", u32::from(character));
            let declared = serde_json::to_value(filing).unwrap_or_default();
            match place_of(&declared, character, String::new()) {
                Some(field) => Problem::field(&field, &reason, "use another character, or ask the provider to add it"),
                // What the filing does not say is the provider's own: its name, or words of a template.
                None => {
                    tracing::error!(%character, "the font of the papers lacks a character");
                    Problem::new(Kind::Unavailable, format!("The paper is not printed: {reason}."))
                }
            }
        }
        Refusal::TooLong { pages } => {
            let names =
                filing.services.iter().enumerate().map(|(index, it)| (format!("services[{index}].name"), &it.name));
            let longest = names
                .chain([("organiser.name".to_owned(), &filing.organiser.name)])
                .max_by_key(|(_, name)| name.chars().count());
            let field = longest.map(|(field, _)| field).unwrap_or_default();
            Problem::field(&field, &format!("the paper has one page and would take {pages}"), "shorten it")
        }
    }
}

/// Path of the first text that holds the character.
fn place_of(value: &Value, character: char, path: String) -> Option<String> {
    match value {
        Value::String(text) => text.contains(character).then_some(path),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| place_of(item, character, format!("{path}[{index}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let separator = if path.is_empty() { "" } else { "." };
            place_of(field, character, format!("{path}{separator}{name}"))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "the press failed");
    Problem::new(Kind::Internal, "The paper cannot be printed; the operator has been told.")
}

fn program(config: &PapersConfig) -> PathBuf {
    if !config.press_program.as_os_str().is_empty() {
        return config.press_program.clone();
    }
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(PROGRAM));
    beside.unwrap_or_else(|| PathBuf::from(PROGRAM))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use icp_domain::Province;
    use icp_testkit::filings::company_filing;

    use super::*;

    fn field(problem: &Problem) -> &str {
        assert_eq!(problem.kind(), Kind::InvalidFields);
        &problem.errors()[0].field
    }

    #[test]
    fn a_character_that_cannot_be_printed_is_the_applicants_only_where_the_filing_says_it() {
        let mut filing = company_filing(Province::Guangdong, 1);
        let refusal = Refusal::NoGlyph { character: '𠮷' };
        assert_eq!(unprintable(&filing, refusal).kind(), Kind::Unavailable);
        filing.services[0].principal.name.push('𠮷');
        assert_eq!(field(&unprintable(&filing, refusal)), "services[0].principal.name");
    }

    #[test]
    fn a_text_that_is_too_long_is_named() {
        let mut filing = company_filing(Province::Guangdong, 1);
        filing.services[0].name = "长".repeat(500);
        assert_eq!(field(&unprintable(&filing, Refusal::TooLong { pages: 2 })), "services[0].name");
    }
}
