//! Decides how measurements are kept: gathered in memory, added to what is on disk once a minute, in small commits.
//!
//! A reader adds up what is on disk and what has gathered; it never sees a minute in both places, because whoever
//! writes down waits for readers, and they for him.

use super::codec;
use crate::codec::Malformed;
use crate::commit::{Commits, WriteRefused};
use crate::housekeeping::clear_keys;
use crate::layout::{self, METRICS, kind};
use observe::measure::query::{Measured, MetricStat, Totals, Windows, aggregate};
use observe::measure::{Batch, Datum, KEPT_MINUTES, Ledger, Metric, Minute, RecordRefused, Series, SeriesId, Unit};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use store::{Direction, EntryBuilder};
use types::{SortedMap, Timestamp};

/// How many minutes are written in one commit.
const MINUTES_AT_ONCE: usize = 256;
/// How long before now, and after, a measurement may have been, in seconds: two weeks and two hours.
const AGE_MAX: i64 = 14 * 24 * 3600;
const AHEAD_MAX: i64 = 2 * 3600;

/// What was measured.
pub struct Measures {
    commits: Commits,
    ledger: Mutex<Ledger>,
    /// Held for reading while minutes are read, for writing while they go from memory to disk.
    gate: RwLock<()>,
}

/// Metrics that there are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listed {
    /// In their order.
    pub metrics: Vec<Metric>,
    /// Whether there are more after them.
    pub more: bool,
}

impl Measures {
    pub(super) fn open(commits: &Commits) -> Result<Self, WriteRefused> {
        let mut ledger = Ledger::default();
        let snapshot = commits.store.snapshot();
        for found in snapshot.prefix(METRICS, layout::SERIES, Direction::Forward) {
            let store::Item { key, value, .. } = found?;
            let id = layout::read_series(&key).ok_or(Malformed("series"))?;
            let series: Series = serde_json::from_slice(&value).map_err(|_| Malformed("series"))?;
            let last = snapshot.prefix(METRICS, &layout::minutes(id.0), Direction::Backward).next().transpose()?;
            let newest = last.and_then(|item| layout::read_minute(&item.key)).unwrap_or(0);
            ledger.restore(id, series, newest);
        }
        Ok(Self { commits: commits.clone(), ledger: Mutex::new(ledger), gate: RwLock::default() })
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in measurements. Those that are too old or too far ahead are left out; if one is refused, those before it
    /// are taken all the same.
    pub fn record(&self, data: &[Datum], now: Timestamp) -> Result<(), RecordRefused> {
        let times = now.seconds() - AGE_MAX..=now.seconds() + AHEAD_MAX;
        let mut ledger = self.ledger();
        data.iter()
            .filter(|datum| times.contains(&datum.at.seconds()))
            .map(|datum| ledger.record(datum))
            .fold(Ok(()), Result::and)
    }

    /// How many measurements were refused because there is no room for more.
    pub fn refused(&self) -> u64 {
        self.ledger().refused()
    }

    /// What a metric's values come to, period by period.
    pub fn read(&self, asked: &MetricStat, windows: &Windows) -> Result<Measured, WriteRefused> {
        self.read_by_unit(&asked.metric, asked.unit, windows).map(Measured::of)
    }

    /// What a metric's values come to, period by period, each unit by itself.
    pub fn read_by_unit(
        &self,
        metric: &Metric,
        unit: Option<Unit>,
        windows: &Windows,
    ) -> Result<SortedMap<Unit, Totals>, WriteRefused> {
        let _written_or_gathered = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let minutes = windows.minutes();
        let mut found = SortedMap::new();
        let ids = self.ledger().find(metric, unit);
        for (unit, id) in ids {
            let into = found.get_or_default(unit);
            let snapshot = self.commits.store.snapshot();
            let (from, to) = (layout::minute(id.0, minutes.start), layout::minute(id.0, minutes.end));
            if from < to {
                let range = (Bound::Included(from.as_slice()), Bound::Excluded(to.as_slice()));
                for item in snapshot.range(METRICS, range.0, range.1, Direction::Forward) {
                    let item = item?;
                    let minute = layout::read_minute(&item.key).ok_or(Malformed("minute"))?;
                    aggregate([(minute, &codec::read_minute(&item.value)?)], windows, into);
                }
            }
            aggregate(self.ledger().gathered(id, minutes.clone()), windows, into);
        }
        Ok(found)
    }

    /// The metrics that were measured in the last two weeks and that `wanted` finds: so many, after a number of others.
    pub fn list(&self, now: Timestamp, wanted: impl Fn(&Metric) -> bool, skip: usize, limit: usize) -> Listed {
        let ledger = self.ledger();
        let found = ledger.list((now.seconds() - AGE_MAX).div_euclid(60), wanted);
        let metrics = found.iter().skip(skip).take(limit).map(|metric| (*metric).clone()).collect();
        Listed { metrics, more: found.len() > skip + limit }
    }

    /// Adds what has gathered to what is on disk.
    pub fn write_down(&self) -> Result<(), WriteRefused> {
        let _nobody_reads = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let mut left = self.ledger().take();
        while !left.series.is_empty() || !left.minutes.is_empty() {
            if let Err(refused) = self.write_some(&mut left) {
                self.ledger().put_back(left);
                return Err(refused);
            }
        }
        Ok(())
    }

    /// Writes some of a batch down, and takes it out.
    fn write_some(&self, left: &mut Batch) -> Result<(), WriteRefused> {
        let mut entry = EntryBuilder::new(kind::MEASURES, &[]);
        let series = &left.series[..left.series.len().min(MINUTES_AT_ONCE)];
        for (id, series) in series {
            let value = serde_json::to_vec(series).expect("a series is plain data");
            entry = entry.put(METRICS, &layout::series(id.0), &value);
        }
        // A series is there before its minutes are.
        let last = if series.len() == left.series.len() { MINUTES_AT_ONCE } else { 0 };
        let places: Vec<(SeriesId, i64)> = left.minutes.keys().take(last).copied().collect();
        for (id, minute) in &places {
            let key = layout::minute(id.0, *minute);
            let mut whole = match self.commits.store.get(METRICS, &key)? {
                Some((_, value)) => codec::read_minute(&value)?,
                None => Minute::default(),
            };
            whole.merge(&left.minutes[&(*id, *minute)]);
            entry = entry.put(METRICS, &key, &codec::write_minute(&whole));
        }
        let count = series.len();
        self.commits.commit_one_blocking(entry)?;
        left.series.drain(..count);
        places.iter().for_each(|place| drop(left.minutes.remove(place)));
        Ok(())
    }

    /// Lets go of minutes that were kept for their time, and of series that have none left.
    pub(super) fn sweep(&self, now_minute: i64) -> Result<(), WriteRefused> {
        let ids = self.ledger().ids();
        for id in ids {
            let (from, to) = (layout::minute(id.0, 0), layout::minute(id.0, now_minute - KEPT_MINUTES));
            clear_keys(&self.commits, METRICS, &from, &to)?;
        }
        let gone = self.ledger().forget(now_minute);
        for id in gone {
            let (from, to) = (layout::minute(id.0, 0), layout::behind(&layout::minutes(id.0)));
            clear_keys(&self.commits, METRICS, &from, &to)?;
            let entry = EntryBuilder::new(kind::MEASURES, &[]).delete(METRICS, &layout::series(id.0));
            self.commits.commit_one_blocking(entry)?;
        }
        Ok(())
    }
}
