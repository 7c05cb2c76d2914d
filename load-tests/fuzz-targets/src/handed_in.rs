//! What applicants and resellers hand in as files: imports of many orders, pictures, papers and videos.

use chrono::NaiveDate;
use encoding_rs::{GB18030, UTF_8};
use icp_domain::MaterialKind;
use icp_identity::checks::{self, Observations, Seen, Sight};
use icp_identity::engine::DocumentFields;
use icp_identity::sandbox_engine;
use icp_intake::content::{self, messages};
use icp_intake::imports::body::{self, Format, Limits};
use icp_intake::imports::{columns, reading};
use icp_intake::materials::pdf::{self, PdfLimits};
use icp_intake::materials::picture::{self, PictureLimits};
use icp_intake::materials::{format, video};
use icp_relay::image_fit;
use image::ImageFormat;

use crate::{Outcome, company};

const ROWS: Limits = Limits { rows: 100, row_bytes: 16_384 };
const PICTURE: PictureLimits =
    PictureLimits { pixels_max: 250_000, decode_bytes_max: 4_000_000, shorter_side_px_min: 1 };
const HEADER: icp_identity::picture::PictureLimits =
    icp_identity::picture::PictureLimits { most_bytes: 1_000_000, shortest_edge_pixels: 1, longest_edge_pixels: 500 };
/// Few enough that most pictures are encoded anew.
const FITTED_BYTES: usize = 2_000;
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

/// A picture where it is read again: identity verification looks at its header and the sandbox's engine at what a
/// specimen says; the relay makes it fit for the bureau.
pub fn picture_again(input: &[u8]) -> Outcome {
    let checked = icp_identity::picture::check(input, &HEADER);
    if let Ok(fields) = sandbox_engine::read(input) {
        let written = serde_json::to_vec(&fields).unwrap_or_default();
        assert!(
            serde_json::from_slice(&written).is_ok_and(|again: DocumentFields| again == fields),
            "what a document shows reads otherwise once it was written"
        );
        judged(fields);
    }
    // The relay gets what intake has checked: pictures of bounded size.
    if checked.is_ok()
        && let Ok(jpeg) = image_fit::fit(input, FITTED_BYTES)
    {
        assert!(jpeg.len() <= FITTED_BYTES && jpeg.starts_with(&[0xFF, 0xD8, 0xFF]), "a picture does not fit");
        assert!(image_fit::fit(&jpeg, FITTED_BYTES).is_ok_and(|again| again == jpeg), "what fits is made to fit again");
    }
    Outcome::of(&checked)
}

/// What a document shows, held against the form.
fn judged(fields: DocumentFields) {
    let subject = messages::identity_subject(company(), Vec::new());
    let seen =
        Seen { kind: MaterialKind::OrganiserCertificate, service_index: 0, evidence: None, sight: Sight::Read(fields) };
    let limits = checks::Limits { today: NaiveDate::default(), least_months_left: 1, face_threshold: 0.8 };
    let report = checks::judge(&subject, &Observations { seen: vec![seen], faces: Vec::new() }, &limits);
    assert!(!report.findings.is_empty(), "the other documents are missing, and nobody says so");
}
