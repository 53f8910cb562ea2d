//! Decides what a pipe sees of an event that somebody gives for one: not always what stands in the log of a function.
//!
//! Start at [`records`], then [`Record::of`]. A pipe sees each record by itself. It reads the body of a queue's message
//! and the data of a Kinesis record as JSON where they are JSON, and it sees a change of a table before it is told where
//! the change comes from. What is not surely one of these stays as it was given.

use super::pretty::Members;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pattern::lint::{Images, Source};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// What is added to a change behind the filters.
const ADDED_LATER: [&str; 4] = ["awsRegion", "eventSource", "eventSourceARN", "eventVersion"];

/// An event as a pipe sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// Its JSON.
    pub(super) text: String,
    /// What was done to what was given.
    pub(super) notes: Vec<String>,
}

/// The fields of a JSON object, in the order of the text and with their values as they are written.
pub(super) struct Fields<'t>(Vec<(String, &'t RawValue)>);

impl<'t> Fields<'t> {
    /// None of what is no JSON object.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        serde_json::from_str::<Members<'_>>(text).ok().map(|members| Self(members.0))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn value(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.get())
    }

    fn string(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.value(name)?).ok()
    }

    /// What sends events like this one, if that is certain.
    pub(super) fn source(&self) -> Source {
        match self.string("eventSource").as_deref() {
            _ if self.has("dynamodb") => Source::DynamoDb(Images::Unknown),
            Some("aws:dynamodb") => Source::DynamoDb(Images::Unknown),
            Some("aws:sqs") => Source::Queue,
            Some("aws:kinesis") if self.has("data") => Source::Kinesis,
            // Of all that pipes read, only messages of queues have a body.
            None if self.string("body").is_some() => Source::Queue,
            None if self.has("kinesisSchemaVersion") && self.has("data") => Source::Kinesis,
            Some(_) | None => Source::Unknown,
        }
    }

    /// The object with another value under one of its names.
    fn with(&self, name: &str, value: &str) -> String {
        let fields = self.0.iter().map(|(key, old)| (key.as_str(), if key == name { value } else { old.get() }));
        object(fields)
    }

    fn without(&self, names: &[&str]) -> String {
        object(
            self.0.iter().filter(|(key, _)| !names.contains(&key.as_str())).map(|(key, old)| (key.as_str(), old.get())),
        )
    }
}

fn object<'f>(fields: impl Iterator<Item = (&'f str, &'f str)>) -> String {
    let fields: Vec<String> = fields.map(|(key, value)| format!("{}:{value}", serde_json::Value::from(key))).collect();
    format!("{{{}}}", fields.join(","))
}

/// The records of what a function is given, `{"Records": […]}`; none of anything else.
pub(super) fn records(event: &str) -> Option<Vec<String>> {
    let fields = Fields::of(event)?;
    let [(name, list)] = fields.0.as_slice() else { return None };
    let records: Vec<&RawValue> = serde_json::from_str(list.get()).ok()?;
    let are_objects = records.iter().all(|record| record.get().starts_with('{'));
    (name == "Records" && are_objects && !records.is_empty())
        .then(|| records.iter().map(|record| record.get().to_owned()).collect())
}

impl Record {
    /// What a pipe with this pattern sees of an event.
    pub(super) fn of(event: &str, pattern: &str) -> Self {
        let unchanged = Self { text: event.to_owned(), notes: Vec::new() };
        let Some(fields) = Fields::of(event) else { return unchanged };
        match fields.source() {
            Source::DynamoDb(_) => {
                let asked = Fields::of(pattern);
                let asks = |name: &&str| fields.has(name) && asked.as_ref().is_some_and(|asked| asked.has(name));
                let names: Vec<&str> = ADDED_LATER.into_iter().filter(asks).collect();
                let note = format!("a pipe sees a change before it adds {}, so that was left out", names.join(", "));
                let notes = if names.is_empty() { Vec::new() } else { vec![note] };
                Self { text: fields.without(&ADDED_LATER), notes }
            }
            Source::Queue => match fields.string("body").filter(|body| is_json(body)) {
                Some(body) => {
                    let notes = vec!["the body was read as JSON, as a pipe does".to_owned()];
                    Self { text: fields.with("body", &body), notes }
                }
                None => unchanged,
            },
            Source::Kinesis => {
                let Some(data) = fields.string("data") else { return unchanged };
                let decoded = STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                match decoded.filter(|decoded| is_json(decoded)) {
                    Some(decoded) => {
                        let notes = vec!["the data was read as JSON in base64, as a pipe does".to_owned()];
                        Self { text: fields.with("data", &decoded), notes }
                    }
                    None => {
                        let note = "the data is no JSON object in base64, so a pipe finds no fields in it";
                        Self { notes: vec![note.to_owned()], ..unchanged }
                    }
                }
            }
            Source::Bus | Source::Broker | Source::Kafka | Source::Unknown => unchanged,
        }
    }
}

/// Whether a text is JSON that has fields or elements.
fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_sees_what_its_source_makes_of_a_record() {
        let cases = [
            // A message of a queue whose body is JSON, and those whose body is none.
            (r#"{"messageId":"1","body":"{\"total\":5.0}"}"#, r#"{"messageId":"1","body":{"total":5.0}}"#, 1),
            (r#"{"eventSource":"aws:sqs","body":"[1]"}"#, r#"{"eventSource":"aws:sqs","body":[1]}"#, 1),
            (r#"{"messageId":"1","body":"new"}"#, r#"{"messageId":"1","body":"new"}"#, 0),
            (r#"{"messageId":"1","body":"5"}"#, r#"{"messageId":"1","body":"5"}"#, 0),
            (r#"{"messageId":"1","body":"{\"total\":"}"#, r#"{"messageId":"1","body":"{\"total\":"}"#, 0),
            (r#"{"body":"{}"}"#, r#"{"body":{}}"#, 1),
            // Nobody knows what sends these.
            (r#"{"body":{"total":5}}"#, r#"{"body":{"total":5}}"#, 0),
            (r#"{"eventSource":"shop","body":"{}"}"#, r#"{"eventSource":"shop","body":"{}"}"#, 0),
            // A change of a table.
            (
                r#"{"eventName":"INSERT","awsRegion":"r","eventVersion":"1.1","dynamodb":{"N": 1.50}}"#,
                r#"{"eventName":"INSERT","dynamodb":{"N": 1.50}}"#,
                1,
            ),
            // Records of a stream: {"a":1} in base64, and a text.
            (
                r#"{"eventSource":"aws:kinesis","data":"eyJhIjoxfQ=="}"#,
                r#"{"eventSource":"aws:kinesis","data":{"a":1}}"#,
                1,
            ),
            (r#"{"eventSource":"aws:kinesis","data":"bmV3"}"#, r#"{"eventSource":"aws:kinesis","data":"bmV3"}"#, 1),
            (r#"{"data":"eyJhIjoxfQ=="}"#, r#"{"data":"eyJhIjoxfQ=="}"#, 0),
            ("{\"a\":", "{\"a\":", 0),
        ];
        for (event, seen, notes) in cases {
            let record = Record::of(event, r#"{"awsRegion":["r"]}"#);
            assert_eq!((record.text.as_str(), record.notes.len()), (seen, notes), "{event}");
        }
        let unasked = Record::of(r#"{"awsRegion":"r","dynamodb":{}}"#, r#"{"eventName":["INSERT"]}"#);
        assert_eq!((unasked.text.as_str(), unasked.notes.len()), (r#"{"dynamodb":{}}"#, 0));
    }

    #[test]
    fn records_are_taken_out_of_their_list() {
        let cases: [(&str, Option<&[&str]>); 5] = [
            (r#"{"Records":[{"a":1}, {"b": 1.0}]}"#, Some(&[r#"{"a":1}"#, r#"{"b": 1.0}"#])),
            (r#"{"Records":[]}"#, None),
            (r#"{"Records":[1]}"#, None),
            (r#"{"Records":[{}],"detail":{}}"#, None),
            (r#"{"records":[{}]}"#, None),
        ];
        for (event, expected) in cases {
            let expected = expected.map(|records| records.iter().map(|&record| record.to_owned()).collect());
            assert_eq!(records(event), expected, "{event}");
        }
    }
}
