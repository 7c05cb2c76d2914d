//! Whether an answer is one that the document names.

use std::collections::BTreeMap;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use reqwest::Method;
use serde_json::{Value, json};

use super::document::{Document, Operation};
use super::forms;
use super::request::{RawAnswer, Request};

const PROBLEM: &str = "application/problem+json";
const RESOURCE: &str = "file:///openapi.json";

/// Compiled schemas of the document.
pub(super) struct Judge {
    /// In answers, objects hold no fields that the document does not name.
    answers: Compiled<(String, String, String)>,
    bodies: Compiled<String>,
    parameters: Compiled<(String, String)>,
}

/// Schemas by operation, and by status and media type or name of the parameter.
struct Compiled<K> {
    schemas: Schemas,
    indexes: BTreeMap<K, SchemaIndex>,
}

impl<K: Ord> Compiled<K> {
    fn of(wanted: Vec<(K, Value)>, components: &Value) -> Self {
        let (keys, values): (Vec<K>, Vec<Value>) = wanted.into_iter().unzip();
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.add_resource(RESOURCE, json!({ "components": components, "wanted": values })).unwrap();
        let mut schemas = Schemas::new();
        let mut compile =
            |place: usize| compiler.compile(&format!("{RESOURCE}#/wanted/{place}"), &mut schemas).unwrap();
        let indexes = keys.into_iter().enumerate().map(|(place, key)| (key, compile(place))).collect();
        Self { schemas, indexes }
    }

    /// What is wrong with a value.
    fn fault(&self, key: &K, value: &Value) -> Option<String> {
        let Some(index) = self.indexes.get(key) else { return Some("has no schema".to_owned()) };
        self.schemas.validate(value, *index).err().map(|error| error.to_string().replace('\n', " "))
    }
}

impl Judge {
    pub(super) fn of(document: &Document) -> Self {
        let open = document.value["components"].clone();
        let mut closed = open.clone();
        for schema in closed["schemas"].as_object_mut().unwrap().values_mut() {
            close(schema, &open, false);
        }
        let (mut answers, mut bodies, mut parameters) = (Vec::new(), Vec::new(), Vec::new());
        for operation in document.operations() {
            let key = operation.key.clone();
            for parameter in operation.parameters() {
                parameters.push(((key.clone(), parameter.name.to_owned()), parameter.schema.clone()));
            }
            bodies.extend(operation.json_schema().map(|schema| (key.clone(), schema.clone())));
            for (status, response) in operation.value["responses"].as_object().unwrap() {
                for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                    let mut schema = if content["schema"].is_object() { content["schema"].clone() } else { json!({}) };
                    close(&mut schema, &open, true);
                    answers.push(((key.clone(), status.clone(), media_type.clone()), schema));
                }
            }
        }
        Self {
            answers: Compiled::of(answers, &closed),
            bodies: Compiled::of(bodies, &open),
            parameters: Compiled::of(parameters, &open),
        }
    }

    /// What is wrong with an answer.
    pub(super) fn faults(&self, operation: &Operation, request: &Request, answer: &RawAnswer) -> Vec<String> {
        let mut faults = Vec::new();
        let status = answer.status.to_string();
        let text = String::from_utf8_lossy(&answer.bytes).chars().take(600).collect::<String>();
        if answer.status >= 500 {
            faults.push(format!("an error of the server, {status}: {text}"));
        }
        let response = &operation.value["responses"][&status];
        if response.is_null() {
            faults.push(format!("the status {status} is not documented: {text}"));
            return faults;
        }
        for (name, _) in response["headers"].as_object().into_iter().flatten() {
            if !answer.headers.contains_key(name.as_str()) {
                faults.push(format!("{status} without the header {name}"));
            }
        }
        if operation.method == Method::HEAD {
            return faults;
        }
        if answer.status >= 400 {
            faults.extend(problem_faults(response, answer));
        } else if !super::TAKES_WHAT_IS_WRONG.contains(&operation.key.as_str())
            && let Some(reason) = self.refused_by_document(operation, request)
        {
            faults.push(format!("{status}, although the document refuses it: {reason}"));
        }
        faults.extend(self.content_faults(operation, response, answer));
        faults
    }

    fn content_faults(&self, operation: &Operation, response: &Value, answer: &RawAnswer) -> Vec<String> {
        let status = answer.status.to_string();
        let media_type = media_type(answer);
        if response["content"].is_null() {
            let is_empty = answer.bytes.is_empty();
            return if is_empty { Vec::new() } else { vec![format!("{status} with a body")] };
        }
        if response["content"][&media_type].is_null() {
            return vec![format!("{status} as `{media_type}`, which is not documented")];
        }
        if let Some(fault) = forms::fault(&media_type, &answer.bytes) {
            return vec![format!("{status}: {fault}")];
        }
        let values: Result<Vec<Value>, _> = match media_type.as_str() {
            "application/json" | PROBLEM => serde_json::from_slice(&answer.bytes).map(|value| vec![value]),
            "application/x-ndjson" => answer
                .bytes
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
                .map(serde_json::from_slice)
                .collect(),
            // Their form was looked at; nothing in the document says more.
            _ => Ok(Vec::new()),
        };
        let Ok(values) = values else { return vec![format!("{status} with broken JSON")] };
        let place = (operation.key.clone(), status.clone(), media_type);
        let faults = values.iter().filter_map(|value| self.answers.fault(&place, value));
        faults.map(|fault| format!("{status}: {fault}")).collect()
    }

    /// Why the document refuses a request, if it does.
    fn refused_by_document(&self, operation: &Operation, request: &Request) -> Option<String> {
        let parameters = operation.parameters();
        for parameter in &parameters {
            let text = match parameter.place {
                "header" => request.header(parameter.name).map(str::to_owned),
                "query" => {
                    request.query.iter().find(|(name, _)| name == parameter.name).map(|(_, value)| value.clone())
                }
                _ => continue,
            };
            let Some(text) = text else {
                if parameter.is_required {
                    return Some(format!("{} is missing", parameter.name));
                }
                continue;
            };
            let place = (operation.key.clone(), parameter.name.to_owned());
            if let Some(fault) = self.parameters.fault(&place, &value_of(&text, parameter.schema)) {
                return Some(format!("{}: {fault}", parameter.name));
            }
        }
        let takes_query = parameters.iter().any(|parameter| parameter.place == "query");
        let unknown = request.query.iter().find(|(name, _)| parameters.iter().all(|known| known.name != name));
        if let Some((name, _)) = unknown.filter(|_| takes_query) {
            return Some(format!("{name} is unknown"));
        }
        operation.json_schema()?;
        let is_needed = operation.value["requestBody"]["required"] == true;
        let has_body = request.body.as_ref().is_some_and(|body| !body.bytes.is_empty());
        let Some(body) = request.body.as_ref().filter(|_| is_needed || has_body) else {
            return is_needed.then(|| "the body is missing".to_owned());
        };
        let content_type = body.content_type.as_deref().unwrap_or_default();
        if content_type.split(';').next() != Some("application/json") {
            return Some(format!("content type {content_type}"));
        }
        let Some(value) = body.json() else { return Some("the body is not JSON".to_owned()) };
        self.bodies.fault(&operation.key, &value)
    }
}

fn problem_faults(response: &Value, answer: &RawAnswer) -> Option<String> {
    let problem: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or_default();
    if media_type(answer) != PROBLEM || code.is_empty() {
        return Some(format!("{} without a problem document", answer.status));
    }
    if problem["status"] != answer.status {
        return Some(format!("{} whose document says {}", answer.status, problem["status"]));
    }
    if !response["description"].as_str().is_some_and(|text| text.contains(code)) {
        return Some(format!("{} with {code}, which is not documented there", answer.status));
    }
    // A key that is another request's is 422 too, and no field is at fault.
    let is_about_fields = code == "ICP-INTAKE-0002";
    let names_no_field = is_about_fields && problem["errors"].as_array().is_none_or(Vec::is_empty);
    names_no_field.then(|| "fields that are not valid, and none is named".to_owned())
}

fn media_type(answer: &RawAnswer) -> String {
    let value = answer.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_owned()
}

/// The text of a parameter as the value that its schema speaks of.
fn value_of(text: &str, schema: &Value) -> Value {
    let is = |name: &str| {
        schema["type"] == name || schema["type"].as_array().is_some_and(|types| types.contains(&json!(name)))
    };
    let number = || text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<f64>().map(Value::from)).ok();
    let read = if is("integer") || is("number") { number() } else { None };
    read.unwrap_or_else(|| Value::from(text))
}

/// Makes objects refuse fields that the document does not name. Where a schema is a part of another one, it is the whole
/// that refuses them.
fn close(schema: &mut Value, components: &Value, is_whole: bool) {
    let has_fields = has_fields(schema, components);
    let Some(members) = schema.as_object_mut() else { return };
    for part in ["allOf", "oneOf", "anyOf"] {
        for part in members.get_mut(part).and_then(Value::as_array_mut).into_iter().flatten() {
            close(part, components, false);
        }
    }
    for field in members.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        close(field.1, components, true);
    }
    if let Some(items) = members.get_mut("items") {
        close(items, components, true);
    }
    if is_whole && has_fields {
        members.insert("unevaluatedProperties".to_owned(), json!(false));
    }
}

fn has_fields(schema: &Value, components: &Value) -> bool {
    let referred = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"));
    let parts = ["allOf", "oneOf", "anyOf"].map(|part| schema[part].as_array().into_iter().flatten());
    schema["properties"].is_object()
        || referred.is_some_and(|name| has_fields(&components["schemas"][name], components))
        || parts.into_iter().flatten().any(|part| has_fields(part, components))
}
