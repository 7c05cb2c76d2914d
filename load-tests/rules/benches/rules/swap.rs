//! A swap under full load: two threads judge without a pause while a third swaps between two versions.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use icp_domain::Province;
use icp_rules_host::{Host, Verdict};
use icp_rules_sdk::Finding;
use serde::Serialize;

use crate::cases::{Generator, Made, STOCK};
use crate::measure::{Times, nanoseconds, timed};
use crate::modules;

const JUDGES: usize = 2;
const VERSIONS: [&str; 2] = ["1.0.0", "1.1.0"];
/// Orders that are judged in turn.
const ORDERS: usize = 400;
/// Between two swaps.
const PAUSE: Duration = Duration::from_millis(1);
/// Every so many swaps the version is loaded anew, as from the bus, instead of taken up again.
const LOAD_EVERY: u64 = 400;

/// What the swaps did to the verdicts.
#[derive(Debug, Serialize)]
pub struct Swaps {
    /// Swaps.
    pub swaps: u64,
    /// Those that loaded the module first.
    pub loads: u64,
    /// Verdicts beside them.
    pub verdicts: usize,
    /// Orders that were not judged.
    pub failed: u64,
    /// Verdicts that are those of neither version, or not of the version that they name.
    pub mixed: u64,
    /// Verdicts during which a swap happened.
    pub around_swaps: Times,
    /// Verdicts during which the third thread only pretended to swap, between two swaps.
    pub without_swaps: Times,
    /// How much longer a verdict around a swap takes at p99.9, milliseconds.
    pub pause_p999_ms: f64,
    /// The swap itself.
    pub swap: Times,
}

#[derive(Default)]
struct Seen {
    verdicts: usize,
    failed: u64,
    mixed: u64,
    around: Vec<u64>,
    pretended: Vec<u64>,
}

/// Measures Guangdong's two editions.
pub fn measure(host: &Host, generator: &Generator, swaps: u64) -> anyhow::Result<Swaps> {
    // Every other order is one that the two versions judge differently.
    let is_wanted = |made: &Made, index: usize| made.is_renamed == index.is_multiple_of(2);
    let mut orders: Vec<Made> = Vec::with_capacity(ORDERS);
    for number in 0_u64.. {
        if orders.len() == ORDERS {
            break;
        }
        let made = generator.make(number, STOCK);
        if is_wanted(&made, orders.len()) {
            orders.push(made);
        }
    }
    let mut expected: Vec<[Vec<Finding>; 2]> = vec![[Vec::new(), Vec::new()]; ORDERS];
    for (place, version) in VERSIONS.into_iter().enumerate() {
        let module = modules::load(host, "gd", version)?.module;
        for (made, expected) in orders.iter().zip(&mut expected) {
            let verdict = host.judge_with(&module, &made.case.0, &made.case.1);
            let Verdict::Judged { findings, .. } = verdict else { anyhow::bail!("gd {version} does not judge") };
            expected[place] = findings;
        }
        host.activate(module);
    }
    let differing = expected.iter().filter(|[one, other]| one != other).count();
    ensure!(differing * 3 > ORDERS, "the two versions judge only {differing} orders differently");

    let (seen, swap_times, loads) = run(host, &orders, &expected, swaps)?;
    let (around_swaps, without_swaps) = (Times::of(seen.around, 1), Times::of(seen.pretended, 1));
    Ok(Swaps {
        swaps,
        loads,
        verdicts: seen.verdicts,
        failed: seen.failed,
        mixed: seen.mixed,
        pause_p999_ms: (around_swaps.p999_us - without_swaps.p999_us).max(0.0) / 1000.0,
        around_swaps,
        without_swaps,
        swap: Times::of(swap_times, 1),
    })
}

fn run(
    host: &Host,
    orders: &[Made],
    expected: &[[Vec<Finding>; 2]],
    swaps: u64,
) -> anyhow::Result<(Seen, Vec<u64>, u64)> {
    let (is_over, swapping) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let judges: Vec<_> =
            (0..JUDGES).map(|_| scope.spawn(|| judge_until(host, orders, expected, &is_over, &swapping))).collect();
        let swapped = swap_all(host, swaps, &swapping);
        is_over.store(true, Ordering::SeqCst);
        let mut all = Seen::default();
        for judge in judges {
            let seen = judge.join().map_err(|_| anyhow::anyhow!("a judging thread ended early"))?;
            all.verdicts += seen.verdicts;
            all.failed += seen.failed;
            all.mixed += seen.mixed;
            all.around.extend(seen.around);
            all.pretended.extend(seen.pretended);
        }
        let (times, loads) = swapped?;
        Ok((all, times, loads))
    })
}

/// Swaps, and pretends to in between, so that whatever else the machine does meets both. The counter grows before and
/// after each.
fn swap_all(host: &Host, swaps: u64, counter: &AtomicU64) -> anyhow::Result<(Vec<u64>, u64)> {
    let (mut times, mut loads) = (Vec::new(), 0);
    for number in 0..swaps {
        let fresh = if number % LOAD_EVERY == LOAD_EVERY - 1 {
            let active = host.active(Province::Guangdong);
            let is_active = |version: &&&str| active.as_ref().is_some_and(|active| active.version() == **version);
            let other = VERSIONS.iter().find(|version| !is_active(version)).copied().unwrap_or(VERSIONS[0]);
            loads += 1;
            Some(modules::load(host, "gd", other)?.module)
        } else {
            None
        };
        std::thread::sleep(PAUSE);
        counter.fetch_add(1, Ordering::SeqCst);
        let swap = || match fresh {
            Some(module) => {
                host.activate(module);
                Ok(())
            }
            None => host.rollback(Province::Guangdong).map(drop),
        };
        let (time, swapped) = timed(swap);
        counter.fetch_add(1, Ordering::SeqCst);
        swapped?;
        times.push(time);
        std::thread::sleep(PAUSE);
        counter.fetch_add(1, Ordering::SeqCst);
        counter.fetch_add(1, Ordering::SeqCst);
    }
    Ok((times, loads))
}

/// Whether the counter was moved by a swap, or by a pretended one, while it went from one value to another.
fn happened(before: u64, after: u64) -> (bool, bool) {
    // Values 4n + 1 and 4n + 2 are of the n-th swap, 4n + 3 and 4n + 4 of the pretended one after it.
    let steps = (before + u64::from(before.is_multiple_of(2))..=after).take(4);
    steps.fold((false, false), |(swap, pretended), step| match step % 4 {
        1 | 2 => (true, pretended),
        _ => (swap, true),
    })
}

fn judge_until(
    host: &Host,
    orders: &[Made],
    expected: &[[Vec<Finding>; 2]],
    is_over: &AtomicBool,
    counter: &AtomicU64,
) -> Seen {
    let mut seen = Seen::default();
    for (made, expected) in orders.iter().zip(expected).cycle() {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let swaps_before = counter.load(Ordering::SeqCst);
        let start = std::time::Instant::now();
        let verdict = host.judge(Province::Guangdong, &made.case.0, &made.case.1);
        let time = nanoseconds(start.elapsed());
        let swaps_after = counter.load(Ordering::SeqCst);
        seen.verdicts += 1;
        // A verdict that lost its core for long saw both, and says nothing for either.
        let (swap, pretended) = happened(swaps_before, swaps_after);
        if swap {
            seen.around.push(time);
        }
        if pretended {
            seen.pretended.push(time);
        }
        match verdict {
            Verdict::Unjudged { .. } => seen.failed += 1,
            Verdict::Judged { findings, module, .. } => {
                let place = VERSIONS.iter().position(|version| *version == module.version());
                if place.and_then(|place| expected.get(place)) != Some(&findings) {
                    seen.mixed += 1;
                }
            }
        }
    }
    seen
}
