//! The service against real Postgres and NATS and authorities over HTTP. Every message is published twice; nothing
//! may happen twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
mod lookups;
mod registers;
mod repetition;
mod world;
