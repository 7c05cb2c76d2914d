//! Papers that follow from parameters: letters of authorisation, proofs of residence, plans, domain certificates.
//!
//! One list serves both sides: the requirements ask for these papers, and judging misses them.

use icp_domain::names::is_same_name;

use super::condition::count;
use super::representative::{self, Standing};
use super::{At, Case, DomainScope, Rule, record};
use crate::book::{AgeProof, CrossProvincePerson, DomainHolder, Paper, paper};
use crate::catalogue::{Code, D02, S02, S03, S04, S10, S11, V04};
use crate::param::Param;

/// Papers of which an order needs one.
pub(crate) struct Implied<'a> {
    pub(crate) code: Code,
    pub(crate) rule: Rule,
    pub(crate) at: At,
    /// Field of that part.
    pub(crate) field: &'static str,
    /// One of these.
    pub(crate) any_of: &'a [Paper],
    /// Days for which it must still be valid.
    pub(crate) min_days: u32,
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
}

impl Implied<'_> {
    /// The service that it is for.
    pub(crate) fn service(&self) -> Option<usize> {
        match self.at {
            At::Service(index) | At::ServicePrincipal(index) => Some(index),
            At::Organiser | At::Principal => None,
        }
    }
}

const AUTHORISATION_PRINCIPAL: &[Paper] = &[paper::AUTHORISATION_PRINCIPAL];
const AUTHORISATION_SERVICE: &[Paper] = &[paper::AUTHORISATION_SERVICE];
const DOMAIN_CERTIFICATE: &[Paper] = &[paper::DOMAIN_CERTIFICATE];

/// The papers that follow from the parameters for this order.
pub(crate) fn implied<'a>(case: &Case<'a>) -> Vec<Implied<'a>> {
    let mut list = Vec::new();
    if case.scope.organiser {
        authorisation(case, &mut list);
        residence(case, &mut list);
    }
    if case.scope.services {
        service_authorisation(case, &mut list);
    }
    young(case, &mut list);
    if matches!(case.scope.domains, DomainScope::New) {
        volume(case, &mut list);
        certificates(case, &mut list);
    }
    if !matches!(case.scope.domains, DomainScope::Nothing) {
        holders(case, &mut list);
    }
    let (changed, name) = (record::paper_for_change(case), &case.book.change_organiser);
    list.extend(changed.map(|(paper, zh, en)| Implied {
        code: S04,
        rule: Rule::of("change_organiser", name).reviewed(),
        at: At::Organiser,
        field: "name",
        any_of: std::slice::from_ref(paper),
        min_days: 0,
        zh,
        en,
    }));
    list
}

fn authorisation<'a>(case: &Case<'a>, list: &mut Vec<Implied<'a>>) {
    let Standing::Letter { also, rule } = representative::standing(case) else { return };
    let demand = |any_of| Implied {
        code: S02,
        rule,
        at: At::Principal,
        field: "name",
        any_of,
        min_days: 0,
        zh: "主体负责人不是法定代表人，须提供",
        en: "the person in charge is not the legal representative; hand in",
    };
    list.push(demand(AUTHORISATION_PRINCIPAL));
    list.extend(also.iter().map(|paper| demand(std::slice::from_ref(paper))));
}

fn residence<'a>(case: &Case<'a>, list: &mut Vec<Implied<'a>>) {
    let param = &case.book.xprov_person;
    let CrossProvincePerson::WithProof(proof) = param.value else { return };
    let home = case.person_facts(At::Principal).and_then(|facts| facts.home);
    if !case.is_person() || home.is_none_or(|home| home == case.book.province) {
        return;
    }
    let demand = |any_of| Implied {
        code: S03,
        rule: Rule::of("xprov_person", param).reviewed(),
        at: At::Organiser,
        field: "certificate.number",
        any_of,
        min_days: proof.min_days,
        zh: "身份证属外省，须提供",
        en: "the identity card is of another province; hand in",
    };
    if !proof.any_of.is_empty() {
        list.push(demand(proof.any_of));
    }
    list.extend(proof.also.iter().map(|paper| demand(std::slice::from_ref(paper))));
}

fn service_authorisation<'a>(case: &Case<'a>, list: &mut Vec<Implied<'a>>) {
    let param = &case.book.p2_auth_letter;
    if !param.value || case.is_person() {
        return;
    }
    for (index, service) in case.order.services.iter().enumerate() {
        if case.is_representative(&service.principal) == Some(false) {
            list.push(Implied {
                code: S02,
                rule: Rule::of("p2_auth_letter", param).reviewed(),
                at: At::ServicePrincipal(index),
                field: "name",
                any_of: AUTHORISATION_SERVICE,
                min_days: 0,
                zh: "互联网信息服务负责人不是法定代表人，须提供",
                en: "the service's person in charge is not the legal representative; hand in",
            });
        }
    }
}

fn young<'a>(case: &Case<'a>, list: &mut Vec<Implied<'a>>) {
    let book = case.book;
    let (name, param, least): (_, &Param<AgeProof>, _) = if case.is_person() {
        ("minor_proof_person", &book.minor_proof_person, book.min_age_person.value)
    } else {
        ("minor_proof_unit", &book.minor_proof_unit, book.min_age_unit.value)
    };
    for (at, _) in case.persons_judged() {
        let Some(facts) = case.person_facts(at) else { continue };
        let is_young = facts.age >= i64::from(least) && facts.age < i64::from(param.value.below);
        if is_young && !param.value.any_of.is_empty() {
            list.push(Implied {
                code: S11,
                rule: Rule::of(name, param),
                at,
                field: "id.number",
                any_of: param.value.any_of,
                min_days: 0,
                zh: "负责人年龄较小，须提供",
                en: "the person in charge is young; hand in",
            });
        }
    }
}

fn volume<'a>(case: &Case<'a>, list: &mut Vec<Implied<'a>>) {
    let param = &case.book.plan_threshold;
    for plan in param.value {
        let Some(above) = plan.above.of(case.is_person()) else { continue };
        if count(case, plan.counting).is_some_and(|count| count > above) {
            list.push(Implied {
                code: S10,
                rule: Rule::of("plan_threshold", param),
                at: At::Organiser,
                field: "services",
                any_of: std::slice::from_ref(&plan.paper),
                min_days: 0,
                zh: "互联网信息服务数量较多，管局要求",
                en: "with so many services the bureau wants",
            });
        }
    }
}

fn certificates<'a>(case: &Case<'a>, list: &mut Vec<Implied<'a>>) {
    let param = &case.book.domain_certificates_from;
    let Some(from) = param.value.of(case.is_person()) else { return };
    let domains: usize = case.order.services.iter().map(|service| service.domains.len()).sum();
    if u32::try_from(domains).is_ok_and(|domains| domains < from) {
        return;
    }
    list.extend((0..case.order.services.len()).map(|index| Implied {
        code: V04,
        rule: Rule::of("domain_certificates_from", param),
        at: At::Service(index),
        field: "domains",
        any_of: DOMAIN_CERTIFICATE,
        min_days: 0,
        zh: "管局要求提供",
        en: "the bureau wants",
    }));
}

fn holders<'a>(case: &Case<'a>, list: &mut Vec<Implied<'a>>) {
    let param = &case.book.domain_holder;
    if case.is_person() {
        return;
    }
    for (index, service) in case.order.services.iter().enumerate() {
        for domain in &service.domains {
            let answer = case.context.domains.iter().find(|answer| answer.domain.eq_ignore_ascii_case(domain));
            let Some(holder) = answer.and_then(|answer| answer.holder_name.as_deref()) else { continue };
            if is_same_name(holder, &case.order.organiser.name) {
                continue;
            }
            let is_representative = super::domains::is_representatives(case, holder);
            let any_of = match (&param.value, is_representative) {
                (DomainHolder::UnitOrLegalRepresentativeWith(paper), true) => std::slice::from_ref(paper),
                (DomainHolder::UnitPlus(papers), false) => *papers,
                _ => continue,
            };
            list.push(Implied {
                code: D02,
                rule: Rule::of("domain_holder", param).reviewed(),
                at: At::Service(index),
                field: "domains",
                any_of,
                min_days: 0,
                zh: "域名持有者不是单位，须提供",
                en: "the holder of the domain is not the unit; hand in",
            });
        }
    }
}
