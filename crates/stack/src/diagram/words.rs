//! Decides how a filter is said in few words: a line for each way in which it can match, and ways that are made of the
//! same parts said as those.
//!
//! `{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"tier": {"S": ["premium"]}}}}` is `INSERT, tier premium`. What
//! is the same in all events of a kind, such as `dynamodb` and a value's type, is left out. The words are for people who
//! look at a picture; what a filter does exactly says `pattern`.

use serde_json::{Map, Value as Json};
use types::sort;

/// More ways than this are counted, not told.
const WAYS_MAX: usize = 4;
/// More values than this are counted, not told.
const VALUES_MAX: usize = 4;
/// Nobody reads as many ways as this; `$or` within `$or` multiplies them.
const EXPANDED_MAX: usize = 64;
/// More ways, or ways of more clauses, are not looked at for what they have in common.
const FACTORED_MAX: usize = 32;
const CLAUSES_MAX: usize = 8;

/// What passes any of these patterns, line by line; nothing where there is no pattern, so that everything passes.
pub(super) fn filters(patterns: &[String]) -> Vec<String> {
    let mut ways: Vec<Way> = Vec::new();
    for text in patterns {
        // Patterns of a stack are valid JSON objects; one that is not says nothing.
        let Ok(Json::Object(pattern)) = serde_json::from_str(text) else { continue };
        for clauses in expand(&pattern, &mut Vec::new()) {
            let way = in_order(clauses);
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    match factored(&ways) {
        None => alternatives(&ways, "", "or "),
        Some((first, second)) => {
            let joined = alternatives(&second, "and ", "\u{a0}\u{a0}or ");
            [alternatives(&first, "", "or "), joined].concat()
        }
    }
}

/// Ways on lines of their own, no more than can be read.
fn alternatives(ways: &[Way], first: &str, others: &str) -> Vec<String> {
    let told = ways.iter().take(WAYS_MAX).enumerate().map(|(place, way)| {
        let clauses: Vec<String> = way.iter().map(Clause::text).collect();
        format!("{}{}", if place == 0 { first } else { others }, clauses.join(", "))
    });
    let more = ways.len().checked_sub(WAYS_MAX).filter(|more| *more > 0);
    told.chain(more.map(|more| format!("{others}{more} more"))).collect()
}

/// Ways that are every one of some with every one of others, as those two: shorter to say, and nearer to what was
/// meant. `None` where that saves nothing.
fn factored(ways: &[Way]) -> Option<(Vec<Way>, Vec<Way>)> {
    let first = ways.first().filter(|first| ways.len() <= FACTORED_MAX && first.len() <= CLAUSES_MAX)?;
    let length = |ways: &[Way]| ways.iter().map(Vec::len).sum::<usize>();
    let mut best = None;
    let mut shortest = length(ways);
    // Each way to divide the first one says how all would have to be divided.
    for chosen in 1..(1_usize << first.len()) - 1 {
        let side = |wanted: usize| {
            let places = first.iter().enumerate().filter(move |(place, _)| chosen >> place & 1 == wanted);
            places.map(|(_, clause)| clause.clone()).collect::<Way>()
        };
        let (one, other) = (side(1), side(0));
        let ones = remainders(ways, &other);
        let others = remainders(ways, &one);
        if ones.len() * others.len() != ways.len() || [&ones, &others].iter().any(|half| half.contains(&Vec::new())) {
            continue;
        }
        // Each way is one pair, and there are as many pairs: so no pair is anything else. Parts that share a clause are no
        // pair: together they say less than any way of their length.
        let is_pair = |way: &Way| {
            let joins = |one: &Way, other: &Way| {
                way.len() == one.len() + other.len()
                    && one.iter().chain(other).all(|clause| way.contains(clause))
                    && !one.iter().any(|clause| other.contains(clause))
            };
            ones.iter().any(|one| others.iter().any(|other| joins(one, other)))
        };
        if length(&ones) + length(&others) < shortest && ways.iter().all(is_pair) {
            shortest = length(&ones) + length(&others);
            best = Some((ones, others));
        }
    }
    best
}

/// What is left of those ways that have all of these clauses.
fn remainders(ways: &[Way], without: &[Clause]) -> Vec<Way> {
    let having = ways.iter().filter(|way| without.iter().all(|clause| way.contains(clause)));
    let is_rest = |clause: &&Clause| !without.contains(clause);
    having.map(|way| way.iter().filter(is_rest).cloned().collect()).collect()
}

/// What happened first, then what changed, then what is; a field that was one thing and is another is one clause.
fn in_order(clauses: Vec<Clause>) -> Vec<Clause> {
    let mut ordered: Vec<Clause> = Vec::new();
    let (before, now): (Vec<Clause>, Vec<Clause>) = clauses.into_iter().partition(|clause| clause.when == When::Before);
    let mut now: Vec<Clause> = now;
    for clause in before {
        let is = now.iter().position(|other| other.field == clause.field && !other.is_presence && !clause.is_presence);
        match is {
            Some(place) => {
                let is = now.remove(place);
                ordered.push(Clause { values: format!("{} → {}", clause.values, is.values), when: When::Now, ..is });
            }
            None => ordered.push(clause),
        }
    }
    let (events, rest): (Vec<Clause>, Vec<Clause>) = now.into_iter().partition(|clause| clause.field == EVENT_NAME);
    [events, ordered, rest].concat()
}

/// Where a change says what it is.
const EVENT_NAME: &str = "eventName";

/// One field, and what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Clause {
    field: String,
    when: When,
    /// Whether it is about the field being there at all.
    is_presence: bool,
    values: String,
}

/// One way in which a filter can match: all of these clauses.
type Way = Vec<Clause>;

/// Of which time a clause speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Before the change.
    Before,
    /// After it.
    Now,
}

impl Clause {
    fn text(&self) -> String {
        let Self { field, when, is_presence, values } = self;
        let text = match (is_presence, when) {
            // That what happened is what happened needs no saying.
            _ if field == EVENT_NAME => values.clone(),
            (true, When::Before) => format!("had {values} {field}"),
            (true, When::Now) => format!("{values} {field}"),
            (false, When::Before) => format!("{field} was {values}"),
            (false, When::Now) => format!("{field} {values}"),
        };
        // Lines end between clauses rather than within one.
        text.replace(' ', "\u{a0}")
    }
}

/// Every way in which an object of a pattern can match, each as its clauses.
fn expand(pattern: &Map<String, Json>, path: &mut Vec<String>) -> Vec<Way> {
    let mut ways = vec![Vec::new()];
    // Sorted here, because whether a map is sorted by itself depends on who else is built with us.
    let mut entries: Vec<(&String, &Json)> = pattern.iter().collect();
    sort::by_key(&mut entries, |(key, _)| *key);
    for (key, value) in entries {
        let here: Vec<Way> = match value {
            Json::Array(branches) if key == "$or" => {
                let objects = branches.iter().filter_map(Json::as_object);
                objects.flat_map(|branch| expand(branch, path)).collect()
            }
            Json::Object(inner) => {
                path.push(key.clone());
                let here = expand(inner, path);
                path.pop();
                here
            }
            Json::Array(values) => {
                path.push(key.clone());
                let clause = clause(path, values);
                path.pop();
                vec![vec![clause]]
            }
            _ => continue,
        };
        if here.is_empty() {
            continue;
        }
        let each = ways.iter().flat_map(|way| here.iter().map(move |more| [way.as_slice(), more.as_slice()].concat()));
        ways = each.take(EXPANDED_MAX).collect();
    }
    ways
}

fn clause(path: &[String], values: &[Json]) -> Clause {
    let (field, when) = field(path);
    let presence = match values {
        [Json::Object(only)] => only.get("exists").and_then(Json::as_bool),
        [Json::Bool(flag)] => Some(*flag),
        _ => None,
    };
    let values = match (presence, values) {
        (Some(true), [Json::Bool(_)]) => "is".to_owned(),
        (Some(false), [Json::Bool(_)]) => "not".to_owned(),
        (Some(true), _) => "any".to_owned(),
        (Some(false), _) => "no".to_owned(),
        (None, _) => {
            let mut told: Vec<String> = values.iter().take(VALUES_MAX).map(value).collect();
            if values.len() > VALUES_MAX {
                told.push(format!("{} more", values.len() - VALUES_MAX));
            }
            told.join("/")
        }
    };
    Clause { field, when, is_presence: presence.is_some(), values }
}

/// A field's name, and of which time it is meant.
fn field(path: &[String]) -> (String, When) {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let (parts, when) = match parts.as_slice() {
        ["dynamodb", image @ ("NewImage" | "OldImage" | "Keys"), rest @ ..] => {
            // Every other step down an item is the name of a type.
            let named: Vec<&str> = rest.iter().copied().step_by(2).collect();
            (named, if *image == "OldImage" { When::Before } else { When::Now })
        }
        ["detail" | "body" | "data", rest @ ..] if !rest.is_empty() => (rest.to_vec(), When::Now),
        other => (other.to_vec(), When::Now),
    };
    (parts.join("."), when)
}

fn value(value: &Json) -> String {
    match value {
        Json::String(text) if text.is_empty() => "\"\"".to_owned(),
        Json::String(text) => text.clone(),
        Json::Object(test) => test.iter().map(|(operator, operand)| tested(operator, operand)).collect(),
        other => other.to_string(),
    }
}

fn tested(operator: &str, operand: &Json) -> String {
    match (operator, operand) {
        ("exists", Json::Bool(true)) => "any".to_owned(),
        ("exists", _) => "none".to_owned(),
        ("prefix", Json::String(text)) => format!("{text}…"),
        ("suffix", Json::String(text)) => format!("…{text}"),
        ("wildcard" | "cidr" | "equals-ignore-case", Json::String(text)) => text.clone(),
        ("prefix", Json::Object(_)) => format!("{}…", value(operand)),
        ("suffix", Json::Object(_)) => format!("…{}", value(operand)),
        ("anything-but", Json::Array(values)) => {
            format!("not {}", values.iter().map(value).collect::<Vec<_>>().join("/"))
        }
        ("anything-but", one) => format!("not {}", value(one)),
        ("numeric", Json::Array(parts)) => {
            let told: Vec<String> =
                parts.chunks(2).map(|pair| pair.iter().map(value).collect::<Vec<_>>().join(" ")).collect();
            told.join(" and ")
        }
        (other, operand) => format!("{other} {}", value(operand)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_filter_is_said_in_few_words() {
        let cases: [(&[&str], &[&str]); 12] = [
            (&[], &[]),
            (&["{}"], &[""]),
            (
                &[r#"{"eventName":["INSERT","MODIFY"],"dynamodb":{"OldImage":{"status":{"S":["pending"]}},
                   "NewImage":{"status":{"S":["shipped"]},"tier":{"S":[{"exists":false}]}}}}"#],
                &["INSERT/MODIFY, status pending → shipped, no tier"],
            ),
            (&[r#"{"$or":[{"body":{"a":[1]}},{"b":["x"]}],"c":[true]}"#], &["a 1", "or b x", "and is c"]),
            (
                &[
                    r#"{"$or":[{"e":["I"],"s":["P"]},{"e":["M"],"s":["C"]}],"t":["x"],"u":[true]}"#,
                    r#"{"$or":[{"e":["I"],"s":["P"]},{"e":["M"],"s":["C"]}],"t":["y"]}"#,
                ],
                &["e I, s P", "or e M, s C", "and t x, is u", "  or t y"],
            ),
            (
                &[r#"{"a":[1],"b":[1]}"#, r#"{"a":[1],"b":[2]}"#, r#"{"a":[2],"b":[2]}"#],
                &["a 1, b 1", "or a 1, b 2", "or a 2, b 2"],
            ),
            (&[r#"{"a":[1]}"#, r#"{"a":[1]}"#, r#"{"a":[2]}"#], &["a 1", "or a 2"]),
            (
                &[
                    r#"{"eventName":["MODIFY"],"dynamodb":{"OldImage":{"a":{"S":["x"]}},"NewImage":{"t":{"BOOL":[false]}}}}"#,
                ],
                &["MODIFY, a was x, not t"],
            ),
            (&[r#"{"n":[{"numeric":[">",1,"<=",5]}]}"#], &["n > 1 and <= 5"]),
            (&[r#"{"detail":{"s":[{"prefix":"a"},{"suffix":"z"},{"anything-but":["x",3]}]}}"#], &["s a…/…z/not x/3"]),
            (&[r#"{"s":["a","b","c","d","e","f"]}"#], &["s a/b/c/d/2 more"]),
            (
                &[r#"{"$or":[{"a":[1]},{"a":[2]},{"a":[3]},{"a":[4]},{"a":[5]},{"a":[6]}]}"#],
                &["a 1", "or a 2", "or a 3", "or a 4", "or 2 more"],
            ),
        ];
        for (patterns, expected) in cases {
            let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
            let told: Vec<String> = filters(&patterns).iter().map(|line| line.replace('\u{a0}', " ")).collect();
            assert_eq!(told, expected, "{patterns:?}");
        }
    }

    #[test]
    fn ways_that_multiply_are_told_in_bounded_time() {
        let branch = r#"{"$or":[{"a":[1]},{"b":[2]},{"c":[3]},{"d":[4]}]"#;
        let deep =
            (0..10).fold(String::from(r#"{"x":[1]}"#), |inner, level| format!(r#"{branch},"k{level}":{inner}}}"#));
        let told = filters(&[deep]);
        assert_eq!(told.len(), WAYS_MAX + 1, "some, and how many more: {told:?}");
    }

    fn way(fields: &BTreeSet<u8>) -> Way {
        let clause = |field: &u8| Clause {
            field: field.to_string(),
            when: When::Now,
            is_presence: false,
            values: String::new(),
        };
        fields.iter().map(clause).collect()
    }

    /// The ways as sets of sets of fields, in which order does not matter.
    fn as_sets<'w>(ways: impl Iterator<Item = Vec<&'w Clause>>) -> Vec<Vec<&'w str>> {
        let fields = |way: Vec<&'w Clause>| {
            let mut fields: Vec<&str> = way.into_iter().map(|clause| clause.field.as_str()).collect();
            fields.sort_unstable();
            fields
        };
        let mut all: Vec<_> = ways.map(fields).collect();
        all.sort();
        all
    }

    #[test]
    fn parts_that_overlap_leave_no_way_untold() {
        let sets = [
            &[0, 1, 4, 6][..],
            &[0, 1, 6],
            &[0, 2, 4, 6],
            &[0, 2, 6],
            &[0, 2, 7],
            &[1, 2, 4, 6],
            &[1, 2, 6],
            &[1, 2, 7],
        ];
        // The third pair would say 4 twice, and 0 nowhere.
        let sharing = [&[1, 3][..], &[1, 4], &[3, 4], &[0, 4]];
        for sets in [&sets[..], &sharing] {
            let ways: Vec<Way> = sets.iter().map(|fields| way(&fields.iter().copied().collect())).collect();
            assert_eq!(factored(&ways), None, "{sets:?}");
        }
    }

    proptest! {
        /// What is said as two parts is every one of the first with every one of the second, and nothing else; and
        /// what was put together like that is found where that is certain.
        #[test]
        fn parts_are_all_of_the_ways_and_no_others(
            ones in btree_set(btree_set(0..4_u8, 1..3), 1..4),
            others in btree_set(btree_set(4..8_u8, 1..3), 2..4),
            dropped in vec(0..9_usize, 0..2),
        ) {
            let mut ways: Vec<Way> =
                ones.iter().flat_map(|one| others.iter().map(|other| [way(one), way(other)].concat())).collect();
            for place in &dropped {
                if ways.len() > 1 {
                    ways.remove(place % ways.len());
                }
            }
            let found = factored(&ways);
            // Of parts within each other it cannot be told which of them a way was made of.
            let nest = |parts: &BTreeSet<BTreeSet<u8>>| {
                parts.iter().any(|one| parts.iter().any(|other| one != other && one.is_subset(other)))
            };
            let is_certain = dropped.is_empty() && !nest(&ones) && !nest(&others);
            prop_assert!(found.is_some() || !is_certain, "{ways:?}");
            if let Some((first, second)) = found {
                let product = first.iter().flat_map(|one| {
                    second.iter().map(move |other| one.iter().chain(other).collect())
                });
                prop_assert_eq!(as_sets(product), as_sets(ways.iter().map(|way| way.iter().collect())));
            }
        }
    }
}
