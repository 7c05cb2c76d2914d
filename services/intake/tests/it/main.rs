//! Intake over real Postgres and NATS: the REST API with bad input, and the facts of other services.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod app;
mod bad_input;
mod facts;
mod papers;
mod start;
