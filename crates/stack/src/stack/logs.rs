//! What a template says about what is watched: log groups, what is counted in them, alarms and dashboards.

use serde::{Deserialize, Serialize};
use types::{LogGroupName, SortedMap};

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
    pub tags: SortedMap<String, String>,
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
