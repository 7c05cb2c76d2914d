//! Materials (材料): what applicants upload as proof, from the first byte to the end of the order.
//!
//! Reading order: [`kinds`] (what each kind may be), [`mod@format`] (told by the first bytes), [`jpeg`], [`png`], [`pdf`],
//! [`video`] (structure of each format, and what is taken out of it), [`picture`] (decoding within limits), [`facts`]
//! (what is measured), [`quality`] (what that means to the applicant), [`inspect`] (all of it for one file),
//! [`scan`] (viruses), [`put`] (how a file becomes a material of an order), [`uploads`] (files that come in parts),
//! [`store`] (SQL), [`sweep`] (what is done later, and what is removed).
//!
//! A file is stored as it was sent, with two exceptions that change nothing that can be seen: metadata of cameras
//! (place, time, device, thumbnails) and bytes behind the picture are taken out, because a filing needs none of them.

pub mod facts;
pub mod fault;
pub mod format;
pub mod inspect;
pub mod jpeg;
pub mod kinds;
pub mod pdf;
pub mod picture;
pub mod png;
pub mod put;
pub mod quality;
pub mod scan;
pub mod store;
pub mod sweep;
pub mod uploads;
pub mod video;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The section `[intake.materials]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialsConfig {
    /// Most pixels of a picture.
    pub pixels_max: u64,
    /// Most memory that a decoder may ask for at once, bytes.
    pub decode_bytes_max: u64,
    /// Files that are decoded at the same time at most.
    pub checks_parallel: usize,
    /// Most bytes of files that arrive and are checked at the same time, together.
    pub in_flight_bytes_max: usize,
    /// Most pages of a PDF.
    pub pdf_pages_max: u32,
    /// Most bytes that the packed objects of a PDF may unpack to.
    pub pdf_unpacked_bytes_max: usize,
    /// Longest video, seconds.
    pub video_seconds_max: u64,
    /// How often is looked for what is to be scanned or removed, milliseconds.
    pub sweep_every_ms: u64,
    /// What every kind may be, unless its own section says otherwise.
    pub default: kinds::KindConfig,
    /// What single kinds may be, by their text form.
    pub kinds: BTreeMap<String, kinds::KindConfig>,
    /// When the applicant is told that a picture is not good.
    pub quality: quality::QualityConfig,
    /// The virus scanner.
    pub scanner: scan::ScannerConfig,
    /// Uploads in parts.
    pub uploads: uploads::UploadsConfig,
}

/// Path of a material in findings and errors, e.g. `materials.commitment`.
pub fn path_of(kind: &str) -> String {
    format!("materials.{kind}")
}
