//! The audit trail (操作审计): who did or saw what, in a chain of hashes that shows every later change.
//!
//! An entry about a change is written by the statement that makes the change, so neither is there without the other. A
//! look at somebody's personal data is answered only after its entry is stored. Neither waits for the chain: both go to
//! `audit_pending`, and one task at a time ([`trail`]) moves what is committed into `audit_trail`, where each entry
//! gets the next number and the hash of the one before ([`chain`]). A crash at any place leaves an entry in one of the
//! two tables, never in both and never in none.
//!
//! What this guarantees:
//!
//! * An entry of the trail that is changed, removed or put in between breaks the chain at its number.
//! * Whoever removes the newest entries, or links everything anew, contradicts the heads that were published as
//!   `icp.evt.audit.v1.anchored.intake`, one a day. Keep those outside of this database.
//! * Triggers refuse changes, also to the database role of the service; the owner of the database can remove triggers,
//!   which is why the chain is there.
//! * An entry about an event that is removed between its commit and its link (`intake.audit.link_every_ms`, when nothing
//!   is stuck) is missed: events of an order are numbered, so the next one shows a gap in the export, and before a head
//!   is published the history is held against the trail. What tells of no change (a look, a claim) has no such number,
//!   and can be removed unnoticed in that time by whoever can write to the database.
//! * An entry about an event of an order holds the SHA-256 of the event as Postgres prints it, so a changed
//!   `order_history` contradicts the trail.

pub mod chain;
pub mod store;
pub mod trail;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use icp_bus::Bus;
use icp_kit::Gather;
use serde::{Deserialize, Serialize};

use crate::api::auth::Caller;

/// The section `[intake.audit]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// How often entries are linked, milliseconds.
    pub link_every_ms: u64,
    /// Entries that are linked in one transaction at most.
    pub link_batch: i64,
    /// Entries in one page of the export at most.
    pub max_page: i64,
}

/// Who did or saw what. Holds no personal data: names of tokens, ids and codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// Name of the caller's token, of a service, or of the policy.
    pub actor: String,
    /// Its role, e.g. `reviewer` or `service`.
    pub role: String,
    /// What was done, e.g. `order.returned` or `content.viewed`.
    pub action: String,
    /// To what, e.g. `order 0199…`.
    pub object: String,
    /// More about it, as JSON.
    pub detail: String,
}

impl Entry {
    /// What a caller does or sees.
    pub fn of(
        caller: &Caller,
        at: DateTime<Utc>,
        action: impl Into<String>,
        object: impl Into<String>,
        detail: &serde_json::Value,
    ) -> Self {
        Self {
            at,
            actor: caller.name.clone(),
            role: caller.role.as_str().to_owned(),
            action: action.into(),
            object: object.into(),
            detail: detail.to_string(),
        }
    }
}

type Answer = Result<(), Arc<sqlx::Error>>;

/// Records looks at personal data; those that come at the same time share a statement. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    gather: Gather<Entry, Answer>,
}

impl Recorder {
    /// Starts the part that writes.
    pub fn start(bus: &Bus) -> Self {
        let context = bus.context();
        let (gather, answering) = context.common.nats.gather();
        let (pool, shutdown) = (context.pool.clone(), context.shutdown.clone());
        context.spawn(answering.run(shutdown, move |entries: Vec<Entry>| {
            let pool = pool.clone();
            async move {
                let answer = store::record(&pool, &entries).await.map_err(Arc::new);
                vec![answer; entries.len()]
            }
        }));
        Self { gather }
    }

    /// Stores an entry; the answer comes after the commit.
    pub async fn record(&self, entry: Entry) -> Answer {
        self.gather.ask(entry).await.unwrap_or_else(|| Err(Arc::new(sqlx::Error::PoolClosed)))
    }
}
