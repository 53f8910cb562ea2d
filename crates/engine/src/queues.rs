//! Decides how queues live on the store: what is durable when, and where the bodies are.
//!
//! Who may see which message until when is `delivery`'s to decide; here a decision becomes durable before anybody
//! hears of it. A message's body and its receipts are two keys that lie side by side; deleting takes both away and
//! remembers where the oldest message now is, so that nobody ever walks over deleted ones.

use crate::clock;
use crate::codec::{Malformed, Reader, write_bytes, write_whole};
use crate::commit::{Commits, WriteRefused};
use crate::layout::{self, MESSAGES, MessagePart, STATE, kind};
use crate::spec::QueueSpec;
use delivery::dead_letter::Aside;
use delivery::queue::{BodyRefused, Deletion, Queue, Receipt, Settings, State};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use store::EntryBuilder;
use types::{QueueName, Timestamp};

/// No message is delayed for longer: 15 minutes, and one for clocks that were set back a little.
const DELAY_MAX_MS: i64 = 16 * 60 * 1000;

/// One queue, at work.
#[derive(Debug)]
pub(crate) struct LiveQueue {
    pub(crate) id: u32,
    state: Mutex<Inner>,
    /// Rung when a message is sent or becomes visible again.
    bell: tokio::sync::Notify,
}

#[derive(Debug)]
struct Inner {
    core: Queue,
    last_id: u64,
}

/// A message, as it was sent.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its number in the queue.
    pub id: u64,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The body that clients receive.
    pub body: String,
    /// Of a dead letter: the records themselves, and why they are here.
    pub aside: Option<Aside>,
}

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

use delivery::queue::Counts;

impl LiveQueue {
    /// Reads back the messages of a queue.
    pub(crate) fn open(id: u32, spec: &QueueSpec, commits: &Commits) -> Result<Self, WriteRefused> {
        let mut core = Queue::new(settings(spec));
        let snapshot = commits.store.snapshot();
        let head = snapshot.get(STATE, &layout::queue_head(id))?;
        let from = head.as_ref().and_then(|(_, value)| value.first_chunk().copied()).map_or(0, u64::from_be_bytes);
        let mut last_id = from;
        let mut bodies: BTreeMap<u64, Timestamp> = BTreeMap::new();
        let mut receipts: BTreeMap<u64, State> = BTreeMap::new();
        let first = layout::message(id, from, MessagePart::Body);
        for found in messages_of(&snapshot, id, &first) {
            let store::Item { key, value, .. } = found?;
            match layout::read_message(&key) {
                Some((message, MessagePart::Body)) => drop(bodies.insert(message, read_sent_at(&value)?)),
                Some((message, MessagePart::Receipts)) => drop(receipts.insert(message, read_receipts(&value)?)),
                None => return Err(Malformed("message key").into()),
            }
        }
        for (message, sent_at) in bodies {
            let unseen = State::New { visible_at: sent_at + settings(spec).delay };
            core.restore(message, sent_at, receipts.remove(&message).unwrap_or(unseen));
            last_id = last_id.max(message);
        }
        let state = Mutex::new(Inner { core, last_id });
        Ok(Self { id, state, bell: tokio::sync::Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().expect("no thread panics while it holds a queue")
    }

    /// Takes over changed settings.
    pub(crate) fn configure(&self, spec: &QueueSpec) {
        self.lock().core.set(settings(spec));
    }

    /// Whether the queue takes a message with this body.
    pub(crate) fn check(&self, body: &str) -> Result<(), BodyRefused> {
        self.lock().core.settings().check_body(body)
    }

    /// The entry that sends a message, and what is to be called when it is durable.
    pub(crate) fn send(self: &Arc<Self>, body: &str, aside: Option<&Aside>, delay: Option<Duration>) -> Sending {
        let now = clock::now();
        let id = {
            let mut inner = self.lock();
            // By the time, so that numbers are never used again, whatever was deleted and whenever we restart.
            let by_time = u64::try_from(now.millis()).unwrap_or(0) << 20;
            inner.last_id = by_time.max(inner.last_id + 1);
            inner.last_id
        };
        let key = layout::message(self.id, id, MessagePart::Body);
        let mut length = 0;
        let entry = EntryBuilder::with_record(kind::MESSAGE, body.len() + 64, |out| {
            let start = out.len();
            write_message(now, body, aside, out);
            length = out.len() - start;
        });
        Sending { queue: Arc::clone(self), id, sent_at: now, delay, entry: entry.put_range(MESSAGES, &key, 0..length) }
    }

    fn sent(&self, id: u64, sent_at: Timestamp, delay: Option<Duration>) {
        self.lock().core.send(id, sent_at, delay);
        self.bell.notify_waiters();
    }

    /// Receives up to `max` messages, waiting for one at most `wait`.
    pub(crate) async fn receive(
        &self,
        commits: &Commits,
        max: usize,
        visible_for: Option<Duration>,
        wait: Duration,
    ) -> Result<Vec<ReceivedMessage>, ReceiveRefused> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let rung = self.bell.notified();
            tokio::pin!(rung);
            // Registered before looking, so that a message sent in between rings for us.
            rung.as_mut().enable();
            let found = self.receive_now(commits, max, visible_for).await?;
            let next = self.lock().core.next_event(clock::now());
            if !found.is_empty() || tokio::time::Instant::now() >= deadline {
                return Ok(found);
            }
            let until_next = next.map_or(deadline, |at| tokio::time::Instant::now() + at.since(clock::now()));
            let until = deadline.min(until_next + Duration::from_millis(1));
            let _ = tokio::time::timeout_at(until, rung).await;
        }
    }

    async fn receive_now(
        &self,
        commits: &Commits,
        max: usize,
        visible_for: Option<Duration>,
    ) -> Result<Vec<ReceivedMessage>, ReceiveRefused> {
        let received =
            self.lock().core.receive(clock::now(), max, visible_for).map_err(|_| ReceiveRefused::OverLimit)?;
        if received.is_empty() {
            return Ok(Vec::new());
        }
        let mut entry = EntryBuilder::new(kind::RECEIPT, &[]);
        for one in &received {
            let key = layout::message(self.id, one.receipt.id, MessagePart::Receipts);
            entry = entry.put(MESSAGES, &key, &write_state(one.state()));
        }
        commits.commit_one(entry).await?;
        let mut messages = Vec::with_capacity(received.len());
        for one in received {
            // Gone if somebody deleted it with an older receipt while we made the receive durable.
            if let Some(message) = self.read(commits, one.receipt.id)? {
                let first_received_at = one.first_received_at;
                messages.push(ReceivedMessage { message, receipt: one.receipt, first_received_at });
            }
        }
        Ok(messages)
    }

    /// The message of this number, if it is there.
    pub(crate) fn read(&self, commits: &Commits, id: u64) -> Result<Option<Message>, WriteRefused> {
        let key = layout::message(self.id, id, MessagePart::Body);
        let Some((_, value)) = commits.store.get(MESSAGES, &key)? else { return Ok(None) };
        Ok(Some(read_message(id, &value)?))
    }

    /// Messages from this number on, at most `max`, whoever holds them now; nothing is received.
    pub(crate) fn browse(&self, commits: &Commits, from: u64, max: usize) -> Result<Vec<Message>, WriteRefused> {
        let snapshot = commits.store.snapshot();
        let first = layout::message(self.id, from, MessagePart::Body);
        let mut messages = Vec::new();
        for found in messages_of(&snapshot, self.id, &first) {
            if messages.len() == max {
                break;
            }
            let store::Item { key, value, .. } = found?;
            if let Some((id, MessagePart::Body)) = layout::read_message(&key) {
                messages.push(read_message(id, &value)?);
            }
        }
        Ok(messages)
    }

    /// Deletes a message; `false` if no receive ever made this receipt. That it was gone already is no fault.
    pub(crate) async fn delete(&self, commits: &Commits, receipt: Receipt) -> Result<bool, WriteRefused> {
        let deletion = self.lock().core.would_delete(receipt);
        match deletion {
            Deletion::NeverIssued => return Ok(false),
            Deletion::AlreadyGone => return Ok(true),
            Deletion::Deleted => {}
        }
        // Here it goes only when it is gone from the disk: until then whoever asks is told that it is there.
        commits.commit_one(self.deletion(&[receipt.id])).await?;
        self.lock().core.forget(receipt.id, receipt.sent_at);
        Ok(true)
    }

    /// Deletes a message of which its number is known, received or not, together with this entry. On a thread that may
    /// wait.
    pub(crate) fn remove(&self, commits: &Commits, message: &Message, with: EntryBuilder) -> Result<(), WriteRefused> {
        commits.commit_blocking(vec![self.deletion(&[message.id]), with])?;
        self.lock().core.forget(message.id, message.sent_at);
        Ok(())
    }

    /// The entry that takes messages away.
    fn deletion(&self, ids: &[u64]) -> EntryBuilder {
        let mut entry = EntryBuilder::new(kind::RECEIPT, &[]);
        for id in ids {
            for part in [MessagePart::Body, MessagePart::Receipts] {
                entry = entry.delete(MESSAGES, &layout::message(self.id, *id, part));
            }
        }
        // No message that is left has a lower number: numbers begin with the time, and none is delayed for longer.
        let Some(oldest) = self.lock().core.oldest() else { return entry };
        let oldest = oldest.min(clock::now()).millis() - DELAY_MAX_MS;
        let head = u64::try_from(oldest).unwrap_or(0) << 20;
        entry.put(STATE, &layout::queue_head(self.id), &head.to_be_bytes())
    }

    /// Takes away what has been kept for its time; how many it was.
    pub(crate) fn expire(&self, commits: &Commits) -> Result<usize, WriteRefused> {
        let mut count = 0;
        loop {
            let expired = self.lock().core.expired(clock::now(), 256);
            if expired.is_empty() {
                return Ok(count);
            }
            // If this cannot be kept, they come back with the next start and expire again.
            commits.commit_one_blocking(self.deletion(&expired))?;
            count += expired.len();
        }
    }

    /// Hides a received message until `visible_for` from now.
    pub(crate) async fn change_visibility(
        &self,
        commits: &Commits,
        receipt: Receipt,
        visible_for: Duration,
    ) -> Result<(), ChangeRefused> {
        let state = self.lock().core.change_visibility(receipt, visible_for, clock::now())?;
        let key = layout::message(self.id, receipt.id, MessagePart::Receipts);
        let entry = EntryBuilder::new(kind::RECEIPT, &[]).put(MESSAGES, &key, &write_state(state));
        commits.commit_one(entry).await?;
        self.bell.notify_waiters();
        Ok(())
    }

    /// How many messages there are.
    pub(crate) fn counts(&self) -> Counts {
        self.lock().core.counts(clock::now())
    }
}

/// A message on its way: part of a commit, and then visible.
pub(crate) struct Sending {
    queue: Arc<LiveQueue>,
    pub(crate) id: u64,
    sent_at: Timestamp,
    delay: Option<Duration>,
    pub(crate) entry: EntryBuilder,
}

impl Sending {
    /// Takes the entry out; what is left is to be told when it is durable.
    pub(crate) fn split(self) -> (EntryBuilder, Sent) {
        let sent = Sent { queue: self.queue, id: self.id, sent_at: self.sent_at, delay: self.delay };
        (self.entry, sent)
    }
}

/// A message whose entry is on its way.
pub(crate) struct Sent {
    queue: Arc<LiveQueue>,
    id: u64,
    sent_at: Timestamp,
    delay: Option<Duration>,
}

impl Sent {
    /// The entry is durable: receivers may see the message.
    pub(crate) fn durable(self) {
        self.queue.sent(self.id, self.sent_at, self.delay);
    }
}

/// Why a message is not hidden for longer, or shorter.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRefused {
    /// It is not in flight under this receipt, or would be hidden for too long.
    #[error(transparent)]
    Visibility(#[from] delivery::queue::VisibilityRefused),
    /// The change cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

/// Why nothing is received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveRefused {
    /// Too many messages are in flight.
    #[error("too many messages of the queue are received and not yet deleted")]
    OverLimit,
    /// The receive cannot be made durable.
    #[error(transparent)]
    Write(#[from] WriteRefused),
}

/// A queue's messages from a key on.
fn messages_of<'a>(snapshot: &'a store::Snapshot, queue: u32, first: &[u8]) -> store::Scan<'a> {
    let end = (queue + 1).to_be_bytes();
    snapshot.range(MESSAGES, Bound::Included(first), Bound::Excluded(&end), store::Direction::Forward)
}

fn settings(spec: &QueueSpec) -> Settings {
    Settings {
        visible_for: Duration::from_secs(spec.visible_for_seconds.into()),
        delay: Duration::from_secs(spec.delay_seconds.into()),
        retention: Duration::from_secs(spec.retention_seconds.into()),
        max_message_size: usize::try_from(spec.message_bytes_max).unwrap_or(usize::MAX),
    }
}

fn write_message(sent_at: Timestamp, body: &str, aside: Option<&Aside>, out: &mut Vec<u8>) {
    out.extend(sent_at.millis().to_le_bytes());
    write_bytes(body.as_bytes(), out);
    match aside {
        Some(aside) => write_bytes(&serde_json::to_vec(aside).expect("an aside has text keys alone"), out),
        None => write_bytes(&[], out),
    }
}

fn read_sent_at(bytes: &[u8]) -> Result<Timestamp, Malformed> {
    let (millis, _) = bytes.split_first_chunk().ok_or(Malformed("message"))?;
    Ok(Timestamp::from_millis(i64::from_le_bytes(*millis)))
}

fn read_message(id: u64, bytes: &[u8]) -> Result<Message, Malformed> {
    let sent_at = read_sent_at(bytes)?;
    let mut reader = Reader { bytes: &bytes[8..], what: "message" };
    let body = reader.text()?.to_owned();
    let aside = match reader.slice()? {
        [] => None,
        json => Some(serde_json::from_slice(json).map_err(|_| Malformed("dead letter"))?),
    };
    reader.end()?;
    Ok(Message { id, sent_at, body, aside })
}

fn write_state(state: State) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    match state {
        State::New { visible_at } => {
            out.push(0);
            out.extend(visible_at.millis().to_le_bytes());
        }
        State::Received { receives, first_received_at, received_at, visible_at } => {
            out.push(1);
            write_whole(receives.into(), &mut out);
            for at in [first_received_at, received_at, visible_at] {
                out.extend(at.millis().to_le_bytes());
            }
        }
    }
    out
}

fn read_receipts(bytes: &[u8]) -> Result<State, Malformed> {
    let mut reader = Reader { bytes, what: "receipt" };
    let state = match reader.byte()? {
        0 => State::New { visible_at: reader.instant()? },
        1 => State::Received {
            receives: u32::try_from(reader.whole()?).map_err(|_| Malformed("receipt"))?,
            first_received_at: reader.instant()?,
            received_at: reader.instant()?,
            visible_at: reader.instant()?,
        },
        _ => return Err(Malformed("receipt")),
    };
    reader.end()?;
    Ok(state)
}

/// The queues at work, by name.
pub(crate) type LiveQueues = BTreeMap<QueueName, Arc<LiveQueue>>;
