//! Decides how it is said what a queue is like. All values are texts.

use super::{DeadLetters, QueueAttributes, RedriveAllowed};
use crate::Context;
use std::time::Duration;
use types::{QueueName, Timestamp};

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
    /// The most bytes of a message.
    pub message_size_max: u32,
    /// How many messages can be received.
    pub waiting: u64,
    /// How many are received and not deleted.
    pub in_flight: u64,
    /// How many are not yet to be received.
    pub delayed: u64,
    /// Where messages go that are received too often.
    pub dead_letters: Option<DeadLetters>,
    /// Which queues may send their dead letters to it, if that was said.
    pub redrive_allowed: Option<RedriveAllowed>,
    /// Who may do what, as JSON.
    pub policy: Option<&'a str>,
    /// What keeps its order; `None` for a standard queue.
    pub fifo: Option<Fifo>,
    /// How it is encrypted.
    pub encryption: Encryption<'a>,
}

/// What a FIFO queue takes for the same message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fifo {
    /// Whether messages with the same body are the same message when their sender does not say.
    pub deduplicates_by_content: bool,
    /// Whether the same message in two groups is two messages.
    pub deduplicates_in_groups: bool,
    /// Whether each group has a limit of its own for how fast it may be.
    pub limited_by_group: bool,
}

/// How a queue is said to be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encryption<'a> {
    /// Whether with a key of the service's own.
    pub own: bool,
    /// With which key otherwise.
    pub key: Option<&'a str>,
    /// How long a data key made from that is used.
    pub key_reused_for: Duration,
}

impl Default for Encryption<'_> {
    fn default() -> Self {
        Self { own: false, key: None, key_reused_for: Duration::from_secs(300) }
    }
}

/// The attributes of a queue that are asked for, by name.
pub(super) fn spell(
    queue: &QueueDescription<'_>,
    asked: QueueAttributes,
    context: &Context,
) -> Vec<(&'static str, String)> {
    let seconds = |span: Duration| Some(span.as_secs().to_string());
    let at = |at: Timestamp| Some(at.seconds().to_string());
    let account = &context.account;
    let arn = account.arn("sqs", queue.name.as_str());
    let fifo = queue.fifo.as_ref();
    let choice = |choose: fn(&Fifo) -> bool, no: &str, yes: &str| {
        fifo.map(|fifo| if choose(fifo) { yes.to_owned() } else { no.to_owned() })
    };
    let Encryption { own, key, key_reused_for } = queue.encryption;
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
        (asked.redrive, "RedrivePolicy", queue.dead_letters.as_ref().map(|letters| letters.spell(account))),
        (asked.redrive_allowed, "RedriveAllowPolicy", queue.redrive_allowed.as_ref().map(RedriveAllowed::spell)),
        (asked.encrypted, "SqsManagedSseEnabled", Some(own.to_string())),
        (asked.key, "KmsMasterKeyId", key.map(str::to_owned)),
        (asked.key_reuse, "KmsDataKeyReusePeriodSeconds", key.and_then(|_| seconds(key_reused_for))),
        (asked.fifo, "FifoQueue", fifo.map(|_| "true".to_owned())),
        (asked.by_content, "ContentBasedDeduplication", choice(|fifo| fifo.deduplicates_by_content, "false", "true")),
        (asked.scope, "DeduplicationScope", choice(|fifo| fifo.deduplicates_in_groups, "queue", "messageGroup")),
        (
            asked.throughput,
            "FifoThroughputLimit",
            choice(|fifo| fifo.limited_by_group, "perQueue", "perMessageGroupId"),
        ),
    ];
    all.into_iter().filter(|(asked, ..)| *asked).filter_map(|(_, name, value)| Some((name, value?))).collect()
}
