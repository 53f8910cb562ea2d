//! Decides what is gathered in memory until it is written down, and which series there are.
//!
//! [`Ledger::record`] gathers, [`Ledger::take`] hands out what has gathered; if it could not be written down it comes
//! back by [`Ledger::put_back`]. What was written before is merged by whoever reads both.
//!
//! Invariant: no more than [`SERIES_MAX`] series; a metric that is new beyond that is refused and counted.

use super::{Datum, Dimensions, KEPT_MINUTES, Metric, Minute, Series, Unit};
use std::collections::BTreeMap;

/// The most series of a data directory.
pub const SERIES_MAX: usize = 5_000;

/// The number of a series: what its minutes are kept under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub u32);

/// The most minutes of all series that gather before they are written down.
const GATHERED_MAX: usize = 50_000;

/// Why a measurement is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordRefused {
    /// There are as many metrics as there may be.
    #[error("there are {SERIES_MAX} metrics already; those without data for 15 days go by themselves")]
    TooManySeries,
    /// More has gathered than may; the disk is behind.
    #[error("more metrics wait to be written down than may; try again in a minute")]
    Behind,
}

/// What has gathered, by series and minute.
pub type Gathered = BTreeMap<(SeriesId, i64), Minute>;

/// What is to be written down.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Series that were not written down before.
    pub series: Vec<(SeriesId, Series)>,
    /// What their minutes brought; to be added to what is there.
    pub minutes: Gathered,
}

#[derive(Debug, Clone)]
struct Known {
    id: SeriesId,
    /// The newest minute that brought something.
    newest: i64,
    /// Whether it is written down.
    written: bool,
}

/// What is known of all series, and what has gathered.
#[derive(Debug, Default)]
pub struct Ledger {
    series: BTreeMap<Series, Known>,
    gathered: Gathered,
    next: u32,
    refused: u64,
}

impl Ledger {
    /// Takes in a series that was written down, with its newest minute.
    pub fn restore(&mut self, id: SeriesId, series: Series, newest: i64) {
        self.next = self.next.max(id.0 + 1);
        self.series.insert(series, Known { id, newest, written: true });
    }

    /// Gathers a measurement.
    pub fn record(&mut self, datum: &Datum) -> Result<(), RecordRefused> {
        let second = datum.at.seconds();
        let minute = second.div_euclid(60);
        let full = self.series.len() >= SERIES_MAX;
        let id = match self.series.get_mut(&datum.series) {
            Some(known) => {
                known.newest = known.newest.max(minute);
                known.id
            }
            None if full => {
                self.refused += 1;
                return Err(RecordRefused::TooManySeries);
            }
            None => {
                let id = SeriesId(self.next);
                self.next += 1;
                self.series.insert(datum.series.clone(), Known { id, newest: minute, written: false });
                id
            }
        };
        if self.gathered.len() >= GATHERED_MAX && !self.gathered.contains_key(&(id, minute)) {
            self.refused += 1;
            return Err(RecordRefused::Behind);
        }
        let gathered = self.gathered.entry((id, minute)).or_default();
        if datum.fine {
            let second = u8::try_from(second.rem_euclid(60)).expect("a minute has 60 seconds");
            gathered.fine.get_or_default(second).merge(&datum.values);
        } else {
            gathered.coarse.merge(&datum.values);
        }
        Ok(())
    }

    /// How many measurements were refused, because there are too many series.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Hands out what has gathered.
    pub fn take(&mut self) -> Batch {
        let new = self.series.iter_mut().filter(|(_, known)| !known.written);
        let series = new.map(|(series, known)| {
            known.written = true;
            (known.id, series.clone())
        });
        Batch { series: series.collect(), minutes: std::mem::take(&mut self.gathered) }
    }

    /// Takes back what could not be written down.
    pub fn put_back(&mut self, batch: Batch) {
        for (_, series) in &batch.series {
            if let Some(known) = self.series.get_mut(series) {
                known.written = false;
            }
        }
        for (place, minute) in batch.minutes {
            self.gathered.entry(place).or_default().merge(&minute);
        }
    }

    /// The series of a metric, in this unit or in any.
    pub fn find(&self, metric: &Metric, unit: Option<Unit>) -> Vec<(Unit, SeriesId)> {
        let first = Series { metric: metric.clone(), unit: unit.unwrap_or(Unit::smallest()) };
        let all = self.series.range(first..).take_while(|(series, _)| series.metric == *metric);
        all.filter(|(series, _)| unit.is_none_or(|unit| series.unit == unit))
            .map(|(series, known)| (series.unit, known.id))
            .collect()
    }

    /// What has gathered of a series, from one minute until before another.
    pub fn gathered(&self, id: SeriesId, minutes: std::ops::Range<i64>) -> impl Iterator<Item = (i64, &Minute)> {
        let range = if minutes.is_empty() { (id, 0)..(id, 0) } else { (id, minutes.start)..(id, minutes.end) };
        self.gathered.range(range).map(|((_, minute), gathered)| (*minute, gathered))
    }

    /// The metrics that brought something since a minute and that `wanted` finds, each once, in their order.
    pub fn list(&self, since: i64, wanted: impl Fn(&Metric) -> bool) -> Vec<&Metric> {
        let mut found: Vec<&Metric> = Vec::new();
        for (series, known) in &self.series {
            if known.newest >= since && found.last() != Some(&&series.metric) && wanted(&series.metric) {
                found.push(&series.metric);
            }
        }
        found
    }

    /// Forgets series whose newest minute is no longer kept; their numbers are given back.
    pub fn forget(&mut self, now_minute: i64) -> Vec<SeriesId> {
        let mut gone = Vec::new();
        self.series.retain(|_, known| {
            let keep = known.newest >= now_minute - KEPT_MINUTES || !known.written;
            if !keep {
                gone.push(known.id);
            }
            keep
        });
        gone
    }

    /// The numbers of all series.
    pub fn ids(&self) -> Vec<SeriesId> {
        self.series.values().map(|known| known.id).collect()
    }
}

/// Whether a metric's dimensions are among those asked for: each of these names, with this value if there is one.
pub fn has_dimensions(dimensions: &Dimensions, wanted: &[(String, Option<String>)]) -> bool {
    let has = |(name, value): &(String, Option<String>)| {
        dimensions.get(name.as_str()).is_some_and(|known| value.as_ref().is_none_or(|value| **known == **value))
    };
    wanted.iter().all(has)
}

#[cfg(test)]
mod tests {
    use super::super::Statistics;
    use super::*;
    use types::Timestamp;

    fn datum(name: &str, unit: Unit, second: i64, fine: bool) -> Datum {
        let series = Series { metric: Metric::new("N", name, &[]), unit };
        Datum { series, at: Timestamp::from_millis(second * 1000), values: Statistics::of(1.0), fine }
    }

    #[test]
    fn what_could_not_be_written_down_is_not_lost() {
        let mut ledger = Ledger::default();
        ledger.record(&datum("a", Unit::COUNT, 61, false)).unwrap();
        let batch = ledger.take();
        assert_eq!((batch.series.len(), batch.minutes.len()), (1, 1));
        ledger.record(&datum("a", Unit::COUNT, 62, true)).unwrap();
        ledger.put_back(batch);
        let again = ledger.take();
        assert_eq!(again.series.len(), 1);
        let minute = &again.minutes[&(SeriesId(0), 1)];
        assert_eq!((minute.coarse.count, minute.fine[&2].count), (1.0, 1.0));
        assert_eq!(ledger.take(), Batch::default());
    }

    #[test]
    fn what_gathers_is_bounded() {
        let mut ledger = Ledger::default();
        let minutes = i64::try_from(GATHERED_MAX).unwrap();
        (0..minutes).for_each(|minute| ledger.record(&datum("a", Unit::NONE, minute * 60, false)).unwrap());
        let later = datum("a", Unit::NONE, minutes * 60, false);
        assert_eq!(ledger.record(&later), Err(RecordRefused::Behind));
        ledger.record(&datum("a", Unit::NONE, 0, false)).unwrap();
        ledger.take();
        ledger.record(&later).unwrap();
    }

    #[test]
    fn units_are_kept_apart_and_found_together() {
        let mut ledger = Ledger::default();
        for unit in [Unit::SECONDS, Unit::COUNT, Unit::NONE] {
            ledger.record(&datum("a", unit, 0, false)).unwrap();
        }
        ledger.record(&datum("b", Unit::COUNT, 0, false)).unwrap();
        let metric = Metric::new("N", "a", &[]);
        assert_eq!(ledger.find(&metric, None).len(), 3);
        assert_eq!(ledger.find(&metric, Some(Unit::COUNT)), [(Unit::COUNT, SeriesId(1))]);
        assert_eq!(ledger.list(0, |_| true).len(), 2);
        assert_eq!(ledger.list(1, |_| true).len(), 0);
    }

    #[test]
    fn series_are_bounded_until_old_ones_go() {
        let mut ledger = Ledger::default();
        for number in 0..SERIES_MAX {
            ledger.record(&datum(&number.to_string(), Unit::NONE, 0, false)).unwrap();
        }
        let one_more = datum("one more", Unit::NONE, KEPT_MINUTES * 60 + 60, false);
        assert_eq!(ledger.record(&one_more), Err(RecordRefused::TooManySeries));
        assert_eq!(ledger.refused(), 1);
        assert_eq!(ledger.forget(KEPT_MINUTES + 1), [], "none is written down yet");
        ledger.take();
        assert_eq!(ledger.forget(KEPT_MINUTES), []);
        assert_eq!(ledger.forget(KEPT_MINUTES + 1).len(), SERIES_MAX);
        ledger.record(&one_more).unwrap();
        assert_eq!(ledger.ids(), [SeriesId(SERIES_MAX as u32)], "numbers are never given twice");
    }
}
