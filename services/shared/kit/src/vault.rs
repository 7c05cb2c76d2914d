//! Personal data at rest: envelope encryption with a key per order, and keyed blind indexes.
//!
//! Erasing the wrapped data key of an order makes its personal data unreadable for ever.

use std::path::Path;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::sealing::{SealError, read_key_file};

const NONCE_BYTES: usize = 12;

/// Why stored data could not be read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Wrong key, wrong place, or changed bytes.
    #[error("stored data cannot be decrypted: wrong key, moved to another record, or changed")]
    Broken,
    /// The key-encryption key cannot be read.
    #[error("the key-encryption key is unusable")]
    Kek(#[source] SealError),
}

/// Holds the key-encryption key of a service.
#[derive(Clone)]
pub struct Vault {
    kek: Aes256Gcm,
    index_key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

/// The key of one order (or one file).
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl Vault {
    /// Reads the key-encryption key from its file.
    pub fn load(path: &Path) -> Result<Self, VaultError> {
        Self::new(&read_key_file(path).map_err(VaultError::Kek)?)
    }

    /// A vault with this 32-byte key.
    pub fn new(kek: &[u8]) -> Result<Self, VaultError> {
        let cipher = Aes256Gcm::new_from_slice(kek).map_err(|_| VaultError::Broken)?;
        let index_key = Zeroizing::new(mac(kek, b"icp blind index v1").to_vec());
        Ok(Self { kek: cipher, index_key })
    }

    /// Encrypts a data key for storage; `context` binds it to its record.
    pub fn wrap(&self, key: &DataKey, context: &[u8]) -> Result<Vec<u8>, VaultError> {
        encrypt(&self.kek, context, key.0.as_slice())
    }

    /// Decrypts a stored data key.
    pub fn unwrap_key(&self, wrapped: &[u8], context: &[u8]) -> Result<DataKey, VaultError> {
        let clear = Zeroizing::new(decrypt(&self.kek, context, wrapped)?);
        DataKey::from_bytes(&clear).ok_or(VaultError::Broken)
    }

    /// A keyed digest for equality search on personal data; `field` separates the kinds.
    pub fn blind_index(&self, field: &str, value: &str) -> Vec<u8> {
        mac(&self.index_key, format!("{field}\u{0}{value}").as_bytes()).to_vec()
    }
}

impl DataKey {
    /// A fresh random key.
    pub fn generate() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    /// The key that a secret gives in a context, each time the same.
    pub fn derived(secret: &[u8], context: &[u8]) -> Self {
        Self(Zeroizing::new(mac(secret, context)))
    }

    /// A key from its 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|array: [u8; 32]| Self(Zeroizing::new(array)))
    }

    /// The bytes, for sealing to another service.
    pub fn expose(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Encrypts; `context` must be the same when decrypted. The nonce stands first.
    pub fn encrypt(&self, context: &[u8], clear: &[u8]) -> Result<Vec<u8>, VaultError> {
        encrypt(&self.cipher()?, context, clear)
    }

    /// Decrypts what [`encrypt`](Self::encrypt) made.
    pub fn decrypt(&self, context: &[u8], stored: &[u8]) -> Result<Vec<u8>, VaultError> {
        decrypt(&self.cipher()?, context, stored)
    }

    fn cipher(&self) -> Result<Aes256Gcm, VaultError> {
        Aes256Gcm::new_from_slice(self.0.as_slice()).map_err(|_| VaultError::Broken)
    }
}

fn encrypt(cipher: &Aes256Gcm, context: &[u8], clear: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let payload = Payload { msg: clear, aad: context };
    let ciphertext = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| VaultError::Broken)?;
    let mut stored = Vec::with_capacity(NONCE_BYTES + ciphertext.len());
    stored.extend_from_slice(&nonce);
    stored.extend_from_slice(&ciphertext);
    Ok(stored)
}

fn decrypt(cipher: &Aes256Gcm, context: &[u8], stored: &[u8]) -> Result<Vec<u8>, VaultError> {
    let (nonce, ciphertext) = stored.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Broken)?;
    let payload = Payload { msg: ciphertext, aad: context };
    cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| VaultError::Broken)
}

fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length.
    match <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(data);
            mac.finalize().into_bytes().into()
        }
        Err(_) => [0; 32],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn data_is_bound_to_its_key_and_record() {
        let vault = Vault::new(&[7; 32]).unwrap();
        let key = DataKey::generate();
        let wrapped = vault.wrap(&key, b"order-1").unwrap();
        let stored = key.encrypt(b"order-1", "示例".as_bytes()).unwrap();
        let again = vault.unwrap_key(&wrapped, b"order-1").unwrap();
        assert_eq!(again.decrypt(b"order-1", &stored).unwrap(), "示例".as_bytes());
        assert!(again.decrypt(b"order-2", &stored).is_err());
        assert!(vault.unwrap_key(&wrapped, b"order-2").is_err());
        assert!(Vault::new(&[8; 32]).unwrap().unwrap_key(&wrapped, b"order-1").is_err());
        assert!(key.decrypt(b"order-1", b"short").is_err());
    }

    #[test]
    fn a_derived_key_is_that_of_its_secret_and_its_context() {
        let stored = DataKey::derived(b"secret", b"one").encrypt(b"", b"clear").unwrap();
        let opened = |secret: &[u8], context: &[u8]| DataKey::derived(secret, context).decrypt(b"", &stored);
        assert_eq!(opened(b"secret", b"one").unwrap(), b"clear");
        assert!(opened(b"secret", b"two").is_err() && opened(b"another", b"one").is_err());
    }

    #[test]
    fn blind_index_separates_fields_and_keys() {
        let vault = Vault::new(&[7; 32]).unwrap();
        assert_eq!(vault.blind_index("mobile", "1"), vault.blind_index("mobile", "1"));
        assert_ne!(vault.blind_index("mobile", "1"), vault.blind_index("id", "1"));
        assert_ne!(vault.blind_index("mobile", "1"), Vault::new(&[8; 32]).unwrap().blind_index("mobile", "1"));
    }
}
