//! The envelope around every file: GBK → zip with one entry → MD5 → AES-128-CBC → base64
//! (interface document V3.0 §"数据封装"; bureau-interface §4).
//!
//! MD5 and CBC without authentication are what the interface prescribes; they protect nothing on
//! their own. Transport security and the bureau's list of addresses do.

use std::io::{Cursor, Read, Write};

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};
use rand::RngExt as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::charset::{CharsetError, gbk_exact};
use super::dialect::Interface;

/// Length of the random value of a call; a shorter one is answered with code 16.
pub const RAND_VAL_LENGTH: usize = 20;
/// Largest XML document of the interface (code 18): 50 MB.
pub const MAX_XML_BYTES: usize = 50 * 1024 * 1024;
/// Most records in one upload.
pub const MAX_RECORDS: usize = 1_000;
/// Most bytes in a file name.
pub const MAX_FILE_NAME_BYTES: usize = 128;

type Encryptor = cbc::Encryptor<aes::Aes128>;
type Decryptor = cbc::Decryptor<aes::Aes128>;

/// What may go wrong while a file is packed or unpacked.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The password cannot be expressed in GBK.
    #[error("the password cannot be encoded")]
    Password(#[source] CharsetError),
    /// The document is larger than the interface allows.
    #[error("the document has {actual} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Bytes of the document, or as far as was read.
        actual: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The zip container could not be written or read.
    #[error("the zip container is not usable")]
    Zip(#[source] zip::result::ZipError),
    /// Reading or writing inside the container failed.
    #[error("the zip entry is not readable")]
    Io(#[source] std::io::Error),
    /// The container must have exactly one entry.
    #[error("the zip container has {0} entries instead of one")]
    Entries(usize),
    /// The content is not base64.
    #[error("the content is not base64")]
    Base64(#[source] base64::DecodeError),
    /// The content could not be decrypted with the account's key.
    #[error("the content cannot be decrypted with this key and offset")]
    Decryption,
    /// The hash in the answer is not that of the content.
    #[error("the hash does not match the content")]
    HashMismatch,
    /// An algorithm that the interface does not define.
    #[error("{kind} algorithm {value} is not defined")]
    Algorithm {
        /// Which of the three algorithms.
        kind: &'static str,
        /// The value received.
        value: i64,
    },
    /// The file name breaks the rules of the interface.
    #[error("the file name has {0} bytes; 1 to 128 are allowed")]
    FileName(usize),
}

/// Key and offset (偏移量) that the bureau gave to the account: 16 ASCII characters each.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentKey {
    key: [u8; 16],
    iv: [u8; 16],
}

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ContentKey(…)")
    }
}

impl ContentKey {
    /// Takes the characters as they were issued; `None` unless both are 16 bytes long.
    pub fn from_text(key: &str, iv: &str) -> Option<Self> {
        Some(Self { key: key.as_bytes().try_into().ok()?, iv: iv.as_bytes().try_into().ok()? })
    }

    fn encrypt(&self, plain: &[u8]) -> Vec<u8> {
        Encryptor::new(&self.key.into(), &self.iv.into()).encrypt_padded_vec::<Pkcs7>(plain)
    }

    fn decrypt(&self, cipher: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        Decryptor::new(&self.key.into(), &self.iv.into())
            .decrypt_padded_vec::<Pkcs7>(cipher)
            .map_err(|_| EnvelopeError::Decryption)
    }
}

/// A random value for one call: 20 characters from `0-9A-Za-z`.
pub fn rand_val() -> String {
    let mut rng = rand::rng();
    (0..RAND_VAL_LENGTH).map(|_| char::from(rng.sample(rand::distr::Alphanumeric))).collect()
}

/// `pwdHash` = base64(MD5(password ‖ randVal)), in GBK (V3.0) or UTF-8 (V5.0).
pub fn pwd_hash(interface: Interface, password: &str, rand_val: &str) -> Result<String, EnvelopeError> {
    let text = format!("{password}{rand_val}");
    match interface {
        Interface::V3_0 => Ok(md5_base64(&gbk_exact(&text).map_err(EnvelopeError::Password)?)),
        Interface::V5_0 => Ok(md5_base64(text.as_bytes())),
    }
}

/// Base64 of the sixteen raw bytes of an MD5 digest.
pub fn md5_base64(bytes: &[u8]) -> String {
    BASE64.encode(Md5::digest(bytes))
}

/// Puts one document into a zip container. The same input gives the same bytes, so the hash of a file
/// that was built twice is the same.
pub fn zip_one(entry_name: &str, document: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    if document.len() > MAX_XML_BYTES {
        return Err(EnvelopeError::TooLarge { actual: document.len(), limit: MAX_XML_BYTES });
    }
    if entry_name.is_empty() || entry_name.len() > MAX_FILE_NAME_BYTES {
        return Err(EnvelopeError::FileName(entry_name.len()));
    }
    // The fastest level: a document is mostly the base64 of pictures, of which every level saves the same quarter.
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).compression_level(Some(1));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(entry_name, options).map_err(EnvelopeError::Zip)?;
    writer.write_all(document).map_err(EnvelopeError::Io)?;
    Ok(writer.finish().map_err(EnvelopeError::Zip)?.into_inner())
}

/// The entry of a zip container that must have exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipEntry {
    /// Name of the entry.
    pub name: String,
    /// The document.
    pub document: Vec<u8>,
}

/// Reads the only entry of a zip container, at most `limit` bytes of it (a guard against zip bombs).
pub fn unzip_one(container: &[u8], limit: usize) -> Result<ZipEntry, EnvelopeError> {
    let mut archive = ZipArchive::new(Cursor::new(container)).map_err(EnvelopeError::Zip)?;
    if archive.len() != 1 {
        return Err(EnvelopeError::Entries(archive.len()));
    }
    let entry = archive.by_index(0).map_err(EnvelopeError::Zip)?;
    let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let mut document = Vec::new();
    let ceiling = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    entry.take(ceiling).read_to_end(&mut document).map_err(EnvelopeError::Io)?;
    if document.len() > limit {
        return Err(EnvelopeError::TooLarge { actual: document.len(), limit });
    }
    Ok(ZipEntry { name, document })
}

/// `beianInfo`: the encrypted container as base64 (encryptAlgorithm 1), or the plain one (0).
pub fn beian_info(container: &[u8], key: Option<&ContentKey>) -> String {
    match key {
        Some(key) => BASE64.encode(key.encrypt(container)),
        None => BASE64.encode(container),
    }
}

/// `queryInfo` and `queryInfoHash` of V5.0: the condition encrypted, and the hash of its clear bytes.
pub fn query_info(condition: &str, key: &ContentKey) -> (String, String) {
    (BASE64.encode(key.encrypt(condition.as_bytes())), md5_base64(condition.as_bytes()))
}

/// A file as it came out of an answer (`fileInfos`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedFile {
    /// Name to acknowledge, e.g. `20240102030405_zj_3058.xml`.
    pub file_name: String,
    /// 0 = MD5.
    pub hash_algorithm: i64,
    /// 0 = zip.
    pub compression_format: i64,
    /// 0 = none, 1 = AES-CBC with the account's key.
    pub encrypt_algorithm: i64,
    /// Base64 of the content; may have line breaks every 76 characters.
    pub beian_info: String,
    /// Base64 of the MD5 of the zip container.
    pub beian_info_hash: String,
}

/// A file whose hash was checked and whose container was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpackedFile {
    /// Hash of the container, as the bureau states it (line breaks removed).
    pub hash: String,
    /// The document inside.
    pub entry: ZipEntry,
}

impl PackedFile {
    /// Decodes, decrypts, checks the hash and opens the container.
    ///
    /// Nothing of a file that fails here may be processed, and it must not be acknowledged.
    pub fn unpack(&self, key: &ContentKey) -> Result<UnpackedFile, EnvelopeError> {
        if self.file_name.is_empty() || self.file_name.len() > MAX_FILE_NAME_BYTES {
            return Err(EnvelopeError::FileName(self.file_name.len()));
        }
        if self.hash_algorithm != 0 {
            return Err(EnvelopeError::Algorithm { kind: "hash", value: self.hash_algorithm });
        }
        if self.compression_format != 0 {
            return Err(EnvelopeError::Algorithm { kind: "compression", value: self.compression_format });
        }
        let content = decode_base64(&self.beian_info)?;
        let container = match self.encrypt_algorithm {
            0 => content,
            1 => key.decrypt(&content)?,
            value => return Err(EnvelopeError::Algorithm { kind: "encryption", value }),
        };
        let hash = strip_whitespace(&self.beian_info_hash);
        if md5_base64(&container) != hash {
            return Err(EnvelopeError::HashMismatch);
        }
        Ok(UnpackedFile { hash, entry: unzip_one(&container, MAX_XML_BYTES)? })
    }
}

/// Decodes base64 after removing the line breaks that MIME encoders put in.
pub fn decode_base64(text: &str) -> Result<Vec<u8>, EnvelopeError> {
    BASE64.decode(strip_whitespace(text)).map_err(EnvelopeError::Base64)
}

/// The text without any white space.
pub fn strip_whitespace(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn key() -> ContentKey {
        ContentKey::from_text("ABCDEFGHIJKLMNOP", "0102030405060708").unwrap()
    }

    /// The vectors of bureau-interface §4.2.
    #[test]
    fn published_vectors() {
        let hash = |interface, password| pwd_hash(interface, password, "iPVFOyQsIOZJtYJFv4ig").unwrap();
        assert_eq!(hash(Interface::V3_0, "1234567890"), "J7Vdl7+VlQt9dI20O86MKw==");
        assert_eq!(hash(Interface::V5_0, "1234567890"), "J7Vdl7+VlQt9dI20O86MKw==");
        assert_eq!(hash(Interface::V3_0, "密码1234"), "50uRKXmIrmv7PweIi0+7zA==");
        assert_eq!(hash(Interface::V5_0, "密码1234"), "M9bRxGadGoIbO+y3Mk1bdw==");
        let (info, hash) = query_info("0123456789", &key());
        assert_eq!((info.as_str(), hash.as_str()), ("4R6QhMxRvc3dZNVW3p6ZrQ==", "eB5eJF1ptWaXm4bijSPyxw=="));
        assert_eq!(md5_base64(b"0123456789"), "eB5eJF1ptWaXm4bijSPyxw==");
        assert_eq!(beian_info(b"0123456789", Some(&key())), "4R6QhMxRvc3dZNVW3p6ZrQ==");
        assert_eq!(beian_info(b"0123456789", None), "MDEyMzQ1Njc4OQ==");
    }

    #[test]
    fn a_random_value_has_twenty_letters_or_digits_and_differs() {
        let first = rand_val();
        assert_eq!(first.len(), RAND_VAL_LENGTH);
        assert!(first.bytes().all(|b| b.is_ascii_alphanumeric()), "{first}");
        assert_ne!(first, rand_val());
    }

    #[test]
    fn the_same_document_gives_the_same_container() {
        let first = zip_one("a1.xml", b"<a/>").unwrap();
        assert_eq!(first, zip_one("a1.xml", b"<a/>").unwrap());
        let entry = unzip_one(&first, 100).unwrap();
        assert_eq!(entry, ZipEntry { name: "a1.xml".into(), document: b"<a/>".to_vec() });
    }

    #[test]
    fn limits_hold() {
        let zeros = vec![0_u8; 100_000];
        let bomb = zip_one("a.xml", &zeros).unwrap();
        assert!(bomb.len() < zeros.len() / 20);
        assert!(matches!(unzip_one(&bomb, 99_999), Err(EnvelopeError::TooLarge { limit: 99_999, .. })));
        assert!(unzip_one(&bomb, 100_000).is_ok());
        let too_large = vec![0_u8; MAX_XML_BYTES + 1];
        assert!(matches!(zip_one("a.xml", &too_large), Err(EnvelopeError::TooLarge { .. })));
        assert!(matches!(zip_one("", b"x"), Err(EnvelopeError::FileName(0))));
        assert!(matches!(zip_one(&"a".repeat(129), b"x"), Err(EnvelopeError::FileName(129))));
    }

    fn packed(encrypt_algorithm: i64) -> PackedFile {
        let container = zip_one("x.xml", "<a>浙</a>".as_bytes()).unwrap();
        let content = beian_info(&container, (encrypt_algorithm == 1).then(key).as_ref());
        // As the bureau sends it: a line break every 76 characters.
        let broken: Vec<&str> = content.as_bytes().chunks(76).map(|c| std::str::from_utf8(c).unwrap()).collect();
        PackedFile {
            file_name: "x.xml".into(),
            encrypt_algorithm,
            beian_info: broken.join("\r\n"),
            beian_info_hash: format!("{}\n", md5_base64(&container)),
            ..PackedFile::default()
        }
    }

    #[test]
    fn a_download_is_unpacked_with_and_without_encryption() {
        for algorithm in [0, 1] {
            let unpacked = packed(algorithm).unpack(&key()).unwrap();
            assert_eq!(unpacked.entry.document, "<a>浙</a>".as_bytes());
        }
    }

    #[test]
    fn every_check_of_a_download_can_fail() {
        type Spoil = fn(&mut PackedFile);
        let cases: [(&str, Spoil); 8] = [
            ("file name", |f| f.file_name.clear()),
            ("hash algorithm", |f| f.hash_algorithm = 1),
            ("compression", |f| f.compression_format = 1),
            ("encryption", |f| f.encrypt_algorithm = 2),
            ("base64", |f| f.beian_info.push('!')),
            ("hash", |f| f.beian_info_hash = md5_base64(b"other")),
            ("not encrypted", |f| f.encrypt_algorithm = 0),
            ("cut", |f| f.beian_info.truncate(20)),
        ];
        for (what, spoil) in cases {
            let mut file = packed(1);
            spoil(&mut file);
            assert!(file.unpack(&key()).is_err(), "{what}");
        }
        let other = ContentKey::from_text("ABCDEFGHIJKLMNOQ", "0102030405060708").unwrap();
        assert!(packed(1).unpack(&other).is_err());
    }

    #[test]
    fn a_container_with_two_entries_is_refused() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a", "b"] {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
        }
        let container = writer.finish().unwrap().into_inner();
        assert!(matches!(unzip_one(&container, 10), Err(EnvelopeError::Entries(2))));
    }

    #[test]
    fn keys_must_have_sixteen_bytes_and_never_show() {
        assert!(ContentKey::from_text("short", "0102030405060708").is_none());
        assert!(ContentKey::from_text("ABCDEFGHIJKLMNOP", "").is_none());
        assert_eq!(format!("{:?}", key()), "ContentKey(…)");
    }
}
