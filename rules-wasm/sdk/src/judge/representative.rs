//! Who may be in charge of a unit: the legal representative and those whom he or she authorises.

use super::{At, Case, Findings, KINDS_FROM_OUTSIDE, Rule, is_same_person};
use crate::book::{LegalRepresentative, Paper};
use crate::catalogue::S02;

/// How P1 stands.
pub(super) enum Standing {
    /// P1 may be in charge, or nothing is known.
    Fine,
    /// Not without a letter, and these papers.
    Letter { also: &'static [Paper], rule: Rule },
    /// Not at all.
    Denied,
}

/// How P1 stands by the book.
pub(super) fn standing(case: &Case<'_>) -> Standing {
    let param = &case.book.lr_mode;
    let organiser = &case.order.organiser;
    if case.is_representative(&organiser.principal) != Some(false) {
        return Standing::Fine;
    }
    let rule = Rule::of("lr_mode", param).reviewed();
    let natures = &case.book.lr_letter_natures;
    let may_authorise = natures.value.contains(&organiser.nature);
    let is_citizen = !KINDS_FROM_OUTSIDE.contains(&organiser.principal.id.kind);
    match param.value {
        LegalRepresentative::Free => Standing::Fine,
        LegalRepresentative::WithLetter => Standing::Letter { also: &[], rule },
        LegalRepresentative::WithLetterAndProof(also) => Standing::Letter { also, rule },
        LegalRepresentative::MustUnlessForeign if case.is_foreign_representative() && is_citizen => {
            Standing::Letter { also: &[], rule }
        }
        LegalRepresentative::Must | LegalRepresentative::MustUnlessForeign if may_authorise => {
            Standing::Letter { also: &[], rule: Rule::of("lr_letter_natures", natures).reviewed() }
        }
        LegalRepresentative::Must | LegalRepresentative::MustUnlessForeign => Standing::Denied,
    }
}

pub(super) fn judge(case: &Case<'_>, findings: &mut Findings) {
    if case.is_person() {
        return;
    }
    if case.scope.organiser && matches!(standing(case), Standing::Denied) {
        findings.add(
            S02,
            Rule::of("lr_mode", &case.book.lr_mode),
            "organiser.principal.name",
            "主体负责人必须是法定代表人，与信用信息系统登记不一致",
            "the organiser's person in charge must be the legal representative named in the register",
        );
    }
    if case.scope.services {
        both(case, findings);
    }
}

fn both(case: &Case<'_>, findings: &mut Findings) {
    let book = case.book;
    let first = &case.order.organiser.principal;
    let is_first_authorised = case.is_representative(first) == Some(false);
    let is_sensitive = case.organiser_text().contains_any(book.lr_must_words.value);
    let mut report = |at: At, rule: Rule, zh: &str, en: &str| findings.add(S02, rule, at.field("name"), zh, en);
    for (index, service) in case.order.services.iter().enumerate() {
        let at = At::ServicePrincipal(index);
        let second = &service.principal;
        let is_same = is_same_person(first, second);
        if book.p2_equals_p1_if_not_lr.value && is_first_authorised && !is_same {
            report(
                at,
                Rule::of("p2_equals_p1_if_not_lr", &book.p2_equals_p1_if_not_lr),
                "主体负责人不是法定代表人时，互联网信息服务负责人须与主体负责人为同一人",
                "when the organiser's person in charge is not the legal representative, the service's must be the same person",
            );
        }
        if book.p2_differs_from_p1.value && is_same {
            report(
                at,
                Rule::of("p2_differs_from_p1", &book.p2_differs_from_p1),
                "单位的主体负责人与互联网信息服务负责人不得为同一人",
                "a unit's two persons in charge must be different persons",
            );
        }
        let is_outsider = KINDS_FROM_OUTSIDE.contains(&second.id.kind);
        if book.foreign_lr_p2_mainland.value && case.is_foreign_representative() && is_outsider {
            report(
                at,
                Rule::of("foreign_lr_p2_mainland", &book.foreign_lr_p2_mainland),
                "法定代表人为外籍或港澳台人士的，互联网信息服务负责人须持内地居民身份证",
                "with a legal representative from abroad, the service's person in charge needs an identity card of the mainland",
            );
        }
        let is_other = is_first_authorised || case.is_representative(second) == Some(false);
        if is_sensitive && is_other {
            report(
                at,
                Rule::of("lr_must_words", &book.lr_must_words),
                "单位名称涉及敏感行业，两位负责人均须为法定代表人",
                "with such a name the legal representative must be both persons in charge",
            );
        }
    }
}
