//! Decides how a query's items are found: one walk over the keys that it covers, in one snapshot of what is durable.
//!
//! Start at [`query`]. Of an index the walk goes over its entries, each of which names an item of the same snapshot, so
//! a page never shows an index and a table of different moments. What a query covers is `table`'s to say; here it
//! becomes a range of bytes.

use crate::codec::{self, Malformed, State};
use crate::commit::{Commits, WriteRefused};
use crate::layout::{self, INDEXES, ITEMS};
use std::ops::Bound;
use store::Direction;
use table::{Give, Index, Order, PAGE_BYTES_MAX, Page, Plan, Query, RangeTest, StartAfter, Table};
use types::{IndexName, KeyValue};

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryRefused {
    /// There is no such table.
    #[error(transparent)]
    NotFound(#[from] crate::NotFound),
    /// It cannot be asked.
    #[error(transparent)]
    Query(#[from] table::QueryRefused),
    /// The index is new, and does not have all items yet.
    #[error("index {0} is being built and does not have all items yet; ask again when it is ready")]
    Building(IndexName),
    /// What is on disk cannot be read.
    #[error(transparent)]
    Read(#[from] WriteRefused),
}

/// Answers a query.
pub(crate) fn query(commits: &Commits, table: &Table, query: &Query) -> Result<Page, QueryRefused> {
    let plan = table.plan(query)?;
    Ok(walk(commits, table, &plan, query)?)
}

fn walk(commits: &Commits, table: &Table, plan: &Plan<'_>, query: &Query) -> Result<Page, WriteRefused> {
    let (space, number) = match plan.index {
        None => (ITEMS, table.id.0),
        Some(index) => (INDEXES, index.id.0),
    };
    let mut prefix = number.to_be_bytes().to_vec();
    plan.hash.write_ordered(&mut prefix);
    let (low, high) = bounds(&prefix, plan.range);
    let after = plan.after.as_ref().map(|after| place_of(table, plan.index, after));
    let (mut from, mut to) = (Bound::Included(low.as_slice()), Bound::Excluded(high.as_slice()));
    let direction = match query.order {
        Order::Ascending => Direction::Forward,
        Order::Descending => Direction::Backward,
    };
    if let Some(after) = &after {
        match direction {
            Direction::Forward => from = Bound::Excluded(after),
            Direction::Backward => to = Bound::Excluded(after),
        }
    }
    let snapshot = commits.store.snapshot();
    let mut page = Page::default();
    for found in snapshot.range(space, from, to, direction) {
        let found = found?;
        let item = match plan.index {
            None => match codec::read_state(&found.value)? {
                State::Item(item) => item,
                State::Removed => continue,
            },
            Some(index) => {
                let end = end_of_entry(index, &found.key, prefix.len()).ok_or(Malformed("index"))?;
                let item = snapshot.get(ITEMS, &layout::item_of_entry(table.id, end))?;
                match item.map(|(_, value)| codec::read_state(&value)).transpose()? {
                    Some(State::Item(item)) => index.project(&table.keys, item),
                    Some(State::Removed) | None => return Err(Malformed("index").into()),
                }
            }
        };
        page.count += 1;
        page.bytes += item.size();
        let full = query.limit.is_some_and(|limit| page.count >= limit.get()) || page.bytes >= PAGE_BYTES_MAX;
        if full {
            page.last = Some(table.last_key(plan.index, &item));
        }
        match query.give {
            Give::Items => page.items.push(item),
            Give::Count => {}
        }
        if full {
            break;
        }
    }
    Ok(page)
}

/// The key after which a walk goes on, when it ended at this item.
pub(crate) fn place_of(table: &Table, index: Option<&Index>, after: &StartAfter) -> Vec<u8> {
    let item = layout::item(table.id, &after.key);
    match (index, &after.index_key) {
        (Some(index), Some(key)) => layout::index_entry(index.id, key, &item),
        _ => item,
    }
}

/// The table's key at the end of an index's entry, whose number and hash value take up `begin` bytes.
pub(crate) fn end_of_entry<'a>(index: &Index, entry: &'a [u8], begin: usize) -> Option<&'a [u8]> {
    let rest = entry.get(begin..)?;
    match &index.keys.range {
        Some(range) => range.key_type.skip_ordered(rest),
        None => Some(rest),
    }
}

/// The first key of what passes the test, and the first behind it, among those that begin with `prefix`.
fn bounds(prefix: &[u8], test: Option<&RangeTest>) -> (Vec<u8>, Vec<u8>) {
    let at = |value: &KeyValue| {
        let mut bytes = prefix.to_vec();
        value.write_ordered(&mut bytes);
        bytes
    };
    let all = || (prefix.to_vec(), layout::behind(prefix));
    // In an index keys go on behind the range value, so "equal" is all that begins with it.
    match test {
        None => all(),
        Some(RangeTest::Equal(value)) => (at(value), layout::behind(&at(value))),
        Some(RangeTest::Less(value)) => (all().0, at(value)),
        Some(RangeTest::LessOrEqual(value)) => (all().0, layout::behind(&at(value))),
        Some(RangeTest::Greater(value)) => (layout::behind(&at(value)), all().1),
        Some(RangeTest::GreaterOrEqual(value)) => (at(value), all().1),
        Some(RangeTest::Between(low, high)) => (at(low), layout::behind(&at(high))),
        Some(RangeTest::BeginsWith(start)) => {
            let mut bytes = at(start);
            // Without the mark that ends a text, what goes on begins with it too.
            bytes.truncate(bytes.len() - 2);
            (bytes.clone(), layout::behind(&bytes))
        }
    }
}
