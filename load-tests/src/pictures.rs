//! The pictures that come with orders, and what looking at one costs.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::ValueEnum;
use icp_demo::orders::OrderInput;
use icp_domain::MaterialKind;
use icp_intake::materials::picture::{self, PictureLimits};
use icp_testkit::specimen;
use image::ImageFormat;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use serde::Serialize;

/// Shorter side of the smallest pictures: what identity verification takes at least (`identity.shortest_edge_pixels`).
const SMALLEST_SIDE_PX: u32 = 300;
/// Quality of their compression.
const SMALLEST_QUALITY: u8 = 30;
/// How long the checks of pictures are repeated to be measured.
const CHECKS_TIME: Duration = Duration::from_millis(500);

/// Which pictures come with orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Pictures {
    /// The smallest that the platform takes, and no slips for the bureau
    Smallest,
    /// Those of the demo, and slips
    Specimens,
}

/// Pictures of one run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PictureFigures {
    /// Pictures per order.
    pub per_order: f64,
    /// Mean size, bytes.
    pub mean_bytes: f64,
    /// Mean number of pixels.
    pub mean_pixels: f64,
    /// Milliseconds of one core for the check of a mean one: structure, decoding, measuring.
    pub check_ms: f64,
    /// The same per megapixel, from the demo's larger pictures.
    pub check_ms_per_megapixel: f64,
}

/// Replaces the pictures of orders by the smallest that the platform takes.
pub fn shrink(inputs: &mut [OrderInput]) -> anyhow::Result<()> {
    let mut forms: HashMap<(MaterialKind, bool), Vec<u8>> = HashMap::new();
    for input in inputs {
        let is_person = input.filing.organiser.is_person();
        for (kind, bytes) in &mut input.materials {
            let form = match forms.get(&(*kind, is_person)) {
                Some(form) => form,
                None => forms.entry((*kind, is_person)).or_insert(smallest(bytes)?),
            };
            *bytes = specimen::with_fields(form, &specimen::fields(*kind, &input.filing));
        }
    }
    Ok(())
}

fn smallest(jpeg: &[u8]) -> anyhow::Result<Vec<u8>> {
    let picture = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg)?;
    let shorter = picture.width().min(picture.height()).max(1);
    let side = |side: u32| (side * SMALLEST_SIDE_PX).div_ceil(shorter);
    let small = picture.resize_exact(side(picture.width()), side(picture.height()), FilterType::Triangle);
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, SMALLEST_QUALITY).encode_image(&small)?;
    Ok(bytes)
}

/// Counts the pictures of orders and measures their checks on one core that has nothing else to do.
pub fn figures(inputs: &[OrderInput]) -> anyhow::Result<PictureFigures> {
    let pictures: Vec<&[u8]> = inputs.iter().flat_map(|input| &input.materials).map(|(_, bytes)| &**bytes).collect();
    let count = pictures.len().max(1) as f64;
    let some: Vec<&[u8]> = pictures.iter().take(100).copied().collect();
    let (check_ms, mean_pixels) = check(&some)?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/demo/specimens");
    let mut specimens = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        specimens.push(std::fs::read(entry?.path())?);
    }
    let (specimen_ms, specimen_pixels) = check(&specimens.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    Ok(PictureFigures {
        per_order: pictures.len() as f64 / inputs.len().max(1) as f64,
        mean_bytes: pictures.iter().map(|bytes| bytes.len()).sum::<usize>() as f64 / count,
        mean_pixels,
        check_ms,
        check_ms_per_megapixel: specimen_ms * 1_000_000.0 / specimen_pixels.max(1.0),
    })
}

/// Mean time of a check in milliseconds, and mean number of pixels.
fn check(pictures: &[&[u8]]) -> anyhow::Result<(f64, f64)> {
    let limits = PictureLimits { pixels_max: 100_000_000, decode_bytes_max: 1 << 30, shorter_side_px_min: 1 };
    let (mut checks, mut pixels) = (0_u32, 0_u64);
    let begin = Instant::now();
    while begin.elapsed() < CHECKS_TIME {
        for bytes in pictures {
            let (_, facts) = picture::check(bytes, ImageFormat::Jpeg, &limits)?;
            pixels += u64::from(facts.width_px) * u64::from(facts.height_px);
            checks += 1;
        }
    }
    let checks = f64::from(checks.max(1));
    Ok((begin.elapsed().as_secs_f64() * 1000.0 / checks, pixels as f64 / checks))
}
