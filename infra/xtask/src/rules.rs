//! Builds the bureaus' rules as WASM components.
//!
//! One folder of `rules-wasm/provinces` is one province and one crate. The plain build of the crate has the crate's
//! own version. Further editions of the same rule book, such as one that follows a bureau's notice before it takes
//! effect, are features of the crate and stand in its manifest:
//!
//! ```toml
//! [package.metadata.bureau]
//! editions = [{ version = "1.1.0", features = ["notice-2026-11"] }]
//! ```

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::setup::{WASM_TARGET, WasmToolchain};
use crate::workspace::{Package, Workspace, run};

const PROVINCES: &str = "rules-wasm/provinces";
/// The profile of the root manifest that makes small modules; `release` where there is none.
const PROFILE: &str = "rules";

/// One module that is to be built.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Edition {
    pub(crate) province: String,
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) features: Vec<String>,
}

/// One line of `manifest.json`, read by the demo, the tests and whoever loads a module into a cluster.
#[derive(Debug, Serialize, Deserialize)]
struct Module {
    province: String,
    version: String,
    /// Name of the file beside the manifest.
    file: String,
    /// SHA-256 of the file, in lower-case hexadecimal.
    sha256: String,
}

#[derive(Default, Deserialize)]
struct CrateMetadata {
    #[serde(default)]
    bureau: BureauMetadata,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BureauMetadata {
    #[serde(default)]
    editions: Vec<ExtraEdition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtraEdition {
    version: String,
    features: Vec<String>,
}

/// Builds every edition of every province into `out`, with a manifest.
pub(crate) fn build(workspace: &Workspace, out: &Path) -> Result<()> {
    build_editions(workspace, out, editions(workspace)?, Vec::new())
}

/// As [`build`], only of one province; the modules of the others stay as they were built before.
pub(crate) fn build_one(workspace: &Workspace, out: &Path, province: &str) -> Result<()> {
    let mut editions = editions(workspace)?;
    editions.retain(|edition| edition.province == province);
    if editions.is_empty() {
        bail!("there is no province `{province}` in {PROVINCES}");
    }
    let mut others = read_manifest(out)?;
    others.retain(|module| module.province != province);
    build_editions(workspace, out, editions, others)
}

/// As [`build`], only of some provinces; `out` holds nothing else afterwards.
pub(crate) fn build_some(workspace: &Workspace, out: &Path, provinces: &[&str]) -> Result<()> {
    let mut editions = editions(workspace)?;
    editions.retain(|edition| provinces.contains(&edition.province.as_str()));
    build_editions(workspace, out, editions, Vec::new())
}

/// Builds editions beside modules that stay.
fn build_editions(workspace: &Workspace, out: &Path, editions: Vec<Edition>, others: Vec<Module>) -> Result<()> {
    let toolchain = WasmToolchain::find().context("this machine cannot compile for WASM; see `cargo xtask setup`")?;
    let profile = profile(&workspace.root)?;
    fs::create_dir_all(out).with_context(|| format!("{} could not be made", out.display()))?;

    // The plain editions in one go, side by side; each further edition has features of its own.
    let plain: Vec<&Edition> = editions.iter().filter(|edition| edition.features.is_empty()).collect();
    compile(workspace, toolchain, profile, &plain)?;
    let mut modules = others;
    for edition in &plain {
        modules.push(put(workspace, profile, edition, out)?);
    }
    for edition in editions.iter().filter(|edition| !edition.features.is_empty()) {
        compile(workspace, toolchain, profile, &[edition])?;
        modules.push(put(workspace, profile, edition, out)?);
    }
    modules.sort_by(|one, other| (&one.province, &one.version).cmp(&(&other.province, &other.version)));
    let mut manifest = serde_json::to_string_pretty(&modules)?;
    manifest.push('\n');
    write_if_changed(&out.join("manifest.json"), manifest.as_bytes())?;
    remove_modules_of_the_past(out, &modules)?;
    println!("{} rule modules in {}", modules.len(), out.display());
    Ok(())
}

/// The modules that were built before; none where nothing was.
fn read_manifest(out: &Path) -> Result<Vec<Module>> {
    let path = out.join("manifest.json");
    match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).with_context(|| format!("{} is not understood", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("{} could not be read", path.display())),
    }
}

/// All editions of all provinces, in the order of their file names.
pub(crate) fn editions(workspace: &Workspace) -> Result<Vec<Edition>> {
    let provinces_dir = workspace.root.join(PROVINCES);
    let mut editions = Vec::new();
    for package in &workspace.packages {
        let Some(folder) = package.manifest_path.parent() else {
            continue;
        };
        if folder.parent() != Some(provinces_dir.as_path()) {
            continue;
        }
        let province = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        editions.extend(editions_of(province, package)?);
    }
    if editions.is_empty() {
        bail!("no member crate lies in {PROVINCES}");
    }
    editions.sort_by(|one, other| (&one.province, &one.version).cmp(&(&other.province, &other.version)));
    Ok(editions)
}

fn editions_of(province: &str, package: &Package) -> Result<Vec<Edition>> {
    let metadata: Option<CrateMetadata> = serde_json::from_value(package.metadata.clone())
        .with_context(|| format!("[package.metadata.bureau] of {} is not understood", package.name))?;
    let extra = metadata.unwrap_or_default().bureau.editions;
    let plain = ExtraEdition { version: package.version.clone(), features: Vec::new() };
    let mut versions = HashSet::new();
    let mut editions = Vec::new();
    for edition in std::iter::once(plain).chain(extra) {
        if !versions.insert(edition.version.clone()) {
            bail!("{} has two editions {}", package.name, edition.version);
        }
        editions.push(Edition {
            province: province.to_owned(),
            package: package.name.clone(),
            version: edition.version,
            features: edition.features,
        });
    }
    Ok(editions)
}

/// A place of their own: the modules neither wait for a build of the services nor evict its artifacts.
fn modules_target(workspace: &Workspace) -> PathBuf {
    workspace.target.join("rules-build")
}

/// Compiles the crates of editions that have the same features.
fn compile(workspace: &Workspace, toolchain: WasmToolchain, profile: &str, editions: &[&Edition]) -> Result<()> {
    let mut cargo_build = workspace.cargo();
    cargo_build
        .env("CARGO_TARGET_DIR", modules_target(workspace))
        .env("CARGO_ENCODED_RUSTFLAGS", compiler_flags(workspace))
        .args(["build", "--lib", "--target", WASM_TARGET, "--profile", profile]);
    for edition in editions {
        cargo_build.args(["--package", &edition.package]);
        if !edition.features.is_empty() {
            cargo_build.args(["--features", &edition.features.join(",")]);
        }
    }
    toolchain.prepare(&mut cargo_build);
    run(&mut cargo_build)
}

/// Makes a component of a compiled edition and puts it into `out`.
fn put(workspace: &Workspace, profile: &str, edition: &Edition, out: &Path) -> Result<Module> {
    let name = format!("{}.wasm", edition.package.replace('-', "_"));
    let compiled = modules_target(workspace).join(WASM_TARGET).join(profile).join(name);
    let core_module = fs::read(&compiled).with_context(|| format!("{} could not be read", compiled.display()))?;
    let component = encode(&core_module)
        .with_context(|| format!("{} {} is no valid component", edition.package, edition.version))?;
    let file = format!("{}-{}.wasm", edition.province, edition.version);
    write_if_changed(&out.join(&file), &component)?;
    Ok(Module {
        province: edition.province.clone(),
        version: edition.version.clone(),
        sha256: hex::encode(Sha256::digest(&component)),
        file,
    })
}

/// Compiler flags of the modules, written as cargo wants them: separated by 0x1f. They keep this machine's folders out
/// of a module, so that the same sources have the same digest wherever they were checked out, and take WebAssembly's
/// SIMD, which every engine has that a host may be built on.
fn compiler_flags(workspace: &Workspace) -> String {
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let mut flags =
        vec![String::from("-Ctarget-feature=+simd128"), format!("--remap-path-prefix={}=.", workspace.root.display())];
    if let Some(cargo_home) = cargo_home {
        flags.push(format!("--remap-path-prefix={}=cargo", cargo_home.display()));
    }
    flags.join("\u{1f}")
}

fn encode(core_module: &[u8]) -> Result<Vec<u8>> {
    wit_component::ComponentEncoder::default().module(core_module)?.validate(true).encode()
}

fn profile(root: &Path) -> Result<&'static str> {
    let manifest = root.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).with_context(|| format!("{} could not be read", manifest.display()))?;
    let heading = format!("[profile.{PROFILE}]");
    let there = text.lines().any(|line| line.trim() == heading);
    Ok(if there { PROFILE } else { "release" })
}

/// An unchanged file keeps its time, so that nothing that watches it wakes up.
fn write_if_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == content) {
        return Ok(());
    }
    fs::write(path, content).with_context(|| format!("{} could not be written", path.display()))
}

/// A module whose province or version is gone would be taken for a current one by whoever lists the folder.
fn remove_modules_of_the_past(out: &Path, modules: &[Module]) -> Result<()> {
    for entry in fs::read_dir(out)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_current = modules.iter().any(|module| module.file.as_str() == name);
        let is_module = Path::new(&name).extension().is_some_and(|extension| extension == "wasm");
        if is_module && !is_current {
            fs::remove_file(entry.path())
                .with_context(|| format!("{} could not be removed", entry.path().display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(metadata: serde_json::Value) -> Package {
        Package {
            name: "icp-rules-gd".to_owned(),
            version: "1.0.0".to_owned(),
            manifest_path: PathBuf::from("rules-wasm/provinces/gd/Cargo.toml"),
            metadata,
        }
    }

    #[test]
    fn a_crate_without_metadata_has_one_edition() {
        let editions = editions_of("gd", &package(json!(null))).unwrap();
        assert_eq!(editions.len(), 1);
        assert_eq!(editions[0].version, "1.0.0");
        assert!(editions[0].features.is_empty());
    }

    #[test]
    fn editions_come_from_the_manifest() {
        let metadata = json!({"bureau": {"editions": [{"version": "1.1.0", "features": ["notice-2026-11"]}]}});
        let editions = editions_of("gd", &package(metadata)).unwrap();
        let versions: Vec<&str> = editions.iter().map(|edition| edition.version.as_str()).collect();
        assert_eq!(versions, ["1.0.0", "1.1.0"]);
        assert_eq!(editions[1].features, ["notice-2026-11"]);
    }

    #[test]
    fn a_version_may_be_used_once_and_a_misspelt_key_is_refused() {
        let twice = json!({"bureau": {"editions": [{"version": "1.0.0", "features": ["x"]}]}});
        assert!(editions_of("gd", &package(twice)).unwrap_err().to_string().contains("two editions 1.0.0"));

        let misspelt = json!({"bureau": {"edition": []}});
        assert!(editions_of("gd", &package(misspelt)).is_err());
    }

    #[test]
    fn what_is_no_module_is_not_encoded() {
        assert!(encode(b"not wasm").is_err());
    }

    #[test]
    fn what_was_built_before_is_known_and_a_broken_manifest_is_told() {
        let out = std::env::temp_dir().join(format!("icp-xtask-manifest-{}", std::process::id()));
        assert!(read_manifest(&out).unwrap().is_empty());
        fs::create_dir_all(&out).unwrap();
        let text = r#"[{"province": "gd", "version": "1.0.0", "file": "gd-1.0.0.wasm", "sha256": "00"}]"#;
        fs::write(out.join("manifest.json"), text).unwrap();
        assert_eq!(read_manifest(&out).unwrap()[0].file, "gd-1.0.0.wasm");
        fs::write(out.join("manifest.json"), "[").unwrap();
        assert!(read_manifest(&out).unwrap_err().to_string().contains("is not understood"));
        fs::remove_dir_all(out).unwrap();
    }

    #[test]
    fn only_modules_that_are_gone_are_removed() {
        let out = std::env::temp_dir().join(format!("icp-xtask-rules-{}", std::process::id()));
        fs::create_dir_all(&out).unwrap();
        for name in ["gd-1.0.0.wasm", "gd-0.9.0.wasm", "manifest.json"] {
            fs::write(out.join(name), name).unwrap();
        }
        let current = Module {
            province: "gd".to_owned(),
            version: "1.0.0".to_owned(),
            file: "gd-1.0.0.wasm".to_owned(),
            sha256: String::new(),
        };
        remove_modules_of_the_past(&out, &[current]).unwrap();
        assert!(out.join("gd-1.0.0.wasm").exists() && out.join("manifest.json").exists());
        assert!(!out.join("gd-0.9.0.wasm").exists());
        fs::remove_dir_all(out).unwrap();
    }
}
