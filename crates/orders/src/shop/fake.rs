//! A world for tests: tables in memory with real conditions, which can be made to fail, to lose and to interleave.
//!
//! Every call waits a few turns before it acts and before it answers, so that futures polled by [`interleave`] meet in
//! every order. [`run`] polls a single one.

use super::ports::{
    Commit, CommitRefused, CustomerPage, CustomerQuery, Expected, Put, Settle, Shop, Table, Unreadable,
};
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use types::{Item, Number, Timestamp};

/// What was asked of the world, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Get(Table),
    FindOrder,
    OrdersOf,
    Commit,
}

/// What becomes of a commit, if not what should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// It is refused.
    Refuse(CommitRefused),
    /// It is made, and nobody ever hears of it.
    Lose,
}

type Key = (Table, Vec<String>);
type Interference = Box<dyn FnOnce(&Fake) + Send>;

#[derive(Default)]
struct State {
    items: BTreeMap<Key, Item>,
    messages: Vec<String>,
    settled: Vec<Settle>,
    calls: Vec<Call>,
    now: i64,
    seed: u64,
    turns: u64,
    mishaps: VecDeque<Mishap>,
    unreadable: usize,
    interferences: VecDeque<Interference>,
}

/// The world.
#[derive(Default)]
pub(crate) struct Fake(Mutex<State>);

impl Fake {
    /// An empty one, at the beginning of 2026.
    pub(crate) fn new() -> Self {
        let fake = Self::default();
        fake.state().now = 1_767_225_600_000;
        fake
    }

    /// An empty one whose calls wait up to so many turns, at random.
    pub(crate) fn waiting(turns: u64, seed: u64) -> Self {
        let fake = Self::new();
        (fake.state().turns, fake.state().seed) = (turns, seed);
        fake
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds the state")
    }

    pub(crate) fn set_now(&self, now: Timestamp) {
        self.state().now = now.millis();
    }

    /// The items of a table, in the order of their keys.
    pub(crate) fn items(&self, table: Table) -> Vec<Item> {
        let state = self.state();
        state.items.iter().filter(|((of, _), _)| *of == table).map(|(_, item)| item.clone()).collect()
    }

    /// Writes an item without any condition.
    pub(crate) fn put(&self, table: Table, item: Item) {
        self.state().items.insert((table, key_of(table, &item)), item);
    }

    /// Removes what is under the key of an item.
    pub(crate) fn remove(&self, table: Table, item: &Item) {
        self.state().items.remove(&(table, key_of(table, item)));
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.state().messages.clone()
    }

    pub(crate) fn settled(&self) -> Vec<Settle> {
        self.state().settled.clone()
    }

    /// What was asked since this was called last.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    /// What becomes of the next commit that has no mishap in store yet.
    pub(crate) fn plan(&self, mishap: Mishap) {
        self.state().mishaps.push_back(mishap);
    }

    /// The next so many reads fail.
    pub(crate) fn fail_reads(&self, count: usize) {
        self.state().unreadable = count;
    }

    /// What happens just before the next commit is decided: somebody was faster.
    pub(crate) fn interfere(&self, interference: impl FnOnce(&Self) + Send + 'static) {
        self.state().interferences.push_back(Box::new(interference));
    }

    fn draw(&self) -> u64 {
        let mut state = self.state();
        state.seed = state.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        splitmix(state.seed)
    }

    async fn wait(&self) {
        let turns = self.state().turns;
        if turns > 0 {
            Turns(self.draw() % (turns + 1)).await;
        }
    }

    async fn read<T>(&self, call: Call, read: impl FnOnce(&State) -> T) -> Result<T, Unreadable> {
        self.wait().await;
        let result = {
            let mut state = self.state();
            state.calls.push(call);
            if state.unreadable > 0 {
                state.unreadable -= 1;
                Err(Unreadable("the disk is on holiday".to_owned()))
            } else {
                Ok(read(&state))
            }
        };
        self.wait().await;
        result
    }

    fn decide(&self, commit: Commit) -> Result<(), CommitRefused> {
        let mut state = self.state();
        let key = |put: &Put| (put.table, key_of(put.table, &put.item));
        for (index, put) in commit.puts.iter().enumerate() {
            assert!(commit.puts[..index].iter().all(|other| key(other) != key(put)), "each put is of another key");
            let version = |item: &Item| item.number("version");
            let there = state.items.get(&key(put));
            let holds = match put.expected {
                Expected::Absent => there.is_none(),
                Expected::Version(expected) => there.and_then(version) == Some(Number::from(expected)),
            };
            if !holds {
                return Err(CommitRefused::Unexpected { put: index });
            }
        }
        for put in commit.puts {
            state.items.insert(key(&put), put.item);
        }
        state.messages.extend(commit.send);
        state.settled.extend(commit.settle);
        Ok(())
    }
}

fn splitmix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn key_of(table: Table, item: &Item) -> Vec<String> {
    let names: &[&str] = match table {
        Table::Orders => &["orderId", "createdAt"],
        Table::Stock => &["sku"],
        Table::Payments => &["orderId"],
        Table::Requests => &["requestId"],
    };
    names.iter().map(|name| item.text(name).expect("every item has its table's key").to_owned()).collect()
}

impl Shop for Fake {
    type Turn = ();

    async fn turn(&self, _: &Put) {}

    async fn get(&self, table: Table, key: &Item) -> Result<Option<Item>, Unreadable> {
        let key = (table, key_of(table, key));
        self.read(Call::Get(table), |state| state.items.get(&key).cloned()).await
    }

    async fn find_order(&self, order_id: &str) -> Result<Option<Item>, Unreadable> {
        self.read(Call::FindOrder, |state| {
            let mut orders = state.items.iter().filter(|((table, _), _)| *table == Table::Orders);
            orders.find(|((_, key), _)| key[0] == order_id).map(|(_, item)| item.clone())
        })
        .await
    }

    async fn orders_of(&self, query: CustomerQuery) -> Result<CustomerPage, Unreadable> {
        self.read(Call::OrdersOf, |state| {
            let place = |item: &Item| {
                let text = |name| item.text(name).unwrap_or_default().to_owned();
                (text("createdAt"), text("orderId"))
            };
            let of_customer = |item: &&Item| item.text("customerKey") == Some(query.customer_key.as_str());
            let mut items: Vec<Item> = state.items.values().filter(of_customer).cloned().collect();
            items.sort_by_key(place);
            if query.newest_first {
                items.reverse();
            }
            if let Some((id, created_at)) = query.after {
                let last = (created_at, id);
                items.retain(|item| if query.newest_first { place(item) < last } else { place(item) > last });
            }
            let more = items.len() > query.limit;
            items.truncate(query.limit);
            let next = items.last().filter(|_| more).map(|item| {
                let (created_at, id) = place(item);
                (id, created_at)
            });
            CustomerPage { items, next }
        })
        .await
    }

    fn chains(&self) -> bool {
        false
    }

    async fn commit(&self, commit: Commit) -> Result<(), CommitRefused> {
        self.wait().await;
        let interference = self.state().interferences.pop_front();
        if let Some(interfere) = interference {
            interfere(self);
        }
        self.state().calls.push(Call::Commit);
        let mishap = self.state().mishaps.pop_front();
        let result = match mishap {
            Some(Mishap::Refuse(refused)) => Err(refused),
            Some(Mishap::Lose) => {
                self.decide(commit)?;
                std::future::pending().await
            }
            None => self.decide(commit),
        };
        self.wait().await;
        result
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.state().now)
    }

    fn random(&self) -> u64 {
        self.draw()
    }
}

/// Waits until it was polled so many times.
struct Turns(u64);

impl Future for Turns {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

/// More turns than anything takes that will ever be done.
const TURNS_MAX: usize = 100_000;

/// What a future comes to; none if it never does, because something of it was lost.
pub(crate) fn run_if_it_ends<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..TURNS_MAX).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    })
}

/// What a future comes to.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    run_if_it_ends(future).expect("nothing was lost, so it ends")
}

/// What futures come to that are polled in random order, a turn each; none for one that was lost.
pub(crate) fn interleave<'a, T>(
    seed: u64,
    futures: impl IntoIterator<Item = Pin<Box<dyn Future<Output = T> + 'a>>>,
) -> Vec<Option<T>> {
    let mut waiting: Vec<_> = futures.into_iter().enumerate().collect();
    let mut done: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    let mut context = Context::from_waker(Waker::noop());
    let mut state = seed;
    let mut idle = 0;
    while !waiting.is_empty() && idle < TURNS_MAX {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let at = usize::try_from(splitmix(state) % waiting.len() as u64).expect("an index");
        match waiting[at].1.as_mut().poll(&mut context) {
            Poll::Ready(result) => {
                let (index, _) = waiting.swap_remove(at);
                done[index] = Some(result);
                idle = 0;
            }
            Poll::Pending => idle += 1,
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stock(sku: &str, version: u64, expected: Expected) -> Put {
        let item = Item::from([("sku", sku.into()), ("version", Number::from(version).into())]);
        Put { table: Table::Stock, item, expected }
    }

    #[test]
    fn a_commit_is_made_whole_or_not_at_all() {
        let fake = Fake::new();
        let commit =
            |puts: Vec<Put>| run(fake.commit(Commit { puts, send: Some("m".to_owned()), settle: Some(Settle::Done) }));
        assert_eq!(commit(vec![stock("a", 1, Expected::Absent), stock("b", 1, Expected::Absent)]), Ok(()));
        let refused = |put| Err(CommitRefused::Unexpected { put });
        assert_eq!(commit(vec![stock("a", 2, Expected::Version(1)), stock("b", 2, Expected::Version(2))]), refused(1));
        assert_eq!(commit(vec![stock("c", 1, Expected::Version(1))]), refused(0));
        assert_eq!(commit(vec![stock("c", 1, Expected::Absent), stock("a", 1, Expected::Absent)]), refused(1));
        assert_eq!(
            fake.items(Table::Stock),
            [stock("a", 1, Expected::Absent).item, stock("b", 1, Expected::Absent).item]
        );
        assert_eq!((fake.messages().len(), fake.settled()), (1, vec![Settle::Done]));
        assert_eq!(commit(vec![stock("a", 2, Expected::Version(1))]), Ok(()));
        assert_eq!(fake.items(Table::Stock)[0].number("version"), Some(2u64.into()));
    }

    #[test]
    fn futures_meet_in_other_orders_under_other_seeds() {
        let order_of = |seed| {
            let fake = Fake::waiting(5, seed);
            let puts =
                ["a", "b", "c"].map(|sku| fake.commit(Commit { send: Some(sku.to_owned()), ..Commit::default() }));
            interleave(seed, puts.map(|put| Box::pin(put) as _));
            fake.messages()
        };
        let orders: std::collections::BTreeSet<Vec<String>> = (0..100).map(order_of).collect();
        assert_eq!(orders.len(), 6);
    }
}
