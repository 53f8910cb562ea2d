//! Decides how a handler tells others what happened: events for a bus, behind one port.
//!
//! Who is told is the bus's to say, by its rules. A handler that runs again says the same again, so whoever listens must
//! know an event it has seen: by what is in it, not by its id.

use serde_json::Value as Json;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The bus; none for the default one.
    pub bus: Option<String>,
    /// Who speaks, such as `serverless.snacks`.
    pub source: String,
    /// What happened, such as `Order Created`.
    pub detail_type: String,
    /// The rest: an object.
    pub detail: Json,
}

/// Why one event was not taken, while others were. It would not be taken again either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct NotTaken {
    /// AWS's code.
    pub code: String,
    /// What is wrong.
    pub message: String,
}

/// Why none was taken; another time they may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event bus takes nothing: {0}")]
pub struct NoneTaken(pub String);

/// The buses, as handlers see them.
pub trait Events: Send + Sync {
    /// Puts events, ten at most, and waits until they are durable: the id of each, or why it is none.
    ///
    /// # Errors
    /// When none of them was taken.
    fn put(&self, events: &[Event]) -> Result<Vec<Result<String, NotTaken>>, NoneTaken>;
}
