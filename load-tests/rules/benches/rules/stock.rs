//! `icpctl rules rejudge` as a process over a generated stock.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use icp_rules_sdk::{batch, judge};
use serde::Serialize;
use serde_json::Value;

use crate::cases::{Generator, STOCK};
use crate::{modules, processes};

/// Filings that a thread makes at a time.
const CHUNK: u64 = 4000;
const THREADS: usize = 2;
/// What the goal speaks of.
const NATION: f64 = 5_000_000.0;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// One run of the program.
#[derive(Debug, Serialize)]
pub struct Run {
    /// From start to end of the process, seconds.
    pub time_s: f64,
    /// Filings per second.
    pub filings_per_s: f64,
    /// CPU seconds, user and system.
    pub cpu_s: f64,
    /// Most resident memory, MB.
    pub peak_mb: f64,
    /// Straight-line estimate for five million filings on two cores, seconds.
    pub five_million_s: f64,
}

/// The stock and the runs over it.
#[derive(Debug, Serialize)]
pub struct Rejudge {
    /// Filings.
    pub filings: u64,
    /// Size of the stock, MB.
    pub stock_mb: f64,
    /// Those that newly violate something by the newer edition.
    pub newly_violating: u64,
    /// Against the findings on record.
    pub on_record: Run,
    /// Against the findings of the older edition: every filing is judged twice.
    pub against_module: Run,
}

/// What a frame of the compact form begins with.
#[derive(Serialize)]
struct FrameHead<'a> {
    id: &'a str,
    province: &'a str,
    recorded: Option<Vec<String>>,
}

/// Makes the stock and judges it.
pub fn measure(generator: &Generator, filings: u64, folder: &Path) -> anyhow::Result<Rejudge> {
    let icpctl = PathBuf::from(std::env::var_os("ICP_BIN_DIR").context("ICP_BIN_DIR is not set")?).join("icpctl");
    let stock = folder.join("rules-stock.bin");
    let newly_violating = generate(&icpctl, generator, filings, folder, &stock)?;
    let stock_mb = stock.metadata()?.len() as f64 / 1e6;
    let measured = || -> anyhow::Result<(Run, Run)> {
        let on_record = run(&icpctl, &stock, filings, newly_violating, folder, false)?;
        let against_module = run(&icpctl, &stock, filings, newly_violating, folder, true)?;
        Ok((on_record, against_module))
    };
    let outcome = measured();
    std::fs::remove_file(&stock)?;
    let (on_record, against_module) = outcome?;
    Ok(Rejudge { filings, stock_mb, newly_violating, on_record, against_module })
}

/// The head is what `icpctl` itself writes before one filing, so that the encoding is always its own.
fn head(icpctl: &Path, folder: &Path) -> anyhow::Result<Vec<u8>> {
    let (lines, packed) = (folder.join("rules-empty.ndjson"), folder.join("rules-empty.bin"));
    std::fs::write(&lines, "")?;
    let command = Command::new(icpctl).args(["rules", "stock", "pack"]).args([&lines, &packed]).output()?;
    ensure!(command.status.success(), "icpctl does not pack: {}", String::from_utf8_lossy(&command.stderr));
    let head = std::fs::read(&packed)?;
    std::fs::remove_file(&lines)?;
    std::fs::remove_file(&packed)?;
    Ok(head)
}

/// Writes the stock; says how many filings break the newer edition.
fn generate(icpctl: &Path, generator: &Generator, filings: u64, folder: &Path, stock: &Path) -> anyhow::Result<u64> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(stock)?);
    file.write_all(&head(icpctl, folder)?)?;
    let mut renamed = 0;
    let starts: Vec<u64> = (0..filings).step_by(CHUNK as usize).collect();
    for starts in starts.chunks(THREADS) {
        let chunks = std::thread::scope(|scope| -> anyhow::Result<Vec<(Vec<u8>, u64)>> {
            let makers: Vec<_> = starts
                .iter()
                .map(|start| scope.spawn(move || frames(generator, *start, CHUNK.min(filings - start))))
                .collect();
            makers
                .into_iter()
                .map(|maker| maker.join().map_err(|_| anyhow::anyhow!("a generating thread ended early"))?)
                .collect()
        })?;
        for (bytes, renamed_here) in chunks {
            file.write_all(&bytes)?;
            renamed += renamed_here;
        }
    }
    file.flush()?;
    Ok(renamed)
}

fn frames(generator: &Generator, start: u64, count: u64) -> anyhow::Result<(Vec<u8>, u64)> {
    let mut bytes = Vec::new();
    let mut renamed = 0;
    for number in start..start + count {
        let made = generator.make(number, STOCK);
        let (order, context) = &made.case;
        let recorded = if made.faults.is_empty() {
            Vec::new()
        } else {
            let findings = judge::judge(generator.book, order, context);
            findings.iter().map(|finding| format!("{} {}", finding.code, finding.field)).collect()
        };
        // A name that is wrong on record already is no news.
        let is_on_record = recorded.iter().any(|key: &String| key == "N01 services[0].name");
        renamed += u64::from(made.is_renamed && !is_on_record);
        let id = format!("粤ICP备{number:08}号-1");
        let head = FrameHead { id: &id, province: generator.book.province.letters(), recorded: Some(recorded) };
        let length_at = bytes.len();
        bytes.extend([0; 4]);
        bytes = postcard::to_extend(&head, bytes)?;
        bytes = batch::encode(bytes, order, context)?;
        let length = u32::try_from(bytes.len() - length_at - 4)?.to_le_bytes();
        if let Some(place) = bytes.get_mut(length_at..length_at + 4) {
            place.copy_from_slice(&length);
        }
    }
    Ok((bytes, renamed))
}

fn run(
    icpctl: &Path,
    stock: &Path,
    filings: u64,
    newly_violating: u64,
    folder: &Path,
    is_compared: bool,
) -> anyhow::Result<Run> {
    let out = folder.join("rules-rejudge.ndjson");
    if out.exists() {
        std::fs::remove_file(&out)?;
    }
    let mut command = Command::new(icpctl);
    command.args(["--json", "rules", "rejudge", "gd", "--threads", "2"]);
    command.arg("--stock").arg(stock).arg("--with").arg(modules::file("gd", "1.1.0")?).arg("--out").arg(&out);
    if is_compared {
        command.arg("--against").arg(modules::file("gd", "1.0.0")?);
    }
    let cpu_before_s = processes::children_cpu_s();
    let start = Instant::now();
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut peak_mb: f64 = 0.0;
    let status = loop {
        peak_mb = peak_mb.max(processes::usage(process.id()).peak_mb);
        if let Some(status) = process.try_wait()? {
            break status;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let time_s = start.elapsed().as_secs_f64();
    let cpu_s = processes::children_cpu_s() - cpu_before_s;
    let mut answer = Vec::new();
    std::io::Read::read_to_end(&mut process.stdout.take().context("no answer")?, &mut answer)?;
    ensure!(status.success(), "icpctl rules rejudge failed: {status}");
    let answer: Value = serde_json::from_slice(&answer).context("the answer of icpctl is not JSON")?;
    let count = |name: &str| answer.pointer(&format!("/counts/{name}")).and_then(Value::as_u64);
    ensure!(
        (count("filings"), count("judged"), count("unjudged")) == (Some(filings), Some(filings), Some(0)),
        "not all filings were judged: {answer}"
    );
    // Compared with the older edition, also a name that was wrong before is wrong by one rule more.
    let violating = count("violating").unwrap_or_default();
    ensure!(
        if is_compared { violating >= newly_violating } else { violating == newly_violating },
        "{violating} filings newly violate something instead of {newly_violating}"
    );
    std::fs::remove_file(&out)?;
    Ok(Run {
        time_s,
        filings_per_s: filings as f64 / time_s,
        cpu_s,
        peak_mb,
        five_million_s: time_s / filings as f64 * NATION,
    })
}
