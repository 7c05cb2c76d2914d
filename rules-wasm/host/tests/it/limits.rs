//! Hostile modules: each is stopped, says why, and neither stays in the way of the next order nor touches
//! another province.

use std::time::{Duration, Instant};

use icp_domain::Province;
use icp_rules_host::{Host, HostConfig, Verdict};
use icp_rules_sdk::{Context, Date, Order};

use crate::guests::{activate, config, guests};

/// Beijing is served by the hostile module, Zhejiang by its own.
fn host_with_hostile(config: HostConfig) -> std::sync::Arc<Host> {
    let host = Host::new(config).unwrap();
    activate(&host, Province::Beijing, &guests().hostile, "1.0.0");
    activate(&host, Province::Zhejiang, &guests().zj, "1.0.0");
    host
}

fn order(province: Province, name: &str) -> Order {
    let mut filing = icp_testkit::filings::company_filing(province, 0);
    filing.organiser.name = name.to_owned();
    Order::from(&filing)
}

fn context() -> Context {
    Context::on(Date::new(2026, 11, 20))
}

/// The reason for which the hostile module did not judge; afterwards everything else still works.
fn reason(host: &Host, behaviour: &str) -> String {
    let Verdict::Unjudged { reason, module } =
        host.judge(Province::Beijing, &order(Province::Beijing, behaviour), &context())
    else {
        panic!("`{behaviour}` was judged");
    };
    assert_eq!(module.expect("the module is named").province, Province::Beijing);
    for province in [Province::Beijing, Province::Zhejiang] {
        let verdict = host.judge(province, &order(province, "示例科技有限公司"), &context());
        assert!(matches!(verdict, Verdict::Judged { .. }), "after `{behaviour}`: {verdict:?}");
    }
    reason
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    let reason = reason(&host_with_hostile(config()), "endless loop");
    assert_eq!(reason, "the rule module used up its fuel");
}

#[test]
fn an_endless_loop_with_endless_fuel_passes_its_deadline() {
    let host = host_with_hostile(HostConfig { fuel_per_order: u64::MAX / 4, deadline_ms: 50, ..config() });
    let started = Instant::now();
    assert_eq!(reason(&host, "endless loop"), "the rule module passed its deadline");
    assert!(started.elapsed() < Duration::from_secs(5), "took {:?}", started.elapsed());
}

#[test]
fn the_deadline_also_works_after_the_clock_slept() {
    let host = host_with_hostile(HostConfig { fuel_per_order: u64::MAX / 4, deadline_ms: 50, ..config() });
    // The clock goes to sleep after a second without calls; there is no condition to wait on from outside.
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(reason(&host, "endless loop"), "the rule module passed its deadline");
}

#[test]
fn a_memory_bomb_is_stopped_at_the_limit() {
    let reason = reason(
        &host_with_hostile(HostConfig { fuel_per_order: u64::MAX / 4, deadline_ms: 5_000, ..config() }),
        "memory bomb",
    );
    assert!(reason.contains("growing memory"), "{reason}");
}

#[test]
fn deep_recursion_is_stopped() {
    let reason = reason(&host_with_hostile(config()), "recursion");
    assert!(reason.contains("recursed") || reason.contains("trapped"), "{reason}");
}

#[test]
fn a_trap_does_not_pass_on_what_the_guest_says() {
    let reason = reason(&host_with_hostile(config()), "trap");
    assert!(reason.contains("trapped"), "{reason}");
    assert!(!reason.contains("示例"), "{reason}");
}

#[test]
fn a_huge_answer_is_cut_off() {
    let reason = reason(&host_with_hostile(HostConfig { answer_bytes_max: 100_000, ..config() }), "huge answer");
    assert!(reason.contains("failed") || reason.contains("trapped"), "{reason}");
}

#[test]
fn a_batch_with_missing_answers_is_refused() {
    let host = host_with_hostile(config());
    let cases = icp_rules_sdk::batch::encode(Vec::new(), &order(Province::Beijing, "示例"), &context()).unwrap();
    assert_eq!(host.judge_batch(Province::Beijing, &cases, 1).unwrap_err(), "the module answered 0 of 1 orders");
}

#[test]
fn an_instance_that_stays_has_the_limits_of_each_call() {
    let config = HostConfig { signature_required: false, ..config() };
    let host = Host::new(config.clone()).unwrap();
    let release = icp_rules_host::Release::unsigned(&guests().hostile, "1.0.0");
    let module = host.load(Province::Beijing, &guests().hostile, &release, &[]).unwrap();
    // One order takes so much fuel that a thousand do not fit into the fuel of one call; to describe itself a module
    // takes that of many orders.
    let Verdict::Judged { fuel_used, .. } = host.judge_with(&module, &order(Province::Beijing, "示例"), &context())
    else {
        panic!("not judged");
    };
    let tight = Host::new(HostConfig { fuel_per_order: fuel_used * 300, ..config }).unwrap();
    let module = tight.load(Province::Beijing, &guests().hostile, &release, &[]).unwrap();
    let mut held = tight.hold(&module).unwrap();
    for _ in 0..1000 {
        held.judge(&order(Province::Beijing, "示例"), &context()).unwrap();
    }
    assert!(held.memory_bytes() > 0 && !held.is_spent());
    let reason = held.judge(&order(Province::Beijing, "endless loop"), &context()).unwrap_err();
    assert_eq!(reason, "the rule module used up its fuel");
    assert!(held.is_spent());
    assert!(held.judge(&order(Province::Beijing, "示例"), &context()).unwrap_err().contains("failed before"));
    drop(held);
    assert!(tight.instances_alive().is_none_or(|alive| alive == 0));
}

#[test]
fn more_calls_than_instances_wait_for_nobody() {
    let host = host_with_hostile(HostConfig { instances_max: 4, ..config() });
    // Eight threads on four instances: some may be refused for lack of an instance, none may hang or crash.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    match host.judge(Province::Zhejiang, &order(Province::Zhejiang, "示例科技有限公司"), &context())
                    {
                        Verdict::Judged { .. } => {}
                        Verdict::Unjudged { reason, .. } => assert!(reason.contains("concurrent"), "{reason}"),
                    }
                }
            });
        }
    });
}

#[test]
fn a_province_without_a_module_sends_its_orders_to_review() {
    let host = Host::new(config()).unwrap();
    let Verdict::Unjudged { reason, module } = host.judge(Province::Hunan, &order(Province::Hunan, "示例"), &context())
    else {
        panic!("judged without a module");
    };
    assert_eq!(reason, "no rule module of hn is active");
    assert!(module.is_none());
}
