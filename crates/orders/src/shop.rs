//! The shop front's orders: what one is, how it moves, and what it needs of the world.
//!
//! Start at [`Order`]: its [`Status`] says where it stands, and only the moves that [`Status::may_become`] names are
//! ever made. How it lies in a table is `item`'s to decide, what it costs is [`money`]'s. The world is behind the
//! [`ports`].
//!
//! Invariant: a state of an order is written under the condition that the one before is still there, so no step is
//! made twice and none is lost.

pub mod api;
pub mod backoff;
pub mod breaker;
pub mod chatbot;
#[cfg(test)]
pub(crate) mod fake;
pub mod fulfilment;
mod idempotency;
pub mod inventory;
mod item;
pub mod money;
mod order;
mod order_id;
mod page;
pub mod payments;
pub mod ports;
mod request;
pub mod settings;
mod status;
pub mod told;
pub mod view;
pub mod worker;
pub mod workflow;

pub use item::NotAnOrder;
pub use order::{Address, Error, Line, Moment, Order, Paid, Progress, Tracking, Undo, customer_key};
pub use status::Status;
