//! Reporting.

use crate::catalogue::Code;
use crate::param::{Cite, Param};
use crate::{Finding, Severity};

/// The findings of one order.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
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
    pub fn add(
        &mut self,
        code: Code,
        rule: Rule,
        field: impl Into<String>,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.add_with_remedy(code, rule, field, (zh, en), (code.remedy_zh, code.remedy_en));
    }

    /// Reports a finding with a remedy of its own.
    pub fn add_with_remedy(
        &mut self,
        code: Code,
        rule: Rule,
        field: impl Into<String>,
        (message_zh, message_en): (impl Into<String>, impl Into<String>),
        (remedy_zh, remedy_en): (impl Into<String>, impl Into<String>),
    ) {
        self.list.push(Finding {
            code: code.id.to_owned(),
            rule: rule.name.to_owned(),
            severity: rule.severity,
            field: field.into(),
            message_zh: message_zh.into(),
            message_en: message_en.into(),
            remedy_zh: remedy_zh.into(),
            remedy_en: remedy_en.into(),
            source: rule.cite.into(),
        });
    }

    pub(super) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
