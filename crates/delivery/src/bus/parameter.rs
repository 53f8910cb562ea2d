//! Decides what a parameter of a target is for one event: [`Parameter`], a constant or found at a path.
//!
//! Invariant: what begins with `$` is a path and was read as one; everything else is itself.

use super::event::Event;
use super::input::value_at;
use super::json::Json;
use super::path::{JsonPath, PathError};
use super::pipe_input::PipeEvent;
use std::borrow::Cow;

/// A parameter of a target: a header, a message group, a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// Always the same.
    Constant(String),
    /// Found in each event.
    Path(JsonPath),
}

impl Parameter {
    /// Reads a parameter.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.starts_with('$') { JsonPath::parse(text).map(Self::Path) } else { Ok(Self::Constant(text.to_owned())) }
    }

    /// Its value for an event: the text of a string, anything else as JSON, nothing if it is not there.
    pub fn of_event(&self, event: &Event) -> Option<String> {
        self.of(Some(event.root()))
    }

    /// Its value for a record of a pipe.
    pub fn of_record(&self, record: &PipeEvent) -> Option<String> {
        self.of(record.root())
    }

    fn of(&self, root: Option<Json<'_>>) -> Option<String> {
        match self {
            Parameter::Constant(text) => Some(text.clone()),
            Parameter::Path(path) => {
                let json = value_at(path, root?)?;
                Some(Json::of_compact(&json).text().map_or_else(|| json.to_string(), Cow::into_owned))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Timestamp;

    #[test]
    fn parameters_are_constants_or_paths() {
        let json = r#"{"id":"e1","body":"{\"key\":\"a\\nb\"}","n":[1,2.50]}"#;
        let record = PipeEvent::with_encoded(json, "body");
        let event = Event::restore(json, Timestamp::EPOCH, None).unwrap();
        let cases = [
            ("orders", Some("orders"), Some("orders")),
            ("$.id", Some("e1"), Some("e1")),
            ("$.body.key", None, Some("a\nb")),
            ("$.n", Some("[1,2.50]"), Some("[1,2.50]")),
            ("$.gone", None, None),
        ];
        for (text, of_event, of_record) in cases {
            let parameter = Parameter::parse(text).unwrap();
            assert_eq!(parameter.of_event(&event).as_deref(), of_event, "{text}");
            assert_eq!(parameter.of_record(&record).as_deref(), of_record, "{text}");
        }
        assert_eq!(Parameter::parse("$.id").unwrap().of_record(&PipeEvent::new("no json")), None);
        assert!(Parameter::parse("$x").is_err());
    }
}
