//! Checks on documents: that they agree with each other and with the tree.

use std::collections::BTreeSet;

use super::{Problem, SourceFile};

const ENGLISH: &str = "README.md";
const CHINESE: &str = "README.zh-CN.md";

/// Documents whose words in `code type` are checked as well as their links.
const MAPS: [&str; 5] = [ENGLISH, CHINESE, "ARCHITECTURE.md", "GLOSSARY.md", "rules-wasm/README.md"];

/// The two READMEs have the same headings in the same order of levels.
pub(crate) fn languages_agree(files: &[SourceFile]) -> Vec<Problem> {
    let levels_of = |path: &str| {
        let file = files.iter().find(|file| file.path == path)?;
        Some(heading_levels(file.text.as_deref()?))
    };
    let (Some(english), Some(chinese)) = (levels_of(ENGLISH), levels_of(CHINESE)) else {
        return [ENGLISH, CHINESE]
            .into_iter()
            .filter(|path| levels_of(path).is_none())
            .map(|path| Problem::of_file(path, "is missing"))
            .collect();
    };
    if english == chinese {
        return Vec::new();
    }
    let message = format!(
        "has {} headings (levels {chinese:?}) where {ENGLISH} has {} (levels {english:?}); say the same in both",
        chinese.len(),
        english.len()
    );
    vec![Problem::of_file(CHINESE, message)]
}

/// Files and folders that documents name are there.
pub(crate) fn named_paths(files: &[SourceFile]) -> Vec<Problem> {
    let tree = Tree::of(files);
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        let Some(text) = &file.text else { continue };
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_map = MAPS.contains(&file.path.as_str());
        for (line, prose) in prose_lines(text) {
            let links = link_targets(prose).into_iter().filter(|target| !tree.has(&join(folder, target)));
            let words = code_words(prose)
                .into_iter()
                .filter(|_| is_map)
                .flat_map(alternatives)
                .filter(|word| tree.claims(word) && !tree.has(word) && !tree.has(&join(folder, word)));
            let missing: BTreeSet<String> = links.map(str::to_owned).chain(words).collect();
            problems.extend(
                missing.into_iter().map(|path| Problem::of_line(file, line, format!("`{path}` does not exist"))),
            );
        }
    }
    problems
}

/// The files of the repository and every folder above them.
struct Tree<'a> {
    paths: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn of(files: &'a [SourceFile]) -> Self {
        let mut paths = BTreeSet::new();
        for file in files {
            let mut path = file.path.as_str();
            paths.insert(path);
            while let Some((folder, _)) = path.rsplit_once('/') {
                paths.insert(folder);
                path = folder;
            }
        }
        Self { paths }
    }

    fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        path.is_empty() || self.paths.contains(path)
    }

    /// Whether a word in code type means a path of this repository: it starts in one of its folders and is concrete.
    fn claims(&self, word: &str) -> bool {
        let Some((first, _)) = word.split_once('/') else {
            return false;
        };
        let is_concrete = !word.contains(['*', '<', '>', '…', '$', '?', '|', '(', ':', '{']) && !word.contains("...");
        is_concrete && !first.is_empty() && self.paths.contains(first)
    }
}

/// Lines outside code blocks, 1-based.
fn prose_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_block = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
            return None;
        }
        (!in_block).then_some((index + 1, line))
    })
}

fn heading_levels(text: &str) -> Vec<usize> {
    prose_lines(text)
        .map(|(_, line)| line.bytes().take_while(|byte| *byte == b'#').count())
        .filter(|level| (1..=6).contains(level))
        .collect()
}

/// The `target` of each `[text](target)` that points into the repository, without its `#fragment`.
fn link_targets(line: &str) -> Vec<&str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ', '#']).next())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
        .collect()
}

/// The words between back-ticks that hold no blank.
fn code_words(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).filter(|word| !word.is_empty() && !word.contains(char::is_whitespace)).collect()
}

/// `a/{b,c}/d` → `a/b/d`, `a/c/d`, as a shell would have it; other words stay as they are.
fn alternatives(word: &str) -> Vec<String> {
    let Some((before, inner, behind)) = word
        .split_once('{')
        .and_then(|(before, rest)| rest.split_once('}').map(|(inner, behind)| (before, inner, behind)))
    else {
        return vec![word.to_owned()];
    };
    inner.split(',').flat_map(|choice| alternatives(&format!("{before}{choice}{behind}"))).collect()
}

/// `folder/target` with `.` and `..` resolved.
fn join(folder: &str, target: &str) -> String {
    let base = if target.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn both_readmes_must_be_there_and_have_the_same_headings() {
        let english = || file(ENGLISH, "# A\n```sh\n# a comment\n```\n## B\n## C\n");
        assert!(languages_agree(&[english(), file(CHINESE, "# 甲\n## 乙\n## 丙\n")]).is_empty());

        let short = languages_agree(&[english(), file(CHINESE, "# 甲\n## 乙\n")]);
        assert_eq!(short.len(), 1);
        assert!(short[0].message.starts_with("has 2 headings"), "{}", short[0]);

        let alone = languages_agree(&[english()]);
        assert_eq!(alone, [Problem::of_file(CHINESE, "is missing")]);
    }

    #[test]
    fn links_are_followed_from_the_folder_of_the_document() {
        let problems = named_paths(&[
            file(
                "services/intake/README.md",
                "[map](../../ARCHITECTURE.md#map) [gone](../gone.md) [web](https://example.com/x)\n[here](#here)\n",
            ),
            file("ARCHITECTURE.md", ""),
        ]);
        assert_eq!(
            problems,
            [Problem {
                path: "services/intake/README.md".to_owned(),
                line: 1,
                message: "`../gone.md` does not exist".to_owned(),
            }]
        );
    }

    #[test]
    fn paths_in_code_type_are_checked_where_a_map_is_drawn() {
        let text = "\
| `services/intake` | `services/gone` |
| `services/{intake,lost}` | `services/*/x` | `text/plain` | `cargo demo` |
```
services/not-looked-at
```
";
        let tree = || [file("services/intake/Cargo.toml", ""), file("docs/other.md", "`services/gone`\n")];
        let mut files = vec![file(ENGLISH, text)];
        files.extend(tree());
        let found: Vec<(usize, String)> =
            named_paths(&files).into_iter().map(|problem| (problem.line, problem.message)).collect();
        assert_eq!(
            found,
            [(1, "`services/gone` does not exist".to_owned()), (2, "`services/lost` does not exist".to_owned()),]
        );
    }
}
