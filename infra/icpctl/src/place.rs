//! Where things are: the repository, the built modules, the running demo.

use std::path::{Path, PathBuf};

use icp_domain::Province;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The province of these letters.
pub fn province(letters: &str) -> Result<Province, Problem> {
    Province::parse(letters).ok_or_else(|| {
        let all: Vec<&str> = Province::ALL.iter().map(|province| province.letters()).collect();
        Problem::new(
            format!("`{letters}` is no province"),
            "a province is named by its letters, e.g. `gd`",
            format!("use one of {}", all.join(" ")),
        )
    })
}

/// The root of the repository.
pub fn root(given: Option<&Path>) -> Result<PathBuf, Problem> {
    if let Some(root) = given {
        return Ok(root.to_owned());
    }
    let here = std::env::current_dir().map_err(|error| Problem::new("no folder", error, "change to the repository"))?;
    let is_root = |folder: &&Path| folder.join("rules-wasm").is_dir() && folder.join("Cargo.toml").is_file();
    here.ancestors().find(is_root).map(Path::to_owned).ok_or_else(|| {
        let why = format!("neither {} nor a folder above it holds rules-wasm", here.display());
        Problem::new("the repository is not found", why, "change to it or name it with --root")
    })
}

/// The folder that cargo builds into.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// The folder of the built modules.
pub fn modules(root: &Path) -> PathBuf {
    std::env::var_os("ICP_RULES_DIR").map_or_else(|| target(root).join("rules"), PathBuf::from)
}

/// One line of the built modules' manifest.
#[derive(Debug, Clone, Deserialize)]
pub struct Built {
    /// Letters of the province.
    pub province: String,
    /// Version of the rule book.
    pub version: String,
    /// File beside the manifest.
    pub file: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The built modules.
pub fn built(root: &Path) -> Result<Vec<Built>, Problem> {
    read_json(&modules(root).join("manifest.json"), "build the modules with `icpctl rules build`")
}

/// What the running demo tells about itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Demo {
    /// Address of the bus.
    pub nats: String,
    /// File of the key that its hosts trust.
    pub rules_key: PathBuf,
    /// File of the token of its reviewer.
    pub reviewer_token: PathBuf,
    /// Its services.
    pub services: DemoServices,
}

/// Services of the demo, as far as they are asked here.
#[derive(Debug, Clone, Deserialize)]
pub struct DemoServices {
    /// Intake.
    pub intake: DemoService,
}

/// Where a service of the demo answers.
#[derive(Debug, Clone, Deserialize)]
pub struct DemoService {
    /// Base address of REST.
    pub http: String,
}

/// The running demo, if there is one.
pub fn demo(root: Option<&Path>) -> Option<Demo> {
    let root = self::root(root).ok()?;
    let text = std::fs::read(target(&root).join("demo").join("addresses.json")).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The bytes of a file.
pub fn read(path: &Path, remedy: &str) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| Problem::new(format!("{} cannot be read", path.display()), error, remedy))
}

/// A file of JSON.
pub fn read_json<T: DeserializeOwned>(path: &Path, remedy: &str) -> Result<T, Problem> {
    let bytes = read(path, remedy)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(format!("{} is not understood", path.display()), error, remedy))
}

/// Writes a file that is not there yet.
pub fn write_new(path: &Path, text: &str) -> Result<(), Problem> {
    use std::io::Write as _;
    let failed = |error| {
        Problem::new(format!("{} cannot be written", path.display()), error, "choose another place or remove it first")
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
