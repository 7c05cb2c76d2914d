//! Where the Chinese font comes from.

use std::fs;
use std::path::{Path, PathBuf};

use typst::foundations::Bytes;
use typst::text::Font;

use crate::PressError;

/// The Debian package that brings a small font with Chinese and Latin characters.
pub const DEBIAN_PACKAGE: &str = "fonts-wqy-microhei";

/// The usual places, the best font first. Every one of them also has Latin letters and digits.
const USUAL_PLACES: [&str; 8] = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-sans-cjk-fonts/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/wqy-microhei/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/arphic/uming.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
];

/// The file to use: the one that the settings name, else the first of the usual places.
pub fn find(setting: Option<&Path>) -> Result<PathBuf, PressError> {
    if let Some(path) = setting {
        return Ok(path.to_owned());
    }
    USUAL_PLACES.iter().map(PathBuf::from).find(|path| path.is_file()).ok_or(PressError::NoFont)
}

/// Reads the face for simplified Chinese; collections name it "SC" or "CN", or have it first.
pub(crate) fn load(path: &Path) -> Result<Font, PressError> {
    let bad = |reason: String| PressError::BadFont { path: path.to_owned(), reason };
    let bytes = fs::read(path).map_err(|error| bad(error.to_string()))?;
    let faces: Vec<Font> = Font::iter(Bytes::new(bytes)).collect();
    let is_simplified = |font: &&Font| font.info().family.split(' ').any(|word| word == "SC" || word == "CN");
    let face = faces.iter().find(is_simplified).or_else(|| faces.first());
    face.cloned().ok_or_else(|| bad("it holds no TrueType or OpenType face".to_owned()))
}
