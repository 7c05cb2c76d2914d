//! Reporting.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalogue::Code;
use crate::param::{Cite, Param};
use crate::{Finding, Severity};

/// The findings of one order.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
    /// Instead of the list where nobody reads the texts.
    brief: Option<Vec<BriefFinding<'static>>>,
}

/// A finding without its texts, which the catalogue and the book have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefFinding<'a> {
    /// Code of the catalogue.
    pub code: &'a str,
    /// The rule's stable name.
    pub rule: &'a str,
    /// Its weight.
    pub severity: Severity,
    /// Path of the field.
    #[serde(borrow)]
    pub field: Cow<'a, str>,
}

impl<'a> From<&'a Finding> for BriefFinding<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self {
            code: &finding.code,
            rule: &finding.rule,
            severity: finding.severity,
            field: Cow::Borrowed(&finding.field),
        }
    }
}

/// A text of a finding, written only where somebody reads it: give `format_args!(…)` rather than `format!(…)`.
pub trait Say {
    /// The text.
    fn say(self) -> String;
}

impl Say for &str {
    fn say(self) -> String {
        self.to_owned()
    }
}

impl Say for String {
    fn say(self) -> String {
        self
    }
}

impl Say for &String {
    fn say(self) -> String {
        self.clone()
    }
}

impl Say for Cow<'_, str> {
    fn say(self) -> String {
        self.into_owned()
    }
}

impl Say for fmt::Arguments<'_> {
    fn say(self) -> String {
        self.to_string()
    }
}

/// The rule that speaks: its stable name, weight and source.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable name.
    pub name: &'static str,
    /// Weight of a breach.
    pub severity: Severity,
    /// Who says so.
    pub cite: Cite,
}

impl Rule {
    /// The rule of a parameter.
    pub fn of<T>(name: &'static str, param: &Param<T>) -> Self {
        Self { name, severity: param.severity, cite: param.cite }
    }

    /// A rule without a parameter.
    pub fn new(name: &'static str, severity: Severity, cite: Cite) -> Self {
        Self { name, severity, cite }
    }

    /// The same rule where the machine is less sure than the source.
    pub fn reviewed(self) -> Self {
        let severity = if self.severity == Severity::Block { Severity::Review } else { self.severity };
        Self { severity, ..self }
    }
}

impl Findings {
    /// Reports a finding with the catalogue's remedy.
    pub fn add(&mut self, code: Code, rule: Rule, field: impl Into<String>, zh: impl Say, en: impl Say) {
        self.add_with_remedy(code, rule, field, (zh, en), (code.remedy_zh, code.remedy_en));
    }

    /// Reports a finding with a remedy of its own.
    pub fn add_with_remedy(
        &mut self,
        code: Code,
        rule: Rule,
        field: impl Into<String>,
        (message_zh, message_en): (impl Say, impl Say),
        (remedy_zh, remedy_en): (impl Say, impl Say),
    ) {
        if let Some(brief) = self.brief.as_mut() {
            let field = Cow::Owned(field.into());
            brief.push(BriefFinding { code: code.id, rule: rule.name, severity: rule.severity, field });
            return;
        }
        self.list.push(Finding {
            code: code.id.to_owned(),
            rule: rule.name.to_owned(),
            severity: rule.severity,
            field: field.into(),
            message_zh: message_zh.say(),
            message_en: message_en.say(),
            remedy_zh: remedy_zh.say(),
            remedy_en: remedy_en.say(),
            source: rule.cite.into(),
        });
    }

    /// Findings without texts.
    pub(super) fn brief() -> Self {
        Self { list: Vec::new(), brief: Some(Vec::new()) }
    }

    pub(super) fn into_brief(self) -> Vec<BriefFinding<'static>> {
        self.brief.unwrap_or_default()
    }

    pub(super) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
