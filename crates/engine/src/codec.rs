//! Decides the bytes in which items, changes and messages are kept.
//!
//! These types are for the disk alone; they change only together with the version in the store's `FORMAT`. Whole
//! numbers are little-endian base-128 (7 bits a byte, the high bit says that more follow); texts and byte strings carry
//! their length before them. Reading never trusts a length: what is cut off or unknown is [`Malformed`].
//!
//! ```text
//! item     count, then for each attribute: name, value
//! value    tag (1 S, 2 N, 3 B, 4 true, 5 false, 6 null, 7 M, 8 L, 9 SS, 10 NS, 11 BS), then its content
//! number   text in canonical form
//! change   table u32 LE, spread u64 LE, kind u8, flags u8, previous, [trace], keys item, [old], state
//! flags    1 there is an old item, 2 the service itself removed the item, 4 `previous` counts back from the change's own
//!          place, 8 `old` is a difference, 16 there is a trace, 32 its spans are kept
//! trace    16 bytes of the trace's id, 8 of the span's that made the change
//! old      the item | the difference: count, then for each attribute of either item in which the two differ: name, and
//!          the old value, or 0 if it had none, or (12, n) if the old one was the list of the new one's first n elements
//! state    1 then the item | 2 (removed): what the index keeps under the item's key
//! ```
//!
//! Most changes touch few attributes, and append to lists: written as a difference, an old item is a tenth of itself.

use types::{
    Change, ChangeKind, Item, Number, SequenceNumber, SpanId, TableId, Timestamp, TraceContext, TraceId, Value,
};

/// The bytes are not what this room wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes of a kept {0} do not have its form; `orderflow doctor` checks the data directory")]
pub struct Malformed(pub &'static str);

const HAS_OLD: u8 = 1;
const BY_SERVICE: u8 = 2;
const PREVIOUS_IS_NEAR: u8 = 4;
const OLD_IS_DIFFERENCE: u8 = 8;
const HAS_TRACE: u8 = 16;
const TRACE_IS_SAMPLED: u8 = 32;
const VALUE_ABSENT: u8 = 0;
const LIST_BEGINS: u8 = 12;
const STATE_ITEM: u8 = 1;
const STATE_REMOVED: u8 = 2;

/// Room is made for no more elements than this before they are read, so that a wrong count takes little memory.
const ROOM_MAX: usize = 64;

/// Where, in the bytes of a change, the state begins that the index keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StateAt(pub(crate) usize);

/// What the index keeps under an item's key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    /// The item.
    Item(Item),
    /// It was removed; kept while the log reaches back to it, so that its history can be found.
    Removed,
}

/// Writes a change; its last part, from the place returned, is the state. If the commit that it belongs to changed the same
/// item before, `follows` says by how many places; what change was the previous one is then not yet known otherwise.
pub(crate) fn write_change(change: &Change, follows: Option<usize>, out: &mut Vec<u8>) -> StateAt {
    out.extend(change.table.0.to_le_bytes());
    out.extend(change.spread.to_le_bytes());
    out.push(match change.kind {
        ChangeKind::Insert => 1,
        ChangeKind::Modify => 2,
        ChangeKind::Remove => 3,
    });
    let flags = [
        (change.old.is_some(), HAS_OLD),
        (change.by_service, BY_SERVICE),
        (follows.is_some(), PREVIOUS_IS_NEAR),
        (change.old.is_some() && change.new.is_some(), OLD_IS_DIFFERENCE),
        (change.trace.is_some(), HAS_TRACE),
        (change.trace.is_some_and(|trace| trace.sampled), TRACE_IS_SAMPLED),
    ];
    out.push(flags.into_iter().map(|(holds, flag)| if holds { flag } else { 0 }).sum());
    write_whole(follows.map_or(change.previous.get(), |distance| distance as u64), out);
    if let Some(trace) = &change.trace {
        out.extend(trace.trace.bytes());
        out.extend(trace.span.bytes());
    }
    write_item(&change.keys, out);
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => write_difference(old, new, out),
        (Some(old), None) => write_item(old, out),
        (None, _) => {}
    }
    let at = StateAt(out.len());
    match &change.new {
        Some(item) => {
            out.push(STATE_ITEM);
            write_item(item, out);
        }
        None => out.push(STATE_REMOVED),
    }
    at
}

/// Which table and lane a written change belongs to, without reading the rest.
pub(crate) fn peek_change(bytes: &[u8]) -> Result<(TableId, u64), Malformed> {
    let malformed = Malformed("change");
    let (table, rest) = bytes.split_first_chunk().ok_or(malformed)?;
    let (spread, _) = rest.split_first_chunk().ok_or(malformed)?;
    Ok((TableId(u32::from_le_bytes(*table)), u64::from_le_bytes(*spread)))
}

/// Reads a change; its place and instant are the log's to say.
pub(crate) fn read_change(bytes: &[u8], sequence: SequenceNumber, at: Timestamp) -> Result<Change, Malformed> {
    let (table, spread) = peek_change(bytes)?;
    let mut reader = Reader { bytes: &bytes[12..], what: "change" };
    let kind = match reader.byte()? {
        1 => ChangeKind::Insert,
        2 => ChangeKind::Modify,
        3 => ChangeKind::Remove,
        _ => return Err(reader.malformed()),
    };
    let flags = reader.byte()?;
    let previous = match reader.whole()? {
        distance if flags & PREVIOUS_IS_NEAR != 0 => sequence.get().checked_sub(distance).ok_or(reader.malformed())?,
        place => place,
    };
    let previous = SequenceNumber::new(previous);
    let trace = if flags & HAS_TRACE != 0 { Some(reader.trace(flags & TRACE_IS_SAMPLED != 0)?) } else { None };
    let keys = reader.item(0)?;
    let old = match (flags & HAS_OLD != 0, flags & OLD_IS_DIFFERENCE != 0) {
        (false, _) => None,
        (true, false) => Some(Old::Item(reader.item(0)?)),
        (true, true) => Some(Old::Difference(reader.difference()?)),
    };
    let new = match reader.state()? {
        State::Item(item) => Some(item),
        State::Removed => None,
    };
    reader.end()?;
    let old = match (old, &new) {
        (None, _) => None,
        (Some(Old::Item(old)), _) => Some(old),
        (Some(Old::Difference(difference)), Some(new)) => Some(undo(difference, new)?),
        (Some(Old::Difference(_)), None) => return Err(Malformed("change")),
    };
    let by_service = flags & BY_SERVICE != 0;
    Ok(Change { sequence, previous, at, table, kind, keys, old, new, spread, by_service, trace })
}

/// The item before a change, as it is kept.
enum Old<'a> {
    Item(Item),
    Difference(Vec<(&'a str, Before)>),
}

/// What an attribute was before a change.
enum Before {
    Absent,
    Value(Value),
    /// The list of the new one's first elements, so many.
    Begins(usize),
}

/// Writes how an item was before it became another.
fn write_difference(old: &Item, new: &Item, out: &mut Vec<u8>) {
    let (mut changed, mut came) = (Vec::with_capacity(old.len()), Vec::new());
    let (mut olds, mut news) = (old.iter().peekable(), new.iter().peekable());
    // Both go by names, so each attribute is met once.
    loop {
        match (olds.peek(), news.peek()) {
            (Some((old, _)), Some((new, _))) if old == new => {
                let ((name, before), (_, after)) = olds.next().zip(news.next()).expect("both were looked at");
                if before != after {
                    changed.push((name, before, Some(after)));
                }
            }
            (Some((old, _)), Some((new, _))) if new < old => came.extend(news.next()),
            (Some(_), _) => changed.extend(olds.next().map(|(name, before)| (name, before, None))),
            (None, Some(_)) => came.extend(news.next()),
            (None, None) => break,
        }
    }
    write_whole((changed.len() + came.len()) as u64, out);
    for (name, before, after) in changed {
        write_bytes(name.as_bytes(), out);
        match (before, after) {
            (Value::L(before), Some(Value::L(after))) if after.starts_with(before) => {
                out.push(LIST_BEGINS);
                write_whole(before.len() as u64, out);
            }
            (before, _) => write_value(before, out),
        }
    }
    for (name, _) in came {
        write_bytes(name.as_bytes(), out);
        out.push(VALUE_ABSENT);
    }
}

/// The item that became `new`.
fn undo(difference: Vec<(&str, Before)>, new: &Item) -> Result<Item, Malformed> {
    let unchanged = new.iter().filter(|(name, _)| difference.iter().all(|(other, _)| other != name));
    let mut old: Item = unchanged.map(|(name, value)| (name.into(), value.clone())).collect();
    for (name, before) in difference {
        match before {
            Before::Absent => {}
            Before::Value(value) => drop(old.insert(name, value)),
            Before::Begins(count) => {
                let Some(Value::L(list)) = new.get(name) else { return Err(Malformed("change")) };
                let begins = list.get(..count).ok_or(Malformed("change"))?;
                old.insert(name, Value::L(begins.to_vec()));
            }
        }
    }
    Ok(old)
}

/// Reads what the index keeps under an item's key.
pub(crate) fn read_state(bytes: &[u8]) -> Result<State, Malformed> {
    let mut reader = Reader { bytes, what: "item" };
    let state = reader.state()?;
    reader.end()?;
    Ok(state)
}

/// Writes an item.
pub(crate) fn write_item(item: &Item, out: &mut Vec<u8>) {
    write_whole(item.len() as u64, out);
    for (name, value) in item.iter() {
        write_bytes(name.as_bytes(), out);
        write_value(value, out);
    }
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::S(text) => {
            out.push(1);
            write_bytes(text.as_bytes(), out);
        }
        Value::N(number) => {
            out.push(2);
            write_number(*number, out);
        }
        Value::B(bytes) => {
            out.push(3);
            write_bytes(bytes, out);
        }
        Value::Bool(true) => out.push(4),
        Value::Bool(false) => out.push(5),
        Value::Null => out.push(6),
        Value::M(item) => {
            out.push(7);
            write_item(item, out);
        }
        Value::L(list) => {
            out.push(8);
            write_whole(list.len() as u64, out);
            list.iter().for_each(|value| write_value(value, out));
        }
        Value::Ss(set) => {
            out.push(9);
            write_whole(set.len() as u64, out);
            set.iter().for_each(|text| write_bytes(text.as_bytes(), out));
        }
        Value::Ns(set) => {
            out.push(10);
            write_whole(set.len() as u64, out);
            set.iter().for_each(|number| write_number(*number, out));
        }
        Value::Bs(set) => {
            out.push(11);
            write_whole(set.len() as u64, out);
            set.iter().for_each(|bytes| write_bytes(bytes, out));
        }
    }
}

fn write_number(number: Number, out: &mut Vec<u8>) {
    // The length is known when the text stands; the text of nearly every number is short enough for one byte of it.
    let at = out.len();
    out.push(0);
    number.write_text(out);
    let length = out.len() - at - 1;
    if length < 0x80 {
        out[at] = length as u8;
    } else {
        let text = out.split_off(at + 1);
        out.truncate(at);
        write_bytes(&text, out);
    }
}

pub(crate) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_whole(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

pub(crate) fn write_whole(mut whole: u64, out: &mut Vec<u8>) {
    while whole >= 0x80 {
        out.push((whole as u8 & 0x7F) | 0x80);
        whole >>= 7;
    }
    out.push(whole as u8);
}

/// Takes bytes apart from the front.
pub(crate) struct Reader<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) what: &'static str,
}

impl<'a> Reader<'a> {
    fn malformed(&self) -> Malformed {
        Malformed(self.what)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.bytes.split_first().ok_or(self.malformed())?;
        self.bytes = rest;
        Ok(*first)
    }

    pub(crate) fn whole(&mut self) -> Result<u64, Malformed> {
        let mut whole = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            whole |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(whole);
            }
        }
        Err(self.malformed())
    }

    pub(crate) fn slice(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.whole()?).map_err(|_| self.malformed())?;
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(self.malformed())?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let malformed = self.malformed();
        std::str::from_utf8(self.slice()?).map_err(|_| malformed)
    }

    pub(crate) fn instant(&mut self) -> Result<Timestamp, Malformed> {
        let (millis, rest) = self.bytes.split_first_chunk().ok_or(self.malformed())?;
        self.bytes = rest;
        Ok(Timestamp::from_millis(i64::from_le_bytes(*millis)))
    }

    fn trace(&mut self, sampled: bool) -> Result<TraceContext, Malformed> {
        let (trace, rest) = self.bytes.split_first_chunk().ok_or(self.malformed())?;
        let (span, rest) = rest.split_first_chunk().ok_or(self.malformed())?;
        self.bytes = rest;
        let (trace, span) = TraceId::new(*trace).zip(SpanId::new(*span)).ok_or(self.malformed())?;
        Ok(TraceContext { trace, span, sampled })
    }

    /// How many elements follow; no more than there are bytes left.
    fn count(&mut self) -> Result<usize, Malformed> {
        let count = usize::try_from(self.whole()?).map_err(|_| self.malformed())?;
        if count > self.bytes.len() { Err(self.malformed()) } else { Ok(count) }
    }

    fn number(&mut self) -> Result<Number, Malformed> {
        self.text()?.parse().map_err(|_| self.malformed())
    }

    fn item(&mut self, depth: usize) -> Result<Item, Malformed> {
        let count = self.count()?;
        let mut attributes = Vec::with_capacity(count.min(ROOM_MAX));
        for _ in 0..count {
            attributes.push((self.text()?.into(), self.value(depth)?));
        }
        Ok(attributes.into())
    }

    fn difference(&mut self) -> Result<Vec<(&'a str, Before)>, Malformed> {
        let count = self.count()?;
        let one = |reader: &mut Self| {
            let name = reader.text()?;
            let before = match reader.bytes.first() {
                Some(&VALUE_ABSENT) => {
                    reader.byte()?;
                    Before::Absent
                }
                Some(&LIST_BEGINS) => {
                    reader.byte()?;
                    Before::Begins(usize::try_from(reader.whole()?).map_err(|_| reader.malformed())?)
                }
                _ => Before::Value(reader.value(0)?),
            };
            Ok((name, before))
        };
        (0..count).map(|_| one(self)).collect()
    }

    fn value(&mut self, depth: usize) -> Result<Value, Malformed> {
        // One level more than is taken in: items that were kept when that was allowed.
        if depth > types::VALUE_DEPTH_MAX + 1 {
            return Err(self.malformed());
        }
        Ok(match self.byte()? {
            1 => Value::S(self.text()?.into()),
            2 => Value::N(self.number()?),
            3 => Value::B(self.slice()?.into()),
            4 => Value::Bool(true),
            5 => Value::Bool(false),
            6 => Value::Null,
            7 => Value::M(self.item(depth + 1)?),
            8 => {
                let count = self.count()?;
                let mut list = Vec::with_capacity(count.min(ROOM_MAX));
                for _ in 0..count {
                    list.push(self.value(depth + 1)?);
                }
                Value::L(list)
            }
            9 => {
                let count = self.count()?;
                Value::Ss((0..count).map(|_| self.text().map(Into::into)).collect::<Result<_, _>>()?)
            }
            10 => {
                let count = self.count()?;
                Value::Ns((0..count).map(|_| self.number()).collect::<Result<_, _>>()?)
            }
            11 => {
                let count = self.count()?;
                Value::Bs((0..count).map(|_| self.slice().map(Into::into)).collect::<Result<_, _>>()?)
            }
            _ => return Err(self.malformed()),
        })
    }

    fn state(&mut self) -> Result<State, Malformed> {
        match self.byte()? {
            STATE_ITEM => Ok(State::Item(self.item(0)?)),
            STATE_REMOVED => Ok(State::Removed),
            _ => Err(self.malformed()),
        }
    }

    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.bytes.is_empty() { Ok(()) } else { Err(self.malformed()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            ".{0,6}".prop_map(|text| Value::S(text.into())),
            any::<i64>().prop_map(|number| Value::N(number.into())),
            any::<Vec<u8>>().prop_map(|bytes| Value::B(bytes.into())),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
            Just(Value::Ss(vec!["a".into(), "b".into()])),
            Just(Value::Ns(vec![Number::ZERO, 7u64.into()])),
            Just(Value::Bs(vec![vec![1, 2].into()])),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::L),
                proptest::collection::vec(("[a-c]{1,2}", inner), 0..4)
                    .prop_map(|members| Value::M(members.into_iter().map(|(n, v)| (n.into(), v)).collect())),
            ]
        })
    }

    prop_compose! {
        fn any_item()(attributes in proptest::collection::vec(("[a-e]{1,3}", any_value()), 0..6)) -> Item {
            attributes.into_iter().map(|(name, value)| (name.into(), value)).collect()
        }
    }

    prop_compose! {
        fn any_change()(
            sequence in 1u64.., previous: u64, at: i64, table: u32, spread: u64, by_service: bool,
            keys in any_item(), old in proptest::option::of(any_item()), new in proptest::option::of(any_item()),
            trace in proptest::option::of((1u64.., any::<bool>())),
            kind in prop_oneof![Just(ChangeKind::Insert), Just(ChangeKind::Modify), Just(ChangeKind::Remove)],
        ) -> Change {
            Change {
                sequence: SequenceNumber::new(sequence),
                previous: SequenceNumber::new(previous),
                at: Timestamp::from_millis(at),
                table: TableId(table),
                kind, keys, old, new, spread, by_service,
                trace: trace.map(|(id, sampled)| {
                    let trace = TraceId::derived(&[&id.to_be_bytes()]);
                    TraceContext { trace, span: SpanId::derived(trace, &[]), sampled }
                }),
            }
        }
    }

    /// An item that another one may become: lists grow, attributes come, go and change.
    fn become_another(old: &Item, other: &Item) -> Item {
        let grown = old.iter().enumerate().filter(|(at, _)| at % 4 != 0).map(|(at, (name, value))| match value {
            Value::L(list) => (name.into(), Value::L(list.iter().cloned().chain([Value::Null]).collect())),
            _ if at % 4 == 1 => (name.into(), Value::Bool(true)),
            value => (name.into(), value.clone()),
        });
        grown.chain(other.iter().map(|(name, value)| (name.into(), value.clone()))).collect()
    }

    proptest! {
        /// An old item is read back, however much or little of it is left in the new one; so is the change before, which
        /// is written as a distance if it is of the same commit.
        #[test]
        fn differences_round_trip(
            change in any_change(), old in any_item(), other in any_item(), distance in 1usize..64,
        ) {
            let new = become_another(&old, &other);
            let sequence = SequenceNumber::new(change.sequence.get().max(64));
            let previous = SequenceNumber::new(sequence.get() - distance as u64);
            let change = Change { sequence, previous, old: Some(old), new: Some(new), ..change };
            let mut bytes = Vec::new();
            let StateAt(at) = write_change(&change, Some(distance), &mut bytes);
            prop_assert_eq!(read_change(&bytes, change.sequence, change.at), Ok(change.clone()));
            prop_assert_eq!(read_state(&bytes[at..]), Ok(State::Item(change.new.unwrap())));
        }

        /// A change is read back as it was written, and its tail is the state the index keeps.
        #[test]
        fn changes_round_trip(change in any_change()) {
            let mut bytes = Vec::new();
            let StateAt(at) = write_change(&change, None, &mut bytes);
            prop_assert_eq!(read_change(&bytes, change.sequence, change.at), Ok(change.clone()));
            prop_assert_eq!(peek_change(&bytes), Ok((change.table, change.spread)));
            let state = change.new.map_or(State::Removed, State::Item);
            prop_assert_eq!(read_state(&bytes[at..]), Ok(state));
        }

        /// Numbers of every length are read back, also those whose length takes two bytes.
        #[test]
        fn numbers_round_trip(digits in "[1-9]{1,38}", power in -130..=88i32, before: Vec<u8>) {
            let number: Number = format!("-{digits}e{power}").parse().unwrap();
            let mut bytes = before.clone();
            write_number(number, &mut bytes);
            let mut reader = Reader { bytes: bytes.strip_prefix(before.as_slice()).unwrap(), what: "number" };
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        /// Whatever the bytes are, reading ends with an answer.
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _ = read_state(&bytes);
            let _ = read_change(&bytes, SequenceNumber::ZERO, Timestamp::EPOCH);
        }

        /// A change that is cut anywhere is refused.
        #[test]
        fn a_cut_change_is_refused(change in any_change(), cut in 1usize..64) {
            let mut bytes = Vec::new();
            write_change(&change, None, &mut bytes);
            let kept = bytes.len().saturating_sub(cut);
            prop_assert!(read_change(&bytes[..kept], change.sequence, change.at).is_err());
        }
    }
}
