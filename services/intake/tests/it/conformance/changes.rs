//! Ways to break a request, each in one place.

use serde_json::{Value, json};

use super::document::Operation;
use super::request::{Body, Request};

/// A little more than the limits of the default configuration, bytes.
const JSON_TOO_LARGE: usize = 300_000;
const FILE_TOO_LARGE: usize = 4_300_000;

/// One way to break a request.
pub(super) struct Change {
    pub(super) what: String,
    pub(super) apply: Box<dyn Fn(&mut Request) + Send + Sync>,
}

fn change(what: impl Into<String>, apply: impl Fn(&mut Request) + Send + Sync + 'static) -> Change {
    Change { what: what.into(), apply: Box::new(apply) }
}

/// Every way to break `base`.
pub(super) fn changes(operation: &Operation, base: &Request) -> Vec<Change> {
    let mut all = Vec::new();
    in_parameters(&mut all, operation);
    if !operation.is_public() {
        in_token(&mut all);
    }
    if let Some(body) = &base.body {
        let example = body.json();
        in_bytes(&mut all, if example.is_some() { JSON_TOO_LARGE } else { FILE_TOO_LARGE });
        if let Some(example) = example {
            in_json(&mut all, &example);
        }
    }
    all
}

fn in_parameters(all: &mut Vec<Change>, operation: &Operation) {
    let long = "x".repeat(3000);
    let values =
        ["", "x", "-1", "0", "99999999999999999999", "1.5", "%00", "%FF", "%F0%9F%98%80", "-9999-12-31", long.as_str()];
    let ids = ["00000000-0000-0000-0000-000000000000", "not-an-id", "%00", "%FF", "%2F", "0", long.as_str()];
    let mut has_query = false;
    for parameter in operation.parameters() {
        let name = parameter.name.to_owned();
        match parameter.place {
            "path" => all.extend(ids.map(|value| {
                let (name, value) = (name.clone(), value.to_owned());
                change(format!("`{value:.20}` as {name} in the path"), move |request| {
                    request.parts.retain(|(known, _)| *known != name);
                    request.parts.push((name.clone(), value.clone()));
                })
            })),
            "query" => {
                has_query = true;
                let texts = parameter.schema["enum"].as_array().cloned().unwrap_or_default();
                let enums: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
                all.extend(values.iter().chain(&enums).map(|value| {
                    let (name, value) = (name.clone(), (*value).to_owned());
                    change(format!("`{value:.20}` as {name}"), move |request| {
                        request.query.retain(|(known, _)| *known != name);
                        request.query.push((name.clone(), value.clone()));
                    })
                }));
                all.push(change(format!("{name} twice"), {
                    let name = name.clone();
                    move |request| request.query.extend([1, 2].map(|n| (name.clone(), n.to_string())))
                }));
                all.push(change(format!("without {name}"), move |request| {
                    request.query.retain(|(known, _)| *known != name);
                }));
            }
            _ => {
                all.push(change(format!("without {name}"), {
                    let name = name.clone();
                    move |request| request.set_header(&name, None)
                }));
                all.extend(["", "x", "\"999999\"", "W/\"1\"", "*"].map(|value| {
                    let name = name.clone();
                    change(format!("`{value}` as {name}"), move |request| request.set_header(&name, Some(value)))
                }));
            }
        }
    }
    if has_query {
        all.push(change("an unknown parameter", |request| request.query.push(("colour".to_owned(), "red".to_owned()))));
    }
}

fn in_token(all: &mut Vec<Change>) {
    all.push(change("without a token", |request| request.set_header("authorization", None)));
    for value in ["Bearer nobody", "Bearer", "Basic YTpi", ""] {
        all.push(change(format!("`{value}` as authorization"), move |request| {
            request.set_header("authorization", Some(value));
        }));
    }
    for (role, token) in super::world::TOKENS {
        all.push(change(format!("as {role}"), move |request| {
            request.set_header("authorization", Some(&format!("Bearer {token}")));
        }));
    }
    for accept in ["text/html", "image/jpeg", "application/xml", "*/*;q=x"] {
        all.push(change(format!("accepts {accept}"), move |request| request.set_header("accept", Some(accept))));
    }
}

fn in_bytes(all: &mut Vec<Change>, too_large: usize) {
    let with = |what: &str, edit: fn(&mut Vec<u8>)| {
        change(what, move |request: &mut Request| {
            if let Some(body) = &mut request.body {
                edit(&mut body.bytes);
            }
        })
    };
    all.extend([
        with("an empty body", Vec::clear),
        with("half of the body", |bytes| bytes.truncate(bytes.len() / 2)),
        with("broken UTF-8", |bytes| bytes.insert(bytes.len() / 2, 0xFF)),
        with("a byte 0", |bytes| bytes.insert(bytes.len() / 2, 0)),
        with("something behind the body", |bytes| bytes.extend(b"{}")),
        with("a mark of byte order", |bytes| drop(bytes.splice(0..0, *b"\xEF\xBB\xBF"))),
        with("a deep list", |bytes| *bytes = b"[".repeat(20_000)),
        with("half a surrogate", |bytes| *bytes = br#"{"name": "\ud800"}"#.to_vec()),
        with("a number beyond all bounds", |bytes| *bytes = br#"{"count": 1e999}"#.to_vec()),
    ]);
    all.push(change("a body that is too large", move |request| {
        if let Some(body) = &mut request.body {
            body.bytes.resize(too_large, b' ');
        }
    }));
    for content_type in
        [None, Some("text/plain"), Some("application/jsonx"), Some("application/json; charset=gbk"), Some("")]
    {
        all.push(change(format!("content type {content_type:?}"), move |request| {
            if let Some(body) = &mut request.body {
                body.content_type = content_type.map(str::to_owned);
            }
        }));
    }
    all.push(change("without a body", |request| request.body = None));
}

fn in_json(all: &mut Vec<Change>, example: &Value) {
    let mut places = Vec::new();
    collect(example, String::new(), &mut places);
    for pointer in places {
        let old = example.pointer(&pointer).cloned().unwrap_or_default();
        let mut put = |what: String, new: Value| {
            let mut body = example.clone();
            if let Some(place) = body.pointer_mut(&pointer) {
                *place = new;
            }
            all.push(change(what, move |request| request.body = Some(Body::of_json(&body))));
        };
        for (what, new) in instead_of(&old) {
            put(format!("{what} at `{pointer}`"), new);
        }
        let Some((parent, name)) = pointer.rsplit_once('/') else { continue };
        let mut body = example.clone();
        match body.pointer_mut(parent) {
            Some(Value::Object(fields)) => drop(fields.remove(name)),
            Some(Value::Array(items)) => drop(items.pop()),
            _ => continue,
        }
        all.push(change(format!("without `{pointer}`"), move |request| request.body = Some(Body::of_json(&body))));
    }
}

fn collect(value: &Value, pointer: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| collect(field, format!("{pointer}/{name}"), places));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| collect(item, format!("{pointer}/{index}"), places));
        }
        _ => {}
    }
    places.push(pointer);
}

/// What may stand in a place by mistake.
fn instead_of(old: &Value) -> Vec<(&'static str, Value)> {
    let mut values = vec![("null", Value::Null), ("true", json!(true))];
    match old {
        Value::String(_) => values.extend([
            ("a number", json!(1)),
            ("a list", json!(["x"])),
            ("nothing", json!("")),
            ("blanks", json!("   ")),
            ("one letter", json!("x")),
            ("U+0000", json!("a\0b")),
            ("U+001B", json!("a\u{1b}b")),
            ("right to left", json!("a\u{202e}b")),
            ("an emoji", json!("😀")),
            ("600 characters", json!("字".repeat(600))),
            ("2,000 characters", json!("x".repeat(2000))),
            ("10,000 characters", json!("字".repeat(10_000))),
        ]),
        Value::Number(_) => values.extend([
            ("a text", json!("x")),
            ("-1", json!(-1)),
            ("0", json!(0)),
            ("1.5", json!(1.5)),
            ("1,000", json!(1000)),
            ("65,536", json!(65_536)),
            ("2^31", json!(2_147_483_648_u32)),
            ("2^63", json!(9_223_372_036_854_775_808_u64)),
            ("1e30", json!(1e30)),
        ]),
        Value::Array(items) => values.extend([
            ("a text", json!("x")),
            ("an empty list", json!([])),
            ("an object", json!({})),
            ("a list of 200", Value::Array(items.iter().cycle().take(200).cloned().collect())),
        ]),
        Value::Object(fields) => {
            let mut more = fields.clone();
            more.insert("colour".to_owned(), json!("red"));
            values.extend([
                ("a text", json!("x")),
                ("an empty object", json!({})),
                ("a list", json!([old])),
                ("an unknown field", Value::Object(more)),
            ]);
        }
        Value::Null | Value::Bool(_) => values.extend([("false", json!(false)), ("a text", json!("x"))]),
    }
    values
}
