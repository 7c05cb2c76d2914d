//! Limits and keys.

use icp_rules_sdk::severity::SeverityOverrides;
use serde::{Deserialize, Serialize};

/// How modules are run and whom they may come from. Every key has a default.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostConfig {
    /// Refuse modules without a signature of a trusted key.
    pub signature_required: bool,
    /// Keys whose signatures are accepted; configured as `keys`: id → Ed25519 public key, hexadecimal.
    #[serde(rename = "keys", with = "by_id")]
    pub trusted_keys: Vec<TrustedKey>,
    /// Largest module in bytes.
    pub module_bytes_max: usize,
    /// Largest linear memory of one instance in bytes.
    pub memory_bytes_max: usize,
    /// Most table elements of one instance.
    pub table_elements_max: usize,
    /// Orders that may be judged at the same time; one more is not judged.
    pub instances_max: u32,
    /// Fuel (roughly: instructions) for judging one order.
    pub fuel_per_order: u64,
    /// Longest time for judging one order in milliseconds, whatever the fuel. It is time of the clock: on a busy machine
    /// a call needs more of it than its fuel says.
    pub deadline_ms: u64,
    /// Most bytes that one call may hand back.
    pub answer_bytes_max: usize,
    /// Share of the live orders that a shadow judges too, percent.
    pub shadow_share_percent: u8,
    /// Orders that may wait for the shadow; further ones are dropped and counted.
    pub shadow_queue_max: usize,
    /// Ids of differing orders that a report names at most.
    pub shadow_examples_max: usize,
    /// Weights that the provider gives to rules instead of the book's own.
    pub severities: SeverityOverrides,
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            signature_required: true,
            trusted_keys: Vec::new(),
            module_bytes_max: 8 * 1024 * 1024,
            memory_bytes_max: 16 * 1024 * 1024,
            table_elements_max: 10_000,
            instances_max: 64,
            fuel_per_order: 20_000_000,
            deadline_ms: 1_000,
            answer_bytes_max: 4 * 1024 * 1024,
            shadow_share_percent: 100,
            shadow_queue_max: 256,
            shadow_examples_max: 20,
            severities: SeverityOverrides::default(),
        }
    }
}

/// A key whose modules are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// Name of the key, as in a release.
    pub id: String,
    /// Ed25519 public key, 64 hexadecimal digits.
    pub public_key_hex: String,
}

/// Keys are written as a map, so that one can be set by one line or one variable of the environment.
mod by_id {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::TrustedKey;

    pub(super) fn serialize<S: Serializer>(keys: &[TrustedKey], serializer: S) -> Result<S::Ok, S::Error> {
        let map: BTreeMap<&str, &str> = keys.iter().map(|key| (key.id.as_str(), key.public_key_hex.as_str())).collect();
        map.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TrustedKey>, D::Error> {
        let map = BTreeMap::<String, String>::deserialize(deserializer)?;
        Ok(map.into_iter().map(|(id, public_key_hex)| TrustedKey { id, public_key_hex }).collect())
    }
}
