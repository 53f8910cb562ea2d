//! Decides an order's tier and whether its customer is a test: what pipes route by.
//!
//! In a stream record a number is a text, and "does not contain" is not to be had in a pipe. So whoever writes an
//! order also writes [`routing_attributes`], two small values that a pipe can match exactly.

use types::{Number, Value};

/// How much an order is worth to the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// At most 100.
    Small,
    /// More than 100, at most 1000.
    Standard,
    /// More than 1000.
    Premium,
}

/// The largest amount that is still small.
const SMALL_MAX: u64 = 100;
/// The largest amount that is still standard.
const STANDARD_MAX: u64 = 1000;

impl Tier {
    /// The tier of an amount, compared exactly.
    pub fn of(amount: Number) -> Self {
        if amount <= Number::from(SMALL_MAX) {
            Self::Small
        } else if amount <= Number::from(STANDARD_MAX) {
            Self::Standard
        } else {
            Self::Premium
        }
    }

    /// The name that items and patterns use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }
}

/// Whether the customer is a test: the e-mail, in lower case, contains `test.com`.
pub fn is_test(email: &str) -> bool {
    // No letter of it is the lower case of anything but its own ASCII capital, so bytes decide as texts would.
    let sought = b"test.com";
    email.as_bytes().windows(sought.len()).any(|part| part.eq_ignore_ascii_case(sought))
}

/// The attributes that are written beside an order, so that pipes can route it: `tier` and `test`.
pub fn routing_attributes(amount: Number, email: &str) -> [(&'static str, Value); 2] {
    [("tier", Tier::of(amount).name().into()), ("test", is_test(email).into())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_end_exactly_at_their_bounds() {
        let cases = [
            ("-1", Tier::Small),
            ("0", Tier::Small),
            ("100", Tier::Small),
            ("100.00000000000000000000000000000000001", Tier::Standard),
            ("100.01", Tier::Standard),
            ("1000", Tier::Standard),
            ("1000.00000000000000000000000000000001", Tier::Premium),
            ("1e125", Tier::Premium),
        ];
        for (amount, tier) in cases {
            assert_eq!(Tier::of(amount.parse().unwrap()), tier, "{amount}");
        }
    }

    #[test]
    fn test_customers_are_found_in_any_case() {
        let cases = [
            ("vip@example.com", false),
            ("a@test.com", true),
            ("A@TEST.COM", true),
            ("a@Test.Com.example", true),
            ("a@mytest.com", true),
            ("test@example.com", false),
            ("", false),
        ];
        for (email, test) in cases {
            assert_eq!(is_test(email), test, "{email}");
        }
    }

    #[test]
    fn no_foreign_letter_becomes_one_of_a_test_customers() {
        let foreign =
            ('\u{80}'..=char::MAX).find(|letter| letter.to_lowercase().any(|lower| "test.com".contains(lower)));
        assert_eq!(foreign, None);
    }

    #[test]
    fn routing_attributes_are_a_text_and_a_truth() {
        let attributes = routing_attributes(1500u64.into(), "vip@TEST.com");
        assert_eq!(attributes, [("tier", Value::S("premium".into())), ("test", Value::Bool(true))]);
    }
}
