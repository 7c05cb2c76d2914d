//! What a module and an instance of it take.

use std::collections::BTreeMap;

use icp_rules_host::Host;
use serde::Serialize;

use crate::cases::{Generator, LIVE};
use crate::{modules, processes};

/// Instances that are kept at the same time.
const INSTANCES: usize = 32;
/// Orders that each of them judges.
const ORDERS: usize = 50;
const KIB_PER_MB: f64 = 1000.0 * 1000.0 / 1024.0;

/// Size and cost of one module.
#[derive(Debug, Serialize)]
pub struct Memory {
    /// Size of the module's file, KiB.
    pub module_kib: f64,
    /// From bytes to a module that is ready (compiled, linked, described), without its vectors, milliseconds.
    pub load_ms: f64,
    /// Resident memory of the loaded module, KiB.
    pub module_resident_kib: f64,
    /// Linear memory of an instance that has judged, KiB.
    pub linear_kib: f64,
    /// Resident memory of an instance that has judged, KiB.
    pub instance_resident_kib: f64,
}

/// Measures the module of each province.
pub fn measure(host: &Host, generators: &[Generator]) -> anyhow::Result<BTreeMap<String, Memory>> {
    let mut all = BTreeMap::new();
    for generator in generators {
        let (letters, version) = (generator.book.province.letters(), generator.book.version);
        let orders = generator.make_all(0, ORDERS, LIVE);
        let before_kib = resident_kib();
        let loaded = modules::load(host, letters, version)?;
        let loaded_kib = resident_kib();
        let mut instances = Vec::new();
        for _ in 0..INSTANCES {
            let mut held = host.hold(&loaded.module).map_err(anyhow::Error::msg)?;
            for made in &orders {
                held.judge(&made.case.0, &made.case.1).map_err(anyhow::Error::msg)?;
            }
            instances.push(held);
        }
        let linear_bytes = instances.iter().map(|held| held.memory_bytes()).max().unwrap_or_default();
        let figures = Memory {
            module_kib: loaded.bytes as f64 / 1024.0,
            load_ms: loaded.load_ms,
            module_resident_kib: (loaded_kib - before_kib).max(0.0),
            linear_kib: linear_bytes as f64 / 1024.0,
            instance_resident_kib: (resident_kib() - loaded_kib).max(0.0) / INSTANCES as f64,
        };
        all.insert(format!("{letters} {version}"), figures);
    }
    Ok(all)
}

fn resident_kib() -> f64 {
    processes::usage(std::process::id()).resident_mb * KIB_PER_MB
}
