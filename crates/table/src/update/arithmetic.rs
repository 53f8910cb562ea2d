//! Decides what two numbers give, exactly or not at all.
//!
//! A number has at most 38 digits, but two of them may lie far apart, so they are added digit by digit. What does not
//! fit is refused, never rounded.

use std::cmp::Ordering;
use types::{Number, NumberError};

/// The digits before the point: up to 10^126 in a number, and one more in a sum.
const WHOLE: usize = 127;
/// The digits behind it: 38 from 10^-130 on.
const FRACTION: usize = 168;

/// The digits of a number's size, the largest power of ten first.
type Digits = [u8; WHOLE + FRACTION];

/// `a + b`
pub(super) fn add(a: Number, b: Number) -> Result<Number, NumberError> {
    let (x, y) = (digits(a), digits(b));
    if a.is_negative() == b.is_negative() {
        return number(a.is_negative(), &sum(&x, &y));
    }
    match x.cmp(&y) {
        Ordering::Equal => Ok(Number::ZERO),
        Ordering::Greater => number(a.is_negative(), &difference(&x, &y)),
        Ordering::Less => number(b.is_negative(), &difference(&y, &x)),
    }
}

/// `a - b`
pub(super) fn subtract(a: Number, b: Number) -> Result<Number, NumberError> {
    let text = b.to_string();
    let negated = match text.strip_prefix('-') {
        Some(size) => size.to_owned(),
        None => format!("-{text}"),
    };
    add(a, negated.parse().expect("a number's size is one with either sign"))
}

fn digits(number: Number) -> Digits {
    let text = number.to_string();
    let text = text.strip_prefix('-').unwrap_or(&text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut digits = [0; WHOLE + FRACTION];
    let places = digits[WHOLE - whole.len()..].iter_mut();
    places.zip(whole.bytes().chain(fraction.bytes())).for_each(|(place, digit)| *place = digit - b'0');
    digits
}

fn sum(a: &Digits, b: &Digits) -> Digits {
    let mut carry = 0;
    let mut digits = [0; WHOLE + FRACTION];
    for (place, (a, b)) in digits.iter_mut().zip(a.iter().zip(b)).rev() {
        let both = a + b + carry;
        (*place, carry) = (both % 10, both / 10);
    }
    digits
}

/// `a - b`, where `a` is not the smaller one.
fn difference(a: &Digits, b: &Digits) -> Digits {
    let mut borrow = 0;
    let mut digits = [0; WHOLE + FRACTION];
    for (place, (a, b)) in digits.iter_mut().zip(a.iter().zip(b)).rev() {
        let rest = 10 + a - b - borrow;
        (*place, borrow) = (rest % 10, 1 - rest / 10);
    }
    digits
}

fn number(negative: bool, digits: &Digits) -> Result<Number, NumberError> {
    let text = |digits: &[u8]| digits.iter().map(|digit| char::from(b'0' + digit)).collect::<String>();
    let (whole, fraction) = digits.split_at(WHOLE);
    format!("{}{}.{}", if negative { "-" } else { "" }, text(whole), text(fraction)).parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sums_are_exact_or_refused() {
        let cases = [
            ("1", "2", Ok("3")),
            ("0.1", "0.2", Ok("0.3")),
            ("1", "-1", Ok("0")),
            ("-5", "3", Ok("-2")),
            ("3", "-5", Ok("-2")),
            ("-3", "-5", Ok("-8")),
            ("999", "1", Ok("1000")),
            ("1000", "-0.001", Ok("999.999")),
            ("10000000000000000000000", "1", Ok("10000000000000000000001")),
            ("9.9e125", "-9.9e125", Ok("0")),
            ("1e-130", "1e-130", Ok("2e-130")),
            ("9e125", "9e125", Err(NumberError::Overflow)),
            ("-9e125", "-9e125", Err(NumberError::Overflow)),
            ("1e50", "1", Err(NumberError::TooManyDigits)),
            ("9.9999999999999999999999999999999999999e125", "-1e-130", Err(NumberError::TooManyDigits)),
            ("1.1e-130", "-1e-130", Err(NumberError::Underflow)),
        ];
        for (a, b, expected) in cases {
            let (x, y) = (a.parse().unwrap(), b.parse().unwrap());
            let expected = expected.map(|text| text.parse::<Number>().unwrap());
            assert_eq!(add(x, y), expected, "{a} + {b}");
            assert_eq!(add(y, x), expected, "{b} + {a}");
        }
        assert_eq!(subtract("5".parse().unwrap(), "7".parse().unwrap()), Ok("-2".parse().unwrap()));
        assert_eq!(subtract("5".parse().unwrap(), "-7".parse().unwrap()), Ok("12".parse().unwrap()));
        assert_eq!(subtract("5".parse().unwrap(), Number::ZERO), Ok("5".parse().unwrap()));
    }

    proptest! {
        /// Whole numbers of one scale add and subtract as the machine's own do.
        #[test]
        fn the_machine_adds_the_same(a in -1i128<<100..1i128<<100, b in -1i128<<100..1i128<<100, scale in -120i32..90) {
            let number = |whole: i128| format!("{whole}e{scale}").parse::<Number>();
            let (x, y) = (number(a).unwrap(), number(b).unwrap());
            prop_assert_eq!(add(x, y), number(a + b));
            prop_assert_eq!(subtract(x, y), number(a - b));
        }
    }
}
