//! Decides whether one value of an event satisfies one alternative of a pattern: [`Test::holds`].
//!
//! String tests never hold for other types. A number is compared as a number if it is comparable, and as text if the
//! pattern's number is a literal. `anything-but` holds for every value that it does not exclude, of any type.

use crate::address::{Address, Network};
use crate::ignore_case;
use crate::node::{Kind, Node};
use crate::number::Decimal;
use crate::wildcard::Wildcard;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Test {
    Text(String),
    /// A literal that reads as an IP address matches every spelling of the address.
    Address(Address, String),
    Number {
        text: String,
        value: Option<Decimal>,
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

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Excluded {
    Texts(Vec<String>),
    /// As written, and as compared.
    Numbers(Vec<(String, Decimal)>),
    Prefixes(Vec<String>),
    Suffixes(Vec<String>),
    EqualIgnoringCase(Vec<String>),
    Wildcards(Vec<(Wildcard, String)>),
}

/// Numbers between bounds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Range {
    pub(crate) low: Option<Bound>,
    pub(crate) high: Option<Bound>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Bound {
    pub(crate) value: Decimal,
    /// As written.
    pub(crate) text: String,
    pub(crate) inclusive: bool,
}

impl Range {
    pub(crate) fn contains(&self, value: Decimal) -> bool {
        let above = self.low.as_ref().is_none_or(|low| value > low.value || (low.inclusive && value == low.value));
        let below = self.high.as_ref().is_none_or(|high| value < high.value || (high.inclusive && value == high.value));
        above && below
    }
}

/// One value of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scalar<'v> {
    Text(&'v str),
    Number(&'v str),
    Bool(bool),
    Null,
}

impl<'v> Scalar<'v> {
    /// What a place holds, unless it is an object or an array. `room` is where a text may be written.
    pub(crate) fn of<N: Node>(node: &'v N, room: &'v mut String) -> Option<Scalar<'v>> {
        match node.kind() {
            Kind::Object | Kind::Array => None,
            Kind::String => Some(Scalar::Text(node.text(room))),
            Kind::Number => Some(Scalar::Number(node.text(room))),
            Kind::Bool(value) => Some(Scalar::Bool(value)),
            Kind::Null => Some(Scalar::Null),
        }
    }
}

impl Test {
    /// Whether a value satisfies this test.
    pub(crate) fn holds(&self, value: Scalar<'_>) -> bool {
        match value {
            Scalar::Text(text) => self.holds_for_text(text),
            Scalar::Number(text) => self.holds_for_number(text),
            Scalar::Bool(value) => match self {
                Test::Bool(wanted) => *wanted == value,
                other => other.holds_for_any(),
            },
            Scalar::Null => match self {
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
            // What equals a comparable number is comparable.
            Test::Number { text: wanted, value } => text == wanted || (value.is_some() && Decimal::of(text) == *value),
            Test::Numeric(range) => {
                Decimal::of(text).is_some_and(|value| range.contains(value) && value.is_comparable(text))
            }
            Test::Not(Excluded::Numbers(numbers)) => {
                let value = Decimal::of(text);
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
