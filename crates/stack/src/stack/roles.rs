//! What a template says about roles, and what they allow.

use serde::{Deserialize, Serialize};
use types::SortedMap;

use super::LogicalId;
use crate::iam::Statement;

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
    pub tags: SortedMap<String, String>,
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
