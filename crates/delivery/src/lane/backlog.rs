//! Decides which records a lane holds and what settling them settles beside them.
//!
//! Between two records of a lane lie changes that are none of its business: filtered out, or another lane's. They are
//! settled together with the record before them, so that the checkpoint advances past them at no cost.
//!
//! Invariant: records leave at the front only, in the order in which they came, and sequence numbers only grow.

use super::payload;
use std::collections::VecDeque;
use types::{Record, SequenceNumber, Timestamp};

/// A record that is not settled yet.
#[derive(Debug)]
struct Entry {
    record: Record,
    offered_at: Timestamp,
    /// The last change before the next record of this lane, as far as it is known.
    through: SequenceNumber,
    /// How many bytes of payload were offered up to and with this record, in all of the lane's life.
    bytes_through: u64,
}

/// The records of one lane that are not settled, in order.
#[derive(Debug)]
pub(super) struct Backlog {
    entries: VecDeque<Entry>,
    /// [`Entry::bytes_through`] of the last record that left.
    bytes_left: u64,
    /// The last change that was offered or passed over.
    seen: SequenceNumber,
}

impl Backlog {
    /// Empty; the next change is one after `seen`.
    pub(super) fn new(seen: SequenceNumber) -> Self {
        Self { entries: VecDeque::new(), bytes_left: 0, seen }
    }

    pub(super) fn seen(&self) -> SequenceNumber {
        self.seen
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of payload of all records together.
    pub(super) fn bytes(&self) -> u64 {
        self.entries.back().map_or(0, |last| last.bytes_through - self.bytes_left)
    }

    /// The first record, and when it was offered.
    pub(super) fn first(&self) -> Option<(&Record, Timestamp)> {
        self.entries.front().map(|entry| (&entry.record, entry.offered_at))
    }

    /// The first `count` records, or all if there are fewer.
    pub(super) fn records(&self, count: usize) -> impl Iterator<Item = &Record> {
        self.entries.iter().take(count).map(|entry| &entry.record)
    }

    /// The place of the record that stands at `position`.
    pub(super) fn sequence(&self, position: usize) -> SequenceNumber {
        self.entries[position].record.change.sequence
    }

    /// How many records at the front fit into one payload of `max` bytes; a first one that is too large goes alone.
    pub(super) fn fitting(&self, max: usize) -> usize {
        // Two brackets around all, and a comma after each but the last: one byte per record, and one.
        let limit = self.bytes_left.saturating_add(max as u64).saturating_sub(1);
        self.entries.partition_point(|entry| entry.bytes_through <= limit).max(1).min(self.entries.len())
    }

    /// How many records at the front stand at or before `bound`.
    pub(super) fn within(&self, bound: SequenceNumber) -> usize {
        self.entries.partition_point(|entry| entry.record.change.sequence <= bound)
    }

    pub(super) fn push(&mut self, record: Record, offered_at: Timestamp) {
        let sequence = record.change.sequence;
        self.see(sequence);
        let before = self.entries.back().map_or(self.bytes_left, |last| last.bytes_through);
        let bytes_through = before + payload::bytes(&record) as u64 + 1;
        self.entries.push_back(Entry { record, offered_at, through: sequence, bytes_through });
    }

    /// Notes that the first record was offered by `now`, whatever the clock said then.
    pub(super) fn offered_by(&mut self, now: Timestamp) {
        if let Some(first) = self.entries.front_mut() {
            first.offered_at = first.offered_at.min(now);
        }
    }

    /// Notes a change that is none of this lane's business; it is settled at once if nothing is before it.
    pub(super) fn pass_over(&mut self, sequence: SequenceNumber) {
        self.see(sequence);
        if let Some(last) = self.entries.back_mut() {
            last.through = sequence;
        }
    }

    /// Takes the first `count` records out, with the last change that is settled with them.
    pub(super) fn take(&mut self, count: usize) -> (Vec<Record>, SequenceNumber) {
        let last = count.checked_sub(1).expect("nothing is settled without a record");
        let (through, bytes) = (self.entries[last].through, self.entries[last].bytes_through);
        self.bytes_left = bytes;
        (self.entries.drain(..count).map(|entry| entry.record).collect(), through)
    }

    fn see(&mut self, sequence: SequenceNumber) {
        let seen = self.seen;
        assert!(sequence > seen, "changes come once and in order: {sequence} came after {seen}");
        self.seen = sequence;
    }
}
