//! Running all vectors of a province natively.

use std::path::Path;

use serde_json::{Value, json};

use super::Vector;
use super::file::override_path;
use crate::Finding;
use crate::book::ProvinceBook;

/// Set to 1 to have the differences of national vectors written as overrides. They fail until `because` is filled in.
const BLESS: &str = "ICP_VECTORS_BLESS";

/// Runs every vector of the book's edition: the national ones as they apply, the province's and the version's.
/// `root` is the folder `rules-wasm/vectors`.
///
/// # Errors
/// Which vectors fail and how, one per line; also when the province has none of its own.
pub fn run_province(book: &ProvinceBook, root: &Path) -> Result<usize, String> {
    let province = book.province.letters();
    let vectors = Vector::read_edition(root, province, book.version).map_err(|error| error.to_string())?;
    let mut failures = Vec::new();
    for vector in &vectors {
        let findings = crate::judge::judge(book, &vector.order, &vector.context);
        let requirements = crate::requirements::requirements(book, &vector.order, &vector.context);
        let requirements = serde_json::to_value(requirements).map_err(|error| error.to_string())?;
        let Err(difference) = vector.check(&findings, &requirements) else { continue };
        failures.push(difference);
        let is_blessed = std::env::var_os(BLESS).is_some_and(|value| value == "1");
        if let Some(name) = vector.name.strip_prefix("national/").filter(|_| is_blessed) {
            let value = blessed(vector, &findings, &requirements);
            write(root, province, name, value).map_err(|error| error.to_string())?;
        }
    }
    let own = vectors.iter().filter(|vector| !vector.name.starts_with("national/")).count();
    if own == 0 {
        failures.push(format!("{province} has no vector of its own"));
    }
    if failures.is_empty() {
        Ok(vectors.len())
    } else {
        Err(format!("{} of {} vectors fail:\n{}", failures.len(), vectors.len(), failures.join("\n")))
    }
}

/// The override that would hold.
fn blessed(vector: &Vector, findings: &[Finding], requirements: &Value) -> Value {
    let list = |name: &str, key: &str| -> Vec<Value> {
        let entries = requirements.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        entries.iter().filter_map(|entry| entry.get(key)).cloned().collect()
    };
    let expect = vector.found(findings);
    let mut value = json!({"because": "", "expect": expect});
    if let Some(map) = value.as_object_mut() {
        if vector.documents.is_some() {
            map.insert("documents".to_owned(), json!(list("documents", "kind")));
        }
        if vector.sms.is_some() {
            map.insert("sms".to_owned(), json!(vector.sms_found(requirements)));
        }
        if vector.checklist.is_some() {
            map.insert("checklist".to_owned(), json!(list("checklist", "name")));
        }
        if vector.checklist_all.is_some() {
            map.insert("checklist_all".to_owned(), json!(list("checklist", "name")));
        }
        if !vector.requires.is_empty() {
            let actual = |pointer: &String| requirements.pointer(pointer).cloned().unwrap_or(Value::Null);
            let requires: serde_json::Map<String, Value> =
                vector.requires.keys().map(|pointer| (pointer.clone(), actual(pointer))).collect();
            map.insert("requires".to_owned(), Value::Object(requires));
        }
    }
    value
}

/// Writes the override of a vector, or adds that of a row to what stands in the file; `because` is for the reader.
fn write(root: &Path, province: &str, name: &str, mut value: Value) -> std::io::Result<()> {
    let row = name.strip_suffix(']').and_then(|name| name.split_once('['));
    let path = override_path(root, province, row.map_or(name, |(stem, _)| stem));
    if let (Some((_, label)), Some(map)) = (row, value.as_object_mut()) {
        map.remove("because");
        let mut whole: Value = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(_) => json!({"but": {}}),
        };
        if let Some(whole) = whole.as_object_mut() {
            whole.insert("because".to_owned(), json!(""));
            let rows = whole.entry("but").or_insert_with(|| json!({}));
            if let Some(rows) = rows.as_object_mut() {
                rows.insert(label.to_owned(), value);
            }
        }
        value = whole;
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut text = serde_json::to_string_pretty(&value)?;
    text.push('\n');
    std::fs::write(path, text)
}
