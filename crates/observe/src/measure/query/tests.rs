//! Queries against a model that walks over every single value.

use super::super::{Datum, Ledger, Series, SeriesId};
use super::*;
use proptest::prelude::*;
use types::Timestamp;

fn metric(id: &str, period: i64) -> Query {
    let what = MetricStat { metric: Metric::new("N", id, &[]), period, stat: Stat::Sum, unit: None };
    Query { id: id.to_owned(), label: None, returned: false, what: What::Metric(what) }
}

fn expression(id: &str, text: &str) -> Result<Query, ExpressionError> {
    let what = What::Expression(Expression::parse(text)?);
    Ok(Query { id: id.to_owned(), label: None, returned: true, what })
}

/// What `text` comes to over three minutes, where `a` brought 1, nothing, 3, `b` brought 10, 20, nothing, `z` zeros.
fn calculated(text: &str) -> Result<String, String> {
    let queries = [metric("a", 60), metric("b", 60), metric("z", 60)];
    let asked = expression("e", text).map_err(|error| error.to_string())?;
    let queries: Vec<Query> = queries.into_iter().chain([asked]).collect();
    let windows = |period| Windows { start: 0, period, count: 3 };
    let found = run::<std::convert::Infallible>(&queries, &windows, &mut |asked, _| {
        let values: &[(i64, f64)] = match &*asked.metric.name {
            "a" => &[(0, 1.0), (120, 3.0)],
            "b" => &[(0, 10.0), (60, 20.0)],
            _ => &[(0, 0.0), (60, 0.0), (120, 0.0)],
        };
        let totals = values.iter().map(|(at, value)| (*at, Statistics::of(*value))).collect();
        Ok(Measured { totals, units: Vec::new() })
    });
    match found {
        Ok(found) => {
            let one = |found: &Found| {
                let value =
                    |at| found.points.iter().find(|(known, _)| *known == at).map(|(_, value)| value.to_string());
                [0, 60, 120].map(|at| value(at).unwrap_or_else(|| "-".to_owned())).join(" ")
            };
            Ok(found.iter().map(one).collect::<Vec<_>>().join(" | "))
        }
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn expressions_calculate() {
    let cases = [
        ("a", "1 - 3"),
        ("a + b", "11 - -"),
        ("b - a * 2 + 1", "9 - -"),
        ("(b - a) * 2", "18 - -"),
        ("-a ^ 2", "-1 - -9"),
        ("2 ^ 3 ^ 2 + z", "512 512 512"),
        ("100 * a / b", "10 - -"),
        ("a / z", "- - -"),
        ("SUM([a, b])", "11 20 3"),
        ("SUM(METRICS())", "11 20 3"),
        ("AVG([a, b, z])", "3.6666666666666665 10 1.5"),
        ("MIN([a, b]) + MAX([a, b])", "11 40 6"),
        ("z + SUM(a)", "4 4 4"),
        ("z + AVG(b)", "15 15 15"),
        ("FILL(a, 0)", "1 0 3"),
        ("FILL(a, REPEAT) + FILL(b, REPEAT)", "11 21 23"),
        ("FILL(a, LINEAR)", "1 2 3"),
        ("FILL(b, LINEAR)", "10 20 -"),
        ("FILL(a, b)", "1 20 3"),
        ("FILL(METRICS(), 7)", "1 7 3 | 10 20 7 | 0 0 0"),
        ("IF(a > 2, 1, 0)", "0 - 1"),
        ("IF(FILL(a, 0) >= 1 AND b, b, z)", "10 0 -"),
        ("IF(a == 3, 5)", "- - 5"),
        ("z + PERIOD(a)", "60 60 60"),
        ("ABS(-a) + CEIL(a / 2) + FLOOR(a / 2)", "2 - 6"),
        ("a < 2 || a > 2", "1 - 1"),
    ];
    for (text, expected) in cases {
        assert_eq!(calculated(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_not_calculated_is_refused() {
    let cases = [
        ("a +", "character 4 of the expression: a number, the id"),
        ("a b", "character 3 of the expression: an operator"),
        ("A", "character 1 of the expression: ids begin"),
        ("(a", "character 3 of the expression: ')' must"),
        ("1.2.3 * a", "character 1 of the expression: this is no number"),
        ("FILL(a)", "takes 2 arguments, not 1"),
        ("SEARCH('{N} x', 'Sum', 60)", "the function SEARCH is not handled"),
        ("ANOMALY_DETECTION_BAND(a)", "the function ANOMALY_DETECTION_BAND is not handled"),
        ("none", "no query has the id none"),
        ("e + 1", "depends on itself"),
        ("SUM(a)", "it gives a number"),
        ("SUM(1)", "take metrics"),
        ("a + METRICS()", "cannot stand to the right"),
        ("a + REPEAT", "stand in FILL alone"),
    ];
    for (text, expected) in cases {
        let said = calculated(text).expect_err(text);
        assert!(said.contains(expected), "{text}: {said}");
    }
    let deep = format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(calculated(&deep).is_err());
    let deep = format!("{}a", "-".repeat(2_000));
    assert!(calculated(&deep).unwrap_err().contains("nests deeper"));
}

#[test]
fn a_fault_is_found_without_data() {
    let fine = [metric("a", 60), expression("e", "SUM([a]) / a").unwrap()];
    assert_eq!(check(&fine), Ok(()));
    let circle = [expression("x", "y").unwrap(), expression("y", "x").unwrap()];
    assert!(check(&circle).unwrap_err().to_string().contains("depends on itself"));
}

/// Seconds, values, whether they are fine.
fn records() -> impl Strategy<Value = Vec<(i64, i32, bool)>> {
    proptest::collection::vec((0..1200i64, -50..50i32, any::<bool>()), 0..60)
}

proptest! {
    /// Minutes, wherever they were written down in between, add up to what every single value does.
    #[test]
    fn minutes_add_up_to_periods(
        records in records(),
        split in 0..60usize,
        period in prop_oneof![Just(1i64), Just(10), Just(30), Just(60), Just(120), Just(300)],
        start in 0..20i64,
        count in 0..40i64,
    ) {
        let series = Series { metric: Metric::new("N", "a", &[]), unit: Unit::NONE };
        let datum = |(second, value, fine): &(i64, i32, bool)| Datum {
            series: series.clone(),
            at: Timestamp::from_millis(second * 1000 + 999),
            values: Statistics::of(f64::from(*value)),
            fine: *fine,
        };
        let mut ledger = Ledger::default();
        let (before, after) = records.split_at(split.min(records.len()));
        before.iter().for_each(|record| ledger.record(&datum(record)).unwrap());
        let written = ledger.take();
        after.iter().for_each(|record| ledger.record(&datum(record)).unwrap());

        let windows = Windows { start: start * 30, period, count };
        let mut found = BTreeMap::new();
        let minutes = windows.minutes();
        let of_written = written.minutes.iter().map(|((_, minute), brought)| (*minute, brought));
        aggregate(of_written.filter(|(minute, _)| minutes.contains(minute)), &windows, &mut found);
        aggregate(ledger.gathered(SeriesId(0), minutes), &windows, &mut found);

        let mut expected: BTreeMap<i64, Vec<i32>> = BTreeMap::new();
        for (second, value, fine) in &records {
            let at = if *fine { *second } else { second / 60 * 60 };
            for number in 0..count {
                let window = start * 30 + number * period;
                if (window..window + period).contains(&at) {
                    expected.entry(window).or_default().push(*value);
                }
            }
        }
        prop_assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (window, values) in expected {
            let told = &found[&window];
            prop_assert_eq!(told.value(Stat::Sum), Some(f64::from(values.iter().sum::<i32>())));
            prop_assert_eq!(told.value(Stat::Maximum), values.iter().max().map(|value| f64::from(*value)));
            prop_assert_eq!(told.count as usize, values.len());
        }
    }
}

#[test]
fn periods_begin_at_multiples_of_their_length() {
    assert_eq!(Windows::between(61, 180, 60), Windows { start: 60, period: 60, count: 2 });
    assert_eq!(Windows::between(61, 181, 60), Windows { start: 60, period: 60, count: 3 });
    assert_eq!(Windows::between(-1, 0, 60), Windows { start: -60, period: 60, count: 1 });
    assert_eq!(Windows::between(100, 100, 300).count, 1);
    assert_eq!(Windows::before(600, 60, 3), Windows { start: 420, period: 60, count: 3 });
}

/// Labels that AWS was recorded to give to metrics without one: what they do not have in common is added to the name.
#[test]
fn labels_say_in_what_metrics_differ() {
    let asked = |stat: &str, period| {
        let metric = Metric::new("N", "metric1", &[]);
        let what = MetricStat { metric, period, stat: Stat::parse(stat).unwrap(), unit: None };
        Query { id: format!("{stat}_{period}"), label: None, returned: true, what: What::Metric(what) }
    };
    let named = Query { label: Some("mine".to_owned()), ..asked("Maximum", 300) };
    let cases = [
        (vec![asked("Sum", 60)], vec!["metric1"]),
        (vec![asked("Sum", 60), asked("Minimum", 30)], vec!["metric1 Sum 60", "metric1 Minimum 30"]),
        (vec![asked("Sum", 60), asked("Minimum", 60)], vec!["metric1 Sum", "metric1 Minimum"]),
        (vec![asked("Sum", 60), asked("Sum", 30)], vec!["metric1 60", "metric1 30"]),
        (vec![asked("Sum", 60), asked("Sum", 60)], vec!["metric1", "metric1"]),
        (vec![asked("Sum", 60), named], vec!["metric1", "mine"]),
    ];
    for (mut queries, expected) in cases {
        queries.iter_mut().zip(0..).for_each(|(query, number)| query.id = format!("q{number}"));
        let windows = |period| Windows { start: 0, period, count: 1 };
        let found = run::<std::convert::Infallible>(&queries, &windows, &mut |_, _| Ok(Measured::default())).unwrap();
        assert_eq!(found.iter().map(|found| found.label.as_str()).collect::<Vec<_>>(), expected);
    }
}

/// Of several units AWS was recorded to take the first by name, and to tell all.
#[test]
fn the_first_of_several_units_is_taken() {
    let of = |units: &[(Unit, f64)]| {
        let totals = |value: f64| [(0, Statistics::of(value))].into();
        Measured::of(units.iter().map(|(unit, value)| (*unit, totals(*value))).collect())
    };
    let several = of(&[(Unit::SECONDS, 60.0), (Unit::MILLISECONDS, 60_000.0), (Unit::COUNT, 5.0)]);
    assert_eq!(several.totals[&0].sum, 5.0);
    assert_eq!(several.units, [Unit::COUNT, Unit::MILLISECONDS, Unit::SECONDS]);
    let one = of(&[(Unit::SECONDS, 60.0)]);
    assert_eq!((one.totals[&0].sum, one.units.len()), (60.0, 0));
    let empty = [(Unit::COUNT, BTreeMap::new()), (Unit::SECONDS, [(0, Statistics::of(1.0))].into())];
    assert_eq!(Measured::of(empty.into()).units, []);
    assert_eq!(Measured::of(SortedMap::new()), Measured::default());
}
