//! Running all vectors of a province against every mutant of its book.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;

use super::{Mutant, equivalent};
use crate::book::ProvinceBook;
use crate::vector::Vector;

/// A mutant that a province declares to be the same rules, in `provinces/<letters>/mutants.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowed {
    parameter: String,
    change: String,
    /// Why no order can tell the two books apart.
    because: String,
}

/// What came of a province's mutants.
#[derive(Debug)]
pub struct Tally {
    province: &'static str,
    version: &'static str,
    vectors: usize,
    killed: usize,
    equivalent: usize,
    allowed: usize,
    /// What nothing noticed, one per line.
    survivors: Vec<String>,
}

impl Tally {
    /// Whether every mutant was noticed or changes nothing.
    pub fn is_clean(&self) -> bool {
        self.survivors.is_empty()
    }
}

/// One line, and one for each survivor; `cargo xtask rules mutate` looks for `mutants of`.
impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { province, version, vectors, killed, equivalent, allowed, survivors } = self;
        let count = killed + equivalent + allowed + survivors.len();
        write!(
            formatter,
            "mutants of {province} {version}: {count}, killed {killed} by {vectors} vectors, \
             changing nothing {equivalent}, allowed {allowed}, survivors {}",
            survivors.len()
        )?;
        survivors.iter().try_for_each(|survivor| write!(formatter, "\nsurvivor of {province} {version}: {survivor}"))
    }
}

/// Runs every vector of the book's edition against every mutant. `root` is the folder `rules-wasm/vectors`.
///
/// # Errors
/// When a vector cannot be read or fails already, and when `mutants.json` allows what needs no allowance.
pub fn run_province(book: &ProvinceBook, root: &Path) -> Result<Tally, String> {
    let province = book.province.letters();
    let vectors = Vector::read_edition(root, province, book.version).map_err(|error| error.to_string())?;
    let trials: Vec<Trial> = vectors.into_iter().map(|vector| Trial::new(book, vector)).collect::<Result<_, _>>()?;
    let allowed = allowed(root, province)?;

    let (mut equivalent, mut tried) = (0, Vec::new());
    for mutant in book.mutants() {
        if equivalent::why(book, &mutant).is_some() {
            equivalent += 1;
        } else {
            tried.push(mutant);
        }
    }
    let count = tried.len();
    let mut survivors = unnoticed(&trials, &tried);
    let is_allowed =
        |mutant: &&Mutant, entry: &Allowed| entry.parameter == mutant.parameter && entry.change == mutant.change;
    if let Some(entry) = allowed.iter().find(|entry| !survivors.iter().any(|mutant| is_allowed(mutant, entry))) {
        return Err(format!(
            "mutants.json of {province} allows {} {}, which is noticed or does not exist",
            entry.parameter, entry.change
        ));
    }
    survivors.retain(|mutant| !allowed.iter().any(|entry| is_allowed(mutant, entry)));
    let survivors: Vec<String> =
        survivors.into_iter().map(|mutant| format!("{} {}", mutant.parameter, mutant.change)).collect();
    Ok(Tally {
        province,
        version: book.version,
        vectors: trials.len(),
        killed: count - survivors.len() - allowed.len(),
        equivalent,
        allowed: allowed.len(),
        survivors,
    })
}

fn allowed(root: &Path, province: &str) -> Result<Vec<Allowed>, String> {
    let path = root.join("../provinces").join(province).join("mutants.json");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let read =
        || -> Result<Vec<Allowed>, Box<dyn std::error::Error>> { Ok(serde_json::from_slice(&std::fs::read(&path)?)?) };
    let list = read().map_err(|error| format!("{}: {error}", path.display()))?;
    match list.iter().find(|entry| entry.because.trim().is_empty()) {
        Some(entry) => Err(format!("{}: {} {} needs `because`", path.display(), entry.parameter, entry.change)),
        None => Ok(list),
    }
}

/// A vector, and which rules speak in it.
struct Trial {
    vector: Vector,
    rules: Vec<String>,
}

impl Trial {
    fn new(book: &ProvinceBook, vector: Vector) -> Result<Self, String> {
        if notices(book, &vector) {
            return Err(format!("{} fails before anything was changed", vector.name));
        }
        let findings = crate::judge::judge(book, &vector.order, &vector.context);
        let rules = findings.into_iter().map(|finding| finding.rule).chain(vector.only.clone().unwrap_or_default());
        Ok(Self { rules: rules.collect(), vector })
    }

    /// Whether it probably notices a change of the parameter.
    fn is_about(&self, parameter: &str) -> bool {
        let vector = &self.vector;
        match parameter {
            "sms_receivers" | "sms_idtail_variant" => vector.sms.is_some() || !vector.requires.is_empty(),
            "review_items" | "review_items_national" => vector.checklist_all.is_some() || vector.checklist.is_some(),
            "documents" | "documents_national" if vector.documents.is_some() => true,
            // The rule of both lists is `documents`.
            _ => self.rules.iter().any(|rule| parameter.starts_with(rule.as_str())),
        }
    }
}

fn notices(book: &ProvinceBook, vector: &Vector) -> bool {
    let findings = crate::judge::judge(book, &vector.order, &vector.context);
    if vector.check_findings(&findings).is_err() {
        return true;
    }
    if !vector.looks_at_requirements() {
        return false;
    }
    let requirements = crate::requirements::requirements(book, &vector.order, &vector.context);
    let requirements = serde_json::to_value(requirements).unwrap_or_default();
    vector.check_requirements(&requirements).is_err()
}

/// The mutants that no vector notices, in their order. Vectors about the parameter are tried first.
fn unnoticed<'m>(trials: &[Trial], mutants: &'m [Mutant]) -> Vec<&'m Mutant> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some((index, mutant)) = next_of(&next, mutants) {
            let (about, others): (Vec<&Trial>, Vec<&Trial>) =
                trials.iter().partition(|trial| trial.is_about(mutant.parameter));
            if !about.into_iter().chain(others).any(|trial| notices(&mutant.book, &trial.vector)) {
                found.push((index, mutant));
            }
        }
        found
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut found: Vec<(usize, &Mutant)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        // A panic of a vector's judge is the test's panic.
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, mutant)| mutant).collect()
}

fn next_of<'m>(next: &AtomicUsize, mutants: &'m [Mutant]) -> Option<(usize, &'m Mutant)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    mutants.get(index).map(|mutant| (index, mutant))
}

/// Defines the test that `cargo xtask rules mutate` runs. One line in a province's `tests/vectors.rs`:
///
/// ```ignore
/// icp_rules_sdk::mutants!(icp_rules_gd::BOOK);
/// ```
#[macro_export]
macro_rules! mutants {
    ($book:path) => {
        /// Every parameter has a vector that notices its change. Slow: `cargo xtask rules mutate` runs it.
        #[test]
        #[ignore = "run by cargo xtask rules mutate"]
        fn every_mutant_is_noticed() {
            let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors"));
            let tally = $crate::mutate::run_province(&$book, root).unwrap_or_else(|problem| panic!("{problem}"));
            println!("{tally}");
            assert!(tally.is_clean(), "there are survivors");
        }
    };
}
