//! Decides what calls on queues do.

use super::{internal, not_written};
use crate::app::App;
use engine::{Deleted, QueueError, Receipt, ReceiveRefused, ReceiveRequest};
use std::time::Duration;
use types::QueueName;
use wire::sqs::{self, Call};
use wire::{Answer, Refusal, Reply, Response};

pub(super) async fn answer(app: &App, reply: &Reply<'_>, call: Call) -> Response {
    match call {
        Call::GetQueueUrl { queue } if app.engine.queue_names().contains(&queue) => {
            say(reply, sqs::Answer::Url(&queue))
        }
        Call::GetQueueUrl { queue } => reply.refuse(&Refusal::NoSuchQueue(&queue)),
        Call::ListQueues { prefix, after, limit } => {
            let mut names = app.engine.queue_names();
            names.retain(|name| name.as_str().starts_with(&prefix) && after.as_ref().is_none_or(|after| name > after));
            let limit = limit.unwrap_or(1_000);
            let more = names.len() > limit;
            names.truncate(limit);
            say(reply, sqs::Answer::Listed { names: &names, more })
        }
        Call::ReceiveMessage { queue, max, visible_after, wait_for, attempt, wanted } => {
            let request = ReceiveRequest {
                visible_for: visible_after,
                wait: wait_for,
                attempt,
                ..ReceiveRequest::new(queue.clone(), max)
            };
            match app.engine.receive(request).await {
                Ok(received) => {
                    let messages: Vec<sqs::Message<'_>> = received
                        .iter()
                        .map(|one| sqs::Message {
                            id: one.message.id,
                            origin: None,
                            body: &one.message.body,
                            attributes: Vec::new(),
                            sent_at: one.message.sent_at,
                            receives: one.receipt.receives,
                            first_received_at: one.first_received_at,
                            trace_header: None,
                            group: None,
                            deduplication: None,
                            sequence: None,
                            dead_letter_source: None,
                        })
                        .collect();
                    say(reply, sqs::Answer::Received { queue: &queue, messages: &messages, wanted: &wanted })
                }
                Err(error) => not_done(reply, &queue, &error),
            }
        }
        Call::DeleteMessage { receipt } => {
            let held = Receipt { id: receipt.message, receives: receipt.receives };
            match app.engine.delete(&receipt.queue, held).await {
                Ok(Deleted::Gone) => say(reply, sqs::Answer::Done),
                Ok(Deleted::Expired | Deleted::NeverIssued) => reply.refuse(&Refusal::NoSuchReceipt),
                Err(error) => not_done(reply, &receipt.queue, &error),
            }
        }
        Call::GetQueueAttributes { queue, attributes } => {
            let catalog = app.engine.catalog();
            let (Ok(counts), Some(entry)) = (app.engine.queue_counts(&queue), catalog.queues.get(&queue)) else {
                return reply.refuse(&Refusal::NoSuchQueue(&queue));
            };
            let span = |seconds: u32| Duration::from_secs(seconds.into());
            let described = sqs::QueueDescription {
                name: &queue,
                created_at: entry.created_at,
                modified_at: entry.changed_at,
                visible_after: span(entry.spec.visible_for_seconds),
                delayed_for: span(entry.spec.delay_seconds),
                retained_for: span(entry.spec.retention_seconds),
                wait_for: span(entry.spec.wait_seconds),
                message_size_max: entry.spec.message_bytes_max,
                waiting: counts.visible as u64,
                in_flight: counts.in_flight as u64,
                delayed: counts.delayed as u64,
                dead_letters: None,
                redrive_allowed: None,
                policy: None,
                fifo: None,
                encryption: sqs::Encryption::default(),
            };
            say(reply, sqs::Answer::Described { queue: &described, attributes })
        }
        Call::CreateQueue { .. }
        | Call::DeleteQueue { .. }
        | Call::PurgeQueue { .. }
        | Call::ListDeadLetterSourceQueues { .. }
        | Call::SetQueueAttributes { .. }
        | Call::TagQueue { .. }
        | Call::UntagQueue { .. }
        | Call::ListQueueTags { .. }
        | Call::AddPermission { .. }
        | Call::RemovePermission { .. }
        | Call::SendMessage { .. }
        | Call::SendMessageBatch { .. }
        | Call::DeleteMessageBatch { .. }
        | Call::ChangeMessageVisibility { .. }
        | Call::ChangeMessageVisibilityBatch { .. }
        | Call::StartMessageMoveTask { .. }
        | Call::ListMessageMoveTasks { .. }
        | Call::CancelMessageMoveTask { .. } => not_handled(reply, reply.operation()),
    }
}

/// What AWS knows and the engine does not do.
fn not_handled(reply: &Reply<'_>, name: &str) -> Response {
    reply.refuse(&Refusal::Queue(sqs::Refused::NotHandled { parameter: name }))
}

fn say(reply: &Reply<'_>, answer: sqs::Answer<'_>) -> Response {
    reply.answer(&Answer::Sqs(answer))
}

fn not_done(reply: &Reply<'_>, queue: &QueueName, error: &QueueError) -> Response {
    match error {
        QueueError::NotFound(_) => reply.refuse(&Refusal::NoSuchQueue(queue)),
        QueueError::Receive(ReceiveRefused::OverLimit) => reply.refuse(&Refusal::TooManyInFlight),
        QueueError::Receive(ReceiveRefused::Gone) => reply.refuse(&Refusal::NoSuchQueue(queue)),
        // No call here sends anything, or makes, sets or deletes a queue.
        QueueError::Send(_)
        | QueueError::Exists(_)
        | QueueError::KindChanged(_)
        | QueueError::OfStack { .. }
        | QueueError::Redrive(_) => internal(reply, error),
        QueueError::Receive(ReceiveRefused::Write(refused)) | QueueError::Write(refused) => not_written(reply, refused),
    }
}
