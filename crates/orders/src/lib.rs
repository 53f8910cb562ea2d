//! The order domain: which tier an order has, who is a test customer, and what the handlers do with a change.
//!
//! Start at [`catalogue`], which lists the handlers by name, and at [`Handler`], which says what one is. [`Order`]
//! reads the items of both shops' tables, [`premium`] looks after premium orders, [`routing_attributes`] are what a pipe can match on them exactly, and
//! [`sample`] makes up orders for demonstrations.
//!
//! Invariant: nothing here reads a clock, touches a disk or waits; whatever an item holds, no handler panics.

mod amount;
mod catalogue;
pub mod emf;
pub mod events;
mod handler;
mod handlers;
mod order;
pub mod premium;
pub mod sample;
pub mod shop;
pub mod snacks;
mod tier;

pub use amount::Amount;
pub use catalogue::{Entry, Kind, catalogue, find};
pub use handler::{Context, FailingOrders, Failure, Handler, HandlerError};
pub use order::{Layout, Order};
pub use tier::{Tier, is_test, routing_attributes};
