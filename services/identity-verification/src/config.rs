//! The section `[identity]`.

use serde::{Deserialize, Serialize};

/// Settings of this service; `config.default.toml` documents each.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which engine reads documents and compares faces.
    pub engine: String,
    /// Similarity from which on two faces are one person, 0 to 1.
    pub face_threshold: f32,
    /// Documents must be valid for more than so many months.
    pub least_months_left: u32,
    /// Least pixels of the shorter edge of a picture.
    pub shortest_edge_pixels: u32,
    /// Most pixels of the longer edge of a picture.
    pub longest_edge_pixels: u32,
}

impl Config {
    /// Refuses values that would let everything or nothing pass.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.face_threshold > 0.0 && self.face_threshold <= 1.0,
            "identity.face_threshold must be above 0 and at most 1"
        );
        anyhow::ensure!(
            self.shortest_edge_pixels < self.longest_edge_pixels,
            "identity.shortest_edge_pixels must be below identity.longest_edge_pixels"
        );
        Ok(())
    }
}
