//! Decides what a change is: what happened to one item, once, at one place in the order of things.
//!
//! A [`Change`] is what the table decided and the log keeps. A [`Record`] is that change seen through its table's
//! stream, which says under which name it is delivered and which images it shows.

use crate::{Arn, Item, Timestamp, TraceContext};
use std::fmt;
use std::sync::Arc;

/// A place in the order of all changes: strictly increasing, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SequenceNumber(u64);

impl SequenceNumber {
    /// Before every change.
    pub const ZERO: Self = Self(0);

    /// The place with this count.
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// The count.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one.
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1).expect("2^64 changes outlast the disk"))
    }

    /// Reads the form that clients see.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('1').filter(|rest| rest.len() == 20)?;
        digits.parse().ok().map(Self)
    }
}

impl fmt::Display for SequenceNumber {
    /// The form that clients see: 21 digits, all of one length, so that texts sort as the numbers do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1{:020}", self.0)
    }
}

/// Which table, by the number it got when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TableId(pub u32);

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It was not there before.
    Insert,
    /// It was there, and is different now.
    Modify,
    /// It is gone.
    Remove,
}

impl ChangeKind {
    /// The name that stream records and patterns use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Modify => "MODIFY",
            Self::Remove => "REMOVE",
        }
    }

    /// Reads that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Insert, Self::Modify, Self::Remove].into_iter().find(|kind| kind.name() == name)
    }
}

/// What happened to one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its place in the order of things.
    pub sequence: SequenceNumber,
    /// The change of the same key before this one; [`SequenceNumber::ZERO`] if there was none.
    pub previous: SequenceNumber,
    /// When it was made durable, as the clock said.
    pub at: Timestamp,
    /// The table.
    pub table: TableId,
    /// What happened.
    pub kind: ChangeKind,
    /// The key's attributes.
    pub keys: Item,
    /// The item before, if there was one.
    pub old: Option<Item>,
    /// The item after, if there is one.
    pub new: Option<Item>,
    /// [`crate::Key::spread`] of the key: which lane it belongs to.
    pub spread: u64,
    /// Whether the service itself removed the item, because its time had come.
    pub by_service: bool,
    /// The span that made it, if that was traced and the item does not say it itself.
    pub trace: Option<TraceContext>,
}

/// Which images a stream shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ViewType {
    /// Keys alone.
    KeysOnly,
    /// The item after.
    NewImage,
    /// The item before.
    OldImage,
    /// Both.
    NewAndOldImages,
}

impl ViewType {
    /// The name that templates and records use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeysOnly => "KEYS_ONLY",
            Self::NewImage => "NEW_IMAGE",
            Self::OldImage => "OLD_IMAGE",
            Self::NewAndOldImages => "NEW_AND_OLD_IMAGES",
        }
    }

    /// Reads that name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::KeysOnly, Self::NewImage, Self::OldImage, Self::NewAndOldImages];
        all.into_iter().find(|view| view.name() == name)
    }

    const fn shows_new(self) -> bool {
        matches!(self, Self::NewImage | Self::NewAndOldImages)
    }

    const fn shows_old(self) -> bool {
        matches!(self, Self::OldImage | Self::NewAndOldImages)
    }
}

/// A table's stream: the name its records are delivered under, and what they show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// `<table arn>/stream/<label>`.
    pub arn: Arn,
    /// Such as `us-east-1`.
    pub region: Box<str>,
    /// Which images records show.
    pub view: ViewType,
    /// The stream's one shard.
    pub shard: Box<str>,
}

/// A change as a pipe filters it and a function receives it.
#[derive(Debug, Clone)]
pub struct Record {
    /// What happened.
    pub change: Arc<Change>,
    /// Through which stream it is seen; `None` for one written by hand.
    pub stream: Option<Arc<Stream>>,
}

impl Record {
    /// The item after, if there is one and the stream shows it.
    pub fn new_image(&self) -> Option<&Item> {
        let shown = self.stream.as_ref().is_none_or(|stream| stream.view.shows_new());
        self.change.new.as_ref().filter(|_| shown)
    }

    /// The item before, if there was one and the stream shows it.
    pub fn old_image(&self) -> Option<&Item> {
        let shown = self.stream.as_ref().is_none_or(|stream| stream.view.shows_old());
        self.change.old.as_ref().filter(|_| shown)
    }

    /// Which images the record shows.
    pub fn view(&self) -> ViewType {
        self.stream.as_ref().map_or(ViewType::NewAndOldImages, |stream| stream.view)
    }

    /// The bytes of the keys and of the images it shows.
    pub fn size(&self) -> usize {
        let images = self.new_image().map_or(0, Item::size) + self.old_image().map_or(0, Item::size);
        self.change.keys.size() + images
    }

    /// The record's own id: 32 hexadecimal digits that only this change has, the same whenever it is asked.
    pub fn event_id(&self) -> String {
        // Two rounds of a bijective mix: distinct changes cannot get one id.
        let mix = |mut word: u64| {
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^ (word >> 31)
        };
        let sequence = self.change.sequence.get();
        format!("{:016x}{:016x}", mix(sequence), mix(!sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_sort_as_texts() {
        let (low, high) = (SequenceNumber::new(9), SequenceNumber::new(10));
        assert_eq!(low.to_string(), "100000000000000000009");
        assert!(low.to_string() < high.to_string());
        assert_eq!(SequenceNumber::parse(&high.to_string()), Some(high));
        assert_eq!(SequenceNumber::parse("10"), None);
        assert_eq!(low.next(), high);
    }
}
