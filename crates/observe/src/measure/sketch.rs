//! Decides how the spread of many values is kept in little room, so that percentiles can be told.
//!
//! Values fall into buckets whose ends grow by a constant factor, so a percentile is off by at most a known share of
//! itself ([`Sketch::accuracy`], half a percent at first). When there would be too many buckets, each two neighbours
//! become one, and the share doubles.
//!
//! Invariant: at most `BUCKETS_MAX` buckets, whatever goes in.

/// The most buckets.
const BUCKETS_MAX: usize = 128;

/// How far off a percentile may be while no buckets were joined.
const ACCURACY: f64 = 0.005;
/// What is nearer to zero than this counts as zero.
const ZERO: f64 = 1e-9;
/// Between the number of a bucket and its key: larger than any bucket's number.
const OFFSET: i32 = 1 << 20;

/// How values are spread.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sketch {
    /// How often neighbours were joined.
    joined: u8,
    /// Keys of buckets, in the order of their values, and how many values fell into each.
    buckets: Vec<(i32, f64)>,
}

impl Sketch {
    /// From its parts, as [`Sketch::parts`] gave them.
    pub fn from_parts(joined: u8, mut buckets: Vec<(i32, f64)>) -> Self {
        buckets.sort_by_key(|(key, _)| *key);
        buckets.truncate(BUCKETS_MAX);
        Self { joined: joined.min(32), buckets }
    }

    /// How often neighbours were joined, and the buckets.
    pub fn parts(&self) -> (u8, &[(i32, f64)]) {
        (self.joined, &self.buckets)
    }

    /// Adds a value, so many times.
    pub fn add(&mut self, value: f64, times: f64) {
        self.add_key(key(value, self.joined), times);
        self.fit();
    }

    /// Adds all values of another sketch.
    pub fn merge(&mut self, other: &Self) {
        while self.joined < other.joined {
            self.join();
        }
        for (key, times) in &other.buckets {
            let key = (other.joined..self.joined).fold(*key, |key, _| joined_key(key));
            self.add_key(key, *times);
        }
        self.fit();
    }

    /// The value below which this share of the values lies, as near as can be told; `None` if there are none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let total: f64 = self.buckets.iter().map(|(_, times)| times).sum();
        let wanted = (total * share).ceil().max(f64::MIN_POSITIVE);
        let mut so_far = 0.0;
        let found = self.buckets.iter().find(|(_, times)| {
            so_far += times;
            so_far >= wanted
        });
        found.or(self.buckets.last()).map(|(key, _)| value(*key, self.joined))
    }

    /// How far off a percentile may be, as a share of itself.
    pub fn accuracy(&self) -> f64 {
        let growth = growth(self.joined);
        (growth - 1.0) / (growth + 1.0)
    }

    fn add_key(&mut self, key: i32, times: f64) {
        match self.buckets.binary_search_by_key(&key, |(known, _)| *known) {
            Ok(at) => self.buckets[at].1 += times,
            Err(at) => self.buckets.insert(at, (key, times)),
        }
    }

    fn fit(&mut self) {
        while self.buckets.len() > BUCKETS_MAX {
            self.join();
        }
    }

    fn join(&mut self) {
        self.joined += 1;
        for (key, _) in &mut self.buckets {
            *key = joined_key(*key);
        }
        self.buckets.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
    }
}

/// How much larger the end of a bucket is than that of the one before.
fn growth(joined: u8) -> f64 {
    ((1.0 + ACCURACY) / (1.0 - ACCURACY)).powf(2f64.powi(i32::from(joined)))
}

fn key(value: f64, joined: u8) -> i32 {
    if value.abs() < ZERO {
        return 0;
    }
    let bucket = (value.abs().ln() / growth(0).ln()).ceil() as i32;
    let bucket = (0..joined).fold(bucket, |bucket, _| half(bucket));
    if value > 0.0 { OFFSET + bucket } else { -OFFSET - bucket }
}

fn value(key: i32, joined: u8) -> f64 {
    if key == 0 {
        return 0.0;
    }
    let growth = growth(joined);
    let middle = |bucket: i32| (2.0 / (growth + 1.0)) * growth.powi(bucket);
    if key > 0 { middle(key - OFFSET) } else { -middle(-key - OFFSET) }
}

fn joined_key(key: i32) -> i32 {
    match key {
        0 => 0,
        1.. => OFFSET + half(key - OFFSET),
        _ => -OFFSET - half(-key - OFFSET),
    }
}

/// Half of it, rounded up.
fn half(bucket: i32) -> i32 {
    (bucket + 1).div_euclid(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = f64> {
        prop_oneof![-1e6..1e6f64, 0.001..10f64, Just(0.0), 1e-8..1e15f64]
    }

    proptest! {
        /// However it was put together, a percentile is as near to that of all values in order as it promises.
        #[test]
        fn percentiles_are_those_of_the_values_in_order(
            parts in proptest::collection::vec(proptest::collection::vec(values(), 0..200), 1..4),
            share in 0.0..=1.0f64,
        ) {
            let mut sketch = Sketch::default();
            for part in &parts {
                let mut one = Sketch::default();
                part.iter().for_each(|value| one.add(*value, 1.0));
                sketch.merge(&one);
                prop_assert!(sketch.buckets.len() <= BUCKETS_MAX);
            }
            let mut all: Vec<f64> = parts.concat();
            all.sort_by(f64::total_cmp);
            let exact = all.get(((all.len() as f64 * share).ceil() as usize).max(1) - 1);
            match (sketch.quantile(share), exact) {
                (None, None) => {}
                (Some(told), Some(exact)) => {
                    let off = (told - exact).abs();
                    prop_assert!(off <= exact.abs() * sketch.accuracy() * 1.000_001 + ZERO, "{told} for {exact}");
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn values_of_every_size_take_bounded_room() {
        let mut sketch = Sketch::default();
        for power in -308..=308 {
            sketch.add(10f64.powi(power), 1.0);
            sketch.add(-(10f64.powi(power)), 1.0);
        }
        assert!(sketch.buckets.len() <= BUCKETS_MAX);
        assert!(sketch.quantile(0.0).unwrap() < -1e200 && sketch.quantile(1.0).unwrap() > 1e200);
    }
}
