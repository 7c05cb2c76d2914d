//! What is measured of a file. Facts are numbers, never what is written or who is shown.

use std::borrow::Cow;
use std::ops::Range;

use image::DynamicImage;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longer side at which a picture is measured: sharpness and noise of cameras with more pixels compare then.
const MEASURED_SIDE_PX: u32 = 1_000;
/// The picture is measured in so many tiles a side.
const TILES: u32 = 8;
/// A channel that differs from another by so much on average is a colour.
const COLOUR_FROM: f64 = 4.0;
/// One pixel in so many is looked at for colours; a prime, so that no stripes of a print are in step with it.
const COLOUR_EACH: usize = 7;
/// So many values are added up in 32 bits: 2000 squares of a Laplacian (4 × 255) stay below 2^31.
const ADDED_MAX: usize = 2_000;
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
        Cow::Owned(picture.thumbnail(MEASURED_SIDE_PX, MEASURED_SIDE_PX))
    } else {
        Cow::Borrowed(picture)
    };
    let (grey, colour) = brightness(&small);
    let mut spread = Spread::default();
    let mut overexposed = 0;
    for part in grey.chunks(ADDED_MAX) {
        spread.add(part.iter().map(|pixel| i32::from(*pixel)));
        overexposed += part.iter().filter(|pixel| **pixel >= OVEREXPOSED_FROM).count();
    }
    PictureFacts {
        width_px,
        height_px,
        is_grey: colour < COLOUR_FROM,
        sharpness: sharpness(&grey, side(small.width())),
        brightness_percent: rounded(spread.mean() * 100.0 / 255.0),
        contrast: rounded(spread.variance().sqrt()),
        overexposed_percent: rounded(overexposed as f64 * 100.0 / grey.len().max(1) as f64),
    }
}

/// The brightness of each pixel (weights of Rec. 709), and how much the channels differ on average.
fn brightness(picture: &DynamicImage) -> (Vec<u8>, f64) {
    if !picture.color().has_color() {
        return (picture.to_luma8().into_raw(), 0.0);
    }
    let rgb = picture.as_rgb8().map_or_else(|| Cow::Owned(picture.to_rgb8()), Cow::Borrowed);
    let (pixels, _) = rgb.as_raw().as_chunks::<3>();
    let mut colour = Spread::default();
    for part in pixels.chunks(COLOUR_EACH * ADDED_MAX) {
        colour.add(
            part.iter()
                .step_by(COLOUR_EACH)
                .map(|[red, green, blue]| i32::from(*red.max(green).max(blue)) - i32::from(*red.min(green).min(blue))),
        );
    }
    let luma = |[red, green, blue]: &[u8; 3]| {
        // The weights add up to 256: the sum and the half that rounds it stay below 2^16.
        ((u32::from(*red) * 54 + u32::from(*green) * 183 + u32::from(*blue) * 19 + 128) >> 8) as u8
    };
    (pixels.iter().map(luma).collect(), colour.mean())
}

/// How many values there are, their sum and the sum of their squares: what mean and variance need.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    count: i64,
    sum: i64,
    squares: i64,
}

impl Spread {
    /// Adds at most [`ADDED_MAX`] values of at most four times a byte: they are added up in 32 bits, which compilers
    /// do for many at once.
    fn add(&mut self, values: impl Iterator<Item = i32>) {
        let (mut count, mut sum, mut squares) = (0_i32, 0_i32, 0_i32);
        for value in values {
            count += 1;
            sum += value;
            squares += value * value;
        }
        self.count += i64::from(count);
        self.sum += i64::from(sum);
        self.squares += i64::from(squares);
    }

    fn mean(self) -> f64 {
        self.sum as f64 / self.count.max(1) as f64
    }

    fn variance(self) -> f64 {
        let mean = self.mean();
        (self.squares as f64 / self.count.max(1) as f64 - mean * mean).max(0.0)
    }
}

/// The variance of the Laplacian in the sharpest tenth of the tiles, from the pixels that have four neighbours.
fn sharpness(grey: &[u8], width: usize) -> u32 {
    let rows: Vec<&[u8]> = grey.chunks_exact(width.max(1)).collect();
    let mut tiles: Vec<f64> = Vec::new();
    for row in 0..TILES {
        let rows_of_tile = part(rows.len(), row);
        let around = rows.get(rows_of_tile.start.saturating_sub(1)..(rows_of_tile.end + 1).min(rows.len()));
        for column in 0..TILES {
            let columns = part(width, column);
            let columns = columns.start.max(1)..columns.end.min(width.saturating_sub(1));
            let mut tile = Spread::default();
            for three in around.unwrap_or_default().windows(3) {
                tile.add(laplacian(three, &columns));
            }
            tiles.push(tile.variance());
        }
    }
    tiles.sort_by(f64::total_cmp);
    let sharp = tiles.iter().rev().nth(tiles.len() / 10).copied().unwrap_or_default();
    // A variance of bytes is far below the limit of the type.
    sharp.round() as u32
}

/// The Laplacian of these columns of the middle one of three rows.
fn laplacian<'rows>(rows: &[&'rows [u8]], columns: &Range<usize>) -> impl Iterator<Item = i32> + use<'rows> {
    let cut = |row: usize, from: usize, to: usize| -> &'rows [u8] {
        rows.get(row).and_then(|pixels| pixels.get(from..to)).unwrap_or_default()
    };
    let (from, to) = (columns.start, columns.end);
    let sides = cut(1, from.saturating_sub(1), to.saturating_sub(1)).iter().zip(cut(1, from + 1, to + 1));
    let others = cut(0, from, to).iter().zip(cut(2, from, to)).zip(cut(1, from, to));
    sides.zip(others).map(|((left, right), ((above, below), here))| {
        i32::from(*left) + i32::from(*right) + i32::from(*above) + i32::from(*below) - 4 * i32::from(*here)
    })
}

fn side(pixels: u32) -> usize {
    usize::try_from(pixels).unwrap_or_default()
}

/// A tile's part of a side.
fn part(side: usize, index: u32) -> Range<usize> {
    let at = |index: u32| side * index as usize / TILES as usize;
    at(index)..at(index + 1)
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
