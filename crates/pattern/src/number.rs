//! Decides which numbers can be compared, and how: [`Decimal`] and [`comparable`].
//!
//! A number takes part in comparisons only if a double holds it exactly, in the sense that the shortest decimal that
//! reads back as that double is the same number. So `0.1` and `1e300` are comparable; 9007199254740993 and `1e400` are
//! not, rather than being compared as something else.
//!
//! Comparable numbers are therefore compared as the decimals that they are, without a double: of two of them the
//! greater decimal is the greater double, and equal decimals are equal doubles. Only whether a number of 16 or 17
//! digits is comparable at all takes a look at its double.

use std::fmt::Write;

/// Significant digits of the shortest decimal of any double.
const DIGITS_MAX: u32 = 17;

/// Every decimal of so many digits reads back from its double, if it is not near the ends of what doubles hold.
const DIGITS_ALWAYS_HELD: u32 = 15;

/// Powers of ten, up to which "near the ends" does not begin.
const POWER_ALWAYS_HELD: i32 = 290;

/// Beyond this power of ten there are no doubles, on either side.
const POWER_MAX: i32 = 400;

/// A decimal number of at most [`DIGITS_MAX`] significant digits. The order is that of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Decimal {
    /// Of the first digit: its power of ten, counted from below the smallest, with the number's sign. Zero for zero.
    rank: i32,
    /// The digits as if there were always [`DIGITS_MAX`], with the number's sign.
    digits: i64,
}

impl Decimal {
    /// None if this is no JSON number, or has more digits or a greater power than any comparable number.
    pub(crate) fn of(text: &str) -> Option<Decimal> {
        let read = Digits::read(text.as_bytes())?;
        if read.end == text.len() { read.decimal() } else { None }
    }

    /// Whether a double holds the number exactly.
    pub(crate) fn is_comparable(self, text: &str) -> bool {
        let power = self.rank.abs() - POWER_MAX - 1;
        if self.rank == 0 {
            return true;
        }
        if self.digits % 10_i64.pow(DIGITS_MAX - DIGITS_ALWAYS_HELD) == 0 && power.abs() <= POWER_ALWAYS_HELD {
            return true;
        }
        text.parse().ok().and_then(shortest) == Some(self)
    }
}

/// The number, if it is comparable. `text` is a JSON number; other texts are not comparable.
pub(crate) fn comparable(text: &str) -> Option<Decimal> {
    Decimal::of(text).filter(|decimal| decimal.is_comparable(text))
}

/// The shortest decimal that reads back as the double.
fn shortest(value: f64) -> Option<Decimal> {
    if !value.is_finite() {
        return None;
    }
    let mut shortest = Text { bytes: [0; 32], length: 0 };
    write!(shortest, "{value:e}").ok()?;
    Decimal::of(shortest.as_str())
}

/// A JSON number as it was read.
pub(crate) struct Digits {
    /// Offset behind its last byte.
    pub(crate) end: usize,
    negative: bool,
    /// The first 19 significant digits.
    digits: u64,
    /// How many these are.
    count: u32,
    /// Whether a digit other than zero follows those.
    more: bool,
    /// Power of ten of the first significant digit.
    power: i64,
}

/// Significant digits that are looked at; so many always fit.
const DIGITS_READ: u32 = 19;

impl Digits {
    /// Reads the number at the beginning of the bytes; none if there is none that JSON would take.
    pub(crate) fn read(bytes: &[u8]) -> Option<Digits> {
        let mut at = 0;
        let mut read = Digits { end: 0, negative: false, digits: 0, count: 0, more: false, power: 0 };
        if bytes.first() == Some(&b'-') {
            read.negative = true;
            at = 1;
        }
        let whole = at;
        at = read.take_all(bytes, at);
        match at - whole {
            0 => return None,
            1 => {}
            _ if bytes[whole] == b'0' => return None,
            _ => {}
        }
        // Zeros in front are no digits, so a number that begins with one has none before its point.
        read.power = if read.count == 0 { 0 } else { (at - whole) as i64 - 1 };
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            let fraction = at;
            let had = read.count;
            at = read.take_all(bytes, at);
            if had == 0 && read.count > 0 {
                let zeros = bytes[fraction..].iter().take_while(|byte| **byte == b'0').count();
                read.power = -(zeros as i64) - 1;
            }
            if at == fraction {
                return None;
            }
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            at += 1;
            let negative = bytes.get(at) == Some(&b'-');
            if let Some(b'-' | b'+') = bytes.get(at) {
                at += 1;
            }
            let first = at;
            let mut power: i64 = 0;
            while let Some(digit) = digit_at(bytes, at) {
                // Saturates: a power too long for an integer is as far from every double as the largest one.
                power = power.saturating_mul(10).saturating_add(i64::from(digit)).min(i64::MAX / 4);
                at += 1;
            }
            if at == first {
                return None;
            }
            read.power = read.power.saturating_add(if negative { -power } else { power });
        }
        read.end = at;
        Some(read)
    }

    /// Takes all digits from `at` on, and says where they end.
    #[inline]
    fn take_all(&mut self, bytes: &[u8], mut at: usize) -> usize {
        if self.count == 0 {
            while bytes.get(at) == Some(&b'0') {
                at += 1;
            }
        }
        while self.count + 8 <= DIGITS_READ
            && let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk())
            && let Some(value) = eight_digits(*eight)
        {
            self.digits = self.digits * 100_000_000 + value;
            self.count += 8;
            at += 8;
        }
        while let Some(digit) = digit_at(bytes, at) {
            if self.count < DIGITS_READ {
                self.digits = self.digits * 10 + u64::from(digit);
                self.count += 1;
            } else if digit != 0 {
                self.more = true;
            }
            at += 1;
        }
        at
    }

    /// None if there are too many digits, or the power is too great.
    pub(crate) fn decimal(&self) -> Option<Decimal> {
        if self.count == 0 {
            return Some(Decimal { rank: 0, digits: 0 });
        }
        const SPARE: u64 = 10_u64.pow(DIGITS_READ - DIGITS_MAX);
        let aligned = self.digits * POWERS[(DIGITS_READ - self.count) as usize];
        if self.more || !aligned.is_multiple_of(SPARE) || self.power.abs() > i64::from(POWER_MAX) {
            return None;
        }
        let rank = i32::try_from(self.power).ok()? + POWER_MAX + 1;
        let digits = i64::try_from(aligned / SPARE).ok()?;
        Some(if self.negative { Decimal { rank: -rank, digits: -digits } } else { Decimal { rank, digits } })
    }
}

/// Powers of ten.
const POWERS: [u64; DIGITS_READ as usize] = {
    let mut powers = [1; DIGITS_READ as usize];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

#[inline]
fn digit_at(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = bytes.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(digit)
}

/// The number that eight digits are, if all of them are digits: pairs, fours and eight are put together at once.
#[inline]
fn eight_digits(bytes: [u8; 8]) -> Option<u64> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let value = u64::from_le_bytes(bytes);
    // A digit's upper half is 3, also when 6 is added to it.
    let upper = (value & (EACH * 0xf0)) | ((value.wrapping_add(EACH * 6) & (EACH * 0xf0)) >> 4);
    if upper != EACH * 0x33 {
        return None;
    }
    let ones = value & (EACH * 0x0f);
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

/// A short text on the stack.
struct Text {
    bytes: [u8; 32],
    length: usize,
}

impl Text {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("only whole strings were written")
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_comparable_if_a_double_holds_it_exactly() {
        let cases = [
            ("0", Some(0.0)),
            ("-0.0", Some(0.0)),
            ("0e99999999999999999999999", Some(0.0)),
            ("35", Some(35.0)),
            ("3.5e1", Some(35.0)),
            ("350E-1", Some(35.0)),
            ("0.00035e+5", Some(35.0)),
            ("0.1", Some(0.1)),
            ("-1.50", Some(-1.5)),
            ("9007199254740992", Some(9007199254740992.0)),
            ("9007199254740993", None),
            ("1.23456789012345678", None),
            ("123456789012345678", None),
            ("100000000000000000000", Some(1e20)),
            ("100000000000000000000000000000000000000.000", Some(1e38)),
            ("1e300", Some(1e300)),
            ("1e23", Some(1e23)),
            ("1e400", None),
            ("-1e400", None),
            ("1e-400", None),
            ("1e99999999999999999999999", None),
            ("1e-99999999999999999999999", None),
            ("5e-324", Some(5e-324)),
            ("1.7976931348623157e308", Some(f64::MAX)),
            ("-122.42916360922355", Some(-122.42916360922355)),
            ("-122.422003528252475", None),
        ];
        for (text, expected) in cases {
            assert_eq!(comparable(text), expected.and_then(shortest), "{text}");
        }
    }

    #[test]
    fn what_json_does_not_take_is_no_number() {
        for text in ["", "-", "01", "-01", "1.", ".5", "1e", "1e+", "1.e5", "1x", "+1", "0x1", "NaN", " 1", "1 "] {
            assert_eq!(Decimal::of(text), None, "{text}");
        }
        assert_eq!(Digits::read(b"12.5,").unwrap().end, 4);
        assert_eq!(Digits::read(b"1e+5]").unwrap().end, 4);
        assert!(Digits::read(b"1e,").is_none());
    }

    /// A number as a double, if the double's shortest decimal is the same number: with arithmetic of big integers.
    fn slow(text: &str) -> Option<f64> {
        let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
        let normal = |text: &str| -> (bool, String, i64) {
            let (mantissa, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
            let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
            let all = format!("{}{fraction}", whole.trim_start_matches('-'));
            let digits = all.trim_start_matches('0').trim_end_matches('0').to_owned();
            let zeros_behind = (all.len() - all.trim_end_matches('0').len()) as i64;
            let power = power.parse::<i64>().unwrap() - fraction.len() as i64 + zeros_behind;
            match digits.is_empty() {
                true => (false, digits, 0),
                false => (whole.starts_with('-'), digits, power),
            }
        };
        (normal(text) == normal(&format!("{value:e}"))).then_some(if value == 0.0 { 0.0 } else { value })
    }

    fn number() -> impl Strategy<Value = String> {
        prop_oneof![
            "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
            "-?(0|[1-9][0-9]{0,2})\\.[0-9]{12,16}",
            any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| format!("{value:e}")),
            any::<f32>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| value.to_string()),
            any::<i64>().prop_map(|value| value.to_string()),
        ]
    }

    proptest! {
        /// Eight bytes are read as a number just if the standard library reads them so.
        #[test]
        fn eight_digits_are_read_at_once(text in "[0-9]{8}|[ -~]{8}|[0-9]{3}[/:.0-9][0-9]{4}") {
            let bytes: [u8; 8] = text.as_bytes().try_into().unwrap();
            let expected = if text.starts_with('+') { None } else { text.parse().ok() };
            prop_assert_eq!(eight_digits(bytes), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5000) })]

        /// Numbers compare as their doubles do, as far as these hold them.
        #[test]
        fn numbers_compare_as_doubles(one in number(), other in number()) {
            prop_assert_eq!(comparable(&one).is_some(), slow(&one).is_some(), "{}", one);
            if let (Some(one_decimal), Some(other_decimal), Some(one), Some(other)) =
                (comparable(&one), comparable(&other), slow(&one), slow(&other))
            {
                prop_assert_eq!(Some(one_decimal.cmp(&other_decimal)), one.partial_cmp(&other), "{} {}", one, other);
            }
        }
    }
}
