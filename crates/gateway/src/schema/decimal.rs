//! Decides how numbers of JSON compare: as the decimals that they are, never as floating point.
//!
//! Start at [`Decimal::read`]. It borrows the digits of the text; nothing is computed that could round.
//!
//! Invariant: `digits` begins and ends with a digit that is not 0, or is empty for zero; it may have one dot.

use std::cmp::Ordering;

/// Where exponents end: beyond this a number differs from another by its exponent's sign only.
const EXPONENT_MAX: i64 = 1_000_000_000_000;

/// A number, exactly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal<'a> {
    negative: bool,
    digits: &'a [u8],
    /// How many digits there are without the dot.
    count: i64,
    /// The power of ten of the last digit.
    exponent: i64,
}

impl<'a> Decimal<'a> {
    /// Reads a number as JSON writes it; nothing if the text is none.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let all = text.as_bytes();
        let (negative, rest) = match all {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let whole = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if whole == 0 || (whole > 1 && rest[0] == b'0') {
            return None;
        }
        let mut end = whole;
        let mut fraction = 0;
        if rest.get(whole) == Some(&b'.') {
            fraction = rest[whole + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if fraction == 0 {
                return None;
            }
            end += 1 + fraction;
        }
        let written = exponent(&rest[end..])?;
        Some(Self::normal(negative, &rest[..end], written - fraction as i64))
    }

    fn normal(negative: bool, mut digits: &'a [u8], mut exponent: i64) -> Self {
        let mut dot = digits.iter().position(|byte| *byte == b'.').is_some();
        loop {
            match digits {
                [b'0' | b'.', rest @ ..] => {
                    dot &= digits[0] != b'.';
                    digits = rest;
                }
                [rest @ .., b'0'] => {
                    exponent += 1;
                    digits = rest;
                }
                [rest @ .., b'.'] => {
                    dot = false;
                    digits = rest;
                }
                [] => return Self { negative: false, digits, count: 0, exponent: 0 },
                _ => break,
            }
        }
        Self { negative, digits, count: digits.len() as i64 - i64::from(dot), exponent }
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.exponent >= 0
    }

    fn each_digit(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.digits.iter().copied().filter(|byte| *byte != b'.')
    }

    /// The digits as a number and its power of ten, if they fit 18 digits.
    pub(crate) fn parts(&self) -> Option<(u64, i64)> {
        (self.count <= 18)
            .then(|| (self.each_digit().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')), self.exponent))
    }

    /// Whether this is a whole number of times `of * 10^exponent`, where `of` has no 0 at its end.
    pub(crate) fn is_multiple_of(&self, of: u64, exponent: i64) -> bool {
        if self.count == 0 {
            return true;
        }
        // Neither number ends with a 0, so a finer place than the divisor's can never come out even.
        if of == 0 || self.exponent < exponent {
            return false;
        }
        let of = u128::from(of);
        let rest = self.each_digit().fold(0, |rest, digit| (rest * 10 + u128::from(digit - b'0')) % of);
        let (mut power, mut base, mut left) = (1 % of, 10 % of, self.exponent - exponent);
        while left > 0 {
            if left & 1 == 1 {
                power = power * base % of;
            }
            base = base * base % of;
            left >>= 1;
        }
        rest * power % of == 0
    }

    pub(crate) fn compare(&self, other: &Decimal<'_>) -> Ordering {
        let sign = |number: &Decimal<'_>| match (number.count, number.negative) {
            (0, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        };
        let (ours, theirs) = (sign(self), sign(other));
        if ours != theirs || ours == 0 {
            return ours.cmp(&theirs);
        }
        let size = (self.count + self.exponent).cmp(&(other.count + other.exponent));
        // Neither side ends with a 0, so the longer one is larger where the shorter one ends.
        let size = size.then_with(|| self.each_digit().cmp(other.each_digit()));
        if self.negative { size.reverse() } else { size }
    }

    /// The same for equal numbers, whatever their spelling.
    pub(crate) fn hash_into(&self, hasher: &mut impl std::hash::Hasher) {
        hasher.write_u8(u8::from(self.negative));
        hasher.write_i64(self.exponent);
        for digit in self.each_digit() {
            hasher.write_u8(digit);
        }
    }
}

/// `e+5`, or nothing at all.
fn exponent(text: &[u8]) -> Option<i64> {
    let rest = match text {
        [] => return Some(0),
        [b'e' | b'E', rest @ ..] => rest,
        _ => return None,
    };
    let (negative, digits) = match rest {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits.iter().fold(0i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(EXPONENT_MAX));
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Decimal<'_> {
        Decimal::read(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn what_json_does_not_call_a_number_is_none() {
        for text in ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "1 ", "NaN", "-.1", "1.e1", "--1"] {
            assert!(Decimal::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn numbers_compare_by_value() {
        let rising = [
            "-1e300",
            "-10",
            "-9.99",
            "-1e-9",
            "0",
            "1e-400",
            "0.1",
            "0.10000000000000000000001",
            "1",
            "1.5",
            "9007199254740992",
            "9007199254740993",
            "1e17",
            "1e400",
        ];
        for (at, low) in rising.iter().enumerate() {
            for (beside, high) in rising.iter().enumerate() {
                assert_eq!(read(low).compare(&read(high)), at.cmp(&beside), "{low} to {high}");
            }
        }
        for (left, right) in [("0", "-0.0e5"), ("100", "1e2"), ("1.50", "15e-1"), ("0.001", "1E-3")] {
            assert_eq!(read(left).compare(&read(right)), Ordering::Equal, "{left} and {right}");
        }
    }

    #[test]
    fn whole_numbers_are_known_by_value() {
        for (text, whole) in [
            ("1", true),
            ("1.0", true),
            ("1e3", true),
            ("10e-1", true),
            ("1.5", false),
            ("1e-1", false),
            ("0.0", true),
            ("1e999", true),
        ] {
            assert_eq!(read(text).is_integer(), whole, "{text}");
        }
    }

    proptest! {
        /// Cents are compared, and counted in steps, as integers of cents would be.
        #[test]
        fn cents_behave_as_integers(left in -100_000i64..100_000, right in -100_000i64..100_000, step in 1u64..500) {
            let text = |cents: i64| {
                let sign = if cents < 0 { "-" } else { "" };
                format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
            };
            let (a, b) = (text(left), text(right));
            prop_assert_eq!(read(&a).compare(&read(&b)), left.cmp(&right));
            let steps = text(step as i64);
            let (of, exponent) = read(&steps).parts().unwrap();
            prop_assert_eq!(read(&a).is_multiple_of(of, exponent), left % step as i64 == 0);
        }
    }
}
