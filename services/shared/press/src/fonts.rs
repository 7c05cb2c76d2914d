//! Where the Chinese fonts come from.

use std::fs;
use std::path::{Path, PathBuf};

use typst::foundations::Bytes;
use typst::text::Font;

use crate::PressError;

/// The Debian package that brings a small font with Chinese and Latin characters.
pub const DEBIAN_PACKAGE: &str = "fonts-wqy-microhei";

/// The Debian package that brings the rare characters (生僻字) of names: all of CJK extensions A to F.
pub const RARE_DEBIAN_PACKAGE: &str = "fonts-hanazono";

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

/// Where fonts for rare characters usually are.
const RARE_PLACES: [&str; 4] = [
    "/usr/share/fonts/truetype/hanazono/HanaMinA.ttf",
    "/usr/share/fonts/truetype/hanazono/HanaMinB.ttf",
    "/usr/share/fonts/hanazono/HanaMinA.ttf",
    "/usr/share/fonts/hanazono/HanaMinB.ttf",
];

/// The file to use: the one that the settings name, else the first of the usual places.
pub fn find(setting: Option<&Path>) -> Result<PathBuf, PressError> {
    if let Some(path) = setting {
        return Ok(path.to_owned());
    }
    USUAL_PLACES.iter().map(PathBuf::from).find(|path| path.is_file()).ok_or(PressError::NoFont)
}

/// The fonts of this machine that may have what the one in `file` lacks, the best first.
pub(crate) fn others(file: &Path) -> Vec<PathBuf> {
    let places = USUAL_PLACES.iter().chain(&RARE_PLACES).map(PathBuf::from);
    places.filter(|path| path != file && path.is_file()).collect()
}

/// Whether a font has a glyph for this character.
pub(crate) fn has(font: &Font, character: char) -> bool {
    font.info().coverage.contains(u32::from(character))
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
