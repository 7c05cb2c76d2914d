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

/// Faults of one body that are told at most.
const FAULTS_MAX: usize = 500;

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
        found.truncate(FAULTS_MAX);
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
    if found.len() >= FAULTS_MAX {
        return;
    }
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
        ErrorKind::OneOf(_) | ErrorKind::AnyOf => match meant(error) {
            Some(Meant::Choice(choice)) => collect(choice, found),
            Some(Meant::NoTag(at, words)) => {
                let remedy = format!("say {}", words.join(" or "));
                found.push(FieldError::new(path(at), "is none of the choices", remedy));
            }
            None => {}
        },
        _ if error.causes.is_empty() => found.push(FieldError::new(at, error.kind.to_string(), REMEDY)),
        _ => error.causes.iter().for_each(|cause| collect(cause, found)),
    }
}

/// What a value that fits none of several choices was meant to be.
enum Meant<'e, 's, 'v> {
    /// This choice.
    Choice(&'e ValidationError<'s, 'v>),
    /// Its tag names none of them: where it stands, and the words that do.
    NoTag(&'e [InstanceToken<'v>], Vec<String>),
}

/// The choice that the value names by its tag, else the one that fits furthest.
fn meant<'e, 's, 'v>(error: &'e ValidationError<'s, 'v>) -> Option<Meant<'e, 's, 'v>> {
    let base = error.instance_location.tokens.len();
    let (mut place, mut words) = (None, Vec::new());
    let mut left: Vec<_> = error.causes.iter().collect();
    left.retain(|cause| {
        let Some((at, word)) = tag_fault(cause, base) else { return true };
        place = Some(at);
        words.push(format!("`{word}`"));
        false
    });
    // Beside a choice of nothing at all, a fixed word is no tag.
    let is_nothing = |cause: &&ValidationError<'_, '_>| {
        matches!(cause.kind, ErrorKind::Type { .. }) && cause.instance_location.tokens.len() == base
    };
    match place {
        Some(at) if left.is_empty() => return Some(Meant::NoTag(at, words)),
        Some(_) if left.iter().all(is_nothing) => left = error.causes.iter().collect(),
        _ => {}
    }
    left.into_iter().rev().max_by_key(|cause| deepest(cause)).map(Meant::Choice)
}

/// Where a member of the value itself is not the one word that a choice has there, and that word.
fn tag_fault<'e, 'v>(error: &'e ValidationError<'_, 'v>, base: usize) -> Option<(&'e [InstanceToken<'v>], &'e str)> {
    let tokens = &error.instance_location.tokens;
    let word = match &error.kind {
        ErrorKind::Enum { want } if want.len() == 1 => want.first()?.as_str(),
        ErrorKind::Const { want } => want.as_str(),
        _ => None,
    };
    match word {
        Some(word) if tokens.len() == base + 1 => Some((tokens, word)),
        _ => error.causes.iter().find_map(|cause| tag_fault(cause, base)),
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
    use crate::api::review::Decision;

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
    fn the_choice_that_is_named_is_the_one_that_is_judged() {
        let told = |value: &Value| {
            let problem = read::<Decision>(value.to_string().as_bytes()).unwrap_err();
            problem.errors().iter().map(|error| (error.field.clone(), error.remedy.clone())).collect::<Vec<_>>()
        };
        let fields = |value: Value| told(&value).into_iter().map(|(field, _)| field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"decision": "return"})), ["findings"]);
        assert_eq!(fields(json!({"decision": "return", "findings": "x"})), ["findings"]);
        assert_eq!(fields(json!({"decision": "return", "finding": []})), ["findings"]);
        assert_eq!(
            told(&json!({"decision": "approve"})),
            [("decision".to_owned(), "say `pass` or `return`".to_owned())]
        );
        assert_eq!(fields(json!({"findings": []})), ["decision", "findings"]);
    }

    #[test]
    fn more_faults_than_anybody_reads_are_not_told() {
        let services: Vec<Value> = (0..10_000).map(|_| json!({})).collect();
        let mut declared = serde_json::to_value(company_filing(Province::Guangdong, 1)).unwrap();
        declared["services"] = json!(services);
        assert_eq!(named(&declared).len(), FAULTS_MAX);
    }

    #[test]
    fn what_is_no_json_says_so() {
        let problem = read::<Filing>(b"{").unwrap_err();
        assert_eq!(problem.named().count(), 0);
    }
}
