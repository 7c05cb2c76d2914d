//! What a schema asks for, in words.

use serde::Serialize;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, SchemaType};
use utoipa::openapi::{Array, Object, RefOr, Schema, SchemaFormat, Type};

/// A piece of text; one that names a schema of the document leads to it.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Word {
    text: String,
    schema: Option<String>,
}

/// The words for a schema.
pub(super) fn words(schema: &RefOr<Schema>) -> Vec<Word> {
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default().to_owned();
            vec![Word { text: name.clone(), schema: Some(name) }]
        }
        RefOr::T(Schema::Array(array)) => array_words(array),
        RefOr::T(Schema::Object(object)) => object_words(object),
        RefOr::T(Schema::OneOf(one_of)) => joined(&one_of.items, " or "),
        RefOr::T(Schema::AllOf(all_of)) => joined(&all_of.items, " with "),
        RefOr::T(Schema::AnyOf(any_of)) => joined(&any_of.items, " or "),
        RefOr::T(_) => vec![plain("anything")],
    }
}

fn plain(text: impl Into<String>) -> Word {
    Word { text: text.into(), schema: None }
}

fn joined(items: &[RefOr<Schema>], between: &str) -> Vec<Word> {
    let mut all = Vec::new();
    for item in items {
        if !all.is_empty() {
            all.push(plain(between));
        }
        all.extend(words(item));
    }
    all
}

fn array_words(array: &Array) -> Vec<Word> {
    let mut all = vec![plain("list of ")];
    match &array.items {
        ArrayItems::RefOrSchema(items) => all.extend(words(items)),
        ArrayItems::False => all.push(plain("nothing")),
    }
    match (array.min_items, array.max_items) {
        (Some(min), Some(max)) => all.push(plain(format!(", {min} to {max}"))),
        (None, Some(max)) => all.push(plain(format!(", at most {max}"))),
        (Some(min), None) => all.push(plain(format!(", at least {min}"))),
        (None, None) => {}
    }
    if is_nullable(&array.schema_type) {
        all.push(plain(" or null"));
    }
    all
}

fn object_words(object: &Object) -> Vec<Word> {
    if let Some(values) = &object.enum_values {
        let values: Vec<String> = values.iter().map(|value| value.to_string().replace('"', "")).collect();
        return vec![plain(values.join(" | "))];
    }
    let mut all = vec![plain(type_name(&object.schema_type))];
    let mut limits = Vec::new();
    if let Some(format) = &object.format {
        limits.push(format_name(format));
    }
    match (object.min_length, object.max_length) {
        (Some(min), Some(max)) => limits.push(format!("{min} to {max} characters")),
        (None, Some(max)) => limits.push(format!("at most {max} characters")),
        _ => {}
    }
    match (number(&object.minimum), number(&object.maximum)) {
        (Some(min), Some(max)) => limits.push(format!("{min} to {max}")),
        (Some(min), None) => limits.push(format!("at least {min}")),
        (None, Some(max)) => limits.push(format!("at most {max}")),
        (None, None) => {}
    }
    if let Some(pattern) = &object.pattern {
        limits.push(format!("matching {pattern}"));
    }
    if !limits.is_empty() {
        all.push(plain(format!(", {}", limits.join(", "))));
    }
    if let Some(AdditionalProperties::RefOr(values)) = object.additional_properties.as_deref() {
        all.push(plain(" of "));
        all.extend(words(values));
    }
    if is_nullable(&object.schema_type) {
        all.push(plain(" or null"));
    }
    all
}

fn number(limit: &Option<utoipa::Number>) -> Option<String> {
    serde_json::to_value(limit.as_ref()?).ok().map(|value| value.to_string())
}

fn format_name(format: &SchemaFormat) -> String {
    serde_json::to_value(format).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn is_nullable(schema_type: &SchemaType) -> bool {
    matches!(schema_type, SchemaType::Array(types) if types.contains(&Type::Null))
}

fn type_name(schema_type: &SchemaType) -> &'static str {
    let one = match schema_type {
        SchemaType::Type(one) => Some(one),
        SchemaType::Array(types) => types.iter().find(|one| **one != Type::Null),
        SchemaType::AnyValue => None,
    };
    match one {
        Some(Type::String) => "text",
        Some(Type::Integer) => "integer",
        Some(Type::Number) => "number",
        Some(Type::Boolean) => "true or false",
        Some(Type::Object) => "object",
        Some(Type::Array) => "list",
        Some(Type::Null) => "null",
        None => "anything",
    }
}
