//! Decides which messages of one queue may be seen, by whom and until when.
//!
//! Bodies lie elsewhere: here a message is its number. Whoever sends takes a number ([`Queue::reserve`]) and tells when
//! the message is kept ([`Queue::send`]). Receiving hides a message and makes a [`Receipt`]; it is seen again unless it
//! is deleted in time. The oldest is received first; a queue that keeps order ([`Settings::fifo`]) goes group by group,
//! and a group that was received from takes its turn behind those that have waited longer. Start at [`Queue::receive`].
//!
//! What is to be done to a message takes two steps, because it counts only when it is kept on disk: first it is held
//! ([`Queue::receive`], [`Queue::take_away`], [`Queue::hide`]), then the hold ends ([`Queue::settle`],
//! [`Queue::forget`], …). While it is held nobody else does anything to it, so what is written of one message is written
//! in the order in which it was decided.
//!
//! Every operation takes time logarithmic in what the queue holds: nothing is ever searched among deleted, hidden or
//! blocked messages. Only a message that is seen again in the midst of a long group moves those on the shorter side of it,
//! eight bytes each. A message that waits takes about 44 bytes, one that keeps its place in a group some 20 more.
//!
//! Invariants: a message is coming, ready, in flight, delayed or gone, never two of these. A queue's time never runs
//! backwards: an instant before the last one counts as the last one.

mod answers;
mod groups;
mod known;
mod purge;
mod restore;
mod settings;
#[cfg(test)]
mod tests;

pub use answers::{Counts, Leaving, OverLimit, Receipt, Received, State, Taken, VisibilityRefused};
pub use known::{Key, Known, content_id};
pub use restore::Kept;
pub use settings::{BodyRefused, Fifo, Settings};

use groups::{GroupNumber, Groups, Turn};
use known::Memory;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::Timestamp;

/// How many messages of a queue may be in flight at once.
pub const IN_FLIGHT_MAX: usize = 120_000;
/// How long a message may stay hidden after it was received, however often that is extended.
pub const HIDDEN_MAX: Duration = Duration::from_secs(12 * 60 * 60);
/// How many messages a receive takes out at most because they were kept for their time.
const EXPIRED_AT_ONCE: usize = 256;
/// A number is the millisecond in which it was given, and a counter of this many bits.
const COUNTER_BITS: u32 = 20;

/// Which messages of one queue may be seen.
#[derive(Debug)]
pub struct Queue {
    settings: Settings,
    /// The last number given.
    last_id: u64,
    /// The latest time that anybody has told us.
    latest: Timestamp,
    /// What has a number and is not kept yet.
    coming: BTreeMap<u64, GroupNumber>,
    ready: BTreeMap<u64, Waiting>,
    in_flight: BTreeMap<u64, Flight>,
    /// What is in flight and not held, by when it is seen again.
    returning: BTreeSet<(Timestamp, u64)>,
    /// What nobody may see yet, and from when on.
    delayed: BTreeMap<u64, (Timestamp, GroupNumber)>,
    /// The same, by when it may be seen.
    appearing: BTreeSet<(Timestamp, u64)>,
    /// What was sent before it got its number: messages that came from another queue.
    aged: BTreeMap<u64, Timestamp>,
    /// The same, by when it was sent.
    by_age: BTreeSet<(Timestamp, u64)>,
    groups: Groups,
    memory: Memory,
}

/// A message that waits. Small, because there may be millions.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    history: History,
    group: GroupNumber,
}

/// How often a message was received.
#[derive(Debug, Clone, Copy)]
struct History {
    receives: u32,
    /// From its number to its first receive, in milliseconds; 0 while there was none.
    first_after: u32,
    /// The same, to its last receive.
    last_after: u32,
}

#[derive(Debug, Clone, Copy)]
struct Flight {
    waiting: Waiting,
    received_at: Timestamp,
    visible_at: Timestamp,
    /// Whether something is being done to it that is not kept yet; then it is not among those that return.
    held: bool,
}

/// When a number was given.
pub fn made_at(id: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(id >> COUNTER_BITS).unwrap_or(i64::MAX))
}

/// The lowest number that can be given at an instant.
pub fn first_id(at: Timestamp) -> u64 {
    u64::try_from(at.millis()).unwrap_or(0).saturating_mul(1 << COUNTER_BITS)
}

impl Queue {
    /// Without messages.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            last_id: 0,
            latest: Timestamp::EPOCH,
            coming: BTreeMap::new(),
            ready: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            returning: BTreeSet::new(),
            delayed: BTreeMap::new(),
            appearing: BTreeSet::new(),
            aged: BTreeMap::new(),
            by_age: BTreeSet::new(),
            groups: Groups::default(),
            memory: Memory::default(),
        }
    }

    /// How the queue is set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sets the queue anew. What is hidden or delayed stays so for as long as it was meant to. Whether the queue keeps
    /// order cannot be changed.
    pub fn set(&mut self, settings: Settings) {
        assert_eq!(settings.fifo.is_some(), self.settings.fifo.is_some(), "a queue's kind stays");
        self.settings = settings;
    }

    /// Gives a message that is about to be sent its number, and its place in its group. It is to be told of again:
    /// [`Queue::send`] or [`Queue::withdraw`]. Until then no later message of its group is received.
    pub fn reserve(&mut self, now: Timestamp, group: Option<&str>) -> u64 {
        let now = self.tick(now);
        self.last_id = first_id(now).max(self.last_id + 1);
        let group = self.join(group);
        self.coming.insert(self.last_id, group);
        self.wait_in_group(group, self.last_id);
        self.last_id
    }

    /// The message is kept: it can be received from `visible_at` on. `sent_at` is when it was first sent, if that was
    /// in another queue. A number that was purged meanwhile is let go.
    pub fn send(&mut self, id: u64, sent_at: Timestamp, visible_at: Timestamp) {
        let Some(group) = self.coming.remove(&id) else { return };
        self.note_age(id, sent_at);
        if visible_at > self.latest {
            self.delay(id, visible_at, group);
        } else {
            self.ready.insert(id, Waiting { history: History::NEW, group });
        }
        self.refresh(group);
    }

    /// The message is not sent after all.
    pub fn withdraw(&mut self, id: u64) {
        if let Some(group) = self.coming.remove(&id) {
            self.leave_group(group, id);
        }
    }

    /// Receives at most `max` messages and hides them for `visible_for`, or for as long as the queue does.
    pub fn receive(&mut self, now: Timestamp, max: usize, visible_for: Option<Duration>) -> Result<Taken, OverLimit> {
        let now = self.tick(now);
        let mut taken = Taken { expired: self.expired(now, EXPIRED_AT_ONCE), ..Taken::default() };
        let free = IN_FLIGHT_MAX.saturating_sub(self.in_flight.len());
        if taken.expired.len() == EXPIRED_AT_ONCE || free == 0 && !taken.expired.is_empty() {
            return Ok(taken);
        }
        if free == 0 {
            return Err(OverLimit);
        }
        let visible_at = now + visible_for.unwrap_or(self.settings.visible_for).min(HIDDEN_MAX);
        for (id, mut waiting) in self.take(max.min(free)) {
            let poison = self.settings.receives_max.is_some_and(|most| waiting.history.receives >= most);
            if poison {
                taken.dead.push(id);
                self.hold(id, waiting, now, now);
                continue;
            }
            waiting.history.received(millis_between(made_at(id), now));
            self.hold(id, waiting, now, visible_at);
            taken.received.push(Received {
                receipt: Receipt { id, receives: waiting.history.receives },
                first_received_at: waiting.history.first_received_at(id),
                received_at: now,
                visible_at,
            });
        }
        Ok(taken)
    }

    /// Holds at most `max` messages that can be received, none with a number above `until`, without receiving them.
    pub fn lift(&mut self, now: Timestamp, max: usize, until: u64) -> Vec<u64> {
        let now = self.tick(now);
        let mut found = self.take(max);
        let later: Vec<_> = found.extract_if(.., |(id, _)| *id > until).collect();
        for (id, waiting) in later {
            self.hold(id, waiting, now, now);
            self.settle(id);
        }
        for (id, waiting) in &found {
            self.hold(*id, *waiting, now, now);
        }
        found.into_iter().map(|(id, _)| id).collect()
    }

    /// A receive, or whatever else a message was held for, counts: the hold ends.
    pub fn settle(&mut self, id: u64) {
        let Some(flight) = self.in_flight.get_mut(&id).filter(|flight| flight.held) else { return };
        flight.held = false;
        self.returning.insert((flight.visible_at, id));
        self.advance();
    }

    /// The hold ends, and the message is seen again at this instant.
    pub fn settle_until(&mut self, id: u64, visible_at: Timestamp) {
        if let Some(flight) = self.in_flight.get_mut(&id).filter(|flight| flight.held) {
            flight.visible_at = visible_at;
            self.settle(id);
        }
    }

    /// A receive does not count: it is as if it had never been.
    pub fn unreceive(&mut self, receipt: Receipt) {
        let Some(flight) = self.in_flight.get_mut(&receipt.id).filter(|flight| flight.held) else { return };
        let history = &mut flight.waiting.history;
        history.receives -= 1;
        if history.receives == 0 {
            *history = History::NEW;
        }
        self.settle_until(receipt.id, self.latest);
    }

    /// Holds a message that is to be deleted, or moved away. In a queue without order an older receipt is as good as
    /// the last one.
    pub fn take_away(&mut self, receipt: Receipt, now: Timestamp) -> Leaving {
        self.tick(now);
        let id = receipt.id;
        let (receives, waits) = match (self.in_flight.get(&id), self.ready.get(&id)) {
            (Some(flight), _) if flight.held => return Leaving::Busy,
            (Some(flight), _) => (flight.waiting.history.receives, false),
            (None, Some(waiting)) => (waiting.history.receives, true),
            (None, None) if self.delayed.contains_key(&id) => return Leaving::NeverIssued,
            (None, None) => return Leaving::AlreadyGone,
        };
        if !(1..=receives).contains(&receipt.receives) {
            return Leaving::NeverIssued;
        }
        if self.settings.fifo.is_some() && (waits || receives != receipt.receives) {
            return Leaving::Expired;
        }
        if waits {
            let waiting = self.ready.remove(&id).expect("just seen there");
            self.hold(id, waiting, self.latest, self.latest);
        } else {
            self.hold_in_flight(id);
        }
        Leaving::Held
    }

    /// Holds a received message that is to be hidden until `visible_for` from now, which may be at once. What is given
    /// back has to be kept.
    pub fn hide(
        &mut self,
        receipt: Receipt,
        visible_for: Duration,
        now: Timestamp,
    ) -> Result<State, VisibilityRefused> {
        let now = self.tick(now);
        if self.in_flight.get(&receipt.id).is_some_and(|flight| flight.held) {
            return Err(VisibilityRefused::Busy);
        }
        let flight = self.flight_of(receipt).ok_or(VisibilityRefused::NotInFlight)?;
        let visible_at = now + visible_for;
        if visible_at > flight.received_at + HIDDEN_MAX {
            return Err(VisibilityRefused::TooLong);
        }
        self.hold_in_flight(receipt.id);
        Ok(hidden(receipt.id, flight.waiting.history, flight.received_at, visible_for, visible_at))
    }

    /// The same for whoever has ever received the message: in a queue without order an older receipt is as good as the
    /// last one, and a message that is seen again is hidden once more.
    pub fn hide_anew(
        &mut self,
        receipt: Receipt,
        visible_for: Duration,
        now: Timestamp,
    ) -> Result<State, VisibilityRefused> {
        let now = self.tick(now);
        let id = receipt.id;
        if self.settings.fifo.is_some() {
            return self.hide(receipt, visible_for, now);
        }
        let (waiting, received_at, waits) = match (self.in_flight.get(&id), self.ready.get(&id)) {
            (Some(flight), _) if flight.held => return Err(VisibilityRefused::Busy),
            (Some(flight), _) => (flight.waiting, flight.received_at, false),
            (None, Some(waiting)) => (*waiting, waiting.history.last_received_at(id).min(now), true),
            (None, None) => return Err(VisibilityRefused::NotInFlight),
        };
        if !(1..=waiting.history.receives).contains(&receipt.receives) {
            return Err(VisibilityRefused::NotInFlight);
        }
        let visible_at = now + visible_for;
        if visible_at > received_at + HIDDEN_MAX {
            return Err(VisibilityRefused::TooLong);
        }
        if waits {
            self.ready.remove(&id);
            self.hold(id, waiting, received_at, now);
        } else {
            self.hold_in_flight(id);
        }
        Ok(hidden(id, waiting.history, received_at, visible_for, visible_at))
    }

    /// The newest receipts of all that is in flight.
    pub fn receipts(&self) -> Vec<Receipt> {
        let receipt = |(id, flight): (&u64, &Flight)| Receipt { id: *id, receives: flight.waiting.history.receives };
        self.in_flight.iter().map(receipt).collect()
    }

    /// Whether a message is in flight under this very receipt, and nothing is being done to it.
    pub fn is_in_flight(&mut self, receipt: Receipt, now: Timestamp) -> bool {
        self.tick(now);
        self.flight_of(receipt).is_some()
    }

    /// How often a message that is in flight was received.
    pub fn receives(&self, id: u64) -> u32 {
        self.in_flight.get(&id).map_or(0, |flight| flight.waiting.history.receives)
    }

    /// When a message that is in flight was received for the first time.
    pub fn first_received_at(&self, id: u64) -> Option<Timestamp> {
        self.in_flight.get(&id).map(|flight| flight.waiting.history.first_received_at(id))
    }

    fn flight_of(&self, receipt: Receipt) -> Option<Flight> {
        let flight = self.in_flight.get(&receipt.id)?;
        (!flight.held && flight.waiting.history.receives == receipt.receives).then_some(*flight)
    }

    /// Takes out a message, received or not, whoever holds it; says whether it was there.
    pub fn forget(&mut self, id: u64) -> bool {
        if let Some(age) = self.aged.remove(&id) {
            self.by_age.remove(&(age, id));
        }
        if let Some(flight) = self.in_flight.remove(&id) {
            self.returning.remove(&(flight.visible_at, id));
            self.land(flight.waiting.group, id);
            return true;
        }
        let group = match (self.ready.remove(&id), self.delayed.remove(&id)) {
            (Some(waiting), _) => waiting.group,
            (None, Some((visible_at, group))) => {
                self.appearing.remove(&(visible_at, id));
                group
            }
            (None, None) => return false,
        };
        self.leave_group(group, id);
        true
    }

    /// Takes out at most `max` messages that the queue has kept for as long as it keeps any; answers them by their numbers.
    /// One that is delayed goes once it is not, one that is held once it is not.
    pub fn expired(&mut self, now: Timestamp, max: usize) -> Vec<u64> {
        let now = self.tick(now);
        let retention = i64::try_from(self.settings.retention.as_millis()).unwrap_or(i64::MAX);
        let last = Timestamp::from_millis(now.millis().saturating_sub(retention));
        let end = first_id(last + Duration::from_millis(1));
        if last < Timestamp::EPOCH {
            return Vec::new();
        }
        let aged = self.by_age.range(..=(last, u64::MAX)).map(|(_, id)| *id);
        let gone = |id: &u64| self.ready.contains_key(id) || self.in_flight.get(id).is_some_and(|one| !one.held);
        let in_flight = self.in_flight.range(..end).filter(|(_, flight)| !flight.held).map(|(id, _)| *id);
        let ready = self.ready.range(..end).map(|(id, _)| *id);
        let mut ids: Vec<u64> = aged.filter(gone).take(max).chain(ready.take(max)).chain(in_flight.take(max)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(max);
        for id in &ids {
            self.forget(*id);
        }
        ids
    }

    /// When there is something to receive: now, or when something is seen again or for the first time.
    pub fn next_event(&mut self, now: Timestamp) -> Option<Timestamp> {
        let now = self.tick(now);
        let is_ready = if self.settings.fifo.is_some() { self.groups.any() } else { !self.ready.is_empty() };
        if is_ready {
            return Some(now);
        }
        let hidden = self.returning.first().into_iter().chain(self.appearing.first());
        hidden.map(|(visible_at, _)| *visible_at).min()
    }

    /// How many messages there are.
    pub fn counts(&mut self, now: Timestamp) -> Counts {
        self.tick(now);
        Counts { visible: self.ready.len(), in_flight: self.in_flight.len(), delayed: self.delayed.len() }
    }

    /// When the oldest message that is not delayed was sent.
    pub fn oldest(&self) -> Option<Timestamp> {
        let ready = self.ready.first_key_value().map(|(id, _)| made_at(*id));
        let in_flight = self.in_flight.first_key_value().map(|(id, _)| made_at(*id));
        let aged = self.by_age.first().map(|(sent_at, _)| *sent_at);
        ready.into_iter().chain(in_flight).chain(aged).min()
    }

    /// No message that is there, or on its way, has a lower number.
    pub fn lowest(&self) -> u64 {
        let firsts = [
            self.coming.first_key_value().map(|(id, _)| *id),
            self.ready.first_key_value().map(|(id, _)| *id),
            self.in_flight.first_key_value().map(|(id, _)| *id),
            self.delayed.first_key_value().map(|(id, _)| *id),
        ];
        firsts.into_iter().flatten().min().unwrap_or(self.last_id + 1)
    }

    /// The last number that was given.
    pub fn last_id(&self) -> u64 {
        self.last_id
    }

    /// What was sent under this key within the last minutes.
    pub fn known(&mut self, key: &Key, now: Timestamp) -> Option<Known> {
        let now = self.tick(now);
        self.memory.get(key, now)
    }

    /// Remembers what is being sent under this key; it counts as soon as [`Queue::confirm`] says so.
    pub fn remember(&mut self, key: Key, id: u64) {
        self.memory.remember(key, id, self.latest);
    }

    /// What was remembered is kept.
    pub fn confirm(&mut self, key: &Key, id: u64) {
        self.memory.confirm(key, id);
    }

    /// What was remembered was not sent after all.
    pub fn unlearn(&mut self, key: &Key, id: u64) {
        self.memory.unlearn(key, id);
    }

    /// Shows what may be seen by now. Each message moves once for each time that it was hidden.
    fn tick(&mut self, now: Timestamp) -> Timestamp {
        self.latest = self.latest.max(now);
        self.advance();
        self.latest
    }

    fn advance(&mut self) {
        let now = self.latest;
        while let Some((_, id)) = self.returning.first().copied().filter(|(visible_at, _)| *visible_at <= now) {
            self.returning.pop_first();
            let flight = self.in_flight.remove(&id).expect("what returns is in flight");
            let twin = self.ready.insert(id, flight.waiting);
            assert!(twin.is_none(), "message {id} is in the queue twice");
            self.wait_in_group(flight.waiting.group, id);
            self.land(flight.waiting.group, id);
        }
        while let Some((_, id)) = self.appearing.first().copied().filter(|(visible_at, _)| *visible_at <= now) {
            self.appearing.pop_first();
            let (_, group) = self.delayed.remove(&id).expect("what appears was delayed");
            self.ready.insert(id, Waiting { history: History::NEW, group });
            self.refresh(group);
        }
    }

    /// Takes up to `max` messages out of those that can be received. They have to be put somewhere by the caller.
    fn take(&mut self, max: usize) -> Vec<(u64, Waiting)> {
        if self.settings.fifo.is_none() {
            return std::iter::from_fn(|| self.ready.pop_first()).take(max).collect();
        }
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some(group) = self.groups.first()
        {
            // As many of one group as there are, up to the first that is in flight: what comes after that one waits
            // until it is gone or seen again.
            while taken.len() < max
                && let Some(id) = self.groups.next(group)
                && let Some(waiting) = self.ready.remove(&id)
            {
                self.groups.remove(group, id);
                taken.push((id, waiting));
            }
            self.groups.close(group);
        }
        taken
    }

    fn delay(&mut self, id: u64, visible_at: Timestamp, group: GroupNumber) {
        let twin = self.delayed.insert(id, (visible_at, group));
        assert!(twin.is_none(), "message {id} is in the queue twice");
        self.appearing.insert((visible_at, id));
    }

    /// Puts a message that was taken out of those ready in flight, held.
    fn hold(&mut self, id: u64, waiting: Waiting, received_at: Timestamp, visible_at: Timestamp) {
        let twin = self.in_flight.insert(id, Flight { waiting, received_at, visible_at, held: true });
        assert!(twin.is_none(), "message {id} is in the queue twice");
        if waiting.group.is_some() {
            self.groups.remove(waiting.group, id);
            self.groups.fly(waiting.group, id);
            self.refresh(waiting.group);
        }
    }

    fn hold_in_flight(&mut self, id: u64) {
        let flight = self.in_flight.get_mut(&id).expect("the caller has seen it in flight");
        flight.held = true;
        self.returning.remove(&(flight.visible_at, id));
    }

    fn note_age(&mut self, id: u64, sent_at: Timestamp) {
        // Where order is kept, messages grow old in that order; elsewhere one may be older than its number.
        if self.settings.fifo.is_none() && sent_at < made_at(id) {
            self.aged.insert(id, sent_at);
            self.by_age.insert((sent_at, id));
        }
    }

    fn join(&mut self, group: Option<&str>) -> GroupNumber {
        match group.filter(|_| self.settings.fifo.is_some()) {
            Some(name) => self.groups.join(name),
            None => GroupNumber::NONE,
        }
    }

    fn wait_in_group(&mut self, group: GroupNumber, id: u64) {
        if group.is_some() {
            self.groups.insert(group, id);
            self.refresh(group);
        }
    }

    fn leave_group(&mut self, group: GroupNumber, id: u64) {
        if group.is_some() {
            self.groups.remove(group, id);
            self.refresh(group);
        }
    }

    /// One message of the group is no longer in flight.
    fn land(&mut self, group: GroupNumber, id: u64) {
        if group.is_some() {
            self.groups.land(group, id);
            self.refresh(group);
        }
    }

    /// Looks again whether the group's first message can be received.
    fn refresh(&mut self, group: GroupNumber) {
        if group.is_some() {
            let head = self.groups.next(group);
            let turn = head.and_then(|id| Some(self.ready.get(&id)?.history.turn(id)));
            self.groups.refresh(group, turn);
        }
    }
}

/// What is kept of a received message that is hidden anew.
fn hidden(id: u64, history: History, received_at: Timestamp, visible_for: Duration, visible_at: Timestamp) -> State {
    // What is to be seen at once was never hidden, also for a clock that is set back afterwards.
    let visible_at = if visible_for.is_zero() { received_at } else { visible_at };
    let first_received_at = history.first_received_at(id);
    State::Received { receives: history.receives, first_received_at, received_at, visible_at }
}

fn millis_between(earlier: Timestamp, later: Timestamp) -> u32 {
    u32::try_from(later.since(earlier).as_millis()).unwrap_or(u32::MAX)
}

impl History {
    const NEW: Self = Self { receives: 0, first_after: 0, last_after: 0 };

    fn received(&mut self, after: u32) {
        if self.receives == 0 {
            self.first_after = after;
        }
        self.last_after = after;
        self.receives = self.receives.saturating_add(1);
    }

    fn first_received_at(self, id: u64) -> Timestamp {
        made_at(id) + Duration::from_millis(self.first_after.into())
    }

    fn last_received_at(self, id: u64) -> Timestamp {
        made_at(id) + Duration::from_millis(self.last_after.into())
    }

    /// When the message's group has its turn, if it is the group's first: by when it was sent, or received last.
    fn turn(self, id: u64) -> Turn {
        if self.receives == 0 {
            return (id, id);
        }
        (first_id(self.last_received_at(id)) | ((1 << COUNTER_BITS) - 1), id)
    }
}
