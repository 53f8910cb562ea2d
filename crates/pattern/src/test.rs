//! Decides whether one value of an event satisfies one alternative of a pattern: [`Test::holds`].
//!
//! String tests never hold for other types. A number is compared as a number if it is comparable, and as text if the
//! pattern's number is a literal. `anything-but` holds for every value that it does not exclude, of any type.

use crate::address::{Address, Network};
use crate::ignore_case;
use crate::node::Kind;
use crate::number::comparable;
use crate::wildcard::Wildcard;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Text(String),
    /// A literal that reads as an IP address matches every spelling of the address.
    Address(Address, String),
    Number {
        text: String,
        value: Option<f64>,
    },
    Bool(bool),
    Null,
    Prefix(String),
    PrefixIgnoringCase(String),
    Suffix(String),
    SuffixIgnoringCase(String),
    EqualIgnoringCase(String),
    Wildcard(Wildcard, String),
    Numeric(Range),
    Network(Network, String),
    Not(Excluded),
    Present,
    /// Holds when the path has no value at all, so never for a value.
    Absent,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Excluded {
    Texts(Vec<String>),
    /// As written, and as compared.
    Numbers(Vec<(String, f64)>),
    Prefixes(Vec<String>),
    Suffixes(Vec<String>),
    EqualIgnoringCase(Vec<String>),
    Wildcards(Vec<(Wildcard, String)>),
}

/// Numbers between bounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range {
    pub(crate) low: Option<Bound>,
    pub(crate) high: Option<Bound>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    pub(crate) value: f64,
    /// As written.
    pub(crate) text: String,
    pub(crate) inclusive: bool,
}

impl Range {
    fn contains(&self, value: f64) -> bool {
        let above = self.low.as_ref().is_none_or(|low| value > low.value || (low.inclusive && value == low.value));
        let below = self.high.as_ref().is_none_or(|high| value < high.value || (high.inclusive && value == high.value));
        above && below
    }
}

impl Test {
    /// Whether a scalar satisfies this test. Objects and arrays are no values and satisfy none.
    pub(crate) fn holds(&self, value: &Kind<'_>) -> bool {
        match value {
            Kind::Object | Kind::Array => false,
            Kind::String(text) => self.holds_for_text(text),
            Kind::Number(text) => self.holds_for_number(text),
            Kind::Bool(value) => match self {
                Test::Bool(wanted) => wanted == value,
                other => other.holds_for_any(),
            },
            Kind::Null => match self {
                Test::Null => true,
                other => other.holds_for_any(),
            },
        }
    }

    /// For a value of a type that the test does not look into.
    fn holds_for_any(&self) -> bool {
        matches!(self, Test::Present | Test::Not(_))
    }

    fn holds_for_text(&self, text: &str) -> bool {
        match self {
            Test::Text(wanted) => text == wanted,
            Test::Address(wanted, _) => Address::parse(text) == Some(*wanted),
            Test::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Test::PrefixIgnoringCase(prefix) => ignore_case::starts_with(text, prefix),
            Test::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Test::SuffixIgnoringCase(suffix) => ignore_case::ends_with(text, suffix),
            Test::EqualIgnoringCase(wanted) => ignore_case::equals(text, wanted),
            Test::Wildcard(wildcard, _) => wildcard.matches(text),
            Test::Network(network, _) => Address::parse(text).is_some_and(|address| network.contains(address)),
            Test::Not(excluded) => !excluded.has_text(text),
            Test::Present => true,
            Test::Number { .. } | Test::Bool(_) | Test::Null | Test::Numeric(_) | Test::Absent => false,
        }
    }

    fn holds_for_number(&self, text: &str) -> bool {
        match self {
            Test::Number { text: wanted, value } => text == wanted || (value.is_some() && comparable(text) == *value),
            Test::Numeric(range) => comparable(text).is_some_and(|value| range.contains(value)),
            Test::Not(Excluded::Numbers(numbers)) => {
                let value = comparable(text);
                !numbers.iter().any(|(_, excluded)| value == Some(*excluded))
            }
            other => other.holds_for_any(),
        }
    }
}

impl Excluded {
    fn has_text(&self, text: &str) -> bool {
        match self {
            Excluded::Texts(texts) => texts.iter().any(|excluded| text == excluded),
            Excluded::Prefixes(prefixes) => prefixes.iter().any(|prefix| text.starts_with(prefix.as_str())),
            Excluded::Suffixes(suffixes) => suffixes.iter().any(|suffix| text.ends_with(suffix.as_str())),
            Excluded::EqualIgnoringCase(texts) => texts.iter().any(|excluded| ignore_case::equals(text, excluded)),
            Excluded::Wildcards(wildcards) => wildcards.iter().any(|(wildcard, _)| wildcard.matches(text)),
            Excluded::Numbers(_) => false,
        }
    }
}
