//! Judging an order by a book. One submodule per part of the form; all of them only read and report.

mod access;
mod contacts;
mod content;
mod domains;
pub(crate) mod materials;
mod naming;
mod order;
mod organiser;
mod persons;

use crate::book::ProvinceBook;
use crate::catalogue::Code;
use crate::param::{Cite, Param};
use crate::{Context, Finding, InternetService, Order, Person, Severity};

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The rule book.
    pub book: &'a ProvinceBook,
    /// The order.
    pub order: &'a Order,
    /// What is known beside it.
    pub context: &'a Context,
}

/// 单位性质 of persons.
const NATURE_PERSON: u16 = 5;
/// 证件类型 business licence.
pub(crate) const KIND_BUSINESS_LICENCE: u16 = 1;
/// 证件类型 whose numbers are citizen numbers: 居民身份证, 港澳 and 台湾居民居住证.
const KINDS_CITIZEN_NUMBER: [u16; 3] = [2, 41, 42];

impl<'a> Case<'a> {
    /// Whether the organiser is a person.
    pub fn is_person(&self) -> bool {
        self.order.organiser.nature == NATURE_PERSON
    }

    /// The services with their field paths, e.g. `services[0]`.
    pub fn services(&self) -> impl Iterator<Item = (String, &'a InternetService)> + use<'a> {
        self.order.services.iter().enumerate().map(|(index, service)| (format!("services[{index}]"), service))
    }

    /// The persons in charge with their field paths: P1, then the P2 of each service.
    pub fn persons(&self) -> impl Iterator<Item = (String, &'a Person)> + use<'a> {
        let first = (String::from("organiser.principal"), &self.order.organiser.principal);
        let others = self.services().map(|(path, service)| (format!("{path}.principal"), &service.principal));
        std::iter::once(first).chain(others)
    }
}

/// Whether two persons in charge are the same person.
pub fn is_same_person(one: &Person, other: &Person) -> bool {
    one.id.number.eq_ignore_ascii_case(&other.id.number)
}

/// The findings of one order.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<Finding>,
}

/// The rule that speaks: its stable name, weight and source.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    name: &'static str,
    severity: Severity,
    cite: Cite,
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
        Self { severity: self.severity.min(Severity::Review), ..self }
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
}

/// Judges an order; findings come in the order of the form.
pub fn judge(book: &ProvinceBook, order: &Order, context: &Context) -> Vec<Finding> {
    let case = Case { book, order, context };
    let mut findings = Findings::default();
    order::judge(&case, &mut findings);
    organiser::judge(&case, &mut findings);
    persons::judge(&case, &mut findings);
    contacts::judge(&case, &mut findings);
    naming::judge(&case, &mut findings);
    domains::judge(&case, &mut findings);
    content::judge(&case, &mut findings);
    access::judge(&case, &mut findings);
    materials::judge(&case, &mut findings);
    (book.extra)(&case, &mut findings);
    findings.list
}
