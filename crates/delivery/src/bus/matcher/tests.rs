//! The rules that match are those that match by themselves.

use super::*;
use pattern::Dialect;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

fn alternative() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => select(vec!["a", "b", "c", "d", "10.0.0.1"]).prop_map(Value::from),
        1 => (0..4).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => (0..4).prop_map(|bound| json!({"numeric": [">", bound]})),
        1 => select(vec!["a", "b"]).prop_map(|text| json!({"anything-but": text})),
        1 => select(vec!["a*", "*b", "*"]).prop_map(|text| json!({"wildcard": text})),
        1 => any::<bool>().prop_map(|exists| json!({"exists": exists})),
        1 => Just(json!({"cidr": "10.0.0.0/24"})),
        1 => Just(json!({"prefix": "a"})),
    ]
}

fn alternatives() -> impl Strategy<Value = Value> {
    proptest::collection::vec(alternative(), 1..3).prop_map(Value::from)
}

/// Half of the rules have a plain field and a costly one, as gates want it.
fn rule() -> impl Strategy<Value = String> {
    let key = || select(vec!["source", "detail-type", "x", "y.z", "y"]);
    let fields = proptest::collection::btree_map(key(), alternatives(), 1..4);
    let value = prop_oneof![
        select(vec!["a", "b", "c", "d"]).prop_map(Value::from),
        select(vec!["a", "ab", "b"]).prop_map(|text| json!({"prefix": text})),
    ];
    let plain = (select(vec!["source", "x"]), value);
    let or = proptest::option::weighted(0.2, (key(), alternatives(), key(), alternatives()));
    (fields, proptest::option::of(plain), or).prop_map(|(fields, plain, or)| {
        let mut pattern = serde_json::Map::new();
        for (key, alternatives) in fields {
            match key {
                "x" => pattern.insert("detail".to_owned(), json!({"x": alternatives, "w": {"v": ["a", "b"]}})),
                "y" => pattern.insert("detail.y".to_owned(), json!({"z": alternatives})),
                "y.z" => pattern.insert("detail.y.z".to_owned(), alternatives),
                key => pattern.insert(key.to_owned(), alternatives),
            };
        }
        if let Some((key, value)) = plain {
            let key = if key == "x" { "detail.k" } else { key };
            pattern.insert(key.to_owned(), json!([value]));
        }
        if let Some((one, first, other, second)) = or {
            pattern.insert("$or".to_owned(), json!([{one: first}, {"detail": {other: second}}]));
        }
        Value::Object(pattern).to_string()
    })
}

fn event() -> impl Strategy<Value = Value> {
    let scalar = || {
        prop_oneof![
            4 => select(vec!["a", "b", "c", "ab", "10.0.0.1"]).prop_map(Value::from),
            1 => (0..4).prop_map(Value::from),
            1 => any::<bool>().prop_map(Value::from),
            1 => Just(Value::Null),
            1 => proptest::collection::vec(select(vec!["a", "b", "d"]), 0..3).prop_map(Value::from),
        ]
    };
    (scalar(), scalar(), scalar(), scalar(), scalar(), scalar()).prop_map(|(source, kind, k, x, z, v)| {
        json!({"source": source, "detail-type": kind, "detail": {"k": k, "x": x, "y": [{"z": z}, {"z": "c"}], "w": {"v": v}}})
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// All rules together say of every event what each says by itself.
    #[test]
    fn rules_match_together_as_they_do_alone(
        rules in proptest::collection::vec(rule(), 0..60),
        events in proptest::collection::vec(event(), 1..8),
    ) {
        let patterns: Vec<Pattern> =
            rules.iter().filter_map(|text| Pattern::parse(text, Dialect::Bus).ok()).collect();
        let matcher = BusMatcher::new(patterns.iter().enumerate());
        let mut scratch = MatchScratch::default();
        for event in events {
            let text = event.to_string();
            let together: Vec<usize> = matcher.matches(text.as_bytes(), &mut scratch).unwrap().copied().collect();
            let alone: Vec<usize> = (0..patterns.len())
                .filter(|rule| patterns[*rule].matches_json(text.as_bytes()).unwrap())
                .collect();
            prop_assert_eq!(together, alone, "{} on {:?}", text, rules);
        }
    }
}

#[test]
fn the_property_has_gates_to_pass() {
    let rules: Vec<String> = (0..20)
        .map(|number| format!(r#"{{"source":["s{number}"],"detail":{{"total":[{{"numeric":[">",{number}]}}]}}}}"#))
        .collect();
    let patterns: Vec<Pattern> = rules.iter().map(|text| Pattern::parse(text, Dialect::Bus).unwrap()).collect();
    let matcher = BusMatcher::new(patterns.iter().enumerate());
    assert_eq!((matcher.gated.len(), matcher.len()), (20, 20));
    let mut scratch = MatchScratch::default();
    let mut matched =
        |event: &str| matcher.matches(event.as_bytes(), &mut scratch).unwrap().copied().collect::<Vec<_>>();
    assert_eq!(matched(r#"{"source":"s7","detail":{"total":8}}"#), [7]);
    assert_eq!(matched(r#"{"source":"s7","detail":{"total":7}}"#), [0_usize; 0]);
    assert_eq!(matched(r#"{"source":["s7","s3"],"detail":{"total":7}}"#), [3]);
}

#[test]
fn what_is_no_event_is_an_error() {
    let pattern = Pattern::parse(r#"{"source":["a"]}"#, Dialect::Bus).unwrap();
    let matcher = BusMatcher::new([((), &pattern)]);
    assert!(matcher.matches(b"[]", &mut MatchScratch::default()).is_err());
    assert!(BusMatcher::<()>::default().is_empty());
}
