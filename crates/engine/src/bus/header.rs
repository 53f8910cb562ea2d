//! Decides what lies in the buses' own queue: an event, and what is still to be done with it.
//!
//! The message's body is the event's text; beside it lies a [`Header`]. It holds the target as it was when the event
//! matched, so that a rule that is changed or taken away loses nothing that is under way.

use crate::codec::Malformed;
use crate::queues::{Attribute, AttributeValue, Message, Outgoing};
use delivery::bus::failure::{ErrorCode, Failure};
use delivery::bus::retry::{Exhausted, GivenUp};
use delivery::bus::{Event, TargetSpec};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use types::{BusName, RuleName, SortedMap, TargetId, Timestamp};

/// The attribute that holds the header.
const HEADER: &str = "delivery";

/// What is to be done with an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    /// When the bus received the event.
    pub(super) ingested_at: Timestamp,
    /// Through how many buses it came before this one.
    pub(super) depth: u8,
    /// The bus whose rule matched.
    pub(super) bus: BusName,
    /// What is to be done.
    pub(super) what: What,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum What {
    /// It is to be brought to one target.
    Target {
        rule: RuleName,
        target: Box<TargetSpec>,
        tried: Tried,
        /// Whether it was given a turn for about when it comes again.
        #[serde(default)]
        turn: bool,
    },
    /// It is to be brought to all of these, for which one commit had no room.
    Rest { targets: Vec<(RuleName, TargetId)> },
}

/// What was done so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Tried {
    /// Nothing.
    Never,
    /// It failed, and was tried again so often.
    Failed { retries: u32, why: Why },
    /// It is given up, and its dead-letter queue is not there.
    GivenUp { retries: u32, why: Why, exhausted: Option<Over> },
}

/// A failure, written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Why {
    code: String,
    message: String,
}

/// What of a policy was used up, written down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) enum Over {
    Retries,
    Age,
}

impl From<&Failure> for Why {
    fn from(failure: &Failure) -> Self {
        Self { code: failure.code.as_str().to_owned(), message: failure.message.clone() }
    }
}

impl Why {
    pub(super) fn failure(&self) -> Failure {
        let code = ErrorCode::ALL.iter().find(|code| code.as_str() == self.code);
        Failure::new(code.copied().unwrap_or(ErrorCode::Unknown), self.message.clone())
    }
}

impl Tried {
    pub(super) fn given_up(given_up: &GivenUp) -> Self {
        let exhausted = given_up.exhausted.map(|exhausted| match exhausted {
            Exhausted::Retries => Over::Retries,
            Exhausted::Age => Over::Age,
        });
        Self::GivenUp { retries: given_up.retries, why: Why::from(&given_up.failure), exhausted }
    }
}

impl Over {
    pub(super) fn exhausted(self) -> Exhausted {
        match self {
            Self::Retries => Exhausted::Retries,
            Self::Age => Exhausted::Age,
        }
    }
}

impl Header {
    /// The message that has this done after a while.
    pub(super) fn message(&self, event: &Event, delay: Duration) -> Outgoing {
        let header = serde_json::to_string(self).expect("a header is plain data");
        let attribute = Attribute { data_type: "String".to_owned(), value: AttributeValue::Text(header) };
        Outgoing {
            body: event.json().to_owned(),
            attributes: SortedMap::from([(HEADER.to_owned(), attribute)]),
            trace: event.trace_header().map(str::to_owned),
            delay: Some(delay),
            ..Outgoing::default()
        }
    }

    /// What a message has done, and with which event.
    pub(super) fn read(message: &Message) -> Result<(Self, Event), Malformed> {
        let header = match message.attributes.get(HEADER).map(|attribute| &attribute.value) {
            Some(AttributeValue::Text(text)) => text,
            Some(AttributeValue::Bytes(_)) | None => return Err(Malformed("delivery")),
        };
        // As bytes, as everything else is read: what reads a header from a text would be a second copy of that.
        let header: Self = serde_json::from_slice(header.as_bytes()).map_err(|_| Malformed("delivery"))?;
        let event = Event::restore(&message.body, header.ingested_at, message.trace.as_deref());
        Ok((header, event.map_err(|_| Malformed("event"))?))
    }
}
