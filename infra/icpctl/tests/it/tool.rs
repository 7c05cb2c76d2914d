//! The program and the modules that it is given.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// What a run printed.
#[derive(Debug)]
pub struct Printed {
    pub is_success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Printed {
    /// The answer in JSON.
    pub fn json(&self) -> Value {
        assert!(self.is_success, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The one line of a refusal.
    pub fn refusal(&self) -> &str {
        assert!(!self.is_success && self.stdout.is_empty(), "{self:?}");
        let line = self.stderr.trim_end();
        assert!(!line.contains('\n'), "more than one line: {line}");
        line.strip_prefix("error: ").expect("a refusal begins so")
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs the program in the repository, with no demo to be found.
pub fn icpctl(arguments: &[&str]) -> Printed {
    let output = Command::new(env!("CARGO_BIN_EXE_icpctl"))
        .current_dir(root())
        .env_remove("ICP_NATS_URL")
        .env_remove("ICP_RULES_KEY")
        .env("CARGO_TARGET_DIR", "/nonexistent")
        .args(arguments)
        .output()
        .unwrap();
    Printed {
        is_success: output.status.success(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Built modules, in files.
pub struct Modules {
    pub gd: PathBuf,
    pub gd_notice: PathBuf,
    pub zj: PathBuf,
}

/// The modules, built once per test process.
pub fn modules() -> &'static Modules {
    static MODULES: OnceLock<Modules> = OnceLock::new();
    MODULES.get_or_init(|| Modules {
        gd: build("gd", &[]),
        gd_notice: build("gd", &["--features", "notice-2026-11"]),
        zj: build("zj", &[]),
    })
}

/// As `cargo xtask rules build` does it, into the tests' own folder.
fn build(province: &str, features: &[&str]) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("rules-build");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--profile", "rules", "--target", "wasm32-unknown-unknown", "--target-dir"])
        .arg(&target)
        .args(["-p", &format!("icp-rules-{province}")])
        .args(features)
        .status()
        .unwrap();
    assert!(status.success());
    let core = target.join(format!("wasm32-unknown-unknown/rules/icp_rules_{province}.wasm"));
    let core = std::fs::read(core).unwrap();
    let component = wit_component::ComponentEncoder::default().validate(true).module(&core).unwrap().encode().unwrap();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
        "{province}{}-{}.wasm",
        features.len(),
        std::process::id()
    ));
    std::fs::write(&file, component).unwrap();
    file
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
