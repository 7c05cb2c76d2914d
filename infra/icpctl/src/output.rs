//! What is answered: text with tables for people, JSON for machines.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// The answer of a verb.
#[derive(Debug, Default)]
pub struct Answer {
    /// For people.
    pub text: String,
    /// For machines.
    pub json: Value,
    /// Something was answered, but it is bad news.
    pub is_failure: bool,
}

impl Answer {
    /// A good answer.
    pub fn new(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json, is_failure: false }
    }

    /// Prints it to stdout.
    pub fn print(&self, is_json: bool) -> ExitCode {
        if is_json {
            println!("{}", self.json);
        } else {
            println!("{}", self.text.trim_end());
        }
        if self.is_failure { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// Rows in aligned columns. Chinese characters are two columns wide.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has headings only.
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// The table as text.
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let padding = width.saturating_sub(cell.width()) + 2;
                // Writing to a string cannot fail.
                let _ = write!(line, "{cell}{:padding$}", "");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// The first digits of a digest, enough for people.
pub fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_with_chinese_in_them() {
        let mut table = Table::new(&["bureau", "version"]);
        table.row(["广东".to_owned(), "1.0.0".to_owned()]);
        assert_eq!(table.render(), "bureau  version\n广东    1.0.0\n");
        assert!(!table.is_empty());
    }
}
