//! Decides which connection makes room when there are too many: the one that has been waiting for its client longest.
//!
//! A connection whose request is being answered is busy and stays; one whose client has yet to send a request, or the
//! rest of it, waits. So a thousand clients that send a byte now and then cost each other their places, and not those
//! who come with a request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long a connection may wait before it can be made to leave.
const PATIENCE: Duration = Duration::from_millis(250);

/// The connections of a listener.
pub(crate) struct Slots {
    begun: Instant,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    slots: HashMap<u64, Arc<Slot>>,
}

/// One connection's place.
pub(crate) struct Slot {
    number: u64,
    /// Since when it waits, in microseconds from the listener's beginning, plus one; 0 while it is busy.
    waiting_since: AtomicU64,
    leave: Notify,
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), open: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().expect("no thread panics while it holds the slots")
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX - 1) + 1
    }

    /// How many connections there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().slots.len()
    }

    /// A place for a new connection, which waits for its client.
    pub(crate) fn take(&self) -> Arc<Slot> {
        let since = self.now();
        let mut open = self.lock();
        open.next += 1;
        let slot = Arc::new(Slot { number: open.next, waiting_since: since.into(), leave: Notify::new() });
        open.slots.insert(slot.number, Arc::clone(&slot));
        slot
    }

    /// The connection is gone.
    pub(crate) fn give_back(&self, slot: &Slot) {
        self.lock().slots.remove(&slot.number);
    }

    /// Its request is there and is being answered.
    pub(crate) fn busy(slot: &Slot) {
        slot.waiting_since.store(0, Ordering::Relaxed);
    }

    /// It waits for its client again.
    pub(crate) fn waits(&self, slot: &Slot) {
        slot.waiting_since.store(self.now(), Ordering::Relaxed);
    }

    /// Makes the connection leave that has been waiting longest; says whether there was one to leave.
    pub(crate) fn make_room(&self) -> bool {
        let patience = u64::try_from(PATIENCE.as_micros()).unwrap_or(u64::MAX);
        let (latest, mut open) = (self.now().saturating_sub(patience), self.lock());
        let waiting = open.slots.values().filter_map(|slot| match slot.waiting_since.load(Ordering::Relaxed) {
            0 => None,
            since => (since <= latest).then_some((since, slot.number)),
        });
        let Some((_, number)) = waiting.min() else { return false };
        let slot = open.slots.remove(&number).expect("just found");
        slot.leave.notify_one();
        true
    }
}

impl Slot {
    /// Waits until the connection is to leave.
    pub(crate) async fn told_to_leave(&self) {
        self.leave.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_longest_leaves_and_who_is_busy_stays() {
        let slots = Slots::new();
        let (busy, first, second) = (slots.take(), slots.take(), slots.take());
        Slots::busy(&busy);
        assert!(!slots.make_room(), "nobody has waited for long");
        std::thread::sleep(PATIENCE);
        slots.waits(&first);
        std::thread::sleep(PATIENCE);
        // The first has been waiting again for a shorter time than the second.
        assert!(slots.make_room());
        second.told_to_leave().await;
        assert!(slots.make_room());
        first.told_to_leave().await;
        assert!(!slots.make_room(), "whoever is busy stays");
        assert_eq!(slots.len(), 1);
        slots.give_back(&busy);
        assert_eq!(slots.len(), 0);
    }
}
