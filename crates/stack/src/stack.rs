//! The typed, complete description of the resources that a template asks for.
//!
//! A [`Stack`] is what an engine runs, and what it keeps to compare the next template with
//! ([`crate::diff`]). Every reference in it is resolved: a pipe knows its table, function and
//! queue by logical id and by name.
//!
//! Invariants: within a stack logical ids are unique, and so are the names of one type; every
//! function has a log group in [`Stack::log_groups`], declared or not; a pipe's table has a stream.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use delivery::bus::archive::ArchiveSpec;
use delivery::bus::endpoint::{ConnectionSpec, DestinationSpec};
use delivery::bus::pipe_target::PipeParametersSpec;
use delivery::bus::{RuleSpec, TargetSpec};
use serde::{Deserialize, Serialize};
use types::{
    AliasName, BusName, FunctionName, IndexName, KeySchema, LogGroupName, PipeName, Qualifier, QueueName, TableName,
    Version, ViewType,
};

use crate::findings::Position;
use crate::iam::Statement;

mod api;

pub use api::{
    AccessLog, Api, ApiKey, Caching, Method, MethodSettings, Period, Plan, Quota, Rate, RouteThrottle, Throttle,
};

/// The name that a template gives to one of its resources: 1 to 255 letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogicalId(String);

impl LogicalId {
    /// For ids that the template was checked for.
    pub(crate) fn checked(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogicalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A resource, and where the template declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource<T> {
    /// What the template calls it.
    pub logical_id: LogicalId,
    /// Where it stands in the template.
    pub at: Position,
    /// What it is.
    pub spec: T,
}

/// Everything that a template asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// The stack's name.
    pub name: String,
    /// What the template says about itself.
    pub description: Option<String>,
    /// Tables, in the order of the template, as all lists here.
    pub tables: Vec<Resource<Table>>,
    /// Functions.
    pub functions: Vec<Resource<Function>>,
    /// Functions as they were when these were made.
    #[serde(default)]
    pub versions: Vec<Resource<FunctionVersion>>,
    /// Names that stand for them.
    #[serde(default)]
    pub aliases: Vec<Resource<FunctionAlias>>,
    /// How versions and aliases do what nobody waits for; of functions as they are, the functions say it.
    #[serde(default)]
    pub invoke_configs: Vec<Resource<QualifiedConfig>>,
    /// Pipes.
    pub pipes: Vec<Resource<Pipe>>,
    /// Queues.
    pub queues: Vec<Resource<Queue>>,
    /// What hands the messages of queues to functions.
    #[serde(default)]
    pub pollers: Vec<Resource<Poller>>,
    /// Event buses.
    #[serde(default)]
    pub buses: Vec<Resource<EventBus>>,
    /// Rules of event buses.
    #[serde(default)]
    pub rules: Vec<Resource<EventRule>>,
    /// Archives of events.
    #[serde(default)]
    pub archives: Vec<Resource<EventArchive>>,
    /// As whom HTTP endpoints are called.
    #[serde(default)]
    pub connections: Vec<Resource<EventConnection>>,
    /// HTTP endpoints that events are brought to.
    #[serde(default)]
    pub destinations: Vec<Resource<EventDestination>>,
    /// What customers call.
    #[serde(default)]
    pub apis: Vec<Resource<Api>>,
    /// Who may call functions by what the functions themselves say.
    #[serde(default)]
    pub permissions: Vec<Resource<Permission>>,
    /// Log groups: the declared ones, and one for each function that has none declared.
    pub log_groups: Vec<Resource<LogGroup>>,
    /// Roles.
    pub roles: Vec<Resource<Role>>,
    /// Policies that stand beside the roles they belong to.
    pub policies: Vec<Resource<Policy>>,
    /// Policies of queues.
    pub queue_policies: Vec<Resource<QueuePolicy>>,
    /// Alarms.
    #[serde(default)]
    pub alarms: Vec<Resource<Alarm>>,
    /// Dashboards.
    #[serde(default)]
    pub dashboards: Vec<Resource<Dashboard>>,
    /// Filters whose lines are counted.
    #[serde(default)]
    pub metric_filters: Vec<Resource<MetricFilter>>,
    /// What the template tells its caller.
    pub outputs: Vec<Output>,
    /// What was accepted without effect, or could not be checked, and why.
    pub notes: Vec<Note>,
}

impl Stack {
    /// The role that a function or pipe refers to; nothing for a role outside of the stack.
    pub fn role(&self, role: &RoleReference) -> Option<&Resource<Role>> {
        match role {
            RoleReference::InStack { logical_id, .. } => {
                self.roles.iter().find(|candidate| candidate.logical_id == *logical_id)
            }
            RoleReference::Outside { .. } => None,
        }
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// Its ARN.
    pub arn: String,
    /// Which attributes are its key.
    pub key: KeySchema,
    /// The other orders in which its items can be asked for.
    #[serde(default)]
    pub indexes: Vec<Index>,
    /// The attribute that says, in seconds since 1970, when an item may go; `None` where items stay.
    #[serde(default)]
    pub expires_by: Option<String>,
    /// What its change stream shows; `None` where it has no stream.
    pub stream: Option<ViewType>,
    /// How it is paid for on AWS.
    pub billing: Billing,
    /// Whether it refuses to be deleted.
    pub deletion_protected: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A secondary index of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: IndexName,
    /// By what items are found.
    pub key: KeySchema,
    /// What is given of an item that was found.
    pub projection: Projection,
}

/// What an index gives of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Projection {
    /// All of it.
    All,
    /// The keys of the index and of the table.
    Keys,
    /// The keys, and these attributes.
    Include(Vec<String>),
}

/// How a table is paid for on AWS. It sets no limit here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Billing {
    /// By request.
    OnDemand,
    /// By the units that are kept ready.
    Provisioned {
        /// Reads.
        read_units: u32,
        /// Writes.
        write_units: u32,
    },
}

/// A function, by a handler that is built in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its name.
    pub name: FunctionName,
    /// Its ARN.
    pub arn: String,
    /// The built-in handler: one of the catalogue that the template was resolved with.
    pub handler: String,
    /// The runtime as the template has it, such as `provided.al2023`.
    pub runtime: String,
    /// The role it runs as.
    pub role: RoleReference,
    /// How long one call may take.
    pub timeout: Duration,
    /// How much memory it has on AWS, in MiB.
    pub memory_mib: u32,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// How many calls may run at the same time; `None` for no limit of its own.
    pub reserved_concurrency: Option<u32>,
    /// Where its lines go.
    pub log_group: LogGroupName,
    /// What the template says about it.
    pub description: Option<String>,
    /// `x86_64` or `arm64`; has a meaning on AWS only.
    pub architecture: String,
    /// How it does what nobody waits for.
    #[serde(default)]
    pub asynchronous: Asynchronous,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// How a function does what nobody waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asynchronous {
    /// How often an event is tried again that the function failed on.
    pub retries: u32,
    /// How old an event may get before it is given up.
    pub maximum_age: Duration,
    /// Where it is told what the function answered.
    pub on_success: Option<Destination>,
    /// Where it is told that an event was given up, and why.
    pub on_failure: Option<Destination>,
    /// Where events go that were given up, as they are.
    pub dead_letter: Option<QueueReference>,
    /// Whether a resource of the template says so, or it is left as is usual.
    #[serde(default)]
    pub is_said: bool,
}

impl Default for Asynchronous {
    /// As AWS has it where nobody says.
    fn default() -> Self {
        let maximum_age = Duration::from_secs(6 * 60 * 60);
        let (on_success, on_failure) = (None, None);
        Self { retries: 2, maximum_age, on_success, on_failure, dead_letter: None, is_said: false }
    }
}

/// Who is told what became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// A queue.
    Queue(QueueReference),
    /// A function.
    Function(FunctionReference),
}

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
    pub tags: BTreeMap<String, String>,
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

/// A table of the same stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableReference {
    /// What the template calls it.
    pub logical_id: LogicalId,
    /// Its name.
    pub name: TableName,
}

/// A function of the same stack, or a version or alias of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionReference {
    /// What the template calls the function.
    pub logical_id: LogicalId,
    /// Its name.
    pub name: FunctionName,
    /// Which version or alias is meant, if not the function as it is.
    #[serde(default)]
    pub qualifier: Option<Qualifier>,
}

/// A function as it was when this was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionVersion {
    /// The function.
    pub function: FunctionReference,
    /// The number that it has.
    pub number: u64,
    /// Its ARN.
    pub arn: String,
    /// What it is for.
    pub description: Option<String>,
}

/// A name that stands for a version, or for two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionAlias {
    /// The function.
    pub function: FunctionReference,
    /// Its name.
    pub name: AliasName,
    /// Its ARN.
    pub arn: String,
    /// The version.
    pub version: Version,
    /// The other one.
    pub other: Option<OtherVersion>,
    /// What it is for.
    pub description: Option<String>,
}

/// Another version that an alias stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherVersion {
    /// Its number.
    pub version: u64,
    /// How many of a million invocations it gets.
    pub millionths: u32,
}

/// How a version or alias does what nobody waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualifiedConfig {
    /// The version or alias.
    pub function: FunctionReference,
    /// How; its dead letters are the function's own.
    pub asynchronous: Asynchronous,
}

/// A queue of the same stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueReference {
    /// What the template calls it.
    pub logical_id: LogicalId,
    /// Its name.
    pub name: QueueName,
}

/// The role that a function or pipe runs as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoleReference {
    /// A role of the same stack; what it allows was checked.
    InStack {
        /// What the template calls it.
        logical_id: LogicalId,
        /// Its ARN.
        arn: String,
    },
    /// A role that exists elsewhere; what it allows cannot be checked.
    Outside {
        /// Its ARN.
        arn: String,
    },
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Its name.
    pub name: QueueName,
    /// Its ARN.
    pub arn: String,
    /// Its URL.
    pub url: String,
    /// How long a received message is hidden from others.
    pub visibility_timeout: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// How long a message is hidden after it was sent.
    pub delay: Duration,
    /// How many bytes a message may have.
    pub maximum_message_bytes: u32,
    /// How long a receive waits for a message by default.
    pub receive_wait: Duration,
    /// Where messages go that are received too often; `None` where they come again until they expire.
    #[serde(default)]
    pub redrive: Option<Redrive>,
    /// Which queues may send their dead letters here.
    #[serde(default)]
    pub takes_dead_letters: DeadLettersFrom,
    /// How it keeps order; `None` for a standard queue.
    #[serde(default)]
    pub fifo: Option<Fifo>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// When a message is taken for poison, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The name of the queue that takes it.
    pub dead_letters: QueueName,
    /// How often it may be received before that.
    pub receives_max: u32,
}

/// Whose dead letters a queue takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeadLettersFrom {
    /// Those of every queue.
    #[default]
    All,
    /// Those of none.
    None,
    /// Those of the queues with these ARNs.
    Only(Vec<String>),
}

/// How a queue keeps order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fifo {
    /// Whether messages with the same body are the same message when their sender does not say.
    pub deduplicates_by_content: bool,
    /// Whether the same message in two groups is two messages.
    pub deduplicates_in_groups: bool,
}

/// What receives the messages of a queue and hands them to a function: an event source mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poller {
    /// What AWS calls it.
    pub id: String,
    /// The queue.
    pub queue: QueueReference,
    /// The function.
    pub function: FunctionReference,
    /// How many messages it hands over at once, at most.
    pub batch_size: u32,
    /// How long it waits for a batch to fill.
    pub batching_window: Duration,
    /// How many batches may be under way at once; `None` for as many as the function takes.
    pub maximum_concurrency: Option<u32>,
    /// Whether the function's answer names the messages that failed; otherwise all of a batch fail or none.
    pub names_failures: bool,
    /// Event patterns as text, each valid in the pipe dialect; a message that matches none is deleted, and every
    /// message passes where there is none.
    pub filters: Vec<String>,
    /// Whether it runs.
    pub enabled: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An event bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBus {
    /// Its name.
    pub name: BusName,
    /// Its ARN.
    pub arn: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A rule of an event bus, which is one of the stack's or the default one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRule {
    /// The bus.
    pub bus: BusName,
    /// Its ARN.
    pub arn: String,
    /// What it waits for; it was read as a rule.
    pub spec: RuleSpec,
    /// The role that it has on AWS.
    pub role: Option<String>,
    /// Where it sends events: functions, queues, buses, log groups and HTTP endpoints of the stack.
    pub targets: Vec<TargetSpec>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An archive of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventArchive {
    /// What it keeps; it was read as an archive.
    pub spec: ArchiveSpec,
    /// Its ARN.
    pub arn: String,
}

/// As whom HTTP endpoints are called. Its secrets are named, never here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventConnection {
    /// What it is; it was read as a connection.
    pub spec: ConnectionSpec,
    /// The id that its ARN ends with.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

/// An HTTP endpoint that events are brought to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDestination {
    /// What it is; it was read as an endpoint.
    pub spec: DestinationSpec,
    /// The id that its ARN ends with.
    pub id: String,
    /// Its ARN.
    pub arn: String,
}

/// What a function says about who may call it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// The function.
    pub function: FunctionReference,
    /// What may be done.
    pub action: String,
    /// The service or account that may.
    pub principal: String,
    /// The only ARN, with wildcards, on whose behalf; `None` for anybody's.
    pub source_arn: Option<String>,
    /// The only account on whose behalf.
    pub source_account: Option<String>,
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Its name.
    pub name: LogGroupName,
    /// How many days lines are kept; `None` for ever.
    pub retention_days: Option<u16>,
    /// Whether the template declares it, or a function needs it.
    pub origin: LogGroupOrigin,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What is asked of it: the members of the request that would make it.
    pub request: serde_json::Value,
}

/// A dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dashboard {
    /// Its name.
    pub name: String,
    /// What it shows, as JSON.
    pub body: String,
}

/// A filter whose lines are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricFilter {
    /// Its name.
    pub name: String,
    /// The log group.
    pub group: String,
    /// Which lines.
    pub pattern: String,
    /// The metric's name.
    pub metric: String,
    /// The metric's namespace.
    pub namespace: String,
    /// What a line counts for: a number, or where it is in the line.
    pub value: String,
    /// What other lines count for, a number.
    pub otherwise: Option<serde_json::Value>,
    /// In what is counted.
    pub unit: Option<String>,
    /// Dimensions, and where in the line their values are.
    pub dimensions: Vec<(String, String)>,
}

/// Why there is a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogGroupOrigin {
    /// The template declares it.
    Declared,
    /// A function writes to it; the resource's logical id is the function's.
    OfFunction,
}

/// A role: who may take it, and what it allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Who may take it.
    pub trust: Vec<Statement>,
    /// The policies written into it.
    pub inline_policies: Vec<InlinePolicy>,
    /// The ARNs of the policies attached to it.
    pub managed_policies: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A policy written into a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InlinePolicy {
    /// Its name.
    pub name: String,
    /// What it allows and denies.
    pub statements: Vec<Statement>,
}

/// A policy that stands beside the roles it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its ARN, where it is a managed policy that roles can also name.
    pub arn: Option<String>,
    /// The names of the roles that it is attached to from its own side.
    pub roles: Vec<String>,
    /// What it allows and denies.
    pub statements: Vec<Statement>,
}

/// What a queue allows and denies by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePolicy {
    /// The queues that it belongs to.
    pub queues: Vec<QueueReference>,
    /// What it allows and denies.
    pub statements: Vec<Statement>,
}

/// What the template tells its caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// What the template says about it.
    pub description: Option<String>,
    /// Its value.
    pub value: String,
    /// The name that it is exported under.
    pub export: Option<String>,
}

/// Something that is fine here but worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Where it stands.
    pub at: Position,
    /// The way to it from the top of the template.
    pub path: String,
    /// What is worth knowing.
    pub text: String,
}
