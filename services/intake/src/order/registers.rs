//! What the registers told of an order, as its history keeps it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the registers know, without personal data; what is absent was not told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Registers {
    /// What the register of enterprises knows.
    pub enterprise: Option<EnterpriseFacts>,
    /// What the registries of domains know.
    pub domains: Vec<DomainFacts>,
}

/// An enterprise in its register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnterpriseFacts {
    /// Whether it is there.
    pub found: bool,
    /// `active`, `abnormal`, `revoked` or `deregistered`; empty where not known.
    pub status: String,
}

/// A domain at its registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DomainFacts {
    /// The registrable domain, A-label form.
    pub domain: String,
    /// Whether it is there.
    pub found: bool,
    /// Whether the holder's real name was verified.
    pub real_named: Option<bool>,
    /// Last day of the registration.
    pub expires_on: Option<chrono::NaiveDate>,
    /// Whether the ministry approved the registrar.
    pub registrar_approved: Option<bool>,
}
