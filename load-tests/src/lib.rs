//! Benchmarks of the platform, each with the machine's ceilings measured in the same run.
//!
//! Reading order: [`flow`] carries orders end to end, [`ceilings`] measures what Postgres and JetStream can do at
//! most, [`archive`] fills the archive and asks it, [`processes`] reads CPU and memory, [`report`] and
//! [`archive_report`] print and write the figures.

pub mod archive;
pub mod archive_report;
pub mod ceilings;
pub mod flow;
pub mod pictures;
pub mod processes;
pub mod report;
