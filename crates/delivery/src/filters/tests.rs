//! Facts about filters, each by itself; and that a record matches as its JSON does, whatever both are.

use super::*;
use crate::lane::fixture::{self, any_record};
use pattern::{Kind, Node as _};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};
use std::ops::ControlFlow;
use std::sync::Arc;
use types::{Change, ChangeKind, Item, Value};

fn filters(patterns: &[Json]) -> Filters {
    let texts: Vec<String> = patterns.iter().map(Json::to_string).collect();
    Filters::parse(&texts).unwrap()
}

/// Status and amount before and after, as system A's table has them.
fn order(old: Option<&str>, new: Option<&str>) -> Record {
    let image = |status: &str| {
        let amount = Value::N("1500.0".parse().unwrap());
        Item::from([("orderId", "ORD-1".into()), ("status", status.into()), ("amount", amount)])
    };
    let kind = match (old, new) {
        (None, _) => ChangeKind::Insert,
        (Some(_), Some(_)) => ChangeKind::Modify,
        (Some(_), None) => ChangeKind::Remove,
    };
    let sample = fixture::record(1);
    let change = Change { kind, old: old.map(image), new: new.map(image), ..(*sample.change).clone() };
    Record { change: Arc::new(change), ..sample }
}

#[test]
fn without_filters_everything_passes() {
    assert!(Filters::parse::<&str>(&[]).unwrap().passes(&order(None, Some("pending"))));
}

#[test]
fn one_filter_that_matches_is_enough() {
    let shipped = json!({"eventName": ["MODIFY"], "dynamodb": {
        "OldImage": {"status": {"S": ["pending"]}}, "NewImage": {"status": {"S": ["shipped"]}}}});
    let removed = json!({"eventName": ["REMOVE"]});
    let filters = filters(&[shipped, removed]);
    let cases = [
        (None, Some("pending"), false),
        (Some("pending"), Some("shipped"), true),
        (Some("shipped"), Some("pending"), false),
        (Some("pending"), None, true),
    ];
    for (old, new, expected) in cases {
        let record = order(old, new);
        assert_eq!(filters.passes(&record), expected, "{old:?} {new:?}");
        let explained: Vec<bool> = filters.explain(&record).iter().map(|explanation| explanation.matched).collect();
        assert_eq!(explained.len(), 2);
        assert_eq!(explained.contains(&true), expected, "{old:?} {new:?}");
    }
}

#[test]
fn numbers_are_texts_in_their_canonical_spelling() {
    let record = order(None, Some("pending"));
    let cases = [
        (json!(["1500"]), true),
        (json!(["1500.0"]), false),
        (json!([1500]), false),
        (json!([{"numeric": [">", 100]}]), false),
        (json!([{"prefix": "15"}]), true),
    ];
    for (alternatives, expected) in cases {
        let filters = filters(&[json!({"dynamodb": {"NewImage": {"amount": {"N": alternatives}}}})]);
        assert_eq!(filters.passes(&record), expected, "{alternatives}");
    }
}

/// Numbers and the record's own counts have no text in memory; theirs is written into memory that is kept.
#[test]
fn a_record_is_filtered_without_allocating() {
    let filters = filters(&[
        json!({"eventName": ["MODIFY"], "dynamodb": {
            "OldImage": {"status": {"S": ["pending"]}, "amount": {"N": [{"prefix": "15"}]}},
            "NewImage": {"status": {"S": [{"anything-but": "pending"}]}, "tier": {"S": [{"exists": false}]}},
            "SizeBytes": [{"numeric": [">", 0]}], "SequenceNumber": [{"wildcard": "*1*"}]}}),
        json!({"eventName": ["REMOVE"]}),
    ]);
    let records = [(Some("pending"), Some("shipped"), true), (None, Some("pending"), false)];
    let records = records.map(|(old, new, passes)| (order(old, new), passes));
    let all = || records.iter().all(|(record, passes)| filters.passes(record) == *passes);
    assert!(all());
    let mut again = false;
    let allocations = allocation_counter::measure(|| again = all());
    assert!(again);
    assert_eq!(allocations.count_total, 0, "{allocations:?}");
}

#[test]
fn what_a_poller_adds_is_not_there_to_be_matched() {
    let record = order(None, Some("pending"));
    for field in ["eventSource", "awsRegion", "eventSourceARN", "eventVersion"] {
        assert!(!filters(&[json!({ field: [{"exists": true}] })]).passes(&record), "{field}");
        assert!(filters(&[json!({ field: [{"exists": false}] })]).passes(&record), "{field}");
    }
    for field in ["eventID", "eventName"] {
        assert!(filters(&[json!({ field: [{"exists": true}] })]).passes(&record), "{field}");
    }
}

#[test]
fn removal_by_the_service_can_be_told() {
    let by_service = json!({"userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]}});
    let record = order(Some("pending"), None);
    let expired = Change { by_service: true, ..(*record.change).clone() };
    assert!(!filters(std::slice::from_ref(&by_service)).passes(&record));
    assert!(filters(&[by_service]).passes(&Record { change: Arc::new(expired), ..record }));
}

#[test]
fn faulty_filters_are_refused_with_their_place() {
    let good = r#"{"eventName": ["INSERT"]}"#;
    let error = Filters::parse(&[good, r#"{"eventName": "INSERT"}"#]).unwrap_err();
    assert!(matches!(error, FilterError::Invalid { index: 1, .. }), "{error}");
    assert!(error.to_string().starts_with("filter 2: "), "{error}");
    assert_eq!(Filters::parse(&[good; 6]).unwrap_err(), FilterError::TooMany { count: 6 });
    // Nested forms of anything-but are the bus's alone.
    let bus_only = r#"{"eventName": [{"anything-but": {"prefix": "x"}}]}"#;
    assert!(Filters::parse(&[bus_only]).is_err());
}

/// The record's JSON as filters see it.
fn seen(record: &Record) -> Json {
    let mut json = serde_json::to_value(record).unwrap();
    let members = json.as_object_mut().unwrap();
    for added in ["eventSource", "awsRegion", "eventSourceARN", "eventVersion"] {
        members.remove(added);
    }
    json
}

/// What a matcher that goes through everything finds.
fn walked(view: View<'_>) -> Json {
    let mut members = serde_json::Map::new();
    let mut elements = Vec::new();
    match view.kind() {
        Kind::Object => {
            let _ = view.fields(&mut |name, field| {
                assert!(members.insert(name.to_owned(), walked(field)).is_none(), "{name} is there twice");
                // What is found by going through all is found by its name too.
                assert_eq!(view.get(name).map(walked).as_ref(), members.get(name), "{name}");
                ControlFlow::Continue(())
            });
            assert!(view.get("no such name").is_none());
            Json::Object(members)
        }
        Kind::Array => {
            let _ = view.elements(&mut |element| {
                elements.push(walked(element));
                ControlFlow::Continue(())
            });
            Json::Array(elements)
        }
        Kind::String => Json::String(view.text(&mut String::new()).to_owned()),
        Kind::Number => serde_json::from_str(view.text(&mut String::new())).unwrap(),
        Kind::Bool(truth) => Json::Bool(truth),
        Kind::Null => Json::Null,
    }
}

/// All paths of an event that end at a scalar, with that scalar.
fn leaves(json: &Json, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Json)>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                path.push(name.clone());
                leaves(value, path, found);
                path.pop();
            }
        }
        Json::Array(elements) => elements.iter().for_each(|element| leaves(element, path, found)),
        scalar => found.push((path.clone(), scalar.clone())),
    }
}

/// A pattern about some leaves of this event, some of it right and some of it wrong.
fn pattern_about(event: &Json, choices: &[(prop::sample::Index, u8)]) -> Json {
    let mut found = Vec::new();
    leaves(event, &mut Vec::new(), &mut found);
    let mut pattern = json!({});
    for (index, twist) in choices {
        let (path, scalar) = index.get(&found);
        let alternatives = match twist % 8 {
            0 | 1 => json!([scalar]),
            2 => json!([{"exists": true}]),
            3 => json!([{"exists": false}]),
            4 => json!(["x", false, 0]),
            5 => json!([{"prefix": "1"}]),
            6 => json!([{"anything-but": "x"}]),
            _ => json!([{"numeric": [">", 0]}]),
        };
        let mut place = &mut pattern;
        for (depth, name) in path.iter().enumerate() {
            let members = place.as_object_mut().expect("no leaf's path runs through another leaf's list");
            if depth + 1 == path.len() {
                members.entry(name.clone()).or_insert(alternatives.clone());
                break;
            }
            place = members.entry(name.clone()).or_insert_with(|| json!({}));
            // Arrays add nothing to a path, so one leaf's path can be the beginning of another's.
            if !place.is_object() {
                break;
            }
        }
    }
    pattern
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Whatever the record, going through it finds what its JSON holds.
    #[test]
    fn a_record_looks_as_its_json_does(record in any_record()) {
        prop_assert_eq!(walked(View::of(&record)), seen(&record));
    }

    /// Whatever the record and the pattern, matching the record as it lies in memory says what matching its JSON says.
    #[test]
    fn records_match_as_their_json_does(
        record in any_record(), choices in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let json = seen(&record);
        let text = pattern_about(&json, &choices).to_string();
        let filters = Filters::parse(&[&text]).unwrap();
        let expected = filters.patterns()[0].matches_json(json.to_string().as_bytes()).unwrap();
        prop_assert_eq!(filters.passes(&record), expected, "{} on {}", text, json);
        prop_assert_eq!(filters.explain(&record)[0].matched, expected, "{} on {}", text, json);
    }
}

/// The promise above is about something: patterns about a record often match it, and often do not.
#[test]
fn the_patterns_match_and_miss() {
    let mut runner = TestRunner::deterministic();
    let choices = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    let matched = |_: &u32| {
        let record = any_record().new_tree(&mut runner).unwrap().current();
        let choices = choices.new_tree(&mut runner).unwrap().current();
        filters(&[pattern_about(&seen(&record), &choices)]).passes(&record)
    };
    let matches = (0..1000).filter(matched).count();
    assert!((100..900).contains(&matches), "{matches} of 1000");
}

#[test]
fn messages_are_filtered_by_what_their_body_holds() {
    let cases = [
        (r#"{"body":{"status":["PENDING"]}}"#, r#"{"status":"PENDING"}"#, true),
        (r#"{"body":{"status":["PENDING"]}}"#, r#"{"status":"DONE"}"#, false),
        (r#"{"body":{"status":["PENDING"]}}"#, "status PENDING", false),
        (r#"{"body":["hello"]}"#, "hello", true),
        (r#"{"body":["hello"]}"#, r#"{"hello":1}"#, false),
        (r#"{"body":[{"prefix":"he"}]}"#, "he said \"no\"", true),
        (r#"{"body":{"a":[1]}}"#, "{ not json", false),
    ];
    for (pattern, body, expected) in cases {
        let filters = Filters::parse(&[pattern]).unwrap();
        assert_eq!(filters.passes_message(body), expected, "{pattern} on {body}");
    }
    assert!(Filters::parse::<&str>(&[]).unwrap().passes_message("anything"));
}

#[test]
fn a_pipe_sees_all_of_a_message_but_where_it_comes_from() {
    let record = |body: &str| {
        json!({
            "messageId": "m1", "body": body, "attributes": {"SenderId": "AIDA"}, "awsRegion": "us-east-1",
            "messageAttributes": {"kind": {"stringValue": "order", "dataType": "String"}},
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:q",
        })
        .to_string()
    };
    let cases = [
        (r#"{"body":{"n":[7]}}"#, r#"{"n":7}"#, true),
        (r#"{"body":{"n":[7]}}"#, r#"{"n":8}"#, false),
        (r#"{"body":{"n":[7]}}"#, "n is 7", false),
        (r#"{"body":["new"]}"#, "new", true),
        (r#"{"body":["new"]}"#, r#"{"new":1}"#, false),
        (r#"{"messageAttributes":{"kind":{"stringValue":["order"]}}}"#, "x", true),
        (r#"{"messageAttributes":{"kind":{"stringValue":["refund"]}}}"#, "x", false),
        (r#"{"attributes":{"SenderId":["AIDA"]},"body":["x"]}"#, "x", true),
        (r#"{"eventSource":["aws:sqs"]}"#, "x", false),
        (r#"{"awsRegion":[{"exists":false}]}"#, "x", true),
    ];
    for (pattern, body, expected) in cases {
        let filters = Filters::parse(&[pattern]).unwrap();
        assert_eq!(filters.passes_received(&record(body)), expected, "{pattern} on {body}");
    }
    assert!(Filters::parse::<&str>(&[]).unwrap().passes_received("anything"));
}
