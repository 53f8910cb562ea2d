//! Decides who hears of an order's changes: connections that follow it, told by the engine when a change is durable.
//!
//! Invariant: there are never more than [`FOLLOWERS_MAX`] followers, and [`FOLLOWERS_OF_KEY_MAX`] of one key.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many connections may follow orders.
const FOLLOWERS_MAX: usize = 1_024;
/// How many of them one key may have.
const FOLLOWERS_OF_KEY_MAX: usize = 256;

/// Who follows which order.
#[derive(Default)]
pub(crate) struct Followers {
    /// How many there are, so that a change costs nothing while there are none.
    count: AtomicUsize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_order: HashMap<Box<str>, Vec<Arc<Notify>>>,
    by_key: HashMap<Box<str>, usize>,
}

/// A connection that follows an order, until this is dropped.
pub(crate) struct Follower {
    followers: Arc<Followers>,
    order: Box<str>,
    key: Box<str>,
    bell: Arc<Notify>,
}

impl Followers {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows an order for whoever has this key; nothing if there are too many who do.
    pub(crate) fn follow(self: &Arc<Self>, order: &str, key: &str) -> Option<Follower> {
        let mut known = self.lock();
        let of_key = known.by_key.get(key).copied().unwrap_or(0);
        if self.count.load(Ordering::Relaxed) >= FOLLOWERS_MAX || of_key >= FOLLOWERS_OF_KEY_MAX {
            return None;
        }
        let bell = Arc::new(Notify::new());
        known.by_order.entry(order.into()).or_default().push(Arc::clone(&bell));
        *known.by_key.entry(key.into()).or_default() += 1;
        self.count.fetch_add(1, Ordering::Relaxed);
        Some(Follower { followers: Arc::clone(self), order: order.into(), key: key.into(), bell })
    }

    /// An order has changed.
    pub(crate) fn changed(&self, order: &str) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        // One permit is kept for who is not waiting just now.
        self.lock().by_order.get(order).into_iter().flatten().for_each(|bell| bell.notify_one());
    }

    /// Everybody is to look, because the server stops.
    pub(crate) fn wake_all(&self) {
        self.lock().by_order.values().flatten().for_each(|bell| bell.notify_one());
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

impl Follower {
    /// Waits until the order has changed since the last time.
    pub(crate) async fn changed(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut known = self.followers.lock();
        if let Some(bells) = known.by_order.get_mut(&self.order) {
            bells.retain(|bell| !Arc::ptr_eq(bell, &self.bell));
            if bells.is_empty() {
                known.by_order.remove(&self.order);
            }
        }
        if let Some(count) = known.by_key.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                known.by_key.remove(&self.key);
            }
        }
        self.followers.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_follower_hears_of_its_order_also_while_it_does_not_wait() {
        let followers = Arc::new(Followers::default());
        followers.changed("A");
        let (a, b) = (followers.follow("A", "k").unwrap(), followers.follow("B", "k").unwrap());
        followers.changed("A");
        a.changed().await;
        let waits = tokio::time::timeout(std::time::Duration::from_millis(20), b.changed()).await;
        assert!(waits.is_err(), "B has not changed");
        drop((a, b));
        assert_eq!(followers.count(), 0);
        assert!(followers.lock().by_order.is_empty() && followers.lock().by_key.is_empty());
    }

    #[test]
    fn there_are_only_so_many_of_a_key_and_so_many_at_all() {
        let followers = Arc::new(Followers::default());
        let mut all = Vec::new();
        for key in 0..10 {
            let mut of_key = 0;
            while let Some(follower) = followers.follow("A", &key.to_string()) {
                all.push(follower);
                of_key += 1;
            }
            assert!(of_key <= FOLLOWERS_OF_KEY_MAX);
        }
        assert_eq!(all.len(), FOLLOWERS_MAX);
    }
}
