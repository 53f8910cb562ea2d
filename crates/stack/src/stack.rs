//! The typed, complete description of the resources that a template asks for.
//!
//! A [`Stack`] is what an engine runs, and what it keeps to compare the next template with
//! ([`crate::diff`]). Every reference in it is resolved: a pipe knows its table, function and
//! queue by logical id and by name.
//!
//! Invariants: within a stack logical ids are unique, and so are the names of one type; every
//! function has a log group in [`Stack::log_groups`], declared or not; a pipe's table has a stream.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::findings::Position;

mod api;
mod events;
mod functions;
mod logs;
mod pipes;
mod queues;
mod roles;
mod tables;

pub use api::{
    AccessLog, Api, ApiKey, Caching, Method, MethodSettings, Period, Plan, Quota, Rate, RouteThrottle, Throttle,
};
pub use events::{EventArchive, EventBus, EventConnection, EventDestination, EventRule};
pub use functions::{
    Asynchronous, Destination, Function, FunctionAlias, FunctionReference, FunctionVersion, OtherVersion, Permission,
    QualifiedConfig,
};
pub use logs::{Alarm, Dashboard, LogGroup, LogGroupOrigin, MetricFilter};
pub use pipes::{DesiredState, Enrichment, Invocation, Pipe, PipeSource, PipeTarget, StartingPosition};
pub use queues::{DeadLettersFrom, Fifo, Poller, Queue, QueuePolicy, QueueReference, Redrive};
pub use roles::{InlinePolicy, Policy, Role, RoleReference};
pub use tables::{Billing, Index, Projection, Table, TableReference};

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
