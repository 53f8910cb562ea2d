//! Decides in which of AWS's words a faulty attribute value is refused.
//!
//! What is a value is decided by [`types::Value`]; here its errors get the texts that clients know. JSON of a wrong
//! type is another kind of error than a wrong value, and says which type was found.

use crate::error::{Code, WireError};
use crate::members::{serialization, wrong_type};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use types::{Item, NumberError, Value, ValueError};

/// Which of DynamoDB's two wordings a faulty value gets: its operations have not all moved from one to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    /// Of all but those below.
    Current,
    /// Of batches of writes and of scans.
    Older,
}

/// Reads an item that the request's rules have found to be there.
pub(super) fn read_item(members: Option<&Map<String, Json>>, wording: Wording) -> Result<Item, WireError> {
    let members = members.expect("a missing item breaks a rule, and the rules were checked");
    let read = |(name, json): (&String, &Json)| Ok((name.as_str().into(), read_value(name, json, wording)?));
    members.iter().map(read).collect()
}

/// Reads one value.
pub(super) fn read_value(name: &str, json: &Json, wording: Wording) -> Result<Value, WireError> {
    Value::from_json(json, name).map_err(|error| refuse(&error, json, wording))
}

fn refuse(error: &ValueError, json: &Json, wording: Wording) -> WireError {
    let invalid = |what: &str| format!("One or more parameter values were invalid: {what}");
    let message = match error {
        ValueError::WrongJson { .. } | ValueError::NotBase64 { .. } => {
            return wrong_shape(json, DEPTH_MAX).unwrap_or_else(|| serialization(error.to_string()));
        }
        ValueError::Empty { .. } => {
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes".to_owned()
        }
        ValueError::ManyTypes { .. } => "Supplied AttributeValue has more than one datatypes set, must contain \
                                         exactly one of the supported datatypes"
            .to_owned(),
        ValueError::Number { error, .. } => number(error, wording),
        ValueError::NullNotTrue { .. } => invalid("Null attribute value types must have the value of true"),
        // The spaces, and "An number", are AWS's.
        ValueError::EmptySet { set_type: "SS", .. } => invalid("An string set  may not be empty"),
        ValueError::EmptySet { set_type: "NS", .. } => invalid("An number set  may not be empty"),
        ValueError::EmptySet { .. } => invalid("Binary sets should not be empty"),
        ValueError::Duplicates { set_type, members, .. } => match (*set_type, wording) {
            ("NS", Wording::Older) => "Input collection contains duplicates".to_owned(),
            ("NS", Wording::Current) => invalid("Input collection contains duplicates."),
            // The missing space is AWS's.
            ("BS", Wording::Older) => {
                invalid(&format!("Input collection [{}]of type BS contains duplicates.", members.join(", ")))
            }
            ("BS", Wording::Current) => invalid(&format!(
                "Input collection [{}]of type BS contains duplicates.",
                as_collected(members, bytes, ",")
            )),
            (_, Wording::Older) => invalid(&format!("Input collection [{}] contains duplicates.", members.join(", "))),
            (_, Wording::Current) => {
                let shown = as_collected(members, |text| text.as_bytes().to_vec(), ", ");
                invalid(&format!("Input collection [{shown}] contains duplicates."))
            }
        },
        ValueError::TooDeep { .. } => "Nesting Levels have exceeded supported limits: Attributes in the item have \
                                       nested levels beyond supported limit"
            .to_owned(),
    };
    WireError::new(Code::Validation, message)
}

/// The members of a set with one of them twice, as DynamoDB comes upon them: sorted as far as they differ, then the one
/// that is there already, then the rest.
fn as_collected(members: &[String], order: fn(&str) -> Vec<u8>, between: &str) -> String {
    let mut seen = BTreeSet::new();
    let differ = members.iter().take_while(|member| seen.insert((order(member), member.as_str()))).count();
    let sorted = seen.iter().map(|(_, member)| *member);
    let shown = sorted.chain(members[differ..].iter().map(String::as_str));
    shown.map(|member| Json::from(member).to_string()).collect::<Vec<_>>().join(between)
}

/// The bytes that a member of a set of them says.
fn bytes(text: &str) -> Vec<u8> {
    match Value::from_json(&serde_json::json!({ "B": text }), "") {
        Ok(Value::B(bytes)) => bytes.into_vec(),
        _ => Vec::new(),
    }
}

fn number(error: &NumberError, wording: Wording) -> String {
    let text = match error {
        NumberError::NotANumber(text) if text.is_empty() && wording == Wording::Older => {
            "The parameter cannot be converted to a numeric value"
        }
        NumberError::NotANumber(text) => {
            return format!("The parameter cannot be converted to a numeric value: {text}");
        }
        NumberError::TooManyDigits => "Attempting to store more than 38 significant digits in a Number",
        NumberError::Overflow => {
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        }
        NumberError::Underflow => {
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        }
    };
    text.to_owned()
}

/// How deep a wrong type is looked for; deeper values were refused before anything in them was read.
const DEPTH_MAX: usize = types::VALUE_DEPTH_MAX + 1;

/// The first place in a value where the JSON has another type than the value's shape, in AWS's words.
fn wrong_shape(json: &Json, depth: usize) -> Option<WireError> {
    let depth = depth.checked_sub(1)?;
    let Some(members) = json.as_object() else {
        return Some(serialization(match json {
            Json::Array(_) => "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue",
            _ => "Unexpected value type in payload",
        }));
    };
    let list = |value: &Json, of: fn(&Json, usize) -> Option<WireError>| match value.as_array() {
        Some(elements) => elements.iter().find_map(|element| of(element, depth)),
        None => Some(wrong_type(value, "List")),
    };
    members.iter().filter(|(_, value)| !value.is_null()).find_map(|(name, value)| match name.as_str() {
        "S" | "N" => wrong_text(value, depth),
        "B" => wrong_blob(value, depth),
        "BOOL" | "NULL" => (!value.is_boolean()).then(|| wrong_type(value, "Boolean")),
        "SS" | "NS" => list(value, wrong_text),
        "BS" => list(value, wrong_blob),
        "L" => list(value, wrong_shape),
        "M" => match value.as_object() {
            Some(members) => members.values().find_map(|value| wrong_shape(value, depth)),
            None if value.is_array() => Some(serialization(
                "Unrecognized collection type java.util.Map<java.lang.String, \
                 com.amazonaws.dynamodb.v20120810.AttributeValue>",
            )),
            None => Some(wrong_type(value, "Map")),
        },
        _ => None,
    })
}

fn wrong_text(value: &Json, _: usize) -> Option<WireError> {
    (!value.is_string()).then(|| wrong_type(value, "String"))
}

fn wrong_blob(value: &Json, _: usize) -> Option<WireError> {
    let Some(text) = value.as_str() else {
        return Some(match value {
            Json::Object(_) => wrong_type(value, "Blob"),
            Json::Array(_) => serialization("Unrecognized collection type class java.nio.ByteBuffer"),
            _ => serialization("only base-64-encoded strings are convertible to bytes"),
        });
    };
    let read = Value::from_json(&serde_json::json!({ "B": text }), "");
    let message = match text.len() % 4 {
        _ if read.is_ok() => return None,
        0 => "Invalid last non-pad Base64 character dectected".to_owned(),
        _ => format!("Base64 encoded length is expected a multiple of 4 bytes but found: {}", text.len()),
    };
    Some(serialization(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn faulty_values_get_awss_words() {
        let long = "1".repeat(39);
        let cases = [
            (json!({}), "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
            (
                json!({"S": "a", "N": "1"}),
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported \
                 datatypes",
            ),
            (json!({"N": "abc"}), "The parameter cannot be converted to a numeric value: abc"),
            (json!({"N": ""}), "The parameter cannot be converted to a numeric value: "),
            (json!({"N": long}), "Attempting to store more than 38 significant digits in a Number"),
            (
                json!({"N": "1e126"}),
                "Number overflow. Attempting to store a number with magnitude larger than supported range",
            ),
            (
                json!({"NS": ["1e-131"]}),
                "Number underflow. Attempting to store a number with magnitude smaller than supported range",
            ),
            (
                json!({"NULL": false}),
                "One or more parameter values were invalid: Null attribute value types must have the value of true",
            ),
            (json!({"SS": []}), "One or more parameter values were invalid: An string set  may not be empty"),
            (json!({"NS": []}), "One or more parameter values were invalid: An number set  may not be empty"),
            (json!({"BS": []}), "One or more parameter values were invalid: Binary sets should not be empty"),
            (
                json!({"SS": ["b", "a", "b", "c"]}),
                "One or more parameter values were invalid: Input collection [\"a\", \"b\", \"b\", \"c\"] contains duplicates.",
            ),
            (
                json!({"BS": ["/w==", "AA==", "AA=="]}),
                "One or more parameter values were invalid: Input collection [\"AA==\",\"/w==\",\"AA==\"]of type BS \
                 contains duplicates.",
            ),
            (
                json!({"NS": ["2", "1", "2.0"]}),
                "One or more parameter values were invalid: Input collection contains duplicates.",
            ),
        ];
        check(&cases, Wording::Current, Code::Validation);
    }

    #[test]
    fn batches_of_writes_and_scans_have_kept_older_words() {
        let cases = [
            (json!({"N": "abc"}), "The parameter cannot be converted to a numeric value: abc"),
            (json!({"N": ""}), "The parameter cannot be converted to a numeric value"),
            (
                json!({"SS": ["b", "a", "b"]}),
                "One or more parameter values were invalid: Input collection [b, a, b] contains duplicates.",
            ),
            (
                json!({"BS": ["/w==", "AA==", "AA=="]}),
                "One or more parameter values were invalid: Input collection [/w==, AA==, AA==]of type BS contains \
                 duplicates.",
            ),
            (json!({"NS": ["2", "1", "2"]}), "Input collection contains duplicates"),
        ];
        check(&cases, Wording::Older, Code::Validation);
    }

    #[test]
    fn json_of_a_wrong_type_is_another_error() {
        let cases = [
            (json!("x"), "Unexpected value type in payload"),
            (json!(["x"]), "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"),
            (json!({"S": 1}), "NUMBER_VALUE cannot be converted to String"),
            (json!({"N": 1.5}), "DECIMAL_VALUE cannot be converted to String"),
            (json!({"BOOL": "true"}), "Unexpected token received from parser"),
            (json!({"SS": "a"}), "Unexpected field type"),
            (json!({"SS": [true]}), "TRUE_VALUE cannot be converted to String"),
            (json!({"B": 1}), "only base-64-encoded strings are convertible to bytes"),
            (json!({"B": []}), "Unrecognized collection type class java.nio.ByteBuffer"),
            (json!({"B": "abcde"}), "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
            (json!({"BS": ["=+/="]}), "Invalid last non-pad Base64 character dectected"),
            (json!({"L": [{"M": {"a": {"S": {}}}}]}), "Start of structure or map found where not expected"),
            (
                json!({"M": [1]}),
                "Unrecognized collection type java.util.Map<java.lang.String, \
                 com.amazonaws.dynamodb.v20120810.AttributeValue>",
            ),
        ];
        check(&cases, Wording::Current, Code::Serialization);
    }

    fn check(cases: &[(Json, &str)], wording: Wording, code: Code) {
        for (value, message) in cases {
            let item = json!({ "a": value });
            let error = read_item(item.as_object(), wording).unwrap_err();
            assert_eq!((error.code, error.message.as_str()), (code, *message), "{value}");
        }
    }
}
