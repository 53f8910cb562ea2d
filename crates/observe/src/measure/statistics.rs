//! Decides how values add up, and what can be told of them afterwards.

use super::Sketch;
use std::fmt;

/// What is known of some values.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// How many there are.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub minimum: f64,
    /// The largest.
    pub maximum: f64,
    /// How they are spread; not known once values came in that were added up elsewhere.
    pub spread: Option<Sketch>,
}

impl Default for Statistics {
    fn default() -> Self {
        let spread = Some(Sketch::default());
        Self { count: 0.0, sum: 0.0, minimum: f64::INFINITY, maximum: f64::NEG_INFINITY, spread }
    }
}

impl Statistics {
    /// One value.
    pub fn of(value: f64) -> Self {
        let mut statistics = Self::default();
        statistics.add(value, 1.0);
        statistics
    }

    /// Values that were added up elsewhere.
    pub fn of_set(count: f64, sum: f64, minimum: f64, maximum: f64) -> Self {
        // All values are one, so it is known how they are spread.
        let spread = (minimum == maximum || count == 1.0).then(|| {
            let mut sketch = Sketch::default();
            sketch.add(minimum, count);
            sketch
        });
        Self { count, sum, minimum, maximum, spread }
    }

    /// Adds a value, so many times.
    pub fn add(&mut self, value: f64, times: f64) {
        self.count += times;
        self.sum += value * times;
        self.minimum = self.minimum.min(value);
        self.maximum = self.maximum.max(value);
        if let Some(spread) = &mut self.spread {
            spread.add(value, times);
        }
    }

    /// Adds all values that another account knows of.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        match (&mut self.spread, &other.spread) {
            (Some(spread), Some(other)) => spread.merge(other),
            (spread, _) => *spread = None,
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.count == 0.0
    }

    /// What the values come to; `None` if there are none, or it is not known.
    pub fn value(&self, stat: Stat) -> Option<f64> {
        if self.is_empty() {
            return None;
        }
        match stat {
            Stat::SampleCount => Some(self.count),
            Stat::Sum => Some(self.sum),
            Stat::Average => Some(self.sum / self.count),
            Stat::Minimum => Some(self.minimum),
            Stat::Maximum => Some(self.maximum),
            // The ends are known exactly.
            Stat::Percentile(Percent(0)) => self.spread.as_ref().map(|_| self.minimum),
            Stat::Percentile(Percent(1_000_000)) => self.spread.as_ref().map(|_| self.maximum),
            Stat::Percentile(Percent(percent)) => {
                let found = self.spread.as_ref()?.quantile(f64::from(percent) / 1e6)?;
                Some(found.clamp(self.minimum, self.maximum))
            }
        }
    }
}

/// A share in ten-thousandths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(u32);

/// What can be told of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stat {
    /// How many there are.
    SampleCount,
    /// Their sum.
    Sum,
    /// Their average.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// The value below which this share of them lies.
    Percentile(Percent),
}

impl Stat {
    /// Reads `Sum`, or `p99.9`; `None` for what is neither, or not told here.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "SampleCount" => Self::SampleCount,
            "Sum" => Self::Sum,
            "Average" => Self::Average,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            _ => {
                let digits = text.strip_prefix('p')?;
                let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                let percent: f64 = digits.parse().ok().filter(|_| plain)?;
                (0.0..=100.0).contains(&percent).then(|| Self::Percentile(Percent((percent * 1e4).round() as u32)))?
            }
        })
    }
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SampleCount => f.write_str("SampleCount"),
            Self::Sum => f.write_str("Sum"),
            Self::Average => f.write_str("Average"),
            Self::Minimum => f.write_str("Minimum"),
            Self::Maximum => f.write_str("Maximum"),
            Self::Percentile(Percent(percent)) => write!(f, "p{}", f64::from(*percent) / 1e4),
        }
    }
}

impl serde::Serialize for Stat {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Stat {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format_args!("{text} is no statistic")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn statistics_are_read_and_written() {
        for (text, written) in
            [("Sum", Some("Sum")), ("p99", Some("p99")), ("p99.90", Some("p99.9")), ("p0", Some("p0"))]
        {
            assert_eq!(Stat::parse(text).map(|stat| stat.to_string()).as_deref(), written);
        }
        for text in ["sum", "p101", "p-1", "p", "tm90", "pNaN", "p1e1", "IQM"] {
            assert_eq!(Stat::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_spread_of_a_set_is_not_known_but_for_equal_values() {
        let mut set = Statistics::of_set(4.0, 10.0, 1.0, 4.0);
        let p50 = Stat::parse("p50").unwrap();
        assert_eq!((set.value(Stat::Average), set.value(p50)), (Some(2.5), None));
        set.merge(&Statistics::of(3.0));
        assert_eq!((set.value(Stat::SampleCount), set.value(p50)), (Some(5.0), None));
        assert_eq!(Statistics::of_set(4.0, 8.0, 2.0, 2.0).value(p50), Some(2.0));
        assert_eq!(Statistics::default().value(Stat::Sum), None);
    }

    proptest! {
        /// Values added up in any pieces come to what all of them do.
        #[test]
        fn pieces_come_to_the_whole(pieces in proptest::collection::vec(proptest::collection::vec(-1000i32..1000, 0..9), 0..5)) {
            let mut sum = Statistics::default();
            for piece in &pieces {
                let mut one = Statistics::default();
                piece.iter().for_each(|value| one.add(f64::from(*value), 1.0));
                sum.merge(&one);
            }
            let all: Vec<i32> = pieces.concat();
            let of = |stat| sum.value(stat).map(|value| value as i32);
            prop_assert_eq!(of(Stat::Sum), (!all.is_empty()).then(|| all.iter().sum()));
            prop_assert_eq!(of(Stat::Minimum), all.iter().min().copied());
            prop_assert_eq!(of(Stat::Maximum), all.iter().max().copied());
            prop_assert_eq!(of(Stat::SampleCount), (!all.is_empty()).then_some(all.len() as i32));
        }
    }
}
