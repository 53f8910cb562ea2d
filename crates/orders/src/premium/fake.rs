//! A world for tests: a table of effects and an order in memory, and somebody who answers as he is told.

use super::{Desk, Effect, Memory, Message, Raised, Shipped};
use crate::shop::ports::{CommitRefused, Unreadable};
use std::collections::BTreeMap;
use std::sync::Mutex;
use types::{Item, Timestamp};

/// The world, and what may go wrong in it.
#[derive(Default)]
pub(super) struct FakeDesk {
    pub(super) effects: Mutex<BTreeMap<String, Item>>,
    pub(super) raised: Mutex<Vec<String>>,
    pub(super) sent: Mutex<Vec<Message>>,
    /// How many sendings fail before the first one that goes well.
    pub(super) failures: Mutex<u32>,
    pub(super) is_unreadable: bool,
    pub(super) is_full: Mutex<bool>,
    pub(super) is_gone: bool,
}

impl Desk for FakeDesk {
    async fn remembered(&self, order_id: &str) -> Result<Option<Item>, Unreadable> {
        if self.is_unreadable {
            return Err(Unreadable("the disk is gone".to_owned()));
        }
        Ok(self.effects.lock().unwrap().get(order_id).cloned())
    }

    async fn remember(&self, order_id: &str, effect: Effect, memory: &Memory) -> Result<(), CommitRefused> {
        if *self.is_full.lock().unwrap() {
            return Err(CommitRefused::Busy("the disk is full".to_owned()));
        }
        let mut effects = self.effects.lock().unwrap();
        let item = effects.entry(order_id.to_owned()).or_insert_with(|| Memory::key(order_id));
        item.insert(effect.name(), memory.value());
        Ok(())
    }

    async fn raise(&self, order: &Shipped, memory: &Memory) -> Result<Raised, CommitRefused> {
        if self.is_gone {
            return Ok(Raised::NotShipped);
        }
        self.remember(&order.id, Effect::ShippingPriority, memory).await?;
        self.raised.lock().unwrap().push(order.id.clone());
        Ok(Raised::Done)
    }

    async fn send(&self, message: &Message) -> Result<String, String> {
        self.sent.lock().unwrap().push(message.clone());
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err("it answers with status 503".to_owned());
        }
        Ok("told, status 204".to_owned())
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_709_856_000_498)
    }
}
