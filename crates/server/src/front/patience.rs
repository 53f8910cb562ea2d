//! Decides how long a function is waited for that answers a request, and who hears that it was given up.
//!
//! The client gets 504, and whoever runs the server a line. A function that is given up in the midst of its work
//! ([`counted`]) cannot count itself any more; one that goes on by itself ([`within`]) does when it ends.

use crate::listener::Said;
use gateway::problem::Refusal;
use runtime::Meters;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use types::FunctionName;

/// How long a function may take to answer a request, as on AWS.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(29);

/// When it was said last that a function was given up.
static SAID: Mutex<Said> = Mutex::new(Said::NEVER);

/// What a function answers whose work ends with the waiting; given up it counts as an invocation that failed.
pub(super) async fn counted<T>(
    limit: Duration,
    function: &FunctionName,
    meters: &Meters,
    asking: impl Future<Output = T>,
) -> Result<T, Refusal> {
    let begun = Instant::now();
    let answered = within(limit, function, asking).await;
    answered.inspect_err(|_| meters.ran(function, "failed", begun.elapsed()))
}

/// What a function answers, if it does so in time.
pub(super) async fn within<T>(
    limit: Duration,
    function: &FunctionName,
    asking: impl Future<Output = T>,
) -> Result<T, Refusal> {
    tokio::time::timeout(limit, asking).await.map_err(|_| {
        if SAID.lock().unwrap_or_else(PoisonError::into_inner).is_due() {
            let seconds = limit.as_secs();
            engine::complain!(
                "orderflow: the function {function} did not answer a request within {seconds} s, which was answered with \
                 504; if many are, see whether the disk or what the function asks is slow"
            );
        }
        Refusal::HandlerTimeout
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[tokio::test]
    async fn a_function_that_is_given_up_failed() {
        let (meters, function) = (Meters::default(), "OrderApi".parse::<FunctionName>().unwrap());
        let failed = || meters.invocations.with(&["OrderApi", "failed"]).get();
        let at_once = counted(ANSWER_WITHIN, &function, &meters, ready(7)).await;
        assert!(matches!(at_once, Ok(7)));
        assert_eq!(failed(), 0);
        let never = counted(Duration::from_millis(1), &function, &meters, pending::<()>()).await;
        assert!(matches!(never, Err(Refusal::HandlerTimeout)));
        assert_eq!((failed(), meters.invocation_seconds.with(&["OrderApi"]).count()), (1, 1));
        // What goes on by itself counts itself.
        let never = within(Duration::from_millis(1), &function, pending::<()>()).await;
        assert!(matches!(never, Err(Refusal::HandlerTimeout)));
        assert_eq!(failed(), 1);
    }
}
