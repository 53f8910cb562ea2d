//! Decides which numbers can be compared, and how: [`comparable`].
//!
//! A number takes part in comparisons only if a double holds it exactly, in the sense that the shortest decimal that
//! reads back as that double is the same number. So `0.1` and `1e300` are comparable; 9007199254740993 and `1e400` are
//! not, rather than being compared as something else.

use std::fmt::Write;

/// More digits than this no shortest decimal of a double has.
const DIGITS_MAX: usize = 17;

/// The number as a double, if it is comparable. `text` is a JSON number; other texts are not comparable.
pub(crate) fn comparable(text: &str) -> Option<f64> {
    let written = Decimal::of(text)?;
    let value: f64 = text.parse().ok()?;
    if !value.is_finite() {
        return None;
    }
    let mut shortest = Text { bytes: [0; 32], length: 0 };
    write!(shortest, "{value:e}").ok()?;
    let held = Decimal::of(shortest.as_str())?;
    // Zero has no sign here: -0.0 equals 0.
    (written == held).then_some(if value == 0.0 { 0.0 } else { value })
}

/// Sign, digits without zeros at either end, and the power of ten of the first digit.
#[derive(PartialEq)]
struct Decimal {
    negative: bool,
    digits: [u8; DIGITS_MAX],
    length: usize,
    exponent: i64,
}

impl Decimal {
    /// None if there are more digits than any comparable number has, or if this is no number.
    fn of(text: &str) -> Option<Decimal> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut decimal = Decimal { negative, digits: [0; DIGITS_MAX], length: 0, exponent: 0 };
        let mut zeros = 0;
        for (index, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            match digit {
                b'0' => zeros += 1,
                b'1'..=b'9' => {
                    if decimal.length == 0 {
                        let power = i64::try_from(whole.len()).ok()? - i64::try_from(index).ok()? - 1;
                        decimal.exponent = exponent.saturating_add(power);
                        zeros = 0;
                    }
                    // Zeros count only when a digit follows them.
                    decimal.length += zeros;
                    zeros = 0;
                    *decimal.digits.get_mut(decimal.length)? = digit - b'0';
                    decimal.length += 1;
                }
                _ => return None,
            }
        }
        if decimal.length == 0 {
            decimal.negative = false;
        }
        Some(decimal)
    }
}

/// Saturates: an exponent too long for an integer is as far from every double as the largest one.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let mut value: i64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.saturating_mul(10).saturating_add(i64::from(digit - b'0')).min(i64::MAX / 4);
    }
    Some(if negative { -value } else { value })
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
            ("1e300", Some(1e300)),
            ("1e23", Some(1e23)),
            ("1e400", None),
            ("-1e400", None),
            ("1e-400", None),
            ("1e99999999999999999999999", None),
            ("1e-99999999999999999999999", None),
            ("5e-324", Some(5e-324)),
            ("1.7976931348623157e308", Some(f64::MAX)),
        ];
        for (text, expected) in cases {
            assert_eq!(comparable(text), expected, "{text}");
        }
    }
}
