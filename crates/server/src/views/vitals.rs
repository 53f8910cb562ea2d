//! Decides what is told of a server's vitals: counts since it started, and how things stand.
//!
//! Rates and latencies are for whoever asks twice to compute, as the difference of two answers; a smaller count than
//! before, or another process, is a server that has started again.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Vitals {
    /// When it was asked.
    pub(crate) at: String,
    /// A clock that only goes forward, for the time between two answers of one process.
    pub(crate) clock_micros: u64,
    /// The process.
    pub(crate) pid: u32,
    /// The routes of the public listener that were asked for.
    pub(crate) routes: Vec<Route>,
    /// How many connections follow an order.
    pub(crate) followers: u64,
    /// How many orders came to their end, by status.
    pub(crate) orders: Vec<Ended>,
    /// What completed orders came to, by currency.
    #[serde(default)]
    pub(crate) revenue: Vec<Revenue>,
    /// The steps of orders.
    pub(crate) steps: Vec<Worked>,
    /// The functions that were invoked.
    pub(crate) functions: Vec<Worked>,
    /// Whether the dependencies of orders are asked.
    pub(crate) breakers: Vec<Breaker>,
    /// The queues.
    pub(crate) queues: Vec<Queue>,
    /// The pipes.
    pub(crate) pipes: Vec<Pipe>,
    /// The disk.
    pub(crate) store: Store,
    /// The process's memory, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memory: Option<Memory>,
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
    /// How long they took.
    pub(crate) took: Timings,
}

/// Orders that came to an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ended {
    /// `COMPLETED`, `FAILED` or `CANCELLED`.
    pub(crate) status: String,
    /// How many.
    pub(crate) count: u64,
    /// From their taking in to their end.
    pub(crate) took: Timings,
}

/// What completed orders came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Revenue {
    /// Such as `USD`.
    pub(crate) currency: String,
    /// How much, in its smallest unit.
    pub(crate) minor: u64,
    /// How many digits of that stand behind the point.
    pub(crate) decimals: u8,
}

/// A step of orders, or a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Worked {
    /// What it is called.
    pub(crate) name: String,
    /// How often it ended in which way.
    pub(crate) by_outcome: BTreeMap<String, u64>,
    /// How long it took.
    pub(crate) took: Timings,
}

/// How long things took: counts by upper ends, as a histogram of Prometheus has them, but not summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Timings {
    /// The upper ends of the buckets.
    pub(crate) ends_micros: Vec<u64>,
    /// How many things are in each, and at last beyond the last end.
    pub(crate) counts: Vec<u64>,
    /// How long all took together.
    pub(crate) total_micros: u64,
}

/// Whether a dependency of orders is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Breaker {
    /// The function that asks it.
    pub(crate) function: String,
    /// Such as `payment`.
    pub(crate) dependency: String,
    /// `closed` while it is asked, `open` while it is not, `halfOpen` while one call tries it.
    pub(crate) position: String,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Queue {
    /// Its name.
    pub(crate) queue: String,
    /// How many messages can be received.
    pub(crate) visible: u64,
    /// How many were received, and are hidden.
    pub(crate) in_flight: u64,
    /// How many cannot be received yet.
    pub(crate) delayed: u64,
    /// How long its oldest message has been there, if there is one that is not delayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) oldest_millis: Option<u64>,
}

/// A pipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pipe {
    /// Its name.
    pub(crate) pipe: String,
    /// Whether it runs.
    pub(crate) running: bool,
    /// How many entries of the log it has yet to look at.
    pub(crate) behind: u64,
    /// How many changes left the log before it read them.
    pub(crate) missed: u64,
}

/// What the disk had to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Store {
    /// Commits that are durable.
    pub(crate) commits: u64,
    /// Bytes that were written to the log.
    pub(crate) written_bytes: u64,
    /// Bytes of log that are kept.
    pub(crate) log_bytes: u64,
    /// How long it took to write and flush groups of commits.
    pub(crate) flushes: Timings,
}

/// The memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Memory {
    /// All that it has in memory.
    pub(crate) resident_bytes: u64,
    /// What of it is not of files.
    pub(crate) anonymous_bytes: u64,
}
