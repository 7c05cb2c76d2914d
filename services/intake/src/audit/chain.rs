//! The chain of hashes, pure.
//!
//! The hash of an entry is the SHA-256 of these texts, each written as a netstring (`<bytes>:<text>,`): hash of the entry
//! before in hex, number, time, actor, role, action, object, detail. The first entry has the number 1, and 64 zeros for
//! the hash before. Texts are those of the export, so that anybody can compute the chain from it.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::Entry;

/// A hash.
pub type Hash = [u8; 32];

/// The end of the trail so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the last entry.
    pub seq: i64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// Before the first entry.
    pub const START: Self = Self { seq: 0, hash: [0; 32] };
}

/// An entry of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Its number: one more than that of the entry before.
    pub seq: i64,
    /// What it tells.
    pub entry: Entry,
    /// Hash of the entry before.
    pub previous: Hash,
    /// Its own hash.
    pub hash: Hash,
}

/// An entry as a line of the export.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditLine)]
pub struct Line<'a> {
    /// Its number: one more than that of the entry before.
    seq: i64,
    /// When.
    #[schema(value_type = DateTime<Utc>)]
    at: String,
    /// Name of the caller's token, of a service, or of the policy.
    actor: &'a str,
    /// Its role, e.g. `reviewer` or `service`.
    role: &'a str,
    /// What was done, e.g. `order.returned`.
    action: &'a str,
    /// To what, e.g. `order 0199…`.
    object: &'a str,
    /// More about it, as JSON.
    detail: &'a str,
    /// Hash of the entry before.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    previous: String,
    /// SHA-256 of the entry and the hash before.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    hash: String,
}

impl Linked {
    /// Links an entry behind `head`.
    pub fn behind(head: Head, entry: Entry) -> Self {
        let seq = head.seq + 1;
        let hash = hash(head.hash, seq, &entry);
        Self { seq, entry, previous: head.hash, hash }
    }

    /// The head that this entry makes.
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }

    /// Whether it is the entry that follows `head`, as it was linked.
    pub fn follows(&self, head: Head) -> bool {
        self.seq == head.seq + 1 && self.previous == head.hash && self.hash == hash(head.hash, self.seq, &self.entry)
    }

    /// The line of the export.
    pub fn line(&self) -> Line<'_> {
        Line {
            seq: self.seq,
            at: time_text(self.entry.at),
            actor: &self.entry.actor,
            role: &self.entry.role,
            action: &self.entry.action,
            object: &self.entry.object,
            detail: &self.entry.detail,
            previous: hex::encode(self.previous),
            hash: hex::encode(self.hash),
        }
    }
}

fn hash(previous: Hash, seq: i64, entry: &Entry) -> Hash {
    let mut digest = Sha256::new();
    let (previous, seq, at) = (hex::encode(previous), seq.to_string(), time_text(entry.at));
    let texts = [&previous, &seq, &at, &entry.actor, &entry.role, &entry.action, &entry.object, &entry.detail];
    for text in texts {
        digest.update(format!("{}:{text},", text.len()));
    }
    digest.finalize().into()
}

fn time_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn entry(n: u8) -> Entry {
        Entry {
            at: DateTime::from_timestamp_millis(1_763_770_000_000 + i64::from(n)).unwrap(),
            actor: format!("审核员 {n}"),
            role: "reviewer".to_owned(),
            action: "order.returned".to_owned(),
            object: "order 0199".to_owned(),
            detail: format!("{{\"version\":{n}}}"),
        }
    }

    fn chain(count: u8) -> Vec<Linked> {
        let mut head = Head::START;
        (1..=count)
            .map(|n| {
                let linked = Linked::behind(head, entry(n));
                head = linked.head();
                linked
            })
            .collect()
    }

    /// The number of the first entry that does not follow the one before.
    fn broken(chain: &[Linked]) -> Option<i64> {
        let mut head = Head::START;
        for linked in chain {
            if !linked.follows(head) {
                return Some(linked.seq);
            }
            head = linked.head();
        }
        None
    }

    #[test]
    fn the_export_is_the_published_one() {
        let lines: String =
            chain(3).iter().map(|linked| serde_json::to_string(&linked.line()).unwrap() + "\n").collect();
        assert_eq!(lines, include_str!("golden.ndjson"));
    }

    #[test]
    fn every_change_breaks_the_chain_where_it_was_made() {
        assert_eq!(broken(&chain(5)), None);
        let changes: [fn(&mut Linked); 9] = [
            |linked| linked.seq += 10,
            |linked| linked.entry.at += chrono::TimeDelta::microseconds(1),
            |linked| linked.entry.actor.push('x'),
            |linked| linked.entry.role.clear(),
            |linked| linked.entry.action.push('x'),
            |linked| linked.entry.object.push('x'),
            |linked| linked.entry.detail.push('x'),
            |linked| linked.previous[0] ^= 1,
            |linked| linked.hash[31] ^= 1,
        ];
        for change in changes {
            let mut changed = chain(5);
            change(&mut changed[2]);
            assert_eq!(broken(&changed), Some(changed[2].seq));
        }
        let mut removed = chain(5);
        removed.remove(2);
        assert_eq!(broken(&removed), Some(4));
        // A text that moves from one field to the next is a change as well.
        let mut moved = chain(5);
        moved[2].entry.action = "order".to_owned();
        moved[2].entry.object = ".returnedorder 0199".to_owned();
        assert_eq!(broken(&moved), Some(3));
        // Whoever computes the hash of the changed entry anew breaks the next one.
        let mut hidden = chain(5);
        hidden[2] = Linked::behind(hidden[1].head(), entry(9));
        assert_eq!(broken(&hidden), Some(4));
    }
}
