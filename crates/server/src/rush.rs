//! Decides when there is a rush of requests, in which work that nobody waits for stands back.
//!
//! A rush outlives the moment that it is seen in: between two groups of answers few requests are under way for an
//! instant, and workers that begin something then are in the way of the next group.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a rush lasts after it was last seen.
const LASTS: Duration = Duration::from_millis(20);

/// Whether there is a rush.
#[derive(Debug)]
pub(crate) struct Rush {
    begun: Instant,
    /// Until when it lasts, in microseconds since the beginning.
    until: AtomicU64,
}

impl Default for Rush {
    fn default() -> Self {
        Self { begun: Instant::now(), until: AtomicU64::new(0) }
    }
}

impl Rush {
    /// There is one now.
    pub(crate) fn seen(&self, now: Instant) {
        self.until.store(self.micros(now + LASTS), Ordering::Relaxed);
    }

    /// Whether there still is one.
    pub(crate) fn lasts(&self, now: Instant) -> bool {
        self.micros(now) < self.until.load(Ordering::Relaxed)
    }

    fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.begun).as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rush_lasts_for_a_moment_after_it_was_seen() {
        let rush = Rush::default();
        let now = Instant::now();
        assert!(!rush.lasts(now));
        rush.seen(now);
        assert!(rush.lasts(now) && rush.lasts(now + LASTS - Duration::from_millis(1)));
        assert!(!rush.lasts(now + LASTS));
        rush.seen(now + LASTS);
        assert!(rush.lasts(now + LASTS));
    }
}
