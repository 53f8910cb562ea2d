//! Decides nothing about orders: reads one, asks [`workflow`](super::workflow) what comes next, does it, until the
//! order waits or ends.
//!
//! Start at [`Worker::work`], which takes one message as far as it goes. Each step is one commit, under the condition
//! that the order is as it was read; whoever was faster is read again and decided upon anew. There is no waiting in
//! here but for dependencies: what is to be tried later is put back into the queue.
//!
//! Invariant: a worker may stop at any await and lose nothing, and any number may work on the same order at once.

mod dependency;
mod message;
mod report;

pub use super::workflow::Failed;
pub use dependency::{Attempt, Dependencies, Effect, Either, Parts, Timer};
pub use message::{Message, body_of};
pub use report::{Log, Observed, Observer, StepOutcome, Unobserved};

use super::backoff::{backoff, share};
use super::breaker::{Breakers, Dependency, Permit};
use super::fulfilment::Fulfilment;
use super::inventory::Inventory;
use super::order::{Order, Undo};
use super::order_id;
use super::payments::Payments;
use super::ports::{Commit, CommitRefused, Expected, Put, Settle, Shop, Table};
use super::settings::Settings;
use super::status::Status;
use super::workflow::{self, Call, Next, Outcome, Remote, Rules, Step, Then};
use report::Report;
use std::future::Future;
use std::time::Duration;

/// How often in a row others may be faster before the order is put back.
const OVERTAKEN_MAX: u32 = 16;
/// How long an order waits that others were always faster on.
const CROWDED_FOR: Duration = Duration::from_millis(250);
/// How long an order waits when the shop cannot be read or takes no more.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worked {
    /// It went with the order's last commit.
    Settled,
    /// There was nothing to do: it can be deleted.
    Done,
    /// It is to be hidden for this long, and then received again.
    Later(Duration),
    /// It cannot be worked on; the queue's own rules decide what becomes of it.
    Failed {
        /// What a person reads.
        error: String,
    },
}

/// Takes orders through their steps.
pub struct Worker<'a, S, D> {
    /// The world; its commits settle the message that is being worked on.
    pub shop: &'a S,
    /// Whom it asks.
    pub dependencies: &'a D,
    /// Whether they can be asked.
    pub breakers: &'a Breakers,
    /// How it works.
    pub settings: &'a Settings,
    /// Who counts.
    pub observer: &'a dyn Observer,
}

/// Why an order is left for now.
enum Left {
    /// A dependency is not asked at present.
    Spared(Dependency, Duration),
    /// As the shop said.
    Worked(Worked),
}

impl<S: Shop, D: Dependencies> Worker<'_, S, D> {
    /// Takes the order that a message names as far as it goes.
    pub async fn work(&self, message: Message<'_>, log: &mut Log<'_>) -> Worked {
        let Some(id) = message::order_id(message.body) else {
            let error = "the message names no order; it should be an object with orderId".to_owned();
            report::trouble(log, "ERROR", &error, None);
            return Worked::Failed { error };
        };
        match self.carry(&id, message.body, log).await {
            Ok(worked) => worked,
            Err(Left::Worked(worked)) => {
                match &worked {
                    Worked::Failed { error } => report::trouble(log, "ERROR", error, Some(&id)),
                    Worked::Later(_) => report::trouble(log, "WARN", "the order is put back", Some(&id)),
                    Worked::Settled | Worked::Done => {}
                }
                worked
            }
            Err(Left::Spared(dependency, span)) => {
                let text = format!("the order is put back, as {} is not asked at present", dependency.name());
                report::trouble(log, "WARN", &text, Some(&id));
                // Spread, so that those who waited for the same breaker do not come back together.
                Worked::Later(span + share(span.max(CROWDED_FOR), self.shop.random()))
            }
        }
    }

    async fn carry(&self, id: &str, body: &str, log: &mut Log<'_>) -> Result<Worked, Left> {
        let rules = self.rules();
        let mut order = self.read(id).await?;
        let redriven = order.status == Status::Failed && order.progress.dead_lettered;
        let mut overtaken = 0;
        loop {
            let begun = self.dependencies.timer().elapsed();
            let again = overtaken > 0;
            let (next, puts, trouble) = match workflow::next(&order, redriven, &rules, self.shop.now()) {
                Next::Call(call) => {
                    let (answer, puts) = match self.call(call, &order, again).await? {
                        Ok(effect) => (Ok(effect.value), effect.puts),
                        Err(failed) => (Err(failed), Vec::new()),
                    };
                    let trouble = answer.as_ref().err().map(ToString::to_string);
                    let now = self.shop.now();
                    (workflow::after_call(&order, answer, &rules, now, self.shop.random()), puts, trouble)
                }
                next => (next, Vec::new(), None),
            };
            let (next, puts, trouble) = match next {
                Next::TakeBack(undo) => {
                    let (left, mut undone, failed) = self.take_back(&order, undo, again).await?;
                    undone.extend(puts);
                    let now = self.shop.now();
                    let trouble = failed.as_ref().map(ToString::to_string).or(trouble);
                    let random = self.shop.random();
                    (workflow::after_taking_back(&order, left, failed, &rules, now, random), undone, trouble)
                }
                next => (next, puts, trouble),
            };
            let step = match next {
                Next::Step(step) => *step,
                Next::Finished => return Ok(Worked::Done),
                Next::Call(_) | Next::TakeBack(_) => unreachable!("what was asked for is done, and leads to a step"),
            };
            let effects = puts.len();
            match self.shop.commit(commit(&order, &step, puts, body)).await {
                Ok(()) => {
                    overtaken = 0;
                    let took = self.dependencies.timer().elapsed().saturating_sub(begun);
                    let report = Report { before: &order, step: &step, took, trouble: trouble.as_deref() };
                    report.give(self.observer, log);
                    match step.then {
                        Then::Continue => order = step.order,
                        Then::Wait(span) => return Ok(Worked::Later(span)),
                        Then::Settle(_) | Then::Anew => return Ok(Worked::Settled),
                    }
                }
                // The message is gone, so somebody else has it or had it.
                Err(CommitRefused::Unexpected { put }) if put > effects => return Ok(Worked::Done),
                Err(CommitRefused::Unexpected { .. }) => {
                    overtaken += 1;
                    if overtaken > OVERTAKEN_MAX {
                        return Err(later(share(CROWDED_FOR, self.shop.random())));
                    }
                    order = self.read(id).await?;
                }
                Err(CommitRefused::Busy(_)) => return Err(later(BUSY_FOR + backoff(3, self.shop.random()))),
                Err(CommitRefused::Broken(error)) => return Err(Left::Worked(Worked::Failed { error })),
            }
        }
    }

    fn rules(&self) -> Rules {
        Rules {
            attempts_max: self.settings.attempts_max,
            amount_max: self.settings.amount_max,
            remote: Remote {
                inventory: !self.dependencies.inventory().is_atomic(),
                payments: !self.dependencies.payments().is_atomic(),
                fulfilment: !self.dependencies.fulfilment().is_atomic(),
            },
        }
    }

    async fn read(&self, id: &str) -> Result<Order, Left> {
        let found = match order_id::key_of(id) {
            Some(key) => self.shop.get(Table::Orders, &key).await,
            None => self.shop.find_order(id).await,
        };
        let failed = |error: String| Left::Worked(Worked::Failed { error });
        let item = found.map_err(|_| later(BUSY_FOR + backoff(3, self.shop.random())))?;
        let item = item.ok_or_else(|| failed("there is no such order".to_owned()))?;
        Order::from_item(&item).map_err(|error| failed(error.to_string()))
    }

    /// Asks a dependency what the order's step needs.
    async fn call(&self, call: Call, order: &Order, again: bool) -> Result<Result<Effect<Outcome>, Failed>, Left> {
        let attempt = Attempt::new(order, call.step(), again);
        let (attempt, dependencies) = (&attempt, self.dependencies);
        let ask = async {
            Ok(match call {
                Call::Reserve => dependencies.inventory().reserve(attempt).await?.map(Outcome::Reserved),
                Call::Charge => dependencies.payments().charge(attempt).await?.map(Outcome::Charged),
                Call::Ship => dependencies.fulfilment().ship(attempt).await?.map(Outcome::Shipped),
            })
        };
        let asked = self.ask(call.dependency(), ask).await?;
        match asked {
            Ok(shipped) if call == Call::Ship => self.sell(attempt, shipped).await,
            answer => Ok(answer),
        }
    }

    /// Counts as sold what was shipped.
    async fn sell<T>(&self, attempt: &Attempt<'_>, mut shipped: Effect<T>) -> Result<Result<Effect<T>, Failed>, Left> {
        let inventory = self.dependencies.inventory();
        if inventory.is_atomic() && attempt.order.progress.held.is_empty() {
            return Ok(Ok(shipped));
        }
        let sold = self.ask(Dependency::Inventory, inventory.sell(attempt)).await?;
        Ok(sold.map(|sold| {
            shipped.puts.extend(sold.puts);
            shipped
        }))
    }

    /// Takes back what can be; answers what is left, what is to be written, and the first failure.
    async fn take_back(
        &self,
        order: &Order,
        mut undo: Undo,
        again: bool,
    ) -> Result<(Undo, Vec<Put>, Option<Failed>), Left> {
        let dependencies = self.dependencies;
        let (mut puts, mut failed) = (Vec::new(), None);
        let mut taken = |answer: Result<Effect<()>, Failed>| match answer {
            Ok(effect) => {
                puts.extend(effect.puts);
                true
            }
            Err(error) => {
                failed.get_or_insert(error);
                false
            }
        };
        if undo.recall {
            let fulfilment = dependencies.fulfilment();
            let attempt = Attempt::new(order, Status::Fulfillment, again);
            let recall = fulfilment.recall(&attempt);
            undo.recall = !taken(self.ask_back(Dependency::Fulfilment, fulfilment.is_atomic(), recall).await?);
        }
        // Whoever may still get the parcel does not get the money back too.
        if undo.void && !undo.recall {
            let payments = dependencies.payments();
            let attempt = Attempt::new(order, Status::PaymentProcessing, again);
            undo.void =
                !taken(self.ask_back(Dependency::Payments, payments.is_atomic(), payments.void(&attempt)).await?);
        }
        if undo.release && !undo.recall {
            let inventory = dependencies.inventory();
            let attempt = Attempt::new(order, Status::InventoryCheck, again);
            let release = inventory.release(&attempt);
            undo.release = !taken(self.ask_back(Dependency::Inventory, inventory.is_atomic(), release).await?);
        }
        Ok((undo, puts, failed))
    }

    /// Asks a dependency to take something back. One that is built in is always asked: what spares others of calls that
    /// fail must not keep an order from ending.
    async fn ask_back<T: Send>(
        &self,
        dependency: Dependency,
        is_atomic: bool,
        call: impl Future<Output = Result<T, Failed>> + Send,
    ) -> Result<Result<T, Failed>, Left> {
        if is_atomic {
            return Ok(self.timed(call).await);
        }
        self.ask(dependency, call).await
    }

    /// Asks a dependency through its breaker.
    async fn ask<T: Send>(
        &self,
        dependency: Dependency,
        call: impl Future<Output = Result<T, Failed>> + Send,
    ) -> Result<Result<T, Failed>, Left> {
        let timer = self.dependencies.timer();
        let pass = match self.breakers.permit(dependency, timer.elapsed()) {
            Permit::Go(pass) => pass,
            Permit::Wait(span) => return Err(Left::Spared(dependency, span)),
        };
        let answer = self.timed(call).await;
        // Whoever refuses is well.
        let succeeded = matches!(answer, Ok(_) | Err(Failed::Refused { .. }));
        self.breakers.record(dependency, pass, succeeded, timer.elapsed());
        Ok(answer)
    }

    async fn timed<T: Send>(&self, call: impl Future<Output = Result<T, Failed>> + Send) -> Result<T, Failed> {
        let answer = self.dependencies.timer().within(self.settings.step_timeout, call).await;
        answer.unwrap_or(Err(Failed::TimedOut))
    }
}

fn later(span: Duration) -> Left {
    Left::Worked(Worked::Later(span))
}

/// What a step writes: the order first, then its effects.
fn commit(before: &Order, step: &Step, effects: Vec<Put>, body: &str) -> Commit {
    let order = Put { table: Table::Orders, item: step.order.to_item(), expected: Expected::Version(before.version) };
    let mut puts = Vec::with_capacity(1 + effects.len());
    puts.push(order);
    puts.extend(effects);
    let (send, settle) = match &step.then {
        Then::Continue | Then::Wait(_) => (None, None),
        Then::Settle(settle) => (None, Some(settle.clone())),
        Then::Anew => (Some(body.to_owned()), Some(Settle::Done)),
    };
    Commit { puts, send, settle }
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
