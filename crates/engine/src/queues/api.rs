//! Decides what of queues the outside sees: the part of [`Engine`] that is about them.

use super::receive::Wanted;
use super::{
    ChangeRefused, Deleted, LiveQueue, Made, Message, Outgoing, QueueSettings, ReceivedMessage, SendRefused, Sent,
    manage,
};
use crate::catalog::QueueEntry;
use crate::commit::WriteRefused;
use crate::engine::{Engine, Inner, NotFound, POISON, QueueError, spawn};
use crate::redrive::{self, Redrive, Redriven};
use delivery::queue::{Counts, Receipt, VisibilityRefused};
use std::sync::Arc;
use std::time::Duration;
use types::{QueueName, Timestamp};

/// What is to be received.
#[derive(Debug, Clone)]
pub struct ReceiveRequest {
    /// From which queue.
    pub queue: QueueName,
    /// At most so many messages; clients may ask for ten, and whoever hands them to functions for ten thousand.
    pub max: usize,
    /// How long they are hidden; `None` for as long as the queue is set to.
    pub visible_for: Option<Duration>,
    /// How long to wait for one; `None` for as long as the queue is set to.
    pub wait: Option<Duration>,
    /// A name under which the same receive finds the same messages again for five minutes, in a queue that keeps order.
    pub attempt: Option<String>,
}

impl ReceiveRequest {
    /// At most so many messages, as the queue is set.
    pub fn new(queue: QueueName, max: usize) -> Self {
        Self { queue, max, visible_for: None, wait: None, attempt: None }
    }
}

/// What is known of a queue.
#[derive(Debug, Clone)]
pub struct QueueInfo {
    /// How it is set, whose it is, when it was made.
    pub entry: QueueEntry,
    /// How many messages it has.
    pub counts: Counts,
    /// When its oldest message that is not delayed was sent.
    pub oldest: Option<Timestamp>,
    /// When it was last purged, if that was since the engine was opened.
    pub purged_at: Option<Timestamp>,
}

impl Engine {
    /// The names of the queues that are served, in order.
    pub fn queue_names(&self) -> Vec<QueueName> {
        self.inner.queues.read().expect(POISON).keys().cloned().collect()
    }

    /// The names of the queues that begin with this text, in order.
    pub fn queue_names_with(&self, prefix: &str) -> Vec<QueueName> {
        let queues = self.inner.queues.read().expect(POISON);
        queues.keys().filter(|name| name.as_str().starts_with(prefix)).cloned().collect()
    }

    pub(crate) fn queue(&self, name: &QueueName) -> Result<Arc<LiveQueue>, NotFound> {
        self.inner.queue(name)
    }

    /// Sends a message; told when it is durable.
    pub async fn send(&self, queue: &QueueName, outgoing: Outgoing) -> Result<Sent, QueueError> {
        let mut sent = self.send_many(queue, vec![outgoing]).await?;
        Ok(sent.pop().expect("one answer for one message")?)
    }

    /// Sends messages, in one commit; what comes of each.
    pub async fn send_many(
        &self,
        queue: &QueueName,
        outgoing: Vec<Outgoing>,
    ) -> Result<Vec<Result<Sent, SendRefused>>, QueueError> {
        Ok(self.queue(queue)?.send_many(&self.inner.commits, outgoing).await?)
    }

    /// Receives messages.
    pub async fn receive(&self, request: ReceiveRequest) -> Result<Vec<ReceivedMessage>, QueueError> {
        let live = self.queue(&request.queue)?;
        let ReceiveRequest { max, visible_for, wait, attempt, .. } = request;
        let wait = wait.unwrap_or_else(|| live.usual_wait());
        Ok(live.receive(&self.inner.commits, &Wanted { max, visible_for, wait, attempt, stop: None }).await?)
    }

    /// Deletes a received message; that it was gone already is no fault.
    pub async fn delete(&self, queue: &QueueName, receipt: Receipt) -> Result<Deleted, QueueError> {
        let mut deleted = self.delete_many(queue, &[receipt]).await?;
        Ok(deleted.pop().expect("one answer for one receipt"))
    }

    /// Deletes received messages, in one commit; what comes of each.
    pub async fn delete_many(&self, queue: &QueueName, receipts: &[Receipt]) -> Result<Vec<Deleted>, QueueError> {
        Ok(self.queue(queue)?.delete_many(&self.inner.commits, receipts).await?)
    }

    /// Hides a received message until `visible_for` from now, which may be at once.
    pub async fn change_visibility(
        &self,
        queue: &QueueName,
        receipt: Receipt,
        visible_for: Duration,
    ) -> Result<(), ChangeRefused> {
        let mut changed = self.change_visibility_many(queue, &[(receipt, visible_for)]).await?;
        Ok(changed.pop().expect("one answer for one receipt")?)
    }

    /// Hides received messages until a span from now, in one commit; what comes of each.
    pub async fn change_visibility_many(
        &self,
        queue: &QueueName,
        wanted: &[(Receipt, Duration)],
    ) -> Result<Vec<Result<(), VisibilityRefused>>, WriteRefused> {
        match self.queue(queue) {
            Ok(live) => live.hide_many(&self.inner.commits, wanted).await,
            Err(_) => Ok(vec![Err(VisibilityRefused::NotInFlight); wanted.len()]),
        }
    }

    /// Messages from a number on, whoever holds them now; nothing is received.
    pub fn browse(&self, queue: &QueueName, from: u64, max: usize) -> Result<Vec<Message>, QueueError> {
        Ok(self.queue(queue)?.browse(&self.inner.commits, from, max)?)
    }

    /// How many messages a queue has.
    pub fn queue_counts(&self, queue: &QueueName) -> Result<Counts, NotFound> {
        Ok(self.queue(queue)?.counts())
    }

    /// What is known of a queue.
    pub fn queue_info(&self, queue: &QueueName) -> Result<QueueInfo, NotFound> {
        let live = self.queue(queue)?;
        let missing = || NotFound { kind: "queue", name: queue.to_string() };
        let entry = self.inner.catalog().queues.get(queue).cloned().ok_or_else(missing)?;
        Ok(QueueInfo { entry, counts: live.counts(), oldest: live.oldest(), purged_at: live.purged_at() })
    }

    /// The queues that have this one for their dead-letter queue.
    pub fn dead_letter_sources(&self, queue: &QueueName) -> Result<Vec<QueueName>, NotFound> {
        self.queue(queue)?;
        Ok(self.inner.catalog().dead_letter_sources(queue))
    }

    /// Makes a queue that belongs to no stack. One that is there and set alike is as good; tags make no difference.
    pub async fn create_queue(&self, settings: QueueSettings) -> Result<Made, QueueError> {
        self.aside(move |inner| manage::create(inner, settings)).await
    }

    /// Sets a queue anew; what the change gives back. One that finds that it cannot be made leaves the settings as they
    /// are. If a template has made the queue, what is set holds until the template is deployed again.
    pub async fn configure_queue<T: Send + 'static>(
        &self,
        queue: &QueueName,
        change: impl FnOnce(&mut QueueSettings) -> T + Send + 'static,
    ) -> Result<T, QueueError> {
        let queue = queue.clone();
        self.aside(move |inner| manage::configure(inner, &queue, change)).await
    }

    /// Deletes a queue that clients have made, with its messages.
    pub async fn delete_queue(&self, queue: &QueueName) -> Result<(), QueueError> {
        let queue = queue.clone();
        self.aside(move |inner| manage::delete(inner, &queue)).await?;
        self.sweep();
        Ok(())
    }

    /// Takes all messages out of a queue that were sent so far.
    pub async fn purge_queue(&self, queue: &QueueName) -> Result<(), QueueError> {
        let queue = queue.clone();
        self.aside(move |inner| manage::purge(inner, &queue)).await?;
        self.sweep();
        Ok(())
    }

    /// Clears away what is left of messages, without anybody waiting for it.
    fn sweep(&self) {
        let inner = Arc::clone(&self.inner);
        // What cannot be cleared away now is in the next round of the housekeeper.
        self.inner.keep_thread(spawn("sweep", move || drop(manage::sweep(&inner))));
    }

    /// Does something that waits for the disk, on a thread that may.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let inner = Arc::clone(&self.inner);
        let done = crate::aside(move || work(&inner)).await;
        done.unwrap_or(Err(QueueError::Write(WriteRefused::Stopping)))
    }

    /// Delivers dead letters again, on a thread that may wait; `tell` hears of each.
    pub fn redrive(&self, redrive: &Redrive, tell: &mut dyn FnMut(Redriven)) -> Result<(), QueueError> {
        let queue = self.queue(&redrive.queue)?;
        Ok(redrive::run(&self.inner, &queue, redrive, tell)?)
    }
}
