//! Decides how measurements are kept and asked for: what a metric is, how values add up, what a query answers.
//!
//! A [`Datum`] is recorded in a [`Ledger`], which gathers what a minute brought until it is written down; [`query`]
//! turns written and gathered minutes into series of values, and [`Expression`] calculates with those. [`embedded`]
//! finds measurements in the lines that functions print, [`LineMetric`] makes them of lines that a filter finds.
//!
//! Invariants: a metric is its namespace, its name and exactly its dimensions, nothing is added up across dimensions;
//! the number of series and the size of each minute are bounded, whatever is recorded.

pub mod embedded;
mod expression;
mod ledger;
mod line_metric;
mod metric;
pub mod query;
mod sketch;
mod statistics;
mod unit;

pub use expression::{Expression, ExpressionError};
pub use ledger::{Batch, Gathered, Ledger, RecordRefused, SERIES_MAX, SeriesId, has_dimensions};
pub use line_metric::{LINE_METRICS_MAX, LineMetric, LineMetricError, LineValue};
pub use metric::{
    DIMENSION_NAME_LENGTH_MAX, DIMENSION_VALUE_LENGTH_MAX, DIMENSIONS_MAX, Dimensions, Metric, NAME_LENGTH_MAX, Series,
    is_for_clients,
};
pub use sketch::Sketch;
pub use statistics::{Stat, Statistics};
pub use unit::Unit;

use types::{SortedMap, Timestamp};

/// How long minutes are kept.
pub const KEPT_MINUTES: i64 = 15 * 24 * 60;

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// What was measured.
    pub series: Series,
    /// When.
    pub at: Timestamp,
    /// How much, once or often.
    pub values: Statistics,
    /// Whether it is kept second by second.
    pub fine: bool,
}

/// What one minute of a series brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Minute {
    /// What was recorded for the minute as a whole.
    pub coarse: Statistics,
    /// What was recorded second by second, by the second.
    pub fine: SortedMap<u8, Statistics>,
}

impl Minute {
    /// Adds what another account of the same minute has.
    pub fn merge(&mut self, other: &Self) {
        self.coarse.merge(&other.coarse);
        for (second, values) in &other.fine {
            self.fine.get_or_default(*second).merge(values);
        }
    }
}
