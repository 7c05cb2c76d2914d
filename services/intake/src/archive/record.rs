//! What the archive keeps of an organiser and of a service.

use chrono::{DateTime, Utc};
use icp_domain::identifiers::FilingNumber;
use icp_domain::names::{DomainName, comparable_name};
use icp_domain::{Access, InternetService, Organiser, ServiceKind};
use uuid::Uuid;

/// Whether a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// On record at the ministry.
    Filed,
    /// Taken off (注销).
    Deregistered,
}

impl Status {
    /// The text form, e.g. `filed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Filed => "filed",
            Self::Deregistered => "deregistered",
        }
    }

    /// The status with this text form; everything unknown does not stand.
    pub fn parse(text: &str) -> Self {
        if text == "filed" { Self::Filed } else { Self::Deregistered }
    }
}

/// An organiser on record.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganiserRecord {
    /// Our id.
    pub id: Uuid,
    /// Filing number now.
    pub number: String,
    /// Id in the bureau's store, where it is known.
    pub bureau_id: Option<i64>,
    /// Letters of the province.
    pub province: String,
    /// Nature (单位性质); 0 where only the number is known.
    pub nature: i32,
    /// Name of a unit; none of a person, whose name is personal data.
    pub name: Option<String>,
    /// Keyed digest of the certificate number.
    pub certificate_index: Vec<u8>,
    /// Account that holds the record.
    pub account: Option<String>,
    /// Whether it stands.
    pub status: Status,
    /// Order that changed it last.
    pub order_id: Uuid,
    /// The organiser without its number, encrypted.
    pub content: Option<Vec<u8>>,
    /// Wrapped key of its and its services' contents.
    pub data_key: Option<Vec<u8>>,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// A service on record.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceRecord {
    /// Our id.
    pub id: Uuid,
    /// Its organiser.
    pub organiser_id: Uuid,
    /// Filing number now.
    pub number: String,
    /// Id in the bureau's store, where it is known.
    pub bureau_id: Option<i64>,
    /// Text form of the kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Letters of the province.
    pub province: String,
    /// The organiser's account.
    pub account: Option<String>,
    /// Whether it stands.
    pub status: Status,
    /// Whether this provider connects it.
    pub is_connected: bool,
    /// Order that won the number.
    pub order_id: Uuid,
    /// The service without its number, encrypted under the organiser's key; `None` leaves what is stored.
    pub content: Option<Vec<u8>>,
    /// When it was filed.
    pub filed_at: DateTime<Utc>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// What a service is found by, besides its number and name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traits {
    /// Domains in A-label form with their registrable domains.
    pub domains: Vec<(String, String)>,
    /// Platforms and packages of an app.
    pub packages: Vec<(String, String)>,
}

impl Traits {
    /// Those that are declared.
    pub fn of(service: &InternetService) -> Self {
        let mut domains: Vec<(String, String)> = service
            .all_domains()
            .filter_map(|(_, domain)| DomainName::parse(domain).ok())
            .map(|name| (name.ascii().to_owned(), name.registrable().ascii().to_owned()))
            .collect();
        domains.sort();
        domains.dedup();
        let mut packages: Vec<(String, String)> = service
            .app_platforms
            .iter()
            .map(|app| (app.platform.as_str().to_owned(), app.package.trim().to_owned()))
            .collect();
        packages.sort();
        packages.dedup();
        Self { domains, packages }
    }
}

/// An access that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Id in the bureau's store, where it is known.
    pub bureau_id: Option<i64>,
    /// Methods, places and addresses.
    pub access: Access,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A filing number as it is printed; text that is none stays as it is.
pub fn normal_number(text: &str) -> String {
    FilingNumber::parse(text).map_or_else(|_| text.trim().to_owned(), |number| number.as_str())
}

/// What a filing number is found by, whichever abbreviation of its province it is written with.
pub fn number_key(text: &str) -> String {
    FilingNumber::parse(text).map_or_else(|_| text.trim().to_owned(), |number| number.canonical().as_str())
}

/// The name that an organiser is found by: a unit's.
pub fn unit_name(organiser: &Organiser) -> Option<String> {
    (!organiser.is_person()).then(|| organiser.name.clone())
}

/// The key that names are found and sorted by.
pub fn name_key(name: &str) -> String {
    comparable_name(name).to_lowercase()
}

/// The text form of a kind of service.
pub fn kind_text(kind: ServiceKind) -> &'static str {
    match kind {
        ServiceKind::Website => "website",
        ServiceKind::App => "app",
        ServiceKind::MiniProgram => "mini_program",
        ServiceKind::QuickApp => "quick_app",
    }
}

/// What the digest of a certificate number is made of.
pub fn certificate_key(number: &str) -> String {
    number.trim().to_uppercase()
}

/// The field of the digest of a certificate number; the orders use the same.
pub const CERTIFICATE_FIELD: &str = "organiser-certificate";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_by_either_abbreviation_and_shown_as_it_was_given() {
        for (one, other) in [
            ("川ICP备2026000001号", "蜀ICP备2026000001号"),
            ("贵icp备2026000001号-1", "黔ICP备2026000001号－1"),
            ("云ICP备２０２６０００００１号-2A", "滇ICP备2026000001号-2A"),
            ("甘ICP备2026000001号", "陇 ICP 备2026000001号"),
        ] {
            assert_eq!(number_key(one), number_key(other));
            assert_ne!(normal_number(one), normal_number(other));
        }
        assert_ne!(number_key("川ICP备2026000001号-1"), number_key("川ICP备2026000001号-2"));
        assert_eq!(number_key(" no number "), "no number");
    }
}
