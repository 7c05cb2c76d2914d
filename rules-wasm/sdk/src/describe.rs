//! What a book says about itself.

use std::fmt::Debug;

use crate::book::ProvinceBook;
use crate::param::Param;
use crate::{Description, Parameter};

/// The book's description with all its parameters.
pub fn describe(book: &ProvinceBook) -> Description {
    Description {
        province: book.province.letters().to_owned(),
        bureau: book.bureau.to_owned(),
        version: book.version.to_owned(),
        effective_from: book.effective_from,
        effective_to: book.effective_to,
        parameters: parameters(book),
    }
}

fn parameter<T: Debug>(name: &str, param: &Param<T>) -> Parameter {
    Parameter {
        name: name.to_owned(),
        value: format!("{:?}", param.value),
        severity: param.severity,
        source: param.cite.into(),
    }
}

macro_rules! list {
    ($book:ident: $($name:ident)*) => { vec![$(parameter(stringify!($name), &$book.$name)),*] };
}

fn parameters(book: &ProvinceBook) -> Vec<Parameter> {
    let mut list = list!(book:
        order_types one_order_in_flight services_per_order services_total_max plan_threshold
        certificates_by_nature id_kinds_deny_person certificate_numbers licence_min_days unit_in_province
        xprov_person address_complete address_same_city register_agrees lr_mode
        id_min_days min_age_unit min_age_person minor_proof_below person_is_in_charge mobile_format email_format
        distinct_contacts emergency_differs distinct_phones phone_unique_across_subjects
        name_min_han name_not_plain name_state_words name_sensitive_words name_deny_all
        name_deny_person_national name_deny_person name_not_own name_related
        domains_per_website domain_format domain_registrable suffix_allow domain_real_named domain_min_days
        domain_holder home_in_domain
        content_allow_person content_deny_person content_other_remark content_licensed licensed_words
        licensed_words_here remark_for_words
        access_complete picture_media_types picture_bytes_max
        footer_number shell_subject_add bureau_sla_wd
    );
    for document in book.documents_national.iter().chain(book.documents) {
        list.push(Parameter {
            name: format!("documents.{}", document.kind),
            value: format!("{}（{:?}）", document.title_zh, document.from),
            severity: document.severity,
            source: document.cite.into(),
        });
        list.extend(document.max_age_working_days.iter().map(|limit| parameter("max_age_working_days", limit)));
    }
    list
}
