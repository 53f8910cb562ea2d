//! What is measured is kept and added up; alarms outlive restarts, and whoever is to be told is told once.

use crate::fixture::*;
use engine::Engine;
use engine::watch::Round;
use observe::alarm::{Comparison, Definition, Missing, State, Watched};
use observe::measure::query::{MetricStat, Windows};
use observe::measure::{Datum, Metric, Series, Stat, Statistics, Unit};
use proptest::prelude::*;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;
use types::Timestamp;

/// A whole minute.
const NOW: i64 = 1_795_190_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn metric() -> Metric {
    Metric::new("N", "m", &[("A", "b")])
}

fn measure(engine: &Engine, second: i64, value: f64) {
    let series = Series { metric: metric(), unit: Unit::COUNT };
    let datum = Datum { series, at: at(second), values: Statistics::of(value), fine: false };
    engine.watch().measures.record(&[datum], at(NOW)).unwrap();
}

fn sums(engine: &Engine, from: i64, minutes: i64) -> Vec<(i64, f64)> {
    let asked = MetricStat { metric: metric(), period: 60, stat: Stat::Sum, unit: None };
    let windows = Windows { start: from, period: 60, count: minutes };
    let found = engine.watch().measures.read(&asked, &windows).unwrap();
    found.totals.into_iter().map(|(at, values)| (at, values.sum)).collect()
}

fn reopened(engine: Engine, directory: &Path) -> Engine {
    down(engine);
    open(directory)
}

#[test]
fn what_was_written_down_is_added_to_and_survives() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    measure(&engine, NOW, 1.0);
    engine.watch().measures.write_down().unwrap();
    measure(&engine, NOW + 1, 2.0);
    measure(&engine, NOW + 60, 4.0);
    assert_eq!(sums(&engine, NOW, 5), [(NOW, 3.0), (NOW + 60, 4.0)], "on disk and in memory together");
    engine.watch().measures.write_down().unwrap();
    measure(&engine, NOW, 100.0);
    let engine = reopened(engine, directory.path());
    assert_eq!(sums(&engine, NOW, 5), [(NOW, 3.0), (NOW + 60, 4.0)], "what was not written down is gone");
    let listed = engine.watch().measures.list(at(NOW), |_| true, 0, 10);
    assert_eq!(listed.metrics, [metric()]);
    let long_after = at(NOW + 15 * 24 * 3600);
    assert!(engine.watch().measures.list(long_after, |_| true, 0, 10).metrics.is_empty());
    down(engine);
}

#[test]
fn what_is_too_old_or_too_far_ahead_is_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    for second in [NOW - 15 * 24 * 3600, NOW + 3 * 3600, i64::MAX / 2000] {
        measure(&engine, second, 1.0);
    }
    assert!(engine.watch().measures.list(at(NOW), |_| true, 0, 10).metrics.is_empty());
    down(engine);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Written down and reopened wherever, minutes come to what a plain list of all values does.
    #[test]
    fn minutes_are_those_of_a_plain_list(
        acts in proptest::collection::vec(prop_oneof![
            6 => (0..300i64, 1..100i32).prop_map(Some),
            1 => Just(None),
        ], 1..40),
        restart in 0..40usize,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut engine = open(directory.path());
        let mut plain: BTreeMap<i64, f64> = BTreeMap::new();
        for (number, act) in acts.iter().enumerate() {
            match act {
                Some((second, value)) => {
                    measure(&engine, NOW + second, f64::from(*value));
                    *plain.entry(NOW + second / 60 * 60).or_default() += f64::from(*value);
                }
                None => engine.watch().measures.write_down().unwrap(),
            }
            if number == restart {
                engine.watch().measures.write_down().unwrap();
                engine = reopened(engine, directory.path());
            }
            prop_assert_eq!(sums(&engine, NOW, 5), plain.clone().into_iter().collect::<Vec<_>>());
        }
        down(engine);
    }
}

fn alarm(name: &str) -> Definition {
    Definition {
        name: name.to_owned(),
        description: None,
        actions_enabled: true,
        ok_actions: vec!["arn:well".to_owned()],
        alarm_actions: vec!["arn:rings".to_owned(), "arn:broken".to_owned()],
        insufficient_data_actions: Vec::new(),
        watched: Watched::Metric(MetricStat { metric: metric(), period: 60, stat: Stat::Maximum, unit: None }),
        periods: 1,
        datapoints: None,
        threshold: 3.0,
        comparison: Comparison::GreaterThanThreshold,
        missing: Some(Missing::NotBreaching),
        tags: types::SortedMap::new(),
    }
}

#[derive(Default)]
struct Listener {
    told: Vec<(String, String)>,
    deaf: bool,
    /// Whether it cannot take in that an alarm has changed.
    full: bool,
    changed: Vec<String>,
}

impl Round for Listener {
    fn measure(&mut self, _: Timestamp) -> Vec<Datum> {
        Vec::new()
    }

    fn ready(&self) -> bool {
        !self.deaf
    }

    fn changed(&mut self, event: &Json) -> Result<(), String> {
        if self.full {
            return Err("there is no room".to_owned());
        }
        self.changed.push(event["id"].as_str().unwrap().to_owned());
        Ok(())
    }

    fn tell(&mut self, action: &str, event: &Json) -> Result<(), String> {
        self.told.push((action.to_owned(), event["detail"]["state"]["value"].as_str().unwrap().to_owned()));
        if action == "arn:broken" { Err("nobody there".to_owned()) } else { Ok(()) }
    }
}

#[test]
fn a_change_is_told_once_also_after_a_crash_in_between() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    engine.watch().alarms.put(alarm("hot"), None).unwrap();
    measure(&engine, NOW, 5.0);
    let look = |engine: &Engine, second: i64| {
        let watch = engine.watch();
        watch.alarms.evaluate(&watch.measures, at(second), true).unwrap();
    };
    look(&engine, NOW + 60);
    let state = |engine: &Engine| engine.watch().alarms.all()["hot"].status.state;
    assert_eq!(state(&engine), State::Alarm);
    let mut listener = Listener { deaf: true, ..Listener::default() };
    engine.watch().alarms.tell_all(&mut listener);
    assert_eq!(listener.told, []);
    let engine = reopened(engine, directory.path());
    assert_eq!(state(&engine), State::Alarm);
    listener = Listener { full: true, ..Listener::default() };
    engine.watch().alarms.tell_all(&mut listener);
    assert_eq!(listener.told, [], "whoever is told hears of what was taken in");
    listener.full = false;
    engine.watch().alarms.tell_all(&mut listener);
    assert_eq!(listener.changed.len(), 1);
    let rings = |action: &str| (action.to_owned(), "ALARM".to_owned());
    assert_eq!(listener.told, [rings("arn:rings"), rings("arn:broken")]);
    engine.watch().alarms.tell_all(&mut listener);
    let engine = reopened(engine, directory.path());
    engine.watch().alarms.tell_all(&mut listener);
    look(&engine, NOW + 600);
    engine.watch().alarms.tell_all(&mut listener);
    assert_eq!(listener.told[2..], [("arn:well".to_owned(), "OK".to_owned())]);
    let all = engine.watch().alarms.all();
    let summaries: Vec<&str> = all["hot"].history.iter().map(|item| item.summary.as_str()).collect();
    assert_eq!(
        summaries,
        [
            "Alarm \"hot\" created",
            "Alarm updated from INSUFFICIENT_DATA to ALARM",
            "Successfully executed action arn:rings",
            "Failed to execute action arn:broken. Received error: \"nobody there\"",
            "Alarm updated from ALARM to OK",
            "Successfully executed action arn:well",
        ]
    );
    down(engine);
}

#[test]
fn a_stack_has_the_alarms_that_its_template_says() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let alarms = &engine.watch().alarms;
    alarms.put(alarm("by hand"), None).unwrap();
    alarms.of_stack("shop", vec![alarm("a"), alarm("b")], vec![("board".to_owned(), "{}".to_owned())]).unwrap();
    alarms.set_state("a", State::Alarm, "a test".to_owned(), None).unwrap();
    let changed = Definition { threshold: 9.0, ..alarm("a") };
    alarms.of_stack("shop", vec![changed.clone()], Vec::new()).unwrap();
    let all = alarms.all();
    assert_eq!(all.keys().collect::<Vec<_>>(), ["a", "by hand"]);
    assert_eq!((all["a"].status.state, &all["a"].definition), (State::Alarm, &changed), "its state stays");
    assert!(alarms.dashboards().is_empty());
    down(engine);
}
