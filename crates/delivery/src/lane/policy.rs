//! Decides how patient a lane is: when a batch closes, how often it is tried, how long it waits in between.
//!
//! Invariant: a wait never exceeds [`BACKOFF_MAX`], and waiting for a batch to fill never makes a record too old.

use std::time::Duration;
use types::Timestamp;

/// The wait after the first failure, before jitter.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(200);
/// The longest wait between two attempts.
pub const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// The most bytes of JSON that one invocation carries, unless a single record has more.
pub const PAYLOAD_MAX: usize = 6 * 1024 * 1024;

/// What the pipe's parameters ask of each of its lanes.
///
/// A log that keeps records for a day only is said here too: as a `max_age` of at most a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The most records in a batch; 0 counts as 1.
    pub batch_size: u32,
    /// How long a batch that is not full waits for more records after its first one.
    pub window: Duration,
    /// How often a batch that failed is tried again; `None` for as long as it takes.
    pub retries: Option<u32>,
    /// How old a record may be and still be delivered; `None` for any age.
    pub max_age: Option<Duration>,
    /// Whether a batch that failed is split to find the record that is at fault.
    pub bisect: bool,
}

impl Policy {
    /// [`Policy::batch_size`], in the type that counts.
    pub(super) fn batch_records(&self) -> usize {
        usize::try_from(self.batch_size.max(1)).unwrap_or(usize::MAX)
    }

    /// Whether `attempts` counted failures are as many as there may be.
    pub(super) fn is_exhausted(&self, attempts: u32) -> bool {
        self.retries.is_some_and(|retries| attempts > retries)
    }

    /// When a batch closes whose first record is of `at` and was offered at `offered_at`.
    ///
    /// A window longer than records may live closes when half of the first record's time is up.
    pub(super) fn closes_at(&self, offered_at: Timestamp, at: Timestamp) -> Timestamp {
        let by_window = offered_at + self.window;
        self.max_age.map_or(by_window, |max_age| by_window.min(at + max_age / 2))
    }

    /// The first instant at which a record of `at` is too old.
    pub(super) fn too_old_at(&self, at: Timestamp) -> Option<Timestamp> {
        Some(at + self.max_age? + Duration::from_millis(1))
    }
}

/// How long to wait after the `failures`-th failure in a row: doubling from [`BACKOFF_FIRST`] to [`BACKOFF_MAX`], of
/// which one half is fixed and the other is multiplied with `jitter`, from 0 to 1.
pub fn backoff(failures: u32, jitter: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let half = BACKOFF_FIRST.saturating_mul(1 << doublings).min(BACKOFF_MAX) / 2;
    let share = if jitter.is_nan() { 1.0 } else { jitter.clamp(0.0, 1.0) };
    half + half.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let cases = [
            (1, 0.0, 100),
            (1, 1.0, 200),
            (1, 0.5, 150),
            (2, 1.0, 400),
            (3, 0.0, 400),
            (9, 1.0, 51_200),
            (10, 1.0, 60_000),
            (10, 0.0, 30_000),
            (u32::MAX, 1.0, 60_000),
            (0, 1.0, 200),
            (1, -3.0, 100),
            (1, 7.0, 200),
            (1, f64::NAN, 200),
        ];
        for (failures, jitter, millis) in cases {
            assert_eq!(backoff(failures, jitter), Duration::from_millis(millis), "{failures} {jitter}");
        }
    }

    #[test]
    fn waiting_for_company_makes_no_record_too_old() {
        let seconds = |count: i64| Timestamp::from_millis(count * 1000);
        let policy = |window, max_age: Option<u64>| Policy {
            batch_size: 10,
            window: Duration::from_secs(window),
            retries: None,
            max_age: max_age.map(Duration::from_secs),
            bisect: false,
        };
        assert_eq!(policy(300, None).closes_at(seconds(10), seconds(9)), seconds(310));
        assert_eq!(policy(300, Some(60)).closes_at(seconds(10), seconds(9)), seconds(39));
        assert_eq!(policy(5, Some(60)).closes_at(seconds(10), seconds(9)), seconds(15));
    }
}
