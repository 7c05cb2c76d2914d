//! Times, and what is drawn by lot.

use std::time::{Duration, Instant};

use serde::Serialize;

/// Times of one thing, microseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Times {
    /// How many.
    pub count: usize,
    /// Mean.
    pub mean_us: f64,
    /// Median.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// 99.9th percentile.
    pub p999_us: f64,
    /// Longest.
    pub max_us: f64,
}

impl Times {
    /// Of nanoseconds, each of them the time of `verdicts` verdicts.
    pub fn of(mut nanoseconds: Vec<u64>, verdicts: usize) -> Self {
        nanoseconds.sort_unstable();
        let per_verdict = |total: f64| total / 1000.0 / verdicts.max(1) as f64;
        let count = nanoseconds.len();
        let at = |quantile: f64| {
            let rank = (quantile * count as f64).ceil() as usize;
            per_verdict(nanoseconds.get(rank.saturating_sub(1)).copied().unwrap_or_default() as f64)
        };
        let sum: u64 = nanoseconds.iter().sum();
        Self {
            count,
            mean_us: per_verdict(sum as f64 / count.max(1) as f64),
            p50_us: at(0.5),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: at(1.0),
        }
    }
}

/// The time of one call in nanoseconds, and what it answered.
pub fn timed<T>(call: impl FnOnce() -> T) -> (u64, T) {
    let start = Instant::now();
    let answer = call();
    (nanoseconds(start.elapsed()), answer)
}

/// A duration in nanoseconds.
pub fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The value in the middle.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Numbers by lot, the same for the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub struct Lot(u64);

impl Lot {
    /// The numbers of one order.
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }

    /// One of the list.
    pub fn of_list<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        let place = self.below(list.len() as u64) as usize;
        list.get(place)
    }
}
