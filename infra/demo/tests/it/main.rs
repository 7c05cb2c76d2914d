//! The whole platform as processes: the demo's journeys, personal data, kills and a wiped bus.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod faults;
mod journeys;
mod otlp_sink;
mod personal_data;
mod platform;
