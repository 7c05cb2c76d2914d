//! The verbs on intake's audit trail.

mod anchors;
mod chain;
mod source;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use serde_json::json;

use crate::bus;
use crate::cli::{AuditVerb, Cli, IntakeArgs};
use crate::output::Answer;
use crate::problem::Problem;
use chain::{Chain, Link};
use source::Intake;

/// Does what is asked.
pub async fn run(verb: &AuditVerb, cli: &Cli) -> Result<Answer, Problem> {
    match verb {
        AuditVerb::Anchors { out, follow } => anchors::keep(&bus::connect(cli).await?, out, *follow).await,
        AuditVerb::Export { intake: IntakeArgs { intake, token_file }, after, out } => {
            export(&Intake::new(intake, token_file)?, *after, out).await
        }
        AuditVerb::Verify { file: Some(file), anchor, anchors, .. } => {
            verify_file(file, known(anchor, anchors.as_deref())?)
        }
        AuditVerb::Verify { intake: Some(intake), token_file: Some(token_file), anchor, anchors, .. } => {
            verify(&Intake::new(intake, token_file)?, known(anchor, anchors.as_deref())?).await
        }
        AuditVerb::Verify { .. } => {
            let why = "neither a file nor intake with a token is given";
            Err(Problem::new("no trail is named", why, "give a file, or --intake and --token-file"))
        }
    }
}

async fn export(intake: &Intake, after: u64, out: &Path) -> Result<Answer, Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(format!("{} cannot be written", out.display()), error, "choose another place")
    };
    let file = OpenOptions::new().create_new(true).write(true).open(out).map_err(failed)?;
    let mut file = BufWriter::new(file);
    let (mut entries, mut last) = (0_u64, after);
    loop {
        let page = intake.page(last).await?;
        for line in page.lines() {
            last = Link::parse(line, last + 1)?.seq;
            writeln!(file, "{line}").map_err(failed)?;
            entries += 1;
        }
        if page.is_empty() {
            break;
        }
    }
    file.flush().map_err(failed)?;
    Ok(Answer::new(
        format!("{entries} entries up to number {last} are in {}", out.display()),
        json!({ "entries": entries, "last": last, "file": out }),
    ))
}

async fn verify(intake: &Intake, anchors: BTreeMap<u64, String>) -> Result<Answer, Problem> {
    let mut chain = Chain::new(anchors);
    loop {
        let page = intake.page(chain.seq()).await?;
        for line in page.lines() {
            if let Err(broken) = chain.follow(&Link::parse(line, chain.seq() + 1)?) {
                return Ok(broken.answer());
            }
        }
        if page.is_empty() {
            return Ok(chain.answer());
        }
    }
}

fn verify_file(file: &Path, anchors: BTreeMap<u64, String>) -> Result<Answer, Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(format!("{} cannot be read", file.display()), error, "name a file that `audit export` wrote")
    };
    let lines = BufReader::new(std::fs::File::open(file).map_err(failed)?).lines();
    let mut chain = Chain::new(anchors);
    for line in lines {
        if let Err(broken) = chain.follow(&Link::parse(&line.map_err(failed)?, chain.seq() + 1)?) {
            return Ok(broken.answer());
        }
    }
    Ok(chain.answer())
}

/// Published heads by their number: those that were given, and those of a file.
fn known(given: &[String], file: Option<&Path>) -> Result<BTreeMap<u64, String>, Problem> {
    let mut heads = given_heads(given)?;
    if let Some(file) = file {
        heads.extend(anchors::read(file)?.into_iter().map(|anchor| (anchor.seq, anchor.hash)));
    }
    Ok(heads)
}

fn given_heads(given: &[String]) -> Result<BTreeMap<u64, String>, Problem> {
    let parse = |text: &String| {
        let (seq, hash) = text.split_once(':')?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some((seq.parse().ok()?, is_hash.then(|| hash.to_lowercase())?))
    };
    given
        .iter()
        .map(|text| {
            parse(text).ok_or_else(|| {
                Problem::new(
                    format!("`{text}` is no head"),
                    "it is a number and a hash",
                    "give --anchor 123:<64 hex digits>",
                )
            })
        })
        .collect()
}
