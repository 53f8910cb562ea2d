//! Decides what is told of a server's traffic: what was asked of each of its parts since it started, in the sizes that
//! AWS would charge for.

use serde::{Deserialize, Serialize};
use types::SortedMap;

/// What was asked of a server since it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// When it was asked.
    pub at: String,
    /// Since when it is counted.
    pub since_micros: u64,
    /// The routes of the public listener.
    pub routes: Vec<Route>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The queues.
    pub queues: Vec<Queue>,
    /// The pipes.
    pub pipes: Vec<Pipe>,
    /// The functions.
    pub functions: Vec<Function>,
    /// The log groups that took lines in.
    pub logs: Vec<LogGroup>,
    /// The buses that took events.
    #[serde(default)]
    pub buses: Vec<Bus>,
    /// How many metrics of one's own there are: those that this engine measures of itself are not among them.
    #[serde(default)]
    pub own_metrics: u64,
}

/// What a bus was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bus {
    /// Its name.
    pub bus: String,
    /// Events that were put.
    pub events: u64,
    /// Blocks of 64 KiB of them.
    pub event_blocks: u64,
    /// Events that a rule wanted.
    pub matched: u64,
}

/// Requests of one route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Its path as the template has it; empty for requests that no route is for.
    pub route: String,
    /// Its method.
    pub method: String,
    /// How many were answered with which status.
    pub by_status: SortedMap<String, u64>,
}

/// What a table was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Its name.
    pub table: String,
    /// How many items it has.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Items that were new.
    pub inserts: u64,
    /// Changes of items.
    pub writes: u64,
    /// Blocks of 1 KiB that were written.
    pub write_blocks: u64,
    /// Those of them that were written together with other items, all or none.
    pub blocks_together: u64,
    /// Reads.
    pub reads: u64,
    /// Blocks of 4 KiB that were read.
    pub read_blocks: u64,
}

/// What a queue was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// Its name.
    pub queue: String,
    /// Messages that were sent.
    pub sent: u64,
    /// Blocks of 64 KiB of them.
    pub sent_blocks: u64,
    /// Receives that found something.
    pub receives: u64,
    /// Receives of clients that found nothing.
    #[serde(default)]
    pub empty_receives: u64,
    /// Messages that were received.
    pub received: u64,
    /// Messages that were deleted.
    pub deleted: u64,
    /// How often a message was hidden for another time.
    pub hidden: u64,
}

/// What a pipe read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pipe {
    /// Its name.
    pub pipe: String,
    /// Records that its filters let through.
    pub passed: u64,
    /// Blocks of 64 KiB of them.
    pub passed_blocks: u64,
    /// Records that its filters stopped.
    pub stopped: u64,
    /// Blocks of 64 KiB of them.
    pub stopped_blocks: u64,
}

/// What a function did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    /// Its name.
    pub function: String,
    /// How often it ran.
    pub invocations: u64,
    /// The milliseconds that it began.
    pub millis: u64,
}

/// What a log group took in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogGroup {
    /// Its name.
    pub group: String,
    /// How many lines.
    pub lines: u64,
    /// Their bytes.
    pub bytes: u64,
}
