//! Decides how requests of queues are read: as JSON, and as the form that older clients send.
//!
//! Start at [`Call`], then `parse`. A form is first made into the JSON that says the same, so that there is one reading
//! of every operation; answers are spelt in JSON, and XML is made from that. A queue is found by the path of its URL,
//! whatever host stands before it: clients reach one server by many names.
//!
//! Whatever can be refused without knowing the queue's state is refused here. A queue's type needs no state: the name
//! of a FIFO queue says it.

mod asked;
mod attributes;
mod batch;
mod describe;
mod form;
mod messages;
mod moves;
mod outcome;
mod policy;
mod queues;
mod receipt;
mod redrive;
mod refused;
mod settings;
mod spell;
mod xml;

pub use asked::{AttributeFilter, MessageAttributes, QueueAttributes, WantedOfMessages};
pub use attributes::{Attribute, AttributeValue};
pub use batch::Entry;
pub use describe::{Encryption, Fifo, QueueDescription};
pub(crate) use form::parse_form;
pub use messages::{MESSAGE_BYTES_MAX, NewMessage};
pub use moves::{MoveState, MoveTask};
pub use outcome::{Failure, Outcome};
pub use policy::{Permission, remove_permission};
pub use receipt::Receipt;
pub use redrive::{DeadLetters, RedriveAllowed};
pub use refused::Refused;
pub use settings::{Change, Settings};
pub(crate) use spell::spell;
pub use spell::{Answer, Message, Origin, Sent, message_id, record};
pub(crate) use xml::spell_xml;

use crate::error::{Code, WireError};
use crate::members::{Members, parse_body};
use crate::reply::Service;
use crate::{Context, unknown_operation};
use std::time::Duration;
use types::QueueName;

/// What a client asks of queues.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// Make a queue, or say that it is there if it is just like this.
    CreateQueue {
        /// Its name. Whether it is a FIFO queue is told by [`is_fifo`].
        queue: QueueName,
        /// What it is to be like, as far as the client says.
        settings: Box<Settings>,
        /// Its tags, sorted by key.
        tags: Vec<(String, String)>,
    },
    /// Remove a queue with all its messages.
    DeleteQueue {
        /// Which.
        queue: QueueName,
    },
    /// Remove all messages of a queue.
    PurgeQueue {
        /// Which.
        queue: QueueName,
    },
    /// Say under which URL a queue is found.
    GetQueueUrl {
        /// Which.
        queue: QueueName,
    },
    /// Say which queues there are, sorted by name.
    ListQueues {
        /// Those that begin so.
        prefix: String,
        /// Only those after this name.
        after: Option<QueueName>,
        /// At most so many; `None` for AWS's 1,000 and no token for more.
        limit: Option<usize>,
    },
    /// Say which queues hand their dead letters to a queue, sorted by name.
    ListDeadLetterSourceQueues {
        /// The queue that takes them.
        queue: QueueName,
        /// Only those after this name.
        after: Option<QueueName>,
        /// At most so many; `None` for AWS's 1,000 and no token for more.
        limit: Option<usize>,
    },
    /// Say what a queue is and how much waits in it.
    GetQueueAttributes {
        /// Which.
        queue: QueueName,
        /// What of it.
        attributes: QueueAttributes,
    },
    /// Change what a queue is like.
    SetQueueAttributes {
        /// Which.
        queue: QueueName,
        /// What is to become different.
        settings: Box<Settings>,
    },
    /// Add tags to a queue, or change them.
    TagQueue {
        /// Which.
        queue: QueueName,
        /// The tags, sorted by key.
        tags: Vec<(String, String)>,
    },
    /// Remove tags from a queue; those that it does not have are no fault.
    UntagQueue {
        /// Which.
        queue: QueueName,
        /// The tags' keys.
        keys: Vec<String>,
    },
    /// Say which tags a queue has.
    ListQueueTags {
        /// Which.
        queue: QueueName,
    },
    /// Add a statement to a queue's policy: [`Permission::add_to`].
    AddPermission {
        /// Which.
        queue: QueueName,
        /// What is allowed to whom.
        permission: Permission,
    },
    /// Remove a statement from a queue's policy: [`remove_permission`].
    RemovePermission {
        /// Which.
        queue: QueueName,
        /// The statement's label.
        label: String,
    },
    /// Send a message.
    SendMessage {
        /// Where to.
        queue: QueueName,
        /// The message.
        message: Box<NewMessage>,
    },
    /// Send up to ten messages, each for itself.
    SendMessageBatch {
        /// Where to.
        queue: QueueName,
        /// The messages; one that is faulty does not hold back the others.
        entries: Vec<Entry<NewMessage>>,
    },
    /// Receive messages.
    ReceiveMessage {
        /// From where.
        queue: QueueName,
        /// At most so many.
        max: usize,
        /// How long they are hidden from others; `None` for as long as the queue says.
        visible_after: Option<Duration>,
        /// How long to wait for one; `None` for as long as the queue says.
        wait_for: Option<Duration>,
        /// By what a FIFO queue knows the same receive when it is tried again.
        attempt: Option<String>,
        /// What to say of them.
        wanted: WantedOfMessages,
    },
    /// Remove a message that was received.
    DeleteMessage {
        /// Which, and by which receive of it.
        receipt: Receipt,
    },
    /// Remove up to ten messages, each for itself.
    DeleteMessageBatch {
        /// From where.
        queue: QueueName,
        /// Which, and by which receives.
        entries: Vec<Entry<Receipt>>,
    },
    /// Hide a message that was received for another time, from now on.
    ChangeMessageVisibility {
        /// Which, and by which receive of it.
        receipt: Receipt,
        /// How long; nothing to show it at once.
        visible_after: Duration,
    },
    /// The same for up to ten messages, each for itself.
    ChangeMessageVisibilityBatch {
        /// The queue.
        queue: QueueName,
        /// Which, and how long.
        entries: Vec<Entry<(Receipt, Duration)>>,
    },
    /// Begin to move the messages of a dead-letter queue.
    StartMessageMoveTask {
        /// The dead-letter queue.
        source: QueueName,
        /// Where they go; `None` for each to where it came from.
        destination: Option<QueueName>,
        /// At most so many in a second; `None` for as fast as possible.
        per_second: Option<u32>,
    },
    /// Say which moves of a queue's messages there were, the latest first.
    ListMessageMoveTasks {
        /// The dead-letter queue.
        source: QueueName,
        /// At most so many.
        limit: usize,
    },
    /// Stop a move.
    CancelMessageMoveTask {
        /// The dead-letter queue whose messages are moved.
        source: QueueName,
        /// The task's id, as [`Answer::MoveStarted`] said it.
        task: String,
    },
}

/// Whether a queue keeps order: its name ends with `.fifo`, and no other queue's does.
pub fn is_fifo(queue: &QueueName) -> bool {
    queue.as_str().ends_with(".fifo")
}

pub(crate) fn parse(operation: &str, body: &[u8], context: &Context) -> Result<Call, WireError> {
    let read = reader(operation)?;
    let body = parse_body(body)?;
    read(Members::new(&body, Service::Sqs), context)
}

impl Call {
    /// The call as a request with this trace header makes it: its messages belong to that trace unless they say
    /// otherwise.
    pub(crate) fn traced(mut self, header: Option<&str>) -> Self {
        let Some(header) = header.filter(|header| !header.is_empty() && header.chars().all(is_message_char)) else {
            return self;
        };
        let trace = |message: &mut NewMessage| message.trace_of_request = Some(header.to_owned());
        match &mut self {
            Self::SendMessage { message, .. } => trace(message),
            Self::SendMessageBatch { entries, .. } => {
                entries.iter_mut().filter_map(|entry| entry.asked.as_mut().ok()).for_each(trace);
            }
            _ => {}
        }
        self
    }
}

type Reader = fn(Members<'_>, &Context) -> Result<Call, WireError>;

/// What reads the members of an operation's request.
fn reader(operation: &str) -> Result<Reader, WireError> {
    Ok(match operation {
        "CreateQueue" => queues::create,
        "DeleteQueue" => queues::delete,
        "PurgeQueue" => queues::purge,
        "GetQueueUrl" => queues::url,
        "ListQueues" => queues::list,
        "ListDeadLetterSourceQueues" => queues::list_sources,
        "GetQueueAttributes" => queues::attributes,
        "SetQueueAttributes" => queues::set_attributes,
        "TagQueue" => queues::tag,
        "UntagQueue" => queues::untag,
        "ListQueueTags" => queues::tags,
        "AddPermission" => policy::read_add,
        "RemovePermission" => policy::read_remove,
        "SendMessage" => messages::send,
        "SendMessageBatch" => messages::send_batch,
        "ReceiveMessage" => messages::receive,
        "DeleteMessage" => messages::delete,
        "DeleteMessageBatch" => messages::delete_batch,
        "ChangeMessageVisibility" => messages::hide,
        "ChangeMessageVisibilityBatch" => messages::hide_batch,
        "StartMessageMoveTask" => moves::start,
        "ListMessageMoveTasks" => moves::list,
        "CancelMessageMoveTask" => moves::cancel,
        other => return Err(unknown_operation(other)),
    })
}

fn required<'a>(members: Members<'a>, name: &str) -> Result<&'a str, WireError> {
    members.text(name)?.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> WireError {
    WireError::new(Code::MissingParameter, format!("The request must contain the parameter {name}."))
}

fn invalid(message: impl Into<String>) -> WireError {
    WireError::new(Code::InvalidParameterValue, message)
}

/// What AWS says of a parameter whose value it cannot take.
fn invalid_value(value: &str, name: &str, reason: &str) -> WireError {
    invalid(format!("Value {} for parameter {name} is invalid. Reason: {reason}", shown(value)))
}

/// A text as far as it is repeated in an error. AWS repeats all of it; here an answer stays small.
fn shown(text: &str) -> &str {
    const SHOWN_MAX: usize = 8192;
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at >= SHOWN_MAX);
    &text[..end.unwrap_or(text.len())]
}

/// A number within its bounds; `reason` is what AWS says of one without.
fn number(
    members: Members<'_>,
    name: &str,
    bounds: std::ops::RangeInclusive<i64>,
    reason: &str,
) -> Result<Option<u64>, WireError> {
    let Some(given) = members.integer(name)? else { return Ok(None) };
    if !bounds.contains(&given) {
        return Err(invalid_value(&given.to_string(), name, reason));
    }
    Ok(u64::try_from(given).ok())
}

/// The queue whose URL the request names. A name alone is as good.
fn queue(members: Members<'_>, context: &Context) -> Result<QueueName, WireError> {
    let url = required(members, "QueueUrl")?;
    if !url.contains('/') {
        return url.parse().map_err(|_| no_such_queue());
    }
    let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    let mut parts = path.trim_start_matches('/').split('/');
    let (Some(account), Some(name), None) = (parts.next(), parts.next(), parts.next()) else {
        let shown: String = url.chars().take(200).collect();
        let message = format!("The address {shown} is not valid for this endpoint.");
        return Err(WireError::new(Code::InvalidAddress, message));
    };
    name.parse().ok().filter(|_| account == context.account.id).ok_or_else(no_such_queue)
}

fn no_such_queue() -> WireError {
    WireError::new(Code::QueueDoesNotExist, "The specified queue does not exist.")
}

/// Whether XML can carry the character, and so a message.
fn is_message_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}
