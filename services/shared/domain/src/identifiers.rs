//! Identifiers of persons, organisations, phones and filings, each with its structure and check digit
//! (filing-rules §10).
//!
//! A value of these types has been checked. Identifiers of persons are personal data: their `Debug` form is
//! masked, they have no `Display`, and errors never repeat the number. The `generate` functions compute the
//! check digits for given parts; they serve test data and demonstrations.

mod citizen_id;
mod error;
mod filing_number;
mod organisation;
mod phone;

pub use citizen_id::{CitizenId, CitizenIdKind, Sex};
pub use error::{Identifier, IdentifierError};
pub use filing_number::{FilingNumber, FilingNumberForm, ServiceOrdinal, is_same_number};
pub use organisation::{OrganisationCode, RegistrationNumber, Uscc};
pub use phone::{Landline, MobileNumber};

/// Implements serde as text through `parse` and `as_str` for a checked newtype.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::identifiers::IdentifierError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
    };
}
use serde_as_text;
