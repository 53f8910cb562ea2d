//! Decides how acts on one queue are carried out by themselves: made, handed in as one commit, and waited for.

use super::{LiveQueue, Outgoing, Part, SendRefused, Sending, Sent};
use crate::commit::{Commits, WriteRefused};
use delivery::queue::{Leaving, Receipt, VisibilityRefused};
use std::sync::Arc;
use std::time::Duration;
use store::Class;

/// What came of deleting a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone, now or before.
    Gone,
    /// The queue keeps order, and the message has been seen again since it was received.
    Expired,
    /// No receive ever made this receipt.
    NeverIssued,
}

/// Why a message is not hidden for longer, or shorter.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRefused {
    /// It is not in flight under this receipt, or would be hidden for too long.
    #[error(transparent)]
    Visibility(#[from] VisibilityRefused),
    /// The change cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

impl LiveQueue {
    /// Looks until what was underway is settled: `look` says whether it still is.
    async fn until_settled<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            // Registered before looking, so that nothing settles unheard in between.
            settled.as_mut().enable();
            if let Some(found) = look() {
                return found;
            }
            settled.await;
        }
    }

    /// Waits until something that was being done to a message of the queue is settled, at most for a moment.
    pub(crate) async fn wait_settled(&self) {
        let _ = tokio::time::timeout(Duration::from_millis(20), self.settled.notified()).await;
    }

    /// Sends messages in one commit; what comes of each.
    pub(crate) async fn send_many(
        self: &Arc<Self>,
        commits: &Commits,
        outgoing: Vec<Outgoing>,
    ) -> Result<Vec<Result<Sent, SendRefused>>, WriteRefused> {
        let (mut answers, mut parts): (Vec<Result<Sent, SendRefused>>, Vec<Part>) = Default::default();
        let mut new: Vec<u64> = Vec::new();
        for one in outgoing {
            let mut sending = self.send_part(one.clone());
            if matches!(&sending, Ok(Sending::Underway(sent)) if !new.contains(&sent.id)) {
                // What others wait for goes first, lest two wait for each other.
                if !parts.is_empty() {
                    commits.commit_parts(std::mem::take(&mut parts), Class::Client).await?;
                }
                let settled = self.until_settled(|| match self.send_part(one.clone()) {
                    Ok(Sending::Underway(sent)) if !new.contains(&sent.id) => None,
                    sending => Some(sending),
                });
                sending = settled.await;
            }
            match sending {
                Ok(Sending::New(part, sent)) => {
                    new.push(sent.id);
                    parts.push(part);
                    answers.push(Ok(sent));
                }
                // What this very commit sends cannot be waited for.
                Ok(Sending::Known(sent) | Sending::Underway(sent)) => answers.push(Ok(sent)),
                Err(refused) => answers.push(Err(refused)),
            }
        }
        if !parts.is_empty() {
            commits.commit_parts(parts, Class::Client).await?;
        }
        Ok(answers)
    }

    /// Deletes messages in one commit; what comes of each. That one was gone already is no fault.
    pub(crate) async fn delete_many(
        self: &Arc<Self>,
        commits: &Commits,
        receipts: &[Receipt],
    ) -> Result<Vec<Deleted>, WriteRefused> {
        let mut answers = vec![Deleted::Gone; receipts.len()];
        let mut left: Vec<usize> = (0..receipts.len()).collect();
        while !left.is_empty() {
            let wanted: Vec<Receipt> = left.iter().map(|at| receipts[*at]).collect();
            // Somebody else is just doing something to a message: what, is known when that is settled.
            let (found, part) = self
                .until_settled(|| {
                    let (found, part) = self.delete_parts(&wanted);
                    let waits = part.is_none() && found.contains(&Leaving::Busy);
                    (!waits).then_some((found, part))
                })
                .await;
            if let Some(part) = part {
                commits.commit_parts(vec![part], Class::Engine).await?;
            }
            let mut busy = Vec::new();
            for (at, found) in left.into_iter().zip(found) {
                match found {
                    Leaving::Held | Leaving::AlreadyGone => answers[at] = Deleted::Gone,
                    Leaving::Busy => busy.push(at),
                    Leaving::Expired => answers[at] = Deleted::Expired,
                    Leaving::NeverIssued => answers[at] = Deleted::NeverIssued,
                }
            }
            left = busy;
        }
        Ok(answers)
    }

    /// Hides clients' messages until a span from now, in one commit; what comes of each.
    pub(crate) async fn hide_many(
        self: &Arc<Self>,
        commits: &Commits,
        wanted: &[(Receipt, Duration)],
    ) -> Result<Vec<Result<(), VisibilityRefused>>, WriteRefused> {
        let mut answers: Vec<Result<(), VisibilityRefused>> = vec![Ok(()); wanted.len()];
        let mut left: Vec<usize> = (0..wanted.len()).collect();
        while !left.is_empty() {
            let (parts, busy) = self
                .until_settled(|| {
                    let (mut parts, mut busy) = (Vec::new(), Vec::new());
                    for at in &left {
                        match self.hide_anew_part(wanted[*at].0, wanted[*at].1) {
                            Ok(part) => parts.push(part),
                            Err(VisibilityRefused::Busy) => busy.push(*at),
                            Err(refused) => answers[*at] = Err(refused),
                        }
                    }
                    let waits = parts.is_empty() && busy.len() == left.len();
                    (!waits).then_some((parts, busy))
                })
                .await;
            if !parts.is_empty() {
                commits.commit_parts(parts, Class::Engine).await?;
            }
            left = busy;
        }
        Ok(answers)
    }

    /// Takes away what has been kept for its time; how many it was.
    pub(crate) fn expire(&self, commits: &Commits) -> Result<usize, WriteRefused> {
        let mut count = 0;
        loop {
            let expired = self.lock().core.expired(self.clock.now(), 256);
            if expired.is_empty() {
                return Ok(count);
            }
            // If this cannot be kept, they come back with the next start and expire again.
            commits.commit_one_blocking(self.gone_entry(&expired))?;
            count += expired.len();
        }
    }
}
