//! What the bureau sends: SOAP answers, the files in them, and the documents in those.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use icp_relay::reply::{ReplyRules, facts_of};
use icp_relay::wire::answer::{
    AckAnswer, DownloadAnswer, FiledStatusAnswer, PasswordAnswer, PreviousUploadAnswer, UploadAnswer,
};
use icp_relay::wire::download;
use icp_relay::wire::envelope::{ContentKey, PackedFile, md5_base64};
use icp_relay::wire::soap::read_response;
use icp_relay::wire::xml::Element;

use crate::Outcome;

const KEY: (&str, &str) = ("0123456789abcdef", "fedcba9876543210");

/// The HTTP body of an answer, as the answer to each operation.
pub fn answer(input: &[u8]) -> Outcome {
    let read = read_response(input);
    if let Ok(document) = &read {
        writes_back(document);
        let _ = UploadAnswer::read(document);
        let _ = AckAnswer::read(document);
        let _ = FiledStatusAnswer::read(document);
        let _ = PasswordAnswer::read(document);
        let files = [
            DownloadAnswer::read(document).ok().and_then(|answer| answer.file),
            PreviousUploadAnswer::read(document).ok().and_then(|answer| answer.last).and_then(|last| last.file),
        ];
        files.iter().flatten().for_each(unpack);
    }
    Outcome::of(&read)
}

/// An element that was read is written so that it reads the same.
fn writes_back(element: &Element) {
    assert_eq!(Element::parse(&element.to_xml()).as_ref(), Ok(element), "the element does not read back");
}

fn unpack(file: &PackedFile) {
    let Some(key) = ContentKey::from_text(KEY.0, KEY.1) else { return };
    if let Ok(unpacked) = file.unpack(&key) {
        document(&unpacked.entry.document);
    }
}

/// The document of a download, and what it says about filings.
pub fn document(input: &[u8]) -> Outcome {
    let read = download::read(input);
    if let Ok(blocks) = &read {
        let rules = ReplyRules {
            informational_codes: vec![1060, 1062],
            sms_timeout_texts: vec![String::from("短信核验超时")],
        };
        facts_of(blocks, &rules);
    }
    Outcome::of(&read)
}

/// The file of a download as text: base64, AES or not, and a hash, each on a line of its own.
pub fn file(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let file = PackedFile {
        file_name: String::from("20261122030405_zj_1.xml"),
        encrypt_algorithm: next().trim().parse().unwrap_or_default(),
        beian_info_hash: next().to_owned(),
        beian_info: next().to_owned(),
        ..PackedFile::default()
    };
    let Some(key) = ContentKey::from_text(KEY.0, KEY.1) else { return Outcome::Refused };
    Outcome::of(&file.unpack(&key))
}

/// The zip container of a file, with the hash that belongs to it.
pub fn container(input: &[u8]) -> Outcome {
    let file = PackedFile {
        file_name: String::from("20261122030405_zj_1.xml"),
        beian_info_hash: md5_base64(input),
        beian_info: BASE64.encode(input),
        ..PackedFile::default()
    };
    let Some(key) = ContentKey::from_text(KEY.0, KEY.1) else { return Outcome::Refused };
    let unpacked = file.unpack(&key);
    if let Ok(unpacked) = &unpacked {
        document(&unpacked.entry.document);
    }
    Outcome::of(&unpacked)
}
