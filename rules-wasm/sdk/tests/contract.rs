//! The contract against its released versions: names and fields stay, additions are optional and come last.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

/// Items of an interface: `record order` → its fields as `name: type`, `enum severity` → its cases, functions.
fn items(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut items = BTreeMap::new();
    let code: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let body = code.split_once("interface rules {").unwrap().1;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = body;
    while let Some(end) = rest.find(['{', ';', '}']) {
        let head = words(&rest[..end]);
        match &rest[end..=end] {
            "{" => {
                let (inside, after) = rest[end + 1..].split_once('}').unwrap();
                let members = inside.split(',').map(words).filter(|member| !member.is_empty()).collect();
                items.insert(head, members);
                rest = after;
            }
            ";" => {
                let (name, signature) = head.split_once(": func(").unwrap();
                let (parameters, result) = signature.split_once(')').unwrap();
                let mut members: Vec<String> = parameters.split(", ").map(words).collect();
                members.retain(|member| !member.is_empty());
                items.insert(format!("func {name}{result}"), members);
                rest = &rest[end + 1..];
            }
            _ => break,
        }
    }
    items
}

/// What an older host or module could not live with.
fn breaks(old: &str, new: &str) -> Vec<String> {
    let new = items(new);
    let mut problems = Vec::new();
    for (item, members) in items(old) {
        let Some(now) = new.get(&item) else {
            problems.push(format!("{item} is gone"));
            continue;
        };
        if !now.starts_with(&members) {
            problems.push(format!("{item}: {members:?} is no longer its beginning"));
            continue;
        }
        let optional = |member: &&String| !member.contains(": option<") && !member.contains(": list<");
        if item.starts_with("record") {
            let added = now.iter().skip(members.len()).filter(optional);
            problems.extend(added.map(|member| format!("{item}: `{member}` is not optional")));
        }
    }
    problems
}

#[test]
fn released_versions_are_kept() {
    let wit = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit"));
    let current = std::fs::read_to_string(wit.join("icp-bureau-rules.wit")).unwrap();
    let mut compared = 0;
    for entry in std::fs::read_dir(wit.join("released")).unwrap() {
        let folder = entry.unwrap().path();
        let version = folder.file_name().unwrap().to_string_lossy().into_owned();
        let released = std::fs::read_to_string(folder.join("icp-bureau-rules.wit")).unwrap();
        assert!(released.contains(&format!("@{version};")), "{version} is not what it says");
        assert_eq!(breaks(&released, &current), Vec::<String>::new(), "against {version}");
        assert!(items(&released).len() > 30);
        compared += 1;
    }
    assert!(compared >= 1);
}

#[test]
fn an_incompatible_change_is_seen() {
    let old = "interface rules { record a { x: u8, y: string, } enum e { p, q } f: func(a: a) -> u8; }";
    for (new, problem) in [
        ("interface rules { record a { y: string, x: u8, } enum e { p, q } f: func(a: a) -> u8; }", "beginning"),
        ("interface rules { record a { x: u8, y: string, z: u8, } enum e { p, q } f: func(a: a) -> u8; }", "optional"),
        ("interface rules { record a { x: u8, y: string, } enum e { p } f: func(a: a) -> u8; }", "beginning"),
        ("interface rules { record a { x: u8, y: string, } enum e { p, q } f: func(a: a) -> u16; }", "gone"),
    ] {
        let found = breaks(old, new);
        assert!(found.iter().any(|text| text.contains(problem)), "{new}: {found:?}");
    }
    let grown = "interface rules { record a { x: u8, y: string, z: option<u8>, } enum e { p, q, r } f: func(a: a, b: a) -> u8; }";
    assert!(breaks(old, grown).is_empty());
}
