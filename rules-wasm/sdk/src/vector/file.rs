//! Reading vector files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use icp_domain::Province;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Vector, VectorError, json, place};
use crate::{Context, Order};

/// Folder of the vectors that every province runs.
const NATIONAL: &str = "national";

/// A vector as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorFile {
    /// What it shows.
    shows: String,
    /// File name of the base: in the province's folder, else in the national one.
    base: PathBuf,
    /// JSON pointer → value; null removes an optional field.
    #[serde(default)]
    change: Map<String, Value>,
    /// A table: JSON pointer → its value in each row. A row's label is its values, in the order of the pointers. A key
    /// without `/` changes nothing, its texts are labels for `but`.
    #[serde(default)]
    each: BTreeMap<String, Vec<Value>>,
    /// What differs for the row with this label.
    #[serde(default)]
    but: BTreeMap<String, Row>,
    /// The rules whose findings are looked at; absent: all.
    #[serde(default)]
    only: Option<Vec<String>>,
    /// `severity code field (rule)` of every finding.
    expect: Vec<String>,
    /// Part of the requirements by JSON pointer.
    #[serde(default)]
    requires: Map<String, Value>,
    /// Kinds of all documents that are asked for.
    #[serde(default)]
    documents: Option<Vec<String>>,
    /// Fields of all persons who get the ministry's SMS.
    #[serde(default)]
    sms: Option<Vec<String>>,
    /// Names of items that the checklist holds.
    #[serde(default)]
    checklist: Option<Vec<String>>,
    /// Names of all items of the checklist.
    #[serde(default)]
    checklist_all: Option<Vec<String>>,
}

/// What a province expects of a national vector instead.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideFile {
    /// Why the province differs.
    because: String,
    /// What it changes in the base beside the national vector's changes.
    #[serde(default)]
    change: Map<String, Value>,
    /// What differs for the row with this label.
    #[serde(default)]
    but: BTreeMap<String, Row>,
    /// `severity code field (rule)` of every finding; absent with `but`: as in the national vector.
    #[serde(default)]
    expect: Option<Vec<String>>,
    /// Part of the requirements by JSON pointer.
    #[serde(default)]
    requires: Map<String, Value>,
    /// Kinds of all documents that are asked for.
    #[serde(default)]
    documents: Option<Vec<String>>,
    /// Fields of all persons who get the ministry's SMS.
    #[serde(default)]
    sms: Option<Vec<String>>,
    /// Names of items that the checklist holds.
    #[serde(default)]
    checklist: Option<Vec<String>>,
    /// Names of all items of the checklist.
    #[serde(default)]
    checklist_all: Option<Vec<String>>,
}

/// What differs for one row of a table; what is not named stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    change: Map<String, Value>,
    #[serde(default)]
    expect: Option<Vec<String>>,
    #[serde(default)]
    requires: Map<String, Value>,
    #[serde(default)]
    documents: Option<Vec<String>>,
    #[serde(default)]
    sms: Option<Vec<String>>,
    #[serde(default)]
    checklist: Option<Vec<String>>,
    #[serde(default)]
    checklist_all: Option<Vec<String>>,
}

/// A base: a complete order and what is known beside it, or another base and changes to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BaseFile {
    #[serde(default)]
    filing: Option<Value>,
    #[serde(default)]
    context: Option<Value>,
    /// The other base, found as a vector's base is; a province's base may so change the national one of its own name.
    #[serde(default)]
    base: Option<PathBuf>,
    #[serde(default)]
    change: Map<String, Value>,
}

impl Vector {
    /// Reads all vectors of one edition: the national ones as they apply to the province, those of the province and,
    /// where there is a folder, those of the version, e.g. `gd` and `gd-1.1.0`. Sorted by name within a folder.
    ///
    /// # Errors
    /// When a file cannot be read, is not what it should be, or a change points nowhere.
    pub fn read_edition(root: &Path, province: &str, version: &str) -> Result<Vec<Self>, VectorError> {
        let own = root.join(province);
        let mut vectors = Vec::new();
        for path in files(&root.join(NATIONAL))? {
            vectors.extend(national(root, province, &path)?);
        }
        let of_version = root.join(format!("{province}-{version}"));
        for folder in [own, of_version] {
            if folder.is_dir() {
                for path in files(&folder)? {
                    vectors.extend(read(root, province, &path, None)?);
                }
            }
        }
        Ok(vectors)
    }
}

/// Where the province's expectation of a national vector would stand.
pub(super) fn override_path(root: &Path, province: &str, name: &str) -> PathBuf {
    root.join(province).join("overrides").join(format!("{name}.json"))
}

/// The vector files of a folder; those whose name begins with `base` are bases.
fn files(folder: &Path) -> Result<Vec<PathBuf>, VectorError> {
    let failed = |source| VectorError::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".json") && !name.starts_with("base") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn national(root: &Path, province: &str, path: &Path) -> Result<Vec<Vector>, VectorError> {
    let other = override_path(root, province, &stem(path));
    let replaced = if other.is_file() { Some(read_json::<OverrideFile>(&other)?) } else { None };
    let content = |problem: &str| VectorError::Content { path: other.clone(), problem: problem.to_owned() };
    if let Some(replaced) = &replaced {
        if replaced.because.trim().is_empty() {
            return Err(content("`because` must say why the province differs"));
        }
        if replaced.expect.is_none() && replaced.but.is_empty() {
            return Err(content("an override has `expect`, or `but` for rows of a table"));
        }
    }
    let mut vectors = read(root, province, path, replaced)?;
    for vector in &mut vectors {
        vector.name = format!("{NATIONAL}/{}", vector.name);
    }
    Ok(vectors)
}

fn read(root: &Path, province: &str, path: &Path, replaced: Option<OverrideFile>) -> Result<Vec<Vector>, VectorError> {
    let mut file: VectorFile = read_json(path)?;
    let mut base = read_base(root, province, path, &file.base)?;
    apply(&mut base, std::mem::take(&mut file.change), path)?;
    let mut vector = Vector {
        name: stem(path),
        shows: file.shows,
        order: Order::default(),
        context: Context::default(),
        expect: file.expect,
        only: file.only,
        requires: file.requires,
        documents: file.documents,
        sms: file.sms,
        checklist: file.checklist,
        checklist_all: file.checklist_all,
    };
    let mut different = vec![file.but];
    if let Some(replaced) = replaced {
        apply(&mut base, replaced.change, path)?;
        if let Some(expect) = replaced.expect {
            vector.expect = expect;
            (vector.requires, vector.documents, vector.sms) = (replaced.requires, replaced.documents, replaced.sms);
            (vector.checklist, vector.checklist_all) = (replaced.checklist, replaced.checklist_all);
            different.clear();
        }
        different.push(replaced.but);
    }
    let content = |problem| VectorError::Content { path: path.to_owned(), problem };
    let here = Province::parse(province).ok_or_else(|| content(format!("there is no province `{province}`")))?;
    let rows = rows(&file.each).map_err(content)?;
    let known = |label: &String| rows.iter().any(|(known, _)| known.as_ref() == Some(label));
    if let Some(label) = different.iter().flat_map(BTreeMap::keys).find(|label| !known(label)) {
        return Err(content(format!("`but` names the row `{label}`, which there is not")));
    }
    let finish = |(label, changes): &Changes| {
        let (mut base, mut vector) = (base.clone(), vector.clone());
        apply(&mut base, changes.clone(), path)?;
        if let Some(label) = label {
            vector.name = format!("{}[{label}]", vector.name);
            for row in different.iter().filter_map(|rows| rows.get(label)) {
                apply(&mut base, row.change.clone(), path)?;
                row.replace(&mut vector);
            }
        }
        place::fill(&mut base, here).map_err(content)?;
        (vector.order, vector.context) = json::case(base).map_err(content)?;
        Ok(vector)
    };
    rows.iter().map(finish).collect()
}

impl Row {
    fn replace(&self, vector: &mut Vector) {
        let replace = |target: &mut Option<Vec<String>>, list: &Option<Vec<String>>| {
            if list.is_some() {
                target.clone_from(list);
            }
        };
        if let Some(expect) = &self.expect {
            vector.expect.clone_from(expect);
        }
        replace(&mut vector.documents, &self.documents);
        replace(&mut vector.sms, &self.sms);
        replace(&mut vector.checklist, &self.checklist);
        replace(&mut vector.checklist_all, &self.checklist_all);
        vector.requires.extend(self.requires.clone());
    }
}

/// What a row changes, with its label.
type Changes = (Option<String>, Map<String, Value>);

/// The rows of a table with their labels; without a table there is one row without a label.
fn rows(each: &BTreeMap<String, Vec<Value>>) -> Result<Vec<Changes>, String> {
    let Some(count) = each.values().map(Vec::len).max() else { return Ok(vec![(None, Map::new())]) };
    if each.values().any(|values| values.len() != count) {
        return Err("the lists of `each` must have the same length".to_owned());
    }
    let mut rows: Vec<Changes> = Vec::with_capacity(count);
    for index in 0..count {
        let changes: Map<String, Value> = each
            .iter()
            .filter(|(pointer, _)| pointer.starts_with('/'))
            .filter_map(|(pointer, values)| values.get(index).map(|value| (pointer.clone(), value.clone())))
            .collect();
        let words: Vec<String> = each
            .values()
            .filter_map(|values| values.get(index))
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        let label = Some(words.join(" "));
        if rows.iter().any(|(known, _)| *known == label) {
            return Err(format!("the row `{}` stands twice in `each`", words.join(" ")));
        }
        rows.push((label, changes));
    }
    Ok(rows)
}

/// The base of that name for the file at `of`: beside it (or where its path leads), the province's, the national one;
/// never the file itself.
fn find_base(root: &Path, province: &str, of: &Path, name: &Path) -> PathBuf {
    let is_plain = name.components().count() == 1;
    let own = root.join(province).join(name);
    let beside = of.with_file_name(name);
    let candidates = if is_plain { [own, beside] } else { [beside, own] };
    let is_other = |path: &PathBuf| path.is_file() && path != of;
    candidates.into_iter().find(is_other).unwrap_or_else(|| root.join(NATIONAL).join(name))
}

fn read_base(root: &Path, province: &str, of: &Path, name: &Path) -> Result<Value, VectorError> {
    let path = &find_base(root, province, of, name);
    let file: BaseFile = read_json(path)?;
    let content = |problem: &str| VectorError::Content { path: path.clone(), problem: problem.to_owned() };
    let mut base = match (file.base, file.filing, file.context) {
        (Some(other), None, None) if path != of => read_base(root, province, path, &other)?,
        (Some(_), None, None) => return Err(content("the base is its own base")),
        (None, Some(filing), Some(context)) => {
            Value::Object([("filing".to_owned(), filing), ("context".to_owned(), context)].into_iter().collect())
        }
        _ => return Err(content("a base has `filing` and `context`, or `base` and `change`")),
    };
    apply(&mut base, file.change, path)?;
    Ok(base)
}

fn apply(base: &mut Value, changes: Map<String, Value>, path: &Path) -> Result<(), VectorError> {
    for (pointer, value) in changes {
        json::set(base, &pointer, value).ok_or_else(|| VectorError::Pointer { path: path.to_owned(), pointer })?;
    }
    Ok(())
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, VectorError> {
    let bytes = std::fs::read(path).map_err(|source| VectorError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| VectorError::Json { path: path.to_owned(), source })
}
