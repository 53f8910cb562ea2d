//! A world for tests, in memory; it can be made to refuse.

use super::{Event, Refused, World};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use types::{Item, Timestamp, Value};

#[derive(Debug, Default)]
struct State {
    orders: BTreeMap<String, Item>,
    events: Vec<Event>,
    refusal: Option<String>,
    ids: u32,
    ticks: i64,
}

#[derive(Debug, Default)]
pub(super) struct Fake(Mutex<State>);

impl Fake {
    pub(super) fn order(&self, id: &str) -> Option<Item> {
        self.0.lock().unwrap().orders.get(id).cloned()
    }

    pub(super) fn put(&self, id: &str, status: &str) {
        let order = Item::from([("orderId", id.into()), ("status", status.into())]);
        self.0.lock().unwrap().orders.insert(id.to_owned(), order);
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().events.clone()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().unwrap().orders.is_empty()
    }

    pub(super) fn refuse(&self, why: &str) {
        self.0.lock().unwrap().refusal = Some(why.to_owned());
    }

    pub(super) fn tick(&self) {
        self.0.lock().unwrap().ticks += 1;
    }
}

impl World for Fake {
    async fn create(&self, order: Item, event: Event) -> Result<(), Refused> {
        let mut state = self.0.lock().unwrap();
        if let Some(why) = &state.refusal {
            return Err(Refused(why.clone()));
        }
        state.orders.insert(order.text("orderId").unwrap().to_owned(), order);
        state.events.push(event);
        Ok(())
    }

    async fn find(&self, order_id: &str) -> Result<Option<Item>, Refused> {
        Ok(self.order(order_id))
    }

    async fn update(
        &self,
        order_id: &str,
        expected: &str,
        attributes: Vec<(&'static str, Value)>,
    ) -> Result<bool, Refused> {
        let mut state = self.0.lock().unwrap();
        let Some(order) = state.orders.get_mut(order_id).filter(|order| order.text("status") == Some(expected)) else {
            return Ok(false);
        };
        attributes.into_iter().for_each(|(name, value)| drop(order.insert(name, value)));
        Ok(true)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_761_474_660_000 + self.0.lock().unwrap().ticks)
    }

    fn new_id(&self) -> String {
        let mut state = self.0.lock().unwrap();
        state.ids += 1;
        format!("order-{}", state.ids)
    }
}

/// Runs a future of the fake world, which never waits.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the fake world makes nobody wait"),
    }
}
