//! Every vector against the WebAssembly modules, one by one and in one batch.

use icp_domain::Province;
use icp_rules_host::Verdict;
use icp_rules_sdk::batch;
use icp_rules_sdk::judge::BriefFinding;

use crate::guests::{activate, guests, host, load, vectors};

#[test]
fn every_vector_holds_in_wasm() {
    let guests = guests();
    for (province, module, version) in [
        (Province::Guangdong, &guests.gd, "1.0.0"),
        (Province::Guangdong, &guests.gd_notice, "1.1.0"),
        (Province::Zhejiang, &guests.zj, "1.0.0"),
    ] {
        let host = host();
        let vectors = vectors(province.letters(), version);
        assert!(vectors.len() > 50);
        host.activate(load(&host, province, module, version).unwrap());
        for vector in &vectors {
            let Verdict::Judged { findings, module, fuel_used } = host.judge(province, &vector.order, &vector.context)
            else {
                panic!("{} was not judged", vector.name);
            };
            assert_eq!(module.version(), version);
            assert!(fuel_used > 0);
            let requirements = host.requirements(province, &vector.order, &vector.context).unwrap();
            vector.check(&findings, &serde_json::to_value(requirements).unwrap()).unwrap();
        }
    }
}

#[test]
fn a_batch_says_the_same_as_single_calls() {
    let host = host();
    activate(&host, Province::Zhejiang, &guests().zj, "1.0.0");
    let vectors = vectors("zj", "1.0.0");
    let mut cases = Vec::new();
    for vector in &vectors {
        cases = batch::encode(cases, &vector.order, &vector.context).unwrap();
    }
    let (lists, module) = host.judge_batch(Province::Zhejiang, &cases, vectors.len()).unwrap();
    assert_eq!(module.province, Province::Zhejiang);
    let loaded = load(&host, Province::Zhejiang, &guests().zj, "1.0.0").unwrap();
    let mut held = host.hold(&loaded).unwrap();
    // An instance that stays says the same the second time.
    held.judge_encoded(&cases, vectors.len()).unwrap();
    let answers = held.judge_encoded(&cases, vectors.len()).unwrap();
    assert_eq!(answers.bytes(), host.judge_encoded_with(&loaded, &cases, vectors.len()).unwrap().bytes());
    for (brief, list) in answers.lists().zip(&lists) {
        assert_eq!(brief, list.iter().map(BriefFinding::from).collect::<Vec<_>>());
    }
    for (vector, list) in vectors.iter().zip(lists) {
        let Verdict::Judged { findings, .. } = host.judge(Province::Zhejiang, &vector.order, &vector.context) else {
            panic!("{} was not judged", vector.name);
        };
        assert_eq!(findings, list, "{}", vector.name);
    }
    let broken = host.judge_batch(Province::Zhejiang, &cases[..cases.len() - 3], vectors.len()).unwrap_err();
    assert!(broken.contains("cannot be read"), "{broken}");
}

#[test]
fn generated_filings_pass_both_books() {
    let host = host();
    activate(&host, Province::Guangdong, &guests().gd, "1.0.0");
    activate(&host, Province::Zhejiang, &guests().zj, "1.0.0");
    for province in [Province::Guangdong, Province::Zhejiang] {
        for number in 0..50 {
            for filing in [
                icp_testkit::filings::company_filing(province, number),
                icp_testkit::filings::person_filing(province, number),
            ] {
                let context = icp_rules_sdk::Context::on(icp_rules_sdk::Date::new(2026, 11, 20));
                let Verdict::Judged { findings, .. } = host.judge(province, &(&filing).into(), &context) else {
                    panic!("filing {number} of {province:?} was not judged");
                };
                assert!(findings.is_empty(), "{} {number}: {findings:#?}", filing.services[0].name);
            }
        }
    }
}

/// The demo tells a story that only these verdicts make true.
#[test]
fn the_demo_orders_are_judged_as_the_demo_tells() {
    let host = host();
    activate(&host, Province::Guangdong, &guests().gd, "1.0.0");
    activate(&host, Province::Zhejiang, &guests().zj, "1.0.0");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/demo/orders");
    let mut judged = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let text = std::fs::read(entry.path().join("order.json")).unwrap();
        let filing: icp_domain::Filing = serde_json::from_slice(&text).unwrap();
        let context = icp_rules_sdk::Context::on(icp_rules_sdk::Date::new(2026, 11, 20));
        let Verdict::Judged { findings, .. } = host.judge(filing.province, &(&filing).into(), &context) else {
            panic!("{name} was not judged");
        };
        let blocking: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity == icp_rules_sdk::Severity::Block)
            .map(icp_rules_sdk::vector::summary)
            .collect();
        let expected: &[&str] = match name.as_str() {
            "c-forbidden-name" => &["block N01 services[0].name (name_deny_person)"],
            _ => &[],
        };
        assert_eq!(blocking, expected, "{name}");
        judged += 1;
    }
    assert!(judged >= 5, "only {judged} demo orders were found");
}
