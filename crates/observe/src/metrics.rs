//! Decides how things are counted and timed, and how that is told to Prometheus.
//!
//! A [`Family`] is one name with labels; [`Family::with`] gives the series of some label values, to be kept by whoever
//! counts often. A [`Page`] writes families and values that are only known at the time of asking.
//!
//! Invariant: a family never has more than [`SERIES_MAX`] series, whatever is counted: what comes after shares the
//! series whose labels are all `other`.

mod page;

pub use page::Page;

use crate::measure::Statistics;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// The most series of one family.
pub const SERIES_MAX: usize = 256;

/// What a series of label values that came too late is called.
const OTHER: &str = "other";

/// The upper ends of a histogram's buckets, in microseconds: from a flush of the disk to what nobody waits for.
const BUCKETS: [u64; 17] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 30_000_000,
];

/// Counts upwards.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.many(1);
    }

    /// So many more.
    pub fn many(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How long things took.
#[derive(Debug, Default)]
pub struct Histogram {
    /// How many fell into each bucket, and beyond the last.
    counts: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
    /// Since it was last asked, in milliseconds, as exactly as is kept in bounded room.
    since: Mutex<Statistics>,
}

impl Histogram {
    /// One thing took so long.
    pub fn took(&self, span: Duration) {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.partition_point(|end| *end < micros);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        self.since.lock().unwrap_or_else(PoisonError::into_inner).add(span.as_secs_f64() * 1000.0, 1.0);
    }

    /// What was measured since this was called last, in milliseconds.
    pub fn take_millis(&self) -> Statistics {
        std::mem::take(&mut self.since.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many things there were.
    pub fn count(&self) -> u64 {
        self.counts().iter().sum()
    }

    /// The upper ends of the buckets, in microseconds; what lies beyond the last has a bucket of its own.
    pub const fn ends_micros() -> &'static [u64] {
        &BUCKETS
    }

    /// How many things fell into each bucket, and beyond the last: one more than there are ends.
    pub fn counts(&self) -> Vec<u64> {
        self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// How long all things took together.
    pub fn total(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }

    /// The end of the bucket within which this share of the things (0 to 1) was done; nothing if there were none, and
    /// the last bucket's end for what lies beyond it.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let counts = self.counts();
        let total: u64 = counts.iter().sum();
        if total == 0 {
            return None;
        }
        let wanted = (total as f64 * share.clamp(0.0, 1.0)).ceil().max(1.0);
        let mut so_far = 0;
        let bucket = counts.iter().position(|count| {
            so_far += count;
            so_far as f64 >= wanted
        });
        let end = BUCKETS[bucket.unwrap_or(BUCKETS.len()).min(BUCKETS.len() - 1)];
        Some(Duration::from_micros(end))
    }
}

/// What can be in a family.
pub trait Metric: Default {
    /// As Prometheus calls it.
    const KIND: &'static str;

    /// Writes the lines of one series.
    fn write(&self, page: &mut Page, name: &str, labels: &[(&str, &str)]);
}

impl Metric for Counter {
    const KIND: &'static str = "counter";

    fn write(&self, page: &mut Page, name: &str, labels: &[(&str, &str)]) {
        page.sample(name, labels, &self.get().to_string());
    }
}

impl Metric for Histogram {
    const KIND: &'static str = "histogram";

    fn write(&self, page: &mut Page, name: &str, labels: &[(&str, &str)]) {
        let mut so_far = 0;
        let ends = BUCKETS.iter().map(|micros| (*micros as f64 / 1e6).to_string());
        for (count, end) in self.counts.iter().zip(ends.chain(["+Inf".to_owned()])) {
            so_far += count.load(Ordering::Relaxed);
            let with_end: Vec<(&str, &str)> = labels.iter().copied().chain([("le", end.as_str())]).collect();
            page.sample(&format!("{name}_bucket"), &with_end, &so_far.to_string());
        }
        let seconds = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        page.sample(&format!("{name}_sum"), labels, &seconds.to_string());
        page.sample(&format!("{name}_count"), labels, &so_far.to_string());
    }
}

/// The values of its labels, and what was counted.
type Series<M> = (Box<[Box<str>]>, Arc<M>);

/// One name with labels.
#[derive(Debug)]
pub struct Family<M> {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    /// In the order of their label values.
    series: RwLock<Vec<Series<M>>>,
}

impl<M: Metric> Family<M> {
    /// A family without series.
    pub const fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self { name, help, labels, series: RwLock::new(Vec::new()) }
    }

    /// The series of these label values, in the order of the labels.
    pub fn with(&self, values: &[&str]) -> Arc<M> {
        debug_assert_eq!(values.len(), self.labels.len(), "{} has the labels {:?}", self.name, self.labels);
        // Asked for every request: what is known is found without making anything.
        let place = |series: &[Series<M>], values: &[&str]| {
            series.binary_search_by(|(known, _)| known.iter().map(|value| &**value).cmp(values.iter().copied()))
        };
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Ok(at) = place(&series, values) {
            return Arc::clone(&series[at].1);
        }
        drop(series);
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let others = vec![OTHER; self.labels.len()];
        let is_full = series.len() >= SERIES_MAX - 1 && place(&series, values).is_err();
        let values = if is_full { others.as_slice() } else { values };
        let at = place(&series, values).unwrap_or_else(|at| {
            series.insert(at, (values.iter().map(|value| (*value).into()).collect(), Arc::default()));
            at
        });
        Arc::clone(&series[at].1)
    }

    /// Each series with its label values, in order.
    pub fn each(&self, mut show: impl FnMut(&[Box<str>], &M)) {
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        series.iter().for_each(|(values, metric)| show(values, metric));
    }

    /// Writes the family; nothing while it has no series.
    pub fn write(&self, page: &mut Page) {
        let mut begun = false;
        self.each(|values, metric| {
            if !begun {
                page.family(self.name, self.help, M::KIND);
                begun = true;
            }
            let labels: Vec<(&str, &str)> =
                self.labels.iter().copied().zip(values.iter().map(|value| &**value)).collect();
            metric.write(page, self.name, &labels);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_page_is_what_prometheus_reads() {
        let requests = Family::<Counter>::new("requests_total", "Requests.", &["route", "status"]);
        requests.with(&["/orders/{orderId}", "200"]).many(3);
        requests.with(&["odd \"route\"\n\\", "404"]).one();
        let seconds = Family::<Histogram>::new("seconds", "Time.", &[]);
        seconds.with(&[]).took(Duration::from_micros(100));
        seconds.with(&[]).took(Duration::from_micros(101));
        seconds.with(&[]).took(Duration::from_secs(60));
        let mut page = Page::default();
        requests.write(&mut page);
        seconds.write(&mut page);
        page.family("up", "Whether it is.", "gauge");
        page.sample("up", &[], "1");
        let text = page.finish();
        let expected_start = "# HELP requests_total Requests.\n# TYPE requests_total counter\n\
                              requests_total{route=\"/orders/{orderId}\",status=\"200\"} 3\n\
                              requests_total{route=\"odd \\\"route\\\"\\n\\\\\",status=\"404\"} 1\n\
                              # HELP seconds Time.\n# TYPE seconds histogram\n\
                              seconds_bucket{le=\"0.0001\"} 1\nseconds_bucket{le=\"0.00025\"} 2\n";
        assert!(text.starts_with(expected_start), "{text}");
        let expected_end = "seconds_bucket{le=\"30\"} 2\nseconds_bucket{le=\"+Inf\"} 3\nseconds_sum 60.000201\n\
                            seconds_count 3\n# HELP up Whether it is.\n# TYPE up gauge\nup 1\n";
        assert!(text.ends_with(expected_end), "{text}");
    }

    #[test]
    fn labels_are_bounded_and_nothing_is_lost() {
        let family = Family::<Counter>::new("x_total", "X.", &["who"]);
        for number in 0..10_000 {
            family.with(&[&number.to_string()]).one();
        }
        let (mut count, mut sum) = (0, 0);
        family.each(|_, counter| {
            count += 1;
            sum += counter.get();
        });
        assert_eq!((count, sum), (SERIES_MAX, 10_000));
        assert_eq!(family.with(&["a new one"]).get(), family.with(&["other"]).get());
    }

    #[test]
    fn each_thing_is_in_the_bucket_whose_end_it_does_not_pass() {
        let histogram = Histogram::default();
        let ends = Histogram::ends_micros();
        ends.iter().for_each(|end| histogram.took(Duration::from_micros(*end)));
        histogram.took(Duration::from_micros(ends[ends.len() - 1] + 1));
        assert_eq!(histogram.counts(), vec![1; ends.len() + 1]);
        assert_eq!(histogram.count(), ends.len() as u64 + 1);
        assert_eq!(histogram.total(), Duration::from_micros(ends.iter().sum::<u64>() + ends[ends.len() - 1] + 1));
    }

    proptest! {
        /// A quantile is the end of the first bucket up to which at least that share of the things lies.
        #[test]
        fn quantiles_bound_what_was_measured(mut micros in proptest::collection::vec(0..40_000_000u64, 1..50), share in 0.0..1.0f64) {
            let histogram = Histogram::default();
            micros.iter().for_each(|micros| histogram.took(Duration::from_micros(*micros)));
            micros.sort_unstable();
            let index = ((micros.len() as f64 * share).ceil() as usize).max(1) - 1;
            let exact = micros[index];
            let found = u64::try_from(histogram.quantile(share).unwrap().as_micros()).unwrap();
            let last = *BUCKETS.last().unwrap();
            prop_assert!(found >= exact.min(last));
            let before = BUCKETS.iter().copied().filter(|end| *end < found).max().unwrap_or(0);
            prop_assert!(exact > before || exact == 0, "{exact} lies in an earlier bucket than {found}");
        }
    }
}
