//! Decides how answers about queues are spelt in JSON. XML says the same: [`super::xml`].

use super::attributes::{self, Attribute};
use super::{Failure, MoveTask, NewMessage, Outcome, QueueAttributes, QueueDescription, Receipt, WantedOfMessages};
use super::{describe, moves, queues};
use crate::Context;
use crate::head::hex;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value as Json, json};
use types::{Account, Gather, QueueName, Timestamp};

/// What is answered about queues.
#[derive(Debug)]
pub enum Answer<'a> {
    /// It is done, and there is nothing to say of it.
    Done,
    /// Under which URL a queue is found.
    Url(&'a QueueName),
    /// Which queues there are.
    Listed {
        /// Their names, sorted.
        names: &'a [QueueName],
        /// Whether there are more after them.
        more: bool,
    },
    /// Which queues hand their dead letters to a queue.
    DeadLetterSources {
        /// Their names, sorted.
        names: &'a [QueueName],
        /// Whether there are more after them.
        more: bool,
    },
    /// What a queue is.
    Described {
        /// The queue.
        queue: &'a QueueDescription<'a>,
        /// What of it to say.
        attributes: QueueAttributes,
    },
    /// The tags of a queue.
    Tags(&'a [(String, String)]),
    /// The message is in the queue.
    Sent(Sent<'a>),
    /// What came of the messages of a batch, one by one.
    SentBatch(&'a [Outcome<'a, Sent<'a>>]),
    /// Messages, or none.
    Received {
        /// From where.
        queue: &'a QueueName,
        /// The messages.
        messages: &'a [Message<'a>],
        /// What to say of them.
        wanted: &'a WantedOfMessages,
    },
    /// What came of the entries of a batch that deletes or hides messages.
    Batch(&'a [Outcome<'a, ()>]),
    /// Messages of a queue are being moved.
    MoveStarted {
        /// The queue.
        source: &'a QueueName,
        /// The task's id.
        task: &'a str,
    },
    /// Which moves of a queue's messages there were.
    MovesListed {
        /// The queue.
        source: &'a QueueName,
        /// The moves, the latest first.
        tasks: &'a [MoveTask<'a>],
    },
    /// The move is being stopped.
    MoveCancelled {
        /// How many messages were moved until then.
        moved: u64,
    },
}

/// A message that was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// The message as it was asked for.
    pub message: &'a NewMessage,
    /// What it is known by; that of the first, if a FIFO queue had the same message before.
    pub origin: Origin,
    /// Its place in a FIFO queue.
    pub sequence: Option<u64>,
}

/// Where a message was first sent. Clients know it by that, also when it has become a dead letter, and when the queue
/// is there no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The queue's number, which no other queue ever has.
    pub queue: u32,
    /// The message's number in that queue.
    pub message: u64,
}

/// A message that was received.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// Its number in the queue.
    pub id: u64,
    /// What it is known by.
    pub origin: Origin,
    /// Its body.
    pub body: &'a str,
    /// What its sender said beside the body.
    pub attributes: Vec<Attribute>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// How often it was received, this time included.
    pub receives: u32,
    /// How often it was received elsewhere before it became a dead letter.
    pub received_before: u32,
    /// When it was received for the first time.
    pub first_received_at: Timestamp,
    /// The trace that it belongs to.
    pub trace_header: Option<&'a str>,
    /// Among which messages a FIFO queue keeps order.
    pub group: Option<&'a str>,
    /// By what a FIFO queue knows the same message.
    pub deduplication: Option<&'a str>,
    /// Its place in a FIFO queue.
    pub sequence: Option<u64>,
    /// The queue in which it was received too often.
    pub dead_letter_source: Option<&'a QueueName>,
}

impl Message<'_> {
    /// What AWS counts: a dead letter's receives go on from where they were.
    fn receives_in_all(&self) -> u32 {
        self.received_before.saturating_add(self.receives)
    }
}

/// The id under which clients know a message: a UUID, the same whenever it is asked.
pub fn message_id(origin: Origin) -> String {
    let mut sum = Md5::new();
    sum.update(origin.queue.to_be_bytes());
    sum.update(origin.message.to_be_bytes());
    let mut bytes: [u8; 16] = sum.finalize().into();
    // The marks of a UUID that was made by a rule of its own (version 8).
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let digits = hex(&bytes);
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}

fn url(queue: &QueueName, context: &Context) -> String {
    format!("{}/{}/{queue}", context.base_url, context.account.id)
}

fn md5_of(body: &str) -> String {
    hex(&Md5::digest(body.as_bytes()))
}

/// Sequence numbers have twenty digits, so that texts of them sort as they do.
fn sequence_number(sequence: u64) -> String {
    format!("{sequence:020}")
}

/// What is said of a message beside what its sender said, by name.
fn known_of(message: &Message<'_>, wanted: &WantedOfMessages, context: &Context) -> Map<String, Json> {
    let asked = wanted.attributes;
    let account = &context.account;
    let all = [
        (asked.sender, "SenderId", Some(account.id.clone())),
        (
            asked.first_received_at,
            "ApproximateFirstReceiveTimestamp",
            Some(message.first_received_at.millis().to_string()),
        ),
        (asked.receives, "ApproximateReceiveCount", Some(message.receives_in_all().to_string())),
        (asked.sent_at, "SentTimestamp", Some(message.sent_at.millis().to_string())),
        (asked.sequence, "SequenceNumber", message.sequence.map(sequence_number)),
        (asked.deduplication, "MessageDeduplicationId", message.deduplication.map(str::to_owned)),
        (asked.group, "MessageGroupId", message.group.map(str::to_owned)),
        (asked.trace_header, attributes::TRACE_HEADER, message.trace_header.map(str::to_owned)),
        (
            asked.dead_letter_source,
            "DeadLetterQueueSourceArn",
            message.dead_letter_source.map(|queue| account.arn("sqs", queue.as_str()).to_string()),
        ),
    ];
    let asked = all.into_iter().filter(|(asked, ..)| *asked);
    asked.filter_map(|(_, name, value)| Some((name.to_owned(), value?.into()))).into_object()
}

fn received(queue: &QueueName, message: &Message<'_>, wanted: &WantedOfMessages, context: &Context) -> Json {
    let receipt =
        Receipt { queue: queue.clone(), message: message.id, sent_at: message.sent_at, receives: message.receives };
    let mut spelt = json!({
        "MessageId": message_id(message.origin),
        "ReceiptHandle": receipt.handle(),
        "MD5OfBody": md5_of(message.body),
        "Body": message.body,
    });
    let known = known_of(message, wanted, context);
    if !known.is_empty() {
        spelt["Attributes"] = known.into();
    }
    let sent = || message.attributes.iter().filter(|attribute| wanted.sent.wants(&attribute.name));
    // The digest is of what is given here: by that a client checks it.
    if let Some(digest) = attributes::digest(sent()) {
        spelt["MD5OfMessageAttributes"] = digest.into();
        let named = sent().map(|attribute| (attribute.name.clone(), attribute.spell()));
        spelt["MessageAttributes"] = named.into_object().into();
    }
    spelt
}

/// A message as functions and pipes' targets get it.
pub fn record(queue: &QueueName, message: &Message<'_>, account: &Account) -> Json {
    let receipt =
        Receipt { queue: queue.clone(), message: message.id, sent_at: message.sent_at, receives: message.receives };
    let text = |text: String| Some(Json::from(text));
    let attributes = [
        ("ApproximateReceiveCount", text(message.receives_in_all().to_string())),
        ("SentTimestamp", text(message.sent_at.millis().to_string())),
        ("SenderId", text(account.id.clone())),
        ("ApproximateFirstReceiveTimestamp", text(message.first_received_at.millis().to_string())),
        ("SequenceNumber", message.sequence.map(sequence_number).and_then(text)),
        ("MessageGroupId", message.group.map(Json::from)),
        ("MessageDeduplicationId", message.deduplication.map(Json::from)),
        (attributes::TRACE_HEADER, message.trace_header.map(Json::from)),
        (
            "DeadLetterQueueSourceArn",
            message.dead_letter_source.and_then(|queue| text(account.arn("sqs", queue.as_str()).to_string())),
        ),
    ];
    let attributes = attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let sent = message.attributes.iter().map(|attribute| (attribute.name.clone(), attribute.of_record()));
    let mut spelt = json!({
        "messageId": message_id(message.origin),
        "receiptHandle": receipt.handle(),
        "body": message.body,
        "attributes": attributes.into_object(),
        "messageAttributes": sent.into_object(),
        "md5OfBody": md5_of(message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": account.arn("sqs", queue.as_str()).to_string(),
        "awsRegion": account.region,
    });
    if let Some(digest) = attributes::digest(&message.attributes) {
        spelt["md5OfMessageAttributes"] = digest.into();
    }
    spelt
}

fn sent(sent: &Sent<'_>) -> Map<String, Json> {
    let message = sent.message;
    let parts = [
        ("MessageId", Some(message_id(sent.origin))),
        ("MD5OfMessageBody", Some(md5_of(&message.body))),
        ("MD5OfMessageAttributes", attributes::digest(&message.attributes)),
        ("MD5OfMessageSystemAttributes", message.trace_header.as_deref().and_then(attributes::digest_of_trace_header)),
        ("SequenceNumber", sent.sequence.map(sequence_number)),
    ];
    parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).into_object()
}

/// A batch's outcomes: what went well, and what did not. A list without entries is left out, as AWS does.
fn batch<T>(
    outcomes: &[Outcome<'_, T>],
    context: &Context,
    spell: impl Fn(&T) -> Map<String, Json>,
) -> Map<String, Json> {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for Outcome { id, outcome } in outcomes {
        match outcome {
            Ok(done) => {
                let mut spelt = spell(done);
                spelt.insert("Id".to_owned(), (*id).into());
                successful.push(Json::Object(spelt));
            }
            Err(failure) => failed.push(Failure::spell(failure, id, context)),
        }
    }
    let lists = [("Successful", successful), ("Failed", failed)];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
    lists.map(|(name, list)| (name.to_owned(), list.into())).into_object()
}

pub(crate) fn spell(answer: &Answer<'_>, context: &Context) -> Map<String, Json> {
    let mut body = Map::new();
    let mut put = |name: &str, value: Json| drop(body.insert(name.to_owned(), value));
    let urls = |names: &[QueueName]| names.iter().map(|name| url(name, context)).collect::<Json>();
    match answer {
        Answer::Done => {}
        Answer::Url(queue) => put("QueueUrl", url(queue, context).into()),
        Answer::Listed { names, more } => {
            // Without queues AWS leaves the list out.
            if !names.is_empty() {
                put("QueueUrls", urls(names));
            }
            if let Some(token) = queues::next_token(names, *more) {
                put("NextToken", token.into());
            }
        }
        Answer::DeadLetterSources { names, more } => {
            // This list begins small, and is there even when it is empty.
            put("queueUrls", urls(names));
            if let Some(token) = queues::next_token(names, *more) {
                put("NextToken", token.into());
            }
        }
        Answer::Described { queue, attributes } => {
            let said = describe::spell(queue, *attributes, context);
            if !said.is_empty() {
                let said = said.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
                put("Attributes", said.into_object().into());
            }
        }
        Answer::Tags(tags) => {
            if !tags.is_empty() {
                let tags = tags.iter().map(|(key, value)| (key.clone(), value.as_str().into()));
                put("Tags", tags.into_object().into());
            }
        }
        Answer::Sent(message) => return sent(message),
        Answer::SentBatch(outcomes) => return batch(outcomes, context, sent),
        Answer::Received { queue, messages, wanted } => {
            if !messages.is_empty() {
                put("Messages", messages.iter().map(|message| received(queue, message, wanted, context)).collect());
            }
        }
        Answer::Batch(outcomes) => return batch(outcomes, context, |()| Map::new()),
        Answer::MoveStarted { source, task } => {
            put("TaskHandle", moves::handle(source, task, &context.account).into());
        }
        Answer::MovesListed { source, tasks } => {
            put("Results", tasks.iter().map(|task| task.spell(source, &context.account)).collect());
        }
        Answer::MoveCancelled { moved } => put("ApproximateNumberOfMessagesMoved", (*moved).into()),
    }
    body
}
