//! What a rule author needs: begin a book, build it, test it.

use std::path::Path;
use std::process::{Command, Stdio};

use icp_domain::Province;
use serde_json::json;

use super::Local;
use super::local::vectors;
use crate::cli::Cli;
use crate::output::{Answer, Table, short};
use crate::place;
use crate::problem::Problem;

const MANIFEST: &str = include_str!("../../templates/Cargo.toml.txt");
const BOOK: &str = include_str!("../../templates/lib.rs.txt");
const TEST: &str = include_str!("../../templates/vectors.rs.txt");
const FORBIDDEN: &str = include_str!("../../templates/company-name-forbidden.json");

/// Begins the book of a province. The national vectors apply to it at once; it begins with one of its own.
pub fn new(cli: &Cli, letters: &str) -> Result<Answer, Problem> {
    let province = place::province(letters)?;
    let root = place::root(cli.root.as_deref())?;
    let folder = root.join("rules-wasm/provinces").join(letters);
    if folder.exists() {
        let what = format!("the book of {letters} is not begun");
        let why = format!("{} is there already", folder.display());
        return Err(Problem::new(what, why, "change that one, and raise its version"));
    }
    // The manifest first: without it nothing else should be written.
    let manifest = root.join("Cargo.toml");
    let member = format!("\"rules-wasm/provinces/{letters}\"");
    let text = String::from_utf8_lossy(&place::read(&manifest, "name the repository with --root")?).into_owned();
    let changed = with_member(&text, &member).ok_or_else(|| {
        let what = format!("{} does not take the new member", manifest.display());
        Problem::new(what, "it has no list `members` of the workspace", "name the repository with --root")
    })?;
    let fill = |template: &str| {
        template
            .replace("{letters}", letters)
            .replace("{variant}", &format!("{province:?}"))
            .replace("{bureau}", &bureau(province))
    };
    let vectors = root.join("rules-wasm/vectors").join(letters);
    let files = [
        (folder.join("Cargo.toml"), fill(MANIFEST)),
        (folder.join("src/lib.rs"), fill(BOOK)),
        (folder.join("tests/vectors.rs"), fill(TEST)),
        (vectors.join("company-name-forbidden.json"), fill(FORBIDDEN)),
    ];
    for (path, text) in &files {
        place::write_new(path, text)?;
    }
    std::fs::write(&manifest, changed)
        .map_err(|error| Problem::new(format!("{} cannot be written", manifest.display()), error, "add the member"))?;
    let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
    let text = format!(
        "{} is begun:\n  {}\nNow write the bureau's notices into src/lib.rs, a vector for each, and run \
         `cargo test -p icp-rules-{letters}`.",
        bureau(province),
        names.join("\n  ")
    );
    Ok(Answer::new(text, json!({ "province": letters, "files": names })))
}

/// The manifest with one more member.
fn with_member(manifest: &str, member: &str) -> Option<String> {
    if manifest.contains(member) {
        return Some(manifest.to_owned());
    }
    let start = manifest.find("members = [")?;
    let end = start + manifest[start..].find(']')?;
    Some(format!("{}    {member},\n{}", &manifest[..end], &manifest[end..]))
}

fn bureau(province: Province) -> String {
    let kind = match province {
        Province::Beijing | Province::Tianjin | Province::Shanghai | Province::Chongqing => "市",
        Province::InnerMongolia | Province::Tibet => "自治区",
        Province::Guangxi => "壮族自治区",
        Province::Ningxia => "回族自治区",
        Province::Xinjiang => "维吾尔自治区",
        _ => "省",
    };
    format!("{}{kind}通信管理局", province.name_zh())
}

/// Builds the modules of a province, or of all.
pub fn build(cli: &Cli, letters: Option<&str>) -> Result<Answer, Problem> {
    let province = letters.map(place::province).transpose()?;
    let root = place::root(cli.root.as_deref())?;
    let remedy = "read what cargo says above";
    let mut xtask = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    xtask.current_dir(&root).args(["xtask", "rules", "build"]);
    if let Some(province) = province {
        xtask.args(["--province", province.letters()]);
    }
    let status = xtask
        // What cargo and xtask print belongs to stderr: stdout is for the answer.
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .map_err(|error| Problem::new("cargo cannot be started", error, "install Rust"))?;
    if !status.success() {
        return Err(Problem::new("the modules are not built", status, remedy));
    }
    let modules = place::modules(&root);
    let is_shown = |built: &place::Built| province.is_none_or(|province| built.province == province.letters());
    let built: Vec<place::Built> = place::built(&root)?.into_iter().filter(is_shown).collect();
    let mut table = Table::new(&["PROVINCE", "VERSION", "DIGEST", "FILE"]);
    for module in &built {
        let file = modules.join(&module.file).display().to_string();
        table.row([module.province.clone(), module.version.clone(), short(&module.sha256).to_owned(), file]);
    }
    let lines: Vec<_> = built
        .iter()
        .map(|module| {
            json!({
                "province": module.province, "version": module.version, "digest": module.sha256,
                "file": modules.join(&module.file),
            })
        })
        .collect();
    Ok(Answer::new(table.render(), json!({ "modules": lines })))
}

/// Runs all vectors of a province in its modules.
pub fn test(cli: &Cli, letters: &str, module: Option<&Path>) -> Result<Answer, Problem> {
    let province = place::province(letters)?;
    let root = place::root(cli.root.as_deref())?;
    let files = match module {
        Some(file) => vec![file.to_owned()],
        None => {
            let folder = place::modules(&root);
            let of_province = place::built(&root)?.into_iter().filter(|built| built.province == province.letters());
            of_province.map(|built| folder.join(built.file)).collect()
        }
    };
    if files.is_empty() {
        let what = format!("{letters} cannot be tested");
        return Err(Problem::new(what, "none of its modules is built", "build it with `icpctl rules build`"));
    }
    let local = Local::new()?;
    let (mut text, mut lines, mut failed) = (String::new(), Vec::new(), 0);
    for file in files {
        let loaded = local.load_file(&file)?;
        if loaded.province != province {
            let what = format!("{} is not of {letters}", file.display());
            let why = format!("it says it is for {}", loaded.province.letters());
            return Err(Problem::new(what, why, "name a module of the province"));
        }
        let version = loaded.module.info().version().to_owned();
        let vectors = vectors(&root, letters, &version)?;
        let failures: Vec<_> =
            vectors.iter().filter_map(|vector| local.host.run_vector(&loaded.module, vector).err()).collect();
        text += &format!("{letters} {version}: {} of {} vectors hold\n", vectors.len() - failures.len(), vectors.len());
        for failure in &failures {
            text +=
                &format!("  {}\n    expected {}\n    found    {}\n", failure.vector, failure.expected, failure.found);
        }
        if vectors.is_empty() {
            text += "  a module without vectors proves nothing\n";
        }
        failed += failures.len() + usize::from(vectors.is_empty());
        lines.push(json!({ "version": version, "vectors": vectors.len(), "failures": failures }));
    }
    let json = json!({ "province": letters, "modules": lines });
    Ok(Answer { text, json, is_failure: failed > 0 })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_member_is_added_once_and_to_the_workspace() {
        let manifest = "[workspace]\nmembers = [\n    \"a\",\n]\n[x]\nlist = []\n";
        let once = with_member(manifest, "\"b\"").unwrap();
        assert_eq!(once, "[workspace]\nmembers = [\n    \"a\",\n    \"b\",\n]\n[x]\nlist = []\n");
        assert_eq!(with_member(&once, "\"b\"").unwrap(), once);
        assert!(with_member("[package]\n", "\"b\"").is_none());
    }
}
