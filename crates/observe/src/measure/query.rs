//! Decides what queries of metrics and of expressions over them come to.
//!
//! [`aggregate`] adds minutes up to periods, [`run`] answers queries that may ask one another, [`check`] finds what is
//! wrong with them without any data.

use super::expression::{Scope, Sequence, Value, evaluate};
use super::{Expression, ExpressionError, Metric, Minute, Stat, Statistics, Unit};
use std::collections::BTreeMap;
use types::{SortedMap, SortedSet};

/// Periods of one length, one after the other; times are seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// When the first begins.
    pub start: i64,
    /// How long each is: 1, 5, 10, 20, 30 or any number of minutes.
    pub period: i64,
    /// How many there are.
    pub count: i64,
}

impl Windows {
    /// Those that hold what lies between two times, each beginning at a multiple of its length.
    pub fn between(from: i64, to: i64, period: i64) -> Self {
        let start = from.div_euclid(period) * period;
        let count = if to > start { (to - start + period - 1) / period } else { 0 };
        Self { start, period, count }
    }

    /// The last ones that are over at a time.
    pub fn before(end: i64, period: i64, count: i64) -> Self {
        Self { start: end - period * count, period, count }
    }

    /// When the last is over.
    pub fn end(&self) -> i64 {
        self.start + self.period * self.count
    }

    /// The minutes that they touch.
    pub fn minutes(&self) -> std::ops::Range<i64> {
        self.start.div_euclid(60)..(self.end() + 59).div_euclid(60)
    }

    /// When the period begins that a second lies in.
    fn of(&self, second: i64) -> Option<i64> {
        let number = (second - self.start).div_euclid(self.period);
        (0..self.count).contains(&number).then(|| self.start + number * self.period)
    }
}

/// Adds up minutes; what was recorded for a minute as a whole counts as of its first second.
pub fn aggregate<'a>(
    minutes: impl IntoIterator<Item = (i64, &'a Minute)>,
    windows: &Windows,
    into: &mut BTreeMap<i64, Statistics>,
) {
    for (minute, brought) in minutes {
        let first = minute * 60;
        let fine = brought.fine.iter().map(|(second, values)| (first + i64::from(*second), values));
        for (second, values) in std::iter::once((first, &brought.coarse)).chain(fine) {
            if let Some(window) = windows.of(second).filter(|_| !values.is_empty()) {
                into.entry(window).or_default().merge(values);
            }
        }
    }
}

/// A metric, and what is asked of it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MetricStat {
    /// The metric.
    pub metric: Metric,
    /// In seconds.
    pub period: i64,
    /// What its values come to.
    pub stat: Stat,
    /// Only values in this unit.
    pub unit: Option<Unit>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum What {
    /// A metric.
    Metric(MetricStat),
    /// What is calculated from other queries.
    Expression(Expression),
}

/// One query of several.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Query {
    /// What others call it.
    pub id: String,
    /// What it is called in the answer.
    pub label: Option<String>,
    /// Whether it is answered, or only there for others.
    pub returned: bool,
    /// What is asked.
    pub what: What,
}

/// What a query came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The query.
    pub id: String,
    /// What it is called.
    pub label: String,
    /// Values and when their periods began, the oldest first.
    pub points: Vec<(i64, f64)>,
    /// From how many measurements each value comes; of what is calculated, nothing.
    pub counts: BTreeMap<i64, f64>,
    /// In which units the metric was measured, if in more than one. The values are those in the first.
    pub units: Vec<Unit>,
}

/// Why queries are not answered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError<E> {
    /// One of them is wrong.
    #[error("Error in expression '{id}': {error}")]
    Expression {
        /// Which.
        id: String,
        /// What is wrong.
        error: ExpressionError,
    },
    /// A query gives no metric.
    #[error("Error in expression '{id}': it gives a number, and must give a metric")]
    NotASeries {
        /// Which.
        id: String,
    },
    /// What is kept cannot be read.
    #[error(transparent)]
    Read(E),
}

/// What values come to, by when their periods began.
pub type Totals = BTreeMap<i64, Statistics>;

/// What a metric came to, as it was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Period by period.
    pub totals: Totals,
    /// In which units it was measured, if in more than one. The totals are those in the first.
    pub units: Vec<Unit>,
}

impl Measured {
    /// Of a metric that is asked for in no unit. Values of different units do not add up, so the first unit is taken.
    pub fn of(by_unit: SortedMap<Unit, Totals>) -> Self {
        let mut found: Vec<(Unit, Totals)> = by_unit.into_iter().filter(|(_, totals)| !totals.is_empty()).collect();
        let units: Vec<Unit> = if found.len() > 1 { found.iter().map(|(unit, _)| *unit).collect() } else { Vec::new() };
        let totals = if found.is_empty() { Totals::new() } else { found.swap_remove(0).1 };
        Self { totals, units }
    }
}

/// Adds up a metric's values, period by period.
pub type Reader<'a, E> = dyn FnMut(&MetricStat, &Windows) -> Result<Measured, E> + 'a;

/// Answers queries; `windows` says which periods of a length are asked for, `read` adds up a metric's values.
pub fn run<'a, E>(
    queries: &'a [Query],
    windows: &'a dyn Fn(i64) -> Windows,
    read: &'a mut Reader<'a, E>,
) -> Result<Vec<Found>, QueryError<E>> {
    let (known, asking, told) = (SortedMap::new(), SortedSet::new(), SortedMap::new());
    let mut desk = Desk { queries, windows, read, known, asking, told, failed: None };
    let labels = Labels::of(queries);
    let mut found = Vec::new();
    for query in queries.iter().filter(|query| query.returned) {
        let value = desk.query(&query.id);
        if let Some(error) = desk.failed.take() {
            return Err(QueryError::Read(error));
        }
        let label = || match (&query.label, &query.what) {
            (Some(label), _) => label.clone(),
            (None, What::Metric(asked)) => labels.label(asked),
            (None, What::Expression(_)) => query.id.clone(),
        };
        let (counts, units) = desk.told.remove(&query.id).unwrap_or_default();
        let one = |one: Sequence| Found {
            id: query.id.clone(),
            label: label(),
            points: one.values.into_iter().collect(),
            counts: counts.clone(),
            units: units.clone(),
        };
        match value {
            Ok(Value::One(sequence)) => found.push(one(sequence)),
            Ok(Value::Many(many)) => found.extend(many.into_iter().map(one)),
            Ok(Value::Number(_)) => return Err(QueryError::NotASeries { id: query.id.clone() }),
            Err(error) => return Err(QueryError::Expression { id: query.id.clone(), error }),
        }
    }
    Ok(found)
}

/// What metrics are called that nobody gave a label: by their name, and by what they do not all have in common.
struct Labels {
    by_stat: bool,
    by_period: bool,
}

impl Labels {
    fn of(queries: &[Query]) -> Self {
        let shown = queries.iter().filter(|query| query.returned && query.label.is_none());
        let asked: Vec<&MetricStat> = shown
            .filter_map(|query| match &query.what {
                What::Metric(asked) => Some(asked),
                What::Expression(_) => None,
            })
            .collect();
        let differ =
            |same: &dyn Fn(&MetricStat, &MetricStat) -> bool| asked.windows(2).any(|two| !same(two[0], two[1]));
        Self { by_stat: differ(&|a, b| a.stat == b.stat), by_period: differ(&|a, b| a.period == b.period) }
    }

    fn label(&self, asked: &MetricStat) -> String {
        let mut label = asked.metric.name.to_string();
        if self.by_stat {
            label.push_str(&format!(" {}", asked.stat));
        }
        if self.by_period {
            label.push_str(&format!(" {}", asked.period));
        }
        label
    }
}

/// Finds what is wrong with queries, whatever the data.
pub fn check(queries: &[Query]) -> Result<(), QueryError<std::convert::Infallible>> {
    run(queries, &|period| Windows { start: 0, period, count: 0 }, &mut |_, _| Ok(Measured::default())).map(drop)
}

struct Desk<'a, E> {
    queries: &'a [Query],
    windows: &'a dyn Fn(i64) -> Windows,
    read: &'a mut Reader<'a, E>,
    known: SortedMap<String, Value>,
    asking: SortedSet<String>,
    /// What is told of metrics besides their values: from how many measurements they come, and units.
    told: SortedMap<String, (BTreeMap<i64, f64>, Vec<Unit>)>,
    failed: Option<E>,
}

impl<E> Scope for Desk<'_, E> {
    fn query(&mut self, id: &str) -> Result<Value, ExpressionError> {
        if let Some(known) = self.known.get(id) {
            return Ok(known.clone());
        }
        let queries = self.queries;
        let query = queries.iter().find(|query| query.id == id);
        let query = query.ok_or_else(|| ExpressionError::UnknownId(id.to_owned()))?;
        if !self.asking.insert(id.to_owned()) {
            return Err(ExpressionError::Circle(id.to_owned()));
        }
        let value = match &query.what {
            What::Metric(asked) => {
                let windows = (self.windows)(asked.period);
                let Measured { totals, units } = (self.read)(asked, &windows).unwrap_or_else(|error| {
                    self.failed = Some(error);
                    Measured::default()
                });
                let counts = totals.iter().map(|(at, total)| (*at, total.count)).collect();
                self.told.insert(id.to_owned(), (counts, units));
                let values = totals.iter().filter_map(|(at, total)| Some((*at, total.value(asked.stat)?))).collect();
                Value::One(Sequence { start: windows.start, period: windows.period, count: windows.count, values })
            }
            What::Expression(expression) => evaluate(&expression.root, self)?,
        };
        self.asking.remove(id);
        self.known.insert(id.to_owned(), value.clone());
        Ok(value)
    }

    fn metrics(&mut self) -> Result<Vec<Sequence>, ExpressionError> {
        let metrics = self.queries.iter().filter(|query| matches!(query.what, What::Metric(_)));
        let mut all = Vec::new();
        for query in metrics {
            if let Value::One(one) = self.query(&query.id)? {
                all.push(one);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
