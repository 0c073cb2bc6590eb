//! Memory: how much this machine has free.

use std::fs;

/// Bytes that may still be allocated: what the system has free, or the limit of the container that this
/// runs in. Without an answer there is no bound.
pub fn available() -> u64 {
    let limits = [free(), container("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current")];
    limits.into_iter().flatten().min().unwrap_or(u64::MAX)
}

/// Linux: what can be had without swapping.
fn free() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

fn container(limit: &str, used: &str) -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    Some(number(limit)?.saturating_sub(number(used)?))
}
