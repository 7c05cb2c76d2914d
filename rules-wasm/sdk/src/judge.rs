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
pub use findings::{Findings, Rule};
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
    let case = Case::new(book, order, context);
    let mut findings = Findings::default();
    order::judge(&case, &mut findings);
    record::judge(&case, &mut findings);
    organiser::judge(&case, &mut findings);
    register::judge(&case, &mut findings);
    representative::judge(&case, &mut findings);
    persons::judge(&case, &mut findings);
    contacts::judge(&case, &mut findings);
    naming::judge(&case, &mut findings);
    domains::judge(&case, &mut findings);
    content::judge(&case, &mut findings);
    words::judge(&case, &mut findings);
    access::judge(&case, &mut findings);
    materials::judge(&case, &mut findings);
    (book.extra)(&case, &mut findings);
    findings.into_list()
}
