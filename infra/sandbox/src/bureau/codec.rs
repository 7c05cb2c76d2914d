//! Envelope arithmetic of the interface (interface document notes §4): GBK, zip, MD5 in base64,
//! AES-128-CBC with PKCS5 padding, base64 with line breaks.

use std::io::{Cursor, Read, Write};

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use encoding_rs::GBK;
use md5::{Digest, Md5};

use super::interface::Interface;
use super::msg_code::MsgCode;

/// Largest XML document in a file: 50 MB.
pub const XML_MAX_BYTES: u64 = 50 * 1024 * 1024;
const BASE64_COLUMNS: usize = 76;

/// Base64 of the raw MD5 digest.
pub fn md5_base64(bytes: &[u8]) -> String {
    STANDARD.encode(Md5::digest(bytes))
}

/// `pwdHash`: the password followed by the random text, in the version's encoding, hashed.
pub fn password_hash(interface: Interface, password: &str, random: &str) -> String {
    md5_base64(&interface.encode(&format!("{password}{random}")))
}

/// Encrypts with AES-128-CBC and PKCS5 padding.
pub fn encrypt(key: &[u8; 16], iv: &[u8; 16], clear: &[u8]) -> Vec<u8> {
    cbc::Encryptor::<aes::Aes128>::new(key.into(), iv.into()).encrypt_padded_vec::<Pkcs7>(clear)
}

/// Undoes [`encrypt`]; code 6 when the padding is wrong.
pub fn decrypt(key: &[u8; 16], iv: &[u8; 16], secret: &[u8]) -> Result<Vec<u8>, MsgCode> {
    cbc::Decryptor::<aes::Aes128>::new(key.into(), iv.into())
        .decrypt_padded_vec::<Pkcs7>(secret)
        .map_err(|_| MsgCode::DECRYPTION)
}

/// Base64 with a line break every 76 columns, as the ministry's system writes it.
pub fn base64_in_lines(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut lines = String::with_capacity(text.len() + text.len() / BASE64_COLUMNS * 2 + 2);
    let mut rest = text.as_str();
    while rest.len() > BASE64_COLUMNS {
        let (line, after) = rest.split_at(BASE64_COLUMNS);
        lines.push_str(line);
        lines.push_str("\r\n");
        rest = after;
    }
    lines.push_str(rest);
    lines
}

/// Decodes base64 and disregards white space.
pub fn base64_decode(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let dense: String = text.split_ascii_whitespace().collect();
        return STANDARD.decode(dense).ok();
    }
    STANDARD.decode(text).ok()
}

/// Packs one file.
pub fn zip_one(name: &str, content: &[u8]) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default())?;
    writer.write_all(content)?;
    Ok(writer.finish()?.into_inner())
}

/// Unpacks the one file: its name and content; codes 8, 17 and 18.
pub fn unzip_one(archive: &[u8]) -> Result<(String, Vec<u8>), MsgCode> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).map_err(|_| MsgCode::UNZIP)?;
    if archive.len() != 1 {
        return Err(MsgCode::ONE_FILE);
    }
    let mut entry = archive.by_index(0).map_err(|_| MsgCode::UNZIP)?;
    if entry.is_dir() {
        return Err(MsgCode::ONE_FILE);
    }
    let name = entry.name().map_err(|_| MsgCode::UNZIP)?.into_owned();
    let mut content = Vec::new();
    // The size in the header may lie: read one byte more than is allowed and no further.
    entry.by_ref().take(XML_MAX_BYTES + 1).read_to_end(&mut content).map_err(|_| MsgCode::UNZIP)?;
    if content.len() as u64 > XML_MAX_BYTES {
        return Err(MsgCode::FILE_TOO_LARGE);
    }
    Ok((name, content))
}

/// Encodes XML text in GBK. What GBK lacks becomes a character reference.
pub fn to_gbk(text: &str) -> Vec<u8> {
    GBK.encode(text).0.into_owned()
}

/// Decodes GBK; `None` when a byte sequence is not GBK.
pub fn from_gbk(bytes: &[u8]) -> Option<String> {
    GBK.decode_without_bom_handling_and_without_replacement(bytes).map(|text| text.into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const KEY: &[u8; 16] = b"ABCDEFGHIJKLMNOP";
    const IV: &[u8; 16] = b"0102030405060708";

    #[test]
    fn the_published_vectors_hold() {
        let random = "iPVFOyQsIOZJtYJFv4ig";
        assert_eq!(password_hash(Interface::V3, "1234567890", random), "J7Vdl7+VlQt9dI20O86MKw==");
        assert_eq!(password_hash(Interface::V3, "密码1234", random), "50uRKXmIrmv7PweIi0+7zA==");
        assert_eq!(password_hash(Interface::V5, "密码1234", random), "M9bRxGadGoIbO+y3Mk1bdw==");
        assert_eq!(md5_base64(b"0123456789"), "eB5eJF1ptWaXm4bijSPyxw==");
        let secret = encrypt(KEY, IV, b"0123456789");
        assert_eq!(STANDARD.encode(&secret), "4R6QhMxRvc3dZNVW3p6ZrQ==");
        assert_eq!(decrypt(KEY, IV, &secret).unwrap(), b"0123456789");
    }

    #[test]
    fn a_wrong_key_is_code_6() {
        let secret = encrypt(KEY, IV, &[7; 100]);
        assert_eq!(decrypt(b"another key 1234", IV, &secret), Err(MsgCode::DECRYPTION));
        assert_eq!(decrypt(KEY, IV, &secret[..20]), Err(MsgCode::DECRYPTION));
    }

    #[test]
    fn base64_lines_have_76_columns_and_decode_again() {
        let bytes: Vec<u8> = (0..=255).collect();
        let text = base64_in_lines(&bytes);
        assert!(text.split("\r\n").all(|line| line.len() <= 76));
        assert_eq!(text.split("\r\n").next().unwrap().len(), 76);
        assert_eq!(base64_decode(&text).unwrap(), bytes);
        assert_eq!(base64_decode("no base64!"), None);
    }

    #[test]
    fn exactly_one_file_is_unpacked() {
        let archive = zip_one("beianinfo.xml", b"<x/>").unwrap();
        let unpacked = unzip_one(&archive).unwrap();
        assert_eq!(unpacked, ("beianinfo.xml".to_owned(), b"<x/>".to_vec()));
        assert_eq!(unzip_one(b"not a zip"), Err(MsgCode::UNZIP));

        let mut two = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a.xml", "b.xml"] {
            let options = zip::write::SimpleFileOptions::default();
            two.start_file(name, options).unwrap();
        }
        let two = two.finish().unwrap().into_inner();
        assert_eq!(unzip_one(&two), Err(MsgCode::ONE_FILE));
    }

    #[test]
    fn more_than_50_mb_is_code_18() {
        let large = vec![b' '; XML_MAX_BYTES as usize + 1];
        let archive = zip_one("large.xml", &large).unwrap();
        assert_eq!(unzip_one(&archive), Err(MsgCode::FILE_TOO_LARGE));
    }

    #[test]
    fn gbk_round_trip_and_refusal() {
        let bytes = to_gbk("粤ICP备");
        assert_eq!(from_gbk(&bytes).unwrap(), "粤ICP备");
        assert_eq!(from_gbk(&[0xff, 0xff]), None);
    }
}
