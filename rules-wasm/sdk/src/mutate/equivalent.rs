//! Mutants that change nothing for any order: no vector can notice them.

use super::Mutant;
use crate::book::{AgeProof, OldNumber, ProvinceBook, SmsTo};
use crate::national::ALL_TYPES;
use crate::{OrderType, Severity};

/// Parameters that stand in the requirements only; no finding has their weight.
const ONLY_REQUIRED: [&str; 4] = ["sms_receivers", "sms_idtail_variant", "footer_number", "bureau_sla_wd"];
/// Parameters that allow something: they speak where they do not.
const ALLOWING: [&str; 4] = ["cross_province_change", "licence_electronic", "access_with_change", "shell_subject_add"];

/// Why the mutant judges every order as the book does, where that follows from the book.
pub(super) fn why(book: &ProvinceBook, mutant: &Mutant) -> Option<&'static str> {
    let other = &mutant.book;
    let is_severity = mutant.change.starts_with("severity");
    let allows = || match mutant.parameter {
        "cross_province_change" => book.cross_province_change.value,
        "licence_electronic" => book.licence_electronic.value,
        "access_with_change" => book.access_with_change.value,
        "shell_subject_add" => book.shell_subject_add.value,
        _ => false,
    };
    match mutant.parameter {
        name if is_severity && ONLY_REQUIRED.contains(&name) => {
            Some("it stands in the requirements, no finding has it")
        }
        name if is_severity && ALLOWING.contains(&name) && allows() => Some("it allows, so it never speaks"),
        "new_with_change" | "add_match" if is_severity && book.new_with_change.value => {
            Some("changes are allowed in an addition, so nothing is compared")
        }
        "add_match" if book.new_with_change.value => Some("changes are allowed in an addition, so nothing is compared"),
        "new_with_change" if is_severity => {
            // A finding has the weaker weight of the two.
            (weight(book) == weight(other)).then_some("the weight of add_match is the weaker one")
        }
        "add_match" if is_severity && weight(book) == weight(other) => Some("the weight of new_with_change is weaker"),
        "order_types" if is_severity => {
            let accepts_all = ALL_TYPES.iter().all(|order_type| book.order_types.value.contains(order_type));
            accepts_all.then_some("every type is accepted, so it never speaks")
        }
        "name_state_natures" if is_severity => Some("it makes exceptions from name_state_words"),
        "domain_registrable_except" if is_severity => Some("it makes exceptions from domain_registrable"),
        "site_by_address" if is_severity => Some("it makes exceptions from domain_format"),
        "add_match" if mutant.change.starts_with("value.service_principal") => {
            Some("what is added has no person in charge on record")
        }
        "access_old_number" if !is_severity => {
            let weight = |book: &ProvinceBook| match (book.access_old_number.value, book.access_old_number.severity) {
                (OldNumber::AccessFirst, _) => Severity::Advise,
                (OldNumber::Ask, Severity::Block) => Severity::Review,
                (_, severity) => severity,
            };
            (weight(book) == weight(other)).then_some("only the words of the finding differ")
        }
        "content_allow_person" => only_left_out(
            (book.content_allow_person.value, other.content_allow_person.value),
            book.content_deny_person.value,
        ),
        "content_allow_unit" => {
            only_left_out((book.content_allow_unit.value, other.content_allow_unit.value), book.content_deny_unit.value)
        }
        "sms_receivers" => {
            let is_same =
                ALL_TYPES.iter().all(|order_type| receivers(book, *order_type) == receivers(other, *order_type));
            is_same.then_some("the type has the same receivers without an entry")
        }
        "minor_proof_unit" => unreachable_proof(
            (&book.minor_proof_unit.value, book.min_age_unit.value),
            (&other.minor_proof_unit.value, other.min_age_unit.value),
        ),
        "minor_proof_person" => unreachable_proof(
            (&book.minor_proof_person.value, book.min_age_person.value),
            (&other.minor_proof_person.value, other.min_age_person.value),
        ),
        "distinct_phones" => {
            let least = |book: &ProvinceBook| {
                let phones = book.distinct_phones.value;
                (phones.same_person.max(1), phones.different_persons.max(1))
            };
            (!is_severity && least(book) == least(other)).then_some("one number is always there")
        }
        "name_deny_all" | "name_deny_person" | "name_deny_person_national" => {
            (!is_severity && only_shadowed_words(book, other)).then_some("an earlier list holds the word as well")
        }
        _ => None,
    }
}

/// A content that is denied as well is found there; the list must not become empty, which allows everything.
fn only_left_out((before, after): (&[u16], &[u16]), denied: &[u16]) -> Option<&'static str> {
    let is_denied = before.iter().filter(|content| !after.contains(content)).all(|content| denied.contains(content));
    (before.len() > after.len() && !after.is_empty() && is_denied).then_some("this bureau denies the content anyway")
}

/// What a difference from the record weighs in an addition.
fn weight(book: &ProvinceBook) -> u8 {
    let rank = |severity| match severity {
        Severity::Advise => 0,
        Severity::Review => 1,
        Severity::Block => 2,
    };
    rank(book.add_match.severity).min(rank(book.new_with_change.severity))
}

fn receivers(book: &ProvinceBook, order_type: OrderType) -> SmsTo {
    let entry = book.sms_receivers.value.iter().find(|(of_type, _)| *of_type == order_type);
    entry.map_or(SmsTo::Both, |(_, to)| *to)
}

/// Whoever is young enough for the proof is too young to be in charge.
fn unreachable_proof(before: (&AgeProof, u8), after: (&AgeProof, u8)) -> Option<&'static str> {
    let is_unreachable = |(proof, least): (&AgeProof, u8)| proof.below <= least || proof.any_of.is_empty();
    (is_unreachable(before) && is_unreachable(after)).then_some("whoever is so young is too young to be in charge")
}

/// A word is reported by the first list that holds it, in the order of `judge::naming`. Persons have all lists.
fn only_shadowed_words(book: &ProvinceBook, other: &ProvinceBook) -> bool {
    let lists = |book: &ProvinceBook| {
        [
            book.name_state_words.value,
            book.name_sensitive_words.value,
            book.name_deny_all.value,
            book.name_deny_person.value,
            book.name_deny_person_national.value,
        ]
    };
    // State bodies may use the first list, so it hides no word that is denied to everybody.
    let earlier_than = |place: usize| if place == 2 { 1..place } else { 0..place };
    let (before, after) = (lists(book), lists(other));
    before.iter().zip(&after).enumerate().all(|(place, (words, left))| {
        words.iter().filter(|word| !left.contains(word)).all(|word| {
            earlier_than(place).filter_map(|earlier| before.get(earlier)).any(|earlier| earlier.contains(word))
        })
    })
}
