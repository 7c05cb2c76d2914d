//! File formats, told by the first bytes and never by a name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A file format that can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Format {
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// PDF.
    #[serde(rename = "application/pdf")]
    Pdf,
    /// MP4, as phones record it.
    #[serde(rename = "video/mp4")]
    Mp4,
    /// QuickTime, as some phones record it.
    #[serde(rename = "video/quicktime")]
    QuickTime,
}

impl Format {
    /// The media type, e.g. `image/jpeg`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
            Self::Mp4 => "video/mp4",
            Self::QuickTime => "video/quicktime",
        }
    }

    /// The format that these bytes begin as.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            return Some(Self::Jpeg);
        }
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if bytes.starts_with(b"%PDF-1.") || bytes.starts_with(b"%PDF-2.") {
            return Some(Self::Pdf);
        }
        match (bytes.get(4..8), bytes.get(8..12)) {
            (Some(b"ftyp"), Some(b"qt  ")) => Some(Self::QuickTime),
            (Some(b"ftyp"), Some(_)) => Some(Self::Mp4),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn the_first_bytes_tell_the_format() {
        for (bytes, format) in [
            (&b"\xFF\xD8\xFF\xE0"[..], Some(Format::Jpeg)),
            (b"\x89PNG\r\n\x1a\n", Some(Format::Png)),
            (b"%PDF-1.7\n", Some(Format::Pdf)),
            (b"\0\0\0\x18ftypmp42", Some(Format::Mp4)),
            (b"\0\0\0\x14ftypqt  ", Some(Format::QuickTime)),
            (b"GIF89a", None),
            (b"MZ", None),
            (b"", None),
        ] {
            assert_eq!(Format::of(bytes), format, "{bytes:?}");
        }
    }
}
