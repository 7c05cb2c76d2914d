//! Fuzzes the parsers of outside input: builds libFuzzer with all targets, and runs one after another.
//!
//! The compiler is the one that builds the platform: what counts the branches that an input takes is a stable option of
//! code generation. Sanitizers of memory are not, and the platform's own code has nothing unsafe.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, run, show};

/// It is no member of the workspace: it is built with flags of its own.
const MANIFEST: &str = "load-tests/fuzz/Cargo.toml";
const SEEDS: &str = "load-tests/fuzz/seeds";
const PROGRAM: &str = "icp-fuzz";

/// Counts branches, and shows libFuzzer what values are compared with.
const COVERAGE: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=16",
];
/// An input for which a target needs longer is a fault, seconds.
const TIMEOUT_S: u32 = 10;
/// A target that needs more memory is a fault, MB.
const MEMORY_MB: u32 = 2048;

pub(crate) fn fuzz(workspace: &Workspace, target: Option<&str>, seconds: u32) -> Result<ExitCode> {
    let targets = chosen(targets(&workspace.root.join(SEEDS))?, target)?;
    let program = build(workspace)?;
    let mut broken = Vec::new();
    for name in targets {
        println!("\n=== {name}, {seconds} s ===");
        let mut command = command(workspace, &program, &name, seconds)?;
        let status = command.status().with_context(|| format!("`{}` could not be started", show(&command)))?;
        if !status.success() {
            broken.push(name);
        }
    }
    if broken.is_empty() {
        println!("\nno target was broken");
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "\nbroken: {}. Each input is kept beside the seeds in {SEEDS}: mend the parser, give the file a name that says \
         what it shows, and run `cargo test -p icp-fuzz-targets`.",
        broken.join(", ")
    );
    Ok(ExitCode::FAILURE)
}

/// Every target has a folder of seeds; the tests of `icp-fuzz-targets` see to that.
fn targets(seeds: &Path) -> Result<Vec<String>> {
    let folders = fs::read_dir(seeds).with_context(|| format!("{} could not be read", seeds.display()))?;
    let mut names = Vec::new();
    for folder in folders {
        names.push(folder?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn chosen(all: Vec<String>, only: Option<&str>) -> Result<Vec<String>> {
    match only {
        None => Ok(all),
        Some(name) if all.iter().any(|known| known == name) => Ok(vec![name.to_owned()]),
        Some(name) => bail!("there is no target `{name}`; the targets are {}", all.join(", ")),
    }
}

/// Builds the fuzzer; tells where it lies.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let host = host_triple()?;
    let target = workspace.target.join("fuzz");
    let mut cargo = workspace.cargo();
    // With a target named, build scripts and macros are built without the flags.
    cargo.env("CARGO_TARGET_DIR", &target).env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}")).args([
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        MANIFEST,
        "--target",
        &host,
    ]);
    run(&mut cargo)?;
    Ok(target.join(host).join("release").join(PROGRAM))
}

fn host_triple() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("rustc could not be started")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` does not name its host")
}

fn command(workspace: &Workspace, program: &Path, name: &str, seconds: u32) -> Result<Command> {
    let found = workspace.target.join("fuzz").join("found").join(name);
    fs::create_dir_all(&found).with_context(|| format!("{} could not be made", found.display()))?;
    let seeds = workspace.root.join(SEEDS).join(name);
    let mut command = Command::new(program);
    command
        .env("ICP_FUZZ_TARGET", name)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={TIMEOUT_S}"))
        .arg(format!("-rss_limit_mb={MEMORY_MB}"))
        .arg(format!("-artifact_prefix={}/", seeds.display()))
        .args(["-print_final_stats=1", "-verbosity=0", "-use_value_profile=1"])
        // What it finds worth keeping goes into the first folder.
        .args([found, seeds]);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_chosen_by_name_and_an_unknown_one_is_refused() {
        let all = || vec!["cursors".to_owned(), "filing".to_owned()];
        assert_eq!(chosen(all(), None).unwrap(), all());
        assert_eq!(chosen(all(), Some("filing")).unwrap(), ["filing"]);
        let refused = chosen(all(), Some("filings")).unwrap_err().to_string();
        assert!(refused.contains("no target `filings`") && refused.contains("cursors, filing"), "{refused}");
    }

    #[test]
    fn the_fuzzer_is_there_and_no_member() {
        let workspace = Workspace::of_current_dir().unwrap();
        assert!(workspace.root.join(MANIFEST).is_file());
        assert!(workspace.packages.iter().all(|package| package.name != PROGRAM));
        assert!(targets(&workspace.root.join(SEEDS)).unwrap().contains(&"filing".to_owned()));
    }

    #[test]
    fn this_machine_has_a_name() {
        assert_eq!(host_triple().unwrap().split('-').next(), Some(std::env::consts::ARCH));
    }
}
