//! From the readable form (dates as text, `first_filing`, lists left out) to the contract's types.

use serde_json::{Map, Value, json};

use crate::{Context, Order};

/// Keys whose text is a date.
const DATES: [&str; 6] = ["today", "valid_to", "valid_from", "issued", "expires", "filed"];
/// Keys whose text is a case of an enumeration.
const CHOICES: [&str; 3] = ["order_type", "status", "form"];

/// Sets the value at a JSON pointer; the last step may be a new key, and `null` removes a key. In a list, a step may
/// be an index, `-` (append), or `key=text`: the first entry with that text.
pub(super) fn set(base: &mut Value, pointer: &str, value: Value) -> Option<()> {
    let (parent, last) = pointer.rsplit_once('/')?;
    let mut target = base;
    for step in parent.split('/').skip(1) {
        target = step_into(target, step)?;
    }
    match target {
        Value::Object(map) if value.is_null() => {
            map.remove(last);
        }
        Value::Object(map) => {
            map.insert(last.to_owned(), value);
        }
        Value::Array(list) if last == "-" => list.push(value),
        Value::Array(list) if value.is_null() => {
            let index = index_of(list, last)?;
            list.remove(index);
        }
        Value::Array(list) => {
            let index = index_of(list, last)?;
            *list.get_mut(index)? = value;
        }
        _ => return None,
    }
    Some(())
}

fn step_into<'v>(value: &'v mut Value, step: &str) -> Option<&'v mut Value> {
    match value {
        Value::Object(map) => map.get_mut(step),
        Value::Array(list) => {
            let index = index_of(list, step)?;
            list.get_mut(index)
        }
        _ => None,
    }
}

fn index_of(list: &[Value], step: &str) -> Option<usize> {
    match step.split_once('=') {
        Some((key, text)) => list.iter().position(|entry| entry.get(key).and_then(Value::as_str) == Some(text)),
        None => step.parse().ok().filter(|index| *index < list.len()),
    }
}

/// The order and the context of a base.
pub(super) fn case(mut base: Value) -> Result<(Order, Context), String> {
    complete(&mut base);
    let written = base.clone();
    translate(&mut base)?;
    let part = |name: &str| base.get(name).cloned().unwrap_or(Value::Null);
    let order: Order = serde_json::from_value(part("filing")).map_err(|error| format!("filing: {error}"))?;
    let context: Context = serde_json::from_value(part("context")).map_err(|error| format!("context: {error}"))?;
    let read = json!({"filing": order, "context": context});
    match unknown(&written, &read, "") {
        Some(path) => Err(format!("`{path}` is not known")),
        None => Ok((order, context)),
    }
}

/// Adds the lists that may be left out.
fn complete(base: &mut Value) {
    let add = |map: &mut Map<String, Value>, keys: &[&str]| {
        for key in keys {
            map.entry(*key).or_insert_with(|| json!([]));
        }
    };
    if let Some(context) = base.get_mut("context").and_then(Value::as_object_mut) {
        add(context, &["domains", "phone_uses"]);
        if let Some(record) = context.get_mut("on_record").and_then(Value::as_object_mut) {
            add(record, &["services"]);
        }
    }
    let services = base.pointer_mut("/filing/services").and_then(Value::as_array_mut);
    for service in services.into_iter().flatten().filter_map(Value::as_object_mut) {
        add(service, &["pre_approvals", "domains", "contents", "languages"]);
        if let Some(Value::String(kind)) = service.get_mut("kind") {
            *kind = case_name(kind);
        }
    }
}

/// `mini_program` as the contract's serde form writes it: `MiniProgram`.
fn case_name(text: &str) -> String {
    text.split('_')
        .map(|part| {
            let mut characters = part.chars();
            characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect::<String>()
        })
        .collect()
}

fn translate(value: &mut Value) -> Result<(), String> {
    match value {
        Value::Object(map) => {
            for (key, entry) in map.iter_mut() {
                match entry {
                    Value::String(text) if DATES.contains(&key.as_str()) => {
                        let date: chrono::NaiveDate =
                            text.parse().map_err(|_| format!("`{key}`: `{text}` is not a date"))?;
                        *entry = json!(crate::Date::from(date));
                    }
                    Value::String(text) if CHOICES.contains(&key.as_str()) => *text = case_name(text),
                    other => translate(other)?,
                }
            }
        }
        Value::Array(list) => list.iter_mut().try_for_each(translate)?,
        _ => {}
    }
    Ok(())
}

/// The first path that was written and not read.
fn unknown(written: &Value, read: &Value, path: &str) -> Option<String> {
    match (written, read) {
        (Value::Object(written), Value::Object(read)) => written.iter().find_map(|(key, value)| {
            let path = format!("{path}/{key}");
            match read.get(key) {
                None => Some(path),
                Some(other) => unknown(value, other, &path),
            }
        }),
        (Value::Array(written), Value::Array(read)) => written
            .iter()
            .zip(read)
            .enumerate()
            .find_map(|(index, (value, other))| unknown(value, other, &format!("{path}/{index}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn pointers_set_append_find_and_remove() {
        let mut base = json!({"a": {"b": [{"kind": "x", "n": 1}, {"kind": "y", "n": 2}]}});
        set(&mut base, "/a/b/kind=y/n", json!(3)).unwrap();
        set(&mut base, "/a/b/-", json!({"kind": "z"})).unwrap();
        set(&mut base, "/a/b/0", Value::Null).unwrap();
        set(&mut base, "/a/c", json!("new")).unwrap();
        assert_eq!(base, json!({"a": {"b": [{"kind": "y", "n": 3}, {"kind": "z"}], "c": "new"}}));
        assert!(set(&mut base, "/a/b/kind=q/n", json!(1)).is_none());
        assert!(set(&mut base, "/nothing/x", json!(1)).is_none());
    }

    #[test]
    fn a_field_that_nobody_reads_is_refused() {
        assert_eq!(unknown(&json!({"a": [{"b": 1}]}), &json!({"a": [{"c": 1}]}), ""), Some("/a/0/b".to_owned()));
        assert_eq!(unknown(&json!({"a": 1}), &json!({"a": 1, "b": null}), ""), None);
    }
}
