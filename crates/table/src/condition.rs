//! Decides whether a condition holds on the item that is stored under a key, or on none.
//!
//! Start at [`Condition::holds`]. A path that leads nowhere is not an error: a test on it is false, but for `<>` and
//! [`Condition::NotExists`]. Values of different types are never equal and never ordered.
//!
//! Conditions are walked by recursion; whoever builds one from a client's text bounds its depth.

use std::borrow::Cow;
use std::cmp::Ordering;
use types::{Item, Value};

/// A test of the stored item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Holds on any item and on none.
    Always,
    /// The attribute is there.
    Exists(Path),
    /// The attribute is not there.
    NotExists(Path),
    /// The attribute is there and of this type.
    HasType(Path, AttributeType),
    /// The two values stand in this relation.
    Compare(Operand, Comparison, Operand),
    /// The first value is not below the second and not above the third.
    Between(Operand, Operand, Operand),
    /// The first value equals one of the others.
    In(Operand, Vec<Operand>),
    /// The first text or byte string begins with the second.
    BeginsWith(Operand, Operand),
    /// The first text or byte string contains the second; the set or list has it as a member.
    Contains(Operand, Operand),
    /// All of them hold; so does none.
    And(Vec<Condition>),
    /// At least one of them holds.
    Or(Vec<Condition>),
    /// The condition does not hold.
    Not(Box<Condition>),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// The stored item.
    Path(Path),
    /// Whoever wrote the condition.
    Value(Value),
    /// The size of what the path leads to: a text's or byte string's bytes, a list's, map's or set's members. What has
    /// no size is as if it were missing.
    Size(Path),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Same type, same value.
    Equal,
    /// Not equal; also when one is missing.
    NotEqual,
    /// Below.
    Less,
    /// Below or equal.
    LessOrEqual,
    /// Above.
    Greater,
    /// Above or equal.
    GreaterOrEqual,
}

/// The way to an attribute, or into the maps and lists that it holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// The attribute's name.
    pub attribute: Box<str>,
    /// The way on from there.
    pub steps: Vec<Step>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// To the member of a map.
    Field(Box<str>),
    /// To the element of a list.
    Index(usize),
}

/// The type of an attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributeType {
    /// Text.
    S,
    /// A number.
    N,
    /// Bytes.
    B,
    /// True or false.
    Bool,
    /// Nothing.
    Null,
    /// A map.
    M,
    /// A list.
    L,
    /// A set of texts.
    Ss,
    /// A set of numbers.
    Ns,
    /// A set of byte strings.
    Bs,
}

impl AttributeType {
    /// The type of a value.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::S(_) => Self::S,
            Value::N(_) => Self::N,
            Value::B(_) => Self::B,
            Value::Bool(_) => Self::Bool,
            Value::Null => Self::Null,
            Value::M(_) => Self::M,
            Value::L(_) => Self::L,
            Value::Ss(_) => Self::Ss,
            Value::Ns(_) => Self::Ns,
            Value::Bs(_) => Self::Bs,
        }
    }

    /// Reads the name that [`Value::type_name`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "S" => Self::S,
            "N" => Self::N,
            "B" => Self::B,
            "BOOL" => Self::Bool,
            "NULL" => Self::Null,
            "M" => Self::M,
            "L" => Self::L,
            "SS" => Self::Ss,
            "NS" => Self::Ns,
            "BS" => Self::Bs,
            _ => return None,
        })
    }
}

impl From<&str> for Path {
    /// The path to a top-level attribute of this name, whatever characters it has.
    fn from(attribute: &str) -> Self {
        Self { attribute: attribute.into(), steps: Vec::new() }
    }
}

impl Path {
    /// What the path leads to in `item`.
    pub fn find<'a>(&self, item: &'a Item) -> Option<&'a Value> {
        self.steps.iter().try_fold(item.get(&self.attribute)?, |value, step| match (step, value) {
            (Step::Field(name), Value::M(map)) => map.get(name),
            (Step::Index(at), Value::L(list)) => list.get(*at),
            (Step::Field(_) | Step::Index(_), _) => None,
        })
    }
}

impl Operand {
    /// The value, if there is one.
    fn value<'a>(&'a self, item: Option<&'a Item>) -> Option<Cow<'a, Value>> {
        match self {
            Self::Path(path) => path.find(item?).map(Cow::Borrowed),
            Self::Value(value) => Some(Cow::Borrowed(value)),
            Self::Size(path) => {
                let size = size(path.find(item?)?)?;
                Some(Cow::Owned(Value::N(u64::try_from(size).expect("a size in memory fits").into())))
            }
        }
    }
}

impl Condition {
    /// Whether it holds on what is stored.
    pub fn holds(&self, old: Option<&Item>) -> bool {
        let both = |a: &Operand, b: &Operand, test: fn(&Value, &Value) -> bool| {
            a.value(old).zip(b.value(old)).is_some_and(|(a, b)| test(&a, &b))
        };
        let found = |path: &Path| old.and_then(|item| path.find(item).map(AttributeType::of));
        match self {
            Self::Always => true,
            Self::Exists(path) => found(path).is_some(),
            Self::NotExists(path) => found(path).is_none(),
            Self::HasType(path, expected) => found(path) == Some(*expected),
            Self::Compare(a, comparison, b) => match comparison {
                Comparison::Equal => both(a, b, |a, b| a == b),
                Comparison::NotEqual => !both(a, b, |a, b| a == b),
                Comparison::Less => both(a, b, |a, b| order(a, b).is_some_and(Ordering::is_lt)),
                Comparison::LessOrEqual => both(a, b, |a, b| order(a, b).is_some_and(Ordering::is_le)),
                Comparison::Greater => both(a, b, |a, b| order(a, b).is_some_and(Ordering::is_gt)),
                Comparison::GreaterOrEqual => both(a, b, |a, b| order(a, b).is_some_and(Ordering::is_ge)),
            },
            Self::Between(value, low, high) => {
                let at_most = |a: &Operand, b: &Operand| both(a, b, |a, b| order(a, b).is_some_and(Ordering::is_le));
                at_most(low, value) && at_most(value, high)
            }
            Self::In(value, others) => others.iter().any(|other| both(value, other, |a, b| a == b)),
            Self::BeginsWith(value, start) => both(value, start, begins_with),
            Self::Contains(value, part) => both(value, part, contains),
            Self::And(conditions) => conditions.iter().all(|condition| condition.holds(old)),
            Self::Or(conditions) => conditions.iter().any(|condition| condition.holds(old)),
            Self::Not(condition) => !condition.holds(old),
        }
    }
}

impl Condition {
    /// Every path that it asks about, in the order of its tests.
    pub fn paths(&self) -> Vec<&Path> {
        fn of<'a>(operand: &'a Operand, paths: &mut Vec<&'a Path>) {
            match operand {
                Operand::Path(path) | Operand::Size(path) => paths.push(path),
                Operand::Value(_) => {}
            }
        }
        fn collect<'a>(condition: &'a Condition, paths: &mut Vec<&'a Path>) {
            match condition {
                Condition::Always => {}
                Condition::Exists(path) | Condition::NotExists(path) | Condition::HasType(path, _) => paths.push(path),
                Condition::Compare(a, _, b) | Condition::BeginsWith(a, b) | Condition::Contains(a, b) => {
                    of(a, paths);
                    of(b, paths);
                }
                Condition::Between(a, b, c) => [a, b, c].into_iter().for_each(|one| of(one, paths)),
                Condition::In(a, others) => std::iter::once(a).chain(others).for_each(|one| of(one, paths)),
                Condition::And(all) | Condition::Or(all) => all.iter().for_each(|one| collect(one, paths)),
                Condition::Not(one) => collect(one, paths),
            }
        }
        let mut paths = Vec::new();
        collect(self, &mut paths);
        paths
    }
}

/// How two values are ordered: only texts, numbers and byte strings are, and only among themselves.
pub(crate) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::S(a), Value::S(b)) => Some(a.cmp(b)),
        (Value::N(a), Value::N(b)) => Some(a.cmp(b)),
        (Value::B(a), Value::B(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn begins_with(value: &Value, start: &Value) -> bool {
    match (value, start) {
        (Value::S(value), Value::S(start)) => value.starts_with(&**start),
        (Value::B(value), Value::B(start)) => value.starts_with(start),
        _ => false,
    }
}

fn contains(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::S(value), Value::S(part)) => value.contains(&**part),
        (Value::B(value), Value::B(part)) => part.is_empty() || value.windows(part.len()).any(|run| *run == **part),
        (Value::L(list), part) => list.contains(part),
        (Value::Ss(set), Value::S(part)) => set.contains(part),
        (Value::Ns(set), Value::N(part)) => set.contains(part),
        (Value::Bs(set), Value::B(part)) => set.contains(part),
        _ => false,
    }
}

/// What `size` counts; numbers, truths and nothing have no size.
pub(crate) fn size(value: &Value) -> Option<usize> {
    match value {
        Value::S(text) => Some(text.len()),
        Value::B(bytes) => Some(bytes.len()),
        Value::M(map) => Some(map.len()),
        Value::L(list) => Some(list.len()),
        Value::Ss(set) => Some(set.len()),
        Value::Ns(set) => Some(set.len()),
        Value::Bs(set) => Some(set.len()),
        Value::N(_) | Value::Bool(_) | Value::Null => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    use types::Number;

    fn number(text: &str) -> Value {
        Value::N(text.parse::<Number>().unwrap())
    }

    fn stored() -> Item {
        Item::from([
            ("status", "pending".into()),
            ("amount", number("99.5")),
            ("bytes", Value::B([1, 2, 3].into())),
            ("test", false.into()),
            ("nothing", Value::Null),
            ("tags", Value::Ss(vec!["a".into(), "b".into()])),
            ("counts", Value::Ns(vec![1u64.into(), 2u64.into()])),
            ("blobs", Value::Bs(vec![[7].into()])),
            ("lines", Value::L(vec!["x".into(), Value::M(Item::from([("sku", "S-1".into())]))])),
            ("a.b", "dotted".into()),
            ("twin", "pending".into()),
        ])
    }

    fn path(attribute: &str) -> Path {
        Path::from(attribute)
    }

    fn at(attribute: &str) -> Operand {
        Operand::Path(path(attribute))
    }

    fn is(value: impl Into<Value>) -> Operand {
        Operand::Value(value.into())
    }

    fn size_of(attribute: &str) -> Operand {
        Operand::Size(path(attribute))
    }

    fn sku() -> Path {
        Path { attribute: "lines".into(), steps: vec![Step::Index(1), Step::Field("sku".into())] }
    }

    #[test]
    fn conditions_on_a_stored_item() {
        use Condition::{And, BeginsWith, Between, Compare, Contains, Exists, HasType, In, Not, NotExists, Or};
        let cases = [
            (Exists(path("status")), true),
            (Exists(path("nothing")), true),
            (Exists(path("missing")), false),
            (NotExists(path("status")), false),
            (NotExists(path("missing")), true),
            // A name with a dot is one name, not a path of two.
            (Exists(path("a.b")), true),
            (Exists(sku()), true),
            (Exists(Path { attribute: "lines".into(), steps: vec![Step::Index(2)] }), false),
            (Exists(Path { attribute: "lines".into(), steps: vec![Step::Field("sku".into())] }), false),
            (Exists(Path { attribute: "status".into(), steps: vec![Step::Index(0)] }), false),
            (HasType(path("tags"), AttributeType::Ss), true),
            (HasType(path("tags"), AttributeType::L), false),
            (HasType(path("missing"), AttributeType::S), false),
            (Compare(at("status"), Equal, is("pending")), true),
            (Compare(at("status"), Equal, is("shipped")), false),
            (Compare(at("status"), Equal, at("twin")), true),
            (Compare(at("amount"), Equal, is(number("99.50"))), true),
            (Compare(at("amount"), Equal, is("99.5")), false),
            (Compare(at("amount"), NotEqual, is("99.5")), true),
            (Compare(at("status"), NotEqual, is("pending")), false),
            (Compare(at("missing"), Equal, is("x")), false),
            (Compare(at("missing"), NotEqual, is("x")), true),
            (Compare(at("missing"), Equal, at("missing")), false),
            (Compare(at("missing"), Less, is("x")), false),
            (Compare(at("amount"), Greater, is(number("9"))), true),
            (Compare(at("amount"), Less, is(number("9"))), false),
            (Compare(at("amount"), LessOrEqual, is(number("99.5"))), true),
            (Compare(at("amount"), GreaterOrEqual, is(number("99.5"))), true),
            (Compare(at("amount"), Less, is(number("99.5"))), false),
            (Compare(at("amount"), Less, is("a")), false),
            (Compare(at("amount"), GreaterOrEqual, is("a")), false),
            (Compare(at("test"), Less, is(true)), false),
            (Compare(at("test"), Equal, is(false)), true),
            (Compare(at("bytes"), Less, is(Value::B([1, 2, 4].into()))), true),
            (Compare(Operand::Path(sku()), Equal, is("S-1")), true),
            (Between(at("amount"), is(number("99.5")), is(number("100"))), true),
            (Between(at("amount"), is(number("1")), is(number("99"))), false),
            (Between(at("amount"), is("1"), is(number("100"))), false),
            (Between(at("missing"), is("a"), is("b")), false),
            (In(at("status"), vec![is("shipped"), is("pending")]), true),
            (In(at("status"), vec![]), false),
            (In(at("missing"), vec![is("shipped")]), false),
            (BeginsWith(at("status"), is("pend")), true),
            (BeginsWith(at("status"), is("ending")), false),
            (BeginsWith(at("bytes"), is(Value::B([1, 2].into()))), true),
            (BeginsWith(at("amount"), is("9")), false),
            (Contains(at("status"), is("end")), true),
            (Contains(at("status"), is("END")), false),
            (Contains(at("bytes"), is(Value::B([2, 3].into()))), true),
            (Contains(at("bytes"), is(Value::B([3, 2].into()))), false),
            (Contains(at("tags"), is("a")), true),
            (Contains(at("tags"), is("c")), false),
            (Contains(at("tags"), is(number("1"))), false),
            (Contains(at("counts"), is(number("2.0"))), true),
            (Contains(at("blobs"), is(Value::B([7].into()))), true),
            (Contains(at("lines"), is("x")), true),
            (Contains(at("lines"), is(Value::M(Item::from([("sku", "S-1".into())])))), true),
            (Contains(at("missing"), is("x")), false),
            (Compare(size_of("status"), Equal, is(number("7"))), true),
            (Compare(size_of("tags"), Equal, is(number("2"))), true),
            (Compare(size_of("lines"), Greater, is(number("1"))), true),
            (Compare(size_of("bytes"), Equal, is(number("3"))), true),
            (Compare(size_of("amount"), GreaterOrEqual, is(number("0"))), false),
            (Compare(size_of("missing"), Equal, is(number("0"))), false),
            (And(vec![]), true),
            (Or(vec![]), false),
            (And(vec![Exists(path("status")), Exists(path("missing"))]), false),
            (Or(vec![Exists(path("missing")), Exists(path("status"))]), true),
            (Not(Box::new(Exists(path("missing")))), true),
            (Not(Box::new(Compare(at("missing"), Equal, is("x")))), true),
        ];
        let stored = stored();
        for (condition, expected) in cases {
            assert_eq!(condition.holds(Some(&stored)), expected, "{condition:?}");
        }
    }

    #[test]
    fn where_nothing_is_stored_every_attribute_is_missing() {
        let cases = [
            (Condition::Always, true),
            (Condition::Exists(path("id")), false),
            (Condition::NotExists(path("id")), true),
            (Condition::Compare(at("id"), NotEqual, is("x")), true),
            (Condition::Compare(at("id"), Equal, is("x")), false),
            (Condition::Compare(size_of("id"), Equal, is(number("0"))), false),
            (Condition::Compare(is("x"), Equal, is("x")), true),
        ];
        for (condition, expected) in cases {
            assert_eq!(condition.holds(None), expected, "{condition:?}");
        }
    }

    #[test]
    fn type_names_are_read_as_they_are_written() {
        for (_, value) in stored().iter() {
            assert_eq!(AttributeType::parse(value.type_name()), Some(AttributeType::of(value)));
        }
        assert_eq!(AttributeType::parse("s"), None);
    }
}
