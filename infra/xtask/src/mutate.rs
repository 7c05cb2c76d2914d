//! Runs every province's test `every_mutant_is_noticed`: a parameter that may change unnoticed has no vector.
//!
//! The work is done by `icp_rules_sdk::mutate` inside the tests, because only they have the books; this verb builds
//! and runs them all, and shows what they print.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::rules::{Edition, editions};
use crate::workspace::{Workspace, show};

const TEST: &str = "every_mutant_is_noticed";
/// Begins the line that a province prints; the province's letters follow.
const TALLY: &str = "mutants of ";
/// Begins the line of something that no vector notices.
const SURVIVOR: &str = "survivor of ";

pub(crate) fn run(workspace: &Workspace, provinces: &[String]) -> Result<()> {
    let started = Instant::now();
    let editions = chosen(editions(workspace)?, provinces)?;
    let (plain, prepared): (Vec<Edition>, Vec<Edition>) =
        editions.into_iter().partition(|edition| edition.features.is_empty());

    let mut survivors = 0;
    if !plain.is_empty() {
        survivors += try_all(workspace, &plain, &[])?;
    }
    // Features belong to one crate, so each further edition is a run of its own.
    for edition in prepared {
        let features = edition.features.clone();
        survivors += try_all(workspace, &[edition], &features)?;
    }
    if survivors > 0 {
        bail!("{survivors} changes of parameters are noticed by no vector");
    }
    println!("no survivors, {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn chosen(editions: Vec<Edition>, provinces: &[String]) -> Result<Vec<Edition>> {
    if let Some(unknown) = provinces.iter().find(|letters| editions.iter().all(|edition| edition.province != **letters))
    {
        bail!("there is no province `{unknown}` in rules-wasm/provinces");
    }
    let is_chosen = |edition: &Edition| provinces.is_empty() || provinces.contains(&edition.province);
    Ok(editions.into_iter().filter(is_chosen).collect())
}

/// Prints the tallies and survivors of the editions, and counts the survivors.
fn try_all(workspace: &Workspace, editions: &[Edition], features: &[String]) -> Result<usize> {
    let mut command = workspace.cargo();
    command.args(["test", "--quiet", "--no-fail-fast", "--test", "vectors"]);
    for edition in editions {
        command.args(["--package", &edition.package]);
    }
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    command.args(["--", "--ignored", "--exact", TEST, "--nocapture"]);
    let (is_success, output) = output_of(&mut command)?;

    let report = Report::read(&output);
    for line in &report.lines {
        println!("{line}");
    }
    let missing: Vec<&str> =
        editions.iter().filter(|edition| !report.tells_of(edition)).map(|edition| edition.province.as_str()).collect();
    if !missing.is_empty() {
        println!("{output}");
        bail!("no answer from {}: is `icp_rules_sdk::mutants!` in tests/vectors.rs?", missing.join(", "));
    }
    if !is_success && report.survivors() == 0 {
        println!("{output}");
        bail!("`{}` failed", show(&command));
    }
    Ok(report.survivors())
}

/// What the command prints; its complaints go to the terminal only when it fails without survivors.
fn output_of(command: &mut Command) -> Result<(bool, String)> {
    let shown = show(command);
    let output = command.output().with_context(|| format!("`{shown}` could not be started"))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok((output.status.success(), text))
}

/// The lines that matter.
struct Report {
    lines: Vec<String>,
}

impl Report {
    /// The test harness prints dots in front of a line.
    fn read(output: &str) -> Self {
        let start = |line: &str| line.find(TALLY).or_else(|| line.find(SURVIVOR));
        let lines = output.lines().filter_map(|line| line.get(start(line)?..)).map(str::to_owned).collect();
        Self { lines }
    }

    fn tells_of(&self, edition: &Edition) -> bool {
        let start = format!("{TALLY}{} {}:", edition.province, edition.version);
        self.lines.iter().any(|line| line.starts_with(&start))
    }

    fn survivors(&self) -> usize {
        self.lines.iter().filter(|line| line.starts_with(SURVIVOR)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(province: &str) -> Edition {
        Edition {
            province: province.to_owned(),
            package: format!("icp-rules-{province}"),
            version: "1.0.0".to_owned(),
            features: Vec::new(),
        }
    }

    #[test]
    fn tallies_and_survivors_are_found_among_the_rest() {
        let report = Report::read(
            "\nrunning 1 test\n.mutants of gd 1.0.0: 9, survivors 1\nsurvivor of gd 1.0.0: migrate value\n\ntest result",
        );
        assert_eq!(report.lines, ["mutants of gd 1.0.0: 9, survivors 1", "survivor of gd 1.0.0: migrate value"]);
        assert_eq!(report.survivors(), 1);
        assert!(report.tells_of(&edition("gd")) && !report.tells_of(&edition("zj")));
    }

    #[test]
    fn a_province_that_does_not_exist_is_refused() {
        let provinces = || vec![edition("gd"), edition("zj")];
        assert_eq!(chosen(provinces(), &["zj".to_owned()]).unwrap(), [edition("zj")]);
        assert!(chosen(provinces(), &["xx".to_owned()]).unwrap_err().to_string().contains("`xx`"));
    }
}
