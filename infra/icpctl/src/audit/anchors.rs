//! The heads that intake publishes, kept in a file outside of its database.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use async_nats::jetstream::{
    Context,
    consumer::{AckPolicy, DeliverPolicy, pull},
};
use futures::StreamExt as _;
use icp_proto::audit::Anchored;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::output::Answer;
use crate::problem::Problem;

const STREAM: &str = "ICP_EVENTS";
const SUBJECT: &str = "icp.evt.audit.v1.anchored.intake";
/// Heads in one question; one comes a day.
const PAGE: usize = 100;
/// How often the bus is asked for new ones.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Day in China.
    pub day: String,
    /// Number of the last entry.
    pub seq: u64,
    /// Its hash, hex.
    pub hash: String,
}

/// The heads of a file.
pub fn read(file: &Path) -> Result<Vec<Anchor>, Problem> {
    let failed = |why: String| {
        let what = format!("{} is not read", file.display());
        Problem::new(what, why, "name a file that `icpctl audit anchors` wrote")
    };
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| failed(format!("line {}: {error}", index + 1)))
    };
    text.lines().enumerate().map(parse).collect()
}

/// Appends the heads on the bus that are not in the file yet; with `follow` goes on until it is ended. A head that says
/// something else than the one of the file is refused: then the trail was written anew.
pub async fn keep(jetstream: &Context, file: &Path, follow: bool) -> Result<Answer, Problem> {
    let mut known = if file.exists() { read(file)? } else { Vec::new() };
    let before = known.len();
    let mut next = 1;
    loop {
        let (told, after) = published(jetstream, next).await.map_err(|error| {
            Problem::new("the heads are not read", error, "check that the bus holds the stream ICP_EVENTS")
        })?;
        for anchor in told {
            take(file, &mut known, anchor)?;
        }
        let is_all = after == next;
        next = after;
        if is_all && !follow {
            break;
        }
        if is_all {
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
    let new = known.len() - before;
    let text = format!("{new} new heads, {} in {}", known.len(), file.display());
    Ok(Answer::new(text, json!({ "new": new, "heads": known.len(), "file": file })))
}

fn take(file: &Path, known: &mut Vec<Anchor>, anchor: Anchor) -> Result<(), Problem> {
    if known.contains(&anchor) {
        return Ok(());
    }
    // A day without entries publishes the head of the day before again.
    let contradicts = |other: &&Anchor| other.day == anchor.day || other.seq == anchor.seq && other.hash != anchor.hash;
    if let Some(other) = known.iter().find(contradicts) {
        let what = format!("the head of {} is not the one that was kept", anchor.day);
        let why = format!("kept is {}:{}, published {}:{}", other.seq, other.hash, anchor.seq, anchor.hash);
        return Err(Problem::new(what, why, "the trail was written anew: compare it with a backup"));
    }
    let failed = |error: std::io::Error| {
        Problem::new(format!("{} cannot be written", file.display()), error, "choose another place")
    };
    let mut out = OpenOptions::new().create(true).append(true).open(file).map_err(failed)?;
    let line = serde_json::to_string(&anchor)
        .map_err(|error| Problem::new("the head is not written", error, "report this as a fault"))?;
    writeln!(out, "{line}").and_then(|()| out.sync_all()).map_err(failed)?;
    known.push(anchor);
    Ok(())
}

/// Heads from this place of the stream on, and the place behind them.
async fn published(jetstream: &Context, from: u64) -> Result<(Vec<Anchor>, u64), async_nats::Error> {
    let stream = jetstream.get_stream(STREAM).await?;
    // A stream that was made anew counts from the beginning.
    let from = if stream.cached_info().state.last_sequence + 1 < from { 1 } else { from };
    let consumer = stream
        .create_consumer(pull::Config {
            filter_subject: SUBJECT.to_owned(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from },
            ack_policy: AckPolicy::None,
            ..pull::Config::default()
        })
        .await?;
    let mut messages = consumer.fetch().max_messages(PAGE).messages().await?;
    let (mut anchors, mut next) = (Vec::new(), from);
    while let Some(message) = messages.next().await {
        let message = message?;
        let told = Anchored::decode(message.payload.clone())?;
        let seq = u64::try_from(told.seq)?;
        anchors.push(Anchor { day: told.day, seq, hash: told.hash });
        next = message.info()?.stream_sequence + 1;
    }
    Ok((anchors, next))
}
