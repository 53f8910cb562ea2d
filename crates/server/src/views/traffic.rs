//! Decides what is told of a server's traffic: what was asked of each of its parts since it started, in the sizes that
//! AWS would charge for.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What was asked of a server since it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Traffic {
    /// When it was asked.
    pub(crate) at: String,
    /// Since when it is counted.
    pub(crate) since_micros: u64,
    /// The routes of the public listener.
    pub(crate) routes: Vec<Route>,
    /// The tables.
    pub(crate) tables: Vec<Table>,
    /// The queues.
    pub(crate) queues: Vec<Queue>,
    /// The pipes.
    pub(crate) pipes: Vec<Pipe>,
    /// The functions.
    pub(crate) functions: Vec<Function>,
    /// The log groups that took lines in.
    pub(crate) logs: Vec<LogGroup>,
    /// The buses that took events.
    #[serde(default)]
    pub(crate) buses: Vec<Bus>,
    /// How many metrics of one's own there are: those that this engine measures of itself are not among them.
    #[serde(default)]
    pub(crate) own_metrics: u64,
}

/// What a bus was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bus {
    /// Its name.
    pub(crate) bus: String,
    /// Events that were put.
    pub(crate) events: u64,
    /// Blocks of 64 KiB of them.
    pub(crate) event_blocks: u64,
    /// Events that a rule wanted.
    pub(crate) matched: u64,
}

/// Requests of one route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Route {
    /// Its path as the template has it; empty for requests that no route is for.
    pub(crate) route: String,
    /// Its method.
    pub(crate) method: String,
    /// How many were answered with which status.
    pub(crate) by_status: BTreeMap<String, u64>,
}

/// What a table was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Table {
    /// Its name.
    pub(crate) table: String,
    /// How many items it has.
    pub(crate) items: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Items that were new.
    pub(crate) inserts: u64,
    /// Changes of items.
    pub(crate) writes: u64,
    /// Blocks of 1 KiB that were written.
    pub(crate) write_blocks: u64,
    /// Those of them that were written together with other items, all or none.
    pub(crate) blocks_together: u64,
    /// Reads.
    pub(crate) reads: u64,
    /// Blocks of 4 KiB that were read.
    pub(crate) read_blocks: u64,
}

/// What a queue was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Queue {
    /// Its name.
    pub(crate) queue: String,
    /// Messages that were sent.
    pub(crate) sent: u64,
    /// Blocks of 64 KiB of them.
    pub(crate) sent_blocks: u64,
    /// Receives that found something.
    pub(crate) receives: u64,
    /// Receives of clients that found nothing.
    #[serde(default)]
    pub(crate) empty_receives: u64,
    /// Messages that were received.
    pub(crate) received: u64,
    /// Messages that were deleted.
    pub(crate) deleted: u64,
    /// How often a message was hidden for another time.
    pub(crate) hidden: u64,
}

/// What a pipe read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pipe {
    /// Its name.
    pub(crate) pipe: String,
    /// Records that its filters let through.
    pub(crate) passed: u64,
    /// Blocks of 64 KiB of them.
    pub(crate) passed_blocks: u64,
    /// Records that its filters stopped.
    pub(crate) stopped: u64,
    /// Blocks of 64 KiB of them.
    pub(crate) stopped_blocks: u64,
}

/// What a function did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Function {
    /// Its name.
    pub(crate) function: String,
    /// How often it ran.
    pub(crate) invocations: u64,
    /// The milliseconds that it began.
    pub(crate) millis: u64,
}

/// What a log group took in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogGroup {
    /// Its name.
    pub(crate) group: String,
    /// How many lines.
    pub(crate) lines: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}
