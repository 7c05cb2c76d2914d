//! The service against real Postgres and NATS. Every message is published twice; nothing may happen twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod engines;
mod repetition;
mod verification;
mod world;
