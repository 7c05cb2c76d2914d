//! Modules that were made to do harm: none stalls, crashes or leaks, none becomes active when it shows what it is
//! while it is loaded, and none touches another province.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use icp_domain::Province;
use icp_rules_host::contract::SERVED;
use icp_rules_host::{Host, HostConfig, LoadError, LoadStep, Verdict};
use icp_rules_sdk::vector::Vector;
use icp_rules_sdk::{Context, Date, Order, batch};

use crate::guests::{activate, config, guests, key};
use crate::wat_guests::{DATA, Module, finding, honest, judging, words};

const BEIJING: Province = Province::Beijing;
/// Beyond everything that a module of [`honest`]'s form writes to.
const FAR: u32 = 2 << 20;

fn endless() -> String {
    String::from("(loop $again (br $again)) unreachable")
}

fn answering(pages: usize, answer: (u32, u32), data: Vec<u8>) -> Module {
    Module { pages, answer, data, ..honest() }
}

/// What a module does when it judges, and what is said about it.
fn misbehaviours() -> Vec<(&'static str, Module, &'static str)> {
    let data = u32::try_from(DATA).unwrap();
    let deep = "(func $deep (param i32) (result i32)
        (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))";
    let grow = |what: &str| format!("(loop $again (drop ({what})) (br $again)) unreachable");
    let mut unknown_severity = finding((data, 0));
    unknown_severity[16] = 200;
    let not_text = [finding((data + 80, 4)), vec![0xff; 4]].concat();
    vec![
        ("endless loop", judging(&endless()), "used up its fuel"),
        (
            "deep recursion",
            Module { more: deep.into(), ..judging("(call $deep (i32.const 0))") },
            "recursed too deeply",
        ),
        ("memory bomb", judging(&grow("memory.grow (i32.const 16)")), "growing memory"),
        ("table bomb", judging(&grow("table.grow $t (ref.null func) (i32.const 1000)")), "growing table"),
        ("trap", judging("unreachable"), "trapped"),
        ("many findings", answering(240, (FAR, 160_000), Vec::new()), "failed"),
        ("one huge string", answering(240, (data, 1), finding((FAR, 13 << 20))), "failed"),
        ("many strings that are one", answering(40, (data, 1_000), finding((FAR, 1 << 16)).repeat(1_000)), "failed"),
        ("an answer outside the memory", answering(18, (0xffff_0000, 1_000), Vec::new()), "failed"),
        ("an answer askew", answering(18, (data + 1, 1), Vec::new()), "failed"),
        ("an unknown severity", answering(18, (data, 1), unknown_severity), "failed"),
        ("strings that are no text", answering(18, (data, 1), not_text), "failed"),
        ("an allocation without end", Module { allocate: endless(), ..honest() }, "used up its fuel"),
        ("an allocation outside the memory", Module { allocate: "i32.const -16".into(), ..honest() }, "failed"),
    ]
}

fn order(province: Province) -> Order {
    Order::from(&icp_testkit::filings::company_filing(province, 0))
}

fn context() -> Context {
    Context::on(Date::new(2026, 11, 20))
}

fn vector() -> Vector {
    Vector {
        name: String::from("a clean order"),
        shows: String::from("nothing is found"),
        order: order(BEIJING),
        context: context(),
        expect: Vec::new(),
        requires: serde_json::Map::new(),
        documents: None,
        sms: None,
        checklist: None,
        checklist_all: None,
        only: None,
    }
}

fn load(host: &Host, module: &[u8]) -> Result<icp_rules_host::LoadedModule, LoadError> {
    host.load(BEIJING, module, &key().sign(module, "1.0.0"), &[vector()])
}

/// A host with a module of Beijing that judges, and Zhejiang's own.
fn host() -> Arc<Host> {
    let host = Host::new(config()).unwrap();
    let bytes = honest().build();
    host.activate(host.load(BEIJING, &bytes, &key().sign(&bytes, "1.0.0"), &[]).unwrap());
    activate(&host, Province::Zhejiang, &guests().zj, "1.0.0");
    host
}

/// Runs something while Zhejiang judges all the time; fails when Zhejiang notices it.
fn beside_zhejiang(host: &Host, hostility: impl FnOnce()) {
    let is_over = AtomicBool::new(false);
    let judged = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Until it is over, and at least once.
            while judged.load(Ordering::SeqCst) == 0 || !is_over.load(Ordering::SeqCst) {
                let verdict = host.judge(Province::Zhejiang, &order(Province::Zhejiang), &context());
                assert!(matches!(verdict, Verdict::Judged { .. }), "{verdict:?}");
                judged.fetch_add(1, Ordering::SeqCst);
            }
        });
        let _over = SetAtEnd(&is_over);
        hostility();
    });
    assert_eq!(host.instances_alive().unwrap_or_default(), 0, "instances are left");
}

/// Also at the end by a panic, which would otherwise wait for ever.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
fn what_misbehaves_with_a_vector_is_not_activated() {
    let host = host();
    let before = host.active(BEIJING).unwrap();
    let of_both = SERVED.into_iter().flat_map(|contract| {
        misbehaviours()
            .into_iter()
            .map(move |(behaviour, module, said)| (behaviour, Module { contract, ..module }, said))
    });
    beside_zhejiang(&host, || {
        for (behaviour, module, said) in of_both {
            let error = load(&host, &module.build()).expect_err(behaviour);
            assert_eq!(error.step, LoadStep::Vectors, "{behaviour}: {error}");
            let vector = error.vector.unwrap();
            assert_eq!(vector.vector, "a clean order", "{behaviour}");
            assert!(vector.found.contains(said), "{behaviour}: {vector:?}");
            assert_eq!(host.active(BEIJING).unwrap().digest, before.digest, "{behaviour}");
        }
    });
}

#[test]
fn what_misbehaves_later_is_stopped_a_thousand_times_and_leaves_nothing_behind() {
    let host = host();
    let modules: Vec<_> = misbehaviours()
        .into_iter()
        .map(|(behaviour, module, said)| {
            let bytes = module.build();
            // Without vectors it shows nothing while it is loaded.
            (behaviour, host.load(BEIJING, &bytes, &key().sign(&bytes, "1.0.0"), &[]).unwrap(), said)
        })
        .collect();
    let once = || {
        for (behaviour, module, said) in &modules {
            match host.judge_with(module, &order(BEIJING), &context()) {
                Verdict::Unjudged { reason, .. } => assert!(reason.contains(said), "{behaviour}: {reason}"),
                Verdict::Judged { .. } => panic!("{behaviour} was judged"),
            }
        }
    };
    beside_zhejiang(&host, || {
        once();
        let before = resident_bytes();
        for _ in 0..1_000 / modules.len() + 1 {
            once();
        }
        let growth = resident_bytes().saturating_sub(before);
        // 72 instances may each keep 64 KiB; a leak of one answer per call would be gigabytes.
        assert!(growth < 64 << 20, "grew by {growth} bytes");
    });
    // The active module was never touched.
    assert!(matches!(host.judge(BEIJING, &order(BEIJING), &context()), Verdict::Judged { .. }));
}

#[test]
fn a_batch_that_answers_with_one_list_many_times_is_cut_off() {
    let host = host();
    // Ten thousand lists, each the same two thousand findings.
    let data = u32::try_from(DATA).unwrap();
    let inner = [FAR, 2_000];
    let module = Module {
        pages: 60,
        data: [words(&[0, data + 16, 10_000, 0]), words(&inner.repeat(10_000))].concat(),
        judge_batch: format!("i32.const {DATA}"),
        ..honest()
    };
    let bytes = module.build();
    let loaded = load(&host, &bytes).unwrap();
    let cases = batch::encode(Vec::new(), &order(BEIJING), &context()).unwrap();
    let before = resident_bytes();
    beside_zhejiang(&host, || {
        let error = host.judge_batch_with(&loaded, &cases, 1).unwrap_err();
        assert!(error.contains("failed"), "{error}");
    });
    let growth = resident_bytes().saturating_sub(before);
    assert!(growth < 64 << 20, "grew by {growth} bytes");
}

#[test]
fn bytes_that_answer_no_batch_are_refused() {
    let host = host();
    let data = u32::try_from(DATA).unwrap();
    let cases = batch::encode(Vec::new(), &order(BEIJING), &context()).unwrap();
    for (answer, said) in [
        // A list that promises more findings than there are bytes.
        ([0, data + 12, 4, 0xFFFF_FFFF], "cannot be read"),
        // Two answers to one order; none.
        ([0, data + 12, 2, 0], "answered 2 of 1"),
        ([0, data + 12, 0, 0], "answered 0 of 1"),
        // Bytes beyond the memory.
        ([0, data, u32::MAX, 0], "failed"),
    ] {
        let module = Module { pages: 60, data: words(&answer), judge_encoded: format!("i32.const {DATA}"), ..honest() };
        let loaded = load(&host, &module.build()).unwrap();
        beside_zhejiang(&host, || {
            let error = host.judge_encoded_with(&loaded, &cases, 1).unwrap_err();
            assert!(error.contains(said), "{answer:?}: {error}");
        });
    }
}

#[test]
fn what_misbehaves_before_it_judges_is_refused_at_its_step() {
    let start = format!("(func $go {}) (start $go)", endless());
    let cases: Vec<(&str, Module, LoadStep, &str)> = vec![
        ("a description without end", Module { describe: endless(), ..honest() }, LoadStep::Describe, "fuel"),
        ("a description that traps", Module { describe: "unreachable".into(), ..honest() }, LoadStep::Describe, "trap"),
        (
            "a description outside the memory",
            Module { describe: "i32.const -64".into(), ..honest() },
            LoadStep::Describe,
            "failed",
        ),
        ("a start without end", Module { more: start, ..honest() }, LoadStep::Describe, "fuel"),
        ("a huge memory", Module { pages: 1_000, ..honest() }, LoadStep::Compile, "memory"),
        ("a huge table", Module { table: 100_000, ..honest() }, LoadStep::Compile, "table"),
        (
            "another province",
            Module { province: "sh", ..honest() },
            LoadStep::Describe,
            "it is offered for `bj` but says it is for `sh`",
        ),
        (
            "another version",
            Module { version: "9.9.9", ..honest() },
            LoadStep::Describe,
            "it is offered as version 1.0.0 but says it is `9.9.9`",
        ),
        (
            "a period that has passed",
            Module { effective_to: Some((2024, 12, 31)), ..honest() },
            LoadStep::Describe,
            "it was in force until 2024-12-31",
        ),
    ];
    let host = host();
    let before = host.active(BEIJING).unwrap();
    beside_zhejiang(&host, || {
        for (behaviour, module, step, said) in cases {
            let error = load(&host, &module.build()).expect_err(behaviour);
            assert_eq!(error.step, step, "{behaviour}: {error}");
            assert!(error.reason.contains(said), "{behaviour}: {error}");
            assert_eq!(host.active(BEIJING).unwrap().digest, before.digest, "{behaviour}");
        }
    });
}

#[test]
fn a_refusal_quotes_little_of_what_a_module_says() {
    let long: &'static str = String::leak(format!("{}\n\u{7}", "好".repeat(250)));
    let error = load(&host(), &Module { version: long, ..honest() }.build()).unwrap_err();
    assert_eq!(error.step, LoadStep::Describe);
    assert!(error.reason.chars().count() < 150, "{error}");
}

#[test]
fn a_module_in_force_today_is_accepted_until_its_last_day() {
    let bytes = Module { effective_to: Some((2026, 11, 20)), ..honest() }.build();
    for (today, is_accepted) in [(Date::new(2026, 11, 20), true), (Date::new(2026, 11, 21), false)] {
        let host = Host::with_today(config(), move || today).unwrap();
        assert_eq!(load(&host, &bytes).is_ok(), is_accepted, "on {}", today.iso());
    }
}

#[test]
fn a_module_of_another_contract_or_with_the_systems_interface_is_not_of_the_world() {
    let host = host();
    for (wit, world, said) in [
        (
            "package wasi:cli@0.2.0; interface environment { get-arguments: func() -> list<string>; } \
             world w { import environment; }",
            "w",
            "imports `wasi:cli/environment@0.2.0`",
        ),
        (
            "package icp:bureau-rules@9.0.0; interface rules { describe: func() -> string; } \
             world bureau { export rules; }",
            "bureau",
            "written for icp:bureau-rules/rules@9.0.0; this host serves 1.1.0 and 1.0.0",
        ),
    ] {
        let bytes = dummy(wit, world);
        let error = load(&host, &bytes).unwrap_err();
        assert_eq!(error.step, LoadStep::World, "{error}");
        assert!(error.reason.contains(said), "{error}");
    }
}

/// A component of a world, whose functions trap.
fn dummy(wit: &str, world: &str) -> Vec<u8> {
    use wit_component::{StringEncoding, dummy_module, embed_component_metadata};
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("other.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut core = dummy_module(&resolve, world, wit_parser::ManglingAndAbi::Standard32);
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8, false).unwrap();
    crate::guests::encode(&core)
}

#[test]
fn live_orders_get_every_instance_of_the_configuration() {
    let host = Host::new(HostConfig { instances_max: 1, ..config() }).unwrap();
    let slow = Module { judge: endless(), ..honest() }.build();
    host.activate(host.load(BEIJING, &slow, &key().sign(&slow, "1.0.0"), &[]).unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| host.judge(BEIJING, &order(BEIJING), &context()));
        while host.instances_alive().unwrap() == 0 {
            std::thread::yield_now();
        }
        // The only place is taken; a module can be loaded nevertheless.
        activate(&host, Province::Zhejiang, &guests().zj, "1.0.0");
    });
    assert_eq!(host.instances_alive(), Some(0));
}
