//! Released contracts never change, newer ones only add, and modules of both served versions run side by side.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use icp_domain::Province;
use icp_rules_host::contract::SERVED;
use icp_rules_host::{Host, HostConfig, Release, Verdict, digest_of};
use icp_rules_sdk::batch;
use icp_rules_sdk::judge::BriefFinding;
use icp_rules_sdk::vector::Vector;
use wit_parser::{Resolve, Type, TypeDefKind, TypeId};

use crate::guests::{activate, guests, vectors};

/// The texts as they were released.
const RELEASED: [(&str, &str); 1] = [("1.0.0", "14ce23485eb14e1dd889242573a407e86e7b4c09f747d583367507594bea888a")];

fn wit_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit")
}

fn read(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("icp-bureau-rules.wit")).unwrap()
}

/// Zhejiang's module and vectors as they were built for contract 1.0.0.
fn golden() -> (Vec<u8>, Vec<Vector>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let vectors = std::fs::read(folder.join("zj-of-contract-1.0.0.vectors.json")).unwrap();
    (std::fs::read(folder.join("zj-of-contract-1.0.0.wasm")).unwrap(), serde_json::from_slice(&vectors).unwrap())
}

#[test]
fn a_module_of_the_earlier_contract_holds_its_vectors_beside_one_of_the_current() {
    let (module, golden_vectors) = golden();
    let host = Host::new(HostConfig { signature_required: false, ..crate::guests::config() }).unwrap();
    assert!(golden_vectors.len() > 10);
    // Loading runs the vectors.
    let loaded = host.load(Province::Zhejiang, &module, &Release::unsigned(&module, "1.0.0"), &golden_vectors).unwrap();
    let cases = batch::encode_cases(golden_vectors.iter().map(|vector| (&vector.order, &vector.context))).unwrap();
    let answers = host.judge_encoded_with(&loaded, &cases, golden_vectors.len()).unwrap();
    for (vector, brief) in golden_vectors.iter().zip(answers.lists()) {
        let Verdict::Judged { findings, .. } = host.judge_with(&loaded, &vector.order, &vector.context) else {
            panic!("{} was not judged", vector.name);
        };
        assert_eq!(brief, findings.iter().map(BriefFinding::from).collect::<Vec<_>>(), "{}", vector.name);
    }
    assert_eq!(host.activate(loaded).contract, "1.0.0");
    assert_eq!(activate(&host, Province::Guangdong, &guests().gd, "1.0.0").contract, "1.1.0");

    for (province, vectors) in [(Province::Zhejiang, golden_vectors), (Province::Guangdong, vectors("gd", "1.0.0"))] {
        let mut cases = Vec::new();
        for vector in &vectors {
            cases = batch::encode(cases, &vector.order, &vector.context).unwrap();
        }
        let (lists, _) = host.judge_batch(province, &cases, vectors.len()).unwrap();
        for (vector, list) in vectors.iter().zip(lists) {
            let Verdict::Judged { findings, .. } = host.judge(province, &vector.order, &vector.context) else {
                panic!("{} was not judged", vector.name);
            };
            assert_eq!(findings, list, "{}", vector.name);
            let requirements = host.requirements(province, &vector.order, &vector.context).unwrap();
            vector.check(&findings, &serde_json::to_value(requirements).unwrap()).unwrap();
        }
    }
}

#[test]
fn a_released_text_never_changes() {
    let mut folders: Vec<String> = std::fs::read_dir(wit_root().join("released"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, RELEASED.map(|(version, _)| version), "record the digest of a released text here");
    for (version, digest) in RELEASED {
        let text = read(&wit_root().join("released").join(version));
        assert!(text.contains(&format!("package icp:bureau-rules@{version};")));
        assert_eq!(digest_of(text.as_bytes()), digest, "the text of {version} has been released; make a new version");
    }
}

#[test]
fn the_current_contract_only_adds_to_every_released_one() {
    let current = Contract::parse(&read(&wit_root()));
    for (version, _) in RELEASED {
        let text = read(&wit_root().join("released").join(version));
        let released = Contract::parse(&text);
        assert!(current.version >= released.version, "{:?} is older than {version}", current.version);
        if current.version == released.version {
            assert_eq!(read(&wit_root()), text, "{version} is released; raise the version");
        }
        assert_eq!(current.breaks(&released), Vec::<String>::new());
    }
}

#[test]
fn the_host_serves_the_current_contract_and_the_one_before() {
    let current = Contract::parse(&read(&wit_root())).version;
    assert_eq!(SERVED[0], format!("{}.{}.{}", current.0, current.1, current.2));
    let mut before = RELEASED.iter().map(|(version, _)| *version).filter(|version| *version != SERVED[0]);
    assert_eq!(before.next_back(), Some(SERVED[1]));
}

#[test]
fn what_breaks_a_contract_is_found() {
    let text = read(&wit_root().join("released/1.0.0"));
    let released = Contract::parse(&text);
    let breaks = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        Contract::parse(&text.replacen(from, to, 1)).breaks(&released)
    };
    assert_eq!(breaks("/// 1 to 12.", "///"), Vec::<String>::new());
    assert_eq!(breaks("day: u8,", "day: u16,"), ["record date: field day was u8, is u16"]);
    assert_eq!(breaks("investor: option<string>,", ""), ["record organiser: field investor is now address"]);
    assert_eq!(
        breaks("detail: string,", "detail: string, more: string,"),
        ["record address: the new field more is string, neither an option nor a list"]
    );
    assert_eq!(breaks("detail: string,", "detail: string, more: option<string>,"), Vec::<String>::new());
    assert_eq!(
        breaks("enum confidence { low, medium, high }", "enum confidence { low, high, medium }"),
        ["enum confidence: case medium is now high", "enum confidence: case high is now medium"]
    );
    assert_eq!(breaks("describe: func() -> description;", ""), ["func describe is gone"]);
    assert_eq!(
        breaks("-> list<finding>;", "-> list<string>;"),
        ["func judge: the answer was list<finding>, is list<string>"]
    );
    assert_eq!(
        breaks("judge: func(order: order,", "judge: func(more: u8, order: order,"),
        ["func judge: parameter order is now more", "func judge: parameter context is now order"]
    );
}

/// Names and types of a contract: fields in their order, cases in their order.
struct Contract {
    version: (u64, u64, u64),
    records: BTreeMap<String, Vec<(String, String)>>,
    enums: BTreeMap<String, Vec<String>>,
    functions: BTreeMap<String, (Vec<(String, String)>, String)>,
}

impl Contract {
    fn parse(text: &str) -> Self {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("contract.wit", text).unwrap();
        let version = resolve.packages[package].name.version.clone().unwrap();
        let interface = &resolve.interfaces[resolve.packages[package].interfaces["rules"]];
        let (mut records, mut enums) = (BTreeMap::new(), BTreeMap::new());
        for (name, id) in &interface.types {
            match &resolve.types[*id].kind {
                TypeDefKind::Record(record) => {
                    let fields = record.fields.iter().map(|field| (field.name.clone(), spell(&resolve, &field.ty)));
                    records.insert(name.clone(), fields.collect());
                }
                TypeDefKind::Enum(choice) => {
                    enums.insert(name.clone(), choice.cases.iter().map(|case| case.name.clone()).collect());
                }
                other => panic!("{name}: {} is not compared yet", other.as_str()),
            }
        }
        let functions = interface.functions.iter().map(|(name, function)| {
            let parameters =
                function.params.iter().map(|param| (param.name.clone(), spell(&resolve, &param.ty))).collect();
            let answer = function.result.as_ref().map(|answer| spell(&resolve, answer)).unwrap_or_default();
            (name.clone(), (parameters, answer))
        });
        Self { version: (version.major, version.minor, version.patch), records, enums, functions: functions.collect() }
    }

    /// What a module or host of the older contract could not live with.
    fn breaks(&self, older: &Self) -> Vec<String> {
        let mut breaks = Vec::new();
        for (name, fields) in &older.records {
            let what = format!("record {name}");
            let Some(now) = self.records.get(name) else {
                breaks.push(format!("{what} is gone"));
                continue;
            };
            compare(&mut breaks, &what, "field", fields, now);
            for (field, kind) in now.iter().skip(fields.len()) {
                if !kind.starts_with("option<") && !kind.starts_with("list<") {
                    breaks.push(format!("{what}: the new field {field} is {kind}, neither an option nor a list"));
                }
            }
        }
        for (name, cases) in &older.enums {
            let named = |cases: &[String]| cases.iter().map(|case| (case.clone(), String::new())).collect::<Vec<_>>();
            match self.enums.get(name) {
                None => breaks.push(format!("enum {name} is gone")),
                Some(now) => {
                    compare(&mut breaks, &format!("enum {name}"), "case", &named(cases), &named(now));
                }
            }
        }
        for (name, (parameters, answer)) in &older.functions {
            let what = format!("func {name}");
            let Some((now, answer_now)) = self.functions.get(name) else {
                breaks.push(format!("{what} is gone"));
                continue;
            };
            compare(&mut breaks, &what, "parameter", parameters, now);
            if answer != answer_now {
                breaks.push(format!("{what}: the answer was {answer}, is {answer_now}"));
            }
        }
        breaks
    }
}

/// The older list must be the beginning of the newer.
fn compare(breaks: &mut Vec<String>, what: &str, part: &str, older: &[(String, String)], newer: &[(String, String)]) {
    for (at, (name, kind)) in older.iter().enumerate() {
        match newer.get(at) {
            None => breaks.push(format!("{what}: {part} {name} is gone")),
            Some((now, _)) if now != name => {
                breaks.push(format!("{what}: {part} {name} is now {now}"));
                // One that is gone moves all that follow: once is enough.
                if !newer.iter().any(|(other, _)| other == name) {
                    return;
                }
            }
            Some((_, now)) if now != kind => {
                breaks.push(format!("{what}: {part} {name} was {kind}, is {now}"));
            }
            Some(_) => {}
        }
    }
}

/// A type as the text writes it.
fn spell(resolve: &Resolve, kind: &Type) -> String {
    let Type::Id(id) = kind else { return format!("{kind:?}").to_lowercase() };
    let definition = &resolve.types[*id];
    if let Some(name) = &definition.name {
        return name.clone();
    }
    spell_unnamed(resolve, *id)
}

fn spell_unnamed(resolve: &Resolve, id: TypeId) -> String {
    let inner = |kind: &Type| spell(resolve, kind);
    match &resolve.types[id].kind {
        TypeDefKind::Option(kind) => format!("option<{}>", inner(kind)),
        TypeDefKind::List(kind) => format!("list<{}>", inner(kind)),
        TypeDefKind::Result(kinds) => {
            let side = |kind: &Option<Type>| kind.as_ref().map_or_else(|| "_".to_owned(), inner);
            format!("result<{}, {}>", side(&kinds.ok), side(&kinds.err))
        }
        other => panic!("{} is not spelt yet", other.as_str()),
    }
}
