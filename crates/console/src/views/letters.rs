//! Decides what is told of dead letters: which there are, what is in them, and what came of delivering them again.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queues {
    /// By name.
    pub(crate) queues: Vec<Queue>,
}

/// A queue, and its oldest messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Queue {
    /// Its name.
    pub(crate) queue: String,
    /// Whether a pipe, a queue or a rule sends here what it gives up.
    pub(crate) dead_letters: bool,
    /// How many messages it has, whoever holds them.
    pub(crate) messages: usize,
    /// Its oldest messages.
    pub(crate) oldest: Vec<Letter>,
}

/// A message, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Letter {
    /// Its number in the queue.
    pub(crate) id: u64,
    /// When it was sent.
    pub(crate) at: String,
    /// Of a dead letter: where it comes from, and why.
    pub(crate) dead: Option<Dead>,
}

/// Where a dead letter comes from, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dead {
    /// The pipe or the rule that gave up, or the queue whose message it was.
    pub(crate) pipe: String,
    /// The function, or the other target, that could not do it.
    pub(crate) function: String,
    /// `RetryAttemptsExhausted` or `RecordAgeExceeded`.
    pub(crate) condition: String,
    /// How many records there are.
    pub(crate) records: usize,
    /// What went wrong last, if the function was asked at all.
    pub(crate) error: Option<String>,
    /// How many attempts counted.
    pub(crate) attempts: u32,
}

/// Messages of one queue, in full.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// The queue.
    pub(crate) queue: String,
    /// The messages, oldest first.
    pub(crate) messages: Vec<FullLetter>,
    /// Whether there are more.
    pub(crate) more: bool,
}

/// A message, in full.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FullLetter {
    /// In short.
    pub(crate) letter: Letter,
    /// The body, as clients of the queue receive it.
    pub(crate) body: String,
    /// Of a dead letter: the records, as the function received them.
    pub(crate) records: Vec<Box<RawValue>>,
}

/// What to deliver again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Redrive {
    /// The queue.
    pub(crate) queue: String,
    /// Only this message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<u64>,
    /// Only messages that hold this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) containing: Option<String>,
    /// At most so many a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) per_second: Option<u32>,
    /// Only say what would be done.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Redriven {
    /// The queue.
    pub(crate) queue: String,
    /// One for each message, in order.
    pub(crate) letters: Vec<RedrivenLetter>,
}

/// What came of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedrivenLetter {
    /// Its number.
    pub(crate) id: u64,
    /// What came of it.
    pub(crate) result: Again,
}

/// What came of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Again {
    /// It would be delivered.
    Would {
        /// To which function.
        function: String,
        /// How many records.
        records: usize,
    },
    /// It was delivered, and is gone.
    Delivered {
        /// To which function.
        function: String,
        /// How many records.
        records: usize,
    },
    /// It failed again, and stays.
    Failed {
        /// What the function said.
        error: String,
    },
    /// It carries no records: somebody else sent it.
    NoLetter,
}
