//! What a template says about tables and their indexes.

use serde::{Deserialize, Serialize};
use types::{IndexName, KeySchema, SortedMap, TableName, ViewType};

use super::LogicalId;

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
    pub tags: SortedMap<String, String>,
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

/// A table of the same stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableReference {
    /// What the template calls it.
    pub logical_id: LogicalId,
    /// Its name.
    pub name: TableName,
}
