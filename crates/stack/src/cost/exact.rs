//! Decides how quantities, prices and money are held: as whole numbers, so that nothing is rounded before it is shown.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

/// How many of the smallest parts a unit has.
const MILLIONTHS: u128 = 1_000_000;
/// The decimals of a price that can be told.
const PRICE_DECIMALS: usize = 18;
/// How many of the smallest parts of money, 10^-24 dollars, a cent has.
const CENT: u128 = 10_u128.pow(22);

/// So many units of something: whole millionths of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(u128);

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many whole units.
    pub fn whole(units: u64) -> Self {
        Self(u128::from(units) * MILLIONTHS)
    }

    /// A fraction of units. What is left over after millionths counts as one more.
    pub fn fraction(numerator: u128, denominator: u128) -> Self {
        Self(numerator.saturating_mul(MILLIONTHS).div_ceil(denominator.max(1)))
    }

    /// The lesser of the two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Ord::min(self, other)
    }

    /// As a number for programs, which may lose digits that nobody pays for.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / MILLIONTHS as f64
    }

    pub(super) fn at(self, price: Price) -> Money {
        Money(self.0.saturating_mul(price.0))
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Quantity {
    type Output = Self;

    /// Never less than nothing.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Quantity {
    /// Whole units with commas; below a thousand, with up to three decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = self.0.div_ceil(MILLIONTHS / 1000);
        let (whole, rest) = (thousandths / 1000, thousandths % 1000);
        let text = if whole < 1000 && rest > 0 {
            format!("{whole}.{rest:03}").trim_end_matches('0').to_owned()
        } else {
            grouped(self.0.saturating_add(MILLIONTHS / 2) / MILLIONTHS)
        };
        f.pad(&text)
    }
}

/// What one unit costs, in 10^-18 dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Price(u128);

impl Price {
    /// A decimal number such as `0.40`, for so many units.
    pub(super) fn parse(text: &str, per: u64) -> Result<Self, String> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) {
            return Err(format!("the price {text:?} is no decimal number such as \"0.40\""));
        }
        if whole.len() > 6 || decimals.len() > PRICE_DECIMALS {
            return Err(format!("the price {text:?} has too many digits"));
        }
        let padded = format!("{whole}{decimals:0<PRICE_DECIMALS$}");
        let attos: u128 = padded.parse().map_err(|_| format!("the price {text:?} has too many digits"))?;
        if !attos.is_multiple_of(u128::from(per)) {
            return Err(format!("the price {text:?} for {per} cannot be told for one of them without rounding"));
        }
        Ok(Self(attos / u128::from(per)))
    }
}

/// An amount of money, in 10^-24 of the currency's unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(u128);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// As a number for programs, which may lose digits that nobody pays for.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / (CENT as f64 * 100.0)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;

    /// Never less than nothing.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    /// Dollars and cents, rounded; what is less than a cent is said to be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0.saturating_add(CENT / 2) / CENT;
        if cents == 0 && self.0 > 0 {
            return f.pad("<$0.01");
        }
        f.pad(&format!("${}.{:02}", grouped(cents / 100), cents % 100))
    }
}

/// `1,234,567`
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
