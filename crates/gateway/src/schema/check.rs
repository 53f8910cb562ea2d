//! Decides what is wrong with one value: every rule of its schema is asked, and what it holds is asked in turn.
//!
//! Start at [`check`]. Alternatives (`anyOf`, `oneOf`, `not`) are tried without telling anything, so their answer is one
//! fault, not the sum of all ways in which each was missed.
//!
//! Invariant: at most [`STEPS_MAX`] schemas are asked about one body, whatever the schemas and the body are.

use super::decimal::Decimal;
use super::json::Json;
use super::{
    FAULTS_MAX, ListRules, Literal, Node, NumberRules, ObjectRules, Others, SchemaId, Schemas, TextRules, Types,
};
use crate::fault::{Fault, Path, bounded};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

/// How many times a schema is asked about a value of one body.
const STEPS_MAX: usize = 500_000;

/// Tells all that is wrong, after what is in `faults` already.
pub(super) fn check(all: &Schemas, id: SchemaId, value: &Json<'_>, path: &Path<'_>, faults: &mut Vec<Fault>) {
    let mut walk = Walk { all, faults, steps: 0, quiet: 0, worn_out: false };
    walk.value(id, value, path);
    if walk.worn_out {
        let fault = Path::ROOT.fault("the body takes too long to check; make it smaller");
        walk.faults.insert(0, fault);
    }
    faults.truncate(FAULTS_MAX);
}

struct Walk<'w> {
    all: &'w Schemas,
    faults: &'w mut Vec<Fault>,
    steps: usize,
    /// How many alternatives are being tried: nothing is told then, and the first thing wrong ends the trial.
    quiet: usize,
    worn_out: bool,
}

impl Walk<'_> {
    /// Tells what is wrong; its words are made only if somebody hears them. Always false.
    fn wrong(&mut self, path: &Path<'_>, words: impl FnOnce() -> String) -> bool {
        if self.quiet == 0 && self.faults.len() < FAULTS_MAX {
            self.faults.push(path.fault(words()));
        }
        false
    }

    /// Whether nothing more can be learnt about this value.
    fn enough(&self, right: bool) -> bool {
        !right && (self.quiet > 0 || self.faults.len() >= FAULTS_MAX)
    }

    fn value(&mut self, id: SchemaId, value: &Json<'_>, path: &Path<'_>) -> bool {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            self.worn_out = true;
            return false;
        }
        let all = self.all;
        let node: &Node = &all.nodes[id.0 as usize];
        if node.never {
            return self.wrong(path, || "nothing may stand here; leave it out".to_owned());
        }
        if node.types.0 != 0 && !is_of(node.types, value) {
            return self.wrong(path, || format!("this must be {}; it is {}", node.types.words(), what(value)));
        }
        let mut right = true;
        if let Some(literals) = &node.literals
            && !literals.iter().any(|literal| equals_literal(value, literal))
        {
            right = self.wrong(path, || format!("this must be {}; it is {}", choices(literals), value.shown()));
        }
        right &= match (value, &node.text, &node.number, &node.list, &node.object) {
            (Json::Text(text), Some(rules), ..) => self.text(rules, text, path),
            (Json::Number(number), _, Some(rules), ..) => self.number(rules, number, path),
            (Json::List(items), _, _, Some(rules), _) => self.list(rules, items, path),
            (Json::Object(members), .., Some(rules)) => self.object(rules, members, path),
            _ => true,
        };
        for part in &node.all_of {
            if self.enough(right) {
                return false;
            }
            right &= self.value(*part, value, path);
        }
        if self.enough(right) {
            return false;
        }
        right & self.alternatives(node, value, path)
    }

    fn alternatives(&mut self, node: &Node, value: &Json<'_>, path: &Path<'_>) -> bool {
        let mut right = true;
        if let Some(any_of) = &node.any_of
            && !any_of.iter().any(|part| self.tried(*part, value, path))
        {
            right = self.missed(any_of, value, path);
        }
        if let Some(one_of) = &node.one_of {
            let matched = one_of.iter().filter(|part| self.tried(**part, value, path)).take(2).count();
            right &= match matched {
                0 => self.missed(one_of, value, path),
                1 => true,
                _ => self.wrong(path, || {
                    "this is right by more than one of its alternatives; make it one of them".to_owned()
                }),
            };
        }
        if let Some(not) = node.not
            && self.tried(not, value, path)
        {
            right = self.wrong(path, || "this is what it must not be; see the schema's `not`".to_owned());
        }
        right
    }

    /// No alternative fits. Where only one of them is of the value's type, what that one misses is what helps.
    fn missed(&mut self, parts: &[SchemaId], value: &Json<'_>, path: &Path<'_>) -> bool {
        let all = self.all;
        let near = |part: &&SchemaId| {
            let types = all.types_of(**part, 0);
            types.0 == 0 || is_of(types, value)
        };
        let mut nearest = parts.iter().filter(near);
        match (nearest.next(), nearest.next()) {
            (Some(one), None) if self.quiet == 0 => self.value(*one, value, path),
            _ => {
                self.wrong(path, || format!("this is {}, and none of its {} alternatives", value.shown(), parts.len()))
            }
        }
    }

    fn tried(&mut self, id: SchemaId, value: &Json<'_>, path: &Path<'_>) -> bool {
        self.quiet += 1;
        let right = self.value(id, value, path);
        self.quiet -= 1;
        // A trial that was not finished is no answer; `not` must not take it for one.
        right && !self.worn_out
    }

    fn text(&mut self, rules: &TextRules, text: &str, path: &Path<'_>) -> bool {
        let mut right = true;
        if rules.length_min > 0 || rules.length_max.is_some() {
            let length = text.chars().count() as u64;
            if length < rules.length_min {
                let least = rules.length_min;
                right = self.wrong(path, || format!("this must have at least {least} characters; it has {length}"));
            }
            if let Some(most) = rules.length_max
                && length > most
            {
                return self.wrong(path, || format!("this must have at most {most} characters; it has {length}"));
            }
        }
        if let Some(pattern) = &rules.pattern
            && !pattern.is_match(text)
        {
            right = self.wrong(path, || format!("this must match the pattern {}", bounded(pattern.as_str())));
        }
        if let Some(format) = rules.format
            && !format.is_match(text)
        {
            right = self.wrong(path, || format!("this must be {}", format.words()));
        }
        right
    }

    fn number(&mut self, rules: &NumberRules, number: &Decimal<'_>, path: &Path<'_>) -> bool {
        let mut right = true;
        let to = |bound: &str| Decimal::read(bound).map_or(Ordering::Equal, |bound| number.compare(&bound));
        if let Some((bound, excluded)) = &rules.minimum {
            let order = to(bound);
            if order.is_lt() || (*excluded && order.is_eq()) {
                let words = if *excluded { "more than" } else { "at least" };
                right = self.wrong(path, || format!("this must be {words} {bound}"));
            }
        }
        if let Some((bound, excluded)) = &rules.maximum {
            let order = to(bound);
            if order.is_gt() || (*excluded && order.is_eq()) {
                let words = if *excluded { "less than" } else { "at most" };
                right = self.wrong(path, || format!("this must be {words} {bound}"));
            }
        }
        if let Some((step, of, exponent)) = &rules.multiple_of
            && !number.is_multiple_of(*of, *exponent)
        {
            right = self.wrong(path, || format!("this must be a multiple of {step}"));
        }
        right
    }

    fn list(&mut self, rules: &ListRules, items: &[Json<'_>], path: &Path<'_>) -> bool {
        let mut right = true;
        let count = items.len() as u64;
        if count < rules.count_min {
            let least = rules.count_min;
            right = self.wrong(path, || format!("this must have at least {least} items; it has {count}"));
        }
        if let Some(most) = rules.count_max
            && count > most
        {
            right = self.wrong(path, || format!("this must have at most {most} items; it has {count}"));
        }
        if let Some(schema) = rules.items {
            for (index, item) in items.iter().enumerate() {
                if self.enough(right) || self.worn_out {
                    return false;
                }
                right &= self.value(schema, item, &path.index(index));
            }
        }
        if rules.unique && !self.enough(right) {
            right &= self.unique(items, path);
        }
        right
    }

    fn unique(&mut self, items: &[Json<'_>], path: &Path<'_>) -> bool {
        let hashing = std::hash::RandomState::new();
        let mut seen: HashMap<u64, usize> = HashMap::with_capacity(items.len());
        let mut right = true;
        for (index, item) in items.iter().enumerate() {
            let mut hasher = hashing.build_hasher();
            hash(item, &hashing, &mut hasher);
            // Nobody outside can make two different values hash alike: the keys are drawn anew each time.
            if let Some(first) = seen.insert(hasher.finish(), index)
                && equals(&items[first], item)
            {
                right = self.wrong(&path.index(index), || format!("this is the same as item {first}; send it once"));
                if self.enough(right) {
                    return false;
                }
            }
        }
        right
    }

    fn object(
        &mut self,
        rules: &ObjectRules,
        members: &[(std::borrow::Cow<'_, str>, Json<'_>)],
        path: &Path<'_>,
    ) -> bool {
        let mut right = true;
        let count = members.len() as u64;
        if count < rules.count_min {
            let least = rules.count_min;
            right = self.wrong(path, || format!("this must have at least {least} members; it has {count}"));
        }
        if let Some(most) = rules.count_max
            && count > most
        {
            right = self.wrong(path, || format!("this must have at most {most} members; it has {count}"));
        }
        for name in &rules.required {
            if !members.iter().any(|(had, _)| had.as_ref() == name.as_ref()) {
                right = self.wrong(&path.name(name), || "this is missing; add it".to_owned());
            }
        }
        for (name, value) in members {
            if self.enough(right) || self.worn_out {
                return false;
            }
            let path = path.name(name);
            right &= match rules.properties.binary_search_by(|(had, _)| had.as_ref().cmp(name.as_ref())) {
                Ok(at) => self.value(rules.properties[at].1, value, &path),
                Err(_) => match rules.others {
                    Others::Allowed => true,
                    Others::Checked(schema) => self.value(schema, value, &path),
                    Others::Refused => self.wrong(&path, || unknown(name, rules)),
                },
            };
        }
        right
    }
}

fn unknown(name: &str, rules: &ObjectRules) -> String {
    let alike = |had: &&(Box<str>, SchemaId)| had.0.eq_ignore_ascii_case(name);
    match rules.properties.iter().find(alike) {
        Some((meant, _)) => format!("there is no member of this name; {meant:?} is spelt differently"),
        None => "there is no member of this name; take it out".to_owned(),
    }
}

fn is_of(types: Types, value: &Json<'_>) -> bool {
    match value {
        Json::Null => types.has(Types::NULL),
        Json::Bool(_) => types.has(Types::BOOLEAN),
        Json::Number(number) => types.has(Types::NUMBER) || (types.has(Types::INTEGER) && number.is_integer()),
        Json::Text(_) => types.has(Types::TEXT),
        Json::List(_) => types.has(Types::LIST),
        Json::Object(_) => types.has(Types::OBJECT),
    }
}

fn what(value: &Json<'_>) -> &'static str {
    match value {
        Json::Number(number) if !number.is_integer() => "a number with a fraction",
        other => other.what(),
    }
}

/// `one of "a", "b"`
fn choices(literals: &[Literal]) -> String {
    let word = |literal: &Literal| match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(yes) => yes.to_string(),
        Literal::Number(text) => text.to_string(),
        Literal::Text(text) => format!("\"{}\"", bounded(text)),
        Literal::List(_) => "a list of the schema".to_owned(),
        Literal::Object(_) => "an object of the schema".to_owned(),
    };
    let words: Vec<String> = literals.iter().take(20).map(word).collect();
    let more = if literals.len() > 20 { " or another of the schema's values" } else { "" };
    if literals.len() == 1 { words.concat() } else { format!("one of {}{more}", words.join(", ")) }
}

fn equals_literal(value: &Json<'_>, literal: &Literal) -> bool {
    match (value, literal) {
        (Json::Null, Literal::Null) => true,
        (Json::Bool(value), Literal::Bool(literal)) => value == literal,
        (Json::Number(value), Literal::Number(text)) => {
            Decimal::read(text).is_some_and(|it| value.compare(&it).is_eq())
        }
        (Json::Text(value), Literal::Text(text)) => value.as_ref() == text.as_ref(),
        (Json::List(values), Literal::List(all)) => {
            values.len() == all.len() && values.iter().zip(all.iter()).all(|(value, it)| equals_literal(value, it))
        }
        (Json::Object(members), Literal::Object(all)) => {
            let of = |name: &str| members.iter().find(|(had, _)| had.as_ref() == name);
            members.len() == all.len()
                && all.iter().all(|(name, it)| of(name).is_some_and(|(_, value)| equals_literal(value, it)))
        }
        _ => false,
    }
}

fn equals(left: &Json<'_>, right: &Json<'_>) -> bool {
    match (left, right) {
        (Json::Null, Json::Null) => true,
        (Json::Bool(left), Json::Bool(right)) => left == right,
        (Json::Number(left), Json::Number(right)) => left.compare(right).is_eq(),
        (Json::Text(left), Json::Text(right)) => left == right,
        (Json::List(left), Json::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equals(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            let sorted = |members: &[(std::borrow::Cow<'_, str>, Json<'_>)]| {
                let mut order: Vec<usize> = (0..members.len()).collect();
                order.sort_by(|a, b| members[*a].0.cmp(&members[*b].0));
                order
            };
            left.len() == right.len()
                && sorted(left)
                    .into_iter()
                    .zip(sorted(right))
                    .all(|(a, b)| left[a].0 == right[b].0 && equals(&left[a].1, &right[b].1))
        }
        _ => false,
    }
}

/// The same for equal values: of an object the order of its members says nothing.
fn hash(value: &Json<'_>, hashing: &std::hash::RandomState, hasher: &mut impl Hasher) {
    match value {
        Json::Null => hasher.write_u8(0),
        Json::Bool(yes) => hasher.write_u8(1 + u8::from(*yes)),
        Json::Number(number) => {
            hasher.write_u8(3);
            number.hash_into(hasher);
        }
        Json::Text(text) => {
            hasher.write_u8(4);
            hasher.write(text.as_bytes());
            hasher.write_u8(0xff);
        }
        Json::List(items) => {
            hasher.write_u8(5);
            items.iter().for_each(|item| hash(item, hashing, hasher));
            hasher.write_u8(0xfe);
        }
        Json::Object(members) => {
            let each = members.iter().map(|(name, value)| {
                let mut hasher = hashing.build_hasher();
                hasher.write(name.as_bytes());
                hasher.write_u8(0xff);
                hash(value, hashing, &mut hasher);
                hasher.finish()
            });
            let sum = each.fold(0u64, u64::wrapping_add);
            hasher.write_u8(6);
            hasher.write_u64(sum);
        }
    }
}
