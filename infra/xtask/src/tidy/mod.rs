//! Checks that neither the compiler nor clippy makes. Each is a plain function from files to problems.

mod documents;
mod glossary;
mod manifests;
mod text;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// One file that is, or is about to be, under version control.
pub(crate) struct SourceFile {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) size_bytes: u64,
    /// `None` for what is not UTF-8, such as an image.
    pub(crate) text: Option<String>,
}

/// What is wrong, where, and by what it is mended.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) path: String,
    /// 1-based; 0 means the file as a whole.
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Problem {
    fn of_line(file: &SourceFile, line: usize, message: impl Into<String>) -> Self {
        Self { path: file.path.clone(), line, message: message.into() }
    }

    fn of_file(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: 0, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.path, self.message),
            line => write!(formatter, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Runs all checks over the repository at `root`.
pub(crate) fn run(root: &Path) -> Result<()> {
    let files = files(root)?;
    let problems = problems(&files, &root.to_string_lossy());
    for problem in &problems {
        eprintln!("{problem}");
    }
    if !problems.is_empty() {
        bail!("tidy found {} problem(s) in {} files", problems.len(), files.len());
    }
    println!("tidy: {} files, nothing to complain about", files.len());
    Ok(())
}

fn problems(files: &[SourceFile], root: &str) -> BTreeSet<Problem> {
    let mut problems = BTreeSet::new();
    problems.extend(text::sizes(files));
    problems.extend(text::whitespace(files));
    problems.extend(text::markers(files));
    problems.extend(text::machine_paths(files, root));
    problems.extend(manifests::lints(files));
    problems.extend(manifests::versions(files));
    problems.extend(manifests::service_folders(files));
    problems.extend(documents::languages_agree(files));
    problems.extend(documents::named_paths(files));
    problems.extend(glossary::types_exist(files));
    problems
}

/// What git tracks, and what it would track if one added everything now.
fn files(root: &Path) -> Result<Vec<SourceFile>> {
    let output = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("git could not be started")?;
    if !output.status.success() {
        bail!("`git ls-files` failed: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    let mut files = Vec::new();
    for path in output.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty()) {
        let path = String::from_utf8(path.to_vec()).context("a file name is not UTF-8")?;
        // A deleted file that is still in the index, or a link to nowhere, has no content to check.
        let Ok(bytes) = fs::read(root.join(&path)) else {
            continue;
        };
        files.push(SourceFile { path, size_bytes: bytes.len() as u64, text: String::from_utf8(bytes).ok() });
    }
    Ok(files)
}

#[cfg(test)]
pub(crate) fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), size_bytes: text.len() as u64, text: Some(text.to_owned()) }
}
