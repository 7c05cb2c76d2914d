//! What applicants and resellers hand in as files: imports of many orders, pictures, papers and videos.

use encoding_rs::{GB18030, UTF_8};
use icp_intake::content;
use icp_intake::imports::body::{self, Format, Limits};
use icp_intake::imports::{columns, reading};
use icp_intake::materials::pdf::{self, PdfLimits};
use icp_intake::materials::picture::{self, PictureLimits};
use icp_intake::materials::{format, video};
use image::ImageFormat;

use crate::Outcome;

const ROWS: Limits = Limits { rows: 100, row_bytes: 16_384 };
const PICTURE: PictureLimits =
    PictureLimits { pixels_max: 250_000, decode_bytes_max: 4_000_000, shorter_side_px_min: 1 };
const PDF: PdfLimits = PdfLimits { pages_max: 100, unpacked_bytes_max: 4_000_000 };
const VIDEO_SECONDS_MAX: u64 = 600;

/// An import of lines of JSON.
pub fn import_lines(input: &[u8]) -> Outcome {
    import(Format::Ndjson, input)
}

/// An import of a table, in both charsets.
pub fn import_table(input: &[u8]) -> Outcome {
    let outcomes = [GB18030, UTF_8].map(|encoding| import(Format::Csv(encoding), input));
    if outcomes.contains(&Outcome::Read) { Outcome::Read } else { Outcome::Refused }
}

/// Every row is read, or says what is wrong with it; what is read can be handed in as a table again.
fn import(format: Format, input: &[u8]) -> Outcome {
    let rows = body::rows(format, input, ROWS);
    let outcome = Outcome::of(&rows);
    let mut before = 0;
    for row in rows.unwrap_or_default() {
        assert!(row.number > before, "rows are not in their sequence");
        before = row.number;
        match reading::read(&row) {
            Err(errors) => assert!(!errors.is_empty(), "a row is refused without a reason"),
            Ok(filing) => {
                assert!(content::validate(&filing).is_empty(), "a row is read that the API refuses");
                columns::cells(&filing, filing.services.first());
            }
        }
    }
    outcome
}

/// A picture: what is kept of it is a picture again, with nothing more to take out.
pub fn picture(input: &[u8]) -> Outcome {
    let format = if input.starts_with(b"\x89PNG") { ImageFormat::Png } else { ImageFormat::Jpeg };
    let checked = picture::check(input, format, &PICTURE);
    if let Ok((cleaned, facts)) = &checked {
        let again = picture::check(&cleaned.bytes, format, &PICTURE);
        assert!(
            again.is_ok_and(|(twice, same)| twice.bytes == cleaned.bytes && same == *facts),
            "a picture that was cleaned is another one"
        );
        assert!(format::Format::of(&cleaned.bytes).is_some(), "a picture that was cleaned is told as none");
    }
    Outcome::of(&checked)
}

/// A paper as PDF.
pub fn paper(input: &[u8]) -> Outcome {
    let pages = pdf::check(input, &PDF);
    assert!(pages.as_ref().is_ok_and(|pages| (1..=PDF.pages_max).contains(pages)) || pages.is_err());
    Outcome::of(&pages)
}

/// A video: nothing more is to be taken out of what is kept.
pub fn video(input: &[u8]) -> Outcome {
    let checked = video::check(input, VIDEO_SECONDS_MAX);
    if let Ok(checked) = &checked {
        let again = video::check(&checked.bytes, VIDEO_SECONDS_MAX);
        assert!(
            again.is_ok_and(|again| !again.is_changed && again.duration_ms == checked.duration_ms),
            "a video that was cleaned is another one"
        );
    }
    Outcome::of(&checked)
}
