//! Vectors: an order in, findings and requirements out, as readable files.
//!
//! A vector names a base file and what it changes in it by JSON pointers, so that one sees at a glance what is
//! tested. `expect` lists every finding as `severity code field (rule)`; nothing else may be found.
//!
//! `each` makes a table of a vector: pointers with as many values as there are rows. `but` says what differs for a row.
//!
//! `vectors/national` holds what is true of the baseline. Every province runs it: the file of the same name in
//! `vectors/<letters>/overrides` replaces the expectation where the province differs, and says why.

mod file;
mod json;
mod place;
mod run;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Context, Finding, Order, Severity};

pub use run::run_province;

/// Why a vector cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} is not a vector: {source}")]
    Json {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A change points nowhere.
    #[error("{path}: `{pointer}` points to nothing in the base")]
    Pointer {
        /// Which file.
        path: PathBuf,
        /// Which JSON pointer.
        pointer: String,
    },
    /// Something in it is not known.
    #[error("{path}: {problem}")]
    Content {
        /// Which file.
        path: PathBuf,
        /// What.
        problem: String,
    },
}

/// A vector ready to run; this form also travels with a module. A file with `each` becomes one vector per row.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// File name without its ending; those of the national folder begin with `national/`, a row's ends with
    /// `[label]`.
    pub name: String,
    /// What it shows.
    pub shows: String,
    /// The order.
    pub order: Order,
    /// What is known beside it.
    pub context: Context,
    /// Every finding, as [`summary`] writes it.
    pub expect: Vec<String>,
    /// The rules whose findings are looked at; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<String>>,
    /// Parts of the requirements by JSON pointer.
    #[serde(default)]
    pub requires: Map<String, Value>,
    /// Kinds of all documents that are asked for, in their order.
    #[serde(default)]
    pub documents: Option<Vec<String>>,
    /// Fields of all persons who get the ministry's SMS, in their order; `field mobile` where the number matters.
    #[serde(default)]
    pub sms: Option<Vec<String>>,
    /// Names of items that the checklist holds, among others.
    #[serde(default)]
    pub checklist: Option<Vec<String>>,
    /// Names of all items of the checklist, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checklist_all: Option<Vec<String>>,
}

impl Vector {
    /// Compares an answer with what is expected; the error says what differs.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn check(&self, findings: &[Finding], requirements: &Value) -> Result<(), String> {
        self.check_findings(findings)?;
        self.check_requirements(requirements)
    }

    /// Compares the findings alone.
    pub(crate) fn check_findings(&self, findings: &[Finding]) -> Result<(), String> {
        let found = self.found(findings);
        if found == self.expect {
            return Ok(());
        }
        Err(format!("{}: expected {:?}, found {:?}", self.name, self.expect, found))
    }

    /// Compares the requirements alone.
    pub(crate) fn check_requirements(&self, requirements: &Value) -> Result<(), String> {
        for (pointer, expected) in &self.requires {
            let actual = requirements.pointer(pointer);
            if actual != Some(expected) {
                return Err(format!("{}: required {pointer} expected {expected}, found {actual:?}", self.name));
            }
        }
        let items = listed(requirements, "checklist", "name");
        let lists = [
            ("documents", &self.documents, listed(requirements, "documents", "kind")),
            ("sms_receivers", &self.sms, self.sms_found(requirements)),
            ("checklist", &self.checklist_all, items.clone()),
        ];
        for (list, expected, found) in lists {
            if expected.as_ref().is_some_and(|expected| *expected != found) {
                return Err(format!("{}: {list} expected {expected:?}, found {found:?}", self.name));
            }
        }
        let missed = self.checklist.iter().flatten().find(|name| !items.contains(name));
        match missed {
            Some(name) => Err(format!("{}: the checklist lacks {name}: {items:?}", self.name)),
            None => Ok(()),
        }
    }

    /// Whether it looks at the requirements at all.
    pub fn looks_at_requirements(&self) -> bool {
        let lists = [&self.documents, &self.sms, &self.checklist, &self.checklist_all];
        !self.requires.is_empty() || lists.iter().any(|list| list.is_some())
    }

    /// The findings that it looks at, as [`summary`] writes them.
    fn found(&self, findings: &[Finding]) -> Vec<String> {
        let is_meant = |finding: &&Finding| self.only.as_ref().is_none_or(|only| only.contains(&finding.rule));
        findings.iter().filter(is_meant).map(summary).collect()
    }

    /// The SMS receivers, with the mobile where the expectation at the same place names one.
    fn sms_found(&self, requirements: &Value) -> Vec<String> {
        let expected = self.sms.as_deref().unwrap_or_default();
        let fields = listed(requirements, "sms_receivers", "field").into_iter();
        let receivers = fields.zip(listed(requirements, "sms_receivers", "mobile")).enumerate();
        receivers
            .map(|(index, (field, mobile))| {
                let is_numbered = expected.get(index).is_some_and(|expected| expected.contains(' '));
                if is_numbered { format!("{field} {mobile}") } else { field }
            })
            .collect()
    }
}

/// The texts under a key of the entries of a list of the requirements.
fn listed(requirements: &Value, list: &str, key: &str) -> Vec<String> {
    let entries = requirements.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    entries.iter().filter_map(|entry| entry.get(key)?.as_str()).map(str::to_owned).collect()
}

/// One finding on one line, e.g. `block N01 services[0].name (name_deny_person)`.
pub fn summary(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Advise => "advise",
        Severity::Review => "review",
        Severity::Block => "block",
    };
    format!("{severity} {} {} ({})", finding.code, finding.field, finding.rule)
}
