//! Decides how messages are received: found, read, made durable as one commit together with what the receive moves to
//! the dead-letter queue, and only then handed out.

use super::{Attempt, LiveQueue, Message, Part};
use crate::commit::{Commits, WriteRefused};
use delivery::queue::{Receipt, Taken};
use std::sync::Arc;
use std::time::Duration;
use store::Class;
use tokio::sync::watch;
use types::Timestamp;

/// How many bytes one receive reads before it leaves the rest for the next one.
const BYTES_AT_ONCE: usize = 32 * 1024 * 1024;
/// How many bytes one receive moves to the dead-letter queue; well below what a commit may have.
const DEAD_BYTES_AT_ONCE: usize = 6 * 1024 * 1024;
/// How many messages one receive moves to the dead-letter queue.
const DEAD_AT_ONCE: usize = 128;
/// The most messages that are received as one.
pub(crate) const RECEIVED_AT_ONCE: usize = 10_000;

/// A message, as it was received.
#[derive(Debug, Clone)]
pub struct ReceivedMessage {
    /// The message.
    pub message: Message,
    /// What deletes it; it also says how often the message was received.
    pub receipt: Receipt,
    /// When it was received for the first time.
    pub first_received_at: Timestamp,
}

/// Why nothing is received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveRefused {
    /// Too many messages are in flight.
    #[error("too many messages of the queue are received and not yet deleted")]
    OverLimit,
    /// The queue was deleted while somebody waited for its messages.
    #[error("the queue was deleted")]
    Gone,
    /// The receive cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

/// What is to be received.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// At most so many messages.
    pub(crate) max: usize,
    /// How long they are hidden; `None` for as long as the queue is set to.
    pub(crate) visible_for: Option<Duration>,
    /// How long to wait for one.
    pub(crate) wait: Duration,
    /// Under what name the same receive may be asked for again.
    pub(crate) attempt: Option<String>,
    /// Ends the waiting, and only that: whoever drops a receive may drop messages that it has just hidden.
    pub(crate) stop: Option<watch::Receiver<bool>>,
}

impl LiveQueue {
    /// Receives messages, waiting for one.
    pub(crate) async fn receive(
        self: &Arc<Self>,
        commits: &Commits,
        wanted: &Wanted,
    ) -> Result<Vec<ReceivedMessage>, ReceiveRefused> {
        let deadline = tokio::time::Instant::now() + wanted.wait;
        if let Some(again) = self.receive_again(commits, wanted).await? {
            return Ok(again);
        }
        loop {
            let rung = self.bell.notified();
            tokio::pin!(rung);
            // Registered before looking, so that a message sent in between rings for us.
            rung.as_mut().enable();
            if self.is_closed() {
                return Err(ReceiveRefused::Gone);
            }
            let found = self.receive_now(commits, wanted.max, wanted.visible_for).await?;
            if !found.is_empty() {
                self.note_attempt(wanted, &found);
                return Ok(found);
            }
            let now = tokio::time::Instant::now();
            if now >= deadline || wanted.stop.as_ref().is_some_and(|stop| *stop.borrow()) {
                return Ok(found);
            }
            let at = self.clock.now();
            let next = self.lock().core.next_event(at).map_or(deadline, |next| now + next.since(at));
            let until = deadline.min(next + Duration::from_millis(1));
            tokio::select! {
                _ = tokio::time::timeout_at(until, rung) => {}
                () = stopped(wanted.stop.clone()) => {}
            }
        }
    }

    /// Receives what there is. What is only moved or cleared away on the way is no reason to come back empty-handed.
    async fn receive_now(
        self: &Arc<Self>,
        commits: &Commits,
        max: usize,
        visible_for: Option<Duration>,
    ) -> Result<Vec<ReceivedMessage>, ReceiveRefused> {
        loop {
            let taken = self.lock().core.receive(self.clock.now(), max.min(RECEIVED_AT_ONCE), visible_for);
            let taken = taken.map_err(|_| ReceiveRefused::OverLimit)?;
            if taken.is_empty() {
                return Ok(Vec::new());
            }
            let (parts, messages) = self.taken(commits, taken)?;
            if !parts.is_empty() {
                commits.commit_parts(parts, Class::Engine).await?;
            }
            if !messages.is_empty() {
                return Ok(messages);
            }
        }
    }

    /// What a receive writes, and what it hands out when that is durable.
    fn taken(
        self: &Arc<Self>,
        commits: &Commits,
        taken: Taken,
    ) -> Result<(Vec<Part>, Vec<ReceivedMessage>), WriteRefused> {
        let Taken { received, dead, expired } = taken;
        // From now on all of it is let go of if this ends early.
        let mut parts = vec![self.received_part(&received, &expired)];
        let mut left = dead.iter();
        if let Some(to) = self.dead_letters() {
            let mut bytes = 0;
            for id in left.by_ref().take(DEAD_AT_ONCE) {
                let part = match self.dead_part(commits, &to, *id, None) {
                    Ok(part) => part,
                    Err(error) => {
                        self.let_go(left.as_slice());
                        return Err(error);
                    }
                };
                bytes += part.as_ref().map_or(0, Part::bytes);
                parts.extend(part);
                if bytes > DEAD_BYTES_AT_ONCE {
                    break;
                }
            }
        }
        if dead.len() == left.len() && !dead.is_empty() {
            // The queue that would take them has just been deleted: they are received again as long as there is none.
            self.without_dead_letters();
        }
        self.let_go(left.as_slice());
        let mut messages = Vec::with_capacity(received.len());
        let (mut bytes, mut out, mut back) = (0, Vec::with_capacity(received.len()), Vec::new());
        for one in &received {
            if bytes > BYTES_AT_ONCE {
                back.push(one.receipt);
                continue;
            }
            // Gone if it was purged meanwhile.
            let Some(message) = self.read(commits, one.receipt.id)? else {
                back.push(one.receipt);
                continue;
            };
            bytes += message.body.len();
            let (receipt, first_received_at) = (one.receipt, one.first_received_at);
            messages.push(ReceivedMessage { message, receipt, first_received_at });
            out.push(*one);
        }
        if !back.is_empty() {
            let fewer = self.received_part(&out, &expired);
            std::mem::replace(&mut parts[0], fewer).after.forget();
            let mut inner = self.lock();
            back.iter().for_each(|receipt| inner.core.unreceive(*receipt));
        }
        if out.is_empty() && expired.is_empty() {
            parts.remove(0).after.forget();
        }
        Ok((parts, messages))
    }

    /// What the same receive has found before, if all of that is still in flight: hidden anew.
    async fn receive_again(
        self: &Arc<Self>,
        commits: &Commits,
        wanted: &Wanted,
    ) -> Result<Option<Vec<ReceivedMessage>>, ReceiveRefused> {
        let Some(name) = &wanted.attempt else { return Ok(None) };
        let now = self.clock.now();
        let span = {
            let mut inner = self.lock();
            inner.attempts.retain(|_, attempt| attempt.until > now);
            wanted.visible_for.unwrap_or(inner.core.settings().visible_for)
        };
        let Some(attempt) = self.lock().attempts.get(name).cloned() else { return Ok(None) };
        let parts: Result<Vec<Part>, _> =
            attempt.receipts.iter().map(|receipt| self.hide_part(*receipt, span)).collect();
        let Ok(parts) = parts else {
            self.lock().attempts.remove(name);
            return Ok(None);
        };
        commits.commit_parts(parts, Class::Engine).await?;
        let mut messages = Vec::with_capacity(attempt.receipts.len());
        for receipt in attempt.receipts {
            if let Some(message) = self.read(commits, receipt.id)? {
                let first_received_at = self.lock().core.first_received_at(receipt.id).unwrap_or(now);
                messages.push(ReceivedMessage { message, receipt, first_received_at });
            }
        }
        Ok(Some(messages))
    }

    fn note_attempt(&self, wanted: &Wanted, found: &[ReceivedMessage]) {
        let Some(name) = &wanted.attempt else { return };
        let until = self.clock.now() + delivery::queue::Key::REMEMBERED_FOR;
        let receipts = found.iter().map(|one| one.receipt).collect();
        let mut inner = self.lock();
        // Only a queue that keeps order has to say the same thing twice; and nobody may fill the memory with it.
        if inner.core.settings().fifo.is_some() && inner.attempts.len() < ATTEMPTS_MAX {
            inner.attempts.insert(name.clone(), Attempt { until, receipts });
        }
    }
}

/// Waits until it is said to stop; for ever if nobody can say so.
async fn stopped(stop: Option<watch::Receiver<bool>>) {
    if let Some(mut stop) = stop
        && stop.wait_for(|stop| *stop).await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

/// How many receives of one queue can be asked for again.
const ATTEMPTS_MAX: usize = 10_000;
