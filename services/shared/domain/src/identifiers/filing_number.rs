//! 备案号: the numbers that bureaus give to organisers and their services (bureau-interface §12).
//!
//! `粤ICP备2021000001号` names an organiser; `-1`, `-2A`, `-3X`, `-4K` behind it name its website, APP, mini-program
//! and quick app, all from one counter. Licensed operators have `粤ICP证…号` or the licence form `粤B2-20090059-1`.
//! Numbers come only from bureaus; this module reads and prints them.

use std::fmt;

use super::{Identifier, IdentifierError, serde_as_text};
use crate::{Province, ServiceKind};

/// A filing number of an organiser, or of one of its services.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilingNumber {
    abbreviation: char,
    province: Province,
    form: FilingNumberForm,
    serial: String,
    service: Option<ServiceOrdinal>,
}

/// Which of the three forms a number has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilingNumberForm {
    /// `ICP备`: an ordinary filing.
    Record,
    /// `ICP证`: the operating licence in its old form.
    Licence,
    /// The operating licence named by business class, e.g. `B2-20090059`.
    LicenceClass {
        /// `A` or `B`.
        letter: char,
        /// 1 or 2.
        digit: u8,
    },
}

/// The end of a number that names a service: its place in the organiser's counter and its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceOrdinal {
    /// Counted from 1 over all kinds.
    pub number: u32,
    /// What the suffix letter says (none website, A APP, X mini-program, K quick app).
    pub kind: ServiceKind,
}

impl FilingNumber {
    /// Reads a number. Full-width characters, spaces, other dashes and small letters are understood; both
    /// abbreviations of a province are, and the one that was read is kept for printing.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        read(&tidy(text)).ok_or(IdentifierError::Form { of: Identifier::FilingNumber })
    }

    /// An ordinary number (`ICP备`) of an organiser from its serial (8 or 10 digits).
    pub fn of_organiser(province: Province, serial: &str) -> Result<Self, IdentifierError> {
        let number = Self {
            abbreviation: province.abbreviation(),
            province,
            form: FilingNumberForm::Record,
            serial: serial.to_owned(),
            service: None,
        };
        Self::parse(&number.as_str())
            .map_err(|_| IdentifierError::Part { of: Identifier::FilingNumber, part: "serial" })
    }

    /// The number of a service of this organiser.
    pub fn with_service(&self, number: u32, kind: ServiceKind) -> Self {
        Self { service: Some(ServiceOrdinal { number, kind }), ..self.clone() }
    }

    /// The organiser's number: this one without its service part.
    pub fn organiser(&self) -> Self {
        Self { service: None, ..self.clone() }
    }

    /// Province of the bureau that gave it.
    pub fn province(&self) -> Province {
        self.province
    }

    /// Which form it has.
    pub fn form(&self) -> FilingNumberForm {
        self.form
    }

    /// The digits between `ICP备` and `号`, or of the licence.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The service that it names, if it names one.
    pub fn service(&self) -> Option<ServiceOrdinal> {
        self.service
    }

    /// Whether two numbers are the same, whichever abbreviation of the province each uses.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.province, self.form, &self.serial, self.service)
            == (other.province, other.form, &other.serial, other.service)
    }

    /// The number with the abbreviation that bureaus print: two numbers that are the same are equal in this form.
    pub fn canonical(&self) -> Self {
        Self { abbreviation: self.province.abbreviation(), ..self.clone() }
    }

    /// The printed form with every abbreviation of the province that is in use.
    pub fn spellings(&self) -> impl Iterator<Item = String> {
        self.province.abbreviations().map(|abbreviation| Self { abbreviation, ..self.clone() }.as_str())
    }

    /// The printed form, e.g. `粤ICP备2021000001号-2A`.
    pub fn as_str(&self) -> String {
        let Self { abbreviation, form, serial, .. } = self;
        let organiser = match form {
            FilingNumberForm::Record => format!("{abbreviation}ICP备{serial}号"),
            FilingNumberForm::Licence => format!("{abbreviation}ICP证{serial}号"),
            FilingNumberForm::LicenceClass { letter, digit } => {
                format!("{abbreviation}{letter}{digit}-{serial}")
            }
        };
        let Some(ServiceOrdinal { number, kind }) = self.service else {
            return organiser;
        };
        let letter = match kind {
            ServiceKind::Website => "",
            ServiceKind::App => "A",
            ServiceKind::MiniProgram => "X",
            ServiceKind::QuickApp => "K",
        };
        format!("{organiser}-{number}{letter}")
    }
}

/// Whether two numbers are the same, however they are written.
pub fn is_same_number(one: &str, other: &str) -> bool {
    match (FilingNumber::parse(one), FilingNumber::parse(other)) {
        (Ok(one), Ok(other)) => one.is_same(&other),
        _ => one == other,
    }
}

impl fmt::Display for FilingNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.as_str())
    }
}

serde_as_text!(FilingNumber);

fn tidy(text: &str) -> String {
    crate::names::comparable_name(text)
        .chars()
        .map(|c| if matches!(c, '‐' | '‑' | '‒' | '–' | '—' | '−') { '-' } else { c.to_ascii_uppercase() })
        .collect()
}

fn read(text: &str) -> Option<FilingNumber> {
    let mut characters = text.chars();
    let abbreviation = characters.next()?;
    let province = Province::parse_abbreviation(abbreviation)?;
    let rest = characters.as_str();
    let (form, serial, tail) = read_named(rest).or_else(|| read_class(rest))?;
    let service = match tail {
        "" => None,
        tail => Some(read_ordinal(tail.strip_prefix('-')?)?),
    };
    Some(FilingNumber { abbreviation, province, form, serial: serial.to_owned(), service })
}

/// `ICP备{6 to 10 digits}号…` or `ICP证{6 to 10 digits}号…`
fn read_named(text: &str) -> Option<(FilingNumberForm, &str, &str)> {
    let text = text.strip_prefix("ICP")?;
    let (form, text) = match (text.strip_prefix('备'), text.strip_prefix('证')) {
        (Some(text), _) => (FilingNumberForm::Record, text),
        (None, Some(text)) => (FilingNumberForm::Licence, text),
        (None, None) => return None,
    };
    let (serial, tail) = text.split_once('号')?;
    is_digits(serial, 6, 10).then_some((form, serial, tail))
}

/// `B2-{8 digits}…`
fn read_class(text: &str) -> Option<(FilingNumberForm, &str, &str)> {
    let (class, text) = text.split_once('-')?;
    let form = match class {
        "A1" => FilingNumberForm::LicenceClass { letter: 'A', digit: 1 },
        "A2" => FilingNumberForm::LicenceClass { letter: 'A', digit: 2 },
        "B1" => FilingNumberForm::LicenceClass { letter: 'B', digit: 1 },
        "B2" => FilingNumberForm::LicenceClass { letter: 'B', digit: 2 },
        _ => return None,
    };
    let (serial, tail) = text.split_at(text.find('-').unwrap_or(text.len()));
    is_digits(serial, 8, 8).then_some((form, serial, tail))
}

/// `{N}` with an optional letter of the kind.
fn read_ordinal(text: &str) -> Option<ServiceOrdinal> {
    let (digits, kind) = match text.chars().last()? {
        'A' => (text.strip_suffix('A')?, ServiceKind::App),
        'X' => (text.strip_suffix('X')?, ServiceKind::MiniProgram),
        'K' => (text.strip_suffix('K')?, ServiceKind::QuickApp),
        _ => (text, ServiceKind::Website),
    };
    let is_canonical = is_digits(digits, 1, 9) && !digits.starts_with('0');
    let number = is_canonical.then(|| digits.parse().ok()).flatten()?;
    Some(ServiceOrdinal { number, kind })
}

fn is_digits(text: &str, shortest: usize, longest: usize) -> bool {
    (shortest..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_is_read_and_printed_again() {
        for (text, province, form, service) in [
            ("粤ICP备2021000001号", Province::Guangdong, FilingNumberForm::Record, None),
            ("浙ICP备12345678号-4", Province::Zhejiang, FilingNumberForm::Record, Some((4, ServiceKind::Website))),
            ("粤ICP备2021000001号-2A", Province::Guangdong, FilingNumberForm::Record, Some((2, ServiceKind::App))),
            (
                "粤ICP备2021000001号-1626X",
                Province::Guangdong,
                FilingNumberForm::Record,
                Some((1626, ServiceKind::MiniProgram)),
            ),
            ("粤ICP备2021000001号-4K", Province::Guangdong, FilingNumberForm::Record, Some((4, ServiceKind::QuickApp))),
            ("京ICP证030173号-1", Province::Beijing, FilingNumberForm::Licence, Some((1, ServiceKind::Website))),
            (
                "粤B2-20090059-1",
                Province::Guangdong,
                FilingNumberForm::LicenceClass { letter: 'B', digit: 2 },
                Some((1, ServiceKind::Website)),
            ),
            ("粤B2-20090059", Province::Guangdong, FilingNumberForm::LicenceClass { letter: 'B', digit: 2 }, None),
            ("川ICP备12345678号", Province::Sichuan, FilingNumberForm::Record, None),
            ("蜀ICP备12345678号", Province::Sichuan, FilingNumberForm::Record, None),
        ] {
            let number = FilingNumber::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(number.as_str(), text);
            assert_eq!((number.province(), number.form()), (province, form), "{text}");
            assert_eq!(number.service().map(|service| (service.number, service.kind)), service, "{text}");
        }
    }

    #[test]
    fn careless_writing_is_understood() {
        let number = FilingNumber::parse(" 粤 ｉｃｐ备２０２１０００００１号－2a ").unwrap();
        assert_eq!(number.as_str(), "粤ICP备2021000001号-2A");
        assert_eq!(number.organiser().as_str(), "粤ICP备2021000001号");
    }

    #[test]
    fn both_abbreviations_name_the_same_number() {
        let one = FilingNumber::parse("甘ICP备12345678号-1").unwrap();
        let other = FilingNumber::parse("陇ICP备12345678号-1").unwrap();
        assert!(one.is_same(&other));
        assert!(!one.is_same(&other.organiser()));
        assert_eq!(one.as_str(), "甘ICP备12345678号-1");
        assert_eq!(one.spellings().collect::<Vec<_>>(), ["陇ICP备12345678号-1", "甘ICP备12345678号-1"]);
        assert!(is_same_number("甘ICP备12345678号-1", "陇 icp 备 12345678 号 - 1") && is_same_number("x", "x"));
        assert!(!is_same_number("甘ICP备12345678号-1", "甘ICP备12345678号-2") && !is_same_number("x", "y"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "粤",
            "粤ICP备号",
            "粤ICP备12345号",
            "粤ICP备12345678901号",
            "港ICP备12345678号",
            "粤ICP备12345678",
            "粤ICP备12345678号-",
            "粤ICP备12345678号-0",
            "粤ICP备12345678号-01",
            "粤ICP备12345678号-1B",
            "粤ICP备12345678号1",
            "粤B3-20090059",
            "粤B2-2009005",
            "ICP备12345678号",
            "粤ICP备1234567a号",
        ] {
            assert!(FilingNumber::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bureau_can_compose_numbers() {
        let organiser = FilingNumber::of_organiser(Province::Zhejiang, "2026000123").unwrap();
        assert_eq!(organiser.as_str(), "浙ICP备2026000123号");
        assert_eq!(organiser.with_service(2, ServiceKind::MiniProgram).as_str(), "浙ICP备2026000123号-2X");
        assert!(FilingNumber::of_organiser(Province::Zhejiang, "12").is_err());
    }

    proptest! {
        #[test]
        fn composed_numbers_read_back(
            province in prop::sample::select(Province::ALL.to_vec()), serial in "[0-9]{8}|20[0-9]{8}",
            number in 1..100_000u32,
            kind in prop::sample::select(vec![
                ServiceKind::Website, ServiceKind::App, ServiceKind::MiniProgram, ServiceKind::QuickApp,
            ]),
        ) {
            let composed = FilingNumber::of_organiser(province, &serial).unwrap().with_service(number, kind);
            prop_assert_eq!(FilingNumber::parse(&composed.as_str()).unwrap(), composed.clone());
            let json = serde_json::to_string(&composed).unwrap();
            prop_assert_eq!(serde_json::from_str::<FilingNumber>(&json).unwrap(), composed);
        }

        #[test]
        fn no_text_makes_it_panic(text in "粤[ICPB备证号0-9\\-A]{0,20}|\\PC{0,20}") {
            let _ = FilingNumber::parse(&text);
        }
    }
}
