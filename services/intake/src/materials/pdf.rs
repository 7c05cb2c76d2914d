//! PDF: whether it is whole, how many pages it has, and that nothing happens when it is opened.
//!
//! This is a gate, no reader: it looks at every name in the file, packed objects included, and takes only files in which
//! nothing can hide. What readers of PDF mend silently is refused here: objects inside of streams or strings, packed
//! objects that are packed in another way than Flate, a missing end.

use std::collections::BTreeMap;

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::fault::Fault;

/// How much of a file may stand behind its end mark.
const TAIL_BYTES: usize = 1_024;

/// Names that only active or embedded content has.
const ACTIVE: [&[u8]; 17] = [
    b"JavaScript",
    b"JS",
    b"Launch",
    b"SubmitForm",
    b"ImportData",
    b"GoToR",
    b"GoToE",
    b"Rendition",
    b"RichMedia",
    b"RichMediaExecute",
    b"Movie",
    b"Sound",
    b"3D",
    b"XFA",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"EF",
];

/// How large a PDF may be.
#[derive(Debug, Clone, Copy)]
pub struct PdfLimits {
    /// Most pages.
    pub pages_max: u32,
    /// Most bytes that its packed objects may unpack to, together.
    pub unpacked_bytes_max: usize,
}

/// Checks a PDF; answers its number of pages.
pub fn check(bytes: &[u8], limits: &PdfLimits) -> Result<u32, Fault> {
    let tail = bytes.get(bytes.len().saturating_sub(TAIL_BYTES)..).unwrap_or_default();
    if find(tail, b"%%EOF").is_none() || find(tail, b"startxref").is_none() {
        return Err(Fault::Truncated);
    }
    let mut pages = Pages::default();
    let mut budget = limits.unpacked_bytes_max;
    let mut rest = bytes;
    let mut is_first = true;
    while let Some(place) = find_stream(rest) {
        let (before, after) = rest.split_at(place);
        refuse_unseen_stream(before, is_first)?;
        is_first = false;
        pages.read(before, true)?;
        let start = stream_start(after);
        let data = after.get(start..).unwrap_or_default();
        let length = find(data, b"endstream").ok_or(Fault::Truncated)?;
        let (data, after) = data.split_at(length);
        if objects(data).next().is_some() || find(data, b"startxref").is_some() || find(data, b"trailer").is_some() {
            return Err(Fault::Damaged("PDF"));
        }
        let dictionary = before.get(objects(before).last().map_or(0, |object| object.place)..).unwrap_or_default();
        let names: Vec<Vec<u8>> = names(dictionary).collect();
        let has = |name: &[u8]| names.iter().any(|found| found == name);
        if has(b"ObjStm") || (has(b"N") && has(b"First")) {
            let unpacked = unpack(data, &names, &mut budget, limits)?;
            pages.read(&unpacked, false)?;
        }
        rest = after;
    }
    refuse_unseen_stream(rest, is_first)?;
    pages.read(rest, true)?;
    let pages = pages.count();
    if pages == 0 || pages > limits.pages_max {
        return Err(Fault::Pages { pages, most: limits.pages_max });
    }
    Ok(pages)
}

/// Refuses a part between streams in which one ends: something stands between its dictionary and its beginning, so that
/// it was not seen, and readers may see it. All parts but the first begin with the end of the stream before.
fn refuse_unseen_stream(part: &[u8], is_first: bool) -> Result<(), Fault> {
    let has_end = positions(part, b"endstream").any(|place| is_first || place > 0);
    if has_end { Err(Fault::Damaged("PDF")) } else { Ok(()) }
}

/// The objects in a stream of packed objects.
fn unpack(data: &[u8], names: &[Vec<u8>], budget: &mut usize, limits: &PdfLimits) -> Result<Vec<u8>, Fault> {
    let has = |name: &[u8]| names.iter().any(|found| found == name);
    let is_plain_flate = has(b"FlateDecode") && !has(b"DecodeParms") && !has(b"DP");
    if !is_plain_flate || names.iter().filter(|name| name.ends_with(b"Decode")).count() != 1 {
        return Err(Fault::Damaged("PDF"));
    }
    let unpacked = decompress_to_vec_zlib_with_limit(data, *budget).map_err(|error| {
        if error.status == miniz_oxide::inflate::TINFLStatus::HasMoreOutput {
            Fault::TooLargeUnpacked(limits.unpacked_bytes_max)
        } else {
            Fault::Damaged("PDF")
        }
    })?;
    *budget -= unpacked.len();
    Ok(unpacked)
}

/// Which objects are pages: a later object replaces an earlier one of the same number.
#[derive(Debug, Default)]
struct Pages {
    by_object: BTreeMap<u32, u32>,
    packed: u32,
}

impl Pages {
    /// Reads a part of the file outside of streams, or the content of packed objects, and refuses what is active.
    fn read(&mut self, part: &[u8], has_objects: bool) -> Result<(), Fault> {
        for name in names(part) {
            if name == b"Encrypt" {
                return Err(Fault::Encrypted);
            }
            if ACTIVE.contains(&name.as_slice()) {
                return Err(Fault::Active(String::from_utf8_lossy(&name).into_owned()));
            }
        }
        if !has_objects {
            self.packed += count_pages(part);
            return Ok(());
        }
        let found: Vec<Object> = objects(part).collect();
        let ends = found.iter().skip(1).map(|next| next.place).chain([part.len()]);
        for (object, end) in found.iter().zip(ends) {
            let pages = count_pages(part.get(object.place..end).unwrap_or_default());
            self.by_object.insert(object.number, pages);
        }
        Ok(())
    }

    fn count(&self) -> u32 {
        self.by_object.values().sum::<u32>() + self.packed
    }
}

/// Where an object begins.
struct Object {
    number: u32,
    /// Behind the word `obj`.
    place: usize,
}

/// Beginnings of objects: two numbers and the word `obj`.
fn objects(part: &[u8]) -> impl Iterator<Item = Object> + '_ {
    positions(part, b"obj").filter_map(|place| {
        let before = part.get(..place)?;
        let (before, generation) = number_before(before)?;
        let (_, number) = number_before(before)?;
        (generation <= 65_535).then_some(Object { number, place: place + 3 })
    })
}

/// The number before the blanks at the end of `text`, and what stands before it.
fn number_before(text: &[u8]) -> Option<(&[u8], u32)> {
    let trimmed = text.trim_ascii_end();
    let blanks = text.len() - trimmed.len();
    let digits = trimmed.iter().rev().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    if blanks == 0 || digits == 0 {
        return None;
    }
    let (before, digits) = trimmed.split_at(trimmed.len() - digits);
    let number = digits.iter().fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some((before, u32::try_from(number).ok()?))
}

/// Pages of an object: `/Type /Page`.
fn count_pages(part: &[u8]) -> u32 {
    let mut count = 0;
    let mut previous_is_type = false;
    for name in names(part) {
        count += u32::from(previous_is_type && name == b"Page");
        previous_is_type = name == b"Type";
    }
    count
}

/// Every name, with its `#xx` decoded, wherever it stands: also in strings, where it does no harm to refuse it.
fn names(part: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    positions(part, b"/").map(|place| {
        let text = part.get(place + 1..).unwrap_or_default();
        let length = text.iter().position(|byte| is_delimiter(*byte)).unwrap_or(text.len());
        decoded(text.get(..length).unwrap_or_default())
    })
}

fn is_delimiter(byte: u8) -> bool {
    byte == 0 || byte.is_ascii_whitespace() || b"()<>[]{}/%\x0B".contains(&byte)
}

fn decoded(name: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'#').and_then(|digits| hex::decode(digits).ok());
        match code {
            Some(code) => {
                decoded.extend(code);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    decoded
}

/// The next word `stream` behind a dictionary.
fn find_stream(part: &[u8]) -> Option<usize> {
    positions(part, b"stream").find(|place| {
        let before = part.get(..*place).unwrap_or_default().trim_ascii_end();
        before.ends_with(b">>")
    })
}

/// Where the data begins: behind the word and the end of its line.
fn stream_start(part: &[u8]) -> usize {
    const WORD: usize = b"stream".len();
    match part.get(WORD..) {
        Some([b'\r', b'\n', ..]) => WORD + 2,
        Some([b'\n' | b'\r', ..]) => WORD + 1,
        _ => WORD,
    }
}

fn find(part: &[u8], word: &[u8]) -> Option<usize> {
    positions(part, word).next()
}

fn positions<'a>(part: &'a [u8], word: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    part.windows(word.len()).enumerate().filter(move |(_, window)| *window == word).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use icp_testkit::files::pdf;
    use miniz_oxide::deflate::compress_to_vec_zlib;

    use super::*;

    const LIMITS: PdfLimits = PdfLimits { pages_max: 3, unpacked_bytes_max: 100_000 };

    fn packed(objects: &[u8], dictionary: &str) -> Vec<u8> {
        let data = compress_to_vec_zlib(objects, 6);
        let start = format!("%PDF-1.7\n7 0 obj\n<< /Type /ObjStm {dictionary} /Length {} >>\nstream\n", data.len());
        let end = b"\nendstream\nendobj\nstartxref\n0\n%%EOF\n";
        [start.as_bytes(), &data, end].concat()
    }

    #[test]
    fn pages_are_counted_and_limited() {
        assert_eq!(check(&pdf(2, ""), &LIMITS), Ok(2));
        assert_eq!(check(&pdf(0, ""), &LIMITS), Err(Fault::Pages { pages: 0, most: 3 }));
        assert_eq!(check(&pdf(4, ""), &LIMITS), Err(Fault::Pages { pages: 4, most: 3 }));
        let saved_again = "3 0 obj\n<< /Type /Page /Parent 2 0 R /Rotate 90 >>\nendobj\n";
        assert_eq!(check(&pdf(2, saved_again), &LIMITS), Ok(2), "a later object replaces an earlier one");
        let objects = b"1 0 2 30 << /Type /Catalog >> << /Type/Page >> << /Type/Page>> << /Type /Pages >>";
        assert_eq!(check(&packed(objects, "/N 4 /First 9 /Filter /FlateDecode"), &LIMITS), Ok(2));
    }

    #[test]
    fn what_would_do_something_is_refused_however_it_is_written() {
        let refused = |more: &str, name: &str| {
            assert_eq!(check(&pdf(1, more), &LIMITS), Err(Fault::Active(name.to_owned())), "{more}");
        };
        refused("50 0 obj\n<< /S /JavaScript >>\nendobj\n", "JavaScript");
        refused("50 0 obj\n<< /S /Java#53cript >>\nendobj\n", "JavaScript");
        refused("50 0 obj\n<</S/Launch>>\nendobj\n", "Launch");
        refused("50 0 obj\n<< /Names << /EmbeddedFiles 9 0 R >> >>\nendobj\n", "EmbeddedFiles");
        let objects = b"1 0 << /Type /Page /AA << /O << /S /JavaScript /JS (app.alert\\(1\\)) >> >> >>";
        let hidden = packed(objects, "/N 1 /First 4 /Filter /FlateDecode");
        assert_eq!(check(&hidden, &LIMITS), Err(Fault::Active("JavaScript".to_owned())));
        let link = "50 0 obj\n<< /S /URI /URI (https://example.cn) >>\nendobj\n";
        assert_eq!(check(&pdf(1, link), &LIMITS), Ok(1), "a link does nothing by itself");
    }

    #[test]
    fn nothing_hides_in_streams() {
        let hidden = "50 0 obj\n<< /Length 60 >>\nstream\n51 0 obj\n<< /S /JavaScript >>\nendobj\nendstream\nendobj\n";
        assert_eq!(check(&pdf(1, hidden), &LIMITS), Err(Fault::Damaged("PDF")));
        let other = packed(b"1 0 << /Type /Page >>", "/N 1 /First 4 /Filter [/ASCIIHexDecode /FlateDecode]");
        assert_eq!(check(&other, &LIMITS), Err(Fault::Damaged("PDF")));
        let nameless = String::from_utf8_lossy(&pdf(1, "")).replace("/Length 9", "/N 1 /First 4");
        assert_eq!(check(nameless.as_bytes(), &LIMITS), Err(Fault::Damaged("PDF")));
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = packed(&vec![b' '; 50_000_000], "/N 1 /First 4 /Filter /FlateDecode");
        assert!(bomb.len() < 100_000, "{} bytes", bomb.len());
        assert_eq!(check(&bomb, &LIMITS), Err(Fault::TooLargeUnpacked(100_000)));
    }

    #[test]
    fn a_stream_that_begins_behind_a_comment_hides_nothing() {
        let packed = packed(b"1 0 << /S /JavaScript /JS (app.alert) >>", "/N 1 /First 4 /Filter /FlateDecode");
        let place = packed.windows(9).position(|window| window == b">>\nstream").unwrap();
        let hidden = [&packed[..place], b">>%a comment\nstream", &packed[place + 9..]].concat();
        assert_eq!(check(&hidden, &LIMITS), Err(Fault::Damaged("PDF")));
    }

    #[test]
    fn encrypted_and_cut_off_files_are_refused() {
        let encrypted = String::from_utf8(pdf(1, "")).unwrap().replace("/Root 1 0 R", "/Root 1 0 R /Encrypt 8 0 R");
        assert_eq!(check(encrypted.as_bytes(), &LIMITS), Err(Fault::Encrypted));
        let whole = pdf(1, "");
        for length in 0..whole.len() - 6 {
            assert!(check(&whole[..length], &LIMITS).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}
