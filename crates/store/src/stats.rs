//! Decides what is counted of the store's work: commits, the groups they went in, and how long each flush took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How many kinds of flush times are told apart: below 64 µs, below 128 µs, and so on to about a minute.
pub const FLUSH_KINDS: usize = 20;
/// The end of the first kind, as a power of two of microseconds.
const FIRST_END: u32 = 6;

/// What the store has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Commits that are durable.
    pub commits: u64,
    /// The groups they went in, each with one flush.
    pub groups: u64,
    /// Bytes of log.
    pub bytes: u64,
    /// How many flushes took less than [`Stats::flush_end`] of their kind, and not less than that of the one before.
    pub flushes: [u64; FLUSH_KINDS],
    /// How long all flushes took together.
    pub flushing: Duration,
}

impl Stats {
    /// What a flush of this kind took less than; the last kind has no end.
    #[must_use]
    pub const fn flush_end(kind: usize) -> Duration {
        Duration::from_micros(1 << (FIRST_END + kind as u32))
    }
}

/// The same, as it is counted.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    commits: AtomicU64,
    groups: AtomicU64,
    bytes: AtomicU64,
    flushes: [AtomicU64; FLUSH_KINDS],
    flushing_micros: AtomicU64,
}

impl Counting {
    /// A group became durable.
    pub(crate) fn group(&self, commits: usize, bytes: usize, flush: Duration) {
        let micros = u64::try_from(flush.as_micros()).unwrap_or(u64::MAX);
        let kind = (u64::BITS - micros.leading_zeros()).saturating_sub(FIRST_END) as usize;
        self.commits.fetch_add(commits as u64, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.flushes[kind.min(FLUSH_KINDS - 1)].fetch_add(1, Ordering::Relaxed);
        self.flushing_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            commits: self.commits.load(Ordering::Relaxed),
            groups: self.groups.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            flushes: std::array::from_fn(|kind| self.flushes[kind].load(Ordering::Relaxed)),
            flushing: Duration::from_micros(self.flushing_micros.load(Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_is_counted_below_the_end_of_its_kind_and_not_below_the_one_before() {
        for micros in [0, 1, 63, 64, 127, 128, 999, 1_000, 1_024, 30_000_000] {
            let counting = Counting::default();
            counting.group(3, 100, Duration::from_micros(micros));
            let stats = counting.stats();
            assert_eq!((stats.commits, stats.groups, stats.bytes), (3, 1, 100));
            let kind = stats.flushes.iter().position(|count| *count == 1).unwrap();
            assert!(Duration::from_micros(micros) < Stats::flush_end(kind), "{micros}");
            assert!(kind == 0 || Duration::from_micros(micros) >= Stats::flush_end(kind - 1), "{micros}");
        }
    }
}
