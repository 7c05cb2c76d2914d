//! What registers say. An answer that leaves out what it must say is no answer.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::question::Authority;

/// Characters of a register's reference at most.
const REFERENCE_MAX: usize = 200;

/// An answer with its provenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// What the register said.
    pub answer: Answer,
    /// When it was asked.
    pub asked_at: DateTime<Utc>,
}

/// The answer of a register.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "authority", rename_all = "snake_case")]
pub enum Answer {
    /// Of the register of enterprises.
    Enterprise(EnterpriseAnswer),
    /// Of the register of citizens.
    Citizen(CitizenAnswer),
    /// Of the registry of domains.
    Domain(DomainAnswer),
}

impl Answer {
    /// The register's own reference number.
    pub fn reference(&self) -> &str {
        match self {
            Self::Enterprise(answer) => &answer.reference,
            Self::Citizen(answer) => &answer.reference,
            Self::Domain(answer) => &answer.reference,
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({})", self.reference())
    }
}

/// State of an enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnterpriseStatus {
    /// In business (存续).
    Active,
    /// Licence revoked (吊销).
    Revoked,
    /// Struck off (注销).
    Cancelled,
    /// On the list of abnormal operations (经营异常).
    Abnormal,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Answer of `POST /authority/enterprise/query`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnterpriseAnswer {
    /// Whether the number is registered.
    pub found: bool,
    /// Registered name.
    pub name: Option<String>,
    /// Name of the legal representative.
    pub legal_representative: Option<String>,
    /// State in the register.
    pub status: Option<EnterpriseStatus>,
    /// Registered address.
    pub registered_address: Option<String>,
    /// The register's reference number.
    pub reference: String,
}

/// Answer of `POST /authority/citizen/verify`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CitizenAnswer {
    /// Whether name and number belong together.
    #[serde(rename = "match")]
    pub is_match: bool,
    /// Whether the number is known at all, where the register says so.
    #[serde(default)]
    pub found: Option<bool>,
    /// The register's reference number.
    pub reference: String,
}

/// Answer of `GET /authority/domain/{name}`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainAnswer {
    /// Whether the domain is registered.
    pub found: bool,
    /// Whether the ministry approved the registrar.
    pub registrar_approved: Option<bool>,
    /// Name of the holder.
    pub holder: Option<String>,
    /// Number of the holder's certificate.
    pub holder_certificate_number: Option<String>,
    /// Whether the holder's real name was verified.
    pub real_name_verified: Option<bool>,
    /// Last day of the registration.
    pub expires_on: Option<NaiveDate>,
    /// The registry's reference number.
    pub reference: String,
}

impl Answer {
    /// Reads the body of an authority's answer; none where it is not as agreed.
    pub fn read(authority: Authority, body: &[u8]) -> Option<Self> {
        let read = match authority {
            Authority::Enterprise => serde_json::from_slice(body).map(Self::Enterprise),
            Authority::Citizen => serde_json::from_slice(body).map(Self::Citizen),
            Authority::Domain => serde_json::from_slice(body).map(Self::Domain),
        };
        read.ok().filter(Self::is_complete)
    }

    /// Whether the register said all that an answer must say, with a reference that can be stored.
    pub fn is_complete(&self) -> bool {
        let reference = self.reference();
        if reference.chars().count() > REFERENCE_MAX || reference.contains(char::is_control) {
            return false;
        }
        match self {
            Self::Citizen(_) => true,
            Self::Enterprise(answer) => {
                !answer.found
                    || (answer.name.is_some() && answer.legal_representative.is_some() && answer.status.is_some())
            }
            Self::Domain(answer) => {
                !answer.found
                    || (answer.registrar_approved.is_some()
                        && answer.holder.is_some()
                        && answer.holder_certificate_number.is_some()
                        && answer.real_name_verified.is_some()
                        && answer.expires_on.is_some())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_whose_reference_cannot_be_stored_is_none() {
        let read = |reference: &str| {
            let body = serde_json::json!({ "match": true, "reference": reference }).to_string();
            Answer::read(Authority::Citizen, body.as_bytes())
        };
        assert!(read("C-1").is_some_and(|answer| answer.reference() == "C-1"));
        for reference in ["C\u{0}1".to_owned(), "C\n1".to_owned(), "1".repeat(REFERENCE_MAX + 1)] {
            assert!(read(&reference).is_none(), "{reference:?}");
        }
    }
}
