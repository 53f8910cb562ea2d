//! Decides what the shop front asks of the world: tables that commit several items at once, a queue, a clock.
//!
//! Whoever runs the handlers implements [`Shop`]: the embedded engine with one commit of its log, AWS with a
//! transaction. Nothing here says how.

use std::future::Future;
use types::{Item, Timestamp};

/// The shop's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Orders: `orderId`, `createdAt`; the index of customers by `customerKey`, `createdAt`.
    Orders,
    /// Goods: `sku`.
    Stock,
    /// Payments: `orderId`.
    Payments,
    /// Answers that were given to requests with an idempotency key: `requestId`.
    Requests,
}

/// One item to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Put {
    /// Where.
    pub table: Table,
    /// What.
    pub item: Item,
    /// Only if this is there now.
    pub expected: Expected,
}

/// What must lie under an item's key for it to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Absent,
    /// An item whose attribute `version` is this number; for 0, an item that has no such attribute.
    Version(u64),
}

/// Changes that are made together, or not at all. Answered when they are durable.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Commit {
    /// Items to write, in order. Those of one key follow on one another, each a change of its own; only a shop that
    /// [chains](Shop::chains) gets several.
    pub puts: Vec<Put>,
    /// A message to the work queue: its body.
    pub send: Option<String>,
    /// What becomes of the message that is being worked on, if one is.
    pub settle: Option<Settle>,
}

/// What becomes of the message that is being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settle {
    /// It is done, and goes.
    Done,
    /// It goes to the dead letters, with this error.
    Dead {
        /// What a person reads there.
        error: String,
    },
}

/// Why nothing was committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitRefused {
    /// What should have been there was not: somebody was faster, or has done it already. `put` is the first such one;
    /// one behind the last put means the message that was to be settled: it is gone, or somebody else has it.
    #[error("what put {put} expects is not there")]
    Unexpected {
        /// Which of the puts, from 0.
        put: usize,
    },
    /// More is being written than the disk takes, or it is full; later it may go.
    #[error("{0}")]
    Busy(String),
    /// It cannot be done, now or later.
    #[error("{0}")]
    Broken(String),
}

/// Something cannot be read now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// Which orders of a customer are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerQuery {
    /// Tenant and customer.
    pub customer_key: String,
    /// The most orders to give.
    pub limit: usize,
    /// Where the last page ended: an order's id and its `createdAt`.
    pub after: Option<(String, String)>,
    /// Whether the newest come first.
    pub newest_first: bool,
}

/// What a page of a customer's orders holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CustomerPage {
    /// The orders' items.
    pub items: Vec<Item>,
    /// Where the next page begins, if there is one: an order's id and its `createdAt`.
    pub next: Option<(String, String)>,
}

/// The world, as the shop front sees it.
pub trait Shop: Send + Sync {
    /// What whoever has a [turn](Shop::turn) holds.
    type Turn: Send;

    /// The item under a key, as it durably is; the key has the table's key attributes alone.
    fn get(&self, table: Table, key: &Item) -> impl Future<Output = Result<Option<Item>, Unreadable>> + Send;

    /// The first item of [`Table::Orders`] with this `orderId`, whatever its `createdAt`.
    fn find_order(&self, order_id: &str) -> impl Future<Output = Result<Option<Item>, Unreadable>> + Send;

    /// The orders of a customer.
    fn orders_of(&self, query: CustomerQuery) -> impl Future<Output = Result<CustomerPage, Unreadable>> + Send;

    /// Whether one commit may write an item several times.
    fn chains(&self) -> bool;

    /// Waits until nobody else has a turn at the item that a put is for. Taken by those who were overtaken at it, one after
    /// the other: if all of them tried again at once, all but one would have decided for nothing again.
    fn turn(&self, put: &Put) -> impl Future<Output = Self::Turn> + Send;

    /// Makes changes together, or not at all.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<(), CommitRefused>> + Send;

    /// What time it is.
    fn now(&self) -> Timestamp;

    /// A number that nobody can guess.
    fn random(&self) -> u64;
}
