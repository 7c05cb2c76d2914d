//! What changed between two versions of a filing, and what a return lets the applicant change.

use icp_domain::{Filing, MaterialKind};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::problem::FieldError;
use crate::imports::columns::COLUMNS;
use crate::materials::path_of;

/// A field that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ChangedField)]
pub struct Changed {
    /// Its path, e.g. `services[0].name`.
    pub path: String,
    /// What it was; absent where there was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; absent where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Every field that differs, in the order of the form.
pub fn differences(before: &Filing, after: &Filing) -> Result<Vec<Changed>, serde_json::Error> {
    differences_at("", before, after)
}

/// Every field of a part that differs; `path` is where it stands in the filing.
pub fn differences_at<T: Serialize>(path: &str, before: &T, after: &T) -> Result<Vec<Changed>, serde_json::Error> {
    let (before, after) = (serde_json::to_value(before)?, serde_json::to_value(after)?);
    let mut changed = Vec::new();
    compare(path.to_owned(), Some(&before), Some(&after), &mut changed);
    Ok(changed)
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, changed: &mut Vec<Changed>) {
    match (before, after) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let added = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(added) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                compare(path, one.get(key), other.get(key), changed);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                compare(format!("{path}[{index}]"), one.get(index), other.get(index), changed);
            }
        }
        (before, after) if before == after => {}
        (before, after) => changed.push(Changed { path, before: before.cloned(), after: after.cloned() }),
    }
}

/// Fields that were changed although a return asked for others only.
pub fn beyond(named: &[String], changed: &[Changed]) -> Vec<FieldError> {
    let is_named = |path: &str| named.iter().any(|field| is_within(path, field));
    changed
        .iter()
        .filter(|changed| !is_named(&changed.path))
        .map(|changed| {
            let remedy = format!("leave it as it was; the return asks for {} only", named.join(", "));
            FieldError::new(changed.path.clone(), "is frozen until the order is submitted again", remedy)
        })
        .collect()
}

/// Whether a return that named fields leaves a material open: the material itself was named, or a field that it proves.
pub fn opens_material(named: &[String], kind: &str, service: u32) -> bool {
    let own = path_of(kind);
    let own_of_service = format!("{own}[{service}]");
    let proven = match MaterialKind::parse(kind) {
        Some(MaterialKind::OrganiserCertificate) => {
            vec!["organiser.name".to_owned(), "organiser.certificate".to_owned()]
        }
        Some(MaterialKind::OrganiserPrincipalId | MaterialKind::OrganiserPrincipalIdBack) => {
            vec!["organiser.principal".to_owned()]
        }
        Some(
            MaterialKind::ServicePrincipalId
            | MaterialKind::ServicePrincipalIdBack
            | MaterialKind::ServicePrincipalFace,
        ) => {
            vec![format!("services[{service}].principal")]
        }
        _ => Vec::new(),
    };
    named.iter().any(|field| {
        let is_own = field == "materials" || *field == own || *field == own_of_service;
        is_own || proven.iter().any(|part| is_within(field, part) || is_within(part, field))
    })
}

/// Whether a path names something of a filing: what stands there, or may be left out and is.
pub fn is_field(filing: &Filing, path: &str) -> Result<bool, serde_json::Error> {
    let declared = serde_json::to_value(filing)?;
    let may_be_left_out = || {
        COLUMNS.iter().any(|column| match column.path.strip_prefix("services[0]") {
            Some(rest) => (0..filing.services.len()).any(|index| is_within(&format!("services[{index}]{rest}"), path)),
            None => is_within(column.path, path),
        })
    };
    Ok(stands_at("", &declared, path) || may_be_left_out())
}

/// Whether a part of what stands at `place` has this path.
fn stands_at(place: &str, value: &Value, path: &str) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, field)| {
            let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            inner == path || stands_at(&inner, field, path)
        }),
        Value::Array(items) => (0..).zip(items).any(|(index, item): (usize, &Value)| {
            let inner = format!("{place}[{index}]");
            inner == path || stands_at(&inner, item, path)
        }),
        _ => false,
    }
}

/// Whether a path is `part` or lies in it.
fn is_within(path: &str, part: &str) -> bool {
    path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use icp_domain::Province;
    use icp_testkit::filings::company_filing;
    use serde_json::json;

    use super::*;

    fn amended() -> (Filing, Filing) {
        let before = company_filing(Province::Guangdong, 1);
        let mut after = before.clone();
        after.services[0].name = "示例新站".to_owned();
        after.services[0].contents.push(9);
        after.organiser.remark = Some("更名".to_owned());
        after.services[0].home_url = None;
        (before, after)
    }

    #[test]
    fn differences_are_told_field_by_field() {
        let (before, after) = amended();
        let mut told = differences(&before, &after).unwrap();
        told.sort_by(|one, other| one.path.cmp(&other.path));
        let paths: Vec<&str> = told.iter().map(|changed| changed.path.as_str()).collect();
        assert_eq!(paths, ["organiser.remark", "services[0].contents[1]", "services[0].home_url", "services[0].name"]);
        assert_eq!((&told[0].before, &told[0].after), (&None, &Some(json!("更名"))));
        assert_eq!((&told[1].before, &told[1].after), (&None, &Some(json!(9))));
        assert_eq!(told[2].after, None);
        assert_eq!(differences(&after, &after).unwrap(), []);
    }

    #[test]
    fn a_return_that_names_fields_opens_these_and_no_others() {
        let (before, after) = amended();
        let changed = differences(&before, &after).unwrap();
        let named = |fields: &[&str]| {
            let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
            let mut frozen: Vec<String> = beyond(&fields, &changed).into_iter().map(|error| error.field).collect();
            frozen.sort();
            frozen
        };
        assert_eq!(named(&["services[0]", "organiser.remark"]), Vec::<String>::new());
        assert_eq!(
            named(&["services[0].contents", "services[0].name", "organiser.rem"]),
            ["organiser.remark", "services[0].home_url"]
        );
    }

    #[test]
    fn a_field_is_one_that_is_declared_or_may_be_left_out() {
        let mut filing = company_filing(Province::Guangdong, 1);
        filing.services[0].home_url = None;
        for path in [
            "organiser",
            "organiser.principal.mobile",
            "organiser.remark",
            "organiser.certificate.valid_to",
            "services",
            "services[0]",
            "services[0].domains[0]",
            "services[0].home_url",
            "services[0].pre_approvals",
            "services[0].principal.id.number",
            "cancellation.note",
        ] {
            assert!(is_field(&filing, path).unwrap(), "{path}");
        }
        for path in [
            "",
            "organiser.principle",
            "organiser.",
            "services[1].name",
            "services[1]",
            "services.0.name",
            "services[0",
            "services[0].domains[7]",
            "reference",
            "the name",
        ] {
            assert!(!is_field(&filing, path).unwrap(), "{path}");
        }
    }

    #[test]
    fn a_return_opens_the_materials_that_it_names_or_that_prove_what_it_names() {
        let opens = |field: &str, kind: &str, service: u32| opens_material(&[field.to_owned()], kind, service);
        for (field, kind, service) in [
            ("materials", "site-plan", 0),
            ("materials.site-plan", "site-plan", 3),
            ("materials.service-principal-face[1]", "service-principal-face", 1),
            ("organiser.certificate.number", "organiser-certificate", 0),
            ("organiser", "organiser-principal-id", 0),
            ("services[1].principal.name", "service-principal-id", 1),
            ("services[1]", "service-principal-face", 1),
        ] {
            assert!(opens(field, kind, service), "{field} opens {kind} of service {service}");
        }
        for (field, kind, service) in [
            ("services[0].name", "organiser-certificate", 0),
            ("services[0].name", "service-principal-id", 0),
            ("services[0].principal", "service-principal-id", 1),
            ("materials.service-principal-face[1]", "service-principal-face", 0),
            ("materials.site-plan", "commitment", 0),
            ("organiser.principal.mobile", "organiser-certificate", 0),
        ] {
            assert!(!opens(field, kind, service), "{field} leaves {kind} of service {service} frozen");
        }
    }
}
