//! Decides how committed changes reach those who wait for them: a ring in memory, bounded in bytes, and a bell.
//!
//! A thread of the store's pushes changes as they become durable ([`Feed::publish`]); readers ask for what comes after
//! their cursor ([`Feed::after`]) and wait on the bell when there is nothing. A reader whose cursor has fallen out of
//! the ring is told so and reads the log instead. Nothing here polls.
//!
//! Invariant: the ring holds every change after its `floor` and up to its `head`, in order.

use crate::commit::Sizes;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use types::{Change, SequenceNumber};

/// What the ring may hold, in bytes of items; in memory an item takes up several times that.
const RING_BYTES_MAX: usize = 3 << 20;
/// What a change costs in the ring besides its items.
const CHANGE_OVERHEAD: usize = 256;

/// A change, and when it became durable by the monotonic clock: what latency is measured from.
#[derive(Debug, Clone)]
pub(crate) struct Fresh {
    /// The change.
    pub(crate) change: Arc<Change>,
    /// When its flush had returned.
    pub(crate) durable_at: Instant,
}

/// Changes on their way from the log to the pipes.
#[derive(Debug)]
pub(crate) struct Feed {
    ring: Mutex<Ring>,
    bell: Condvar,
}

#[derive(Debug)]
struct Ring {
    changes: VecDeque<(Fresh, usize)>,
    bytes: usize,
    /// Changes up to here are no longer, or never were, in the ring.
    floor: SequenceNumber,
    /// The newest durable place, of whatever kind of entry.
    head: SequenceNumber,
    /// The newest durable change.
    newest: SequenceNumber,
    /// Rung for other reasons than changes: a pipe must stop, a definition changed.
    nudges: u64,
}

/// What comes after a cursor.
#[derive(Debug)]
pub(crate) enum After {
    /// These changes, and that there is no other up to the place given.
    Changes(Vec<Fresh>, SequenceNumber),
    /// The cursor is behind the ring: the log must be read up to this place at least.
    Behind(SequenceNumber),
}

impl Feed {
    /// A feed of what comes after `head`.
    pub(crate) fn new(head: SequenceNumber) -> Self {
        let ring = Ring { changes: VecDeque::new(), bytes: 0, floor: head, head, newest: head, nudges: 0 };
        Self { ring: Mutex::new(ring), bell: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().expect("no thread panics while it holds the ring")
    }

    /// Takes in what has become durable, up to `head`; rings if there are changes among it.
    pub(crate) fn publish(&self, changes: impl IntoIterator<Item = (Change, Sizes)>, head: SequenceNumber) {
        let durable_at = Instant::now();
        let mut ring = self.lock();
        let before = ring.changes.len();
        for (change, sizes) in changes {
            let bytes = sizes.old + sizes.new + CHANGE_OVERHEAD;
            ring.bytes += bytes;
            ring.newest = change.sequence;
            ring.changes.push_back((Fresh { change: Arc::new(change), durable_at }, bytes));
        }
        let rings = ring.changes.len() > before;
        ring.head = head;
        while ring.bytes > RING_BYTES_MAX
            && let Some((fresh, bytes)) = ring.changes.pop_front()
        {
            ring.bytes -= bytes;
            ring.floor = fresh.change.sequence;
        }
        drop(ring);
        if rings {
            self.bell.notify_all();
        }
    }

    /// At most `max` changes after `cursor`.
    pub(crate) fn after(&self, cursor: SequenceNumber, max: usize) -> After {
        let ring = self.lock();
        if cursor < ring.floor {
            return After::Behind(ring.floor);
        }
        let from = ring.changes.partition_point(|(fresh, _)| fresh.change.sequence <= cursor);
        let found: Vec<Fresh> = ring.changes.range(from..).take(max).map(|(fresh, _)| fresh.clone()).collect();
        let reached = match found.last() {
            Some(last) if found.len() == max => last.change.sequence,
            Some(_) | None => ring.head,
        };
        After::Changes(found, reached)
    }

    /// How often the feed has been nudged; to be handed to [`Feed::wait`].
    pub(crate) fn nudges(&self) -> u64 {
        self.lock().nudges
    }

    /// Waits until there is a change after `cursor`, somebody nudges, or the time is over.
    pub(crate) fn wait(&self, cursor: SequenceNumber, nudges: u64, at_most: Option<Duration>) {
        let idle = |ring: &mut Ring| {
            let newest = ring.changes.back().map(|(fresh, _)| fresh.change.sequence);
            ring.nudges == nudges && ring.floor <= cursor && newest.is_none_or(|newest| newest <= cursor)
        };
        let ring = self.lock();
        let poisoned = "no thread panics while it holds the ring";
        match at_most {
            Some(span) => drop(self.bell.wait_timeout_while(ring, span, idle).expect(poisoned)),
            None => drop(self.bell.wait_while(ring, idle).expect(poisoned)),
        }
    }

    /// Wakes everyone who waits.
    pub(crate) fn nudge(&self) {
        self.lock().nudges += 1;
        self.bell.notify_all();
    }

    /// Says what was durable before anything was published.
    pub(crate) fn begin(&self, head: SequenceNumber) {
        let mut ring = self.lock();
        assert!(ring.changes.is_empty(), "a feed begins before the first change is published");
        (ring.floor, ring.head, ring.newest) = (head, head, head);
    }

    /// When the flush of a change had returned, while it is in the ring.
    pub(crate) fn durable_at(&self, sequence: SequenceNumber) -> Option<Instant> {
        let ring = self.lock();
        let at = ring.changes.binary_search_by_key(&sequence, |(fresh, _)| fresh.change.sequence).ok()?;
        Some(ring.changes[at].0.durable_at)
    }

    /// The newest durable change; before the first one, where the feed began.
    pub(crate) fn newest(&self) -> SequenceNumber {
        self.lock().newest
    }

    /// The newest durable place.
    pub(crate) fn head(&self) -> SequenceNumber {
        self.lock().head
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{ChangeKind, Item, TableId, Timestamp, Value};

    fn change(sequence: u64, bytes: usize) -> (Change, Sizes) {
        let change = Change {
            sequence: SequenceNumber::new(sequence),
            previous: SequenceNumber::ZERO,
            at: Timestamp::EPOCH,
            table: TableId(1),
            kind: ChangeKind::Insert,
            keys: Item::new(),
            old: None,
            new: Some(Item::from([("a", Value::S("x".repeat(bytes).into()))])),
            spread: 0,
            by_service: false,
            trace: None,
        };
        let sizes = Sizes::of(&change);
        (change, sizes)
    }

    fn sequences(after: After) -> (Vec<u64>, u64) {
        let After::Changes(found, reached) = after else { panic!("{after:?}") };
        (found.iter().map(|fresh| fresh.change.sequence.get()).collect(), reached.get())
    }

    #[test]
    fn a_reader_gets_each_change_after_its_cursor_once() {
        let feed = Feed::new(SequenceNumber::new(10));
        feed.publish([change(11, 1), change(13, 1)], SequenceNumber::new(14));
        feed.publish([change(15, 1)], SequenceNumber::new(15));
        assert_eq!(sequences(feed.after(SequenceNumber::new(10), 2)), (vec![11, 13], 13));
        assert_eq!(sequences(feed.after(SequenceNumber::new(13), 2)), (vec![15], 15));
        assert_eq!(sequences(feed.after(SequenceNumber::new(15), 2)), (vec![], 15));
        feed.publish([], SequenceNumber::new(19));
        assert_eq!(sequences(feed.after(SequenceNumber::new(15), 2)), (vec![], 19));
    }

    #[test]
    fn a_reader_that_fell_behind_is_sent_to_the_log() {
        let feed = Feed::new(SequenceNumber::new(10));
        assert!(matches!(feed.after(SequenceNumber::new(9), 1), After::Behind(floor) if floor.get() == 10));
        for sequence in 11..=20 {
            feed.publish([change(sequence, RING_BYTES_MAX / 4)], SequenceNumber::new(sequence));
        }
        let After::Behind(floor) = feed.after(SequenceNumber::new(10), 1) else { panic!("the ring is bounded") };
        assert_eq!(sequences(feed.after(floor, 10)).0.len() as u64, 20 - floor.get());
    }

    #[test]
    fn a_waiting_reader_wakes_for_a_change_and_for_a_nudge() {
        let feed = Arc::new(Feed::new(SequenceNumber::ZERO));
        for nudge in [false, true] {
            let (waiter, nudges, cursor) = (Arc::clone(&feed), feed.nudges(), feed.head());
            let thread = std::thread::spawn(move || waiter.wait(cursor, nudges, None));
            if nudge {
                feed.nudge();
            } else {
                feed.publish([change(1, 1)], SequenceNumber::new(1));
            }
            thread.join().unwrap();
        }
    }
}
