//! Decides, without reading anything, whether a key was written after somebody looked at it.
//!
//! A fixed array holds, for each hash of a key, the newest entry that wrote any key with that hash.
//! Two keys with one hash cost a needless "read again", never a missed change.

use crate::{Seen, Seq, Space};
use std::hash::Hasher;

const SLOTS: usize = 1 << 18;

/// Where a key's newest writer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl Slot {
    /// The slot of a full key: its space, then the key.
    pub(crate) fn of(full_key: &[u8]) -> Self {
        let mut hasher = rustc_hash::FxHasher::default();
        hasher.write(full_key);
        let hash = hasher.finish();
        Self(u32::try_from((hash >> 20) as usize % SLOTS).expect("fewer slots than 2^32"))
    }
}

/// A condition of a commit: nothing has written this key since it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    slot: Slot,
    seen: Seen,
}

impl Check {
    /// Nothing has written `key` of `space` after `seen`.
    #[must_use]
    pub fn new(space: Space, key: &[u8], seen: Seen) -> Self {
        Self { slot: crate::names::with_full_key(space, key, Slot::of), seen }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen
    }
}

/// The newest writer of every slot. Only the writer has it.
pub(crate) struct Versions {
    slots: Box<[u64]>,
    /// What the group that is being made has overwritten, to put back if it is taken back.
    undo: Vec<(Slot, u64)>,
}

impl Versions {
    pub(crate) fn new() -> Self {
        Self { slots: vec![0; SLOTS].into_boxed_slice(), undo: Vec::new() }
    }

    pub(crate) fn unchanged_since(&self, check: &Check) -> bool {
        self.slots[check.slot.0 as usize] <= check.seen.seq().0
    }

    pub(crate) fn begin_group(&mut self) {
        self.undo.clear();
    }

    pub(crate) fn write(&mut self, slot: Slot, seq: Seq) {
        let old = std::mem::replace(&mut self.slots[slot.0 as usize], seq.0);
        self.undo.push((slot, old));
    }

    pub(crate) fn take_back_group(&mut self) {
        while let Some((slot, old)) = self.undo.pop() {
            self.slots[slot.0 as usize] = old;
        }
    }
}
