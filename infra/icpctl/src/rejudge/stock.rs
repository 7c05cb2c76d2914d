//! The stock of filed services: lines of JSON for exchange, and a compact form for speed. A batch is a stretch of the
//! stock, so that its end is where a later run can go on.
//!
//! The compact form is a head of [`MAGIC`] and one line that names the encoding, then one frame per filing: its length
//! (4 bytes, little-endian), a postcard [`FrameHead`], and the case as `judge-batch` takes it, which is copied and
//! never decoded here.

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
/// Larger frames are damage.
const FRAME_BYTES_MAX: usize = 4 << 20;
/// A batch ends early when its cases have so many bytes.
const BATCH_BYTES_MAX: usize = 2 << 20;
/// Keys of the context that hold a date; people write them as `2026-11-21`.
const DATES: [&str; 6] = ["today", "issued", "expires", "valid_to", "valid_from", "filed"];

/// An order in a file: a filing, with or without what is known beside it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum OrderFile {
    /// With a context.
    Case {
        /// What is declared.
        filing: Box<Filing>,
        /// What is known beside it.
        #[serde(default)]
        context: Option<Box<ContextFile>>,
    },
    /// A filing alone.
    Filing(Box<Filing>),
}

impl OrderFile {
    /// The order and its context; without one only the day is known.
    pub fn into_case(self, today: Option<NaiveDate>) -> (Filing, Context) {
        match self {
            Self::Case { filing, context } => {
                (*filing, context.map_or_else(|| Context::on(day(today)), |context| context.0))
            }
            Self::Filing(filing) => (*filing, Context::on(day(today))),
        }
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
#[derive(Serialize, Deserialize)]
struct FrameHead<'a> {
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
            if !self.read_record()? {
                break;
            }
            let added = match self.form {
                Form::Lines => add_line(&mut batch, &self.buffer, self.today, provinces),
                Form::Compact => add_frame(&mut batch, &self.buffer, provinces),
            };
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

    /// Reads the next line or frame into the buffer; false at the end.
    fn read_record(&mut self) -> Result<bool, Problem> {
        let path = &self.path;
        let damaged = |why: String| Problem::new(format!("{} ends early", path.display()), why, "bring it complete");
        self.buffer.clear();
        loop {
            match self.form {
                Form::Lines => {
                    let read = self.reader.read_until(b'\n', &mut self.buffer);
                    let read = read.map_err(|error| damaged(error.to_string()))?;
                    self.offset += read as u64;
                    if read == 0 {
                        return Ok(false);
                    }
                    if self.buffer.iter().all(u8::is_ascii_whitespace) {
                        self.buffer.clear();
                        continue;
                    }
                }
                Form::Compact => {
                    if self.reader.fill_buf().map_err(|error| damaged(error.to_string()))?.is_empty() {
                        return Ok(false);
                    }
                    let mut length = [0; 4];
                    self.reader.read_exact(&mut length).map_err(|error| damaged(error.to_string()))?;
                    let length = u32::from_le_bytes(length) as usize;
                    if length > FRAME_BYTES_MAX {
                        return Err(damaged(format!("a frame of {length} bytes at byte {}", self.offset)));
                    }
                    self.buffer.resize(length, 0);
                    self.reader.read_exact(&mut self.buffer).map_err(|error| damaged(error.to_string()))?;
                    self.offset += 4 + length as u64;
                }
            }
            return Ok(true);
        }
    }
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

fn add_frame(batch: &mut Batch, frame: &[u8], provinces: &BTreeSet<Province>) -> Result<usize, String> {
    let (head, case) = postcard::take_from_bytes::<FrameHead<'_>>(frame).map_err(|error| error.to_string())?;
    let province = Province::parse(head.province).ok_or_else(|| format!("`{}` is no province", head.province))?;
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
