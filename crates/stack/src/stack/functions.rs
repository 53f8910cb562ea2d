//! What a template says about functions, their versions and aliases, and who may call them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{AliasName, FunctionName, LogGroupName, Qualifier, SortedMap, Version};

use super::{LogicalId, QueueReference, RoleReference};

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
    pub environment: SortedMap<String, String>,
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
    pub tags: SortedMap<String, String>,
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
