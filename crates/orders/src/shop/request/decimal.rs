//! Decides which number a text of digits names, exactly: an amount, or a whole number.
//!
//! A price may be a text, `"19.90"`, or a JSON number, `19.90`. A JSON number is what its digits say, with an exponent
//! too: `1.5e2` is 150. A text has no exponent; it is how people write money.

use crate::shop::money::{Currency, Minor, NotMoney};
use std::borrow::Cow;

/// An amount as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written<'a> {
    Text(Cow<'a, str>),
    Number(&'a str),
}

impl Written<'_> {
    /// The amount that it is.
    pub(crate) fn amount(&self, currency: Currency) -> Result<Minor, NotMoney> {
        match self {
            Self::Text(text) => Minor::parse(text, currency),
            Self::Number(number) => Minor::parse(&plain(number, currency)?, currency),
        }
    }

    pub(crate) fn as_written(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number,
        }
    }
}

/// The whole number that a JSON number is, if it is one and not beyond any count.
pub(crate) fn whole(number: &str) -> Option<u64> {
    // An amount without decimals is a whole number, and the other way round.
    let without_decimals = Currency::parse("JPY").expect("the yen is a currency");
    Written::Number(number).amount(without_decimals).ok().map(|Minor(units)| units)
}

/// Further from the point than this no digit is part of an amount.
const DIGITS_MAX: i64 = 30;

/// A JSON number without its exponent.
fn plain(number: &str, currency: Currency) -> Result<Cow<'_, str>, NotMoney> {
    let Some((mantissa, exponent)) = number.split_once(['e', 'E']) else { return Ok(Cow::Borrowed(number)) };
    let (sign, unsigned) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all = [whole, fraction].concat();
    let significant = all.trim_start_matches('0');
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    // The number is 0.SIGNIFICANT times ten to the power of `point`.
    let point = (length(whole) - (length(&all) - length(significant))).saturating_add(power(exponent));
    let digits = significant.trim_end_matches('0');
    if digits.is_empty() {
        return Ok(Cow::Borrowed("0"));
    }
    if !sign.is_empty() {
        return Err(NotMoney::Negative);
    }
    if point > DIGITS_MAX {
        return Err(NotMoney::TooLarge);
    }
    if length(digits).saturating_sub(point) > DIGITS_MAX {
        return Err(NotMoney::TooFine(currency.decimals()));
    }
    let zeros = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
    let split = usize::try_from(point).unwrap_or(0).min(digits.len());
    let (before, after) = digits.split_at(split);
    let before = if before.is_empty() { "0".to_owned() } else { [before, &zeros(point - length(digits))].concat() };
    Ok(Cow::Owned(if after.is_empty() { before } else { [&before, ".", &zeros(-point), after].concat() }))
}

/// The exponent; one beyond all bounds stays beyond them.
fn power(exponent: &str) -> i64 {
    let (negative, digits) = match exponent.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let size = digits.iter().fold(0i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(1_000_000_000_000));
    if negative { -size } else { size }
}
