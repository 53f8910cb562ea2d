//! Decides what an attribute may hold, how large it is, and when two are the same.
//!
//! Sets are kept sorted, so that equality ignores the order they were written in. The JSON form is DynamoDB's:
//! one member that names the type, `{"S": "x"}`.

use crate::{Item, Number, NumberError, Text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

/// How many lists and maps may lie around a value: with them and the value itself an attribute has 32 levels.
pub const VALUE_DEPTH_MAX: usize = 31;

/// What one attribute holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    S(Text),
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
    Ss(Vec<Text>),
    /// A set of numbers: not empty, sorted, no two equal.
    Ns(Vec<Number>),
    /// A set of byte strings: not empty, sorted, no two equal.
    Bs(Vec<Box<[u8]>>),
}

/// Items are moved about a lot; what makes each attribute larger should be meant.
const _: () = assert!(size_of::<Value>() <= 32);

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
        /// `SS`, `NS` or `BS`.
        set_type: &'static str,
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
            Self::M(map) => 3 + map.len() + map.size(),
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

    pub(crate) fn read(json: &Json, path: &str, depth: usize) -> Result<Self, ValueError> {
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
        let text = |content: &Json| content.as_str().map(Text::from);
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
        return Err(ValueError::Duplicates { path: path.to_owned(), set_type, members });
    }
    Ok(members)
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::S(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::S(text)
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

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        let name = self.type_name();
        match self {
            Self::S(text) => map.serialize_entry(name, text.as_str())?,
            Self::N(number) => map.serialize_entry(name, number.to_text().as_str())?,
            Self::B(bytes) => map.serialize_entry(name, &BASE64.encode(bytes))?,
            Self::Bool(truth) => map.serialize_entry(name, truth)?,
            Self::Null => map.serialize_entry(name, &true)?,
            Self::M(item) => map.serialize_entry(name, item)?,
            Self::L(list) => map.serialize_entry(name, list)?,
            Self::Ss(set) => map.serialize_entry(name, &set.iter().map(Text::as_str).collect::<Vec<_>>())?,
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
                ValueError::Duplicates { path: path(), set_type: "NS", members: vec!["1".into(), "1.0".into()] },
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
}
