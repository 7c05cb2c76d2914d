//! The notification service with real servers, a small SMTP server and a small SMS gateway.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod gateway;
mod notices;
mod smtp;
mod trouble;
mod world;
