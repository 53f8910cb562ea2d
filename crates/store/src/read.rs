//! Decides what a read sees: the overlay over the index, at one entry of the log.
//!
//! A key that is in no table of the overlay is in the index, because the applier takes a table off
//! the list only when the index has it; so the tables are always taken first, the index second.

use crate::index::{Index, IndexSnapshot};
use crate::log::layout::u64_at;
use crate::names::{full_key, with_full_key};
use crate::overlay::{Found, Overlay, Tables};
use crate::progress::Progress;
use crate::{ReadError, Seen, Seq, Space};
use bytes::Bytes;
use std::fmt;
use std::ops::{Bound, Deref};

/// Bytes that were read: they are shared, not copied.
#[derive(Clone)]
pub struct Slice {
    held: Held,
    skip: usize,
}

#[derive(Clone)]
enum Held {
    Overlay(Bytes),
    Index(fjall::Slice),
}

impl Deref for Slice {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.held {
            Held::Overlay(bytes) => &bytes[self.skip..],
            Held::Index(bytes) => &bytes[self.skip..],
        }
    }
}

impl AsRef<[u8]> for Slice {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl PartialEq for Slice {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Slice {}

impl fmt::Debug for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

/// What a read has found, and the state that it was found in.
#[derive(Debug, Clone)]
pub struct Read {
    /// The value and the entry that wrote it, if there is one.
    pub value: Option<(Seq, Slice)>,
    /// The state: to check against, and to wait for.
    pub seen: Seen,
}

/// The newest value of a key that is not newer than `seen`, or what the index has meanwhile.
pub(crate) fn read(overlay: &Overlay, index: &Index, seen: Seen, space: Space, key: &[u8]) -> Result<Read, ReadError> {
    let value = with_full_key(space, key, |key| match in_tables(&overlay.tables(), key, seen.seq()) {
        Some(found) => Ok(from_overlay(found)),
        None => from_index(index.get(key)),
    })?;
    Ok(Read { value, seen })
}

fn in_tables(tables: &Tables, key: &[u8], at: Seq) -> Option<Found> {
    tables.iter().find_map(|table| table.get(key, at))
}

fn from_overlay((seq, value): Found) -> Option<(Seq, Slice)> {
    value.map(|bytes| (seq, Slice { held: Held::Overlay(bytes), skip: 0 }))
}

fn from_index(found: Result<Option<fjall::Slice>, String>) -> Result<Option<(Seq, Slice)>, ReadError> {
    match found.map_err(ReadError::Index)? {
        None => Ok(None),
        Some(bytes) => value_of(bytes).map(Some),
    }
}

/// Takes the number in front of a value of the index off.
fn value_of(bytes: fjall::Slice) -> Result<(Seq, Slice), ReadError> {
    if bytes.len() < 8 {
        return Err(ReadError::Index("a value is shorter than the number in front of it".to_owned()));
    }
    Ok((Seq(u64_at(&bytes, 0)), Slice { held: Held::Index(bytes), skip: 8 }))
}

/// Which way a scan goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the smallest key on.
    Forward,
    /// From the largest key down.
    Backward,
}

/// Everything as it was at one durable entry, for as long as it is kept. Keep it shortly: it holds
/// memory and files that could be free.
pub struct Snapshot {
    tables: Tables,
    index: IndexSnapshot,
    seen: Seen,
}

impl Snapshot {
    pub(crate) fn new(overlay: &Overlay, index: &Index, progress: &Progress) -> Self {
        // The index first: what it has is durable, so it is not newer than the number read after it.
        let (tables, (index, seen)) = overlay.tables_with(|| {
            let index = index.snapshot();
            (index, progress.seen_durable())
        });
        Self { tables, index, seen }
    }

    /// The state: everything durable up to its number.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// The value at `key` and the entry that wrote it.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn get(&self, space: Space, key: &[u8]) -> Result<Option<(Seq, Slice)>, ReadError> {
        with_full_key(space, key, |key| match in_tables(&self.tables, key, self.seen.seq()) {
            Some(found) => Ok(from_overlay(found)),
            None => from_index(self.index.get(key)),
        })
    }

    /// The keys of `space` between two bounds, in order.
    #[must_use]
    pub fn range(&self, space: Space, from: Bound<&[u8]>, to: Bound<&[u8]>, direction: Direction) -> Scan<'_> {
        let low = match from {
            Bound::Included(key) => Bound::Included(full_key(space, key)),
            Bound::Excluded(key) => Bound::Excluded(full_key(space, key)),
            Bound::Unbounded => Bound::Included(vec![space.number()]),
        };
        let high = match to {
            Bound::Included(key) => Bound::Included(full_key(space, key)),
            Bound::Excluded(key) => Bound::Excluded(full_key(space, key)),
            Bound::Unbounded => Bound::Excluded(vec![space.number() + 1]),
        };
        Scan::new(self, low, high, direction)
    }

    /// The keys of `space` that begin with `prefix`, in order.
    #[must_use]
    pub fn prefix(&self, space: Space, prefix: &[u8], direction: Direction) -> Scan<'_> {
        let low = full_key(space, prefix);
        // The first key behind all that begin with it: the last byte that can be raised is raised.
        // The space's own number can, so there always is one.
        let mut high = low.clone();
        while high.last() == Some(&u8::MAX) {
            high.pop();
        }
        if let Some(last) = high.last_mut() {
            *last += 1;
        }
        Scan::new(self, Bound::Included(low), Bound::Excluded(high), direction)
    }
}

/// One key with its value, as a scan finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The key, without its space.
    pub key: Slice,
    /// The entry that wrote it.
    pub seq: Seq,
    /// What it wrote.
    pub value: Slice,
}

/// Walks keys in order. After an error it ends.
pub struct Scan<'a> {
    snapshot: &'a Snapshot,
    low: Bound<Vec<u8>>,
    high: Bound<Vec<u8>>,
    direction: Direction,
    /// The next key of each table.
    tables: Vec<Option<(Bytes, Found)>>,
    index: Option<fjall::Iter>,
    index_next: Option<(fjall::Slice, fjall::Slice)>,
    error: Option<ReadError>,
}

/// A key and its newest version; `None` is a delete.
type Next = (Slice, Option<(Seq, Slice)>);

impl<'a> Scan<'a> {
    fn new(snapshot: &'a Snapshot, low: Bound<Vec<u8>>, high: Bound<Vec<u8>>, direction: Direction) -> Self {
        let empty = match (&low, &high) {
            (Bound::Included(low), Bound::Included(high)) => low > high,
            (Bound::Included(low) | Bound::Excluded(low), Bound::Included(high) | Bound::Excluded(high)) => low >= high,
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        };
        let mut scan =
            Self { snapshot, low, high, direction, tables: Vec::new(), index: None, index_next: None, error: None };
        if !empty {
            let range = (scan.low.as_ref().map(Vec::as_slice), scan.high.as_ref().map(Vec::as_slice));
            scan.index =
                Some(fjall::Readable::range::<&[u8], _>(&snapshot.index.snapshot, &snapshot.index.keys, range));
            scan.tables = (0..snapshot.tables.len()).map(|at| scan.step_table(at, None)).collect();
            scan.step_index();
        }
        scan
    }

    fn step_table(&self, at: usize, after: Option<&[u8]>) -> Option<(Bytes, Found)> {
        let (mut low, mut high) = (self.low.as_ref().map(Vec::as_slice), self.high.as_ref().map(Vec::as_slice));
        if let Some(after) = after {
            match self.direction {
                Direction::Forward => low = Bound::Excluded(after),
                Direction::Backward => high = Bound::Excluded(after),
            }
        }
        self.snapshot.tables[at].step(low, high, self.snapshot.seen.seq(), self.direction == Direction::Backward)
    }

    fn step_index(&mut self) {
        let guard = match (&mut self.index, self.direction) {
            (None, _) => None,
            (Some(index), Direction::Forward) => index.next(),
            (Some(index), Direction::Backward) => index.next_back(),
        };
        self.index_next = match guard.map(fjall::Guard::into_inner) {
            None => None,
            Some(Ok(pair)) => Some(pair),
            Some(Err(error)) => {
                self.error = Some(ReadError::Index(error.to_string()));
                None
            }
        };
    }

    /// The next key over all of them, deletes included.
    fn next_found(&mut self) -> Result<Option<Next>, ReadError> {
        if let Some(error) = self.error.take() {
            self.index = None;
            self.index_next = None;
            self.tables.clear();
            return Err(error);
        }
        let heads = self.tables.iter().flatten().map(|(key, _)| &key[..]);
        let heads = heads.chain(self.index_next.as_ref().map(|(key, _)| &key[..]));
        let first = match self.direction {
            Direction::Forward => heads.min(),
            Direction::Backward => heads.max(),
        };
        let Some(first) = first.map(Bytes::copy_from_slice) else { return Ok(None) };
        let mut newest: Option<Next> = None;
        for at in 0..self.tables.len() {
            if self.tables[at].as_ref().is_some_and(|(key, _)| *key == first) {
                let after = self.step_table(at, Some(&first));
                // The newest table comes first, so the first that has the key decides.
                if let Some((key, found)) = std::mem::replace(&mut self.tables[at], after)
                    && newest.is_none()
                {
                    newest = Some((Slice { held: Held::Overlay(key), skip: 1 }, from_overlay(found)));
                }
            }
        }
        if self.index_next.as_ref().is_some_and(|(key, _)| **key == first[..])
            && let Some((key, value)) = self.index_next.take()
        {
            self.step_index();
            if newest.is_none() {
                newest = Some((Slice { held: Held::Index(key), skip: 1 }, Some(value_of(value)?)));
            }
        }
        Ok(newest)
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<Item, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_found() {
                Ok(None) => return None,
                Ok(Some((_, None))) => {}
                Ok(Some((key, Some((seq, value))))) => return Some(Ok(Item { key, seq, value })),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
