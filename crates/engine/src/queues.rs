//! Decides how queues live on the store: what is durable when, and where the bodies are.
//!
//! Who may see which message until when is `delivery`'s to decide; here a decision becomes durable before anybody
//! hears of it. All acts on a queue are made as parts of a commit, in `parts`; `receive` and `ways` hand them in,
//! `manage` makes queues and takes them away, `message` has the bytes.
//!
//! A message's body and its receipts are two keys that lie side by side; deleting takes both away and remembers where
//! the oldest message now is, so that nobody ever walks over deleted ones.

mod api;
pub(crate) mod manage;
mod message;
mod parts;
mod receive;
#[cfg(test)]
mod tests;
mod ways;

pub use api::{QueueInfo, ReceiveRequest};
pub use manage::{Made, QueueSettings};
pub use message::{Attribute, AttributeValue, Failed, Message, Origin, Outgoing};
pub(crate) use parts::{After, Part, Sending};
pub use parts::{SendRefused, Sent};
pub(crate) use receive::Wanted;
pub use receive::{ReceiveRefused, ReceivedMessage};
pub use ways::{ChangeRefused, Deleted};

use crate::clock::Steady;
use crate::codec::Malformed;
use crate::commit::{Commits, WriteRefused};
use crate::layout::{self, DEDUPLICATION, MESSAGES, MessagePart, STATE};
use crate::spec::QueueSpec;
use crate::traffic::QueueTraffic;
use delivery::queue::{Counts, Fifo, Kept, Key, Queue, Receipt, Settings, State};
use observe::measure::Statistics;
use std::collections::HashMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock, Weak};
use std::time::Duration;
use types::{QueueName, SortedMap, Timestamp};

/// One queue, at work.
#[derive(Debug)]
pub(crate) struct LiveQueue {
    pub(crate) id: u32,
    pub(crate) name: QueueName,
    clock: Arc<Steady>,
    state: Mutex<Inner>,
    /// Where messages go that are received too often, while that queue is at work.
    dead_letters: RwLock<Weak<LiveQueue>>,
    /// Rung when a message is sent or becomes visible again.
    bell: tokio::sync::Notify,
    /// Rung when it is known what became of something that was being done to a message.
    settled: tokio::sync::Notify,
    /// Whether the queue was deleted.
    closed: AtomicBool,
}

#[derive(Debug)]
struct Inner {
    core: Queue,
    spec: QueueSpec,
    /// What receives that may be asked for again have found.
    attempts: HashMap<String, Attempt>,
    /// Up to where names of sent messages were cleared away already.
    names_cleared: Timestamp,
    /// When the queue was last purged since it was opened.
    purged_at: Option<Timestamp>,
    traffic: QueueTraffic,
    /// How large messages were that were sent since somebody asked for that.
    sizes: Sizes,
}

/// How many bytes there were, together and at a time.
#[derive(Debug, Clone, Copy, Default)]
struct Sizes {
    count: u64,
    sum: u64,
    smallest: u64,
    largest: u64,
}

impl Sizes {
    fn add(&mut self, bytes: u64) {
        self.smallest = if self.count == 0 { bytes } else { self.smallest.min(bytes) };
        self.largest = self.largest.max(bytes);
        self.count += 1;
        self.sum += bytes;
    }
}

/// What a receive has found, for when it is asked for again.
#[derive(Debug, Clone)]
struct Attempt {
    until: Timestamp,
    receipts: Vec<Receipt>,
}

impl LiveQueue {
    /// Reads back the messages of a queue.
    pub(crate) fn open(
        id: u32,
        spec: &QueueSpec,
        commits: &Commits,
        clock: &Arc<Steady>,
    ) -> Result<Self, WriteRefused> {
        let mut core = Queue::new(settings(spec, false));
        let now = clock.now();
        let snapshot = commits.store.snapshot();
        let number = |bytes: &[u8], at: usize| {
            bytes.get(at..).and_then(|rest| rest.first_chunk().copied()).map(u64::from_be_bytes)
        };
        let head = |key: &[u8]| {
            let Some((_, value)) = snapshot.get(STATE, key)? else { return Ok((0, 0)) };
            let both = number(&value, 0).zip(number(&value, 8));
            both.ok_or(WriteRefused::from(Malformed("queue head")))
        };
        let (oldest, latest) = head(&layout::queue_head(id))?;
        let (purged, divided) = head(&layout::queue_purged(id))?;
        let (from, last) = (oldest.max(purged), latest.max(divided));
        core.begin_after(from.saturating_sub(1).max(last));
        let first = layout::message(id, from, MessagePart::Body);
        let mut body: Option<(u64, message::Header)> = None;
        for found in messages_of(&snapshot, id, &first) {
            let store::Item { key, value, .. } = found?;
            match layout::read_message(&key).ok_or(Malformed("message key"))? {
                (number, MessagePart::Body) => {
                    restore(&mut core, body.replace((number, message::read_header(&value)?)), None, now);
                }
                (number, MessagePart::Receipts) => {
                    // Without its body before it, it is what is left of a message that is gone.
                    if let Some(body) = body.take_if(|(body, _)| *body == number) {
                        restore(&mut core, Some(body), Some(message::read_state(&value)?), now);
                    }
                }
            }
        }
        restore(&mut core, body, None, now);
        if spec.fifo.is_some() {
            for found in names_of(&snapshot, id, now) {
                let store::Item { key, value, .. } = found?;
                let (sent_at, name) = layout::read_deduplication(&key).ok_or(Malformed("message name"))?;
                let number = number(&value, 0).ok_or(Malformed("message name"))?;
                // What was purged may be sent again under its name.
                if number >= purged {
                    core.restore_known(Key(name), number, sent_at, now);
                }
            }
        }
        let state = Inner {
            core,
            spec: spec.clone(),
            attempts: HashMap::new(),
            names_cleared: Timestamp::EPOCH,
            purged_at: None,
            traffic: QueueTraffic::default(),
            sizes: Sizes::default(),
        };
        Ok(Self {
            id,
            name: spec.name.clone(),
            clock: Arc::clone(clock),
            state: Mutex::new(state),
            dead_letters: RwLock::default(),
            bell: tokio::sync::Notify::new(),
            settled: tokio::sync::Notify::new(),
            closed: AtomicBool::new(false),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().expect("no thread panics while it holds a queue")
    }

    /// Takes over changed settings, and the queue that takes what is received too often, if it is at work.
    pub(crate) fn configure(&self, spec: &QueueSpec, dead_letters: Option<&Arc<LiveQueue>>) {
        *self.dead_letters.write().expect("no thread panics with it") =
            dead_letters.map_or_else(Weak::new, Arc::downgrade);
        let mut inner = self.lock();
        inner.core.set(settings(spec, dead_letters.is_some()));
        inner.spec = spec.clone();
        drop(inner);
        // What was poison may be received now.
        self.bell.notify_waiters();
    }

    pub(crate) fn dead_letters(&self) -> Option<Arc<LiveQueue>> {
        self.dead_letters.read().expect("no thread panics with it").upgrade()
    }

    /// There is no queue that takes what is received too often.
    fn without_dead_letters(&self) {
        let mut inner = self.lock();
        let spec = inner.spec.clone();
        inner.core.set(settings(&spec, false));
    }

    /// The queue is deleted: whoever waits for its messages is told so.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.bell.notify_waiters();
        self.settled.notify_waiters();
    }

    /// Whether the queue keeps order.
    pub(crate) fn keeps_order(&self) -> bool {
        self.lock().spec.fifo.is_some()
    }

    /// The last number that was given to a message.
    pub(crate) fn last_id(&self) -> u64 {
        self.lock().core.last_id()
    }

    /// How long a receive waits when it does not say.
    pub(crate) fn usual_wait(&self) -> Duration {
        Duration::from_secs(self.lock().spec.wait_seconds.into())
    }

    /// Whether the queue was deleted.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The newest receipts of all that is in flight.
    pub(crate) fn receipts(&self) -> Vec<delivery::queue::Receipt> {
        self.lock().core.receipts()
    }

    /// What the queue was asked to do since it was opened.
    pub(crate) fn traffic(&self) -> QueueTraffic {
        self.lock().traffic
    }

    /// How large messages were that were sent since this was asked last.
    pub(crate) fn take_sizes(&self) -> Statistics {
        let Sizes { count, sum, smallest, largest } = std::mem::take(&mut self.lock().sizes);
        match count {
            0 => Statistics::default(),
            _ => Statistics::of_set(count as f64, sum as f64, smallest as f64, largest as f64),
        }
    }

    /// How many messages there are.
    pub(crate) fn counts(&self) -> Counts {
        self.lock().core.counts(self.clock.now())
    }

    /// When the oldest message that is not delayed was sent.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.lock().core.oldest()
    }

    /// When the queue was last purged since it was opened.
    pub(crate) fn purged_at(&self) -> Option<Timestamp> {
        self.lock().purged_at
    }

    /// The message of this number, if it is there.
    pub(crate) fn read(&self, commits: &Commits, id: u64) -> Result<Option<Message>, WriteRefused> {
        let key = layout::message(self.id, id, MessagePart::Body);
        let Some((_, value)) = commits.store.get(MESSAGES, &key)? else { return Ok(None) };
        Ok(Some(message::read(id, &value)?))
    }

    /// Messages from this number on, at most `max`, whoever holds them now; nothing is received.
    pub(crate) fn browse(&self, commits: &Commits, from: u64, max: usize) -> Result<Vec<Message>, WriteRefused> {
        // What was purged may still lie below, waiting to be cleared away.
        let from = from.max(self.lock().core.lowest());
        let snapshot = commits.store.snapshot();
        let first = layout::message(self.id, from, MessagePart::Body);
        let mut messages = Vec::new();
        for found in messages_of(&snapshot, self.id, &first) {
            if messages.len() == max {
                break;
            }
            let store::Item { key, value, .. } = found?;
            if let Some((id, MessagePart::Body)) = layout::read_message(&key) {
                messages.push(message::read(id, &value)?);
            }
        }
        Ok(messages)
    }

    /// The keys of names that were given before any that counts now, from the first that may be left.
    pub(crate) fn forgotten_names(&self) -> Option<(Vec<u8>, Vec<u8>, Timestamp)> {
        let inner = self.lock();
        inner.spec.fifo?;
        let key = |at: Timestamp| layout::deduplication(self.id, at, [0; 16]);
        let end = oldest_name(self.clock.now());
        (inner.names_cleared < end).then(|| (key(inner.names_cleared), key(end), end))
    }

    /// Everything before `end` was cleared away.
    pub(crate) fn names_are_cleared(&self, end: Timestamp) {
        self.lock().names_cleared = end;
    }
}

fn restore(core: &mut Queue, body: Option<(u64, message::Header)>, state: Option<State>, now: Timestamp) {
    if let Some((id, header)) = body {
        let state = state.unwrap_or(State::New { visible_at: header.visible_at });
        core.restore(Kept { id, sent_at: header.sent_at, group: header.group.as_deref(), state }, now);
    }
}

/// A queue's messages from a key on.
fn messages_of<'a>(snapshot: &'a store::Snapshot, queue: u32, first: &[u8]) -> store::Scan<'a> {
    let end = (queue + 1).to_be_bytes();
    snapshot.range(MESSAGES, Bound::Included(first), Bound::Excluded(&end), store::Direction::Forward)
}

/// The names of what was sent to a queue within the last minutes.
fn names_of(snapshot: &store::Snapshot, queue: u32, now: Timestamp) -> store::Scan<'_> {
    let first = layout::deduplication(queue, oldest_name(now), [0; 16]);
    let end = (queue + 1).to_be_bytes();
    snapshot.range(DEDUPLICATION, Bound::Included(&first), Bound::Excluded(&end), store::Direction::Forward)
}

/// Names given before this instant no longer count.
fn oldest_name(now: Timestamp) -> Timestamp {
    let remembered = i64::try_from(Key::REMEMBERED_FOR.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.millis().saturating_sub(remembered).max(0))
}

fn settings(spec: &QueueSpec, dead_letters: bool) -> Settings {
    Settings {
        visible_for: Duration::from_secs(spec.visible_for_seconds.into()),
        delay: Duration::from_secs(spec.delay_seconds.into()),
        retention: Duration::from_secs(spec.retention_seconds.into()),
        max_message_size: usize::try_from(spec.message_bytes_max).unwrap_or(usize::MAX),
        // Without the queue that would take it, a message is handed out as often as it must be: it is not lost.
        receives_max: spec.redrive.as_ref().filter(|_| dead_letters).map(|redrive| redrive.receives_max),
        fifo: spec.fifo.map(|fifo| Fifo {
            deduplicates_by_content: fifo.deduplicates_by_content,
            deduplicates_in_groups: fifo.deduplicates_in_groups,
        }),
    }
}

/// The queues at work, by name.
pub(crate) type LiveQueues = SortedMap<QueueName, Arc<LiveQueue>>;
