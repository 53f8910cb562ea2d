//! Decides how answers about queues are spelt, in JSON and in XML.

use super::{MessageAttributes, QueueAttributes, Receipt};
use crate::Context;
use crate::head::hex;
use crate::reply::{Reply, Response};
use crate::xml::Xml;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use md5::{Digest as _, Md5};
use serde_json::{Map, Value as Json, json};
use std::time::Duration;
use types::{Arn, QueueName, Timestamp};

/// What is answered about queues.
#[derive(Debug)]
pub enum Answer<'a> {
    /// Under which URL a queue is found.
    Url(&'a QueueName),
    /// Which queues there are.
    Listed {
        /// Their names, sorted.
        names: &'a [QueueName],
        /// Whether there are more after them.
        more: bool,
    },
    /// Messages, or none.
    Received {
        /// From where.
        queue: &'a QueueName,
        /// The messages.
        messages: &'a [Message<'a>],
        /// What to say of them.
        attributes: MessageAttributes,
    },
    /// The message is gone.
    Deleted,
    /// What a queue is.
    Described {
        /// The queue.
        queue: &'a QueueDescription<'a>,
        /// What of it to say.
        attributes: QueueAttributes,
    },
}

/// A message that was received.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its number in the queue.
    pub id: u64,
    /// Its body.
    pub body: &'a str,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// How often it was received, this time included.
    pub receives: u32,
    /// When it was received for the first time.
    pub first_received_at: Timestamp,
}

/// What a queue is said to be.
#[derive(Debug, Clone)]
pub struct QueueDescription<'a> {
    /// Its name.
    pub name: &'a QueueName,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
    /// How long a received message is hidden.
    pub visible_after: Duration,
    /// How long a sent message is hidden at first.
    pub delayed_for: Duration,
    /// How long a message is kept.
    pub retained_for: Duration,
    /// How long a receive waits for a message when it does not say.
    pub wait_for: Duration,
    /// The most bytes of a body.
    pub message_size_max: u32,
    /// How many messages can be received.
    pub waiting: u64,
    /// How many are received and not deleted.
    pub in_flight: u64,
    /// How many are not yet to be received.
    pub delayed: u64,
    /// Where messages go that are received too often.
    pub dead_letters: Option<DeadLetters>,
    /// Who may do what, as JSON.
    pub policy: Option<&'a str>,
}

/// Where messages go that are received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// The queue they go to.
    pub queue: Arn,
    /// How often a message may be received.
    pub receives_max: u32,
}

/// The id under which clients know a message: a UUID, the same whenever it is asked.
pub fn message_id(queue: &QueueName, id: u64) -> String {
    let mut sum = Md5::new();
    sum.update(queue.as_str().as_bytes());
    sum.update(id.to_be_bytes());
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

fn next_token(names: &[QueueName], more: bool) -> Option<String> {
    names.last().filter(|_| more).map(|last| BASE64.encode(last.as_str()))
}

fn md5_of(body: &str) -> String {
    hex(&Md5::digest(body.as_bytes()))
}

fn handle(queue: &QueueName, message: &Message<'_>) -> String {
    Receipt { queue: queue.clone(), message: message.id, receives: message.receives }.handle()
}

/// The attributes of a message that are asked for, by name.
fn of_message(message: &Message<'_>, asked: MessageAttributes, context: &Context) -> Vec<(&'static str, String)> {
    let all = [
        (asked.sender, "SenderId", context.account.id.clone()),
        (asked.first_received_at, "ApproximateFirstReceiveTimestamp", message.first_received_at.millis().to_string()),
        (asked.receives, "ApproximateReceiveCount", message.receives.to_string()),
        (asked.sent_at, "SentTimestamp", message.sent_at.millis().to_string()),
    ];
    all.into_iter().filter(|(asked, ..)| *asked).map(|(_, name, value)| (name, value)).collect()
}

/// The attributes of a queue that are asked for, by name. All values are texts.
fn of_queue(queue: &QueueDescription<'_>, asked: QueueAttributes, context: &Context) -> Vec<(&'static str, String)> {
    let seconds = |span: Duration| Some(span.as_secs().to_string());
    let at = |at: Timestamp| Some(at.seconds().to_string());
    let arn = context.account.arn("sqs", queue.name.as_str());
    let redrive = queue.dead_letters.as_ref().map(|dead| {
        json!({ "deadLetterTargetArn": dead.queue.to_string(), "maxReceiveCount": dead.receives_max }).to_string()
    });
    let all = [
        (asked.arn, "QueueArn", Some(arn.to_string())),
        (asked.waiting, "ApproximateNumberOfMessages", Some(queue.waiting.to_string())),
        (asked.in_flight, "ApproximateNumberOfMessagesNotVisible", Some(queue.in_flight.to_string())),
        (asked.delayed, "ApproximateNumberOfMessagesDelayed", Some(queue.delayed.to_string())),
        (asked.created_at, "CreatedTimestamp", at(queue.created_at)),
        (asked.modified_at, "LastModifiedTimestamp", at(queue.modified_at)),
        (asked.visibility, "VisibilityTimeout", seconds(queue.visible_after)),
        (asked.message_size, "MaximumMessageSize", Some(queue.message_size_max.to_string())),
        (asked.retention, "MessageRetentionPeriod", seconds(queue.retained_for)),
        (asked.delay, "DelaySeconds", seconds(queue.delayed_for)),
        (asked.wait, "ReceiveMessageWaitTimeSeconds", seconds(queue.wait_for)),
        (asked.policy, "Policy", queue.policy.map(str::to_owned)),
        (asked.redrive, "RedrivePolicy", redrive),
        (asked.encrypted, "SqsManagedSseEnabled", Some("false".to_owned())),
    ];
    all.into_iter().filter(|(asked, ..)| *asked).filter_map(|(_, name, value)| Some((name, value?))).collect()
}

pub(crate) fn spell(answer: &Answer<'_>, context: &Context) -> Json {
    let attributes = |pairs: Vec<(&'static str, String)>| {
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect::<Map<String, Json>>()
    };
    let mut body = Map::new();
    let mut put = |name: &str, value: Json| drop(body.insert(name.to_owned(), value));
    match answer {
        Answer::Url(queue) => put("QueueUrl", url(queue, context).into()),
        Answer::Listed { names, more } => {
            // Without queues AWS leaves the list out.
            if !names.is_empty() {
                put("QueueUrls", names.iter().map(|name| url(name, context)).collect());
            }
            if let Some(token) = next_token(names, *more) {
                put("NextToken", token.into());
            }
        }
        Answer::Received { queue, messages, attributes: asked } => {
            let spelt = messages.iter().map(|message| {
                let mut spelt = json!({
                    "MessageId": message_id(queue, message.id),
                    "ReceiptHandle": handle(queue, message),
                    "MD5OfBody": md5_of(message.body),
                    "Body": message.body,
                });
                let said = attributes(of_message(message, *asked, context));
                if !said.is_empty() {
                    spelt["Attributes"] = said.into();
                }
                spelt
            });
            if !messages.is_empty() {
                put("Messages", spelt.collect());
            }
        }
        Answer::Deleted => {}
        Answer::Described { queue, attributes: asked } => {
            let said = attributes(of_queue(queue, *asked, context));
            if !said.is_empty() {
                put("Attributes", said.into());
            }
        }
    }
    Json::Object(body)
}

pub(crate) fn spell_xml(answer: &Answer<'_>, reply: &Reply<'_>) -> Response {
    let context = reply.context;
    let attributes = |xml: &mut Xml, pairs: Vec<(&'static str, String)>| {
        for (name, value) in pairs {
            xml.open("Attribute");
            xml.text("Name", name);
            xml.text("Value", &value);
            xml.close("Attribute");
        }
    };
    match answer {
        Answer::Url(queue) => reply.query_result(Some(&|xml| xml.text("QueueUrl", &url(queue, context)))),
        Answer::Listed { names, more } => reply.query_result(Some(&|xml| {
            for name in *names {
                xml.text("QueueUrl", &url(name, context));
            }
            if let Some(token) = next_token(names, *more) {
                xml.text("NextToken", &token);
            }
        })),
        Answer::Received { queue, messages, attributes: asked } => reply.query_result(Some(&|xml| {
            for message in *messages {
                xml.open("Message");
                xml.text("MessageId", &message_id(queue, message.id));
                xml.text("ReceiptHandle", &handle(queue, message));
                xml.text("MD5OfBody", &md5_of(message.body));
                xml.text("Body", message.body);
                attributes(xml, of_message(message, *asked, context));
                xml.close("Message");
            }
        })),
        Answer::Deleted => reply.query_result(None),
        Answer::Described { queue, attributes: asked } => {
            reply.query_result(Some(&|xml| attributes(xml, of_queue(queue, *asked, context))))
        }
    }
}
