//! Builds the modules that the tests run, as `cargo xtask` builds them for the demo.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use icp_domain::Province;
use icp_rules_host::{Host, HostConfig, LoadError, LoadedModule, ModuleInfo, SigningKey};
use icp_rules_sdk::vector::Vector;
use icp_rules_sdk::{Context, Date, Order};

pub struct Guests {
    pub gd: Vec<u8>,
    pub gd_notice: Vec<u8>,
    pub zj: Vec<u8>,
    pub hostile: Vec<u8>,
}

/// All modules, built once per test process.
pub fn guests() -> &'static Guests {
    static GUESTS: OnceLock<Guests> = OnceLock::new();
    GUESTS.get_or_init(|| Guests {
        gd: build(&["-p", "icp-rules-gd"], "icp_rules_gd.wasm"),
        gd_notice: build(&["-p", "icp-rules-gd", "--features", "notice-2026-11"], "icp_rules_gd.wasm"),
        zj: build(&["-p", "icp-rules-zj"], "icp_rules_zj.wasm"),
        hostile: build(&["-p", "icp-rules-sdk", "--example", "hostile"], "examples/hostile.wasm"),
    })
}

/// A target directory of its own: the one of the tests may be locked by the cargo that runs them.
fn build(arguments: &[&str], file: &str) -> Vec<u8> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("rules-build");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--quiet", "--profile", "rules", "--target", "wasm32-unknown-unknown", "--target-dir"])
        .arg(&target)
        .args(arguments)
        .status()
        .unwrap();
    assert!(status.success(), "cargo build {arguments:?} failed");
    let core = std::fs::read(target.join("wasm32-unknown-unknown/rules").join(file)).unwrap();
    encode(&core)
}

pub fn encode(core: &[u8]) -> Vec<u8> {
    wit_component::ComponentEncoder::default().validate(true).module(core).unwrap().encode().unwrap()
}

pub fn key() -> SigningKey {
    SigningKey::from_seed("test-key", &[7; 32])
}

pub fn config() -> HostConfig {
    // A machine that runs all tests at once is slow: only the tests of the deadline have a short one.
    HostConfig { trusted_keys: vec![key().trusted()], deadline_ms: 20_000, ..HostConfig::default() }
}

pub fn host() -> Arc<Host> {
    Host::new(config()).unwrap()
}

pub fn load(host: &Host, province: Province, module: &[u8], version: &str) -> Result<LoadedModule, LoadError> {
    host.load(province, module, &key().sign(module, version), &[])
}

/// Loads and activates; panics on refusal.
pub fn activate(host: &Host, province: Province, module: &[u8], version: &str) -> Arc<ModuleInfo> {
    host.activate(load(host, province, module, version).unwrap())
}

pub fn vectors_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors")
}

pub fn vectors(province: &str, version: &str) -> Vec<Vector> {
    Vector::read_edition(&vectors_root(), province, version).unwrap()
}

/// A company's draft in Guangdong whose name the notice of November 2026 forbids.
pub fn draft_touched_by_the_notice() -> (Order, Context) {
    let mut filing = icp_testkit::filings::company_filing(Province::Guangdong, 1);
    filing.services[0].name = String::from("示例茶具选购大全");
    (Order::from(&filing), Context::on(Date::new(2026, 11, 20)))
}
