//! What a reseller hands in, cut into rows. Nothing is judged here but the form of the whole: a row with faults is kept
//! like every other, and its faults are told in the report.

use std::collections::HashMap;

use encoding_rs::{Encoding, GB18030, GBK, UTF_8};
use serde::{Deserialize, Serialize};

use super::columns::{self, REFERENCE};
use crate::api::problem::{FieldError, Kind, Problem};

/// Stands where bytes could not be read in the declared charset.
pub const UNREADABLE: char = char::REPLACEMENT_CHARACTER;

/// Columns of a table at most; most of them would have no meaning.
const HEADINGS_MAX: usize = 256;

/// The form of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One filing per line, as JSON.
    Ndjson,
    /// One filing per row, in flat columns.
    Csv(&'static Encoding),
}

impl Format {
    /// By the header `Content-Type`.
    pub fn of_content_type(text: &str) -> Result<Self, Problem> {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
        let charset = parts
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
            .map(|(_, charset)| charset.trim().trim_matches('"'));
        let encoding = match charset {
            None => Some(UTF_8),
            Some(label) => Encoding::for_label(label.as_bytes()),
        };
        match (media_type.as_str(), encoding) {
            ("application/x-ndjson", Some(encoding)) if encoding == UTF_8 => Ok(Self::Ndjson),
            ("text/csv", Some(encoding)) if [UTF_8, GB18030, GBK].contains(&encoding) => Ok(Self::Csv(encoding)),
            _ => {
                let detail = "Send `application/x-ndjson` in UTF-8, or `text/csv` with `charset=utf-8` or \
                              `charset=gb18030`.";
                Err(Problem::new(Kind::WrongContentType, detail))
            }
        }
    }

    /// As it is stored: `ndjson` or `csv`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv(_) => "csv",
        }
    }
}

/// A row as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The line on which it begins, from 1, as an editor counts: empty lines and those within quotes count too.
    pub number: i32,
    /// The caller's own name of it.
    pub reference: Option<String>,
    /// The row before it that has the same reference.
    pub repeats: Option<i32>,
    /// What it holds.
    pub content: Content,
}

/// What a row holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A line of JSON.
    Json(String),
    /// Cells with the path of their column; empty ones are left out, and what has no column has no path.
    Cells(Vec<(String, String)>),
    /// More bytes than a row may have; it was not kept.
    TooLarge(usize),
}

/// How much is taken.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Rows at most.
    pub rows: usize,
    /// Bytes of a row that are kept at most.
    pub row_bytes: usize,
}

/// Cuts a body into rows; refuses one without rows or with too many, and CSV whose headings are not known.
pub fn rows(format: Format, body: &[u8], limits: Limits) -> Result<Vec<Row>, Problem> {
    let mut rows = match format {
        Format::Ndjson => lines(body, limits),
        Format::Csv(encoding) => records(&encoding.decode(body).0, limits)?,
    };
    if rows.is_empty() {
        return Err(Problem::field("body", "holds no rows", "send one filing per row"));
    }
    if rows.len() > limits.rows {
        let reason = format!("holds more than {} rows", limits.rows);
        return Err(Problem::field("body", &reason, "send the rest as another import"));
    }
    let mut first = HashMap::new();
    for row in &mut rows {
        if let Some(reference) = &row.reference {
            match first.get(reference) {
                Some(number) => row.repeats = Some(*number),
                None => {
                    first.insert(reference.clone(), row.number);
                }
            }
        }
    }
    Ok(rows)
}

/// The lines that are not blank, one more than may be at most.
fn lines(body: &[u8], limits: Limits) -> Vec<Row> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let numbered = (1..).zip(body.split(|byte| *byte == b'\n'));
    let filled = numbered.filter(|(_, line)| !line.trim_ascii().is_empty());
    filled
        .take(limits.rows + 1)
        .map(|(number, line)| {
            let content = match line.len() > limits.row_bytes {
                true => Content::TooLarge(line.len()),
                false => Content::Json(String::from_utf8_lossy(line.trim_ascii()).into_owned()),
            };
            Row { number, reference: reference_of(line), repeats: None, content }
        })
        .collect()
}

/// The reference of a line, where it is JSON and has one; faults are told by whoever reads the whole line.
fn reference_of(line: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        reference: Option<String>,
    }
    serde_json::from_slice::<Named>(line).ok()?.reference
}

/// The records that are not blank, one more than may be at most.
fn records(text: &str, limits: Limits) -> Result<Vec<Row>, Problem> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let Some(Ok(headings)) = records.next() else { return Ok(Vec::new()) };
    let paths = paths(&headings)?;
    let mut passed = Passed { text: text.as_bytes(), bytes: 0, line: 1 };
    let mut rows = Vec::new();
    for record in records {
        // The text is UTF-8 and rows may have any length: nothing else can go wrong here.
        let record = record.map_err(|error| Problem::field("body", &error.to_string(), "send CSV"))?;
        let number = passed.line_of(&record);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let named = paths.iter().zip(&record).find(|(path, _)| **path == REFERENCE.path).map(|(_, cell)| cell.trim());
        let reference = named.filter(|cell| !cell.is_empty()).map(str::to_owned);
        let bytes = record.as_slice().len();
        let content = match bytes > limits.row_bytes {
            true => Content::TooLarge(bytes),
            false => Content::Cells(cells(&paths, &record)),
        };
        rows.push(Row { number, reference, repeats: None, content });
        if rows.len() > limits.rows {
            break;
        }
    }
    Ok(rows)
}

/// How far the lines of a text are counted.
struct Passed<'t> {
    text: &'t [u8],
    bytes: usize,
    line: i32,
}

impl Passed<'_> {
    /// The line on which a record begins; records come in their sequence.
    fn line_of(&mut self, record: &csv::StringRecord) -> i32 {
        let end_of_last = record.position().and_then(|position| usize::try_from(position.byte()).ok());
        let end_of_last = end_of_last.unwrap_or_default().max(self.bytes);
        let is_break = |byte: &&u8| matches!(byte, b'\r' | b'\n');
        // The reader takes the breaks behind the last record, and empty lines, for the beginning of this one.
        let breaks = self.text.get(end_of_last..).unwrap_or_default().iter().take_while(is_break).count();
        let begin = end_of_last + breaks;
        let passed = self.text.get(self.bytes..begin).unwrap_or_default();
        let is_end_of_line = |(place, byte): &(usize, &u8)| match byte {
            b'\n' => true,
            b'\r' => passed.get(place + 1) != Some(&b'\n'),
            _ => false,
        };
        let ends = passed.iter().enumerate().filter(is_end_of_line).count();
        self.line = self.line.saturating_add(i32::try_from(ends).unwrap_or(i32::MAX));
        self.bytes = begin;
        self.line
    }
}

/// The filled cells with their paths; of those under no heading, the first.
fn cells(paths: &[&'static str], record: &csv::StringRecord) -> Vec<(String, String)> {
    let filled = |cell: &&str| !cell.trim().is_empty();
    let headed = paths.iter().zip(record).filter(|(path, cell)| !path.is_empty() && filled(cell));
    let mut cells: Vec<(String, String)> = headed.map(|(path, cell)| ((*path).to_owned(), cell.to_owned())).collect();
    let is_stray = |index: usize| paths.get(index).is_none_or(|path| path.is_empty());
    let stray = record.iter().enumerate().find(|(index, cell)| is_stray(*index) && filled(cell));
    cells.extend(stray.map(|(_, cell)| (String::new(), cell.to_owned())));
    cells
}

/// The path of each column; empty where a column has no heading.
fn paths(headings: &csv::StringRecord) -> Result<Vec<&'static str>, Problem> {
    const REMEDY: &str = "use the headings of GET /v1/imports/template.csv, each once";
    if headings.len() > HEADINGS_MAX {
        let reason = format!("has {} columns", headings.len());
        return Err(Problem::field("body", &reason, &format!("send at most {HEADINGS_MAX}")));
    }
    let mut paths = Vec::new();
    let mut errors = Vec::new();
    for heading in headings {
        let blank = heading.trim_matches(['\u{feff}', ' ', '\t']).is_empty();
        match columns::find(heading) {
            None if blank => paths.push(""),
            None => errors.push(FieldError::new(heading, "is no column", REMEDY)),
            Some(column) if paths.contains(&column.path) => {
                errors.push(FieldError::new(column.path, "stands here twice", REMEDY));
            }
            Some(column) => paths.push(column.path),
        }
    }
    if errors.is_empty() { Ok(paths) } else { Err(Problem::fields(errors)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MAX: usize = 1000;
    const LIMITS: Limits = Limits { rows: 5, row_bytes: MAX };

    fn csv_rows(text: &str) -> Vec<Row> {
        rows(Format::of_content_type("text/csv").unwrap(), text.as_bytes(), LIMITS).unwrap()
    }

    #[test]
    fn content_types_name_format_and_charset() {
        let format = |text| Format::of_content_type(text).ok();
        assert_eq!(format("application/x-ndjson"), Some(Format::Ndjson));
        assert_eq!(format("Text/CSV; header=present; Charset=\"GB2312\""), Some(Format::Csv(GBK)));
        assert_eq!(format("text/csv;charset=gb18030"), Some(Format::Csv(GB18030)));
        for other in [
            "",
            "application/json",
            "text/csv; charset=big5",
            "text/csv; charset=x",
            "application/x-ndjson; charset=gbk",
        ] {
            assert_eq!(format(other), None, "{other}");
        }
    }

    #[test]
    fn lines_keep_their_numbers_and_repeats_are_seen() {
        let body = "\u{feff}{\"reference\": \"a\", \"filing\": {}}\n\nnonsense\r\n{\"reference\": \"a\"}\n{\"reference\": 7}\n";
        let rows = rows(Format::Ndjson, body.as_bytes(), LIMITS).unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.number, row.reference.as_deref(), row.repeats)).collect();
        assert_eq!(seen, [(1, Some("a"), None), (3, None, None), (4, Some("a"), Some(1)), (5, None, None)]);
        assert_eq!(rows.get(1).unwrap().content, Content::Json("nonsense".to_owned()));
    }

    #[test]
    fn cells_stand_under_paths_and_empty_rows_are_left_out() {
        let rows = csv_rows("\u{feff}业务编号,organiser.name,\r\na,\"示例\n公司\",\r\n,,\r\nb,,stray\r\n");
        assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2, 5]);
        let cell = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let first = Content::Cells(vec![cell("reference", "a"), cell("organiser.name", "示例\n公司")]);
        assert_eq!(rows.first().unwrap().content, first);
        assert_eq!(rows.last().unwrap().content, Content::Cells(vec![cell("reference", "b"), cell("", "stray")]));
    }

    #[test]
    fn rows_are_numbered_by_the_line_on_which_they_begin() {
        let numbers = |text: &str| csv_rows(text).iter().map(|row| row.number).collect::<Vec<_>>();
        assert_eq!(numbers("organiser.name\na\n\n\nb\nc"), [2, 5, 6], "empty lines count");
        assert_eq!(numbers("\n\norganiser.name\n\na\n"), [5], "before the headings, too");
        assert_eq!(numbers("organiser.name\r\na\r\n\r\nb\r\n,\r\nc\r\n"), [2, 4, 6]);
        assert_eq!(numbers("organiser.name\r\n\"a\r\n\r\nb\"\r\nc\r\n"), [2, 5], "lines within quotes count");
        assert_eq!(numbers("organiser.name\ra\r\rb\r"), [2, 4]);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let open_quote = format!("organiser.name\n\"{}", "x\n".repeat(MAX));
        assert_eq!(csv_rows(&open_quote).first().unwrap().content, Content::TooLarge(2 * MAX));
        let long = rows(Format::Ndjson, &[b' ', b'1'].repeat(MAX), LIMITS).unwrap();
        assert_eq!(long.first().unwrap().content, Content::TooLarge(2 * MAX));
    }

    #[test]
    fn no_more_is_taken_than_may_be() {
        let refused = |format, body: &str| rows(format, body.as_bytes(), LIMITS).unwrap_err().errors().to_vec();
        let many = refused(Format::Ndjson, &"1\n".repeat(6));
        assert_eq!(many.first().unwrap().reason, "holds more than 5 rows");
        let many = refused(Format::Csv(UTF_8), &format!("organiser.name\n{}", "x\n".repeat(6)));
        assert_eq!(many.first().unwrap().reason, "holds more than 5 rows");
        let wide = refused(Format::Csv(UTF_8), &",".repeat(HEADINGS_MAX));
        assert_eq!(wide.first().unwrap().reason, "has 257 columns");
        let stray = csv_rows(&format!("organiser.name\nx{}", ",y".repeat(100)));
        assert!(matches!(&stray.first().unwrap().content, Content::Cells(cells) if cells.len() == 2), "{stray:?}");
    }

    #[test]
    fn unknown_and_repeated_headings_and_empty_bodies_are_refused() {
        let refused = |text: &str| {
            rows(Format::of_content_type("text/csv").unwrap(), text.as_bytes(), LIMITS).unwrap_err().errors().to_vec()
        };
        let fields: Vec<String> =
            refused("colour,organiser.name,主办单位名称\nx").into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["colour", "organiser.name"]);
        assert_eq!(refused("").first().unwrap().field, "body");
        assert_eq!(refused("organiser.name\n").first().unwrap().field, "body");
        assert!(rows(Format::Ndjson, b" \n\n", LIMITS).is_err());
    }

    #[test]
    fn gb18030_is_read_and_broken_bytes_are_marked() {
        let (bytes, ..) = GB18030.encode("主办单位名称\n示例公司\n");
        let read = rows(Format::Csv(GB18030), &bytes, LIMITS).unwrap();
        assert_eq!(
            read.first().unwrap().content,
            Content::Cells(vec![("organiser.name".to_owned(), "示例公司".to_owned())])
        );
        let broken = rows(Format::Csv(UTF_8), b"organiser.name\n\xD6\xD0\n", LIMITS).unwrap();
        let Content::Cells(cells) = &broken.first().unwrap().content else { panic!("cells") };
        assert!(cells.first().unwrap().1.contains(UNREADABLE));
    }
}
