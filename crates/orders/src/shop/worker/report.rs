//! Decides what is said of each step: one line of JSON for the log, and one call to whoever counts.
//!
//! Invariant: no line has anything of the customer in it; orders are named by their ids.

use super::super::order::Order;
use super::super::ports::Settle;
use super::super::status::Status;
use super::super::workflow::Then;
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::time::Duration;

/// Takes each line; none has a line end of its own.
pub type Log<'l> = dyn FnMut(&str) + Send + 'l;

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepOutcome {
    /// The order went on.
    Done,
    /// It did not succeed, and is tried again later.
    Retried,
    /// The order ended as failed.
    Failed,
    /// The order ended as failed, and its message went to the dead letters.
    DeadLettered,
    /// The order ended as called off.
    Cancelled,
    /// The order stays, and something of it is or was taken back.
    TakingBack,
}

impl StepOutcome {
    /// As logs and metrics call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retried => "retried",
            Self::Failed => "failed",
            Self::DeadLettered => "dead_lettered",
            Self::Cancelled => "cancelled",
            Self::TakingBack => "taking_back",
        }
    }
}

/// A step that was written.
#[derive(Debug)]
pub struct Observed<'a> {
    /// Where the order stood.
    pub step: Status,
    /// What came of it.
    pub outcome: StepOutcome,
    /// How long it took until it was written.
    pub took: Duration,
    /// The order as it is now.
    pub order: &'a Order,
}

/// Hears of each step that was written.
pub trait Observer: Send + Sync {
    /// Hears of one.
    fn step(&self, observed: &Observed<'_>);
}

/// Nobody counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn step(&self, _: &Observed<'_>) {}
}

/// What there is to say about a step.
pub(super) struct Report<'a> {
    pub(super) before: &'a Order,
    pub(super) after: &'a Order,
    pub(super) then: &'a Then,
    pub(super) took: Duration,
    /// What a dependency said that did not do its work.
    pub(super) trouble: Option<&'a str>,
}

impl Report<'_> {
    pub(super) fn give(&self, observer: &dyn Observer, log: &mut Log<'_>) {
        let (before, after, outcome) = (self.before, self.after, self.outcome());
        observer.step(&Observed { step: before.status, outcome, took: self.took, order: after });
        let level = match outcome {
            StepOutcome::Done | StepOutcome::Cancelled => "INFO",
            StepOutcome::Retried | StepOutcome::TakingBack | StepOutcome::Failed => "WARN",
            StepOutcome::DeadLettered => "ERROR",
        };
        let mut message = String::with_capacity(64);
        message.push_str(before.status.name());
        match outcome {
            StepOutcome::Retried => message.push_str(" is tried again later"),
            StepOutcome::TakingBack => message.push_str(" is taken back"),
            StepOutcome::Done | StepOutcome::Cancelled | StepOutcome::Failed | StepOutcome::DeadLettered => {
                message.push_str(" → ");
                message.push_str(after.status.name());
            }
        }
        let error = after.error.as_ref().filter(|_| after.status == Status::Failed).map(|error| error.code.as_str());
        for why in error.into_iter().chain(self.trouble) {
            message.push_str(": ");
            message.push_str(why);
        }
        let attempt = before.progress.attempts.saturating_add(1);
        let micros = (self.took.as_nanos() + 500) / 1000;
        // Put together piece by piece, as an order has several of these lines.
        let mut line = String::with_capacity(320);
        line.push_str("{\"level\":\"");
        line.push_str(level);
        line.push_str("\",\"message\":");
        quote(&message, &mut line);
        line.push_str(",\"correlationId\":");
        quote(&before.correlation, &mut line);
        line.push_str(",\"orderId\":");
        quote(&before.id, &mut line);
        line.push_str(",\"status\":\"");
        line.push_str(after.status.name());
        let (millis, rest) = (micros / 1000, micros % 1000);
        write!(line, "\",\"attempt\":{attempt},\"durationMs\":{millis}.{rest:03}}}")
            .expect("a text takes what it is given");
        log(&line);
    }

    fn outcome(&self) -> StepOutcome {
        let (before, after) = (self.before.status, self.after.status);
        match (self.then, after) {
            (Then::Settle(Settle::Dead { .. }), _) => StepOutcome::DeadLettered,
            (Then::Wait(_), _) => StepOutcome::Retried,
            (_, same) if same == before => StepOutcome::TakingBack,
            (_, Status::Failed) => StepOutcome::Failed,
            (_, Status::Cancelled) => StepOutcome::Cancelled,
            (_, _) => StepOutcome::Done,
        }
    }
}

/// Says why an order is left alone.
pub(super) fn trouble(log: &mut Log<'_>, level: &str, message: &str, order_id: Option<&str>) {
    let mut line = format!("{{\"level\":\"{level}\",\"message\":");
    quote(message, &mut line);
    if let Some(id) = order_id {
        line.push_str(",\"orderId\":");
        quote(id, &mut line);
    }
    line.push('}');
    log(&line);
}

/// Writes a text in JSON, whatever is in it.
fn quote(text: &str, line: &mut String) {
    let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        line.push('"');
        line.push_str(text);
        line.push('"');
    } else {
        line.push_str(&Json::from(text).to_string());
    }
}
