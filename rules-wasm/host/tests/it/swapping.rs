//! Swap and roll back, at rest and under load.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use icp_domain::Province;
use icp_rules_host::{Host, HostConfig, NoRollback, Verdict};
use icp_rules_sdk::Severity;

use crate::guests::{activate, config, draft_touched_by_the_notice, guests, host, load};

/// Version that judged and whether the draft was blocked.
fn judged(host: &Host) -> (String, bool) {
    let (order, context) = draft_touched_by_the_notice();
    match host.judge(Province::Guangdong, &order, &context) {
        Verdict::Judged { findings, module, .. } => {
            let is_blocked =
                findings.iter().any(|finding| finding.severity == Severity::Block && finding.code == "N01");
            (module.version().to_owned(), is_blocked)
        }
        Verdict::Unjudged { reason, .. } => panic!("not judged: {reason}"),
    }
}

#[test]
fn the_same_draft_before_and_after_a_swap_and_after_the_roll_back() {
    let host = host();
    activate(&host, Province::Guangdong, &guests().gd, "1.0.0");
    assert_eq!(host.rollback(Province::Guangdong), Err(NoRollback));
    assert_eq!(judged(&host), ("1.0.0".to_owned(), false));
    activate(&host, Province::Guangdong, &guests().gd_notice, "1.1.0");
    assert_eq!(judged(&host), ("1.1.0".to_owned(), true));
    // The same module again does not push out the one to go back to.
    activate(&host, Province::Guangdong, &guests().gd_notice, "1.1.0");
    assert_eq!(host.rollback(Province::Guangdong).unwrap().version(), "1.0.0");
    assert_eq!(judged(&host), ("1.0.0".to_owned(), false));
    host.deactivate(Province::Guangdong);
    assert!(host.active(Province::Guangdong).is_none());
}

#[test]
fn the_provider_gives_a_rule_another_weight_without_another_module() {
    use icp_rules_sdk::severity::SeverityOverrides;
    let configured = |text: &str| {
        let severities: SeverityOverrides = serde_json::from_str(text).unwrap();
        let host = Host::new(HostConfig { severities, ..config() }).unwrap();
        activate(&host, Province::Guangdong, &guests().gd_notice, "1.1.0");
        host
    };
    assert!(judged(&configured("[]")).1);
    assert!(!judged(&configured(r#"[{"rule": "name_deny_all", "severity": "review"}]"#)).1);
    assert!(judged(&configured(r#"[{"province": "zj", "rule": "name_deny_all", "severity": "off"}]"#)).1);
    // A batch is weighed as a single order is.
    let (order, context) = draft_touched_by_the_notice();
    let cases = icp_rules_sdk::batch::encode(Vec::new(), &order, &context).unwrap();
    let off = configured(r#"[{"rule": "name_deny_all", "severity": "off"}]"#);
    let (lists, _) = off.judge_batch(Province::Guangdong, &cases, 1).unwrap();
    assert!(lists[0].iter().all(|finding| finding.rule != "name_deny_all"), "{lists:?}");
}

#[test]
fn swaps_under_load_fail_and_mix_no_verdict() {
    let host = host();
    activate(&host, Province::Guangdong, &guests().gd, "1.0.0");
    let is_over = AtomicBool::new(false);
    let (old, new) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    match judged(&host) {
                        (version, false) if version == "1.0.0" => old.fetch_add(1, Ordering::Relaxed),
                        (version, true) if version == "1.1.0" => new.fetch_add(1, Ordering::Relaxed),
                        mixed => panic!("a verdict of two books: {mixed:?}"),
                    };
                }
            });
        }
        for round in 0..6 {
            let (module, version) =
                if round % 2 == 0 { (&guests().gd_notice, "1.1.0") } else { (&guests().gd, "1.0.0") };
            let loaded = load(&host, Province::Guangdong, module, version).unwrap();
            host.activate(loaded);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(old.load(Ordering::Relaxed) > 0 && new.load(Ordering::Relaxed) > 0);
}
