//! Decides how a scan's items are found: one walk over a table's keys or an index's entries, in one snapshot of what is
//! durable.
//!
//! Start at [`scan`]. What belongs to another part of a divided scan is walked over too, so a page also ends when it has
//! seen enough: then it may be empty and yet say where to go on. So no request takes long, however many parts there are.

use crate::codec::{self, Malformed, State};
use crate::commit::{Commits, WriteRefused};
use crate::layout::{self, INDEXES, ITEMS};
use crate::query::{self, QueryRefused};
use std::ops::Bound;
use store::Direction;
use table::{Index, PAGE_BYTES_MAX, Page, Scan, ScanPlan, Table};

/// The most entries that one page looks at, whether they belong to it or not.
const SEEN_MAX: usize = 20_000;
/// The most bytes of items that one page looks at.
const SEEN_BYTES_MAX: usize = 32 * PAGE_BYTES_MAX;

/// Answers a scan.
pub(crate) fn scan(commits: &Commits, table: &Table, scan: &Scan) -> Result<Page, QueryRefused> {
    let plan = table.plan_scan(scan)?;
    Ok(walk(commits, table, &plan, scan)?)
}

fn walk(commits: &Commits, table: &Table, plan: &ScanPlan<'_>, scan: &Scan) -> Result<Page, WriteRefused> {
    let (space, number) = match plan.index {
        None => (ITEMS, table.id.0),
        Some(index) => (INDEXES, index.id.0),
    };
    let low = number.to_be_bytes();
    let high = layout::behind(&low);
    let after = plan.after.as_ref().map(|after| query::place_of(table, plan.index, after));
    let from = after.as_deref().map_or(Bound::Included(low.as_slice()), Bound::Excluded);
    let snapshot = commits.store.snapshot();
    let mut page = Page::default();
    let mut seen_bytes = 0;
    for (seen, found) in snapshot.range(space, from, Bound::Excluded(&high), Direction::Forward).enumerate() {
        let found = found?;
        let item = match plan.index {
            None => match codec::read_state(&found.value)? {
                State::Item(item) => item,
                State::Removed => continue,
            },
            Some(index) => {
                let end = table_key(index, &found.key).ok_or(Malformed("index"))?;
                let item = snapshot.get(ITEMS, &layout::item_of_entry(table.id, end))?;
                match item.map(|(_, value)| codec::read_state(&value)).transpose()? {
                    Some(State::Item(item)) => item,
                    Some(State::Removed) | None => return Err(Malformed("index").into()),
                }
            }
        };
        seen_bytes += item.size();
        let tired = seen + 1 >= SEEN_MAX || seen_bytes >= SEEN_BYTES_MAX;
        let covered = plan.covers(table, &item);
        if !covered && !tired {
            continue;
        }
        let last = table.last_key(plan.index, &item);
        if covered {
            let item = match plan.index {
                Some(index) => index.project(&table.keys, item),
                None => item,
            };
            page.count += 1;
            page.bytes += item.size();
            page.items.push(item);
        }
        let full = scan.limit.is_some_and(|limit| page.count >= limit.get()) || page.bytes >= PAGE_BYTES_MAX;
        if full || tired {
            page.last = Some(last);
            break;
        }
    }
    Ok(page)
}

/// The table's key at the end of an index's entry.
fn table_key<'a>(index: &Index, entry: &'a [u8]) -> Option<&'a [u8]> {
    let number = size_of::<u32>();
    let rest = index.keys.hash.key_type.skip_ordered(entry.get(number..)?)?;
    query::end_of_entry(index, entry, entry.len() - rest.len())
}
