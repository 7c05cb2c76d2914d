//! CPU and memory of the processes under test, from `/proc`.

use std::fs;
use std::ops::RangeInclusive;

use serde::Serialize;

const TICKS_PER_S: f64 = 100.0;
const KIB_PER_MB: f64 = 1000.0 * 1000.0 / 1024.0;

/// What a process used.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Usage {
    /// CPU seconds so far, user and system.
    pub cpu_s: f64,
    /// Resident memory now, MB.
    pub resident_mb: f64,
    /// Proportional share of resident memory now, MB: pages shared with other processes count in part.
    pub proportional_mb: f64,
    /// Highest resident memory so far, MB.
    pub peak_mb: f64,
}

/// Usage of one process, its processor time with that of its children that have ended; zero when it is gone.
pub fn usage(pid: u32) -> Usage {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    Usage {
        cpu_s: cpu_s(&pid.to_string(), 11..=14),
        resident_mb: kib(&status, "VmRSS:") / KIB_PER_MB,
        proportional_mb: kib(&rollup, "Pss:") / KIB_PER_MB,
        peak_mb: kib(&status, "VmHWM:") / KIB_PER_MB,
    }
}

/// The sum of these fields of a process's `stat`, in seconds: from 11 on its own time in user and system mode, then that
/// of its children that have ended and were waited for.
fn cpu_s(process: &str, fields: RangeInclusive<usize>) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name in parentheses may hold blanks; the fields after it do not.
    let all: Vec<&str> = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let ticks = |index: usize| all.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    fields.map(ticks).sum::<f64>() / TICKS_PER_S
}

fn kib(text: &str, label: &str) -> f64 {
    text.lines()
        .find_map(|line| line.strip_prefix(label))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

/// CPU seconds of a process and all its descendants that are alive.
pub fn tree_cpu_s(root: u32) -> f64 {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parents.push((pid, parent.unwrap_or_default()));
    }
    let mut members = vec![root];
    let mut index = 0;
    while let Some(&member) = members.get(index) {
        members.extend(parents.iter().filter(|(_, parent)| *parent == member).map(|(pid, _)| *pid));
        index += 1;
    }
    members.into_iter().map(|pid| usage(pid).cpu_s).sum()
}

/// CPU seconds of all children of this process that have ended and were waited for.
pub fn children_cpu_s() -> f64 {
    cpu_s("self", 13..=14)
}

/// Facts of the machine, so that runs can be compared.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Model of the processor.
    pub processor: String,
    /// Cores.
    pub cores: usize,
    /// Memory, GB.
    pub memory_gb: f64,
    /// Kernel.
    pub kernel: String,
}

/// Facts of this machine.
pub fn machine() -> Machine {
    let cpu_info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = cpu_info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned())
        .unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    Machine {
        processor,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_gb: (kib(&memory, "MemTotal:") / KIB_PER_MB / 100.0).round() / 10.0,
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
    }
}
