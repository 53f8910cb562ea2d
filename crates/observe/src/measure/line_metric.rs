//! Decides what a line counts for whose filter finds it: one, or what a property of it says.

use super::{Datum, Metric, Series, Statistics, Unit};
use crate::filter::{FilterPattern, FilterPatternError};
use serde_json::Value as Json;
use types::Timestamp;

/// The most of them in one log group.
pub const LINE_METRICS_MAX: usize = 100;

/// A filter and the metric that the lines count for which it finds.
#[derive(Debug, Clone)]
pub struct LineMetric {
    pattern: FilterPattern,
    metric: Metric,
    unit: Unit,
    value: LineValue,
    otherwise: Option<f64>,
    dimensions: Vec<(String, Vec<String>)>,
}

/// What a line counts for.
#[derive(Debug, Clone, PartialEq)]
pub enum LineValue {
    /// Always the same.
    Number(f64),
    /// The number at this place in a JSON line.
    At(Vec<String>),
}

/// Why lines cannot be counted so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineMetricError {
    /// The filter is none.
    #[error("{0}")]
    Pattern(FilterPatternError),
    /// The value is neither a number nor a property.
    #[error("the metric value {0:?} is neither a number nor a property such as $.latency")]
    Value(String),
    /// The value of a dimension is no property.
    #[error("the dimension {0:?} is no property such as $.service")]
    Dimension(String),
}

impl LineMetric {
    /// Reads a filter and what its lines count for. `otherwise` is what lines count for that it does not find.
    pub fn new(
        pattern: &str,
        metric: Metric,
        unit: Unit,
        value: &str,
        otherwise: Option<f64>,
        dimensions: &[(String, String)],
    ) -> Result<Self, LineMetricError> {
        let pattern = FilterPattern::parse(pattern).map_err(LineMetricError::Pattern)?;
        let place = |text: &str| {
            let steps: Option<Vec<String>> =
                text.strip_prefix("$.").map(|rest| rest.split('.').map(str::to_owned).collect());
            steps.filter(|steps| steps.iter().all(|step| !step.is_empty() && !step.contains(['[', '*'])))
        };
        let value = match value.parse::<f64>().ok().filter(|number| number.is_finite()) {
            Some(number) => LineValue::Number(number),
            None => LineValue::At(place(value).ok_or_else(|| LineMetricError::Value(value.to_owned()))?),
        };
        let dimension = |(name, value): &(String, String)| {
            place(value).map(|place| (name.clone(), place)).ok_or_else(|| LineMetricError::Dimension(value.clone()))
        };
        let dimensions = dimensions.iter().map(dimension).collect::<Result<_, _>>()?;
        Ok(Self { pattern, metric, unit, value, otherwise, dimensions })
    }

    /// What a line counts for; nothing for one that the filter does not find, unless those count too.
    pub fn measure(&self, line: &str, at: Timestamp) -> Option<Datum> {
        let found = self.pattern.matches(line);
        let parsed = || serde_json::from_str::<Json>(line).ok();
        let value = match &self.value {
            _ if !found => self.otherwise?,
            LineValue::Number(number) => *number,
            LineValue::At(place) => {
                let line = parsed()?;
                let value = reach(&line, place)?;
                // Numbers are often printed as texts.
                value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())?
            }
        };
        let mut metric = self.metric.clone();
        if !self.dimensions.is_empty() {
            let line = parsed()?;
            for (name, place) in &self.dimensions {
                let value = reach(&line, place)?;
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                metric.dimensions.insert(name.as_str().into(), text.into());
            }
        }
        let series = Series { metric, unit: self.unit };
        Some(Datum { series, at, values: Statistics::of(value), fine: false })
    }
}

fn reach<'a>(line: &'a Json, place: &[String]) -> Option<&'a Json> {
    place.iter().try_fold(line, |value, step| value.get(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_metric(pattern: &str, value: &str, otherwise: Option<f64>, by: &[(&str, &str)]) -> LineMetric {
        let by: Vec<_> = by.iter().map(|(name, place)| ((*name).to_owned(), (*place).to_owned())).collect();
        LineMetric::new(pattern, Metric::new("N", "m", &[]), Unit::COUNT, value, otherwise, &by).unwrap()
    }

    #[test]
    fn lines_count_for_what_is_said() {
        let json = r#"{"level":"ERROR","took":{"ms":12.5},"text":"7","service":"pay","n":3}"#;
        type Case = (&'static str, &'static str, Option<f64>, &'static str, Option<f64>);
        let cases: [Case; 9] = [
            ("ERROR", "1", None, "an ERROR", Some(1.0)),
            ("ERROR", "1", None, "fine", None),
            ("ERROR", "1", Some(0.0), "fine", Some(0.0)),
            ("", "2.5", None, "anything", Some(2.5)),
            (r#"{ $.level = "ERROR" }"#, "$.took.ms", None, json, Some(12.5)),
            (r#"{ $.level = "ERROR" }"#, "$.text", None, json, Some(7.0)),
            (r#"{ $.level = "ERROR" }"#, "$.service", None, json, None),
            (r#"{ $.level = "ERROR" }"#, "$.took", None, json, None),
            ("ERROR", "$.took.ms", None, "ERROR, and no JSON", None),
        ];
        for (pattern, value, otherwise, line, expected) in cases {
            let found = line_metric(pattern, value, otherwise, &[]).measure(line, Timestamp::EPOCH);
            assert_eq!(found.map(|datum| datum.values.sum), expected, "{pattern} {value} on {line}");
        }
        let datum =
            line_metric("", "1", None, &[("Service", "$.service"), ("N", "$.n")]).measure(json, Timestamp::EPOCH);
        assert_eq!(datum.unwrap().series.metric, Metric::new("N", "m", &[("Service", "pay"), ("N", "3")]));
        assert_eq!(line_metric("", "1", None, &[("S", "$.none")]).measure(json, Timestamp::EPOCH), None);
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let of = |pattern: &str, value: &str| {
            LineMetric::new(pattern, Metric::new("N", "m", &[]), Unit::COUNT, value, None, &[]).unwrap_err()
        };
        assert!(matches!(of("{", "1"), LineMetricError::Pattern(_)));
        for value in ["", "one", "$", "$.", "$.a[0]", "NaN"] {
            assert_eq!(of("", value), LineMetricError::Value(value.to_owned()));
        }
    }
}
