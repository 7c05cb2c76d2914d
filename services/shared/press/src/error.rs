//! Why a paper cannot be set.

use std::path::PathBuf;

use icp_papers::Refusal;

/// A paper that is not printed. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PressError {
    /// No Chinese font on this machine.
    #[error(
        "no Chinese font was found: install the Debian package {}, or name a font file in the setting \
         `intake.papers.font_file`",
        crate::fonts::DEBIAN_PACKAGE
    )]
    NoFont,
    /// A font file that cannot be used.
    #[error("the font file {} cannot be used: {reason}", path.display())]
    BadFont {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A character that no font here has: a paper with a blank in a name would be false.
    #[error("no font here has a glyph for `{0}`: install one that has (Debian: {rare})", rare = crate::fonts::RARE_DEBIAN_PACKAGE)]
    NoGlyph(char),
    /// A paper that must be one page is longer.
    #[error("the content needs {pages} pages, but this paper has one: shorten the longest fields")]
    TooLong {
        /// How many pages it would be.
        pages: usize,
    },
    /// The picture cannot be made small enough.
    #[error("the picture does not fit into {limit_bytes} bytes at a readable size: raise the limit")]
    TooHeavy {
        /// The limit.
        limit_bytes: usize,
    },
    /// A template of ours is wrong.
    #[error("a template of the platform cannot be set: {0}")]
    Template(String),
}

impl PressError {
    /// What the words of the paper have to do with it; none where the operator must mend something.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::NoGlyph(character) => Some(Refusal::NoGlyph { character: *character }),
            Self::TooLong { pages } => Some(Refusal::TooLong { pages: *pages }),
            Self::NoFont | Self::BadFont { .. } | Self::TooHeavy { .. } | Self::Template(_) => None,
        }
    }
}
