//! What a template says about queues, and about what hands their messages to functions.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{QueueName, SortedMap};

use super::{FunctionReference, LogicalId};
use crate::iam::Statement;

/// A queue of the same stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueReference {
    /// What the template calls it.
    pub logical_id: LogicalId,
    /// Its name.
    pub name: QueueName,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Its name.
    pub name: QueueName,
    /// Its ARN.
    pub arn: String,
    /// Its URL.
    pub url: String,
    /// How long a received message is hidden from others.
    pub visibility_timeout: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// How long a message is hidden after it was sent.
    pub delay: Duration,
    /// How many bytes a message may have.
    pub maximum_message_bytes: u32,
    /// How long a receive waits for a message by default.
    pub receive_wait: Duration,
    /// Where messages go that are received too often; `None` where they come again until they expire.
    #[serde(default)]
    pub redrive: Option<Redrive>,
    /// Which queues may send their dead letters here.
    #[serde(default)]
    pub takes_dead_letters: DeadLettersFrom,
    /// How it keeps order; `None` for a standard queue.
    #[serde(default)]
    pub fifo: Option<Fifo>,
    /// Its tags.
    pub tags: SortedMap<String, String>,
}

/// When a message is taken for poison, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The name of the queue that takes it.
    pub dead_letters: QueueName,
    /// How often it may be received before that.
    pub receives_max: u32,
}

/// Whose dead letters a queue takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeadLettersFrom {
    /// Those of every queue.
    #[default]
    All,
    /// Those of none.
    None,
    /// Those of the queues with these ARNs.
    Only(Vec<String>),
}

/// How a queue keeps order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fifo {
    /// Whether messages with the same body are the same message when their sender does not say.
    pub deduplicates_by_content: bool,
    /// Whether the same message in two groups is two messages.
    pub deduplicates_in_groups: bool,
}

/// What receives the messages of a queue and hands them to a function: an event source mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poller {
    /// What AWS calls it.
    pub id: String,
    /// The queue.
    pub queue: QueueReference,
    /// The function.
    pub function: FunctionReference,
    /// How many messages it hands over at once, at most.
    pub batch_size: u32,
    /// How long it waits for a batch to fill.
    pub batching_window: Duration,
    /// How many batches may be under way at once; `None` for as many as the function takes.
    pub maximum_concurrency: Option<u32>,
    /// Whether the function's answer names the messages that failed; otherwise all of a batch fail or none.
    pub names_failures: bool,
    /// Event patterns as text, each valid in the pipe dialect; a message that matches none is deleted, and every
    /// message passes where there is none.
    pub filters: Vec<String>,
    /// Whether it runs.
    pub enabled: bool,
    /// Its tags.
    pub tags: SortedMap<String, String>,
}

/// What a queue allows and denies by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePolicy {
    /// The queues that it belongs to.
    pub queues: Vec<QueueReference>,
    /// What it allows and denies.
    pub statements: Vec<Statement>,
}
