//! Character sets of the interface: V3.0 documents and passwords are GBK.

use std::borrow::Cow;

use encoding_rs::{GBK, UTF_8};

/// Why text could not be converted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CharsetError {
    /// The text has a character that GBK does not know, where no replacement is possible.
    #[error("the text has a character that GBK cannot express")]
    NotGbk,
    /// The bytes are not valid in the encoding that the document declares.
    #[error("the document is not valid {0}")]
    Malformed(&'static str),
    /// The document declares an encoding that the interface does not use.
    #[error("the document declares the unknown encoding `{0}`")]
    UnknownEncoding(String),
}

/// Encodes text that must survive exactly, such as a password, as GBK.
pub fn gbk_exact(text: &str) -> Result<Vec<u8>, CharsetError> {
    let (bytes, _, unmappable) = GBK.encode(text);
    if unmappable {
        return Err(CharsetError::NotGbk);
    }
    Ok(bytes.into_owned())
}

/// Encodes an XML document as GBK.
///
/// A character outside GBK (rare characters in personal names) becomes a numeric character
/// reference, which every XML reader turns back into the same character.
pub fn gbk_xml(document: &str) -> Vec<u8> {
    // The encoder's replacement for an unmappable character is exactly `&#<decimal>;`.
    GBK.encode(document).0.into_owned()
}

/// Decodes an XML document: as declared, otherwise UTF-8 when valid, otherwise GBK.
pub fn decode_xml(bytes: &[u8]) -> Result<Cow<'_, str>, CharsetError> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return strict(rest, UTF_8, "UTF-8");
    }
    match declared_encoding(bytes) {
        None => strict(bytes, UTF_8, "UTF-8").or_else(|_| strict(bytes, GBK, "GBK")),
        Some(name) => match name.to_ascii_lowercase().as_str() {
            "gbk" | "gb2312" | "gb18030" | "cp936" => strict(bytes, GBK, "GBK"),
            "utf-8" | "utf8" => strict(bytes, UTF_8, "UTF-8"),
            _ => Err(CharsetError::UnknownEncoding(name)),
        },
    }
}

fn strict<'a>(
    bytes: &'a [u8],
    encoding: &'static encoding_rs::Encoding,
    name: &'static str,
) -> Result<Cow<'a, str>, CharsetError> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or(CharsetError::Malformed(name))
}

/// The `encoding` pseudo-attribute of an XML declaration at the start of the document.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(200))?;
    let head = String::from_utf8_lossy(head);
    let declaration = head.trim_start().strip_prefix("<?xml")?;
    let declaration = declaration.split("?>").next()?;
    let after = declaration.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    after.get(1..)?.split(quote).next().map(|name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_rare_character_becomes_a_reference_in_xml_and_an_error_in_a_password() {
        assert_eq!(gbk_xml("<a>𬱖</a>"), b"<a>&#183382;</a>");
        assert_eq!(gbk_exact("𬱖"), Err(CharsetError::NotGbk));
        assert_eq!(gbk_exact("密码").unwrap(), [0xC3, 0xDC, 0xC2, 0xEB]);
    }

    #[test]
    fn a_document_is_read_in_the_encoding_that_it_declares() {
        let text = "<?xml version=\"1.0\" encoding=\"GBK\"?><a>浙</a>";
        assert_eq!(decode_xml(&gbk_xml(text)).unwrap(), text);
        let text = "<?xml version='1.0' encoding='utf-8'?><a>浙</a>";
        assert_eq!(decode_xml(text.as_bytes()).unwrap(), text);
        assert_eq!(decode_xml("<a>浙</a>".as_bytes()).unwrap(), "<a>浙</a>");
        assert_eq!(decode_xml(&gbk_xml("<a>浙江省</a>")).unwrap(), "<a>浙江省</a>");
        assert_eq!(
            decode_xml(b"<?xml version='1.0' encoding='big5'?><a/>"),
            Err(CharsetError::UnknownEncoding("big5".into()))
        );
        assert_eq!(
            decode_xml(b"<?xml version='1.0' encoding='utf-8'?><a>\xFF</a>"),
            Err(CharsetError::Malformed("UTF-8"))
        );
    }
}
