//! Many orders at once (批量导入): rows are stored as they come, encrypted, and become drafts behind the request's back.
//!
//! [`body`] cuts what was handed in into rows, [`columns`] is the flat form of a filing for CSV, [`reading`] says what a
//! row declares or what is wrong with it, [`drafting`] turns rows into drafts, [`store`] is the SQL.
//!
//! The rows of an import are divided into batches, one job each. The drafts of a batch, the report on its rows and the
//! end of its job commit together, so each row becomes one draft or one report, whenever a process ends and however
//! many processes work.

pub mod body;
pub mod columns;
pub mod drafting;
pub mod reading;
pub mod store;

use serde::{Deserialize, Serialize};

use crate::api::problem::FieldError;

/// The section `[intake.imports]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportsConfig {
    /// Largest import, bytes.
    pub max_bytes: usize,
    /// Rows in one import at most.
    pub max_rows: usize,
    /// Imports of one account that may run at the same time.
    pub max_running: i64,
    /// Rows that become drafts in one transaction.
    pub batch_rows: usize,
    /// Days for which a report is kept after the import has ended.
    pub keep_days: u32,
}

/// What an account is told about a row that is done; kept encrypted, because faults may quote what was declared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The caller's own name of the row.
    pub reference: Option<String>,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
}
