//! Checks on the plain text of files.

use super::{Problem, SourceFile};

const RUST_FILE_MOST_LINES: usize = 600;
const FILE_MOST_BYTES: u64 = 1 << 20;
const CLEAN_TEXT: [&str; 6] = [".rs", ".toml", ".md", ".proto", ".wit", ".sql"];

/// Left-over notes and aids. Spelt in halves, so that this file does not find itself.
const MARKERS: [&str; 5] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("dbg", "!("), concat!("to", "do!(")];
const MARKER_FILES: [&str; 8] = [".rs", ".toml", ".md", ".proto", ".wit", ".sql", ".sh", ".yaml"];
/// On a line that needs such a word, e.g. because a bureau's form has it.
const MARKER_WAIVER: &str = "tidy-allow:";

const HOME_FOLDERS: [&str; 3] = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];

/// Rust files that surely hold two ideas, and files that do not belong into git.
pub(crate) fn sizes(files: &[SourceFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in files {
        let lines = file.text.as_deref().map_or(0, |text| text.lines().count());
        if file.path.ends_with(".rs") && lines > RUST_FILE_MOST_LINES {
            problems.push(Problem::of_file(
                &file.path,
                format!("{lines} lines, more than {RUST_FILE_MOST_LINES}: which two ideas does it hold?"),
            ));
        }
        if file.size_bytes > FILE_MOST_BYTES {
            problems.push(Problem::of_file(
                &file.path,
                format!("{} KiB, more than 1 MiB: keep it out of git", file.size_bytes / 1024),
            ));
        }
    }
    problems
}

/// Blanks at the ends of lines, and a last line without an end.
pub(crate) fn whitespace(files: &[SourceFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in texts_with(files, &CLEAN_TEXT) {
        for (index, line) in text.split('\n').enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                problems.push(Problem::of_line(file, index + 1, "blank or carriage return at the end of the line"));
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            problems.push(Problem::of_file(&file.path, "no newline at the end of the file"));
        }
    }
    problems
}

/// Notes to oneself and debugging aids.
pub(crate) fn markers(files: &[SourceFile]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, text) in texts_with(files, &MARKER_FILES) {
        for (index, line) in text.lines().enumerate() {
            if line.contains(MARKER_WAIVER) {
                continue;
            }
            if let Some(marker) = MARKERS.iter().find(|marker| contains_word(line, marker)) {
                problems.push(Problem::of_line(
                    file,
                    index + 1,
                    format!("`{marker}` is left over: do it, or open an issue (waive with `{MARKER_WAIVER} reason`)"),
                ));
            }
        }
    }
    problems
}

/// Folders of one developer's machine.
pub(crate) fn machine_paths(files: &[SourceFile], root: &str) -> Vec<Problem> {
    // A root such as `/app` is too common a name to search for.
    let root_is_telling = root.matches('/').count() > 1;
    let mut problems = Vec::new();
    for file in files {
        let Some(text) = &file.text else { continue };
        for (index, line) in text.lines().enumerate() {
            let home = HOME_FOLDERS.iter().find(|folder| contains_absolute(line, folder));
            let found = home.copied().or((root_is_telling && line.contains(root)).then_some(root));
            if let Some(found) = found {
                problems.push(Problem::of_line(
                    file,
                    index + 1,
                    format!(
                        "`{found}` is a folder of one machine: name it relative to the repository or by a variable"
                    ),
                ));
            }
        }
    }
    problems
}

fn texts_with<'a>(files: &'a [SourceFile], endings: &'a [&str]) -> impl Iterator<Item = (&'a SourceFile, &'a str)> {
    files
        .iter()
        .filter(|file| endings.iter().any(|ending| file.path.ends_with(ending)))
        .filter_map(|file| Some((file, file.text.as_deref()?)))
}

/// `marker` with no letter, digit or underscore touching it (a marker that ends with a bracket needs none behind it).
fn contains_word(line: &str, marker: &str) -> bool {
    let touches = |character: Option<char>| {
        character.is_some_and(|character| character.is_ascii_alphanumeric() || character == '_')
    };
    line.match_indices(marker).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let behind = line[start + marker.len()..].chars().next();
        !touches(before) && (marker.ends_with('(') || !touches(behind))
    })
}

/// `folder` as the beginning of a path, not in the middle of a longer one such as `docs/home/x`.
fn contains_absolute(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|character| character.is_ascii_alphanumeric() || "._-}>/".contains(character))
    })
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn lines_of(problems: &[Problem]) -> Vec<usize> {
        problems.iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn long_rust_files_and_big_files_are_named() {
        let long = file("a.rs", &"x\n".repeat(RUST_FILE_MOST_LINES + 1));
        let just_right = file("b.rs", &"x\n".repeat(RUST_FILE_MOST_LINES));
        let long_data = file("c.sql", &"x\n".repeat(RUST_FILE_MOST_LINES + 1));
        let picture = SourceFile { path: "d.jpg".to_owned(), size_bytes: FILE_MOST_BYTES + 1, text: None };
        let problems = sizes(&[long, just_right, long_data, picture]);
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["a.rs", "d.jpg"]);
    }

    #[test]
    fn blanks_at_line_ends_and_missing_newlines_are_found() {
        let problems = whitespace(&[
            file("a.rs", "fine\nblank \ntab\t\nreturn\r\n"),
            file("b.md", "no end"),
            file("c.txt", "not looked at "),
            file("empty.rs", ""),
        ]);
        assert_eq!(lines_of(&problems), [2, 3, 4, 0]);
    }

    #[test]
    fn markers_are_found_as_words_only() {
        let marker = MARKERS[0];
        let text = format!(
            "// {marker}: later\nlet {marker}_LIST = 1;\n// {marker} tidy-allow: the form says so\n{}x);\nnot_{}x);\n",
            MARKERS[3], MARKERS[3]
        );
        assert_eq!(lines_of(&markers(&[file("a.rs", &text)])), [1, 4]);
    }

    #[test]
    fn a_marker_beside_chinese_text_counts() {
        let text = format!("\"{}是部门的领导\"\n", MARKERS[2]);
        assert_eq!(lines_of(&markers(&[file("a.rs", &text)])), [1]);
    }

    #[test]
    fn folders_of_a_machine_are_found_but_not_their_namesakes() {
        let home = HOME_FOLDERS[0];
        let text = format!(
            "see {home}jo/x\nsee docs{home}x\nsee ${{base}}{home}x\nsee /srv/git/icp/y\nurl: https://x{home}y\n"
        );
        let problems = machine_paths(&[file("a.md", &text)], "/srv/git/icp");
        assert_eq!(lines_of(&problems), [1, 4]);
        assert!(machine_paths(&[file("Dockerfile", "WORKDIR /app\n")], "/app").is_empty());
    }
}
