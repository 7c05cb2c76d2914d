//! The section `[authority]`.

use icp_kit::Sensitive;
use serde::{Deserialize, Serialize};

use crate::question::Authority;

/// Settings of this service; `config.default.toml` documents each.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Hours for which a good answer of the register of enterprises is used again.
    pub enterprise_fresh_hours: u32,
    /// Hours for which a good answer of the register of citizens is used again.
    pub citizen_fresh_hours: u32,
    /// Hours for which a good answer of the registry of domains is used again.
    pub domain_fresh_hours: u32,
    /// A domain must stay registered for more than so many months.
    pub least_domain_months_left: u32,
    /// The register of enterprises.
    pub enterprise: AuthoritySection,
    /// The register of citizens.
    pub citizen: AuthoritySection,
    /// The registry of domains.
    pub domain: AuthoritySection,
}

/// How one authority is reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthoritySection {
    /// Base address.
    pub url: String,
    /// Bearer token; empty sends none.
    pub key: Sensitive<String>,
    /// Longest wait for an answer, milliseconds.
    pub timeout_ms: u64,
    /// Questions asked side by side.
    pub concurrency: usize,
}

impl Config {
    pub(crate) fn section(&self, authority: Authority) -> &AuthoritySection {
        match authority {
            Authority::Enterprise => &self.enterprise,
            Authority::Citizen => &self.citizen,
            Authority::Domain => &self.domain,
        }
    }

    pub(crate) fn fresh_hours(&self, authority: Authority) -> u32 {
        match authority {
            Authority::Enterprise => self.enterprise_fresh_hours,
            Authority::Citizen => self.citizen_fresh_hours,
            Authority::Domain => self.domain_fresh_hours,
        }
    }
}
