//! The sandbox over its real ports, in this process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod authorities;
mod call_checks;
mod clock_over_nats;
mod faults;
mod first_filing;
mod issuer;
mod mail;
mod operations;
mod provider;
mod record_checks;
mod sms;
