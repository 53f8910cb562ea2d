//! Patterns and events over alphabets so small that they often meet.

use super::Json;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

const KEYS: [&str; 7] = ["a", "b", "c", "a.b", "b.c", "", "a."];
/// In an event this is a name like any other.
const EVENT_KEYS: [&str; 8] = ["a", "b", "c", "a.b", "b.c", "", "a.", "$or"];
const PLAIN_KEYS: [&str; 3] = ["a", "b", "c"];
const TEXTS: [&str; 18] = [
    "",
    "a",
    "A",
    "ab",
    "aB",
    "abab",
    "b",
    "*",
    "\\",
    "é",
    "ß",
    "SS",
    "10.0.0.1",
    "010.0.0.1",
    "10.0.1.9",
    "::1",
    "0:0:0:0:0:0:0:1",
    "1",
];
const NUMBERS: [&str; 9] = ["0", "-0.0", "0e9", "1", "1.0", "10e-1", "1.5", "2", "-3"];
const EDGE_NUMBERS: [&str; 4] = ["9007199254740992", "9007199254740993", "9007199254740993.0", "1e400"];
const ASCENDING: [&str; 5] = ["-3", "0", "1", "1.5", "2"];
const PIECES: [&str; 6] = ["a", "b", "B", "\\\\", "\\*", "é"];
const NETWORKS: [&str; 5] = ["10.0.0.0/24", "10.0.1.255/15", "0.0.0.0/0", "::/0", "::/127"];

fn text() -> impl Strategy<Value = Json> {
    prop::sample::select(&TEXTS[..]).prop_map(|text| Json::String(text.to_owned()))
}

fn number() -> impl Strategy<Value = Json> {
    prop_oneof![4 => prop::sample::select(&NUMBERS[..]), 1 => prop::sample::select(&EDGE_NUMBERS[..])]
        .prop_map(Json::Number)
}

fn comparable() -> impl Strategy<Value = Json> {
    prop::sample::select(&NUMBERS[..]).prop_map(Json::Number)
}

pub(crate) fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => text(),
        2 => number(),
        1 => any::<bool>().prop_map(Json::Bool),
        1 => Just(Json::Null),
    ]
}

fn object_of(name: &'static str, argument: impl Strategy<Value = Json>) -> impl Strategy<Value = Json> {
    argument.prop_map(move |argument| Json::Object(vec![(name.to_owned(), argument)]))
}

/// One value or a list of them.
fn one_or_many(value: impl Strategy<Value = Json> + Clone + 'static) -> BoxedStrategy<Json> {
    prop_oneof![value.clone(), vec(value, 1..3).prop_map(Json::Array)].boxed()
}

fn wildcard() -> impl Strategy<Value = Json> {
    let literal = |least: usize| vec(prop::sample::select(&PIECES[..]), least..2).prop_map(|pieces| pieces.concat());
    // Two stars in a row are refused, so only the first and the last piece may be empty.
    (literal(0), vec(literal(1), 0..2), prop::option::weighted(0.8, literal(0))).prop_map(|(first, middle, last)| {
        let pieces: Vec<String> = std::iter::once(first).chain(middle).chain(last).collect();
        Json::String(pieces.join("*"))
    })
}

fn some_text() -> BoxedStrategy<Json> {
    text().prop_filter("the empty prefix is refused here", |text| *text != Json::String(String::new())).boxed()
}

fn numeric() -> impl Strategy<Value = Json> {
    let string = |text: &str| Json::String(text.to_owned());
    let one = (prop::sample::select(&["=", "<", "<=", ">", ">="][..]), comparable())
        .prop_map(move |(operator, operand)| vec![string(operator), operand]);
    let two = (0..4usize, any::<bool>(), any::<bool>()).prop_flat_map(move |(low, open_low, open_high)| {
        (low + 1..5).prop_map(move |high| {
            let (above, below) = (if open_low { ">" } else { ">=" }, if open_high { "<" } else { "<=" });
            vec![string(above), Json::Number(ASCENDING[low]), string(below), Json::Number(ASCENDING[high])]
        })
    });
    prop_oneof![one, two].prop_map(Json::Array)
}

pub(crate) fn alternative() -> impl Strategy<Value = Json> {
    let ignoring_case = || object_of("equals-ignore-case", text());
    prop_oneof![
        6 => scalar(),
        1 => object_of("exactly", text()),
        1 => object_of("prefix", prop_oneof![text().boxed(), ignoring_case().boxed()]),
        1 => object_of("suffix", prop_oneof![text().boxed(), ignoring_case().boxed()]),
        1 => ignoring_case(),
        2 => object_of("wildcard", wildcard()),
        2 => object_of("numeric", numeric()),
        5 => object_of("exists", any::<bool>().prop_map(Json::Bool)),
        1 => object_of("cidr", prop::sample::select(&NETWORKS[..]).prop_map(|text| Json::String(text.to_owned()))),
        1 => object_of("anything-but", one_or_many(text().boxed())),
        1 => object_of("anything-but", one_or_many(comparable().boxed())),
        1 => object_of("anything-but", object_of("prefix", one_or_many(some_text()))),
        1 => object_of("anything-but", object_of("suffix", one_or_many(some_text()))),
        1 => object_of("anything-but", object_of("equals-ignore-case", one_or_many(text().boxed()))),
        1 => object_of("anything-but", object_of("wildcard", one_or_many(wildcard().boxed()))),
    ]
}

fn key(keys: &'static [&'static str]) -> impl Strategy<Value = String> {
    // The plain keys come first and often, so that patterns and events meet.
    prop_oneof![3 => prop::sample::select(&PLAIN_KEYS[..]), 1 => prop::sample::select(keys)].prop_map(str::to_owned)
}

/// Mostly small: each further clause makes a match less likely.
pub(crate) fn pattern() -> impl Strategy<Value = Json> {
    let leaf = || vec(alternative(), 1..4).prop_map(Json::Array).boxed();
    let fields = |inner: BoxedStrategy<Json>| {
        let branches = vec(vec((key(&KEYS), inner.clone()), 1..3).prop_map(Json::Object), 2..4).prop_map(Json::Array);
        let fields = vec((key(&KEYS), inner), 1..3);
        (fields, prop::option::weighted(0.2, branches), any::<prop::sample::Index>()).prop_map(
            |(mut fields, branches, place)| {
                if let Some(branches) = branches {
                    // In place of a field, so that there is also a $or alone, or beside one.
                    let place = place.index(fields.len());
                    fields[place] = ("$or".to_owned(), branches);
                }
                Json::Object(fields)
            },
        )
    };
    let inner = prop_oneof![3 => leaf(), 1 => fields(leaf()).boxed()].boxed();
    fields(prop_oneof![4 => leaf(), 1 => fields(inner).boxed()].boxed())
}

fn event_over(keys: &'static [&'static str]) -> impl Strategy<Value = Json> {
    let value = scalar().prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            2 => vec((key(keys), inner.clone()), 0..4).prop_map(Json::Object),
            1 => vec(inner, 0..4).prop_map(Json::Array),
        ]
    });
    vec((key(keys), value), 0..5).prop_map(Json::Object)
}

/// An event with repeated and dotted keys.
pub(crate) fn event() -> impl Strategy<Value = Json> {
    event_over(&EVENT_KEYS)
}

/// An event whose keys have no dots, though they may repeat.
pub(crate) fn undotted_event() -> impl Strategy<Value = Json> {
    event_over(&PLAIN_KEYS)
}

/// A pattern and an event of many arrays that has each value of the pattern somewhere: whether it matches is only a
/// matter of which values belong together.
pub(crate) fn arrays() -> impl Strategy<Value = (Json, Json)> {
    let digit = prop::sample::select(&["1", "2"][..]).prop_map(Json::Number);
    let value = digit.prop_recursive(4, 48, 4, |inner| {
        prop_oneof![
            1 => vec((key(&["a.b", "a"]), inner.clone()), 1..4).prop_map(Json::Object),
            2 => vec(inner, 1..4).prop_map(Json::Array),
        ]
    });
    let array = vec(value, 2..5).prop_map(Json::Array);
    let event = vec((key(&["a.b", "a"]), array), 1..4).prop_map(Json::Object);
    (event, vec(any::<prop::sample::Index>(), 2..9)).prop_map(|(event, chosen)| {
        let leaves = super::leaves(&event);
        let clause = |index: prop::sample::Index| {
            let leaf = index.get(&leaves);
            (leaf.path.clone(), Json::Array(vec![leaf.value.clone()]))
        };
        let pattern = Json::Object(chosen.into_iter().map(clause).collect());
        (pattern, event)
    })
}

/// The same without repeated keys and dots, with objects at every depth, and clauses that hold where nothing is.
pub(crate) fn plain_arrays() -> impl Strategy<Value = (Json, Json)> {
    let digit = prop::sample::select(&["1", "2"][..]).prop_map(Json::Number);
    let value = digit.prop_recursive(5, 60, 4, |inner| {
        let fields = btree_map(prop::sample::select(&PLAIN_KEYS[..]), inner.clone(), 1..4);
        let object =
            fields.prop_map(|fields| Json::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()));
        prop_oneof![3 => object, 2 => vec(inner, 1..4).prop_map(Json::Array)]
    });
    let event = btree_map(prop::sample::select(&PLAIN_KEYS[..]), value, 1..4);
    let event = event.prop_map(|fields| Json::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()));
    let odd = (key(&PLAIN_KEYS), prop_oneof![Just("exists"), Just("anything-but")]);
    (event, vec((any::<prop::sample::Index>(), prop::option::weighted(0.3, odd)), 1..6)).prop_map(|(event, chosen)| {
        let leaves = super::leaves(&event);
        let clause = |(index, odd): (prop::sample::Index, Option<(String, &str)>)| {
            let leaf = index.get(&leaves);
            match odd {
                None => (leaf.path.clone(), Json::Array(vec![leaf.value.clone()])),
                Some((key, "exists")) => {
                    let absent = Json::Object(vec![("exists".to_owned(), Json::Bool(false))]);
                    (format!("{}.{key}", leaf.path), Json::Array(vec![absent, Json::Number("1")]))
                }
                Some((_, name)) => {
                    let not = Json::Object(vec![(name.to_owned(), Json::Array(vec![Json::Number("1")]))]);
                    let absent = Json::Object(vec![("exists".to_owned(), Json::Bool(false))]);
                    (leaf.path.clone(), Json::Array(vec![not, absent]))
                }
            }
        };
        let pattern = Json::Object(chosen.into_iter().map(clause).collect());
        (pattern, event)
    })
}

/// An object, or a pattern for one, of a dozen names at two levels.
pub(crate) fn wide(is_pattern: bool) -> impl Strategy<Value = Json> {
    const NAMES: [&str; 13] =
        ["a", "b", "é", "naïve", "status", "state", "stat", "a long name of many bytes", "x1", "x2", "x3", "b.c", ""];
    let name = || prop::sample::select(&NAMES[..]).prop_map(str::to_owned);
    let value = || prop_oneof![3 => Just(Json::Number("1")), 1 => Just(Json::String("é".to_owned()))];
    let absent = || object_of("exists", Just(Json::Bool(false)));
    let leaf = move || -> BoxedStrategy<Json> {
        match is_pattern {
            true => {
                let one = prop_oneof![4 => value().boxed(), 1 => absent().boxed()];
                vec(prop_oneof![3 => one, 1 => value().boxed()], 1..3).prop_map(Json::Array).boxed()
            }
            false => value().boxed(),
        }
    };
    let fields = move |count: std::ops::Range<usize>| btree_map(name(), leaf(), count);
    let count = if is_pattern { 1..3 } else { 4..13 };
    (fields(count.clone()), prop::option::weighted(0.5, (name(), fields(count)))).prop_map(|(outer, inner)| {
        let object = |fields: std::collections::BTreeMap<String, Json>| Json::Object(fields.into_iter().collect());
        let mut all = outer;
        if let Some((name, fields)) = inner {
            all.insert(name, object(fields));
        }
        object(all)
    })
}
