//! Decides what a handler is, what it may ask of the world, and how it reports a record that it cannot do.
//!
//! A handler takes a batch in order and stops at the first record that it cannot do. That record is named in its
//! answer, as `batchItemFailures` with the record's event id, so that all before it count as done and are not done
//! again; beside it stand `errorType` and `errorMessage`, for those who look at the dead letter later.

use crate::events::Events;
use crate::order::id_of;
use serde_json::{Map, Value as Json, json};
use types::{Record, SequenceNumber, SortedSet, Timestamp};

/// Acts on batches of changes.
pub trait Handler: Send + Sync {
    /// Does what is to be done with each record, in order, and answers as the function answers.
    ///
    /// # Errors
    /// When the batch failed as a whole. A single record that failed is part of the answer.
    fn handle(&self, batch: &[Record], context: &mut Context<'_>) -> Result<Json, HandlerError>;
}

/// What a handler sees of the world.
pub struct Context<'a> {
    log: &'a mut dyn FnMut(&str),
    failing: &'a FailingOrders,
    now: Timestamp,
    told: Option<Told<'a>>,
}

/// Whom a handler tells of what it did.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) events: &'a dyn Events,
    pub(crate) bus: &'a str,
}

impl<'a> Context<'a> {
    /// A context that gives each line to `log` and fails the orders that a drill names; the invocation began `now`.
    pub fn new(log: &'a mut dyn FnMut(&str), failing: &'a FailingOrders, now: Timestamp) -> Self {
        Self { log, failing, now, told: None }
    }

    /// The same, where the handler tells of what it did: on this bus.
    #[must_use]
    pub fn telling(self, events: &'a dyn Events, bus: &'a str) -> Self {
        Self { told: Some(Told { events, bus }), ..self }
    }

    /// Whom the handler tells, if anybody.
    pub(crate) fn told(&self) -> Option<Told<'a>> {
        self.told
    }

    /// When the invocation began.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Prints one line; it has no line end of its own.
    pub fn log(&mut self, line: &str) {
        (self.log)(line);
    }
}

/// The orders that handlers must fail on, for drills.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailingOrders(SortedSet<Box<str>>);

impl FailingOrders {
    /// Reads order ids separated by commas; blanks around them do not count.
    pub fn parse(text: &str) -> Self {
        Self(text.split(',').map(str::trim).filter(|id| !id.is_empty()).map(Into::into).collect())
    }

    /// Whether a drill must fail this order.
    pub fn contains(&self, order_id: &str) -> bool {
        self.0.contains(order_id)
    }

    /// Whether there is no drill.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ids, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|id| &**id)
    }
}

/// Why a batch failed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// A record failed that has no id, because it was written by hand, and so cannot be named in the answer.
    #[error("record {index} of the batch has no sequence number to report it by, and it failed: {failure}")]
    Unreportable {
        /// Where in the batch, from 0.
        index: usize,
        /// Why it failed.
        failure: Failure,
    },
}

impl HandlerError {
    /// The name under which a caller sees it.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Unreportable { failure, .. } => failure.error_type(),
        }
    }
}

/// Why one record could not be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Something of the premium service is not done.
    #[error("premium order {order_id}: {errors}")]
    Unattended {
        /// The order, in a form fit for a line.
        order_id: String,
        /// What is not done, and why.
        errors: String,
    },
    /// Nobody could be told of it.
    #[error("order {order_id} was not told of: {error}")]
    Untold {
        /// The order, in a form fit for a line.
        order_id: String,
        /// Why.
        error: String,
    },
    /// A drill names the order.
    #[error("a drill makes order {order_id} fail (ORDERFLOW_FAIL_ORDERS names it)")]
    Drill {
        /// The order, in a form fit for a line.
        order_id: String,
    },
}

impl Failure {
    /// Names the record at `index` of the batch in an answer as the one that failed.
    ///
    /// # Errors
    /// When the record cannot be named.
    pub fn report(
        self,
        index: usize,
        record: &Record,
        mut answer: Map<String, Json>,
    ) -> Result<Map<String, Json>, HandlerError> {
        // A record that no table wrote has no place in the order of things, and nothing to be named by.
        if record.change.sequence == SequenceNumber::ZERO {
            return Err(HandlerError::Unreportable { index, failure: self });
        }
        answer.insert("batchItemFailures".to_owned(), json!([{ "itemIdentifier": record.event_id() }]));
        answer.insert("errorType".to_owned(), self.error_type().into());
        answer.insert("errorMessage".to_owned(), self.to_string().into());
        Ok(answer)
    }

    fn error_type(&self) -> &'static str {
        match self {
            Self::Drill { .. } => "OrderDrill",
            Self::Unattended { .. } => "PremiumService",
            Self::Untold { .. } => "EventBus",
        }
    }
}

/// Gives each record to `act` until one fails; what `answer` makes of it all is the answer, the failure merged in.
pub(crate) fn run<'r, T>(
    batch: &'r [Record],
    context: &mut Context<'_>,
    mut done: T,
    mut act: impl FnMut(&mut T, &'r Record, &mut Context<'_>) -> Result<(), Failure>,
    answer: impl FnOnce(T) -> Map<String, Json>,
) -> Result<Json, HandlerError> {
    for (index, record) in batch.iter().enumerate() {
        let acted = drill(record, context).and_then(|()| act(&mut done, record, context));
        if let Err(failure) = acted {
            context.log(&format!("❌ Failed: {failure}"));
            return failure.report(index, record, answer(done)).map(Json::Object);
        }
    }
    Ok(Json::Object(answer(done)))
}

/// Whether a drill lets a record through.
pub(crate) fn drill(record: &Record, context: &Context<'_>) -> Result<(), Failure> {
    if context.failing.is_empty() {
        return Ok(());
    }
    match order_id(record) {
        Some(id) if context.failing.contains(id) => Err(Failure::Drill { order_id: shown(id) }),
        Some(_) | None => Ok(()),
    }
}

/// The id of the order that changed: as it is now, as it was, or by its key.
pub(crate) fn order_id(record: &Record) -> Option<&str> {
    let images = [record.new_image(), record.old_image(), Some(&record.change.keys)];
    images.into_iter().flatten().find_map(id_of)
}

/// A text from outside, fit for one line of a log: control characters escaped, and not endless.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 200;
    let mut line = String::with_capacity(text.len().min(SHOWN_MAX));
    for (count, character) in text.chars().enumerate() {
        if count == SHOWN_MAX {
            line.push('…');
            break;
        }
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drills_are_read_with_blanks_and_repeats() {
        let failing = FailingOrders::parse(" ORD-2 ,ORD-1,,ORD-2, ");
        assert_eq!(failing.iter().collect::<Vec<_>>(), ["ORD-1", "ORD-2"]);
        assert!(failing.contains("ORD-1") && !failing.contains("ORD-3"));
        assert!(FailingOrders::parse("").is_empty());
    }

    #[test]
    fn no_text_from_outside_begins_a_line_of_its_own() {
        assert_eq!(shown("ORD-1"), "ORD-1");
        assert_eq!(shown("a\nb\r\u{1b}[31m"), "a\\nb\\r\\u{1b}[31m");
        assert_eq!(shown("größe 🚀"), "größe 🚀");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 201);
    }
}
