//! Every seed through its target, so that what was found once stays mended; and that each target has seeds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod seeds;
mod written;
