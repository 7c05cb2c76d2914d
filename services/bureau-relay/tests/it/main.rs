//! The relay against real Postgres and NATS and a small bureau made for these tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod fake_bureau;
mod faults;
mod journeys;
mod pictures;
mod world;
