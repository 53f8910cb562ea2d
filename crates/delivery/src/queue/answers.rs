//! Decides the words in which a queue answers: what was received, what came of an act, why not.

use super::{HIDDEN_MAX, IN_FLIGHT_MAX};
use types::Timestamp;

/// What has to be kept of a message beside its number, its body and when it was sent.
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

/// What a receive found. All of it but what is expired is held: it is to be settled one by one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// What is handed out.
    pub received: Vec<Received>,
    /// What was received too often before: it is not handed out, but to be moved to the dead-letter queue.
    pub dead: Vec<u64>,
    /// What was kept for its time and is gone.
    pub expired: Vec<u64>,
}

impl Taken {
    /// Whether nothing was found at all.
    pub fn is_empty(&self) -> bool {
        self.received.is_empty() && self.dead.is_empty() && self.expired.is_empty()
    }
}

/// What came of taking a message away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// It is held, and gone as soon as that is kept.
    Held,
    /// It was gone before: deleted, or kept for as long as the queue keeps any.
    AlreadyGone,
    /// Something else is just being done to it: ask again when that is settled.
    Busy,
    /// The queue keeps order, and the message has been seen again since.
    Expired,
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
    /// Something else is just being done to it: ask again when that is settled.
    #[error("something else is just being done to the message; try again")]
    Busy,
    /// It would stay hidden for too long after it was received.
    #[error("the message would stay hidden for more than {} seconds after it was received", HIDDEN_MAX.as_secs())]
    TooLong,
}
