//! Decides in which of AWS's words a faulty attribute value is refused.
//!
//! What is a value is decided by [`types::Value`]; here its errors get the texts that clients know. JSON of a wrong
//! type is another kind of error than a wrong value, and says which type was found.

use crate::error::{Code, WireError};
use crate::members::{serialization, wrong_type};
use serde_json::{Map, Value as Json};
use types::{Item, NumberError, Value, ValueError};

/// Reads an item that the request's rules have found to be there.
pub(super) fn read_item(members: Option<&Map<String, Json>>) -> Result<Item, WireError> {
    let members = members.expect("a missing item breaks a rule, and the rules were checked");
    let read = |(name, json): (&String, &Json)| Ok((name.as_str().into(), read_value(name, json)?));
    members.iter().map(read).collect()
}

/// Reads one value.
pub(super) fn read_value(name: &str, json: &Json) -> Result<Value, WireError> {
    Value::from_json(json, name).map_err(|error| refuse(&error, json))
}

fn refuse(error: &ValueError, json: &Json) -> WireError {
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
        ValueError::Number { error, .. } => number(error),
        ValueError::NullNotTrue { .. } => invalid("Null attribute value types must have the value of true"),
        // The spaces, and "An number", are AWS's.
        ValueError::EmptySet { set_type: "SS", .. } => invalid("An string set  may not be empty"),
        ValueError::EmptySet { set_type: "NS", .. } => invalid("An number set  may not be empty"),
        ValueError::EmptySet { .. } => invalid("Binary sets should not be empty"),
        ValueError::Duplicates { members, .. } => {
            invalid(&format!("Input collection [{}] contains duplicates.", members.join(", ")))
        }
        ValueError::TooDeep { .. } => "Nesting Levels have exceeded supported limits".to_owned(),
    };
    WireError::new(Code::Validation, message)
}

fn number(error: &NumberError) -> String {
    let text = match error {
        NumberError::NotANumber(text) if text.is_empty() => "The parameter cannot be converted to a numeric value",
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
    let Some(members) = json.as_object() else { return Some(wrong_type(json, "AttributeValue")) };
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
            None => Some(wrong_type(value, "Map")),
        },
        _ => None,
    })
}

fn wrong_text(value: &Json, _: usize) -> Option<WireError> {
    (!value.is_string()).then(|| wrong_type(value, "String"))
}

fn wrong_blob(value: &Json, _: usize) -> Option<WireError> {
    let Some(text) = value.as_str() else { return Some(wrong_type(value, "Blob")) };
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
            (json!({"N": ""}), "The parameter cannot be converted to a numeric value"),
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
                json!({"SS": ["a", "a"]}),
                "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
            ),
        ];
        check(&cases, Code::Validation);
    }

    #[test]
    fn json_of_a_wrong_type_is_another_error() {
        let cases = [
            (json!("x"), "Unexpected field type"),
            (json!(["x"]), "Unrecognized collection type class java.lang.AttributeValue"),
            (json!({"S": 1}), "NUMBER_VALUE cannot be converted to String"),
            (json!({"N": 1.5}), "DECIMAL_VALUE cannot be converted to String"),
            (json!({"BOOL": "true"}), "Unexpected token received from parser"),
            (json!({"SS": "a"}), "Unexpected field type"),
            (json!({"SS": [true]}), "TRUE_VALUE cannot be converted to String"),
            (json!({"B": 1}), "NUMBER_VALUE cannot be converted to Blob"),
            (json!({"B": "abcde"}), "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
            (json!({"BS": ["=+/="]}), "Invalid last non-pad Base64 character dectected"),
            (json!({"L": [{"M": {"a": {"S": {}}}}]}), "Start of structure or map found where not expected"),
            (json!({"M": [1]}), "Unrecognized collection type class java.lang.Map"),
        ];
        check(&cases, Code::Serialization);
    }

    fn check(cases: &[(Json, &str)], code: Code) {
        for (value, message) in cases {
            let item = json!({ "a": value });
            let error = read_item(item.as_object()).unwrap_err();
            assert_eq!((error.code, error.message.as_str()), (code, *message), "{value}");
        }
    }
}
