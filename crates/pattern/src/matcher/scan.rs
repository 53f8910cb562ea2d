//! Decides where strings, numbers and whole objects end, many bytes at a time: [`string`], [`scalar`], [`container`].
//!
//! What is skipped is not checked beyond what finding its end takes. Bytes are looked at 16 at once, and whole objects
//! and arrays 64 at once as bit sets, one bit a byte: a quote that no backslash escapes turns "inside a string" on or
//! off, and brackets outside of strings are counted, not visited.

use wide::u8x16;

/// Bytes that are looked at together.
const LANE: usize = 16;

/// Bytes of a block, which is as many as a bit set has bits.
const BLOCK: usize = 64;

/// A string that was found. Two words and no more, so that it is handed back in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Offset of the closing quote.
    pub(super) end: usize,
    /// See [`Found::is_escaped`] and [`Found::is_ascii`].
    marks: usize,
}

impl Found {
    const ESCAPED: usize = 1;
    const NOT_ASCII: usize = 2;

    /// Whether something in it is escaped.
    #[inline]
    pub(super) fn is_escaped(self) -> bool {
        self.marks & Found::ESCAPED != 0
    }

    /// Whether all of it is ASCII.
    #[inline]
    pub(super) fn is_ascii(self) -> bool {
        self.marks & Found::NOT_ASCII == 0
    }
}

/// The string whose first character is at `at`, behind the quote. None if it does not end, or holds a control
/// character, which JSON wants escaped.
#[inline(always)]
pub(super) fn string(bytes: &[u8], mut at: usize) -> Option<Found> {
    let mut marks = 0;
    loop {
        let lane = lane(bytes, at);
        let stops = string_stops(lane);
        let high = lane.to_bitmask();
        let first = stops.trailing_zeros();
        let before = if stops == 0 { u32::MAX } else { !(u32::MAX << first) };
        if high & before != 0 {
            marks |= Found::NOT_ASCII;
        }
        if stops == 0 {
            at += LANE;
            continue;
        }
        at += first as usize;
        match bytes.get(at)? {
            b'"' => return Some(Found { end: at, marks }),
            b'\\' => {
                marks |= Found::ESCAPED;
                // What is escaped may be a quote, or the end of the text.
                if !bytes.get(at + 1)?.is_ascii() {
                    marks |= Found::NOT_ASCII;
                }
                at += 2;
            }
            _ => return None,
        }
    }
}

/// Offset behind the number or word at `at`: of the first comma, bracket or blank.
#[inline]
pub(super) fn scalar(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let lane = lane(bytes, at);
        let stops = scalar_stops(lane);
        if stops != 0 {
            return (at + stops.trailing_zeros() as usize).min(bytes.len());
        }
        at += LANE;
    }
}

/// Sixteen bytes from `at`; zeros behind the end.
#[inline]
fn lane(bytes: &[u8], at: usize) -> u8x16 {
    u8x16::new(match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(lane) => *lane,
        None => {
            let mut lane = [0; LANE];
            let rest = bytes.get(at..).unwrap_or_default();
            lane[..rest.len()].copy_from_slice(rest);
            lane
        }
    })
}

/// Offset behind the object or array whose first byte inside is at `at`. None if it does not end. That brackets of one
/// kind are closed by brackets of the same kind is not checked.
pub(super) fn container(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut inside = Inside::default();
    let mut depth: u64 = 1;
    loop {
        let rest = bytes.get(at..)?;
        let set = match rest.first_chunk() {
            Some(block) => inside.brackets(block),
            None if rest.is_empty() => return None,
            None => {
                let mut block = [b' '; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                inside.brackets(&block)
            }
        };
        let closing = u64::from(set.closing.count_ones());
        if closing >= depth {
            let mut left = set.closing;
            let mut closed = 0;
            while left != 0 {
                let bit = left.trailing_zeros();
                closed += 1;
                let opened = u64::from((set.opening & !(u64::MAX << bit)).count_ones());
                if depth + opened == closed {
                    return Some(at + bit as usize + 1);
                }
                left &= left - 1;
            }
        }
        depth = depth + u64::from(set.opening.count_ones()) - closing;
        at += BLOCK;
    }
}

/// What the blocks so far leave for the next one.
#[derive(Default)]
struct Inside {
    /// All bits if the next block begins inside a string, else none.
    string: u64,
    /// One if its first byte is escaped.
    escape: u64,
}

/// Brackets of a block that are in no string.
struct Brackets {
    opening: u64,
    closing: u64,
}

impl Inside {
    #[inline]
    fn brackets(&mut self, block: &[u8; BLOCK]) -> Brackets {
        let set = Set::of(block);
        let quotes = set.quotes & !self.escaped(set.backslashes);
        let strings = running_parity(quotes) ^ self.string;
        self.string = if strings >> 63 == 1 { u64::MAX } else { 0 };
        Brackets { opening: set.opening & !strings, closing: set.closing & !strings }
    }

    /// Which bytes are escaped: those behind an odd number of backslashes.
    #[inline]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        if backslashes == 0 {
            return std::mem::take(&mut self.escape);
        }
        const EVEN: u64 = 0x5555_5555_5555_5555;
        // A run of backslashes that begins at an odd place carries, when it is added to itself, into the place behind
        // it; so the parity of where a run begins and ends tells whether it is of odd length.
        let backslashes = backslashes & !self.escape;
        let follows = backslashes << 1 | self.escape;
        let odd_begins = backslashes & !EVEN & !follows;
        let (ends, carried) = odd_begins.overflowing_add(backslashes);
        self.escape = u64::from(carried);
        (EVEN ^ (ends << 1)) & follows
    }
}

/// Each bit says whether the number of bits up to and with it is odd.
#[inline]
fn running_parity(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ bits << 32
}

/// Bit sets of a block: which bytes are which character.
#[derive(Debug, PartialEq, Eq)]
struct Set {
    quotes: u64,
    backslashes: u64,
    opening: u64,
    closing: u64,
}

impl Set {
    #[inline(always)]
    fn of(block: &[u8; BLOCK]) -> Set {
        let mut set = Set { quotes: 0, backslashes: 0, opening: 0, closing: 0 };
        let (lanes, _) = block.as_chunks();
        for (index, lane) in lanes.iter().enumerate() {
            let lane = u8x16::new(*lane);
            let shift = index * LANE;
            set.quotes |= u64::from(equal(lane, b'"').to_bitmask()) << shift;
            set.backslashes |= u64::from(equal(lane, b'\\').to_bitmask()) << shift;
            set.opening |= u64::from(equal(folded(lane), b'{').to_bitmask()) << shift;
            set.closing |= u64::from(equal(folded(lane), b'}').to_bitmask()) << shift;
        }
        set
    }
}

/// Quotes, backslashes, control characters.
#[inline(always)]
fn string_stops(lane: u8x16) -> u32 {
    (equal(lane, b'"') | equal(lane, b'\\') | at_most(lane, 0x1f)).to_bitmask()
}

/// Commas, closing brackets, blanks and control characters.
#[inline(always)]
fn scalar_stops(lane: u8x16) -> u32 {
    (equal(lane, b',') | equal(folded(lane), b'}') | at_most(lane, b' ')).to_bitmask()
}

#[inline(always)]
fn equal(lane: u8x16, byte: u8) -> u8x16 {
    lane.simd_eq(u8x16::splat(byte))
}

#[inline(always)]
fn at_most(lane: u8x16, byte: u8) -> u8x16 {
    lane.min(u8x16::splat(byte)).simd_eq(lane)
}

/// Brackets of both kinds have the same bits but for one.
#[inline(always)]
fn folded(lane: u8x16) -> u8x16 {
    lane | u8x16::splat(0x20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Offset behind the container's end, found one byte after the other.
    fn slow_container(bytes: &[u8]) -> Option<usize> {
        let (mut depth, mut in_string, mut escaped) = (1, false, false);
        for (at, byte) in bytes.iter().enumerate() {
            // Outside of strings backslashes are no JSON; there they escape quotes and nothing else.
            let is_escaped = std::mem::take(&mut escaped);
            match (in_string, byte) {
                (_, b'\\') => escaped = !is_escaped,
                (_, b'"') => in_string ^= !is_escaped,
                (false, b'{' | b'[') => depth += 1,
                (false, b'}' | b']') => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn slow_string(bytes: &[u8]) -> Option<(usize, bool, bool)> {
        let (mut end, mut escaped, mut ascii) = (0, false, true);
        loop {
            match bytes.get(end)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    end += 1;
                    ascii &= bytes.get(end)?.is_ascii();
                }
                0..0x20 => return None,
                other => ascii &= other.is_ascii(),
            }
            end += 1;
        }
        Some((end, escaped, ascii))
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            2 => prop::sample::select(&b"\"\\{}[],:  \n"[..]),
            3 => prop::sample::select(&b"abc0123.-\xc3\xa9\x7f"[..]),
        ];
        prop::collection::vec(byte, 0..300)
    }

    /// Like the above, with brackets and quotes so rare that things are long.
    fn long_bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            1 => prop::sample::select(&b"\"{}[]"[..]),
            4 => Just(b'\\'),
            12 => prop::sample::select(&b"abc0\xc3\xa9"[..]),
        ];
        prop::collection::vec(byte, 0..600)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

        #[test]
        fn ends_are_found_where_a_slow_reader_finds_them(bytes in prop_oneof![bytes(), long_bytes()]) {
            prop_assert_eq!(container(&bytes, 0), slow_container(&bytes));
            let found = string(&bytes, 0).map(|found| (found.end, found.is_escaped(), found.is_ascii()));
            prop_assert_eq!(found, slow_string(&bytes));
            let end = bytes.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | 0..=b' '));
            prop_assert_eq!(scalar(&bytes, 0), end.unwrap_or(bytes.len()));
        }
    }

    #[test]
    fn a_long_run_of_backslashes_is_counted() {
        for length in 0..200 {
            let text = format!("[\"{}\"]] ]\"]]", "\\".repeat(length));
            assert_eq!(container(text.as_bytes(), 1), slow_container(&text.as_bytes()[1..]).map(|end| end + 1));
        }
    }
}
