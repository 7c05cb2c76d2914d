//! What a machine needs before anything can run, and how it gets it.
//!
//! Four things beside Rust and a C compiler: the Postgres server binaries, nats-server, a Chinese font for papers, and a
//! standard library for `wasm32-unknown-unknown`. The platform starts private instances of the servers, so the packages' own instances are
//! neither needed nor started.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::run;

/// The target that rule modules are compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Oldest nats-server that has the JetStream features in use (Debian 12 ships 2.9.10).
const NATS_OLDEST: (u32, u32) = (2, 9);

/// Debian's own Rust, which carries the sources of the standard library: the way to the WASM target where rustup
/// cannot be reached. It lives beside rustup's toolchain and is used for the rule modules alone.
const DEBIAN_RUST_PACKAGES: [&str; 4] = ["rustc-web", "rust-web-src", "rust-web-llvm", "lld"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A font for papers, as `icp-press` finds it: a large one, or the small one of the package to install.
const CHINESE_FONTS: [&str; 2] =
    ["/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"];

/// The font for rare characters of names, as `icp-press` finds it.
const RARE_FONT: &str = "/usr/share/fonts/truetype/hanazono/HanaMinB.ttf";

/// Which compiler can produce the rule modules on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WasmToolchain {
    /// The toolchain in use has the target installed.
    Installed,
    /// Debian's rustc, with the standard library compiled from its sources.
    DebianSources,
}

impl WasmToolchain {
    /// The best one that is there now, or `None`.
    pub(crate) fn find() -> Option<Self> {
        if target_is_installed() {
            return Some(Self::Installed);
        }
        debian_sources_are_there().then_some(Self::DebianSources)
    }

    /// Adds to a `cargo build --target wasm32-unknown-unknown` what this toolchain needs.
    pub(crate) fn prepare(self, cargo_build: &mut Command) {
        if self == Self::DebianSources {
            cargo_build
                .env("RUSTC", DEBIAN_RUSTC)
                // build-std is an unstable option of cargo; the compiler itself is a stable one.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld")
                .args(["-Z", "build-std=std,panic_abort"]);
        }
    }
}

/// Looks, says what it found, and fails if something is missing.
pub(crate) fn check() -> Result<()> {
    let packages = missing_packages();
    let wasm = WasmToolchain::find();
    if packages.is_empty() && wasm.is_some() {
        println!("Everything is there:");
        for line in describe_found() {
            println!("  {line}");
        }
        return Ok(());
    }
    let mut lines = Vec::new();
    if !packages.is_empty() {
        lines.push(apt_advice(&packages));
    }
    if wasm.is_none() {
        lines.push(wasm_advice());
    }
    bail!("{}", lines.join("\n"));
}

/// Installs what is missing where that is possible, and otherwise says what to type.
pub(crate) fn ensure() -> Result<()> {
    install_what_is(missing_packages)
}

/// What [`ensure`] does, and what the tests need besides.
pub(crate) fn ensure_for_tests() -> Result<()> {
    install_what_is(missing_for_tests)
}

fn install_what_is(missing: fn() -> Vec<&'static str>) -> Result<()> {
    let packages = missing();
    if !packages.is_empty() {
        if !is_root() {
            bail!("{}", apt_advice(&packages));
        }
        install_with_apt(&packages)?;
        let still_missing = missing();
        if !still_missing.is_empty() {
            bail!(
                "apt-get succeeded, but what {} should bring is still not found (or older than needed)",
                still_missing.join(" and ")
            );
        }
    }
    ensure_wasm_target()
}

/// The part of [`ensure`] that building the rule modules needs.
pub(crate) fn ensure_wasm_target() -> Result<()> {
    if WasmToolchain::find().is_some() {
        return Ok(());
    }
    let by_rustup = run(Command::new("rustup").args(["target", "add", WASM_TARGET]));
    if by_rustup.is_ok() && target_is_installed() {
        return Ok(());
    }
    if let Err(error) = by_rustup {
        eprintln!("note: {error:#}; trying Debian's Rust for the rule modules instead");
    }
    if !is_root() {
        bail!("{}", wasm_advice());
    }
    install_with_apt(&DEBIAN_RUST_PACKAGES)?;
    if WasmToolchain::find().is_none() {
        bail!("{}", wasm_advice());
    }
    Ok(())
}

/// Adds rustfmt and clippy to a minimal rustup installation; `cargo xtask ci` needs them.
pub(crate) fn ensure_lint_tools() -> Result<()> {
    for (component, program) in [("rustfmt", "cargo-fmt"), ("clippy", "cargo-clippy")] {
        let works = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
        if !works {
            run(Command::new("rustup").args(["component", "add", component]))
                .with_context(|| format!("{component} is missing"))?;
        }
    }
    Ok(())
}

/// A test prints a rare name; the platform runs without the font until somebody has one.
fn missing_for_tests() -> Vec<&'static str> {
    let mut missing = missing_packages();
    if !Path::new(RARE_FONT).is_file() {
        missing.push("fonts-hanazono");
    }
    missing
}

fn missing_packages() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if postgres_bin_dir().is_none() {
        missing.push("postgresql");
    }
    if nats_version().is_none_or(|version| version < NATS_OLDEST) {
        missing.push("nats-server");
    }
    if !CHINESE_FONTS.iter().any(|path| Path::new(path).is_file()) {
        missing.push("fonts-wqy-microhei");
    }
    missing
}

fn describe_found() -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(folder) = postgres_bin_dir() {
        lines.push(format!("Postgres server binaries in {}", folder.display()));
    }
    if let (Some(program), Some((major, minor))) = (nats_server(), nats_version()) {
        lines.push(format!("nats-server {major}.{minor} at {}", program.display()));
    }
    match WasmToolchain::find() {
        Some(WasmToolchain::Installed) => lines.push(format!("Rust target {WASM_TARGET}")),
        Some(WasmToolchain::DebianSources) => {
            lines.push(format!("{WASM_TARGET} through {DEBIAN_RUSTC} and its library sources"));
        }
        None => {}
    }
    lines
}

/// The newest `/usr/lib/postgresql/<version>/bin` with a server in it, else a folder of PATH that has one.
fn postgres_bin_dir() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            (bin.join("postgres").is_file() && bin.join("initdb").is_file()).then_some((version, bin))
        })
        .collect();
    versions.sort();
    versions
        .pop()
        .map(|(_, bin)| bin)
        .or_else(|| find_on_path("postgres").and_then(|program| program.parent().map(Path::to_path_buf)))
}

fn nats_server() -> Option<PathBuf> {
    find_on_path("nats-server")
}

fn nats_version() -> Option<(u32, u32)> {
    let output = Command::new(nats_server()?).arg("--version").output().ok()?;
    parse_nats_version(&String::from_utf8_lossy(&output.stdout))
}

/// `nats-server: v2.9.10` → `(2, 9)`.
fn parse_nats_version(line: &str) -> Option<(u32, u32)> {
    let (_, version) = line.trim().rsplit_once('v')?;
    let mut numbers = version.split('.').map_while(|part| part.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

/// Debian keeps servers in /usr/sbin, which is not on everybody's PATH.
fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/usr/local/bin"].map(PathBuf::from))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

fn target_is_installed() -> bool {
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--print", "target-libdir", "--target", WASM_TARGET])
        .output();
    output.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(folder.trim_end()).is_dir()
    })
}

fn debian_sources_are_there() -> bool {
    let Ok(output) = Command::new(DEBIAN_RUSTC).args(["--print", "sysroot"]).output() else {
        return false;
    };
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end());
    output.status.success()
        && sysroot.join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
        && find_on_path("wasm-ld").is_some()
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn apt_advice(packages: &[&str]) -> String {
    let names = packages.join(" ");
    let (major, minor) = NATS_OLDEST;
    let at_least = if packages.contains(&"nats-server") {
        format!(" (nats-server {major}.{minor} or newer)")
    } else {
        String::new()
    };
    format!(
        "missing on this machine: {names}{at_least}. On Debian or Ubuntu type:\n  \
         sudo apt-get update && sudo apt-get install -y --no-install-recommends {names}"
    )
}

fn wasm_advice() -> String {
    format!(
        "the rule modules need Rust's {WASM_TARGET}. Type:\n  rustup target add {WASM_TARGET}\n\
         or, where rustup cannot be reached, take Debian's Rust for them:\n  \
         sudo apt-get install -y --no-install-recommends {}",
        DEBIAN_RUST_PACKAGES.join(" ")
    )
}

fn install_with_apt(packages: &[&str]) -> Result<()> {
    println!("Installing {} with apt", packages.join(" "));
    let _no_service_starts = PolicyFile::put()?;
    if packages.contains(&"postgresql") {
        ask_for_no_cluster()?;
    }
    run(apt_get().args(["update", "-q"]))?;
    run(apt_get()
        .args(["install", "-y", "-q", "--no-install-recommends"])
        // Keeps the createcluster.conf that `ask_for_no_cluster` wrote.
        .args(["-o", "Dpkg::Options::=--force-confold"])
        .args(packages))
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Keeps a fresh Postgres package from creating a database cluster that nobody uses. An existing file is respected.
fn ask_for_no_cluster() -> Result<()> {
    let file = Path::new("/etc/postgresql-common/createcluster.conf");
    if file.exists() {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} could not be made", folder.display()))?;
    }
    fs::write(file, "create_main_cluster = false\n").with_context(|| format!("{} could not be written", file.display()))
}

/// Debian's switch against starting a service that has just been installed; taken away again on drop.
struct PolicyFile {
    ours: bool,
}

impl PolicyFile {
    const PATH: &str = "/usr/sbin/policy-rc.d";

    fn put() -> Result<Self> {
        let ours = !Path::new(Self::PATH).exists();
        if ours {
            fs::write(Self::PATH, "#!/bin/sh\nexit 101\n")
                .and_then(|()| fs::set_permissions(Self::PATH, fs::Permissions::from_mode(0o755)))
                .with_context(|| format!("{} could not be written", Self::PATH))?;
        }
        Ok(Self { ours })
    }
}

impl Drop for PolicyFile {
    fn drop(&mut self) {
        if self.ours && fs::remove_file(Self::PATH).is_err() {
            eprintln!("note: {} could not be removed; it keeps new services from starting", Self::PATH);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nats_versions_are_read() {
        assert_eq!(parse_nats_version("nats-server: v2.9.10\n"), Some((2, 9)));
        assert_eq!(parse_nats_version("nats-server: v2.15.1"), Some((2, 15)));
        assert_eq!(parse_nats_version("nats-server: v2.12.0-RC.3"), Some((2, 12)));
        assert_eq!(parse_nats_version("command not found"), None);
        assert!(parse_nats_version("nats-server: v2.8.4").is_some_and(|version| version < NATS_OLDEST));
    }

    #[test]
    fn the_advice_names_exactly_what_is_missing() {
        let advice = apt_advice(&["nats-server"]);
        assert!(advice.ends_with("install -y --no-install-recommends nats-server"), "{advice}");
        assert!(!advice.contains("postgresql"), "{advice}");
    }

    #[test]
    fn only_the_fallback_changes_the_build_command() {
        let mut plain = Command::new("cargo");
        WasmToolchain::Installed.prepare(&mut plain);
        assert_eq!(plain.get_args().count() + plain.get_envs().count(), 0);

        let mut fallback = Command::new("cargo");
        WasmToolchain::DebianSources.prepare(&mut fallback);
        assert!(fallback.get_args().any(|word| word == "build-std=std,panic_abort"));
        assert!(fallback.get_envs().any(|(name, _)| name == "RUSTC_BOOTSTRAP"));
    }
}
