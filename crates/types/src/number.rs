//! Decides what a number is: a decimal of at most 38 significant digits, with one canonical text.
//!
//! Two spellings of one number are one [`Number`]: `1.50`, `1.5` and `15e-1` compare equal, hash equal and print `1.5`.
//! Nothing is ever rounded; what does not fit is refused by [`Number::from_str`].

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The most significant digits a number may have.
const DIGITS_MAX: usize = 38;
/// The largest power of ten of a number's first digit: 9.99…E+125.
const MAGNITUDE_MAX: i32 = 125;
/// The smallest power of ten of a number's first digit: 1E-130.
const MAGNITUDE_MIN: i32 = -130;

/// An exact decimal: `±digits × 10^exponent`, without trailing zeros in `digits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    /// At most 38 digits, which fit in 127 bits. Zero is `0 × 10^0`, never negative.
    digits: u128,
    exponent: i16,
}

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
    pub const ZERO: Self = Self { negative: false, digits: 0, exponent: 0 };

    /// How many significant digits the number has; zero has one.
    pub fn significant_digits(self) -> u32 {
        if self.digits == 0 { 1 } else { self.digits.ilog10() + 1 }
    }

    /// Whether the number is below zero.
    pub fn is_negative(self) -> bool {
        self.negative
    }

    /// The nearest double; for showing and rough comparison, never for keeping.
    pub fn to_f64(self) -> f64 {
        let sign = if self.negative { "-" } else { "" };
        let text = format!("{sign}{}e{}", self.digits, self.exponent);
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
        if self.digits == 0 {
            return 1;
        }
        let odd = self.exponent.rem_euclid(2) as usize;
        (digits + odd).div_ceil(2) + 1 + usize::from(self.negative)
    }

    /// Appends bytes that sort as the numbers do, and that no other number's bytes begin with.
    pub fn write_ordered(self, out: &mut Vec<u8>) {
        if self.digits == 0 {
            out.push(0x80);
            return;
        }
        let flip = if self.negative { 0xFF } else { 0x00 };
        out.push(if self.negative { 0x40 } else { 0xC0 });
        let magnitude = u8::try_from(self.magnitude() - MAGNITUDE_MIN).expect("-130..=125 spans 256 values");
        out.push(magnitude ^ flip);
        // Without trailing zeros a shorter run of digits is smaller, which the end marker (below any digit) keeps true.
        for digit in self.digits.to_string().bytes() {
            out.push(digit ^ flip);
        }
        out.push(flip);
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits, number.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let by_sign = sign(self).cmp(&sign(other));
        if by_sign != Ordering::Equal || self.digits == 0 {
            return by_sign;
        }
        let by_size = self.magnitude().cmp(&other.magnitude()).then_with(|| {
            // Same magnitude: align both to 38 digits, which cannot overflow 10^38 < 2^127.
            let aligned = |number: &Self| number.digits * 10u128.pow(DIGITS_MAX as u32 - number.significant_digits());
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
            return Ok(Self::ZERO);
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
        Ok(Self { negative, digits, exponent })
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

/// A power of ten; one too large for any number saturates, so that it ends as overflow or underflow.
fn parse_power(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits.iter().fold(0i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(1_000_000_000));
    Some(if negative { -size } else { size })
}

impl fmt::Display for Number {
    /// The canonical text: plain digits without exponent, no needless zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        // On the stack, because filters ask for the text of every number that they look at.
        let mut room = [0; DIGITS_MAX];
        let mut at = room.len();
        let mut left = self.digits;
        loop {
            at -= 1;
            room[at] = b'0' + u8::try_from(left % 10).expect("one digit");
            left /= 10;
            if left == 0 {
                break;
            }
        }
        let digits = std::str::from_utf8(&room[at..]).expect("digits are ASCII");
        if self.exponent >= 0 {
            let zeros = usize::try_from(self.exponent).expect("just seen to be positive");
            return write!(f, "{digits}{:0<zeros$}", "");
        }
        let point = digits.len() as i32 + i32::from(self.exponent);
        if point > 0 {
            let (whole, fraction) = digits.split_at(usize::try_from(point).expect("just seen to be positive"));
            write!(f, "{whole}.{fraction}")
        } else {
            let zeros = usize::try_from(-point).expect("not positive");
            write!(f, "0.{:0<zeros$}{digits}", "")
        }
    }
}

impl From<u64> for Number {
    fn from(whole: u64) -> Self {
        whole.to_string().parse().expect("20 digits at most")
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        whole.to_string().parse().expect("19 digits at most")
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
            ("1e99999999999999999999", NumberError::Overflow),
            ("1e-131", NumberError::Underflow),
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
