//! Decides which version of a function a name behind its colon means: a number, `$LATEST`, or an alias.

use crate::names::{AliasName, NameError};
use std::fmt;
use std::str::FromStr;

/// What is being worked on is called so.
const LATEST: &str = "$LATEST";

/// One version of a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Version {
    /// As its template has it now.
    #[default]
    Latest,
    /// As it was when this number was given to it.
    Numbered(u64),
}

/// What a function is asked for by, beside its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Qualifier {
    /// A version.
    Version(Version),
    /// A name that stands for one, or for two with a weight.
    Alias(AliasName),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str(LATEST),
            Self::Numbered(number) => write!(f, "{number}"),
        }
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => version.fmt(f),
            Self::Alias(name) => name.fmt(f),
        }
    }
}

impl Qualifier {
    /// What runs where nobody says which.
    pub const LATEST: Self = Self::Version(Version::Latest);
}

impl FromStr for Qualifier {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text == LATEST {
            return Ok(Self::LATEST);
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            // Numbers begin with 1 and have one spelling; another is of a version that there cannot be.
            Ok(number) if is_number && number > 0 && !text.starts_with('0') => {
                Ok(Self::Version(Version::Numbered(number)))
            }
            _ if is_number => Err(NameError {
                kind: "version",
                rule: "a number from 1 on, without zeros before it",
                given: text.chars().take(100).collect(),
            }),
            _ => text.parse().map(Self::Alias),
        }
    }
}

impl TryFrom<String> for Qualifier {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Qualifier> for String {
    fn from(qualifier: Qualifier) -> Self {
        qualifier.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qualifier_is_read_as_what_it_looks_like_and_printed_as_it_was() {
        let alias = |text: &str| Qualifier::Alias(text.parse().unwrap());
        let cases = [
            ("$LATEST", Qualifier::LATEST),
            ("1", Qualifier::Version(Version::Numbered(1))),
            ("18446744073709551615", Qualifier::Version(Version::Numbered(u64::MAX))),
            ("live", alias("live")),
            ("v1", alias("v1")),
            ("1a", alias("1a")),
            ("-_", alias("-_")),
        ];
        for (text, expected) in cases {
            let read: Qualifier = text.parse().unwrap();
            assert_eq!(read, expected, "{text}");
            assert_eq!(read.to_string(), text);
        }
        for text in ["", "0", "01", "18446744073709551616", "$latest", "a b", "a.b", "ä", &"x".repeat(129)] {
            assert!(text.parse::<Qualifier>().is_err(), "{text}");
        }
    }
}
