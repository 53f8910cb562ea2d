//! Decides what is told to clients: the answers under `/_orderflow/`, which are also what `--json` prints.
//!
//! These types cross the network and are read by other people's programs, so they only ever grow. They are made from
//! the engine's types in [`crate::ask`], those of what only a server counts ([`traffic`], [`vitals`]) by the server, and
//! drawn by `commands`; whether a view came from a server or from the data directory cannot be seen in it. Instants are
//! ISO 8601 in UTC, places in the order of things are the 21 digits of stream records, attribute values are DynamoDB's
//! JSON.

pub mod keys;
pub mod letters;
pub mod order;
pub mod traffic;
pub mod vitals;

use serde::{Deserialize, Serialize};

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// What is wrong.
    pub error: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A server that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`
    pub status: String,
    /// The program's version.
    pub version: String,
    /// The process.
    pub pid: u32,
    /// Where the admin listener listens.
    pub admin: String,
    /// Where customers are served, as a URL.
    pub public: String,
    /// Where everything is kept.
    pub directory: String,
    /// The account that its ARNs name.
    pub account: String,
    /// The region that its ARNs name.
    pub region: String,
    /// The stacks that run.
    pub stacks: Vec<String>,
    /// The tables that are served.
    pub tables: Vec<Table>,
    /// Whether a stack that runs takes orders over HTTP, where customers are served.
    #[serde(default)]
    pub takes_orders: bool,
}

/// A table that is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Its name.
    pub(crate) name: String,
    /// The stack it belongs to.
    pub(crate) stack: String,
    /// How it keeps orders, if its name or the functions behind its pipes say so.
    pub(crate) layout: Option<Layout>,
}

/// How a table keeps orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// `status`, `amount`, `createdAt`, `updatedAt`.
    NewOrders,
    /// `orderStatus`, `orderAmount`, `orderDate`.
    Orders,
    /// `status`, `amountMinor`, `currency`, `createdAt`: as the shop front keeps what it takes over HTTP.
    Shop,
}

/// The pipes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pipes {
    /// One for each.
    pub(crate) pipes: Vec<Pipe>,
}

/// How a pipe is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pipe {
    /// Its name.
    pub(crate) pipe: String,
    /// The table whose changes it reads.
    pub(crate) table: String,
    /// The function it delivers to.
    pub(crate) function: String,
    /// Whether it runs.
    pub(crate) running: bool,
    /// How far its slowest lane is.
    pub(crate) done: String,
    /// How far it could be.
    pub(crate) head: String,
    /// How many entries of the log it has yet to look at, most of which may be other tables' or its own.
    pub(crate) behind: u64,
    /// How many changes left the log before it read them.
    pub(crate) missed: u64,
}

/// The groups of what functions print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogGroups {
    /// By name.
    pub(crate) groups: Vec<LogGroup>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogGroup {
    /// Its name.
    pub(crate) name: String,
    /// The bytes it takes up on disk.
    pub(crate) stored_bytes: u64,
    /// For how many days lines are kept; `null` for ever.
    pub(crate) retention_days: Option<u32>,
    /// When its newest line was printed, if it has any.
    pub(crate) last_line_at: Option<String>,
}

/// Lines of a group, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogLines {
    /// The group's full name.
    pub(crate) group: String,
    /// The lines.
    pub(crate) lines: Vec<LogLine>,
    /// What to ask `after` for lines that come later.
    pub(crate) after: String,
    /// Whether there are more lines of what was asked for: newer ones if `after` was given, else older ones.
    pub(crate) more: bool,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogLine {
    /// When.
    pub(crate) at: String,
    /// The stream within the group.
    pub(crate) stream: String,
    /// What was printed, without the line end behind it.
    pub(crate) message: String,
}

/// What a check of the data found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// How many entries of the log were read.
    pub(crate) entries: u64,
    /// How many items of the index were compared with the log.
    pub(crate) compared: u64,
    /// What is not as it should be, in words; nothing if all is well.
    pub(crate) findings: Vec<String>,
    /// What opening the directory has repaired or noticed, in words; empty if a server answered.
    pub(crate) notes: Vec<String>,
}

#[cfg(test)]
mod tests;
