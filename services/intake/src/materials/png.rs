//! The structure of a PNG: whether it is whole and a single picture, and which chunks a filing does not need.

use image::metadata::Orientation;

use super::fault::Fault;
use super::jpeg::{Cleaned, exif_of};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Chunks that a decoder needs to show the picture as it was meant.
const NEEDED: [&[u8; 4]; 13] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"pHYs", b"bKGD", b"cICP",
];

/// Checks the structure and leaves out what is not needed: texts, times, places, bytes behind the end.
pub fn clean(bytes: &[u8]) -> Result<Cleaned, Fault> {
    let mut rest = bytes.strip_prefix(SIGNATURE).ok_or(Fault::Damaged("PNG"))?;
    let mut kept = SIGNATURE.to_vec();
    let mut is_first = true;
    loop {
        let (name, content, whole, after) = chunk(rest)?;
        if is_first != (name == *b"IHDR") {
            return Err(Fault::Damaged("PNG"));
        }
        match &name {
            b"acTL" => return Err(Fault::Animated),
            b"eXIf" => {
                let orientation = Orientation::from_exif_chunk(content).unwrap_or(Orientation::NoTransforms);
                if orientation != Orientation::NoTransforms {
                    kept.extend_from_slice(&exif_chunk(orientation));
                }
            }
            name if NEEDED.contains(&name) => kept.extend_from_slice(whole),
            _ => {}
        }
        if name == *b"IEND" {
            return Ok(Cleaned { is_changed: kept != bytes, bytes: kept });
        }
        is_first = false;
        rest = after;
    }
}

type Chunk<'a> = ([u8; 4], &'a [u8], &'a [u8], &'a [u8]);

/// Name and content of the next chunk, the whole of it, and what follows. Its checksum is the decoder's to check.
fn chunk(rest: &[u8]) -> Result<Chunk<'_>, Fault> {
    let (length, named) = rest.split_first_chunk::<4>().ok_or(Fault::Truncated)?;
    let (name, _) = named.split_first_chunk::<4>().ok_or(Fault::Truncated)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Fault::Truncated)?;
    let whole_length = length.checked_add(12).ok_or(Fault::Truncated)?;
    let (whole, after) = rest.split_at_checked(whole_length).ok_or(Fault::Truncated)?;
    let content = whole.get(8..8 + length).ok_or(Fault::Truncated)?;
    Ok((*name, content, whole, after))
}

/// A chunk that says the orientation and nothing else.
fn exif_chunk(orientation: Orientation) -> Vec<u8> {
    let exif = exif_of(orientation);
    let named = [&b"eXIf"[..], &exif].concat();
    // Always 26.
    let length = u32::try_from(exif.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], &named, &crc32fast::hash(&named).to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use image::{ImageDecoder, ImageFormat, ImageReader};

    use super::*;

    fn png() -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = image::RgbImage::from_fn(9, 5, |x, y| image::Rgb([x as u8 * 20, y as u8 * 40, 7]));
        picture.write_to(&mut std::io::Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    fn with_chunk(png: &[u8], name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        const BEHIND_HEADER: usize = 8 + 25;
        let named = [&name[..], content].concat();
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        let crc = crc32fast::hash(&named).to_be_bytes();
        [&png[..BEHIND_HEADER], &length, &named, &crc, &png[BEHIND_HEADER..]].concat()
    }

    #[test]
    fn texts_are_left_out_and_the_picture_stays() {
        assert!(!clean(&png()).unwrap().is_changed);
        let sent = with_chunk(&png(), b"tEXt", b"Comment\0taken at home");
        let sent = with_chunk(&sent, b"eXIf", &exif_of(Orientation::Rotate180));
        let cleaned = clean(&[sent, b"behind".to_vec()].concat()).unwrap();
        assert!(cleaned.is_changed && cleaned.bytes.windows(4).all(|part| part != b"home" && part != b"behi"));
        let reader = ImageReader::with_format(std::io::Cursor::new(&cleaned.bytes), ImageFormat::Png);
        let mut decoder = reader.into_decoder().unwrap();
        assert_eq!((decoder.orientation().unwrap(), decoder.dimensions()), (Orientation::Rotate180, (9, 5)));
    }

    #[test]
    fn parts_and_animations_are_refused() {
        let png = png();
        for length in 8..png.len() {
            assert_eq!(clean(&png[..length]), Err(Fault::Truncated), "{length} of {} bytes", png.len());
        }
        assert_eq!(clean(&with_chunk(&png, b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0])), Err(Fault::Animated));
    }
}
