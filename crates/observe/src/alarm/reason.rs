//! Decides in which words, and in which JSON, an alarm says why it is in a state.

use super::{Comparison, Definition, Missing, State, Watched};
use crate::measure::query::Windows;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use types::Timestamp;

/// Why the values mean this state; the newest value first.
pub(super) fn reason(definition: &Definition, windows: &Windows, values: &[Option<f64>], state: State) -> String {
    let wanted = definition.periods as usize;
    let there = there(windows, values, wanted);
    let missing = wanted - there.len();
    if state == State::InsufficientData {
        let were = if wanted == 1 { "datapoint was" } else { "datapoints were" };
        return format!("Insufficient Data: {wanted} {were} unknown.");
    }
    let rings = state == State::Alarm;
    let breaches = |value: f64| definition.comparison.breaches(value, definition.threshold);
    let told: Vec<&(i64, f64)> = there.iter().filter(|(_, value)| breaches(*value) == rings).collect();
    let filled = match (missing, definition.treats_missing()) {
        (0, _) | (_, Missing::Missing | Missing::Ignore) => String::new(),
        (_, Missing::Breaching) => filled(missing, "Breaching"),
        (_, Missing::NotBreaching) => filled(missing, "NonBreaching"),
    };
    if told.is_empty() && !filled.is_empty() {
        let periods = if wanted == 1 { "period" } else { "periods" };
        let received = match there.len() {
            0 => "no datapoints were".to_owned(),
            1 => "1 datapoint was".to_owned(),
            many => format!("{many} datapoints were"),
        };
        return format!("Threshold Crossed: {received} received for {wanted} {periods}{filled}.");
    }
    let list: Vec<String> = told.iter().map(|(at, value)| format!("{} ({})", number(*value), moment(*at))).collect();
    let count = told.len();
    let of = match definition.datapoints {
        Some(_) => format!("{count} out of the last {wanted} datapoints"),
        None if count == 1 => "1 datapoint".to_owned(),
        None => format!("{count} datapoints"),
    };
    let were = if count == 1 { "was" } else { "were" };
    let not = if rings { "" } else { "not " };
    let than = match definition.comparison {
        Comparison::GreaterThanThreshold => "greater than",
        Comparison::GreaterThanOrEqualToThreshold => "greater than or equal to",
        Comparison::LessThanThreshold => "less than",
        Comparison::LessThanOrEqualToThreshold => "less than or equal to",
    };
    let least = definition.datapoints.map(|datapoints| {
        let (least, way) =
            if rings { (datapoints, "OK -> ALARM") } else { (definition.periods - datapoints + 1, "ALARM -> OK") };
        format!(" (minimum {least} datapoint{} for {way} transition)", if least == 1 { "" } else { "s" })
    });
    format!(
        "Threshold Crossed: {of} [{}] {were} {not}{than} the threshold ({}){filled}{}.",
        list.join(", "),
        number(definition.threshold),
        least.unwrap_or_default(),
    )
}

fn filled(missing: usize, as_what: &str) -> String {
    let were = if missing == 1 { "datapoint was" } else { "datapoints were" };
    format!(" and {missing} missing {were} treated as [{as_what}]")
}

/// The values that count, the newest first, with when their periods began.
fn there(windows: &Windows, values: &[Option<f64>], wanted: usize) -> Vec<(i64, f64)> {
    let last = windows.end() - windows.period;
    let timed = values.iter().zip(0..).filter_map(|(value, age)| Some((last - age * windows.period, (*value)?)));
    timed.take(wanted).collect()
}

/// The same as JSON. Periods without a value are told by when they began alone.
pub(super) fn data(
    definition: &Definition,
    windows: &Windows,
    values: &[Option<f64>],
    counts: Option<&BTreeMap<i64, f64>>,
    now: Timestamp,
) -> Json {
    let wanted = definition.periods as usize;
    let mut there = there(windows, values, wanted);
    let last = windows.end() - windows.period;
    let gaps = values.iter().zip(0..).filter(|(value, _)| value.is_none()).map(|(_, age)| last - age * windows.period);
    let mut evaluated: Vec<(i64, Option<f64>)> = there.iter().map(|(at, value)| (*at, Some(*value))).collect();
    evaluated.extend(gaps.take(wanted - there.len()).map(|at| (at, None)));
    evaluated.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let one = |(at, value): &(i64, Option<f64>)| {
        let mut told = json!({"timestamp": stamp(Timestamp::from_millis(at * 1000))});
        if let Some(value) = value {
            if let Some(count) = counts.and_then(|counts| counts.get(at)) {
                told["sampleCount"] = (*count).into();
            }
            told["value"] = (*value).into();
        }
        told
    };
    let evaluated: Vec<Json> = evaluated.iter().map(one).collect();
    there.reverse();
    let mut data = json!({
        "version": "1.0",
        "queryDate": stamp(now),
        "period": windows.period,
        "recentDatapoints": there.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
        "threshold": definition.threshold,
        "evaluatedDatapoints": evaluated,
    });
    if let Some((oldest, _)) = there.first() {
        data["startDate"] = stamp(Timestamp::from_millis(oldest * 1000)).into();
    }
    if let Watched::Metric(metric) = &definition.watched {
        data["statistic"] = metric.stat.to_string().into();
        if let Some(unit) = metric.unit {
            data["unit"] = unit.as_str().into();
        }
    }
    data
}

/// `2026-11-20T16:00:00.000+0000`
pub(super) fn stamp(at: Timestamp) -> String {
    at.iso_millis().replace('Z', "+0000")
}

/// `20/11/26 16:00:00`
fn moment(at: i64) -> String {
    let text = Timestamp::from_millis(at * 1000).iso_seconds();
    format!("{}/{}/{} {}", &text[8..10], &text[5..7], &text[2..4], &text[11..19])
}

/// A number as Java writes it, which always has a fraction.
fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e7).contains(&size) {
        let text = format!("{value:E}");
        return match text.split_once('E') {
            Some((digits, power)) if !digits.contains('.') => format!("{digits}.0E{power}"),
            _ => text,
        };
    }
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_a_fraction() {
        let cases = [
            (5.0, "5.0"),
            (0.0, "0.0"),
            (-2.5, "-2.5"),
            (0.0666851903306472, "0.0666851903306472"),
            (1e7, "1.0E7"),
            (12_345_678.0, "1.2345678E7"),
            (0.000_5, "5.0E-4"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
        assert_eq!(moment(1_795_190_400), "20/11/26 16:00:00");
    }
}
