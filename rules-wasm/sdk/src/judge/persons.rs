//! The persons in charge: identity document, validity, age, who a person's P1 and P2 are.

use icp_domain::names::is_same_name;

use super::{At, Case, Findings, Rule, organiser};
use crate::Person;
use crate::book::IdUnique;
use crate::catalogue::{S01, S02, S11};

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    for (at, person) in case.persons_judged() {
        organiser::certificate_number(case, findings, || at.field("id.number"), &person.id);
        kind(case, findings, at, person);
        validity(case, findings, at, person);
        age(case, findings, at);
        own_site(case, findings, at, person);
        elsewhere(case, findings, at, person);
    }
}

fn kind(case: &Case<'_>, findings: &mut Findings, at: At, person: &Person) {
    let param = &case.book.id_kinds_deny_unit;
    if !case.is_person() && param.value.contains(&person.id.kind) {
        findings.add(
            S01,
            Rule::of("id_kinds_deny_unit", param),
            at.field("id.kind"),
            format_args!("{}不接受负责人使用证件类型 {}", case.book.bureau, person.id.kind),
            format_args!("this bureau does not accept identity documents of kind {}", person.id.kind),
        );
    }
}

fn validity(case: &Case<'_>, findings: &mut Findings, at: At, person: &Person) {
    let rule = &case.book.id_min_days;
    let Some(valid_to) = person.id.valid_to else { return };
    if valid_to.days_since(case.context.today) < i64::from(rule.value) {
        findings.add(
            S01,
            Rule::of("id_min_days", rule),
            at.field("id.valid_to"),
            format_args!("身份证件有效期至 {}，剩余不足 {} 天", valid_to.iso(), rule.value),
            format_args!("the identity document is valid to {}, less than {} days", valid_to.iso(), rule.value),
        );
    }
}

fn age(case: &Case<'_>, findings: &mut Findings, at: At) {
    let Some(facts) = case.person_facts(at) else { return };
    let (name, least) = if case.is_person() {
        ("min_age_person", &case.book.min_age_person)
    } else {
        ("min_age_unit", &case.book.min_age_unit)
    };
    if facts.age < i64::from(least.value) {
        findings.add(
            S11,
            Rule::of(name, least),
            at.field("id.number"),
            format_args!("负责人未满 {} 周岁", least.value),
            format_args!("the person in charge is younger than {}", least.value),
        );
    }
    let most = &case.book.max_age_p2;
    let limit = if facts.is_male { most.value.men } else { most.value.women };
    let is_second = !case.is_person() && at != At::Principal;
    if let Some(limit) = limit.filter(|limit| is_second && facts.age > i64::from(*limit)) {
        findings.add_with_remedy(
            S11,
            Rule::of("max_age_p2", most),
            at.field("id.number"),
            (
                format_args!("互联网信息服务负责人已满 {} 周岁以上", limit),
                format_args!("the service's person in charge is older than {limit}"),
            ),
            ("更换在职的负责人", "name a person who still works there"),
        );
    }
}

fn own_site(case: &Case<'_>, findings: &mut Findings, at: At, person: &Person) {
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
            at.field("name"),
            "个人备案的负责人必须是本人",
            "a person who files is the person in charge of everything",
        );
    }
}

fn elsewhere(case: &Case<'_>, findings: &mut Findings, at: At, person: &Person) {
    let param = &case.book.id_unique_across_subjects;
    let is_meant = match param.value {
        IdUnique::Nobody => false,
        IdUnique::ServicePrincipals => at != At::Principal && !case.is_person(),
        IdUnique::Everybody => true,
    };
    let uses = case.context.id_uses.as_deref().unwrap_or_default();
    let used = uses.iter().find(|used| used.number.eq_ignore_ascii_case(&person.id.number));
    if let Some(used) = used.filter(|used| is_meant && used.other_organisers > 0) {
        findings.add_with_remedy(
            S02,
            Rule::of("id_unique_across_subjects", param),
            at.field("id.number"),
            (
                format_args!("该负责人已用于其他 {} 个主办者", used.other_organisers),
                format_args!("this person is in charge of {} other organisers", used.other_organisers),
            ),
            ("更换负责人", "name another person"),
        );
    }
}
