//! Decides how a pattern is laid out that somebody is to paste: lists and small objects on one line, the rest indented,
//! and all of it spelled as the template spells what it replaces.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use stack::check::Spelling;
use std::fmt;

/// A line that is longer than this is broken.
const WIDTH: usize = 90;

/// The text as it is if it has lines already or fits on one; JSON is broken into lines otherwise, its members and
/// their spelling as they are.
pub(super) fn laid_out(text: &str) -> String {
    let text = text.trim_end();
    if text.contains('\n') || text.chars().count() <= WIDTH {
        return text.to_owned();
    }
    let Ok(value) = serde_json::from_str::<&RawValue>(text) else { return text.to_owned() };
    let mut laid_out = String::new();
    write(value, 0, 0, &mut laid_out);
    laid_out
}

/// The pattern as it can be pasted over one that is spelled so.
pub(super) fn spelled(text: &str, spelling: Spelling) -> String {
    match spelling {
        Spelling::Json => laid_out(text),
        Spelling::SingleQuotes => laid_out(text).replace('\'', "''"),
        // An escape ends no line, so it stays one.
        Spelling::DoubleQuotes => quoted(text.trim_end()),
        Spelling::YamlMap => match serde_json::from_str::<&RawValue>(text) {
            Ok(value) => {
                let mut yaml = String::new();
                write_yaml(value, 0, &mut yaml);
                yaml.trim_start().to_owned()
            }
            Err(_) => laid_out(text),
        },
    }
}

/// Objects as indented maps, what stands in lists as JSON, which is YAML too.
fn write_yaml(value: &RawValue, depth: usize, out: &mut String) {
    match serde_json::from_str(value.get()) {
        Ok(Members(members)) if !members.is_empty() => {
            for (key, value) in &members {
                out.push('\n');
                out.push_str(&"  ".repeat(depth));
                out.push_str(&yaml_key(key));
                out.push(':');
                write_yaml(value, depth + 1, out);
            }
        }
        Ok(_) | Err(_) => {
            out.push(' ');
            write_inline(value, out);
        }
    }
}

/// A key without quotes, if it is surely read as text.
fn yaml_key(key: &str) -> String {
    const OTHERWISE_READ: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];
    let is_plain = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '$')
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$_.-".contains(&byte))
        && !OTHERWISE_READ.contains(&key.to_ascii_lowercase().as_str());
    if is_plain { key.to_owned() } else { quoted(key) }
}

/// The members of an object in their order, those with the same key too.
pub(super) struct Members<'t>(pub(super) Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Members<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder).map(Members)
    }
}

/// Writes a value that begins `used` characters into its line.
fn write(value: &RawValue, depth: usize, used: usize, out: &mut String) {
    let mut inline = String::new();
    write_inline(value, &mut inline);
    if used + inline.chars().count() <= WIDTH {
        out.push_str(&inline);
        return;
    }
    let line = |depth: usize, out: &mut String| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    let text = value.get();
    if let Ok(Members(members)) = serde_json::from_str(text) {
        out.push('{');
        for (index, (key, value)) in members.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            line(depth + 1, out);
            let key = format!("{}: ", quoted(key));
            out.push_str(&key);
            write(value, depth + 1, 2 * (depth + 1) + key.chars().count(), out);
        }
        line(depth, out);
        out.push('}');
    } else if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) {
        out.push('[');
        for (index, item) in items.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            line(depth + 1, out);
            write(item, depth + 1, 2 * (depth + 1), out);
        }
        line(depth, out);
        out.push(']');
    } else {
        out.push_str(text);
    }
}

fn write_inline(value: &RawValue, out: &mut String) {
    let text = value.get();
    if let Ok(Members(members)) = serde_json::from_str(text) {
        out.push('{');
        for (index, (key, value)) in members.iter().enumerate() {
            out.push_str(if index > 0 { ", " } else { "" });
            out.push_str(&quoted(key));
            out.push_str(": ");
            write_inline(value, out);
        }
        out.push('}');
    } else if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) {
        out.push('[');
        for (index, item) in items.iter().enumerate() {
            out.push_str(if index > 0 { ", " } else { "" });
            write_inline(item, out);
        }
        out.push(']');
    } else {
        out.push_str(text);
    }
}

fn quoted(key: &str) -> String {
    serde_json::to_string(key).expect("a string is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_is_spelled_as_what_it_replaces() {
        let text = r#"{"source": ["it's"], "detail": {"on": {"S": [{"prefix": "a\"b"}]}, "n": []}}"#;
        insta::assert_snapshot!(spelled(text, Spelling::YamlMap), @r#"
        source: ["it's"]
        detail:
          "on":
            S: [{"prefix": "a\"b"}]
          "n": []
        "#);
        let quoted = spelled(text, Spelling::DoubleQuotes);
        assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
        assert_eq!(spelled(text, Spelling::SingleQuotes), text.replace("it's", "it''s"));
        assert_eq!(spelled(text, Spelling::Json), text);
    }

    #[test]
    fn a_pattern_is_laid_out_as_people_write_them() {
        let text = r#"{"eventName":["MODIFY"],"dynamodb":{"OldImage":{"status":{"S":["pending"]}},"NewImage":{"status":{"S":["shipped"]},"n":{"N":[1.50,"2"]},"n":{"N":[]}}}}"#;
        insta::assert_snapshot!(laid_out(text), @r#"
        {
          "eventName": ["MODIFY"],
          "dynamodb": {
            "OldImage": {"status": {"S": ["pending"]}},
            "NewImage": {"status": {"S": ["shipped"]}, "n": {"N": [1.50, "2"]}, "n": {"N": []}}
          }
        }
        "#);
        let short = r#"{"a":[1]}"#;
        assert_eq!(laid_out(&format!("{short}\n")), short);
        let broken = format!("{{\"a\":\n{}}}", " ".repeat(200));
        assert_eq!(laid_out(&broken), broken.trim_end());
        let no_json = "x".repeat(200);
        assert_eq!(laid_out(&no_json), no_json);
    }
}
