//! Decides how the worker's tests see the world: tables, a queue and time in memory, and services elsewhere that fail,
//! hang and refuse as they are told to. Everything follows from one seed.
//!
//! [`World::apply`] holds every write against what must always hold, and keeps what it found.

use super::super::order::{Order, Paid, Tracking};
use super::super::ports::{
    Commit, CommitRefused, CustomerPage, CustomerQuery, Expected, Put, Settle, Shop, Table, Unreadable,
};
use super::super::status::Status;
use super::{Attempt, Effect, Failed, Timer, body_of};
use crate::shop::fulfilment::Fulfilment;
use crate::shop::inventory::Inventory;
use crate::shop::payments::Payments;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;
use types::{Item, Number, Text, Timestamp};

/// In percent of all calls, each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) fails_before: u64,
    pub(super) fails_after: u64,
    pub(super) hangs: u64,
    pub(super) refuses: u64,
    pub(super) busy: u64,
    pub(super) unreadable: u64,
    /// How often an await waits, in percent.
    pub(super) waits: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Queued {
    pub(super) body: String,
    pub(super) visible_at: Duration,
    pub(super) receives: u32,
}

/// What a service elsewhere knows of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remotely {
    Done,
    TakenBack,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) now: Duration,
    random: u64,
    /// Whether a commit may write an item several times.
    pub(super) chains: bool,
    pub(super) faults: Faults,
    pub(super) items: BTreeMap<(Table, String), Item>,
    pub(super) queue: BTreeMap<u64, Queued>,
    pub(super) dead: Vec<String>,
    last_id: u64,
    pub(super) sent: u64,
    pub(super) done: u64,
    pub(super) commits: u64,
    pub(super) reads: BTreeMap<Table, u64>,
    pub(super) calls: u64,
    /// Services elsewhere: by order and key.
    pub(super) payments: BTreeMap<(String, String), Remotely>,
    pub(super) parcels: BTreeMap<(String, String), Remotely>,
    pub(super) holds: BTreeMap<(String, String), Remotely>,
    pub(super) remote_stock: u64,
    pub(super) violations: Vec<String>,
}

pub(super) type Shared = Arc<Mutex<World>>;

pub(super) fn shared(seed: u64) -> Shared {
    Arc::new(Mutex::new(World { random: seed, chains: seed.is_multiple_of(2), ..World::default() }))
}

pub(super) fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap()
}

fn number(item: &Item, name: &str) -> u64 {
    item.number(name).map_or(0, |number| number.to_string().parse().unwrap())
}

fn key_of(table: Table, item: &Item) -> String {
    item.text(if table == Table::Stock { "sku" } else { "orderId" }).unwrap().to_owned()
}

impl World {
    pub(super) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let word = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.random() % bound
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        percent > 0 && self.below(100) < percent
    }

    pub(super) fn clock(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000) + self.now
    }

    pub(super) fn stock(&mut self, sku: &str, available: u64) {
        let item = Item::from([
            ("sku", sku.into()),
            ("available", Number::from(available).into()),
            ("version", Number::from(1u64).into()),
        ]);
        self.items.insert((Table::Stock, sku.to_owned()), item);
    }

    pub(super) fn counts(&self, sku: &str) -> [u64; 3] {
        let item = &self.items[&(Table::Stock, sku.to_owned())];
        ["available", "reserved", "sold"].map(|name| number(item, name))
    }

    pub(super) fn orders(&self) -> Vec<Order> {
        let items = self.items.iter().filter(|((table, _), _)| *table == Table::Orders);
        items.map(|(_, item)| Order::from_item(item).unwrap()).collect()
    }

    pub(super) fn order(&self, id: &str) -> Order {
        Order::from_item(&self.items[&(Table::Orders, id.to_owned())]).unwrap()
    }

    pub(super) fn submit(&mut self, order: &Order) {
        let put = Put { table: Table::Orders, item: order.to_item(), expected: Expected::Absent };
        let commit = Commit { puts: vec![put], send: Some(body_of(&order.id)), settle: None };
        self.apply(commit, None).unwrap();
    }

    pub(super) fn send(&mut self, body: String) {
        self.sent += 1;
        self.enqueue(body);
    }

    fn enqueue(&mut self, body: String) {
        self.last_id += 1;
        self.queue.insert(self.last_id, Queued { body, visible_at: self.now, receives: 0 });
    }

    /// An operator takes everything out of the dead letters.
    pub(super) fn redrive(&mut self) {
        for body in std::mem::take(&mut self.dead) {
            self.enqueue(body);
        }
    }

    /// What the API does when a customer calls an order off.
    pub(super) fn cancel(&mut self, id: &str) {
        let (mut order, now) = (self.order(id), self.clock());
        let version = order.version;
        match order.status {
            Status::Pending | Status::Validating | Status::InventoryCheck => {
                order.advance(Status::Cancelled, now, None)
            }
            Status::PaymentProcessing => {
                order.progress.cancel_requested = true;
                order.touch(now);
            }
            Status::Fulfillment | Status::Completed | Status::Failed | Status::Cancelled => return,
        }
        let put = Put { table: Table::Orders, item: order.to_item(), expected: Expected::Version(version) };
        self.apply(Commit { puts: vec![put], send: None, settle: None }, None).unwrap();
    }

    /// Whether what a put expects is there, when `earlier` were written.
    fn holds(&self, put: &Put, earlier: &[Put]) -> bool {
        let key = |put: &Put| (put.table, key_of(put.table, &put.item));
        let unwritten = earlier.iter().rev().find(|one| key(one) == key(put)).map(|one| &one.item);
        let found = unwritten.or_else(|| self.items.get(&key(put)));
        match put.expected {
            Expected::Absent => found.is_none(),
            Expected::Version(version) => found.is_some_and(|item| number(item, "version") == version),
        }
    }

    pub(super) fn apply(&mut self, commit: Commit, message: Option<u64>) -> Result<(), CommitRefused> {
        if let Some(put) = (0..commit.puts.len()).find(|&at| !self.holds(&commit.puts[at], &commit.puts[..at])) {
            return Err(CommitRefused::Unexpected { put });
        }
        if commit.settle.is_some() && !message.is_some_and(|id| self.queue.contains_key(&id)) {
            return Err(CommitRefused::Unexpected { put: commit.puts.len() });
        }
        self.commits += 1;
        let mut keys: Vec<_> = commit.puts.iter().map(|put| (put.table, key_of(put.table, &put.item))).collect();
        keys.sort_unstable();
        keys.dedup();
        assert!(self.chains || keys.len() == commit.puts.len(), "each put is of another key");
        for put in commit.puts {
            let key = (put.table, key_of(put.table, &put.item));
            let old = self.items.insert(key, put.item.clone());
            if let Some(old) = old {
                self.watch(put.table, &old, &put.item);
            }
        }
        if let Some(body) = commit.send {
            self.send(body);
        }
        let id = message.unwrap_or_default();
        match commit.settle {
            None => {}
            Some(Settle::Done) => {
                self.queue.remove(&id);
                self.done += 1;
            }
            Some(Settle::Dead { .. }) => self.dead.extend(self.queue.remove(&id).map(|queued| queued.body)),
        }
        Ok(())
    }

    /// What must hold of every change.
    fn watch(&mut self, table: Table, old: &Item, new: &Item) {
        let mut fault = |fault: String| self.violations.push(fault);
        if number(new, "version") != number(old, "version") + 1 {
            fault(format!("versions go up one by one: {old:?} → {new:?}"));
        }
        match table {
            Table::Orders => {
                let (old, new) = (Order::from_item(old).unwrap(), Order::from_item(new).unwrap());
                let moments = new.history.len() - old.history.len();
                let moved = old.status != new.status;
                let lawful = !moved || old.status.may_become(new.status);
                if !new.history.starts_with(&old.history)
                    || moments != usize::from(moved)
                    || new.history.last().unwrap().status != new.status
                    || !lawful
                {
                    fault(format!("{} → {}: {:?} → {:?}", old.status, new.status, old.history, new.history));
                }
                if new.updated_at < old.updated_at || new.history.iter().any(|moment| moment.at > new.updated_at) {
                    fault(format!("time runs backwards: {:?}", new.history));
                }
            }
            Table::Stock => {
                let sum = |item| ["available", "reserved", "sold"].map(|name| number(item, name)).iter().sum::<u64>();
                if sum(old) != sum(new) || number(new, "sold") < number(old, "sold") {
                    fault(format!("stock is not conserved: {old:?} → {new:?}"));
                }
            }
            Table::Payments => {
                let charged = |item: &Item| item.text("state") == Some("charged");
                if charged(old) == charged(new) {
                    fault(format!("charged or voided twice: {old:?} → {new:?}"));
                }
            }
            Table::Requests => {}
        }
    }
}

/// Waits now and then, so that others come in between.
async fn pause(world: &Shared) {
    poll_fn(|_| {
        let mut world = lock(world);
        let waits = world.faults.waits;
        if world.chance(waits) { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}

pub(super) struct FakeShop {
    pub(super) world: Shared,
    /// The message that is being worked on.
    pub(super) message: Option<u64>,
}

impl Shop for FakeShop {
    type Turn = ();

    async fn turn(&self, _: &Put) {}

    async fn get(&self, table: Table, key: &Item) -> Result<Option<Item>, Unreadable> {
        pause(&self.world).await;
        let found = {
            let mut world = lock(&self.world);
            *world.reads.entry(table).or_default() += 1;
            let unreadable = world.faults.unreadable;
            if world.chance(unreadable) {
                return Err(Unreadable("the disk is away".to_owned()));
            }
            world.items.get(&(table, key_of(table, key))).cloned()
        };
        pause(&self.world).await;
        Ok(found)
    }

    async fn find_order(&self, order_id: &str) -> Result<Option<Item>, Unreadable> {
        self.get(Table::Orders, &Item::from([("orderId", order_id.into())])).await
    }

    async fn orders_of(&self, _: CustomerQuery) -> Result<CustomerPage, Unreadable> {
        unreachable!("the worker lists no orders")
    }

    fn chains(&self) -> bool {
        lock(&self.world).chains
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitRefused> {
        pause(&self.world).await;
        let answer = {
            let mut world = lock(&self.world);
            let busy = world.faults.busy;
            if world.chance(busy) {
                return Err(CommitRefused::Busy("too much is being written".to_owned()));
            }
            world.apply(commit, self.message)
        };
        // The commit is there, but nobody heard of it yet.
        pause(&self.world).await;
        answer
    }

    fn now(&self) -> Timestamp {
        lock(&self.world).clock()
    }

    fn random(&self) -> u64 {
        lock(&self.world).random()
    }
}

pub(super) struct FakeTimer(pub(super) Shared);

impl Timer for FakeTimer {
    fn elapsed(&self) -> Duration {
        lock(&self.0).now
    }

    async fn sleep(&self, span: Duration) {
        let until = self.elapsed() + span;
        poll_fn(|_| if self.elapsed() >= until { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    async fn within<F>(&self, limit: Duration, future: F) -> Option<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        let until = self.elapsed() + limit;
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.elapsed() >= until => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }
}

/// A service elsewhere: it keeps what it did by key, whether anybody hears of it or not.
#[derive(Clone)]
pub(super) struct Elsewhere(pub(super) Shared);

impl Elsewhere {
    async fn serve<T>(&self, act: impl FnOnce(&mut World) -> Result<T, Failed>) -> Result<T, Failed> {
        pause(&self.0).await;
        let (done, fails, hangs) = {
            let mut world = lock(&self.0);
            world.calls += 1;
            let faults = world.faults;
            if world.chance(faults.fails_before) {
                return Err(Failed::transient("broken before"));
            }
            let done = act(&mut world);
            (done, world.chance(faults.fails_after), world.chance(faults.hangs))
        };
        pause(&self.0).await;
        if hangs {
            FakeTimer(self.0.clone()).sleep(Duration::from_secs(100_000)).await;
        }
        if fails { Err(Failed::transient("broken after")) } else { done }
    }
}

type Book = BTreeMap<(String, String), Remotely>;

/// Does something under a key, once; what was taken back is not done any more.
fn once(world: &mut World, book: fn(&mut World) -> &mut Book, attempt: &Attempt<'_>) -> Result<bool, Failed> {
    let key = (attempt.order.id.to_string(), attempt.key.clone());
    match book(world).get(&key) {
        Some(Remotely::TakenBack) => Err(Failed::refused("taken_back", "it was taken back")),
        Some(Remotely::Done) => Ok(false),
        None => {
            let refuses = world.faults.refuses;
            if world.chance(refuses) {
                return Err(Failed::refused("refused", "not today"));
            }
            book(world).insert(key, Remotely::Done);
            Ok(true)
        }
    }
}

fn take_back(book: &mut Book, attempt: &Attempt<'_>) -> Option<Remotely> {
    book.insert((attempt.order.id.to_string(), attempt.key.clone()), Remotely::TakenBack)
}

fn units(order: &Order) -> u64 {
    order.lines.iter().map(|line| u64::from(line.quantity)).sum()
}

impl Inventory for Elsewhere {
    fn is_atomic(&self) -> bool {
        false
    }

    fn answers_at_once(&self) -> bool {
        false
    }

    async fn reserve(&self, attempt: &Attempt<'_>) -> Result<Effect<Vec<Text>>, Failed> {
        let reserve = |world: &mut World| {
            let key = (attempt.order.id.to_string(), attempt.key.clone());
            if !world.holds.contains_key(&key) && world.remote_stock < units(attempt.order) {
                return Err(Failed::refused("out_of_stock", "none left"));
            }
            if once(world, |world| &mut world.holds, attempt)? {
                world.remote_stock -= units(attempt.order);
            }
            Ok(Effect::of(Vec::new()))
        };
        self.serve(reserve).await
    }

    async fn release(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        let release = |world: &mut World| {
            if take_back(&mut world.holds, attempt) == Some(Remotely::Done) {
                world.remote_stock += units(attempt.order);
            }
            Ok(Effect::of(()))
        };
        self.serve(release).await
    }

    async fn sell(&self, _: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        self.serve(|_| Ok(Effect::of(()))).await
    }
}

impl Payments for Elsewhere {
    fn is_atomic(&self) -> bool {
        false
    }

    fn answers_at_once(&self) -> bool {
        false
    }

    async fn charge(&self, attempt: &Attempt<'_>) -> Result<Effect<Paid>, Failed> {
        let charge = |world: &mut World| {
            once(world, |world| &mut world.payments, attempt)?;
            Ok(Effect::of(Paid { payment_id: attempt.key.as_str().into() }))
        };
        self.serve(charge).await
    }

    async fn void(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        let void = |world: &mut World| {
            take_back(&mut world.payments, attempt);
            Ok(Effect::of(()))
        };
        self.serve(void).await
    }
}

impl Fulfilment for Elsewhere {
    fn is_atomic(&self) -> bool {
        false
    }

    fn answers_at_once(&self) -> bool {
        false
    }

    async fn ship(&self, attempt: &Attempt<'_>) -> Result<Effect<Tracking>, Failed> {
        let ship = |world: &mut World| {
            once(world, |world| &mut world.parcels, attempt)?;
            Ok(Effect::of(Tracking { carrier: "van".into(), number: attempt.key.as_str().into(), url: None }))
        };
        self.serve(ship).await
    }

    async fn recall(&self, attempt: &Attempt<'_>) -> Result<Effect<()>, Failed> {
        let recall = |world: &mut World| {
            take_back(&mut world.parcels, attempt);
            Ok(Effect::of(()))
        };
        self.serve(recall).await
    }
}
