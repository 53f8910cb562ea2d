//! Decides what is done from time to time: what was kept for its time goes, and the data is held against itself.
//!
//! Changes leave the log a day after they were made, in whole segments; what points at them (outcomes, graves) goes
//! with them. Messages and lines go when their own time is over. Nothing here is urgent: what is interrupted is done in
//! the next round.

use crate::clock;
use crate::codec::{self, State};
use crate::commit::WriteRefused;
use crate::engine::{Check, Inner};
use crate::layout::{self, GRAVES, ITEMS, OUTCOMES, STATE, kind};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;
use store::{Before, Direction, EntryBuilder};
use types::{SequenceNumber, Timestamp};

/// How long to sleep between rounds.
const ROUND: Duration = Duration::from_secs(30);
/// How much is cleared away in one commit.
const CLEARED_AT_ONCE: usize = 512;

/// The housekeeper's whole life.
pub(crate) fn run(inner: &Inner) {
    let mut counted = SequenceNumber::ZERO;
    let mut cleared = Cleared::default();
    let mut warned = false;
    loop {
        inner.sleep(ROUND);
        if inner.is_stopping() {
            return;
        }
        let done = round(inner, &mut counted, &mut cleared);
        match done {
            Ok(()) => warned = false,
            Err(WriteRefused::Stopping) => return,
            Err(refused) if !warned => {
                eprintln!("orderflow: housekeeping waits: {refused}");
                warned = true;
            }
            Err(_) => {}
        }
    }
}

/// Up to where outcomes were cleared away already, by pipe and lane: nobody walks over deleted ones twice.
#[derive(Default)]
struct Cleared(BTreeMap<(u32, u16), Vec<u8>>);

fn round(inner: &Inner, counted: &mut SequenceNumber, cleared: &mut Cleared) -> Result<(), WriteRefused> {
    let queues: Vec<_> = inner.queues.read().expect("no thread panics with the queues").values().cloned().collect();
    for queue in queues {
        queue.expire(&inner.commits)?;
    }
    if inner.counters.up_to() != *counted {
        *counted = inner.counters.up_to();
        inner.commits.commit_one_blocking(inner.counters.entry())?;
    }
    trim(inner)?;
    let lowest = layout::sequence(inner.commits.store.lowest());
    clear_outcomes(inner, lowest, cleared)?;
    clear_graves(inner, lowest)?;
    let dropped = inner.lines.drop_expired(clock::now().millis());
    dropped.map_err(|error| WriteRefused::Lines(error.to_string()))?;
    for fault in inner.lines.take_faults() {
        eprintln!("orderflow: {}: {}", fault.path.display(), fault.problem);
    }
    Ok(())
}

/// Lets go of what is older than a day, and of more if the log is too large.
fn trim(inner: &Inner) -> Result<(), WriteRefused> {
    let store = &inner.commits.store;
    let kept = i64::try_from(inner.keep_changes_for.as_millis()).unwrap_or(i64::MAX);
    let before = u64::try_from(clock::now().millis().saturating_sub(kept)).unwrap_or(0);
    store.trim(Before::TimeMs(before))?;
    if store.log_bytes() <= inner.log_bytes_max {
        return Ok(());
    }
    let pipes = inner.catalog();
    let lanes = pipes.pipes.values().filter(|pipe| pipe.spec.running && !pipe.dormant).flat_map(|pipe| {
        (0..u16::try_from(pipe.spec.lanes).unwrap_or(0)).map(|lane| inner.progress(pipe.id, lane).map(|p| p.done))
    });
    let done: Vec<SequenceNumber> = lanes.collect::<Result<_, _>>()?;
    let slowest = done.into_iter().min().unwrap_or_else(|| inner.commits.feed.head());
    store.trim(Before::Seq(layout::seq(slowest.next())))?;
    if store.log_bytes() > inner.log_bytes_max {
        eprintln!(
            "orderflow: the log has {} MB, more than the {} MB it may have, and cannot be shortened: a pipe has not \
             read past {slowest}; see `orderflow explain` or stop that pipe",
            store.log_bytes() >> 20,
            inner.log_bytes_max >> 20
        );
    }
    Ok(())
}

/// Outcomes of records that the log no longer has.
fn clear_outcomes(inner: &Inner, lowest: SequenceNumber, cleared: &mut Cleared) -> Result<(), WriteRefused> {
    for pipe in inner.catalog().pipes.values() {
        for lane in 0..u16::try_from(pipe.spec.lanes).unwrap_or(0) {
            let from = cleared
                .0
                .entry((pipe.id, lane))
                .or_insert_with(|| layout::outcome(pipe.id, lane, SequenceNumber::ZERO, 0));
            let end = layout::outcome(pipe.id, lane, lowest, 0);
            clear(inner, OUTCOMES, from, &end)?;
            *from = end;
        }
    }
    Ok(())
}

/// Deletes a range of keys.
fn clear(inner: &Inner, space: store::Space, from: &[u8], end: &[u8]) -> Result<(), WriteRefused> {
    if from >= end {
        return Ok(());
    }
    let mut from = from.to_vec();
    loop {
        let snapshot = inner.commits.store.snapshot();
        let range = snapshot.range(space, Bound::Included(&from), Bound::Excluded(end), Direction::Forward);
        let keys = range.take(CLEARED_AT_ONCE).map(|found| found.map(|found| found.key.to_vec()));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let Some(last) = keys.last() else { return Ok(()) };
        from = [last.as_slice(), &[0]].concat();
        let entry = EntryBuilder::new(kind::HOUSEKEEPING, &[]);
        let entry = keys.iter().fold(entry, |entry, key| entry.delete(space, key));
        inner.commits.commit_one_blocking(entry)?;
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
    let lowest = store.lowest();
    let mut log = store.log_from(lowest)?;
    while let Some(entry) = log.next()? {
        check.entries += 1;
        if entry.kind() == kind::CHANGE {
            let place = layout::sequence(entry.seq);
            let at = layout::timestamp(entry.time_ms);
            if let Err(error) = codec::read_change(entry.record(), place, at) {
                check.findings.push(format!("entry {place} of the log: {error}"));
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
    Ok(check)
}
