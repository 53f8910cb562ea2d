//! Decides what a JSON path of a target or a pipe may be, and what it finds: [`JsonPath`].
//!
//! The language is the part of JSONPath that AWS takes: `$`, then `.name` with letters, digits, `-`, `_` and `/`,
//! `[3]`, and `*` for everything below, as `.*` or `[*]`. A path that has a `*` finds a list, be it empty.
//!
//! Invariant: finding reads the text where it lies and fails for nothing; what is not there is [`Found::Missing`].

use super::json::Json;
use std::fmt;

/// A path into an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    text: Box<str>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(Box<str>),
    Index(usize),
    All,
}

/// Why a text is no path, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the path {path:?} cannot be read at character {at}: {reason}")]
pub struct PathError {
    /// The path, cut to a readable length.
    pub path: String,
    /// The character, from 1.
    pub at: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found<'e> {
    Missing,
    One(Json<'e>),
    /// What a path with a `*` leads to.
    Many(Vec<Json<'e>>),
}

impl JsonPath {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let fault = |rest: &str, reason| PathError {
            path: text.chars().take(100).collect(),
            at: text[..text.len() - rest.len()].chars().count() + 1,
            reason,
        };
        let mut rest = text.strip_prefix('$').ok_or_else(|| fault(text, "a path begins with $"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix('[') {
                let length = inside.find(']').ok_or_else(|| fault(rest, "the bracket is not closed"))?;
                let step = match &inside[..length] {
                    "*" => Step::All,
                    digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                        Step::Index(digits.parse().map_err(|_| fault(inside, "the index is too large"))?)
                    }
                    _ => return Err(fault(inside, "in brackets stands an index from 0, or *")),
                };
                steps.push(step);
                rest = &inside[length + 1..];
            } else if let Some(name) = rest.strip_prefix('.') {
                let length = name.find(['.', '[']).unwrap_or(name.len());
                let key = &name[..length];
                match key.char_indices().find(|(_, char)| !(char.is_alphanumeric() || "-_/".contains(*char))) {
                    _ if key == "*" => steps.push(Step::All),
                    _ if key.is_empty() => return Err(fault(name, "a name is missing after the dot")),
                    Some((at, _)) => {
                        return Err(fault(&name[at..], "names have letters, digits, '-', '_' and '/'"));
                    }
                    None => steps.push(Step::Key(key.into())),
                }
                rest = &name[length..];
            } else {
                return Err(fault(rest, "here a dot or a bracket is expected"));
            }
        }
        Ok(Self { text: text.into(), steps })
    }

    pub(super) fn find<'e>(&self, event: Json<'e>) -> Found<'e> {
        let mut here = vec![event];
        for step in &self.steps {
            here = match step {
                Step::Key(key) => here.into_iter().filter_map(|json| json.member(key)).collect(),
                Step::Index(index) => here.into_iter().filter_map(|json| json.element(*index)).collect(),
                Step::All => {
                    let below = |json: Json<'e>| json.members().map(|(_, value)| value).chain(json.elements());
                    here.into_iter().flat_map(below).collect()
                }
            };
        }
        if self.steps.contains(&Step::All) {
            return Found::Many(here);
        }
        here.pop().map_or(Found::Missing, Found::One)
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_into_events() {
        let event = r#"{"detail-type":"T","resources":["a","b"],"detail":{"a":{"b":[{"c":1},{"c":2.50},{"d":null}]},"x/y":"é"}}"#;
        let cases = [
            ("$", Some(event)),
            ("$.detail-type", Some(r#""T""#)),
            ("$.resources[1]", Some(r#""b""#)),
            ("$.resources[2]", None),
            ("$.detail.a.b[1].c", Some("2.50")),
            ("$.detail.a.b[2].d", Some("null")),
            ("$.detail.a.b.c", None),
            ("$.detail[0]", None),
            ("$.detail.x/y", Some(r#""é""#)),
            ("$.detail.Missing", None),
            ("$.detail-type.x", None),
        ];
        for (path, expected) in cases {
            let found = match JsonPath::parse(path).unwrap().find(Json::of_compact(event)) {
                Found::Missing => None,
                Found::One(json) => Some(json.as_str()),
                Found::Many(_) => panic!("{path}"),
            };
            assert_eq!(found, expected, "{path}");
        }
    }

    #[test]
    fn stars_lead_to_lists() {
        let event = Json::of_compact(r#"{"a":[{"c":1},{"c":2},{}],"o":{"x":true,"y":[3]}}"#);
        let cases = [
            ("$.a[*].c", vec!["1", "2"]),
            ("$.a.*.c", vec!["1", "2"]),
            ("$.o.*", vec!["true", "[3]"]),
            ("$.o.*[0]", vec!["3"]),
            ("$.none[*]", vec![]),
        ];
        for (path, expected) in cases {
            let Found::Many(found) = JsonPath::parse(path).unwrap().find(event) else { panic!("{path}") };
            assert_eq!(found.into_iter().map(Json::as_str).collect::<Vec<_>>(), expected, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_says_where() {
        let cases = [
            ("", 1, "a path begins with $"),
            ("detail", 1, "a path begins with $"),
            ("$.", 3, "a name is missing after the dot"),
            ("$..a", 3, "a name is missing after the dot"),
            ("$detail", 2, "here a dot or a bracket is expected"),
            ("$.é[1", 4, "the bracket is not closed"),
            ("$.a[-1]", 5, "in brackets stands an index from 0, or *"),
            ("$.a['b']", 5, "in brackets stands an index from 0, or *"),
            ("$.a[99999999999999999999]", 5, "the index is too large"),
            ("$.a[0]b", 7, "here a dot or a bracket is expected"),
            ("$.a?b", 4, "names have letters, digits, '-', '_' and '/'"),
            ("$.a.**", 5, "names have letters, digits, '-', '_' and '/'"),
        ];
        for (path, at, reason) in cases {
            let error = JsonPath::parse(path).unwrap_err();
            assert_eq!((error.at, error.reason), (at, reason), "{path}");
        }
    }
}
