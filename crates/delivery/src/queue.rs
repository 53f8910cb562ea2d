//! Decides which messages of one queue may be seen, by whom and until when.
//!
//! Bodies lie elsewhere: here a message is its id, an order number that whoever keeps it gave it, and when it was sent.
//! Receiving one hides it and makes a [`Receipt`]; it is seen again unless it is deleted in time. The oldest message is
//! received first, as far as possible. Start at [`Queue::receive`].
//!
//! Every operation takes time logarithmic in what the queue holds: nothing is ever searched among deleted or hidden
//! messages. A message that waits takes about 50 bytes.
//!
//! Invariant: a message is ready, in flight, delayed or gone, never two of these.

mod settings;
#[cfg(test)]
mod tests;

pub use settings::{BodyRefused, Settings};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use types::Timestamp;

/// How many messages of a queue may be in flight at once.
pub const IN_FLIGHT_MAX: usize = 120_000;
/// How long a message may stay hidden after it was received, however often that is extended.
pub const HIDDEN_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// Which messages of one queue may be seen.
#[derive(Debug)]
pub struct Queue {
    settings: Settings,
    ready: BTreeMap<Place, History>,
    in_flight: BTreeMap<Place, Flight>,
    /// What is in flight, by when it is seen again.
    returning: BTreeSet<(Timestamp, Place)>,
    /// What nobody may see yet, and from when on.
    delayed: BTreeMap<Place, Timestamp>,
    /// The same, by when it may be seen.
    appearing: BTreeSet<(Timestamp, Place)>,
}

/// Where a message stands among the others: the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    sent_at: Timestamp,
    id: u64,
}

/// How often a message was received. Small, because every message that waits has one.
#[derive(Debug, Clone, Copy)]
struct History {
    receives: u32,
    /// From its sending to its first receive, in milliseconds; 0 while there was none.
    first_after: u32,
}

#[derive(Debug, Clone, Copy)]
struct Flight {
    history: History,
    received_at: Timestamp,
    visible_at: Timestamp,
}

/// What has to be kept of a message beside its id, its body and when it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum State {
    /// Nobody has received it yet.
    New {
        /// From when on it may be seen.
        visible_at: Timestamp,
    },
    /// Somebody has.
    Received {
        /// How often.
        receives: u32,
        /// When for the first time.
        first_received_at: Timestamp,
        /// When for the last time.
        received_at: Timestamp,
        /// From when on it is seen again.
        visible_at: Timestamp,
    },
}

/// What the receiver of a message holds: it deletes the message, and hides it for longer while it is the last one made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    /// The message.
    pub id: u64,
    /// When the message was sent.
    pub sent_at: Timestamp,
    /// The how-manieth receive this was, from 1.
    pub receives: u32,
}

/// A message that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// The message, and which of its receives this is.
    pub receipt: Receipt,
    /// When it was received for the first time.
    pub first_received_at: Timestamp,
    /// When it was received now.
    pub received_at: Timestamp,
    /// When it is seen again, unless it is deleted.
    pub visible_at: Timestamp,
}

impl Received {
    /// What has to be kept of it.
    pub fn state(&self) -> State {
        State::Received {
            receives: self.receipt.receives,
            first_received_at: self.first_received_at,
            received_at: self.received_at,
            visible_at: self.visible_at,
        }
    }
}

/// What came of deleting a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Deleted,
    /// It was gone before: deleted, or kept for as long as the queue keeps any.
    AlreadyGone,
    /// It is there, but no receive made this receipt.
    NeverIssued,
}

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Those that can be received.
    pub visible: usize,
    /// Those that were received, and are hidden.
    pub in_flight: usize,
    /// Those that cannot be received yet.
    pub delayed: usize,
}

/// Nothing can be received before something is deleted or seen again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the queue has {IN_FLIGHT_MAX} messages in flight, the most there may be; delete some, or wait")]
pub struct OverLimit;

/// Why a message is not hidden for longer, or shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VisibilityRefused {
    /// It is gone, seen again, or was received anew.
    #[error("the message is not in flight under this receipt")]
    NotInFlight,
    /// It would stay hidden for too long after it was received.
    #[error("the message would stay hidden for more than {} seconds after it was received", HIDDEN_MAX.as_secs())]
    TooLong,
}

impl Queue {
    /// Without messages.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            ready: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            returning: BTreeSet::new(),
            delayed: BTreeMap::new(),
            appearing: BTreeSet::new(),
        }
    }

    /// How the queue is set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sets the queue anew. What is hidden or delayed stays so for as long as it was meant to.
    pub fn set(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Brings back a message that was kept. Its id must be new to the queue.
    pub fn restore(&mut self, id: u64, sent_at: Timestamp, state: State) {
        let place = Place { sent_at, id };
        match state {
            State::New { visible_at } if visible_at <= sent_at => self.show(place, History::NEW),
            State::New { visible_at } => {
                let twin = self.delayed.insert(place, visible_at);
                assert!(twin.is_none(), "message {id} is in the queue twice");
                self.appearing.insert((visible_at, place));
            }
            State::Received { receives, first_received_at, received_at, visible_at } => {
                let history = History { receives, first_after: place.millis_to(first_received_at) };
                self.hide(place, Flight { history, received_at, visible_at });
            }
        }
    }

    /// Takes a message; it can be received after `delay`, or after the queue's own if there is none. Its id must be new
    /// to the queue. What is given back has to be kept.
    pub fn send(&mut self, id: u64, sent_at: Timestamp, delay: Option<Duration>) -> State {
        let state = State::New { visible_at: sent_at + delay.unwrap_or(self.settings.delay) };
        self.restore(id, sent_at, state);
        state
    }

    /// Receives at most `max` messages and hides them for `visible_for`, or for as long as the queue does.
    pub fn receive(
        &mut self,
        now: Timestamp,
        max: usize,
        visible_for: Option<Duration>,
    ) -> Result<Vec<Received>, OverLimit> {
        self.advance(now);
        let free = IN_FLIGHT_MAX.saturating_sub(self.in_flight.len());
        if free == 0 {
            return Err(OverLimit);
        }
        let oldest = Place { sent_at: self.kept_since(now), id: 0 };
        let places: Vec<Place> = self.ready.range(oldest..).take(max.min(free)).map(|(place, _)| *place).collect();
        let visible_at = now + visible_for.unwrap_or(self.settings.visible_for).min(HIDDEN_MAX);
        let receive = |place: Place| {
            let mut history = self.ready.remove(&place).expect("it was just found among those ready");
            history.received(place.millis_to(now));
            if visible_at > now {
                self.hide(place, Flight { history, received_at: now, visible_at });
            } else {
                self.show(place, history);
            }
            Received {
                receipt: Receipt { id: place.id, sent_at: place.sent_at, receives: history.receives },
                first_received_at: history.first_received_at(place),
                received_at: now,
                visible_at,
            }
        };
        Ok(places.into_iter().map(receive).collect())
    }

    /// What [`Queue::delete`] would do with this receipt.
    pub fn would_delete(&self, receipt: Receipt) -> Deletion {
        let place = receipt.place();
        let receives = match (self.in_flight.get(&place), self.ready.get(&place)) {
            (Some(flight), _) => flight.history.receives,
            (None, Some(history)) => history.receives,
            (None, None) if self.delayed.contains_key(&place) => 0,
            (None, None) => return Deletion::AlreadyGone,
        };
        if (1..=receives).contains(&receipt.receives) { Deletion::Deleted } else { Deletion::NeverIssued }
    }

    /// Deletes a message, whoever holds it now: a receipt that is not the last one deletes too.
    pub fn delete(&mut self, receipt: Receipt) -> Deletion {
        let deletion = self.would_delete(receipt);
        if deletion == Deletion::Deleted {
            self.remove(receipt.place());
        }
        deletion
    }

    /// Takes out a message, received or not, whoever holds it; says whether it was there.
    pub fn forget(&mut self, id: u64, sent_at: Timestamp) -> bool {
        self.remove(Place { sent_at, id })
    }

    /// Hides a message until `visible_for` from now, which may be at once. What is given back has to be kept.
    pub fn change_visibility(
        &mut self,
        receipt: Receipt,
        visible_for: Duration,
        now: Timestamp,
    ) -> Result<State, VisibilityRefused> {
        self.advance(now);
        let place = receipt.place();
        let flight = self.in_flight.get(&place).filter(|flight| flight.history.receives == receipt.receives);
        let Flight { history, received_at, .. } = *flight.ok_or(VisibilityRefused::NotInFlight)?;
        let visible_at = now + visible_for;
        if visible_at > received_at + HIDDEN_MAX {
            return Err(VisibilityRefused::TooLong);
        }
        self.land(place);
        if visible_at > now {
            self.hide(place, Flight { history, received_at, visible_at });
        } else {
            self.show(place, history);
        }
        let first_received_at = history.first_received_at(place);
        Ok(State::Received { receives: history.receives, first_received_at, received_at, visible_at })
    }

    /// Takes out at most `max` messages that the queue has kept for as long as it keeps any, the oldest first. One that
    /// is delayed goes once it is not.
    pub fn expired(&mut self, now: Timestamp, max: usize) -> Vec<u64> {
        self.advance(now);
        let end = Place { sent_at: self.kept_since(now), id: 0 };
        let ready = self.ready.range(..end).map(|(place, _)| *place).take(max);
        let in_flight = self.in_flight.range(..end).map(|(place, _)| *place).take(max);
        let mut places: Vec<Place> = ready.chain(in_flight).collect();
        places.sort_unstable();
        places.truncate(max);
        for place in &places {
            self.remove(*place);
        }
        places.into_iter().map(|place| place.id).collect()
    }

    /// Before then, [`Queue::expired`] has nothing to take out.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        // A delayed message goes once it is not delayed, whatever its age.
        let delayed = self.appearing.first().map(|(visible_at, _)| *visible_at);
        self.oldest().map(|sent_at| sent_at + self.settings.retention).into_iter().chain(delayed).min()
    }

    /// When there is something to receive: now, or when something is seen again or for the first time.
    pub fn next_event(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.advance(now);
        let oldest = Place { sent_at: self.kept_since(now), id: 0 };
        if self.ready.range(oldest..).next().is_some() {
            return Some(now);
        }
        let hidden = self.returning.first().into_iter().chain(self.appearing.first());
        hidden.map(|(visible_at, _)| *visible_at).min()
    }

    /// How many messages there are.
    pub fn counts(&mut self, now: Timestamp) -> Counts {
        self.advance(now);
        Counts { visible: self.ready.len(), in_flight: self.in_flight.len(), delayed: self.delayed.len() }
    }

    /// When the oldest message that is not delayed was sent.
    pub fn oldest(&self) -> Option<Timestamp> {
        let (ready, in_flight) = (self.ready.first_key_value(), self.in_flight.first_key_value());
        ready.map(|(place, _)| place.sent_at).into_iter().chain(in_flight.map(|(place, _)| place.sent_at)).min()
    }

    /// Shows what may be seen by now. Each message moves once for each time that it was hidden.
    fn advance(&mut self, now: Timestamp) {
        while let Some((_, place)) = self.returning.first().copied().filter(|(visible_at, _)| *visible_at <= now) {
            let flight = self.land(place);
            self.show(place, flight.history);
        }
        while let Some((_, place)) = self.appearing.first().copied().filter(|(visible_at, _)| *visible_at <= now) {
            self.remove(place);
            self.show(place, History::NEW);
        }
    }

    /// The earliest sending of a message that is not expired.
    fn kept_since(&self, now: Timestamp) -> Timestamp {
        let retention = i64::try_from(self.settings.retention.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(now.millis().saturating_sub(retention).saturating_add(1))
    }

    fn show(&mut self, place: Place, history: History) {
        let twin = self.ready.insert(place, history);
        assert!(twin.is_none(), "message {} is in the queue twice", place.id);
    }

    fn hide(&mut self, place: Place, flight: Flight) {
        let twin = self.in_flight.insert(place, flight);
        assert!(twin.is_none(), "message {} is in the queue twice", place.id);
        self.returning.insert((flight.visible_at, place));
    }

    /// Takes a message out of those in flight.
    fn land(&mut self, place: Place) -> Flight {
        let flight = self.in_flight.remove(&place).expect("who lands has seen it in flight");
        self.returning.remove(&(flight.visible_at, place));
        flight
    }

    /// Takes a message out, wherever it is; says whether it was anywhere.
    fn remove(&mut self, place: Place) -> bool {
        if let Some(visible_at) = self.delayed.remove(&place) {
            return self.appearing.remove(&(visible_at, place));
        }
        if self.in_flight.contains_key(&place) {
            self.land(place);
            return true;
        }
        self.ready.remove(&place).is_some()
    }
}

impl Place {
    fn millis_to(self, later: Timestamp) -> u32 {
        u32::try_from(later.since(self.sent_at).as_millis()).unwrap_or(u32::MAX)
    }
}

impl Receipt {
    fn place(self) -> Place {
        Place { sent_at: self.sent_at, id: self.id }
    }
}

impl History {
    const NEW: Self = Self { receives: 0, first_after: 0 };

    fn received(&mut self, after: u32) {
        if self.receives == 0 {
            self.first_after = after;
        }
        self.receives = self.receives.saturating_add(1);
    }

    fn first_received_at(self, place: Place) -> Timestamp {
        place.sent_at + Duration::from_millis(self.first_after.into())
    }
}
