//! Decides how a request to try an event pattern is read and answered, and what the event in it must have.
//!
//! Start at `read`. What is a pattern, and which events it matches, is not decided here: whoever answers reads the
//! pattern, then holds the event to [`check_event`], then matches, because AWS's errors come in this order.

use super::Call;
use super::request::{Request, kept};
use crate::error::{Code, WireError};
use crate::members::Rules;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;
use std::fmt;

/// The longest pattern that may be tried, in UTF-16 units. A bus's own quota is lower and not asked here, as on AWS.
pub const PATTERN_LENGTH_MAX: usize = 4096;

/// The fields that an event must have. AWS's documentation names `resources` too, but AWS does not ask for it.
const REQUIRED: [&str; 6] = ["id", "detail-type", "source", "account", TIME, "region"];
/// The only field whose value is looked at.
const TIME: &str = "time";

/// Why an event cannot be held against a pattern, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventFault {
    /// It is no JSON object, or a field is missing that every event has.
    #[error("Parameter Event is not valid.")]
    NotAnEvent,
    /// Its time is none.
    #[error("Parameter Event is not valid. Reason: Invalid time.")]
    TimeInvalid,
    /// It goes beyond what is matched here.
    #[error("Parameter Event is not valid. Reason: {problem}")]
    Unmatchable {
        /// What about it does.
        problem: String,
    },
}

/// Holds an event to the form that AWS asks for: an object with the fields that every event has, each of any type, but
/// the time written as RFC 3339 has it. As with AWS, what follows the object is not looked at.
pub fn check_event(event: &str) -> Result<(), EventFault> {
    let mut reader = serde_json::Deserializer::from_str(event);
    let envelope = reader.deserialize_map(EnvelopeVisitor).map_err(|_| EventFault::NotAnEvent)?;
    match envelope.time {
        _ if envelope.found.contains(&false) => Err(EventFault::NotAnEvent),
        Json::String(time) if is_time(&time) => Ok(()),
        _ => Err(EventFault::TimeInvalid),
    }
}

/// What matters of an event's outermost fields.
#[derive(Default)]
struct Envelope {
    /// Which of the required ones are there.
    found: [bool; REQUIRED.len()],
    /// The last one counts if there are several.
    time: Json,
}

/// Reads the envelope and skips the rest without keeping it, however large and deep it is.
struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Envelope, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = fields.next_key::<String>()? {
            if name == TIME {
                envelope.time = fields.next_value()?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
            if let Some(at) = REQUIRED.iter().position(|required| *required == name) {
                envelope.found[at] = true;
            }
        }
        Ok(envelope)
    }
}

/// Whether a text is a time as RFC 3339 has it: `2024-03-08T00:00:00Z`.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    // The parser takes more than that: a blank for the T, an hour alone, the name of a zone in brackets.
    let shaped = matches!(bytes.get(10), Some(b'T' | b't')) && bytes.get(13) == Some(&b':');
    let shaped = shaped && bytes.get(16) == Some(&b':') && !bytes.contains(&b'[');
    shaped && text.parse::<jiff::Timestamp>().is_ok()
}

pub(super) fn read(request: &Request<'_>) -> Result<Call, WireError> {
    let (pattern, event) = (request.text("EventPattern")?, request.text("Event")?);
    let mut rules = Rules::default();
    match pattern {
        None => rules.missing("eventPattern"),
        Some(pattern) => request.at_most(&mut rules, "EventPattern", pattern, PATTERN_LENGTH_MAX),
    }
    if event.is_none() {
        rules.missing("event");
    }
    rules.check(Code::Validation)?;
    let [pattern, event] = [pattern, event].map(|text| kept(text).to_owned());
    Ok(Call::TestEventPattern { pattern, event })
}
