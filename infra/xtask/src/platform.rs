//! Verbs that run the platform itself: the demo, the tests, the benchmarks.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, anyhow};

use crate::workspace::{Workspace, run};
use crate::{rules, setup};

const DEMO: &str = "icp-demo";
const LOAD: &str = "icp-load";
/// The benchmark of the rules. It is no member of the workspace: what it compares with must not be built with it.
const RULES_BENCH: &str = "load-tests/rules/Cargo.toml";
/// Whose modules it measures.
const RULES_BENCH_PROVINCES: [&str; 4] = ["gd", "js", "sc", "zj"];

/// Builds everything and becomes the demo.
pub(crate) fn demo(workspace: &Workspace, args: &[String]) -> Result<ExitCode> {
    prepare(workspace)?;
    build_programs(workspace, Profile::Dev)?;
    become_program(workspace, DEMO, Profile::Dev, &workspace.target.join("demo"), args)
}

/// Builds everything with optimisation and becomes the load generator.
pub(crate) fn bench(workspace: &Workspace, name: &str, args: &[String]) -> Result<ExitCode> {
    if name == "rules" {
        return bench_rules(workspace, args);
    }
    prepare(workspace)?;
    build_programs(workspace, Profile::Release)?;
    let mut words = vec![name.to_owned()];
    words.extend_from_slice(args);
    become_program(workspace, LOAD, Profile::Release, &workspace.target.join("bench"), &words)
}

/// Builds a few rule modules, `icpctl` and the benchmark of the rules, and becomes it.
fn bench_rules(workspace: &Workspace, args: &[String]) -> Result<ExitCode> {
    let work_dir = workspace.target.join("bench");
    let modules = work_dir.join("rule-modules");
    setup::ensure_wasm_target()?;
    rules::build_some(workspace, &modules, &RULES_BENCH_PROVINCES)?;
    run(workspace.cargo().args(["build", "--release", "--package", "icpctl"]))?;
    let mut bench = workspace.cargo();
    bench.args(["bench", "--manifest-path", RULES_BENCH, "--bench", "rules", "--locked", "--"]).args(args);
    name_the_places(&mut bench, workspace, Profile::Release, &work_dir)?;
    let error = bench.env("ICP_RULES_DIR", modules).exec();
    Err(anyhow!(error).context("cargo could not be started"))
}

/// Builds everything and runs every test.
pub(crate) fn test(workspace: &Workspace, args: &[String]) -> Result<()> {
    setup::ensure_for_tests()?;
    prepare(workspace)?;
    // The system tests start the services as processes, so the binaries come first.
    build_programs(workspace, Profile::Dev)?;
    let mut cargo_test = workspace.cargo();
    cargo_test.args(["test", "--workspace"]).args(args);
    name_the_places(&mut cargo_test, workspace, Profile::Dev, &workspace.target.join("test"))?;
    run(&mut cargo_test)
}

#[derive(Clone, Copy)]
enum Profile {
    Dev,
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

fn prepare(workspace: &Workspace) -> Result<()> {
    setup::ensure()?;
    rules::build(workspace, &workspace.rules_dir())
}

fn build_programs(workspace: &Workspace, profile: Profile) -> Result<()> {
    let mut build = workspace.cargo();
    // The whole workspace, so that features are unified as in `cargo test --workspace` and nothing is built twice.
    build.args(["build", "--workspace", "--bins"]);
    if matches!(profile, Profile::Release) {
        build.arg("--release");
    }
    run(&mut build)
}

/// Replaces this process, so that Ctrl-C and the exit status are the program's own business.
fn become_program(
    workspace: &Workspace,
    program: &str,
    profile: Profile,
    work_dir: &Path,
    args: &[String],
) -> Result<ExitCode> {
    let path = workspace.bin_dir(profile.folder()).join(program);
    let mut command = Command::new(&path);
    command.args(args);
    name_the_places(&mut command, workspace, profile, work_dir)?;
    let error = command.exec();
    Err(anyhow!(error).context(format!("{} could not be started", path.display())))
}

/// Tells a program where the services' binaries, the rule modules and its own working folder are.
fn name_the_places(command: &mut Command, workspace: &Workspace, profile: Profile, work_dir: &Path) -> Result<()> {
    fs::create_dir_all(work_dir).with_context(|| format!("{} could not be made", work_dir.display()))?;
    command
        .env("ICP_BIN_DIR", workspace.bin_dir(profile.folder()))
        .env("ICP_RULES_DIR", workspace.rules_dir())
        .env("ICP_WORK_DIR", work_dir);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The programs of the platform, one process each; a binary is named like its crate.
    const SERVICES: [&str; 7] =
        ["icp-intake", "icp-identity", "icp-authority", "icp-sms", "icp-relay", "icp-notify", "icp-schedule"];
    const SANDBOX: &str = "icp-sandbox";

    #[test]
    fn every_program_is_a_member_of_the_workspace() {
        let workspace = Workspace::of_current_dir().unwrap();
        for program in SERVICES.into_iter().chain([SANDBOX, DEMO, LOAD]) {
            assert!(
                workspace.packages.iter().any(|package| package.name == program),
                "{program} is not a member crate"
            );
        }
    }

    #[test]
    fn the_benchmark_of_the_rules_is_there_and_no_member() {
        let workspace = Workspace::of_current_dir().unwrap();
        assert!(workspace.root.join(RULES_BENCH).is_file());
        assert!(workspace.packages.iter().all(|package| package.name != "icp-load-rules"));
    }

    #[test]
    fn a_program_is_told_where_things_are() {
        let target = std::env::temp_dir().join(format!("icp-xtask-places-{}", std::process::id()));
        let workspace = Workspace { root: target.clone(), target: target.clone(), packages: Vec::new() };
        let mut command = Command::new("true");
        name_the_places(&mut command, &workspace, Profile::Release, &target.join("bench")).unwrap();
        let bin_dir = command.get_envs().find(|(name, _)| *name == "ICP_BIN_DIR").unwrap().1;
        assert_eq!(bin_dir, Some(target.join("release").as_os_str()));
        assert!(target.join("bench").is_dir());
        fs::remove_dir_all(target).unwrap();
    }
}
