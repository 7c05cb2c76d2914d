//! Prints papers, and says whose words cannot be printed.

use std::time::Duration;

use icp_domain::Filing;
use icp_kit::{Press, PressError};
use icp_papers::{Output, Paper, PrintJob, Refusal};
use serde_json::Value;

use super::PapersConfig;
use crate::api::problem::{Kind, Problem};

/// The paper, which is about this filing, as a file.
pub(super) async fn print(
    config: &PapersConfig,
    filing: &Filing,
    paper: Paper,
    output: Output,
) -> Result<Vec<u8>, Problem> {
    let limit = Duration::from_millis(config.press_timeout_ms);
    let press = Press::new(&config.press_program, limit);
    let job = PrintJob::new(paper, output, &config.font_file);
    // Somebody waits for the answer: the wait for a turn counts too.
    let printed = tokio::time::timeout(limit, press.print(&job)).await;
    printed.unwrap_or(Err(PressError::TookTooLong(limit))).map_err(|error| match error {
        PressError::NotStarted { .. } => {
            tracing::error!(error = &error as &dyn std::error::Error, "papers cannot be printed");
            Problem::new(Kind::Unavailable, "Papers cannot be printed: the operator must install `icp-press`.")
        }
        PressError::TookTooLong(_) => Problem::new(Kind::Unavailable, "The paper took too long to print. Ask again."),
        PressError::Refused(reason) => Problem::new(Kind::Unavailable, format!("The paper is not printed: {reason}.")),
        PressError::Unprintable(reason) => match serde_json::from_str(&reason) {
            Ok(refusal) => unprintable(filing, refusal),
            Err(error) => failed(&error),
        },
        PressError::Failed(reason) => failed(&reason),
    })
}

/// Names the field whose words the press cannot print.
fn unprintable(filing: &Filing, refusal: Refusal) -> Problem {
    let reason = refusal.to_string();
    match refusal {
        Refusal::NoGlyph { character } => {
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
        Refusal::TooLong { .. } => {
            let names =
                filing.services.iter().enumerate().map(|(index, it)| (format!("services[{index}].name"), &it.name));
            let longest = names
                .chain([("organiser.name".to_owned(), &filing.organiser.name)])
                .max_by_key(|(_, name)| name.chars().count());
            let field = longest.map(|(field, _)| field).unwrap_or_default();
            Problem::field(&field, &reason, "shorten it")
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
