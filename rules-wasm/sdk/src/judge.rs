//! Judging an order by a book. One submodule per part of the form; all of them only read and report.
//!
//! Nothing is formatted unless it is reported: fields are named by [`At`], and texts are made inside the report.

mod access;
mod case;
pub(crate) mod condition;
mod contacts;
mod content;
mod domains;
mod findings;
pub(crate) mod implied;
pub(crate) mod materials;
mod naming;
mod order;
mod organiser;
mod persons;
mod record;
mod register;
mod representative;
pub(crate) mod scope;
mod words;

use crate::book::ProvinceBook;
use crate::{Context, Finding, Order};

pub use case::{At, Case, PersonFacts, is_same_person};
pub use findings::{BriefFinding, Findings, Rule, Say};
pub use scope::{DomainScope, Scope};

/// 单位性质 of persons.
pub(crate) const NATURE_PERSON: u16 = 5;
/// 单位性质 of enterprises.
pub(crate) const NATURE_ENTERPRISE: u16 = 4;
/// 证件类型 business licence.
pub(crate) const KIND_BUSINESS_LICENCE: u16 = 1;
/// 证件类型 whose numbers are citizen numbers: 居民身份证, 港澳 and 台湾居民居住证.
pub(crate) const KINDS_CITIZEN_NUMBER: [u16; 3] = [2, 41, 42];
/// 证件类型 of people who are no citizens of the mainland.
pub(crate) const KINDS_FROM_OUTSIDE: [u16; 6] = [7, 11, 14, 30, 41, 42];

/// Judges an order; findings come in the order of the form.
pub fn judge(book: &ProvinceBook, order: &Order, context: &Context) -> Vec<Finding> {
    let mut findings = Findings::default();
    collect(book, order, context, &mut findings);
    findings.into_list()
}

/// The same findings without their texts.
pub fn judge_brief(book: &ProvinceBook, order: &Order, context: &Context) -> Vec<BriefFinding<'static>> {
    let mut findings = Findings::brief();
    collect(book, order, context, &mut findings);
    findings.into_brief()
}

fn collect(book: &ProvinceBook, order: &Order, context: &Context, findings: &mut Findings) {
    let case = Case::new(book, order, context);
    order::judge(&case, findings);
    record::judge(&case, findings);
    organiser::judge(&case, findings);
    register::judge(&case, findings);
    representative::judge(&case, findings);
    persons::judge(&case, findings);
    contacts::judge(&case, findings);
    naming::judge(&case, findings);
    domains::judge(&case, findings);
    content::judge(&case, findings);
    words::judge(&case, findings);
    access::judge(&case, findings);
    materials::judge(&case, findings);
    (book.extra)(&case, findings);
}
