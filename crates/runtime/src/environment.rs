//! Decides where a function runs: in one of its environments, each with a log stream of its own.
//!
//! On Lambda an environment is a small machine that serves one call at a time; here it is a name and a place in the
//! function's concurrency, which all its versions share. One that is free is used again; the first call of one is its
//! cold start.

use std::sync::{Arc, Mutex, MutexGuard};
use types::Version;

/// The environments of one version of a function.
#[derive(Debug)]
pub(crate) struct Environments {
    version: Version,
    free: Mutex<Vec<Environment>>,
    /// How many of all versions are busy.
    busy: Arc<Mutex<u32>>,
    limit: Option<u32>,
}

/// One environment; while somebody holds it, it serves their call.
#[derive(Debug)]
pub(crate) struct Environment {
    /// The log stream that its calls print to.
    pub(crate) stream: String,
    /// The day that the stream is named after.
    day: String,
}

/// An environment that was taken, and whether it was made for this.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    pub(crate) environment: Option<Environment>,
    pub(crate) cold: bool,
    from: &'a Environments,
}

impl Environments {
    pub(crate) fn new(limit: Option<u32>) -> Self {
        Self { version: Version::Latest, free: Mutex::default(), busy: Arc::default(), limit }
    }

    /// Those of another version of the same function.
    pub(crate) fn of_version(&self, version: Version) -> Self {
        Self { version, free: Mutex::default(), busy: Arc::clone(&self.busy), limit: self.limit }
    }

    /// An environment for a call that begins now; `None` if as many are busy as may be.
    pub(crate) fn take(&self, now: types::Timestamp) -> Option<Taken<'_>> {
        let mut busy = lock(&self.busy);
        if self.limit.is_some_and(|limit| *busy >= limit) {
            return None;
        }
        *busy += 1;
        drop(busy);
        let day = now.day_path();
        // Streams are named after their day: those of yesterday are not used again.
        let free = lock(&self.free).pop().filter(|free| free.day == day);
        let cold = free.is_none();
        let environment = free.unwrap_or_else(|| Environment {
            stream: observe::invocation::stream_name(now, self.version, uuid::Uuid::new_v4().as_u128()),
            day,
        });
        Some(Taken { environment: Some(environment), cold, from: self })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while it holds the environments")
}

impl Taken<'_> {
    pub(crate) fn stream(&self) -> &str {
        &self.environment.as_ref().expect("given back only when dropped").stream
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        lock(&self.from.free).extend(self.environment.take());
        *lock(&self.from.busy) -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Timestamp;

    #[test]
    fn no_more_are_busy_than_may_be_and_free_ones_are_used_again() {
        let environments = Environments::new(Some(2));
        let now = Timestamp::from_millis(1_700_000_000_000);
        let (one, two) = (environments.take(now).unwrap(), environments.take(now).unwrap());
        assert!(one.cold && two.cold && one.stream() != two.stream());
        assert!(environments.take(now).is_none());
        let stream = one.stream().to_owned();
        drop(one);
        let again = environments.take(now).unwrap();
        assert!(!again.cold);
        assert_eq!(again.stream(), stream);
        drop(again);
        let tomorrow = Timestamp::from_millis(1_700_000_000_000 + 86_400_000);
        let next_day = environments.take(tomorrow).unwrap();
        assert!(next_day.cold && next_day.stream() != stream);
    }

    #[test]
    fn the_versions_of_a_function_share_its_concurrency_and_no_streams() {
        let latest = Environments::new(Some(2));
        let one = latest.of_version(Version::Numbered(1));
        let now = types::Timestamp::from_millis(1_700_000_000_000);
        let (first, second) = (latest.take(now).unwrap(), one.take(now).unwrap());
        assert!(first.stream().contains("/[$LATEST]") && second.stream().contains("/[1]"));
        assert!(latest.take(now).is_none() && one.take(now).is_none());
        drop(first);
        assert!(one.take(now).is_some_and(|taken| taken.cold));
    }
}
