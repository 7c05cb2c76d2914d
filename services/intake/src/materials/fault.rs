//! Why a file is not taken, and what to do about it.

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The end is missing.
    #[error("ends in the middle: it was cut off on its way")]
    Truncated,
    /// It is not what its first bytes promise.
    #[error("cannot be read as {0}")]
    Damaged(&'static str),
    /// More pixels than the limit.
    #[error("has {pixels} pixels; at most {most} are accepted")]
    TooManyPixels {
        /// Pixels that it says it has.
        pixels: u64,
        /// The limit.
        most: u64,
    },
    /// Too small to be read.
    #[error("has a shorter side of {shorter} pixels; at least {least} are needed")]
    TooSmall {
        /// Its shorter side.
        shorter: u32,
        /// The limit.
        least: u32,
    },
    /// Colours of printing presses.
    #[error("is in CMYK colours, which are meant for printing presses")]
    Cmyk,
    /// More than one picture.
    #[error("is an animation")]
    Animated,
    /// Nobody can read it without a password.
    #[error("is encrypted")]
    Encrypted,
    /// It would do something when it is opened.
    #[error("holds active or embedded content (`{0}`)")]
    Active(String),
    /// No pages, or too many.
    #[error("has {pages} pages; between 1 and {most} are accepted")]
    Pages {
        /// Its pages.
        pages: u32,
        /// The limit.
        most: u32,
    },
    /// Its packed parts are larger than the limit.
    #[error("unpacks to more than {0} bytes")]
    TooLargeUnpacked(usize),
    /// Longer than the limit.
    #[error("lasts {seconds} seconds; at most {most} are accepted")]
    TooLong {
        /// Its length.
        seconds: u64,
        /// The limit.
        most: u64,
    },
    /// A video that shows nothing.
    #[error("shows nothing: it has no picture track")]
    NoPicture,
}

impl Fault {
    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Truncated => "upload it again, whole",
            Self::Damaged(_) => "photograph or scan the original again and upload that file",
            Self::TooManyPixels { .. } => "photograph it with a lower resolution, or make the picture smaller",
            Self::TooSmall { .. } => "photograph or scan the original with a higher resolution",
            Self::Cmyk => "save it in RGB colours, as cameras and scanners do",
            Self::Animated => "upload a single picture",
            Self::Encrypted => "save it without a password",
            Self::Active(_) => "print it to a new PDF without scripts, forms and attachments, and upload that",
            Self::Pages { .. } => "upload the pages that are asked for, in one file",
            Self::TooLargeUnpacked(_) => "print it to a new PDF and upload that",
            Self::TooLong { .. } => "record a shorter video",
            Self::NoPicture => "record a video that shows the person and the document",
        }
    }
}
