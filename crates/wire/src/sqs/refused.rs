//! Decides in which words a queue's refusals are said that depend on what it holds or what it is like.

use super::{Code, DeadLetters, WireError, invalid, invalid_value, messages, queues};
use std::time::Duration;
use types::{Account, QueueName};

/// Why something is not done with a queue, a message or a move of messages.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused<'a> {
    /// There is a queue of this name, and it is different. [`super::Settings::differs_from`] finds the attribute.
    QueueDiffers {
        /// The attribute that is different, in AWS's spelling.
        attribute: &'a str,
    },
    /// A stack that is not up has a queue of this name.
    NameTaken(&'a QueueName),
    /// The queue belongs to a stack, whose template would only make it again.
    OfStack {
        /// The queue.
        queue: &'a QueueName,
        /// The stack's name.
        stack: &'a str,
    },
    /// A queue of this name was deleted less than a minute ago.
    DeletedRecently,
    /// The queue was emptied less than a minute ago.
    PurgedRecently(&'a QueueName),
    /// The queue has more tags than it may.
    TooManyTags(&'a QueueName),
    /// The queue that is to take dead letters is not there.
    NoDeadLetterQueue(&'a DeadLetters),
    /// The queue that is to take dead letters does not take them from this one.
    DeadLettersNotAllowed(&'a DeadLetters),
    /// Each group is to have a limit of its own, and the queue does not deduplicate in groups.
    ThroughputWithoutScope,
    /// The message with its attributes is longer than the queue takes.
    MessageTooLong {
        /// The most bytes that it takes.
        most: u32,
    },
    /// A FIFO queue cannot tell whether it had the message before.
    NoDeduplication,
    /// The message is gone, or is not hidden by this receive: nothing there can be hidden for longer.
    NotHidden {
        /// The handle that the client gave.
        handle: &'a str,
    },
    /// The message is not hidden by any receive.
    NotInFlight,
    /// A FIFO queue's message is seen by others again, so this receive cannot delete it any more.
    ReceiptExpired {
        /// The handle that the client gave.
        handle: &'a str,
    },
    /// The message would be hidden longer than 12 hours since it was received.
    HiddenTooLong {
        /// For how long it was to be hidden from now on.
        visible_after: Duration,
    },
    /// The queue whose messages are to be moved is not there.
    NoMoveSource,
    /// The queue to which messages are to be moved is not there.
    NoMoveDestination,
    /// No queue sends its dead letters to the queue whose messages are to be moved.
    NotDeadLetterQueue,
    /// Messages of the queue are moved already.
    MoveRunning,
    /// There is no such move.
    NoMoveTask,
    /// The move is not under way any more.
    MoveOver,
    /// AWS knows the parameter, and this engine does not handle it.
    NotHandled {
        /// Its name in AWS's spelling.
        parameter: &'a str,
    },
}

impl Refused<'_> {
    pub(crate) fn error(&self, account: &Account) -> WireError {
        let not_found = |what: &str| WireError::new(Code::ResourceNotFound, what);
        let unsupported = |what: &str| WireError::new(Code::UnsupportedOperation, what);
        match self {
            Self::QueueDiffers { attribute } => WireError::new(
                Code::QueueNameExists,
                format!("A queue already exists with the same name and a different value for attribute {attribute}"),
            ),
            Self::NameTaken(queue) => WireError::new(
                Code::QueueNameExists,
                format!("A queue named {queue} belongs to a stack that is not up; choose another name."),
            ),
            Self::OfStack { queue, stack } => unsupported(&format!(
                "Queue {queue} belongs to stack {stack}; take it out of the stack's template and deploy that again."
            )),
            Self::DeletedRecently => WireError::new(
                Code::QueueDeletedRecently,
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            ),
            Self::PurgedRecently(queue) => WireError::new(
                Code::PurgeQueueInProgress,
                format!("Only one PurgeQueue operation on {queue} is allowed every 60 seconds."),
            ),
            Self::TooManyTags(queue) => queues::too_many_tags(queue),
            Self::NoDeadLetterQueue(letters) => letters.no_target(account),
            Self::DeadLettersNotAllowed(letters) => letters.not_allowed(account),
            Self::ThroughputWithoutScope => super::settings::throughput_without_scope(),
            Self::MessageTooLong { most } => {
                messages::too_long(usize::try_from(*most).unwrap_or(messages::MESSAGE_BYTES_MAX))
            }
            Self::NoDeduplication => invalid(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                 explicitly",
            ),
            Self::NotHidden { handle } => invalid_value(
                handle,
                "ReceiptHandle",
                "Message does not exist or is not available for visibility timeout change.",
            ),
            Self::NotInFlight => WireError::new(Code::MessageNotInflight, "The specified message isn't in flight."),
            Self::ReceiptExpired { handle } => {
                invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")
            }
            Self::HiddenTooLong { visible_after } => invalid_value(
                &visible_after.as_secs().to_string(),
                "VisibilityTimeout",
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
            ),
            Self::NoMoveSource => super::moves::no_source(),
            Self::NoMoveDestination => super::moves::no_destination(),
            Self::NotDeadLetterQueue => invalid("Source queue must be configured as a Dead Letter Queue."),
            Self::MoveRunning => invalid(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given \
                 time.",
            ),
            Self::NoMoveTask => not_found("Task does not exist."),
            Self::MoveOver => unsupported("Only active tasks can be cancelled."),
            Self::NotHandled { parameter } => WireError::not_handled(crate::Service::Sqs, parameter),
        }
    }
}
