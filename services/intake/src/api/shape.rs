//! Every fault in the shape of a body's JSON at once. Reading it into its type ends at the first one; the schema of the
//! OpenAPI document knows them all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use boon::{Compiler, Draft, ErrorKind, InstanceToken, SchemaIndex, Schemas, ValidationError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::body;
use super::problem::{FieldError, Problem};

const RESOURCE: &str = "file:///openapi.json";
const REMEDY: &str = "see /docs for the fields of this body";

/// The schemas of the document by their names.
struct Named {
    schemas: Schemas,
    by_name: HashMap<String, SchemaIndex>,
}

static NAMED: LazyLock<Option<Named>> = LazyLock::new(|| {
    Named::of_document()
        .inspect_err(|error| tracing::error!(%error, "only the first fault of a body's JSON is told"))
        .ok()
});

impl Named {
    fn of_document() -> anyhow::Result<Self> {
        let document = serde_json::to_value(super::document())?;
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        let refused = |error: boon::CompileError| anyhow::anyhow!("{error}");
        compiler.add_resource(RESOURCE, json!({ "components": document["components"] })).map_err(refused)?;
        let (mut schemas, mut by_name) = (Schemas::new(), HashMap::new());
        for name in document["components"]["schemas"].as_object().into_iter().flat_map(|named| named.keys()) {
            let location = format!("{RESOURCE}#/components/schemas/{name}");
            by_name.insert(name.clone(), compiler.compile(&location, &mut schemas).map_err(refused)?);
        }
        Ok(Self { schemas, by_name })
    }
}

/// Reads a body; whatever is missing, unknown or of another type is named, all of it.
pub fn read<T: DeserializeOwned + ToSchema>(bytes: &[u8]) -> Result<T, Problem> {
    body::parse(bytes).map_err(|first| {
        let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return first };
        let mut found = faults(&T::name(), &value);
        if found.is_empty() {
            return first;
        }
        // Of what is missing the first fault names the whole that lacks it; some the schema does not know of.
        let first = first.into_fields().into_iter();
        let new: Vec<FieldError> =
            first.filter(|first| found.iter().all(|fault| !fault.field.starts_with(&first.field))).collect();
        found.extend(new);
        found.sort_by(|one, other| one.field.cmp(&other.field));
        found.dedup_by(|one, other| one.field == other.field);
        Problem::fields(found)
    })
}

fn faults(schema: &str, value: &Value) -> Vec<FieldError> {
    let mut found = Vec::new();
    if let Some((named, schema)) = NAMED.as_ref().and_then(|named| Some((named, *named.by_name.get(schema)?)))
        && let Err(error) = named.schemas.validate(value, schema)
    {
        collect(&error, &mut found);
    }
    found
}

fn collect(error: &ValidationError<'_, '_>, found: &mut Vec<FieldError>) {
    let at = path(&error.instance_location.tokens);
    match &error.kind {
        ErrorKind::Required { want } => {
            found.extend(want.iter().map(|name| FieldError::new(member(&at, name), "is missing", REMEDY)));
        }
        ErrorKind::AdditionalProperties { got } => {
            let unknown = |name: &Cow<'_, str>| {
                FieldError::new(member(&at, name), "is not a field of this body", "leave it out, or mend its name")
            };
            found.extend(got.iter().map(unknown));
        }
        // The other choice is nothing at all: what was meant is the one that fits further.
        ErrorKind::OneOf(_) | ErrorKind::AnyOf => {
            if let Some(closest) = error.causes.iter().rev().max_by_key(|cause| deepest(cause)) {
                collect(closest, found);
            }
        }
        _ if error.causes.is_empty() => found.push(FieldError::new(at, error.kind.to_string(), REMEDY)),
        _ => error.causes.iter().for_each(|cause| collect(cause, found)),
    }
}

/// How far into the value a fault lies.
fn deepest(error: &ValidationError<'_, '_>) -> usize {
    let own = error.instance_location.tokens.len() + usize::from(!matches!(error.kind, ErrorKind::Type { .. }));
    error.causes.iter().map(deepest).fold(own, usize::max)
}

fn path(tokens: &[InstanceToken<'_>]) -> String {
    tokens.iter().fold(String::new(), |path, token| match token {
        InstanceToken::Prop(name) => member(&path, name),
        InstanceToken::Item(index) => format!("{path}[{index}]"),
    })
}

fn member(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use icp_domain::{Filing, Province};
    use icp_testkit::filings::company_filing;

    use super::*;

    fn named(value: &Value) -> Vec<String> {
        let problem = read::<Filing>(value.to_string().as_bytes()).unwrap_err();
        problem.named().map(str::to_owned).collect()
    }

    #[test]
    fn everything_that_is_missing_or_unknown_is_named_at_once() {
        assert_eq!(named(&json!({})), ["order_type", "organiser", "province"]);
        let mut declared = serde_json::to_value(company_filing(Province::Guangdong, 1)).unwrap();
        assert!(read::<Filing>(declared.to_string().as_bytes()).is_ok());
        declared["order_type"] = json!("firstfiling");
        declared["organiser"]["certificate"].as_object_mut().unwrap().remove("kind");
        declared["organiser"]["principal"]["id"] = json!(7);
        declared["services"][0]["nam"] = json!("x");
        declared["services"][0].as_object_mut().unwrap().remove("name");
        declared["cancellation"] = json!({});
        assert_eq!(
            named(&declared),
            [
                "cancellation.reason",
                "order_type",
                "organiser.certificate.kind",
                "organiser.principal.id",
                "services[0].nam",
                "services[0].name",
            ]
        );
    }

    #[test]
    fn what_is_no_json_says_so() {
        let problem = read::<Filing>(b"{").unwrap_err();
        assert_eq!(problem.named().count(), 0);
    }
}
