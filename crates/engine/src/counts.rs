//! Decides how tables' items are counted: by adding up what changes do, never by walking over a table.
//!
//! Counts are kept with the place up to which they hold; after a restart the changes after that place are added.

use crate::codec::{self, State};
use crate::commit::{Commits, Sizes, WriteRefused};
use crate::layout::{self, COUNTS_KEY, ITEMS, STATE, kind};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use store::Direction;
use types::{Change, Item, SequenceNumber, SortedMap, TableId};

/// What a table holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How many items.
    pub items: u64,
    /// How many bytes, as DynamoDB counts them.
    pub bytes: u64,
}

/// The counts of all tables, up to a place.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    up_to: SequenceNumber,
    tables: SortedMap<TableId, Count>,
}

/// Counts by walking over all items, which is only needed when what was kept is of no use.
fn recount(commits: &Commits) -> Result<Kept, WriteRefused> {
    let snapshot = commits.store.snapshot();
    let mut kept = Kept { up_to: layout::sequence(snapshot.seen().seq()), ..Kept::default() };
    for found in snapshot.prefix(ITEMS, &[], Direction::Forward) {
        let store::Item { key, value, .. } = found?;
        let table = key.first_chunk().map(|id| TableId(u32::from_be_bytes(*id))).ok_or(codec::Malformed("item"))?;
        if let State::Item(item) = codec::read_state(&value)? {
            let count = kept.tables.get_or_default(table);
            count.items += 1;
            count.bytes += item.size() as u64;
        }
    }
    Ok(kept)
}

/// The counts of all tables.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Kept>);

impl Counters {
    /// Reads the counts back, and adds what has changed since they were kept.
    pub(crate) fn open(commits: &Commits) -> Result<Self, WriteRefused> {
        let kept = match commits.store.get(STATE, COUNTS_KEY)? {
            Some((_, value)) => serde_json::from_slice(&value).map_err(|_| codec::Malformed("count"))?,
            None => Kept::default(),
        };
        let mut kept: Kept = kept;
        if kept.up_to.next() < layout::sequence(commits.store.lowest()) {
            // The log does not reach back to where the counts were kept.
            kept = recount(commits)?;
        }
        let counters = Self(Mutex::new(kept));
        let from = layout::seq(counters.lock().up_to.next());
        if from <= commits.store.durable() {
            let mut log = commits.store.log_from(from)?;
            while let Some(entry) = log.next()? {
                if entry.kind() == kind::CHANGE {
                    let (place, at) = (layout::sequence(entry.seq), layout::timestamp(entry.time_ms));
                    let change = codec::read_change(entry.record(), place, at)?;
                    counters.add(&change, Sizes::of(&change));
                }
            }
        }
        Ok(counters)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().expect("no thread panics while it counts")
    }

    /// Takes a durable change into account. Changes come in order.
    pub(crate) fn add(&self, change: &Change, sizes: Sizes) {
        let mut kept = self.lock();
        kept.up_to = change.sequence;
        let count = kept.tables.get_or_default(change.table);
        let number = |item: &Option<Item>| u64::from(item.is_some());
        count.items = (count.items + number(&change.new)).saturating_sub(number(&change.old));
        count.bytes = (count.bytes + sizes.new as u64).saturating_sub(sizes.old as u64);
    }

    /// What a table holds.
    pub(crate) fn of(&self, table: TableId) -> Count {
        self.lock().tables.get(&table).copied().unwrap_or_default()
    }

    /// The entry that keeps the counts.
    pub(crate) fn entry(&self) -> store::EntryBuilder {
        let value = serde_json::to_vec(&*self.lock()).expect("counts are plain data");
        store::EntryBuilder::new(kind::HOUSEKEEPING, &[]).put(STATE, COUNTS_KEY, &value)
    }

    /// The place up to which is counted.
    pub(crate) fn up_to(&self) -> SequenceNumber {
        self.lock().up_to
    }
}
