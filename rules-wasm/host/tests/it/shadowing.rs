//! A candidate beside the active module: its report is right, and the verdict never notices it.

use std::time::{Duration, Instant};

use icp_domain::Province;
use icp_rules_host::shadow::RuleDifference;
use icp_rules_host::{Host, HostConfig, ShadowReport, Verdict};
use icp_rules_sdk::{Context, Date, Order};

use crate::guests::{activate, config, draft_touched_by_the_notice, guests, host, key, load};
use crate::wat_guests::{honest, judging};

const GD: Province = Province::Guangdong;

/// Waits until the shadow has seen so many orders.
fn report_of(host: &Host, province: Province, orders: u64) -> ShadowReport {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let report = host.shadow_report(province).unwrap();
        if report.judged + report.unjudged + report.dropped >= orders {
            return report;
        }
        assert!(Instant::now() < deadline, "{report:#?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn clean_order(number: u32) -> (Order, Context) {
    let filing = icp_testkit::filings::company_filing(GD, number);
    (Order::from(&filing), Context::on(Date::new(2026, 11, 20)))
}

#[test]
fn the_report_counts_what_differs_and_the_verdict_stays() {
    let host = host();
    activate(&host, GD, &guests().gd, "1.0.0");
    assert!(host.shadow_report(GD).is_none());
    host.shadow(load(&host, GD, &guests().gd_notice, "1.1.0").unwrap());
    for number in 0..10 {
        let (order, context) = clean_order(number);
        host.judge_order(GD, &format!("clean-{number}"), &order, &context);
    }
    let (order, context) = draft_touched_by_the_notice();
    for _ in 0..2 {
        let Verdict::Judged { findings, module, .. } = host.judge_order(GD, "touched", &order, &context) else {
            panic!("not judged");
        };
        assert_eq!(module.version(), "1.0.0");
        assert!(findings.iter().all(|finding| finding.rule != "name_deny_all"), "{findings:?}");
    }
    let report = report_of(&host, GD, 12);
    assert_eq!((report.judged, report.same, report.differing, report.unjudged, report.dropped), (12, 10, 2, 0, 0));
    assert_eq!((report.active.version.as_str(), report.candidate.version.as_str()), ("1.0.0", "1.1.0"));
    let appeared = RuleDifference { appeared: 2, ..RuleDifference::default() };
    assert_eq!(report.rules.into_iter().collect::<Vec<_>>(), [("name_deny_all".to_owned(), appeared)]);
    assert_eq!(report.examples, ["touched"]);

    // With another measure the report begins anew; the candidate itself ends its shadow when it becomes active.
    let candidate = load(&host, GD, &guests().gd_notice, "1.1.0").unwrap();
    host.activate(candidate);
    assert!(host.shadow_report(GD).is_none());
    host.shadow(load(&host, GD, &guests().gd, "1.0.0").unwrap());
    host.judge_order(GD, "touched", &order, &context);
    let report = report_of(&host, GD, 1);
    assert_eq!(report.rules["name_deny_all"], RuleDifference { vanished: 1, ..RuleDifference::default() });
    assert_eq!(host.end_shadow(GD).unwrap().judged, 1);
    assert!(host.shadow_report(GD).is_none());
}

#[test]
fn only_the_configured_share_is_compared_and_few_examples_are_kept() {
    let host = Host::new(HostConfig { shadow_share_percent: 25, shadow_examples_max: 3, ..config() }).unwrap();
    activate(&host, GD, &guests().gd, "1.0.0");
    host.shadow(load(&host, GD, &guests().gd_notice, "1.1.0").unwrap());
    let (order, context) = draft_touched_by_the_notice();
    for number in 0..40 {
        host.judge_order(GD, &format!("order-{number}"), &order, &context);
    }
    let report = report_of(&host, GD, 10);
    assert_eq!((report.judged, report.differing, report.examples.len()), (10, 10, 3));
}

#[test]
fn a_candidate_that_hangs_delays_nothing_and_what_it_misses_is_counted() {
    let province = Province::Beijing;
    let config = HostConfig { shadow_queue_max: 4, fuel_per_order: u64::MAX / 4, deadline_ms: 200, ..config() };
    let host = Host::new(config).unwrap();
    let hanging = judging("(loop $again (br $again)) unreachable").build();
    let honest = honest().build();
    host.activate(host.load(province, &honest, &key().sign(&honest, "1.0.0"), &[]).unwrap());
    host.shadow(host.load(province, &hanging, &key().sign(&hanging, "1.0.0"), &[]).unwrap());
    let order = Order::from(&icp_testkit::filings::company_filing(province, 0));
    let context = Context::on(Date::new(2026, 11, 20));
    let started = Instant::now();
    for _ in 0..100 {
        assert!(matches!(host.judge(province, &order, &context), Verdict::Judged { .. }));
    }
    // Each order that the candidate judges takes it 200 ms: a hundred would take 20 s.
    assert!(started.elapsed() < Duration::from_secs(5), "took {:?}", started.elapsed());
    let report = report_of(&host, province, 100);
    assert_eq!(report.judged, 0);
    assert!(report.unjudged > 0 && report.dropped > 50, "{report:#?}");
    assert_eq!(report.unjudged + report.dropped, 100);
}
