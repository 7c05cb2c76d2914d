//! The two versions of the interface: what differs is the encoding, the version text and some tags.

use super::codec;
use super::xml::Element;

/// Version of the interface that an account speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Interface {
    /// V3.0: GBK, websites only.
    #[default]
    V3,
    /// V5.0: UTF-8, also APPs, mini-programs and quick apps.
    V5,
}

impl Interface {
    /// The version with this text form, e.g. `V5.0`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "V3.0" => Some(Self::V3),
            "V5.0" => Some(Self::V5),
            _ => None,
        }
    }

    /// The text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V3 => "V3.0",
            Self::V5 => "V5.0",
        }
    }

    /// The `version` of documents.
    pub fn version(self) -> &'static str {
        match self {
            Self::V3 => "V.3.0",
            Self::V5 => "V.5.0",
        }
    }

    /// Name of the encoding.
    pub fn encoding(self) -> &'static str {
        match self {
            Self::V3 => "GBK",
            Self::V5 => "UTF-8",
        }
    }

    /// Whether a declared encoding is the one of the version.
    pub fn is_encoding(self, declared: &str) -> bool {
        let known: &[&str] = match self {
            Self::V3 => &["GBK", "GB2312", "GB18030"],
            Self::V5 => &["UTF-8", "UTF8"],
        };
        known.iter().any(|name| name.eq_ignore_ascii_case(declared))
    }

    /// Text in the encoding of the version.
    pub fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::V3 => codec::to_gbk(text),
            Self::V5 => text.as_bytes().to_vec(),
        }
    }

    /// Text from the encoding of the version; `None` when it is another.
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::V3 => codec::from_gbk(bytes),
            Self::V5 => std::str::from_utf8(bytes).ok().map(str::to_owned),
        }
    }

    /// Tag of a person's mobile, to which the ministry's SMS goes.
    pub fn mobile_tag(self) -> &'static str {
        match self {
            Self::V3 => "Fzr_sjhm",
            Self::V5 => "Fzr_lxfs1",
        }
    }

    /// Tag of a person's office phone.
    pub fn office_phone_tag(self) -> &'static str {
        match self {
            Self::V3 => "Fzr_dhhm",
            Self::V5 => "Fzr_lxfs2",
        }
    }
}

/// A person's first mobile, in the form of either version.
pub fn mobile_of(person: &Element) -> Option<&str> {
    let mobile = person.text_at("Fzr_lxfs1").or_else(|| person.text_at("Fzr_sjhm"))?;
    mobile.split([';', '；']).map(str::trim).find(|one| !one.is_empty())
}
