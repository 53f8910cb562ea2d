//! Decides what time it is: the one place of this room that asks the system.

use std::fmt;
use std::sync::Mutex;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use types::Timestamp;

/// Now, as the system's clock says.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A clock that follows the given one forwards, and goes on at its own pace when that is set back.
///
/// What is hidden or delayed by such a clock is seen again when its time is over, whatever is done to the system's.
pub(crate) struct Steady {
    source: store::Clock,
    last: Mutex<(Timestamp, Instant)>,
}

impl Steady {
    pub(crate) fn new(source: store::Clock) -> Self {
        Self { source, last: Mutex::new((Timestamp::EPOCH, Instant::now())) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let given = Timestamp::from_millis(i64::try_from((self.source)()).unwrap_or(i64::MAX));
        let mut last = self.last.lock().expect("no thread panics while it reads the clock");
        let (at, instant) = *last;
        let gone_on = at + instant.elapsed();
        if given >= gone_on {
            *last = (given, Instant::now());
            given
        } else {
            gone_on
        }
    }
}

impl fmt::Debug for Steady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Steady({:?})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn a_clock_that_is_set_back_does_not_turn_time_back() {
        let given = Arc::new(AtomicU64::new(10_000));
        let source = Arc::clone(&given);
        let steady = Steady::new(Arc::new(move || source.load(Ordering::Relaxed)));
        assert_eq!(steady.now().millis() / 1000, 10);
        given.store(90_000, Ordering::Relaxed);
        assert_eq!(steady.now().millis(), 90_000, "forwards it is followed");
        given.store(5, Ordering::Relaxed);
        assert!(steady.now().millis() >= 90_000);
        std::thread::sleep(std::time::Duration::from_millis(3));
        assert!(steady.now().millis() >= 90_003, "and it goes on");
    }
}
