//! Decides what money is: a whole number of a currency's smallest unit, and how it is read and written as a decimal.
//!
//! Invariant: an amount is never rounded. What has more decimals than its currency is refused.

use std::fmt;
use types::Number;

/// The largest amount, in minor units: far more than any shop takes, and far from any overflow.
pub const AMOUNT_MAX: u64 = 1_000_000_000_000_000;

/// A currency of ISO 4217 that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

/// Those that do not have two decimals.
const UNUSUAL: [(&str, u8); 24] = [
    ("BHD", 3),
    ("BIF", 0),
    ("CLP", 0),
    ("DJF", 0),
    ("GNF", 0),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("LYD", 3),
    ("OMR", 3),
    ("PYG", 0),
    ("RWF", 0),
    ("TND", 3),
    ("UGX", 0),
    ("UYI", 0),
    ("VND", 0),
    ("VUV", 0),
    ("XAF", 0),
    ("XOF", 0),
    ("XPF", 0),
];

/// Those that have two decimals.
const USUAL: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY \
                     COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF \
                     IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR \
                     MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG \
                     SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES \
                     WST XCD YER ZAR ZMW ZWG";

/// The same, to be found by halving.
const USUAL_CODES: [[u8; 3]; USUAL.len().div_ceil(4)] = {
    let (mut codes, mut at) = ([[0; 3]; USUAL.len().div_ceil(4)], 0);
    while at < codes.len() {
        let text = USUAL.as_bytes();
        codes[at] = [text[4 * at], text[4 * at + 1], text[4 * at + 2]];
        at += 1;
    }
    codes
};

impl Currency {
    /// What an order is in that names none.
    pub const USD: Self = Self { code: *b"USD", decimals: 2 };

    /// The currency of this code, in capitals.
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        let decimals = match USUAL_CODES.binary_search(&bytes) {
            Ok(_) => 2,
            Err(_) => UNUSUAL[UNUSUAL.binary_search_by_key(&code, |(known, _)| known).ok()?].1,
        };
        Some(Self { code: bytes, decimals })
    }

    /// Its code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("codes are ASCII")
    }

    /// How many decimals its amounts have.
    pub const fn decimals(self) -> u8 {
        self.decimals
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// An amount in the smallest unit of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Minor(pub u64);

/// Why a text is no amount of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMoney {
    /// It is not a decimal number.
    #[error("is not a decimal number such as \"19.90\"")]
    NotDecimal,
    /// It is below zero.
    #[error("is negative")]
    Negative,
    /// It has more decimals than the currency.
    #[error("has more decimals than its currency, which has {0}")]
    TooFine(u8),
    /// It is beyond [`AMOUNT_MAX`].
    #[error("is larger than any amount that is taken")]
    TooLarge,
}

impl Minor {
    /// Reads a decimal: digits, with a point and further digits if need be; zeros at the end do not count as decimals.
    ///
    /// # Errors
    /// When it is none, or does not fit the currency.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, NotMoney> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || fraction.is_some_and(|fraction| !all_digits(fraction)) {
            return Err(NotMoney::NotDecimal);
        }
        let fraction = fraction.unwrap_or("").trim_end_matches('0');
        let decimals = usize::from(currency.decimals);
        if negative && (fraction.len() + whole.trim_start_matches('0').len()) > 0 {
            return Err(NotMoney::Negative);
        }
        if fraction.len() > decimals {
            return Err(NotMoney::TooFine(currency.decimals));
        }
        let zeros = std::iter::repeat_n(b'0', decimals - fraction.len());
        let mut units = 0u64;
        for digit in whole.bytes().chain(fraction.bytes()).chain(zeros) {
            let next = units.checked_mul(10).and_then(|units| units.checked_add(u64::from(digit - b'0')));
            units = next.filter(|units| *units <= AMOUNT_MAX).ok_or(NotMoney::TooLarge)?;
        }
        Ok(Self(units))
    }

    /// As a decimal number of the currency's own unit, with all its decimals.
    pub fn decimal(self, currency: Currency) -> String {
        let decimals = usize::from(currency.decimals);
        let mut digits = format!("{:0width$}", self.0, width = decimals + 1);
        if decimals > 0 {
            digits.insert(digits.len() - decimals, '.');
        }
        digits
    }

    /// As a number of the currency's own unit.
    pub fn number(self, currency: Currency) -> Number {
        Number::of_units(self.0, currency.decimals).expect("no currency has more than three decimals")
    }

    /// So many times this amount, if that is an amount.
    pub fn times(self, count: u64) -> Option<Self> {
        self.0.checked_mul(count).filter(|units| *units <= AMOUNT_MAX).map(Self)
    }

    /// Both amounts together, if that is an amount.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).filter(|units| *units <= AMOUNT_MAX).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn currencies_are_those_of_iso_4217() {
        assert_eq!(currency("USD"), Currency::USD);
        assert_eq!([currency("EUR"), currency("JPY"), currency("KWD")].map(Currency::decimals), [2, 0, 3]);
        // Each is found by halving.
        for code in USUAL.split_whitespace().chain(UNUSUAL.map(|(code, _)| code)) {
            assert_eq!(currency(code).code(), code);
        }
        for wrong in ["", "US", "USDX", "usd", "XXX", "SDE", "D A", " AE", "\u{e4}A"] {
            assert_eq!(Currency::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn amounts_are_read_exactly_or_refused() {
        let cases = [
            ("19.90", "USD", Ok(1990)),
            ("19.9", "USD", Ok(1990)),
            ("19", "USD", Ok(1900)),
            ("0", "USD", Ok(0)),
            ("-0.00", "USD", Ok(0)),
            ("007.50", "USD", Ok(750)),
            ("19.9000", "USD", Ok(1990)),
            ("19.905", "USD", Err(NotMoney::TooFine(2))),
            ("1500", "JPY", Ok(1500)),
            ("1500.0", "JPY", Ok(1500)),
            ("1500.5", "JPY", Err(NotMoney::TooFine(0))),
            ("1.234", "KWD", Ok(1234)),
            ("-1", "USD", Err(NotMoney::Negative)),
            ("-0.01", "USD", Err(NotMoney::Negative)),
            ("10000000000000", "USD", Ok(AMOUNT_MAX)),
            ("10000000000000.01", "USD", Err(NotMoney::TooLarge)),
            ("99999999999999999999999999", "USD", Err(NotMoney::TooLarge)),
            ("", "USD", Err(NotMoney::NotDecimal)),
            (".5", "USD", Err(NotMoney::NotDecimal)),
            ("5.", "USD", Err(NotMoney::NotDecimal)),
            ("1e3", "USD", Err(NotMoney::NotDecimal)),
            ("+5", "USD", Err(NotMoney::NotDecimal)),
            ("1,000", "USD", Err(NotMoney::NotDecimal)),
            ("NaN", "USD", Err(NotMoney::NotDecimal)),
            ("١", "USD", Err(NotMoney::NotDecimal)),
        ];
        for (text, code, expected) in cases {
            assert_eq!(Minor::parse(text, currency(code)), expected.map(Minor), "{text} {code}");
        }
    }

    proptest! {
        /// What is written is read back, in every kind of currency.
        #[test]
        fn decimals_round_trip(units in 0..=AMOUNT_MAX, code in prop_oneof![Just("USD"), Just("JPY"), Just("KWD")]) {
            let written = Minor(units).decimal(currency(code));
            prop_assert_eq!(Minor::parse(&written, currency(code)), Ok(Minor(units)));
            prop_assert_eq!(written.parse::<Number>().unwrap(), Minor(units).number(currency(code)));
        }
    }
}
