//! Words in fields that a bureau does not accept or wants to look at.

use std::borrow::Cow;

use super::condition::holds;
use super::{At, Case, Findings, Rule};
use crate::book::{FieldWords, TextField};
use crate::catalogue::{C05, Code, D05, N01, R01, S01, S12};
use crate::text::{comparable, contains_any, lower, words_in};

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for entry in case.book.field_words.value {
        match entry.field {
            TextField::ServiceName | TextField::ServiceRemark | TextField::DomainPrefix => {
                for (index, service) in case.order.services.iter().enumerate() {
                    if !holds(case, &entry.when, Some(index)) {
                        continue;
                    }
                    let at = At::Service(index);
                    match entry.field {
                        TextField::ServiceName => look(case, findings, entry, case.site_name(at), || at.field("name")),
                        TextField::ServiceRemark => {
                            let text = service.remark.as_deref().map(comparable).unwrap_or_default();
                            look(case, findings, entry, &text, || at.field("remark"));
                        }
                        _ => {
                            for (place, domain) in service.domains.iter().enumerate() {
                                let domain = lower(domain);
                                let prefix = domain.split('.').next().unwrap_or_default();
                                look(case, findings, entry, prefix, || format!("{at}.domains[{place}]"));
                            }
                        }
                    }
                }
            }
            _ => of_organiser(case, findings, entry),
        }
    }
}

fn of_organiser(case: &Case<'_>, findings: &mut Findings, entry: &FieldWords) {
    if !holds(case, &entry.when, None) {
        return;
    }
    let organiser = &case.order.organiser;
    fn read(text: Option<&str>) -> Cow<'_, str> {
        text.map(comparable).unwrap_or_default()
    }
    let (text, field): (Cow<'_, str>, &str) = match entry.field {
        TextField::OrganiserName => (Cow::Borrowed(case.organiser_name()), "organiser.name"),
        TextField::PostalAddress => (read(Some(&organiser.address.detail)), "organiser.address.detail"),
        TextField::LicenceAddress => (read(organiser.certificate.address.as_deref()), "organiser.certificate.address"),
        TextField::Investor => (read(organiser.investor.as_deref()), "organiser.investor"),
        TextField::OrganiserRemark => (read(organiser.remark.as_deref()), "organiser.remark"),
        TextField::BusinessScope => {
            (Cow::Borrowed(case.business_scope().unwrap_or_default()), "enterprise.business_scope")
        }
        TextField::ServiceName | TextField::ServiceRemark | TextField::DomainPrefix => return,
    };
    look(case, findings, entry, &text, || field.to_owned());
}

fn code_of(field: TextField) -> Code {
    match field {
        TextField::ServiceName => N01,
        TextField::OrganiserName | TextField::LicenceAddress | TextField::Investor => S01,
        TextField::PostalAddress => S12,
        TextField::ServiceRemark | TextField::OrganiserRemark => R01,
        TextField::DomainPrefix => D05,
        TextField::BusinessScope => C05,
    }
}

fn look(case: &Case<'_>, findings: &mut Findings, entry: &FieldWords, text: &str, field: impl Fn() -> String) {
    if !contains_any(text, entry.words) {
        return;
    }
    let found = words_in(text, entry.words).join("、");
    findings.add_with_remedy(
        code_of(entry.field),
        Rule::of("field_words", &case.book.field_words),
        field(),
        (format_args!("含有“{found}”：{}", entry.message_zh), format_args!("it holds “{found}”: {}", entry.message_en)),
        (entry.remedy_zh, entry.remedy_en),
    );
}
