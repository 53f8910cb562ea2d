//! Decides in what can be measured.

use std::fmt;

/// What can be measured in, as it is written.
const ALL: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// What a value is counted in. Values of different units are never converted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit(&'static str);

impl Unit {
    /// Nothing in particular.
    pub const NONE: Self = Self("None");
    /// Pieces.
    pub const COUNT: Self = Self("Count");
    /// Thousandths of a second.
    pub const MILLISECONDS: Self = Self("Milliseconds");
    /// Seconds.
    pub const SECONDS: Self = Self("Seconds");
    /// Bytes.
    pub const BYTES: Self = Self("Bytes");
    /// Of a hundred.
    pub const PERCENT: Self = Self("Percent");

    /// The one before all others.
    pub(super) const fn smallest() -> Self {
        Self("Bits")
    }

    /// The unit that is written so.
    pub fn parse(text: &str) -> Option<Self> {
        ALL.iter().find(|known| **known == text).map(|known| Self(known))
    }

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// All that there are, as they are written.
    pub const fn all() -> &'static [&'static str] {
        &ALL
    }
}

impl serde::Serialize for Unit {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Unit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format_args!("{text} is no unit")))
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_is_before_all_others() {
        assert!(ALL.iter().all(|unit| Unit::smallest() <= Unit(unit)));
        assert_eq!(Unit::parse("Count/Second").map(Unit::as_str), Some("Count/Second"));
        assert_eq!(Unit::parse("count"), None);
    }
}
