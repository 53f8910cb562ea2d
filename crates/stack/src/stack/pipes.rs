//! What a template says about pipes: what they read, what they let through, and to whom it is handed.

use std::time::Duration;

use delivery::bus::pipe_target::PipeParametersSpec;
use serde::{Deserialize, Serialize};
use types::{BusName, LogGroupName, PipeName, SortedMap};

use super::{FunctionReference, QueueReference, RoleReference, TableReference};

/// A pipe from a table's change stream or a queue to a function, a queue, an event bus or a log group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipe {
    /// Its name.
    pub name: PipeName,
    /// Its ARN.
    pub arn: String,
    /// What it reads.
    pub source: PipeSource,
    /// Event patterns as text, each valid in the pipe dialect; a record passes if any matches,
    /// and every record passes where there is none.
    pub filters: Vec<String>,
    /// The function that makes something else of records before they reach the target.
    #[serde(default)]
    pub enrichment: Option<Enrichment>,
    /// Where it begins on its very first start, if it reads a stream.
    pub starting_position: StartingPosition,
    /// How many records it hands over at once, at most.
    pub batch_size: u32,
    /// How long it waits for a batch to fill.
    pub batching_window: Duration,
    /// How many lanes read at the same time.
    pub parallelization_factor: u32,
    /// How often a batch is tried again; `None` until its records expire.
    pub maximum_retry_attempts: Option<u32>,
    /// How old a record may get before it is given up; `None` for no limit of its own.
    pub maximum_record_age: Option<Duration>,
    /// Whether a failing batch is split in halves.
    pub bisects: bool,
    /// Where given-up records go; without a queue they are dropped.
    pub dead_letter: Option<QueueReference>,
    /// Where it hands records to.
    pub target: PipeTarget,
    /// What goes with them.
    #[serde(default)]
    pub parameters: PipeParametersSpec,
    /// Whether it waits for the function's answer.
    pub invocation: Invocation,
    /// The role it runs as.
    pub role: RoleReference,
    /// Whether it runs.
    pub desired_state: DesiredState,
    /// What the template says about it.
    pub description: Option<String>,
    /// Its tags.
    pub tags: SortedMap<String, String>,
}

/// What a pipe reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PipeSource {
    /// The changes of a table.
    Table(TableReference),
    /// The messages of a queue.
    Queue {
        /// Which.
        queue: QueueReference,
    },
}

/// Where a pipe hands records to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PipeTarget {
    /// To a function.
    Function(FunctionReference),
    /// To a queue.
    Queue {
        /// Which.
        queue: QueueReference,
    },
    /// To an event bus.
    Bus {
        /// Which; it is of the template, or the default one.
        bus: BusName,
    },
    /// To a log group.
    LogGroup {
        /// Which.
        log_group: LogGroupName,
    },
}

/// The function that makes something else of a pipe's records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrichment {
    /// Which.
    pub function: FunctionReference,
    /// The template that is filled for it.
    pub input: Option<String>,
}

impl PipeSource {
    /// The table, if it is one.
    pub fn table(&self) -> Option<&TableReference> {
        match self {
            Self::Table(table) => Some(table),
            Self::Queue { .. } => None,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Table(table) => table.name.as_str(),
            Self::Queue { queue } => queue.name.as_str(),
        }
    }
}

impl PipeTarget {
    /// The function, if it is one.
    pub fn function(&self) -> Option<&FunctionReference> {
        match self {
            Self::Function(function) => Some(function),
            Self::Queue { .. } | Self::Bus { .. } | Self::LogGroup { .. } => None,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        match self {
            Self::Function(function) => function.name.as_str(),
            Self::Queue { queue } => queue.name.as_str(),
            Self::Bus { bus } => bus.as_str(),
            Self::LogGroup { log_group } => log_group.as_str(),
        }
    }
}

/// Where a pipe begins on its very first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartingPosition {
    /// With the oldest record that is kept.
    TrimHorizon,
    /// With the next one that is written.
    Latest,
}

/// Whether a pipe waits for its function's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Invocation {
    /// It waits, sees errors, and understands partial failures.
    RequestResponse,
    /// It hands over and goes on.
    FireAndForget,
}

/// Whether a pipe should run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DesiredState {
    /// It should.
    Running,
    /// It should not, but keeps its position.
    Stopped,
}
