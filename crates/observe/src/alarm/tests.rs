//! Alarms against the tables of AWS's documentation, and against a slow model.

use super::*;
use crate::measure::{Metric, Stat, Unit};
use proptest::prelude::*;
use types::Account;

fn definition(periods: u32, datapoints: Option<u32>, missing: Missing) -> Definition {
    let metric = Metric::new("N", "m", &[("A", "b")]);
    Definition {
        name: "hot".to_owned(),
        description: None,
        actions_enabled: true,
        ok_actions: Vec::new(),
        alarm_actions: vec!["arn:aws:sqs:us-east-1:000000000000:q".to_owned()],
        insufficient_data_actions: Vec::new(),
        watched: Watched::Metric(MetricStat { metric, period: 60, stat: Stat::Average, unit: None }),
        periods,
        datapoints,
        threshold: 3.0,
        comparison: Comparison::GreaterThanThreshold,
        missing: Some(missing),
        tags: SortedMap::new(),
    }
}

/// `0 - X`, the newest on the right, as values, the newest first.
fn values(picture: &str) -> Vec<Option<f64>> {
    let value = |mark| match mark {
        "X" => Some(5.0),
        "0" => Some(1.0),
        _ => None,
    };
    picture.split(' ').rev().map(value).collect()
}

const TREATMENTS: [Missing; 4] = [Missing::Missing, Missing::Ignore, Missing::Breaching, Missing::NotBreaching];

/// The two tables of "Configuring how CloudWatch alarms treat missing data", and what stands below them.
#[test]
fn states_are_those_of_the_documentation() {
    let (ok, rings, unknown) =
        (Judgement::Is(State::Ok), Judgement::Is(State::Alarm), Judgement::Is(State::InsufficientData));
    let stays = Judgement::Stays;
    let cases = [
        (3, "0 - X - X", [ok, ok, ok, ok]),
        (3, "0 - - - -", [ok, ok, ok, ok]),
        (3, "- - - - -", [unknown, stays, rings, ok]),
        (3, "0 X X - X", [rings, rings, rings, rings]),
        (3, "- - X - -", [rings, stays, rings, ok]),
        (2, "0 - X - X", [rings, rings, rings, rings]),
        (2, "0 0 X 0 X", [rings, rings, rings, rings]),
        (2, "0 - X - -", [ok, ok, rings, ok]),
        (2, "- - - - 0", [ok, ok, rings, ok]),
        (2, "- - - X -", [rings, stays, rings, ok]),
        (3, "- - - - X", [stays, stays, rings, ok]),
        (3, "- - - X -", [stays, stays, rings, ok]),
    ];
    for (datapoints, picture, expected) in cases {
        for (missing, expected) in TREATMENTS.into_iter().zip(expected) {
            let definition = definition(3, Some(datapoints), missing);
            let judged = judge(&definition, &values(picture), State::Ok);
            assert_eq!(judged, expected, "{datapoints} of 3, {picture}, {missing:?}");
        }
    }
}

#[test]
fn tables_metrics_ignore_what_is_missing() {
    let mut alarm = definition(1, None, Missing::Breaching);
    let Watched::Metric(watched) = &mut alarm.watched else { panic!("it watches a metric") };
    watched.metric.namespace = "AWS/DynamoDB".into();
    assert_eq!(judge(&alarm, &[None, None, None], State::Ok), Judgement::Stays);
}

proptest! {
    /// The state that walking through what the documentation says gives, one sentence after the other.
    #[test]
    fn the_rule_is_what_the_sentences_say(
        values in proptest::collection::vec(proptest::option::of(prop_oneof![Just(1.0), Just(5.0)]), 1..9),
        share in 0.0..1.0f64,
        treatment in 0..4usize,
    ) {
        let periods = u32::try_from(values.len().saturating_sub(2).max(1)).unwrap();
        let datapoints = 1 + (f64::from(periods) * share) as u32;
        let alarm = definition(periods, Some(datapoints), TREATMENTS[treatment]);
        let judged = judge(&alarm, &values, State::Ok);

        let mut counted = Vec::new();
        for value in values.iter().flatten() {
            if counted.len() < periods as usize {
                counted.push(*value > 3.0);
            }
        }
        let (real, real_bad) = (counted.len(), counted.iter().filter(|bad| **bad).count() as u32);
        while counted.len() < periods as usize && treatment >= 2 {
            counted.push(treatment == 2);
        }
        let bad = counted.iter().filter(|bad| **bad).count() as u32;
        let expected = if bad >= datapoints {
            Judgement::Is(State::Alarm)
        } else if counted.len() == periods as usize || real as u32 > real_bad {
            Judgement::Is(State::Ok)
        } else if treatment == 1 {
            Judgement::Stays
        } else if real == 0 {
            Judgement::Is(State::InsufficientData)
        } else {
            let mut oldest = 0;
            for (age, value) in values.iter().enumerate() {
                if value.is_some() {
                    oldest = age + 1;
                }
            }
            if oldest >= datapoints as usize { Judgement::Is(State::Alarm) } else { Judgement::Stays }
        };
        prop_assert_eq!(judged, expected);
    }
}

/// 2026-11-20T16:03:00Z
const AT: i64 = 1_795_190_580;

fn evaluated(definition: Definition, picture: &str) -> (Alarm, Option<Transition>) {
    let missing = definition.treats_missing();
    let now = Timestamp::from_millis(AT * 1000 + 12_000);
    let windows = definition.windows(now, 60);
    let mut alarm = Alarm::new(definition, None, now);
    alarm.status.state = match (picture.contains(['X', '0']), missing) {
        (true, _) if !picture.contains('X') => State::Alarm,
        (false, Missing::Breaching) | (true, _) => State::Ok,
        (false, _) => State::Alarm,
    };
    let values = values(picture);
    let timed: Vec<(i64, f64)> =
        values.iter().zip(1..).filter_map(|(value, age)| Some((AT - age * 60, (*value)?))).collect();
    let counts = timed.iter().map(|(at, _)| (*at, 2.0)).collect();
    let found = Found { id: "m1".to_owned(), label: "m".to_owned(), points: timed, counts, units: Vec::new() };
    let transition = alarm.evaluate(&[found], &windows, now);
    (alarm, transition)
}

/// Texts that AWS's alarms were seen to give.
#[test]
fn reasons_read_as_those_of_aws() {
    let cases = [
        (
            1,
            Some(1),
            Missing::Missing,
            "- - X",
            "Threshold Crossed: 1 out of the last 1 datapoints [5.0 (20/11/26 16:02:00)] was greater than the threshold (3.0) (minimum 1 datapoint for OK -> ALARM transition).",
        ),
        (
            1,
            Some(1),
            Missing::Missing,
            "- - 0",
            "Threshold Crossed: 1 out of the last 1 datapoints [1.0 (20/11/26 16:02:00)] was not greater than the threshold (3.0) (minimum 1 datapoint for ALARM -> OK transition).",
        ),
        (
            1,
            None,
            Missing::Missing,
            "- - X",
            "Threshold Crossed: 1 datapoint [5.0 (20/11/26 16:02:00)] was greater than the threshold (3.0).",
        ),
        (
            2,
            None,
            Missing::Missing,
            "- - X X",
            "Threshold Crossed: 2 datapoints [5.0 (20/11/26 16:02:00), 5.0 (20/11/26 16:01:00)] were greater than the threshold (3.0).",
        ),
        (
            2,
            None,
            Missing::NotBreaching,
            "- - - -",
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [NonBreaching].",
        ),
        (
            1,
            None,
            Missing::NotBreaching,
            "- - -",
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
        ),
        (
            3,
            Some(1),
            Missing::NotBreaching,
            "- - - - X",
            "Threshold Crossed: 1 out of the last 3 datapoints [5.0 (20/11/26 16:02:00)] was greater than the threshold (3.0) and 2 missing datapoints were treated as [NonBreaching] (minimum 1 datapoint for OK -> ALARM transition).",
        ),
        (3, None, Missing::Missing, "- - - - -", "Insufficient Data: 3 datapoints were unknown."),
        (1, None, Missing::Missing, "- - -", "Insufficient Data: 1 datapoint was unknown."),
    ];
    for (periods, datapoints, missing, picture, expected) in cases {
        let (alarm, transition) = evaluated(definition(periods, datapoints, missing), picture);
        assert!(transition.is_some(), "{picture}");
        assert_eq!(alarm.status.reason, expected);
    }
}

#[test]
fn only_changes_are_told() {
    let (mut alarm, transition) = evaluated(definition(1, Some(1), Missing::Missing), "- - X");
    let transition = transition.unwrap();
    assert_eq!(alarm.to_tell(&transition), ["arn:aws:sqs:us-east-1:000000000000:q"]);
    let event = alarm.event(&transition, &Account::default(), "id-1");
    assert_eq!(event["detail-type"], "CloudWatch Alarm State Change");
    assert_eq!(event["resources"][0], "arn:aws:cloudwatch:us-east-1:000000000000:alarm:hot");
    assert_eq!(event["time"], "2026-11-20T16:03:12Z");
    assert_eq!(event["detail"]["state"]["value"], "ALARM");
    assert_eq!(event["detail"]["state"]["timestamp"], "2026-11-20T16:03:12.000+0000");
    assert_eq!(event["detail"]["previousState"]["value"], "OK");
    assert_eq!(event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["dimensions"]["A"], "b");
    let data: serde_json::Value =
        serde_json::from_str(event["detail"]["state"]["reasonData"].as_str().unwrap()).unwrap();
    assert_eq!(data["recentDatapoints"], serde_json::json!([5.0]));
    assert_eq!(data["startDate"], "2026-11-20T16:02:00.000+0000");
    alarm.definition.actions_enabled = false;
    assert!(alarm.to_tell(&transition).is_empty());
    let now = Timestamp::from_millis(AT * 1000);
    let windows = alarm.definition.windows(now, 60);
    let found = Found {
        id: "m1".to_owned(),
        label: String::new(),
        points: vec![(AT - 60, 9.0)],
        counts: std::collections::BTreeMap::new(),
        units: Vec::new(),
    };
    assert_eq!(alarm.evaluate(&[found], &windows, now), None, "it rings already");
}

#[test]
fn what_is_remembered_is_bounded() {
    let (mut alarm, _) = evaluated(definition(1, None, Missing::Missing), "- - X");
    for number in 0..1000 {
        let state = if number % 2 == 0 { State::Ok } else { State::Alarm };
        alarm.take_on(Status { state, reason: String::new(), reason_data: None, at: Timestamp::EPOCH });
    }
    assert_eq!(alarm.history.len(), HISTORY_MAX);
    let kept: Alarm = serde_json::from_value(serde_json::to_value(&alarm).unwrap()).unwrap();
    assert_eq!(kept, alarm);
    let unit = MetricStat {
        metric: Metric::new("a", "b", &[]),
        period: 60,
        stat: Stat::parse("p99.9").unwrap(),
        unit: Some(Unit::COUNT),
    };
    let kept: MetricStat = serde_json::from_value(serde_json::to_value(&unit).unwrap()).unwrap();
    assert_eq!(kept, unit);
}

/// What AWS was recorded to give as the reason's data, and to remember of it.
#[test]
fn reasons_data_is_as_recorded() {
    let base = |recent: serde_json::Value, evaluated: serde_json::Value| {
        serde_json::json!({
            "version": "1.0", "queryDate": "2026-11-20T16:03:12.000+0000", "statistic": "Average", "period": 60,
            "recentDatapoints": recent, "threshold": 3.0, "evaluatedDatapoints": evaluated,
        })
    };
    let stamp = |minute: u8| format!("2026-11-20T16:{minute:02}:00.000+0000");
    let without = serde_json::json!([{"timestamp": stamp(2)}, {"timestamp": stamp(1)}]);
    let mut with =
        base(serde_json::json!([5.0]), serde_json::json!([{"timestamp": stamp(2), "sampleCount": 2.0, "value": 5.0}]));
    with["startDate"] = stamp(2).into();
    let half = serde_json::json!([
        {"timestamp": stamp(2)}, {"timestamp": stamp(1), "sampleCount": 2.0, "value": 5.0},
    ]);
    let mut halfway = base(serde_json::json!([5.0]), half);
    halfway["startDate"] = stamp(1).into();
    let cases = [
        (2, Missing::Breaching, "- - - -", State::Ok, base(serde_json::json!([]), without)),
        (1, Missing::Ignore, "- - X", State::Ok, with),
        (2, Missing::Breaching, "- - X -", State::Ok, halfway),
    ];
    for (periods, missing, picture, from, expected) in cases {
        let now = Timestamp::from_millis(AT * 1000 + 12_000);
        let (mut alarm, _) = evaluated(definition(periods, None, missing), picture);
        let data: serde_json::Value =
            serde_json::from_str(alarm.status.reason_data.as_deref().unwrap_or("null")).unwrap();
        assert_eq!(data, expected, "{picture}");
        alarm.take_on(Status { state: from, reason: "r".to_owned(), reason_data: None, at: now });
        let last: serde_json::Value = serde_json::from_str(&alarm.history.back().unwrap().data).unwrap();
        assert_eq!(last["newState"], serde_json::json!({"stateValue": "OK", "stateReason": "r"}));
        assert_eq!(last["oldState"]["stateReasonData"], expected);
    }
}
