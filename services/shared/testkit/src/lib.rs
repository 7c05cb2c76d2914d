//! Real servers and valid data for tests, the demo and the benchmarks.
//!
//! Reading order: [`wait_until`] waits on conditions instead of sleeping; [`Postgres`] and [`NatsServer`] start
//! private instances on free loopback ports; [`shared`] gives one of each per test process; [`filings`] builds
//! valid filings and [`specimen`] the documents that belong to them.
//!
//! Every server runs under a small watchdog shell (`supervised`) that stops it when its owner ends, however the
//! owner ends: nothing is left running, even after `kill -9`.

pub mod files;
pub mod filings;
mod home;
mod nats;
mod postgres;
mod program;
mod shared;
pub mod specimen;
mod supervised;
mod wait;

pub use nats::{NatsOptions, NatsServer};
pub use postgres::{Postgres, PostgresOptions};
pub use program::{Program, free_port};
pub use shared::{FreshDatabase, Shared, shared};
pub use wait::wait_until;
