//! The seeds in the repository.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::PathBuf;

use icp_fuzz_targets::{Outcome, TARGETS, Target, seeds};

fn seeds_of(target: Target) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(seeds().join(target.name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn name(path: &std::path::Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn no_seed_breaks_its_target_and_what_was_readable_stays_so() {
    let mut faults = Vec::new();
    for target in TARGETS {
        for seed in seeds_of(target) {
            let input = std::fs::read(&seed).unwrap();
            let is_to_be_read = name(&seed).starts_with("read-");
            match catch_unwind(|| (target.run)(&input)) {
                Ok(Outcome::Refused) if is_to_be_read => faults.push(format!("{} is refused", seed.display())),
                Ok(_) => {}
                Err(_) => faults.push(format!("{} breaks the target", seed.display())),
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_target_has_seeds_that_it_reads_and_every_folder_a_target() {
    for target in TARGETS {
        let readable = seeds_of(target).iter().filter(|seed| name(seed).starts_with("read-")).count();
        assert!(readable > 0, "{} has no seed that begins with `read-`", target.name);
    }
    let folders: BTreeSet<String> =
        std::fs::read_dir(seeds()).unwrap().map(|entry| name(&entry.unwrap().path())).collect();
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(folders, targets);
}
