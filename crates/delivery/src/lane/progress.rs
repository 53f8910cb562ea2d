//! Decides what of a lane must survive a crash: how far it is, and what it knows about the batch at its head.
//!
//! Sequence numbers alone describe the head: it is what follows [`Progress::done`] up to the nearest of
//! [`Progress::bounds`]. So a filter or a batch size that changed in between shapes other batches, but never loses one.

use types::{SequenceNumber, Timestamp};

/// How far a lane is: a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// Every change up to here is settled: delivered, given up, or none of this lane's business.
    pub done: SequenceNumber,
    /// How often the batch at the head failed, of the failures that count.
    pub attempts: u32,
    /// Where the batch at the head ends, if that is fixed, at the end; before it the ends of the batches that it was
    /// split from. Each is before the one in front of it, and none is done.
    pub bounds: Vec<SequenceNumber>,
    /// Before then the batch at the head is not tried again.
    pub retry_at: Option<Timestamp>,
    /// What went wrong with the batch at the head last.
    pub last_error: Option<String>,
}

impl Progress {
    /// Of a lane whose first change is the one after `done`.
    pub fn after(done: SequenceNumber) -> Self {
        Self { done, ..Self::default() }
    }

    /// What holds in any progress, made to hold in one that was read from somewhere.
    pub(super) fn repaired(mut self) -> Self {
        let mut before = None;
        self.bounds.retain(|bound| {
            let descends = before.is_none_or(|before| *bound < before);
            if descends {
                before = Some(*bound);
            }
            descends
        });
        self.reach(self.done.next());
        if self.bounds.is_empty() {
            self.forget_head();
        }
        self
    }

    /// Notes that `first` is the first change that may still come: bounds before it are behind us.
    pub(super) fn reach(&mut self, first: SequenceNumber) {
        while self.bounds.last().is_some_and(|bound| *bound < first) {
            self.bounds.pop();
            self.forget_head();
        }
    }

    /// Fixes the end of the batch at the head, so that it is the same batch when it is tried again.
    pub(super) fn bound_at(&mut self, end: SequenceNumber) {
        if self.bounds.last().is_none_or(|bound| end < *bound) {
            self.bounds.push(end);
        }
    }

    /// The batch at the head is another one now.
    pub(super) fn forget_head(&mut self) {
        self.attempts = 0;
        self.retry_at = None;
        self.last_error = None;
    }
}
