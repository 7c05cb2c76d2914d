//! What the authorities know: enterprises, citizens and domains. They know what was loaded and
//! nothing else.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::lock::hold;

/// State of an enterprise in the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnterpriseStatus {
    /// In business.
    #[default]
    Active,
    /// Its licence was revoked (吊销).
    Revoked,
    /// It was struck off (注销).
    Cancelled,
    /// It is on the list of abnormal operations (经营异常).
    Abnormal,
}

/// An entry of the enterprise register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnterpriseRecord {
    /// Unified social credit code, or an older number: the key.
    pub uscc: String,
    /// Registered name.
    pub name: String,
    /// Name of the legal representative.
    pub legal_representative: String,
    /// State in the register.
    #[serde(default)]
    pub status: EnterpriseStatus,
    /// Registered address.
    #[serde(default)]
    pub registered_address: String,
}

/// An entry of the citizens' register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitizenRecord {
    /// Name.
    pub name: String,
    /// Citizen id number, the key; `x` counts as `X`.
    pub id_number: String,
}

/// What the registry of domains knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainRecord {
    /// The domain, the key; compared without regard to case.
    pub domain: String,
    /// The registrar's name.
    #[serde(default = "sandbox_registrar")]
    pub registrar: String,
    /// Whether the ministry approved the registrar.
    #[serde(default = "yes")]
    pub registrar_approved: bool,
    /// Name of the holder.
    pub holder: String,
    /// Number of the holder's certificate.
    pub holder_certificate_number: String,
    /// Whether the holder's real name was verified.
    #[serde(default = "yes")]
    pub real_name_verified: bool,
    /// Last day of the registration.
    pub expires_on: NaiveDate,
}

fn sandbox_registrar() -> String {
    "示例域名注册商".to_owned()
}

fn yes() -> bool {
    true
}

/// Which authority misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorityKind {
    /// The enterprise register.
    Enterprise,
    /// The citizens' register.
    Citizen,
    /// The domain registry.
    Domain,
}

/// What an authority does wrong for the next calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityFault {
    /// Which authority.
    pub kind: AuthorityKind,
    /// HTTP status instead of an answer; without it the answer is right, only late.
    #[serde(default)]
    pub status: Option<u16>,
    /// For how many calls.
    #[serde(default = "once")]
    pub times: u32,
    /// How much later the answer comes.
    #[serde(default)]
    pub delay_ms: u64,
}

fn once() -> u32 {
    1
}

/// The registers and their faults.
#[derive(Default)]
pub struct Authorities {
    registers: Mutex<Registers>,
    faults: Mutex<HashMap<AuthorityKind, Vec<AuthorityFault>>>,
    queries: AtomicU64,
}

#[derive(Default)]
struct Registers {
    enterprises: HashMap<String, EnterpriseRecord>,
    citizens: HashMap<String, String>,
    domains: HashMap<String, DomainRecord>,
}

impl Authorities {
    /// Loads or replaces entries of the enterprise register.
    pub fn load_enterprises(&self, records: Vec<EnterpriseRecord>) {
        let mut registers = hold(&self.registers);
        let keyed = records.into_iter().map(|it| (it.uscc.clone(), it));
        registers.enterprises.extend(keyed);
    }

    /// Loads or replaces entries of the citizens' register.
    pub fn load_citizens(&self, records: Vec<CitizenRecord>) {
        let mut registers = hold(&self.registers);
        let keyed = records.into_iter().map(|it| (it.id_number.to_uppercase(), it.name));
        registers.citizens.extend(keyed);
    }

    /// Loads or replaces entries of the domain registry.
    pub fn load_domains(&self, records: Vec<DomainRecord>) {
        let mut registers = hold(&self.registers);
        let keyed = records.into_iter().map(|it| (it.domain.to_lowercase(), it));
        registers.domains.extend(keyed);
    }

    /// The register's entry for a number.
    pub fn enterprise(&self, uscc: &str) -> Option<EnterpriseRecord> {
        hold(&self.registers).enterprises.get(uscc).cloned()
    }

    /// `None` when the number is unknown, else whether the name belongs to it.
    pub fn citizen_matches(&self, name: &str, id_number: &str) -> Option<bool> {
        let registers = hold(&self.registers);
        let known = registers.citizens.get(&id_number.to_uppercase())?;
        Some(known == name)
    }

    /// The registry's entry for a domain.
    pub fn domain(&self, domain: &str) -> Option<DomainRecord> {
        let registers = hold(&self.registers);
        registers.domains.get(&domain.to_lowercase()).cloned()
    }

    /// The authority's own number of a query.
    pub fn next_reference(&self, kind: &str) -> String {
        let number = self.queries.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{kind}-{number:08}")
    }

    /// Queues a fault behind those that wait for the same authority.
    pub fn add_fault(&self, fault: AuthorityFault) {
        let mut faults = hold(&self.faults);
        faults.entry(fault.kind).or_default().push(fault);
    }

    /// The fault that the present call meets, if any; counts it.
    pub fn take_fault(&self, kind: AuthorityKind) -> Option<AuthorityFault> {
        let mut faults = hold(&self.faults);
        let waiting = faults.get_mut(&kind)?;
        waiting.retain(|fault| fault.times > 0);
        let fault = waiting.first_mut()?;
        fault.times -= 1;
        Some(fault.clone())
    }
}
