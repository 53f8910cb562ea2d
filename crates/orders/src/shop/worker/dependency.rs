//! Decides how dependencies are asked: what they are told, what they answer, and what time is to whoever waits.

use super::super::fulfilment::Fulfilment;
use super::super::inventory::Inventory;
use super::super::order::{Order, Paid, Tracking};
use super::super::payments::Payments;
use super::super::ports::{Put, Table};
use super::super::status::Status;
use super::super::workflow::{Failed, round};
use std::future::Future;
use std::time::Duration;
use types::{Item, Text};

/// What a dependency is told.
#[derive(Debug, Clone)]
pub struct Attempt<'a> {
    /// For which order.
    pub order: &'a Order,
    /// What makes this call the same as an earlier one: `{order}:{step}`, and the round behind it if there were others.
    /// A call that takes something back has the key of what it takes back.
    pub key: String,
    /// How often the order was given up and tried again before.
    pub round: u32,
    /// Whether what this call answered a moment ago could not be written, because something else was there.
    pub again: bool,
    /// What is written before whatever this call answers, in order, although no table has it yet.
    pub unwritten: &'a [Put],
}

impl<'a> Attempt<'a> {
    /// What is told about the call that an order in this status needs.
    pub fn new(order: &'a Order, step: Status) -> Self {
        let round = round(order);
        let key = match round {
            0 => format!("{}:{step}", order.id),
            round => format!("{}:{step}:{round}", order.id),
        };
        Self { order, key, round, again: false, unwritten: &[] }
    }

    /// What will lie in a table under a key of one attribute, if that is among what is yet to be written.
    pub fn unwritten(&self, table: Table, key: (&str, &str)) -> Option<&'a Item> {
        let mut newest_first = self.unwritten.iter().rev().filter(|put| put.table == table);
        newest_first.find(|put| put.item.text(key.0) == Some(key.1)).map(|put| &put.item)
    }
}

/// What a dependency answers: a value, and items that are written together with the order's step.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect<T> {
    /// What it says.
    pub value: T,
    /// What is to be written.
    pub puts: Vec<Put>,
}

impl<T> Effect<T> {
    /// An answer with nothing to write.
    pub fn of(value: T) -> Self {
        Self { value, puts: Vec::new() }
    }

    /// The same effect, said otherwise.
    pub fn map<U>(self, say: impl FnOnce(T) -> U) -> Effect<U> {
        Effect { value: say(self.value), puts: self.puts }
    }
}

/// Time, for whoever waits.
pub trait Timer: Send + Sync {
    /// How much time went by since some fixed instant; nobody sets this clock.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, span: Duration) -> impl Future<Output = ()> + Send;

    /// What a future gives, if it does within this time; otherwise it is dropped.
    fn within<F>(&self, limit: Duration, future: F) -> impl Future<Output = Option<F::Output>> + Send
    where
        F: Future + Send,
        F::Output: Send;
}

/// All that the worker asks.
pub trait Dependencies: Send + Sync {
    /// Whoever keeps the goods.
    type Inventory: Inventory;
    /// Whoever takes the money.
    type Payments: Payments;
    /// Whoever sends the parcels.
    type Fulfilment: Fulfilment;
    /// Time.
    type Timer: Timer;

    /// Whoever keeps the goods.
    fn inventory(&self) -> &Self::Inventory;
    /// Whoever takes the money.
    fn payments(&self) -> &Self::Payments;
    /// Whoever sends the parcels.
    fn fulfilment(&self) -> &Self::Fulfilment;
    /// Time.
    fn timer(&self) -> &Self::Timer;
}

/// Dependencies put together from parts.
#[derive(Debug)]
pub struct Parts<I, P, F, T> {
    /// Whoever keeps the goods.
    pub inventory: I,
    /// Whoever takes the money.
    pub payments: P,
    /// Whoever sends the parcels.
    pub fulfilment: F,
    /// Time.
    pub timer: T,
}

impl<I: Inventory, P: Payments, F: Fulfilment, T: Timer> Dependencies for Parts<I, P, F, T> {
    type Inventory = I;
    type Payments = P;
    type Fulfilment = F;
    type Timer = T;

    fn inventory(&self) -> &I {
        &self.inventory
    }

    fn payments(&self) -> &P {
        &self.payments
    }

    fn fulfilment(&self) -> &F {
        &self.fulfilment
    }

    fn timer(&self) -> &T {
        &self.timer
    }
}

/// One of two kinds of a dependency, chosen when the program starts.
#[derive(Debug)]
pub enum Either<B, R> {
    /// The one that is built in.
    BuiltIn(B),
    /// One elsewhere.
    Remote(R),
}

/// What either of the two says of itself.
macro_rules! either {
    ($self:ident, $dependency:ident => $ask:expr) => {
        match $self {
            Either::BuiltIn($dependency) => $ask,
            Either::Remote($dependency) => $ask,
        }
    };
}

/// Asks whichever of the two it is. A call elsewhere is put aside on the heap, so that those who call nobody elsewhere do
/// not carry the room for it.
macro_rules! asked {
    ($self:ident, $dependency:ident => $ask:expr) => {
        match $self {
            Either::BuiltIn($dependency) => $ask.await,
            Either::Remote($dependency) => Box::pin($ask).await,
        }
    };
}

impl<B: Inventory, R: Inventory> Inventory for Either<B, R> {
    fn is_atomic(&self) -> bool {
        either!(self, inventory => inventory.is_atomic())
    }

    fn answers_at_once(&self) -> bool {
        either!(self, inventory => inventory.answers_at_once())
    }

    async fn reserve(&self, attempt: &Attempt<'_>) -> Result<Effect<Vec<Text>>, Failed> {
        asked!(self, inventory => inventory.reserve(attempt))
    }

    async fn release(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        asked!(self, inventory => inventory.release(attempt))
    }

    async fn sell(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        asked!(self, inventory => inventory.sell(attempt))
    }
}

impl<B: Payments, R: Payments> Payments for Either<B, R> {
    fn is_atomic(&self) -> bool {
        either!(self, payments => payments.is_atomic())
    }

    fn answers_at_once(&self) -> bool {
        either!(self, payments => payments.answers_at_once())
    }

    async fn charge(&self, attempt: &Attempt<'_>) -> Result<Effect<Paid>, Failed> {
        asked!(self, payments => payments.charge(attempt))
    }

    async fn void(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        asked!(self, payments => payments.void(attempt))
    }
}

impl<B: Fulfilment, R: Fulfilment> Fulfilment for Either<B, R> {
    fn is_atomic(&self) -> bool {
        either!(self, fulfilment => fulfilment.is_atomic())
    }

    fn answers_at_once(&self) -> bool {
        either!(self, fulfilment => fulfilment.answers_at_once())
    }

    async fn ship(&self, attempt: &Attempt<'_>) -> Result<Effect<Tracking>, Failed> {
        asked!(self, fulfilment => fulfilment.ship(attempt))
    }

    async fn recall(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        asked!(self, fulfilment => fulfilment.recall(attempt))
    }
}
