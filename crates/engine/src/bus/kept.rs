//! Decides how events lie in archives: under the archive's number, in the order in which the bus received them.
//!
//! ```text
//! event  1, trace (empty if there is none), the event's text
//! ```

use crate::codec::{Malformed, Reader, write_bytes};
use crate::commit::WriteRefused;
use crate::engine::Inner;
use crate::housekeeping::clear_range;
use crate::layout::{self, EVENTS, kind};
use delivery::bus::Event;
use delivery::bus::archive::Archive;
use std::ops::Bound;
use store::{Direction, EntryBuilder};
use types::Timestamp;

const VERSION: u8 = 1;

/// The entry that keeps an event.
pub(super) fn entry(archive: u32, event: &Event) -> EntryBuilder {
    let mut length = 0;
    let entry = EntryBuilder::with_record(kind::EVENT, event.json().len() + 32, |out| {
        let start = out.len();
        out.push(VERSION);
        write_bytes(event.trace_header().unwrap_or_default().as_bytes(), out);
        write_bytes(event.json().as_bytes(), out);
        length = out.len() - start;
    });
    let key = layout::archived(archive, event.ingested_at(), event.id().as_str());
    entry.put_range(EVENTS, &key, 0..length)
}

fn read(key: &[u8], bytes: &[u8]) -> Result<Event, Malformed> {
    let mut reader = Reader { bytes, what: "event" };
    if reader.byte()? != VERSION {
        return Err(Malformed("event"));
    }
    let trace = Some(reader.text()?).filter(|trace| !trace.is_empty());
    let text = reader.text()?;
    reader.end()?;
    let ingested_at = layout::read_archived(key).ok_or(Malformed("event key"))?;
    Event::restore(text, ingested_at, trace).map_err(|_| Malformed("event"))
}

/// Some events that a bus received from an instant to another: those behind a key if one is given, each with its key.
pub(super) fn some(
    inner: &Inner,
    archive: u32,
    from: Timestamp,
    to: Timestamp,
    behind: Option<&[u8]>,
    max: usize,
    bytes_max: usize,
) -> Result<Vec<(Vec<u8>, Event)>, WriteRefused> {
    let first = layout::archived(archive, from, "");
    let end = layout::archived(archive, to, "");
    let start = behind.map_or(Bound::Included(first.as_slice()), Bound::Excluded);
    let snapshot = inner.commits.store.snapshot();
    let (mut found, mut bytes) = (Vec::new(), 0);
    for item in snapshot.range(EVENTS, start, Bound::Excluded(&end), Direction::Forward) {
        let store::Item { key, value, .. } = item?;
        bytes += value.len();
        found.push((key.to_vec(), read(&key, &value)?));
        if found.len() >= max || bytes > bytes_max {
            break;
        }
    }
    Ok(found)
}

/// The newest events of an archive that hold a text, newest first: among so many, at most so many.
pub(super) fn holding(
    inner: &Inner,
    archive: u32,
    text: &str,
    among: usize,
    max: usize,
) -> Result<Vec<Event>, WriteRefused> {
    let snapshot = inner.commits.store.snapshot();
    let mut found = Vec::new();
    for item in snapshot.prefix(EVENTS, &archive.to_be_bytes(), Direction::Backward).take(among) {
        let store::Item { key, value, .. } = item?;
        let event = read(&key, &value)?;
        if event.json().contains(text) {
            found.push(event);
            if found.len() >= max {
                break;
            }
        }
    }
    Ok(found)
}

/// How many events an archive has, and how many bytes; found by going through them.
pub(super) fn count(inner: &Inner, archive: u32) -> Result<(u64, u64), WriteRefused> {
    let snapshot = inner.commits.store.snapshot();
    let (mut events, mut bytes) = (0, 0);
    for item in snapshot.prefix(EVENTS, &archive.to_be_bytes(), Direction::Forward) {
        events += 1;
        bytes += u64::try_from(item?.value.len()).unwrap_or(u64::MAX);
    }
    Ok((events, bytes))
}

/// Clears away what archives need not keep any more, and what is left of those that were deleted.
pub(crate) fn sweep(inner: &Inner) -> Result<(), WriteRefused> {
    let (catalog, now) = (inner.catalog(), inner.clock.now());
    let sweeps = inner.buses.sweeps();
    for entry in catalog.archives.values().filter(|_| sweeps) {
        let archive = Archive::parse(entry.spec.clone(), &inner.account).ok();
        if let Some(since) = archive.and_then(|archive| archive.keeps_since(now)) {
            let first = layout::archived(entry.id, Timestamp::EPOCH, "");
            clear_range(inner, EVENTS, &first, &layout::archived(entry.id, since, ""))?;
        }
    }
    for archive in &catalog.archive_remains {
        clear_range(inner, EVENTS, &archive.to_be_bytes(), &(archive + 1).to_be_bytes())?;
    }
    if catalog.archive_remains.is_empty() {
        return Ok(());
    }
    let _alone = inner.changing.lock().expect(crate::engine::POISON);
    let mut current = (*inner.catalog()).clone();
    current.archive_remains.retain(|archive| !catalog.archive_remains.contains(archive));
    crate::queues::manage::keep(inner, current, Vec::new())
}
