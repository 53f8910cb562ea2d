//! Decides what is written together: steps that were decided one after the other, while nobody had to be waited for.
//!
//! Invariant: the last order is what the next step is decided on, and the first is as it lies in the table.

use super::super::order::Order;
use super::super::ports::{Commit, Expected, Put, Settle, Table};
use super::super::workflow::{Step, Then};
use super::report::{Log, Observer, Report};
use std::time::Duration;
use types::Item;

/// From how many puts on no further step waits to be written with the others.
const PUTS_MANY: usize = 32;

/// Steps of one order that are decided and not yet written.
pub(super) struct Chain {
    /// The order as it is written, and as each step leaves it.
    orders: Vec<Order>,
    steps: Vec<Link>,
    puts: Vec<Put>,
    /// The order as its last step is to be written; nothing before the first step.
    item: Item,
}

/// A step besides its order.
struct Link {
    then: Then,
    /// When it was begun.
    begun: Duration,
    /// What a dependency said that did not do its work.
    trouble: Option<String>,
}

impl Chain {
    /// Nothing but an order as it was read.
    pub(super) fn of(order: Order) -> Self {
        Self { orders: vec![order], steps: Vec::new(), puts: Vec::new(), item: Item::new() }
    }

    /// The order as the last step leaves it.
    pub(super) fn order(&self) -> &Order {
        self.orders.last().expect("there is one at least")
    }

    /// What is to be written.
    pub(super) fn puts(&self) -> &[Put] {
        &self.puts
    }

    /// Whether everything is written.
    pub(super) fn is_written(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it should be written before it gets longer.
    pub(super) fn is_long(&self) -> bool {
        self.puts.len() >= PUTS_MANY
    }

    /// Adds a step: the order first, then its effects.
    pub(super) fn push(&mut self, step: Step, effects: Vec<Put>, begun: Duration, trouble: Option<String>) {
        let expected = Expected::Version(self.order().version);
        self.steps.push(Link { then: step.then, begun, trouble });
        self.item = step.order.to_item_after(&self.item);
        self.puts.push(Put { table: Table::Orders, item: self.item.clone(), expected });
        self.puts.extend(effects);
        self.orders.push(step.order);
    }

    /// The commit that writes it; `body` is the message's.
    pub(super) fn commit(&self, body: &str) -> Commit {
        let (send, settle) = match self.steps.last().map(|link| &link.then) {
            None | Some(Then::Continue | Then::Wait(_)) => (None, None),
            Some(Then::Settle(settle)) => (None, Some(settle.clone())),
            Some(Then::Anew) => (Some(body.to_owned()), Some(Settle::Done)),
        };
        Commit { puts: self.puts.clone(), send, settle }
    }

    /// It is written: says so of each step, and begins anew.
    pub(super) fn written(&mut self, now: Duration, observer: &dyn Observer, log: &mut Log<'_>) {
        for (link, orders) in self.steps.drain(..).zip(self.orders.windows(2)) {
            let [before, after] = orders else { unreachable!("windows of two") };
            let took = now.saturating_sub(link.begun);
            Report { before, after, then: &link.then, took, trouble: link.trouble.as_deref() }.give(observer, log);
        }
        self.orders.drain(..self.orders.len() - 1);
        self.puts.clear();
    }
}
