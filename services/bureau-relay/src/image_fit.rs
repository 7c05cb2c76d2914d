//! Pictures to the limits of the wire: JPEG of at most 100 KB (150 KB for slips), bureau-interface §13.2.
//!
//! A JPEG that fits goes as it is. Anything else is decoded under limits (a picture is input from
//! outside), turned upright, and encoded again with less quality and then fewer pixels until it fits.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

/// Largest side that is decoded.
const MAX_SIDE: u32 = 12_000;
/// Most memory that a decoder may take.
const MAX_DECODER_BYTES: u64 = 256 * 1024 * 1024;
/// Qualities that are tried at each size, best first; below 50 small print becomes unreadable.
const QUALITIES: [u8; 4] = [90, 80, 65, 50];
/// Smallest longer side at which an identity document can still be read.
const MIN_LONGER_SIDE: u32 = 400;

/// Why a picture cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum ImageFitError {
    /// The bytes are no picture of a known kind, or larger than the limits.
    #[error("the picture cannot be decoded within the limits")]
    Undecodable(#[source] image::ImageError),
    /// The picture could not be written as JPEG.
    #[error("the picture cannot be encoded")]
    Unencodable(#[source] image::ImageError),
    /// No readable size fits.
    #[error("the picture does not fit into {limit} bytes at a readable size")]
    DoesNotFit {
        /// Bytes allowed.
        limit: usize,
    },
}

/// Makes a JPEG of at most `limit` bytes from a picture.
pub fn fit(picture: &[u8], limit: usize) -> Result<Vec<u8>, ImageFitError> {
    if picture.len() <= limit && picture.starts_with(&[0xFF, 0xD8, 0xFF]) {
        return Ok(picture.to_vec());
    }
    let mut current = decode(picture)?;
    loop {
        for quality in QUALITIES {
            let jpeg = encode(&current, quality)?;
            if jpeg.len() <= limit {
                return Ok(jpeg);
            }
        }
        let (width, height) = (current.width() * 4 / 5, current.height() * 4 / 5);
        if width.max(height) < MIN_LONGER_SIDE || width.min(height) == 0 {
            return Err(ImageFitError::DoesNotFit { limit });
        }
        current = DynamicImage::ImageRgb8(current.resize(width, height, FilterType::Triangle).into_rgb8());
    }
}

fn decode(picture: &[u8]) -> Result<DynamicImage, ImageFitError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    let mut reader = ImageReader::new(Cursor::new(picture))
        .with_guessed_format()
        .map_err(|error| ImageFitError::Undecodable(image::ImageError::IoError(error)))?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(ImageFitError::Undecodable)?;
    let orientation = decoder.orientation().map_err(ImageFitError::Undecodable)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(ImageFitError::Undecodable)?;
    image.apply_orientation(orientation);
    Ok(DynamicImage::ImageRgb8(image.into_rgb8()))
}

fn encode(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, ImageFitError> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(image).map_err(ImageFitError::Unencodable)?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use image::{ImageFormat, RgbImage};

    use super::*;

    /// Noise compresses badly, so a picture of it is large.
    fn noise(width: u32, height: u32) -> DynamicImage {
        let mut state = 1_u32;
        DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [a, b, c, _] = state.to_be_bytes();
            image::Rgb([a, b, c])
        }))
    }

    #[test]
    fn a_jpeg_that_fits_goes_as_it_is() {
        let jpeg = encode(&noise(40, 30), 80).unwrap();
        assert_eq!(fit(&jpeg, 100_000).unwrap(), jpeg);
    }

    #[test]
    fn a_large_picture_is_brought_under_the_limit_and_stays_a_picture() {
        let large = encode(&noise(1200, 900), 95).unwrap();
        assert!(large.len() > 102_400);
        let fitted = fit(&large, 102_400).unwrap();
        assert!(fitted.len() <= 102_400);
        let image = image::load_from_memory(&fitted).unwrap();
        assert!(image.width() >= MIN_LONGER_SIDE);
        let ratio = f64::from(image.width()) / f64::from(image.height());
        assert!((ratio - 4.0 / 3.0).abs() < 0.02, "{ratio}");
    }

    #[test]
    fn a_png_becomes_a_jpeg() {
        let mut png = Vec::new();
        noise(20, 20).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        let fitted = fit(&png, 102_400).unwrap();
        assert!(fitted.starts_with(&[0xFF, 0xD8, 0xFF]));
    }

    #[test]
    fn what_cannot_be_sent_is_an_error() {
        assert!(matches!(fit(b"no picture", 102_400), Err(ImageFitError::Undecodable(_))));
        let large = encode(&noise(600, 400), 90).unwrap();
        assert!(matches!(fit(&large, 2_000), Err(ImageFitError::DoesNotFit { limit: 2_000 })));
        let mut bomb = Vec::new();
        DynamicImage::new_luma8(MAX_SIDE + 1, 1).write_to(&mut Cursor::new(&mut bomb), ImageFormat::Png).unwrap();
        assert!(matches!(fit(&bomb, 102_400), Err(ImageFitError::Undecodable(_))));
    }
}
