//! Decides how a queue gets back what was kept of it.
//!
//! The clock may have been set back since. What was to be hidden for a while is hidden for no longer than that from now
//! on, and a number or an age that lies in the future stays as it is: such a message is kept for longer, never shorter.

use super::{Flight, History, Key, Queue, State, Waiting, made_at, millis_between};
use types::Timestamp;

/// A message that was kept.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    /// Its number.
    pub id: u64,
    /// When it was first sent.
    pub sent_at: Timestamp,
    /// Its group, in a queue that keeps order.
    pub group: Option<&'a str>,
    /// What was kept of its receives.
    pub state: State,
}

impl Queue {
    /// Brings back a message that was kept. Its number must be new to the queue; they come in order.
    pub fn restore(&mut self, kept: Kept<'_>, now: Timestamp) {
        let Kept { id, sent_at, group, state } = kept;
        self.last_id = self.last_id.max(id);
        self.latest = self.latest.max(now);
        self.note_age(id, sent_at);
        let group = self.join(group);
        let no_later = |from: Timestamp, visible_at: Timestamp| visible_at.min(now + visible_at.since(from));
        match state {
            State::New { visible_at } => {
                let visible_at = no_later(sent_at, visible_at);
                if visible_at > now {
                    self.delay(id, visible_at, group);
                } else {
                    let twin = self.ready.insert(id, Waiting { history: History::NEW, group });
                    assert!(twin.is_none(), "message {id} is in the queue twice");
                }
                self.wait_in_group(group, id);
            }
            State::Received { receives, first_received_at, received_at, visible_at } => {
                let visible_at = no_later(received_at, visible_at);
                let after = |at: Timestamp| millis_between(made_at(id), at);
                let (first_after, last_after) = (after(first_received_at), after(received_at.min(now)));
                let history = History { receives, first_after, last_after };
                let waiting = Waiting { history, group };
                if visible_at > now {
                    let received_at = received_at.min(now);
                    let flight = Flight { waiting, received_at, visible_at, held: false };
                    let twin = self.in_flight.insert(id, flight);
                    assert!(twin.is_none(), "message {id} is in the queue twice");
                    self.returning.insert((visible_at, id));
                    if group.is_some() {
                        self.groups.fly(group, id);
                        self.refresh(group);
                    }
                } else {
                    let twin = self.ready.insert(id, waiting);
                    assert!(twin.is_none(), "message {id} is in the queue twice");
                    self.wait_in_group(group, id);
                }
            }
        }
    }

    /// Brings back under which key a message was sent, and when; they come in the order of their sending.
    pub fn restore_known(&mut self, key: Key, id: u64, sent_at: Timestamp, now: Timestamp) {
        self.memory.restore(key, id, sent_at.min(now) + Key::REMEMBERED_FOR);
    }

    /// No number up to this one is given again.
    pub fn begin_after(&mut self, id: u64) {
        self.last_id = self.last_id.max(id);
    }
}
