//! Decides how an amount is printed: as a float is printed in Python, `1500.0` and `99.5`, but never rounded.

use std::fmt;
use types::Number;

/// Prints an amount: plain digits, always with a point.
///
/// For values a float holds exactly and Python prints without exponent this is Python's `repr`; for all others, which
/// no shop charges, it is the exact decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Number);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        f.write_str(&digits)?;
        if digits.contains('.') { Ok(()) } else { f.write_str(".0") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        Amount(text.parse().unwrap()).to_string()
    }

    #[test]
    fn amounts_print_as_floats_do() {
        let cases = [
            ("1500", "1500.0"),
            ("99.5", "99.5"),
            ("0", "0.0"),
            ("-0", "0.0"),
            ("-12.50", "-12.5"),
            ("100", "100.0"),
            ("0.1", "0.1"),
            ("19.99", "19.99"),
            ("1e3", "1000.0"),
            ("1e20", "100000000000000000000.0"),
            ("12345678901234567890.12345", "12345678901234567890.12345"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    proptest! {
        /// For every amount of up to 15 digits the text is what the nearest double prints, as Python prints it.
        #[test]
        fn ordinary_amounts_print_as_the_nearest_double(digits in -999_999_999_999_999i64..1_000_000_000_000_000,
                                                         places in 0usize..=4) {
            let text = format!("{digits}e-{places}");
            let double: f64 = text.parse().unwrap();
            // A negative zero is a float's own; the table's numbers have one zero.
            prop_assert_eq!(shown(&text), format!("{:?}", double + 0.0));
        }
    }
}
