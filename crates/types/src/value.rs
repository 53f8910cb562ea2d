//! Decides what an attribute may hold, how large it is, and when two are the same.
//!
//! Sets are kept sorted, so that equality ignores the order they were written in. The JSON form is DynamoDB's:
//! one member that names the type, `{"S": "x"}`.

use crate::{Number, NumberError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

/// How deep lists and maps may nest.
pub const VALUE_DEPTH_MAX: usize = 32;

/// What one attribute holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    S(Box<str>),
    /// An exact decimal.
    N(Number),
    /// Bytes.
    B(Box<[u8]>),
    /// True or false.
    Bool(bool),
    /// Present, but nothing.
    Null,
    /// A map of named values.
    M(Item),
    /// A list of values of any type.
    L(Vec<Value>),
    /// A set of texts: not empty, sorted, no two equal.
    Ss(Vec<Box<str>>),
    /// A set of numbers: not empty, sorted, no two equal.
    Ns(Vec<Number>),
    /// A set of byte strings: not empty, sorted, no two equal.
    Bs(Vec<Box<[u8]>>),
}

/// Named values, sorted by name; what a table keeps under one key, and what a map holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item(Vec<(Box<str>, Value)>);

/// Why a JSON text is not a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// `{}` or only unknown type names.
    #[error("the value at {path} names no type")]
    Empty {
        /// Where, dotted.
        path: String,
    },
    /// `{"S": "x", "N": "1"}`.
    #[error("the value at {path} names more than one type")]
    ManyTypes {
        /// Where, dotted.
        path: String,
    },
    /// The JSON under the type's name has another type.
    #[error("the value at {path} should be {expected}")]
    WrongJson {
        /// Where, dotted.
        path: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A number that is none, or does not fit.
    #[error("the number at {path}: {error}")]
    Number {
        /// Where, dotted.
        path: String,
        /// What is wrong with it.
        error: NumberError,
    },
    /// Bytes that are not base64.
    #[error("the binary value at {path} is not base64")]
    NotBase64 {
        /// Where, dotted.
        path: String,
    },
    /// `{"NULL": false}`.
    #[error("the null at {path} must be true")]
    NullNotTrue {
        /// Where, dotted.
        path: String,
    },
    /// A set without members; the type is `SS`, `NS` or `BS`.
    #[error("the {set_type} at {path} is empty")]
    EmptySet {
        /// Where, dotted.
        path: String,
        /// `SS`, `NS` or `BS`.
        set_type: &'static str,
    },
    /// Two members of a set are equal; the texts are the set as it was given.
    #[error("the set at {path} contains duplicates")]
    Duplicates {
        /// Where, dotted.
        path: String,
        /// Its members as given.
        members: Vec<String>,
    },
    /// Lists and maps nest deeper than [`VALUE_DEPTH_MAX`].
    #[error("the value at {path} nests deeper than {VALUE_DEPTH_MAX} levels")]
    TooDeep {
        /// Where, dotted.
        path: String,
    },
}

impl Value {
    /// The type's name in JSON.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null => "NULL",
            Self::M(_) => "M",
            Self::L(_) => "L",
            Self::Ss(_) => "SS",
            Self::Ns(_) => "NS",
            Self::Bs(_) => "BS",
        }
    }

    /// The bytes it takes up in an item, as DynamoDB counts them.
    pub fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.size(),
            Self::B(bytes) => bytes.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + value.size()).sum::<usize>(),
            Self::L(list) => 3 + list.iter().map(|value| 1 + value.size()).sum::<usize>(),
            Self::Ss(set) => set.iter().map(|text| text.len()).sum(),
            Self::Ns(set) => set.iter().map(|number| number.size()).sum(),
            Self::Bs(set) => set.iter().map(|bytes| bytes.len()).sum(),
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::S(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<Number> {
        if let Self::N(number) = self { Some(*number) } else { None }
    }

    /// Reads DynamoDB's JSON form; `path` names the place in errors.
    pub fn from_json(json: &Json, path: &str) -> Result<Self, ValueError> {
        Self::read(json, path, 0)
    }

    fn read(json: &Json, path: &str, depth: usize) -> Result<Self, ValueError> {
        let at = || path.to_owned();
        if depth > VALUE_DEPTH_MAX {
            return Err(ValueError::TooDeep { path: at() });
        }
        let wrong = |expected| ValueError::WrongJson { path: path.to_owned(), expected };
        let members = json.as_object().ok_or_else(|| wrong("an object such as {\"S\": \"text\"}"))?;
        let known = |name: &str| matches!(name, "S" | "N" | "B" | "BOOL" | "NULL" | "M" | "L" | "SS" | "NS" | "BS");
        let mut typed = members.iter().filter(|(name, content)| known(name) && !content.is_null());
        let (Some((name, content)), None) = (typed.next(), typed.next()) else {
            let many = members.iter().filter(|(name, content)| known(name) && !content.is_null()).count() > 1;
            return Err(if many { ValueError::ManyTypes { path: at() } } else { ValueError::Empty { path: at() } });
        };
        let text = |content: &Json| content.as_str().map(Box::<str>::from);
        let number = |content: &Json| {
            let text = content.as_str().ok_or_else(|| wrong("a number written as a string"))?;
            text.parse::<Number>().map_err(|error| ValueError::Number { path: path.to_owned(), error })
        };
        let bytes = |content: &Json| {
            let text = content.as_str().ok_or_else(|| wrong("base64 written as a string"))?;
            let bytes = BASE64.decode(text).map_err(|_| ValueError::NotBase64 { path: path.to_owned() })?;
            Ok::<Box<[u8]>, ValueError>(bytes.into())
        };
        let list = |content| list_of(content).ok_or_else(|| wrong("an array"));
        Ok(match name.as_str() {
            "S" => Self::S(text(content).ok_or_else(|| wrong("a string"))?),
            "N" => Self::N(number(content)?),
            "B" => Self::B(bytes(content)?),
            "BOOL" => Self::Bool(content.as_bool().ok_or_else(|| wrong("true or false"))?),
            "NULL" => match content.as_bool() {
                Some(true) => Self::Null,
                _ => return Err(ValueError::NullNotTrue { path: at() }),
            },
            "M" => Self::M(Item::read(content, path, depth + 1)?),
            "L" => {
                let read = |(index, element)| Self::read(element, &format!("{path}[{index}]"), depth + 1);
                Self::L(list(content)?.iter().enumerate().map(read).collect::<Result<_, _>>()?)
            }
            "SS" => {
                let members = list(content)?;
                let texts = members.iter().map(text).collect::<Option<Vec<_>>>();
                Self::Ss(distinct(texts.ok_or_else(|| wrong("an array of strings"))?, members, path, "SS")?)
            }
            "NS" => {
                let members = list(content)?;
                let numbers = members.iter().map(number).collect::<Result<Vec<_>, _>>()?;
                Self::Ns(distinct(numbers, members, path, "NS")?)
            }
            _ => {
                let members = list(content)?;
                let blobs = members.iter().map(bytes).collect::<Result<Vec<_>, _>>()?;
                Self::Bs(distinct(blobs, members, path, "BS")?)
            }
        })
    }
}

fn list_of(json: &Json) -> Option<&Vec<Json>> {
    json.as_array()
}

/// Sorts a set's members; refuses an empty set and equal members.
fn distinct<T: Ord>(
    mut members: Vec<T>,
    given: &[Json],
    path: &str,
    set_type: &'static str,
) -> Result<Vec<T>, ValueError> {
    if members.is_empty() {
        return Err(ValueError::EmptySet { path: path.to_owned(), set_type });
    }
    members.sort_unstable();
    if members.windows(2).any(|pair| pair[0] == pair[1]) {
        let members = given.iter().filter_map(|member| member.as_str().map(str::to_owned)).collect();
        return Err(ValueError::Duplicates { path: path.to_owned(), members });
    }
    Ok(members)
}

impl Item {
    /// No attributes.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// What the attribute holds, if it is there.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let at = self.0.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// The text of an attribute, if it is there and one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// The number of an attribute, if it is there and one.
    pub fn number(&self, name: &str) -> Option<Number> {
        self.get(name)?.as_number()
    }

    /// Sets an attribute; what it held before is given back.
    pub fn insert(&mut self, name: impl Into<Box<str>>, value: Value) -> Option<Value> {
        let name = name.into();
        match self.0.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (name, value));
                None
            }
        }
    }

    /// Attributes in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> + DoubleEndedIterator {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// How many attributes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no attribute.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes it takes up, names included, as DynamoDB counts them.
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.size()).sum()
    }

    /// Reads DynamoDB's JSON form: `{"orderId": {"S": "ORD-1"}}`; `path` names the place in errors.
    pub fn from_json(json: &Json, path: &str) -> Result<Self, ValueError> {
        Self::read(json, path, 0)
    }

    fn read(json: &Json, path: &str, depth: usize) -> Result<Self, ValueError> {
        let wrong = || ValueError::WrongJson { path: path.to_owned(), expected: "an object of attributes" };
        let members = json.as_object().ok_or_else(wrong)?;
        let read = |(name, value): (&String, &Json)| {
            let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            Ok((name.as_str().into(), Value::read(value, &place, depth)?))
        };
        members.iter().map(read).collect()
    }

    /// DynamoDB's JSON form as a tree.
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).expect("an item has string keys and finite depth")
    }
}

impl FromIterator<(Box<str>, Value)> for Item {
    /// Of two attributes of one name the later is kept.
    fn from_iter<I: IntoIterator<Item = (Box<str>, Value)>>(attributes: I) -> Self {
        let mut sorted: Vec<_> = attributes.into_iter().collect();
        // Stable, so that of equal names the later stands last; then keep the last.
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted.reverse();
        sorted.dedup_by(|next, kept| next.0 == kept.0);
        sorted.reverse();
        Self(sorted)
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Item {
    fn from(attributes: [(&str, Value); N]) -> Self {
        attributes.into_iter().map(|(name, value)| (name.into(), value)).collect()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::S(text.into())
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::N(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        let name = self.type_name();
        match self {
            Self::S(text) => map.serialize_entry(name, text)?,
            Self::N(number) => map.serialize_entry(name, &number.to_string())?,
            Self::B(bytes) => map.serialize_entry(name, &BASE64.encode(bytes))?,
            Self::Bool(truth) => map.serialize_entry(name, truth)?,
            Self::Null => map.serialize_entry(name, &true)?,
            Self::M(item) => map.serialize_entry(name, item)?,
            Self::L(list) => map.serialize_entry(name, list)?,
            Self::Ss(set) => map.serialize_entry(name, set)?,
            Self::Ns(set) => map.serialize_entry(name, &set.iter().map(Number::to_string).collect::<Vec<_>>())?,
            Self::Bs(set) => map.serialize_entry(name, &set.iter().map(|b| BASE64.encode(b)).collect::<Vec<_>>())?,
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_round_trips_and_normalises() {
        let cases = [
            (json!({"S": "x"}), json!({"S": "x"})),
            (json!({"N": "1.50"}), json!({"N": "1.5"})),
            (json!({"B": "Zm9v"}), json!({"B": "Zm9v"})),
            (json!({"BOOL": false}), json!({"BOOL": false})),
            (json!({"NULL": true}), json!({"NULL": true})),
            (json!({"M": {"b": {"S": ""}, "a": {"N": "1"}}}), json!({"M": {"a": {"N": "1"}, "b": {"S": ""}}})),
            (json!({"L": [{"S": "x"}, {"L": []}]}), json!({"L": [{"S": "x"}, {"L": []}]})),
            (json!({"SS": ["b", "a"]}), json!({"SS": ["a", "b"]})),
            (json!({"NS": ["10", "9.0"]}), json!({"NS": ["9", "10"]})),
            (json!({"BS": ["Zm9v"]}), json!({"BS": ["Zm9v"]})),
        ];
        for (given, kept) in cases {
            let value = Value::from_json(&given, "v").unwrap();
            assert_eq!(serde_json::to_value(&value).unwrap(), kept, "{given}");
        }
    }

    #[test]
    fn faulty_values_are_refused_with_their_place() {
        let path = || "a.b".to_owned();
        let cases = [
            (json!({}), ValueError::Empty { path: path() }),
            (json!({"X": 1}), ValueError::Empty { path: path() }),
            (json!({"S": "x", "N": "1"}), ValueError::ManyTypes { path: path() }),
            (json!({"S": 1}), ValueError::WrongJson { path: path(), expected: "a string" }),
            (json!({"N": 1}), ValueError::WrongJson { path: path(), expected: "a number written as a string" }),
            (json!({"NULL": false}), ValueError::NullNotTrue { path: path() }),
            (json!({"SS": []}), ValueError::EmptySet { path: path(), set_type: "SS" }),
            (json!({"B": "~"}), ValueError::NotBase64 { path: path() }),
            (
                json!({"NS": ["1", "1.0"]}),
                ValueError::Duplicates { path: path(), members: vec!["1".into(), "1.0".into()] },
            ),
            (
                json!({"L": [{"N": "x"}]}),
                ValueError::Number { path: "a.b[0]".into(), error: NumberError::NotANumber("x".into()) },
            ),
        ];
        for (given, error) in cases {
            assert_eq!(Value::from_json(&given, "a.b"), Err(error), "{given}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nest = |depth| (0..depth).fold(json!({"S": "x"}), |inner, _| json!({"L": [inner]}));
        assert!(Value::from_json(&nest(VALUE_DEPTH_MAX), "v").is_ok());
        assert!(matches!(Value::from_json(&nest(VALUE_DEPTH_MAX + 1), "v"), Err(ValueError::TooDeep { .. })));
    }

    #[test]
    fn sizes_are_dynamodbs() {
        // Check values recorded from AWS's stream records: keys and images, names included.
        let item = Item::from([("id", "my-item-id".into()), ("attr1", "value1".into()), ("attr2", "value2".into())]);
        assert_eq!(item.size(), 34);
        assert_eq!(Item::from([("id", "my-item-id".into())]).size(), 12);
    }

    #[test]
    fn a_later_attribute_of_one_name_wins() {
        let item: Item =
            [("a".into(), Value::from("1")), ("b".into(), "2".into()), ("a".into(), "3".into())].into_iter().collect();
        assert_eq!(item, Item::from([("a", "3".into()), ("b", "2".into())]));
    }
}
