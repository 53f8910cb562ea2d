//! Decides the words for positions and places: [`Seq`], [`Seen`] and [`Space`].
//!
//! A [`Seq`] is the number of one entry of the log; it grows by one from entry to entry and is
//! never skipped. [`Seen`] is what a reader has looked at, and is good for two things: to ask that
//! nothing has changed since, and to wait until it is durable.

use std::fmt;

/// The number of one entry of the log: the first is 1, each next is one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first entry: nothing.
    pub const NONE: Self = Self(0);
    /// The first entry of any log.
    pub const FIRST: Self = Self(1);

    /// The entry after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The entry before this one; [`Seq::NONE`] stays what it is.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The state that a read has looked at: everything accepted up to [`Seen::seq`].
///
/// State that is accepted but not yet durable can be taken back when the disk is full, and its
/// numbers are then given to other entries. A `Seen` knows whether that has happened since, so
/// neither a check nor a wait can mistake one for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seen {
    pub(crate) seq: Seq,
    pub(crate) epoch: u64,
}

impl Seen {
    /// The newest entry that the read could see.
    #[must_use]
    pub const fn seq(self) -> Seq {
        self.seq
    }
}

/// A named part of the index with keys of its own: 0 to 254.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Space(u8);

impl Space {
    /// The space with this number.
    ///
    /// # Panics
    /// For 255, which the store keeps for itself.
    #[must_use]
    pub const fn new(number: u8) -> Self {
        assert!(number < u8::MAX, "space 255 belongs to the store");
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Calls `with` with the key as the index knows it: the space's number, then the key.
pub(crate) fn with_full_key<T>(space: Space, key: &[u8], with: impl FnOnce(&[u8]) -> T) -> T {
    let mut near = [0u8; 256];
    if key.len() < near.len() {
        near[0] = space.0;
        near[1..=key.len()].copy_from_slice(key);
        with(&near[..=key.len()])
    } else {
        with(&full_key(space, key))
    }
}

/// The same, to keep.
pub(crate) fn full_key(space: Space, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(key.len() + 1);
    full.push(space.0);
    full.extend_from_slice(key);
    full
}
