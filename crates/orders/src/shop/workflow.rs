//! Decides what comes next for an order, from how it stands and from what happened.
//!
//! Start at [`next`]: it looks at an order alone. When it says to ask a dependency, the answer goes to [`after_call`];
//! when it says to take things back, what could be done goes to [`after_taking_back`]. All three answer a [`Next`], and
//! a [`Step`] is always written before anything else happens. Nothing here waits.
//!
//! Effects of a dependency that is not atomic may have happened although no step says so. Before such effects are taken
//! back it is written down that they will be ([`Undo`]), so that whoever finds the order later does not charge it again.
//!
//! Invariant: an order only moves as [`Status::may_become`] says, and ends only when nothing is left to take back, or
//! when that is given up and its message lies among the dead letters.

use super::backoff::backoff;
use super::breaker::Dependency;
use super::order::{Error, Order, Paid, Tracking, Undo};
use super::ports::Settle;
use super::status::Status;
use std::time::Duration;
use types::{Number, Text, Timestamp};

/// The code of an order of which not everything could be taken back.
pub const COMPENSATION_INCOMPLETE: &str = "compensation_incomplete";

/// What holds for all orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How often a step is tried.
    pub attempts_max: u32,
    /// No order is worth more, in its own currency's unit.
    pub amount_max: Option<Number>,
    /// Which dependencies act by themselves.
    pub remote: Remote,
}

/// Which dependencies act by themselves, so that what they did has to be taken back by asking them again. The others'
/// effects are written with the order's step or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remote {
    /// Whoever keeps the goods.
    pub inventory: bool,
    /// Whoever takes the money.
    pub payments: bool,
    /// Whoever sends the parcels.
    pub fulfilment: bool,
}

/// What a dependency is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Set the goods aside.
    Reserve,
    /// Take the money.
    Charge,
    /// Send the parcel.
    Ship,
}

/// What a dependency did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The goods are set aside; these skus of them are counted.
    Reserved(Vec<Text>),
    /// The money is taken.
    Charged(Paid),
    /// The parcel is on its way.
    Shipped(Tracking),
}

/// Why a dependency did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// It will not, however often it is asked.
    #[error("{code}: {message}")]
    Refused {
        /// A word for programs, such as `out_of_stock`.
        code: Text,
        /// A sentence for the customer.
        message: Text,
    },
    /// It could not this time; it may have done it all the same.
    #[error("{message}")]
    Transient {
        /// What went wrong, for operators.
        message: String,
    },
    /// It did not answer in time; it may have done it all the same.
    #[error("it did not answer in time")]
    TimedOut,
}

impl Failed {
    /// A refusal.
    pub fn refused(code: &str, message: &str) -> Self {
        Self::Refused { code: code.into(), message: message.into() }
    }

    /// A failure that may pass.
    pub fn transient(message: &str) -> Self {
        Self::Transient { message: message.to_owned() }
    }
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// The order is written as this says.
    Step(Box<Step>),
    /// A dependency is asked, and [`after_call`] hears what it answered.
    Call(Call),
    /// What this says is taken back, and [`after_taking_back`] hears how far that went.
    TakeBack(Undo),
    /// There is nothing to do, and the message can go.
    Finished,
}

/// An order's next state.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// As it is to be written.
    pub order: Order,
    /// What follows once it is.
    pub then: Then,
}

/// What follows a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// The next step.
    Continue,
    /// Nothing, for this long.
    Wait(Duration),
    /// Nothing more: this becomes of the message in the same commit.
    Settle(Settle),
    /// The message is exchanged for a fresh one in the same commit, and the order goes on with that.
    Anew,
}

impl Call {
    /// Who is asked.
    pub const fn dependency(self) -> Dependency {
        match self {
            Self::Reserve => Dependency::Inventory,
            Self::Charge => Dependency::Payments,
            Self::Ship => Dependency::Fulfilment,
        }
    }

    /// The status of an order for which this is asked.
    pub const fn step(self) -> Status {
        match self {
            Self::Reserve => Status::InventoryCheck,
            Self::Charge => Status::PaymentProcessing,
            Self::Ship => Status::Fulfillment,
        }
    }
}

impl Undo {
    /// Whether something is left to take back.
    pub fn is_left(&self) -> bool {
        self.recall || self.void || self.release
    }

    fn concerns(&self, remote: Remote) -> bool {
        self.recall && remote.fulfilment || self.void && remote.payments || self.release && remote.inventory
    }
}

/// How often an order was given up and tried again: 0 in its first round, which lasts until it is tried again.
pub fn round(order: &Order) -> u32 {
    let failures = order.history.iter().filter(|moment| moment.status == Status::Failed).count();
    let before = if order.status == Status::Failed { failures.saturating_sub(1) } else { failures };
    u32::try_from(before).unwrap_or(u32::MAX)
}

/// What comes next for an order; `redriven` if it was given up already when its message came.
pub fn next(order: &Order, redriven: bool, rules: &Rules, now: Timestamp) -> Next {
    match order.status {
        Status::Completed => return Next::Finished,
        Status::Failed if !redriven || !order.progress.dead_lettered => return Next::Finished,
        Status::Failed => {
            return order.progress.undo.clone().map_or_else(|| try_again(order, now), Next::TakeBack);
        }
        Status::Cancelled => {
            let undo = order.progress.undo.clone().or_else(|| unsure_reservation(order, rules));
            return undo.filter(Undo::is_left).map_or(Next::Finished, Next::TakeBack);
        }
        Status::Pending
        | Status::Validating
        | Status::InventoryCheck
        | Status::PaymentProcessing
        | Status::Fulfillment => {}
    }
    if let Some(undo) = &order.progress.undo {
        return Next::TakeBack(undo.clone());
    }
    if order.progress.cancel_requested && order.status.may_become(Status::Cancelled) {
        return end(order, None, false, rules, now);
    }
    match order.status {
        Status::Pending => moved(order, Status::Validating, None, now),
        Status::Validating => match fault(order, rules) {
            None => moved(order, Status::InventoryCheck, None, now),
            Some(message) => {
                let error = Error { step: order.status, code: "invalid_order".into(), message: message.into() };
                end(order, Some(error), false, rules, now)
            }
        },
        Status::InventoryCheck => Next::Call(Call::Reserve),
        Status::PaymentProcessing => Next::Call(Call::Charge),
        Status::Fulfillment => Next::Call(Call::Ship),
        Status::Completed | Status::Failed | Status::Cancelled => unreachable!("final states were decided above"),
    }
}

/// What comes next for an order whose dependency answered.
pub fn after_call(
    order: &Order,
    answer: Result<Outcome, Failed>,
    rules: &Rules,
    now: Timestamp,
    random: impl FnOnce() -> u64,
) -> Next {
    let failed = match answer {
        Ok(outcome) => return done(order, outcome, now),
        Err(failed) => failed,
    };
    let (code, message) = match failed {
        Failed::Refused { code, message } => {
            let error = Error { step: order.status, code, message };
            return end(order, Some(error), false, rules, now);
        }
        // What a broken service says of itself is not for customers.
        Failed::Transient { .. } => ("unavailable", "could not be reached"),
        Failed::TimedOut => ("timed_out", "did not answer in time"),
    };
    let attempts = order.progress.attempts.saturating_add(1);
    if attempts < rules.attempts_max {
        return wait(order.clone(), attempts, now, random());
    }
    let service = match order.status {
        Status::InventoryCheck => Dependency::Inventory,
        Status::PaymentProcessing => Dependency::Payments,
        Status::Pending
        | Status::Validating
        | Status::Fulfillment
        | Status::Completed
        | Status::Failed
        | Status::Cancelled => Dependency::Fulfilment,
    };
    let service = service.name();
    let tried = if attempts == 1 { "once".to_owned() } else { format!("{attempts} times") };
    let error = Error {
        step: order.status,
        code: format!("{service}_{code}").into(),
        message: format!("the {service} service {message}; it was tried {tried}").into(),
    };
    end(order, Some(error), true, rules, now)
}

/// What comes next for an order of which things were taken back: `left` says what still has to be, `failed` why.
pub fn after_taking_back(
    order: &Order,
    left: Undo,
    failed: Option<Failed>,
    rules: &Rules,
    now: Timestamp,
    random: impl FnOnce() -> u64,
) -> Next {
    let mut order = order.clone();
    if !left.void {
        order.progress.paid = None;
    }
    if !left.release {
        order.progress.reserved = false;
        order.progress.held.clear();
    }
    if !left.is_left() {
        return ended(order, left, now);
    }
    let attempts = order.progress.attempts.saturating_add(1);
    let refused = matches!(failed, Some(Failed::Refused { .. }));
    if attempts < rules.attempts_max && !refused {
        order.progress.undo = Some(left);
        return wait(order, attempts, now, random());
    }
    let what = [(left.recall, "the parcel"), (left.void, "the payment"), (left.release, "the goods")];
    let what: Vec<&str> = what.into_iter().filter_map(|(left, what)| left.then_some(what)).collect();
    let message = format!("not everything could be taken back: {}", what.join(", "));
    let why = left.error.as_ref().map_or("cancelled", |error| error.code.as_str());
    let dead = format!("{} at {}: {COMPENSATION_INCOMPLETE}: {message}", why, order.status);
    let step = order.status;
    order.progress.undo = Some(left);
    order.progress.dead_lettered = true;
    order.progress.attempts = 0;
    if step.is_final() {
        order.touch(now);
    } else {
        let message = Text::from(message);
        order.advance(Status::Failed, now, Some(message.clone()));
        order.error = Some(Error { step, code: COMPENSATION_INCOMPLETE.into(), message });
    }
    step_of(order, Then::Settle(Settle::Dead { error: dead }))
}

fn step_of(order: Order, then: Then) -> Next {
    Next::Step(Box::new(Step { order, then }))
}

fn moved(order: &Order, status: Status, detail: Option<Text>, now: Timestamp) -> Next {
    let mut order = order.clone();
    order.advance(status, now, detail);
    step_of(order, Then::Continue)
}

fn wait(mut order: Order, attempts: u32, now: Timestamp, random: u64) -> Next {
    order.progress.attempts = attempts;
    order.touch(now);
    step_of(order, Then::Wait(backoff(attempts, random)))
}

fn done(order: &Order, outcome: Outcome, now: Timestamp) -> Next {
    let mut order = order.clone();
    match outcome {
        Outcome::Reserved(held) => {
            order.progress.reserved = true;
            order.progress.held = held;
            order.advance(Status::PaymentProcessing, now, Some("goods set aside".into()));
            step_of(order, Then::Continue)
        }
        Outcome::Charged(paid) => {
            let mut detail = Text::from("payment ");
            detail.push_str(&paid.payment_id);
            order.progress.paid = Some(paid);
            order.advance(Status::Fulfillment, now, Some(detail));
            step_of(order, Then::Continue)
        }
        Outcome::Shipped(tracking) => {
            let detail = Text::from([&*tracking.carrier, " ", &*tracking.number].concat());
            order.progress.reserved = false;
            order.progress.held.clear();
            order.tracking = Some(tracking);
            order.advance(Status::Completed, now, Some(detail));
            step_of(order, Then::Settle(Settle::Done))
        }
    }
}

/// An operator wants a failed order tried again.
fn try_again(order: &Order, now: Timestamp) -> Next {
    let mut order = order.clone();
    let error = order.error.take();
    let code = error.map_or_else(|| "it failed".into(), |error| error.code);
    order.progress.dead_lettered = false;
    order.advance(Status::Validating, now, Some(format!("tried again by an operator after {code}").into()));
    step_of(order, Then::Anew)
}

/// A customer may call an order off while its goods are being set aside by somebody who does not know that.
fn unsure_reservation(order: &Order, rules: &Rules) -> Option<Undo> {
    let before = order.history.iter().rev().map(|moment| moment.status).find(|status| *status != Status::Cancelled);
    let unsure = rules.remote.inventory && before == Some(Status::InventoryCheck);
    unsure.then(|| Undo { release: true, ..Undo::default() })
}

/// Ends an order before its time: as failed, or as called off if there is no error.
///
/// What a dependency elsewhere was asked for in the present step is taken back even if it refused: a second receiver of
/// the same message may be asking too, and get another answer.
fn end(order: &Order, error: Option<Error>, dead: bool, rules: &Rules, now: Timestamp) -> Next {
    let unsure_at = |status: Status, remote: bool| order.status == status && remote;
    let undo = Undo {
        recall: unsure_at(Status::Fulfillment, rules.remote.fulfilment),
        void: order.progress.paid.is_some() || unsure_at(Status::PaymentProcessing, rules.remote.payments),
        release: order.progress.reserved || unsure_at(Status::InventoryCheck, rules.remote.inventory),
        error,
        dead,
    };
    if !undo.is_left() {
        return ended(order.clone(), undo, now);
    }
    if !undo.concerns(rules.remote) {
        return Next::TakeBack(undo);
    }
    let mut order = order.clone();
    order.progress.undo = Some(undo);
    order.progress.attempts = 0;
    order.touch(now);
    step_of(order, Then::Continue)
}

/// The last step of an order of which nothing is left to take back.
fn ended(mut order: Order, undo: Undo, now: Timestamp) -> Next {
    order.progress.undo = None;
    order.progress.attempts = 0;
    order.progress.dead_lettered = undo.dead && !order.status.is_final();
    let settle = match &undo.error {
        Some(error) if order.progress.dead_lettered => {
            Settle::Dead { error: format!("{} at {}: {}", error.code, error.step, error.message) }
        }
        Some(_) | None => Settle::Done,
    };
    match (order.status, undo.error) {
        // An operator saw to it that the rest was taken back; why the order failed is told again.
        (Status::Failed, error) => {
            let cancelled = |step| Error { step, code: "cancelled".into(), message: "it was called off".into() };
            let step = order.error.as_ref().map_or(Status::PaymentProcessing, |error| error.step);
            order.error = Some(error.unwrap_or_else(|| cancelled(step)));
            order.touch(now);
        }
        (Status::Cancelled, _) => {
            // Stays there with nothing left in it, so that nobody looks for more.
            order.progress.undo = Some(Undo::default());
            order.touch(now);
        }
        (_, Some(error)) => {
            order.advance(Status::Failed, now, Some(error.code.clone()));
            order.error = Some(error);
        }
        (_, None) => {
            let reason = order.progress.cancel_reason.take().unwrap_or_else(|| "called off by the customer".into());
            order.advance(Status::Cancelled, now, Some(reason));
        }
    }
    step_of(order, Then::Settle(settle))
}

/// What is wrong with an order as a whole.
fn fault(order: &Order, rules: &Rules) -> Option<String> {
    let mut faults = Vec::new();
    if order.lines.is_empty() {
        faults.push("it has no items".to_owned());
    }
    for (index, line) in order.lines.iter().enumerate() {
        if line.sku.is_empty() {
            faults.push(format!("item {} has no sku", index + 1));
        }
        if line.quantity == 0 {
            faults.push(format!("item {} has a quantity of 0", index + 1));
        }
    }
    let costs = |line: &super::Line| line.price.times(u64::from(line.quantity));
    let total = order.lines.iter().try_fold(super::money::Minor(0), |sum, line| sum.plus(costs(line)?));
    match total {
        None => faults.push("its items cost more than any amount that is taken".to_owned()),
        Some(total) if total != order.amount => faults.push(format!(
            "its items cost {} {currency} together, its amount is {} {currency}",
            total.decimal(order.currency),
            order.amount.decimal(order.currency),
            currency = order.currency,
        )),
        Some(_) => {}
    }
    if let Some(most) = rules.amount_max.filter(|most| order.amount.number(order.currency) > *most) {
        let (amount, currency) = (order.amount.decimal(order.currency), order.currency);
        faults.push(format!("its amount of {amount} {currency} is more than the {most} that are taken"));
    }
    (!faults.is_empty()).then(|| faults.join("; "))
}

#[cfg(test)]
mod tests;
