//! Outbox, inbox, consumers and jobs over real Postgres and NATS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod delivery;
mod jobs;
mod node;
