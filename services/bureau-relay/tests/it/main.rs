//! The relay against real Postgres and NATS, and a small bureau made for these tests or that of the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod accounts;
mod batches;
mod fake_bureau;
mod faults;
mod journeys;
mod on_record;
mod operations;
mod pictures;
mod queries;
mod read_back;
mod sandbox;
mod upgrade;
mod withdrawals;
mod world;
