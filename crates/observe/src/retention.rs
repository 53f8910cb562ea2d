//! Decides how long a group of lines may be kept, and when a file of them is to go.

/// The numbers of days that a group may be kept for.
pub const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// For how long a group is kept: one of [`RETENTION_DAYS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Retention(u32);

/// A number of days that a group cannot be kept for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("lines cannot be kept for {days} days; it can be one of {RETENTION_DAYS:?}")]
pub struct RetentionError {
    /// The days asked for.
    pub days: u32,
}

impl Retention {
    /// The days.
    pub const fn days(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Retention {
    type Error = RetentionError;

    fn try_from(days: u32) -> Result<Self, RetentionError> {
        if RETENTION_DAYS.contains(&days) { Ok(Self(days)) } else { Err(RetentionError { days }) }
    }
}

/// Whether a file whose newest line was printed at `newest_ms` is past its time; without a retention it never is.
pub fn expired(newest_ms: i64, retention: Option<Retention>, now_ms: i64) -> bool {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    retention.is_some_and(|retention| now_ms.saturating_sub(newest_ms) >= i64::from(retention.days()) * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_days_are_taken() {
        assert_eq!(Retention::try_from(14).map(Retention::days), Ok(14));
        for days in [0, 2, 15, 3654] {
            let error = Retention::try_from(days).unwrap_err();
            assert!(error.to_string().starts_with(&format!("lines cannot be kept for {days} days")), "{error}");
        }
    }

    #[test]
    fn a_file_goes_when_its_newest_line_is_old_enough() {
        let one_day = Retention::try_from(1).ok();
        let cases = [
            (0, one_day, 86_399_999, false),
            (0, one_day, 86_400_000, true),
            (0, None, i64::MAX, false),
            (5_000, one_day, 0, false),
            (i64::MIN, one_day, i64::MAX, true),
            (i64::MAX, one_day, i64::MIN, false),
        ];
        for (newest, retention, now, expected) in cases {
            assert_eq!(expired(newest, retention, now), expected, "{newest} {now}");
        }
    }
}
