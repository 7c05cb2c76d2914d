//! The chain of hashes, computed from the export alone. Intake's own code is not used on purpose: what checks the trail
//! shall not be what wrote it. Both are held to the same published lines by their tests.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::output::Answer;
use crate::problem::Problem;

/// One line of the export.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Its number.
    pub seq: u64,
    at: String,
    actor: String,
    role: String,
    action: String,
    object: String,
    detail: String,
    previous: String,
    hash: String,
}

impl Link {
    /// Reads a line; `expected` is the number that should stand in it.
    pub fn parse(line: &str, expected: u64) -> Result<Self, Problem> {
        serde_json::from_str(line).map_err(|error| {
            let what = format!("the line where entry {expected} should be is not understood");
            Problem::new(what, error, "export the trail again; if it is still so, the line was changed")
        })
    }

    /// The number of the order's event that the entry tells of.
    fn event_version(&self) -> Option<u64> {
        if !self.action.starts_with("order.") {
            return None;
        }
        serde_json::from_str::<serde_json::Value>(&self.detail).ok()?.get("version")?.as_u64()
    }

    /// SHA-256 over the texts as netstrings, hex.
    fn computed_hash(&self) -> String {
        let seq = self.seq.to_string();
        let texts = [&self.previous, &seq, &self.at, &self.actor, &self.role, &self.action, &self.object, &self.detail];
        let mut digest = Sha256::new();
        for text in texts {
            digest.update(format!("{}:{text},", text.len()));
        }
        hex::encode(digest.finalize())
    }
}

/// Follows a trail from its first entry on.
#[derive(Debug)]
pub struct Chain {
    seq: u64,
    hash: String,
    anchors: BTreeMap<u64, String>,
    anchors_held: usize,
    /// The last event of each order.
    versions: HashMap<String, u64>,
    /// Orders whose first entry is not about their first event.
    begun_late: usize,
}

/// The first entry that is not what it was.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    seq: u64,
    why: String,
}

impl Chain {
    /// Before the first entry; these published heads must be met.
    pub fn new(anchors: BTreeMap<u64, String>) -> Self {
        let hash = "0".repeat(64);
        Self { seq: 0, hash, anchors, anchors_held: 0, versions: HashMap::new(), begun_late: 0 }
    }

    /// Number of the last entry so far.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Goes one entry on.
    pub fn follow(&mut self, link: &Link) -> Result<(), Broken> {
        let seq = self.seq + 1;
        let broken = |why: &str| Err(Broken { seq, why: why.to_owned() });
        if link.seq != seq {
            return broken(&format!("entry {} stands in its place", link.seq));
        }
        if link.previous != self.hash {
            return broken("it does not name the hash of the entry before");
        }
        if link.hash != link.computed_hash() {
            return broken("its hash is not that of its content");
        }
        if let Some(why) = self.missed(link) {
            return broken(&why);
        }
        if let Some(anchor) = self.anchors.remove(&seq) {
            if anchor != link.hash {
                return broken("its hash is not the one that was published");
            }
            self.anchors_held += 1;
        }
        self.seq = seq;
        self.hash.clone_from(&link.hash);
        Ok(())
    }

    /// Events of an order are numbered: whoever removed an entry before it was linked left a gap here.
    fn missed(&mut self, link: &Link) -> Option<String> {
        let version = link.event_version()?;
        let Some(last) = self.versions.insert(link.object.clone(), version) else {
            self.begun_late += usize::from(version != 1);
            return None;
        };
        let why =
            format!("event {version} of {} stands behind event {last}: an entry in between was removed", link.object);
        (version != last + 1).then_some(why)
    }

    /// What is told at the end of the trail.
    pub fn answer(&self) -> Answer {
        if let Some(seq) = self.anchors.keys().next() {
            let why = format!("the trail ends at {}, but a head with this number was published", self.seq);
            return Broken { seq: *seq, why }.answer();
        }
        let mut text = format!("{} entries, every link holds; head {}:{}", self.seq, self.seq, self.hash);
        if self.begun_late > 0 {
            text.push_str(&format!(
                "\n{} orders begin with a later event than their first: they are older than the trail, or their first \
                 entries were removed",
                self.begun_late
            ));
        }
        let json = json!({
            "is_whole": true, "entries": self.seq, "hash": self.hash, "anchors_held": self.anchors_held,
            "orders_begun_late": self.begun_late,
        });
        Answer::new(text, json)
    }
}

impl Broken {
    /// Bad news.
    pub fn answer(&self) -> Answer {
        Answer {
            text: format!("the trail is broken at entry {}: {}", self.seq, self.why),
            json: json!({ "is_whole": false, "broken_at": self.seq, "why": self.why }),
            is_failure: true,
        }
    }
}
