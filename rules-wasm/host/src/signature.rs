//! Digests and signatures: an Ed25519 signature over the SHA-256 digest of the module.

use chrono::NaiveDate;
use ed25519_dalek::{Signer, VerifyingKey};
use icp_rules_sdk::{Date, Description};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::TrustedKey;

/// SHA-256 of a module in lower-case hexadecimal digits; also its name in the object store.
pub fn digest_of(module: &[u8]) -> String {
    hex::encode(Sha256::digest(module))
}

/// What names a module: the value of a province's key in the bucket `icp_rules_active`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// SHA-256 of the module, hexadecimal.
    pub digest: String,
    /// Version of the rule book, as the module itself says.
    pub version: String,
    /// Ed25519 signature over the 32 bytes of the digest, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Name of the key that signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// First day on which the rule book is in force, as the module itself says; none for one that was in force when it
    /// was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<NaiveDate>,
}

impl Release {
    /// A release without signature, for hosts that do not ask for one.
    pub fn unsigned(module: &[u8], version: &str) -> Self {
        Self {
            digest: digest_of(module),
            version: version.to_owned(),
            signature: None,
            key_id: None,
            effective_from: None,
        }
    }

    /// Whether its rule book is in force on this day.
    pub fn is_in_force(&self, today: Date) -> bool {
        self.effective_from.is_none_or(|first| Date::from(first).days() <= today.days())
    }
}

/// Why a signature is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// Not signed, but it must be.
    #[error("the module is not signed")]
    Missing,
    /// Signed by a key that is not trusted here.
    #[error("the key `{0}` is not among the trusted keys")]
    UnknownKey(String),
    /// A key or signature that is none.
    #[error("{0} is not valid hexadecimal of the right length")]
    Malformed(&'static str),
    /// The signature does not belong to this module and key.
    #[error("the signature does not fit the module")]
    Wrong,
}

/// Checks a release's signature against the trusted keys.
pub(crate) fn verify(release: &Release, keys: &[TrustedKey], required: bool) -> Result<(), SignatureError> {
    let (Some(signature), Some(key_id)) = (&release.signature, &release.key_id) else {
        return if required { Err(SignatureError::Missing) } else { Ok(()) };
    };
    let Some(key) = keys.iter().find(|key| key.id == *key_id) else {
        // Where no signature is asked for, an unknown key says nothing worse than no signature.
        return if required { Err(SignatureError::UnknownKey(key_id.clone())) } else { Ok(()) };
    };
    let public: [u8; 32] = from_hex(&key.public_key_hex, "the public key")?;
    let public = VerifyingKey::from_bytes(&public).map_err(|_| SignatureError::Malformed("the public key"))?;
    let signature = ed25519_dalek::Signature::from_bytes(&from_hex(signature, "the signature")?);
    let digest: [u8; 32] = from_hex(&release.digest, "the digest")?;
    public.verify_strict(&digest, &signature).map_err(|_| SignatureError::Wrong)
}

fn from_hex<const LENGTH: usize>(text: &str, what: &'static str) -> Result<[u8; LENGTH], SignatureError> {
    let bytes = hex::decode(text).map_err(|_| SignatureError::Malformed(what))?;
    bytes.try_into().map_err(|_| SignatureError::Malformed(what))
}

/// The text of a key file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    id: String,
    seed_hex: String,
}

/// A key that signs modules.
pub struct SigningKey {
    id: String,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key of a secret seed.
    pub fn from_seed(id: &str, seed: &[u8; 32]) -> Self {
        Self { id: id.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(seed) }
    }

    /// A new key.
    pub fn generate(id: &str) -> Self {
        Self::from_seed(id, &rand::random())
    }

    /// The secret seed, to be kept as a secret.
    pub fn seed(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The text of a file that keeps this key; a secret.
    pub fn to_file(&self) -> String {
        let file = KeyFile { id: self.id.clone(), seed_hex: hex::encode(self.seed()) };
        // Two strings can always be written.
        serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
    }

    /// The key in the text of a key file.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_file(text: &str) -> Result<Self, SignatureError> {
        let file: KeyFile = serde_json::from_str(text).map_err(|_| SignatureError::Malformed("the key file"))?;
        Ok(Self::from_seed(&file.id, &from_hex(&file.seed_hex, "the seed of the key file")?))
    }

    /// What a host needs to trust this key.
    pub fn trusted(&self) -> TrustedKey {
        TrustedKey { id: self.id.clone(), public_key_hex: hex::encode(self.key.verifying_key().to_bytes()) }
    }

    /// Signs a module as what it says that it is.
    pub fn release(&self, module: &[u8], description: &Description) -> Release {
        Release { effective_from: description.effective_from.to_naive(), ..self.sign(module, &description.version) }
    }

    /// Signs a module whose rule book is in force already.
    pub fn sign(&self, module: &[u8], version: &str) -> Release {
        let signature = self.key.sign(&Sha256::digest(module));
        Release {
            signature: Some(hex::encode(signature.to_bytes())),
            key_id: Some(self.id.clone()),
            ..Release::unsigned(module, version)
        }
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}
