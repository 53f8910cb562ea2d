//! Decides behind which gates the rules of a bus stand: [`choose`].
//!
//! A gate is one field of a pattern whose alternatives are all plain: texts, beginnings of texts, numbers, `true` or
//! `false`. It can be a rule's gate if the rule wants that field in every case, which `$or` makes hard to tell; so a
//! pattern that has `$or` gets none. Of its possible gates a rule gets the one that the fewest other rules have.
//!
//! Invariant: an event that matches a rule passes the rule's gate. An event opens a bounded number of gates for each
//! value in it, so rules behind gates never cost much more than they would in the common matcher.

use pattern::{Dialect, Pattern};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

/// With fewer rules than this that are worth a gate, one matcher for all is faster.
const RULES_MIN: usize = 8;
/// How many different fields gates ask about.
const PATHS_MAX: usize = 16;
/// How many gates one value of a field opens at most.
const SHARED_MAX: usize = 4;
/// How many alternatives a gate has at most.
const ALTERNATIVES_MAX: usize = 32;

/// A field's condition, and the rules that have it.
pub(super) struct Gate {
    pub(super) pattern: Pattern,
    pub(super) rules: Vec<usize>,
}

/// A field and what it may be.
type Clause = (String, BTreeSet<Plain>);

/// An alternative that costs the same however many there are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Plain {
    /// A value, as JSON.
    Exactly(String),
    /// What a text begins with.
    Prefix(String),
}

/// The gates of the rules that are better off behind one.
pub(super) fn choose(patterns: &[&Pattern]) -> Vec<Gate> {
    let shapes: Vec<(usize, Shape)> =
        patterns.iter().map(|pattern| Shape::of(pattern)).enumerate().filter(|(_, shape)| shape.is_costly()).collect();
    if shapes.len() < RULES_MIN {
        return Vec::new();
    }
    let mut rules_with: HashMap<(&str, &Plain), usize> = HashMap::new();
    for (path, value) in shapes.iter().flat_map(|(_, shape)| shape.values()) {
        *rules_with.entry((path, value)).or_default() += 1;
    }
    let crowd =
        |(path, values): &Clause| values.iter().map(|value| rules_with[&(path.as_str(), value)]).max().unwrap_or(0);
    let mut gates: BTreeMap<&Clause, Vec<usize>> = BTreeMap::new();
    for (position, shape) in &shapes {
        if let Some(clause) = shape.plain.iter().min_by_key(|clause| crowd(clause)) {
            gates.entry(clause).or_default().push(*position);
        }
    }
    keep_bounded(&mut gates);
    let gates = gates.into_iter().filter_map(|(clause, rules)| Some(Gate { pattern: pattern_of(clause)?, rules }));
    gates.collect()
}

/// Takes away the gates that would make an event open too many.
fn keep_bounded(gates: &mut BTreeMap<&Clause, Vec<usize>>) {
    let mut rules_at: BTreeMap<&str, usize> = BTreeMap::new();
    let mut sharing: HashMap<(&str, Plain), usize> = HashMap::new();
    for ((path, values), rules) in gates.iter() {
        *rules_at.entry(path).or_default() += rules.len();
        values.iter().for_each(|value| *sharing.entry((path.as_str(), value.clone())).or_default() += 1);
    }
    let mut paths: Vec<(&str, usize)> = rules_at.into_iter().collect();
    paths.sort_by_key(|(_, rules)| std::cmp::Reverse(*rules));
    let paths: BTreeSet<&str> = paths.into_iter().take(PATHS_MAX).map(|(path, _)| path).collect();
    gates.retain(|(path, values), _| {
        // What opens a gate with a longer beginning opens those with shorter ones too.
        let opened = |value: &Plain| -> usize {
            let with = |value: Plain| sharing.get(&(path.as_str(), value)).copied().unwrap_or(0);
            match value {
                Plain::Exactly(_) => with(value.clone()),
                Plain::Prefix(text) => {
                    let ends = text.char_indices().map(|(at, char)| at + char.len_utf8());
                    ends.map(|end| with(Plain::Prefix(text[..end].to_owned()))).sum()
                }
            }
        };
        paths.contains(path.as_str()) && values.iter().all(|value| opened(value) <= SHARED_MAX)
    });
}

/// The gate's own pattern. A pattern's keys may be joined by dots, so one key holds the path.
fn pattern_of((path, values): &Clause) -> Option<Pattern> {
    let alternative = |value: &Plain| match value {
        Plain::Exactly(json) => json.clone(),
        Plain::Prefix(text) => format!("{{\"prefix\":{}}}", Value::from(text.as_str())),
    };
    let values: Vec<String> = values.iter().map(alternative).collect();
    let text = format!("{{{}:[{}]}}", Value::from(path.as_str()), values.join(","));
    Pattern::parse_unlimited(&text, Dialect::Bus).ok()
}

/// What of a pattern matters here.
#[derive(Default)]
struct Shape {
    /// The fields that are compared with plain values only.
    plain: Vec<Clause>,
    /// Whether it has what is looked at for each rule.
    costly: bool,
}

impl Shape {
    fn of(pattern: &Pattern) -> Shape {
        let mut shape = Shape::default();
        let Ok(Value::Object(fields)) = serde_json::from_str(pattern.source()) else { return shape };
        let mut paths: BTreeMap<String, usize> = BTreeMap::new();
        let is_clear = shape.read(&fields, "", &mut paths);
        // Of a path that is spelled in two ways, the pattern knows which counts; here it is not told.
        shape.plain.retain(|(path, _)| paths[path] == 1);
        if !is_clear {
            shape.plain.clear();
        }
        shape
    }

    fn is_costly(&self) -> bool {
        self.costly && !self.plain.is_empty()
    }

    fn values(&self) -> impl Iterator<Item = (&str, &Plain)> {
        self.plain.iter().flat_map(|(path, values)| values.iter().map(|value| (path.as_str(), value)))
    }

    /// Reads the fields below a path. The answer is whether each of them is wanted in every case.
    fn read(
        &mut self,
        fields: &serde_json::Map<String, Value>,
        above: &str,
        paths: &mut BTreeMap<String, usize>,
    ) -> bool {
        let mut is_clear = true;
        for (key, value) in fields {
            let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
            match value {
                Value::Object(below) => is_clear &= self.read(below, &path, paths),
                Value::Array(_) if key == "$or" => is_clear = false,
                Value::Array(alternatives) => {
                    *paths.entry(path.clone()).or_default() += 1;
                    self.costly |= alternatives.iter().any(is_costly);
                    let plain: Option<BTreeSet<Plain>> = alternatives.iter().map(plain).collect();
                    if let Some(plain) = plain.filter(|_| alternatives.len() <= ALTERNATIVES_MAX) {
                        self.plain.push((path, plain));
                    }
                }
                // Patterns hold nothing else.
                _ => is_clear = false,
            }
        }
        is_clear
    }
}

/// A value that is found by hashing, or the beginning of a text. A text that may be an address is compared as one; and a
/// number is written as it was read only if it is a small whole one.
fn plain(alternative: &Value) -> Option<Plain> {
    let is_plain = match alternative {
        Value::String(text) => !may_be_address(text),
        Value::Number(number) => number.as_i64().is_some_and(|number| number.unsigned_abs() < 1 << 50),
        Value::Bool(_) => true,
        Value::Object(operator) => match operator.get("prefix") {
            // Every text begins with nothing.
            Some(Value::String(text)) if !text.is_empty() => return Some(Plain::Prefix(text.clone())),
            _ => false,
        },
        _ => false,
    };
    is_plain.then(|| Plain::Exactly(alternative.to_string()))
}

fn is_costly(alternative: &Value) -> bool {
    match alternative {
        Value::String(text) => may_be_address(text),
        Value::Object(operator) => operator
            .keys()
            .any(|name| ["numeric", "cidr", "wildcard", "anything-but", "exists"].contains(&name.as_str())),
        _ => false,
    }
}

fn may_be_address(text: &str) -> bool {
    let has_only_its_marks = text.bytes().all(|byte| byte.is_ascii_hexdigit() || b".:%".contains(&byte));
    (has_only_its_marks && text.contains(['.', ':'])) || text.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates(patterns: &[String]) -> Vec<(String, usize)> {
        let patterns: Vec<Pattern> =
            patterns.iter().map(|text| Pattern::parse_unlimited(text, Dialect::Bus).unwrap()).collect();
        let patterns: Vec<&Pattern> = patterns.iter().collect();
        choose(&patterns).into_iter().map(|gate| (gate.pattern.source().to_owned(), gate.rules.len())).collect()
    }

    fn ranges(field: impl Fn(usize) -> String) -> Vec<String> {
        (0..20).map(|number| format!(r#"{{{},"total":[{{"numeric":[">",{number}]}}]}}"#, field(number))).collect()
    }

    #[test]
    fn a_rule_stands_behind_the_field_that_fewest_rules_share() {
        let found = gates(&ranges(|number| format!(r#""source":["shop"],"detail":{{"of":["c{}"]}}"#, number / 2)));
        assert_eq!(found.len(), 10);
        assert_eq!(found[0], (r#"{"detail.of":["c0"]}"#.to_owned(), 2));
    }

    #[test]
    fn rules_that_share_all_their_fields_stand_behind_one_gate() {
        assert_eq!(gates(&ranges(|_| r#""source":["shop"]"#.to_owned())), [(r#"{"source":["shop"]}"#.to_owned(), 20)]);
    }

    #[test]
    fn what_costs_nothing_or_cannot_be_told_has_no_gate() {
        let plain: Vec<String> = (0..20).map(|number| format!(r#"{{"source":["s{number}"]}}"#)).collect();
        let cases: [(&str, Vec<String>); 6] = [
            ("only plain fields", plain),
            ("few rules", ranges(|number| format!(r#""s":["{number}"]"#)).into_iter().take(RULES_MIN - 1).collect()),
            ("$or", ranges(|number| format!(r#""s":["{number}"],"$or":[{{"a":[1]}},{{"s":["b"]}}]"#))),
            ("a path spelled twice", ranges(|number| format!(r#""a.b":["{number}"],"a":{{"b":["x"]}}"#))),
            ("addresses", ranges(|number| format!(r#""s":["10.0.0.{number}"]"#))),
            ("one value that would open all", ranges(|number| format!(r#""s":["all","{number}"]"#))),
        ];
        for (name, patterns) in cases {
            assert_eq!(gates(&patterns), [], "{name}");
        }
    }

    #[test]
    fn beginnings_are_gates_as_far_as_they_do_not_nest() {
        let found = gates(&ranges(|number| format!(r#""of":[{{"prefix":"c{number}."}},"d{number}"]"#)));
        assert_eq!((found.len(), found[0].0.as_str()), (20, r#"{"of":["d0",{"prefix":"c0."}]}"#));
        let found = gates(&ranges(|number| format!(r#""of":[{{"prefix":"{}"}}]"#, "c".repeat(number))));
        let longest = format!(r#"{{"of":[{{"prefix":"{}"}}]}}"#, "c".repeat(SHARED_MAX));
        assert_eq!((found.len(), &found[SHARED_MAX - 1].0), (SHARED_MAX, &longest));
    }

    #[test]
    fn gates_ask_about_a_bounded_number_of_fields() {
        assert_eq!(gates(&ranges(|number| format!(r#""f{number}":["x"]"#))).len(), PATHS_MAX);
    }
}
