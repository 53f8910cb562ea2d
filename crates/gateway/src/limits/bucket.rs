//! Decides how fast: a bucket of tokens that fills at a rate up to a burst, in whole billionths of a token.
//!
//! Start at [`Bucket::look`]. Integers, so that nothing is gained by rounding however often it is asked.
//!
//! Invariant: `tokens` is never more than the burst, and never more than time has earned.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use types::Timestamp;

/// One token.
const TOKEN: u64 = 1_000_000_000;
/// The largest rate and burst.
const MOST: u32 = 1_000_000_000;
/// How long somebody waits who can never have one.
const NEVER: Duration = Duration::from_secs(86_400);

/// How fast, and how many at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// As it was given, for people.
    per_second: f64,
    /// In billionths of a token, rounded down.
    per_milli: u64,
    burst: u64,
}

/// The numbers are no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a rate is 0 to {MOST} requests a second, a burst 0 to {MOST} requests")]
pub struct RateRefused;

impl Rate {
    /// So many requests a second, and so many at once after a pause.
    pub fn new(per_second: f64, burst: u32) -> Result<Self, RateRefused> {
        if !(0.0..=f64::from(MOST)).contains(&per_second) || burst > MOST {
            return Err(RateRefused);
        }
        let per_milli = (per_second * 1e6).floor() as u64;
        Ok(Self { per_second, per_milli, burst: u64::from(burst) * TOKEN })
    }

    /// Requests a second.
    pub fn per_second(&self) -> f64 {
        self.per_second
    }

    /// Requests at once.
    pub fn burst(&self) -> u64 {
        self.burst / TOKEN
    }

    /// How long an empty bucket takes to be full, in milliseconds.
    fn fills_in(&self) -> i64 {
        let millis = self.burst.checked_div(self.per_milli).unwrap_or(0).saturating_add(1);
        i64::try_from(millis).unwrap_or(i64::MAX)
    }
}

/// What may be taken at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    tokens: u64,
    at: Timestamp,
}

impl Bucket {
    /// Nobody has taken anything.
    pub fn full(rate: &Rate, now: Timestamp) -> Self {
        Self { tokens: rate.burst, at: now }
    }

    /// Everything was taken at an instant.
    pub fn empty(at: Timestamp) -> Self {
        Self { tokens: 0, at }
    }

    /// Earns what time gives; how long until there is one to take, nothing if there is.
    pub fn look(&mut self, rate: &Rate, now: Timestamp) -> Option<Duration> {
        let passed = now.millis().saturating_sub(self.at.millis());
        if let Ok(passed) = u64::try_from(passed) {
            self.tokens = self.tokens.saturating_add(passed.saturating_mul(rate.per_milli));
            self.at = now;
        } else {
            // Time that is shown again earns nothing. Far behind, a clock was wrong and was put right: then nothing is
            // earned for as long as filling the bucket takes, which is all that the wrong clock could have given.
            self.at = self.at.min(Timestamp::from_millis(now.millis().saturating_add(rate.fills_in())));
        }
        self.tokens = self.tokens.min(rate.burst);
        if self.tokens >= TOKEN {
            return None;
        }
        if rate.burst < TOKEN || rate.per_milli == 0 {
            return Some(NEVER);
        }
        let ahead = u64::try_from(-passed.min(0)).unwrap_or(0).min(rate.fills_in().unsigned_abs());
        Some(Duration::from_millis((TOKEN - self.tokens).div_ceil(rate.per_milli).saturating_add(ahead)).min(NEVER))
    }

    /// Takes one that [`Bucket::look`] has found.
    pub fn take(&mut self) {
        self.tokens = self.tokens.checked_sub(TOKEN).expect("it was looked whether there is one");
    }
}
