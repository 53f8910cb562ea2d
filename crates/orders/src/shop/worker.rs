//! Decides nothing about orders: reads one, asks [`workflow`](super::workflow) what comes next, does it, until the
//! order waits or ends.
//!
//! Start at [`Worker::work`], which takes one message as far as it goes. Each step is a change of the order, under the
//! condition that the order is as it was read; whoever was faster is read again and decided upon anew. Steps that follow
//! one another without anybody being waited for are written together ([`chain`]); before anybody elsewhere is asked, or
//! has to be waited for, all that was decided is durable. What is to be tried later is put back into the queue.
//!
//! Invariant: a worker may stop at any await and lose nothing, and any number may work on the same order at once.

mod chain;
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
use super::ports::{CommitRefused, Put, Shop, Table};
use super::settings::Settings;
use super::status::Status;
use super::workflow::{self, Call, Next, Outcome, Remote, Rules, Then};
use chain::Chain;
use std::future::Future;
use std::pin::{Pin, pin};
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

/// Why an order is left as it is.
enum Left {
    /// A dependency is not asked at present.
    Spared(Dependency, Duration),
    /// As the shop said.
    Worked(Worked),
}

/// Why a step is not taken.
enum Halted {
    /// Somebody else changed what it was decided on: what this put of the chain is for.
    Overtaken(usize),
    /// The order is left as it is.
    Left(Left),
}

impl From<Left> for Halted {
    fn from(left: Left) -> Self {
        Self::Left(left)
    }
}

/// An order on its way through the steps.
struct Carried<'a, 'l, T> {
    chain: Chain,
    /// At the item at which others were faster, until something is written or somebody has to be waited for.
    turn: Option<T>,
    /// Whether it was given up already when its message came.
    redriven: bool,
    /// Whether what was decided last could not be written.
    again: bool,
    /// The message's.
    body: &'a str,
    log: &'a mut Log<'l>,
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
        let order = self.read(id).await?;
        let redriven = order.status == Status::Failed && order.progress.dead_lettered;
        let mut carried = Carried { chain: Chain::of(order), turn: None, redriven, again: false, body, log };
        let mut overtaken = 0;
        loop {
            let decided = self.decide(&mut carried, &rules).await;
            if matches!(decided, Ok(None)) && self.shop.chains() && !carried.chain.is_long() {
                continue;
            }
            let written = match decided {
                Err(Halted::Overtaken(at)) => Err(Halted::Overtaken(at)),
                // What was decided is written, also if there is nothing more to decide just now.
                decided => self.write(&mut carried).await.and(decided),
            };
            match written {
                Ok(None) => (overtaken, carried.again, carried.turn) = (0, false, None),
                Ok(Some(worked)) => return Ok(worked),
                Err(Halted::Overtaken(at)) => {
                    overtaken += 1;
                    if overtaken > OVERTAKEN_MAX {
                        return Err(later(share(CROWDED_FOR, self.shop.random())));
                    }
                    // One turn at a time, so that no two wait for each other's.
                    carried.turn = None;
                    if let Some(put) = carried.chain.puts().get(at) {
                        carried.turn = Some(self.shop.turn(put).await);
                    }
                    (carried.chain, carried.again) = (Chain::of(self.read(id).await?), true);
                }
                Err(Halted::Left(left)) => return Err(left),
            }
        }
    }

    /// Decides the order's next step; answers what becomes of the message, if that is the last one.
    async fn decide(&self, carried: &mut Carried<'_, '_, S::Turn>, rules: &Rules) -> Result<Option<Worked>, Halted> {
        let begun = self.dependencies.timer().elapsed();
        let (next, puts, trouble) =
            match workflow::next(carried.chain.order(), carried.redriven, rules, self.shop.now()) {
                Next::Call(call) => {
                    let (answer, puts) = match self.call(call, carried).await? {
                        Ok(effect) => (Ok(effect.value), effect.puts),
                        Err(failed) => (Err(failed), Vec::new()),
                    };
                    let trouble = answer.as_ref().err().map(ToString::to_string);
                    let (now, random) = (self.shop.now(), || self.shop.random());
                    (workflow::after_call(carried.chain.order(), answer, rules, now, random), puts, trouble)
                }
                next => (next, Vec::new(), None),
            };
        let (next, puts, trouble) = match next {
            Next::TakeBack(undo) => {
                let (left, mut undone, failed) = self.take_back(carried, undo).await?;
                undone.extend(puts);
                let trouble = failed.as_ref().map(ToString::to_string).or(trouble);
                let (now, random) = (self.shop.now(), || self.shop.random());
                let order = carried.chain.order();
                (workflow::after_taking_back(order, left, failed, rules, now, random), undone, trouble)
            }
            next => (next, puts, trouble),
        };
        let step = match next {
            Next::Step(step) => *step,
            Next::Finished => return Ok(Some(Worked::Done)),
            Next::Call(_) | Next::TakeBack(_) => unreachable!("what was asked for is done, and leads to a step"),
        };
        let worked = match &step.then {
            Then::Continue => None,
            Then::Wait(span) => Some(Worked::Later(*span)),
            Then::Settle(_) | Then::Anew => Some(Worked::Settled),
        };
        carried.chain.push(step, puts, begun, trouble);
        Ok(worked)
    }

    /// Writes what is decided, as one commit.
    async fn write(&self, carried: &mut Carried<'_, '_, S::Turn>) -> Result<(), Halted> {
        let chain = &mut carried.chain;
        if chain.is_written() {
            return Ok(());
        }
        match self.shop.commit(chain.commit(carried.body)).await {
            Ok(()) => {
                chain.written(self.dependencies.timer().elapsed(), self.observer, carried.log);
                Ok(())
            }
            // The message is gone, so somebody else has it or had it.
            Err(CommitRefused::Unexpected { put }) if put >= chain.puts().len() => {
                Err(Left::Worked(Worked::Done).into())
            }
            Err(CommitRefused::Unexpected { put }) => Err(Halted::Overtaken(put)),
            Err(CommitRefused::Busy(_)) => Err(later(BUSY_FOR + backoff(3, self.shop.random())).into()),
            Err(CommitRefused::Broken(error)) => Err(Left::Worked(Worked::Failed { error }).into()),
        }
    }

    /// Writes what is decided, unless the dependency that is asked next is asked without being waited for.
    async fn write_before(&self, answers_at_once: bool, carried: &mut Carried<'_, '_, S::Turn>) -> Result<(), Halted> {
        if answers_at_once {
            return Ok(());
        }
        let written = self.write(carried).await;
        carried.turn = None;
        written
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
    async fn call(
        &self,
        call: Call,
        carried: &mut Carried<'_, '_, S::Turn>,
    ) -> Result<Result<Effect<Outcome>, Failed>, Halted> {
        let (inventory, payments) = (self.dependencies.inventory(), self.dependencies.payments());
        let fulfilment = self.dependencies.fulfilment();
        let answers_at_once = match call {
            Call::Reserve => inventory.answers_at_once(),
            Call::Charge => payments.answers_at_once(),
            Call::Ship => fulfilment.answers_at_once() && inventory.answers_at_once(),
        };
        self.write_before(answers_at_once, carried).await?;
        let attempt = &attempt(carried, call.step());
        let ask = pin!(async {
            Ok(match call {
                Call::Reserve => inventory.reserve(attempt).await?.map(Outcome::Reserved),
                Call::Charge => payments.charge(attempt).await?.map(Outcome::Charged),
                Call::Ship => fulfilment.ship(attempt).await?.map(Outcome::Shipped),
            })
        });
        let asked = self.ask(call.dependency(), ask).await?;
        match asked {
            Ok(shipped) if call == Call::Ship => Ok(self.sell(attempt, shipped).await?),
            answer => Ok(answer),
        }
    }

    /// Counts as sold what was shipped.
    async fn sell<T>(&self, attempt: &Attempt<'_>, mut shipped: Effect<T>) -> Result<Result<Effect<T>, Failed>, Left> {
        let inventory = self.dependencies.inventory();
        if inventory.is_atomic() && attempt.order.progress.held.is_empty() {
            return Ok(Ok(shipped));
        }
        let sold = self.ask(Dependency::Inventory, pin!(inventory.sell(attempt))).await?;
        Ok(sold.map(|sold| {
            shipped.puts.extend(sold.puts);
            shipped
        }))
    }

    /// Takes back what can be; answers what is left, what is to be written, and the first failure.
    async fn take_back(
        &self,
        carried: &mut Carried<'_, '_, S::Turn>,
        mut undo: Undo,
    ) -> Result<(Undo, Vec<Put>, Option<Failed>), Halted> {
        let (inventory, payments) = (self.dependencies.inventory(), self.dependencies.payments());
        let fulfilment = self.dependencies.fulfilment();
        let answers_at_once = (!undo.recall || fulfilment.answers_at_once())
            && (!undo.void || payments.answers_at_once())
            && (!undo.release || inventory.answers_at_once());
        self.write_before(answers_at_once, carried).await?;
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
            let attempt = attempt(carried, Status::Fulfillment);
            let recall = pin!(fulfilment.recall(&attempt));
            undo.recall = !taken(self.ask_back(Dependency::Fulfilment, fulfilment.is_atomic(), recall).await?);
        }
        // Whoever may still get the parcel does not get the money back too.
        if undo.void && !undo.recall {
            let attempt = attempt(carried, Status::PaymentProcessing);
            let void = pin!(payments.void(&attempt));
            undo.void = !taken(self.ask_back(Dependency::Payments, payments.is_atomic(), void).await?);
        }
        if undo.release && !undo.recall {
            let attempt = attempt(carried, Status::InventoryCheck);
            let release = pin!(inventory.release(&attempt));
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
        call: Pin<&mut (impl Future<Output = Result<T, Failed>> + Send)>,
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
        call: Pin<&mut (impl Future<Output = Result<T, Failed>> + Send)>,
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

    async fn timed<T: Send>(
        &self,
        call: Pin<&mut (impl Future<Output = Result<T, Failed>> + Send)>,
    ) -> Result<T, Failed> {
        let answer = self.dependencies.timer().within(self.settings.step_timeout, call).await;
        answer.unwrap_or(Err(Failed::TimedOut))
    }
}

fn later(span: Duration) -> Left {
    Left::Worked(Worked::Later(span))
}

/// What a dependency is told about the call that the order needs at a step.
fn attempt<'c, T>(carried: &'c Carried<'_, '_, T>, step: Status) -> Attempt<'c> {
    let again = carried.again;
    Attempt { again, unwritten: carried.chain.puts(), ..Attempt::new(carried.chain.order(), step) }
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
