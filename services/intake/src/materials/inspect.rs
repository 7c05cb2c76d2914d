//! All checks of one file: its format, its size, its structure, its pixels or pages.

use std::sync::Arc;

use bytes::Bytes;
use image::ImageFormat;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::facts::MaterialFacts;
use super::fault::Fault;
use super::format::Format;
use super::kinds::{Kinds, Limits};
use super::pdf::{self, PdfLimits};
use super::picture::{self, PictureLimits};
use super::{MaterialsConfig, path_of, video};
use crate::api::problem::{FieldError, Kind, Problem};

/// A file that may become a material.
#[derive(Debug)]
pub struct Inspected {
    /// Its format.
    pub format: Format,
    /// The bytes to store: those that were sent, without metadata.
    pub bytes: Bytes,
    /// What was measured.
    pub facts: MaterialFacts,
}

/// Checks files, so many at a time.
#[derive(Debug)]
pub struct Inspector {
    /// What each kind may be.
    pub kinds: Kinds,
    config: MaterialsConfig,
    slots: Semaphore,
    /// KiB that may still arrive.
    room: Arc<Semaphore>,
}

impl Inspector {
    /// From the configuration; `bytes_max` holds for kinds whose section names no size.
    pub fn new(config: &MaterialsConfig, bytes_max: usize) -> anyhow::Result<Self> {
        let kinds = Kinds::new(&config.default, &config.kinds, bytes_max)?;
        let largest = kinds.bytes_max();
        Ok(Self {
            kinds,
            slots: Semaphore::new(config.checks_parallel.max(1)),
            room: Arc::new(Semaphore::new(kibibytes(config.in_flight_bytes_max.max(largest)) as usize)),
            config: config.clone(),
        })
    }

    /// Room for a file of so many bytes until it is stored; none while too many arrive.
    pub fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        self.room.clone().try_acquire_many_owned(kibibytes(bytes)).map_err(|_| {
            let detail = "As many files arrive as may (`intake.materials.in_flight_bytes_max`). Repeat the request.";
            Problem::new(Kind::Unavailable, detail)
        })
    }

    /// Checks a file that is to become a material of a kind; `declared` is the media type that came with it.
    pub async fn inspect(&self, kind: &str, declared: Option<&str>, bytes: Bytes) -> Result<Inspected, Problem> {
        let limits = self.kinds.of(kind);
        if bytes.len() > limits.bytes_max {
            return Err(too_large(kind, limits.bytes_max));
        }
        let format = format_of(kind, limits, declared, &bytes)?;
        let check = Check {
            format,
            picture: PictureLimits {
                pixels_max: self.config.pixels_max,
                decode_bytes_max: self.config.decode_bytes_max,
                shorter_side_px_min: limits.shorter_side_px_min,
            },
            pdf: PdfLimits {
                pages_max: self.config.pdf_pages_max,
                unpacked_bytes_max: self.config.pdf_unpacked_bytes_max,
            },
            video_seconds_max: self.config.video_seconds_max,
        };
        let closed = || Problem::new(Kind::Unavailable, "The service is stopping. Repeat the request.");
        let _slot = self.slots.acquire().await.map_err(|_| closed())?;
        let checked = tokio::task::spawn_blocking(move || check.run(bytes)).await.map_err(|error| {
            tracing::error!(%error, "a check of a material ended badly");
            Problem::new(Kind::Internal, "The file could not be checked; the operator has been told.")
        })?;
        let (bytes, facts) = checked.map_err(|fault| {
            Problem::fields(vec![FieldError::new(path_of(kind), fault.to_string(), fault.remedy())])
        })?;
        Ok(Inspected { format, bytes, facts })
    }
}

fn kibibytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX >> 4)
}

/// A file larger than its kind may be.
pub fn too_large(kind: &str, bytes_max: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("A material of kind `{kind}` may have at most {bytes_max} bytes."))
}

/// The format by the file's own first bytes, which must agree with what was declared.
fn format_of(kind: &str, limits: &Limits, declared: Option<&str>, bytes: &[u8]) -> Result<Format, Problem> {
    let wrong = |detail: String| Err(Problem::new(Kind::WrongContentType, detail));
    let Some(format) = Format::of(bytes).filter(|format| limits.media_types.contains(format)) else {
        return wrong(format!("Send a material of kind `{kind}` as {}.", limits.named()));
    };
    let found = format.media_type();
    match declared {
        Some(declared) if declared != found => wrong(format!("The file is {found}; send `Content-Type: {found}`.")),
        _ => Ok(format),
    }
}

/// What one file is checked against.
struct Check {
    format: Format,
    picture: PictureLimits,
    pdf: PdfLimits,
    video_seconds_max: u64,
}

impl Check {
    fn run(&self, bytes: Bytes) -> Result<(Bytes, MaterialFacts), Fault> {
        let mut facts = MaterialFacts::default();
        let bytes = match self.format {
            Format::Jpeg | Format::Png => {
                let format = if self.format == Format::Png { ImageFormat::Png } else { ImageFormat::Jpeg };
                let (cleaned, picture) = picture::check(&bytes, format, &self.picture)?;
                facts.picture = Some(picture);
                facts.metadata_removed = cleaned.is_changed;
                cleaned.bytes.into()
            }
            Format::Pdf => {
                facts.pages = Some(pdf::check(&bytes, &self.pdf)?);
                bytes
            }
            Format::Mp4 | Format::QuickTime => {
                let video = video::check(&bytes, self.video_seconds_max)?;
                facts.duration_ms = Some(video.duration_ms);
                facts.metadata_removed = video.is_changed;
                video.bytes.into()
            }
        };
        Ok((bytes, facts))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn check(format: Format) -> Check {
        Check {
            format,
            picture: PictureLimits { pixels_max: 10_000, decode_bytes_max: 1_000_000, shorter_side_px_min: 4 },
            pdf: PdfLimits { pages_max: 9, unpacked_bytes_max: 10_000 },
            video_seconds_max: 60,
        }
    }

    /// Good files of every format.
    fn good(format: Format) -> Vec<u8> {
        let drawn = |format| {
            let mut bytes = Vec::new();
            let picture = image::RgbImage::from_fn(24, 16, |x, y| image::Rgb([(x * 9) as u8, (y * 9) as u8, 90]));
            picture.write_to(&mut std::io::Cursor::new(&mut bytes), format).unwrap();
            bytes
        };
        match format {
            Format::Jpeg => drawn(ImageFormat::Jpeg),
            Format::Png => drawn(ImageFormat::Png),
            Format::Pdf => {
                let packed = miniz_oxide::deflate::compress_to_vec_zlib(b"4 0 << /Type /Page >>", 6);
                let start = b"%PDF-1.7\n7 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode >>\nstream\n";
                [&start[..], &packed, b"\nendstream\nendobj\nstartxref\n0\n%%EOF\n"].concat()
            }
            Format::Mp4 | Format::QuickTime => icp_testkit::files::mp4(5, b"vide"),
        }
    }

    const FORMATS: [Format; 4] = [Format::Jpeg, Format::Png, Format::Pdf, Format::Mp4];

    #[test]
    fn good_files_of_every_format_pass() {
        for format in FORMATS {
            let (bytes, facts) = check(format).run(good(format).into()).unwrap();
            assert_eq!(Format::of(&bytes), Some(format));
            assert_eq!(facts.picture.is_some(), matches!(format, Format::Jpeg | Format::Png), "{format:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// Whatever is sent gets an answer; what passes begins as what it was taken for.
        #[test]
        fn broken_files_are_refused_and_break_nothing(
            format in proptest::sample::select(&FORMATS[..]),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
            cut in any::<proptest::sample::Index>(),
            is_cut in any::<bool>(),
        ) {
            let mut bytes = good(format);
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            if is_cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok((kept, _)) = check(format).run(bytes.clone().into()) {
                prop_assert!(kept.len() <= bytes.len() + 64);
            }
        }
    }
}
