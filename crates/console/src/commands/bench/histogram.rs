//! Decides how latencies are counted: exactly below 128 µs, within 1.6 % above, in little room and in no time.

/// Each doubling is cut into this many buckets.
const PER_DOUBLING: usize = 64;
/// What takes longer than 2^36 µs, which is 19 hours, counts as that long.
const DOUBLINGS: usize = 36;

/// How often what took how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: u64,
    max: u64,
}

impl Histogram {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { counts: vec![0; (DOUBLINGS - 4) * PER_DOUBLING], count: 0, sum: 0, max: 0 }
    }

    /// One more took this many microseconds.
    pub(super) fn record(&mut self, micros: u64) {
        let micros = micros.min((1 << DOUBLINGS) - 1);
        self.counts[bucket_of(micros)] += 1;
        self.count += 1;
        self.sum += micros;
        self.max = self.max.max(micros);
    }

    /// Those of another one too.
    pub(super) fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The longest, exactly.
    pub(super) fn max(&self) -> u64 {
        self.max
    }

    /// The mean, exactly.
    pub(super) fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 }
    }

    /// What this share (from 0 to 1) did not exceed; 0 if there are none. Never below the truth.
    pub(super) fn quantile(&self, share: f64) -> u64 {
        let wanted = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return bounds(bucket).1.min(self.max);
            }
        }
        self.max
    }

    /// How many took at least `from` and less than `to`, judged by where their buckets begin.
    pub(super) fn between(&self, from: u64, to: u64) -> u64 {
        let buckets = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        buckets.filter(|(bucket, _)| (from..to).contains(&bounds(*bucket).0)).map(|(_, count)| count).sum()
    }
}

fn bucket_of(micros: u64) -> usize {
    if micros < 2 * PER_DOUBLING as u64 {
        return micros as usize;
    }
    let shift = (micros.ilog2() - PER_DOUBLING.ilog2()) as usize;
    (shift + 1) * PER_DOUBLING + ((micros >> shift) as usize - PER_DOUBLING)
}

/// The least and the most that counts into a bucket.
fn bounds(bucket: usize) -> (u64, u64) {
    if bucket < 2 * PER_DOUBLING {
        return (bucket as u64, bucket as u64);
    }
    let shift = bucket / PER_DOUBLING - 1;
    let least = ((bucket % PER_DOUBLING + PER_DOUBLING) as u64) << shift;
    (least, least + (1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_any_there_is_nothing_to_say() {
        let none = Histogram::new();
        assert_eq!((none.count(), none.max(), none.quantile(0.5)), (0, 0, 0));
        assert!(none.mean() == 0.0);
    }

    #[test]
    fn what_takes_for_ever_is_counted_too() {
        let mut histogram = Histogram::new();
        histogram.record(u64::MAX);
        assert_eq!((histogram.count(), histogram.max()), (1, (1 << 36) - 1));
    }

    fn any_micros() -> impl Strategy<Value = u64> {
        prop_oneof![0..300_u64, 0..100_000_u64, 0..(1_u64 << 36)]
    }

    proptest! {
        /// A share is what sorting would give, or more by at most a 64th of it.
        #[test]
        fn shares_are_those_of_a_sorted_list(
            mut all in proptest::collection::vec(any_micros(), 1..300),
            share in 0.0..=1.0_f64,
        ) {
            let (mut one, mut other) = (Histogram::new(), Histogram::new());
            for (nth, micros) in all.iter().enumerate() {
                if nth % 2 == 0 { one.record(*micros) } else { other.record(*micros) }
            }
            one.add(&other);
            all.sort_unstable();
            let truth = all[((all.len() as f64 * share).ceil() as usize).clamp(1, all.len()) - 1];
            let told = one.quantile(share);
            prop_assert!(told >= truth && told <= truth + truth / 64, "{told} for {truth}");
            prop_assert_eq!((one.count(), one.max()), (all.len() as u64, all[all.len() - 1]));
            prop_assert_eq!(one.between(0, u64::MAX), all.len() as u64);
        }
    }
}
