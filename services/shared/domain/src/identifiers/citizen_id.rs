//! 公民身份号码 (GB 11643-1999, ISO 7064 MOD 11-2) and the residence permits that use the same form:
//! 810000 Hong Kong, 820000 Macau, 830000 Taiwan (filing-rules §10.1, §10.3).

use std::fmt;

use chrono::{Datelike, NaiveDate};

use super::{Identifier, IdentifierError, serde_as_text};
use crate::Province;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS: [u8; 11] = *b"10X98765432";

/// No living holder was born before this year.
const EARLIEST_BIRTH_YEAR: i32 = 1880;

/// A checked 18-character citizen id or residence-permit number; a final `x` is stored as `X`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CitizenId {
    text: String,
    birth_date: NaiveDate,
}

/// Whose document carries the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CitizenIdKind {
    /// 居民身份证
    Mainland,
    /// 港澳居民居住证, Hong Kong (81)
    HongKongResidencePermit,
    /// 港澳居民居住证, Macau (82)
    MacauResidencePermit,
    /// 台湾居民居住证 (83)
    TaiwanResidencePermit,
}

/// Sex as encoded in the sequence number (odd: male).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// 女
    Female,
    /// 男
    Male,
}

impl CitizenId {
    /// Checks an 18-character number: form, region, birth date, check character.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let of = Identifier::CitizenId;
        let found = text.chars().count();
        if found != 18 {
            return Err(IdentifierError::Length { of, found });
        }
        let text = text.to_ascii_uppercase();
        let allowed = |place: usize, c: u8| c.is_ascii_digit() || (place == 17 && c == b'X');
        // What stands before the first place that is not allowed is ASCII.
        if let Some(place) = text.bytes().enumerate().position(|(place, c)| !allowed(place, c)) {
            return Err(IdentifierError::Character { of, position: place + 1 });
        }
        kind_of(&text).ok_or(IdentifierError::Region { of })?;
        let birth_date = birth_date_of(&text).ok_or(IdentifierError::BirthDate { of })?;
        let (body, check) = text.split_at(17);
        if !check.starts_with(check_character(body)) {
            return Err(IdentifierError::CheckCharacter { of });
        }
        Ok(Self { text, birth_date })
    }

    /// Upgrades a 15-digit number: century 19 is inserted and the check character appended. A 15-digit number is
    /// no longer valid for use (since 2013); the result serves comparison with old records.
    pub fn from_fifteen_digits(text: &str) -> Result<Self, IdentifierError> {
        let of = Identifier::OldCitizenId;
        let found = text.chars().count();
        if found != 15 {
            return Err(IdentifierError::Length { of, found });
        }
        if let Some(place) = text.chars().position(|c| !c.is_ascii_digit()) {
            return Err(IdentifierError::Character { of, position: place + 1 });
        }
        let (region, rest) = text.split_at(6);
        let body = format!("{region}19{rest}");
        let check = check_character(&body);
        Self::parse(&format!("{body}{check}")).map_err(|error| match error {
            IdentifierError::Region { .. } => IdentifierError::Region { of },
            IdentifierError::BirthDate { .. } => IdentifierError::BirthDate { of },
            other => other,
        })
    }

    /// Builds a number with its check character from a division code, a birth date and a sequence number
    /// (0 to 999; odd is male).
    pub fn generate(division: u32, birth_date: NaiveDate, sequence: u16) -> Result<Self, IdentifierError> {
        let of = Identifier::CitizenId;
        if division > 999_999 {
            return Err(IdentifierError::Part { of, part: "division code" });
        }
        if sequence > 999 {
            return Err(IdentifierError::Part { of, part: "sequence number" });
        }
        let body = format!("{division:06}{}{sequence:03}", birth_date.format("%Y%m%d"));
        let check = check_character(&body);
        Self::parse(&format!("{body}{check}"))
    }

    /// The number. Personal data: hand it only to those who must read it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Kind of document that carries the number.
    pub fn kind(&self) -> CitizenIdKind {
        kind_of(&self.text).unwrap_or(CitizenIdKind::Mainland)
    }

    /// Division code of the first registration (GB/T 2260; possibly one that no longer exists).
    pub fn division(&self) -> u32 {
        number(&self.text, 0, 6).unwrap_or_default()
    }

    /// Province of the first registration; none for residence permits.
    pub fn province(&self) -> Option<Province> {
        Province::of_division(self.division())
    }

    /// Birth date.
    pub fn birth_date(&self) -> NaiveDate {
        self.birth_date
    }

    /// Sex.
    pub fn sex(&self) -> Sex {
        match number(&self.text, 14, 17) {
            Some(sequence) if sequence % 2 == 1 => Sex::Male,
            _ => Sex::Female,
        }
    }

    /// Completed years of age on a day; none before birth. A person born on 29 February completes a year on
    /// 1 March of common years.
    pub fn age_on(&self, day: NaiveDate) -> Option<u32> {
        let birthday_reached = (day.month(), day.day()) >= (self.birth_date.month(), self.birth_date.day());
        let years = day.year() - self.birth_date.year() - i32::from(!birthday_reached);
        u32::try_from(years).ok()
    }
}

impl fmt::Debug for CitizenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CitizenId(…)")
    }
}

serde_as_text!(CitizenId);

fn number(text: &str, from: usize, to: usize) -> Option<u32> {
    text.get(from..to)?.parse().ok()
}

fn kind_of(text: &str) -> Option<CitizenIdKind> {
    match number(text, 0, 6)? {
        810_000 => Some(CitizenIdKind::HongKongResidencePermit),
        820_000 => Some(CitizenIdKind::MacauResidencePermit),
        830_000 => Some(CitizenIdKind::TaiwanResidencePermit),
        division => Province::of_division(division).map(|_| CitizenIdKind::Mainland),
    }
}

fn birth_date_of(text: &str) -> Option<NaiveDate> {
    let year = i32::try_from(number(text, 6, 10)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(text, 10, 12)?, number(text, 12, 14)?)?;
    (year >= EARLIEST_BIRTH_YEAR).then_some(date)
}

/// Check character for 17 digits (other characters count as zero; callers have excluded them).
fn check_character(body: &str) -> char {
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(c, weight)| char::from(c).to_digit(10).unwrap_or(0) * weight).sum();
    CHECK_CHARACTERS.get(sum as usize % 11).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn published_vectors_pass() {
        let mainland = CitizenId::parse("440308199901101512").unwrap();
        assert_eq!(mainland.kind(), CitizenIdKind::Mainland);
        assert_eq!(mainland.province(), Some(Province::Guangdong));
        assert_eq!(mainland.division(), 440_308);
        assert_eq!(mainland.birth_date(), day(1999, 1, 10));
        assert_eq!(mainland.sex(), Sex::Male);

        let hong_kong = CitizenId::parse("810000199408230021").unwrap();
        assert_eq!(hong_kong.kind(), CitizenIdKind::HongKongResidencePermit);
        assert_eq!(hong_kong.sex(), Sex::Female);
        assert_eq!(hong_kong.province(), None);

        let taiwan = CitizenId::parse("830000199201300022").unwrap();
        assert_eq!(taiwan.kind(), CitizenIdKind::TaiwanResidencePermit);
    }

    #[test]
    fn each_fault_is_named() {
        let of = Identifier::CitizenId;
        for (text, error) in [
            ("44030819990110151", IdentifierError::Length { of, found: 17 }),
            ("４40308199901101512", IdentifierError::Character { of, position: 1 }),
            ("44030819990110X512", IdentifierError::Character { of, position: 15 }),
            ("990308199901101512", IdentifierError::Region { of }),
            ("810001199408230021", IdentifierError::Region { of }),
            ("440308199902301512", IdentifierError::BirthDate { of }),
            ("440308179901101512", IdentifierError::BirthDate { of }),
            ("440308199901101513", IdentifierError::CheckCharacter { of }),
        ] {
            assert_eq!(CitizenId::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_small_x_is_read_and_stored_as_capital() {
        let id = (0..999)
            .map(|sequence| CitizenId::generate(330_106, day(1990, 5, 17), sequence).unwrap())
            .find(|id| id.as_str().ends_with('X'))
            .unwrap();
        assert_eq!(CitizenId::parse(&id.as_str().to_ascii_lowercase()).unwrap(), id);
    }

    #[test]
    fn age_counts_completed_years() {
        let id = CitizenId::generate(440_305, day(2004, 2, 29), 1).unwrap();
        assert_eq!(id.age_on(day(2022, 2, 28)), Some(17));
        assert_eq!(id.age_on(day(2022, 3, 1)), Some(18));
        assert_eq!(id.age_on(day(2024, 2, 29)), Some(20));
        assert_eq!(id.age_on(day(2004, 1, 1)), None);
    }

    #[test]
    fn fifteen_digits_become_eighteen() {
        let id = CitizenId::from_fifteen_digits("440308990110151").unwrap();
        assert_eq!(id.as_str(), "440308199901101512");
        let of = Identifier::OldCitizenId;
        assert_eq!(CitizenId::from_fifteen_digits("44030899011015"), Err(IdentifierError::Length { of, found: 14 }));
        assert_eq!(CitizenId::from_fifteen_digits("440308990230151"), Err(IdentifierError::BirthDate { of }));
        assert_eq!(
            CitizenId::from_fifteen_digits("44030899011015X"),
            Err(IdentifierError::Character { of, position: 15 })
        );
    }

    #[test]
    fn debug_does_not_show_the_number() {
        assert_eq!(format!("{:?}", CitizenId::parse("440308199901101512").unwrap()), "CitizenId(…)");
        let error = serde_json::from_str::<CitizenId>("\"440308199901101513\"").unwrap_err();
        assert!(!error.to_string().contains("4403"), "{error}");
    }

    fn any_id() -> impl Strategy<Value = CitizenId> {
        let division = prop::sample::select(vec![110_101u32, 330_106, 440_305, 650_102, 810_000, 820_000, 830_000]);
        (division, 0..40_000i64, 0..1000u16).prop_map(|(division, days, sequence)| {
            let birth_date = day(1910, 1, 1) + chrono::Duration::days(days);
            CitizenId::generate(division, birth_date, sequence).unwrap()
        })
    }

    proptest! {
        #[test]
        fn generated_numbers_read_back(id in any_id()) {
            prop_assert_eq!(CitizenId::parse(id.as_str()).unwrap(), id.clone());
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<CitizenId>(&json).unwrap(), id);
        }

        #[test]
        fn any_single_change_is_rejected(id in any_id(), place in 0..18usize, replacement in "[0-9X]") {
            let mut changed = id.as_str().to_owned();
            changed.replace_range(place..=place, &replacement);
            prop_assume!(changed != id.as_str());
            prop_assert!(CitizenId::parse(&changed).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,24}") {
            let _ = CitizenId::parse(&text);
            let _ = CitizenId::from_fifteen_digits(&text);
        }
    }
}
