//! Checks on `Cargo.toml` files and on what a service folder must have.

use std::collections::BTreeSet;

use super::{Problem, SourceFile};

/// What every folder of `services` has beside its code; `services/shared` holds libraries.
const SERVICE_FILES: [&str; 2] = ["README.md", "config.default.toml"];

/// Every crate takes the workspace's lints, or has a lints table of its own with the reason in a comment above it.
pub(crate) fn lints(files: &[SourceFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in member_manifests(files) {
        let takes_them = entries(text).any(|entry| entry.section == "lints" && entry.text == "workspace = true");
        if !takes_them && !has_explained_lints(text) {
            problems.push(Problem::of_file(
                &file.path,
                "add `[lints]` with `workspace = true`, or a lints table of its own with the reason in a comment above",
            ));
        }
    }
    problems
}

fn has_explained_lints(text: &str) -> bool {
    let mut line_above = "";
    for line in text.lines() {
        if line.starts_with("[lints.") {
            return line_above.starts_with('#');
        }
        line_above = line;
    }
    false
}

/// Versions of dependencies stand once, in the root's `[workspace.dependencies]`.
pub(crate) fn versions(files: &[SourceFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in member_manifests(files) {
        for entry in entries(text) {
            let own_version = if is_dependency_table(entry.section) {
                !entry.text.contains("workspace = true")
            } else if is_single_dependency(entry.section) {
                ["version ", "version=", "git ", "git=", "path ", "path="].iter().any(|key| entry.text.starts_with(key))
            } else {
                false
            };
            if own_version {
                problems.push(Problem::of_line(
                    file,
                    entry.line,
                    format!(
                        "`{}`: put it into the root's [workspace.dependencies] and write `.workspace = true` here",
                        entry.text
                    ),
                ));
            }
        }
    }
    problems
}

/// A service can be read (README) and configured (every key with its default).
pub(crate) fn service_folders(files: &[SourceFile]) -> Vec<Problem> {
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let mut problems = Vec::new();
    for path in &paths {
        let Some(folder) = path.strip_prefix("services/").and_then(|rest| rest.strip_suffix("/Cargo.toml")) else {
            continue;
        };
        if folder.contains('/') {
            continue;
        }
        for needed in SERVICE_FILES {
            let needed = format!("services/{folder}/{needed}");
            if !paths.contains(needed.as_str()) {
                problems.push(Problem::of_file(&needed, "is missing; every service has one"));
            }
        }
    }
    problems
}

/// A manifest below the root with a `[workspace]` of its own is no member.
fn member_manifests(files: &[SourceFile]) -> impl Iterator<Item = (&SourceFile, &str)> {
    files
        .iter()
        .filter(|file| file.path.ends_with("/Cargo.toml"))
        .filter_map(|file| Some((file, file.text.as_deref()?)))
        .filter(|(_, text)| !text.lines().any(|line| line.trim() == "[workspace]"))
}

/// One `key = value` line, with the table that it stands in.
struct Entry<'a> {
    section: &'a str,
    line: usize,
    text: &'a str,
}

/// Reads a manifest line by line. It knows TOML as manifests are written here: a dependency is one line, or a table of
/// its own. The inner lines of a long array are no entries.
fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut section = "";
    let mut open_brackets = 0_usize;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.split(" #").next().unwrap_or(line).trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let inside_array = open_brackets > 0;
        if !inside_array && let Some(heading) = line.strip_prefix('[') {
            section = heading.trim_matches(['[', ']', ' ']);
            return None;
        }
        open_brackets = (open_brackets + line.matches('[').count()).saturating_sub(line.matches(']').count());
        (!inside_array).then_some(Entry { section, line: index + 1, text: line })
    })
}

const DEPENDENCY_TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// `[dependencies]` and its kin, also below `[target.'cfg(…)']`.
fn is_dependency_table(section: &str) -> bool {
    let last = section.rsplit('.').next().unwrap_or(section);
    DEPENDENCY_TABLES.contains(&last)
}

/// `[dependencies.name]`.
fn is_single_dependency(section: &str) -> bool {
    section.rsplit_once('.').is_some_and(|(table, _)| is_dependency_table(table))
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn a_crate_takes_the_lints_or_says_why_not() {
        let with = file("a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n");
        let without = file("b/Cargo.toml", "[package]\nname = \"b\"\n[dependencies]\nx.workspace = true\n");
        let excused = file(
            "c/Cargo.toml",
            "[package]\n# The generated code needs unsafe.\n[lints.rust]\nmissing_docs = \"warn\"\n",
        );
        let unexplained = file("d/Cargo.toml", "[package]\n\n[lints.rust]\nmissing_docs = \"warn\"\n");
        let root = file("Cargo.toml", "[workspace]\n");
        let apart = file("e/Cargo.toml", "[workspace]\n\n[package]\nname = \"e\"\n[dependencies]\nx = \"1\"\n");
        let problems = lints(&[with, without, excused, unexplained, root, apart]);
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["b/Cargo.toml", "d/Cargo.toml"]);
    }

    #[test]
    fn versions_outside_the_root_are_found_in_every_form() {
        let text = "\
[package]
version = \"1.0.0\"

[dependencies]
good.workspace = true
also_good = { workspace = true, features = [\"x\"] }
bad = \"1\" # for now
worse = { version = \"1\", features = [\"x\"] }

[target.'cfg(unix)'.dev-dependencies]
hidden = \"2\"

[dependencies.table]
version = \"3\"

[dependencies.fine]
workspace = true
features = [
    \"version\",
]

[features]
full = [\"good/full\"]
";
        let problems = versions(&[file("a/Cargo.toml", text)]);
        let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [7, 8, 11, 14]);
    }

    #[test]
    fn a_service_has_a_readme_and_its_configuration() {
        let problems = service_folders(&[
            file("services/whole/Cargo.toml", ""),
            file("services/whole/README.md", ""),
            file("services/whole/config.default.toml", ""),
            file("services/half/Cargo.toml", ""),
            file("services/half/README.md", ""),
            file("services/shared/kit/Cargo.toml", ""),
        ]);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "services/half/config.default.toml");
    }
}
