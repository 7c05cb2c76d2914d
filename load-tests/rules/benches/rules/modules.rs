//! The built rule modules.

use std::path::PathBuf;

use anyhow::Context as _;
use icp_domain::Province;
use icp_rules_host::{Host, LoadedModule, Release};

use crate::measure::timed;

/// A module with what loading it took.
pub struct Loaded {
    /// The module.
    pub module: LoadedModule,
    /// Size of the file.
    pub bytes: usize,
    /// From bytes to a module that is ready, without vectors.
    pub load_ms: f64,
}

/// The file of a module.
pub fn file(letters: &str, version: &str) -> anyhow::Result<PathBuf> {
    let folder =
        std::env::var_os("ICP_RULES_DIR").context("ICP_RULES_DIR is not set; run `cargo xtask bench rules`")?;
    Ok(PathBuf::from(folder).join(format!("{letters}-{version}.wasm")))
}

/// Loads a module from its file.
pub fn load(host: &Host, letters: &str, version: &str) -> anyhow::Result<Loaded> {
    let path = file(letters, version)?;
    let bytes = std::fs::read(&path)
        .with_context(|| format!("{} cannot be read; `cargo xtask rules build` makes it", path.display()))?;
    let province = Province::parse(letters).with_context(|| format!("`{letters}` is no province"))?;
    let (time, module) = timed(|| host.load(province, &bytes, &Release::unsigned(&bytes, version), &[]));
    Ok(Loaded { module: module?, bytes: bytes.len(), load_ms: time as f64 / 1e6 })
}
