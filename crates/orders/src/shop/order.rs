//! Decides what an order of the shop front is.

use super::money::{Currency, Minor};
use super::status::Status;
use crate::tier::{Tier, is_test};
use types::{Text, Timestamp};

/// An order, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// A UUID of version 7, whose millisecond is `created_at`.
    pub id: Text,
    /// Whose shop it is of.
    pub tenant: Text,
    /// What the shop calls its customer.
    pub customer_id: Text,
    /// Where the customer is written to.
    pub customer_email: Text,
    /// Where it stands.
    pub status: Status,
    /// What its amounts are in.
    pub currency: Currency,
    /// What all its lines cost together.
    pub amount: Minor,
    /// What was ordered; at least one.
    pub lines: Vec<Line>,
    /// Where it goes.
    pub shipping_address: Option<Address>,
    /// What the customer wrote beside it.
    pub note: Option<Text>,
    /// When it was taken in.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1: what each change is conditioned on.
    pub version: u64,
    /// Each status that it had, the first first.
    pub history: Vec<Moment>,
    /// How its parcel is followed, once there is one.
    pub tracking: Option<Tracking>,
    /// Why it failed, if it did.
    pub error: Option<Error>,
    /// How far the present step is, and what was done that would have to be taken back.
    pub progress: Progress,
    /// What the request that made it is called in all logs.
    pub correlation: Text,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What the shop calls the goods.
    pub sku: Text,
    /// What people call them.
    pub name: Text,
    /// How many.
    pub quantity: u32,
    /// What one costs.
    pub price: Minor,
}

/// Where an order goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// To whom.
    pub name: Option<Text>,
    /// The street and number.
    pub line1: Text,
    /// What the street does not say.
    pub line2: Option<Text>,
    /// The town.
    pub city: Text,
    /// The state or county.
    pub region: Option<Text>,
    /// The postal code.
    pub postal_code: Option<Text>,
    /// Two letters of ISO 3166.
    pub country: Text,
}

/// A status, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Which.
    pub status: Status,
    /// Since when.
    pub at: Timestamp,
    /// What there is to say about it.
    pub detail: Option<Text>,
}

/// How a parcel is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracking {
    /// Who carries it.
    pub carrier: Text,
    /// What they call it.
    pub number: Text,
    /// Where they tell of it.
    pub url: Option<Text>,
}

/// Why an order failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Where it stood.
    pub step: Status,
    /// A word for programs, such as `out_of_stock`.
    pub code: Text,
    /// A sentence for people.
    pub message: Text,
}

/// How far an order is within its step, and what was done for it so far. Nobody outside sees this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// How often the present step was tried and did not succeed.
    pub attempts: u32,
    /// Whether its goods are set aside.
    pub reserved: bool,
    /// The skus among them that are counted, which selling or releasing has to touch.
    pub held: Vec<Text>,
    /// Its payment, once it is charged.
    pub paid: Option<Paid>,
    /// Whether the customer wants it called off, and the worker has yet to do so.
    pub cancel_requested: bool,
    /// Why, in the customer's words.
    pub cancel_reason: Option<Text>,
    /// Whether its message lies among the dead letters, from where an operator may have it tried again.
    pub dead_lettered: bool,
    /// What is being taken back before it ends, if it is.
    pub undo: Option<Undo>,
}

/// What is being taken back of an order, and how it ends when all of it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Undo {
    /// Whether the parcel is still to be held back.
    pub recall: bool,
    /// Whether the payment is still to be voided.
    pub void: bool,
    /// Whether the goods are still to be released.
    pub release: bool,
    /// Why the order failed; `None` if it was called off.
    pub error: Option<Error>,
    /// Whether its message goes to the dead letters then.
    pub dead: bool,
}

/// A payment that was charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// What the payment service calls it.
    pub payment_id: Text,
}

/// What the index of customers' orders is by: tenant and customer together, so that no tenant sees another's.
pub fn customer_key(tenant: &str, customer_id: &str) -> String {
    [tenant, "#", customer_id].concat()
}

impl Order {
    /// What it is worth to the shop.
    pub fn tier(&self) -> Tier {
        Tier::of(self.amount.number(self.currency))
    }

    /// Whether its customer is a test.
    pub fn is_test(&self) -> bool {
        is_test(&self.customer_email)
    }

    /// Goes to another status; the caller writes it under the version that it read.
    ///
    /// # Panics
    /// When the order may not go there: deciding that is the caller's work.
    pub fn advance(&mut self, status: Status, at: Timestamp, detail: Option<Text>) {
        assert!(self.status.may_become(status), "an order goes from {} to {status}", self.status);
        // Time never runs backwards in a history, whatever the clock does.
        let at = at.max(self.updated_at);
        self.status = status;
        self.progress.attempts = 0;
        self.history.push(Moment { status, at, detail });
        self.touch(at);
    }

    /// Counts a change that does not move the order.
    pub fn touch(&mut self, at: Timestamp) {
        self.updated_at = at.max(self.updated_at);
        self.version += 1;
    }
}
