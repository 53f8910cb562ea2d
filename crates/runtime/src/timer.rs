//! Decides how the worker waits: on the runtime's own clock, which nobody sets.

use orders::shop::worker::Timer;
use std::time::{Duration, Instant};

/// The clock of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    begun: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now() }
    }
}

impl Timer for Clock {
    fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }

    async fn within<F>(&self, limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        tokio::time::timeout(limit, future).await.ok()
    }
}
