//! Identifiers of organisations: 统一社会信用代码 (GB 32100-2015, MOD 31), 组织机构代码 (GB 11714-1997, MOD 11)
//! and the old 15-digit 工商注册号 (GS15-2006, ISO 7064 MOD 11,10); filing-rules §10.1.

use super::{Identifier, IdentifierError, serde_as_text};
use crate::Province;

const USCC_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// The value of each ASCII character, its place in the alphabet; [`NO_VALUE`] for those that are not in it.
const USCC_VALUES: [u8; 128] = uscc_values();
const NO_VALUE: u8 = u8::MAX;
const USCC_WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// A checked unified social credit code (统一社会信用代码).
///
/// A few codes in real use fail the check character, so a failure of [`IdentifierError::is_check_character`] is a
/// reason to ask the enterprise register, not to refuse for good.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uscc(String);

impl Uscc {
    /// Checks an 18-character code: alphabet, region digits, check character. Small letters are raised.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let of = Identifier::Uscc;
        let found = text.chars().count();
        if found != 18 {
            return Err(IdentifierError::Length { of, found });
        }
        let text = text.to_ascii_uppercase();
        let is_region_digit = |place: usize| (2..8).contains(&place);
        let allowed = |place: usize, c: u8| {
            if is_region_digit(place) { c.is_ascii_digit() } else { uscc_value(c).is_some() }
        };
        // What stands before the first place that is not allowed is ASCII.
        if let Some(place) = text.bytes().enumerate().position(|(place, c)| !allowed(place, c)) {
            return Err(IdentifierError::Character { of, position: place + 1 });
        }
        let (body, check) = text.split_at(17);
        if !check.starts_with(uscc_check_character(body)) {
            return Err(IdentifierError::CheckCharacter { of });
        }
        Ok(Self(text))
    }

    /// Builds a code with its check character: department and class (e.g. `91` for companies), division code,
    /// organisation code.
    pub fn generate(
        department_and_class: &str,
        division: u32,
        organisation: &OrganisationCode,
    ) -> Result<Self, IdentifierError> {
        let of = Identifier::Uscc;
        if department_and_class.len() != 2 {
            return Err(IdentifierError::Part { of, part: "department and class" });
        }
        if !(100_000..=999_999).contains(&division) {
            return Err(IdentifierError::Part { of, part: "division code" });
        }
        let body = format!("{department_and_class}{division}{}", organisation.as_str());
        let check = uscc_check_character(&body);
        Self::parse(&format!("{body}{check}"))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Registering department and class, e.g. `91` (market regulation, company).
    pub fn department_and_class(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }

    /// Division code of the registering authority (100000: the national one).
    pub fn division(&self) -> u32 {
        self.0.get(2..8).and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }

    /// Province of the registering authority; none for national authorities.
    pub fn province(&self) -> Option<Province> {
        Province::of_division(self.division())
    }

    /// The organisation code inside (characters 9 to 17). Codes exist whose inner check character does not fit.
    pub fn organisation_code(&self) -> Result<OrganisationCode, IdentifierError> {
        OrganisationCode::parse(self.0.get(8..17).unwrap_or_default())
    }
}

serde_as_text!(Uscc);

/// Check character for 17 characters of the alphabet.
fn uscc_check_character(body: &str) -> char {
    let sum: u32 = body.bytes().zip(USCC_WEIGHTS).map(|(c, weight)| uscc_value(c).unwrap_or(0) * weight).sum();
    let check = (31 - sum % 31) % 31;
    USCC_ALPHABET.get(check as usize).copied().map_or('0', char::from)
}

fn uscc_value(c: u8) -> Option<u32> {
    USCC_VALUES.get(usize::from(c)).copied().filter(|value| *value != NO_VALUE).map(u32::from)
}

const fn uscc_values() -> [u8; 128] {
    let mut values = [NO_VALUE; 128];
    let mut value = 0;
    while value < USCC_ALPHABET.len() {
        values[USCC_ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
}

/// A checked organisation code (组织机构代码), nine characters without hyphen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrganisationCode(String);

impl OrganisationCode {
    /// Checks a nine-character code. `12345678-9` with hyphen is read too.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let of = Identifier::OrganisationCode;
        let text = text.to_ascii_uppercase();
        let text = match text.split_once('-') {
            Some((body, check)) if body.len() == 8 => format!("{body}{check}"),
            _ => text,
        };
        let found = text.chars().count();
        if found != 9 {
            return Err(IdentifierError::Length { of, found });
        }
        let allowed = |place: usize, c: char| {
            c.is_ascii_digit() || (place < 8 && c.is_ascii_uppercase()) || (place == 8 && c == 'X')
        };
        if let Some(place) = text.chars().enumerate().position(|(place, c)| !allowed(place, c)) {
            return Err(IdentifierError::Character { of, position: place + 1 });
        }
        let (body, check) = text.split_at(8);
        if !check.starts_with(organisation_check_character(body)) {
            return Err(IdentifierError::CheckCharacter { of });
        }
        Ok(Self(text))
    }

    /// Builds a code with its check character from eight digits or capital letters.
    pub fn generate(body: &str) -> Result<Self, IdentifierError> {
        let of = Identifier::OrganisationCode;
        if body.len() != 8 || !body.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()) {
            return Err(IdentifierError::Part { of, part: "body of eight characters" });
        }
        Ok(Self(format!("{body}{}", organisation_check_character(body))))
    }

    /// The code without hyphen.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

serde_as_text!(OrganisationCode);

fn organisation_check_character(body: &str) -> char {
    let sum: u32 = body.chars().zip(ORGANISATION_WEIGHTS).map(|(c, weight)| c.to_digit(36).unwrap_or(0) * weight).sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    }
}

/// A checked 15-digit registration number (工商注册号). Audits look for it: a record that still carries it must be
/// upgraded to the credit code, which cannot be computed from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistrationNumber(String);

impl RegistrationNumber {
    /// Checks a 15-digit number.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let of = Identifier::RegistrationNumber;
        let found = text.chars().count();
        if found != 15 {
            return Err(IdentifierError::Length { of, found });
        }
        if let Some(place) = text.chars().position(|c| !c.is_ascii_digit()) {
            return Err(IdentifierError::Character { of, position: place + 1 });
        }
        let (body, check) = text.split_at(14);
        if !check.starts_with(registration_check_digit(body)) {
            return Err(IdentifierError::CheckCharacter { of });
        }
        Ok(Self(text.to_owned()))
    }

    /// Builds a number with its check digit from the authority's division code and a serial of up to eight digits.
    pub fn generate(division: u32, serial: u32) -> Result<Self, IdentifierError> {
        let of = Identifier::RegistrationNumber;
        if !(100_000..=999_999).contains(&division) {
            return Err(IdentifierError::Part { of, part: "division code" });
        }
        if serial > 99_999_999 {
            return Err(IdentifierError::Part { of, part: "serial number" });
        }
        let body = format!("{division}{serial:08}");
        Ok(Self(format!("{body}{}", registration_check_digit(&body))))
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Division code of the registering authority.
    pub fn division(&self) -> u32 {
        self.0.get(..6).and_then(|digits| digits.parse().ok()).unwrap_or_default()
    }
}

serde_as_text!(RegistrationNumber);

/// ISO 7064 MOD 11,10 over 14 digits.
fn registration_check_digit(body: &str) -> char {
    let product = body.chars().fold(10, |product, c| {
        let sum = (product + c.to_digit(10).unwrap_or(0)) % 10;
        let sum = if sum == 0 { 10 } else { sum };
        2 * sum % 11
    });
    char::from_digit((11 - product) % 10, 10).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    const PUBLISHED_USCC: [&str; 4] =
        ["91350200776049653A", "91440101MA5CJQ4N59", "12441400456763110Y", "91510681MA66PGA4XN"];

    #[test]
    fn published_credit_codes_pass_with_their_organisation_codes() {
        for text in PUBLISHED_USCC {
            let code = Uscc::parse(text).unwrap();
            assert_eq!(code.organisation_code().unwrap().as_str(), &text[8..17]);
            assert_eq!(Uscc::parse(&text.to_ascii_lowercase()).unwrap(), code);
        }
        let code = Uscc::parse("91440101MA5CJQ4N59").unwrap();
        assert_eq!(code.department_and_class(), "91");
        assert_eq!(code.province(), Some(Province::Guangdong));
    }

    #[test]
    fn the_real_code_that_fails_the_check_is_told_apart() {
        let error = Uscc::parse("91350203M0001QAY9B").unwrap_err();
        assert!(error.is_check_character());
    }

    #[test]
    fn each_fault_is_named() {
        let of = Identifier::Uscc;
        for (text, error) in [
            ("91440101MA5CJQ4N5", IdentifierError::Length { of, found: 17 }),
            ("91440101MA5CJQ4NI9", IdentifierError::Character { of, position: 17 }),
            ("9144O101MA5CJQ4N59", IdentifierError::Character { of, position: 5 }),
            ("91440101MA5CJQ4N50", IdentifierError::CheckCharacter { of }),
        ] {
            assert_eq!(Uscc::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn published_registration_numbers_pass() {
        for text in ["110108000000016", "110108002734659", "440301103448669"] {
            assert_eq!(RegistrationNumber::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(RegistrationNumber::parse("110108000000016").unwrap().division(), 110_108);
        let of = Identifier::RegistrationNumber;
        assert_eq!(RegistrationNumber::parse("110108000000017"), Err(IdentifierError::CheckCharacter { of }));
        assert_eq!(RegistrationNumber::parse("1101080000000X6"), Err(IdentifierError::Character { of, position: 14 }));
    }

    #[test]
    fn organisation_codes_are_read_with_and_without_hyphen() {
        let plain = OrganisationCode::parse("776049653").unwrap();
        assert_eq!(OrganisationCode::parse("77604965-3").unwrap(), plain);
        assert!(OrganisationCode::parse("776049654").unwrap_err().is_check_character());
        assert!(OrganisationCode::parse("7760496-53").is_err());
    }

    fn any_uscc() -> impl Strategy<Value = Uscc> {
        let class = prop::sample::select(vec!["91", "92", "12", "51", "31", "Y1"]);
        (class, 110_000..660_000u32, "[0-9A-HJ-NPQRTUWXY]{8}").prop_map(|(class, division, body)| {
            Uscc::generate(class, division, &OrganisationCode::generate(&body).unwrap()).unwrap()
        })
    }

    proptest! {
        #[test]
        fn generated_codes_read_back(code in any_uscc()) {
            prop_assert_eq!(Uscc::parse(code.as_str()).unwrap(), code.clone());
            prop_assert!(code.organisation_code().is_ok());
            let json = serde_json::to_string(&code).unwrap();
            prop_assert_eq!(serde_json::from_str::<Uscc>(&json).unwrap(), code);
        }

        #[test]
        fn any_single_change_of_a_credit_code_is_rejected(
            code in any_uscc(), place in 0..18usize, replacement in "[0-9A-Z]",
        ) {
            let mut changed = code.as_str().to_owned();
            changed.replace_range(place..=place, &replacement);
            prop_assume!(changed != code.as_str());
            prop_assert!(Uscc::parse(&changed).is_err());
        }

        #[test]
        fn generated_registration_numbers_read_back_and_any_single_change_is_rejected(
            division in 110_000..660_000u32, serial in 0..100_000_000u32, place in 0..15usize, digit in "[0-9]",
        ) {
            let number = RegistrationNumber::generate(division, serial).unwrap();
            prop_assert_eq!(RegistrationNumber::parse(number.as_str()).unwrap(), number.clone());
            let mut changed = number.as_str().to_owned();
            changed.replace_range(place..=place, &digit);
            prop_assume!(changed != number.as_str());
            prop_assert!(RegistrationNumber::parse(&changed).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,20}") {
            let _ = (Uscc::parse(&text), OrganisationCode::parse(&text), RegistrationNumber::parse(&text));
        }
    }
}
