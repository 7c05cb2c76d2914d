//! Personal data in messages: HPKE (RFC 9180) to the one service that must read it.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use icp_proto::common::Sealed;
use sha2::{Digest, Sha256};

use crate::config::KeysSection;

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;

const INFO: &[u8] = b"icp-filing-platform sealed v1";

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// No public key is configured for the recipient.
    #[error("no public key of service `{0}`: set keys.public.{0}")]
    UnknownRecipient(String),
    /// The message is for somebody else, or was sealed to a key that this service no longer has.
    #[error("sealed for `{recipient}` with key {key_id}, which this service does not hold")]
    NotForUs {
        /// Named recipient.
        recipient: String,
        /// Named key.
        key_id: String,
    },
    /// The ciphertext was changed, or belongs to another order.
    #[error("the sealed data cannot be opened: wrong key, other order, or changed on the way")]
    Broken,
    /// What was inside is not the expected message.
    #[error("the opened data is not the expected message")]
    Malformed(#[source] prost::DecodeError),
    /// A key file is unreadable or has another length than 32 bytes.
    #[error("key `{0}` must be 32 bytes in base64")]
    BadKey(String),
}

/// The keys by which a service seals for others and opens what is for it.
pub struct Keyring {
    service: String,
    own: Option<(String, PrivateKey)>,
    public: BTreeMap<String, (String, PublicKey)>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Reads the keys named in the configuration.
    pub fn load(service: &str, keys: &KeysSection) -> Result<Self, SealError> {
        let own = if keys.private_key_file.as_os_str().is_empty() {
            None
        } else {
            Some(read_key_file(&keys.private_key_file)?)
        };
        Self::new(service, own.as_deref(), &keys.public)
    }

    /// A keyring from key material in base64.
    pub fn new(
        service: &str,
        own_private: Option<&[u8]>,
        public_base64: &BTreeMap<String, String>,
    ) -> Result<Self, SealError> {
        let own = own_private
            .map(|bytes| {
                let private = PrivateKey::from_bytes(bytes).map_err(|_| SealError::BadKey("private key".to_owned()))?;
                let public = X25519HkdfSha256::sk_to_pk(&private);
                Ok::<_, SealError>((key_id(&public.to_bytes()), private))
            })
            .transpose()?;
        let mut public = BTreeMap::new();
        for (name, text) in public_base64 {
            let bytes = BASE64.decode(text.trim()).map_err(|_| SealError::BadKey(name.clone()))?;
            let key = PublicKey::from_bytes(&bytes).map_err(|_| SealError::BadKey(name.clone()))?;
            public.insert(name.clone(), (key_id(&bytes), key));
        }
        Ok(Self { service: service.to_owned(), own, public })
    }

    /// Seals a message for `recipient`; `context` (the order id) must be the same when it is opened.
    pub fn seal<M: prost::Message>(&self, recipient: &str, context: &str, message: &M) -> Result<Sealed, SealError> {
        let (key_id, key) =
            self.public.get(recipient).ok_or_else(|| SealError::UnknownRecipient(recipient.to_owned()))?;
        let clear = zeroize::Zeroizing::new(message.encode_to_vec());
        let (encapsulated, mut sender) =
            hpke::setup_sender::<AesGcm256, HkdfSha256, X25519HkdfSha256>(&OpModeS::Base, key, INFO)
                .map_err(|_| SealError::Broken)?;
        let ciphertext = sender.seal(&clear, context.as_bytes()).map_err(|_| SealError::Broken)?;
        Ok(Sealed {
            recipient: recipient.to_owned(),
            key_id: key_id.clone(),
            encapsulated_key: encapsulated.to_bytes().to_vec(),
            ciphertext,
        })
    }

    /// Opens what was sealed for this service.
    pub fn open<M: prost::Message + Default>(&self, sealed: &Sealed, context: &str) -> Result<M, SealError> {
        let not_for_us = || SealError::NotForUs { recipient: sealed.recipient.clone(), key_id: sealed.key_id.clone() };
        let (own_id, private) = self.own.as_ref().ok_or_else(not_for_us)?;
        if sealed.recipient != self.service || sealed.key_id != *own_id {
            return Err(not_for_us());
        }
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&sealed.encapsulated_key)
            .map_err(|_| SealError::Broken)?;
        let mut receiver = hpke::setup_receiver::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            private,
            &encapsulated,
            INFO,
        )
        .map_err(|_| SealError::Broken)?;
        let clear = zeroize::Zeroizing::new(
            receiver.open(&sealed.ciphertext, context.as_bytes()).map_err(|_| SealError::Broken)?,
        );
        M::decode(clear.as_slice()).map_err(SealError::Malformed)
    }
}

/// A fresh key pair in base64: (private, public).
pub fn generate_key_pair() -> (String, String) {
    let (private, public) = X25519HkdfSha256::gen_keypair();
    (BASE64.encode(private.to_bytes()), BASE64.encode(public.to_bytes()))
}

/// Reads a file of 32 bytes in base64.
pub fn read_key_file(path: &Path) -> Result<Vec<u8>, SealError> {
    let bad = || SealError::BadKey(path.display().to_string());
    let text = std::fs::read_to_string(path).map_err(|_| bad())?;
    let bytes = BASE64.decode(text.trim()).map_err(|_| bad())?;
    if bytes.len() == 32 { Ok(bytes) } else { Err(bad()) }
}

fn key_id(public: &[u8]) -> String {
    hex::encode(Sha256::digest(public).get(..8).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use icp_proto::common::Contact;

    fn keyring_pair() -> (Keyring, Keyring) {
        let (private, public) = generate_key_pair();
        let publics = BTreeMap::from([("identity".to_owned(), public)]);
        let sender = Keyring::new("intake", None, &publics).unwrap();
        let receiver = Keyring::new("identity", Some(&BASE64.decode(private).unwrap()), &BTreeMap::new()).unwrap();
        (sender, receiver)
    }

    #[test]
    fn only_the_recipient_with_the_same_context_opens_it() {
        let (sender, receiver) = keyring_pair();
        let contact = Contact { name: "示例".into(), mobile: "13000000000".into(), email: "a@example.cn".into() };
        let sealed = sender.seal("identity", "order-1", &contact).unwrap();
        assert!(!format!("{sealed:?}").contains("13000000000"));
        assert_eq!(receiver.open::<Contact>(&sealed, "order-1").unwrap(), contact);
        assert!(matches!(receiver.open::<Contact>(&sealed, "order-2"), Err(SealError::Broken)));
        assert!(matches!(sender.open::<Contact>(&sealed, "order-1"), Err(SealError::NotForUs { .. })));
        let mut changed = sealed.clone();
        changed.ciphertext[0] ^= 1;
        assert!(matches!(receiver.open::<Contact>(&changed, "order-1"), Err(SealError::Broken)));
    }

    #[test]
    fn an_unknown_recipient_names_the_setting() {
        let (sender, _) = keyring_pair();
        let error = sender.seal("relay", "o", &Contact::default()).unwrap_err();
        assert!(error.to_string().contains("keys.public.relay"));
    }
}
