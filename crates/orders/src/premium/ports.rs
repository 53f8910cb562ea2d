//! Decides what the premium service asks of the world. Nothing here says how.

use super::effect::{Effect, Memory};
use super::letter::{Message, Shipped};
use crate::shop::ports::{CommitRefused, Unreadable};
use types::{Item, Timestamp};

/// What became of an order's priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raised {
    /// It is raised, and remembered as raised, in one commit.
    Done,
    /// The order is not there, or no longer shipped; nothing was changed.
    NotShipped,
}

/// The world, as the premium service sees it.
pub trait Desk: Send + Sync {
    /// The item of the table of effects for an order, if there is one.
    fn remembered(&self, order_id: &str) -> impl Future<Output = Result<Option<Item>, Unreadable>> + Send;

    /// Keeps what came of an effect beside what is known of the order's others. Answered when it is durable.
    fn remember(
        &self,
        order_id: &str,
        effect: Effect,
        memory: &Memory,
    ) -> impl Future<Output = Result<(), CommitRefused>> + Send;

    /// Raises the priority in the order's own item, if the order is still shipped, and keeps that it was done: both or
    /// neither.
    fn raise(&self, order: &Shipped, memory: &Memory) -> impl Future<Output = Result<Raised, CommitRefused>> + Send;

    /// Sends a message once, within the time that it may take. What a person reads of how it went, well or not.
    fn send(&self, message: &Message) -> impl Future<Output = Result<String, String>> + Send;

    /// What time it is.
    fn now(&self) -> Timestamp;
}
