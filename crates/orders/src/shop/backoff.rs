//! Decides how long to wait before something is tried again: exponentially longer, with full jitter.
//!
//! Full jitter means any time between nothing and the bound, so that those who failed together do not come back
//! together.

use std::time::Duration;

/// The bound of the first wait.
const BASE: Duration = Duration::from_millis(100);
/// No wait is longer.
const CAP: Duration = Duration::from_secs(30);

/// How long to wait after so many failed attempts, given a random number.
pub fn backoff(attempts: u32, random: u64) -> Duration {
    share(bound(attempts), random)
}

/// The longest wait after so many failed attempts.
fn bound(attempts: u32) -> Duration {
    let doubled = 1u32.checked_shl(attempts.saturating_sub(1)).and_then(|factor| BASE.checked_mul(factor));
    doubled.map_or(CAP, |bound| bound.min(CAP))
}

/// Any part of a span, at least a millisecond, so that whoever waits lets others go first.
pub fn share(span: Duration, random: u64) -> Duration {
    let millis = u128::from(u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
    let part = (u128::from(random) * (millis + 1)) >> 64;
    Duration::from_millis(u64::try_from(part).expect("a part of a u64").max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_double_up_to_the_cap() {
        let longest = |attempts| backoff(attempts, u64::MAX).as_millis();
        let cases = [(0, 100), (1, 100), (2, 200), (3, 400), (5, 1_600), (9, 25_600), (10, 30_000), (33, 30_000)];
        for (attempts, millis) in cases {
            assert_eq!(longest(attempts), millis, "{attempts}");
        }
        assert_eq!(longest(u32::MAX), 30_000);
        assert_eq!(backoff(5, 0), Duration::from_millis(1));
        assert_eq!(backoff(5, u64::MAX / 2), Duration::from_millis(800));
    }

    proptest! {
        /// A larger random number never gives a shorter wait, and none is beyond its bound.
        #[test]
        fn waits_spread_over_the_whole_bound(attempts in 0..40u32, one in any::<u64>(), other in any::<u64>()) {
            let (low, high) = (one.min(other), one.max(other));
            prop_assert!(backoff(attempts, low) <= backoff(attempts, high));
            prop_assert!(backoff(attempts, high) <= backoff(attempts, u64::MAX));
        }
    }
}
