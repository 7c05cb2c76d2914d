//! What is measured of a file. Facts are numbers, never what is written or who is shown.

use image::DynamicImage;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longer side at which a picture is measured: sharpness and noise of cameras with more pixels compare then.
const MEASURED_SIDE_PX: u32 = 1_000;
/// The picture is measured in so many tiles a side.
const TILES: u32 = 8;
/// A channel that differs from another by so much on average is a colour.
const COLOUR_FROM: f64 = 4.0;
/// Brightness from which a pixel holds nothing any more.
const OVEREXPOSED_FROM: u8 = 250;

/// What is known of a material.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaterialFacts {
    /// Of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureFacts>,
    /// Pages of a PDF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// Length of a video, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Whether metadata (place, time, device) was left out.
    #[serde(default)]
    pub metadata_removed: bool,
}

/// What is known of a picture, as it is seen upright.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PictureFacts {
    /// Width in pixels.
    pub width_px: u32,
    /// Height in pixels.
    pub height_px: u32,
    /// Whether it has no colours.
    pub is_grey: bool,
    /// Variance of the Laplacian in the sharpest tenth of its 64 tiles: below some tens it is blurred.
    pub sharpness: u32,
    /// Mean brightness, 0 to 100.
    pub brightness_percent: u8,
    /// Standard deviation of the brightness, 0 to 127; near 0 it shows nothing.
    pub contrast: u8,
    /// Share of pixels that are so bright that nothing is left in them, 0 to 100.
    pub overexposed_percent: u8,
}

/// Measures a picture that is upright.
pub fn measure(picture: &DynamicImage) -> PictureFacts {
    let (width_px, height_px) = (picture.width(), picture.height());
    let small = if width_px.max(height_px) > MEASURED_SIDE_PX {
        picture.thumbnail(MEASURED_SIDE_PX, MEASURED_SIDE_PX)
    } else {
        picture.clone()
    };
    let grey = Grey::of(&small);
    let (mean, deviation) = grey.brightness();
    let overexposed = grey.pixels.iter().filter(|pixel| **pixel >= OVEREXPOSED_FROM).count();
    PictureFacts {
        width_px,
        height_px,
        is_grey: is_grey(&small),
        sharpness: grey.sharpness(),
        brightness_percent: rounded(mean * 100.0 / 255.0),
        contrast: rounded(deviation),
        overexposed_percent: rounded(overexposed as f64 * 100.0 / grey.pixels.len().max(1) as f64),
    }
}

/// The brightness of each pixel.
struct Grey {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Grey {
    fn of(picture: &DynamicImage) -> Self {
        let luma = picture.to_luma8();
        let side = |pixels: u32| usize::try_from(pixels).unwrap_or_default();
        Self { width: side(luma.width()), height: side(luma.height()), pixels: luma.into_raw() }
    }

    /// Mean and standard deviation.
    fn brightness(&self) -> (f64, f64) {
        spread(self.pixels.iter().map(|pixel| f64::from(*pixel)))
    }

    fn sharpness(&self) -> u32 {
        let mut tiles: Vec<f64> = Vec::new();
        for row in 0..TILES {
            for column in 0..TILES {
                let (_, deviation) = spread(self.laplacian(part(self.width, column), part(self.height, row)));
                tiles.push(deviation * deviation);
            }
        }
        tiles.sort_by(f64::total_cmp);
        let sharp = tiles.iter().rev().nth(tiles.len() / 10).copied().unwrap_or_default();
        // A variance of bytes is far below the limit of the type.
        sharp.round() as u32
    }

    /// The Laplacian of the pixels in a tile that have four neighbours.
    fn laplacian(
        &self,
        columns: std::ops::Range<usize>,
        rows: std::ops::Range<usize>,
    ) -> impl Iterator<Item = f64> + '_ {
        let at = |x: usize, y: usize| self.pixels.get(y * self.width + x).map(|pixel| f64::from(*pixel));
        rows.filter(|y| *y > 0).flat_map(move |y| {
            columns.clone().filter(|x| *x > 0 && x + 1 < self.width).filter_map(move |x| {
                let around = at(x - 1, y)? + at(x + 1, y)? + at(x, y - 1)? + at(x, y + 1)?;
                Some(around - 4.0 * at(x, y)?)
            })
        })
    }
}

/// A tile's part of a side.
fn part(side: usize, index: u32) -> std::ops::Range<usize> {
    let at = |index: u32| side * index as usize / TILES as usize;
    at(index)..at(index + 1)
}

/// Mean and standard deviation of values, in one pass.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (count, sum, squares) = values
        .fold((0.0, 0.0, 0.0), |(count, sum, squares), value| (count + 1.0, sum + value, squares + value * value));
    if count == 0.0 {
        return (0.0, 0.0);
    }
    let mean: f64 = sum / count;
    (mean, (squares / count - mean * mean).max(0.0).sqrt())
}

/// Whether the channels of a picture are the same, but for the noise of compression.
fn is_grey(picture: &DynamicImage) -> bool {
    if !picture.color().has_color() {
        return true;
    }
    let rgb = picture.to_rgb8();
    let (colour, _) = spread(rgb.pixels().map(|pixel| {
        let [red, green, blue] = pixel.0;
        f64::from(red.max(green).max(blue) - red.min(green).min(blue))
    }));
    colour < COLOUR_FROM
}

fn rounded(value: f64) -> u8 {
    // The cast keeps within 0 and 255.
    value.round() as u8
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use image::{GrayImage, Luma, Rgb, RgbImage};

    use super::*;

    /// Stripes as of print: `bright` on dark.
    fn print(bright: u8) -> DynamicImage {
        DynamicImage::ImageRgb8(RgbImage::from_fn(640, 400, |x, _| {
            if x / 4 % 2 == 0 { Rgb([bright, bright / 2, bright / 3]) } else { Rgb([0, 0, 0]) }
        }))
    }

    #[test]
    fn a_blurred_picture_is_less_sharp_than_the_same_one_in_focus() {
        let sharp = measure(&print(200));
        let blurred = measure(&print(200).fast_blur(8.0));
        assert!(sharp.sharpness > 1_000, "{sharp:?}");
        assert!(blurred.sharpness < sharp.sharpness / 50, "{blurred:?} against {sharp:?}");
        assert_eq!((sharp.width_px, sharp.height_px, sharp.is_grey), (640, 400, false));
    }

    #[test]
    fn a_page_that_is_white_but_for_a_line_is_sharp() {
        let page =
            GrayImage::from_fn(800, 1_100, |x, y| Luma([if y / 40 % 3 == 1 && x / 3 % 2 == 0 { 0 } else { 255 }]));
        let facts = measure(&DynamicImage::ImageLuma8(page));
        assert!(facts.is_grey && facts.sharpness > 1_000 && facts.contrast > 50, "{facts:?}");
    }

    #[test]
    fn darkness_light_and_emptiness_are_measured() {
        let plain = |value: u8| measure(&DynamicImage::ImageLuma8(GrayImage::from_pixel(300, 300, Luma([value]))));
        let (dark, white) = (plain(10), plain(255));
        assert_eq!((dark.brightness_percent, dark.contrast, dark.overexposed_percent, dark.sharpness), (4, 0, 0, 0));
        assert_eq!((white.brightness_percent, white.overexposed_percent), (100, 100));
        assert!(measure(&print(60)).brightness_percent < measure(&print(250)).brightness_percent);
        let tiny = measure(&DynamicImage::ImageLuma8(GrayImage::from_pixel(1, 1, Luma([7]))));
        assert_eq!((tiny.width_px, tiny.sharpness), (1, 0));
    }

    #[test]
    fn grey_pictures_are_told_from_coloured_ones_whatever_their_format() {
        let grey = RgbImage::from_fn(300, 300, |x, y| Rgb([(x ^ y) as u8; 3]));
        assert!(measure(&DynamicImage::ImageRgb8(grey)).is_grey);
        assert!(!measure(&print(200)).is_grey);
    }
}
