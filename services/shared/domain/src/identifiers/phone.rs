//! Phone numbers of persons in charge (filing-rules §10.3).

use std::fmt;

use super::{Identifier, IdentifierError, serde_as_text};

/// A mainland mobile number: 11 digits that begin with 13 to 19.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MobileNumber(String);

impl MobileNumber {
    /// Checks the form. Whether a segment is served or local is the business of the rules.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        Self::check(text).map(|()| Self(text.to_owned()))
    }

    /// Checks the form as [`MobileNumber::parse`] does, where nobody needs the number.
    pub fn check(text: &str) -> Result<(), IdentifierError> {
        let of = Identifier::MobileNumber;
        let found = text.chars().count();
        if found != 11 {
            return Err(IdentifierError::Length { of, found });
        }
        let allowed = |place: usize, c: u8| match place {
            0 => c == b'1',
            1 => (b'3'..=b'9').contains(&c),
            _ => c.is_ascii_digit(),
        };
        // What stands before the first place that is not allowed is ASCII.
        if let Some(place) = text.bytes().enumerate().position(|(place, c)| !allowed(place, c)) {
            return Err(IdentifierError::Character { of, position: place + 1 });
        }
        Ok(())
    }

    /// Builds a number from its first seven digits (the segment, which tells the place) and a line number.
    pub fn generate(segment: u32, line: u16) -> Result<Self, IdentifierError> {
        let of = Identifier::MobileNumber;
        if line > 9999 {
            return Err(IdentifierError::Part { of, part: "line number" });
        }
        Self::parse(&format!("{segment:07}{line:04}"))
    }

    /// The number. Personal data.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, by which operators assign numbers to cities.
    pub fn segment(&self) -> &str {
        self.0.get(..7).unwrap_or_default()
    }
}

impl fmt::Debug for MobileNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MobileNumber(…)")
    }
}

serde_as_text!(MobileNumber);

/// A mainland landline number, stored as `0755-12345678` with an optional extension `-123`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Landline {
    text: String,
    area_code_length: usize,
}

impl Landline {
    /// Checks the form; the country prefix of the bureaus' form (`086-0755-12345678`) is read and dropped.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let of = Identifier::Landline;
        let national = text.strip_prefix("086-").or_else(|| text.strip_prefix("86-")).unwrap_or(text);
        if let Some(place) = national.chars().position(|c| !c.is_ascii_digit() && c != '-') {
            let dropped = text.chars().count() - national.chars().count();
            return Err(IdentifierError::Character { of, position: dropped + place + 1 });
        }
        let mut parts = national.split('-');
        let (area_code, line) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let extension = parts.next();
        let is_well_formed = is_area_code(area_code)
            && (7..=8).contains(&line.len())
            && line.starts_with(|first: char| ('2'..='9').contains(&first) || first == '1')
            && extension.is_none_or(|digits| (1..=6).contains(&digits.len()))
            && parts.next().is_none();
        if !is_well_formed {
            return Err(IdentifierError::Form { of });
        }
        Ok(Self { text: national.to_owned(), area_code_length: area_code.len() })
    }

    /// The number as stored.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The area code with its leading zero, e.g. `0755`.
    pub fn area_code(&self) -> &str {
        self.text.get(..self.area_code_length).unwrap_or_default()
    }
}

impl fmt::Debug for Landline {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Landline(…)")
    }
}

serde_as_text!(Landline);

/// 010, 02x, or 0 and three digits of which the first is 3 to 9.
fn is_area_code(text: &str) -> bool {
    match text.as_bytes() {
        b"010" => true,
        [b'0', b'2', last] => last.is_ascii_digit() && *last != b'6',
        [b'0', b'3'..=b'9', _, _] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mobile_numbers() {
        assert_eq!(MobileNumber::parse("13800138000").unwrap().segment(), "1380013");
        assert_eq!(MobileNumber::generate(1_380_013, 8000).unwrap().as_str(), "13800138000");
        let of = Identifier::MobileNumber;
        for (text, error) in [
            ("1380013800", IdentifierError::Length { of, found: 10 }),
            ("+8613800138000", IdentifierError::Length { of, found: 14 }),
            ("23800138000", IdentifierError::Character { of, position: 1 }),
            ("12800138000", IdentifierError::Character { of, position: 2 }),
            ("1380013800０", IdentifierError::Character { of, position: 11 }),
        ] {
            assert_eq!(MobileNumber::parse(text), Err(error), "{text}");
        }
        assert_eq!(format!("{:?}", MobileNumber::parse("13800138000").unwrap()), "MobileNumber(…)");
    }

    #[test]
    fn landlines() {
        for (text, area_code) in [
            ("0755-12345678", "0755"),
            ("086-0755-12345678", "0755"),
            ("010-62345678", "010"),
            ("021-62345678-801", "021"),
            ("0571-8234567", "0571"),
        ] {
            assert_eq!(Landline::parse(text).unwrap().area_code(), area_code, "{text}");
        }
        for text in ["12345678", "0755 12345678", "0155-12345678", "0755-123456", "0755-12345678-", "0755-12345678-1-2"]
        {
            assert!(Landline::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9+\\- ]{0,16}|\\PC{0,16}") {
            let _ = (MobileNumber::parse(&text), Landline::parse(&text));
        }
    }
}
