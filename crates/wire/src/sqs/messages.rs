//! Decides how requests to send, receive, hide and delete messages are read.

use super::attributes::{self, Attribute, BAD_CHARACTERS};
use super::batch::{self, Entry};
use super::{
    AttributeFilter, Call, Code, Members, MessageAttributes, Receipt, WantedOfMessages, WireError, invalid,
    invalid_value, is_fifo, is_message_char, missing, number, queue, required, shown,
};
use crate::Context;
use std::time::Duration;
use types::QueueName;

/// The most bytes of a message with its attributes, and of a batch's messages together.
pub const MESSAGE_BYTES_MAX: usize = 1_048_576;

/// What AWS says of a parameter that the queue's type does not have.
const WRONG_TYPE: &str = "The request include parameter that is not valid for this queue type.";

/// A message that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Its body; never empty.
    pub body: String,
    /// How long it is hidden at first; `None` for as long as the queue says.
    pub delayed_for: Option<Duration>,
    /// What its sender says beside the body, sorted by name.
    pub attributes: Vec<Attribute>,
    /// The trace that it belongs to.
    pub trace_header: Option<String>,
    /// The trace of the request, to which it belongs where it does not say.
    pub trace_of_request: Option<String>,
    /// Among which messages a FIFO queue keeps order, or between which a standard queue is fair. A message for a FIFO
    /// queue has it always.
    pub group: Option<String>,
    /// By what a FIFO queue knows the same message; `None` where its body does that, if the queue is set so.
    pub deduplication: Option<String>,
}

impl NewMessage {
    /// What the message counts for against the limits: its body and its attributes.
    pub fn size(&self) -> usize {
        self.body.len() + self.attributes.iter().map(Attribute::size).sum::<usize>()
    }
}

fn new_message(members: Members<'_>, queue: &QueueName) -> Result<NewMessage, WireError> {
    // An empty body is none.
    let body = members.text("MessageBody")?.filter(|body| !body.is_empty()).ok_or_else(|| missing("MessageBody"))?;
    let fifo = is_fifo(queue);
    let group = token(members, "MessageGroupId")?;
    if fifo && group.is_none() {
        return Err(missing("MessageGroupId"));
    }
    let deduplication = token(members, "MessageDeduplicationId")?;
    if let (false, Some(given)) = (fifo, &deduplication) {
        return Err(invalid_value(given, "MessageDeduplicationId", WRONG_TYPE));
    }
    let delay = number(members, "DelaySeconds", 0..=900, "DelaySeconds must be >= 0 and <= 900.")?;
    let delay = match delay {
        // No delay is what every message of a FIFO queue has unless the queue says otherwise.
        Some(0) if fifo => None,
        Some(given) if fifo => return Err(invalid_value(&given.to_string(), "DelaySeconds", WRONG_TYPE)),
        other => other,
    };
    if !body.chars().all(is_message_char) {
        return Err(WireError::new(Code::InvalidMessageContents, BAD_CHARACTERS));
    }
    Ok(NewMessage {
        body: body.to_owned(),
        delayed_for: delay.map(Duration::from_secs),
        attributes: attributes::read(members)?,
        trace_header: attributes::read_trace_header(members)?,
        trace_of_request: None,
        group,
        deduplication,
    })
}

/// An id that a client chose: 1 to 128 printable ASCII characters.
fn token(members: Members<'_>, name: &str) -> Result<Option<String>, WireError> {
    let Some(given) = members.text(name)? else { return Ok(None) };
    if !(1..=128).contains(&given.len()) || !given.bytes().all(|byte| byte.is_ascii_graphic()) {
        let reason = format!("{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
        return Err(invalid_value(given, name, &reason));
    }
    Ok(Some(given.to_owned()))
}

pub(super) fn send(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let message = new_message(members, &queue)?;
    if message.size() > MESSAGE_BYTES_MAX {
        return Err(too_long(MESSAGE_BYTES_MAX));
    }
    Ok(Call::SendMessage { queue, message: Box::new(message) })
}

pub(super) fn too_long(most: usize) -> WireError {
    invalid(format!("One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."))
}

pub(super) fn send_batch(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let entries = batch::entries(members, "SendMessageBatch", |entry| new_message(entry, &queue));
    // In a batch AWS has the same words for a missing group, and another code.
    let no_group = missing("MessageGroupId");
    let entries = entries.map_err(|error| if error == no_group { invalid(error.message) } else { error })?;
    let size: usize = entries.iter().filter_map(|entry| entry.asked.as_ref().ok()).map(NewMessage::size).sum();
    if size > MESSAGE_BYTES_MAX {
        let message =
            format!("Batch requests cannot be longer than {MESSAGE_BYTES_MAX} bytes. You have sent {size} bytes.");
        return Err(WireError::new(Code::BatchRequestTooLong, message));
    }
    Ok(Call::SendMessageBatch { queue, entries })
}

pub(super) fn receive(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let max = number(members, "MaxNumberOfMessages", 1..=10, "Must be between 1 and 10, if provided.")?;
    let hidden = number(members, "VisibilityTimeout", 0..=43_200, "Must be >= 0 and <= 43200, if provided.")?;
    let wait = number(members, "WaitTimeSeconds", 0..=20, "Must be >= 0 and <= 20, if provided.")?;
    let attempt = token(members, "ReceiveRequestAttemptId")?;
    if let (false, Some(given)) = (is_fifo(&queue), &attempt) {
        return Err(invalid_value(given, "ReceiveRequestAttemptId", WRONG_TYPE));
    }
    let mut names = members.texts("AttributeNames")?.unwrap_or_default();
    names.extend(members.texts("MessageSystemAttributeNames")?.unwrap_or_default());
    let sent = members.texts("MessageAttributeNames")?.unwrap_or_default();
    Ok(Call::ReceiveMessage {
        queue,
        max: usize::try_from(max.unwrap_or(1)).expect("bounded by 10"),
        visible_after: hidden.map(Duration::from_secs),
        wait_for: wait.map(Duration::from_secs),
        attempt,
        wanted: WantedOfMessages { attributes: MessageAttributes::read(&names)?, sent: AttributeFilter::read(&sent) },
    })
}

pub(super) fn delete(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    Ok(Call::DeleteMessage { receipt: receipt(members, &queue)? })
}

pub(super) fn delete_batch(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let entries = batch::entries(members, "DeleteMessageBatch", |entry| receipt(entry, &queue))?;
    Ok(Call::DeleteMessageBatch { queue, entries })
}

pub(super) fn hide(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let (receipt, visible_after) = hidden(members, &queue)?;
    Ok(Call::ChangeMessageVisibility { receipt, visible_after })
}

pub(super) fn hide_batch(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let entries: Vec<Entry<(Receipt, Duration)>> =
        batch::entries(members, "ChangeMessageVisibilityBatch", |entry| hidden(entry, &queue))?;
    Ok(Call::ChangeMessageVisibilityBatch { queue, entries })
}

fn hidden(members: Members<'_>, queue: &QueueName) -> Result<(Receipt, Duration), WireError> {
    let reason = "VisibilityTimeout must be an integer between 0 and 43200.";
    let seconds = number(members, "VisibilityTimeout", 0..=43_200, reason)?;
    let receipt = receipt(members, queue)?;
    let seconds = seconds.ok_or_else(|| missing("VisibilityTimeout"))?;
    Ok((receipt, Duration::from_secs(seconds)))
}

/// The receipt whose handle the request has. One of another queue is none here.
fn receipt(members: Members<'_>, queue: &QueueName) -> Result<Receipt, WireError> {
    let handle = required(members, "ReceiptHandle")?;
    let refuse = |message: String| WireError::new(Code::ReceiptHandleIsInvalid, message);
    match Receipt::read(handle) {
        Some(receipt) if receipt.queue == *queue => Ok(receipt),
        Some(_) => Err(refuse("The input receipt handle is invalid.".to_owned())),
        None => Err(refuse(format!("The input receipt handle \"{}\" is not a valid receipt handle.", shown(handle)))),
    }
}
