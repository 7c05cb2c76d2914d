//! Keys, and signing with them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use icp_rules_host::{Release, SigningKey};
use serde_json::json;

use super::Local;
use crate::cli::{Cli, KeyArgs};
use crate::output::{Answer, short};
use crate::place;
use crate::problem::Problem;

/// Makes a key.
pub fn new(id: &str, out: &Path) -> Result<Answer, Problem> {
    let is_plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    if id.is_empty() || !id.chars().all(is_plain) {
        let why = "a key's name is a key of the configuration";
        return Err(Problem::new(format!("`{id}` cannot name a key"), why, "use a-z, 0-9 and -"));
    }
    let key = SigningKey::generate(id);
    place::write_new(out, &key.to_file())?;
    std::fs::set_permissions(out, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| Problem::new(format!("{} stays readable for others", out.display()), error, "remove it"))?;
    let public = key.trusted().public_key_hex;
    let text = format!(
        "The secret is in {}; keep it as one. Hosts trust the key with this configuration:\n\n\
         [intake.rules.keys]\n{id} = \"{public}\"",
        out.display()
    );
    Ok(Answer::new(text, json!({ "id": id, "public_key_hex": public, "file": out })))
}

/// The key that the command line names, or that of the running demo.
pub fn read(cli: &Cli, args: &KeyArgs) -> Result<SigningKey, Problem> {
    let of_demo = || place::demo(cli.root.as_deref()).map(|demo| demo.rules_key);
    let path = args.key.clone().or_else(of_demo).ok_or_else(|| {
        let remedy = "give --key <file>, set ICP_RULES_KEY, or make one with `icpctl rules key new`";
        Problem::new("nothing can be signed", "no key is named and no demo is running here", remedy)
    })?;
    let text = place::read(&path, "name the file that `icpctl rules key new` wrote")?;
    SigningKey::from_file(&String::from_utf8_lossy(&text)).map_err(|error| {
        Problem::new(format!("{} is no key", path.display()), error, "name the file that `icpctl rules key new` wrote")
    })
}

/// Signs a module.
pub fn sign(cli: &Cli, module: &Path, args: &KeyArgs) -> Result<Answer, Problem> {
    let key = read(cli, args)?;
    let bytes = place::read(module, "build it with `icpctl rules build`")?;
    let (province, description) = Local::new()?.describe(&module.display().to_string(), &bytes)?;
    let release = key.release(&bytes, &description);
    let out = release_file(module);
    let written = serde_json::to_string_pretty(&release)
        .map_err(|error| error.to_string())
        .and_then(|text| std::fs::write(&out, text + "\n").map_err(|error| error.to_string()));
    written.map_err(|why| Problem::new(format!("{} cannot be written", out.display()), why, "make room for it"))?;
    let text = format!(
        "{} {} ({}) is signed by {}: {}",
        province.letters(),
        release.version,
        short(&release.digest),
        release.key_id.as_deref().unwrap_or_default(),
        out.display()
    );
    Ok(Answer::new(text, json!({ "province": province.letters(), "release": release, "file": out })))
}

/// Where the release of a module lies.
fn release_file(module: &Path) -> PathBuf {
    module.with_extension("release.json")
}

/// Reads a release that [`sign`] wrote.
pub fn read_release(path: &Path) -> Result<Release, Problem> {
    place::read_json(path, "name the file that `icpctl rules sign` wrote")
}
