//! Decides what one write does to one table: under which key, whether its condition holds, and what has changed.
//!
//! A [`Write`] and the item that is stored under its key go in; a [`Decision`] or the reason why it is [`Refused`]
//! comes out. Start at [`Table::decide`]. A [`Condition`] is a tree of typed tests on the stored item, an [`Update`] says
//! what is to be changed in it; [`read_condition`], [`read_update`] and those beside them read DynamoDB's expressions.
//! What a write means for the table's indexes is [`Table::index_changes`]; which items a [`Query`] asks for is
//! [`Table::plan`].
//!
//! Invariant: the same input gives the same answer on any machine and any day. Nothing here reads a clock, touches a
//! disk or waits; a change's place in the order of things is given to it by who makes it durable.

mod condition;
mod expression;
mod index;
mod key;
mod project;
mod query;
mod scan;
mod update;
mod write;

pub use condition::{AttributeType, Comparison, Condition, Operand, Path, Step};
pub use expression::{
    ExpressionError, Fault, Names, ShownPath, braced, read_condition, read_key_conditions, read_projection, read_update,
};
pub use index::{Expiry, Index, IndexChange, IndexId, Projection};
pub use key::{HASH_SIZE_MAX, RANGE_SIZE_MAX};
pub use project::project;
pub use query::{
    Give, KeyCondition, KeyTest, Order, PAGE_BYTES_MAX, Page, Plan, Query, QueryRefused, RangeTest, StartAfter,
};
pub use scan::{Scan, ScanPlan, Segment};
pub use update::{Update, UpdateRefused};
pub use write::{Decision, ITEM_SIZE_MAX, Outcome, Write};

use types::{IndexName, Item, KeySchema, KeyType, TableId, TableName, ViewType};

/// A table: what its items are found by, and what its stream shows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Table {
    /// The number it got when it was made.
    pub id: TableId,
    /// What clients call it.
    pub name: TableName,
    /// Which attributes are its key.
    pub keys: KeySchema,
    /// Which images its stream shows; `None` when it has no stream.
    pub view: Option<ViewType>,
    /// The other orders in which its items can be asked for.
    pub indexes: Vec<Index>,
    /// When its items go by themselves.
    pub expiry: Option<Expiry>,
}

/// Why a table does not do what it was asked. A broken disk is not a refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The item lacks an attribute of the key.
    #[error("the item has no attribute {attribute:?}, which is part of the table's key")]
    KeyMissing {
        /// Which attribute of the key.
        attribute: String,
    },
    /// The item's key attribute is of another type than the table's.
    #[error("the key attribute {attribute:?} is of type {actual}, the table's key is of type {}", expected.name())]
    KeyTypeMismatch {
        /// Which attribute of the key.
        attribute: String,
        /// What the table's key holds.
        expected: KeyType,
        /// What the item holds, as [`types::Value::type_name`] calls it.
        actual: &'static str,
    },
    /// What should be a key alone has other attributes than the key, or lacks one, or has another type.
    #[error("the key has not exactly the attributes and types of the table's key")]
    KeySchemaMismatch,
    /// An attribute of the key is an empty text or holds no bytes.
    #[error("the key attribute {attribute:?} is empty")]
    KeyEmpty {
        /// Which attribute of the key.
        attribute: String,
        /// Text or bytes.
        key_type: KeyType,
    },
    /// The value of the hash attribute is too large.
    #[error("the hash attribute {attribute:?} has {size} bytes, the limit is {HASH_SIZE_MAX}")]
    HashTooLarge {
        /// Which attribute.
        attribute: String,
        /// Its bytes.
        size: usize,
    },
    /// The value of the range attribute is too large.
    #[error("the range attribute {attribute:?} has {size} bytes, the limit is {RANGE_SIZE_MAX}")]
    RangeTooLarge {
        /// Which attribute.
        attribute: String,
        /// Its bytes.
        size: usize,
    },
    /// The item's attribute for an index is of another type than the index's key.
    #[error(
        "the attribute {attribute:?} is of type {actual}, the key of index {index} is of type {}",
        expected.name()
    )]
    IndexKeyTypeMismatch {
        /// Which attribute of the index's key.
        attribute: String,
        /// What the index's key holds.
        expected: KeyType,
        /// What the item holds, as [`types::Value::type_name`] calls it.
        actual: &'static str,
        /// Which index.
        index: IndexName,
    },
    /// The item's attribute for an index is an empty text or holds no bytes.
    #[error("the attribute {attribute:?}, by which index {index} finds items, is empty")]
    IndexKeyEmpty {
        /// Which attribute of the index's key.
        attribute: String,
        /// Text or bytes.
        key_type: KeyType,
        /// Which index.
        index: IndexName,
    },
    /// The item is too large.
    #[error("the item has {size} bytes, the limit is {ITEM_SIZE_MAX}")]
    ItemTooLarge {
        /// Its bytes, names included.
        size: usize,
    },
    /// An expression leads into an attribute of a key, which is neither a map nor a list.
    #[error("a path leads into {attribute:?}, which is part of a key and so neither a map nor a list")]
    KeyNotScalar {
        /// Which attribute.
        attribute: String,
        /// Whether it is part of an index's key, and not of the table's.
        of_index: bool,
    },
    /// An update does not fit what is stored.
    #[error(transparent)]
    Update(UpdateRefused),
    /// The condition does not hold on what is stored.
    #[error("the condition on the stored item does not hold")]
    ConditionFailed {
        /// What is stored under the key, given back to whoever wants to see why.
        old: Option<Item>,
    },
}
