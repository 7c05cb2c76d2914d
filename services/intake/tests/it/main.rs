//! Intake over real Postgres and NATS: the REST API with bad input, and the facts of other services.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod amendments;
mod app;
mod archive;
mod audit;
mod bad_input;
mod checks;
mod desk;
mod determinations;
mod entitlements;
mod facts;
mod outlook;
mod papers;
mod start;
mod statistics;
mod types;
