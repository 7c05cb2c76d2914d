//! Parameters: a value, where it comes from, and how much a breach weighs.

use std::fmt::Debug;

use crate::{Confidence, Parameter, Severity, Source};

/// A source in a rule book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cite {
    /// The document or page.
    pub title: &'static str,
    /// Its date, as precise as known.
    pub as_of: &'static str,
    /// How far it can be trusted.
    pub confidence: Confidence,
}

impl Cite {
    /// A source that officials state or that independent providers agree upon.
    pub const fn high(title: &'static str, as_of: &'static str) -> Self {
        Self { title, as_of, confidence: Confidence::High }
    }

    /// One provider's current help text.
    pub const fn medium(title: &'static str, as_of: &'static str) -> Self {
        Self { title, as_of, confidence: Confidence::Medium }
    }

    /// An old or weak source.
    pub const fn low(title: &'static str, as_of: &'static str) -> Self {
        Self { title, as_of, confidence: Confidence::Low }
    }

    /// The weight that follows from the confidence: high blocks, medium asks for a review, low advises.
    pub const fn default_severity(self) -> Severity {
        match self.confidence {
            Confidence::High => Severity::Block,
            Confidence::Medium => Severity::Review,
            Confidence::Low => Severity::Advise,
        }
    }
}

impl From<Cite> for Source {
    fn from(cite: Cite) -> Self {
        Self { title: cite.title.to_owned(), as_of: cite.as_of.to_owned(), confidence: cite.confidence }
    }
}

/// One parameter of a rule book.
#[derive(Debug, Clone, Copy)]
pub struct Param<T> {
    /// What is demanded.
    pub value: T,
    /// Who says so.
    pub cite: Cite,
    /// Weight of a breach.
    pub severity: Severity,
}

impl<T> Param<T> {
    /// A parameter that weighs what its source's confidence says.
    pub const fn new(value: T, cite: Cite) -> Self {
        Self { value, cite, severity: cite.default_severity() }
    }

    /// A parameter whose breach blocks, whatever the source's confidence.
    pub const fn blocking(value: T, cite: Cite) -> Self {
        Self { value, cite, severity: Severity::Block }
    }

    /// A parameter whose breach is looked at by a reviewer, whatever the source's confidence.
    pub const fn reviewing(value: T, cite: Cite) -> Self {
        Self { value, cite, severity: Severity::Review }
    }

    /// A parameter whose breach is only mentioned, whatever the source's confidence.
    pub const fn advising(value: T, cite: Cite) -> Self {
        Self { value, cite, severity: Severity::Advise }
    }
}

impl<T: Debug> Param<T> {
    /// The parameter as a description shows it.
    pub fn describe(&self, name: &str) -> Parameter {
        Parameter {
            name: name.to_owned(),
            value: format!("{:?}", self.value),
            severity: self.severity,
            source: self.cite.into(),
        }
    }
}
