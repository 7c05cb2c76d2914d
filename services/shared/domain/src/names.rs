//! Domain names in their two forms, and names of persons and organisations made comparable.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A domain name under a known public suffix, kept in both its forms.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName {
    ascii: String,
    unicode: String,
}

/// Why a text is not a domain name that can be filed. The message names the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DomainNameError {
    /// Nothing was given.
    #[error("the domain name is empty; enter one, e.g. example.cn")]
    Empty,
    /// A whole address instead of a name.
    #[error("this is an address, not a domain name; leave out http://, path, port and user")]
    Address,
    /// A wildcard.
    #[error("a wildcard cannot be filed; enter the registered name without `*.`")]
    Wildcard,
    /// An IP address.
    #[error("an IP address is not a domain name; enter it in the access data")]
    IpAddress,
    /// A character, hyphen or length that domain names do not allow.
    #[error(
        "the domain name is malformed; use letters, digits, hyphens and Chinese characters, up to 63 bytes a label"
    )]
    Malformed,
    /// No dot in it.
    #[error("the domain name lacks its suffix; enter it in full, e.g. example.cn")]
    NoSuffix,
    /// The suffix is not in the public suffix list.
    #[error("the suffix of the domain name is not known; compare it with the domain certificate")]
    UnknownSuffix,
    /// A suffix under which others register (`com.cn`).
    #[error("this is a suffix under which names are registered; enter the registered name itself")]
    IsSuffix,
}

impl DomainName {
    /// Normalises and checks a name: small letters, full-width characters and `。` mapped, one final dot dropped.
    pub fn parse(text: &str) -> Result<Self, DomainNameError> {
        let text = text.trim();
        let text = text.strip_suffix(['.', '。', '．', '｡']).unwrap_or(text);
        if text.is_empty() {
            return Err(DomainNameError::Empty);
        }
        if text.contains(['/', '@', '?', '#', ':', '\\']) {
            return Err(if is_ip_address(text) { DomainNameError::IpAddress } else { DomainNameError::Address });
        }
        if text.contains('*') {
            return Err(DomainNameError::Wildcard);
        }
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| DomainNameError::Malformed)?;
        if is_ip_address(&ascii) {
            return Err(DomainNameError::IpAddress);
        }
        if !ascii.contains('.') {
            return Err(DomainNameError::NoSuffix);
        }
        let suffix = registry_suffix(&ascii).ok_or(DomainNameError::UnknownSuffix)?;
        if suffix == ascii {
            return Err(DomainNameError::IsSuffix);
        }
        let (unicode, outcome) = idna::domain_to_unicode(&ascii);
        outcome.map_err(|_| DomainNameError::Malformed)?;
        Ok(Self { ascii, unicode })
    }

    /// The form with A-labels, e.g. `xn--fsq092h.xn--fiqs8s`; use it for look-ups and comparison.
    pub fn ascii(&self) -> &str {
        &self.ascii
    }

    /// The form with U-labels, e.g. `示例.中国`; use it for people.
    pub fn unicode(&self) -> &str {
        &self.unicode
    }

    /// The suffix under which registries register, in A-labels, e.g. `com.cn`.
    pub fn suffix(&self) -> &str {
        registry_suffix(&self.ascii).unwrap_or_default()
    }

    /// The registrable domain: one label more than the suffix (`www.example.com.cn` → `example.com.cn`). Suffixes of
    /// private operators (`github.io`) count as ordinary names, because the registry's record decides.
    pub fn registrable(&self) -> Self {
        let suffix = self.suffix();
        let before = self.ascii.len().saturating_sub(suffix.len() + 1);
        let labels = self.ascii.get(..before).unwrap_or_default();
        let start = labels.rfind('.').map_or(0, |dot| dot + 1);
        let ascii = self.ascii.get(start..).unwrap_or(&self.ascii).to_owned();
        let (unicode, _) = idna::domain_to_unicode(&ascii);
        Self { ascii, unicode }
    }

    /// Whether this is a registrable domain itself, as a website's filing demands.
    pub fn is_registrable(&self) -> bool {
        self.registrable() == *self
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.unicode)
    }
}

impl Serialize for DomainName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.ascii)
    }
}

impl<'de> Deserialize<'de> for DomainName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

fn is_ip_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// The suffix that belongs to a registry; suffixes that private operators listed are passed over.
fn registry_suffix(ascii: &str) -> Option<&str> {
    let mut name = ascii;
    loop {
        let suffix = psl::suffix(name.as_bytes())?;
        match suffix.typ()? {
            psl::Type::Icann => return std::str::from_utf8(suffix.as_bytes()).ok(),
            psl::Type::Private => {
                let listed = std::str::from_utf8(suffix.as_bytes()).ok()?;
                let (_, parent) = listed.split_once('.')?;
                // Borrow from the whole name, so that the result lives as long as it.
                name = ascii.get(ascii.len() - parent.len()..)?;
            }
        }
    }
}

/// Makes a name comparable: full-width forms become half-width, white space and invisible characters go, the
/// variants of the middle dot become `·`. Letters keep their case.
///
/// Use it for comparing what was typed with what a document or a register says; keep the original for display.
pub fn comparable_name(text: &str) -> String {
    text.chars().filter_map(comparable_character).collect()
}

/// Whether two names are the same once made comparable.
pub fn is_same_name(one: &str, other: &str) -> bool {
    one == other || one.chars().filter_map(comparable_character).eq(other.chars().filter_map(comparable_character))
}

/// A name for display: white space at the ends and invisible characters removed, everything else kept.
pub fn visible_name(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.contains(is_invisible) {
        Cow::Owned(trimmed.chars().filter(|c| !is_invisible(*c)).collect())
    } else {
        Cow::Borrowed(trimmed)
    }
}

fn comparable_character(c: char) -> Option<char> {
    match c {
        _ if c.is_whitespace() || is_invisible(c) => None,
        '•' | '‧' | '∙' | '⋅' | '・' | '･' => Some('·'),
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0),
        _ => Some(c),
    }
}

/// Zero-width characters, direction marks, soft hyphen, variation selectors, tags, control characters.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_normalised_in_both_forms() {
        for (text, ascii, unicode, registrable) in [
            ("example.cn", "example.cn", "example.cn", "example.cn"),
            ("  WWW.Example.COM.CN. ", "www.example.com.cn", "www.example.com.cn", "example.com.cn"),
            ("ｅｘａｍｐｌｅ。ｃｎ", "example.cn", "example.cn", "example.cn"),
            ("示例.中国", "xn--fsq092h.xn--fiqs8s", "示例.中国", "xn--fsq092h.xn--fiqs8s"),
            ("www.xn--fsq092h.xn--fiqs8s", "www.xn--fsq092h.xn--fiqs8s", "www.示例.中国", "xn--fsq092h.xn--fiqs8s"),
            ("a.b.gd.cn", "a.b.gd.cn", "a.b.gd.cn", "b.gd.cn"),
            ("someone.github.io", "someone.github.io", "someone.github.io", "github.io"),
        ] {
            let name = DomainName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((name.ascii(), name.unicode()), (ascii, unicode));
            assert_eq!(name.registrable().ascii(), registrable, "{text}");
            assert_eq!(name.is_registrable(), ascii == registrable, "{text}");
        }
    }

    #[test]
    fn each_fault_is_named() {
        let long_label = format!("{}.cn", "a".repeat(64));
        for (text, error) in [
            (" ", DomainNameError::Empty),
            (".", DomainNameError::Empty),
            ("https://example.cn", DomainNameError::Address),
            ("example.cn:8080", DomainNameError::Address),
            ("me@example.cn", DomainNameError::Address),
            ("*.example.cn", DomainNameError::Wildcard),
            ("192.0.2.1", DomainNameError::IpAddress),
            ("2001:db8::1", DomainNameError::IpAddress),
            ("exa mple.cn", DomainNameError::Malformed),
            ("exa_mple.cn", DomainNameError::Malformed),
            ("-example.cn", DomainNameError::Malformed),
            ("example..cn", DomainNameError::Malformed),
            (&long_label, DomainNameError::Malformed),
            ("localhost", DomainNameError::NoSuffix),
            ("example.notasuffix", DomainNameError::UnknownSuffix),
            ("com.cn", DomainNameError::IsSuffix),
        ] {
            assert_eq!(DomainName::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn comparable_names() {
        assert!(is_same_name("深圳示例（集团）有限公司", "深圳示例(集团)有限公司"));
        assert!(is_same_name("买买提•吐尔逊", "买买提·吐尔逊"));
        assert!(is_same_name("张　三\u{200B}", "张三"));
        assert!(is_same_name("ＡＢＣ科技", "ABC科技"));
        assert!(!is_same_name("ABC科技", "abc科技"));
        assert!(!is_same_name("张三", "张山"));
        assert_eq!(visible_name(" 张\u{FEFF}三 "), "张三");
        assert_eq!(visible_name("示例 科技"), "示例 科技");
    }

    proptest! {
        #[test]
        fn making_comparable_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = comparable_name(&text);
            prop_assert_eq!(comparable_name(&once), once);
        }

        #[test]
        fn a_parsed_name_reads_back_from_either_form(text in "[a-z0-9示例网\\-]{1,12}\\.(cn|com|com\\.cn|中国|网络)") {
            if let Ok(name) = DomainName::parse(&text) {
                prop_assert_eq!(DomainName::parse(name.ascii()), Ok(name.clone()));
                prop_assert_eq!(DomainName::parse(name.unicode()), Ok(name.clone()));
                prop_assert!(name.registrable().is_registrable());
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = DomainName::parse(&text);
        }
    }
}
