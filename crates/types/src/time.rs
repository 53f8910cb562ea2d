//! Decides how an instant is counted and written: milliseconds since 1970, in UTC.

use crate::Text;
use std::fmt::{self, Write as _};
use std::ops::Add;
use std::time::Duration;

/// An instant. Reading a clock is the caller's business; here it is only a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The beginning of 1970.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; nothing if it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads any text of RFC 3339; what is finer than a millisecond is cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let instant: jiff::Timestamp = text.parse().ok()?;
        Some(Self(instant.as_millisecond()))
    }

    /// `2024-03-08T00:00:00.498Z`, which needs no memory of its own.
    pub fn to_text(self) -> Text {
        let mut text = Text::default();
        write!(text, "{:.3}", self.instant()).expect("a text takes what it is given");
        text
    }

    /// `2024-03-08T00:00:00.498Z`
    pub fn iso_millis(self) -> String {
        format!("{:.3}", self.instant())
    }

    /// `2024-03-08T00:00:00Z`
    pub fn iso_seconds(self) -> String {
        format!("{:.0}", Self(self.seconds() * 1000).instant())
    }

    /// The day in UTC: `2024/03/08`.
    pub fn day_path(self) -> String {
        self.iso_seconds()[..10].replace('-', "/")
    }

    fn instant(self) -> jiff::Timestamp {
        let nearest = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(nearest)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc() {
        let at = Timestamp::from_millis(1_709_856_000_498);
        assert_eq!(at.iso_millis(), "2024-03-08T00:00:00.498Z");
        assert_eq!(at.to_text(), "2024-03-08T00:00:00.498Z");
        assert!(!at.to_text().is_heap_allocated());
        assert_eq!(at.iso_seconds(), "2024-03-08T00:00:00Z");
        assert_eq!(at.day_path(), "2024/03/08");
        assert_eq!(Timestamp::from_millis(i64::MAX).iso_seconds().len(), "9999-12-30T22:00:00Z".len());
    }

    #[test]
    fn instants_are_read_in_any_zone_and_to_the_millisecond() {
        let cases = [
            ("2024-03-08T00:00:00.498Z", Some(1_709_856_000_498)),
            ("2024-03-08T01:00:00.4989+01:00", Some(1_709_856_000_498)),
            ("1969-12-31T23:59:59.999Z", Some(-1)),
            ("2024-03-08T00:00:00", None),
            ("2024-02-30T00:00:00Z", None),
            ("", None),
        ];
        for (text, millis) in cases {
            assert_eq!(Timestamp::parse(text), millis.map(Timestamp::from_millis), "{text}");
        }
    }

    #[test]
    fn spans_never_run_backwards() {
        let (early, late) = (Timestamp::from_millis(1_000), Timestamp::from_millis(3_500));
        assert_eq!(late.since(early), Duration::from_millis(2_500));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early + Duration::from_millis(2_500), late);
    }
}
