//! Decides how the members of a request's JSON body are read: present or not, of the right JSON type or not.
//!
//! Start at [`Members`]. A null is as if the member were not there; a member that AWS does not know is never asked for
//! and so ignored, as AWS does. [`Rules`] collects the breaches of a request's value rules in AWS's words.

use crate::error::{Code, WireError};
use crate::reply::Service;
use serde_json::{Map, Value as Json, json};

/// The members of one JSON object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members<'a> {
    members: &'a Map<String, Json>,
    service: Service,
}

/// The body of a request, as an object; an empty body is an empty one.
pub(crate) fn parse_body(body: &[u8]) -> Result<Map<String, Json>, WireError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Json::Object(members)) => Ok(members),
        Ok(_) => Err(serialization("Unexpected token received from parser; the body must be a JSON object")),
        Err(error) => Err(serialization(format!("The body is no JSON: {error}"))),
    }
}

pub(crate) fn serialization(message: impl Into<String>) -> WireError {
    WireError::new(Code::Serialization, message)
}

impl<'a> Members<'a> {
    pub(crate) fn new(members: &'a Map<String, Json>, service: Service) -> Self {
        Self { members, service }
    }

    /// The member, if it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Json> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, WireError> {
        self.get(name).map(|value| value.as_str().ok_or_else(|| wrong_type(value, "String"))).transpose()
    }

    pub(crate) fn truth(&self, name: &str) -> Result<Option<bool>, WireError> {
        self.get(name).map(|value| value.as_bool().ok_or_else(|| wrong_type(value, "Boolean"))).transpose()
    }

    /// A whole number; a fraction is cut off, as AWS does.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, WireError> {
        let read = |value: &Json| value.as_i64().or_else(|| value.as_f64().map(|number| number as i64));
        self.get(name).map(|value| read(value).ok_or_else(|| wrong_type(value, "Integer"))).transpose()
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Json>>, WireError> {
        self.get(name).map(|value| value.as_object().ok_or_else(|| wrong_type(value, "Map"))).transpose()
    }

    /// The members of an object in this one.
    pub(crate) fn nested(&self, name: &str) -> Result<Option<Members<'a>>, WireError> {
        Ok(self.object(name)?.map(|members| Members { members, service: self.service }))
    }

    /// A list of texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, WireError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let list = value.as_array().ok_or_else(|| wrong_type(value, "List"))?;
        list.iter()
            .map(|text| text.as_str().ok_or_else(|| wrong_type(text, "String")))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A list of objects.
    pub(crate) fn objects(&self, name: &str) -> Result<Option<Vec<Members<'a>>>, WireError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let list = value.as_array().ok_or_else(|| wrong_type(value, "List"))?;
        let read = |value: &'a Json| value.as_object().ok_or_else(|| wrong_type(value, "Map"));
        list.iter()
            .map(|value| read(value).map(|members| Members { members, service: self.service }))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// A list of objects, as they are.
    pub(crate) fn objects_of(&self, name: &str) -> Result<Option<Vec<&'a Map<String, Json>>>, WireError> {
        Ok(self.objects(name)?.map(|all| all.into_iter().map(|one| one.members).collect()))
    }

    /// Texts by name; a name whose text is null is as if it were not there.
    pub(crate) fn named_texts(&self, name: &str) -> Result<Option<Vec<(&'a str, &'a str)>>, WireError> {
        let Some(map) = self.object(name)? else { return Ok(None) };
        map.iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| Ok((name.as_str(), value.as_str().ok_or_else(|| wrong_type(value, "String"))?)))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Refuses members that AWS knows and this engine does not handle: they must never be ignored.
    pub(crate) fn refuse(&self, names: &[&str]) -> Result<(), WireError> {
        match names.iter().find(|name| self.get(name).is_some()) {
            Some(name) => Err(WireError::not_handled(self.service, name)),
            None => Ok(()),
        }
    }
}

/// What AWS says of a JSON value of another type than expected.
pub(crate) fn wrong_type(value: &Json, expected: &str) -> WireError {
    let container = matches!(expected, "List" | "Map" | "AttributeValue");
    serialization(match value {
        Json::Object(_) => "Start of structure or map found where not expected".to_owned(),
        Json::Array(_) => format!("Unrecognized collection type class java.lang.{expected}"),
        _ if container => "Unexpected field type".to_owned(),
        Json::String(_) if expected == "Boolean" => "Unexpected token received from parser".to_owned(),
        Json::String(_) => format!("STRING_VALUE cannot be converted to {expected}"),
        Json::Number(number) if number.is_f64() => format!("DECIMAL_VALUE cannot be converted to {expected}"),
        Json::Number(_) => format!("NUMBER_VALUE cannot be converted to {expected}"),
        Json::Bool(true) => format!("TRUE_VALUE cannot be converted to {expected}"),
        Json::Bool(false) => format!("FALSE_VALUE cannot be converted to {expected}"),
        Json::Null => format!("NULL_VALUE cannot be converted to {expected}"),
    })
}

/// The rules that a request breaks: all of them are said in one error.
#[derive(Debug, Default)]
pub(crate) struct Rules(Vec<(String, String)>);

/// The longest value that is repeated in an error's text. AWS repeats all of it; here an answer stays small.
const SHOWN_MAX: usize = 8192;

impl Rules {
    /// Notes that the member at `path` breaks `rule`.
    pub(crate) fn broken(&mut self, value: Option<&str>, path: &str, rule: &str) {
        let value = match value {
            Some(value) => format!("'{}'", value.chars().take(SHOWN_MAX).collect::<String>()),
            None => "null".to_owned(),
        };
        self.0.push((path.to_owned(), format!("Value {value} at '{path}' failed to satisfy constraint: {rule}")));
    }

    /// Notes that the member at `path` breaks `rule`, without a word of what it is.
    pub(crate) fn broken_unshown(&mut self, path: &str, rule: &str) {
        self.0.push((path.to_owned(), format!("Value at '{path}' failed to satisfy constraint: {rule}")));
    }

    /// Notes that a member is missing.
    pub(crate) fn missing(&mut self, path: &str) {
        self.broken(None, path, "Member must not be null");
    }

    /// Holds a text to the bounds of its length.
    pub(crate) fn length(&mut self, value: &str, path: &str, least: usize, most: usize) {
        if value.len() < least {
            let rule = format!("Member must have length greater than or equal to {least}");
            self.broken(Some(value), path, &rule);
        }
        if value.len() > most {
            self.broken(Some(value), path, &format!("Member must have length less than or equal to {most}"));
        }
    }

    /// Holds a number to its bounds; within them it is given back.
    pub(crate) fn range(&mut self, value: i64, path: &str, least: i64, most: i64) -> usize {
        if value < least {
            let rule = format!("Member must have value greater than or equal to {least}");
            self.broken(Some(&value.to_string()), path, &rule);
        }
        if value > most {
            let rule = format!("Member must have value less than or equal to {most}");
            self.broken(Some(&value.to_string()), path, &rule);
        }
        usize::try_from(value).unwrap_or(0)
    }

    /// Holds a text to the values it may have.
    pub(crate) fn one_of(&mut self, value: &str, path: &str, values: &[&str]) {
        if !values.contains(&value) {
            let rule = format!("Member must satisfy enum value set: [{}]", values.join(", "));
            self.broken(Some(value), path, &rule);
        }
    }

    /// The error that names all broken rules, if there are any.
    pub(crate) fn check(self, code: Code) -> Result<(), WireError> {
        let errors = match self.0.len() {
            0 => return Ok(()),
            1 => "1 validation error".to_owned(),
            count => format!("{count} validation errors"),
        };
        let all: Vec<&str> = self.0.iter().map(|(_, text)| text.as_str()).collect();
        Err(WireError::new(code, format!("{errors} detected: {}", all.join("; "))))
    }

    /// The same, with a list of the members that break one, as some services tell it.
    pub(crate) fn check_fields(self) -> Result<(), WireError> {
        let field = |(name, message): &(String, String)| json!({ "name": name, "message": message });
        let fields: Json = self.0.iter().map(field).collect();
        self.check(Code::Validation).map_err(|error| error.with("fieldList", fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_type_is_named() {
        let body = json!({"t": "x", "n": 7, "f": 1.5, "b": true, "l": [], "o": {}, "nothing": null});
        let members = Members::new(body.as_object().unwrap(), Service::Dynamodb);
        let message = |result: Result<(), WireError>| result.unwrap_err().message;
        let cases = [
            (members.text("n").map(drop), "NUMBER_VALUE cannot be converted to String"),
            (members.text("f").map(drop), "DECIMAL_VALUE cannot be converted to String"),
            (members.text("b").map(drop), "TRUE_VALUE cannot be converted to String"),
            (members.text("l").map(drop), "Unrecognized collection type class java.lang.String"),
            (members.text("o").map(drop), "Start of structure or map found where not expected"),
            (members.truth("t").map(drop), "Unexpected token received from parser"),
            (members.integer("t").map(drop), "STRING_VALUE cannot be converted to Integer"),
            (members.object("t").map(drop), "Unexpected field type"),
            (members.texts("o").map(drop), "Start of structure or map found where not expected"),
        ];
        for (result, expected) in cases {
            assert_eq!(message(result), expected);
        }
        assert_eq!(members.text("nothing").unwrap(), None);
        assert_eq!(members.text("absent").unwrap(), None);
        assert_eq!(members.integer("f").unwrap(), Some(1));
    }

    #[test]
    fn all_broken_rules_are_said_at_once() {
        let mut rules = Rules::default();
        rules.length("ab", "tableName", 3, 255);
        rules.range(0, "limit", 1, 100);
        rules.one_of("X", "returnValues", &["NONE", "ALL_OLD"]);
        let error = rules.check(Code::Validation).unwrap_err();
        assert_eq!(
            error.message,
            "3 validation errors detected: Value 'ab' at 'tableName' failed to satisfy constraint: Member must have \
             length greater than or equal to 3; Value '0' at 'limit' failed to satisfy constraint: Member must have \
             value greater than or equal to 1; Value 'X' at 'returnValues' failed to satisfy constraint: Member must \
             satisfy enum value set: [NONE, ALL_OLD]"
        );
    }
}
