//! Attachments (Fj/Fjxx): format, purpose, size, content and owner.

use super::Finding;
use super::codec::base64_decode;
use super::xml::Element;

/// Purposes seen in use: 1 to 5 have a known meaning, up to 11 occur.
const PURPOSE_MAX: u32 = 11;
/// 真实性核验单
const PURPOSE_SLIP: u32 = 1;
/// Slips may be larger than other pictures (bureau-interface §13.2).
const SLIP_MAX_BYTES: usize = 150 * 1024;

/// The ids and numbers that an attachment may belong to.
#[derive(Debug)]
pub struct Owners {
    /// Of the organiser.
    pub organiser: Vec<String>,
    /// Of the services.
    pub services: Vec<String>,
    /// Whether an organiser that the record does not name may own one.
    pub any_organiser: bool,
}

/// What is wrong with an attachment.
pub fn check(attachment: &Element, owners: &Owners, max_bytes: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    let format = attachment.text_at("Fjwjgs");
    if !matches!(format, Some("1" | "2")) {
        findings.push(Finding::new(1056, "附件格式代码错误"));
    }
    let purpose = purpose_of(attachment);
    let max_bytes = if purpose == Some(PURPOSE_SLIP) { max_bytes.max(SLIP_MAX_BYTES) } else { max_bytes };
    if !purpose.is_some_and(|it| (1..=PURPOSE_MAX).contains(&it)) {
        findings.push(Finding::new(1057, "附件用途代码错误"));
    }
    match attachment.child("Fjnr") {
        None => findings.push(Finding::missing("Fjnr")),
        Some(content) if format == Some("2") => {
            findings.extend(check_content("Fjnr", content, max_bytes, is_png));
        }
        Some(content) => findings.extend(check_file("Fjnr", content, max_bytes)),
    }
    // XZBA writes our id plainly, the other blocks choose between an id and a number.
    let owner = ["Fjssdx/Ssdxbs/Baxh", "Fjssdx/Ssdxbs/Jlid", "Fjssdx/Ssdxbs"];
    let owner = owner.iter().find_map(|path| attachment.text_at(path));
    let is_among = |known: &[String]| owner.is_some_and(|id| known.iter().any(|it| it == id));
    let owner_is_known = match attachment.text_at("Fjssdx/Ssdxlx") {
        Some("1") => is_among(&owners.organiser) || (owners.any_organiser && owner.is_some()),
        Some("2") => is_among(&owners.services),
        _ => false,
    };
    if !owner_is_known {
        findings.push(Finding::new(5001, "Fjssdx：所属对象不在本备案中"));
    }
    findings
}

/// Whether it is a verification slip.
pub fn is_slip(attachment: &Element) -> bool {
    purpose_of(attachment) == Some(PURPOSE_SLIP)
}

fn purpose_of(attachment: &Element) -> Option<u32> {
    attachment.text_at("Fjyt").and_then(|it| it.parse().ok())
}

/// What is wrong with a JPEG that stands by itself.
pub fn check_file(tag: &str, content: &Element, max_bytes: usize) -> Option<Finding> {
    check_content(tag, content, max_bytes, is_jpeg)
}

fn check_content(tag: &str, content: &Element, max_bytes: usize, has_format: fn(&[u8]) -> bool) -> Option<Finding> {
    let refuse = |reason: &str| Some(Finding::new(5010, format!("附件格式不合规：{tag}{reason}")));
    let Some(bytes) = base64_decode(content.text()) else {
        return refuse("不是base64");
    };
    if bytes.len() > max_bytes {
        return refuse(&format!("为{}字节，超过{max_bytes}字节", bytes.len()));
    }
    if !has_format(&bytes) {
        return refuse("内容与格式不符");
    }
    None
}

/// Start and end markers of a JPEG; a picture that was cut off has no end.
fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff]) && bytes.ends_with(&[0xff, 0xd9])
}

fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}
