//! Says what a month of traffic costs on AWS: a [`Usage`] and [`Prices`] go in, a [`Bill`] comes out.
//!
//! Start at [`Bill::of`]. What a month's usage is decide [`measured`], from what a server counted, and [`estimate`],
//! from a template and a number of orders alone; both say what they took for granted. Nothing is rounded on the way:
//! quantities are whole millionths of a unit, prices whole 10^-18 dollars, so that what is split adds up again.
//!
//! Data that leaves AWS, taxes, support and contracts are left out.
//!
//! ```
//! use stack::cost::{Bill, FreeTier, Prices, QueueUsage, Usage};
//!
//! let queue = QueueUsage { name: "orders".into(), fifo: false, requests: 3_000_000 };
//! let usage = Usage { queues: vec![queue], ..Usage::default() };
//! let bill = Bill::of(&usage, &Prices::built_in(), FreeTier::Left);
//! assert_eq!(bill.total().to_string(), "$1.20");
//! ```

mod bill;
mod estimate;
mod exact;
mod measured;
mod path;
mod prices;
#[cfg(test)]
mod tests;

pub use bill::{Bill, Line, Part, Saving, Service};
pub use estimate::{NoWay, estimate};
pub use exact::{Money, Quantity};
pub use measured::{
    Measured, MeasuredFunction, MeasuredLogs, MeasuredPipe, MeasuredQueue, MeasuredTable, NothingMeasured, Period,
    measured,
};
pub use prices::{PriceError, Prices, Tariff};

/// The hours of a month, as AWS counts them.
pub const HOURS_IN_MONTH: u64 = 730;

/// Whether what is free for ever is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreeTier {
    /// It is: nothing else of the account uses it.
    Taken,
    /// It is not.
    Left,
}

/// What a stack uses in a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of tables.
    pub tables: Vec<TableUsage>,
    /// Of functions.
    pub functions: Vec<FunctionUsage>,
    /// Of pipes.
    pub pipes: Vec<PipeUsage>,
    /// Of queues.
    pub queues: Vec<QueueUsage>,
    /// Of APIs.
    pub apis: Vec<ApiUsage>,
    /// Of log groups.
    pub logs: Vec<LogUsage>,
    /// Events of one's own that are put on buses, each 64 KB of one counted.
    pub bus_events: u64,
    /// Metrics of one's own.
    pub metrics: u64,
    /// Metrics that alarms look at.
    pub alarms: u64,
    /// Dashboards.
    pub dashboards: u64,
}

/// What a table is asked in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableUsage {
    /// Its name.
    pub name: String,
    /// How it is paid for.
    pub capacity: Capacity,
    /// The bytes that it keeps for the month.
    pub stored_bytes: u64,
}

/// How a table's requests are paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// By request unit.
    Asked {
        /// A unit writes 1 KB.
        write_units: u64,
        /// A unit reads 4 KB.
        read_units: u64,
    },
    /// By what is kept ready.
    Ready {
        /// Units that are kept ready for writes.
        write_units: u32,
        /// Units that are kept ready for reads.
        read_units: u32,
    },
}

/// What a function does in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionUsage {
    /// Its name.
    pub name: String,
    /// What it runs on.
    pub architecture: Architecture,
    /// Its memory.
    pub memory_mib: u32,
    /// How often it runs.
    pub invocations: u64,
    /// The milliseconds that it begins.
    pub millis: u64,
}

/// What a function runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// `arm64`
    Arm,
    /// `x86_64`
    X86,
}

/// What a pipe hands on in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipeUsage {
    /// Its name.
    pub name: String,
    /// What passed its filters, each 64 KB of a record counted.
    pub requests: u64,
    /// What its filters stopped, and what that would have cost if the function had to stop it.
    pub stopped: Stopped,
}

/// What filters keep from happening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Records.
    pub records: u64,
    /// The requests that they would have been for the pipe.
    pub requests: u64,
    /// What the pipe's function would have done in addition.
    pub function: FunctionUsage,
    /// What it would have printed in addition.
    pub log_bytes: u64,
}

/// What a queue is asked in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUsage {
    /// Its name.
    pub name: String,
    /// Whether it keeps order.
    pub fifo: bool,
    /// The requests, each 64 KB of one counted.
    pub requests: u64,
}

/// What an API is asked in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUsage {
    /// Its name.
    pub name: String,
    /// The requests that are paid for.
    pub requests: u64,
    /// The size of its cache, if it has one.
    pub cache_mib: Option<u32>,
}

/// What a log group takes in in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogUsage {
    /// Its name.
    pub name: String,
    /// Whether a function prints it.
    pub of_function: bool,
    /// Its bytes.
    pub bytes: u64,
    /// The days that it is kept; at most the month counts.
    pub kept_days: u64,
}

/// A month's usage, and what was taken for granted to come to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// The usage.
    pub usage: Usage,
    /// The orders of the month, if that is known.
    pub orders: Option<u64>,
    /// What was taken for granted, a sentence each.
    pub assumptions: Vec<String>,
}

/// How many blocks of so many bytes are begun; at least one.
fn blocks(bytes: u64, of: u64) -> u64 {
    bytes.div_ceil(of).max(1)
}
