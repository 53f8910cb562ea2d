//! What a template says about event buses, their rules and archives, and the endpoints that they call.

use delivery::bus::archive::ArchiveSpec;
use delivery::bus::endpoint::{ConnectionSpec, DestinationSpec};
use delivery::bus::{RuleSpec, TargetSpec};
use serde::{Deserialize, Serialize};
use types::{BusName, SortedMap};

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
    pub tags: SortedMap<String, String>,
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
    pub tags: SortedMap<String, String>,
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
