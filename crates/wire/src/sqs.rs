//! Decides how requests of queues are read: as JSON, and as the form that older clients send.
//!
//! Start at `parse`. A form is first made into the JSON that says the same, so that there is one reading of every
//! operation. A queue is found by the path of its URL, whatever host stands before it: clients reach one server by
//! many names.

mod form;
mod receipt;
mod spell;

pub(crate) use form::parse_form;
pub use receipt::Receipt;
pub use spell::{Answer, DeadLetters, Message, QueueDescription, message_id};
pub(crate) use spell::{spell, spell_xml};

use crate::error::{Code, WireError};
use crate::members::{Members, parse_body};
use crate::reply::Service;
use crate::{Context, unknown_operation};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use std::time::Duration;
use types::QueueName;

/// What a client asks of queues.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
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
        /// What to say of them.
        attributes: MessageAttributes,
    },
    /// Remove a message that was received.
    DeleteMessage {
        /// Which, and by which receive of it.
        receipt: Receipt,
    },
    /// Say what a queue is and how much waits in it.
    GetQueueAttributes {
        /// Which.
        queue: QueueName,
        /// What of it.
        attributes: QueueAttributes,
    },
}

/// Declares attributes that clients may ask for by name: a set of them, and how it is read.
macro_rules! attributes {
    ($(#[$doc:meta])* $set:ident: $($field:ident = $name:literal,)* | $($absent:literal)|*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $set { $(pub(crate) $field: bool,)* }

        impl $set {
            /// All there are.
            pub const ALL: Self = Self { $($field: true,)* };

            /// Reads a list of names. Some that AWS knows are never there here, and asking for them is no fault.
            pub(crate) fn read(names: &[&str]) -> Result<Self, WireError> {
                let mut set = Self::default();
                for name in names {
                    match *name {
                        "All" => set = Self::ALL,
                        $($name => set.$field = true,)*
                        $($absent)|* => {}
                        other => {
                            let message = format!("Unknown Attribute {other}.");
                            return Err(WireError::new(Code::InvalidAttributeName, message));
                        }
                    }
                }
                Ok(set)
            }
        }
    };
}

attributes! {
    /// What to say of messages.
    MessageAttributes:
    sender = "SenderId",
    sent_at = "SentTimestamp",
    receives = "ApproximateReceiveCount",
    first_received_at = "ApproximateFirstReceiveTimestamp",
    | "SequenceNumber" | "MessageDeduplicationId" | "MessageGroupId" | "AWSTraceHeader" | "DeadLetterQueueSourceArn"
}

attributes! {
    /// What to say of a queue.
    QueueAttributes:
    policy = "Policy",
    visibility = "VisibilityTimeout",
    message_size = "MaximumMessageSize",
    retention = "MessageRetentionPeriod",
    waiting = "ApproximateNumberOfMessages",
    in_flight = "ApproximateNumberOfMessagesNotVisible",
    delayed = "ApproximateNumberOfMessagesDelayed",
    created_at = "CreatedTimestamp",
    modified_at = "LastModifiedTimestamp",
    arn = "QueueArn",
    delay = "DelaySeconds",
    wait = "ReceiveMessageWaitTimeSeconds",
    redrive = "RedrivePolicy",
    encrypted = "SqsManagedSseEnabled",
    | "FifoQueue" | "ContentBasedDeduplication" | "KmsMasterKeyId" | "KmsDataKeyReusePeriodSeconds"
    | "DeduplicationScope" | "FifoThroughputLimit" | "RedriveAllowPolicy"
}

pub(crate) fn parse(operation: &str, body: &[u8], context: &Context) -> Result<Call, WireError> {
    let read = reader(operation)?;
    let body = parse_body(body)?;
    read(Members::new(&body, Service::Sqs), context)
}

type Reader = fn(Members<'_>, &Context) -> Result<Call, WireError>;

/// What reads the members of an operation's request.
fn reader(operation: &str) -> Result<Reader, WireError> {
    Ok(match operation {
        "GetQueueUrl" => get_queue_url,
        "ListQueues" => list_queues,
        "ReceiveMessage" => receive_message,
        "DeleteMessage" => delete_message,
        "GetQueueAttributes" => get_queue_attributes,
        other => return Err(unknown_operation(other)),
    })
}

fn get_queue_url(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let name = required(members, "QueueName")?;
    let owner = members.text("QueueOwnerAWSAccountId")?;
    match name.parse() {
        Ok(queue) if owner.is_none_or(|owner| owner == context.account.id) => Ok(Call::GetQueueUrl { queue }),
        // A name that no queue can have, and another account's queue, are queues that do not exist.
        Ok(_) | Err(_) => Err(no_such_queue()),
    }
}

fn list_queues(members: Members<'_>, _: &Context) -> Result<Call, WireError> {
    let prefix = members.text("QueueNamePrefix")?.unwrap_or("").to_owned();
    let limit = number(members, "MaxResults", 1..=1000, "Must be >= 1 and <= 1000, if provided.")?;
    let after = members.text("NextToken")?.map(|token| {
        let name = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        name.and_then(|name| name.parse().ok()).ok_or_else(|| WireError::token_invalid(Service::Sqs))
    });
    let limit = limit.map(|limit| usize::try_from(limit).expect("bounded by 1000"));
    Ok(Call::ListQueues { prefix, after: after.transpose()?, limit })
}

fn receive_message(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    members.refuse(&["ReceiveRequestAttemptId"])?;
    let max = number(members, "MaxNumberOfMessages", 1..=10, "Must be between 1 and 10, if provided.")?;
    let hidden = number(members, "VisibilityTimeout", 0..=43_200, "Must be between 0 and 43200, if provided.")?;
    let wait = number(members, "WaitTimeSeconds", 0..=20, "Must be >= 0 and <= 20, if provided.")?;
    let mut names = members.texts("AttributeNames")?.unwrap_or_default();
    names.extend(members.texts("MessageSystemAttributeNames")?.unwrap_or_default());
    // Messages here carry no attributes of their senders, so whichever are asked for, none is what there is.
    members.texts("MessageAttributeNames")?;
    Ok(Call::ReceiveMessage {
        queue,
        max: usize::try_from(max.unwrap_or(1)).expect("bounded by 10"),
        visible_after: hidden.map(Duration::from_secs),
        wait_for: wait.map(Duration::from_secs),
        attributes: MessageAttributes::read(&names)?,
    })
}

fn delete_message(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let handle = required(members, "ReceiptHandle")?;
    let receipt = Receipt::read(handle).filter(|receipt| receipt.queue == queue);
    let invalid = || WireError::new(Code::ReceiptHandleIsInvalid, "The input receipt handle is invalid.");
    receipt.map(|receipt| Call::DeleteMessage { receipt }).ok_or_else(invalid)
}

fn get_queue_attributes(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let queue = queue(members, context)?;
    let names = members.texts("AttributeNames")?.unwrap_or_default();
    Ok(Call::GetQueueAttributes { queue, attributes: QueueAttributes::read(&names)? })
}

fn required<'a>(members: Members<'a>, name: &str) -> Result<&'a str, WireError> {
    members.text(name)?.ok_or_else(|| {
        WireError::new(Code::MissingParameter, format!("The request must contain the parameter {name}."))
    })
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
        let message = format!("Value {given} for parameter {name} is invalid. Reason: {reason}");
        return Err(WireError::new(Code::InvalidParameterValue, message));
    }
    Ok(u64::try_from(given).ok())
}

/// The queue whose URL the request names.
fn queue(members: Members<'_>, context: &Context) -> Result<QueueName, WireError> {
    let url = required(members, "QueueUrl")?;
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
