//! Intake over real Postgres and NATS: the REST API with bad input, and the facts of other services.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod amendments;
mod app;
mod archive;
mod archive_search;
mod audit;
mod bad_input;
mod checks;
mod conformance;
mod desk;
mod determinations;
mod entitlements;
mod events;
mod exports;
mod facts;
mod grpc;
mod idempotency;
mod imports;
mod keys;
mod materials;
mod materials_scan;
mod materials_uploads;
mod mismatches;
mod openapi;
mod outlook;
mod papers;
mod people;
mod races;
mod rate_limits;
mod registers;
mod removals;
mod replicas;
mod resellers;
mod start;
mod statistics;
mod types;
