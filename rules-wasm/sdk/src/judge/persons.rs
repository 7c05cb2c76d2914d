//! The persons in charge: identity document, validity, age, who a person's P1 and P2 are.

use chrono::Datelike;
use icp_domain::identifiers::CitizenId;
use icp_domain::names::is_same_name;

use super::{Case, Findings, KINDS_CITIZEN_NUMBER, Rule, organiser};
use crate::catalogue::{S01, S02, S11};
use crate::{Date, Person};

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for (path, person) in case.persons() {
        organiser::certificate_number(case, findings, &format!("{path}.id"), &person.id);
        validity(case, findings, &path, person);
        age(case, findings, &path, person);
        own_site(case, findings, &path, person);
    }
}

fn validity(case: &Case<'_>, findings: &mut Findings, path: &str, person: &Person) {
    let rule = &case.book.id_min_days;
    let Some(valid_to) = person.id.valid_to else { return };
    if valid_to.days_since(case.context.today) < i64::from(rule.value) {
        findings.add(
            S01,
            Rule::of("id_min_days", rule),
            format!("{path}.id.valid_to"),
            format!("身份证件有效期至 {}，剩余不足 {} 天", valid_to.iso(), rule.value),
            format!("the identity document is valid to {}, less than {} days", valid_to.iso(), rule.value),
        );
    }
}

fn age(case: &Case<'_>, findings: &mut Findings, path: &str, person: &Person) {
    if !KINDS_CITIZEN_NUMBER.contains(&person.id.kind) {
        return;
    }
    let Ok(id) = CitizenId::parse(&person.id.number) else { return };
    let born = id.birth_date();
    let birth = Date {
        year: u16::try_from(born.year()).unwrap_or_default(),
        month: u8::try_from(born.month()).unwrap_or(1),
        day: u8::try_from(born.day()).unwrap_or(1),
    };
    let age = case.context.today.full_years_since(birth);
    let (name, rule) = if case.is_person() {
        ("min_age_person", &case.book.min_age_person)
    } else {
        ("min_age_unit", &case.book.min_age_unit)
    };
    let proof = &case.book.minor_proof_below;
    let field = format!("{path}.id.number");
    if age < i64::from(rule.value) {
        findings.add(
            S11,
            Rule::of(name, rule),
            field,
            format!("负责人未满 {} 周岁", rule.value),
            format!("the person in charge is younger than {}", rule.value),
        );
    } else if age < i64::from(proof.value) {
        findings.add_with_remedy(
            S11,
            Rule::of("minor_proof_below", proof),
            field,
            (
                format!("负责人未满 {} 周岁，须提供在职或收入证明", proof.value),
                format!(
                    "the person in charge is younger than {}: proof of employment or income is needed",
                    proof.value
                ),
            ),
            ("提供在职或收入证明", "hand in the proof of employment or income"),
        );
    }
}

fn own_site(case: &Case<'_>, findings: &mut Findings, path: &str, person: &Person) {
    let rule = &case.book.person_is_in_charge;
    if !case.is_person() || !rule.value {
        return;
    }
    let organiser = &case.order.organiser;
    let is_organiser = organiser.certificate.number.eq_ignore_ascii_case(&person.id.number)
        && is_same_name(&organiser.name, &person.name);
    if !is_organiser {
        findings.add(
            S02,
            Rule::of("person_is_in_charge", rule),
            format!("{path}.name"),
            "个人备案的负责人必须是本人",
            "a person who files is the person in charge of everything",
        );
    }
}
