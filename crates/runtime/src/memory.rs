//! Decides how much memory an invocation is said to have used: what this process has, measured at most once a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a measured amount is good for.
const KNOWN_FOR: Duration = Duration::from_secs(1);

/// The memory that this process uses.
#[derive(Debug)]
pub(crate) struct Memory {
    started: Instant,
    /// Milliseconds since `started` when it was measured last, plus one; 0 for never.
    measured: AtomicU64,
    used_mb: AtomicU64,
}

impl Default for Memory {
    fn default() -> Self {
        Self { started: Instant::now(), measured: AtomicU64::new(0), used_mb: AtomicU64::new(0) }
    }
}

impl Memory {
    /// How much it is, in megabytes.
    pub(crate) fn used_mb(&self) -> u32 {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1;
        let measured = self.measured.load(Ordering::Relaxed);
        let known_for = u64::try_from(KNOWN_FOR.as_millis()).unwrap_or(u64::MAX);
        if measured == 0 || now.saturating_sub(measured) > known_for {
            self.measured.store(now, Ordering::Relaxed);
            self.used_mb.store(resident_mb().unwrap_or(0), Ordering::Relaxed);
        }
        u32::try_from(self.used_mb.load(Ordering::Relaxed)).unwrap_or(u32::MAX)
    }
}

/// What the system says this process has in memory.
fn resident_mb() -> Option<u64> {
    const PAGES_A_MB: u64 = 256;
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split(' ').nth(1)?.parse::<u64>().ok()?.div_ceil(PAGES_A_MB))
}
