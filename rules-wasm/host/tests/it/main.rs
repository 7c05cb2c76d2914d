//! The host with real modules: the provinces' own and hostile ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod contracts;
mod following;
mod guests;
mod hostile;
mod limits;
mod loading;
mod shadowing;
mod swapping;
mod vectors;
mod wat_guests;
