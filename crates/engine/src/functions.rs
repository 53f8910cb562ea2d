//! Decides what the engine asks of whoever runs functions: one seam, [`Functions`].

use crate::queues::ReceivedMessage;
use delivery::bus::endpoint::{Answer, Call};
use serde_json::Value as Json;
use std::pin::Pin;
use std::time::Duration;
use types::{FunctionName, Qualifier, QueueName, Record, Version};

/// Runs functions. Called on threads of the engine's that may wait.
pub trait Functions: Send + Sync {
    /// Runs the function on these records and waits for its answer. What it prints must be in the system's hands when
    /// this returns, because the checkpoint of these records comes after.
    fn invoke(&self, function: &FunctionName, records: &[Record]) -> Invoked;

    /// The same, for a version or alias of the function. Who knows functions only as they are need not say so.
    fn invoke_qualified(&self, function: &FunctionName, _qualifier: Option<&Qualifier>, records: &[Record]) -> Invoked {
        self.invoke(function, records)
    }

    /// Runs the function, or a version or alias of it, on messages of a queue. Who runs no such functions need not say so.
    fn handle<'a>(
        &'a self,
        _function: &'a FunctionName,
        _qualifier: Option<&'a Qualifier>,
        _queue: &'a QueueName,
        _batch: &'a [ReceivedMessage],
    ) -> Pin<Box<dyn Future<Output = Handled> + Send + 'a>> {
        Box::pin(std::future::ready(Handled::NotRun))
    }

    /// Runs this version of the function on an event that nobody waits for. Who runs no such functions need not say so.
    fn invoke_event<'a>(
        &'a self,
        _function: &'a FunctionName,
        _version: Version,
        _event: &'a Handed,
    ) -> Pin<Box<dyn Future<Output = EventDone> + Send + 'a>> {
        Box::pin(std::future::ready(EventDone::NotRun))
    }

    /// Makes a call that an event brings about, once. Who makes none need not say so.
    fn call<'a>(&'a self, _call: &'a Call) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(std::future::ready(Answer::NotMade))
    }
}

/// An event that a function is handed, without anybody waiting for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Handed {
    /// The invocation's id; it stays the same however often it is tried.
    pub request_id: String,
    /// The event.
    pub payload: Json,
    /// What the function was asked for by, if by more than its name.
    pub qualifier: Option<Qualifier>,
}

/// What a function did with an event that nobody waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum EventDone {
    /// It answered.
    Answered(Json),
    /// It failed; what is told of that.
    Failed(Json),
    /// It was not run: too many of it are running, or it is not there.
    NotRun,
}

/// How the handling of a batch of messages ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handled {
    /// For each message, in their order.
    Each(Vec<MessageFate>),
    /// The function failed; all of them come again.
    Failed,
    /// The function was not run: too many of it are running, or it is not there.
    NotRun,
}

/// What a function says of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageFate {
    /// It went with a commit of the function's own.
    Settled,
    /// It is done, and goes.
    Done,
    /// It comes again after so long.
    Later(Duration),
    /// It comes again when the queue shows it again.
    Failed,
    /// It goes to the dead letters, with what a person reads there.
    Dead(String),
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Invoked {
    /// The function answered.
    Answered {
        /// What it answered.
        answer: Json,
    },
    /// The function failed: it said so, panicked, or took too long.
    Failed {
        /// `errorType: errorMessage`
        error: String,
    },
    /// The function was not run: too many of it are running, or it is not there.
    NotRun {
        /// Why.
        reason: String,
    },
}
