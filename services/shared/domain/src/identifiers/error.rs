//! What can be wrong with an identifier, and what to do about it.

use std::fmt;

/// Which identifier an error speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// 公民身份号码, 18 characters; also the numbers of residence permits for Hong Kong, Macau and Taiwan.
    CitizenId,
    /// The 15-digit citizen id that was issued until 1999.
    OldCitizenId,
    /// 统一社会信用代码, 18 characters.
    Uscc,
    /// 组织机构代码, 9 characters.
    OrganisationCode,
    /// 工商注册号, 15 digits.
    RegistrationNumber,
    /// Mobile number, 11 digits.
    MobileNumber,
    /// Landline number with area code.
    Landline,
    /// 备案号
    FilingNumber,
}

impl Identifier {
    /// English name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::CitizenId => "citizen id",
            Self::OldCitizenId => "15-digit citizen id",
            Self::Uscc => "unified social credit code",
            Self::OrganisationCode => "organisation code",
            Self::RegistrationNumber => "registration number",
            Self::MobileNumber => "mobile number",
            Self::Landline => "landline number",
            Self::FilingNumber => "filing number",
        }
    }

    /// What a well-formed one looks like.
    pub fn shape(self) -> &'static str {
        match self {
            Self::CitizenId => "17 digits and a check character (digit or X)",
            Self::OldCitizenId => "15 digits",
            Self::Uscc => "18 digits or capital letters without I, O, S, V, Z",
            Self::OrganisationCode => "8 digits or capital letters and a check character, without hyphen",
            Self::RegistrationNumber => "15 digits",
            Self::MobileNumber => "11 digits that begin with 13 to 19, without +86, spaces or hyphens",
            Self::Landline => "area code, hyphen, 7 or 8 digits, e.g. 0755-12345678",
            Self::FilingNumber => "e.g. 粤ICP备2021000001号, 粤ICP备2021000001号-1 or 粤B2-20090059-1",
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why a text is not the identifier that it should be. The message names the remedy and never the number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Too short or too long.
    #[error("the {of} has {found} characters; enter {}", of.shape())]
    Length {
        /// Which identifier.
        of: Identifier,
        /// Number of characters found.
        found: usize,
    },
    /// A character that cannot stand at its place.
    #[error("character {position} of the {of} cannot stand there; enter {}", of.shape())]
    Character {
        /// Which identifier.
        of: Identifier,
        /// Its place, counted from 1.
        position: usize,
    },
    /// The check character contradicts the rest: most likely a typing error. A few real credit codes and
    /// registration numbers fail this check too, so a caller may ask the register instead of refusing.
    #[error("the check character of the {of} does not fit; compare each character with the certificate")]
    CheckCharacter {
        /// Which identifier.
        of: Identifier,
    },
    /// The administrative division at the beginning does not exist.
    #[error("the {of} begins with a region that does not exist; compare the first six digits with the certificate")]
    Region {
        /// Which identifier.
        of: Identifier,
    },
    /// The birth date does not exist.
    #[error("the {of} holds a birth date that does not exist; compare digits 7 to 14 with the document")]
    BirthDate {
        /// Which identifier.
        of: Identifier,
    },
    /// The text does not have the form of the identifier at all.
    #[error("this is not a {of}; enter it as on the document, {}", of.shape())]
    Form {
        /// Which identifier.
        of: Identifier,
    },
    /// The parts given to a `generate` function are out of range.
    #[error("the {part} given for a {of} is out of range")]
    Part {
        /// Which identifier.
        of: Identifier,
        /// Which part.
        part: &'static str,
    },
}

impl IdentifierError {
    /// Whether only the check character is wrong, so that asking a register makes sense.
    pub fn is_check_character(&self) -> bool {
        matches!(self, Self::CheckCharacter { .. })
    }
}
