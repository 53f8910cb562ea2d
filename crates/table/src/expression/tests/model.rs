//! Conditions are held against a model of the language that is slow and obvious: it never sees the text, keeps values
//! as JSON and numbers as whole ones, and asks of every test what AWS's documentation says of it.

use crate::{Names, read_condition};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use types::{Item, Value};

/// A condition as it was drawn.
#[derive(Debug, Clone)]
enum Drawn {
    Compare(Side, &'static str, Side),
    Between(Side, Side, Side),
    In(Side, Vec<Side>),
    Exists(&'static str),
    NotExists(&'static str),
    Type(&'static str, &'static str),
    BeginsWith(Side, Json),
    Contains(Side, Side),
    And(Vec<Drawn>),
    Or(Vec<Drawn>),
    Not(Box<Drawn>),
}

#[derive(Debug, Clone)]
enum Side {
    Path(&'static str),
    Value(Json),
    Size(&'static str),
}

const PATHS: [&str; 8] = ["a", "b", "c", "m.a", "m.b", "l[0]", "l[1].x", "nil.x"];

/// What a path leads to: each step is a look into JSON.
fn find(item: &Json, path: &str) -> Option<Json> {
    let mut at = json!({ "M": item });
    for part in path.replace('[', ".[").split('.') {
        at = match part.strip_prefix('[') {
            Some(index) => at.get("L")?.get(index.trim_end_matches(']').parse::<usize>().ok()?)?.clone(),
            None => at.get("M")?.get(part)?.clone(),
        };
    }
    Some(at)
}

fn kind(value: &Json) -> String {
    value.as_object().unwrap().keys().next().unwrap().clone()
}

fn value(item: &Json, side: &Side) -> Option<Json> {
    match side {
        Side::Path(path) => find(item, path),
        Side::Value(value) => Some(value.clone()),
        Side::Size(path) => {
            let found = find(item, path)?;
            let kind = kind(&found);
            let size = match (&found[&kind], kind.as_str()) {
                (Json::String(text), "S") => text.len(),
                (Json::Object(map), "M") => map.len(),
                (Json::Array(list), _) => list.len(),
                _ => return None,
            };
            Some(json!({ "N": size.to_string() }))
        }
    }
}

/// Two values are equal if they have one type and one content; sets know no order.
fn equal(a: &Json, b: &Json) -> bool {
    let sorted = |value: &Json| {
        let mut value = value.clone();
        for set in ["SS", "NS"] {
            if let Some(members) = value.get_mut(set).and_then(Json::as_array_mut) {
                members.sort_by_key(Json::to_string);
            }
        }
        value
    };
    sorted(a) == sorted(b)
}

fn below(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) if a.contains_key("N") && b.contains_key("N") => {
            let number = |n: &Json| n.as_str().unwrap().parse::<i64>().unwrap();
            number(&a["N"]) < number(&b["N"])
        }
        (Json::Object(a), Json::Object(b)) if a.contains_key("S") && b.contains_key("S") => {
            a["S"].as_str().unwrap().as_bytes() < b["S"].as_str().unwrap().as_bytes()
        }
        _ => false,
    }
}

fn at_most(a: &Json, b: &Json) -> bool {
    below(a, b) || (equal(a, b) && ["S", "N"].contains(&kind(a).as_str()))
}

fn holds(item: &Json, drawn: &Drawn) -> bool {
    let get = |side: &Side| value(item, side);
    match drawn {
        Drawn::Compare(a, sign, b) => {
            let (Some(a), Some(b)) = (get(a), get(b)) else { return *sign == "<>" };
            match *sign {
                "=" => equal(&a, &b),
                "<>" => !equal(&a, &b),
                "<" => below(&a, &b),
                ">" => below(&b, &a),
                "<=" => at_most(&a, &b),
                _ => at_most(&b, &a),
            }
        }
        Drawn::Between(a, low, high) => match (get(a), get(low), get(high)) {
            (Some(a), Some(low), Some(high)) => at_most(&low, &a) && at_most(&a, &high),
            _ => false,
        },
        Drawn::In(a, others) => {
            let Some(a) = get(a) else { return false };
            others.iter().filter_map(get).any(|other| equal(&a, &other))
        }
        Drawn::Exists(path) => find(item, path).is_some(),
        Drawn::NotExists(path) => find(item, path).is_none(),
        Drawn::Type(path, expected) => find(item, path).is_some_and(|found| kind(&found) == *expected),
        Drawn::BeginsWith(a, start) => match (get(a), start["S"].as_str()) {
            (Some(a), Some(start)) => a["S"].as_str().is_some_and(|text| text.starts_with(start)),
            _ => false,
        },
        Drawn::Contains(a, part) => {
            let (Some(a), Some(part)) = (get(a), get(part)) else { return false };
            match kind(&a).as_str() {
                "S" => part["S"].as_str().is_some_and(|part| a["S"].as_str().unwrap().contains(part)),
                "SS" => a["SS"].as_array().unwrap().iter().any(|member| Some(member) == part.get("S")),
                "NS" => a["NS"].as_array().unwrap().iter().any(|member| Some(member) == part.get("N")),
                "L" => a["L"].as_array().unwrap().iter().any(|element| equal(element, &part)),
                _ => false,
            }
        }
        Drawn::And(all) => all.iter().all(|one| holds(item, one)),
        Drawn::Or(all) => all.iter().any(|one| holds(item, one)),
        Drawn::Not(one) => !holds(item, one),
    }
}

/// Writes conditions down, with a value of its own for each value.
#[derive(Default)]
struct Writer {
    values: BTreeMap<String, Json>,
}

impl Writer {
    fn value(&mut self, value: &Json) -> String {
        let alias = format!(":v{}", self.values.len());
        self.values.insert(alias.clone(), value.clone());
        alias
    }

    fn side(&mut self, side: &Side) -> String {
        match side {
            Side::Path(path) => named(path),
            Side::Value(value) => self.value(value),
            Side::Size(path) => format!("size({})", named(path)),
        }
    }

    fn sides(&mut self, sides: &[Side]) -> String {
        sides.iter().map(|side| self.side(side)).collect::<Vec<_>>().join(", ")
    }

    /// What stands inside something else gets parentheses where it would be read otherwise.
    fn inner(&mut self, drawn: &Drawn) -> String {
        let text = self.text(drawn);
        let alone = !matches!(drawn, Drawn::And(_) | Drawn::Or(_));
        if alone { text } else { format!("({text})") }
    }

    fn text(&mut self, drawn: &Drawn) -> String {
        let join = |texts: Vec<String>, word: &str| texts.join(&format!(" {word} "));
        match drawn {
            Drawn::Compare(a, sign, b) => format!("{}{sign}{}", self.side(a), self.side(b)),
            Drawn::Between(a, low, high) => {
                format!("{} between {} AND {}", self.side(a), self.side(low), self.side(high))
            }
            Drawn::In(a, others) => format!("{} IN ({})", self.side(a), self.sides(others)),
            Drawn::Exists(path) => format!("attribute_exists({})", named(path)),
            Drawn::NotExists(path) => format!("attribute_not_exists ( {} )", named(path)),
            Drawn::Type(path, kind) => {
                format!("attribute_type({}, {})", named(path), self.value(&json!({ "S": kind })))
            }
            Drawn::BeginsWith(a, start) => format!("begins_with({}, {})", self.side(a), self.value(start)),
            Drawn::Contains(a, part) => format!("contains({}, {})", self.side(a), self.side(part)),
            // `a OR b AND c` needs no parentheses, and is drawn without them.
            Drawn::Or(all) => {
                let texts = all.iter().map(|one| match one {
                    Drawn::And(_) => self.text(one),
                    _ => self.inner(one),
                });
                join(texts.collect(), "or")
            }
            Drawn::And(all) => join(all.iter().map(|one| self.inner(one)).collect(), "AND"),
            Drawn::Not(one) => format!("NOT {}", self.inner(one)),
        }
    }
}

/// The path `c` is written as a name that stands for it.
fn named(path: &str) -> String {
    if path == "c" { "#c".to_owned() } else { path.to_owned() }
}

fn any_scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        3 => (-3i64..4).prop_map(|number| json!({ "N": number.to_string() })),
        3 => "[ab]{0,3}".prop_map(|text| json!({ "S": text })),
    ]
}

fn any_value() -> impl Strategy<Value = Json> {
    prop_oneof![
        6 => any_scalar(),
        1 => any::<bool>().prop_map(|truth| json!({ "BOOL": truth })),
        1 => Just(json!({ "NULL": true })),
        1 => proptest::sample::subsequence(vec!["a", "b", "ab"], 1..3).prop_shuffle().prop_map(|set| json!({ "SS": set })),
        1 => proptest::sample::subsequence(vec!["1", "2", "-3"], 1..3).prop_shuffle().prop_map(|set| json!({ "NS": set })),
        1 => proptest::collection::vec(any_scalar(), 0..3).prop_map(|list| json!({ "L": list })),
    ]
}

fn any_item() -> impl Strategy<Value = Json> {
    let maybe = || proptest::option::of(any_value());
    (maybe(), maybe(), maybe(), maybe(), maybe(), maybe(), maybe()).prop_map(|(a, b, c, ma, mb, l0, l1)| {
        let map = |members: Vec<(&str, Option<Json>)>| {
            let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Json::Object(there.collect())
        };
        let l1 = l1.map(|x| json!({ "M": { "x": x } }));
        let list: Vec<Json> = l0.into_iter().chain(l1).collect();
        let nested = json!({ "M": map(vec![("a", ma), ("b", mb)]) });
        map(vec![("a", a), ("b", b), ("c", c), ("m", Some(nested)), ("l", Some(json!({ "L": list })))])
    })
}

fn any_path() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(PATHS.to_vec())
}

fn any_side(value: impl Strategy<Value = Json>) -> impl Strategy<Value = Side> {
    prop_oneof![
        3 => any_path().prop_map(Side::Path),
        3 => value.prop_map(Side::Value),
        1 => any_path().prop_map(Side::Size),
    ]
}

/// Nothing is held against itself, which is refused.
fn distinct(a: &Side, b: &Side) -> bool {
    !matches!((a, b), (Side::Path(a), Side::Path(b)) if a == b)
}

fn any_test() -> impl Strategy<Value = Drawn> {
    let any = || any_side(any_value());
    let ordered = || any_side(any_scalar());
    let equal = proptest::sample::select(vec!["=", "<>"]);
    let order = proptest::sample::select(vec!["<", "<=", ">", ">="]);
    let kinds = proptest::sample::select(vec!["S", "N", "BOOL", "NULL", "M", "L", "SS", "NS", "B", "BS"]);
    // Bounds are paths: values that lie the wrong way round are refused before they are held against anything.
    let bound = || any_path().prop_map(Side::Path);
    let text_side = any_path().prop_map(Side::Path);
    prop_oneof![
        3 => (any(), equal, any()).prop_filter("distinct", |(a, _, b)| distinct(a, b)).prop_map(|(a, s, b)| Drawn::Compare(a, s, b)),
        3 => (ordered(), order, ordered()).prop_filter("distinct", |(a, _, b)| distinct(a, b)).prop_map(|(a, s, b)| Drawn::Compare(a, s, b)),
        1 => (ordered(), bound(), ordered()).prop_map(|(a, low, high)| Drawn::Between(a, low, high)),
        1 => (any(), proptest::collection::vec(any(), 1..4)).prop_map(|(a, others)| Drawn::In(a, others)),
        1 => any_path().prop_map(Drawn::Exists),
        1 => any_path().prop_map(Drawn::NotExists),
        1 => (any_path(), kinds).prop_map(|(path, kind)| Drawn::Type(path, kind)),
        1 => (text_side, "[ab]{0,2}").prop_map(|(a, start)| Drawn::BeginsWith(a, json!({ "S": start }))),
        2 => (any_path().prop_map(Side::Path), any()).prop_filter("distinct", |(a, b)| distinct(a, b)).prop_map(|(a, b)| Drawn::Contains(a, b)),
    ]
}

fn any_condition() -> impl Strategy<Value = Drawn> {
    any_test().prop_recursive(4, 20, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Drawn::And),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Drawn::Or),
            inner.prop_map(|one| Drawn::Not(Box::new(one))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Whatever condition is drawn, written down and read: it holds on an item if the model says so.
    #[test]
    fn conditions_hold_as_the_model_says(drawn in any_condition(), item in any_item()) {
        let mut writer = Writer::default();
        let text = writer.text(&drawn);
        prop_assume!(text.len() <= 4096);
        let values = writer.values.iter().map(|(alias, json)| (alias.clone(), Value::from_json(json, "").unwrap()));
        let names = Names::new([("#c".to_owned(), "c".to_owned())], values);
        let condition = read_condition(&text, &names);
        prop_assert!(condition.is_ok(), "{}: {:?}", text, condition);
        let kept = Item::from_json(&item, "").unwrap();
        prop_assert_eq!(condition.unwrap().holds(Some(&kept)), holds(&item, &drawn), "{} on {}", text, item);
        prop_assert!(names.unused_values().is_empty());
    }
}
