//! The stock of filed services: lines of JSON for exchange, and a compact form for speed. A batch is a stretch of the
//! stock, so that its end is where a later run can go on.
//!
//! The compact form is a head of [`MAGIC`] and one line that names the encoding, then one frame per filing: its length
//! (4 bytes, little-endian), a postcard [`FrameHead`], and the case as `judge-batch` takes it, which is never decoded
//! here, and copied once: from the reader's buffer to the batch.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use icp_domain::{Filing, Province};
use icp_rules_sdk::{Context, Date, Order, batch};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::problem::Problem;

const MAGIC: &[u8] = b"icp-stock\n";
/// The form of the cases. It changes whenever `icp_rules_sdk::batch` or the contract's records do.
const ENCODING: &str = "postcard icp:bureau-rules@1.1.0\n";
/// Bytes of the length before a frame.
const FRAME_LENGTH_BYTES: usize = 4;
/// Larger frames are damage.
const FRAME_BYTES_MAX: usize = 4 << 20;
/// A batch ends early when its cases have so many bytes.
const BATCH_BYTES_MAX: usize = 2 << 20;
/// Keys of the context that hold a date; people write them as `2026-11-21`.
const DATES: [&str; 6] = ["today", "issued", "expires", "valid_to", "valid_from", "filed"];

/// An order in a file: a filing as `POST /v1/orders` takes it, or `{"filing", "context"}` with what is known beside it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderFile {
    filing: Filing,
    #[serde(default)]
    context: Option<ContextFile>,
}

impl OrderFile {
    /// Reads the file's text.
    ///
    /// # Errors
    /// Names the field that is wrong.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let has_context = value.get("filing").is_some();
        let read = match has_context {
            true => serde_path_to_error::deserialize(&value),
            false => serde_path_to_error::deserialize(&value).map(|filing| Self { filing, context: None }),
        };
        read.map_err(|error| match error.path().to_string().as_str() {
            "." => error.into_inner().to_string(),
            path => format!("{path}: {}", error.inner()),
        })
    }

    /// The order and its context; without one only the day is known.
    pub fn into_case(self, today: Option<NaiveDate>) -> (Filing, Context) {
        (self.filing, self.context.map_or_else(|| Context::on(day(today)), |context| context.0))
    }
}

/// A context as people write it: dates as text, lists that are empty left out.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Value")]
pub struct ContextFile(Context);

impl TryFrom<Value> for ContextFile {
    type Error = String;

    fn try_from(mut value: Value) -> Result<Self, Self::Error> {
        read_dates(&mut value)?;
        let fields = value.as_object_mut().ok_or("a context is an object")?;
        for list in ["domains", "phone_uses"] {
            fields.entry(list).or_insert_with(|| Value::Array(Vec::new()));
        }
        serde_json::from_value(value).map(Self).map_err(|error| error.to_string())
    }
}

fn read_dates(value: &mut Value) -> Result<(), String> {
    match value {
        Value::Array(list) => list.iter_mut().try_for_each(read_dates),
        Value::Object(fields) => fields.iter_mut().try_for_each(|(key, value)| {
            let Some(text) = value.as_str().filter(|_| DATES.contains(&key.as_str())) else {
                return read_dates(value);
            };
            let date: NaiveDate = text.parse().map_err(|error| format!("{key}: `{text}` is no date: {error}"))?;
            *value = serde_json::to_value(Date::from(date)).map_err(|error| error.to_string())?;
            Ok(())
        }),
        _ => Ok(()),
    }
}

/// The day of the judgement: the given one, or today in China.
fn day(today: Option<NaiveDate>) -> Date {
    today.unwrap_or_else(|| (chrono::Utc::now() + chrono::Duration::hours(8)).date_naive()).into()
}

/// One line of the stock.
#[derive(Debug, Deserialize)]
struct Line {
    /// Filing number or order id.
    id: String,
    filing: Filing,
    #[serde(default)]
    context: Option<ContextFile>,
    /// What was found when it was filed: lines that begin with severity, code and field.
    #[serde(default)]
    findings: Option<Vec<String>>,
}

/// What the frame of a filing begins with.
#[derive(Debug, Serialize, Deserialize)]
pub struct FrameHead<'a> {
    id: &'a str,
    province: &'a str,
    #[serde(borrow)]
    recorded: Option<Vec<&'a str>>,
}

/// Filings of one province in a batch.
#[derive(Debug)]
pub struct Part {
    /// Whose rules judge them.
    pub province: Province,
    /// Their names.
    pub ids: Vec<String>,
    /// What is on record of each: `code field`.
    pub recorded: Vec<Option<BTreeSet<String>>>,
    /// All cases, as `judge-batch` takes them.
    pub cases: Vec<u8>,
    /// Where each case ends in them.
    pub ends: Vec<usize>,
}

impl Part {
    /// The bytes of one case.
    pub fn case(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(at).copied().unwrap_or(start);
        self.cases.get(start..end).unwrap_or_default()
    }
}

/// A stretch of the stock.
#[derive(Debug, Default)]
pub struct Batch {
    /// Where the next one begins in the file.
    pub end_offset: u64,
    /// Filings of provinces that nobody asked for.
    pub skipped: u64,
    /// The filings.
    pub parts: Vec<Part>,
}

impl Batch {
    fn part(&mut self, province: Province) -> &mut Part {
        let at = self.parts.iter().position(|part| part.province == province).unwrap_or_else(|| {
            let (ids, recorded, cases, ends) = Default::default();
            self.parts.push(Part { province, ids, recorded, cases, ends });
            self.parts.len() - 1
        });
        &mut self.parts[at]
    }
}

enum Form {
    Lines,
    Compact,
}

/// An open stock.
pub struct Stock {
    path: PathBuf,
    form: Form,
    reader: BufReader<File>,
    offset: u64,
    today: Option<NaiveDate>,
    buffer: Vec<u8>,
}

impl Stock {
    /// Opens a stock at an offset where a batch ended, or at 0.
    pub fn open(path: &Path, offset: u64, today: Option<NaiveDate>) -> Result<Self, Problem> {
        let remedy = "name lines of JSON or what `icpctl rules stock pack` wrote";
        let failed = |error: std::io::Error| Problem::new(format!("{} cannot be read", path.display()), error, remedy);
        let mut reader = BufReader::with_capacity(1 << 20, File::open(path).map_err(failed)?);
        let head = [MAGIC, ENCODING.as_bytes()].concat();
        let start = reader.fill_buf().map_err(failed)?;
        let form = if start.starts_with(MAGIC) { Form::Compact } else { Form::Lines };
        let first = match form {
            Form::Lines => 0,
            Form::Compact if start.starts_with(&head) => head.len() as u64,
            Form::Compact => {
                let what = format!("{} cannot be judged", path.display());
                let why = "it was packed for another contract";
                return Err(Problem::new(what, why, "pack its lines again with `icpctl rules stock pack`"));
            }
        };
        let offset = offset.max(first);
        reader.seek(SeekFrom::Start(offset)).map_err(failed)?;
        Ok(Self { path: path.to_owned(), form, reader, offset, today, buffer: Vec::new() })
    }

    /// The next filings, at most so many; none at the end. Those of other provinces than these are only counted.
    pub fn next_batch(&mut self, filings_max: usize, provinces: &BTreeSet<Province>) -> Result<Option<Batch>, Problem> {
        let mut batch = Batch::default();
        let mut bytes = 0;
        for _ in 0..filings_max {
            let start = self.offset;
            let added = match self.form {
                Form::Lines => self.next_line()?.then(|| add_line(&mut batch, &self.buffer, self.today, provinces)),
                Form::Compact => self.take_frame(|frame| add_frame(&mut batch, frame, provinces))?,
            };
            let Some(added) = added else { break };
            bytes += added.map_err(|why| {
                let what = format!("{} is not understood at byte {start}", self.path.display());
                Problem::new(what, why, "mend or remove that filing")
            })?;
            if bytes >= BATCH_BYTES_MAX {
                break;
            }
        }
        batch.end_offset = self.offset;
        Ok((batch.skipped > 0 || !batch.parts.is_empty()).then_some(batch))
    }

    /// Reads the next line that is not blank into the buffer; false at the end.
    fn next_line(&mut self) -> Result<bool, Problem> {
        loop {
            self.buffer.clear();
            let read = self.reader.read_until(b'\n', &mut self.buffer);
            let read = read.map_err(|error| ends_early(&self.path, error.to_string()))?;
            self.offset += read as u64;
            if read == 0 {
                return Ok(false);
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                return Ok(true);
            }
        }
    }

    /// Hands the next frame over where it lies in the reader's buffer; one that reaches beyond it is put together
    /// first. None at the end.
    fn take_frame<T>(&mut self, take: impl FnOnce(&[u8]) -> T) -> Result<Option<T>, Problem> {
        let path = &self.path;
        let damaged = |error: std::io::Error| ends_early(path, error.to_string());
        let read = self.reader.fill_buf().map_err(damaged)?;
        if read.is_empty() {
            return Ok(None);
        }
        let whole = read.split_first_chunk().and_then(|(length, rest)| rest.get(..frame_length(*length)));
        if let Some(frame) = whole {
            let (taken, bytes) = (take(frame), FRAME_LENGTH_BYTES + frame.len());
            self.reader.consume(bytes);
            self.offset += bytes as u64;
            return Ok(Some(taken));
        }
        let mut length = [0; FRAME_LENGTH_BYTES];
        self.reader.read_exact(&mut length).map_err(damaged)?;
        let length = frame_length(length);
        if length > FRAME_BYTES_MAX {
            return Err(ends_early(path, format!("a frame of {length} bytes at byte {}", self.offset)));
        }
        self.buffer.resize(length, 0);
        self.reader.read_exact(&mut self.buffer).map_err(damaged)?;
        self.offset += (FRAME_LENGTH_BYTES + length) as u64;
        Ok(Some(take(&self.buffer)))
    }
}

fn frame_length(bytes: [u8; FRAME_LENGTH_BYTES]) -> usize {
    u32::from_le_bytes(bytes) as usize
}

fn ends_early(path: &Path, why: String) -> Problem {
    Problem::new(format!("{} ends early", path.display()), why, "bring it complete")
}

fn add_line(
    batch: &mut Batch,
    line: &[u8],
    today: Option<NaiveDate>,
    provinces: &BTreeSet<Province>,
) -> Result<usize, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let province = line.filing.province;
    if !provinces.contains(&province) {
        batch.skipped += 1;
        return Ok(0);
    }
    let recorded = line.findings.as_ref().map(|findings| findings.iter().map(|finding| key_of(finding)).collect());
    let case = encode(Vec::new(), &line.filing, line.context, today)?;
    add(batch.part(province), line.id, recorded, &case);
    Ok(case.len())
}

/// Reads a frame: what it begins with, its province, and its case.
///
/// # Errors
/// Says what is damaged.
pub fn read_frame(frame: &[u8]) -> Result<(FrameHead<'_>, Province, &[u8]), String> {
    let (head, case) = postcard::take_from_bytes::<FrameHead<'_>>(frame).map_err(|error| error.to_string())?;
    let province = Province::parse(head.province).ok_or_else(|| format!("`{}` is no province", head.province))?;
    Ok((head, province, case))
}

fn add_frame(batch: &mut Batch, frame: &[u8], provinces: &BTreeSet<Province>) -> Result<usize, String> {
    let (head, province, case) = read_frame(frame)?;
    if !provinces.contains(&province) {
        batch.skipped += 1;
        return Ok(0);
    }
    let recorded = head.recorded.map(|keys| keys.into_iter().map(str::to_owned).collect());
    add(batch.part(province), head.id.to_owned(), recorded, case);
    Ok(case.len())
}

fn add(part: &mut Part, id: String, recorded: Option<BTreeSet<String>>, case: &[u8]) {
    part.ids.push(id);
    part.recorded.push(recorded);
    part.cases.extend_from_slice(case);
    part.ends.push(part.cases.len());
}

/// The one place where a filing becomes a case of a batch.
fn encode(
    cases: Vec<u8>,
    filing: &Filing,
    context: Option<ContextFile>,
    today: Option<NaiveDate>,
) -> Result<Vec<u8>, String> {
    let context = context.map_or_else(|| Context::on(day(today)), |context| context.0);
    batch::encode(cases, &Order::from(filing), &context).map_err(|error| error.to_string())
}

/// `code field` of `severity code field …`.
fn key_of(finding: &str) -> String {
    finding.split(' ').skip(1).take(2).collect::<Vec<_>>().join(" ")
}

/// Writes lines of JSON in the compact form; says how many filings they hold.
pub fn pack(lines: &Path, out: &Path, today: Option<NaiveDate>) -> Result<u64, Problem> {
    let failed =
        |error: std::io::Error| Problem::new(format!("{} cannot be written", out.display()), error, "make room");
    let mut stock = Stock::open(lines, 0, today)?;
    if matches!(stock.form, Form::Compact) {
        let what = format!("{} cannot be packed", lines.display());
        return Err(Problem::new(what, "it is packed already", "use it as it is"));
    }
    let mut file = BufWriter::new(File::create(out).map_err(failed)?);
    file.write_all(&[MAGIC, ENCODING.as_bytes()].concat()).map_err(failed)?;
    let provinces = Province::ALL.into_iter().collect();
    let mut filings = 0;
    while let Some(batch) = stock.next_batch(1, &provinces)? {
        for part in batch.parts {
            for (id, recorded) in part.ids.iter().zip(&part.recorded) {
                let recorded = recorded.as_ref().map(|keys| keys.iter().map(String::as_str).collect());
                let head = FrameHead { id, province: part.province.letters(), recorded };
                let mut frame = postcard::to_extend(&head, Vec::new())
                    .map_err(|error| Problem::new(format!("{id} cannot be packed"), error, "report this"))?;
                frame.extend_from_slice(&part.cases);
                let length = u32::try_from(frame.len()).unwrap_or(u32::MAX).to_le_bytes();
                file.write_all(&length).and_then(|()| file.write_all(&frame)).map_err(failed)?;
                filings += 1;
            }
        }
    }
    file.flush().map_err(failed)?;
    Ok(filings)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use icp_testkit::filings::company_filing;
    use serde_json::json;

    use super::*;

    #[test]
    fn frames_are_read_where_they_lie_and_across_the_end_of_the_buffer() {
        let folder = tempfile::tempdir().unwrap();
        let (lines, packed) = (folder.path().join("lines"), folder.path().join("packed"));
        // A filing of a megabyte does not fit into what is left of the reader's buffer.
        let filings = (0..40).map(|number| {
            let mut filing = company_filing(Province::Guangdong, number);
            filing.organiser.remark = Some("备".repeat(if number % 10 == 3 { 400_000 } else { 7_000 }));
            json!({ "id": format!("filing-{number}"), "filing": filing }).to_string() + "\n"
        });
        std::fs::write(&lines, filings.collect::<String>()).unwrap();
        assert_eq!(pack(&lines, &packed, None).unwrap(), 40);

        let all: BTreeSet<Province> = Province::ALL.into_iter().collect();
        let read = |path: &Path| {
            let mut stock = Stock::open(path, 0, None).unwrap();
            let mut cases = Vec::new();
            while let Some(batch) = stock.next_batch(7, &all).unwrap() {
                for part in &batch.parts {
                    let of = |(at, id): (usize, &String)| (id.clone(), part.case(at).to_vec());
                    cases.extend(part.ids.iter().enumerate().map(of));
                }
            }
            assert_eq!(stock.offset, std::fs::metadata(path).unwrap().len());
            cases
        };
        assert!(read(&packed) == read(&lines), "the packed stock holds other cases than its lines");
        assert_eq!(read(&packed).len(), 40);

        // What ends within a frame is told, whichever way the frame is read.
        let bytes = std::fs::read(&packed).unwrap();
        for cut in [1, 5_000, 900_000] {
            std::fs::write(&packed, &bytes[..bytes.len() - cut]).unwrap();
            let mut stock = Stock::open(&packed, 0, None).unwrap();
            let outcome = std::iter::from_fn(|| stock.next_batch(7, &all).transpose()).find_map(Result::err);
            assert!(outcome.unwrap().what.ends_with("ends early"), "{cut}");
        }
    }
}
