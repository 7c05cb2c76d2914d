//! Benchmarks of the platform, each with the machine's ceilings measured in the same run.
//!
//! Reading order: [`flow`] carries orders end to end, [`ceilings`] measures what Postgres and JetStream can do at
//! most, [`processes`] reads CPU and memory, [`report`] prints and writes the figures.

pub mod ceilings;
pub mod flow;
pub mod processes;
pub mod report;
