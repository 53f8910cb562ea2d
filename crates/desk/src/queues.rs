//! Decides what calls on queues do: which of the files beside this one carries out which call, and what a client is told
//! when the engine refuses.
//!
//! Start at [`answer`]. `wire` has refused what can be refused without knowing a queue's state, and the engine decides
//! what happens to it; between them only names are translated. Where AWS knows something that the engine has no use for,
//! such as who may do what, it is kept in the queue's notes and told again.

mod describe;
mod labels;
mod make;
mod messages;
mod moves;
mod receipts;
mod settings;
#[cfg(test)]
mod tests;

pub use messages::record as message_record;

use super::{internal, not_written};
use crate::Backend;
use describe::Known;
use engine::{QueueError, ReceiveRefused, ReceiveRequest};
use types::QueueName;
use wire::sqs::{self, Call, Refused};
use wire::{Answer, Refusal, Reply, Response};

/// What a call is answered with; the error is a refusal.
type Answered = Result<Response, Response>;

pub(super) async fn answer(backend: &Backend, reply: &Reply<'_>, call: Call) -> Response {
    let desk = Desk { backend, reply };
    let answered = match call {
        Call::CreateQueue { queue, settings, tags } => make::create(desk, queue, *settings, tags).await,
        Call::DeleteQueue { queue } => make::delete(desk, &queue).await,
        Call::PurgeQueue { queue } => make::purge(desk, &queue).await,
        Call::GetQueueUrl { queue } => desk.served(&queue).map(|()| desk.say(sqs::Answer::Url(&queue))),
        Call::ListQueues { prefix, after, limit } => Ok(describe::list(desk, &prefix, after.as_ref(), limit)),
        Call::ListDeadLetterSourceQueues { queue, after, limit } => {
            describe::list_sources(desk, &queue, after.as_ref(), limit)
        }
        Call::GetQueueAttributes { queue, attributes } => {
            desk.known(&queue).map(|known| desk.say(sqs::Answer::Described { queue: &known.description(), attributes }))
        }
        Call::SetQueueAttributes { queue, settings } => make::set(desk, &queue, *settings).await,
        Call::TagQueue { queue, tags } => labels::tag(desk, &queue, tags).await,
        Call::UntagQueue { queue, keys } => labels::untag(desk, &queue, keys).await,
        Call::ListQueueTags { queue } => labels::list(desk, &queue),
        Call::AddPermission { queue, permission } => labels::allow(desk, &queue, permission).await,
        Call::RemovePermission { queue, label } => labels::disallow(desk, &queue, label).await,
        Call::SendMessage { queue, message } => messages::send(desk, &queue, &message).await,
        Call::SendMessageBatch { queue, entries } => messages::send_batch(desk, &queue, &entries).await,
        Call::ReceiveMessage { queue, max, visible_after, wait_for, attempt, wanted } => {
            let request = ReceiveRequest { queue, max, visible_for: visible_after, wait: wait_for, attempt };
            messages::receive(desk, request, &wanted).await
        }
        Call::DeleteMessage { receipt } => receipts::delete(desk, &receipt).await,
        Call::DeleteMessageBatch { queue, entries } => receipts::delete_batch(desk, &queue, &entries).await,
        Call::ChangeMessageVisibility { receipt, visible_after } => receipts::hide(desk, receipt, visible_after).await,
        Call::ChangeMessageVisibilityBatch { queue, entries } => receipts::hide_batch(desk, &queue, &entries).await,
        Call::StartMessageMoveTask { source, destination, per_second } => {
            moves::start(desk, source, destination, per_second).await
        }
        Call::ListMessageMoveTasks { source, limit } => moves::list(desk, &source, limit),
        Call::CancelMessageMoveTask { source, task } => moves::cancel(desk, &source, &task).await,
    };
    answered.unwrap_or_else(|refused| refused)
}

/// Where one call is answered.
#[derive(Clone, Copy)]
struct Desk<'a> {
    backend: &'a Backend,
    reply: &'a Reply<'a>,
}

impl Desk<'_> {
    fn say(self, answer: sqs::Answer<'_>) -> Response {
        self.reply.answer(&Answer::Sqs(answer))
    }

    fn refuse(self, refused: Refused<'_>) -> Response {
        self.reply.refuse(&Refusal::Queue(refused))
    }

    fn no_queue(self, queue: &QueueName) -> Response {
        self.reply.refuse(&Refusal::NoSuchQueue(queue))
    }

    /// Refuses a queue that is not there.
    fn served(self, queue: &QueueName) -> Result<(), Response> {
        self.backend.engine.queue_counts(queue).map(drop).map_err(|_| self.no_queue(queue))
    }

    /// What is known of a queue that is served.
    fn known(self, queue: &QueueName) -> Result<Known, Response> {
        Known::find(self.backend, queue).ok_or_else(|| self.no_queue(queue))
    }

    fn internal(self, error: &dyn std::fmt::Display) -> Response {
        internal(self.reply, error)
    }

    fn not_written(self, refused: &engine::WriteRefused) -> Response {
        not_written(self.reply, refused)
    }

    /// Says why the engine did not do something to a queue.
    fn not_done(self, queue: &QueueName, error: &QueueError) -> Response {
        match error {
            QueueError::NotFound(_) | QueueError::Receive(ReceiveRefused::Gone) => self.no_queue(queue),
            QueueError::Receive(ReceiveRefused::OverLimit) => self.reply.refuse(&Refusal::TooManyInFlight),
            QueueError::Receive(ReceiveRefused::Write(refused)) | QueueError::Write(refused) => {
                self.not_written(refused)
            }
            QueueError::Exists(queue) => self.refuse(Refused::NameTaken(queue)),
            QueueError::OfStack { queue, stack } => self.refuse(Refused::OfStack { queue, stack }),
            QueueError::Send(refused) => match messages::refusal(refused) {
                Some(refusal) => self.reply.refuse(&refusal),
                None => self.internal(error),
            },
            // No call renames a queue, and where dead letters go is looked at where that is set.
            QueueError::KindChanged(_) | QueueError::Redrive(_) => self.internal(error),
        }
    }
}
