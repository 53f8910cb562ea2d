//! The words that every room uses, and nothing that acts.
//!
//! [`Value`] and [`Item`] are what a table keeps, [`Key`] is how it finds them, a [`Change`] is what happened to one
//! item, a [`Record`] is a change as a function receives it ([`event`]). [`Number`] is exact: 38 decimal digits, one
//! canonical text. Names and ARNs are parsed once, at the edge. A [`SortedMap`] keeps what is defined, in order; [`sort`]
//! and [`Gather`] put lists and JSON objects in order without a sort of their own for every type.
//!
//! Invariant: nothing here reads a clock, touches a disk or waits.

mod arn;
mod change;
pub mod event;
mod gather;
mod item;
mod key;
mod names;
mod number;
mod qualifier;
pub mod sort;
mod sorted;
mod text;
mod time;
mod trace;
mod value;

pub use arn::{Account, Arn, ParseArnError};
pub use change::{Change, ChangeKind, Record, SequenceNumber, Stream, TableId, ViewType};
pub use gather::{Gather, object};
pub use item::Item;
pub use key::{Key, KeyAttribute, KeySchema, KeyType, KeyValue};
pub use names::{
    AliasName, ArchiveName, BusName, ConnectionName, DestinationName, FunctionName, IndexName, LogGroupName, NameError,
    PipeName, QueueName, ReplayName, RuleName, TableName, TargetId,
};
pub use number::{Number, NumberError};
pub use qualifier::{Qualifier, Version};
pub use sorted::{SortedMap, SortedSet};
pub use text::Text;
pub use time::Timestamp;
pub use trace::{Origin, SpanId, TraceContext, TraceId};
pub use value::{VALUE_DEPTH_MAX, Value, ValueError};
