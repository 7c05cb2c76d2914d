//! The papers as files: pages, sizes, bytes, fonts; and the program.
#![allow(clippy::unwrap_used)]

mod pages;
mod program;
