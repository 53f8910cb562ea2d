//! Decides how one entry is written: a kind, a record that only the caller understands, and the
//! puts and deletes that the record means for the index.
//!
//! Start at [`EntryBuilder`]. Callers encode on their own threads; the bytes hold no sequence
//! number, so the writer copies them into a group as they are. FORMAT.md has the byte layout.
//!
//! Always holds: an [`Entry`] parses, and its keys and ranges lie inside its bytes.

use crate::Space;
use bytes::Bytes;
use std::ops::Range;

/// The longest key, without its space.
pub const KEY_MAX: usize = 16 * 1024;
/// The largest entry in bytes, all included.
pub const ENTRY_MAX: usize = 8 * 1024 * 1024;

/// Length, kind, a zero, number of operations, length of the record.
const HEAD: usize = 4 + 1 + 1 + 2 + 4;

const DELETE: u8 = 0;
const PUT: u8 = 1;
const PUT_RANGE: u8 = 2;

/// Why an entry cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A key is longer than the index takes.
    #[error("a key has {bytes} bytes, the limit is {KEY_MAX}")]
    KeyTooLong {
        /// How long it is.
        bytes: usize,
    },
    /// The whole entry is too large.
    #[error("the entry has {bytes} bytes, the limit is {ENTRY_MAX}")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// More operations than an entry can count.
    #[error("the entry has {operations} operations, the limit is 65535")]
    TooManyOperations {
        /// How many it has.
        operations: usize,
    },
}

/// Encodes one entry.
#[derive(Debug, Clone)]
pub struct EntryBuilder {
    bytes: Vec<u8>,
    record: Range<usize>,
    operations: usize,
    longest_key: usize,
}

impl EntryBuilder {
    /// An entry with this record.
    #[must_use]
    pub fn new(kind: u8, record: &[u8]) -> Self {
        Self::with_record(kind, record.len(), |bytes| bytes.extend_from_slice(record))
    }

    /// An entry whose record is written in place by `write`, which must only append.
    ///
    /// # Panics
    /// If `write` shortens what it was given.
    #[must_use]
    pub fn with_record(kind: u8, expected_bytes: usize, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut bytes = Vec::with_capacity(HEAD + expected_bytes + 96);
        bytes.extend_from_slice(&[0; HEAD]);
        bytes[4] = kind;
        write(&mut bytes);
        assert!(bytes.len() >= HEAD, "the record's writer only appends");
        let record = HEAD..bytes.len();
        Self { bytes, record, operations: 0, longest_key: 0 }
    }

    /// Puts `value` at `key`.
    #[must_use]
    pub fn put(mut self, space: Space, key: &[u8], value: &[u8]) -> Self {
        self.head(PUT, key);
        self.bytes.extend_from_slice(&length(value.len()));
        self.key(space, key);
        self.bytes.extend_from_slice(value);
        self
    }

    /// Puts a part of the record at `key`, so that its bytes are written once.
    ///
    /// # Panics
    /// If the range does not lie inside the record.
    #[must_use]
    pub fn put_range(mut self, space: Space, key: &[u8], range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.record.len(), "the range lies inside the record");
        self.head(PUT_RANGE, key);
        self.bytes.extend_from_slice(&length(range.start));
        self.bytes.extend_from_slice(&length(range.len()));
        self.key(space, key);
        self
    }

    /// Deletes what is at `key`, if anything is.
    #[must_use]
    pub fn delete(mut self, space: Space, key: &[u8]) -> Self {
        self.head(DELETE, key);
        self.key(space, key);
        self
    }

    /// The entry, ready to be committed.
    ///
    /// # Errors
    /// When a limit is passed.
    pub fn finish(mut self) -> Result<Entry, EntryError> {
        if self.longest_key > KEY_MAX {
            return Err(EntryError::KeyTooLong { bytes: self.longest_key });
        }
        if self.bytes.len() > ENTRY_MAX {
            return Err(EntryError::TooLarge { bytes: self.bytes.len() });
        }
        let Ok(operations) = u16::try_from(self.operations) else {
            return Err(EntryError::TooManyOperations { operations: self.operations });
        };
        let whole = length(self.bytes.len() - 4);
        self.bytes[..4].copy_from_slice(&whole);
        self.bytes[6..8].copy_from_slice(&operations.to_le_bytes());
        self.bytes[8..12].copy_from_slice(&length(self.record.len()));
        // Into memory of its own size: it stays there until the index has it, and was written into room for the largest.
        Ok(Entry { bytes: Bytes::copy_from_slice(&self.bytes) })
    }

    fn head(&mut self, tag: u8, key: &[u8]) {
        self.operations += 1;
        self.longest_key = self.longest_key.max(key.len());
        self.bytes.push(tag);
        // A key that does not fit is refused in `finish`, before anybody reads this.
        self.bytes.extend_from_slice(&u16::try_from(key.len()).unwrap_or(u16::MAX).to_le_bytes());
    }

    fn key(&mut self, space: Space, key: &[u8]) {
        self.bytes.push(space.number());
        self.bytes.extend_from_slice(key);
    }
}

/// Lengths above four gigabytes are refused in `finish` by the size of the whole.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

/// One encoded entry. Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct Entry {
    bytes: Bytes,
}

impl Entry {
    /// What the caller called it.
    #[must_use]
    pub fn kind(&self) -> u8 {
        self.bytes[4]
    }

    /// What the caller wrote.
    #[must_use]
    pub fn record(&self) -> &[u8] {
        &self.bytes[record_range(&self.bytes)]
    }

    /// How many bytes it takes in the log.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: an entry has a head at least.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The entry as it lies in the log.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub(crate) fn operations(&self) -> Operations<'_> {
        Operations::of(&self.bytes)
    }

    pub(crate) fn record_bytes(&self) -> Bytes {
        self.bytes.slice(record_range(&self.bytes))
    }

    /// Takes the first entry off `group`, which starts at one; `None` if it is not one.
    pub(crate) fn split_off(group: &mut Bytes) -> Option<Self> {
        let whole = 4 + usize::try_from(u32_at(group, 0)?).ok()?;
        if whole < HEAD || whole > group.len() {
            return None;
        }
        let bytes = group.split_to(whole);
        is_well_formed(&bytes).then_some(Self { bytes })
    }
}

/// How many bytes the entry at the start of `bytes` takes, if it is one that parses.
pub(crate) fn measure(bytes: &[u8]) -> Option<usize> {
    let whole = 4 + usize::try_from(u32_at(bytes, 0)?).ok()?;
    let entry = bytes.get(..whole)?;
    is_well_formed(entry).then_some(whole)
}

/// One operation, as ranges of the entry's bytes. The key's range begins with its space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) key: Range<usize>,
    pub(crate) value: Option<Range<usize>>,
}

/// The operations of one entry, in order.
pub(crate) struct Operations<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u16,
}

impl<'a> Operations<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let left = u16::from_le_bytes([bytes[6], bytes[7]]);
        Self { bytes, at: record_range(bytes).end, left }
    }

    fn parse(&mut self) -> Option<Operation> {
        let bytes = self.bytes;
        let tag = *bytes.get(self.at)?;
        let key_bytes = usize::from(u16::from_le_bytes([*bytes.get(self.at + 1)?, *bytes.get(self.at + 2)?]));
        let mut at = self.at + 3;
        let mut number = || -> Option<usize> {
            let number = usize::try_from(u32_at(bytes, at)?).ok()?;
            at += 4;
            Some(number)
        };
        let (inline, range) = match tag {
            DELETE => (0, None),
            PUT => (number()?, None),
            PUT_RANGE => (0, Some((number()?, number()?))),
            _ => return None,
        };
        let key = at..at + 1 + key_bytes;
        let end = key.end + inline;
        if end > bytes.len() || bytes[key.start] == u8::MAX {
            return None;
        }
        let value = match (tag, range) {
            (DELETE, _) => None,
            (_, None) => Some(key.end..end),
            (_, Some((start, length))) => {
                let record = record_range(bytes);
                if start + length > record.len() {
                    return None;
                }
                Some(record.start + start..record.start + start + length)
            }
        };
        self.at = end;
        Some(Operation { key, value })
    }
}

impl Iterator for Operations<'_> {
    type Item = Operation;

    fn next(&mut self) -> Option<Operation> {
        self.left = self.left.checked_sub(1)?;
        Some(self.parse().expect("entries are parsed once before they become an `Entry`"))
    }
}

fn is_well_formed(bytes: &[u8]) -> bool {
    if bytes.len() < HEAD || bytes[5] != 0 || record_range(bytes).end > bytes.len() {
        return false;
    }
    let mut operations = Operations::of(bytes);
    for _ in 0..operations.left {
        if operations.parse().is_none() {
            return false;
        }
    }
    operations.at == bytes.len()
}

fn record_range(bytes: &[u8]) -> Range<usize> {
    let length = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
    HEAD..HEAD + length as usize
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEMS: Space = Space::new(3);

    #[test]
    fn an_entry_reads_back_as_it_was_built() {
        let entry = EntryBuilder::new(7, b"the whole record")
            .put(ITEMS, b"a", b"inline")
            .put_range(ITEMS, b"b", 4..9)
            .delete(ITEMS, b"c")
            .finish()
            .unwrap();
        assert_eq!((entry.kind(), entry.record()), (7, &b"the whole record"[..]));
        let read: Vec<_> = entry
            .operations()
            .map(|operation| (entry.bytes[operation.key].to_vec(), operation.value.map(|v| entry.bytes[v].to_vec())))
            .collect();
        let expected = [
            (b"\x03a".to_vec(), Some(b"inline".to_vec())),
            (b"\x03b".to_vec(), Some(b"whole".to_vec())),
            (b"\x03c".to_vec(), None),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn limits_are_refused_by_name() {
        let long = vec![0; KEY_MAX + 1];
        assert_eq!(
            EntryBuilder::new(0, b"").delete(ITEMS, &long).finish().unwrap_err(),
            EntryError::KeyTooLong { bytes: KEY_MAX + 1 }
        );
        let large = vec![0; ENTRY_MAX];
        assert!(matches!(EntryBuilder::new(0, &large).finish(), Err(EntryError::TooLarge { .. })));
        let mut many = EntryBuilder::new(0, b"");
        for _ in 0..=u16::MAX {
            many = many.delete(ITEMS, b"k");
        }
        assert!(matches!(many.finish(), Err(EntryError::TooManyOperations { operations: 65536 })));
    }

    #[test]
    fn no_cut_and_no_changed_length_panics_or_reads_outside() {
        let entry =
            EntryBuilder::new(1, b"record").put(ITEMS, b"key", b"value").put_range(ITEMS, b"k", 0..6).finish().unwrap();
        for cut in 0..entry.len() {
            assert_eq!(measure(&entry.bytes[..cut]), None, "cut at {cut}");
        }
        for at in 0..entry.len() {
            for bit in 0..8 {
                let mut bytes = entry.bytes.to_vec();
                bytes[at] ^= 1 << bit;
                if let Some(mut whole) = measure(&bytes).map(|_| Bytes::from(bytes)) {
                    let entry = Entry::split_off(&mut whole).expect("measured the same bytes");
                    for operation in entry.operations() {
                        let _ = &entry.bytes[operation.key];
                    }
                }
            }
        }
    }
}
