//! Decides what is told of a server's vitals: counts since it started, and how things stand.
//!
//! Rates and latencies are for whoever asks twice to compute, as the difference of two answers; a smaller count than
//! before, or another process, is a server that has started again.

use serde::{Deserialize, Serialize};
use types::SortedMap;

/// How a server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vitals {
    /// When it was asked.
    pub at: String,
    /// A clock that only goes forward, for the time between two answers of one process.
    pub clock_micros: u64,
    /// The process.
    pub pid: u32,
    /// The routes of the public listener that were asked for.
    pub routes: Vec<Route>,
    /// How many connections follow an order.
    pub followers: u64,
    /// How many orders came to their end, by status.
    pub orders: Vec<Ended>,
    /// What completed orders came to, by currency.
    #[serde(default)]
    pub revenue: Vec<Revenue>,
    /// The steps of orders.
    pub steps: Vec<Worked>,
    /// The functions that were invoked.
    pub functions: Vec<Worked>,
    /// Whether the dependencies of orders are asked.
    pub breakers: Vec<Breaker>,
    /// The queues.
    pub queues: Vec<Queue>,
    /// The pipes.
    pub pipes: Vec<Pipe>,
    /// The disk.
    pub store: Store,
    /// The process's memory, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
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
    /// How long they took.
    pub took: Timings,
}

/// Orders that came to an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// `COMPLETED`, `FAILED` or `CANCELLED`.
    pub status: String,
    /// How many.
    pub count: u64,
    /// From their taking in to their end.
    pub took: Timings,
}

/// What completed orders came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revenue {
    /// Such as `USD`.
    pub currency: String,
    /// How much, in its smallest unit.
    pub minor: u64,
    /// How many digits of that stand behind the point.
    pub decimals: u8,
}

/// A step of orders, or a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Worked {
    /// What it is called.
    pub name: String,
    /// How often it ended in which way.
    pub by_outcome: SortedMap<String, u64>,
    /// How long it took.
    pub took: Timings,
}

/// How long things took: counts by upper ends, as a histogram of Prometheus has them, but not summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timings {
    /// The upper ends of the buckets.
    pub ends_micros: Vec<u64>,
    /// How many things are in each, and at last beyond the last end.
    pub counts: Vec<u64>,
    /// How long all took together.
    pub total_micros: u64,
}

/// Whether a dependency of orders is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Breaker {
    /// The function that asks it.
    pub function: String,
    /// Such as `payment`.
    pub dependency: String,
    /// `closed` while it is asked, `open` while it is not, `halfOpen` while one call tries it.
    pub position: String,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queue {
    /// Its name.
    pub queue: String,
    /// How many messages can be received.
    pub visible: u64,
    /// How many were received, and are hidden.
    pub in_flight: u64,
    /// How many cannot be received yet.
    pub delayed: u64,
    /// How long its oldest message has been there, if there is one that is not delayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_millis: Option<u64>,
}

/// A pipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pipe {
    /// Its name.
    pub pipe: String,
    /// Whether it runs.
    pub running: bool,
    /// How many entries of the log it has yet to look at.
    pub behind: u64,
    /// How many changes left the log before it read them.
    pub missed: u64,
}

/// What the disk had to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Store {
    /// Commits that are durable.
    pub commits: u64,
    /// Bytes that were written to the log.
    pub written_bytes: u64,
    /// Bytes of log that are kept.
    pub log_bytes: u64,
    /// How long it took to write and flush groups of commits.
    pub flushes: Timings,
}

/// The memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// All that it has in memory.
    pub resident_bytes: u64,
    /// What of it is not of files.
    pub anonymous_bytes: u64,
}
