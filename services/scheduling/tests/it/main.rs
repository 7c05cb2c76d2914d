//! The scheduling service with real servers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod cron;
mod timers;
mod world;
