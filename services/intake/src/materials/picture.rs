//! Decoding pictures within limits: a picture of a few kilobytes can claim to have billions of pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::facts::{PictureFacts, measure};
use super::fault::Fault;
use super::jpeg::Cleaned;
use super::{jpeg, png};

/// How much a picture may take.
#[derive(Debug, Clone, Copy)]
pub struct PictureLimits {
    /// Most pixels.
    pub pixels_max: u64,
    /// Most memory that the decoder may ask for at once, bytes.
    pub decode_bytes_max: u64,
    /// Least pixels of the shorter side.
    pub shorter_side_px_min: u32,
}

/// Checks a JPEG or PNG by its structure and by decoding every pixel; answers what to store, and what was measured.
pub fn check(bytes: &[u8], format: ImageFormat, limits: &PictureLimits) -> Result<(Cleaned, PictureFacts), Fault> {
    let cleaned = if format == ImageFormat::Png { png::clean(bytes)? } else { jpeg::clean(bytes)? };
    let picture = decode(&cleaned.bytes, format, limits)?;
    let facts = measure(&picture);
    let shorter = facts.width_px.min(facts.height_px);
    if shorter < limits.shorter_side_px_min {
        return Err(Fault::TooSmall { shorter, least: limits.shorter_side_px_min });
    }
    Ok((cleaned, facts))
}

/// The picture, upright. Its size is looked at before memory is asked for.
fn decode(bytes: &[u8], format: ImageFormat, limits: &PictureLimits) -> Result<DynamicImage, Fault> {
    let name = if format == ImageFormat::Png { "PNG" } else { "JPEG" };
    let damaged = |_: ImageError| Fault::Damaged(name);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut decoder_limits = Limits::default();
    decoder_limits.max_alloc = Some(limits.decode_bytes_max);
    reader.limits(decoder_limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.pixels_max || decoder.total_bytes() > limits.decode_bytes_max {
        return Err(Fault::TooManyPixels { pixels, most: limits.pixels_max });
    }
    let orientation = decoder.orientation().map_err(damaged)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const LIMITS: PictureLimits =
        PictureLimits { pixels_max: 1_000_000, decode_bytes_max: 16 * 1024 * 1024, shorter_side_px_min: 16 };

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 3) as u8, (y * 5) as u8, 90]));
        picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    /// A PNG whose pixels are all the same: a thousand times smaller than what it unpacks to.
    fn bomb(side: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        image::GrayImage::new(side, side).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    #[test]
    fn pictures_are_decoded_and_measured() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let (cleaned, facts) = check(&picture(64, 40, format), format, &LIMITS).unwrap();
            assert_eq!((facts.width_px, facts.height_px, cleaned.is_changed), (64, 40, false));
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        let bomb = bomb(4_000);
        assert!(bomb.len() < 200_000, "{} bytes", bomb.len());
        let most = LIMITS.pixels_max;
        assert_eq!(check(&bomb, ImageFormat::Png, &LIMITS), Err(Fault::TooManyPixels { pixels: 16_000_000, most }));
        let mut claims = picture(64, 40, ImageFormat::Jpeg);
        let frame = claims.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        claims[frame + 5..frame + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
        let refused = check(&claims, ImageFormat::Jpeg, &LIMITS).unwrap_err();
        assert!(matches!(refused, Fault::TooManyPixels { .. } | Fault::Damaged(_)), "{refused:?}");
    }

    #[test]
    fn a_picture_that_lies_about_its_pixels_is_refused() {
        let mut png = picture(64, 40, ImageFormat::Png);
        // More rows than there is data for, with a right checksum.
        png[23] = 80;
        let crc = crc32fast::hash(&png[12..29]).to_be_bytes();
        png[29..33].copy_from_slice(&crc);
        assert_eq!(check(&png, ImageFormat::Png, &LIMITS), Err(Fault::Damaged("PNG")));
        let mut broken = picture(64, 40, ImageFormat::Png);
        let middle = broken.len() / 2;
        broken[middle] ^= 0x55;
        assert_eq!(check(&broken, ImageFormat::Png, &LIMITS), Err(Fault::Damaged("PNG")));
    }

    #[test]
    fn small_pictures_cannot_be_read_by_anybody() {
        let small = picture(64, 12, ImageFormat::Jpeg);
        assert_eq!(check(&small, ImageFormat::Jpeg, &LIMITS), Err(Fault::TooSmall { shorter: 12, least: 16 }));
    }
}
