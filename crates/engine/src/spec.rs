//! Decides what can be deployed: the resources of one stack, with every reference resolved and every default filled in.
//!
//! Whoever reads templates makes these; the engine keeps them with the data, so that a stack is known again after a
//! restart without its template.

pub use crate::versions::Aim;
pub use delivery::bus::archive::ArchiveSpec;
pub use delivery::bus::endpoint::{ConnectionSpec, DestinationSpec};
pub use delivery::bus::input::{InputSpec, TransformerSpec};
pub use delivery::bus::pipe_target::PipeParametersSpec;
pub use delivery::bus::{RuleSpec, RuleState, TargetSpec};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::fmt;
pub use table::Projection;
use types::{
    AliasName, BusName, FunctionName, IndexName, KeySchema, LogGroupName, PipeName, Qualifier, QueueName, SortedMap,
    TableName, ViewType,
};

/// One stack's resources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackSpec {
    /// The stack's name: its template file's stem.
    pub name: String,
    /// Tables, with their streams.
    pub tables: Vec<TableSpec>,
    /// Queues.
    pub queues: Vec<QueueSpec>,
    /// Functions.
    pub functions: Vec<FunctionSpec>,
    /// Log groups, those of functions included.
    pub log_groups: Vec<LogGroupSpec>,
    /// Pipes.
    pub pipes: Vec<PipeSpec>,
    /// What hands the messages of queues to functions.
    #[serde(default)]
    pub pollers: Vec<PollerSpec>,
    /// What belongs to event buses.
    #[serde(default)]
    pub events: EventsSpec,
    /// Versions and aliases of functions.
    #[serde(default)]
    pub versions: VersionsSpec,
    /// What the reader of templates wants to find again to compare the next version with; opaque here.
    pub origin: Json,
}

/// What of a stack are versions and aliases of functions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VersionsSpec {
    /// Versions.
    pub published: Vec<VersionSpec>,
    /// Aliases.
    pub aliases: Vec<AliasSpec>,
    /// How versions and aliases do what nobody waits for.
    pub invoking: Vec<InvokingSpec>,
}

/// A version of a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionSpec {
    /// What its template calls it: one of another name is another version.
    pub id: String,
    /// The function.
    pub function: FunctionName,
    /// The number that it has, or is to be given.
    pub number: u64,
    /// What it is for.
    pub description: Option<String>,
}

/// A name that stands for versions of a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AliasSpec {
    /// The function.
    pub function: FunctionName,
    /// Its name.
    pub name: AliasName,
    /// What it stands for.
    pub aim: Aim,
    /// What it is for.
    pub description: String,
}

/// How a version or alias does what nobody waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvokingSpec {
    /// The function.
    pub function: FunctionName,
    /// The version or alias.
    pub qualifier: Qualifier,
    /// How.
    pub asynchronous: AsynchronousSpec,
}

/// What of a stack belongs to event buses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EventsSpec {
    /// Buses.
    pub buses: Vec<BusSpec>,
    /// Rules, on buses of this stack or others.
    pub rules: Vec<BusRuleSpec>,
    /// Archives.
    pub archives: Vec<ArchiveSpec>,
    /// As whom HTTP endpoints are called.
    #[serde(default)]
    pub connections: Vec<Known<ConnectionSpec>>,
    /// HTTP endpoints.
    #[serde(default)]
    pub destinations: Vec<Known<DestinationSpec>>,
}

/// What is known by an id beside its name, which its ARN ends with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known<T> {
    /// The id.
    pub id: String,
    /// What it is.
    pub spec: T,
}

/// An event bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusSpec {
    /// Its name.
    pub name: BusName,
    /// What it is for.
    pub description: Option<String>,
}

/// A rule of a bus, with its targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusRuleSpec {
    /// The bus.
    pub bus: BusName,
    /// What it waits for.
    pub rule: RuleSpec,
    /// The role that it would have on AWS.
    pub role: Option<String>,
    /// Where it sends events.
    pub targets: Vec<TargetSpec>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableSpec {
    /// Its name.
    pub name: TableName,
    /// Its key.
    pub keys: KeySchema,
    /// What its stream shows, if it has one.
    pub view: Option<ViewType>,
    /// The other orders in which its items can be asked for.
    #[serde(default)]
    pub indexes: Vec<IndexSpec>,
    /// The attribute that says, in seconds since 1970, when an item is to go.
    #[serde(default)]
    pub expires_by: Option<String>,
}

/// A secondary index of a table. An item that lacks one of its attributes, or has another type there, is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexSpec {
    /// Its name.
    pub name: IndexName,
    /// By what items are found.
    pub keys: KeySchema,
    /// What is given of an item that was found.
    pub projection: Projection,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueSpec {
    /// Its name.
    pub name: QueueName,
    /// How long a received message is hidden.
    pub visible_for_seconds: u32,
    /// How long a message is kept.
    pub retention_seconds: u32,
    /// How long a sent message is hidden at first.
    pub delay_seconds: u32,
    /// The longest body.
    pub message_bytes_max: u32,
    /// How long a receive waits for a message when it does not say.
    pub wait_seconds: u32,
    /// Where messages go that are received too often.
    #[serde(default)]
    pub redrive: Option<RedriveSpec>,
    /// Whether it hands messages out in order, and what it takes for the same message; `None` for a standard queue.
    #[serde(default)]
    pub fifo: Option<FifoSpec>,
}

/// When a message is taken for poison, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedriveSpec {
    /// The queue that takes it.
    pub dead_letters: QueueName,
    /// How often it may be received before that.
    pub receives_max: u32,
}

/// How a queue keeps order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FifoSpec {
    /// Whether messages with the same body are the same message when their sender does not say.
    pub deduplicates_by_content: bool,
    /// Whether the same message in two groups is two messages.
    pub deduplicates_in_groups: bool,
}

/// What receives the messages of a queue and hands them to a function: an event source mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollerSpec {
    /// The queue.
    pub queue: QueueName,
    /// The function.
    pub function: FunctionName,
    /// The most messages of one batch.
    pub batch_size: u32,
    /// How long a batch that is not full waits for more.
    pub window_seconds: u32,
    /// How many batches may be under way at once; `None` for as many as the function takes.
    pub concurrency: Option<u32>,
    /// Which version or alias of the function, if not the function as it is.
    #[serde(default)]
    pub qualifier: Option<Qualifier>,
    /// Whether the function's answer names the messages that failed; otherwise all of a batch fail or none.
    pub names_failures: bool,
    /// Patterns, one of which a message must match; one that matches none is deleted. None lets everything through.
    pub filters: Vec<String>,
    /// Whether it should run.
    pub running: bool,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionSpec {
    /// Its name.
    pub name: FunctionName,
    /// Which built-in handler it is.
    pub handler: String,
    /// The runtime that the template names.
    pub runtime: String,
    /// How long one invocation may take.
    pub timeout_seconds: u32,
    /// What it is given, as REPORT lines say.
    pub memory_mb: u32,
    /// How many invocations may run at once; `None` for as many as are asked for.
    pub concurrency: Option<u32>,
    /// Its environment variables.
    pub environment: SortedMap<String, String>,
    /// Where its lines go.
    pub log_group: LogGroupName,
    /// What the template says it is for.
    pub description: String,
    /// The ARN of its role.
    pub role: String,
    /// How it does what nobody waits for.
    #[serde(default)]
    pub asynchronous: AsynchronousSpec,
}

/// How a function does what nobody waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsynchronousSpec {
    /// How often an event is tried again that the function failed on.
    pub retries: u32,
    /// How old an event may get before it is given up.
    pub max_age_seconds: u32,
    /// Where it is told what the function answered.
    pub on_success: Option<Destination>,
    /// Where it is told that an event was given up, and why.
    pub on_failure: Option<Destination>,
    /// Where events go that were given up, as they are.
    pub dead_letters: Option<QueueName>,
    /// Whether the template says so, and does not only leave it as is usual.
    #[serde(default)]
    pub is_said: bool,
}

impl Default for AsynchronousSpec {
    fn default() -> Self {
        let (on_success, on_failure) = (None, None);
        Self { retries: 2, max_age_seconds: 6 * 60 * 60, on_success, on_failure, dead_letters: None, is_said: false }
    }
}

impl AsynchronousSpec {
    /// The queues that it names.
    pub fn queues(&self) -> impl Iterator<Item = &QueueName> {
        let told = [&self.on_success, &self.on_failure].into_iter().flatten().filter_map(|to| match to {
            Destination::Queue(queue) => Some(queue),
            Destination::Function(_) => None,
        });
        told.chain(&self.dead_letters)
    }
}

/// Who is told what became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// A queue.
    Queue(QueueName),
    /// A function, which nobody waits for either.
    Function(FunctionName),
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogGroupSpec {
    /// Its name.
    pub name: LogGroupName,
    /// How many days lines are kept; `None` for ever.
    pub retention_days: Option<u32>,
}

/// A pipe from a table's stream or a queue to a function, a queue, an event bus or a log group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PipeSpec {
    /// Its name.
    pub name: PipeName,
    /// What it reads.
    pub source: PipeSource,
    /// Up to five patterns, one of which a record must match; none lets everything through.
    pub filters: Vec<String>,
    /// The function that makes something else of records before they reach the target.
    #[serde(default)]
    pub enrichment: Option<EnrichmentSpec>,
    /// Where it hands records to.
    pub target: PipeTarget,
    /// Which version or alias of a function, if it is one and not as it is.
    #[serde(default)]
    pub qualifier: Option<Qualifier>,
    /// What goes with them.
    #[serde(default)]
    pub parameters: PipeParametersSpec,
    /// Whether it waits for a function's answer.
    pub invocation: InvocationType,
    /// The most records of one batch.
    pub batch_size: u32,
    /// How long a batch that is not full waits for more.
    pub window_seconds: u32,
    /// Of a stream: how many batches may be under way at once; records of one key stay in order.
    pub lanes: u32,
    /// Of a stream: how often a failed batch is tried again; `None` until its records expire.
    pub retries: Option<u32>,
    /// Of a stream: how old a record may get before it is given up.
    pub max_age_seconds: Option<u32>,
    /// Of a stream: whether a failed batch is halved until the faulty record stands alone.
    pub bisect: bool,
    /// Of a stream: where it begins when it runs for the first time.
    pub start: StartingPosition,
    /// Of a stream: where records go that are given up.
    pub dead_letters: Option<QueueName>,
    /// Whether it should run.
    pub running: bool,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// The ARN of the role that it would have on AWS.
    #[serde(default)]
    pub role: Option<String>,
    /// What people have written on it.
    #[serde(default)]
    pub tags: SortedMap<String, String>,
}

/// What a pipe reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PipeSource {
    /// The changes of a table.
    Table(TableName),
    /// The messages of a queue.
    Queue {
        /// Which.
        queue: QueueName,
    },
}

/// Where a pipe hands records to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PipeTarget {
    /// To a function.
    Function(FunctionName),
    /// To a queue, each as a message.
    Queue {
        /// Which.
        queue: QueueName,
    },
    /// To an event bus, each as an event.
    Bus {
        /// Which.
        bus: BusName,
    },
    /// To a log group, each as a line.
    LogGroup {
        /// Which.
        log_group: LogGroupName,
    },
}

/// The function that makes something else of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrichmentSpec {
    /// Which.
    pub function: FunctionName,
    /// Which version or alias of it, if not the function as it is.
    #[serde(default)]
    pub qualifier: Option<Qualifier>,
    /// A template that is filled for each record; none gives the record itself.
    pub input: Option<String>,
}

impl PipeSource {
    /// The table, if it is one.
    pub fn table(&self) -> Option<&TableName> {
        match self {
            Self::Table(table) => Some(table),
            Self::Queue { .. } => None,
        }
    }

    /// The queue, if it is one.
    pub fn queue(&self) -> Option<&QueueName> {
        match self {
            Self::Queue { queue } => Some(queue),
            Self::Table(_) => None,
        }
    }
}

impl PipeTarget {
    /// The function, if it is one.
    pub fn function(&self) -> Option<&FunctionName> {
        match self {
            Self::Function(function) => Some(function),
            Self::Queue { .. } | Self::Bus { .. } | Self::LogGroup { .. } => None,
        }
    }
}

impl fmt::Display for PipeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => f.write_str(table.as_str()),
            Self::Queue { queue } => write!(f, "queue {queue}"),
        }
    }
}

impl fmt::Display for PipeTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(function) => f.write_str(function.as_str()),
            Self::Queue { queue } => write!(f, "queue {queue}"),
            Self::Bus { bus } => write!(f, "event bus {bus}"),
            Self::LogGroup { log_group } => write!(f, "log group {log_group}"),
        }
    }
}

impl PipeSpec {
    /// Whether records reach their target as they are, and that is a function.
    pub fn is_plain(&self) -> bool {
        self.enrichment.is_none() && self.parameters.input.is_none() && self.target.function().is_some()
    }
}

/// Whether a pipe waits for the function's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvocationType {
    /// It waits, and the answer decides.
    RequestResponse,
    /// The function's own queue takes the batch over.
    FireAndForget,
}

/// Where a pipe begins when it runs for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StartingPosition {
    /// With the oldest change that is still there.
    TrimHorizon,
    /// With the next change.
    Latest,
}
