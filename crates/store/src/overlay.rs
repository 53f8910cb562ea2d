//! Decides what is visible before the index has it: accepted changes, in memory, by key and version.
//!
//! The overlay is a short list of [`Table`]s, newest first. The writer inserts into the newest;
//! the applier seals it, writes it to the index as a whole, and only then takes it off the list, so
//! a key that is in no table is in the index. Readers hold on to the tables that they began with.

use crate::Seq;
use crate::entry::Entry;
use crate::progress::lock;
use bytes::Bytes;
use crossbeam_skiplist::SkipMap;
use std::borrow::Borrow;
use std::cmp::Ordering as Order;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// What a node of the map costs beside the bytes that it points to.
const NODE_BYTES: usize = 160;
/// Which part of its length an entry counts of which nothing is kept here: it takes no memory, but a start reads the log
/// again from where the index ends.
const UNKEPT_SHARE: usize = 8;

/// The tables, newest first.
pub(crate) type Tables = Arc<[Arc<Table>]>;

pub(crate) struct Overlay {
    tables: RwLock<Tables>,
    /// Held while a group is inserted and while a table is sealed: no group is split between two.
    inserting: Mutex<()>,
    bytes: AtomicUsize,
    bell: Mutex<Bell>,
    rung: Condvar,
}

#[derive(Default)]
struct Bell {
    /// The applier should seal whatever there is.
    flush: bool,
    stop: bool,
}

/// One generation of changes.
pub(crate) struct Table {
    map: SkipMap<Version, Option<Bytes>>,
    bytes: AtomicUsize,
    last: AtomicU64,
}

/// A key (its space first) and the entry that wrote it. The newest version of a key comes first.
struct Version {
    key: Bytes,
    seq: Seq,
}

/// What versions are looked up by, without owning a key.
trait Place {
    fn place(&self) -> (&[u8], Seq);
}

impl Place for Version {
    fn place(&self) -> (&[u8], Seq) {
        (&self.key, self.seq)
    }
}

impl Place for (&[u8], Seq) {
    fn place(&self) -> (&[u8], Seq) {
        *self
    }
}

impl PartialEq for dyn Place + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for dyn Place + '_ {}

impl PartialOrd for dyn Place + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl Ord for dyn Place + '_ {
    fn cmp(&self, other: &Self) -> Order {
        let ((key, seq), (other_key, other_seq)) = (self.place(), other.place());
        key.cmp(other_key).then(other_seq.cmp(&seq))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Order {
        self.key.cmp(&other.key).then(other.seq.cmp(&self.seq))
    }
}

impl<'a> Borrow<dyn Place + 'a> for Version {
    fn borrow(&self) -> &(dyn Place + 'a) {
        self
    }
}

/// A value as the overlay has it: who wrote it and what; `None` is a delete.
pub(crate) type Found = (Seq, Option<Bytes>);

impl Table {
    pub(crate) fn new() -> Self {
        Self { map: SkipMap::new(), bytes: AtomicUsize::new(0), last: AtomicU64::new(0) }
    }

    /// Inserts what `entry`, numbered `seq`, means.
    pub(crate) fn insert(&self, seq: Seq, entry: &Entry) {
        let bytes = entry.bytes();
        let mut nodes = 0;
        for operation in entry.operations() {
            let value = operation.value.map(|range| bytes.slice(range));
            self.map.insert(Version { key: bytes.slice(operation.key), seq }, value);
            nodes += 1;
        }
        let cost = if nodes == 0 { bytes.len() / UNKEPT_SHARE } else { bytes.len() + nodes * NODE_BYTES };
        self.bytes.fetch_add(cost, Ordering::Relaxed);
    }

    fn remove(&self, seq: Seq, entry: &Entry) {
        for operation in entry.operations() {
            let place: &dyn Place = &(&entry.bytes()[operation.key], seq);
            self.map.remove(place);
        }
    }

    /// The newest version of `key` that is not newer than `at`.
    pub(crate) fn get(&self, key: &[u8], at: Seq) -> Option<Found> {
        let place: &dyn Place = &(key, at);
        let found = self.map.lower_bound(Bound::Included(place))?;
        (found.key().key == key).then(|| (found.key().seq, found.value().clone()))
    }

    /// The newest version of every key, in the order of keys, for the index.
    pub(crate) fn newest(&self) -> impl Iterator<Item = (Bytes, Found)> + '_ {
        let mut last: Option<Bytes> = None;
        self.map.iter().filter_map(move |found| {
            let key = &found.key().key;
            if last.as_ref() == Some(key) {
                return None;
            }
            last = Some(key.clone());
            Some((key.clone(), (found.key().seq, found.value().clone())))
        })
    }

    /// The first key in `from..to`, or the last if `backward`, that has a version not newer than `at`.
    pub(crate) fn step(&self, from: Bound<&[u8]>, to: Bound<&[u8]>, at: Seq, backward: bool) -> Option<(Bytes, Found)> {
        // Versions of one key run from the newest to the oldest: before them all is the greatest
        // number, behind them all is 0.
        let low = match from {
            Bound::Included(key) => Bound::Included((key, Seq(u64::MAX))),
            Bound::Excluded(key) => Bound::Excluded((key, Seq(0))),
            Bound::Unbounded => Bound::Unbounded,
        };
        let high = match to {
            Bound::Included(key) => Bound::Included((key, Seq(0))),
            Bound::Excluded(key) => Bound::Excluded((key, Seq(u64::MAX))),
            Bound::Unbounded => Bound::Unbounded,
        };
        let range = (as_place(&low), as_place(&high));
        let mut walk = self.map.range::<dyn Place, _>(range);
        if !backward {
            return walk
                .find(|found| found.key().seq <= at)
                .map(|found| (found.key().key.clone(), (found.key().seq, found.value().clone())));
        }
        let mut best: Option<(Bytes, Found)> = None;
        while let Some(found) = walk.next_back() {
            let key = &found.key().key;
            if best.as_ref().is_some_and(|(best, _)| best != key) {
                break;
            }
            if found.key().seq <= at {
                best = Some((key.clone(), (found.key().seq, found.value().clone())));
            }
        }
        best
    }

    pub(crate) fn last(&self) -> Seq {
        Seq(self.last.load(Ordering::Acquire))
    }

    pub(crate) fn set_last(&self, last: Seq) {
        self.last.store(last.0, Ordering::Release);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

fn as_place<'a>(bound: &'a Bound<(&'a [u8], Seq)>) -> Bound<&'a (dyn Place + 'a)> {
    match bound {
        Bound::Included(place) => Bound::Included(place),
        Bound::Excluded(place) => Bound::Excluded(place),
        Bound::Unbounded => Bound::Unbounded,
    }
}

impl Overlay {
    pub(crate) fn new(first: Table) -> Self {
        let bytes = first.bytes();
        Self {
            tables: RwLock::new(Arc::from([Arc::new(first)])),
            inserting: Mutex::new(()),
            bytes: AtomicUsize::new(bytes),
            bell: Mutex::new(Bell::default()),
            rung: Condvar::new(),
        }
    }

    pub(crate) fn tables(&self) -> Tables {
        self.tables.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The tables, with what `with` finds while none can be taken off the list.
    pub(crate) fn tables_with<T>(&self, with: impl FnOnce() -> T) -> (Tables, T) {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let found = with();
        (tables.clone(), found)
    }

    /// Inserts one group; returns the table that has it.
    pub(crate) fn insert<'a>(&self, last: Seq, entries: impl Iterator<Item = (Seq, &'a Entry)>) -> Arc<Table> {
        let _held = lock(&self.inserting);
        let table = self.tables()[0].clone();
        let before = table.bytes();
        for (seq, entry) in entries {
            table.insert(seq, entry);
        }
        table.set_last(last);
        self.bytes.fetch_add(table.bytes() - before, Ordering::Relaxed);
        table
    }

    /// Takes a group back out of the table that has it.
    pub(crate) fn take_back<'a>(&self, table: &Table, last: Seq, entries: impl Iterator<Item = (Seq, &'a Entry)>) {
        let _held = lock(&self.inserting);
        for (seq, entry) in entries {
            table.remove(seq, entry);
        }
        // A table that was begun meanwhile has taken its number from this one.
        for table in self.tables().iter().filter(|table| table.last() > last) {
            table.set_last(last);
        }
    }

    /// Makes the newest table one that nothing is inserted into any more, and returns it.
    pub(crate) fn seal(&self) -> Arc<Table> {
        let _held = lock(&self.inserting);
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let sealed = tables[0].clone();
        let fresh = Table::new();
        fresh.set_last(sealed.last());
        *tables = std::iter::once(Arc::new(fresh)).chain(tables.iter().cloned()).collect();
        sealed
    }

    /// Takes a table off the list: the index has all of it.
    pub(crate) fn remove(&self, applied: &Arc<Table>) {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        *tables = tables.iter().filter(|table| !Arc::ptr_eq(table, applied)).cloned().collect();
        drop(tables);
        self.bytes.fetch_sub(applied.bytes(), Ordering::Relaxed);
        drop(lock(&self.bell));
        self.rung.notify_all();
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes in the table that is written to.
    pub(crate) fn open_bytes(&self) -> usize {
        self.tables()[0].bytes()
    }

    /// Wakes the applier, and the writer if it waits for room.
    pub(crate) fn ring(&self) {
        drop(lock(&self.bell));
        self.rung.notify_all();
    }

    pub(crate) fn ask_to_flush(&self) {
        lock(&self.bell).flush = true;
        self.rung.notify_all();
    }

    pub(crate) fn stop(&self) {
        lock(&self.bell).stop = true;
        self.rung.notify_all();
    }

    /// Waits until there is something to seal: true to go on, false to stop.
    pub(crate) fn wait_for_work(&self, seal_bytes: usize) -> bool {
        let mut bell = lock(&self.bell);
        loop {
            if bell.stop {
                return false;
            }
            if std::mem::take(&mut bell.flush) || self.open_bytes() >= seal_bytes {
                return true;
            }
            bell = self.rung.wait(bell).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the overlay has room again, or `stopped` says that there is no point.
    pub(crate) fn wait_for_room(&self, bytes_max: usize, stopped: impl Fn() -> bool) {
        let mut bell = lock(&self.bell);
        while self.bytes() >= bytes_max && !stopped() {
            bell = self.rung.wait_timeout(bell, Duration::from_millis(50)).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
