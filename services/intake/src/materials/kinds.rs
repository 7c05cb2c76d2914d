//! What each kind of material may be: formats, size, pixels.

use std::collections::BTreeMap;

use icp_domain::MaterialKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::format::Format;

/// What a kind may be, as far as its section says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindConfig {
    /// Accepted media types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_types: Option<Vec<Format>>,
    /// Largest file, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_max: Option<usize>,
    /// Least pixels of a picture's shorter side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shorter_side_px_min: Option<u32>,
}

/// What a kind may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Limits {
    /// Accepted formats.
    pub media_types: Vec<Format>,
    /// Largest file, bytes.
    pub bytes_max: usize,
    /// Least pixels of a picture's shorter side.
    pub shorter_side_px_min: u32,
}

/// What every kind may be.
#[derive(Debug)]
pub struct Kinds {
    default: Limits,
    single: BTreeMap<String, Limits>,
}

impl Kinds {
    /// From the sections of the configuration; `bytes_max` holds where they name no size.
    pub fn new(default: &KindConfig, single: &BTreeMap<String, KindConfig>, bytes_max: usize) -> anyhow::Result<Self> {
        let none = Limits { media_types: Vec::new(), bytes_max, shorter_side_px_min: 0 };
        let default = limits(default, &none);
        if default.media_types.is_empty() {
            anyhow::bail!("intake.materials.default.media_types names no media type");
        }
        let known = |kind: &String| MaterialKind::parse(kind).is_some();
        if let Some(unknown) = single.keys().find(|kind| !known(kind)) {
            anyhow::bail!("intake.materials.kinds.{unknown} is not a kind of material");
        }
        let single = single.iter().map(|(kind, config)| (kind.clone(), limits(config, &default))).collect();
        Ok(Self { default, single })
    }

    /// What a kind may be; a kind that only a rule module knows is as any other.
    pub fn of(&self, kind: &str) -> &Limits {
        self.single.get(kind).unwrap_or(&self.default)
    }

    /// The largest file of any kind, bytes.
    pub fn bytes_max(&self) -> usize {
        self.single.values().map(|limits| limits.bytes_max).fold(self.default.bytes_max, usize::max)
    }
}

impl Limits {
    /// The accepted media types, for the caller.
    pub fn named(&self) -> String {
        let names: Vec<&str> = self.media_types.iter().map(|format| format.media_type()).collect();
        names.join(" or ")
    }
}

fn limits(config: &KindConfig, default: &Limits) -> Limits {
    Limits {
        media_types: config.media_types.clone().unwrap_or_else(|| default.media_types.clone()),
        bytes_max: config.bytes_max.unwrap_or(default.bytes_max),
        shorter_side_px_min: config.shorter_side_px_min.unwrap_or(default.shorter_side_px_min),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_section_says_only_what_is_different_and_names_a_known_kind() {
        let default = KindConfig { media_types: Some(vec![Format::Jpeg]), ..KindConfig::default() };
        let plan = KindConfig { media_types: Some(vec![Format::Pdf]), bytes_max: Some(9), ..KindConfig::default() };
        let single = BTreeMap::from([("site-plan".to_owned(), plan.clone())]);
        let kinds = Kinds::new(&default, &single, 4).unwrap();
        assert_eq!((kinds.of("site-plan").named().as_str(), kinds.of("site-plan").bytes_max), ("application/pdf", 9));
        assert_eq!((kinds.of("lease").named().as_str(), kinds.of("lease").bytes_max), ("image/jpeg", 4));
        assert_eq!(kinds.bytes_max(), 9);
        let unknown = BTreeMap::from([("passport".to_owned(), plan)]);
        assert!(Kinds::new(&default, &unknown, 4).unwrap_err().to_string().contains("intake.materials.kinds.passport"));
        assert!(Kinds::new(&KindConfig::default(), &BTreeMap::new(), 4).is_err());
    }
}
