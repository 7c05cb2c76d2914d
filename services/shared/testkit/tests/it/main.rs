//! The servers of the test kit, and the demo's orders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod demo_orders;
mod servers;
