//! Vectors: an order in, findings out, as readable files.
//!
//! A vector names a base file and what it changes in it by JSON pointers, so that one sees at a glance what is
//! tested. `expect` lists every finding as `severity code field (rule)`; nothing else may be found.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Context, Date, Finding, Order, Severity};

/// Why a vector cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// A file cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} is not a vector")]
    Json {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A change points nowhere.
    #[error("{path}: `{pointer}` points to nothing in the base")]
    Pointer {
        /// Which file.
        path: PathBuf,
        /// Which JSON pointer.
        pointer: String,
    },
}

/// A vector as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorFile {
    /// What it shows.
    shows: String,
    /// File name of the base beside it.
    base: PathBuf,
    /// JSON pointer → value; null removes an optional field.
    #[serde(default)]
    change: Map<String, Value>,
    /// `severity code field (rule)` of every finding.
    expect: Vec<String>,
    /// Part of the requirements by JSON pointer.
    #[serde(default)]
    requires: Map<String, Value>,
}

/// A base: a complete order and what is known beside it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BaseFile {
    filing: icp_domain::Filing,
    context: ContextFile,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextFile {
    today: chrono::NaiveDate,
    #[serde(default)]
    materials: Option<Vec<MaterialFile>>,
    #[serde(default)]
    enterprise: Option<EnterpriseFile>,
    #[serde(default)]
    domains: Vec<DomainFile>,
    #[serde(default)]
    phone_uses: Vec<crate::PhoneUse>,
    #[serde(default)]
    filed_services: Option<u32>,
    #[serde(default)]
    orders_in_flight: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MaterialFile {
    kind: String,
    #[serde(default)]
    service: Option<u32>,
    media_type: String,
    size_bytes: u64,
    #[serde(default)]
    issued: Option<chrono::NaiveDate>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnterpriseFile {
    found: bool,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    legal_representative: Option<String>,
    #[serde(default)]
    status: Option<crate::EnterpriseStatus>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DomainFile {
    domain: String,
    found: bool,
    #[serde(default)]
    real_named: Option<bool>,
    #[serde(default)]
    holder_name: Option<String>,
    #[serde(default)]
    expires: Option<chrono::NaiveDate>,
    #[serde(default)]
    registrable: Option<String>,
}

impl From<ContextFile> for Context {
    fn from(file: ContextFile) -> Self {
        let material = |file: MaterialFile| crate::Material {
            kind: file.kind,
            service: file.service,
            media_type: file.media_type,
            size_bytes: file.size_bytes,
            issued: file.issued.map(Date::from),
        };
        let domain = |file: DomainFile| crate::DomainAnswer {
            domain: file.domain,
            found: file.found,
            real_named: file.real_named,
            holder_name: file.holder_name,
            expires: file.expires.map(Date::from),
            registrable: file.registrable,
        };
        let enterprise = |file: EnterpriseFile| crate::EnterpriseAnswer {
            found: file.found,
            name: file.name,
            legal_representative: file.legal_representative,
            status: file.status,
        };
        Self {
            today: file.today.into(),
            materials: file.materials.map(|list| list.into_iter().map(material).collect()),
            enterprise: file.enterprise.map(enterprise),
            domains: file.domains.into_iter().map(domain).collect(),
            phone_uses: file.phone_uses,
            filed_services: file.filed_services,
            orders_in_flight: file.orders_in_flight,
        }
    }
}

/// A vector ready to run; this form also travels with a module.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// File name without its ending.
    pub name: String,
    /// What it shows.
    pub shows: String,
    /// The order.
    pub order: Order,
    /// What is known beside it.
    pub context: Context,
    /// Every finding, as [`summary`] writes it.
    pub expect: Vec<String>,
    /// Parts of the requirements by JSON pointer.
    pub requires: Map<String, Value>,
}

impl Vector {
    /// Reads one vector file and its base.
    ///
    /// # Errors
    /// When a file cannot be read, is not what it should be, or a change points nowhere.
    pub fn read(path: &Path) -> Result<Self, VectorError> {
        let file: VectorFile = read_json(path)?;
        let mut base: Value = read_json(&path.with_file_name(&file.base))?;
        for (pointer, value) in file.change {
            set(&mut base, &pointer, value).ok_or_else(|| VectorError::Pointer { path: path.to_owned(), pointer })?;
        }
        let base: BaseFile =
            serde_json::from_value(base).map_err(|source| VectorError::Json { path: path.to_owned(), source })?;
        Ok(Self {
            name: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(),
            shows: file.shows,
            order: Order::from(&base.filing),
            context: base.context.into(),
            expect: file.expect,
            requires: file.requires,
        })
    }

    /// Reads all vectors of a province's folder, sorted by name; files whose name begins with `base` are bases.
    ///
    /// # Errors
    /// As [`Vector::read`].
    pub fn read_folder(folder: &Path) -> Result<Vec<Self>, VectorError> {
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
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Reads the vectors of one edition: the folder of the province and, where there is one, that of the version,
    /// e.g. `gd` and `gd-1.1.0`.
    ///
    /// # Errors
    /// As [`Vector::read`].
    pub fn read_edition(root: &Path, province: &str, version: &str) -> Result<Vec<Self>, VectorError> {
        let mut vectors = Self::read_folder(&root.join(province))?;
        let of_version = root.join(format!("{province}-{version}"));
        if of_version.is_dir() {
            vectors.extend(Self::read_folder(&of_version)?);
        }
        Ok(vectors)
    }

    /// Compares an answer with what is expected; the error says what differs.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn check(&self, findings: &[Finding], requirements: &Value) -> Result<(), String> {
        let found: Vec<String> = findings.iter().map(summary).collect();
        if found != self.expect {
            return Err(format!("{}: expected {:?}, found {:?}", self.name, self.expect, found));
        }
        for (pointer, expected) in &self.requires {
            let actual = requirements.pointer(pointer);
            if actual != Some(expected) {
                return Err(format!("{}: required {pointer} expected {expected}, found {actual:?}", self.name));
            }
        }
        Ok(())
    }
}

/// One finding on one line, e.g. `block N01 services[0].name (name_deny_person)`.
pub fn summary(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Advise => "advise",
        Severity::Review => "review",
        Severity::Block => "block",
    };
    format!("{severity} {} {} ({})", finding.code, finding.field, finding.rule)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, VectorError> {
    let bytes = std::fs::read(path).map_err(|source| VectorError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| VectorError::Json { path: path.to_owned(), source })
}

/// Sets the value at a JSON pointer; the last step may be a new key, and `null` removes a key.
fn set(base: &mut Value, pointer: &str, value: Value) -> Option<()> {
    let (parent, last) = pointer.rsplit_once('/')?;
    match base.pointer_mut(parent)? {
        Value::Object(map) if value.is_null() => {
            map.remove(last);
        }
        Value::Object(map) => {
            map.insert(last.to_owned(), value);
        }
        Value::Array(list) if last == "-" => list.push(value),
        Value::Array(list) => *list.get_mut(last.parse::<usize>().ok()?)? = value,
        _ => return None,
    }
    Some(())
}
