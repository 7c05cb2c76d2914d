//! `icpctl` as a process, against a real bus, real hosts and real modules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod audit;
mod bus;
mod export;
mod files;
mod rejudge;
mod tool;
