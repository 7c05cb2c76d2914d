//! Outbox, inbox, consumers and jobs over real Postgres and NATS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(debug_assertions)]
mod crashes;
mod delivery;
mod jobs;
mod node;
