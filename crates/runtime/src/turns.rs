//! Decides who may try again first, of those who were overtaken at the same item.
//!
//! Of hundreds of orders for one sku only one at a time can be written; the others would decide again and again for
//! nothing. Who was overtaken once waits for a turn at the item instead. Items share a bounded number of turns: two that
//! share one wait for each other without need, and nothing else comes of it.

use orders::shop::ports::{Put, Table};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How many turns there are.
const TURNS: usize = 64;

/// A turn; it ends when this is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

/// The turns of a shop.
pub(crate) struct Turns(Vec<Arc<Mutex<()>>>);

impl Default for Turns {
    fn default() -> Self {
        Self((0..TURNS).map(|_| Arc::default()).collect())
    }
}

impl Turns {
    /// Waits for a turn at the item that a put is for.
    pub(crate) async fn at(&self, put: &Put) -> Turn {
        let attribute = match put.table {
            Table::Orders | Table::Payments => "orderId",
            Table::Stock => "sku",
            Table::Requests => "requestId",
        };
        let mut hasher = DefaultHasher::new();
        (put.table, put.item.text(attribute)).hash(&mut hasher);
        let turn = &self.0[(hasher.finish() % TURNS as u64) as usize];
        Arc::clone(turn).lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orders::shop::ports::Expected;
    use types::Item;

    #[tokio::test]
    async fn one_has_the_turn_at_an_item_and_others_wait_for_its_end() {
        let put = |sku: &str| {
            let item = Item::from([("sku", sku.into())]);
            Put { table: Table::Stock, item, expected: Expected::Absent }
        };
        let turns = Turns::default();
        let held = turns.at(&put("TEA")).await;
        let (tea, other) = (put("TEA"), put("another"));
        let waiting = turns.at(&tea);
        tokio::pin!(waiting);
        assert!(at_once(waiting.as_mut()).await.is_none());
        drop(turns.at(&other).await);
        drop(held);
        assert!(at_once(waiting.as_mut()).await.is_some());
    }

    /// What a future gives at once.
    async fn at_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
        std::future::poll_fn(|context| match std::pin::Pin::new(&mut future).poll(context) {
            std::task::Poll::Ready(given) => std::task::Poll::Ready(Some(given)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }
}
