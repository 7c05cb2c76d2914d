//! The whole stock of filed services against a module: which filings newly violate what. Memory is bounded by the
//! batches in flight; the run can be interrupted and resumed.

mod compare;
mod export;
mod pipeline;
mod state;
mod stock;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use icp_domain::Province;
use icp_rules_host::publish;
use serde_json::json;

use self::compare::{Judges, Modules, Outcome};
pub use self::export::export;
use self::state::State;
use self::stock::Stock;
pub use self::stock::{OrderFile, read_frame};
use crate::bus;
use crate::cli::{Cli, RejudgeArgs};
use crate::output::{Answer, Table};
use crate::place;
use crate::problem::Problem;
use crate::rules::{Loaded, Local};

/// Batches in flight for each thread.
const BATCHES_PER_THREAD: usize = 4;
/// The progress is told, and kept, this often.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Judges the stock.
pub async fn run(cli: &Cli, args: &RejudgeArgs) -> Result<Answer, Problem> {
    let local = Local::new()?;
    let with = modules(cli, &local, args, &args.with).await?;
    let against = match &args.against {
        Some(name) => Some(modules(cli, &local, args, name).await?),
        None => None,
    };
    let digests = |modules: &BTreeMap<Province, Loaded>| -> BTreeMap<String, String> {
        modules.iter().map(|(province, loaded)| (province.letters().to_owned(), digest(loaded))).collect()
    };
    let fresh = State::new(args, digests(&with), against.as_ref().map(digests))?;
    let mut state = match &args.resume {
        Some(path) => State::resume(path, fresh)?,
        None => fresh,
    };
    if !state.is_done {
        let judges = Judges {
            with: Modules::new(&local, &with),
            against: against.as_ref().map(|against| Modules::new(&local, against)),
            severity: args.severity.into(),
        };
        judge_all(args, &judges, &mut state)?;
    }
    Ok(answer(args, &state))
}

fn digest(loaded: &Loaded) -> String {
    loaded.module.info().digest.clone()
}

/// The modules that a name means: a file, a stored release, or the active ones.
async fn modules(
    cli: &Cli,
    local: &Local,
    args: &RejudgeArgs,
    name: &str,
) -> Result<BTreeMap<Province, Loaded>, Problem> {
    let only = match args.province.as_str() {
        "all" => None,
        letters => Some(place::province(letters)?),
    };
    let file = Path::new(name);
    if file.is_file() {
        let loaded = local.load_file(file)?;
        if only.is_some_and(|only| only != loaded.province) {
            let why = format!("it is of {}", loaded.province.letters());
            let remedy = "name a module of the province";
            return Err(Problem::new(format!("{name} cannot judge {}", args.province), why, remedy));
        }
        return Ok(BTreeMap::from([(loaded.province, loaded)]));
    }
    let jetstream = bus::connect(cli).await?;
    let mut modules = BTreeMap::new();
    if name != "active" {
        let Some(province) = only else {
            let why = "a version names a release of one province";
            return Err(Problem::new(format!("{name} cannot judge all provinces"), why, "name the province"));
        };
        let stored = bus::stored(&jetstream, province, name).await?;
        let bytes = publish::fetch(&jetstream, &stored.release.digest).await?.module;
        modules.insert(province, local.load(name, &bytes)?);
        return Ok(modules);
    }
    for province in Province::ALL.into_iter().filter(|province| only.is_none_or(|only| only == *province)) {
        if let Some(active) = bus::announced(&jetstream, province).await? {
            let bytes = publish::fetch(&jetstream, &active.release.digest).await?.module;
            modules.insert(province, local.load(&format!("the active module of {}", province.letters()), &bytes)?);
        }
    }
    if modules.is_empty() {
        let what = format!("there is nothing to judge {} with", args.province);
        return Err(Problem::new(what, "the bus names no active module", "name a module with --with"));
    }
    Ok(modules)
}

fn judge_all(args: &RejudgeArgs, judges: &Judges<'_>, state: &mut State) -> Result<(), Problem> {
    let mut stock = Stock::open(&args.stock, state.offset, args.today)?;
    let mut out = open_out(&args.out, state.out_bytes)?;
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = args.threads.unwrap_or_else(cores).max(1);
    let only = judges.provinces();
    let batch = args.batch.max(1);
    let mut progress = Progress::new(state.stock_bytes, state.offset);
    let mut last_kept = Instant::now();
    let written = |error: std::io::Error| {
        Problem::new(format!("{} cannot be written", args.out.display()), error, "make room and resume")
    };
    let outcome = pipeline::run(
        threads,
        threads * BATCHES_PER_THREAD,
        move || stock.next_batch(batch, &only),
        |batch| judges.judge(batch),
        |outcome: Outcome| {
            out.write_all(outcome.lines.as_bytes()).map_err(written)?;
            state.add(&outcome);
            progress.tell(state);
            if let Some(path) = args.resume.as_ref().filter(|_| last_kept.elapsed() >= TELL_EVERY) {
                out.sync_data().map_err(written)?;
                state.keep(path)?;
                last_kept = Instant::now();
            }
            Ok(())
        },
    );
    out.sync_data().map_err(written)?;
    state.is_done = outcome.is_ok();
    // Also after a failure: what was done before it need not be done again.
    if let Some(path) = &args.resume {
        state.keep(path)?;
    }
    progress.end(state);
    outcome
}

/// The output, cut to what the state knows of: what came after it will come again.
fn open_out(path: &Path, bytes: u64) -> Result<File, Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(format!("{} cannot be written", path.display()), error, "choose another place with --out")
    };
    let mut file = OpenOptions::new().create(true).write(true).truncate(false).open(path).map_err(failed)?;
    let present = file.metadata().map_err(failed)?.len();
    if present < bytes {
        let why = format!("it has {present} bytes of the {bytes} that were written");
        let what = format!("{} does not belong to the progress", path.display());
        return Err(Problem::new(what, why, "bring it back, or begin anew without the progress file"));
    }
    file.set_len(bytes).map_err(failed)?;
    file.seek(SeekFrom::End(0)).map_err(failed)?;
    Ok(file)
}

struct Progress {
    begun: Instant,
    told: Option<Instant>,
    from: u64,
    all: u64,
    filings_before: Option<u64>,
}

impl Progress {
    fn new(all: u64, from: u64) -> Self {
        Self { begun: Instant::now(), told: None, from, all, filings_before: None }
    }

    fn tell(&mut self, state: &State) {
        let before = *self.filings_before.get_or_insert(state.counts.filings);
        if self.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let seconds = self.begun.elapsed().as_secs_f64().max(0.001);
        // Precise enough for people.
        let (done, rest) = ((state.offset - self.from) as f64, (self.all - state.offset) as f64);
        let rate = (state.counts.filings - before) as f64 / seconds;
        let left = if done > 0.0 { rest / done * seconds } else { 0.0 };
        let percent = state.offset as f64 / self.all.max(1) as f64 * 100.0;
        let end = if std::io::stderr().is_terminal() { "\r" } else { "\n" };
        eprint!(
            "{} filings ({percent:.0} %), {rate:.0}/s, {left:.0} s left, {} newly violate{end}",
            state.counts.filings, state.counts.violating
        );
    }

    fn end(&self, state: &State) {
        let seconds = self.begun.elapsed().as_secs_f64();
        eprintln!("{} filings are judged, this run took {seconds:.1} s", state.counts.filings);
    }
}

fn answer(args: &RejudgeArgs, state: &State) -> Answer {
    let counts = &state.counts;
    let mut table = Table::new(&["PROVINCE", "RULE", "CODE", "FILINGS"]);
    for (rule, filings) in &counts.rules {
        let mut cells = rule.split(' ').map(str::to_owned).collect::<Vec<_>>();
        cells.push(filings.to_string());
        table.row(cells);
    }
    let mut text = format!(
        "{} filings: {} judged, {} newly violate something, {} violate less than before, {} could not be judged, {} have no module\n",
        counts.filings, counts.judged, counts.violating, counts.relieved, counts.unjudged, counts.skipped
    );
    if !table.is_empty() {
        text += &table.render();
    }
    text += &format!("which filing violates what: {}", args.out.display());
    Answer::new(text, json!({ "counts": counts, "modules": state.with, "out": args.out }))
}

/// Turns lines of JSON into the compact form.
pub fn pack(lines: &Path, out: &Path, today: Option<NaiveDate>) -> Result<Answer, Problem> {
    let filings = stock::pack(lines, out, today)?;
    let text = format!("{filings} filings are packed into {}", out.display());
    Ok(Answer::new(text, json!({ "filings": filings, "file": out })))
}
