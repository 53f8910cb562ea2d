//! Decides what is done from time to time: what was kept for its time goes, and the data is held against itself.
//!
//! Changes leave the log a day after they were made, in whole segments; what points at them (outcomes, graves) goes
//! with them. Messages and lines go when their own time is over. Nothing here is urgent: what is interrupted is done in
//! the next round.

use crate::catalog::PipeEntry;
use crate::clock;
use crate::codec::{self, State};
use crate::commit::{Commits, WriteRefused};
use crate::engine::{Check, Inner, table_of};
use crate::layout::{self, DEDUPLICATION, GRAVES, ITEMS, OUTCOMES, STATE, kind};
use crate::queues::manage;
use crate::{bus, expiry, indexes};
use std::ops::Bound;
use std::time::{Duration, Instant};
use store::{Before, Direction, EntryBuilder};
use table::Table;
use types::{Change, SequenceNumber, SortedMap, TableId, Timestamp};

/// How long to sleep between rounds.
const ROUND: Duration = Duration::from_secs(30);
/// How often counts are kept while they change: what was written since is counted again after a crash.
const COUNTS_EVERY: Duration = Duration::from_secs(3);
/// How much is cleared away in one commit.
const CLEARED_AT_ONCE: usize = 512;

/// The housekeeper's whole life.
pub(crate) fn run(inner: &Inner) {
    let mut counted = SequenceNumber::ZERO;
    let mut cleared = Cleared::default();
    let mut warned = false;
    loop {
        let round_at = Instant::now() + ROUND;
        while Instant::now() < round_at && !inner.is_stopping() {
            inner.sleep(COUNTS_EVERY);
            // If they cannot be kept now, the round says so.
            let _ = keep_counts(inner, &mut counted);
        }
        if inner.is_stopping() {
            return;
        }
        let done = round(inner, &mut counted, &mut cleared);
        match done {
            Ok(()) => warned = false,
            Err(WriteRefused::Stopping) => return,
            Err(refused) if !warned => {
                crate::complain!("orderflow: housekeeping waits: {refused}");
                warned = true;
            }
            Err(_) => {}
        }
    }
}

/// Up to where outcomes were cleared away already, by pipe and lane: nobody walks over deleted ones twice.
#[derive(Default)]
struct Cleared(SortedMap<(u32, u16), Vec<u8>>);

fn round(inner: &Inner, counted: &mut SequenceNumber, cleared: &mut Cleared) -> Result<(), WriteRefused> {
    // Whatever one of these is kept from, the others may be what makes room for it.
    let done = [
        keep_counts(inner, counted),
        trim(inner, *counted),
        clear(inner, cleared),
        expire(inner),
        expiry::expire(inner),
        forget_names(inner),
        manage::sweep(inner),
        bus::kept::sweep(inner),
        drop_lines(inner),
    ];
    done.into_iter().collect()
}

/// Keeps the tables' counts, and with them the place from which they can be counted on.
fn keep_counts(inner: &Inner, counted: &mut SequenceNumber) -> Result<(), WriteRefused> {
    let up_to = inner.counters.up_to();
    if up_to > *counted {
        inner.commits.commit_one_blocking(inner.counters.entry())?;
        *counted = up_to;
    }
    Ok(())
}

/// Messages that were kept for their time.
fn expire(inner: &Inner) -> Result<(), WriteRefused> {
    let queues: Vec<_> = inner.queues.read().expect("no thread panics with the queues").values().cloned().collect();
    for queue in queues {
        queue.expire(&inner.commits)?;
    }
    inner.buses.expire(&inner.commits)?;
    let handovers = inner.handovers.read().expect("no thread panics with the queues").clone();
    for (function, queue) in handovers {
        let expired = queue.expire(&inner.commits)?;
        if let (1.., Ok(function)) = (expired, function.parse()) {
            inner.tell(&function, &format!("[ERROR] {expired} batches waited for too long and were dropped"));
        }
    }
    Ok(())
}

/// Names of messages by which their queue would no longer know them again.
fn forget_names(inner: &Inner) -> Result<(), WriteRefused> {
    let queues: Vec<_> = inner.queues.read().expect("no thread panics with the queues").values().cloned().collect();
    for queue in queues {
        if let Some((from, end, up_to)) = queue.forgotten_names() {
            clear_range(inner, DEDUPLICATION, &from, &end)?;
            queue.names_are_cleared(up_to);
        }
    }
    Ok(())
}

fn drop_lines(inner: &Inner) -> Result<(), WriteRefused> {
    let dropped = inner.lines.drop_expired(clock::now().millis());
    dropped.map_err(|error| WriteRefused::Lines(error.to_string()))?;
    for fault in inner.lines.take_faults() {
        crate::complain!("orderflow: {}: {}", fault.path.display(), fault.problem);
    }
    Ok(())
}

/// Lets go of what is older than a day, and of more if the log is too large; never of what a pipe that runs has not
/// read (its lanes give up by themselves what has become too old), nor of what is not counted yet.
fn trim(inner: &Inner, counted: SequenceNumber) -> Result<(), WriteRefused> {
    let store = &inner.commits.store;
    let kept_for = i64::try_from(inner.keep_changes_for.as_millis()).unwrap_or(i64::MAX);
    let time_ms = u64::try_from(clock::now().millis().saturating_sub(kept_for)).unwrap_or(0);
    let slowest_running = slowest(inner, |pipe| pipe.spec.running)?.min(counted);
    store.trim(Before::Old { seq: layout::seq(slowest_running.next()), time_ms })?;
    let slowest = slowest(inner, |_| true)?.min(counted);
    store.trim(Before::Large { seq: layout::seq(slowest.next()), bytes_max: inner.log_bytes_max })?;
    if store.log_bytes() > inner.log_bytes_max.saturating_add(store::Options::default().segment_bytes) {
        crate::complain!(
            "orderflow: the log has {} MB, more than the {} MB it may have, and cannot be shortened: a pipe has not \
             read past {slowest}",
            store.log_bytes() >> 20,
            inner.log_bytes_max >> 20
        );
    }
    Ok(())
}

/// How far the slowest lane of these pipes is.
fn slowest(inner: &Inner, of: impl Fn(&PipeEntry) -> bool) -> Result<SequenceNumber, WriteRefused> {
    let mut slowest = SequenceNumber::new(u64::MAX - 1);
    for pipe in inner.catalog().pipes.values().filter(|pipe| !pipe.dormant && of(pipe)) {
        for lane in 0..pipe.lanes() {
            slowest = slowest.min(inner.progress(pipe.id, lane)?.done);
        }
    }
    Ok(slowest)
}

/// What points at changes that the log no longer has.
fn clear(inner: &Inner, cleared: &mut Cleared) -> Result<(), WriteRefused> {
    let lowest = layout::sequence(inner.commits.store.lowest());
    clear_outcomes(inner, lowest, cleared)?;
    clear_graves(inner, lowest)
}

/// Outcomes of records that the log no longer has.
fn clear_outcomes(inner: &Inner, lowest: SequenceNumber, cleared: &mut Cleared) -> Result<(), WriteRefused> {
    for pipe in inner.catalog().pipes.values() {
        for lane in 0..pipe.lanes_ever() {
            let from = cleared
                .0
                .get_or_insert_with((pipe.id, lane), || layout::outcome(pipe.id, lane, SequenceNumber::ZERO, 0));
            let end = layout::outcome(pipe.id, lane, lowest, 0);
            clear_range(inner, OUTCOMES, from, &end)?;
            *from = end;
        }
    }
    Ok(())
}

/// Deletes a range of keys.
pub(crate) fn clear_range(inner: &Inner, space: store::Space, from: &[u8], end: &[u8]) -> Result<(), WriteRefused> {
    clear_keys(&inner.commits, space, from, end)
}

/// The same, for whoever has no more than the store.
pub(crate) fn clear_keys(commits: &Commits, space: store::Space, from: &[u8], end: &[u8]) -> Result<(), WriteRefused> {
    if from >= end {
        return Ok(());
    }
    let mut from = from.to_vec();
    loop {
        let snapshot = commits.store.snapshot();
        let range = snapshot.range(space, Bound::Included(&from), Bound::Excluded(end), Direction::Forward);
        let keys = range.take(CLEARED_AT_ONCE).map(|found| found.map(|found| found.key.to_vec()));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let Some(last) = keys.last() else { return Ok(()) };
        from = [last.as_slice(), &[0]].concat();
        let entry = EntryBuilder::new(kind::HOUSEKEEPING, &[]);
        let entry = keys.iter().fold(entry, |entry, key| entry.delete(space, key));
        commits.commit_one_blocking(entry)?;
    }
}

/// Traces of removed items whose removal the log no longer has.
fn clear_graves(inner: &Inner, lowest: SequenceNumber) -> Result<(), WriteRefused> {
    loop {
        let snapshot = inner.commits.store.snapshot();
        let mut entry = EntryBuilder::new(kind::HOUSEKEEPING, &[]);
        let (mut checks, mut count) = (Vec::new(), 0);
        for found in snapshot.prefix(STATE, GRAVES, Direction::Forward).take(CLEARED_AT_ONCE) {
            let store::Item { key: grave, seq: removed_as, .. } = found?;
            if layout::sequence(removed_as) >= lowest {
                break;
            }
            count += 1;
            entry = entry.delete(STATE, &grave);
            let Some((_, item)) = layout::read_grave(&grave) else { continue };
            let read = inner.commits.store.read(ITEMS, item)?;
            // Only if it was not written again since.
            if read.value.as_ref().is_some_and(|(seq, _)| *seq == removed_as) {
                entry = entry.delete(ITEMS, item);
                checks.push(store::Check::new(ITEMS, item, read.seen));
            }
        }
        if count == 0 {
            return Ok(());
        }
        let commit = store::Commit {
            entries: vec![entry.finish().map_err(|error| WriteRefused::TooLarge(error.to_string()))?],
            checks,
            class: store::Class::Engine,
            attachment: Vec::new(),
        };
        match inner.commits.store.commit_wait(commit) {
            // Somebody wrote one of them just now: look again.
            Ok(_) | Err(store::Refused::Conflict) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
}

/// Reads the whole log, and holds the index against it in both directions.
pub(crate) fn check(inner: &Inner) -> Result<Check, WriteRefused> {
    let store = &inner.commits.store;
    let mut check = Check { entries: 0, compared: 0, findings: Vec::new() };
    for damage in store.verify_all()? {
        check.findings.push(damage.to_string());
    }
    let tables = inner.catalog().tables.values().map(|entry| (entry.id, table_of(entry))).collect();
    let lowest = store.lowest();
    let mut log = store.log_from(lowest)?;
    while let Some(entry) = log.next()? {
        check.entries += 1;
        if entry.kind() == kind::CHANGE {
            let place = layout::sequence(entry.seq);
            let at = layout::timestamp(entry.time_ms);
            match codec::read_change(entry.record(), place, at) {
                Ok(change) => check.findings.extend(missing(inner, &tables, &change)?),
                Err(error) => check.findings.push(format!("entry {place} of the log: {error}")),
            }
        }
    }
    let snapshot = store.snapshot();
    for found in snapshot.prefix(ITEMS, &[], Direction::Forward) {
        let store::Item { key, seq, value } = found?;
        let place = layout::sequence(seq);
        check.compared += 1;
        if let Err(error) = codec::read_state(&value) {
            check.findings.push(format!("the item written by entry {place}: {error}"));
            continue;
        }
        if seq < lowest {
            continue;
        }
        let entry = store.entry(seq)?.filter(|entry| entry.kind() == kind::CHANGE);
        let agrees = entry.is_some() && {
            let entry = entry.expect("just seen to be there");
            let change = codec::read_change(entry.record(), place, Timestamp::EPOCH)?;
            let state = change.new.map_or(State::Removed, State::Item);
            codec::read_state(&value)? == state
        };
        if !agrees {
            check.findings.push(format!("the index has something else under key {key:02x?} than entry {place} wrote"));
        }
    }
    check.findings.extend(indexes::check(inner)?);
    Ok(check)
}

/// What is wrong if the index does not have a change of the log, or a later one of the same key.
fn missing(inner: &Inner, tables: &SortedMap<TableId, Table>, change: &Change) -> Result<Option<String>, WriteRefused> {
    let place = change.sequence;
    let Some(table) = tables.get(&change.table) else {
        return Ok(Some(format!("entry {place} of the log is of a table that is not known")));
    };
    let Ok(key) = table.key_of(&change.keys) else {
        return Ok(Some(format!("entry {place} of the log has no key of table {}", table.name)));
    };
    let found = inner.commits.store.get(ITEMS, &layout::item(table.id, &key))?;
    let holds = found.is_some_and(|(seq, _)| layout::sequence(seq) >= place);
    Ok((!holds).then(|| format!("the index does not have entry {place} of the log, of table {}", table.name)))
}
