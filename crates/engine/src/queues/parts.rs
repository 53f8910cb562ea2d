//! Decides what each act on a queue writes, and what it does to the queue before and after that is durable.
//!
//! An act is a [`Part`] of a commit: an entry, and an [`After`] that is told what became of the commit. Making a part
//! already holds its message, so that nobody else does anything to it meanwhile. There is no other way to act on a
//! queue: whoever wants several acts, or an act together with something else, hands in several parts as one commit.
//!
//! Invariant: an `After` that is dropped untold counts as refused, so no message is held for ever.

use super::message::{self, Failed, Message, Origin, Outgoing};
use super::{Inner, LiveQueue};
use crate::commit::{Commits, WriteRefused};
use crate::layout::{self, DEDUPLICATION, MESSAGES, MessagePart, STATE, kind};
use delivery::dead_letter::Aside;
use delivery::queue::{BodyRefused, Key, Leaving, Receipt, State, VisibilityRefused, content_id};
use std::sync::Arc;
use std::time::Duration;
use store::EntryBuilder;
use types::{FunctionName, Timestamp};

/// The longest name of a group or of a message.
const NAME_MAX: usize = 128;
/// No message is delayed for longer.
const DELAY_MAX: Duration = Duration::from_secs(15 * 60);

/// An act on a queue, as a part of a commit.
#[must_use]
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) entry: EntryBuilder,
    pub(crate) after: After,
    bytes: usize,
}

/// What is to be done once it is known what became of the commit.
#[must_use]
#[derive(Debug, Default)]
pub(crate) struct After(Vec<(Arc<LiveQueue>, Act)>);

#[derive(Debug)]
enum Act {
    Sent {
        id: u64,
        sent_at: Timestamp,
        visible_at: Timestamp,
        key: Option<Key>,
        bytes: usize,
        /// Whether it was received too often elsewhere.
        dead: bool,
    },
    Received(Vec<Receipt>),
    /// Deleted, or moved away.
    Gone(Vec<u64>),
    /// Taken out by somebody who does not hold it.
    Removed(u64),
    Hidden {
        id: u64,
        visible_at: Timestamp,
    },
}

/// A message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its number in the queue; in a queue that keeps order, its place.
    pub id: u64,
    /// What clients know it by.
    pub origin: Origin,
    /// Whether nothing was sent now, because this message was sent under the same name a short time ago.
    pub known: bool,
}

/// What becomes of a message that is to be sent.
#[derive(Debug)]
pub(crate) enum Sending {
    /// It is sent with this part.
    New(Part, Sent),
    /// The same message was sent already, durably.
    Known(Sent),
    /// The same message is just being sent: it is known what becomes of it after [`LiveQueue::wait_settled`].
    Underway(Sent),
}

/// Why a message is not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendRefused {
    /// The queue does not take this body.
    #[error(transparent)]
    Body(#[from] BodyRefused),
    /// The queue keeps order, and the message has no group.
    #[error("the queue keeps the order of groups, and the message has none")]
    NoGroup,
    /// The queue keeps order, and cannot tell whether the message is a new one.
    #[error("the queue wants a name for each message by which it knows it again, or to be set to go by the body")]
    NoName,
    /// A group or name that is none.
    #[error("the {what} has to be 1 to {NAME_MAX} letters, digits or punctuation marks of ASCII")]
    BadName {
        /// `group` or `name`.
        what: &'static str,
    },
    /// A delay of the message's own in a queue that keeps order.
    #[error("a queue that keeps order delays all messages alike")]
    OwnDelay,
    /// The delay is too long.
    #[error("a message is delayed for at most {} seconds", DELAY_MAX.as_secs())]
    DelayTooLong,
}

impl Part {
    /// How many bytes of messages it carries.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The entry to hand in, and what is to be told of it.
    pub(crate) fn split(self) -> (EntryBuilder, After) {
        (self.entry, self.after)
    }
}

impl After {
    /// What waits for two parts of one commit waits for both.
    pub(crate) fn and(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self
    }

    /// The commit is durable.
    pub(crate) fn durable(mut self) {
        std::mem::take(&mut self.0).into_iter().for_each(|(queue, act)| queue.done(act));
    }

    /// The commit was refused, or never handed in: it is as if nothing had been asked for.
    pub(crate) fn refused(self) {
        drop(self);
    }

    /// It is told nothing, because what it waits for is done in another way.
    pub(super) fn forget(mut self) {
        self.0.clear();
    }

    /// Tells what became of the commit.
    pub(crate) fn tell<T, E>(self, outcome: Result<T, E>) {
        match outcome {
            Ok(_) => self.durable(),
            Err(_) => self.refused(),
        }
    }
}

impl Drop for After {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_iter().for_each(|(queue, act)| queue.undo(act));
    }
}

impl LiveQueue {
    fn after(self: &Arc<Self>, act: Act) -> After {
        After(vec![(Arc::clone(self), act)])
    }

    /// Whether the queue takes a message.
    fn check(inner: &Inner, outgoing: &Outgoing) -> Result<(), SendRefused> {
        let settings = inner.core.settings();
        settings.check_body(&outgoing.body)?;
        if outgoing.size() > settings.max_message_size {
            return Err(BodyRefused::TooLarge { size: outgoing.size(), max: settings.max_message_size }.into());
        }
        let is_name =
            |name: &str| matches!(name.len(), 1..=NAME_MAX) && name.bytes().all(|byte| byte.is_ascii_graphic());
        for (what, name) in [("group", &outgoing.group), ("name", &outgoing.deduplication)] {
            if name.as_ref().is_some_and(|name| !is_name(name)) {
                return Err(SendRefused::BadName { what });
            }
        }
        if outgoing.delay.is_some_and(|delay| delay > DELAY_MAX) {
            return Err(SendRefused::DelayTooLong);
        }
        match settings.fifo {
            Some(_) if outgoing.group.is_none() => Err(SendRefused::NoGroup),
            Some(_) if outgoing.delay.is_some_and(|delay| delay != Duration::ZERO) => Err(SendRefused::OwnDelay),
            Some(fifo) if outgoing.deduplication.is_none() && !fifo.deduplicates_by_content => Err(SendRefused::NoName),
            Some(_) | None => Ok(()),
        }
    }

    /// Sends a message, unless the same one was sent a short time ago.
    pub(crate) fn send_part(self: &Arc<Self>, mut outgoing: Outgoing) -> Result<Sending, SendRefused> {
        let mut inner = self.lock();
        Self::check(&inner, &outgoing)?;
        let now = self.clock.now();
        let fifo = inner.core.settings().fifo;
        let mut key = None;
        if let Some(fifo) = fifo {
            let name = outgoing.deduplication.get_or_insert_with(|| content_id(&outgoing.body));
            let named = Key::new(fifo, outgoing.group.as_deref().unwrap_or_default(), name);
            if let Some(known) = inner.core.known(&named, now) {
                let origin = Origin { queue: self.id, id: known.id };
                let sent = Sent { id: known.id, origin, known: true };
                return Ok(if known.confirmed { Sending::Known(sent) } else { Sending::Underway(sent) });
            }
            key = Some(named);
        }
        let delay = outgoing.delay.filter(|_| fifo.is_none()).unwrap_or(inner.core.settings().delay);
        let Outgoing { body, attributes, trace, group, deduplication, .. } = outgoing;
        let mut message = Message { sent_at: now, body, attributes, trace, group, deduplication, ..Message::default() };
        let part = self.place(&mut inner, &mut message, now, delay, key);
        let sent = Sent { id: message.id, origin: message.origin, known: false };
        Ok(Sending::New(part, sent))
    }

    /// Sends what this room has made itself, whatever the queue is set to take.
    pub(crate) fn letter_part(self: &Arc<Self>, body: String, aside: Option<&Aside>) -> Part {
        self.place_part(Message { body, aside: aside.cloned(), ..Message::default() })
    }

    /// Takes a message of the engine's own, whatever the queue is set to take of clients.
    pub(crate) fn place_part(self: &Arc<Self>, mut message: Message) -> Part {
        let mut inner = self.lock();
        let delay = inner.core.settings().delay;
        let now = self.clock.now();
        message.sent_at = now;
        self.place(&mut inner, &mut message, now, delay, None)
    }

    /// The same, of what is made like a client's message and may have a delay of its own.
    pub(crate) fn own_part(self: &Arc<Self>, outgoing: Outgoing) -> Part {
        let mut inner = self.lock();
        let delay = outgoing.delay.unwrap_or(inner.core.settings().delay);
        let now = self.clock.now();
        let Outgoing { body, attributes, trace, .. } = outgoing;
        let mut message = Message { sent_at: now, body, attributes, trace, ..Message::default() };
        self.place(&mut inner, &mut message, now, delay, None)
    }

    /// Gives a message its number and its place, and writes it.
    fn place(
        self: &Arc<Self>,
        inner: &mut Inner,
        message: &mut Message,
        now: Timestamp,
        delay: Duration,
        key: Option<Key>,
    ) -> Part {
        if inner.core.settings().fifo.is_some() {
            // A queue that keeps order counts from when a message takes its place; so must everybody else.
            message.sent_at = now;
            message.group.get_or_insert_with(|| "none".to_owned());
        }
        message.id = inner.core.reserve(now, message.group.as_deref());
        if message.origin == Origin::default() {
            message.origin = Origin { queue: self.id, id: message.id };
        }
        let body = layout::message(self.id, message.id, MessagePart::Body);
        let mut length = 0;
        let expected = message.body.len() + 96;
        let mut entry = EntryBuilder::with_record(kind::MESSAGE, expected, |out| {
            let start = out.len();
            message::write(message, delay + now.since(message.sent_at), out);
            length = out.len() - start;
        });
        entry = entry.put_range(MESSAGES, &body, 0..length);
        if let Some(key) = key {
            inner.core.remember(key, message.id);
            let name = layout::deduplication(self.id, now, key.0);
            entry = entry.put(DEDUPLICATION, &name, &message.id.to_be_bytes());
        }
        let (dead, bytes) = (message.source.is_some(), message::size(&message.body, &message.attributes));
        let act = Act::Sent { id: message.id, sent_at: message.sent_at, visible_at: now + delay, key, bytes, dead };
        Part { entry, after: self.after(act), bytes: length }
    }

    /// The entry and hold of messages that were received.
    pub(super) fn received_part(self: &Arc<Self>, received: &[delivery::queue::Received], expired: &[u64]) -> Part {
        let mut entry = EntryBuilder::new(kind::RECEIPT, &[]);
        for one in received {
            let key = layout::message(self.id, one.receipt.id, MessagePart::Receipts);
            entry = entry.put(MESSAGES, &key, &message::write_state(one.state()));
        }
        if !expired.is_empty() {
            entry = self.delete_from(entry, expired);
        }
        let act = Act::Received(received.iter().map(|one| one.receipt).collect());
        Part { entry, after: self.after(act), bytes: 0 }
    }

    /// Deletes messages: what comes of each, and the part, if any of them is there.
    pub(crate) fn delete_parts(self: &Arc<Self>, receipts: &[Receipt]) -> (Vec<Leaving>, Option<Part>) {
        let now = self.clock.now();
        let mut inner = self.lock();
        let found: Vec<Leaving> = receipts.iter().map(|receipt| inner.core.take_away(*receipt, now)).collect();
        drop(inner);
        let held = receipts.iter().zip(&found).filter(|(_, found)| **found == Leaving::Held);
        let ids: Vec<u64> = held.map(|(receipt, _)| receipt.id).collect();
        let part = (!ids.is_empty()).then(|| self.gone_part(ids));
        (found, part)
    }

    /// Deletes a received message; nothing if it is gone, or somebody else is just doing something to it.
    pub(crate) fn delete_part(self: &Arc<Self>, receipt: Receipt) -> Option<Part> {
        self.delete_parts(&[receipt]).1
    }

    fn gone_part(self: &Arc<Self>, ids: Vec<u64>) -> Part {
        let entry = self.delete_from(EntryBuilder::new(kind::RECEIPT, &[]), &ids);
        Part { entry, after: self.after(Act::Gone(ids)), bytes: 0 }
    }

    /// The entry that takes away messages that are no longer in the queue, or of which the caller knows that they go.
    pub(super) fn gone_entry(&self, ids: &[u64]) -> EntryBuilder {
        self.delete_from(EntryBuilder::new(kind::RECEIPT, &[]), ids)
    }

    fn delete_from(&self, mut entry: EntryBuilder, ids: &[u64]) -> EntryBuilder {
        for id in ids {
            for part in [MessagePart::Body, MessagePart::Receipts] {
                entry = entry.delete(MESSAGES, &layout::message(self.id, *id, part));
            }
        }
        let inner = self.lock();
        let head = [inner.core.lowest().to_be_bytes(), inner.core.last_id().to_be_bytes()].concat();
        entry.put(STATE, &layout::queue_head(self.id), &head)
    }

    /// Hides a received message until `span` from now, which may be at once.
    pub(crate) fn hide_part(self: &Arc<Self>, receipt: Receipt, span: Duration) -> Result<Part, VisibilityRefused> {
        let now = self.clock.now();
        let state = self.lock().core.hide(receipt, span, now)?;
        Ok(self.hidden_part(receipt, span, now, state))
    }

    /// The same for a client, who may have received the message before others did.
    pub(super) fn hide_anew_part(
        self: &Arc<Self>,
        receipt: Receipt,
        span: Duration,
    ) -> Result<Part, VisibilityRefused> {
        let now = self.clock.now();
        let state = self.lock().core.hide_anew(receipt, span, now)?;
        Ok(self.hidden_part(receipt, span, now, state))
    }

    fn hidden_part(self: &Arc<Self>, receipt: Receipt, span: Duration, now: Timestamp, state: State) -> Part {
        let key = layout::message(self.id, receipt.id, MessagePart::Receipts);
        let entry = EntryBuilder::new(kind::RECEIPT, &[]).put(MESSAGES, &key, &message::write_state(state));
        let act = Act::Hidden { id: receipt.id, visible_at: now + span };
        Part { entry, after: self.after(act), bytes: 0 }
    }

    /// Moves a received message to a dead-letter queue, with what the function said of it; nothing if it is no longer
    /// in flight under this receipt.
    pub(crate) fn dead_letter_part(
        self: &Arc<Self>,
        commits: &Commits,
        to: &Arc<LiveQueue>,
        receipt: Receipt,
        function: &FunctionName,
        error: &str,
    ) -> Result<Option<Part>, WriteRefused> {
        let now = self.clock.now();
        let mut inner = self.lock();
        if !inner.core.is_in_flight(receipt, now) || inner.core.take_away(receipt, now) != Leaving::Held {
            return Ok(None);
        }
        drop(inner);
        let failed = Failed { function: function.clone(), error: error.to_owned() };
        self.dead_part(commits, to, receipt.id, Some(failed))
    }

    /// Moves a held message to a dead-letter queue.
    pub(super) fn dead_part(
        self: &Arc<Self>,
        commits: &Commits,
        to: &Arc<LiveQueue>,
        id: u64,
        failed: Option<Failed>,
    ) -> Result<Option<Part>, WriteRefused> {
        let receives = self.lock().core.receives(id);
        self.move_held(commits, to, id, Duration::ZERO, |message| {
            message.received_before = message.received_before.saturating_add(receives);
            message.source = Some(self.name.clone());
            message.failed = failed.or(message.failed.take());
        })
    }

    /// Moves a held message back to where it came from, or on: it is a new message there.
    pub(crate) fn redrive_part(
        self: &Arc<Self>,
        commits: &Commits,
        to: &Arc<LiveQueue>,
        id: u64,
    ) -> Result<Option<Part>, WriteRefused> {
        let delay = to.lock().core.settings().delay;
        self.move_held(commits, to, id, delay, |message| {
            message.sent_at = to.clock.now();
            (message.origin, message.source, message.failed) = (Origin::default(), None, None);
            message.received_before = 0;
        })
    }

    /// Moves a held message to another queue, whatever that queue is set to take; nothing if its body is gone.
    fn move_held(
        self: &Arc<Self>,
        commits: &Commits,
        to: &Arc<LiveQueue>,
        id: u64,
        delay: Duration,
        change: impl FnOnce(&mut Message),
    ) -> Result<Option<Part>, WriteRefused> {
        // Dropped on an early return, it lets go of the message.
        let gone = self.after(Act::Gone(vec![id]));
        let Some(mut message) = self.read(commits, id)? else {
            gone.durable();
            return Ok(None);
        };
        change(&mut message);
        let mut inner = to.lock();
        let Part { entry, after, bytes } = to.place(&mut inner, &mut message, to.clock.now(), delay, None);
        drop(inner);
        let entry = self.delete_from(entry, &[id]);
        Ok(Some(Part { entry, after: after.and(gone), bytes }))
    }

    /// Holds messages that can be received, for moving them away, none with a higher number than `until`.
    pub(crate) fn lift(&self, max: usize, until: u64) -> Vec<u64> {
        self.lock().core.lift(self.clock.now(), max, until)
    }

    /// Lets go of messages that were held for nothing.
    pub(crate) fn let_go(&self, ids: &[u64]) {
        let mut inner = self.lock();
        ids.iter().for_each(|id| inner.core.settle(*id));
        drop(inner);
        self.ring();
    }

    /// Takes a message out of which its number is known, whoever holds it: the part of somebody who has done it.
    pub(crate) fn remove_part(self: &Arc<Self>, id: u64) -> Part {
        let entry = self.gone_entry(&[id]);
        Part { entry, after: self.after(Act::Removed(id)), bytes: 0 }
    }

    /// Where the queue is when it is opened if it is purged now: the entry, and from which number on messages stay.
    pub(super) fn purge_entry(&self) -> (EntryBuilder, u64) {
        let below = self.lock().core.divide();
        let value = [below.to_be_bytes(), below.to_be_bytes()].concat();
        let entry = EntryBuilder::new(kind::HOUSEKEEPING, &[]);
        (entry.put(STATE, &layout::queue_purged(self.id), &value), below)
    }

    /// The purge is durable.
    pub(super) fn purged(&self, below: u64) {
        let now = self.clock.now();
        let mut inner = self.lock();
        inner.core.purge(below);
        inner.purged_at = Some(now);
        drop(inner);
        self.settled.notify_waiters();
    }

    fn done(&self, act: Act) {
        let mut inner = self.lock();
        match act {
            Act::Sent { id, sent_at, visible_at, key, bytes, dead } => {
                inner.traffic.sent(bytes, dead);
                if !dead {
                    inner.sizes.add(bytes as u64);
                }
                inner.core.send(id, sent_at, visible_at);
                if let Some(key) = key {
                    inner.core.confirm(&key, id);
                }
            }
            Act::Received(receipts) => {
                inner.traffic.receives += 1;
                inner.traffic.received += receipts.len() as u64;
                receipts.iter().for_each(|receipt| inner.core.settle(receipt.id));
            }
            Act::Gone(ids) => {
                inner.traffic.deleted += ids.len() as u64;
                for id in ids {
                    inner.core.forget(id);
                }
            }
            Act::Removed(id) => drop(inner.core.forget(id)),
            Act::Hidden { id, visible_at } => {
                inner.traffic.hidden += 1;
                inner.core.settle_until(id, visible_at);
            }
        }
        drop(inner);
        self.ring();
    }

    fn undo(&self, act: Act) {
        let mut inner = self.lock();
        match act {
            Act::Sent { id, key, .. } => {
                inner.core.withdraw(id);
                if let Some(key) = key {
                    inner.core.unlearn(&key, id);
                }
            }
            Act::Received(receipts) => receipts.iter().for_each(|receipt| inner.core.unreceive(*receipt)),
            Act::Gone(ids) => ids.iter().for_each(|id| inner.core.settle(*id)),
            Act::Removed(_) => {}
            Act::Hidden { id, .. } => inner.core.settle(id),
        }
        drop(inner);
        self.ring();
    }

    fn ring(&self) {
        self.bell.notify_waiters();
        self.settled.notify_waiters();
    }
}
