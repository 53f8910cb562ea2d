//! Texts that are nearly patterns, and samples that nearly fit: most of them have some mistake.

use super::STREAM;
use pattern::lint::{Images, Source};
use pattern::{Dialect, Pattern};
use proptest::prelude::*;

pub(super) const ALTERNATIVES: &[&str] = &[
    r#""x""#,
    r#""x*""#,
    r#""*""#,
    r#""a\\*b**""#,
    r#""""#,
    r#""$.a""#,
    r#""::1""#,
    r#""arn:aws:lambda:us-east-1:1:function/f""#,
    r#""{\"prefix\":\"x\"}""#,
    "5",
    "5.0",
    "9007199254740993",
    "1e400",
    "true",
    "null",
    "{}",
    "[]",
    r#"["x",["y"]]"#,
    r#"{"prefix":"x"}"#,
    r#"{"Prefix":"x*"}"#,
    r#"{"prefix":""}"#,
    r#"{"prefix":["x","y*"]}"#,
    r#"{"suffix":{"equals-ignore-case":"*x"}}"#,
    r#"{"suffix":5}"#,
    r#"{"prefix":"a","suffix":"b"}"#,
    r#"{"equals-ignore-case":{"prefix":"x"}}"#,
    r#"{"wildcard":"*x"}"#,
    r#"{"wildcard":"**x\\y"}"#,
    r#"{"wildcard":"*:*:*:*:*:event-bus/*"}"#,
    r#"{"exists":true}"#,
    r#"{"exists":false}"#,
    r#"{"exists":"false"}"#,
    r#"{"numeric":[">",5]}"#,
    r#"{"numeric":["=",5]}"#,
    r#"{"numeric":["<",5,">=",5]}"#,
    r#"{"numeric":[">",9,"<","1"]}"#,
    r#"{"numeric":["!=",1e400]}"#,
    r#"{"cidr":"10.0.0.0/8"}"#,
    r#"{"cidr":"10.0.0.1/32"}"#,
    r#"{"anything-but":"x"}"#,
    r#"{"anything-but":["x","*y*"]}"#,
    r#"{"anything-but":[5,6]}"#,
    r#"{"anything-but":[{"prefix":"x"},"y"]}"#,
    r#"{"anything-but":{"wildcard":"*x*"}}"#,
    r#"{"anything-but":{"prefix":["x*",5]}}"#,
    r#"{"anything-but":{"numeric":["<",5]}}"#,
    r#"{"anything-but":false}"#,
    r#"{"contains":"x"}"#,
    r#"{"colour":["x"]}"#,
    r#""INSERT""#,
    r#""delete""#,
];

const KEYS: &[&str] = &[
    "a",
    "b",
    "A",
    "a.b",
    "S",
    "N",
    "BOOL",
    "$or",
    "source",
    "Detail",
    "detail",
    "detailType",
    "eventName",
    "eventSource",
    "dynamodb",
    "NewImage",
    "OldImage",
    "newImage",
    "body",
    "numeric",
    "prefix",
    "exists",
];

fn list() -> impl Strategy<Value = String> + Clone {
    prop::collection::vec(prop::sample::select(ALTERNATIVES), 0..4).prop_map(|all| format!("[{}]", all.join(", ")))
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    object_of(value, 0)
}

fn object_of(value: impl Strategy<Value = String>, least: usize) -> impl Strategy<Value = String> {
    let field = (prop::sample::select(KEYS), value).prop_map(|(key, value)| format!("\"{key}\": {value}"));
    prop::collection::vec(field, least..4).prop_map(|fields| format!("{{{}}}", fields.join(", ")))
}

/// Patterns of which many are refused.
fn wrong() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        6 => list(),
        2 => prop::sample::select(ALTERNATIVES).prop_map(str::to_owned),
    ];
    let value = value.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            3 => object(inner.clone()),
            1 => prop::collection::vec(object(inner), 1..3).prop_map(|all| format!("[{}]", all.join(", "))),
        ]
    });
    object(value)
}

fn accepted_list(dialect: Dialect) -> impl Strategy<Value = String> + Clone {
    let is_accepted = |one: &&str| Pattern::parse(&format!("{{\"a\":[{one}]}}"), dialect).is_ok();
    let alternatives: Vec<&str> = ALTERNATIVES.iter().copied().filter(is_accepted).collect();
    prop::collection::vec(prop::sample::select(alternatives), 1..4).prop_map(|all| format!("[{}]", all.join(", ")))
}

/// Patterns that are accepted, most of them, though they may be doubtful.
fn accepted() -> impl Strategy<Value = String> {
    let list = accepted_list(Dialect::Bus);
    let value = list.prop_recursive(3, 16, 3, |inner| object_of(inner, 1));
    let branches = prop::collection::vec(object_of(value.clone(), 1), 2..4)
        .prop_map(|all| format!("{{\"$or\": [{}], \"c\": [1]}}", all.join(", ")));
    prop_oneof![4 => object_of(value, 1), 1 => branches]
}

pub(super) fn patterns() -> impl Strategy<Value = String> {
    prop_oneof![wrong(), accepted(), records()]
}

/// Filters of a change stream, more or less.
pub(super) fn records() -> impl Strategy<Value = String> {
    prop_oneof![records_of(list()), records_of(accepted_list(Dialect::Pipe))]
}

fn records_of(list: impl Strategy<Value = String> + Clone) -> impl Strategy<Value = String> {
    let tag = prop::sample::select(&["S", "N", "BOOL", "NULL", "M", "x"][..]);
    let typed = (tag, list.clone()).prop_map(|(tag, list)| format!("{{\"{tag}\": {list}}}"));
    let attribute = prop_oneof![4 => typed, 1 => list];
    let image = (prop::sample::select(&["NewImage", "OldImage", "newImage", "Keys"][..]), object_of(attribute, 1))
        .prop_map(|(image, attributes)| format!("\"{image}\": {attributes}"));
    let names = prop::sample::subsequence(&["\"INSERT\"", "\"MODIFY\"", "\"REMOVE\"", "\"update\""][..], 1..4)
        .prop_map(|names| format!("[{}]", names.join(", ")));
    (names, prop::collection::vec(image, 1..3))
        .prop_map(|(names, images)| format!("{{\"eventName\": {names}, \"dynamodb\": {{{}}}}}", images.join(", ")))
}

pub(super) fn samples() -> impl Strategy<Value = String> {
    let scalar = prop::sample::select(&["\"x\"", "\"X\"", "5", "\"5\"", "true", "null", "9007199254740993"][..]);
    let value = scalar.prop_map(str::to_owned).prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            object(inner.clone()),
            prop::collection::vec(inner, 0..3).prop_map(|all| format!("[{}]", all.join(", "))),
        ]
    });
    object(value)
}

/// Texts that are not even JSON, most of them.
pub(super) fn texts() -> impl Strategy<Value = String> {
    let broken =
        (patterns(), any::<prop::sample::Index>(), prop::sample::select(&["", ",", "}", "]", "\"", "\\", "é"][..]))
            .prop_map(|(text, at, with)| {
                let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                places.push(text.len());
                let at = *at.get(&places);
                format!("{}{with}{}", &text[..at], text.get(at + 1..).unwrap_or_default())
            });
    prop_oneof![broken, ".{0,60}"]
}

pub(super) fn contexts() -> impl Strategy<Value = (Dialect, Source)> {
    prop::sample::select(vec![
        (Dialect::Bus, Source::Bus),
        (Dialect::Bus, Source::Unknown),
        (Dialect::Pipe, Source::Unknown),
        (Dialect::Pipe, STREAM),
        (Dialect::Pipe, Source::DynamoDb(Images::New)),
        (Dialect::Pipe, Source::Queue),
        (Dialect::Pipe, Source::Kinesis),
        (Dialect::Pipe, Source::Kafka),
    ])
}
