//! The content of a page, ready to be set: which template, its words, and what the file says about itself.

use std::path::{Path, PathBuf};

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A finished paper: everything that is printed, and what the file says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// How it is laid out.
    pub template: Template,
    /// Stable name of this paper: same name and content, same bytes.
    pub ident: String,
    /// The words, as the template reads them.
    pub data: Value,
}

/// How a paper is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Template {
    /// The verification slip.
    Slip,
    /// A letter.
    Letter,
    /// A receipt.
    Receipt,
}

impl Template {
    /// Whether the paper, without its annex, must fit on one page.
    pub fn is_one_page(self) -> bool {
        self != Self::Letter
    }
}

/// What a file says about itself, beside what is printed.
pub(crate) struct About {
    /// Title.
    pub title: String,
    /// Whose paper it is.
    pub author: String,
    /// Date of the paper.
    pub date: NaiveDate,
    /// Words for search, e.g. `is_official_wording=false`.
    pub keywords: Vec<String>,
    /// The same content for machines, attached to the PDF.
    pub attachment: Value,
}

impl Paper {
    pub(crate) fn new(template: Template, ident: String, about: About, body: impl Serialize) -> Self {
        let data = json!({
            "title": about.title,
            "author": about.author,
            "date": [about.date.year(), about.date.month(), about.date.day()],
            "keywords": about.keywords,
            "attachment": about.attachment.to_string(),
            "leaves_annex_out": false,
            "body": serde_json::to_value(body).unwrap_or_default(),
        });
        Self { template, ident, data }
    }

    /// The words of the page, for whom the layout does not matter.
    pub fn content(&self) -> &Value {
        &self.data["body"]
    }

    /// The paper without its annex (附页), if it has one.
    pub fn without_annex(&self) -> Option<Self> {
        let has_annex = self.data["body"]["annex"].is_object();
        has_annex.then(|| {
            let mut first = self.clone();
            first.data["leaves_annex_out"] = Value::Bool(true);
            first
        })
    }

    /// The words that a picture shows: without what is attached to the PDF for machines and without the annex.
    pub fn for_picture(self) -> Self {
        let mut shown = self.without_annex().unwrap_or(self);
        shown.data["attachment"] = json!("{}");
        if shown.data["body"]["annex"].is_object() {
            // That there is one is said on the page.
            shown.data["body"]["annex"] = json!({});
        }
        shown
    }

    /// What is attached to the PDF for machines (JSON).
    pub fn attachment(&self) -> &str {
        self.data["attachment"].as_str().unwrap_or_default()
    }
}

/// What the press is asked for: one paper in one form. It is the program's standard input, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrintJob {
    /// The paper.
    pub paper: Paper,
    /// The form.
    pub output: Output,
    /// The font file, where it is not searched in the usual places.
    pub font_file: Option<PathBuf>,
}

impl PrintJob {
    /// A job with the font of the settings; an empty path names none.
    pub fn new(paper: Paper, output: Output, font_file: &Path) -> Self {
        let font_file = (!font_file.as_os_str().is_empty()).then(|| font_file.to_owned());
        Self { paper, output, font_file }
    }
}

/// The form of a printed paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// All pages as a PDF (A4, PDF/A-3b).
    Pdf,
    /// The first page as a grey JPEG; an annex is in the PDF alone.
    Jpeg {
        /// Largest file, bytes.
        limit_bytes: usize,
    },
}

/// Why a paper is not printed, where its own words are the reason. It is the press's standard error then, as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// The font has no glyph for a character.
    #[error("the paper cannot print `{character}` (U+{:04X})", u32::from(*character))]
    NoGlyph {
        /// The character.
        character: char,
    },
    /// A page does not hold its content.
    #[error("the paper has one page and would take {pages}")]
    TooLong {
        /// How many pages it would take.
        pages: usize,
    },
}

/// A date as papers print it, e.g. `2026年11月22日`.
pub(crate) fn chinese_date(date: NaiveDate) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}
