//! Decides where everything lies in the index, and which kinds of entries the log has.
//!
//! Keys begin with what they belong to, numbers are big-endian, so that what belongs together lies together in order.

use observe::measure::SeriesId;
use store::{Seq, Space};
use table::IndexId;
use types::{Key, SequenceNumber, TableId, Timestamp};

/// `table, key` → the item's state.
pub(crate) const ITEMS: Space = Space::new(0);
/// `queue, message, part` → a message's body, or what its receivers have done with it.
pub(crate) const MESSAGES: Space = Space::new(1);
/// Everything small: the catalog, pipes' progress, graves.
pub(crate) const STATE: Space = Space::new(2);
/// `pipe, lane, last sequence number, counter` → how the delivery of these records went.
pub(crate) const OUTCOMES: Space = Space::new(3);
/// `index, key in the index, key in the table` → nothing: the item is where it is.
pub(crate) const INDEXES: Space = Space::new(6);
/// `queue, when it was sent, the sum of its name` → the number of a message that a queue would know again.
pub(crate) const DEDUPLICATION: Space = Space::new(8);

/// `archive, when the bus received it, its id` → an event that is kept to be replayed.
pub(crate) const EVENTS: Space = Space::new(9);
/// Measurements: which series there are, and what their minutes brought.
pub(crate) const METRICS: Space = Space::new(20);

/// What an entry of the log is. Written to disk: a number is never given a new meaning.
pub(crate) mod kind {
    /// A change of an item; the record is `codec::write_change`.
    pub(crate) const CHANGE: u8 = 1;
    /// A message sent to a queue.
    pub(crate) const MESSAGE: u8 = 2;
    /// Messages received, or deleted.
    pub(crate) const RECEIPT: u8 = 3;
    /// Pipes' progress and the outcomes that led to it.
    pub(crate) const PROGRESS: u8 = 4;
    /// What is deployed.
    pub(crate) const CATALOG: u8 = 5;
    /// Clearing away what nobody can ask for any more.
    pub(crate) const HOUSEKEEPING: u8 = 6;
    /// Documents kept, or taken away.
    pub(crate) const DOCUMENT: u8 = 7;
    /// Events kept in archives, how far replays are, and when schedules fired.
    pub(crate) const EVENT: u8 = 8;
    /// Measurements written down, or taken away.
    pub(crate) const MEASURES: u8 = 20;
}

/// The one key of the catalog.
pub(crate) const CATALOG_KEY: &[u8] = b"catalog";
/// The one key of the tables' counts.
pub(crate) const COUNTS_KEY: &[u8] = b"counts";

pub(crate) fn item(table: TableId, key: &Key) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(48);
    bytes.extend(table.0.to_be_bytes());
    key.write_ordered(&mut bytes);
    bytes
}

/// An item's entry in an index; `item` is what [`item`] made.
pub(crate) fn index_entry(index: IndexId, key: &Key, item: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(80);
    bytes.extend(index.0.to_be_bytes());
    key.write_ordered(&mut bytes);
    bytes.extend(&item[4..]);
    bytes
}

/// The item's key, from the end of an index's entry.
pub(crate) fn item_of_entry(table: TableId, end: &[u8]) -> Vec<u8> {
    [&table.0.to_be_bytes(), end].concat()
}

/// Where it is kept how far an index is.
pub(crate) fn index_state(index: IndexId) -> Vec<u8> {
    [INDEX_STATES, &index.0.to_be_bytes()].concat()
}

/// What the keys of all indexes' states begin with.
pub(crate) const INDEX_STATES: &[u8] = b"index/";

/// Takes the key of an index's state apart.
pub(crate) fn read_index_state(key: &[u8]) -> Option<IndexId> {
    let id = key.strip_prefix(INDEX_STATES)?.try_into().ok()?;
    Some(IndexId(u32::from_be_bytes(id)))
}

/// The first key behind all that begin with `prefix`; not for a prefix of nothing but 0xFF.
pub(crate) fn behind(prefix: &[u8]) -> Vec<u8> {
    let mut bytes = prefix.to_vec();
    while bytes.last() == Some(&u8::MAX) {
        bytes.pop();
    }
    *bytes.last_mut().expect("prefixes begin with a number that is not the largest") += 1;
    bytes
}

/// What the keys of all series begin with.
pub(crate) const SERIES: &[u8] = b"s";

/// Where it is kept which series a number is of.
pub(crate) fn series(id: u32) -> Vec<u8> {
    [SERIES, &id.to_be_bytes()].concat()
}

/// Takes the key of a series apart.
pub(crate) fn read_series(key: &[u8]) -> Option<SeriesId> {
    let id = key.strip_prefix(SERIES)?.try_into().ok()?;
    Some(SeriesId(u32::from_be_bytes(id)))
}

/// What the keys of a series' minutes begin with.
pub(crate) fn minutes(series: u32) -> Vec<u8> {
    [b"m".as_slice(), &series.to_be_bytes()].concat()
}

/// A minute of a series; those before 1970 count as the first.
pub(crate) fn minute(series: u32, minute: i64) -> Vec<u8> {
    let minute = u64::try_from(minute).unwrap_or(0);
    [&minutes(series), minute.to_be_bytes().as_slice()].concat()
}

/// Which minute a key is of.
pub(crate) fn read_minute(key: &[u8]) -> Option<i64> {
    let minute = key.get(5..)?.try_into().ok()?;
    i64::try_from(u64::from_be_bytes(minute)).ok()
}

/// What a message's key ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessagePart {
    Body = 0,
    Receipts = 1,
}

pub(crate) fn message(queue: u32, id: u64, part: MessagePart) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(13);
    bytes.extend(queue.to_be_bytes());
    bytes.extend(id.to_be_bytes());
    bytes.push(part as u8);
    bytes
}

/// Takes a message's key apart: its id and part.
pub(crate) fn read_message(key: &[u8]) -> Option<(u64, MessagePart)> {
    let id = u64::from_be_bytes(key.get(4..12)?.try_into().ok()?);
    match key.get(12..)? {
        [0] => Some((id, MessagePart::Body)),
        [1] => Some((id, MessagePart::Receipts)),
        _ => None,
    }
}

/// Where a queue's oldest message was when one was last deleted (scans begin there, not among deleted ones), and the
/// last number that was given until then.
pub(crate) fn queue_head(queue: u32) -> Vec<u8> {
    [b"head/".as_slice(), &queue.to_be_bytes()].concat()
}

/// Below which number everything was purged, and the last number given then.
pub(crate) fn queue_purged(queue: u32) -> Vec<u8> {
    [b"purged/".as_slice(), &queue.to_be_bytes()].concat()
}

/// The name of a message, in the order in which names are forgotten.
pub(crate) fn deduplication(queue: u32, sent_at: Timestamp, name: [u8; 16]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(28);
    bytes.extend(queue.to_be_bytes());
    bytes.extend(sent_at.millis().max(0).to_be_bytes());
    bytes.extend(name);
    bytes
}

/// Takes the key of a message's name apart: when it was sent, and the name's sum.
pub(crate) fn read_deduplication(key: &[u8]) -> Option<(Timestamp, [u8; 16])> {
    let sent_at = i64::from_be_bytes(key.get(4..12)?.try_into().ok()?);
    Some((Timestamp::from_millis(sent_at), key.get(12..)?.try_into().ok()?))
}

/// A task that moves the messages of a queue.
pub(crate) fn moving(queue: u32, task: u64) -> Vec<u8> {
    [MOVES, queue.to_be_bytes().as_slice(), &task.to_be_bytes()].concat()
}

/// What the keys of all such tasks begin with.
pub(crate) const MOVES: &[u8] = b"move/";

pub(crate) fn progress(pipe: u32, lane: u16) -> Vec<u8> {
    [b"lane/".as_slice(), &pipe.to_be_bytes(), &lane.to_be_bytes()].concat()
}

/// A removed item, by the millisecond of its removal: cleared away when the log no longer reaches back to it.
pub(crate) fn grave(removed_ms: i64, item: &[u8]) -> Vec<u8> {
    [GRAVES, &removed_ms.max(0).to_be_bytes(), item].concat()
}

/// What all graves' keys begin with.
pub(crate) const GRAVES: &[u8] = b"grave/";

/// Takes a grave's key apart: when, and the item's key.
pub(crate) fn read_grave(key: &[u8]) -> Option<(i64, &[u8])> {
    let (removed, item) = key.strip_prefix(GRAVES)?.split_first_chunk()?;
    Some((i64::from_be_bytes(*removed), item))
}

pub(crate) fn outcome(pipe: u32, lane: u16, last: SequenceNumber, counter: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(22);
    bytes.extend(pipe.to_be_bytes());
    bytes.extend(lane.to_be_bytes());
    bytes.extend(last.get().to_be_bytes());
    bytes.extend(counter.to_be_bytes());
    bytes
}

/// What the keys of a lane's outcomes begin with.
pub(crate) fn outcomes_of(pipe: u32, lane: u16) -> [u8; 6] {
    let mut bytes = [0; 6];
    bytes[..4].copy_from_slice(&pipe.to_be_bytes());
    bytes[4..].copy_from_slice(&lane.to_be_bytes());
    bytes
}

/// An event in an archive.
pub(crate) fn archived(archive: u32, received_at: Timestamp, id: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(12 + id.len());
    bytes.extend(archive.to_be_bytes());
    bytes.extend(received_at.millis().max(0).to_be_bytes());
    bytes.extend(id.as_bytes());
    bytes
}

/// When the bus received an event, from its key in an archive.
pub(crate) fn read_archived(key: &[u8]) -> Option<Timestamp> {
    Some(Timestamp::from_millis(i64::from_be_bytes(key.get(4..12)?.try_into().ok()?)))
}

/// What the keys of all replays begin with; the rest is the replay's name.
pub(crate) const REPLAYS: &[u8] = b"replay/";

pub(crate) fn replay(name: &str) -> Vec<u8> {
    [REPLAYS, name.as_bytes()].concat()
}

/// What the keys begin with under which it is kept when schedules fired last; the rest is the rule's name.
pub(crate) const FIRED: &[u8] = b"fired/";

pub(crate) fn fired(rule: &str) -> Vec<u8> {
    [FIRED, rule.as_bytes()].concat()
}

/// The log's place, in the house's word.
pub(crate) fn sequence(seq: Seq) -> SequenceNumber {
    SequenceNumber::new(seq.0)
}

/// The house's place, in the log's word.
pub(crate) fn seq(sequence: SequenceNumber) -> Seq {
    Seq(sequence.get())
}

/// The log's instant, in the house's word.
pub(crate) fn timestamp(time_ms: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(time_ms).unwrap_or(i64::MAX))
}
