//! Decides what becomes of one event on its way to one target: [`State::after`].
//!
//! An event is tried, waits, is tried again, and ends delivered or given up. Waits double and are spread by a random
//! number, so that what failed together does not come back together. An event is given up when its failure is not worth
//! another attempt, when there were as many attempts as the target's [`Policy`] allows, or when it is too old.
//!
//! Invariants: every event is tried at least once, however late. No attempt begins when the event is older than the
//! policy says. A state that is an end stays as it is.

use super::failure::Failure;
use std::ops::RangeInclusive;
use std::time::Duration;
use types::Timestamp;

/// How often a failed delivery may be tried again.
pub const RETRIES: RangeInclusive<i64> = 0..=185;
/// How old an event may be and be tried, in seconds.
pub const MAX_AGE_SECONDS: RangeInclusive<i64> = 60..=86_400;
/// The wait after the first failure, before it is spread.
pub const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// The longest wait: with it, 185 attempts last about a day.
pub const BACKOFF_MAX: Duration = Duration::from_secs(600);

/// How patient a target is. By default AWS tries for a day, and 185 times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    retries: u32,
    max_age: Duration,
}

/// Why a policy is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefused {
    /// Too many attempts, or fewer than none.
    #[error("MaximumRetryAttempts is {given}; it must be from {} to {}", RETRIES.start(), RETRIES.end())]
    Retries {
        /// What was asked for.
        given: i64,
    },
    /// Too long, or too short.
    #[error(
        "MaximumEventAgeInSeconds is {given}; it must be from {} to {}", MAX_AGE_SECONDS.start(), MAX_AGE_SECONDS.end()
    )]
    MaxAge {
        /// What was asked for.
        given: i64,
    },
}

impl Policy {
    /// A policy within AWS's bounds; what is not given is as long as it may be.
    pub fn new(retries: Option<i64>, max_age_seconds: Option<i64>) -> Result<Self, PolicyRefused> {
        let given = retries.unwrap_or(*RETRIES.end());
        let retries = u32::try_from(given).ok().filter(|_| RETRIES.contains(&given));
        let retries = retries.ok_or(PolicyRefused::Retries { given })?;
        let given = max_age_seconds.unwrap_or(*MAX_AGE_SECONDS.end());
        let seconds = u64::try_from(given).ok().filter(|_| MAX_AGE_SECONDS.contains(&given));
        let max_age = Duration::from_secs(seconds.ok_or(PolicyRefused::MaxAge { given })?);
        Ok(Self { retries, max_age })
    }

    /// How often a failed delivery is tried again.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// How old an event may be and be tried.
    pub fn max_age(&self) -> Duration {
        self.max_age
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(None, None).expect("the ends of the bounds are within the bounds")
    }
}

/// How far a delivery is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is to be tried, or is being tried.
    Due {
        /// How often it was tried before.
        retries: u32,
    },
    /// It waits to be tried again.
    Waiting {
        /// How often it was tried again.
        retries: u32,
        /// Until when.
        retry_at: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// The target has it.
    Delivered,
    /// The target does not get it.
    GivenUp(GivenUp),
}

/// What is known of a delivery that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// How the last attempt failed.
    pub failure: Failure,
    /// How often it was tried again after the first attempt.
    pub retries: u32,
    /// What of the policy was used up; nothing, if the failure was not worth another attempt.
    pub exhausted: Option<Exhausted>,
}

/// Which part of a policy was used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exhausted {
    /// The number of attempts.
    Retries,
    /// The time.
    Age,
}

/// What happened to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// The target took the event.
    Delivered,
    /// It did not.
    Failed(Failure),
    /// Time passed.
    Nothing,
}

/// What a delivery is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// The target's policy.
    pub policy: Policy,
    /// When the bus received the event.
    pub ingested_at: Timestamp,
}

impl Measure {
    /// The last instant at which an attempt may begin.
    fn deadline(&self) -> Timestamp {
        self.ingested_at + self.policy.max_age
    }
}

impl State {
    /// Every delivery's beginning.
    pub const FIRST: Self = Self::Due { retries: 0 };

    /// What comes after something happened at `now`. `jitter` is a random number from 0 to 1.
    pub fn after(self, happened: Happened, measure: &Measure, now: Timestamp, jitter: f64) -> Self {
        match (self, happened) {
            (Self::Due { .. } | Self::Waiting { .. }, Happened::Delivered) => Self::Delivered,
            (Self::Due { retries }, Happened::Failed(failure)) => failed(retries, failure, measure, now, jitter),
            (Self::Waiting { retries, failure, .. }, Happened::Nothing) if now > measure.deadline() => {
                Self::GivenUp(GivenUp { failure, retries, exhausted: Some(Exhausted::Age) })
            }
            (Self::Waiting { retries, retry_at, .. }, Happened::Nothing) if retry_at <= now => {
                Self::Due { retries: retries + 1 }
            }
            // A failure that is told twice, or of an attempt that nobody waits for, changes nothing.
            (state @ Self::Waiting { .. }, Happened::Failed(_) | Happened::Nothing) => state,
            (state @ Self::Due { .. }, Happened::Nothing) => state,
            (state @ (Self::Delivered | Self::GivenUp(_)), _) => state,
        }
    }

    /// When the state changes if nothing else happens.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        match self {
            Self::Waiting { retry_at, .. } => Some(*retry_at),
            Self::Due { .. } | Self::Delivered | Self::GivenUp(_) => None,
        }
    }
}

fn failed(retries: u32, failure: Failure, measure: &Measure, now: Timestamp, jitter: f64) -> State {
    let exhausted = if !failure.code.is_retried() {
        None
    } else if retries >= measure.policy.retries {
        Some(Exhausted::Retries)
    } else if now >= measure.deadline() {
        Some(Exhausted::Age)
    } else {
        // The last attempt is made at the very end rather than not at all.
        let wait = backoff(retries, jitter).max(failure.wait.unwrap_or_default());
        let retry_at = (now + wait).min(measure.deadline());
        return State::Waiting { retries, retry_at, failure };
    };
    State::GivenUp(GivenUp { failure, retries, exhausted })
}

/// How long to wait before the next attempt, if there were so many after the first: one half of a wait that doubles is
/// fixed, the other is multiplied with `jitter`.
pub fn backoff(retries: u32, jitter: f64) -> Duration {
    let half = BACKOFF_FIRST.saturating_mul(1 << retries.min(16)).min(BACKOFF_MAX) / 2;
    let share = if jitter.is_nan() { 1.0 } else { jitter.clamp(0.0, 1.0) };
    half + half.mul_f64(share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::failure::ErrorCode;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn failure(code: ErrorCode) -> Failure {
        Failure::new(code, "no")
    }

    fn measure(retries: i64, max_age: i64) -> Measure {
        Measure { policy: Policy::new(Some(retries), Some(max_age)).unwrap(), ingested_at: at(0) }
    }

    fn waiting(retries: u32, retry_at: i64) -> State {
        State::Waiting { retries, retry_at: at(retry_at), failure: failure(ErrorCode::Timeout) }
    }

    fn given_up(code: ErrorCode, retries: u32, exhausted: Option<Exhausted>) -> State {
        State::GivenUp(GivenUp { failure: failure(code), retries, exhausted })
    }

    #[test]
    fn each_state_knows_what_comes_next() {
        let timeout = || Happened::Failed(failure(ErrorCode::Timeout));
        let gone = || Happened::Failed(failure(ErrorCode::NoResource));
        let long = measure(2, 3600);
        let cases = [
            (State::FIRST, Happened::Delivered, long, 0, State::Delivered),
            (State::FIRST, Happened::Nothing, long, 9_999, State::FIRST),
            (State::Due { retries: 1 }, timeout(), long, 10, waiting(1, 11)),
            (State::Due { retries: 2 }, timeout(), long, 10, given_up(ErrorCode::Timeout, 2, Some(Exhausted::Retries))),
            (State::FIRST, gone(), long, 10, given_up(ErrorCode::NoResource, 0, None)),
            (State::FIRST, timeout(), measure(0, 60), 1, given_up(ErrorCode::Timeout, 0, Some(Exhausted::Retries))),
            (State::FIRST, timeout(), measure(9, 60), 60, given_up(ErrorCode::Timeout, 0, Some(Exhausted::Age))),
            (State::Due { retries: 4 }, timeout(), measure(9, 60), 55, waiting(4, 60)),
            (waiting(1, 12), Happened::Nothing, long, 11, waiting(1, 12)),
            (waiting(1, 12), Happened::Nothing, long, 12, State::Due { retries: 2 }),
            (waiting(1, 60), Happened::Nothing, measure(9, 60), 60, State::Due { retries: 2 }),
            (
                waiting(1, 50),
                Happened::Nothing,
                measure(9, 60),
                61,
                given_up(ErrorCode::Timeout, 1, Some(Exhausted::Age)),
            ),
            (waiting(1, 12), Happened::Delivered, long, 11, State::Delivered),
            (waiting(1, 12), gone(), long, 11, waiting(1, 12)),
            (State::Delivered, gone(), long, 11, State::Delivered),
        ];
        for (state, happened, measure, now, expected) in cases {
            let told = format!("{state:?} {happened:?} at {now}");
            assert_eq!(state.after(happened, &measure, at(now), 1.0), expected, "{told}");
        }
    }

    #[test]
    fn policies_have_awss_bounds() {
        let cases = [
            (Some(0), Some(60), true),
            (Some(185), Some(86_400), true),
            (None, None, true),
            (Some(-1), None, false),
            (Some(186), None, false),
            (None, Some(59), false),
            (None, Some(86_401), false),
            (Some(i64::MAX), Some(i64::MIN), false),
        ];
        for (retries, age, is_taken) in cases {
            assert_eq!(Policy::new(retries, age).is_ok(), is_taken, "{retries:?} {age:?}");
        }
        assert_eq!((Policy::default().retries(), Policy::default().max_age().as_secs()), (185, 86_400));
    }

    #[test]
    fn waits_double_up_to_ten_minutes() {
        let cases = [
            (0, 0.0, 250),
            (0, 1.0, 500),
            (1, 1.0, 1_000),
            (2, 0.5, 1_500),
            (10, 1.0, 512_000),
            (11, 1.0, 600_000),
            (184, 0.0, 300_000),
            (u32::MAX, 9.0, 600_000),
            (0, f64::NAN, 500),
        ];
        for (retries, jitter, millis) in cases {
            assert_eq!(backoff(retries, jitter), Duration::from_millis(millis), "{retries} {jitter}");
        }
    }

    proptest! {
        /// However attempts fail and however late the caller wakes, a delivery ends, with no more attempts than allowed, and
        /// none that begins too late but the first.
        #[test]
        fn deliveries_end_within_their_policy(
            retries in 0_i64..=185,
            max_age in 60_i64..=86_400,
            jitter in 0.0..=1.0,
            spans in proptest::collection::vec((0_i64..90_000, 0_i64..5_000), 200),
        ) {
            let measure = measure(retries, max_age);
            let mut now = at(0);
            let mut state = State::FIRST;
            let mut attempts = 0;
            for (attempt_lasts, wakes_late_by) in spans {
                if let State::Due { .. } = state {
                    attempts += 1;
                    prop_assert!(attempts == 1 || now <= at(max_age), "attempt {} at {}", attempts, now);
                    now = now + Duration::from_millis(attempt_lasts.unsigned_abs());
                    state = state.after(Happened::Failed(failure(ErrorCode::Throttling)), &measure, now, jitter);
                }
                if let Some(wakes_at) = state.wakes_at() {
                    now = wakes_at + Duration::from_millis(wakes_late_by.unsigned_abs());
                    state = state.after(Happened::Nothing, &measure, now, jitter);
                }
            }
            let State::GivenUp(given_up) = state else { panic!("{state:?}") };
            prop_assert!(attempts <= retries + 1);
            prop_assert_eq!(i64::from(given_up.retries) + 1, attempts);
            match given_up.exhausted {
                Some(Exhausted::Retries) => prop_assert_eq!(attempts, retries + 1),
                Some(Exhausted::Age) => prop_assert!(now >= at(max_age)),
                None => panic!("throttling is worth another attempt"),
            }
        }
    }
}
