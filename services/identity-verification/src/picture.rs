//! What can be said about a picture before anybody reads it: format, size, dimensions. Only its header is decoded.

use std::io::Cursor;

use image::{ImageFormat, ImageReader};

/// What a picture may be.
#[derive(Debug, Clone, Copy)]
pub struct PictureLimits {
    /// Most bytes.
    pub most_bytes: usize,
    /// Least pixels of the shorter edge.
    pub shortest_edge_pixels: u32,
    /// Most pixels of the longer edge.
    pub longest_edge_pixels: u32,
}

/// Why a picture cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFault {
    /// Neither JPEG nor PNG.
    Format,
    /// Too many bytes.
    TooHeavy,
    /// The header cannot be decoded.
    Damaged,
    /// Too few pixels to be legible.
    TooSmall,
    /// Too many pixels.
    TooLarge,
}

/// Checks format, weight and dimensions.
pub fn check(bytes: &[u8], limits: &PictureLimits) -> Result<(), PictureFault> {
    if bytes.len() > limits.most_bytes {
        return Err(PictureFault::TooHeavy);
    }
    let format = if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        ImageFormat::Jpeg
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        ImageFormat::Png
    } else {
        return Err(PictureFault::Format);
    };
    let (width, height) =
        ImageReader::with_format(Cursor::new(bytes), format).into_dimensions().map_err(|_| PictureFault::Damaged)?;
    if width.min(height) < limits.shortest_edge_pixels {
        return Err(PictureFault::TooSmall);
    }
    if width.max(height) > limits.longest_edge_pixels {
        return Err(PictureFault::TooLarge);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use image::DynamicImage;

    use super::*;

    const LIMITS: PictureLimits =
        PictureLimits { most_bytes: 20_000, shortest_edge_pixels: 30, longest_edge_pixels: 200 };

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn each_fault_is_told_apart() {
        let jpeg = picture(100, 60, ImageFormat::Jpeg);
        let heavy: Vec<u8> = jpeg.iter().copied().chain(std::iter::repeat_n(0, 20_000)).collect();
        for (bytes, expected) in [
            (jpeg.clone(), Ok(())),
            (picture(60, 100, ImageFormat::Png), Ok(())),
            (picture(100, 29, ImageFormat::Jpeg), Err(PictureFault::TooSmall)),
            (picture(201, 60, ImageFormat::Png), Err(PictureFault::TooLarge)),
            (jpeg[..12].to_vec(), Err(PictureFault::Damaged)),
            (heavy, Err(PictureFault::TooHeavy)),
            (b"GIF89a...".to_vec(), Err(PictureFault::Format)),
            (b"%PDF-1.7".to_vec(), Err(PictureFault::Format)),
            (Vec::new(), Err(PictureFault::Format)),
        ] {
            assert_eq!(check(&bytes, &LIMITS), expected, "{} bytes", bytes.len());
        }
    }
}
