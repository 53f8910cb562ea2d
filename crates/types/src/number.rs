//! Decides what a number is: a decimal of at most 38 significant digits, with one canonical text.
//!
//! Two spellings of one number are one [`Number`]: `1.50`, `1.5` and `15e-1` compare equal, hash equal and print `1.5`.
//! Nothing is ever rounded; what does not fit is refused by [`Number::from_str`].

use crate::Text;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The most significant digits a number may have.
const DIGITS_MAX: usize = 38;
/// The largest power of ten of a number's first digit: 9.99…E+125.
const MAGNITUDE_MAX: i32 = 125;
/// The smallest power of ten of a number's first digit: 1E-130.
const MAGNITUDE_MIN: i32 = -130;

/// As many digits as a `u64` holds whatever they are.
const SHORT_MAX: u32 = 19;
/// As many zeros as the text of a number can have behind its digits, and more than it can have before them.
const ZEROS: &str = ZEROS_BEHIND_POINT.split_at(2).1;
const ZEROS_BEHIND_POINT: &str = "0.\
    00000000000000000000000000000000000000000000000000000000000000000000\
    00000000000000000000000000000000000000000000000000000000000000000000";
const _: () = assert!(ZEROS.len() as i32 > MAGNITUDE_MAX && ZEROS.len() as i32 > -MAGNITUDE_MIN);

/// An exact decimal: `±digits × 10^exponent`, without trailing zeros in `digits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    /// At most 38 digits, which fit in 127 bits. Zero is `0 × 10^0`, never negative.
    digits: Digits,
    exponent: i16,
}

/// Laid as a `u64` is, so that a number takes 24 bytes, as a text does, and no attribute 48 instead of 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(Rust, packed(8))]
struct Digits(u128);

/// Why a text is not a number that a table can keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The text is no decimal number at all.
    #[error("{0:?} is not a decimal number")]
    NotANumber(Box<str>),
    /// More digits than are kept exactly.
    #[error("the number has more than {DIGITS_MAX} significant digits")]
    TooManyDigits,
    /// Further from zero than 9.99…E+125.
    #[error("the number is larger than 9.99E+125 in magnitude")]
    Overflow,
    /// Nearer to zero than 1E-130, and not zero.
    #[error("the number is smaller than 1E-130 in magnitude")]
    Underflow,
}

impl Number {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, digits: Digits(0), exponent: 0 };

    const fn digits(self) -> u128 {
        self.digits.0
    }

    /// `units × 10^-decimals`: an amount of money in its smallest unit as one of the currency's own unit.
    pub const fn of_units(units: u64, decimals: u8) -> Option<Self> {
        if decimals as i32 > -MAGNITUDE_MIN { None } else { Some(Self::of(false, units, -(decimals as i16))) }
    }

    /// The caller knows that the first digit's power of ten is within bounds.
    const fn of(negative: bool, mut digits: u64, mut exponent: i16) -> Self {
        if digits == 0 {
            return Self::ZERO;
        }
        while digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
        Self { negative, digits: Digits(digits as u128), exponent }
    }

    /// The number, if it is whole, not negative, and not too large.
    pub fn to_u64(self) -> Option<u64> {
        let power = 10u64.checked_pow(u32::try_from(self.exponent).ok()?)?;
        if self.negative { None } else { u64::try_from(self.digits()).ok()?.checked_mul(power) }
    }

    /// How many significant digits the number has; zero has one.
    pub fn significant_digits(self) -> u32 {
        match u64::try_from(self.digits()) {
            Ok(0) => 1,
            Ok(digits) => digits.ilog10() + 1,
            Err(_) => self.digits().ilog10() + 1,
        }
    }

    /// Whether the number is below zero.
    pub fn is_negative(self) -> bool {
        self.negative
    }

    /// The nearest double; for showing and rough comparison, never for keeping.
    pub fn to_f64(self) -> f64 {
        let sign = if self.negative { "-" } else { "" };
        let text = format!("{sign}{}e{}", self.digits(), self.exponent);
        text.parse().expect("digits and an exponent are a float literal")
    }

    /// The power of ten of the first digit. Only meaningful for numbers other than zero.
    fn magnitude(self) -> i32 {
        i32::from(self.exponent) + self.significant_digits() as i32 - 1
    }

    /// The bytes the number takes up in an item: half a byte a digit pair, one for the exponent, one for a sign.
    pub fn size(self) -> usize {
        // DynamoDB keeps base-100 digits, so a pair may straddle the decimal point at an odd exponent.
        let digits = self.significant_digits() as usize;
        if self.digits() == 0 {
            return 1;
        }
        let odd = self.exponent.rem_euclid(2) as usize;
        (digits + odd).div_ceil(2) + 1 + usize::from(self.negative)
    }

    /// Reads what most numbers are: at most 19 digits, perhaps a sign and a point. For all else there is `from_str`.
    fn parse_short(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', unsigned @ ..] => (true, unsigned),
            unsigned => (false, unsigned),
        };
        let (mut digits, mut written, mut decimals) = (0u64, 0, None);
        for byte in unsigned {
            match byte {
                b'0'..=b'9' if written < SHORT_MAX => {
                    digits = digits * 10 + u64::from(byte - b'0');
                    written += 1;
                    decimals = decimals.map(|decimals| decimals + 1);
                }
                b'.' if decimals.is_none() => decimals = Some(0),
                _ => return None,
            }
        }
        (written > 0).then(|| Self::of(negative, digits, -decimals.unwrap_or(0)))
    }

    /// The digits alone, written into the room that the caller has for them.
    fn written(self, room: &mut [u8; DIGITS_MAX]) -> &str {
        let mut at = room.len();
        let mut left = self.digits();
        // Dividing 128 bits is slow, and few numbers have so many.
        while u64::try_from(left).is_err() {
            at -= 1;
            room[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
        let mut left = left as u64;
        loop {
            at -= 1;
            room[at] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        std::str::from_utf8(&room[at..]).expect("digits are ASCII")
    }

    /// The canonical text, in order; plain digits without exponent, no needless zeros.
    fn pieces(self, room: &mut [u8; DIGITS_MAX]) -> [&str; 4] {
        let sign = if self.negative { "-" } else { "" };
        let digits = self.written(room);
        if let Ok(zeros) = usize::try_from(self.exponent) {
            return [sign, digits, &ZEROS[..zeros], ""];
        }
        let decimals = usize::from(self.exponent.unsigned_abs());
        match digits.len().checked_sub(decimals) {
            Some(point @ 1..) => [sign, &digits[..point], ".", &digits[point..]],
            _ => [sign, &ZEROS_BEHIND_POINT[..2 + decimals - digits.len()], digits, ""],
        }
    }

    /// The canonical text; most need no memory of their own.
    pub fn to_text(self) -> Text {
        let mut room = [0; DIGITS_MAX];
        let mut text = Text::default();
        self.pieces(&mut room).into_iter().for_each(|piece| text.push_str(piece));
        text
    }

    /// Appends the canonical text.
    pub fn write_text(self, out: &mut Vec<u8>) {
        let mut room = [0; DIGITS_MAX];
        self.pieces(&mut room).into_iter().for_each(|piece| out.extend_from_slice(piece.as_bytes()));
    }

    /// Appends bytes that sort as the numbers do, and that no other number's bytes begin with.
    pub fn write_ordered(self, out: &mut Vec<u8>) {
        if self.digits() == 0 {
            out.push(0x80);
            return;
        }
        let flip = if self.negative { 0xFF } else { 0x00 };
        out.push(if self.negative { 0x40 } else { 0xC0 });
        let magnitude = u8::try_from(self.magnitude() - MAGNITUDE_MIN).expect("-130..=125 spans 256 values");
        out.push(magnitude ^ flip);
        // Without trailing zeros a shorter run of digits is smaller, which the end marker (below any digit) keeps true.
        let mut room = [0; DIGITS_MAX];
        out.extend(self.written(&mut room).bytes().map(|digit| digit ^ flip));
        out.push(flip);
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits(), number.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let by_sign = sign(self).cmp(&sign(other));
        if by_sign != Ordering::Equal || self.digits() == 0 {
            return by_sign;
        }
        let by_size = self.magnitude().cmp(&other.magnitude()).then_with(|| {
            // Same magnitude: align both to 38 digits, which cannot overflow 10^38 < 2^127.
            let aligned = |number: &Self| number.digits() * 10u128.pow(DIGITS_MAX as u32 - number.significant_digits());
            aligned(self).cmp(&aligned(other))
        });
        if self.negative { by_size.reverse() } else { by_size }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        if let Some(number) = Self::parse_short(text) {
            return Ok(number);
        }
        let not_a_number = || NumberError::NotANumber(text.chars().take(64).collect::<String>().into());
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', ..] => (true, &text[1..]),
            [b'+', ..] => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, power) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], parse_power(&unsigned[at + 1..]).ok_or_else(not_a_number)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return Err(not_a_number());
        }
        let written = || whole.bytes().chain(fraction.bytes());
        let Some(first) = written().position(|digit| digit != b'0') else {
            // Nought is held to the bounds by the power of ten that stands behind it.
            return match power {
                _ if power > i64::from(MAGNITUDE_MAX) => Err(NumberError::Overflow),
                _ if power < i64::from(MAGNITUDE_MIN) => Err(NumberError::Underflow),
                _ => Ok(Self::ZERO),
            };
        };
        let last = written().rposition_nonzero(whole.len() + fraction.len());
        let kept = last - first + 1;
        // The power of ten of the first and of the last significant digit.
        let length = i64::try_from(whole.len()).expect("a text's length fits");
        let magnitude = length - 1 - i64::try_from(first).expect("a text's length fits") + power;
        let exponent = length - 1 - i64::try_from(last).expect("a text's length fits") + power;
        if magnitude > i64::from(MAGNITUDE_MAX) {
            return Err(NumberError::Overflow);
        }
        if magnitude < i64::from(MAGNITUDE_MIN) {
            return Err(NumberError::Underflow);
        }
        if kept > DIGITS_MAX {
            return Err(NumberError::TooManyDigits);
        }
        let digits = written().skip(first).take(kept).fold(0u128, |sum, digit| sum * 10 + u128::from(digit - b'0'));
        let exponent = i16::try_from(exponent).expect("bounded by the magnitude and 38 digits");
        Ok(Self { negative, digits: Digits(digits), exponent })
    }
}

/// The last position that is not `0`, found from the behind of a text whose two halves are chained.
trait RpositionNonzero: Iterator<Item = u8> + DoubleEndedIterator + Sized {
    fn rposition_nonzero(self, length: usize) -> usize {
        let zeros = self.rev().take_while(|digit| *digit == b'0').count();
        length - 1 - zeros
    }
}

impl<I: DoubleEndedIterator<Item = u8>> RpositionNonzero for I {}

/// A power of ten; one too large for any number saturates, so that it ends as overflow or underflow. What is no whole
/// number of 64 bits is no power of ten.
fn parse_power(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = text.parse::<i64>().ok()?.unsigned_abs().min(1_000_000_000) as i64;
    Some(if negative { -size } else { size })
}

impl fmt::Display for Number {
    /// The canonical text: plain digits without exponent, no needless zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut room = [0; DIGITS_MAX];
        self.pieces(&mut room).into_iter().try_for_each(|piece| f.write_str(piece))
    }
}

impl From<u64> for Number {
    fn from(whole: u64) -> Self {
        Self::of(false, whole, 0)
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self::of(whole < 0, whole.unsigned_abs(), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_become_canonical() {
        let cases = [
            ("0", "0"),
            ("-0", "0"),
            ("0.000e99", "0"),
            ("1.50", "1.5"),
            ("1e2", "100"),
            ("+007", "7"),
            ("15E-1", "1.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-12.340", "-12.34"),
            ("1E-5", "0.00001"),
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
            ("100000000000000000000000000000000000000000", "100000000000000000000000000000000000000000"),
            ("0.00000000000000000000000000000000000012", "0.00000000000000000000000000000000000012"),
        ];
        for (text, canonical) in cases {
            assert_eq!(text.parse::<Number>().unwrap().to_string(), canonical, "{text}");
        }
        assert_eq!("1e125".parse::<Number>().unwrap().to_string().len(), 126);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let cases = [
            ("abc", NumberError::NotANumber("abc".into())),
            ("", NumberError::NotANumber("".into())),
            ("-", NumberError::NotANumber("-".into())),
            ("1e", NumberError::NotANumber("1e".into())),
            ("1.2.3", NumberError::NotANumber("1.2.3".into())),
            (" 1", NumberError::NotANumber(" 1".into())),
            ("NaN", NumberError::NotANumber("NaN".into())),
            ("1e126", NumberError::Overflow),
            ("1e99999999999", NumberError::Overflow),
            ("1e-99999999999", NumberError::Underflow),
            // No whole number of 64 bits.
            ("1e9223372036854775808", NumberError::NotANumber("1e9223372036854775808".into())),
            ("1e-131", NumberError::Underflow),
            // Nought, too, as it is written.
            ("0e126", NumberError::Overflow),
            ("0.0e-131", NumberError::Underflow),
            ("123456789012345678901234567890123456789", NumberError::TooManyDigits),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Number>(), Err(error), "{text}");
        }
    }

    #[test]
    fn sizes_count_pairs_of_digits() {
        // name "a" (1 byte) aside, as DynamoDB bills them.
        let cases = [("0", 1), ("1", 2), ("12", 2), ("123", 3), ("-1", 3), ("1500", 2), ("0.5", 2)];
        for (text, size) in cases {
            assert_eq!(text.parse::<Number>().unwrap().size(), size, "{text}");
        }
    }

    prop_compose! {
        fn any_text()(negative: bool, digits in "[0-9]{1,12}", point in 0usize..12, power in -20i32..20) -> String {
            let (whole, fraction) = digits.split_at(point.min(digits.len()));
            format!("{}{whole}.{fraction}e{power}", if negative { "-" } else { "" })
        }
    }

    proptest! {
        /// The canonical text names the same number again.
        #[test]
        fn canonical_text_round_trips(text in any_text()) {
            let number: Number = text.parse().unwrap();
            prop_assert_eq!(number.to_string().parse::<Number>(), Ok(number));
        }

        /// A short number is what it is when it is read the long way, as one with a power of ten is.
        #[test]
        fn short_numbers_are_no_others(text in "[-+]?[0-9]{0,21}[.]?[0-9]{0,3}|[-+.0-9]{0,5}") {
            prop_assert_eq!(text.parse::<Number>().ok(), format!("{text}e0").parse().ok());
        }

        /// A whole number is the one that its digits name, and comes back as it was.
        #[test]
        fn whole_numbers_are_their_digits(whole: u64, signed: i64, few in 0..20u32) {
            for whole in [whole, whole >> (few * 3), 10u64.pow(few.min(19)), whole / 1000 * 1000] {
                prop_assert_eq!(Number::from(whole), format!("{whole}e0").parse().unwrap());
                prop_assert_eq!(Number::from(whole).to_u64(), Some(whole));
            }
            prop_assert_eq!(Number::from(signed), format!("{signed}e0").parse().unwrap());
        }

        /// Every way to write a number writes the same, and only whole numbers that fit are whole numbers.
        #[test]
        fn all_texts_are_one(text in any_text()) {
            let number: Number = text.parse().unwrap();
            let mut bytes = b"before".to_vec();
            number.write_text(&mut bytes);
            prop_assert_eq!(bytes, format!("before{number}").into_bytes());
            prop_assert_eq!(number.to_text(), number.to_string());
            prop_assert_eq!(number.to_u64(), number.to_string().parse().ok());
        }

        /// Units are a decimal whose last digits stand behind the point.
        #[test]
        fn units_are_decimals(units: u64, decimals in 0..=130u8) {
            let spelt = format!("{units}e-{decimals}").parse();
            prop_assert_eq!(Number::of_units(units, decimals), spelt.ok());
            prop_assert_eq!(Number::of_units(units, decimals.saturating_add(131)), None);
        }

        /// Numbers sort as the decimals they are, and so do their ordered bytes, and equal ones alone are equal.
        #[test]
        fn order_is_numeric(a in any_text(), b in any_text()) {
            let (x, y): (Number, Number) = (a.parse().unwrap(), b.parse().unwrap());
            // 12 digits at powers of -32..=32: a whole number of 10^-32 in 256 bits is too wide, so compare in parts.
            let expected = decimal_cmp(&a, &b);
            prop_assert_eq!(x.cmp(&y), expected);
            let (mut p, mut q) = (Vec::new(), Vec::new());
            x.write_ordered(&mut p);
            y.write_ordered(&mut q);
            prop_assert_eq!(p.cmp(&q), expected);
        }
    }

    /// A slow model: both numbers written out as 64 whole and 64 fraction digits, then compared as texts.
    fn decimal_cmp(a: &str, b: &str) -> Ordering {
        let plain = |text: &str| {
            let negative = text.starts_with('-');
            let (mantissa, power) = text.trim_start_matches('-').split_once('e').unwrap();
            let (whole, fraction) = mantissa.split_once('.').unwrap();
            let mut digits = format!("{whole:0>64}{fraction:0<64}");
            let power: i32 = power.parse().unwrap();
            for _ in 0..power.abs() {
                if power > 0 {
                    digits = format!("{}0", &digits[1..]);
                } else {
                    digits = format!("0{}", &digits[..127]);
                }
            }
            let zero = digits.bytes().all(|digit| digit == b'0');
            (negative && !zero, digits)
        };
        match (plain(a), plain(b)) {
            ((false, x), (false, y)) => x.cmp(&y),
            ((true, x), (true, y)) => y.cmp(&x),
            ((true, _), (false, _)) => Ordering::Less,
            ((false, _), (true, _)) => Ordering::Greater,
        }
    }
}
