//! The document as the test reads it.

use reqwest::Method;
use serde_json::Value;

use super::request::{Body, Request};

/// The document.
pub(super) struct Document {
    pub(super) value: Value,
}

/// One method of one path.
pub(super) struct Operation {
    /// Method and path, e.g. `GET /v1/orders`.
    pub(super) key: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) value: Value,
    /// Schemas and the like, for references.
    pub(super) components: Value,
}

/// A parameter of an operation.
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    pub(super) place: &'a str,
    pub(super) is_required: bool,
    pub(super) schema: &'a Value,
}

impl Document {
    pub(super) fn of(value: Value) -> Self {
        assert_eq!(value["openapi"], "3.1.0");
        Self { value }
    }

    pub(super) fn operations(&self) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in self.value["paths"].as_object().unwrap() {
            for (method, value) in item.as_object().unwrap() {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                operations.push(Operation {
                    key: format!("{method} {path}"),
                    method,
                    path: path.clone(),
                    value: value.clone(),
                    components: self.value["components"].clone(),
                });
            }
        }
        operations
    }
}

impl Operation {
    pub(super) fn parameters(&self) -> Vec<Parameter<'_>> {
        let parameters = self.value["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let read = parameters.iter().map(|value| Parameter {
            name: value["name"].as_str().unwrap(),
            place: value["in"].as_str().unwrap(),
            is_required: value["required"] == true,
            schema: &value["schema"],
        });
        read.collect()
    }

    pub(super) fn is_public(&self) -> bool {
        self.value["security"].is_null()
    }

    /// The schema of a JSON body, if the operation takes one.
    pub(super) fn json_schema(&self) -> Option<&Value> {
        let schema = &self.value["requestBody"]["content"]["application/json"]["schema"];
        (!schema.is_null()).then_some(schema)
    }

    /// Media types of the answers to valid requests.
    pub(super) fn media_types(&self) -> Vec<&str> {
        let responses = self.value["responses"].as_object().unwrap().iter();
        let good = responses.filter(|(status, _)| status.starts_with('2'));
        let contents = good.filter_map(|(_, response)| response["content"].as_object());
        contents.flat_map(|content| content.keys().map(String::as_str)).collect()
    }

    /// The longest example of the JSON body, or that of its schema.
    pub(super) fn json_example(&self) -> Option<Value> {
        self.json_examples().into_iter().map(|(_, example)| example).max_by_key(|example| example.to_string().len())
    }

    fn json_examples(&self) -> Vec<(String, Value)> {
        let Some(schema) = self.json_schema() else { return Vec::new() };
        let content = &self.value["requestBody"]["content"]["application/json"];
        if let Some(examples) = content["examples"].as_object() {
            return examples.iter().map(|(name, example)| (name.clone(), example["value"].clone())).collect();
        }
        let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
        let of_schema = &self.components["schemas"][name]["examples"][0];
        let example = if content["example"].is_null() { of_schema } else { &content["example"] };
        assert!(!example.is_null(), "{} has no example of its body", self.key);
        vec![("the example".to_owned(), example.clone())]
    }

    /// Bodies that must be taken: that of `base`, and the examples where the world has put nothing else there.
    pub(super) fn valid_bodies(&self, base: &Request) -> Vec<(String, Option<Body>)> {
        let is_example = base.body.as_ref().and_then(Body::json) == self.json_example();
        let examples = if is_example { self.json_examples() } else { Vec::new() };
        if examples.is_empty() {
            return vec![("as it should be".to_owned(), base.body.clone())];
        }
        examples.into_iter().map(|(name, example)| (name, Some(Body::of_json(&example)))).collect()
    }
}
