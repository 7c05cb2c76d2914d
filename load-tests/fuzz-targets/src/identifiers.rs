//! Numbers and names as people type them.

use std::fmt::Debug;

use icp_domain::identifiers::{
    CitizenId, FilingNumber, Landline, MobileNumber, OrganisationCode, RegistrationNumber, Uscc,
};
use icp_domain::names::{DomainName, comparable_name, is_same_name, visible_name};
use icp_domain::{BureauOperation, MaterialKind, OrderType, Province};
use icp_intake::content::ip_range;

use crate::Outcome;

/// What is read must read back the same from its normal form.
macro_rules! reads_back {
    ($type:ty, $text:expr) => {{
        let read = <$type>::parse($text);
        if let Ok(value) = &read {
            same_again(value, &<$type>::parse(value.as_str().as_ref()));
        }
        read.is_ok()
    }};
}

fn same_again<T: PartialEq + Debug, E>(value: &T, again: &Result<T, E>) {
    assert!(again.as_ref().is_ok_and(|again| again == value), "{value:?} does not read back");
}

/// One text as each kind of number, and as each word of a fixed list.
pub fn identifiers(input: &[u8]) -> Outcome {
    let text = &String::from_utf8_lossy(input);
    let read = [
        reads_back!(CitizenId, text),
        reads_back!(Uscc, text),
        reads_back!(OrganisationCode, text),
        reads_back!(RegistrationNumber, text),
        reads_back!(MobileNumber, text),
        reads_back!(Landline, text),
        reads_back!(FilingNumber, text),
        Province::parse(text).is_some_and(|province| Province::parse(province.letters()) == Some(province)),
        OrderType::parse(text).is_some_and(|kind| OrderType::parse(kind.as_str()) == Some(kind)),
        BureauOperation::parse(text).is_some(),
        MaterialKind::parse(text).is_some(),
        ip_range(text).is_some_and(|range| range.first <= range.last),
    ];
    if let Ok(number) = FilingNumber::parse(text) {
        assert!(number.organiser().service().is_none() && number.is_same(&number));
    }
    if read.contains(&true) { Outcome::Read } else { Outcome::Refused }
}

/// A domain in both its forms, and any text as a name that is compared and shown.
pub fn domain_name(input: &[u8]) -> Outcome {
    let text = &String::from_utf8_lossy(input);
    let comparable = comparable_name(text);
    assert_eq!(comparable_name(&comparable), comparable);
    assert!(is_same_name(text, &comparable) && is_same_name(text, &visible_name(text)));
    let read = DomainName::parse(text);
    if let Ok(name) = &read {
        same_again(name, &DomainName::parse(name.ascii()));
        same_again(name, &DomainName::parse(name.unicode()));
        let registrable = name.registrable();
        assert!(registrable.is_registrable() && registrable.suffix() == name.suffix(), "{name:?}");
        assert!(name.ascii().ends_with(registrable.ascii()), "{name:?}");
    }
    Outcome::of(&read)
}
