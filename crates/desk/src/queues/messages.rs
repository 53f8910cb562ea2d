//! Decides how messages are sent and received: the client's words into the engine's, and back.

use super::{Answered, Desk, Refused};
use engine::{BodyRefused, Outgoing, QueueError, ReceiveRequest, ReceivedMessage, SendRefused};
use std::time::Duration;
use tokio::time::Instant;
use types::{QueueName, SortedMap};
use wire::Refusal;
use wire::sqs::{self, Answer, Entry, Failure, NewMessage, Outcome, WantedOfMessages};

/// How long a receive that waits for a message goes on before it looks whether the server stops.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn send(desk: Desk<'_>, queue: &QueueName, message: &NewMessage) -> Answered {
    let sent = desk.backend.engine.send(queue, outgoing(message)).await;
    let sent = sent.map_err(|error| desk.not_done(queue, &error))?;
    Ok(desk.say(Answer::Sent(told(queue, message, &sent))))
}

pub(super) async fn send_batch(desk: Desk<'_>, queue: &QueueName, entries: &[Entry<NewMessage>]) -> Answered {
    let good: Vec<&NewMessage> = entries.iter().filter_map(|entry| entry.asked.as_ref().ok()).collect();
    if sqs::is_fifo(queue) && good.iter().any(|message| message.deduplication.is_none()) {
        // Like a missing body, this is a fault of the batch, of which then nothing is sent.
        let fifo = desk.known(queue)?.info.entry.spec.fifo;
        if fifo.is_some_and(|fifo| !fifo.deduplicates_by_content) {
            return Err(desk.refuse(Refused::NoDeduplication));
        }
    }
    let sent = desk.backend.engine.send_many(queue, good.into_iter().map(outgoing).collect()).await;
    let sent = sent.map_err(|error| desk.not_done(queue, &error))?;
    let outcomes = outcomes(entries, sent, |message, sent| match sent {
        Ok(sent) => Ok(told(queue, message, &sent)),
        Err(refused) => Err(refusal(&refused).unwrap_or(Refusal::Internal)),
    });
    Ok(desk.say(Answer::SentBatch(&outcomes)))
}

/// What came of each entry of a batch; `came` tells it of those that are not faulty, in their order.
pub(super) fn outcomes<'a, T, C, D>(
    entries: &'a [Entry<T>],
    came: Vec<C>,
    tell: impl Fn(&'a T, C) -> Result<D, Refusal<'a>>,
) -> Vec<Outcome<'a, D>> {
    let mut came = came.into_iter();
    let outcome = |entry: &'a Entry<T>| {
        let outcome = match &entry.asked {
            Err(error) => Err(Failure::Faulty(error)),
            Ok(asked) => {
                let came = came.next().expect("the engine answers each entry that it was given");
                tell(asked, came).map_err(Failure::Refused)
            }
        };
        Outcome { id: &entry.id, outcome }
    };
    entries.iter().map(outcome).collect()
}

fn outgoing(message: &NewMessage) -> Outgoing {
    Outgoing {
        body: message.body.clone(),
        attributes: message.attributes.iter().map(attribute_in).collect(),
        trace: message.trace_header.clone().or_else(|| message.trace_of_request.clone()),
        group: message.group.clone(),
        deduplication: message.deduplication.clone(),
        delay: message.delayed_for,
    }
}

fn attribute_in(attribute: &sqs::Attribute) -> (String, engine::Attribute) {
    let value = match attribute.value.clone() {
        sqs::AttributeValue::Text(text) => engine::AttributeValue::Text(text),
        sqs::AttributeValue::Bytes(bytes) => engine::AttributeValue::Bytes(bytes),
    };
    (attribute.name.clone(), engine::Attribute { data_type: attribute.data_type.clone(), value })
}

fn attribute_out((name, attribute): (String, engine::Attribute)) -> sqs::Attribute {
    let value = match attribute.value {
        engine::AttributeValue::Text(text) => sqs::AttributeValue::Text(text),
        engine::AttributeValue::Bytes(bytes) => sqs::AttributeValue::Bytes(bytes),
    };
    sqs::Attribute { name, data_type: attribute.data_type, value }
}

fn told<'a>(queue: &QueueName, message: &'a NewMessage, sent: &engine::Sent) -> sqs::Sent<'a> {
    sqs::Sent { message, origin: origin(sent.origin), sequence: sqs::is_fifo(queue).then_some(sent.id) }
}

fn origin(origin: engine::Origin) -> sqs::Origin {
    sqs::Origin { queue: origin.queue, message: origin.id }
}

/// Why a message is not sent; `None` for what `wire` refuses before it gets here.
pub(super) fn refusal(refused: &SendRefused) -> Option<Refusal<'static>> {
    match refused {
        SendRefused::Body(BodyRefused::TooLarge { max, .. }) => {
            let most = u32::try_from(*max).unwrap_or(u32::MAX);
            Some(Refusal::Queue(Refused::MessageTooLong { most }))
        }
        SendRefused::NoName => Some(Refusal::Queue(Refused::NoDeduplication)),
        SendRefused::Body(BodyRefused::Empty | BodyRefused::ForbiddenCharacter { .. })
        | SendRefused::NoGroup
        | SendRefused::BadName { .. }
        | SendRefused::OwnDelay
        | SendRefused::DelayTooLong => None,
    }
}

pub(super) async fn receive(desk: Desk<'_>, request: ReceiveRequest, wanted: &WantedOfMessages) -> Answered {
    let queue = request.queue.clone();
    let received = wait_for_messages(desk, request).await;
    let mut received = received.map_err(|error| desk.not_done(&queue, &error))?;
    if received.is_empty() {
        desk.backend.calls.empty_receives.with(&[queue.as_str()]).one();
    }
    let attributes: Vec<_> = received.iter_mut().map(|one| std::mem::take(&mut one.message.attributes)).collect();
    let messages: Vec<sqs::Message<'_>> =
        received.iter().zip(attributes).map(|(one, attributes)| shown(&queue, one, attributes)).collect();
    Ok(desk.say(Answer::Received { queue: &queue, messages: &messages, wanted }))
}

/// Receives, waiting for a message as long as the client or the queue says, or until the server stops. A receive is never
/// broken off, because what it has just found would stay hidden.
async fn wait_for_messages(desk: Desk<'_>, request: ReceiveRequest) -> Result<Vec<ReceivedMessage>, QueueError> {
    let engine = &desk.backend.engine;
    let wait = match request.wait {
        Some(wait) => wait,
        None => Duration::from_secs(engine.queue_info(&request.queue)?.entry.spec.wait_seconds.into()),
    };
    let until = Instant::now() + wait;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let received = engine.receive(ReceiveRequest { wait: Some(left.min(LOOK_EVERY)), ..request.clone() }).await?;
        if !received.is_empty() || left <= LOOK_EVERY || desk.backend.is_stopping() {
            return Ok(received);
        }
    }
}

/// A message as pipes hand it on.
pub fn record(queue: &QueueName, received: &ReceivedMessage, account: &types::Account) -> serde_json::Value {
    sqs::record(queue, &shown(queue, received, received.message.attributes.clone()), account)
}

fn shown<'a>(
    queue: &QueueName,
    received: &'a ReceivedMessage,
    attributes: SortedMap<String, engine::Attribute>,
) -> sqs::Message<'a> {
    let message = &received.message;
    sqs::Message {
        id: message.id,
        origin: origin(message.origin),
        body: &message.body,
        attributes: attributes.into_iter().map(attribute_out).collect(),
        sent_at: message.sent_at,
        receives: received.receipt.receives,
        received_before: message.received_before,
        first_received_at: received.first_received_at,
        trace_header: message.trace.as_deref(),
        group: message.group.as_deref(),
        deduplication: message.deduplication.as_deref(),
        sequence: sqs::is_fifo(queue).then_some(message.id),
        dead_letter_source: message.source.as_ref(),
    }
}
