//! The structure of a JPEG: whether it is whole, what colours it has, and which segments a filing does not need.
//!
//! Decoders fill up what is missing of a JPEG without a word, so the end is looked for here. Segments of cameras and
//! programs (Exif with the place, XMP, IPTC, previews) and bytes behind the end are left out; the pixels stay as they
//! were sent. The orientation is kept, in a segment of its own.

use image::metadata::Orientation;

use super::fault::Fault;

const START_OF_IMAGE: u8 = 0xD8;
const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const APPLICATION_0: u8 = 0xE0;
const APPLICATION_1: u8 = 0xE1;
const APPLICATION_2: u8 = 0xE2;
const APPLICATION_14: u8 = 0xEE;
const APPLICATION_15: u8 = 0xEF;

/// Scans of one picture: cameras need a dozen at most, each costs a pass over all pixels.
const SCANS_MAX: u32 = 100;

const EXIF: &[u8] = b"Exif\0\0";
const COLOUR_PROFILE: &[u8] = b"ICC_PROFILE\0";

/// A JPEG without what a filing does not need.
#[derive(Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// The bytes to store.
    pub bytes: Vec<u8>,
    /// Whether anything was left out.
    pub is_changed: bool,
}

/// Checks the structure and leaves out what is not needed.
pub fn clean(bytes: &[u8]) -> Result<Cleaned, Fault> {
    let mut kept = vec![0xFF, START_OF_IMAGE];
    let mut orientation = Orientation::NoTransforms;
    let mut rest = bytes.strip_prefix(&[0xFF, START_OF_IMAGE]).ok_or(Fault::Damaged("JPEG"))?;
    let mut scans = 0;
    loop {
        let (marker, after) = marker(rest)?;
        rest = after;
        match marker {
            END_OF_IMAGE if scans == 0 => return Err(Fault::Damaged("JPEG")),
            END_OF_IMAGE => {
                kept.extend_from_slice(&[0xFF, END_OF_IMAGE]);
                let kept = with_orientation(kept, orientation);
                return Ok(Cleaned { is_changed: kept != bytes, bytes: kept });
            }
            // Markers that stand alone belong inside of a scan only.
            0x01 | 0xD0..=START_OF_IMAGE => return Err(Fault::Damaged("JPEG")),
            _ => {}
        }
        let (content, after) = segment(rest)?;
        match marker {
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => check_frame(content)?,
            APPLICATION_1 => {
                let found = content.strip_prefix(EXIF).and_then(Orientation::from_exif_chunk);
                orientation = found.unwrap_or(orientation);
            }
            _ => {}
        }
        let mut length = rest.len() - after.len();
        if marker == START_OF_SCAN {
            scans += 1;
            if scans > SCANS_MAX {
                return Err(Fault::Damaged("JPEG"));
            }
            length += scan_length(after)?;
        }
        let (whole, after) = rest.split_at(length);
        if is_needed(marker, content) {
            kept.extend_from_slice(&[0xFF, marker]);
            kept.extend_from_slice(whole);
        }
        rest = after;
    }
}

/// The next marker; any number of 0xFF may stand before it.
fn marker(rest: &[u8]) -> Result<(u8, &[u8]), Fault> {
    let place = rest.iter().position(|byte| *byte != 0xFF).ok_or(Fault::Truncated)?;
    match rest.split_at(place).1 {
        _ if place == 0 => Err(Fault::Damaged("JPEG")),
        [marker, after @ ..] => Ok((*marker, after)),
        [] => Err(Fault::Truncated),
    }
}

/// The content of a segment, and what follows it. The length counts its own two bytes.
fn segment(rest: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let [high, low, after @ ..] = rest else { return Err(Fault::Truncated) };
    let length = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(2).ok_or(Fault::Damaged("JPEG"))?;
    after.split_at_checked(length).ok_or(Fault::Truncated)
}

/// Precision and colours.
fn check_frame(frame: &[u8]) -> Result<(), Fault> {
    match (frame.first(), frame.get(5)) {
        (Some(8), Some(1 | 3)) => Ok(()),
        (Some(8), Some(4)) => Err(Fault::Cmyk),
        _ => Err(Fault::Damaged("JPEG")),
    }
}

/// How far the data of a scan reaches: to the next marker that is neither an escaped 0xFF nor a restart.
fn scan_length(data: &[u8]) -> Result<usize, Fault> {
    data.windows(2)
        .position(|pair| matches!(pair, [0xFF, marker] if !matches!(marker, 0x00 | 0xD0..=0xD7 | 0xFF)))
        .ok_or(Fault::Truncated)
}

/// Whether a decoder or a reader of the picture needs the segment.
fn is_needed(marker: u8, content: &[u8]) -> bool {
    match marker {
        APPLICATION_0 | APPLICATION_14 => true,
        APPLICATION_2 => content.starts_with(COLOUR_PROFILE),
        APPLICATION_1..=APPLICATION_15 => false,
        _ => true,
    }
}

/// Puts the orientation behind the first segment, which must stay the first one; upright needs no word.
fn with_orientation(mut jpeg: Vec<u8>, orientation: Orientation) -> Vec<u8> {
    if orientation == Orientation::NoTransforms {
        return jpeg;
    }
    let place = match jpeg.get(2..6) {
        Some(&[0xFF, APPLICATION_0, high, low]) => 4 + usize::from(u16::from_be_bytes([high, low])),
        _ => 2,
    };
    let mut segment = vec![0xFF, APPLICATION_1];
    let exif = [EXIF, &exif_of(orientation)].concat();
    // Always 34: far below what two bytes hold.
    segment.extend_from_slice(&u16::try_from(exif.len() + 2).unwrap_or_default().to_be_bytes());
    segment.extend_from_slice(&exif);
    jpeg.splice(place..place, segment);
    jpeg
}

/// Exif that says the orientation and nothing else: one directory with one entry of one short number.
pub fn exif_of(orientation: Orientation) -> [u8; 26] {
    let mut exif = *b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    exif[19] = orientation.to_exif();
    exif
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use image::{ImageDecoder, ImageFormat, ImageReader};

    use super::*;

    fn jpeg() -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = image::RgbImage::from_fn(40, 20, |x, y| image::Rgb([x as u8 * 5, y as u8 * 9, 90]));
        picture.write_to(&mut std::io::Cursor::new(&mut bytes), ImageFormat::Jpeg).unwrap();
        bytes
    }

    fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&jpeg[..2], &[0xFF, marker], &length, content, &jpeg[2..]].concat()
    }

    #[test]
    fn a_plain_picture_stays_as_it_was_sent() {
        let jpeg = jpeg();
        assert_eq!(clean(&jpeg), Ok(Cleaned { bytes: jpeg.clone(), is_changed: false }));
        let commented = with_segment(&jpeg, 0xFE, b"words");
        assert!(!clean(&commented).unwrap().is_changed);
    }

    #[test]
    fn place_and_device_are_left_out_and_the_orientation_is_kept() {
        let mut exif = [EXIF, &exif_of(Orientation::Rotate90)].concat();
        exif.extend_from_slice(b"GPS 22.54N 114.06E");
        let sent = with_segment(&with_segment(&jpeg(), APPLICATION_1, b"http://ns.adobe.com/xap/1.0/"), 0xE1, &exif);
        let sent = [with_segment(&sent, 0xED, b"Photoshop 3.0\0city"), b"a film behind the picture".to_vec()].concat();
        let cleaned = clean(&sent).unwrap();
        assert!(cleaned.is_changed);
        for secret in [&b"GPS"[..], b"adobe", b"Photoshop", b"film"] {
            assert!(cleaned.bytes.windows(secret.len()).all(|part| part != secret));
        }
        let reader = ImageReader::with_format(std::io::Cursor::new(&cleaned.bytes), ImageFormat::Jpeg);
        let mut decoder = reader.into_decoder().unwrap();
        assert_eq!((decoder.orientation().unwrap(), decoder.dimensions()), (Orientation::Rotate90, (40, 20)));
        assert!(!clean(&cleaned.bytes).unwrap().is_changed, "cleaning twice changes nothing");
    }

    #[test]
    fn a_part_of_a_picture_is_no_picture() {
        let jpeg = jpeg();
        for length in 2..jpeg.len() {
            assert_eq!(clean(&jpeg[..length]).unwrap_err(), Fault::Truncated, "{length} of {} bytes", jpeg.len());
        }
    }

    #[test]
    fn colours_of_printing_presses_and_other_precisions_are_refused() {
        let frame = jpeg().windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        let mut four = jpeg();
        four[frame + 9] = 4;
        assert_eq!(clean(&four), Err(Fault::Cmyk));
        let mut twelve = jpeg();
        twelve[frame + 4] = 12;
        assert_eq!(clean(&twelve), Err(Fault::Damaged("JPEG")));
        assert_eq!(clean(b"\xFF\xD8\xFF\xD9"), Err(Fault::Damaged("JPEG")), "no picture at all");
    }
}
