//! What a step leaves behind besides its own state: messages, jobs and journal entries.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::message::Outgoing;

/// A step that calls the outside world.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Which worker does it.
    pub kind: &'static str,
    /// What it is about, for the operator.
    pub key: String,
    /// What the worker needs. Personal data only sealed or encrypted.
    pub payload: Vec<u8>,
    /// Not before this time (the system's clock, not the business clock).
    pub run_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq)]
struct JournalEntry {
    order_id: Uuid,
    what: String,
    why: String,
}

/// Collects what a transaction shall leave behind. Written in one statement.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Effects {
    messages: Vec<Outgoing>,
    journal: Vec<JournalEntry>,
    jobs: Vec<(NewJob, Option<String>)>,
    cause: Option<String>,
}

impl Effects {
    /// No effects yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the trace context that the next messages and jobs follow from.
    pub fn set_cause(&mut self, traceparent: Option<String>) {
        self.cause = traceparent;
    }

    /// Publishes a message after the commit.
    pub fn send(&mut self, mut message: Outgoing) {
        if message.traceparent.is_none() {
            message.traceparent = self.traceparent();
        }
        self.messages.push(message);
    }

    /// Adds a line to the order's journal. `what` and `why` hold no personal data.
    pub fn journal(&mut self, order_id: Uuid, what: impl Into<String>, why: impl Into<String>) {
        self.journal.push(JournalEntry { order_id, what: what.into(), why: why.into() });
    }

    /// Adds a job.
    pub fn job(&mut self, job: NewJob) {
        let traceparent = self.traceparent();
        self.jobs.push((job, traceparent));
    }

    /// Adds what another step leaves behind.
    pub fn append(&mut self, other: Effects) {
        self.messages.extend(other.messages);
        self.journal.extend(other.journal);
        self.jobs.extend(other.jobs);
    }

    /// Whether there is something to publish.
    pub fn has_messages(&self) -> bool {
        !self.messages.is_empty()
    }

    /// Whether there are jobs.
    pub fn has_jobs(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// The messages so far, for tests of handlers.
    pub fn messages(&self) -> &[Outgoing] {
        &self.messages
    }

    fn traceparent(&self) -> Option<String> {
        self.cause.clone().or_else(icp_kit::telemetry::current_traceparent)
    }

    /// Writes everything in one round trip.
    pub(crate) async fn write(self, connection: &mut PgConnection, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        if self.messages.is_empty() && self.journal.is_empty() && self.jobs.is_empty() {
            return Ok(());
        }
        let messages = &self.messages;
        let ids: Vec<Uuid> = messages.iter().map(|m| m.id).collect();
        let subjects: Vec<&str> = messages.iter().map(|m| m.subject.as_str()).collect();
        let kinds: Vec<&str> = messages.iter().map(|m| m.kind.as_str()).collect();
        let keys: Vec<&str> = messages.iter().map(|m| m.key.as_str()).collect();
        let traceparents: Vec<Option<&str>> = messages.iter().map(|m| m.traceparent.as_deref()).collect();
        let payloads: Vec<&[u8]> = messages.iter().map(|m| m.payload.as_ref()).collect();

        let order_ids: Vec<Uuid> = self.journal.iter().map(|e| e.order_id).collect();
        let whats: Vec<&str> = self.journal.iter().map(|e| e.what.as_str()).collect();
        let whys: Vec<&str> = self.journal.iter().map(|e| e.why.as_str()).collect();

        let job_kinds: Vec<&str> = self.jobs.iter().map(|(j, _)| j.kind).collect();
        let job_keys: Vec<&str> = self.jobs.iter().map(|(j, _)| j.key.as_str()).collect();
        let job_payloads: Vec<&[u8]> = self.jobs.iter().map(|(j, _)| j.payload.as_slice()).collect();
        let job_times: Vec<DateTime<Utc>> = self.jobs.iter().map(|(j, _)| j.run_at).collect();
        let job_traceparents: Vec<Option<&str>> = self.jobs.iter().map(|(_, t)| t.as_deref()).collect();

        sqlx::query(include_str!("../queries/write_effects.sql"))
            .bind(now)
            .bind(ids)
            .bind(subjects)
            .bind(kinds)
            .bind(keys)
            .bind(traceparents)
            .bind(payloads)
            .bind(order_ids)
            .bind(whats)
            .bind(whys)
            .bind(job_kinds)
            .bind(job_keys)
            .bind(job_payloads)
            .bind(job_times)
            .bind(job_traceparents)
            .execute(connection)
            .await?;
        Ok(())
    }
}
