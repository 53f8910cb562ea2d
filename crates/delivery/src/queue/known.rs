//! Decides which messages are the same as one that was sent a short time ago.
//!
//! What is remembered is not the name that the sender gave but the first half of its SHA-256 sum, so that remembering
//! costs the same whatever senders think of, and no two names that anybody can find are taken for one.

use super::Fifo;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::time::Duration;
use types::Timestamp;

/// For how long a message is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(5 * 60);

/// Under what a message is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 16]);

impl Key {
    /// For how long what was sent under a key is remembered.
    pub const REMEMBERED_FOR: Duration = REMEMBERED_FOR;

    /// The key of a message, by what its sender calls it.
    pub fn new(fifo: Fifo, group: &str, id: &str) -> Self {
        let mut sum = Sha256::new();
        if fifo.deduplicates_in_groups {
            // The length keeps a group that ends like a name begins apart from its neighbours.
            sum.update((group.len() as u64).to_le_bytes());
            sum.update(group);
        }
        sum.update(id);
        let whole: [u8; 32] = sum.finalize().into();
        Self(*whole.first_chunk().expect("half of it"))
    }
}

/// What a message is called whose sender does not say: the SHA-256 sum of its body.
pub fn content_id(body: &str) -> String {
    let sum: [u8; 32] = Sha256::digest(body).into();
    sum.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes what is written to it");
        text
    })
}

/// A message that was sent under the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub id: u64,
    /// Whether it is kept; if not, it may still be that it is not sent after all.
    pub confirmed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    known: HashMap<Key, (Known, Timestamp)>,
    /// Everything that is or was known, by when it is forgotten.
    order: VecDeque<(Timestamp, Key)>,
}

impl Memory {
    pub(super) fn get(&mut self, key: &Key, now: Timestamp) -> Option<Known> {
        self.clear(now);
        self.known.get(key).filter(|(_, until)| *until > now).map(|(known, _)| *known)
    }

    pub(super) fn remember(&mut self, key: Key, id: u64, now: Timestamp) {
        self.clear(now);
        self.insert(key, Known { id, confirmed: false }, now + REMEMBERED_FOR);
    }

    /// Brings back what was kept, in the order in which it was sent.
    pub(super) fn restore(&mut self, key: Key, id: u64, until: Timestamp) {
        self.insert(key, Known { id, confirmed: true }, until);
    }

    fn insert(&mut self, key: Key, known: Known, until: Timestamp) {
        self.known.insert(key, (known, until));
        self.order.push_back((until, key));
    }

    pub(super) fn confirm(&mut self, key: &Key, id: u64) {
        if let Some((known, _)) = self.known.get_mut(key).filter(|(known, _)| known.id == id) {
            known.confirmed = true;
        }
    }

    pub(super) fn unlearn(&mut self, key: &Key, id: u64) {
        if self.known.get(key).is_some_and(|(known, _)| known.id == id) {
            self.known.remove(key);
        }
    }

    /// Forgets what was sent under lower numbers: it may be sent again.
    pub(super) fn forget_below(&mut self, number: u64) {
        self.known.retain(|_, (known, _)| known.id >= number);
    }

    /// Forgets what is over. What is not kept yet stays until it is known what becomes of it.
    fn clear(&mut self, now: Timestamp) {
        while let Some((_, key)) = self.order.front().copied().filter(|(until, _)| *until <= now) {
            self.order.pop_front();
            if self.known.get(&key).is_some_and(|(_, until)| *until <= now) {
                self.known.remove(&key);
            }
        }
        if self.known.capacity() > 1024 && self.known.len() < self.known.capacity() / 8 {
            self.known.shrink_to(self.known.len() * 2);
            self.order.shrink_to(self.order.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_in_two_groups_is_one_message_or_two_as_the_queue_is_set() {
        let fifo = |deduplicates_in_groups| Fifo { deduplicates_by_content: false, deduplicates_in_groups };
        assert_eq!(Key::new(fifo(false), "a", "x"), Key::new(fifo(false), "b", "x"));
        assert_ne!(Key::new(fifo(true), "a", "x"), Key::new(fifo(true), "b", "x"));
        assert_ne!(Key::new(fifo(true), "a", "bx"), Key::new(fifo(true), "ab", "x"));
        assert_ne!(Key::new(fifo(false), "a", "x"), Key::new(fifo(false), "a", "y"));
    }

    #[test]
    fn a_body_is_called_by_its_sum() {
        // As `printf abc | sha256sum` prints it.
        assert_eq!(content_id("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
