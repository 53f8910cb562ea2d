//! Decides how much: so many requests in a day, a week or a month of UTC, spent from leases that are durable first.
//!
//! Start at [`Spent::take`]. Weeks begin on Monday.
//!
//! Invariant: `used <= granted <= promised <= the limit`: nothing is spent that is not on disk as spent.

use super::Verdict;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use types::Timestamp;

const DAY_MILLIS: i64 = 86_400_000;
/// The largest lease.
const LEASE_MAX: u64 = 10_000;

/// How long a quota is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Period {
    /// From midnight UTC.
    Day,
    /// From Monday.
    Week,
    /// From the first.
    Month,
}

/// How many requests a key may make in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// How many.
    pub limit: u64,
    /// How many fewer in the first period of a key.
    pub offset: u64,
    /// How long.
    pub period: Period,
}

impl Quota {
    /// A small part of the limit, so that a crash costs little.
    fn lease(&self) -> u64 {
        (self.limit / 50).clamp(1, LEASE_MAX)
    }
}

impl Period {
    /// Which period an instant is in; one more for each that follows.
    fn number(self, at: Timestamp) -> i64 {
        let day = at.millis().div_euclid(DAY_MILLIS);
        match self {
            Self::Day => day,
            // 1970 began on a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => month_of(day),
        }
    }

    /// When a period begins.
    fn begins_at(self, number: i64) -> Timestamp {
        let day = match self {
            Self::Day => number,
            Self::Week => number.saturating_mul(7) - 3,
            Self::Month => first_day(number),
        };
        Timestamp::from_millis(day.saturating_mul(DAY_MILLIS))
    }
}

/// Months since year 0 of a day since 1970, by the usual reckoning in years that begin in March.
fn month_of(day: i64) -> i64 {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    (year + era * 400) * 12 + month + 2
}

/// The day since 1970 on which a month begins.
fn first_day(month: i64) -> i64 {
    let (year, month) = ((month - 2).div_euclid(12), (month - 2).rem_euclid(12));
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// What a key has used of its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spent {
    period: i64,
    used: u64,
    /// What is durable as spent, so may be spent.
    granted: u64,
    /// What was given to be made durable.
    promised: u64,
    /// Of the quota at the last request.
    limit: u64,
    lease: u64,
}

/// What is kept: as if everything leased were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptSpent {
    period: i64,
    used: u64,
}

impl Spent {
    /// Of a key that has never asked.
    pub(super) fn first(quota: &Quota, now: Timestamp) -> Self {
        let used = quota.offset.min(quota.limit);
        let period = quota.period.number(now);
        Self { period, used, granted: used, promised: used, limit: quota.limit, lease: quota.lease() }
    }

    pub(super) fn restore(kept: KeptSpent) -> Self {
        let KeptSpent { period, used } = kept;
        Self { period, used, granted: used, promised: used, limit: 0, lease: 0 }
    }

    pub(super) fn take(&mut self, quota: &Quota, now: Timestamp) -> Verdict {
        let period = quota.period.number(now);
        // A clock that steps back into an earlier period finds what was used, and no second quota.
        if period > self.period {
            *self = Self { period, used: 0, granted: 0, promised: 0, limit: 0, lease: 0 };
        }
        (self.limit, self.lease) = (quota.limit, quota.lease());
        if self.used >= quota.limit {
            let next = quota.period.begins_at(self.period + 1);
            return Verdict::QuotaExceeded { retry_after: next.since(now).max(Duration::from_millis(1)) };
        }
        if self.used >= self.granted {
            return Verdict::Reserve;
        }
        self.used += 1;
        Verdict::Taken
    }

    pub(super) fn needs_lease(&self) -> bool {
        self.promised < self.limit && self.used + self.lease.div_ceil(2) > self.promised
    }

    pub(super) fn keep(&mut self, orderly: bool) -> KeptSpent {
        if orderly {
            return KeptSpent { period: self.period, used: self.used };
        }
        if self.needs_lease() {
            self.promised = self.limit.min(self.used + self.lease).max(self.promised);
        }
        KeptSpent { period: self.period, used: self.promised }
    }

    pub(super) fn kept(&mut self, kept: &KeptSpent) {
        if kept.period == self.period {
            self.granted = self.granted.max(kept.used);
        }
    }

    pub(super) fn used(&self) -> u64 {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn periods_begin_where_the_calendar_says() {
        let at = |text: &str| Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let cases = [
            (Period::Day, "2024-02-29T23:59:59.999Z", "2024-03-01T00:00:00Z"),
            (Period::Week, "2024-03-10T23:59:59.999Z", "2024-03-11T00:00:00Z"),
            (Period::Month, "2024-02-29T23:59:59.999Z", "2024-03-01T00:00:00Z"),
            (Period::Month, "2023-12-31T23:59:59.999Z", "2024-01-01T00:00:00Z"),
            (Period::Month, "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00Z"),
        ];
        for (period, last, first) in cases {
            let number = period.number(at(last));
            assert_eq!(period.number(at(first)), number + 1, "{period:?} at {first}");
            assert_eq!(period.begins_at(number + 1), at(first), "{period:?} at {first}");
        }
    }

    proptest! {
        /// Every instant lies in its own period, and months are those of the calendar.
        #[test]
        fn an_instant_is_in_its_period(millis in -60_000_000_000_000i64..200_000_000_000_000) {
            let at = Timestamp::from_millis(millis);
            for period in [Period::Day, Period::Week, Period::Month] {
                let number = period.number(at);
                prop_assert!(period.begins_at(number) <= at && at < period.begins_at(number + 1), "{:?}", period);
            }
            let day = jiff::Timestamp::from_millisecond(millis).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
            prop_assert_eq!(Period::Month.number(at), i64::from(day.year()) * 12 + i64::from(day.month()) - 1);
        }
    }
}
