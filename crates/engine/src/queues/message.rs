//! Decides what a message is, and its bytes on disk.
//!
//! ```text
//! message  1 | 2, sent_at i64 LE, hidden at first in ms, group, deduplication name, origin (queue, number), source queue,
//!          trace, failed (function, error), aside, number of attributes, for each: name, type, 1 text | 2 bytes, value;
//!          then the body; in form 2 then how often it was received before it became a dead letter. A text that is
//!          not there is empty.
//! receipts 0, visible_at i64 LE | 1, receives, first_received_at, received_at, visible_at (i64 LE each)
//! ```
//!
//! What is needed of every message when a queue is opened ([`Header`]) stands in front of what may be large.

use crate::codec::{Malformed, Reader, write_bytes, write_whole};
use delivery::dead_letter::Aside;
use delivery::queue::State;
use std::time::Duration;
use types::{FunctionName, QueueName, SortedMap, Timestamp};

const PLAIN: u8 = 1;
const COUNTED: u8 = 2;
const TEXT: u8 = 1;
const BYTES: u8 = 2;

/// A message, as it was sent.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Its number in the queue; in a queue that keeps order, its place.
    pub id: u64,
    /// When it was sent; a queue without order keeps the instant of a message that became a dead letter.
    pub sent_at: Timestamp,
    /// Where it was first sent; what clients know it by, also when it has become a dead letter.
    pub origin: Origin,
    /// What clients receive.
    pub body: String,
    /// What clients receive beside the body.
    pub attributes: SortedMap<String, Attribute>,
    /// The trace that it belongs to.
    pub trace: Option<String>,
    /// Its group.
    pub group: Option<String>,
    /// What makes it the same message as another one.
    pub deduplication: Option<String>,
    /// Of a dead letter: the queue from which it was received too often.
    pub source: Option<QueueName>,
    /// Of a dead letter that a function could not do: which one, and what it said last.
    pub failed: Option<Failed>,
    /// Of a dead letter: how often it was received before it became one.
    pub received_before: u32,
    /// Of a pipe's dead letter: the records themselves, and why they are here.
    pub aside: Option<Aside>,
}

/// Where a message was first sent. No two messages have the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Origin {
    /// The queue's number on disk.
    pub queue: u32,
    /// The message's number in that queue.
    pub id: u64,
}

/// Which function could not do a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The function.
    pub function: FunctionName,
    /// What it said last.
    pub error: String,
}

/// A typed attribute of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, perhaps with a label of the sender's own behind a dot.
    pub data_type: String,
    /// Its value.
    pub value: AttributeValue,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// A text, or the text of a number.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A message to be sent.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// What clients receive.
    pub body: String,
    /// What clients receive beside the body.
    pub attributes: SortedMap<String, Attribute>,
    /// The trace that it belongs to.
    pub trace: Option<String>,
    /// Its group; a queue that keeps order wants one.
    pub group: Option<String>,
    /// What makes it the same message as another one; see [`crate::spec::FifoSpec`].
    pub deduplication: Option<String>,
    /// How long it cannot be received; `None` for as long as the queue is set to. Not in a queue that keeps order.
    pub delay: Option<Duration>,
}

impl Outgoing {
    /// A message that is nothing but a body.
    pub fn text(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// What counts against the size that a queue takes.
    pub fn size(&self) -> usize {
        size(&self.body, &self.attributes)
    }
}

/// The bytes of a message, as clients count them.
pub(super) fn size(body: &str, attributes: &SortedMap<String, Attribute>) -> usize {
    let attribute = |(name, attribute): &(String, Attribute)| {
        let value = match &attribute.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Bytes(bytes) => bytes.len(),
        };
        name.len() + attribute.data_type.len() + value
    };
    body.len() + attributes.iter().map(attribute).sum::<usize>()
}

/// What is needed of a message to open its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) sent_at: Timestamp,
    pub(super) visible_at: Timestamp,
    pub(super) group: Option<String>,
}

/// Writes a message that is hidden for `delay` at first.
pub(super) fn write(message: &Message, delay: Duration, out: &mut Vec<u8>) {
    out.push(if message.received_before > 0 { COUNTED } else { PLAIN });
    out.extend(message.sent_at.millis().to_le_bytes());
    write_whole(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), out);
    write_optional(message.group.as_deref(), out);
    write_optional(message.deduplication.as_deref(), out);
    write_whole(message.origin.queue.into(), out);
    write_whole(message.origin.id, out);
    write_optional(message.source.as_ref().map(QueueName::as_str), out);
    write_optional(message.trace.as_deref(), out);
    write_optional(message.failed.as_ref().map(|failed| failed.function.as_str()), out);
    write_optional(message.failed.as_ref().map(|failed| failed.error.as_str()), out);
    match &message.aside {
        Some(aside) => write_bytes(&serde_json::to_vec(aside).expect("an aside has text keys alone"), out),
        None => write_bytes(&[], out),
    }
    write_whole(message.attributes.len() as u64, out);
    for (name, attribute) in &message.attributes {
        write_bytes(name.as_bytes(), out);
        write_bytes(attribute.data_type.as_bytes(), out);
        match &attribute.value {
            AttributeValue::Text(text) => {
                out.push(TEXT);
                write_bytes(text.as_bytes(), out);
            }
            AttributeValue::Bytes(bytes) => {
                out.push(BYTES);
                write_bytes(bytes, out);
            }
        }
    }
    write_bytes(message.body.as_bytes(), out);
    if message.received_before > 0 {
        write_whole(message.received_before.into(), out);
    }
}

fn write_optional(text: Option<&str>, out: &mut Vec<u8>) {
    write_bytes(text.unwrap_or_default().as_bytes(), out);
}

struct Begun<'a> {
    reader: Reader<'a>,
    counted: bool,
    header: Header,
}

fn begin(bytes: &[u8]) -> Result<Begun<'_>, Malformed> {
    let mut reader = Reader { bytes, what: "message" };
    let counted = match reader.byte()? {
        PLAIN => false,
        COUNTED => true,
        _ => return Err(Malformed("message")),
    };
    let sent_at = reader.instant()?;
    let visible_at = sent_at + Duration::from_millis(reader.whole()?);
    let group = optional(&mut reader)?.map(str::to_owned);
    Ok(Begun { reader, counted, header: Header { sent_at, visible_at, group } })
}

fn optional<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a str>, Malformed> {
    Ok(Some(reader.text()?).filter(|text| !text.is_empty()))
}

/// Reads what stands in front of a message.
pub(super) fn read_header(bytes: &[u8]) -> Result<Header, Malformed> {
    Ok(begin(bytes)?.header)
}

/// Reads a message.
pub(super) fn read(id: u64, bytes: &[u8]) -> Result<Message, Malformed> {
    let malformed = |_| Malformed("message");
    let Begun { mut reader, counted, header } = begin(bytes)?;
    let deduplication = optional(&mut reader)?.map(str::to_owned);
    let queue = u32::try_from(reader.whole()?).map_err(|_| Malformed("message"))?;
    let origin = Origin { queue, id: reader.whole()? };
    let source = optional(&mut reader)?.map(|name| name.parse().map_err(malformed)).transpose()?;
    let trace = optional(&mut reader)?.map(str::to_owned);
    let (function, error) = (optional(&mut reader)?, reader.text()?);
    let failed = match function {
        Some(name) => Some(Failed { function: name.parse().map_err(malformed)?, error: error.to_owned() }),
        None => None,
    };
    let aside = match reader.slice()? {
        [] => None,
        json => Some(serde_json::from_slice(json).map_err(|_| Malformed("dead letter"))?),
    };
    let mut attributes = SortedMap::new();
    for _ in 0..reader.whole()? {
        let (name, data_type) = (reader.text()?.to_owned(), reader.text()?.to_owned());
        let value = match reader.byte()? {
            TEXT => AttributeValue::Text(reader.text()?.to_owned()),
            BYTES => AttributeValue::Bytes(reader.slice()?.to_vec()),
            _ => return Err(Malformed("message")),
        };
        attributes.insert(name, Attribute { data_type, value });
    }
    let body = reader.text()?.to_owned();
    let received_before = if counted { reader.whole()? } else { 0 };
    let received_before = u32::try_from(received_before).map_err(|_| Malformed("message"))?;
    reader.end()?;
    let Header { sent_at, group, .. } = header;
    Ok(Message {
        id,
        sent_at,
        origin,
        body,
        attributes,
        trace,
        group,
        deduplication,
        source,
        failed,
        received_before,
        aside,
    })
}

/// Writes what receivers have done with a message.
pub(super) fn write_state(state: State) -> Vec<u8> {
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

/// Reads what receivers have done with a message.
pub(super) fn read_state(bytes: &[u8]) -> Result<State, Malformed> {
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
