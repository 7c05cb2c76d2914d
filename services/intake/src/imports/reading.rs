//! The filing that a row declares, or everything that is wrong with it.

use icp_domain::Filing;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::body::{Content, Row, UNREADABLE};
use super::columns;
use crate::api::problem::FieldError;
use crate::content;

/// Characters of a reference at most.
const REFERENCE_MAX: usize = 128;

/// A line that names its filing; a line without `filing` is the filing itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    #[serde(default, rename = "reference")]
    _reference: Option<String>,
    filing: Filing,
}

/// Reads a row and checks it as a new order is checked.
pub fn read(row: &Row) -> Result<Filing, Vec<FieldError>> {
    let mut errors = reference_errors(row);
    let filing = match &row.content {
        Content::Json(line) => from_line(line),
        Content::Cells(cells) => from_cells(cells),
        Content::TooLarge(bytes) => Err(vec![FieldError::new(
            "",
            format!("the row holds {bytes} bytes, more than a filing may"),
            "shorten it; in CSV, look for a quotation mark that is not closed",
        )]),
    };
    match filing {
        Ok(filing) => {
            errors.extend(content::validate(&filing));
            if errors.is_empty() { Ok(filing) } else { Err(errors) }
        }
        Err(faults) => {
            errors.extend(faults);
            Err(errors)
        }
    }
}

fn reference_errors(row: &Row) -> Vec<FieldError> {
    let Some(reference) = &row.reference else { return Vec::new() };
    let mut errors = Vec::new();
    let length = reference.chars().count();
    if length > REFERENCE_MAX || length == 0 || reference.chars().any(char::is_control) {
        let remedy = format!("give 1 to {REFERENCE_MAX} characters on one line, or leave it out");
        errors.push(FieldError::new("reference", "is no reference", remedy));
    }
    if let Some(earlier) = row.repeats {
        let reason = format!("is that of row {earlier} already");
        errors.push(FieldError::new("reference", reason, "give each row a reference of its own"));
    }
    errors
}

fn from_line(line: &str) -> Result<Filing, Vec<FieldError>> {
    #[derive(Deserialize)]
    struct Probe {
        filing: Option<IgnoredAny>,
    }
    if line.contains(UNREADABLE) {
        return Err(vec![FieldError::new("", "the line holds bytes that are not UTF-8", "write the line in UTF-8")]);
    }
    let is_named = serde_json::from_str::<Probe>(line).is_ok_and(|probe| probe.filing.is_some());
    let filing = if is_named { parse::<Named>(line).map(|named| named.filing) } else { parse(line) };
    filing.map_err(|mut error| {
        if let Some(path) = error.field.strip_prefix("filing.") {
            error.field = path.to_owned();
        }
        vec![error]
    })
}

fn parse<T: DeserializeOwned>(line: &str) -> Result<T, FieldError> {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let remedy = if inner.is_data() { "see /docs for the fields of a filing" } else { "mend the JSON of the line" };
        FieldError::new(if path == "." { String::new() } else { path }, inner.to_string(), remedy)
    })?;
    let trailing = |error: serde_json::Error| FieldError::new("", error.to_string(), "give one filing per line");
    deserializer.end().map_err(trailing)?;
    Ok(value)
}

fn from_cells(cells: &[(String, String)]) -> Result<Filing, Vec<FieldError>> {
    let mut errors = Vec::new();
    for (path, text) in cells {
        if path.is_empty() {
            errors.push(FieldError::new("", "a cell stands under no heading", "head its column, or empty it"));
        }
        if text.contains(UNREADABLE) {
            let remedy = "save the file in the charset that `Content-Type` declares";
            errors.push(FieldError::new(path, "holds bytes of another charset", remedy));
        }
    }
    match columns::to_json(cells) {
        Err(faults) => {
            errors.extend(faults);
            Err(errors)
        }
        Ok(_) if !errors.is_empty() => Err(errors),
        Ok(json) => serde_path_to_error::deserialize(json).map_err(|error| {
            let path = error.path().to_string();
            let remedy = "see /docs for the fields of a filing";
            vec![FieldError::new(path, error.into_inner().to_string(), remedy)]
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use icp_domain::Province;
    use icp_testkit::filings::company_filing;
    use serde_json::{Value, json};

    use super::*;

    fn row(content: Content) -> Row {
        Row { number: 1, reference: None, repeats: None, content }
    }

    fn line(value: &Value) -> Row {
        row(Content::Json(value.to_string()))
    }

    fn fields(row: &Row) -> Vec<String> {
        let errors = read(row).unwrap_err();
        assert!(errors.iter().all(|error| !error.reason.is_empty() && !error.remedy.is_empty()), "{errors:?}");
        errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn a_line_is_a_filing_or_names_one() {
        let filing = company_filing(Province::Guangdong, 1);
        assert_eq!(read(&line(&json!(filing))).unwrap(), filing);
        assert_eq!(read(&line(&json!({ "reference": "a", "filing": filing }))).unwrap(), filing);
    }

    #[test]
    fn faults_name_the_field_of_the_filing_in_both_forms() {
        let mut filing = json!(company_filing(Province::Guangdong, 1));
        filing["services"][0]["colour"] = json!("red");
        assert_eq!(fields(&line(&filing)), ["services[0].colour"]);
        assert_eq!(fields(&line(&json!({ "filing": filing }))), ["services[0].colour"]);
        let filing = json!(company_filing(Province::Guangdong, 1));
        assert_eq!(fields(&line(&json!({ "filing": filing, "colour": 1 }))), ["colour"]);
        assert_eq!(fields(&line(&json!({ "filing": filing, "reference": 7 }))), ["reference"]);
        for broken in ["", "{", "[]", "null", "{} {}", "\u{fffd}"] {
            assert_eq!(fields(&row(Content::Json(broken.to_owned()))).len(), 1, "{broken}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut filing = company_filing(Province::Guangdong, 1);
        filing.organiser.name = String::new();
        filing.services.clear();
        let content = Content::Json(json!(filing).to_string());
        let row = Row { number: 9, reference: Some("x".repeat(129)), repeats: Some(3), content };
        assert_eq!(fields(&row), ["reference", "reference", "organiser.name", "services"]);
        assert_eq!(fields(&self::row(Content::TooLarge(7))), [""]);
    }

    #[test]
    fn cells_without_heading_and_of_another_charset_are_told() {
        let cell = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let cells = vec![cell("", "stray"), cell("organiser.name", "\u{fffd}"), cell("province", "gd")];
        let told = fields(&row(Content::Cells(cells)));
        assert_eq!(told.get(..2).unwrap(), ["", "organiser.name"]);
        assert!(told.contains(&"order_type".to_owned()), "{told:?}");
    }
}
