//! Decides how requests to move the messages of a dead-letter queue are read, and how moves are told.
//!
//! The handle of a task is what AWS makes it: the task's id and the source's ARN, as JSON in base64.

use super::{Call, Code, Members, WireError, invalid, is_fifo, required};
use crate::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value as Json, json};
use types::{Account, Arn, QueueName, Timestamp};

/// A move of a queue's messages.
#[derive(Debug, Clone)]
pub struct MoveTask<'a> {
    /// Its id.
    pub id: &'a str,
    /// How far it is.
    pub state: MoveState<'a>,
    /// Where the messages go; `None` for each to where it came from.
    pub destination: Option<&'a QueueName>,
    /// At most so many in a second, if that was said.
    pub per_second: Option<u32>,
    /// How many were moved.
    pub moved: u64,
    /// How many there were to move when it began.
    pub to_move: Option<u64>,
    /// When it began.
    pub started_at: Timestamp,
}

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveState<'a> {
    /// Under way.
    Running,
    /// All messages are moved.
    Completed,
    /// Being stopped.
    Cancelling,
    /// Stopped by a client.
    Cancelled,
    /// Given up.
    Failed {
        /// Why, as AWS says it, such as `AWS.SimpleQueueService.NonExistentQueue`.
        reason: &'a str,
    },
}

pub(super) fn start(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let source = arn(required(members, "SourceArn")?, "SourceArn")?;
    let destination = members.text("DestinationArn")?.map(|text| arn(text, "DestinationArn")).transpose()?;
    if destination.as_ref() == Some(&source) {
        return Err(invalid("Source queue arn and destination queue arn cannot be the same."));
    }
    let per_second = bounded(members, "MaxNumberOfMessagesPerSecond", 500)?;
    let source = queue_of(&source, &context.account).ok_or_else(no_source)?;
    let destination = destination.map(|arn| queue_of(&arn, &context.account).ok_or_else(no_destination)).transpose()?;
    if destination.as_ref().is_some_and(|destination| is_fifo(destination) != is_fifo(&source)) {
        return Err(invalid("The source queue and destination queue must be of the same queue type."));
    }
    Ok(Call::StartMessageMoveTask { source, destination, per_second })
}

pub(super) fn list(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let source = arn(required(members, "SourceArn")?, "SourceArn")?;
    let limit = bounded(members, "MaxResults", 10)?.unwrap_or(1);
    let source = queue_of(&source, &context.account).ok_or_else(no_source)?;
    Ok(Call::ListMessageMoveTasks { source, limit: usize::try_from(limit).expect("bounded by 10") })
}

pub(super) fn cancel(members: Members<'_>, context: &Context) -> Result<Call, WireError> {
    let handle = required(members, "TaskHandle")?;
    let (source, task) = read_handle(handle).ok_or_else(|| invalid("Value for parameter TaskHandle is invalid."))?;
    let source = queue_of(&source, &context.account).ok_or_else(no_source)?;
    Ok(Call::CancelMessageMoveTask { source, task })
}

fn arn(text: &str, name: &str) -> Result<Arn, WireError> {
    text.parse().map_err(|_| {
        invalid(format!(
            "You must use this format to specify the {name}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        ))
    })
}

/// The queue of an ARN, if a queue of ours can have it.
fn queue_of(arn: &Arn, account: &Account) -> Option<QueueName> {
    let ours = &*arn.service == "sqs" && *arn.region == account.region && *arn.account == account.id;
    arn.resource.parse().ok().filter(|_| ours)
}

fn bounded(members: Members<'_>, name: &str, most: i64) -> Result<Option<u32>, WireError> {
    let Some(given) = members.integer(name)? else { return Ok(None) };
    u32::try_from(given).ok().filter(|_| (1..=most).contains(&given)).map(Some).ok_or_else(|| {
        invalid(format!(
            "Value for parameter {name} is invalid. Reason: You must enter a number that's between 1 and {most}."
        ))
    })
}

pub(super) fn no_source() -> WireError {
    let message = "The resource that you specified for the SourceArn parameter doesn't exist.";
    WireError::new(Code::ResourceNotFound, message)
}

pub(super) fn no_destination() -> WireError {
    let message = "The resource that you specified for the DestinationArn parameter doesn't exist.";
    WireError::new(Code::ResourceNotFound, message)
}

pub(super) fn handle(source: &QueueName, task: &str, account: &Account) -> String {
    let source = account.arn("sqs", source.as_str()).to_string();
    BASE64.encode(json!({ "taskId": task, "sourceArn": source }).to_string())
}

fn read_handle(handle: &str) -> Option<(Arn, String)> {
    let bytes = BASE64.decode(handle).ok()?;
    let parts: Map<String, Json> = serde_json::from_slice(&bytes).ok()?;
    let part = |name: &str| parts.get(name).and_then(Json::as_str);
    Some((part("sourceArn")?.parse().ok()?, part("taskId")?.to_owned()))
}

impl MoveTask<'_> {
    pub(super) fn spell(&self, source: &QueueName, account: &Account) -> Json {
        let arn = |queue: &QueueName| account.arn("sqs", queue.as_str()).to_string();
        let status = match self.state {
            MoveState::Running => "RUNNING",
            MoveState::Completed => "COMPLETED",
            MoveState::Cancelling => "CANCELLING",
            MoveState::Cancelled => "CANCELLED",
            MoveState::Failed { .. } => "FAILED",
        };
        let mut spelt = json!({
            "Status": status,
            "SourceArn": arn(source),
            "ApproximateNumberOfMessagesMoved": self.moved,
            "StartedTimestamp": self.started_at.millis(),
        });
        // Only a task that runs can be cancelled, so no other has a handle.
        if self.state == MoveState::Running {
            spelt["TaskHandle"] = handle(source, self.id, account).into();
        }
        if let Some(destination) = self.destination {
            spelt["DestinationArn"] = arn(destination).into();
        }
        if let Some(per_second) = self.per_second {
            spelt["MaxNumberOfMessagesPerSecond"] = per_second.into();
        }
        if let Some(to_move) = self.to_move {
            spelt["ApproximateNumberOfMessagesToMove"] = to_move.into();
        }
        if let MoveState::Failed { reason } = self.state {
            spelt["FailureReason"] = reason.into();
        }
        spelt
    }
}
